/* Fuzz target: any bytes as a snapshot. Refused, or every accessor of the view is in bounds.
 *
 * Run by `make fuzz`; without libFuzzer, over the corpus: replay_main.c. */
#include "base/arena.h"
#include "base/fmath.h"
#include "fuzz_input.h"
#include "reckon.h"

static void walk_neighbors(const rk_snapshot_content *content, const rk_neighbor_rows *rows) {
    for (uint32_t item = 0; item < content->meta.items; item++)
        for (uint32_t k = rows->offsets[item]; k < rows->offsets[item + 1]; k++) {
            const uint32_t neighbor = rows->entries[k] & RK_NEIGHBOR_ITEM_MASK;
            if (neighbor == item || !(content->popularity[neighbor] >= 0)) abort();
        }
}

static void walk_options(const rk_snapshot_content *content) {
    const rk_snapshot_meta *meta = &content->meta;
    const uint64_t row = meta->dim * sizeof(float);
    walk_bytes(content->encoder_positions, meta->encoder_positions * row);
    walk_bytes(content->user_positions, meta->user_positions * row);
    walk_bytes(content->feature_vectors, meta->feature_rows * row);
    walk_strings(&content->features, false);
    for (uint32_t i = 0; i < meta->trending_count; i++)
        if (!(content->trending[content->trending_top[i]] >= 0)) abort();
    for (uint32_t i = 0; i < meta->place_count; i++)
        if (!(content->place[content->place_item[i]].latitude <= 90)) abort();
    for (uint32_t i = 0; i < meta->explore_count; i++)
        if (content->explore[i] >= meta->items) abort();
    for (uint32_t i = 0; meta->clusters > 0 && i < meta->items; i++)
        if (content->cluster[i] >= meta->clusters) abort();
}

static void walk_attributes(const rk_snapshot_content *content) {
    const rk_snapshot_meta *meta = &content->meta;
    walk_strings(&content->attributes, false);
    walk_strings(&content->attribute_values, false);
    walk_bytes(content->born, meta->timed_items > 0 ? meta->items * sizeof *content->born : 0);
    for (uint32_t item = 0; meta->attributes > 0 && item < meta->items; item++) {
        uint32_t attribute = 0;
        for (uint32_t at = content->item_value_begin[item];
             at < content->item_value_begin[item + 1]; at++) {
            while (content->attribute_first[attribute + 1] <= content->item_value[at]) attribute++;
            if (content->attribute_kind[attribute] > RK_ATTRIBUTE_TAGS) abort();
        }
    }
    for (uint64_t i = 0; i < (uint64_t)meta->items * meta->numbers; i++)
        if (!(content->item_number[i] <= RK_NO_NUMBER)) abort();
}

static void walk_rankers(const rk_snapshot_content *content) {
    const rk_snapshot_meta *meta = &content->meta;
    if (meta->tasks == 0) return;
    for (uint32_t t = 0; t < meta->tasks; t++)
        if (content->tasks[t].type >= meta->types) abort();
    for (uint32_t i = 0; i < meta->rank_inputs; i++)
        if (content->rank_feature[i] >= RK_MAX_RANK_INPUTS) abort();
    walk_bytes(content->task_rate, (uint64_t)meta->items * meta->tasks);
    walk_bytes(content->rank_second, rk_second_floats(meta) * sizeof *content->rank_second);
    walk_bytes(content->rank_first, rk_first_floats(meta) * sizeof *content->rank_first);
    walk_bytes(content->rank_item, meta->items);
}

static void walk_snapshot(const rk_snapshot_view *view) {
    const rk_snapshot_content *content = &view->content;
    const rk_snapshot_meta *meta = &content->meta;
    walk_strings(&content->items, true);
    walk_strings(&content->types, false);
    walk_strings(&content->titles, false);
    walk_bytes(content->type_weight, meta->types * sizeof *content->type_weight);
    walk_bytes(content->sources, RK_SOURCE_SLOTS * sizeof *content->sources);
    for (uint32_t i = 0; i < meta->popular_count; i++)
        if (!(content->popularity[content->popular[i]] >= 0)) abort();
    walk_neighbors(content, &content->neighbors);
    walk_neighbors(content, &content->neighbors_more);
    walk_bytes(content->vector_mean, meta->dim * sizeof *content->vector_mean);
    walk_bytes(content->vector_factors, meta->items * sizeof *content->vector_factors);
    walk_bytes(content->vector_cells, rk_block_count(meta->items) * rk_block_bytes(meta->dim));
    walk_bytes(content->vector_low, meta->items * rk_low_bytes(meta->dim));
    walk_options(content);
    walk_attributes(content);
    walk_rankers(content);
    walk_bytes(content->report, content->report_bytes);
}

/* What is valid is trusted: no query over it may go wrong, whatever its values. */
static void query_snapshot(const built_file *file, const rk_snapshot_content *content) {
    uint64_t bytes;
    rk_engine *engine;
    if (rk_engine_measure(file->bytes, file->size, &bytes, NULL) != RK_OK || bytes > 1u << 24)
        return;
    void *memory = aligned_alloc(RK_CACHE_LINE, (size_t)(bytes + RK_CACHE_LINE) / 64 * 64);
    if (!memory) return;
    if (rk_engine_open(file->bytes, file->size, memory, bytes, &engine, NULL) != RK_OK) abort();
    rk_event session[4];
    for (uint32_t i = 0; i < 4; i++) {
        session[i] =
            (rk_event){.item = i * 7 % content->meta.items, .type = i % content->meta.types};
    }
    static rk_recommendation list[64];
    const uint32_t features[] = {0, content->meta.feature_rows - 1};
    for (uint32_t round = 0; round < 4; round++) {
        const rk_request request = {.session = session,
                                    .session_count = 4,
                                    .count = 64,
                                    .flags = round == 3 ? RK_REQUEST_KEEP_SEEN | RK_REQUEST_LOCATION
                                                        : round & RK_REQUEST_KEEP_SEEN,
                                    .latitude = 89.99f,
                                    .longitude = -180.0f,
                                    .features = features,
                                    .feature_count =
                                        round >= 2 && content->meta.feature_rows ? 2 : 0,
                                    .seed = round,
                                    .time_ms = round == 1 ? INT64_MIN : round};
        uint32_t found;
        if (rk_recommend(engine, &request, list, &found, NULL) != RK_OK) abort();
        for (uint32_t i = 0; i < found; i++) {
            if (list[i].item >= content->meta.items || !rk_is_finite_f32(list[i].score)) abort();
        }
    }
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    const built_file file = file_of_input(input, size, build_snapshot);
    rk_snapshot_view view;
    rk_error error = {.status = RK_OK};
    rk_status status = rk_snapshot_open(file.bytes, file.size, &view, &error);
    if (status == RK_OK) status = rk_snapshot_verify(&view, &error);
    if (status == RK_OK) {
        walk_snapshot(&view);
        query_snapshot(&file, &view.content);
    } else if (error.status != (uint32_t)status || error.offset > file.size ||
               error.detail[0] == '\0') {
        abort();
    }
    free(file.bytes);
    return 0;
}
