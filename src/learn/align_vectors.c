#include "learn/align_vectors.h"

#include "base/fmath.h"
#include "format/snapshot_layout.h"
#include "simd/kernels.h"

/* Singular values grow by half a step until they are near 1: 1.5^40 is 10^7. */
#define STEPS 48u
/* Of the Frobenius norm: what speaks for leaving a direction where it is. */
#define STAY 1e-3f

/* matrix (dim, dim) = sum D e p', row of e; in double, as hundreds of thousands are added. */
static void correlate(const rk_content *content, const float *prior, const uint32_t *item_events,
                      uint32_t dim, const float *vectors, double *sum, float *matrix) {
    float said[RK_MAX_DIM];
    for (uint32_t item = 0; item < content->items; item++) {
        if (!item_events[item] || content->row_begin[item] == content->row_begin[item + 1])
            continue;
        const float *row = vectors + (uint64_t)item * dim;
        rk_content_project(content, item, prior, dim, said);
        const float weight = rk_logf(1.0f + (float)item_events[item]);
        for (uint32_t i = 0; i < dim; i++) {
            const float scaled = weight * row[i];
            for (uint32_t j = 0; j < dim; j++) sum[i * dim + j] += (double)(scaled * said[j]);
        }
    }
    double squared = 0.0;
    for (uint32_t i = 0; i < dim * dim; i++) squared += sum[i] * sum[i];
    const double norm = rk_sqrt(squared);
    for (uint32_t i = 0; i < dim * dim; i++) matrix[i] = norm > 0.0 ? (float)(sum[i] / norm) : 0.0f;
    for (uint32_t i = 0; i < dim; i++) matrix[i * dim + i] += STAY;
}

/* To the nearest orthogonal matrix; of Frobenius norm near 1 before, so no singular value is above
 * the square root of 3, where the iteration would diverge. */
static void to_orthogonal(uint32_t dim, float *matrix, float *square, float *next) {
    for (uint32_t step = 0; step < STEPS; step++) {
        rk_gemm_f32(matrix, 1, dim, matrix, square, dim, dim, dim); /* X'X */
        for (uint32_t i = 0; i < dim * dim; i++) square[i] *= -0.5f;
        for (uint32_t i = 0; i < dim; i++) square[i * dim + i] += 1.5f;
        rk_gemm_f32(matrix, dim, 1, square, next, dim, dim, dim);
        memcpy(matrix, next, (size_t)dim * dim * sizeof *matrix);
    }
}

bool rk_align_vectors(const rk_content *content, const float *prior, const uint32_t *item_events,
                      uint32_t dim, float *vectors) {
    rk_memory scratch = {0};
    const uint64_t size = (uint64_t)dim * dim;
    double *sum = RK_NEW(&scratch, double, size);
    float *matrix = RK_NEW(&scratch, float, size), *square = RK_NEW(&scratch, float, size);
    float *next = RK_NEW(&scratch, float, size);
    const bool ok = sum && matrix && square && next;
    if (ok) {
        correlate(content, prior, item_events, dim, vectors, sum, matrix);
        to_orthogonal(dim, matrix, square, next);
        for (uint32_t item = 0; item < content->items; item++) {
            float *row = vectors + (uint64_t)item * dim, turned[RK_MAX_DIM];
            rk_gemm_f32(row, dim, 1, matrix, turned, 1, dim, dim);
            memcpy(row, turned, dim * sizeof *row);
        }
    }
    rk_memory_free(&scratch);
    return ok;
}
