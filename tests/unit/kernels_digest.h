/* What the native tests and the WASI command share: the comparison of every kernel with its scalar
 * definition, and digests of kernels, fmath, rng and bandits that must be the same on every host.
 */
#ifndef RK_TESTS_KERNELS_DIGEST_H
#define RK_TESTS_KERNELS_DIGEST_H

#include "guard_page.h"

#include "bandit_digest.h"

#include "base/fmath.h"
#include "base/rng.h"
#include "simd/kernels.h"

#include <stdio.h>

#define LONGEST   67
#define OFFSETS   16
#define GEMV_ROWS 5
#define GEMM_ROWS 9 // two tiles of four and one more

/* ---- comparison
 * --------------------------------------------------------------------------------*/

/* Each operand lies `offset` elements before the end of its region; at offset 0 it ends there. */
enum { REGION_A, REGION_B, REGION_OUT, REGION_COUNT };

typedef struct regions {
    unsigned char *end[REGION_COUNT];
} regions;

static inline void *before_end(const regions *where, int region, size_t elements, size_t offset,
                               size_t element_bytes) {
    return where->end[region] - (elements + offset) * element_bytes;
}

/* A float of either sign in [2^-12, 2^12), now and then a zero of either sign or a subnormal. */
static inline float random_f32(rk_rng *rng) {
    const uint32_t kind = rk_rng_below(rng, 32);
    const float sign = rk_rng_below(rng, 2) ? 1.0f : -1.0f;
    if (kind == 0) return sign * 0.0f;
    if (kind == 1) return sign * 0x1p-140f * rk_rng_f32(rng);
    return sign * (1.0f + rk_rng_f32(rng)) * rk_exp2f((float)rk_rng_below(rng, 24) - 12.0f);
}

/* In -limit..limit, the limits themselves often. */
static inline int32_t random_within(rk_rng *rng, int32_t limit) {
    const uint32_t kind = rk_rng_below(rng, 8);
    if (kind == 0) return limit;
    if (kind == 1) return -limit;
    return (int32_t)rk_rng_below(rng, 2 * (uint32_t)limit + 1) - limit;
}

static inline void fill_f32(rk_rng *rng, float *out, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = random_f32(rng);
}

static inline void fill_i8(rk_rng *rng, int8_t *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = (int8_t)(rk_rng_below(rng, 4) ? random_within(rng, 127) : -128);
}

static inline void fill_i16(rk_rng *rng, int16_t *out, size_t n, int32_t limit) {
    for (size_t i = 0; i < n; i++) out[i] = (int16_t)random_within(rng, limit);
}

static inline void fill_u8(rk_rng *rng, uint8_t *out, size_t n, uint32_t bound) {
    for (size_t i = 0; i < n; i++) out[i] = (uint8_t)rk_rng_below(rng, bound);
}

/* The region of an output before a call: `used` bytes end `offset_bytes` before its end. */
static inline void paint_output(const regions *where, unsigned char *copy) {
    memset(where->end[REGION_OUT] - GUARDED_BYTES, 0xA5, GUARDED_BYTES);
    memset(copy, 0xA5, GUARDED_BYTES);
}

/* Nothing but the expected output changed: `copy` is the painted region with it written in. */
static inline bool output_is(const regions *where, const unsigned char *copy) {
    return memcmp(where->end[REGION_OUT] - GUARDED_BYTES, copy, GUARDED_BYTES) == 0;
}

typedef bool compare_kernel(rk_rng *rng, const regions *where, size_t n, size_t offset,
                            unsigned char *copy);

static inline bool compare_dot_f32(rk_rng *rng, const regions *where, size_t n, size_t offset,
                                   unsigned char *copy) {
    (void)copy;
    float *a = before_end(where, REGION_A, n, offset, sizeof *a);
    float *b = before_end(where, REGION_B, n, offset * 3 % OFFSETS, sizeof *b);
    fill_f32(rng, a, n);
    fill_f32(rng, b, n);
    const float want = rk_dot_f32_scalar(a, b, n), got = rk_dot_f32(a, b, n);
    return memcmp(&want, &got, sizeof want) == 0;
}

static inline bool compare_norm_f32(rk_rng *rng, const regions *where, size_t n, size_t offset,
                                    unsigned char *copy) {
    (void)copy;
    float *a = before_end(where, REGION_A, n, offset, sizeof *a);
    fill_f32(rng, a, n);
    const float want = rk_norm_f32_scalar(a, n), got = rk_norm_f32(a, n);
    return memcmp(&want, &got, sizeof want) == 0;
}

static inline bool compare_axpy_f32(rk_rng *rng, const regions *where, size_t n, size_t offset,
                                    unsigned char *copy) {
    float want[LONGEST];
    const size_t y_offset = offset * 3 % OFFSETS;
    float *x = before_end(where, REGION_A, n, offset, sizeof *x);
    float *y = before_end(where, REGION_OUT, n, y_offset, sizeof *y);
    const float alpha = random_f32(rng);
    paint_output(where, copy);
    fill_f32(rng, x, n);
    fill_f32(rng, want, n);
    memcpy(y, want, n * sizeof *y);
    rk_axpy_f32_scalar(alpha, x, want, n);
    memcpy(copy + GUARDED_BYTES - (n + y_offset) * sizeof *y, want, n * sizeof *y);
    rk_axpy_f32(alpha, x, y, n);
    return output_is(where, copy);
}

static inline bool compare_gemv_f32(rk_rng *rng, const regions *where, size_t n, size_t offset,
                                    unsigned char *copy) {
    float want[GEMV_ROWS];
    const size_t rows = rk_rng_below(rng, GEMV_ROWS + 1);
    float *a = before_end(where, REGION_A, rows * n, offset, sizeof *a);
    float *x = before_end(where, REGION_B, n, offset * 3 % OFFSETS, sizeof *x);
    float *y = before_end(where, REGION_OUT, rows, offset, sizeof *y);
    paint_output(where, copy);
    fill_f32(rng, a, rows * n);
    fill_f32(rng, x, n);
    rk_gemv_f32_scalar(a, x, want, rows, n);
    memcpy(copy + GUARDED_BYTES - (rows + offset) * sizeof *y, want, rows * sizeof *y);
    rk_gemv_f32(a, x, y, rows, n);
    return output_is(where, copy);
}

/* n columns; k, m and whether A lies transposed are drawn. Every pair of n and k: test_kernels.c.
 */
static inline bool compare_gemm_f32(rk_rng *rng, const regions *where, size_t n, size_t offset,
                                    unsigned char *copy) {
    float want[GEMM_ROWS * LONGEST];
    const size_t k = rk_rng_below(rng, LONGEST + 1), m = rk_rng_below(rng, GEMM_ROWS + 1);
    const bool transposed = rk_rng_below(rng, 2);
    const size_t row = transposed ? 1 : k, column = transposed ? m : 1;
    float *a = before_end(where, REGION_A, m * k, offset, sizeof *a);
    float *b = before_end(where, REGION_B, k * n, offset * 3 % OFFSETS, sizeof *b);
    float *c = before_end(where, REGION_OUT, m * n, offset, sizeof *c);
    paint_output(where, copy);
    fill_f32(rng, a, m * k);
    fill_f32(rng, b, k * n);
    rk_gemm_f32_scalar(a, row, column, b, want, m, k, n);
    memcpy(copy + GUARDED_BYTES - (m * n + offset) * sizeof *c, want, m * n * sizeof *c);
    rk_gemm_f32(a, row, column, b, c, m, k, n);
    return output_is(where, copy);
}

static inline bool compare_dot_i8(rk_rng *rng, const regions *where, size_t n, size_t offset,
                                  unsigned char *copy) {
    (void)copy;
    int8_t *a = before_end(where, REGION_A, n, offset, 1);
    int8_t *b = before_end(where, REGION_B, n, offset * 3 % OFFSETS, 1);
    fill_i8(rng, a, n);
    fill_i8(rng, b, n);
    return rk_dot_i8_scalar(a, b, n) == rk_dot_i8(a, b, n);
}

static inline bool compare_dot_i16(rk_rng *rng, const regions *where, size_t n, size_t offset,
                                   unsigned char *copy) {
    (void)copy;
    int16_t *a = before_end(where, REGION_A, n, offset, sizeof *a);
    int16_t *b = before_end(where, REGION_B, n, offset * 3 % OFFSETS, sizeof *b);
    fill_i16(rng, a, n, 253);
    fill_i16(rng, b, n, 16383);
    return rk_dot_i16_scalar(a, b, n) == rk_dot_i16(a, b, n);
}

static inline bool compare_decode_row(rk_rng *rng, const regions *where, size_t n, size_t offset,
                                      unsigned char *copy) {
    if (n % 4 != 0) return true; // no such dimension
    int16_t want[LONGEST];
    uint8_t *cells = before_end(where, REGION_A, n, offset, 1);
    uint8_t *low = before_end(where, REGION_B, n / 2 + n / 4, offset * 3 % OFFSETS, 1);
    int16_t *out = before_end(where, REGION_OUT, n, offset, sizeof *out);
    paint_output(where, copy);
    fill_u8(rng, cells, n, 4);
    fill_u8(rng, low, n / 2 + n / 4, 256);
    rk_decode_row_scalar(cells, low, want, n);
    memcpy(copy + GUARDED_BYTES - (n + offset) * sizeof *out, want, n * sizeof *out);
    rk_decode_row(cells, low, out, n);
    return output_is(where, copy);
}

static inline bool compare_scan_block(rk_rng *rng, const regions *where, size_t n, size_t offset,
                                      unsigned char *copy) {
    uint16_t want[32];
    uint8_t *codes = before_end(where, REGION_A, 16 * n, offset, 1);
    uint8_t *lut = before_end(where, REGION_B, 16 * n, offset * 3 % OFFSETS, 1);
    uint16_t *out = before_end(where, REGION_OUT, 32, offset, sizeof *out);
    paint_output(where, copy);
    fill_u8(rng, codes, 16 * n, 256);
    fill_u8(rng, lut, 16 * n, 128);
    if (n > 0 && rk_rng_below(rng, 4) == 0) memset(lut, 127, 16 * n); // the largest sums
    rk_scan_block_scalar(codes, lut, n, want);
    memcpy(copy + GUARDED_BYTES - (32 + offset) * sizeof *out, want, sizeof want);
    rk_scan_block(codes, lut, n, out);
    return output_is(where, copy);
}

/* Needs of rows, and a line that they and sums below 2^15 are on both sides of: [0] scale, [1]
 * base. */
static inline void random_line(rk_rng *rng, int16_t *needs, size_t rows, int16_t line[2]) {
    for (size_t i = 0; i < rows; i++) needs[i] = (int16_t)(rk_rng_below(rng, 65535) - 32767u);
    line[0] = (int16_t)rk_rng_below(rng, 1u << 15);
    line[1] = (int16_t)(rk_rng_below(rng, 1u << 16) - (1u << 15));
}

static inline bool compare_rows_above(rk_rng *rng, const regions *where, size_t n, size_t offset,
                                      unsigned char *copy) {
    uint32_t want[LONGEST / 32 + 1];
    const size_t words = (n + 31) / 32;
    uint16_t *sums = before_end(where, REGION_A, n, offset, sizeof *sums);
    int16_t *needs = before_end(where, REGION_B, n, offset * 3 % OFFSETS, sizeof *needs), line[2];
    uint32_t *masks = before_end(where, REGION_OUT, words, offset, sizeof *masks);
    paint_output(where, copy);
    for (size_t i = 0; i < n; i++) sums[i] = (uint16_t)rk_rng_below(rng, 1u << 15);
    random_line(rng, needs, n, line);
    rk_rows_above_scalar(sums, needs, n, line[0], line[1], want);
    memcpy(copy + GUARDED_BYTES - (words + offset) * sizeof *masks, want, words * sizeof *masks);
    rk_rows_above(sums, needs, n, line[0], line[1], masks);
    return output_is(where, copy);
}

static inline bool compare_scan_block_pair(rk_rng *rng, const regions *where, size_t n,
                                           size_t offset, unsigned char *copy) {
    uint16_t want[64];
    const size_t lut_offset = offset * 3 % OFFSETS, between = rk_rng_below(rng, 9);
    uint8_t *codes = before_end(where, REGION_A, 16 * n, offset, 1);
    uint8_t *lut = before_end(where, REGION_B, 16 * n, lut_offset, 1);
    uint8_t *other_lut = before_end(where, REGION_B, 16 * n, lut_offset + 16 * n + between, 1);
    uint16_t *out = before_end(where, REGION_OUT, 32, offset, sizeof *out);
    uint16_t *other_out = before_end(where, REGION_OUT, 32, offset + 32 + between, sizeof *out);
    paint_output(where, copy);
    fill_u8(rng, codes, 16 * n, 256);
    fill_u8(rng, lut, 16 * n, 128);
    fill_u8(rng, other_lut, 16 * n, 128);
    rk_scan_block_pair_scalar(codes, lut, other_lut, n, want, want + 32);
    memcpy(copy + GUARDED_BYTES - (32 + offset) * sizeof *out, want, 64);
    memcpy(copy + GUARDED_BYTES - (64 + offset + between) * sizeof *out, want + 32, 64);
    rk_scan_block_pair(codes, lut, other_lut, n, out, other_out);
    return output_is(where, copy);
}

static inline bool compare_take_cells(rk_rng *rng, const regions *where, size_t n, size_t offset,
                                      unsigned char *copy) {
    uint8_t want[2 * LONGEST];
    const size_t used = n > 0 ? 16 * (n - 1) + 1 : 0; // a row's last byte is the block's last
    uint8_t *codes = before_end(where, REGION_A, used, offset, 1);
    uint8_t *cells = before_end(where, REGION_OUT, 2 * n, offset * 3 % OFFSETS, 1);
    const unsigned shift = 4 * rk_rng_below(rng, 2);
    paint_output(where, copy);
    fill_u8(rng, codes, used, 256);
    rk_take_cells_scalar(codes, shift, want, n);
    memcpy(copy + GUARDED_BYTES - (2 * n + offset * 3 % OFFSETS), want, 2 * n);
    rk_take_cells(codes, shift, cells, n);
    return output_is(where, copy);
}

/* Every kernel of the list has a comparison: a new one does not compile without. */
static const struct {
    const char *name;
    compare_kernel *compare;
} kernel_comparisons[] = {
#define RK_KERNEL(result, name, parameters, arguments) {#name, compare_##name},
#include "simd/kernels.def"
#undef RK_KERNEL
};

#define KERNEL_COUNT (sizeof kernel_comparisons / sizeof kernel_comparisons[0])

/* Number of (kernel, length, offset) whose bits differ; each is printed. */
static inline unsigned compare_kernels(const regions *where, uint64_t seed) {
    static unsigned char copy[GUARDED_BYTES];
    unsigned wrong = 0;
    for (size_t kernel = 0; kernel < KERNEL_COUNT; kernel++) {
        rk_rng rng = rk_rng_at(seed, kernel);
        for (size_t n = 0; n <= LONGEST; n++) {
            for (size_t offset = 0; offset < OFFSETS; offset++) {
                if (kernel_comparisons[kernel].compare(&rng, where, n, offset, copy)) continue;
                printf("%s differs from its definition: length %zu, offset %zu, seed %llu\n",
                       kernel_comparisons[kernel].name, n, offset, (unsigned long long)seed);
                wrong++;
            }
        }
    }
    return wrong;
}

/* ---- digests
 * -----------------------------------------------------------------------------------*/

/* FNV-1a, 64 bits (Fowler, Noll, Vo). */
static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++) hash = (hash ^ at[i]) * UINT64_C(0x100000001B3);
    return hash;
}

#define HASH_START UINT64_C(0xCBF29CE484222325)

typedef float function_f32(float x);

/* Over the finite floats, every 16411st of them: 260,000 values of all sizes and both signs. */
static inline uint64_t digest_function(function_f32 *function) {
    uint64_t hash = HASH_START;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 16411) {
        const uint32_t bits32 = (uint32_t)bits;
        float x;
        memcpy(&x, &bits32, sizeof x);
        if (!rk_is_finite_f32(x)) continue;
        const float y = function(x);
        if (y == y) hash = hash_bytes(hash, &y, sizeof y); // a NaN's bits are the host's
    }
    return hash;
}

static inline uint64_t digest_fmath(void) {
    static function_f32 *const functions[] = {
        rk_sqrtf, rk_expf, rk_exp2f, rk_logf,     rk_log2f,
        rk_sinf,  rk_cosf, rk_tanhf, rk_sigmoidf, rk_floorf,
    };
    uint64_t hash = HASH_START;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        const uint64_t one = digest_function(functions[i]);
        hash = hash_bytes(hash, &one, sizeof one);
    }
    rk_rng rng = rk_rng_at(1, 0);
    for (unsigned i = 0; i < 100000; i++) {
        const float x = rk_exp2f(64.0f * rk_rng_f32(&rng) - 32.0f);
        const float y = 8.0f * rk_rng_f32(&rng) - 4.0f;
        const float power = rk_powf(x, y);
        const int32_t rounded[3] = {rk_round_i32(x), rk_round_i16(x), rk_round_i8(y)};
        hash = hash_bytes(hash, &power, sizeof power);
        hash = hash_bytes(hash, rounded, sizeof rounded);
    }
    return hash;
}

static inline uint64_t digest_rng(void) {
    uint64_t hash = HASH_START;
    rk_rng rng = rk_rng_at(UINT64_C(0x0123456789ABCDEF), UINT64_C(0xFEDCBA9876543210));
    for (uint32_t i = 1; i <= 20000; i++) {
        const uint64_t words[4] = {rk_rng_u32(&rng), rk_rng_u64(&rng),
                                   rk_rng_below(&rng, i * 65537), rk_mix64(i, rng.counter)};
        const float singles[2] = {rk_rng_f32(&rng), rk_rng_normal(&rng)};
        const double uniform = rk_rng_f64(&rng);
        hash = hash_bytes(hash, words, sizeof words);
        hash = hash_bytes(hash, singles, sizeof singles);
        hash = hash_bytes(hash, &uniform, sizeof uniform);
    }
    return hash;
}

/* The answers of every kernel this build serves with (rk_NAME), at every length. */
static inline uint64_t digest_kernels(void) {
    static float a[GEMV_ROWS * LONGEST], b[LONGEST], y[LONGEST], rows[GEMV_ROWS];
    static int8_t a8[LONGEST], b8[LONGEST];
    static int16_t a16[LONGEST], b16[LONGEST], decoded[LONGEST];
    static uint8_t cells[LONGEST], low[LONGEST], codes[16 * LONGEST], lut[16 * LONGEST];
    uint64_t hash = HASH_START;
    rk_rng rng = rk_rng_at(2, 0);
    for (size_t n = 0; n <= LONGEST; n++) {
        fill_f32(&rng, a, GEMV_ROWS * n);
        fill_f32(&rng, b, n);
        fill_f32(&rng, y, n);
        fill_i8(&rng, a8, n);
        fill_i8(&rng, b8, n);
        fill_i16(&rng, a16, n, 253);
        fill_i16(&rng, b16, n, 16383);
        fill_u8(&rng, cells, n, 4);
        fill_u8(&rng, low, n, 256);
        fill_u8(&rng, codes, 16 * n, 256);
        fill_u8(&rng, lut, 16 * n, 128);
        const float sums[2] = {rk_dot_f32(a, b, n), rk_norm_f32(a, n)};
        const int32_t exact[2] = {rk_dot_i8(a8, b8, n), rk_dot_i16(a16, b16, n)};
        uint16_t scanned[32];
        rk_axpy_f32(0.7f, a, y, n);
        rk_gemv_f32(a, b, rows, GEMV_ROWS, n);
        rk_decode_row(cells, low, decoded, n - n % 4);
        rk_scan_block(codes, lut, n, scanned);
        hash = hash_bytes(hash, sums, sizeof sums);
        hash = hash_bytes(hash, exact, sizeof exact);
        hash = hash_bytes(hash, y, n * sizeof *y);
        hash = hash_bytes(hash, rows, sizeof rows);
        hash = hash_bytes(hash, decoded, (n - n % 4) * sizeof *decoded);
        hash = hash_bytes(hash, scanned, sizeof scanned);
    }
    return hash;
}

/* The same of the kernels that came later. */
static inline uint64_t digest_rows(void) {
    static uint8_t codes[16 * LONGEST], cells[2 * LONGEST], luts[2][16 * LONGEST];
    static uint16_t sums[LONGEST], scanned[64];
    static int16_t needs[LONGEST];
    int16_t line[2];
    uint32_t masks[LONGEST / 32 + 1];
    uint64_t hash = HASH_START;
    rk_rng rng = rk_rng_at(3, 0);
    for (size_t n = 0; n <= LONGEST; n++) {
        fill_u8(&rng, codes, 16 * n, 256);
        fill_u8(&rng, luts[0], 16 * n, 128);
        fill_u8(&rng, luts[1], 16 * n, 128);
        for (size_t i = 0; i < n; i++) sums[i] = (uint16_t)rk_rng_below(&rng, 1u << 15);
        random_line(&rng, needs, n, line);
        rk_rows_above(sums, needs, n, line[0], line[1], masks);
        rk_take_cells(codes, n % 2 * 4, cells, n);
        rk_scan_block_pair(codes, luts[0], luts[1], n, scanned, scanned + 32);
        hash = hash_bytes(hash, masks, (n + 31) / 32 * sizeof *masks);
        hash = hash_bytes(hash, cells, 2 * n);
        hash = hash_bytes(hash, scanned, sizeof scanned);
    }
    return hash;
}

/* Products of matrices: every number of columns and, in turn, every length of a sum. */
static inline uint64_t digest_gemm(void) {
    static float a[GEMM_ROWS * LONGEST], b[LONGEST * LONGEST], c[GEMM_ROWS * LONGEST];
    uint64_t hash = HASH_START;
    rk_rng rng = rk_rng_at(4, 0);
    for (size_t n = 0; n <= LONGEST; n++) {
        const size_t k = n * 29 % (LONGEST + 1), m = n % (GEMM_ROWS + 1);
        fill_f32(&rng, a, m * k);
        fill_f32(&rng, b, k * n);
        rk_gemm_f32(a, k, 1, b, c, m, k, n);
        hash = hash_bytes(hash, c, m * n * sizeof *c);
        rk_gemm_f32(a, 1, m, b, c, m, k, n);
        hash = hash_bytes(hash, c, m * n * sizeof *c);
    }
    return hash;
}

/* The numeric contract as six numbers: a host that computes others cannot replay a decision or
 * rebuild a snapshot. They change only with the contract itself. */
static const struct {
    const char *name;
    uint64_t (*compute)(void);
    uint64_t expected;
} digests[] = {
    {"kernels", digest_kernels, UINT64_C(0xDA01E48E40F42ACB)},
    {"rows", digest_rows, UINT64_C(0x74DC5E9BF1B2D20A)},
    {"gemm", digest_gemm, UINT64_C(0x3D8DB4DE18BE0C16)},
    {"fmath", digest_fmath, UINT64_C(0x129AA105246B4912)},
    {"rng", digest_rng, UINT64_C(0x98C051119273A331)},
    {"bandits", digest_bandits, UINT64_C(0xD95E6EB613B4C48F)},
};

#define DIGEST_COUNT (sizeof digests / sizeof digests[0])

/* Prints "name hex" lines, for comparing hosts; returns how many are not as expected. */
static inline unsigned print_digests(void) {
    unsigned wrong = 0;
    for (size_t i = 0; i < DIGEST_COUNT; i++) {
        const uint64_t got = digests[i].compute();
        printf("%s %016llx\n", digests[i].name, (unsigned long long)got);
        wrong += got != digests[i].expected;
    }
    return wrong;
}

#endif
