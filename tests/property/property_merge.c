/* Random lists merged over the same candidates again and again, against the naive merge. */
#include "naive_merge.h"

static void merges_like_the_naive_merge(void **state) {
    (void)state;
    enum { MOST_ITEMS = 3000, ROUNDS = 250 };
    rk_memory memory = {0};
    rk_rng rng = rk_rng_at(test_seed(), 60);
    rk_candidates candidates = make_candidates(MOST_ITEMS, &memory);
    naive_candidates *expected = TAKE(&memory, naive_candidates, 1);
    rk_scored *full[RK_SOURCE_COUNT];
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) full[s] = TAKE(&memory, rk_scored, RK_MAX_QUOTA);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const rk_scored *lists[RK_SOURCE_COUNT];
        uint32_t counts[RK_SOURCE_COUNT];
        const uint32_t items = 1 + rk_rng_below(&rng, round % 10 == 0 ? MOST_ITEMS : 300);
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
            counts[s] = rk_rng_below(&rng, RK_MIN(items, RK_MAX_QUOTA) + 1);
            if (rk_rng_below(&rng, 5) == 0) counts[s] = 0;
            random_list(&rng, items, counts[s], full[s]);
            lists[s] = full[s];
        }
        naive_merge(lists, counts, expected);
        rk_merge(lists, counts, &candidates);
        check_merged(&candidates, expected);
        rk_merge_clear(&candidates);
        for (uint32_t item = 0; item < MOST_ITEMS; item++)
            assert_int_equal(candidates.slot[item], 0);
    }
    rk_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(merges_like_the_naive_merge)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
