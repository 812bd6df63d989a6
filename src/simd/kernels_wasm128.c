/* The kernels in WebAssembly's 128-bit SIMD.
 *
 * Problem: the module's time is spent in these loops, and Debian's LLVM 14 and LLVM 22 vectorise
 * the definitions differently (the table look-up of scan_block not at all).
 * Idea: write them out in the order that kernels_scalar.c fixes. The 16 lanes of a float reduction
 * are four registers, sum0 = lanes 0-3 to sum3 = lanes 12-15; multiplication and addition stay two
 * instructions. Integer kernels are exact, so their order is free.
 *
 * Invariants: same bits as the definition; no load or store outside the given lengths (memory ends
 * somewhere, and there the last row may lie); no pointer needs alignment. */
#include "simd/kernels.h"

#include <wasm_simd128.h>

const char *rk_kernels_name(void) {
    return "simd128";
}

/* ---- f32
 * ---------------------------------------------------------------------------------------*/

typedef struct lanes16 {
    v128_t sum0, sum1, sum2, sum3;
} lanes16;

static inline v128_t multiply_add(v128_t sum, v128_t a, v128_t b) {
    return wasm_f32x4_add(sum, wasm_f32x4_mul(a, b));
}

/* One to three floats, then zeros. */
static inline v128_t load_few(const float *p, size_t count) {
    if (count == 1) return wasm_v128_load32_zero(p);
    const v128_t two = wasm_v128_load64_zero(p);
    return count == 2 ? two : wasm_v128_load32_lane(p + 2, two, 2);
}

/* The last 1 to 15 elements, each to its lane. */
static inline void add_tail(lanes16 *lanes, const float *a, const float *b, size_t n) {
    if (n >= 4) lanes->sum0 = multiply_add(lanes->sum0, wasm_v128_load(a), wasm_v128_load(b));
    if (n >= 8)
        lanes->sum1 = multiply_add(lanes->sum1, wasm_v128_load(a + 4), wasm_v128_load(b + 4));
    if (n >= 12)
        lanes->sum2 = multiply_add(lanes->sum2, wasm_v128_load(a + 8), wasm_v128_load(b + 8));
    const size_t few = n % 4;
    if (few == 0) return;
    const v128_t last = wasm_f32x4_mul(load_few(a + n - few, few), load_few(b + n - few, few));
    switch (n / 4) {
    case 0: lanes->sum0 = wasm_f32x4_add(lanes->sum0, last); break;
    case 1: lanes->sum1 = wasm_f32x4_add(lanes->sum1, last); break;
    case 2: lanes->sum2 = wasm_f32x4_add(lanes->sum2, last); break;
    default: lanes->sum3 = wasm_f32x4_add(lanes->sum3, last); break;
    }
}

static inline float fold_lanes(lanes16 lanes) {
    // + 8, + 4, + 2, + 1
    v128_t sum = wasm_f32x4_add(wasm_f32x4_add(lanes.sum0, lanes.sum2),
                                wasm_f32x4_add(lanes.sum1, lanes.sum3));
    sum = wasm_f32x4_add(sum, wasm_i32x4_shuffle(sum, sum, 2, 3, 2, 3));
    sum = wasm_f32x4_add(sum, wasm_i32x4_shuffle(sum, sum, 1, 1, 1, 1));
    return wasm_f32x4_extract_lane(sum, 0);
}

static inline float dot_in_lanes(const float *a, const float *b, size_t n) {
    lanes16 lanes = {0};
    for (; n >= 16; a += 16, b += 16, n -= 16) {
        lanes.sum0 = multiply_add(lanes.sum0, wasm_v128_load(a), wasm_v128_load(b));
        lanes.sum1 = multiply_add(lanes.sum1, wasm_v128_load(a + 4), wasm_v128_load(b + 4));
        lanes.sum2 = multiply_add(lanes.sum2, wasm_v128_load(a + 8), wasm_v128_load(b + 8));
        lanes.sum3 = multiply_add(lanes.sum3, wasm_v128_load(a + 12), wasm_v128_load(b + 12));
    }
    if (n > 0) add_tail(&lanes, a, b, n);
    return fold_lanes(lanes);
}

/* Not inlined into rk_norm_f32: a copy is 600 bytes of the module. */
__attribute__((noinline)) float rk_dot_f32(const float *a, const float *b, size_t n) {
    return dot_in_lanes(a, b, n);
}

float rk_norm_f32(const float *a, size_t n) {
    return __builtin_sqrtf(rk_dot_f32(a, a, n));
}

void rk_axpy_f32(float alpha, const float *restrict x, float *restrict y, size_t n) {
    const v128_t alpha_f32x4 = wasm_f32x4_splat(alpha);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        wasm_v128_store(y + i,
                        multiply_add(wasm_v128_load(y + i), alpha_f32x4, wasm_v128_load(x + i)));
        wasm_v128_store(y + i + 4, multiply_add(wasm_v128_load(y + i + 4), alpha_f32x4,
                                                wasm_v128_load(x + i + 4)));
    }
#pragma clang loop vectorize(disable) unroll(disable)
    for (; i < n; i++) y[i] += alpha * x[i];
}

/* Two rows at a time, sharing the loads of x, was no faster (rows of 64 and 100, in cache and out)
 * and 900 bytes longer. */
void rk_gemv_f32(const float *restrict a, const float *restrict x, float *restrict y, size_t rows,
                 size_t columns) {
    for (size_t row = 0; row < rows; row++) y[row] = dot_in_lanes(a + row * columns, x, columns);
}

/* Rows by 8 columns stay in registers over the whole of k. The last tile reaches back over columns
 * already done, which come out the same again: one at a time they would wait for every addition. */
static inline __attribute__((always_inline)) void gemm_tile(const float *a, size_t row,
                                                            size_t column, const float *b, float *c,
                                                            size_t rows, size_t k, size_t n) {
    v128_t sums[4][2];
    for (size_t i = 0; i < rows; i++) sums[i][0] = sums[i][1] = wasm_f32x4_const_splat(0.0f);
    for (size_t p = 0; p < k; p++) {
        const v128_t low = wasm_v128_load(b + p * n), high = wasm_v128_load(b + p * n + 4);
        for (size_t i = 0; i < rows; i++) {
            const v128_t factor = wasm_v128_load32_splat(a + i * row + p * column);
            sums[i][0] = multiply_add(sums[i][0], factor, low);
            sums[i][1] = multiply_add(sums[i][1], factor, high);
        }
    }
    for (size_t i = 0; i < rows; i++) {
        wasm_v128_store(c + i * n, sums[i][0]);
        wasm_v128_store(c + i * n + 4, sums[i][1]);
    }
}

void rk_gemm_f32(const float *restrict a, size_t row, size_t column, const float *restrict b,
                 float *restrict c, size_t m, size_t k, size_t n) {
    size_t done = 0;
    while (done < n && n >= 8) {
        const size_t j = RK_MIN(done, n - 8);
        size_t i = 0;
        for (; i + 4 <= m; i += 4)
            gemm_tile(a + i * row, row, column, b + j, c + i * n + j, 4, k, n);
        for (; i < m; i++) gemm_tile(a + i * row, row, column, b + j, c + i * n + j, 1, k, n);
        done = j + 8;
    }
    for (size_t i = 0; i < m; i++) {
        for (size_t tail = done; tail < n; tail++) {
            float sum = 0.0f;
            for (size_t p = 0; p < k; p++) sum += a[i * row + p * column] * b[p * n + tail];
            c[i * n + tail] = sum;
        }
    }
}

/* ---- integers
 * ----------------------------------------------------------------------------------*/

static inline int32_t sum_lanes_i32x4(v128_t sum) {
    sum = wasm_i32x4_add(sum, wasm_i32x4_shuffle(sum, sum, 2, 3, 2, 3));
    sum = wasm_i32x4_add(sum, wasm_i32x4_shuffle(sum, sum, 1, 1, 1, 1));
    return wasm_i32x4_extract_lane(sum, 0);
}

/* Widened to i16 and multiplied pairwise into i32: 2 * 128 * 128 = 2^15 a lane and step, so that a
 * lane reaches n / 8 * 2^15 / 2 <= 2^28 for the longest n. The i16 multiply with i8 inputs
 * (extmul) needs a widening addition after it and was not shorter. */
int32_t rk_dot_i8(const int8_t *a, const int8_t *b, size_t n) {
    v128_t sum0 = wasm_i32x4_const(0, 0, 0, 0), sum1 = sum0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        const v128_t a_i8x16 = wasm_v128_load(a + i), b_i8x16 = wasm_v128_load(b + i);
        sum0 = wasm_i32x4_add(sum0, wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(a_i8x16),
                                                         wasm_i16x8_extend_low_i8x16(b_i8x16)));
        sum1 = wasm_i32x4_add(sum1, wasm_i32x4_dot_i16x8(wasm_i16x8_extend_high_i8x16(a_i8x16),
                                                         wasm_i16x8_extend_high_i8x16(b_i8x16)));
    }
    int32_t total = sum_lanes_i32x4(wasm_i32x4_add(sum0, sum1));
#pragma clang loop vectorize(disable) unroll(disable)
    for (; i < n; i++) total += a[i] * b[i];
    return total;
}

/* dot_i16x8 adds two products in i32, its one overflow being (-2^15)^2 twice: outside the stated
 * range, as every sum of a subset of the products is inside it. */
int32_t rk_dot_i16(const int16_t *a, const int16_t *b, size_t n) {
    v128_t sum0 = wasm_i32x4_const(0, 0, 0, 0), sum1 = sum0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        sum0 = wasm_i32x4_add(sum0,
                              wasm_i32x4_dot_i16x8(wasm_v128_load(a + i), wasm_v128_load(b + i)));
        sum1 = wasm_i32x4_add(
            sum1, wasm_i32x4_dot_i16x8(wasm_v128_load(a + i + 8), wasm_v128_load(b + i + 8)));
    }
    if (i + 8 <= n) {
        sum0 = wasm_i32x4_add(sum0,
                              wasm_i32x4_dot_i16x8(wasm_v128_load(a + i), wasm_v128_load(b + i)));
        i += 8;
    }
    if (i + 4 <= n) { // a multiple of four is what a vector's dimension is
        sum1 = wasm_i32x4_add(
            sum1, wasm_i32x4_dot_i16x8(wasm_v128_load64_zero(a + i), wasm_v128_load64_zero(b + i)));
        i += 4;
    }
    int32_t total = sum_lanes_i32x4(wasm_i32x4_add(sum0, sum1));
#pragma clang loop vectorize(disable) unroll(disable)
    for (; i < n; i++) total += a[i] * b[i];
    return total;
}

/* Sixteen elements: 16 cells, 8 bytes of low nibbles, 4 bytes of upper bits. */
static inline void decode_16(const uint8_t *cells, const uint8_t *nibbles, const uint8_t *upper,
                             int16_t *out) {
    const v128_t cells_u8x16 = wasm_v128_load(cells);
    const v128_t packed = wasm_v128_load64_zero(nibbles);
    const v128_t even = wasm_v128_and(packed, wasm_i8x16_splat(15));
    const v128_t odd = wasm_u8x16_shr(packed, 4);
    const v128_t nibbles_u8x16 =
        wasm_i8x16_shuffle(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    // Each byte b of the upper bits becomes four bytes, byte k holding bits 2k, 2k + 1 of b,
    // already times 16: in a 32-bit lane b << (4 + 6k) brings those two bits to 8k + 4 and 8k + 5.
    // The four shifted copies meet only outside the mask.
    v128_t spread =
        wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(upper)));
    spread = wasm_v128_or(wasm_i32x4_shl(spread, 4), wasm_i32x4_shl(spread, 16));
    spread = wasm_v128_or(spread, wasm_i32x4_shl(spread, 6));
    const v128_t six = wasm_v128_or(wasm_v128_and(spread, wasm_i8x16_splat(0x30)), nibbles_u8x16);
    // six + (outer ? 64 + 2 six : 0) <= 253 fits a byte.
    const v128_t outer = wasm_v128_or(wasm_i8x16_eq(cells_u8x16, wasm_i8x16_splat(0)),
                                      wasm_i8x16_eq(cells_u8x16, wasm_i8x16_splat(3)));
    const v128_t more = wasm_i8x16_add(wasm_i8x16_add(six, six), wasm_i8x16_splat(64));
    const v128_t magnitude = wasm_i8x16_add(six, wasm_v128_and(outer, more));
    // m ^ -1 - -1 = -m
    const v128_t negative = wasm_i8x16_lt(cells_u8x16, wasm_i8x16_splat(2));
    const v128_t negative0 = wasm_i16x8_extend_low_i8x16(negative);
    const v128_t negative1 = wasm_i16x8_extend_high_i8x16(negative);
    const v128_t out0 = wasm_v128_xor(wasm_u16x8_extend_low_u8x16(magnitude), negative0);
    const v128_t out1 = wasm_v128_xor(wasm_u16x8_extend_high_u8x16(magnitude), negative1);
    wasm_v128_store(out, wasm_i16x8_sub(out0, negative0));
    wasm_v128_store(out + 8, wasm_i16x8_sub(out1, negative1));
}

void rk_decode_row(const uint8_t *restrict cells, const uint8_t *restrict low,
                   int16_t *restrict out, size_t n) {
    const uint8_t *upper = low + n / 2;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) decode_16(cells + i, low + i / 2, upper + i / 4, out + i);
    if (i == n) return;
    if (n >=
        16) { // the last 16 once more: rows of 100 took twice as long by way of the copies below
        i = n - 16;
        decode_16(cells + i, low + i / 2, upper + i / 4, out + i);
        return;
    }
    uint8_t all_cells[16] = {0}, all_nibbles[8] = {0}, all_upper[4] = {0};
    int16_t all_out[16];
    memcpy(all_cells, cells, n);
    memcpy(all_nibbles, low, n / 2);
    memcpy(all_upper, upper, n / 4);
    decode_16(all_cells, all_nibbles, all_upper, all_out);
    memcpy(out, all_out, n * sizeof *out);
}

/* Sums of 16 rows. `all` adds pairs of bytes as one u16, so that an odd row's sum, times 256, is on
 * top of its even neighbour's; `odd` adds the high bytes alone. The even sums come out at the end
 * as all - 256 * odd, exact modulo 2^16: one addition and one shift a step less than widening. */
typedef struct row_sums {
    v128_t all, odd;
} row_sums;

static inline void add_pair(row_sums *sums, v128_t first, v128_t second) {
    const v128_t pair = wasm_i8x16_add(first, second); // u8: <= 2 * 127
    sums->all = wasm_i16x8_add(sums->all, pair);
    sums->odd = wasm_i16x8_add(sums->odd, wasm_u16x8_shr(pair, 8));
}

static inline void store_sums(const row_sums *sums, uint16_t *out) {
    const v128_t even = wasm_i16x8_sub(sums->all, wasm_i16x8_shl(sums->odd, 8));
    wasm_v128_store(out, wasm_i16x8_shuffle(even, sums->odd, 0, 8, 1, 9, 2, 10, 3, 11));
    wasm_v128_store(out + 8, wasm_i16x8_shuffle(even, sums->odd, 4, 12, 5, 13, 6, 14, 7, 15));
}

/* No processor shifts bytes: V8 makes five instructions of an 8-bit shift, two of this. */
static inline v128_t high_nibbles(v128_t codes_u8x16) {
    return wasm_v128_and(wasm_u16x8_shr(codes_u8x16, 4), wasm_i8x16_splat(15));
}

/* André, Kermarrec and Le Scouarnec, "Cache locality is not enough: high-performance nearest
 * neighbor search with product quantization fast scan" (2015): a table of 16 entries is a register,
 * and a byte shuffle looks up 16 rows at once. Two tables are summed in u8 before they are widened,
 * 256 tables reach 128 * 254 = 32512 < 2^15 in u16. */
void rk_scan_block(const uint8_t *restrict codes, const uint8_t *restrict lut, size_t tables,
                   uint16_t *restrict out) {
    const v128_t zero = wasm_i32x4_const(0, 0, 0, 0), low_nibble = wasm_i8x16_splat(15);
    row_sums rows0 = {zero, zero}, rows16 = {zero, zero};
    for (; tables >= 2; tables -= 2, codes += 32, lut += 32) {
        const v128_t code0 = wasm_v128_load(codes), code1 = wasm_v128_load(codes + 16);
        const v128_t lut0 = wasm_v128_load(lut), lut1 = wasm_v128_load(lut + 16);
        add_pair(&rows0, wasm_i8x16_swizzle(lut0, wasm_v128_and(code0, low_nibble)),
                 wasm_i8x16_swizzle(lut1, wasm_v128_and(code1, low_nibble)));
        add_pair(&rows16, wasm_i8x16_swizzle(lut0, high_nibbles(code0)),
                 wasm_i8x16_swizzle(lut1, high_nibbles(code1)));
    }
    if (tables > 0) {
        const v128_t code = wasm_v128_load(codes), table = wasm_v128_load(lut);
        add_pair(&rows0, wasm_i8x16_swizzle(table, wasm_v128_and(code, low_nibble)), zero);
        add_pair(&rows16, wasm_i8x16_swizzle(table, high_nibbles(code)), zero);
    }
    store_sums(&rows0, out);
    store_sums(&rows16, out + 16);
}

/* 16 rows of two tables; an index is a nibble. */
static inline void look_up_pair(row_sums *sums, v128_t lut0, v128_t lut1, v128_t index0,
                                v128_t index1) {
    add_pair(sums, wasm_i8x16_swizzle(lut0, index0), wasm_i8x16_swizzle(lut1, index1));
}

void rk_scan_block_pair(const uint8_t *restrict codes, const uint8_t *restrict lut,
                        const uint8_t *restrict other_lut, size_t tables, uint16_t *restrict out,
                        uint16_t *restrict other_out) {
    const v128_t zero = wasm_i32x4_const(0, 0, 0, 0), low_nibble = wasm_i8x16_splat(15);
    row_sums rows0 = {zero, zero}, rows16 = rows0, other0 = rows0, other16 = rows0;
    for (; tables >= 2; tables -= 2, codes += 32, lut += 32, other_lut += 32) {
        const v128_t code0 = wasm_v128_load(codes), code1 = wasm_v128_load(codes + 16);
        const v128_t low0 = wasm_v128_and(code0, low_nibble), high0 = high_nibbles(code0);
        const v128_t low1 = wasm_v128_and(code1, low_nibble), high1 = high_nibbles(code1);
        const v128_t lut0 = wasm_v128_load(lut), lut1 = wasm_v128_load(lut + 16);
        look_up_pair(&rows0, lut0, lut1, low0, low1);
        look_up_pair(&rows16, lut0, lut1, high0, high1);
        const v128_t next0 = wasm_v128_load(other_lut), next1 = wasm_v128_load(other_lut + 16);
        look_up_pair(&other0, next0, next1, low0, low1);
        look_up_pair(&other16, next0, next1, high0, high1);
    }
    if (tables > 0) {
        const v128_t code = wasm_v128_load(codes), low = wasm_v128_and(code, low_nibble);
        const v128_t high = high_nibbles(code);
        const v128_t table = wasm_v128_load(lut), other = wasm_v128_load(other_lut);
        add_pair(&rows0, wasm_i8x16_swizzle(table, low), zero);
        add_pair(&rows16, wasm_i8x16_swizzle(table, high), zero);
        add_pair(&other0, wasm_i8x16_swizzle(other, low), zero);
        add_pair(&other16, wasm_i8x16_swizzle(other, high), zero);
    }
    store_sums(&rows0, out);
    store_sums(&rows16, out + 16);
    store_sums(&other0, other_out);
    store_sums(&other16, other_out + 16);
}

/* Eight rows, all ones where above. */
static inline v128_t above_8(const uint16_t *sums, const int16_t *needs, v128_t scale,
                             v128_t base) {
    const v128_t need = wasm_i16x8_q15mulr_sat(wasm_v128_load(needs), scale);
    return wasm_i16x8_gt(wasm_v128_load(sums), wasm_i16x8_add_sat(need, base));
}

static inline uint32_t above_16(const uint16_t *sums, const int16_t *needs, v128_t scale,
                                v128_t base) {
    return wasm_i8x16_bitmask(wasm_i8x16_narrow_i16x8(above_8(sums, needs, scale, base),
                                                      above_8(sums + 8, needs + 8, scale, base)));
}

void rk_rows_above(const uint16_t *restrict sums, const int16_t *restrict needs, size_t rows,
                   int16_t scale, int16_t base, uint32_t *restrict masks) {
    const v128_t scale_i16x8 = wasm_i16x8_splat(scale), base_i16x8 = wasm_i16x8_splat(base);
    for (; rows >= 32; rows -= 32, sums += 32, needs += 32) {
        const uint32_t low = above_16(sums, needs, scale_i16x8, base_i16x8);
        *masks++ = low | above_16(sums + 16, needs + 16, scale_i16x8, base_i16x8) << 16;
    }
    if (rows > 0) *masks = 0;
#pragma clang loop vectorize(disable) unroll(disable)
    for (size_t row = 0; row < rows; row++) {
        const int32_t need = base + ((scale * needs[row] + (1 << 14)) >> 15);
        *masks |= (uint32_t)(sums[row] > RK_MAX(INT16_MIN, RK_MIN(need, INT16_MAX))) << row;
    }
}

void rk_take_cells(const uint8_t *restrict codes, unsigned shift, uint8_t *restrict cells,
                   size_t tables) {
    const v128_t two_bits = wasm_i8x16_splat(3);
    size_t table = 0;
    for (; table + 8 <= tables; table += 8, codes += 128) {
        v128_t bytes = wasm_i32x4_const(0, 0, 0, 0);
        bytes = wasm_v128_load8_lane(codes, bytes, 0);
        bytes = wasm_v128_load8_lane(codes + 16, bytes, 1);
        bytes = wasm_v128_load8_lane(codes + 32, bytes, 2);
        bytes = wasm_v128_load8_lane(codes + 48, bytes, 3);
        bytes = wasm_v128_load8_lane(codes + 64, bytes, 4);
        bytes = wasm_v128_load8_lane(codes + 80, bytes, 5);
        bytes = wasm_v128_load8_lane(codes + 96, bytes, 6);
        bytes = wasm_v128_load8_lane(codes + 112, bytes, 7);
        const v128_t first = wasm_u16x8_shr(bytes, shift), second = wasm_u16x8_shr(first, 2);
        const v128_t both = wasm_i8x16_shuffle(first, second, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5,
                                               21, 6, 22, 7, 23);
        wasm_v128_store(cells + 2 * table, wasm_v128_and(both, two_bits));
    }
#pragma clang loop vectorize(disable) unroll(disable)
    for (; table < tables; table++, codes += 16) {
        const unsigned nibble = (unsigned)codes[0] >> shift;
        cells[2 * table] = (uint8_t)(nibble & 3u);
        cells[2 * table + 1] = (uint8_t)(nibble >> 2 & 3u);
    }
}
