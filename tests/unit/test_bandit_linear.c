/* The linear model against a naive solver, its sums against sums kept apart, its rows against the
 * posterior's moments. */
#include "take.h"

#include "model/bandit_linear.h"

#include <math.h>

enum { MOST_DAYS = 8 };

static rk_linear_table new_table(rk_memory *memory, uint32_t dim, uint32_t capacity) {
    return (rk_linear_table){dim, 0, capacity,
                             TAKE(memory, int64_t, (uint64_t)capacity * rk_linear_words(dim))};
}

static void random_features(rk_rng *rng, uint32_t dim, int16_t *x) {
    float raw[RK_LINEAR_MOST_DIM];
    for (uint32_t i = 0; i < dim; i++) raw[i] = 0.6f * rk_rng_normal(rng);
    rk_linear_features(raw, dim, x);
}

static void add_random(rk_rng *rng, rk_linear_table *table, uint32_t decisions) {
    int16_t x[RK_LINEAR_MOST_DIM];
    for (uint32_t n = 0; n < decisions; n++) {
        const uint32_t day = 100 + rk_rng_below(rng, MOST_DAYS);
        random_features(rng, table->dim, x);
        assert_int_equal(rk_linear_add_trial(table, day, x, NULL), RK_OK);
        if (rk_rng_below(rng, 3) == 0)
            assert_int_equal(rk_linear_add_reward(table, day, x,
                                                  (int32_t)rk_rng_below(rng, RK_LINEAR_ONE + 1),
                                                  NULL),
                             RK_OK);
    }
}

static void features_are_rounded(void **state) {
    (void)state;
    const float raw[] = {0.0f, 1.0f, -1.0f, 3.0f, -1e30f, (float)NAN, 0.5f / 4096, 1.5f / 4096};
    const int16_t expected[] = {0, 4096, -4096, 4096, -4096, 0, 0, 2};
    int16_t x[8];
    rk_linear_features(raw, 8, x);
    assert_memory_equal(x, expected, sizeof x);
}

static void assert_equal(const rk_linear_table *a, const rk_linear_table *b) {
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->words, b->words, a->count * rk_linear_words(a->dim) * sizeof *a->words);
}

static void merging_is_addition(void **state) {
    (void)state;
    const uint64_t seed = test_seed();
    for (uint32_t dim = 1; dim <= RK_LINEAR_MOST_DIM; dim = dim * 3 + 1) {
        rk_memory memory = {0};
        rk_linear_table all = new_table(&memory, dim, MOST_DAYS);
        rk_linear_table sums[3], ab = new_table(&memory, dim, MOST_DAYS);
        rk_linear_table left = new_table(&memory, dim, MOST_DAYS);
        rk_linear_table right = new_table(&memory, dim, MOST_DAYS);
        rk_rng rng = rk_rng_at(seed, dim), again = rng;
        for (int i = 0; i < 3; i++) {
            sums[i] = new_table(&memory, dim, MOST_DAYS);
            add_random(&rng, &sums[i], 5u + 10u * (uint32_t)i);
            add_random(&again, &all, 5u + 10u * (uint32_t)i);
        }
        rk_linear_merge(&ab, &sums[0], NULL);
        rk_linear_merge(&ab, &sums[1], NULL);
        rk_linear_merge(&left, &ab, NULL);
        rk_linear_merge(&left, &sums[2], NULL);
        rk_linear_merge(&right, &sums[2], NULL);
        rk_linear_merge(&right, &sums[1], NULL);
        rk_linear_merge(&right, &sums[0], NULL);
        assert_equal(&left, &all);
        assert_equal(&right, &all);
        rk_linear_forget(&left, 104);
        for (uint32_t i = 0; i < left.count; i++)
            assert_true(rk_linear_block(&left, i)[RK_LINEAR_DAY] >= 104);
        rk_linear_forget(&sums[0], 104);
        rk_linear_forget(&right, 200);
        assert_int_equal(right.count, 0);
        rk_memory_free(&memory);
    }
}

static void what_does_not_fit_changes_nothing(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_rng rng = rk_rng_at(test_seed(), 1);
    rk_linear_table small = new_table(&memory, 3, 2), more = new_table(&memory, 3, MOST_DAYS);
    rk_linear_table before = new_table(&memory, 3, 2);
    const int16_t x[3] = {1, 2, 3};
    rk_error error;
    assert_int_equal(rk_linear_add_trial(&small, 50, x, NULL), RK_OK);
    assert_int_equal(rk_linear_merge(&before, &small, NULL), RK_OK);
    add_random(&rng, &more, 40);
    assert_true(more.count >= 2);
    assert_int_equal(rk_linear_merge(&small, &more, &error), RK_TOO_LARGE);
    assert_equal(&small, &before);
    rk_linear_table full = new_table(&memory, 3, 1);
    assert_int_equal(rk_linear_add_reward(&full, 50, x, 5, NULL), RK_OK);
    rk_linear_block(&full, 0)[RK_LINEAR_TRIALS] = RK_LINEAR_MOST_TRIALS;
    assert_int_equal(rk_linear_merge(&small, &full, &error), RK_TOO_LARGE);
    assert_equal(&small, &before);
    assert_int_equal(rk_linear_add_trial(&full, 50, x, &error), RK_TOO_LARGE);
    assert_int_equal(rk_linear_add_trial(&full, 51, x, &error), RK_TOO_LARGE);
    rk_linear_block(&full, 0)[RK_LINEAR_REWARDS] = RK_LINEAR_MOST_REWARDS;
    assert_int_equal(rk_linear_add_reward(&full, 50, x, 1, &error), RK_TOO_LARGE);
    rk_memory_free(&memory);
}

/* Solves (A) y = b by Gauss and Jordan with pivots: another way. */
static void naive_solve(const double *a, const double *b, uint32_t dim, double *y) {
    double m[RK_LINEAR_MOST_DIM][RK_LINEAR_MOST_DIM + 1];
    for (uint32_t i = 0; i < dim; i++) {
        for (uint32_t j = 0; j < dim; j++) m[i][j] = a[i * dim + j];
        m[i][dim] = b[i];
    }
    for (uint32_t c = 0; c < dim; c++) {
        uint32_t pivot = c;
        for (uint32_t i = c; i < dim; i++)
            if (fabs(m[i][c]) > fabs(m[pivot][c])) pivot = i;
        for (uint32_t j = 0; j <= dim; j++) {
            const double kept = m[c][j];
            m[c][j] = m[pivot][j], m[pivot][j] = kept;
        }
        for (uint32_t i = 0; i < dim; i++) {
            const double times = m[i][c] / m[c][c];
            for (uint32_t j = c; i != c && j <= dim; j++) m[i][j] -= times * m[c][j];
        }
    }
    for (uint32_t i = 0; i < dim; i++) y[i] = m[i][dim] / m[i][i];
}

/* Decisions kept one by one, summed in double with their weights. */
static void the_estimate_is_ridge_regression(void **state) {
    (void)state;
    enum { DECISIONS = 150 };
    const uint64_t seed = test_seed();
    for (uint32_t dim = 1; dim <= RK_LINEAR_MOST_DIM; dim = dim * 2 + 1) {
        rk_memory memory = {0};
        rk_rng rng = rk_rng_at(seed, dim);
        rk_linear_table first = new_table(&memory, dim, 10), second = new_table(&memory, dim, 10);
        const rk_linear_table *tables[] = {&first, &second};
        double *a = TAKE(&memory, double, dim *dim), *b = TAKE(&memory, double, dim);
        double *y = TAKE(&memory, double, dim), *side = TAKE(&memory, double, dim);
        for (uint32_t i = 0; i < dim; i++) a[i * dim + i] = 2.0;
        int16_t x[RK_LINEAR_MOST_DIM];
        for (uint32_t n = 0; n < DECISIONS; n++) {
            const uint32_t day = 30 + n % 7;
            const double weight = pow(0.5, (36.0 - day) / 3.0);
            const int32_t reward = n % 4 == 0 ? 4096 : n % 4 == 1 ? 1000 : 0;
            random_features(&rng, dim, x);
            rk_linear_add_trial(n % 2 ? &first : &second, day, x, NULL);
            rk_linear_add_reward(n % 3 ? &first : &second, day, x, reward, NULL);
            for (uint32_t i = 0; i < dim; i++) {
                for (uint32_t j = 0; j < dim; j++)
                    a[i * dim + j] += weight * x[i] / 4096.0 * x[j] / 4096.0;
                b[i] += weight * x[i] / 4096.0 * reward / 4096.0;
            }
        }
        rk_linear model = rk_linear_over(TAKE(&memory, unsigned char, rk_linear_bytes(dim)), dim);
        const rk_forgetting forgetting = rk_forgetting_of(3.0f);
        assert_true(rk_linear_read(&model, tables, 2, 36, &forgetting, 2.0));
        naive_solve(a, b, dim, y);
        for (uint32_t i = 0; i < dim; i++) assert_true(fabs(model.estimate[i] - y[i]) < 1e-6);
        /* sqrt(x^T A^-1 x) through the upper bound's row. */
        double worth = 0.0, square = 0.0;
        for (uint32_t i = 0; i < dim; i++) b[i] = x[i] / 4096.0;
        naive_solve(a, b, dim, side);
        for (uint32_t i = 0; i < dim; i++) worth += y[i] * b[i], square += side[i] * b[i];
        float row[RK_POLICY_ROUNDS];
        rk_linear_ucb_row(&model, x, 1.5, row);
        assert_true(fabs(row[0] - (worth + 1.5 * model.noise * sqrt(square))) < 1e-5);
        assert_true(row[RK_POLICY_ROUNDS - 1] == row[0]);
        /* A draw's mean and variance over many seeds: 20,480 draws. */
        double m1 = 0.0, m2 = 0.0;
        enum { SEEDS = 80 };
        for (uint32_t s = 0; s < SEEDS; s++) {
            rk_linear_draw(&model, rk_mix64(seed, s), 1.0);
            rk_linear_thompson_row(&model, x, row);
            for (uint32_t m = 0; m < RK_POLICY_ROUNDS; m++) {
                const double z = ((double)row[m] - worth) / (model.noise * sqrt(square));
                m1 += z, m2 += z * z;
            }
        }
        const double n = SEEDS * (double)RK_POLICY_ROUNDS;
        assert_true(fabs(m1 / n) < 5.0 / sqrt(n) + 1e-3);
        assert_true(fabs(m2 / n - 1.0) < 5.0 * sqrt(2.0 / n) + 1e-3);
        rk_memory_free(&memory);
    }
}

static void noise_is_that_of_the_rewards(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_linear_table table = new_table(&memory, 1, 1);
    const rk_linear_table *tables[] = {&table};
    const int16_t x[1] = {4096};
    rk_linear model = rk_linear_over(TAKE(&memory, unsigned char, rk_linear_bytes(1)), 1);
    const rk_forgetting never = rk_forgetting_of(0.0f);
    assert_true(rk_linear_read(&model, tables, 1, 0, &never, 1.0));
    assert_true(model.noise == 0.5 && model.estimate[0] == 0.0);
    for (uint32_t n = 0; n < 98; n++) rk_linear_add_trial(&table, 0, x, NULL);
    for (uint32_t n = 0; n < 4; n++) rk_linear_add_reward(&table, 0, x, RK_LINEAR_ONE, NULL);
    assert_true(rk_linear_read(&model, tables, 1, 0, &never, 1.0));
    assert_true(fabs(model.noise - sqrt(0.05 * 0.95)) < 1e-12);
    assert_true(fabs(model.estimate[0] - 4.0 / 99.0) < 1e-12);
    rk_memory_free(&memory);
}

/* Sums of decisions always are; a forged product mostly is not. */
static void impossible_sums_are_seen(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 4);
    static double scratch[RK_LINEAR_MOST_DIM * RK_LINEAR_MOST_DIM];
    for (uint32_t round = 0; round < 200; round++) {
        rk_memory memory = {0};
        const uint32_t dim = 2 + rk_rng_below(&rng, RK_LINEAR_MOST_DIM - 1);
        rk_linear_table table = new_table(&memory, dim, 1);
        int16_t x[RK_LINEAR_MOST_DIM];
        for (uint32_t n = 1 + rk_rng_below(&rng, 40); n > 0; n--) {
            random_features(&rng, dim, x);
            if (n % 2) memset(x + 1, 0, (dim - 1) * sizeof *x);
            rk_linear_add_trial(&table, 0, x, NULL);
        }
        int64_t *block = rk_linear_block(&table, 0), *products = block + RK_LINEAR_PRODUCTS;
        assert_true(rk_linear_is_possible(block, dim, scratch));
        const int64_t kept = products[1]; /* (1, 0): beyond sqrt of (0, 0) * (1, 1) */
        products[1] = (int64_t)(1.001 * sqrt((double)products[0] * (double)products[2])) + 100000;
        assert_false(rk_linear_is_possible(block, dim, scratch));
        products[1] = kept;
        products[2] = -100000;
        assert_false(rk_linear_is_possible(block, dim, scratch));
        rk_memory_free(&memory);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_are_rounded),
        cmocka_unit_test(merging_is_addition),
        cmocka_unit_test(what_does_not_fit_changes_nothing),
        cmocka_unit_test(the_estimate_is_ridge_regression),
        cmocka_unit_test(noise_is_that_of_the_rewards),
        cmocka_unit_test(impossible_sums_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
