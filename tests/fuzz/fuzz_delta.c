/* Fuzz target: any bytes as a delta. Refused, or its rows ascend and merge into tables, and the
 * statistics write the same bytes again. `make fuzz`; without libFuzzer: replay_main.c. */
#include "fuzz_input.h"

#include "../unit/delta_builder.h"
#include "model/bandit_linear.h"
#include "model/bandit_state.h"

static void *take(uint64_t count, uint64_t bytes) {
    void *memory = calloc((size_t)count + 1, (size_t)bytes);
    if (memory == NULL) abort();
    return memory;
}

static void merge_arms(const rk_delta_view *view, const rk_arm_row *rows) {
    rk_arm_table table = {take(view->meta.arm_rows, sizeof *rows), 0, view->meta.arm_rows};
    if (rk_arms_merge(&table, rows, view->meta.arm_rows, NULL) != RK_OK) abort();
    if (table.count != view->meta.arm_rows) abort();
    rk_error error;
    rk_arms_merge(&table, rows, view->meta.arm_rows, &error); /* may be too large */
    const rk_forgetting forgetting = rk_forgetting_of(5.0f);
    for (uint32_t i = 0; i < table.count; i++) {
        rk_evidence evidence = {0.0, 0.0};
        rk_arms_evidence(&table, rk_row_key(&rows[i]), view->meta.day, &forgetting, &evidence);
        const rk_beta beta = rk_posterior((rk_beta){1.0, 1.0}, evidence);
        if (!(beta.alpha >= 1.0 && beta.alpha <= RK_BETA_MOST)) abort();
        if (!(beta.beta >= 1.0 && beta.beta <= RK_BETA_MOST)) abort();
    }
    free(table.rows);
}

static void read_linear(const rk_delta_view *view, int64_t *words) {
    static double scratch[RK_LINEAR_MOST_DIM * RK_LINEAR_MOST_DIM];
    const uint32_t dim = view->meta.linear_dim, days = view->meta.linear_days;
    rk_linear_table table = {dim, 0, days, take(days, rk_linear_words(dim) * sizeof *words)};
    const rk_linear_table other = {dim, days, days, words};
    if (rk_linear_merge(&table, &other, NULL) != RK_OK) abort();
    for (uint32_t i = 0; i < days; i++)
        walked += rk_linear_is_possible(rk_linear_block(&table, i), dim, scratch);
    void *memory = aligned_alloc(64, (size_t)(rk_linear_bytes(dim) + 63) / 64 * 64);
    rk_linear model = rk_linear_over(memory, dim);
    const rk_linear_table *tables[] = {&table};
    const rk_forgetting forgetting = rk_forgetting_of(0.0f);
    if (rk_linear_read(&model, tables, 1, view->meta.day, &forgetting, 1.0))
        rk_linear_draw(&model, 1, 1.0);
    free(memory);
    free(table.words);
}

static void walk_delta(const built_file *file, const rk_delta_view *view) {
    rk_arm_row *rows = take(view->meta.arm_rows, sizeof *rows);
    int64_t *words = take(view->meta.linear_days, rk_linear_words(view->meta.linear_dim) * 8);
    rk_delta_arms(view, rows);
    merge_arms(view, rows);
    if (view->linear != NULL) {
        rk_delta_linear(view, words);
        read_linear(view, words);
    }
    const rk_delta_content content = {view->meta, rows, words};
    const uint64_t packed = rk_delta_packed_bytes(&content);
    if (packed != view->arm_bytes + view->linear_bytes) abort();
    unsigned char *scratch = take(packed, 1), *out = take(rk_delta_bytes(&content), 1);
    rk_delta_write(&content, view->container.header->region, scratch, out);
    if (memcmp(scratch, view->arms, (size_t)view->arm_bytes) != 0) abort();
    walk_bytes(out, RK_MIN(rk_delta_bytes(&content), file->size));
    free(rows), free(words), free(scratch), free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    const built_file file = file_of_input(input, size, build_delta);
    rk_delta_view view;
    rk_error error = {.status = RK_OK};
    const rk_status status = rk_delta_read(file.bytes, file.size, &view, &error);
    if (status == RK_OK)
        walk_delta(&file, &view);
    else if (error.status != (uint32_t)status || error.offset > file.size ||
             error.detail[0] == '\0')
        abort();
    free(file.bytes);
    return 0;
}
