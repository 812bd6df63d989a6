/* Statistics of arms: the laws of merging against sums kept apart, ranges, forgetting, posteriors.
 */
#include "take.h"

#include "base/rng.h"
#include "model/bandit_state.h"

#include <math.h>

enum { KEYS = 30, DAYS = 12, FIRST_DAY = 20000, MOST_ROWS = KEYS * DAYS };

static uint64_t key_number(uint32_t i) {
    return i % 3 == 0   ? rk_arm_of_source(i)
           : i % 3 == 1 ? rk_arm_of_cluster(7, i)
                        : rk_arm_of_item(&i, sizeof i);
}

static rk_arm_table new_table(rk_memory *memory, uint32_t capacity) {
    return (rk_arm_table){TAKE(memory, rk_arm_row, capacity), 0, capacity};
}

static rk_arm_row random_row(rk_rng *rng) {
    return (rk_arm_row){
        .arm_day =
            rk_arm_day(key_number(rk_rng_below(rng, KEYS)), FIRST_DAY + rk_rng_below(rng, DAYS)),
        .trials = rk_rng_u32(rng) % (5 * RK_ARM_ONE),
        .rewards = rk_rng_u32(rng) % RK_ARM_ONE,
        .devices = rk_rng_below(rng, 2),
    };
}

static rk_arm_table random_table(rk_rng *rng, rk_memory *memory) {
    rk_arm_table table = new_table(memory, MOST_ROWS);
    for (uint32_t n = rk_rng_below(rng, 200); n > 0; n--)
        assert_int_equal(rk_arms_add(&table, random_row(rng), NULL), RK_OK);
    return table;
}

static void assert_tables_equal(const rk_arm_table *a, const rk_arm_table *b) {
    assert_int_equal(a->count, b->count);
    if (a->count > 0) assert_memory_equal(a->rows, b->rows, a->count * sizeof *a->rows);
}

static rk_arm_table merged(const rk_arm_table *a, const rk_arm_table *b, rk_memory *memory) {
    rk_arm_table sum = new_table(memory, MOST_ROWS);
    assert_int_equal(rk_arms_merge(&sum, a->rows, a->count, NULL), RK_OK);
    assert_int_equal(rk_arms_merge(&sum, b->rows, b->count, NULL), RK_OK);
    return sum;
}

static void merging_is_addition(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 1);
    for (int round = 0; round < 200; round++) {
        rk_memory memory = {0};
        const rk_arm_table a = random_table(&rng, &memory), b = random_table(&rng, &memory);
        const rk_arm_table c = random_table(&rng, &memory);
        const rk_arm_table ab = merged(&a, &b, &memory), ba = merged(&b, &a, &memory);
        const rk_arm_table bc = merged(&b, &c, &memory);
        const rk_arm_table left = merged(&ab, &c, &memory), right = merged(&a, &bc, &memory);
        assert_tables_equal(&ab, &ba);
        assert_tables_equal(&left, &right);
        /* The dumb model: every row of the three, summed one by one. */
        rk_arm_table naive = new_table(&memory, MOST_ROWS);
        const rk_arm_table *all[] = {&c, &a, &b};
        for (int t = 0; t < 3; t++)
            for (uint32_t i = 0; i < all[t]->count; i++)
                assert_int_equal(rk_arms_add(&naive, all[t]->rows[i], NULL), RK_OK);
        assert_tables_equal(&left, &naive);
        for (uint32_t i = 1; i < left.count; i++)
            assert_true(left.rows[i - 1].arm_day < left.rows[i].arm_day);
        rk_memory_free(&memory);
    }
}

static void forgetting_days_commutes_with_merging(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 2);
    for (int round = 0; round < 100; round++) {
        rk_memory memory = {0};
        rk_arm_table a = random_table(&rng, &memory), b = random_table(&rng, &memory);
        const uint32_t day = FIRST_DAY + rk_rng_below(&rng, DAYS + 1);
        rk_arm_table late = merged(&a, &b, &memory);
        rk_arms_forget(&late, day);
        rk_arms_forget(&a, day);
        rk_arm_table early = merged(&a, &b, &memory);
        rk_arms_forget(&early, day);
        assert_tables_equal(&early, &late);
        for (uint32_t i = 0; i < late.count; i++) assert_true(rk_row_day(&late.rows[i]) >= day);
        rk_memory_free(&memory);
    }
}

/* All or nothing: a full table, a sum beyond its range. */
static void what_does_not_fit_changes_nothing(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_error error;
    const uint64_t key = key_number(1);
    const rk_arm_row most = {rk_arm_day(key, 5), RK_ARM_MOST, RK_ARM_MOST, RK_ARM_MOST};
    rk_arm_table table = new_table(&memory, 2), before = new_table(&memory, 2);
    assert_int_equal(rk_arms_add(&table, most, NULL), RK_OK);
    assert_int_equal(rk_arms_merge(&before, table.rows, table.count, NULL), RK_OK);
    for (int field = 0; field < 3; field++) {
        const rk_arm_row one = {most.arm_day, field == 0, field == 1, field == 2};
        rk_arm_row rows[] = {{rk_arm_day(key, 4), 1, 0, 0}, one};
        assert_int_equal(rk_arms_add(&table, one, &error), RK_TOO_LARGE);
        assert_int_equal(rk_arms_merge(&table, rows, 2, &error), RK_TOO_LARGE);
        assert_int_equal(error.offset, 1);
        assert_tables_equal(&table, &before);
    }
    const rk_arm_row rows[] = {{rk_arm_day(key, 4), 1, 0, 0}, {rk_arm_day(key, 6), 1, 0, 0}};
    assert_int_equal(rk_arms_merge(&table, rows, 2, &error), RK_TOO_LARGE);
    assert_tables_equal(&table, &before);
    assert_int_equal(rk_arms_add(&table, rows[0], NULL), RK_OK);
    assert_int_equal(rk_arms_add(&table, rows[1], &error), RK_TOO_LARGE);
    assert_int_equal(table.count, 2);
    rk_memory_free(&memory);
}

static void a_day_counts_by_its_age(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_arm_table table = new_table(&memory, 300);
    const uint64_t key = key_number(2), other = key_number(4);
    for (uint32_t day = 100; day < 200; day++) {
        assert_int_equal(
            rk_arms_add(&table, (rk_arm_row){rk_arm_day(key, day), RK_ARM_ONE, RK_ARM_ONE / 2, 0},
                        NULL),
            RK_OK);
        assert_int_equal(
            rk_arms_add(&table, (rk_arm_row){rk_arm_day(other, day), 9 * RK_ARM_ONE, 0, 0}, NULL),
            RK_OK);
    }
    const rk_forgetting seven = rk_forgetting_of(7.0f), never = rk_forgetting_of(0.0f);
    assert_int_equal(seven.days, 43);
    double expected = 0.0;
    for (uint32_t age = 0; age < 43; age++) expected += pow(0.5, age / 7.0);
    rk_evidence evidence = {0.0, 0.0};
    rk_arms_evidence(&table, key, 199, &seven, &evidence);
    assert_true(fabs(evidence.trials - expected) < 1e-5);
    assert_true(fabs(evidence.rewards - expected / 2) < 1e-5);
    /* Days ahead of the clock count whole. */
    evidence = (rk_evidence){0.0, 0.0};
    rk_arms_evidence(&table, key, 99, &seven, &evidence);
    assert_true(evidence.trials == 100.0 && evidence.rewards == 50.0);
    evidence = (rk_evidence){0.0, 0.0};
    rk_arms_evidence(&table, key, 60000, &never, &evidence);
    assert_true(evidence.trials == 100.0);
    rk_arms_evidence(&table, key, 60000, &seven, &evidence);
    assert_true(evidence.trials == 100.0); /* nothing was added */
    assert_int_equal(rk_forgetting_of(1e6f).days, RK_FORGET_MOST_DAYS);
    rk_memory_free(&memory);
}

static void posteriors(void **state) {
    (void)state;
    const rk_beta prior = {2.0, 30.0};
    rk_beta p = rk_posterior(prior, (rk_evidence){100.0, 7.0});
    assert_true(p.alpha == 9.0 && p.beta == 123.0);
    p = rk_posterior(prior, (rk_evidence){3.0, 7.0}); /* a liar's */
    assert_true(p.alpha == 5.0 && p.beta == 30.0);
    p = rk_posterior(prior, (rk_evidence){0x1p40, 0x1p38});
    assert_true(p.alpha == 2.0 + 0x1p28 && p.beta == 30.0 + 0x1p30 - 0x1p28);
}

/* Keys of 200,000 different arms differ, and say their kind. */
static int compare_keys(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}
static void keys_are_different(void **state) {
    (void)state;
    enum { N = 200000 };
    uint64_t *keys = malloc(N * sizeof *keys);
    assert_non_null(keys);
    char id[24];
    for (uint32_t i = 0; i < N; i++) switch (i % 4) {
        case 0: keys[i] = rk_arm_of_source(i); break;
        case 1: keys[i] = rk_arm_of_cluster(i % 8, i / 8); break;
        default: keys[i] = rk_arm_of_item(id, (uint64_t)snprintf(id, sizeof id, "%u", i));
        }
    assert_int_equal(keys[0] >> RK_ARM_HASH_BITS, RK_ARM_SOURCE);
    assert_int_equal(keys[1] >> RK_ARM_HASH_BITS, RK_ARM_CLUSTER);
    assert_int_equal(keys[2] >> RK_ARM_HASH_BITS, RK_ARM_ITEM);
    qsort(keys, N, sizeof *keys, compare_keys);
    for (uint32_t i = 1; i < N; i++) assert_true(keys[i - 1] != keys[i]);
    free(keys);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merging_is_addition),
        cmocka_unit_test(forgetting_days_commutes_with_merging),
        cmocka_unit_test(what_does_not_fit_changes_nothing),
        cmocka_unit_test(a_day_counts_by_its_age),
        cmocka_unit_test(posteriors),
        cmocka_unit_test(keys_are_different),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
