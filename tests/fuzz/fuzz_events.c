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
    if (status == RK_OK)
        walk_events(&view.content);
    else if (error.status != (uint32_t)status || error.offset > file.size ||
             error.detail[0] == '\0')
        abort();
    free(file.bytes);
    return 0;
}
