/* What rises, what lies where, what few speak of: trending, places and explore, each against its
 * definition. */
#include "log_builder.h"

#include "learn/build_explore.h"
#include "learn/build_places.h"
#include "learn/build_trending.h"

#include <math.h>

/* ---- trending ---- */

enum { HOUR = 3600000 };
static const int64_t now = 1700000000000;

typedef struct rising {
    float *score;
    uint32_t top[RK_TRENDING_ROWS], count;
} rising;

static rising trend(log_builder *b, int64_t window_ms) {
    const rk_events_content content = log_content(b);
    const rk_log log = log_of_content(&content, &b->memory);
    rising out = {.score = TAKE(&b->memory, float, log.items)};
    assert_true(rk_build_trending(&log, window_ms, out.score, out.top, &out.count));
    return out;
}

/* `count` events of an item, spread over the hour that began `hours` ago. */
static void add_events(log_builder *b, uint32_t item, uint32_t count, uint32_t hours) {
    for (uint32_t i = 0; i < count; i++)
        add_event(b, i, item, VIEW, now - hours * (int64_t)HOUR + i * (int64_t)(HOUR - 1) / count);
}

/* Nine hours of `count` events of each of some items. */
static void add_steady(log_builder *b, uint32_t items, uint32_t count) {
    for (uint32_t hour = 1; hour <= RK_TRENDING_BASELINE + 1; hour++)
        for (uint32_t item = 0; item < items; item++) add_events(b, item, count, hour);
}

/* Ends the log: the last window begins an hour before. */
static void end_log(log_builder *b) {
    add_event(b, 0, 0, VIEW, now - 1);
}

static void three_clicks_do_not_win(void **state) {
    (void)state;
    log_builder b = log_of(10000, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    add_steady(&b, 10, 20);
    add_events(&b, 10, 3, 1); // three clicks from nothing
    add_events(&b, 11, 300, 1);
    end_log(&b);
    const rising r = trend(&b, HOUR);
    assert_int_equal(r.count, 1);
    assert_int_equal(r.top[0], 11);
    assert_true(r.score[10] == 0.0f && r.score[11] > 0.9f);
    rk_memory_free(&b.memory);
}

static void what_rises_beats_what_is_popular(void **state) {
    (void)state;
    log_builder b = log_of(20000, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    add_steady(&b, 1, 1000);
    for (uint32_t hour = 2; hour <= 9; hour++) {
        add_events(&b, 1, 10, hour);
        add_events(&b, 2, 10, hour);
    }
    add_events(&b, 1, 60, 1);
    add_events(&b, 2, 40, 1);
    end_log(&b);
    const rising r = trend(&b, HOUR);
    assert_int_equal(r.count, 2);
    assert_int_equal(r.top[0], 1);
    assert_int_equal(r.top[1], 2);
    assert_true(r.score[0] == 0.0f);
    rk_memory_free(&b.memory);
}

/* The whole log grew fivefold: nobody rose. */
static void a_busy_hour_lifts_nobody(void **state) {
    (void)state;
    log_builder b = log_of(20000, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    for (uint32_t hour = 2; hour <= 9; hour++)
        for (uint32_t item = 0; item < 10; item++) add_events(&b, item, 20, hour);
    for (uint32_t item = 0; item < 10; item++) add_events(&b, item, 100, 1);
    end_log(&b);
    assert_int_equal(trend(&b, HOUR).count, 0);
    rk_memory_free(&b.memory);
}

/* A log that is younger than the window has no past to rise from. */
static void without_a_past_nothing_rises(void **state) {
    (void)state;
    log_builder b = log_of(2000, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    for (uint32_t item = 0; item < 10; item++) add_events(&b, item, 10 * item, 1);
    end_log(&b);
    const rising r = trend(&b, HOUR);
    assert_int_equal(r.count, 0);
    for (uint32_t item = 0; item < 10; item++) assert_true(r.score[item] == 0.0f);
    rk_memory_free(&b.memory);
}

static void scores_are_the_naive_ones(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 340);
    uint32_t listed = 0;
    for (uint32_t round = 0; round < 40; round++) {
        log_builder b = random_log(&rng, 600, 20, 4 + rk_rng_below(&rng, 8), RK_TIME_UNIX_MS,
                                   RK_USERS_ARE_USERS);
        /* Item 1 is asked for late. */
        for (uint64_t i = 0; i < b.events; i++) {
            if (b.item[i] == 1 && rk_rng_below(&rng, 2)) b.time[i] = now + 600000 * 199;
        }
        const int64_t window = 600000 * (int64_t)(2 + rk_rng_below(&rng, 40));
        const rk_events_content content = log_content(&b);
        const rk_log log = log_of_content(&content, &b.memory);
        const rising r = trend(&b, window);
        int64_t newest = 0;
        for (uint64_t i = 0; i < log.events; i++) newest = RK_MAX(newest, log.time[i]);
        double all_recent = 0.0, all_before = 0.0;
        double *recent = TAKE(&b.memory, double, log.items);
        double *before = TAKE(&b.memory, double, log.items);
        for (uint64_t i = 0; i < log.events; i++) {
            const int64_t age = newest - log.time[i];
            if (age < window)
                recent[log.item[i]]++, all_recent++;
            else if (age < 9 * window)
                before[log.item[i]]++, all_before++;
        }
        uint32_t rose = 0;
        for (uint32_t item = 0; item < log.items; item++) {
            const double grew = all_before > 0 ? all_recent / (all_before / 8.0) : 0.0;
            const double rise =
                (recent[item] - 1.64 * sqrt(recent[item])) / (grew * before[item] / 8.0 + 3.0);
            const double want = rise > 1.0 && all_before > 0 ? rise / (1.0 + rise) : 0.0;
            if (fabs(rise - 1.0) < 1e-5) continue;
            assert_true(fabs((double)r.score[item] - want) < 1e-5);
            rose += want > 0.0;
        }
        assert_int_equal(r.count, rose);
        for (uint32_t i = 1; i < r.count; i++) {
            const float higher = r.score[r.top[i - 1]], here = r.score[r.top[i]];
            assert_true(higher > here || (higher == here && r.top[i - 1] < r.top[i]));
        }
        listed += r.count;
        rk_memory_free(&b.memory);
    }
    assert_true(listed > 20);
}

/* More items rise than the list holds: the best stay, ties by item. */
static void the_list_is_bounded(void **state) {
    (void)state;
    enum { ITEMS = 1500 };
    log_builder b = log_of(ITEMS * 13 + 2, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    add_event(&b, 0, ITEMS, VIEW, now - 2 * (int64_t)HOUR);
    for (uint32_t item = 0; item < ITEMS; item++) add_events(&b, item, 12 + (item == 1400), 1);
    add_event(&b, 0, ITEMS, VIEW, now - 1);
    const rising r = trend(&b, HOUR);
    assert_int_equal(r.count, RK_TRENDING_ROWS);
    assert_int_equal(r.top[0], 1400);
    for (uint32_t i = 1; i < r.count; i++) assert_int_equal(r.top[i], i - 1);
    assert_true(r.score[1200] > 0.0f); // it rises all the same
    rk_memory_free(&b.memory);
}

/* ---- places ---- */

static void places_are_sorted_by_code(void **state) {
    (void)state;
    enum { ITEMS = 300 };
    rk_rng rng = rk_rng_at(test_seed(), 341);
    for (uint32_t round = 0; round < 10; round++) {
        log_builder b = log_of(2 * ITEMS, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
        float *place = TAKE(&b.memory, float, 2 * ITEMS);
        for (uint32_t item = 0; item < ITEMS; item++) {
            const uint32_t kind = rk_rng_below(&rng, 4);
            place[2 * item] = 180.0f * rk_rng_f32(&rng) - 90.0f;
            place[2 * item + 1] = 360.0f * rk_rng_f32(&rng) - 180.0f;
            if (kind == 0) place[2 * item] = place[2 * item + 1] = RK_NO_PLACE;
            if (kind == 1) place[2 * item] = 90.0f, place[2 * item + 1] = -180.0f; // a tie
            for (uint32_t i = 0; i <= item % 2; i++) add_event(&b, 0, item, VIEW, 0);
        }
        b.place = place;
        const rk_events_content content = log_content(&b);
        const rk_rows rows = rows_in_order(&content, &b.memory);
        rk_log log;
        rk_place_table table;
        /* Odd items alone: numbers of the log are not those of the file. */
        assert_int_equal(rk_log_build(&content, &rows, 2, &b.memory, &log, NULL), RK_OK);
        assert_true(rk_build_places(&content, &log, &b.memory, &table));
        uint32_t placed = 0;
        for (uint32_t item = 0; item < log.items; item++) {
            const float *from = place + 2 * log.file_item[item];
            assert_true(table.place[item].latitude == from[0]);
            assert_true(table.place[item].longitude == from[1]);
            if (from[0] == RK_NO_PLACE) continue;
            placed++;
            uint32_t times = 0;
            for (uint32_t i = 0; i < table.count; i++) {
                if (table.item[i] != item) continue;
                times++;
                assert_int_equal(table.code[i], rk_place_code(table.place[item]));
            }
            assert_int_equal(times, 1);
        }
        assert_int_equal(table.count, placed);
        for (uint32_t i = 1; i < table.count; i++) {
            assert_true(table.code[i - 1] < table.code[i] ||
                        (table.code[i - 1] == table.code[i] && table.item[i - 1] < table.item[i]));
        }
        rk_memory_free(&b.memory);
    }
}

static void without_places_there_is_no_table(void **state) {
    (void)state;
    static const float nowhere[] = {RK_NO_PLACE, RK_NO_PLACE, RK_NO_PLACE, RK_NO_PLACE};
    for (uint32_t round = 0; round < 2; round++) {
        log_builder b = log_of(2, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
        for (uint32_t i = 0; i < 2; i++) add_event(&b, 0, i, VIEW, 0);
        b.place = round ? nowhere : NULL;
        const rk_events_content content = log_content(&b);
        const rk_log log = log_of_content(&content, &b.memory);
        rk_place_table table;
        assert_true(rk_build_places(&content, &log, &b.memory, &table));
        assert_int_equal(table.count, 0);
        rk_memory_free(&b.memory);
    }
}

/* ---- explore ---- */

static uint32_t explore(log_builder *b, uint32_t *out) {
    const rk_events_content content = log_content(b);
    const rk_log log = log_of_content(&content, &b->memory);
    uint32_t count;
    assert_true(rk_build_explore(&log, out, &count));
    for (uint32_t i = 1; i < count; i++) assert_true(out[i - 1] < out[i]);
    for (uint32_t i = 0; i < count; i++) {
        assert_in_range(out[i], 0, log.items - 1);
        assert_in_range(log.item_events[out[i]], 0, RK_EXPLORE_EVENTS);
    }
    return count;
}

static void few_events_are_explored(void **state) {
    (void)state;
    log_builder b = log_of(100, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    for (uint32_t item = 0; item < 9; item++)
        for (uint32_t i = 0; i < item; i++) add_event(&b, i, item, VIEW, 0);
    for (uint32_t i = 0; i < 20; i++) add_event(&b, i, 9, HIDE, 0); // all who met it
    for (uint32_t i = 0; i < 20; i++) add_event(&b, i, 10, i ? HIDE : SKIP, 0);
    for (uint32_t i = 0; i < 20; i++) add_event(&b, i, 11, i ? HIDE : VIEW, 0);
    b.items = 13; // and one that nobody met
    static uint32_t list[RK_EXPLORE_ROWS];
    static const uint32_t expected[] = {0, 1, 2, 3, 4, 10, 11, 12};
    assert_int_equal(explore(&b, list), 8);
    assert_memory_equal(list, expected, sizeof expected);
    rk_memory_free(&b.memory);
}

/* More than there is room for: those without an event, then the newest; dates beyond what a float
 * tells apart. */
static void the_untouched_come_first_then_the_newest(void **state) {
    (void)state;
    enum { TOUCHED = 4000, UNTOUCHED = 1000 };
    static uint32_t list[RK_EXPLORE_ROWS];
    log_builder b = log_of(2 * TOUCHED, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    for (uint32_t item = 0; item < TOUCHED; item++) {
        /* Older in the file is newer in time; an early second event does not make an item old. */
        add_event(&b, item, item, VIEW, now - item * (int64_t)HOUR);
        add_event(&b, item, item, VIEW, now - (TOUCHED + item) * (int64_t)HOUR);
    }
    b.items = TOUCHED + UNTOUCHED;
    const uint32_t kept = RK_EXPLORE_ROWS - UNTOUCHED;
    assert_int_equal(explore(&b, list), RK_EXPLORE_ROWS);
    for (uint32_t i = 0; i < RK_EXPLORE_ROWS; i++)
        assert_int_equal(list[i], i < kept ? i : TOUCHED + i - kept);
    rk_memory_free(&b.memory);
}

/* ---- all ---- */

static void every_failing_take_is_survived(void **state) {
    (void)state;
    static const float place[] = {1.0f, 2.0f, 3.0f, 4.0f};
    log_builder b = log_of(2, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    for (uint32_t i = 0; i < 2; i++) add_event(&b, 0, i, VIEW, now);
    b.place = place;
    const rk_events_content content = log_content(&b);
    const rk_log log = log_of_content(&content, &b.memory);
    static uint32_t list[RK_EXPLORE_ROWS];
    float scores[2];
    uint32_t count, survived[3] = {0};
    for (uint64_t take = 0; take < 8; take++) {
        rk_memory memory = {0};
        rk_place_table table;
        rk_memory_fail_after(take);
        survived[0] += !rk_build_trending(&log, HOUR, scores, list, &count);
        rk_memory_fail_after(take);
        survived[1] += !rk_build_places(&content, &log, &memory, &table);
        rk_memory_fail_after(take);
        survived[2] += !rk_build_explore(&log, list, &count);
        rk_memory_fail_after(UINT64_MAX);
        rk_memory_free(&memory);
    }
    assert_int_equal(survived[0], 3);
    assert_int_equal(survived[1], 5);
    assert_int_equal(survived[2], 3);
    rk_memory_free(&b.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_clicks_do_not_win),
        cmocka_unit_test(what_rises_beats_what_is_popular),
        cmocka_unit_test(a_busy_hour_lifts_nobody),
        cmocka_unit_test(without_a_past_nothing_rises),
        cmocka_unit_test(scores_are_the_naive_ones),
        cmocka_unit_test(the_list_is_bounded),
        cmocka_unit_test(places_are_sorted_by_code),
        cmocka_unit_test(without_places_there_is_no_table),
        cmocka_unit_test(few_events_are_explored),
        cmocka_unit_test(the_untouched_come_first_then_the_newest),
        cmocka_unit_test(every_failing_take_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
