/* Writing vector codes (vectors.h): the trainer's work, and a new item's. By itself because it is
 * not of a query, where modules are built small instead of quick. */
#include "base/fmath.h"
#include "model/vectors.h"
#include "simd/kernels.h"

/* The six low bits of a coordinate whose absolute value is `magnitude` units. */
static uint32_t low_bits(float magnitude, bool outer) {
    float steps = outer ? (magnitude - 64.0f) / 3.0f : magnitude;
    int32_t rounded = rk_round_i32(steps);
    return (uint32_t)RK_MAX(0, RK_MIN(63, rounded));
}

void rk_vector_encode(const float *r, uint32_t dim, uint8_t *cells, uint8_t *low,
                      rk_vector_factor *factor) {
    assert(dim % 4 == 0 && dim <= RK_MAX_DIM);
    uint8_t *nibbles = low, *pairs = low + dim / 2;
    memset(low, 0, (size_t)rk_low_bytes(dim));
    float norm = rk_norm_f32(r, dim);
    float unit = RK_CELL_EDGE / 64.0f * norm / rk_sqrtf((float)dim);
    /* A vector this short (the mean itself) carries no direction: cells of +0, factors 0. */
    bool zero = !(unit > 1e-20f);
    float levels[RK_MAX_DIM], magnitudes[RK_MAX_DIM];
    for (uint32_t i = 0; i < dim; i++) {
        float units = zero ? 0.0f : r[i] / unit;
        float magnitude = units < 0.0f ? -units : units;
        bool outer = magnitude >= 64.0f, negative = units < 0.0f;
        uint32_t bits = low_bits(magnitude, outer);
        cells[i] = (uint8_t)(negative ? (outer ? 0 : 1) : (outer ? 3 : 2));
        nibbles[i / 2] = (uint8_t)(nibbles[i / 2] | (bits & 15u) << (i % 2 * 4));
        pairs[i / 4] = (uint8_t)(pairs[i / 4] | (bits >> 4) << (i % 4 * 2));
        float level = outer ? RK_CELL_OUTER : RK_CELL_INNER;
        float decoded = outer ? (float)(64 + 3 * bits) : (float)bits;
        levels[i] = negative ? -level : level;
        magnitudes[i] = negative ? -decoded : decoded;
    }
    /* Unbiased along r: the estimate of <r, r> itself is exact. */
    float squared = norm * norm;
    float along_levels = rk_dot_f32(levels, r, dim),
          along_magnitudes = rk_dot_f32(magnitudes, r, dim);
    factor->scan = !zero && along_levels > 0.0f ? squared / along_levels : 0.0f;
    factor->decode = !zero && along_magnitudes > 0.0f ? squared / along_magnitudes : 0.0f;
}

void rk_cells_put(uint8_t *blocks, uint32_t dim, uint32_t row, const uint8_t *cells) {
    uint8_t *at = blocks + row / RK_BLOCK_ROWS * rk_block_bytes(dim) + row % 16;
    uint32_t shift = row % RK_BLOCK_ROWS / 16 * 4;
    for (uint32_t table = 0; table < dim / 2; table++) {
        uint32_t nibble = cells[2 * table] + 4u * cells[2 * table + 1];
        at[table * 16] = (uint8_t)(at[table * 16] | nibble << shift);
    }
}
