/* What every kernel computes: plain C, the definition that the SIMD versions are tested against.
 *
 * Problem: a float sum depends on its order, and every host must give the same bits.
 * Idea: fix the order that SIMD wants. A reduction runs in 16 lanes, four registers of four, and
 * is folded as a fixed tree:
 *
 *     lane   0 .. 7 += 8 .. 15,   0 .. 3 += 4 .. 7,   0, 1 += 2, 3,   0 += 1
 *
 * 16 lanes are four independent chains of four-lane additions, what hides the latency of an
 * addition on every core met; AVX2 and AVX-512 can keep the same order in two registers and one.
 * With the lanes written out as an array, gcc and clang vectorise the loops by themselves.
 *
 * Missing elements of the last 16 add +0. That changes no bit: a lane starts at +0 and a sum
 * rounded to nearest is -0 only if both terms are, so no lane is ever -0; skipping is the same.
 *
 * Invariants: kernels.def states ranges and shapes; nothing is read outside the given lengths. */
#include "simd/kernels.h"

#include "base/fmath.h"

#define LANES 16

static inline float fold_lanes(float lanes[LANES]) {
    for (unsigned half = LANES / 2; half > 0; half /= 2) {
        for (unsigned lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];
    }
    return lanes[0];
}

static inline float dot_in_lanes(const float *restrict a, const float *restrict b, size_t n) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) lanes[lane] += a[i + lane] * b[i + lane];
    }
    for (size_t lane = 0; i + lane < n; lane++) lanes[lane] += a[i + lane] * b[i + lane];
    return fold_lanes(lanes);
}

float rk_dot_f32_scalar(const float *a, const float *b, size_t n) {
    return dot_in_lanes(a, b, n);
}

float rk_norm_f32_scalar(const float *a, size_t n) {
    return rk_sqrtf(dot_in_lanes(a, a, n));
}

void rk_axpy_f32_scalar(float alpha, const float *restrict x, float *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] += alpha * x[i];
}

void rk_gemv_f32_scalar(const float *restrict a, const float *restrict x, float *restrict y,
                        size_t rows, size_t columns) {
    for (size_t row = 0; row < rows; row++) y[row] = dot_in_lanes(a + row * columns, x, columns);
}

void rk_gemm_f32_scalar(const float *restrict a, size_t row, size_t column, const float *restrict b,
                        float *restrict c, size_t m, size_t k, size_t n) {
    for (size_t i = 0; i < m; i++) {
        float *sums = c + i * n;
        for (size_t j = 0; j < n; j++) sums[j] = 0.0f;
        for (size_t p = 0; p < k; p++) {
            const float factor = a[i * row + p * column];
            for (size_t j = 0; j < n; j++) sums[j] += factor * b[p * n + j];
        }
    }
}

int32_t rk_dot_i8_scalar(const int8_t *a, const int8_t *b, size_t n) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

int32_t rk_dot_i16_scalar(const int16_t *a, const int16_t *b, size_t n) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* Without branches: cells are as good as random, and mispredicting them cost 6 ns an element. */
static inline int16_t decode_one(int cell, int six) {
    const int outer = (cell == 0) | (cell == 3);
    const int magnitude = six + outer * (64 + 2 * six); // <= 253
    return (int16_t)(cell < 2 ? -magnitude : magnitude);
}

void rk_decode_row_scalar(const uint8_t *restrict cells, const uint8_t *restrict low,
                          int16_t *restrict out, size_t n) {
    const uint8_t *upper = low + n / 2;
    for (size_t i = 0; i < n; i += 4) {
        const int nibbles = low[i / 2] | low[i / 2 + 1] << 8, top = upper[i / 4];
        out[i] = decode_one(cells[i], (nibbles & 15) | (top << 4 & 0x30));
        out[i + 1] = decode_one(cells[i + 1], (nibbles >> 4 & 15) | (top << 2 & 0x30));
        out[i + 2] = decode_one(cells[i + 2], (nibbles >> 8 & 15) | (top & 0x30));
        out[i + 3] = decode_one(cells[i + 3], (nibbles >> 12 & 15) | (top >> 2 & 0x30));
    }
}

void rk_scan_block_scalar(const uint8_t *restrict codes, const uint8_t *restrict lut, size_t tables,
                          uint16_t *restrict out) {
    uint16_t sums[32] = {0};
    for (size_t table = 0; table < tables; table++) {
        const uint8_t *code = codes + 16 * table, *entry = lut + 16 * table;
        for (unsigned row = 0; row < 16; row++) {
            sums[row] = (uint16_t)(sums[row] + entry[code[row] & 15]);
            sums[row + 16] = (uint16_t)(sums[row + 16] + entry[code[row] >> 4]);
        }
    }
    memcpy(out, sums, sizeof sums);
}

void rk_scan_block_pair_scalar(const uint8_t *restrict codes, const uint8_t *restrict lut,
                               const uint8_t *restrict other_lut, size_t tables,
                               uint16_t *restrict out, uint16_t *restrict other_out) {
    rk_scan_block_scalar(codes, lut, tables, out);
    rk_scan_block_scalar(codes, other_lut, tables, other_out);
}

void rk_rows_above_scalar(const uint16_t *restrict sums, const int16_t *restrict needs, size_t rows,
                          int16_t scale, int16_t base, uint32_t *restrict masks) {
    for (size_t first = 0; first < rows; first += 32) {
        uint32_t mask = 0;
        for (size_t row = first; row < rows && row < first + 32; row++) {
            const int32_t need = base + ((scale * needs[row] + (1 << 14)) >> 15);
            mask |= (uint32_t)(sums[row] > RK_MAX(INT16_MIN, RK_MIN(need, INT16_MAX)))
                    << (row - first);
        }
        masks[first / 32] = mask;
    }
}

void rk_take_cells_scalar(const uint8_t *restrict codes, unsigned shift, uint8_t *restrict cells,
                          size_t tables) {
    for (size_t table = 0; table < tables; table++) {
        const unsigned nibble = (unsigned)codes[16 * table] >> shift;
        cells[2 * table] = (uint8_t)(nibble & 3u);
        cells[2 * table + 1] = (uint8_t)(nibble >> 2 & 3u);
    }
}
