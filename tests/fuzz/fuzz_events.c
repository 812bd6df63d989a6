/* Fuzz target: any bytes as an events file. Refused, or every index is inside its table.
 *
 *   clang-14 -std=c11 -g -O1 -ffp-contract=off -fno-math-errno -Isrc \
 *       -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
 *       src/base/{bytes,checksum,fmath,status}.c src/format/?*.c tests/fuzz/fuzz_events.c \
 *       -o build/fuzz_events
 *   mkdir -p build/fuzz && build/fuzz_events -max_len=8192 -max_total_time=60 build/fuzz \
 *       tests/fuzz/corpus_events
 *
 * (clang-22 takes the same line.) Without libFuzzer: replay_main.c. */
#include "fuzz_input.h"

/* A place is a whole one or none; every value and context is inside its table. */
static void walk_facts(const rk_events_content *content) {
    const rk_events_meta *meta = &content->meta;
    walk_strings(&content->attributes, false);
    walk_strings(&content->attribute_values, false);
    walk_strings(&content->features, false);
    walk_strings(&content->contexts, false);
    if (content->attributes.count != meta->attributes || content->features.count != meta->features)
        abort();
    if (content->attribute_values.count != (uint64_t)meta->items * meta->attributes) abort();
    if (content->contexts.count != (uint64_t)meta->contexts * meta->features) abort();
    for (uint32_t a = 0; a < meta->attributes; a++)
        if (content->attribute_kind[a] >= RK_ATTRIBUTE_KINDS) abort();
    for (uint32_t i = 0; content->place != NULL && i < meta->items; i++) {
        const float latitude = content->place[2 * i], longitude = content->place[2 * i + 1];
        const bool none = latitude == RK_NO_PLACE && longitude == RK_NO_PLACE;
        if (!none && !(latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 180))
            abort();
    }
    for (uint32_t i = 0; content->boost != NULL && i < meta->items; i++)
        if (!(content->boost[i] >= 0.0f)) abort();
    for (uint32_t i = 0; content->related_begin != NULL && i < meta->items; i++)
        for (uint32_t r = content->related_begin[i]; r < content->related_begin[i + 1]; r++)
            if (content->related[r] >= meta->items || content->related[r] == i) abort();
    for (uint64_t e = 0; content->propensity != NULL && e < meta->events; e++)
        if (!(content->propensity[e] > 0.0f && content->propensity[e] <= 1.0f)) abort();
    for (uint64_t e = 0; content->context != NULL && e < meta->events; e++)
        if (content->context[e] >= meta->contexts) abort();
}

static void walk_events(const rk_events_content *content) {
    const rk_events_meta *meta = &content->meta;
    walk_strings(&content->users, false);
    walk_strings(&content->items, true);
    walk_strings(&content->types, false);
    walk_strings(&content->titles, false);
    walk_bytes(content->type_weight, meta->types * sizeof *content->type_weight);
    if ((content->time != NULL) != (meta->time_kind != RK_TIME_NONE)) abort();
    for (uint64_t e = 0; e < meta->events; e++) {
        const char *text;
        walked += rk_strings_get(&content->users, content->user[e], &text);
        walked += rk_strings_get(&content->items, content->item[e], &text);
        if (content->label[e] == 0 || (uint64_t)content->label[e] >> meta->types != 0) abort();
        if (content->time != NULL) walked += (uint64_t)content->time[e];
        if (content->split != NULL && content->split[e] > 1) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    const built_file file = file_of_input(input, size, build_events);
    rk_events_view view;
    rk_error error = {.status = RK_OK};
    const rk_status status = rk_events_read(file.bytes, file.size, &view, &error);
    if (status == RK_OK) {
        walk_events(&view.content);
        walk_facts(&view.content);
    } else if (error.status != (uint32_t)status || error.offset > file.size ||
               error.detail[0] == '\0')
        abort();
    free(file.bytes);
    return 0;
}
