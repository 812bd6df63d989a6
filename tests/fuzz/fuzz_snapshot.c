/* Fuzz target: any bytes as a snapshot. Refused, or every accessor of the view is in bounds.
 *
 *   clang-14 -std=c11 -g -O1 -ffp-contract=off -fno-math-errno -Isrc \
 *       -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
 *       src/base/{bytes,checksum,fmath,status}.c src/format/?*.c tests/fuzz/fuzz_snapshot.c \
 *       -o build/fuzz_snapshot
 *   mkdir -p build/fuzz && build/fuzz_snapshot -max_len=8192 -max_total_time=60 build/fuzz \
 *       tests/fuzz/corpus_snapshot
 *
 * (clang-22 takes the same line.) Without libFuzzer: replay_main.c. */
#include "fuzz_input.h"

static void walk_neighbors(const rk_snapshot_content *content, const rk_neighbor_rows *rows) {
    for (uint32_t item = 0; item < content->meta.items; item++)
        for (uint32_t k = rows->offsets[item]; k < rows->offsets[item + 1]; k++) {
            const uint32_t neighbor = rows->entries[k] & RK_NEIGHBOR_ITEM_MASK;
            if (neighbor == item || !(content->popularity[neighbor] >= 0)) abort();
        }
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
    walk_bytes(content->report, content->report_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    const built_file file = file_of_input(input, size, build_snapshot);
    rk_snapshot_view view;
    rk_error error = {.status = RK_OK};
    rk_status status = rk_snapshot_open(file.bytes, file.size, &view, &error);
    if (status == RK_OK) status = rk_snapshot_verify(&view, &error);
    if (status == RK_OK)
        walk_snapshot(&view);
    else if (error.status != (uint32_t)status || error.offset > file.size ||
             error.detail[0] == '\0')
        abort();
    free(file.bytes);
    return 0;
}
