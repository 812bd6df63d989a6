#include "learn/ranker_loss.h"

#include "base/fmath.h"
#include "simd/kernels.h"

bool rk_ranker_chunk_take(const rk_mtml *shape, uint32_t capacity, rk_memory *memory,
                          rk_ranker_chunk *chunk) {
    const uint64_t rows = capacity, columns = rk_mtml_columns(shape);
    *chunk = (rk_ranker_chunk){.capacity = capacity};
    chunk->list_begin = RK_NEW(memory, uint32_t, rows + 1);
    chunk->x = RK_NEW(memory, float, rows * shape->inputs);
    chunk->label = RK_NEW(memory, uint8_t, rows);
    chunk->known = RK_NEW(memory, uint8_t, rows);
    chunk->weight = RK_NEW(memory, float, rows);
    chunk->activation = RK_NEW(memory, float, rows *columns);
    chunk->slope = RK_NEW(memory, float, rows *columns);
    chunk->logit = RK_NEW(memory, float, rows * shape->tasks);
    chunk->by_logit = RK_NEW(memory, float, rows * shape->tasks);
    chunk->worth = RK_NEW(memory, float, rows);
    chunk->choice = RK_NEW(memory, float, rows);
    chunk->gradient = RK_NEW(memory, float, rk_mtml_floats(shape));
    return chunk->list_begin && chunk->x && chunk->label && chunk->known && chunk->weight &&
           chunk->activation && chunk->slope && chunk->logit && chunk->by_logit && chunk->worth &&
           chunk->choice && chunk->gradient;
}

/* ---- a row: how likely is each event? ---- */

/* Derivative of -log sigmoid(z). */
static float slope_at(float z) {
    const float small = rk_expf(z < 0.0f ? z : -z); // exp(-|z|)
    return -(z < 0.0f ? 1.0f : small) / (1.0f + small);
}

/* -log sigmoid(z). */
static float loss_at(float z) {
    return rk_logf(1.0f + rk_expf(z < 0.0f ? z : -z)) + (z < 0.0f ? -z : 0.0f);
}

static void judge_row(const rk_ranker_loss *loss, uint32_t tasks, rk_ranker_chunk *c, uint32_t r) {
    float *by_logit = c->by_logit + (size_t)r * tasks;
    for (uint32_t t = 0; t < tasks; t++) {
        by_logit[t] = 0.0f;
        if (!rk_task_bit(c->known[r], t)) continue;
        const bool happened = rk_task_bit(c->label[r], t);
        const float z = c->logit[(size_t)r * tasks + t] + loss->log_positive[t];
        const float weight = c->weight[r] * (happened ? loss->positive[t] : 1.0f);
        const float side = happened ? 1.0f : -1.0f;
        by_logit[t] = side * weight * slope_at(side * z);
        if (c->measures) c->loss += (double)(weight * loss_at(side * z));
    }
}

/* ---- a list: which row is worth most? ---- */

/* g of a row. */
static float gain_of(const rk_ranker_loss *loss, uint32_t tasks, uint8_t label) {
    float gain = 0.0f;
    for (uint32_t t = 0; t < tasks; t++) {
        if (loss->value[t] > 0.0f && rk_task_bit(label, t)) gain += loss->value[t];
    }
    return gain;
}

/* u of a row. The floor is far below any chance that rows may have, and keeps the slope finite. */
static float worth_of(const rk_ranker_loss *loss, uint32_t tasks, const float *logit) {
    float worth = 0.0f;
    for (uint32_t t = 0; t < tasks; t++) {
        if (loss->value[t] > 0.0f) worth += loss->value[t] * rk_sigmoidf(logit[t]);
    }
    return RK_MAX(worth, 1e-30f);
}

/* u^s, with a floor of its own. */
static float choice_of(const rk_ranker_loss *loss, float worth) {
    if (loss->sharpness == 1.0f) return worth;
    return RK_MAX(rk_expf(loss->sharpness * rk_logf(worth)), 1e-30f);
}

/* Hands the slope of u on to the logits. */
static void spread_worth(const rk_ranker_loss *loss, rk_ranker_chunk *c, uint32_t tasks, uint32_t r,
                         double slope) {
    const float *logit = c->logit + (size_t)r * tasks;
    float *by_logit = c->by_logit + (size_t)r * tasks;
    for (uint32_t t = 0; t < tasks; t++) {
        if (!(loss->value[t] > 0.0f)) continue;
        const double chance = (double)rk_sigmoidf(logit[t]);
        by_logit[t] += (float)(slope * (double)loss->value[t] * chance * (1.0 - chance));
    }
}

/* Luce's choice among rows begin .. end - 1, once the BCE's slopes stand in by_logit. */
static void judge_list(const rk_ranker_loss *loss, uint32_t tasks, rk_ranker_chunk *c,
                       uint32_t begin, uint32_t end) {
    double gains = 0.0, weighted = 0.0, told = 0.0, sum = 0.0;
    for (uint32_t r = begin; r < end; r++) {
        const float gain = gain_of(loss, tasks, c->label[r]);
        c->worth[r] = worth_of(loss, tasks, c->logit + (size_t)r * tasks);
        c->choice[r] = choice_of(loss, c->worth[r]);
        sum += (double)c->weight[r] * (double)c->choice[r];
        gains += (double)gain;
        weighted += (double)(c->weight[r] * gain);
        if (gain > 0.0f && c->measures)
            told += (double)(c->weight[r] * gain) * (double)rk_logf(c->choice[r]);
    }
    if (!(gains > 0.0)) return;
    const double factor = (double)loss->list_mix * weighted / gains;
    const double sharpness = (double)loss->sharpness;
    if (c->measures) c->loss += factor * ((double)rk_logf((float)sum) - told / weighted);
    for (uint32_t r = begin; r < end; r++) {
        const float gain = gain_of(loss, tasks, c->label[r]);
        const double share = (double)c->choice[r] / sum, wanted = (double)gain / weighted;
        const double slope = sharpness / (double)c->worth[r] * (share - wanted);
        spread_worth(loss, c, tasks, r, factor * (double)c->weight[r] * slope);
    }
}

void rk_ranker_chunk_forward(const rk_mtml *model, const rk_ranker_loss *loss,
                             rk_ranker_chunk *chunk) {
    chunk->loss = 0.0;
    rk_mtml_logits(model, chunk->x, chunk->rows, chunk->activation, chunk->logit);
    for (uint32_t r = 0; r < chunk->rows; r++) judge_row(loss, model->tasks, chunk, r);
    if (!(loss->list_mix > 0.0f)) return;
    for (uint32_t l = 0; l < chunk->lists; l++)
        judge_list(loss, model->tasks, chunk, chunk->list_begin[l], chunk->list_begin[l + 1]);
}

/* ---- gradient ---- */

/* Task t's part of a row: slopes of its gates and of the hidden units, and the head's gradient. */
static void back_through_task(const rk_mtml *model, const float *activation, float by_logit,
                              uint32_t t, float *slope, float *head_gradient) {
    const uint32_t experts = model->experts, units = model->units, hidden = experts * units;
    const float *gates = activation + hidden + t * experts;
    const float *head = model->head + (size_t)t * units;
    float *gate_slopes = slope + hidden + t * experts;
    float said[RK_MAX_EXPERTS], mean = 0.0f;
    rk_gemv_f32(activation, head, said, experts, units);
    for (uint32_t e = 0; e < experts; e++) mean += gates[e] * said[e];
    for (uint32_t e = 0; e < experts; e++) {
        const float through = by_logit * gates[e];
        gate_slopes[e] = through * (said[e] - mean);
        rk_axpy_f32(through, activation + (size_t)e * units, head_gradient, units);
        rk_axpy_f32(through, head, slope + (size_t)e * units, units);
    }
}

/* A mask of bits: a choice between floats became a branch, half of the cost of going back. */
static void back_through_relu(const float *restrict activation, float *restrict slope, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &slope[i], sizeof bits);
        bits &= activation[i] > 0.0f ? UINT32_MAX : 0u;
        memcpy(&slope[i], &bits, sizeof bits);
    }
}

void rk_ranker_chunk_backward(const rk_mtml *model, rk_ranker_chunk *chunk) {
    const size_t inputs = model->inputs, columns = rk_mtml_columns(model), tasks = model->tasks;
    const size_t hidden = (size_t)model->experts * model->units;
    float *by_bias = chunk->gradient + inputs * columns, *by_head = by_bias + columns;
    memset(by_bias, 0, (columns + tasks * model->units) * sizeof *by_bias);
    for (size_t r = 0; r < chunk->rows; r++) {
        const float *activation = chunk->activation + r * columns;
        float *slope = chunk->slope + r * columns;
        memset(slope, 0, hidden * sizeof *slope);
        for (uint32_t t = 0; t < tasks; t++) {
            const float by_logit = chunk->by_logit[r * tasks + t];
            slope[columns - tasks + t] = by_logit;
            back_through_task(model, activation, by_logit, t, slope,
                              by_head + (size_t)t * model->units);
        }
        back_through_relu(activation, slope, hidden);
        rk_axpy_f32(1.0f, slope, by_bias, columns);
    }
    rk_gemm_f32(chunk->x, 1, inputs, chunk->slope, chunk->gradient, inputs, chunk->rows, columns);
}
