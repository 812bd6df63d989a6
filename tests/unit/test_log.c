/* Rows in order, the learners' view of a log, and where sessions are cut. */
#include "log_builder.h"

/* By the definition: a row before another if its user, then its time, then its number is lower. */
static void check_order(const rk_events_content *content, const rk_rows *rows) {
    assert_int_equal(rows->count, content->meta.events);
    for (uint64_t i = 1; i < rows->count; i++) {
        const uint64_t a = rows->row[i - 1], b = rows->row[i];
        const int64_t time_a = content->time ? content->time[a] : 0;
        const int64_t time_b = content->time ? content->time[b] : 0;
        const bool same_user = content->user[a] == content->user[b];
        assert_true(content->user[a] <= content->user[b]);
        if (same_user) assert_true(time_a <= time_b);
        if (same_user && time_a == time_b) assert_true(a < b);
    }
}

static void rows_by_user_time_and_number(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 130);
    for (uint32_t round = 0; round < 60; round++) {
        log_builder b = random_log(&rng, rk_rng_below(&rng, 800), 1 + rk_rng_below(&rng, 20), 30,
                                   round % 3, round % 2);
        const rk_events_content content = log_content(&b);
        const rk_rows rows = rows_in_order(&content, &b.memory);
        check_order(&content, &rows);
        rk_memory_free(&b.memory);
    }
}

static void an_empty_log_has_no_rows(void **state) {
    (void)state;
    log_builder b = log_of(0, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    const rk_events_content content = log_content(&b);
    const rk_rows rows = rows_in_order(&content, &b.memory);
    rk_log log;
    rk_error error;
    assert_int_equal(rows.count, 0);
    assert_int_equal(rk_log_build(&content, &rows, 0, &b.memory, &log, &error), RK_NO_EVENTS);
    assert_int_equal(error.status, RK_NO_EVENTS);
    rk_memory_free(&b.memory);
}

static void negative_times_come_first(void **state) {
    (void)state;
    log_builder b = log_of(3, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    add_event(&b, 0, 0, VIEW, 5);
    add_event(&b, 0, 1, VIEW, -((int64_t)1 << 53));
    add_event(&b, 0, 2, VIEW, (int64_t)1 << 53);
    const rk_events_content content = log_content(&b);
    const rk_rows rows = rows_in_order(&content, &b.memory);
    assert_int_equal(rows.row[0], 1);
    assert_int_equal(rows.row[1], 0);
    assert_int_equal(rows.row[2], 2);
    rk_memory_free(&b.memory);
}

static void the_strongest_label_counts_unless_one_is_negative(void **state) {
    (void)state;
    log_builder b = log_of(1, RK_TIME_NONE, RK_USERS_ARE_USERS);
    const rk_events_content content = log_content(&b);
    static const struct {
        uint32_t labels, type;
        float weight;
    } cases[] = {{VIEW, 0, 1.0f},         {LIKE, 1, 3.0f},        {HIDE, 2, -2.0f},
                 {SKIP, 3, 0.0f},         {VIEW | LIKE, 1, 3.0f}, {VIEW | SKIP, 0, 1.0f},
                 {LIKE | HIDE, 2, -2.0f}, {15, 2, -2.0f}};
    for (uint32_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        assert_int_equal(rk_event_type(&content, cases[c].labels), cases[c].type);
        assert_true(rk_event_weight(&content, cases[c].labels) == cases[c].weight);
    }
    rk_memory_free(&b.memory);
}

/* Likes of kept items, in the rows' order; counted here by plain loops. */
static void check_log(const rk_events_content *content, const rk_rows *rows, const rk_log *log,
                      uint32_t min_item_events) {
    uint64_t events = 0;
    uint32_t items = 0;
    for (uint32_t file_item = 0; file_item < content->meta.items; file_item++) {
        uint32_t likes = 0, rows_of_item = 0;
        for (uint64_t i = 0; i < rows->count; i++) {
            const uint64_t row = rows->row[i];
            likes += content->item[row] == file_item &&
                     rk_event_weight(content, content->label[row]) > 0.0f;
            if (content->item[row] != file_item) continue;
            const float weight = rk_event_weight(content, content->label[row]);
            rows_of_item |= weight > 0.0f ? 1u : weight < 0.0f ? 2u : 4u;
        }
        if (likes < min_item_events) {
            assert_int_equal(log->item_of_file[file_item], RK_NONE);
            continue;
        }
        assert_int_equal(log->item_of_file[file_item], items);
        assert_int_equal(log->file_item[items], file_item);
        assert_int_equal(log->item_rows[items], rows_of_item);
        assert_int_equal(log->item_events[items++], likes);
    }
    assert_int_equal(log->items, items);
    assert_int_equal(log->users, content->meta.users);
    for (uint64_t i = 0; i < rows->count; i++) {
        const uint64_t row = rows->row[i];
        const float weight = rk_event_weight(content, content->label[row]);
        const uint32_t item = log->item_of_file[content->item[row]];
        if (!(weight > 0.0f) || item == RK_NONE) continue;
        assert_int_equal(log->item[events], item);
        assert_true(log->weight[events] == weight);
        assert_int_equal(log->time[events], content->time ? content->time[row] : 0);
        assert_in_range(events, log->user_begin[content->user[row]],
                        log->user_begin[content->user[row] + 1] - 1);
        events++;
    }
    assert_int_equal(log->events, events);
    assert_int_equal(log->user_begin[0], 0);
    assert_int_equal(log->user_begin[log->users], events);
}

static void learners_see_likes_of_kept_items(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 131);
    for (uint32_t round = 0; round < 60; round++) {
        log_builder b = random_log(&rng, 1 + rk_rng_below(&rng, 500), 1 + rk_rng_below(&rng, 12),
                                   1 + rk_rng_below(&rng, 40), round % 3, round % 2);
        const rk_events_content content = log_content(&b);
        const rk_rows rows = rows_in_order(&content, &b.memory);
        const uint32_t least = round % 4 == 3 ? 12 : round % 4;
        rk_log log;
        const rk_status status = rk_log_build(&content, &rows, least, &b.memory, &log, NULL);
        if (status == RK_OK) check_log(&content, &rows, &log, least);
        if (status != RK_OK) assert_int_equal(status, RK_NO_EVENTS);
        if (status != RK_OK) assert_int_equal(log.events, 0);
        rk_memory_free(&b.memory);
    }
}

/* A session begins with a user and after a pause longer than the gap. */
static void check_sessions(const rk_log *log, int64_t gap_ms) {
    uint32_t session = 0;
    for (uint32_t user = 0; user < log->users; user++) {
        for (uint64_t i = log->user_begin[user]; i < log->user_begin[user + 1]; i++) {
            const bool first = i == log->user_begin[user];
            if (!first && (gap_ms == 0 || log->time[i] - log->time[i - 1] <= gap_ms)) continue;
            assert_int_equal(log->session_begin[session++], i);
        }
    }
    assert_int_equal(log->sessions, session);
    assert_int_equal(log->session_begin[session], log->events);
}

static void sessions_are_cut_at_gaps(void **state) {
    (void)state;
    static const int64_t gaps[] = {0, 1, 599999, 600000, 6000000, INT64_MAX};
    rk_rng rng = rk_rng_at(test_seed(), 132);
    for (uint32_t round = 0; round < 20; round++) {
        log_builder b = random_log(&rng, 300, 1 + rk_rng_below(&rng, 9), 20, RK_TIME_UNIX_MS,
                                   RK_USERS_ARE_USERS);
        const rk_events_content content = log_content(&b);
        rk_log log = log_of_content(&content, &b.memory);
        assert_true(log.cuttable);
        check_sessions(&log, 0); // whole users until somebody cuts
        for (uint32_t g = 0; g < 6; g++) {
            rk_log_cut(&log, gaps[g]);
            check_sessions(&log, gaps[g]);
        }
        rk_memory_free(&b.memory);
    }
}

static void only_people_with_times_are_cut(void **state) {
    (void)state;
    for (uint32_t time_kind = 0; time_kind < 3; time_kind++) {
        for (uint32_t user_kind = 0; user_kind < 2; user_kind++) {
            log_builder b = log_of(1, time_kind, user_kind);
            add_event(&b, 0, 0, VIEW, 7);
            const rk_events_content content = log_content(&b);
            const rk_log log = log_of_content(&content, &b.memory);
            assert_int_equal(log.cuttable,
                             time_kind == RK_TIME_UNIX_MS && user_kind == RK_USERS_ARE_USERS);
            assert_int_equal(log.time_kind, time_kind);
            rk_memory_free(&b.memory);
        }
    }
}

static void dislikes_alone_teach_nothing(void **state) {
    (void)state;
    log_builder b = log_of(2, RK_TIME_NONE, RK_USERS_ARE_USERS);
    add_event(&b, 0, 0, HIDE, 0);
    add_event(&b, 0, 1, SKIP, 0);
    const rk_events_content content = log_content(&b);
    const rk_rows rows = rows_in_order(&content, &b.memory);
    rk_log log;
    assert_int_equal(rk_log_build(&content, &rows, 0, &b.memory, &log, NULL), RK_NO_EVENTS);
    rk_memory_free(&b.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_by_user_time_and_number),
        cmocka_unit_test(an_empty_log_has_no_rows),
        cmocka_unit_test(negative_times_come_first),
        cmocka_unit_test(the_strongest_label_counts_unless_one_is_negative),
        cmocka_unit_test(learners_see_likes_of_kept_items),
        cmocka_unit_test(sessions_are_cut_at_gaps),
        cmocka_unit_test(only_people_with_times_are_cut),
        cmocka_unit_test(dislikes_alone_teach_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
