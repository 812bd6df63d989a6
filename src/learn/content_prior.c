#include "learn/content_prior.h"

#include "base/fmath.h"
#include "base/rng.h"
#include "format/snapshot_layout.h"
#include "learn/parallel.h"
#include "model/vectors.h"
#include "simd/kernels.h"

#define STEPS       8u
#define STREAM_SIGN 0x6C736121u
/* A direction whose share of the largest is below this is rounding, not content. */
#define LEAST_SHARE 1e-6

typedef struct iteration {
    const rk_content *content;
    uint32_t dim;
    float *basis;   /* (features, dim) V */
    float *product; /* (features, dim) X'X V */
    float *by_item; /* (items, dim) X V */
} iteration;

static void project_shard(void *context, uint32_t shard) {
    const iteration *it = context;
    for (uint32_t item = shard; item < it->content->items; item += RK_SHARDS)
        rk_content_project(it->content, item, it->basis, it->dim,
                           it->by_item + (uint64_t)item * it->dim);
}

static void gather_shard(void *context, uint32_t shard) {
    const iteration *it = context;
    const rk_content *content = it->content;
    for (uint32_t feature = shard; feature < content->features; feature += RK_SHARDS) {
        float *row = it->product + (uint64_t)feature * it->dim;
        memset(row, 0, it->dim * sizeof *row);
        for (uint64_t i = content->column_begin[feature]; i < content->column_begin[feature + 1];
             i++)
            rk_axpy_f32(content->column_value[i],
                        it->by_item + (uint64_t)content->column_item[i] * it->dim, row, it->dim);
    }
}

/* gram (dim, dim) = product' product, the lower half. */
static void gram_of(const iteration *it, double *gram) {
    const uint32_t dim = it->dim;
    memset(gram, 0, (size_t)dim * dim * sizeof *gram);
    for (uint32_t f = 0; f < it->content->features; f++) {
        const float *row = it->product + (uint64_t)f * dim;
        for (uint32_t i = 0; i < dim; i++) {
            if (row[i] == 0.0f) continue;
            for (uint32_t j = 0; j <= i; j++) gram[i * dim + j] += (double)row[i] * (double)row[j];
        }
    }
}

/* The lower Cholesky factor in place; a diagonal that is rounding becomes 0: no such direction. */
static void factor(double *gram, uint32_t dim) {
    double largest = 0.0;
    for (uint32_t i = 0; i < dim; i++) largest = RK_MAX(largest, gram[i * dim + i]);
    for (uint32_t j = 0; j < dim; j++) {
        double *row = gram + (size_t)j * dim, pivot = row[j];
        for (uint32_t k = 0; k < j; k++) pivot -= row[k] * row[k];
        const bool there = pivot > largest * LEAST_SHARE * LEAST_SHARE;
        row[j] = there ? rk_sqrt(pivot) : 0.0;
        for (uint32_t i = j + 1; i < dim; i++) {
            double *below = gram + (size_t)i * dim;
            for (uint32_t k = 0; k < j; k++) below[j] -= below[k] * row[k];
            below[j] = there ? below[j] / row[j] : 0.0;
        }
    }
}

/* basis = product L'^-1: orthonormal columns, zero where L has no diagonal. */
static void orthogonalise(iteration *it, const double *lower) {
    const uint32_t dim = it->dim;
    for (uint32_t f = 0; f < it->content->features; f++) {
        const float *from = it->product + (uint64_t)f * dim;
        double row[RK_MAX_DIM];
        for (uint32_t i = 0; i < dim; i++) {
            double value = (double)from[i];
            for (uint32_t k = 0; k < i; k++) value -= lower[i * dim + k] * row[k];
            row[i] = lower[i * dim + i] > 0.0 ? value / lower[i * dim + i] : 0.0;
            it->basis[(uint64_t)f * dim + i] = (float)row[i];
        }
    }
}

static void draw_signs(iteration *it, uint64_t seed) {
    rk_rng rng = rk_rng_at(seed, STREAM_SIGN);
    const uint64_t size = (uint64_t)it->content->features * it->dim;
    for (uint64_t i = 0; i < size; i++) it->basis[i] = rk_rng_u32(&rng) >> 31 ? 1.0f : -1.0f;
}

/* Rotates the rows, and scales them so that items are of length 1 on average. */
static void finish(iteration *it, uint64_t seed, uint32_t threads) {
    double sum = 0.0;
    uint32_t count = 0;
    rk_parallel(threads, project_shard, it);
    for (uint32_t item = 0; item < it->content->items; item++) {
        if (it->content->row_begin[item] == it->content->row_begin[item + 1]) continue;
        sum += (double)rk_norm_f32(it->by_item + (uint64_t)item * it->dim, it->dim);
        count++;
    }
    const float scale = sum > 0.0 ? (float)(count / sum) : 0.0f;
    for (uint32_t f = 0; f < it->content->features; f++) {
        float *row = it->basis + (uint64_t)f * it->dim;
        for (uint32_t d = 0; d < it->dim; d++) row[d] *= scale;
        rk_vector_rotate(row, it->dim, seed);
    }
}

bool rk_content_prior(const rk_content *content, uint32_t dim, uint64_t seed, uint32_t threads,
                      rk_memory *memory, float **weights) {
    rk_memory scratch = {0};
    const uint64_t size = (uint64_t)content->features * dim;
    iteration it = {.content = content, .dim = dim, .basis = RK_NEW(memory, float, size)};
    it.product = RK_NEW(&scratch, float, size);
    it.by_item = RK_NEW(&scratch, float, (uint64_t)content->items *dim);
    double *gram = RK_NEW(&scratch, double, (uint64_t)dim *dim);
    const bool ok = it.basis && it.product && it.by_item && gram;
    if (ok && content->features) {
        draw_signs(&it, seed);
        for (uint32_t step = 0; step < STEPS; step++) {
            rk_parallel(threads, project_shard, &it);
            rk_parallel(threads, gather_shard, &it);
            gram_of(&it, gram);
            factor(gram, dim);
            orthogonalise(&it, gram);
        }
        finish(&it, seed, threads);
    }
    *weights = it.basis;
    rk_memory_free(&scratch);
    return ok;
}
