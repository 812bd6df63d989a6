/* Popularity against a plain sum in f64, and the list of the most popular items. */
#include "log_builder.h"

#include "learn/build_popularity.h"

#include <math.h>

/* The same log, popularity by the definition. */
static void check_popularity(const rk_log *log, int64_t half_life_ms, rk_memory *memory) {
    float *popularity = TAKE(memory, float, log->items);
    uint32_t *popular = TAKE(memory, uint32_t, log->items), listed = 0;
    assert_true(rk_build_popularity(log, half_life_ms, NULL, memory, popularity, popular, &listed));
    int64_t newest = log->time[0];
    for (uint64_t i = 0; i < log->events; i++) newest = RK_MAX(newest, log->time[i]);
    for (uint32_t item = 0; item < log->items; item++) {
        double sum = 0.0;
        for (uint64_t i = 0; i < log->events; i++) {
            if (log->item[i] != item) continue;
            const double age = (double)(newest - log->time[i]);
            sum += (double)log->weight[i] * (half_life_ms ? exp2(-age / (double)half_life_ms) : 1);
        }
        assert_true(fabs((double)popularity[item] - sum) <= 1e-5 * sum + 1e-37);
    }
    assert_int_equal(listed, RK_MIN(log->items, RK_POPULAR_ROWS));
    for (uint32_t i = 1; i < listed; i++) {
        const float before = popularity[popular[i - 1]], here = popularity[popular[i]];
        assert_true(before > here || (before == here && popular[i - 1] < popular[i]));
    }
    /* Nothing better is missing. */
    bool *is_listed = TAKE(memory, bool, log->items);
    for (uint32_t i = 0; i < listed; i++) is_listed[popular[i]] = true;
    for (uint32_t item = 0; item < log->items; item++) {
        const uint32_t last = popular[listed - 1];
        if (is_listed[item]) continue;
        assert_true(popularity[item] < popularity[last] ||
                    (popularity[item] == popularity[last] && item > last));
    }
}

static void is_the_decayed_weight_of_the_events(void **state) {
    (void)state;
    static const int64_t half_lives[] = {0, 1, 600000, 86400000, INT64_MAX};
    rk_rng rng = rk_rng_at(test_seed(), 150);
    for (uint32_t round = 0; round < 30; round++) {
        log_builder b = random_log(&rng, 20 + rk_rng_below(&rng, 500), 10, 1 + round * 2,
                                   RK_TIME_UNIX_MS, round % 2);
        const rk_events_content content = log_content(&b);
        const rk_log log = log_of_content(&content, &b.memory);
        check_popularity(&log, half_lives[round % 5], &b.memory);
        rk_memory_free(&b.memory);
    }
}

static void more_items_than_the_list_has_rows(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 151);
    log_builder b = random_log(&rng, 4000, 10, RK_POPULAR_ROWS + 300, RK_TIME_NONE, 0);
    const rk_events_content content = log_content(&b);
    const rk_log log = log_of_content(&content, &b.memory);
    assert_true(log.items > RK_POPULAR_ROWS);
    check_popularity(&log, 0, &b.memory);
    rk_memory_free(&b.memory);
}

static void half_a_life_ago_counts_half(void **state) {
    (void)state;
    log_builder b = log_of(3, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    add_event(&b, 0, 0, VIEW, 1000);
    add_event(&b, 0, 1, LIKE, 400);
    add_event(&b, 0, 2, VIEW, -200);
    const rk_events_content content = log_content(&b);
    const rk_log log = log_of_content(&content, &b.memory);
    float popularity[3];
    uint32_t popular[3], listed;
    assert_true(rk_build_popularity(&log, 600, NULL, &b.memory, popularity, popular, &listed));
    assert_true(popularity[0] == 1.0f && popularity[1] == 1.5f && popularity[2] == 0.25f);
    assert_int_equal(listed, 3);
    assert_int_equal(popular[0], 1);
    rk_memory_free(&b.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_decayed_weight_of_the_events),
        cmocka_unit_test(more_items_than_the_list_has_rows),
        cmocka_unit_test(half_a_life_ago_counts_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
