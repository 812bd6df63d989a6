/* AVX2 versions of the kernels that training spends its time in, for kernels_native.c only. The
 * rest of the list stays with the scalar definition, which compilers vectorise well enough. */
#ifndef RK_SIMD_KERNELS_AVX2_H
#define RK_SIMD_KERNELS_AVX2_H

#include "base/types.h"

#if defined(__x86_64__)
#define RK_HAS_AVX2 1
float rk_dot_f32_avx2(const float *a, const float *b, size_t n);
void rk_axpy_f32_avx2(float alpha, const float *x, float *y, size_t n);
void rk_gemv_f32_avx2(const float *a, const float *x, float *y, size_t rows, size_t columns);
void rk_gemm_f32_avx2(const float *a, size_t row, size_t column, const float *b, float *c, size_t m,
                      size_t k, size_t n);
int32_t rk_dot_i16_avx2(const int16_t *a, const int16_t *b, size_t n);
void rk_scan_block_avx2(const uint8_t *codes, const uint8_t *lut, size_t tables, uint16_t *out);
void rk_scan_block_pair_avx2(const uint8_t *codes, const uint8_t *lut, const uint8_t *other_lut,
                             size_t tables, uint16_t *out, uint16_t *other_out);
void rk_decode_row_avx2(const uint8_t *cells, const uint8_t *low, int16_t *out, size_t n);
void rk_rows_above_avx2(const uint16_t *sums, const int16_t *needs, size_t rows, int16_t scale,
                        int16_t base, uint32_t *masks);
void rk_take_cells_avx2(const uint8_t *codes, unsigned shift, uint8_t *cells, size_t tables);
#else
#define RK_HAS_AVX2 0
#endif

#endif
