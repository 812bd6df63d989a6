/* Forward pass of the second stage (rank_mtml.h), of serving and of training.
 *
 * Nearly all of the work is one matrix product a block of rows: with 50 inputs, 4 experts of 32
 * units and 3 tasks 7,150 multiply-adds a row. What follows a row, still in the cache, is 12 dot
 * products of 32 and 12 exponentials. */
#include "model/rank_mtml.h"

#include "base/fmath.h"
#include "simd/kernels.h"

/* Rows of a product: their activations stay in the first-level cache. */
#define BLOCK_ROWS 32u

rk_mtml rk_mtml_over(uint32_t inputs, uint32_t experts, uint32_t units, uint32_t tasks,
                     const float *weights) {
    assert(experts <= RK_MAX_EXPERTS && tasks <= RK_MAX_TASKS && units <= RK_MAX_UNITS);
    rk_mtml model = {.inputs = inputs, .experts = experts, .units = units, .tasks = tasks};
    const uint64_t columns = rk_mtml_columns(&model);
    model.matrix = weights;
    model.bias = weights + inputs * columns;
    model.head = model.bias + columns;
    return model;
}

rk_mtml rk_mtml_of(const rk_snapshot_content *snapshot) {
    const rk_snapshot_meta *meta = &snapshot->meta;
    return rk_mtml_over(meta->rank_inputs, meta->rank_experts, meta->rank_units, meta->tasks,
                        snapshot->rank_second);
}

/* In place; the largest becomes exp(0), so nothing overflows. */
static void softmax(float *values, uint32_t count) {
    float most = values[0], sum = 0.0f;
    for (uint32_t i = 1; i < count; i++) most = RK_MAX(most, values[i]);
    for (uint32_t i = 0; i < count; i++) {
        values[i] = rk_expf(values[i] - most);
        sum += values[i];
    }
    for (uint32_t i = 0; i < count; i++) values[i] /= sum;
}

/* From the sums of one row to its activations and logits. */
static void finish_row(const rk_mtml *model, float *row, float *logits) {
    const uint32_t hidden = model->experts * model->units, columns = rk_mtml_columns(model);
    const float *wide = row + columns - model->tasks;
    for (uint32_t i = 0; i < columns; i++) row[i] += model->bias[i];
    for (uint32_t i = 0; i < hidden; i++) row[i] = RK_MAX(row[i], 0.0f);
    for (uint32_t t = 0; t < model->tasks; t++) {
        float *gates = row + hidden + t * model->experts, said[RK_MAX_EXPERTS];
        softmax(gates, model->experts);
        rk_gemv_f32(row, model->head + (size_t)t * model->units, said, model->experts,
                    model->units);
        float logit = wide[t];
        for (uint32_t e = 0; e < model->experts; e++) logit += gates[e] * said[e];
        logits[t] = logit;
    }
}

void rk_mtml_logits(const rk_mtml *model, const float *x, uint32_t rows, float *scratch,
                    float *logits) {
    const size_t inputs = model->inputs, columns = rk_mtml_columns(model), tasks = model->tasks;
    for (size_t first = 0; first < rows; first += BLOCK_ROWS) {
        const size_t count = RK_MIN(BLOCK_ROWS, rows - first);
        rk_gemm_f32(x + first * inputs, inputs, 1, model->matrix, scratch + first * columns, count,
                    inputs, columns);
        for (size_t r = first; r < first + count; r++)
            finish_row(model, scratch + r * columns, logits + r * tasks);
    }
}

void rk_mtml_probabilities(const rk_task *tasks, uint32_t task_count, const float *logits,
                           uint32_t rows, float *p) {
    for (size_t r = 0; r < rows; r++) {
        for (size_t t = 0; t < task_count; t++) {
            const size_t at = r * task_count + t;
            p[at] = rk_sigmoidf(tasks[t].scale * logits[at] + tasks[t].offset);
        }
    }
}
