/* The kernels of a native build: AVX2 where the processor has it and it pays, else the scalar
 * definitions, which gcc and clang vectorise for the baseline of the machine. Native code trains
 * and tests; what serves is WebAssembly. Asking for the processor is one load and one test. */
#include "simd/kernels.h"

#include "base/fmath.h"
#include "simd/kernels_avx2.h"

#if RK_HAS_AVX2
#define DISPATCH(name, arguments)                                                                  \
    (__builtin_cpu_supports("avx2") ? rk_##name##_avx2 arguments : rk_##name##_scalar arguments)
#else
#define DISPATCH(name, arguments) rk_##name##_scalar arguments
#endif

const char *rk_kernels_name(void) {
#if RK_HAS_AVX2
    if (__builtin_cpu_supports("avx2")) return "avx2";
#endif
    return "scalar";
}

float rk_dot_f32(const float *a, const float *b, size_t n) {
    return DISPATCH(dot_f32, (a, b, n));
}

float rk_norm_f32(const float *a, size_t n) {
    return rk_sqrtf(rk_dot_f32(a, a, n));
}

void rk_axpy_f32(float alpha, const float *x, float *y, size_t n) {
    DISPATCH(axpy_f32, (alpha, x, y, n));
}

void rk_gemv_f32(const float *a, const float *x, float *y, size_t rows, size_t columns) {
    DISPATCH(gemv_f32, (a, x, y, rows, columns));
}

void rk_gemm_f32(const float *a, size_t row, size_t column, const float *b, float *c, size_t m,
                 size_t k, size_t n) {
    DISPATCH(gemm_f32, (a, row, column, b, c, m, k, n));
}

int32_t rk_dot_i8(const int8_t *a, const int8_t *b, size_t n) {
    return rk_dot_i8_scalar(a, b, n);
}

int32_t rk_dot_i16(const int16_t *a, const int16_t *b, size_t n) {
    return DISPATCH(dot_i16, (a, b, n));
}

void rk_decode_row(const uint8_t *cells, const uint8_t *low, int16_t *out, size_t n) {
    DISPATCH(decode_row, (cells, low, out, n));
}

void rk_scan_block(const uint8_t *codes, const uint8_t *lut, size_t tables, uint16_t *out) {
    DISPATCH(scan_block, (codes, lut, tables, out));
}

void rk_scan_block_pair(const uint8_t *codes, const uint8_t *lut, const uint8_t *other_lut,
                        size_t tables, uint16_t *out, uint16_t *other_out) {
    DISPATCH(scan_block_pair, (codes, lut, other_lut, tables, out, other_out));
}

void rk_rows_above(const uint16_t *sums, const int16_t *needs, size_t rows, int16_t scale,
                   int16_t base, uint32_t *masks) {
    DISPATCH(rows_above, (sums, needs, rows, scale, base, masks));
}

void rk_take_cells(const uint8_t *codes, unsigned shift, uint8_t *cells, size_t tables) {
    DISPATCH(take_cells, (codes, shift, cells, tables));
}
