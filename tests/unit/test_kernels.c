/* Kernels: the scalar definition against naive models, and rk_NAME against the definition at every
 * length, offset and guard page. */
#include "kernels_digest.h"

#include "check.h"

#include <math.h>

static regions guarded;

static int map_guarded_regions(void **state) {
    (void)state;
    for (int region = 0; region < REGION_COUNT; region++) {
        guarded.end[region] = guarded_end();
        if (!guarded.end[region]) return -1;
    }
    return 0;
}

static void every_kernel_equals_its_definition(void **state) {
    (void)state;
    print_message("rk_NAME is %s\n", rk_kernels_name());
    const uint64_t seed = test_seed();
    assert_int_equal(compare_kernels(&guarded, seed), 0);
    assert_int_equal(compare_kernels(&guarded, seed + 1), 0);
}

static void digests_are_the_contract(void **state) {
    (void)state;
    assert_int_equal(print_digests(), 0);
}

/* ---- the lane order, a second time
 * -------------------------------------------------------------*/

/* Sum of lane, lane + step, ... folded as a tree: the halves first, then their sum. */
static float tree_sum(const float *lanes, unsigned lane, unsigned step) {
    if (step == 16) return lanes[lane];
    volatile float low = tree_sum(lanes, lane, 2 * step);
    volatile float high = tree_sum(lanes, lane + step, 2 * step);
    volatile float sum = low + high;
    return sum;
}

/* Straight from kernels.def: missing elements are added as zeros, nothing is fused. */
static float dot_by_contract(const float *a, const float *b, size_t n) {
    float lanes[16] = {0};
    for (size_t i = 0; i < (n + 15) / 16 * 16; i++) {
        volatile float product = i < n ? a[i] * b[i] : 0.0f;
        volatile float sum = lanes[i % 16] + product;
        lanes[i % 16] = sum;
    }
    return tree_sum(lanes, 0, 1);
}

static void assert_same_bits(float got, float expected) {
    if (memcmp(&got, &expected, sizeof got) != 0)
        fail_msg("%a is not %a", (double)got, (double)expected);
}

enum { LONG = 700 };

static void float_kernels_keep_the_lane_order(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 0);
    static float a[3 * LONG], x[LONG], y[LONG], before[LONG];
    for (size_t n = 0; n <= LONG; n += n < 130 ? 1 : 57) {
        fill_f32(&rng, a, 3 * n);
        fill_f32(&rng, x, n);
        fill_f32(&rng, before, n);
        const float dot = dot_by_contract(a, x, n), norm = sqrtf(dot_by_contract(a, a, n));
        assert_same_bits(rk_dot_f32_scalar(a, x, n), dot);
        assert_same_bits(rk_dot_f32(a, x, n), dot);
        assert_same_bits(rk_norm_f32_scalar(a, n), norm);
        assert_same_bits(rk_norm_f32(a, n), norm);
        float rows[3], rows_scalar[3];
        rk_gemv_f32(a, x, rows, 3, n);
        rk_gemv_f32_scalar(a, x, rows_scalar, 3, n);
        for (size_t row = 0; row < 3; row++) {
            assert_same_bits(rows[row], dot_by_contract(a + row * n, x, n));
            assert_same_bits(rows_scalar[row], rows[row]);
        }
        memcpy(y, before, n * sizeof *y);
        rk_axpy_f32(-1.7f, x, y, n);
        for (size_t i = 0; i < n; i++) {
            volatile float product = -1.7f * x[i];
            assert_same_bits(y[i], before[i] + product);
        }
        memcpy(y, before, n * sizeof *y);
        rk_axpy_f32_scalar(-1.7f, x, y, n);
        for (size_t i = 0; i < n; i++) {
            volatile float product = -1.7f * x[i];
            assert_same_bits(y[i], before[i] + product);
        }
    }
}

/* Every number of columns with every length of a sum, and a few rows: each element in order of p.
 */
static void gemm_sums_in_order_at_every_shape(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 5);
    static float a[GEMM_ROWS * LONGEST], b[LONGEST * LONGEST], c[GEMM_ROWS * LONGEST],
        scalar[GEMM_ROWS * LONGEST];
    fill_f32(&rng, a, GEMM_ROWS * LONGEST);
    fill_f32(&rng, b, LONGEST * LONGEST);
    for (size_t n = 0; n <= LONGEST; n++) {
        for (size_t k = 0; k <= LONGEST; k++) {
            const size_t m = (n + k) % (GEMM_ROWS + 1);
            const bool transposed = rk_rng_below(&rng, 2);
            const size_t row = transposed ? 1 : k, column = transposed ? m : 1;
            rk_gemm_f32(a, row, column, b, c, m, k, n);
            rk_gemm_f32_scalar(a, row, column, b, scalar, m, k, n);
            if (memcmp(c, scalar, m * n * sizeof *c) != 0)
                fail_msg("m %zu, k %zu, n %zu, transposed %d", m, k, n, transposed);
            if (m == 0 || n == 0) continue;
            const size_t i = rk_rng_below(&rng, (uint32_t)m), j = rk_rng_below(&rng, (uint32_t)n);
            volatile float sum = 0.0f;
            for (size_t p = 0; p < k; p++) {
                volatile float product = a[i * row + p * column] * b[p * n + j];
                sum = sum + product;
            }
            assert_same_bits(c[i * n + j], sum);
        }
    }
}

/* The model above would accept a kernel that sums in another order if order did not show. Here the
 * naive order gives another answer, and the double sum says that both are good. */
static void order_matters_and_error_is_small(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 1);
    static float a[LONG], b[LONG];
    unsigned differ = 0;
    for (int round = 0; round < 50; round++) {
        float in_order = 0.0f;
        double exact = 0.0, magnitude = 0.0;
        for (size_t i = 0; i < LONG; i++) {
            a[i] = rk_rng_f32(&rng) - 0.5f;
            b[i] = rk_rng_f32(&rng) - 0.5f;
            in_order += a[i] * b[i];
            exact += (double)a[i] * (double)b[i];
            magnitude += fabs((double)a[i] * (double)b[i]);
        }
        const float got = rk_dot_f32(a, b, LONG);
        differ += got != in_order;
        // 44 additions a lane, 4 levels of the tree, one product: below 50 roundings.
        assert_true(fabs((double)got - exact) <= 50.0 * 0x1p-24 * magnitude);
    }
    assert_true(differ > 10);
}

static void fused_multiply_add_would_show(void **state) {
    (void)state;
    // (1 + e)(1 - e) = 1 - e^2 rounds to 1; fused with -1 it would leave -e^2.
    const float e = 0x1p-13f;
    float a[17] = {[0] = 1.0f, [16] = 1.0f + e}, b[17] = {[0] = -1.0f, [16] = 1.0f - e};
    assert_same_bits(rk_dot_f32_scalar(a, b, 17), 0.0f);
    assert_same_bits(rk_dot_f32(a, b, 17), 0.0f);
    float y[9], x[9];
    for (int i = 0; i < 9; i++) y[i] = -1.0f, x[i] = 1.0f - e;
    rk_axpy_f32(1.0f + e, x, y, 9);
    for (int i = 0; i < 9; i++) assert_same_bits(y[i], 0.0f);
}

/* ---- integers
 * ----------------------------------------------------------------------------------*/

static void dot_i8_is_exact(void **state) {
    (void)state;
    enum { LIMIT = 131071 };
    rk_rng rng = rk_rng_at(test_seed(), 2);
    int8_t *a = malloc(LIMIT), *b = malloc(LIMIT);
    assert_non_null(a);
    assert_non_null(b);
    memset(a, -128, LIMIT);
    memset(b, -128, LIMIT);
    assert_int_equal(rk_dot_i8_scalar(a, b, LIMIT), 131071 * 16384); // the stated range's end
    assert_int_equal(rk_dot_i8(a, b, LIMIT), 131071 * 16384);
    for (int round = 0; round < 200; round++) {
        const size_t n = rk_rng_below(&rng, 300);
        fill_i8(&rng, a, n);
        fill_i8(&rng, b, n);
        int64_t expected = 0;
        for (size_t i = 0; i < n; i++) expected += (int64_t)a[i] * b[i];
        assert_int_equal(rk_dot_i8_scalar(a, b, n), expected);
        assert_int_equal(rk_dot_i8(a, b, n), expected);
    }
    free(a);
    free(b);
}

static void dot_i16_is_exact(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 3);
    static int16_t a[512], b[512];
    for (int round = 0; round < 500; round++) {
        const size_t n = round == 0 ? 512 : rk_rng_below(&rng, 513);
        fill_i16(&rng, a, n, 253);
        fill_i16(&rng, b, n, 16383);
        for (size_t i = 0; round == 0 && i < n; i++) a[i] = -253, b[i] = 16383; // the range's end
        int64_t expected = 0;
        for (size_t i = 0; i < n; i++) expected += (int64_t)a[i] * b[i];
        assert_int_equal(rk_dot_i16_scalar(a, b, n), expected);
        assert_int_equal(rk_dot_i16(a, b, n), expected);
    }
    // The widest single products: (-2^15)^2 is 2^30.
    a[0] = INT16_MIN, b[0] = INT16_MIN;
    assert_int_equal(rk_dot_i16(a, b, 1), 1 << 30);
    assert_int_equal(rk_dot_i16_scalar(a, b, 1), 1 << 30);
}

/* Packs by FORMAT.md's "vec.low", one bit at a time. */
static void pack_low(const unsigned *six, size_t n, uint8_t *low) {
    memset(low, 0, n / 2 + n / 4);
    for (size_t i = 0; i < n; i++) {
        for (unsigned bit = 0; bit < 6; bit++) {
            if (!(six[i] >> bit & 1)) continue;
            const size_t at = bit < 4 ? 4 * i + bit : 4 * n + 2 * i + (bit - 4);
            low[at / 8] = (uint8_t)(low[at / 8] | 1u << (at % 8));
        }
    }
}

static void decode_row_follows_the_format(void **state) {
    (void)state;
    // Every (cell, low) once, at every position modulo 16.
    enum { N = 256 };
    for (unsigned shift = 0; shift < 16; shift++) {
        uint8_t cells[N], low[N];
        unsigned six[N];
        int16_t out[N], out_scalar[N];
        for (unsigned i = 0; i < N; i++) {
            cells[i] = (uint8_t)((i + shift) / 64 % 4);
            six[i] = (i + shift) % 64;
        }
        pack_low(six, N, low);
        rk_decode_row(cells, low, out, N);
        rk_decode_row_scalar(cells, low, out_scalar, N);
        for (unsigned i = 0; i < N; i++) {
            const int inner = (int)six[i], outer = 64 + 3 * (int)six[i];
            const int expected[4] = {-outer, -inner, inner, outer};
            assert_int_equal(out[i], expected[cells[i]]);
            assert_int_equal(out_scalar[i], expected[cells[i]]);
        }
    }
}

static void scan_block_sums_table_entries(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 4);
    static uint8_t codes[16 * 256], lut[16 * 256];
    for (size_t tables = 0; tables <= 256; tables += tables < 70 ? 1 : 31) {
        fill_u8(&rng, codes, 16 * tables, 256);
        fill_u8(&rng, lut, 16 * tables, 128);
        uint16_t out[32], out_scalar[32];
        rk_scan_block(codes, lut, tables, out);
        rk_scan_block_scalar(codes, lut, tables, out_scalar);
        for (unsigned row = 0; row < 32; row++) {
            unsigned expected = 0;
            for (size_t table = 0; table < tables; table++) {
                const uint8_t byte = codes[16 * table + row % 16];
                expected += lut[16 * table + (row < 16 ? byte % 16u : byte / 16u)];
            }
            assert_int_equal(out[row], expected);
            assert_int_equal(out_scalar[row], expected);
        }
    }
    memset(lut, 127, sizeof lut);
    uint16_t out[32];
    rk_scan_block(codes, lut, 256, out); // the largest sums there are
    for (unsigned row = 0; row < 32; row++) assert_int_equal(out[row], 256 * 127);
}

static void scan_block_pair_is_two_scans(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 7);
    static uint8_t codes[16 * 256], luts[2][16 * 256];
    for (size_t tables = 0; tables <= 256; tables += tables < 70 ? 1 : 31) {
        uint16_t out[4][32];
        fill_u8(&rng, codes, 16 * tables, 256);
        fill_u8(&rng, luts[0], 16 * tables, 128);
        fill_u8(&rng, luts[1], 16 * tables, 128);
        for (int query = 0; query < 2; query++)
            rk_scan_block_scalar(codes, luts[query], tables, out[query]);
        rk_scan_block_pair(codes, luts[0], luts[1], tables, out[2], out[3]);
        assert_memory_equal(out[2], out[0], 2 * sizeof out[0]);
        rk_scan_block_pair_scalar(codes, luts[0], luts[1], tables, out[2], out[3]);
        assert_memory_equal(out[2], out[0], 2 * sizeof out[0]);
    }
}

static void rows_above_is_one_comparison_a_row(void **state) {
    (void)state;
    enum { MOST_ROWS = 200 };
    rk_rng rng = rk_rng_at(test_seed(), 5);
    uint32_t above = 0, below = 0;
    for (int round = 0; round < 2000; round++) {
        uint16_t sums[MOST_ROWS];
        int16_t needs[MOST_ROWS], line[2];
        uint32_t masks[3][MOST_ROWS / 32 + 1];
        const size_t rows = rk_rng_below(&rng, MOST_ROWS + 1);
        for (size_t i = 0; i < rows; i++) sums[i] = (uint16_t)rk_rng_below(&rng, 1u << 15);
        random_line(&rng, needs, rows, line);
        for (size_t i = 0; i < rows / 2; i++) { /* a step from the line */
            const double need = floor(needs[i] * (double)line[0] / 32768.0 + 0.5) + line[1];
            const double near = need + (double)rk_rng_below(&rng, 3) - 1.0;
            if (near >= 0.0 && near <= 32767.0) sums[i] = (uint16_t)near;
        }
        rk_rows_above(sums, needs, rows, line[0], line[1], masks[0]);
        rk_rows_above_scalar(sums, needs, rows, line[0], line[1], masks[1]);
        rk_rows_above(sums, needs, rows, 0, INT16_MIN, masks[2]);
        for (size_t row = 0; row < (rows + 31) / 32 * 32; row++) {
            bool expected = false;
            if (row < rows) {
                const double need = floor(needs[row] * (double)line[0] / 32768.0 + 0.5) + line[1];
                expected = sums[row] > need && sums[row] < 32768 && need < 32767.0;
                above += expected;
                below += !expected;
            }
            assert_int_equal(masks[0][row / 32] >> (row % 32) & 1u, expected);
            assert_int_equal(masks[1][row / 32] >> (row % 32) & 1u, expected);
            assert_int_equal(masks[2][row / 32] >> (row % 32) & 1u, row < rows);
        }
    }
    assert_true(above > 1000 && below > 1000);
}

static void take_cells_reads_one_row(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 6);
    uint8_t codes[16 * 128], cells[256];
    for (size_t tables = 0; tables <= 128; tables++) {
        fill_u8(&rng, codes, 16 * tables, 256);
        for (unsigned row = 0; row < 32; row++) {
            rk_take_cells(codes + row % 16, row / 16 * 4, cells, tables);
            for (size_t table = 0; table < tables; table++) {
                const unsigned byte = codes[16 * table + row % 16];
                const unsigned nibble = row < 16 ? byte % 16 : byte / 16;
                assert_int_equal(cells[2 * table], nibble % 4);
                assert_int_equal(cells[2 * table + 1], nibble / 4);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kernel_equals_its_definition),
        cmocka_unit_test(digests_are_the_contract),
        cmocka_unit_test(float_kernels_keep_the_lane_order),
        cmocka_unit_test(gemm_sums_in_order_at_every_shape),
        cmocka_unit_test(order_matters_and_error_is_small),
        cmocka_unit_test(fused_multiply_add_would_show),
        cmocka_unit_test(dot_i8_is_exact),
        cmocka_unit_test(dot_i16_is_exact),
        cmocka_unit_test(decode_row_follows_the_format),
        cmocka_unit_test(scan_block_sums_table_entries),
        cmocka_unit_test(scan_block_pair_is_two_scans),
        cmocka_unit_test(rows_above_is_one_comparison_a_row),
        cmocka_unit_test(take_cells_reads_one_row),
    };
    return cmocka_run_group_tests(tests, map_guarded_regions, NULL);
}
