#include "model/vectors.h"

#include "base/fmath.h"
#include "base/rng.h"
#include "simd/kernels.h"

static uint32_t largest_power_of_two(uint32_t n) {
    uint32_t power = 1;
    while (power * 2 <= n) power *= 2;
    return power;
}

static void walsh_hadamard(float *x, uint32_t n) {
    for (uint32_t half = 1; half < n; half *= 2) {
        for (uint32_t base = 0; base < n; base += 2 * half) {
            for (uint32_t i = base; i < base + half; i++) {
                float a = x[i], b = x[i + half];
                x[i] = a + b;
                x[i + half] = a - b;
            }
        }
    }
    float scale = 1.0f / rk_sqrtf((float)n);
    for (uint32_t i = 0; i < n; i++) x[i] *= scale;
}

void rk_vector_rotate(float *x, uint32_t dim, uint64_t seed) {
    rk_rng signs = rk_rng_at(seed, 0x726F74617465u); /* "rotate" */
    for (uint32_t i = 0; i < dim; i++) {
        if (rk_rng_u32(&signs) & 1) x[i] = -x[i];
    }
    for (uint32_t at = 0; at < dim;) {
        uint32_t block = largest_power_of_two(dim - at);
        walsh_hadamard(x + at, block);
        at += block;
    }
}

void rk_cells_get(const uint8_t *blocks, uint32_t dim, uint32_t row, uint8_t *cells) {
    const uint8_t *at = blocks + row / RK_BLOCK_ROWS * rk_block_bytes(dim) + row % 16;
    rk_take_cells(at, row % RK_BLOCK_ROWS / 16 * 4, cells, dim / 2);
}

void rk_vector_decode_i16(const rk_snapshot_content *snapshot, uint32_t item, int16_t *out) {
    uint32_t dim = snapshot->meta.dim;
    uint8_t cells[RK_MAX_DIM];
    rk_cells_get(snapshot->vector_cells, dim, item, cells);
    rk_decode_row(cells, snapshot->vector_low + item * rk_low_bytes(dim), out, dim);
}

void rk_vector_accumulate(const rk_snapshot_content *snapshot, uint32_t item, float weight,
                          float *sum) {
    uint32_t dim = snapshot->meta.dim;
    int16_t magnitudes[RK_MAX_DIM];
    rk_vector_decode_i16(snapshot, item, magnitudes);
    float scale = weight * snapshot->vector_factors[item].decode;
    for (uint32_t i = 0; i < dim; i++) {
        sum[i] += weight * snapshot->vector_mean[i] + scale * (float)magnitudes[i];
    }
}
