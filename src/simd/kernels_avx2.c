/* Kernels in 256-bit registers: the trainer and the evaluator on x86-64.
 *
 * Same bits as the definition: 16 f32 lanes are two registers, folded in the same tree; products
 * and sums stay separate instructions. Functions carry their own target, so the file compiles for
 * the baseline and is called only where the processor has AVX2 (kernels_native.c). scan_block takes
 * two tables at a time: 32 consecutive bytes of codes and of look-up tables are two tables each,
 * and the byte shuffle works on 128-bit halves, so one shuffle reads both. */
#include "simd/kernels_avx2.h"

#if RK_HAS_AVX2
#include "simd/kernels.h"

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
 * for four rows. The last tile reaches back over columns already done, which come out the same
 * again: one at a time they would wait for every addition. */
AVX2 static inline __attribute__((always_inline)) void gemm_tile(const float *a, size_t row,
                                                                 size_t column, const float *b,
                                                                 float *c, size_t rows, size_t k,
                                                                 size_t n) {
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
    size_t done = 0;
    while (done < n && n >= 16) {
        const size_t j = RK_MIN(done, n - 16);
        size_t i = 0;
        for (; i + 4 <= m; i += 4)
            gemm_tile(a + i * row, row, column, b + j, c + i * n + j, 4, k, n);
        for (; i < m; i++) gemm_tile(a + i * row, row, column, b + j, c + i * n + j, 1, k, n);
        done = j + 16;
    }
    for (size_t i = 0; i < m; i++) {
        for (size_t tail = done; tail < n; tail++) {
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

/* Sums of 16 rows. `all` adds pairs of bytes as one u16, `odd` their high bytes alone; the even
 * sums come out at the end as all - 256 * odd, exact modulo 2^16. */
typedef struct row_sums {
    __m256i all, odd;
} row_sums;

/* Two bytes of 0..127 fit one. */
AVX2 static inline void add_bytes(row_sums *sums, __m256i bytes) {
    sums->all = _mm256_add_epi16(sums->all, bytes);
    sums->odd = _mm256_add_epi16(sums->odd, _mm256_srli_epi16(bytes, 8));
}

AVX2 static inline void store_sums(row_sums sums, uint16_t *out) {
    store_rows(_mm256_sub_epi16(sums.all, _mm256_slli_epi16(sums.odd, 8)), sums.odd, out);
}

/* Four tables, two in each half, and what is left of them by rows. */
AVX2 static inline void add_tables(row_sums *first, row_sums *second, const uint8_t *lut,
                                   const __m256i low[2], const __m256i high[2]) {
    add_bytes(first, _mm256_add_epi8(look_up(lut, low[0]), look_up(lut + 32, low[1])));
    add_bytes(second, _mm256_add_epi8(look_up(lut, high[0]), look_up(lut + 32, high[1])));
}

AVX2 static inline void split_codes(const uint8_t *codes, __m256i *low, __m256i *high) {
    const __m256i low_nibble = _mm256_set1_epi8(15);
    const __m256i code = _mm256_loadu_si256((const __m256i *)(const void *)codes);
    *low = _mm256_and_si256(code, low_nibble);
    *high = _mm256_and_si256(_mm256_srli_epi16(code, 4), low_nibble);
}

/* The tables that no group of four has. */
AVX2 static inline void add_last(const uint8_t *codes, const uint8_t *lut, size_t table,
                                 size_t tables, uint16_t *out) {
    for (; table < tables; table++) {
        for (unsigned row = 0; row < 16; row++) {
            uint8_t code = codes[16 * table + row];
            out[row] = (uint16_t)(out[row] + lut[16 * table + (code & 15)]);
            out[row + 16] = (uint16_t)(out[row + 16] + lut[16 * table + (code >> 4)]);
        }
    }
}

AVX2 void rk_scan_block_avx2(const uint8_t *codes, const uint8_t *lut, size_t tables,
                             uint16_t *out) {
    row_sums first = {_mm256_setzero_si256(), _mm256_setzero_si256()}, second = first;
    size_t table = 0;
    for (; table + 4 <= tables; table += 4) {
        __m256i low[2], high[2];
        split_codes(codes + 16 * table, &low[0], &high[0]);
        split_codes(codes + 16 * table + 32, &low[1], &high[1]);
        add_tables(&first, &second, lut + 16 * table, low, high);
    }
    store_sums(first, out);
    store_sums(second, out + 16);
    add_last(codes, lut, table, tables, out);
}

AVX2 void rk_scan_block_pair_avx2(const uint8_t *codes, const uint8_t *lut,
                                  const uint8_t *other_lut, size_t tables, uint16_t *out,
                                  uint16_t *other_out) {
    row_sums first = {_mm256_setzero_si256(), _mm256_setzero_si256()}, second = first;
    row_sums other_first = first, other_second = first;
    size_t table = 0;
    for (; table + 4 <= tables; table += 4) {
        __m256i low[2], high[2];
        split_codes(codes + 16 * table, &low[0], &high[0]);
        split_codes(codes + 16 * table + 32, &low[1], &high[1]);
        add_tables(&first, &second, lut + 16 * table, low, high);
        add_tables(&other_first, &other_second, other_lut + 16 * table, low, high);
    }
    store_sums(first, out);
    store_sums(second, out + 16);
    store_sums(other_first, other_out);
    store_sums(other_second, other_out + 16);
    add_last(codes, lut, table, tables, out);
    add_last(codes, other_lut, table, tables, other_out);
}

/* Sixteen elements as in kernels_wasm128.c: 16 cells, 8 bytes of low nibbles, 4 of upper bits. */
AVX2 static inline void decode_16(const uint8_t *cells, const uint8_t *nibbles,
                                  const uint8_t *upper, int16_t *out) {
    const __m128i cells_u8x16 = _mm_loadu_si128((const __m128i *)(const void *)cells);
    const __m128i low_nibble = _mm_set1_epi8(15);
    const __m128i packed = _mm_loadl_epi64((const __m128i *)(const void *)nibbles);
    const __m128i nibbles_u8x16 = _mm_unpacklo_epi8(
        _mm_and_si128(packed, low_nibble), _mm_and_si128(_mm_srli_epi16(packed, 4), low_nibble));
    int32_t upper_bits;
    memcpy(&upper_bits, upper, sizeof upper_bits);
    /* Byte k of a lane gets bits 2k, 2k + 1 of its byte, times 16. */
    __m128i spread = _mm_cvtepu8_epi32(_mm_cvtsi32_si128(upper_bits));
    spread = _mm_or_si128(_mm_slli_epi32(spread, 4), _mm_slli_epi32(spread, 16));
    spread = _mm_or_si128(spread, _mm_slli_epi32(spread, 6));
    const __m128i six = _mm_or_si128(_mm_and_si128(spread, _mm_set1_epi8(0x30)), nibbles_u8x16);
    const __m128i outer = _mm_or_si128(_mm_cmpeq_epi8(cells_u8x16, _mm_setzero_si128()),
                                       _mm_cmpeq_epi8(cells_u8x16, _mm_set1_epi8(3)));
    const __m128i more = _mm_add_epi8(_mm_add_epi8(six, six), _mm_set1_epi8(64));
    const __m128i magnitude = _mm_add_epi8(six, _mm_and_si128(outer, more));
    const __m128i negative = _mm_cmplt_epi8(cells_u8x16, _mm_set1_epi8(2));
    const __m256i sign_i16x16 = _mm256_cvtepi8_epi16(negative);
    const __m256i value = _mm256_xor_si256(_mm256_cvtepu8_epi16(magnitude), sign_i16x16);
    _mm256_storeu_si256((__m256i *)(void *)out, _mm256_sub_epi16(value, sign_i16x16));
}

AVX2 void rk_decode_row_avx2(const uint8_t *cells, const uint8_t *low, int16_t *out, size_t n) {
    if (n < 16) {
        rk_decode_row_scalar(cells, low, out, n);
        return;
    }
    const uint8_t *upper = low + n / 2;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) decode_16(cells + i, low + i / 2, upper + i / 4, out + i);
    if (i == n) return;
    i = n - 16; /* the last 16 once more */
    decode_16(cells + i, low + i / 2, upper + i / 4, out + i);
}

/* 16 rows, all ones where above. */
AVX2 static inline __m256i above_16(const uint16_t *sums, const int16_t *needs, __m256i scale,
                                    __m256i base) {
    const __m256i sums_i16x16 = _mm256_loadu_si256((const __m256i *)(const void *)sums);
    const __m256i needs_i16x16 = _mm256_loadu_si256((const __m256i *)(const void *)needs);
    const __m256i need = _mm256_adds_epi16(_mm256_mulhrs_epi16(needs_i16x16, scale), base);
    return _mm256_cmpgt_epi16(sums_i16x16, need);
}

AVX2 void rk_rows_above_avx2(const uint16_t *sums, const int16_t *needs, size_t rows, int16_t scale,
                             int16_t base, uint32_t *masks) {
    const __m256i scale_i16x16 = _mm256_set1_epi16(scale), base_i16x16 = _mm256_set1_epi16(base);
    for (; rows >= 32; rows -= 32, sums += 32, needs += 32) {
        const __m256i low = above_16(sums, needs, scale_i16x16, base_i16x16);
        const __m256i high = above_16(sums + 16, needs + 16, scale_i16x16, base_i16x16);
        /* Packing leaves rows 0-7 16-23 8-15 24-31. */
        const __m256i above = _mm256_permute4x64_epi64(_mm256_packs_epi16(low, high), 0xD8);
        *masks++ = (uint32_t)_mm256_movemask_epi8(above);
    }
    rk_rows_above_scalar(sums, needs, rows, scale, base, masks);
}

/* Two cells of each of 8 nibbles, in order. */
AVX2 static inline __m128i split_nibbles(__m128i nibbles_u8x8) {
    const __m128i two_bits = _mm_set1_epi8(3);
    return _mm_unpacklo_epi8(_mm_and_si128(nibbles_u8x8, two_bits),
                             _mm_and_si128(_mm_srli_epi16(nibbles_u8x8, 2), two_bits));
}

AVX2 void rk_take_cells_avx2(const uint8_t *codes, unsigned shift, uint8_t *cells, size_t tables) {
    size_t table = 0;
    for (; table + 8 <= tables; table += 8) {
        const uint8_t *at = codes + 16 * table;
        __m128i bytes = _mm_cvtsi32_si128(at[0]);
        bytes = _mm_insert_epi8(bytes, at[16], 1);
        bytes = _mm_insert_epi8(bytes, at[32], 2);
        bytes = _mm_insert_epi8(bytes, at[48], 3);
        bytes = _mm_insert_epi8(bytes, at[64], 4);
        bytes = _mm_insert_epi8(bytes, at[80], 5);
        bytes = _mm_insert_epi8(bytes, at[96], 6);
        bytes = _mm_insert_epi8(bytes, at[112], 7);
        const __m128i nibbles = _mm_srl_epi16(bytes, _mm_cvtsi32_si128((int)shift));
        _mm_storeu_si128((__m128i *)(void *)(cells + 2 * table), split_nibbles(nibbles));
    }
    if (table < tables)
        rk_take_cells_scalar(codes + 16 * table, shift, cells + 2 * table, tables - table);
}
#endif
