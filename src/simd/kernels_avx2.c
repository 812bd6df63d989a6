/* Kernels in 256-bit registers: the trainer and the evaluator on x86-64.
 *
 * Same bits as the definition: 16 f32 lanes are two registers, folded in the same tree; products
 * and sums stay separate instructions. Functions carry their own target, so the file compiles for
 * the baseline and is called only where the processor has AVX2 (kernels_native.c). scan_block takes
 * two tables at a time: 32 consecutive bytes of codes and of look-up tables are two tables each,
 * and the byte shuffle works on 128-bit halves, so one shuffle reads both. */
#include "simd/kernels_avx2.h"

#if RK_HAS_AVX2
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline float fold_lanes(__m256 low_f32x8, __m256 high_f32x8) {
    __m256 eight = _mm256_add_ps(low_f32x8, high_f32x8);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

AVX2 static inline float dot_f32(const float *a, const float *b, size_t n) {
    __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        low = _mm256_add_ps(low, _mm256_mul_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i)));
        high = _mm256_add_ps(high,
                             _mm256_mul_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8)));
    }
    if (i < n) {
        float a_tail[16] = {0}, b_tail[16] = {0};
        memcpy(a_tail, a + i, (n - i) * sizeof *a);
        memcpy(b_tail, b + i, (n - i) * sizeof *b);
        low = _mm256_add_ps(low, _mm256_mul_ps(_mm256_loadu_ps(a_tail), _mm256_loadu_ps(b_tail)));
        high = _mm256_add_ps(
            high, _mm256_mul_ps(_mm256_loadu_ps(a_tail + 8), _mm256_loadu_ps(b_tail + 8)));
    }
    return fold_lanes(low, high);
}

AVX2 float rk_dot_f32_avx2(const float *a, const float *b, size_t n) {
    return dot_f32(a, b, n);
}

AVX2 void rk_gemv_f32_avx2(const float *a, const float *x, float *y, size_t rows, size_t columns) {
    for (size_t row = 0; row < rows; row++) y[row] = dot_f32(a + row * columns, x, columns);
}

AVX2 void rk_axpy_f32_avx2(float alpha, const float *x, float *y, size_t n) {
    __m256 alpha_f32x8 = _mm256_set1_ps(alpha);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256 product = _mm256_mul_ps(alpha_f32x8, _mm256_loadu_ps(x + i));
        _mm256_storeu_ps(y + i, _mm256_add_ps(_mm256_loadu_ps(y + i), product));
    }
    for (; i < n; i++) y[i] += alpha * x[i];
}

/* Four rows by 16 columns stay in eight registers over the whole of k: a column of b is loaded once
 * for four rows. */
AVX2 static inline __attribute__((always_inline)) void gemm_tile(const float *a, size_t row, size_t column, const float *b,
                                  float *c, size_t rows, size_t k, size_t n) {
    __m256 sums[4][2];
    for (size_t i = 0; i < rows; i++) sums[i][0] = sums[i][1] = _mm256_setzero_ps();
    for (size_t p = 0; p < k; p++) {
        __m256 low = _mm256_loadu_ps(b + p * n), high = _mm256_loadu_ps(b + p * n + 8);
        for (size_t i = 0; i < rows; i++) {
            __m256 factor = _mm256_set1_ps(a[i * row + p * column]);
            sums[i][0] = _mm256_add_ps(sums[i][0], _mm256_mul_ps(factor, low));
            sums[i][1] = _mm256_add_ps(sums[i][1], _mm256_mul_ps(factor, high));
        }
    }
    for (size_t i = 0; i < rows; i++) {
        _mm256_storeu_ps(c + i * n, sums[i][0]);
        _mm256_storeu_ps(c + i * n + 8, sums[i][1]);
    }
}

AVX2 void rk_gemm_f32_avx2(const float *a, size_t row, size_t column, const float *b, float *c,
                           size_t m, size_t k, size_t n) {
    size_t j = 0;
    for (; j + 16 <= n; j += 16) {
        size_t i = 0;
        for (; i + 4 <= m; i += 4)
            gemm_tile(a + i * row, row, column, b + j, c + i * n + j, 4, k, n);
        for (; i < m; i++) gemm_tile(a + i * row, row, column, b + j, c + i * n + j, 1, k, n);
    }
    for (size_t i = 0; i < m; i++) {
        for (size_t tail = j; tail < n; tail++) {
            float sum = 0.0f;
            for (size_t p = 0; p < k; p++) sum += a[i * row + p * column] * b[p * n + tail];
            c[i * n + tail] = sum;
        }
    }
}

AVX2 int32_t rk_dot_i16_avx2(const int16_t *a, const int16_t *b, size_t n) {
    __m256i sum_i32x8 = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m256i products =
            _mm256_madd_epi16(_mm256_loadu_si256((const __m256i *)(const void *)(a + i)),
                              _mm256_loadu_si256((const __m256i *)(const void *)(b + i)));
        sum_i32x8 = _mm256_add_epi32(sum_i32x8, products);
    }
    int32_t lanes[8];
    _mm256_storeu_si256((__m256i *)(void *)lanes, sum_i32x8);
    int32_t sum = 0;
    for (unsigned lane = 0; lane < 8; lane++) sum += lanes[lane];
    for (; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* Sums of 16 rows over two tables, one in each half: bytes below 128. */
AVX2 static inline __m256i look_up(const uint8_t *lut, __m256i nibbles) {
    return _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i *)(const void *)lut), nibbles);
}

/* Adds the halves of even and odd bytes and writes 16 rows in order. */
AVX2 static inline void store_rows(__m256i even_u16x16, __m256i odd_u16x16, uint16_t *out) {
    __m128i even = _mm_add_epi16(_mm256_castsi256_si128(even_u16x16),
                                 _mm256_extracti128_si256(even_u16x16, 1));
    __m128i odd =
        _mm_add_epi16(_mm256_castsi256_si128(odd_u16x16), _mm256_extracti128_si256(odd_u16x16, 1));
    _mm_storeu_si128((__m128i *)(void *)out, _mm_unpacklo_epi16(even, odd));
    _mm_storeu_si128((__m128i *)(void *)(out + 8), _mm_unpackhi_epi16(even, odd));
}

AVX2 void rk_scan_block_avx2(const uint8_t *codes, const uint8_t *lut, size_t tables,
                             uint16_t *out) {
    const __m256i low_nibble = _mm256_set1_epi8(15), low_byte = _mm256_set1_epi16(255);
    __m256i first_even = _mm256_setzero_si256(), first_odd = first_even;
    __m256i second_even = first_even, second_odd = first_even;
    size_t table = 0;
    for (; table + 2 <= tables; table += 2) {
        __m256i code = _mm256_loadu_si256((const __m256i *)(const void *)(codes + 16 * table));
        __m256i first = look_up(lut + 16 * table, _mm256_and_si256(code, low_nibble));
        __m256i second =
            look_up(lut + 16 * table, _mm256_and_si256(_mm256_srli_epi16(code, 4), low_nibble));
        first_even = _mm256_add_epi16(first_even, _mm256_and_si256(first, low_byte));
        first_odd = _mm256_add_epi16(first_odd, _mm256_srli_epi16(first, 8));
        second_even = _mm256_add_epi16(second_even, _mm256_and_si256(second, low_byte));
        second_odd = _mm256_add_epi16(second_odd, _mm256_srli_epi16(second, 8));
    }
    store_rows(first_even, first_odd, out);
    store_rows(second_even, second_odd, out + 16);
    for (; table < tables; table++) {
        for (unsigned row = 0; row < 16; row++) {
            uint8_t code = codes[16 * table + row];
            out[row] = (uint16_t)(out[row] + lut[16 * table + (code & 15)]);
            out[row + 16] = (uint16_t)(out[row + 16] + lut[16 * table + (code >> 4)]);
        }
    }
}
#endif
