#include "learn/train_ridge.h"

#include "base/fmath.h"
#include "format/snapshot_layout.h"
#include "simd/kernels.h"

/* What the priors of g and m are worth, in units of D: 300 items with 1.7 events. With 10, ten
 * items of one session gave all items a share of their one direction: s3rec_beauty, NDCG@10 of
 * sessions .0104 without events, .0081 with ten. */
#define PRIOR_WEIGHT 300.0

/* Matrices of one solve; (features, dim) unless said. Column d is a system of its own, with its own
 * step. */
typedef struct solve {
    const rk_content *content;
    const float *weight; /* (items) D */
    uint32_t dim;
    float lambda;
    float *by_item; /* (items, dim) D X p */
    float *solution, *residual, *direction, *product;
} solve;

static void project_shard(void *context, uint32_t shard) {
    const solve *s = context;
    for (uint32_t item = shard; item < s->content->items; item += RK_SHARDS) {
        float *row = s->by_item + (uint64_t)item * s->dim;
        if (!(s->weight[item] > 0.0f)) continue; /* stays zero */
        rk_content_project(s->content, item, s->direction, s->dim, row);
        for (uint32_t d = 0; d < s->dim; d++) row[d] *= s->weight[item];
    }
}

/* out (dim) = column `feature` of X' times by_item. */
static void gather_column(const solve *s, uint32_t feature, float *out) {
    const rk_content *content = s->content;
    memset(out, 0, s->dim * sizeof *out);
    for (uint64_t i = content->column_begin[feature]; i < content->column_begin[feature + 1]; i++) {
        uint32_t item = content->column_item[i];
        if (!(s->weight[item] > 0.0f)) continue;
        rk_axpy_f32(content->column_value[i], s->by_item + (uint64_t)item * s->dim, out, s->dim);
    }
}

static void product_shard(void *context, uint32_t shard) {
    const solve *s = context;
    for (uint32_t feature = shard; feature < s->content->features; feature += RK_SHARDS) {
        uint64_t at = (uint64_t)feature * s->dim;
        gather_column(s, feature, s->product + at);
        rk_axpy_f32(s->lambda, s->direction + at, s->product + at, s->dim);
    }
}

static void right_side_shard(void *context, uint32_t shard) {
    const solve *s = context;
    for (uint32_t feature = shard; feature < s->content->features; feature += RK_SHARDS)
        gather_column(s, feature, s->residual + (uint64_t)feature * s->dim);
}

/* out (dim) = column-wise inner products of a and b, in double: a few million terms. */
static void inner(const solve *s, const float *a, const float *b, double *out) {
    for (uint32_t d = 0; d < s->dim; d++) out[d] = 0.0;
    for (uint32_t f = 0; f < s->content->features; f++) {
        const float *x = a + (uint64_t)f * s->dim, *y = b + (uint64_t)f * s->dim;
        for (uint32_t d = 0; d < s->dim; d++) out[d] += (double)x[d] * (double)y[d];
    }
}

static double mean_of(const double *values, uint32_t count, uint32_t features) {
    double sum = 0.0;
    for (uint32_t i = 0; i < count; i++) sum += values[i];
    return sum / count / features;
}

/* One step of conjugate gradients; `squared` (dim) is |residual|^2 of each column. */
static void step(solve *s, uint32_t threads, double *squared) {
    double along[RK_MAX_DIM], next[RK_MAX_DIM];
    rk_parallel(threads, project_shard, s);
    rk_parallel(threads, product_shard, s);
    inner(s, s->direction, s->product, along);
    float rate[RK_MAX_DIM], keep[RK_MAX_DIM];
    for (uint32_t d = 0; d < s->dim; d++)
        rate[d] = along[d] > 0.0 ? (float)(squared[d] / along[d]) : 0.0f;
    for (uint32_t f = 0; f < s->content->features; f++) {
        uint64_t at = (uint64_t)f * s->dim;
        for (uint32_t d = 0; d < s->dim; d++) {
            s->solution[at + d] += rate[d] * s->direction[at + d];
            s->residual[at + d] -= rate[d] * s->product[at + d];
        }
    }
    inner(s, s->residual, s->residual, next);
    for (uint32_t d = 0; d < s->dim; d++)
        keep[d] = squared[d] > 0.0 ? (float)(next[d] / squared[d]) : 0.0f;
    for (uint32_t f = 0; f < s->content->features; f++) {
        uint64_t at = (uint64_t)f * s->dim;
        for (uint32_t d = 0; d < s->dim; d++)
            s->direction[at + d] = s->residual[at + d] + keep[d] * s->direction[at + d];
    }
    memcpy(squared, next, s->dim * sizeof *squared);
}

static void weigh_items(const uint32_t *item_events, uint32_t items, float *weight) {
    for (uint32_t item = 0; item < items; item++)
        weight[item] = rk_logf(1.0f + (float)item_events[item]);
}

/* g: 1 without evidence, the least-squares factor with much. */
static float prior_factor(const rk_content *content, const float *prior, const float *vectors,
                          const float *weight, uint32_t dim) {
    float said[RK_MAX_DIM];
    double along = PRIOR_WEIGHT, squared = PRIOR_WEIGHT;
    if (!prior) return 0.0f;
    for (uint32_t item = 0; item < content->items; item++) {
        if (!(weight[item] > 0.0f)) continue;
        rk_content_project(content, item, prior, dim, said);
        along += (double)(weight[item] * rk_dot_f32(said, vectors + (uint64_t)item * dim, dim));
        squared += (double)(weight[item] * rk_dot_f32(said, said, dim));
    }
    return (float)RK_MAX(0.0, along / squared);
}

/* by_item (items, dim) = E - g X W0 of items with events, minus its weighted mean, times D. */
static void weigh_residuals(const solve *s, const float *prior, const float *vectors,
                            rk_ridge_result *result) {
    double sum[RK_MAX_DIM] = {0}, total = prior ? PRIOR_WEIGHT : 0.0;
    for (uint32_t item = 0; item < s->content->items; item++) {
        float *row = s->by_item + (uint64_t)item * s->dim;
        if (!(s->weight[item] > 0.0f)) continue;
        if (prior) rk_content_project(s->content, item, prior, s->dim, row);
        for (uint32_t d = 0; d < s->dim; d++) {
            row[d] = vectors[(uint64_t)item * s->dim + d] - result->prior * row[d];
            sum[d] += (double)s->weight[item] * (double)row[d];
        }
        total += (double)s->weight[item];
    }
    for (uint32_t d = 0; d < s->dim; d++)
        result->mean[d] = total > 0.0 ? (float)(sum[d] / total) : 0.0f;
    for (uint32_t item = 0; item < s->content->items; item++) {
        float *row = s->by_item + (uint64_t)item * s->dim;
        for (uint32_t d = 0; d < s->dim; d++) row[d] = s->weight[item] * (row[d] - result->mean[d]);
    }
}

static void solve_residuals(solve *s, uint32_t threads, uint32_t iterations,
                            rk_ridge_result *result) {
    double squared[RK_MAX_DIM];
    rk_parallel(threads, right_side_shard, s);
    memcpy(s->direction, s->residual, (size_t)s->content->features * s->dim * sizeof *s->direction);
    inner(s, s->residual, s->residual, squared);
    result->first_loss = mean_of(squared, s->dim, s->content->features);
    for (; result->steps < iterations; result->steps++) step(s, threads, squared);
    result->last_loss = mean_of(squared, s->dim, s->content->features);
}

bool rk_train_ridge(const rk_content *content, const float *prior, const float *vectors,
                    const uint32_t *item_events, uint32_t dim, const rk_ridge_params *params,
                    uint32_t threads, rk_memory *memory, rk_ridge_result *result) {
    rk_memory scratch = {0};
    uint64_t size = (uint64_t)content->features * dim;
    float *weight = RK_NEW(&scratch, float, content->items);
    solve s = {.content = content, .weight = weight, .dim = dim, .lambda = params->lambda};
    s.by_item = RK_NEW(&scratch, float, (uint64_t)content->items *dim);
    s.residual = RK_NEW(&scratch, float, size);
    s.direction = RK_NEW(&scratch, float, size);
    s.product = RK_NEW(&scratch, float, size);
    s.solution = RK_NEW(memory, float, size);
    *result = (rk_ridge_result){.weights = s.solution, .mean = RK_NEW(memory, float, dim)};
    bool ok =
        weight && s.by_item && s.residual && s.direction && s.product && s.solution && result->mean;
    if (ok && content->features) {
        weigh_items(item_events, content->items, weight);
        result->prior = prior_factor(content, prior, vectors, weight, dim);
        weigh_residuals(&s, prior, vectors, result);
        solve_residuals(&s, threads, params->iterations, result);
        if (prior) rk_axpy_f32(result->prior, prior, s.solution, (size_t)size);
    }
    rk_memory_free(&scratch);
    return ok;
}

/* out (dim) = m + W x; returns its length. */
static float said_by_content(const rk_content *content, const rk_ridge_result *ridge, uint32_t item,
                             uint32_t dim, float *out) {
    rk_content_project(content, item, ridge->weights, dim, out);
    for (uint32_t d = 0; d < dim; d++) out[d] += ridge->mean[d];
    return rk_norm_f32(out, dim);
}

static bool has_content(const rk_content *content, uint32_t item) {
    return content->row_begin[item] < content->row_begin[item + 1];
}

/* How long predictions are on average: what share of a unit vector content explains. */
static float typical_length(const rk_content *content, const rk_ridge_result *ridge, uint32_t dim) {
    float said[RK_MAX_DIM];
    double sum = 0.0;
    uint32_t count = 0;
    for (uint32_t item = 0; item < content->items; item++) {
        if (!has_content(content, item)) continue;
        sum += (double)said_by_content(content, ridge, item, dim, said);
        count++;
    }
    return count ? (float)(sum / count) : 0.0f;
}

void rk_ridge_shrink(const rk_content *content, const rk_ridge_result *ridge,
                     const uint32_t *item_events, uint32_t dim, float prior_events,
                     float *vectors) {
    float length = typical_length(content, ridge, dim);
    for (uint32_t item = 0; item < content->items; item++) {
        float said[RK_MAX_DIM], *row = vectors + (uint64_t)item * dim;
        if (!has_content(content, item)) continue;
        float norm = said_by_content(content, ridge, item, dim, said);
        if (!(norm > 0.0f)) continue;
        float n = (float)item_events[item], alpha = n / (n + prior_events);
        for (uint32_t d = 0; d < dim; d++)
            row[d] = alpha * row[d] + (1.0f - alpha) * length / norm * said[d];
    }
}
