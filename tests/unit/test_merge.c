/* The merge of the sources' lists: order, who brought what, the limit, and clearing. */
#include "naive_merge.h"

static void rank_by_rank_each_item_once(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_candidates candidates = make_candidates(10, &memory);
    const rk_scored first[] = {{3.0f, 7}, {2.0f, 1}}, second[] = {{9.0f, 1}, {8.0f, 4}, {7.0f, 7}};
    const rk_scored *const lists[RK_SOURCE_COUNT] = {first, second, NULL};
    const uint32_t counts[RK_SOURCE_COUNT] = {2, 3, 0};
    rk_merge(lists, counts, &candidates);
    assert_int_equal(candidates.count, 3);
    static const uint32_t items[3] = {7, 1, 4}, sources[3] = {3, 3, 2};
    static const uint32_t first_rank[3] = {1, 2, 0}, second_rank[3] = {3, 1, 2};
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(candidates.item[i], items[i]);
        assert_int_equal(candidates.sources[i], sources[i]);
        assert_int_equal(candidates.rank[0][i], first_rank[i]);
        assert_int_equal(candidates.rank[1][i], second_rank[i]);
    }
    assert_true(candidates.score[0][0] == 3.0f && candidates.score[1][0] == 7.0f);
    assert_true(candidates.score[0][2] == 0.0f && candidates.score[1][2] == 8.0f);
    rk_memory_free(&memory);
}

static void nothing_merges_to_nothing(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_candidates candidates = make_candidates(10, &memory);
    const rk_scored *const lists[RK_SOURCE_COUNT] = {NULL};
    const uint32_t counts[RK_SOURCE_COUNT] = {0};
    rk_merge(lists, counts, &candidates);
    assert_int_equal(candidates.count, 0);
    rk_memory_free(&memory);
}

/* Full lists of different items: 1,024 places are dealt in turn, and an item that has a place still
 * learns of a later source. */
static void the_limit_cuts_every_list_alike(void **state) {
    (void)state;
    enum { EACH = RK_MAX_QUOTA, ITEMS = EACH * RK_SOURCE_COUNT };
    rk_memory memory = {0};
    rk_candidates candidates = make_candidates(ITEMS, &memory);
    rk_scored *full[RK_SOURCE_COUNT];
    const rk_scored *lists[RK_SOURCE_COUNT];
    uint32_t counts[RK_SOURCE_COUNT];
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        full[s] = TAKE(&memory, rk_scored, EACH);
        for (uint32_t i = 0; i < EACH; i++)
            full[s][i] = (rk_scored){-(float)i, i * RK_SOURCE_COUNT + s};
        lists[s] = full[s];
        counts[s] = EACH;
    }
    full[1][EACH - 1].item = full[0][0].item;
    naive_candidates *expected = TAKE(&memory, naive_candidates, 1);
    naive_merge(lists, counts, expected);
    rk_merge(lists, counts, &candidates);
    assert_int_equal(candidates.count, RK_MAX_CANDIDATES);
    assert_int_equal(candidates.rank[1][0], EACH);
    check_merged(&candidates, expected);
    rk_merge_clear(&candidates);
    for (uint32_t item = 0; item < ITEMS; item++) assert_int_equal(candidates.slot[item], 0);
    assert_int_equal(candidates.count, 0);
    rk_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rank_by_rank_each_item_once),
        cmocka_unit_test(nothing_merges_to_nothing),
        cmocka_unit_test(the_limit_cuts_every_list_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
