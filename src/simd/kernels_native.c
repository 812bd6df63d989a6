/* The kernels of a native build: the scalar definitions, each a tail jump away.
 *
 * gcc and clang vectorise the definitions for the baseline of the machine (SSE2, NEON).
 * Hand-written AVX2 would be faster still, but native code trains and tests: what serves is
 * WebAssembly. */
#include "simd/kernels.h"

const char *rk_kernels_name(void) {
    return "scalar";
}

float rk_dot_f32(const float *a, const float *b, size_t n) {
    return rk_dot_f32_scalar(a, b, n);
}

float rk_norm_f32(const float *a, size_t n) {
    return rk_norm_f32_scalar(a, n);
}

void rk_axpy_f32(float alpha, const float *x, float *y, size_t n) {
    rk_axpy_f32_scalar(alpha, x, y, n);
}

void rk_gemv_f32(const float *a, const float *x, float *y, size_t rows, size_t columns) {
    rk_gemv_f32_scalar(a, x, y, rows, columns);
}

int32_t rk_dot_i8(const int8_t *a, const int8_t *b, size_t n) {
    return rk_dot_i8_scalar(a, b, n);
}

int32_t rk_dot_i16(const int16_t *a, const int16_t *b, size_t n) {
    return rk_dot_i16_scalar(a, b, n);
}

void rk_decode_row(const uint8_t *cells, const uint8_t *low, int16_t *out, size_t n) {
    rk_decode_row_scalar(cells, low, out, n);
}

void rk_scan_block(const uint8_t *codes, const uint8_t *lut, size_t tables, uint16_t *out) {
    rk_scan_block_scalar(codes, lut, tables, out);
}
