/* From trained vectors to codes: normalised, centred, rotated; what was never learnt is the mean.
 */
#include "take.h"

#include "base/rng.h"
#include "learn/build_vectors.h"
#include "model/vectors.h"
#include "simd/kernels.h"

#include <math.h>

enum { ITEMS = 120, DIM = 20 };

static rk_memory memory;
static float vectors[ITEMS * DIM];
static uint32_t known[ITEMS];

static int make_vectors(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 170);
    for (uint32_t i = 0; i < ITEMS * DIM; i++)
        vectors[i] = (1.0f + (float)(i / DIM)) * (rk_rng_normal(&rng) + 0.5f); // any length
    for (uint32_t item = 0; item < ITEMS; item++) known[item] = item % 10 == 9 ? 0 : item;
    memset(vectors + 50 * DIM, 0, DIM * sizeof(float)); // known, but no direction
    return 0;
}

static int free_vectors(void **state) {
    (void)state;
    rk_memory_free(&memory);
    return 0;
}

static rk_vector_table build_known(const uint32_t *of_item, uint64_t seed) {
    static float rotated[ITEMS * DIM];
    rk_vector_table table;
    memcpy(rotated, vectors, sizeof rotated);
    rk_rotate_vectors(rotated, of_item, ITEMS, DIM, seed);
    assert_true(rk_build_vectors(rotated, ITEMS, DIM, &memory, &table));
    return table;
}

static rk_vector_table build(uint64_t seed) {
    return build_known(known, seed);
}

/* Item 0 is 0 in `known`, so it counts as never learnt; so do every tenth and the zero row. */
static bool is_learnt(uint32_t item) {
    return known[item] != 0 && item != 50;
}

static void decoded(const rk_vector_table *table, uint32_t item, float *out) {
    const rk_snapshot_content content = {.meta = {.items = ITEMS, .dim = DIM},
                                         .vector_mean = table->mean,
                                         .vector_factors = table->factors,
                                         .vector_cells = table->cells,
                                         .vector_low = table->low};
    memset(out, 0, DIM * sizeof *out);
    rk_vector_accumulate(&content, item, 1.0f, out);
}

static double dot_f64(const float *a, const float *b) {
    double sum = 0.0;
    for (uint32_t i = 0; i < DIM; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

static void inner_products_survive(void **state) {
    (void)state;
    const rk_vector_table table = build(5);
    for (uint32_t a = 0; a < ITEMS; a++) {
        if (!is_learnt(a)) continue;
        float x[DIM], y[DIM];
        const float *u = vectors + a * DIM;
        decoded(&table, a, x);
        assert_true(fabs(sqrt(dot_f64(x, x)) - 1.0) < 0.03);
        for (uint32_t b = 0; b < a; b++) {
            if (!is_learnt(b)) continue;
            const float *v = vectors + b * DIM;
            decoded(&table, b, y);
            const double cosine = dot_f64(u, v) / sqrt(dot_f64(u, u) * dot_f64(v, v));
            assert_true(fabs(dot_f64(x, y) - cosine) < 0.04);
        }
    }
}

static void the_mean_is_that_of_learnt_unit_vectors(void **state) {
    (void)state;
    const rk_vector_table table = build(5);
    float mean[DIM] = {0};
    uint32_t count = 0;
    for (uint32_t item = 0; item < ITEMS; item++) count += is_learnt(item);
    for (uint32_t item = 0; item < ITEMS; item++) {
        const float *x = vectors + item * DIM;
        if (is_learnt(item)) rk_axpy_f32(1.0f / (float)count / rk_norm_f32(x, DIM), x, mean, DIM);
    }
    rk_vector_rotate(mean, DIM, 5);
    for (uint32_t i = 0; i < DIM; i++)
        assert_true(fabs((double)mean[i] - (double)table.mean[i]) < 1e-6);
}

static void what_was_not_learnt_is_the_mean(void **state) {
    (void)state;
    const rk_vector_table table = build(5);
    for (uint32_t item = 0; item < ITEMS; item++) {
        const rk_vector_factor factor = table.factors[item];
        if (is_learnt(item)) assert_true(factor.scan > 0.0f && factor.decode > 0.0f);
        if (is_learnt(item)) continue;
        float x[DIM];
        decoded(&table, item, x);
        assert_true(factor.scan == 0.0f && factor.decode == 0.0f);
        assert_memory_equal(x, table.mean, sizeof x);
    }
}

static void the_seed_turns_the_space(void **state) {
    (void)state;
    const rk_vector_table one = build(1), same = build(1), other = build(2);
    const uint64_t cell_bytes = rk_block_count(ITEMS) * rk_block_bytes(DIM);
    assert_memory_equal(one.cells, same.cells, cell_bytes);
    assert_memory_equal(one.low, same.low, ITEMS * rk_low_bytes(DIM));
    assert_memory_equal(one.factors, same.factors, ITEMS * sizeof *one.factors);
    assert_memory_equal(one.mean, same.mean, DIM * sizeof *one.mean);
    assert_memory_not_equal(one.cells, other.cells, cell_bytes);
}

/* FORMAT.md: rows past the last item are zero. */
static void padding_rows_are_zero(void **state) {
    (void)state;
    const rk_vector_table table = build(1);
    for (uint32_t row = ITEMS; row < rk_block_count(ITEMS) * 32; row++) {
        uint8_t cells[DIM];
        rk_cells_get(table.cells, DIM, row, cells);
        for (uint32_t i = 0; i < DIM; i++) assert_int_equal(cells[i], 0);
    }
}

static void nothing_learnt_at_all(void **state) {
    (void)state;
    static const uint32_t none[ITEMS] = {0};
    const rk_vector_table table = build_known(none, 1);
    for (uint32_t i = 0; i < DIM; i++) assert_true(table.mean[i] == 0.0f);
    for (uint32_t item = 0; item < ITEMS; item++) assert_true(table.factors[item].decode == 0.0f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inner_products_survive),
        cmocka_unit_test(the_mean_is_that_of_learnt_unit_vectors),
        cmocka_unit_test(what_was_not_learnt_is_the_mean),
        cmocka_unit_test(the_seed_turns_the_space),
        cmocka_unit_test(padding_rows_are_zero),
        cmocka_unit_test(nothing_learnt_at_all),
    };
    return cmocka_run_group_tests(tests, make_vectors, free_vectors);
}
