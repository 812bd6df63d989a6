/* Boosts and related lists of the items file, in the numbering of a log that leaves items out; what
 * they count as in popularity and in the item-item rows. */
#include "naive_neighbors.h"

#include "learn/expert.h"
#include "learn/fit.h"

enum { ITEMS = 40 };

/* A random log with a boost for every third item, and related lists of up to 6; stated[a][b]: a
 * lists b. */
static log_builder told_log(rk_rng *rng, bool stated[ITEMS][ITEMS]) {
    log_builder b = random_log(rng, 150, 12, ITEMS - 3, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    float *boost = TAKE(&b.memory, float, ITEMS);
    uint32_t *begin = TAKE(&b.memory, uint32_t, ITEMS + 1);
    uint32_t *related = TAKE(&b.memory, uint32_t, ITEMS * ITEMS);
    uint32_t count = 0;
    assert_int_equal(b.items, ITEMS);
    memset(stated, 0, sizeof(bool[ITEMS][ITEMS]));
    for (uint32_t item = 0; item < ITEMS; item++) {
        if (item % 3 == 0) boost[item] = 40.0f * rk_rng_f32(rng);
        for (uint32_t i = rk_rng_below(rng, 7); i > 0; i--) {
            const uint32_t other = rk_rng_below(rng, ITEMS);
            stated[item][other] = other != item;
        }
        for (uint32_t other = 0; other < ITEMS; other++)
            if (stated[item][other]) related[count++] = other;
        begin[item + 1] = count;
    }
    b.boost = boost;
    b.related_begin = begin;
    b.related = related;
    return b;
}

static rk_log log_without_rare(log_builder *b, uint32_t min_item_events) {
    const rk_events_view view = log_view(b); // what the reader takes
    static rk_events_content content;
    content = view.content;
    const rk_rows rows = rows_in_order(&content, &b->memory);
    rk_log log;
    rk_error error;
    assert_int_equal(rk_log_build(&content, &rows, min_item_events, &b->memory, &log, &error),
                     RK_OK);
    return log;
}

static void lists_are_symmetric_and_renumbered(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 400);
    for (uint32_t least = 0; least < 3; least++) {
        bool stated[ITEMS][ITEMS];
        log_builder b = told_log(&rng, stated);
        const rk_log log = log_without_rare(&b, least);
        const rk_expert *expert = &log.expert;
        assert_true(least == 0 || log.items < ITEMS);
        for (uint32_t item = 0; item < log.items; item++) {
            const uint32_t file = log.file_item[item];
            uint64_t at = expert->related_begin[item];
            assert_true(expert->boost[item] == b.boost[file]);
            for (uint32_t other = 0; other < log.items; other++) {
                const uint32_t other_file = log.file_item[other];
                if (!stated[file][other_file] && !stated[other_file][file]) continue;
                assert_true(at < expert->related_begin[item + 1]);
                assert_int_equal(expert->related[at++], other);
            }
            assert_int_equal(at, expert->related_begin[item + 1]);
        }
        rk_memory_free(&b.memory);
    }
}

static void a_plain_log_has_no_experts(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 401);
    log_builder b = random_log(&rng, 50, 5, 9, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    const rk_log log = log_without_rare(&b, 0);
    assert_null(log.expert.boost);
    assert_null(log.expert.related_begin);
    rk_memory_free(&b.memory);
}

static void related_pairs_count_as_sessions(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 402);
    for (uint32_t round = 0; round < 8; round++) {
        bool stated[ITEMS][ITEMS];
        log_builder b = told_log(&rng, stated);
        const rk_log log = log_without_rare(&b, round % 2);
        const rk_neighbor_params params = {.window = 4,
                                           .top = 24,
                                           .forward = 0.85f,
                                           .backward = 0.5f,
                                           .length_power = 0.25f,
                                           .norm = 0.1f * (float)round,
                                           .related = (float)round};
        for (uint32_t threads = 1; threads <= 3; threads++)
            check_neighbors(&log, &params, threads, &b.memory);
        rk_memory_free(&b.memory);
    }
}

/* Boosts beside what people did, and overruled by it. */
static void boosts_count_as_events(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 403);
    static const float worth[] = {0.0f, 1.0f, 2.5f};
    for (uint32_t round = 0; round < 3; round++) {
        bool stated[ITEMS][ITEMS];
        log_builder b = told_log(&rng, stated);
        const rk_log log = log_without_rare(&b, 0);
        float liked[ITEMS] = {0};
        const rk_tuned tuned = {.boost = worth[round]};
        rk_snapshot_content content = {.meta = {.items = ITEMS}};
        assert_true(rk_fit_popularity(&log, &tuned, &b.memory, &content));
        const float *popularity = content.popularity;
        const uint32_t listed = content.meta.popular_count;
        for (uint64_t i = 0; i < log.events; i++) liked[log.item[i]] += log.weight[i];
        for (uint32_t item = 0; item < ITEMS; item++) {
            const float want = liked[item] + worth[round] * b.boost[item];
            assert_true(fabsf(popularity[item] - want) < 1e-4f);
        }
        for (uint32_t i = 1; i < listed; i++)
            assert_true(popularity[content.popular[i - 1]] >= popularity[content.popular[i]]);
        assert_int_equal(listed, ITEMS);
        rk_memory_free(&b.memory);
    }
}

static void allocations_may_fail(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 404);
    bool stated[ITEMS][ITEMS];
    log_builder b = told_log(&rng, stated);
    const rk_events_content content = log_content(&b);
    rk_log log = log_without_rare(&b, 0);
    uint64_t take = 0;
    for (bool ok = false; !ok; take++) {
        rk_memory_fail_after(take);
        ok = rk_expert_read(&content, &b.memory, &log);
        rk_memory_fail_after(UINT64_MAX);
    }
    assert_int_equal(take - 1, 5);
    rk_memory_free(&b.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_symmetric_and_renumbered),
        cmocka_unit_test(a_plain_log_has_no_experts),
        cmocka_unit_test(related_pairs_count_as_sessions),
        cmocka_unit_test(boosts_count_as_events),
        cmocka_unit_test(allocations_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
