/* Each protocol by its definition: what is hidden, what is a case, and that nothing hidden is
 * learnt. */
#include "log_builder.h"

#include "learn/split.h"

enum { PROTOCOLS = RK_PROTOCOL_COLD_USER + 1 };

static rk_split split_log(log_builder *b, const rk_events_content *content, rk_protocol protocol,
                          double sample, uint64_t seed) {
    const rk_rows rows = rows_in_order(content, &b->memory);
    rk_split split;
    rk_error error;
    assert_int_equal(
        rk_split_events(content, &rows, protocol, sample, seed, &b->memory, &split, &error), RK_OK);
    return split;
}

static bool is_learnt(const rk_split *split, uint64_t row) {
    for (uint64_t i = 0; i < split->train.count; i++) {
        if (split->train.row[i] == row) return true;
    }
    return false;
}

/* True of any split: cases are runs of one user's rows, the relevant ones are not learnt, and what
 * is learnt is in order. */
static void check_split(const rk_events_content *content, const rk_split *split, uint64_t events) {
    for (uint64_t i = 1; i < split->train.count; i++) {
        const uint64_t a = split->train.row[i - 1], c = split->train.row[i];
        assert_true(content->user[a] <= content->user[c]);
        if (content->user[a] != content->user[c] || !content->time) continue;
        assert_true(content->time[a] < content->time[c] ||
                    (content->time[a] == content->time[c] && a < c));
    }
    for (uint32_t i = 0; i < split->case_count; i++) {
        const rk_case *test = &split->cases[i];
        assert_true(test->history_count > 0 && test->relevant_count > 0);
        assert_true(test->relevant_begin + test->relevant_count <= events);
        for (uint32_t k = 0; k < test->history_count; k++)
            assert_int_equal(content->user[split->row[test->history_begin + k]], test->user);
        for (uint32_t k = 0; k < test->relevant_count; k++) {
            const uint64_t row = split->row[test->relevant_begin + k];
            assert_int_equal(content->user[row], test->user);
            assert_false(is_learnt(split, row));
        }
    }
}

/* One user's rows in order. */
static uint32_t rows_of(const rk_events_content *content, const rk_rows *rows, uint32_t user,
                        uint64_t *out) {
    uint32_t count = 0;
    for (uint64_t i = 0; i < rows->count; i++) {
        if (content->user[rows->row[i]] == user) out[count++] = rows->row[i];
    }
    return count;
}

static const rk_case *case_of(const rk_split *split, uint32_t user) {
    const rk_case *found = NULL;
    for (uint32_t i = 0; i < split->case_count; i++) {
        if (split->cases[i].user != user) continue;
        assert_null(found); // one a user
        found = &split->cases[i];
    }
    return found;
}

static uint32_t distinct_items(const rk_events_content *content, const uint64_t *rows,
                               uint32_t count) {
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool first = true;
        for (uint32_t j = 0; j < i; j++) first &= content->item[rows[j]] != content->item[rows[i]];
        distinct += first;
    }
    return distinct;
}

static bool may_be_hidden(const rk_events_content *content, const uint64_t *rows, uint32_t count,
                          uint32_t at) {
    if (!(rk_event_weight(content, content->label[rows[at]]) > 0.0f)) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (i != at && content->item[rows[i]] == content->item[rows[at]]) return false;
    }
    return true;
}

static void check_leave_one_out(const rk_events_content *content, const rk_rows *rows,
                                const rk_split *split) {
    static uint64_t own[2000];
    uint64_t learnt = rows->count;
    for (uint32_t user = 0; user < content->meta.users; user++) {
        const uint32_t count = rows_of(content, rows, user, own);
        const rk_case *test = case_of(split, user);
        uint32_t last = RK_NONE;
        for (uint32_t i = 0; i < count; i++) {
            if (may_be_hidden(content, own, count, i)) last = i;
        }
        if (distinct_items(content, own, count) < 3 || last == RK_NONE) {
            assert_null(test);
            continue;
        }
        assert_non_null(test);
        assert_int_equal(test->relevant_count, 1);
        assert_int_equal(test->history_count, count - 1);
        const uint64_t hidden = split->row[test->relevant_begin];
        uint32_t at = 0;
        while (own[at] != hidden) at++;
        if (content->time) assert_int_equal(at, last);
        assert_true(may_be_hidden(content, own, count, at));
        for (uint32_t i = 0; i < count - 1; i++) // the rest is the history, in order
            assert_int_equal(split->row[test->history_begin + i], own[i < at ? i : i + 1]);
        learnt--;
    }
    assert_int_equal(split->train.count, learnt);
    assert_false(split->keep_seen);
    assert_int_equal(split->hides_random, content->time == NULL);
}

static void check_temporal(const rk_events_content *content, const rk_rows *rows,
                           const rk_split *split) {
    static uint64_t own[2000];
    uint64_t learnt = rows->count;
    for (uint32_t user = 0; user < content->meta.users; user++) {
        const uint32_t count = rows_of(content, rows, user, own);
        const rk_case *test = case_of(split, user);
        if (count < 3) assert_null(test);
        if (count < 3) continue;
        const uint32_t hidden = count / 5 > 0 ? count / 5 : 1;
        assert_non_null(test);
        assert_int_equal(test->relevant_count, hidden);
        assert_int_equal(test->history_count, count - hidden);
        for (uint32_t i = 0; i < count - hidden; i++)
            assert_int_equal(split->row[test->history_begin + i], own[i]);
        for (uint32_t i = 0; i < hidden; i++)
            assert_int_equal(split->row[test->relevant_begin + i], own[count - hidden + i]);
        learnt -= hidden;
    }
    assert_int_equal(split->train.count, learnt);
    assert_false(split->keep_seen);
}

/* Returns how many users are test sessions. */
static uint32_t check_session_split(const rk_events_content *content, const rk_rows *rows,
                                    const rk_split *split) {
    static uint64_t own[2000];
    uint32_t next = 0, test_sessions = 0;
    uint64_t learnt = 0;
    for (uint32_t user = 0; user < content->meta.users; user++) {
        const uint32_t count = rows_of(content, rows, user, own);
        uint32_t in_train = 0;
        for (uint32_t i = 0; i < count; i++) in_train += is_learnt(split, own[i]);
        learnt += in_train;
        if (in_train > 0) assert_int_equal(in_train, count); // a session is learnt whole or not
        if (in_train > 0 || count == 0) continue;
        test_sessions++;
        for (uint32_t prefix = 1; prefix < count; prefix++) {
            const rk_case *test = &split->cases[next++];
            assert_int_equal(test->user, user);
            assert_int_equal(test->history_count, prefix);
            assert_int_equal(test->relevant_count, 1);
            for (uint32_t i = 0; i < prefix; i++)
                assert_int_equal(split->row[test->history_begin + i], own[i]);
            assert_int_equal(split->row[test->relevant_begin], own[prefix]);
        }
    }
    assert_int_equal(next, split->case_count);
    assert_int_equal(split->train.count, learnt);
    assert_true(split->keep_seen);
    return test_sessions;
}

/* The cut by counting: at or after it lie a tenth of the rows, after it fewer. */
static void check_global_cut(const rk_events_content *content, const rk_rows *rows,
                             const rk_split *split) {
    static uint64_t own[2000];
    const bool sessions = content->meta.user_kind == RK_USERS_ARE_SESSIONS;
    const uint64_t wanted = rows->count / 10 > 0 ? rows->count / 10 : 1;
    int64_t cut = INT64_MAX;
    for (uint64_t i = 0; i < split->train.count; i++)
        for (uint64_t k = 0; k < rows->count; k++)
            if (!is_learnt(split, rows->row[k])) cut = RK_MIN(cut, content->time[rows->row[k]]);
    uint64_t since = 0, after = 0;
    for (uint64_t i = 0; i < rows->count && cut != INT64_MAX; i++) {
        const int64_t time = content->time[rows->row[i]];
        since += time >= cut;
        after += time > cut;
        assert_int_equal(is_learnt(split, rows->row[i]), time < cut);
    }
    if (cut != INT64_MAX) assert_true(since >= wanted && after < wanted);
    uint32_t next = 0;
    for (uint32_t user = 0; user < content->meta.users; user++) {
        const uint32_t count = rows_of(content, rows, user, own);
        uint32_t before = 0;
        while (before < count && is_learnt(split, own[before])) before++;
        if (before == count) continue;
        const uint32_t first = before > 0 ? before : sessions ? 1 : count - count / 2;
        const uint32_t last = before > 0 || !sessions ? first : count - 1;
        for (uint32_t history = first; history <= last && history < count; history++) {
            const rk_case *test = &split->cases[next++];
            assert_int_equal(test->user, user);
            assert_int_equal(test->history_count, history);
            assert_int_equal(test->relevant_count, before > 0 || !sessions ? count - history : 1);
            for (uint32_t i = 0; i < history; i++)
                assert_int_equal(split->row[test->history_begin + i], own[i]);
            for (uint32_t i = 0; i < test->relevant_count; i++)
                assert_int_equal(split->row[test->relevant_begin + i], own[history + i]);
        }
    }
    assert_int_equal(next, split->case_count);
    assert_int_equal(split->keep_seen, sessions);
}

/* A user is learnt from whole or not at all; who is not and likes something on both sides is a
 * case, in the order of the rows, and an item is on one side. */
static void check_cold_users(const rk_events_content *content, const rk_rows *rows,
                             const rk_split *split) {
    static uint64_t own[2000];
    uint32_t held_out = 0;
    for (uint32_t user = 0; user < content->meta.users; user++) {
        const uint32_t count = rows_of(content, rows, user, own);
        const rk_case *test = case_of(split, user);
        const bool hidden = count > 0 && !is_learnt(split, own[0]);
        held_out += hidden;
        for (uint32_t i = 0; i < count; i++) assert_int_equal(is_learnt(split, own[i]), !hidden);
        if (!test) continue;
        assert_true(hidden);
        assert_int_equal(test->history_count + test->relevant_count, count);
        uint32_t likes[2] = {0}, asked = 0, predicted = 0;
        for (uint32_t i = 0; i < count; i++) {
            const bool is_asked =
                asked < test->history_count && split->row[test->history_begin + asked] == own[i];
            if (!is_asked) assert_int_equal(split->row[test->relevant_begin + predicted], own[i]);
            likes[!is_asked] += rk_event_weight(content, content->label[own[i]]) > 0.0f;
            asked += is_asked;
            predicted += !is_asked;
        }
        assert_true(likes[0] > 0 && likes[1] > 0);
        for (uint32_t i = 0; i < test->history_count; i++) {
            for (uint32_t k = 0; k < test->relevant_count; k++)
                assert_true(content->item[split->row[test->history_begin + i]] !=
                            content->item[split->row[test->relevant_begin + k]]);
        }
    }
    assert_true(held_out >= split->case_count);
    assert_false(split->keep_seen);
}

static void check_cold_items(const rk_events_content *content, const rk_rows *rows,
                             const rk_split *split) {
    static uint64_t own[2000];
    uint64_t learnt = 0;
    for (uint32_t user = 0; user < content->meta.users; user++) {
        const uint32_t count = rows_of(content, rows, user, own);
        const rk_case *test = case_of(split, user);
        uint32_t warm = 0, cold = 0;
        for (uint32_t i = 0; i < count; i++) {
            const bool hidden = split->cold[content->item[own[i]]];
            assert_int_equal(is_learnt(split, own[i]), !hidden);
            learnt += !hidden;
            if (test && !hidden) assert_int_equal(split->row[test->history_begin + warm], own[i]);
            if (test && hidden) assert_int_equal(split->row[test->relevant_begin + cold], own[i]);
            warm += !hidden;
            cold += hidden;
        }
        assert_int_equal(test != NULL, warm > 0 && cold > 0);
        if (test) assert_int_equal(test->history_count, warm);
        if (test) assert_int_equal(test->relevant_count, cold);
    }
    assert_int_equal(split->train.count, learnt);
    assert_false(split->keep_seen);
}

/* Times the protocol can use: temporal-global is never asked without clock times. */
static uint32_t time_kind_of(rk_protocol protocol, uint32_t round) {
    return protocol == RK_PROTOCOL_TEMPORAL_GLOBAL ? RK_TIME_UNIX_MS : round % 3;
}

static void protocols_follow_their_definitions(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 140);
    for (uint32_t round = 0; round < 150; round++) {
        const rk_protocol protocol = (rk_protocol)(round % PROTOCOLS);
        log_builder b =
            random_log(&rng, 1 + rk_rng_below(&rng, 400), 1 + rk_rng_below(&rng, 40),
                       1 + rk_rng_below(&rng, 30), time_kind_of(protocol, round / PROTOCOLS),
                       round / (3 * PROTOCOLS) % 2);
        const rk_events_content content = log_content(&b);
        const rk_rows rows = rows_in_order(&content, &b.memory);
        const rk_split split = split_log(&b, &content, protocol, 1.0, round);
        check_split(&content, &split, rows.count);
        if (protocol == RK_PROTOCOL_LEAVE_ONE_OUT) check_leave_one_out(&content, &rows, &split);
        if (protocol == RK_PROTOCOL_TEMPORAL) check_temporal(&content, &rows, &split);
        if (protocol == RK_PROTOCOL_SESSIONS) check_session_split(&content, &rows, &split);
        if (protocol == RK_PROTOCOL_TEMPORAL_GLOBAL) check_global_cut(&content, &rows, &split);
        if (protocol == RK_PROTOCOL_COLD_ITEM) check_cold_items(&content, &rows, &split);
        if (protocol == RK_PROTOCOL_COLD_USER) check_cold_users(&content, &rows, &split);
        rk_memory_free(&b.memory);
    }
}

/* Long enough that shares can be told from luck. */
static log_builder many_users(uint32_t users, uint32_t time_kind) {
    log_builder b = log_of((uint64_t)users * 4, time_kind, RK_USERS_ARE_SESSIONS);
    for (uint32_t i = 0; i < users * 4; i++) add_event(&b, i / 4, i * 7 % 53, VIEW, i);
    return b;
}

static void a_tenth_of_the_sessions_is_hidden(void **state) {
    (void)state;
    log_builder b = many_users(2000, RK_TIME_ORDER);
    const rk_events_content content = log_content(&b);
    const rk_split split = split_log(&b, &content, RK_PROTOCOL_SESSIONS, 1.0, test_seed());
    assert_in_range(split.case_count / 3, 150, 250);
    assert_int_equal(split.train.count, 8000 - split.case_count / 3 * 4);
    rk_memory_free(&b.memory);
}

/* Where times are times the sessions that began last are hidden, exactly a tenth of them; many of
 * one day are told apart by their ids. */
static void the_newest_sessions_are_hidden(void **state) {
    (void)state;
    enum { SESSIONS = 1000, LENGTH = 3 };
    for (uint32_t days = 1; days <= SESSIONS; days *= 10) {
        log_builder b = log_of(SESSIONS * LENGTH, RK_TIME_UNIX_MS, RK_USERS_ARE_SESSIONS);
        for (uint32_t i = 0; i < SESSIONS * LENGTH; i++)
            add_event(&b, i / LENGTH, i * 7 % 53, VIEW,
                      (int64_t)(i / LENGTH * 37 % days) * 86400000 + i % LENGTH);
        const rk_events_content content = log_content(&b);
        const rk_split split = split_log(&b, &content, RK_PROTOCOL_SESSIONS, 1.0, test_seed());
        int64_t newest_learnt = INT64_MIN, oldest_hidden = INT64_MAX;
        for (uint64_t i = 0; i < split.train.count; i += LENGTH)
            newest_learnt = RK_MAX(newest_learnt, content.time[split.train.row[i]]);
        for (uint32_t i = 0; i < split.case_count; i += LENGTH - 1)
            oldest_hidden =
                RK_MIN(oldest_hidden, content.time[split.row[split.cases[i].history_begin]]);
        assert_int_equal(split.case_count, SESSIONS / 10 * (LENGTH - 1));
        assert_int_equal(split.train.count, SESSIONS * 9 / 10 * LENGTH);
        assert_true(days == SESSIONS ? newest_learnt < oldest_hidden
                                     : newest_learnt <= oldest_hidden);
        rk_memory_free(&b.memory);
    }
}

/* Hiding items by id: the same ones beside other items, and a tenth of them. */
static void a_tenth_of_the_items_is_cold(void **state) {
    (void)state;
    enum { ITEMS = 4000 };
    log_builder b = log_of(ITEMS, RK_TIME_NONE, RK_USERS_ARE_USERS);
    for (uint32_t i = 0; i < ITEMS; i++) add_event(&b, i / 20, i, VIEW, 0);
    const rk_events_content content = log_content(&b);
    const uint64_t seed = test_seed();
    const rk_split split = split_log(&b, &content, RK_PROTOCOL_COLD_ITEM, 1.0, seed);
    assert_in_range(split.train.count, ITEMS * 88 / 100, ITEMS * 92 / 100);
    log_builder fewer = log_of(ITEMS / 2, RK_TIME_NONE, RK_USERS_ARE_USERS);
    for (uint32_t i = 0; i < ITEMS / 2; i++) add_event(&fewer, i / 20, i, VIEW, 0);
    const rk_events_content some = log_content(&fewer);
    const rk_split half = split_log(&fewer, &some, RK_PROTOCOL_COLD_ITEM, 0.5, seed);
    assert_memory_equal(half.cold, split.cold, ITEMS / 2 * sizeof *half.cold);
    assert_true(half.case_count < split.case_count / 2);
    uint64_t hidden = 0;
    for (uint32_t item = 0; item < ITEMS / 2; item++) hidden += half.cold[item];
    assert_int_equal(half.train.count, ITEMS / 2 - hidden); // not sampled, hidden all the same
    rk_memory_free(&fewer.memory);
    rk_memory_free(&b.memory);
}

/* What is not sampled gives no case; a test session is not learnt even so. */
static void sampling_takes_a_share_of_the_users(void **state) {
    (void)state;
    const uint64_t seed = test_seed();
    log_builder b = many_users(2000, RK_TIME_ORDER);
    const rk_events_content content = log_content(&b);
    const rk_split all = split_log(&b, &content, RK_PROTOCOL_LEAVE_ONE_OUT, 1.0, seed);
    const rk_split some = split_log(&b, &content, RK_PROTOCOL_LEAVE_ONE_OUT, 0.25, seed);
    assert_int_equal(all.case_count, 2000);
    assert_in_range(some.case_count, 400, 600);
    assert_int_equal(some.train.count, 8000 - some.case_count);
    const rk_split sessions = split_log(&b, &content, RK_PROTOCOL_SESSIONS, 1.0, seed);
    const rk_split sampled = split_log(&b, &content, RK_PROTOCOL_SESSIONS, 0.25, seed);
    assert_int_equal(sampled.train.count, sessions.train.count);
    assert_true(sampled.case_count > 0 && sampled.case_count < sessions.case_count / 2);
    rk_memory_free(&b.memory);
}

static void the_seed_decides(void **state) {
    (void)state;
    for (uint32_t protocol = 0; protocol < PROTOCOLS; protocol++) {
        if (protocol == RK_PROTOCOL_TEMPORAL_GLOBAL) continue; // it hides by time alone
        log_builder b = many_users(300, RK_TIME_NONE);
        const rk_events_content content = log_content(&b);
        const rk_split one = split_log(&b, &content, (rk_protocol)protocol, 0.5, 1);
        const rk_split same = split_log(&b, &content, (rk_protocol)protocol, 0.5, 1);
        const rk_split other = split_log(&b, &content, (rk_protocol)protocol, 0.5, 2);
        assert_int_equal(one.case_count, same.case_count);
        assert_int_equal(one.train.count, same.train.count);
        assert_memory_equal(one.cases, same.cases, one.case_count * sizeof *one.cases);
        assert_memory_equal(one.train.row, same.train.row, one.train.count * sizeof(uint64_t));
        assert_true(one.train.count != other.train.count ||
                    memcmp(one.train.row, other.train.row, one.train.count * sizeof(uint64_t)));
        rk_memory_free(&b.memory);
    }
}

/* Baskets have no order, so any of their items is as likely to be hidden. */
static void without_times_any_item_may_be_hidden(void **state) {
    (void)state;
    log_builder b = many_users(2000, RK_TIME_NONE);
    const rk_events_content content = log_content(&b);
    const rk_split split = split_log(&b, &content, RK_PROTOCOL_LEAVE_ONE_OUT, 1.0, test_seed());
    uint32_t places[4] = {0};
    assert_int_equal(split.case_count, 2000);
    for (uint32_t i = 0; i < split.case_count; i++)
        places[split.row[split.cases[i].relevant_begin] % 4]++;
    for (uint32_t place = 0; place < 4; place++) assert_in_range(places[place], 400, 600);
    rk_memory_free(&b.memory);
}

/* The file's own test rows: the user who has one is a test session, and none of them is learnt. */
static void an_official_split_is_kept(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 141);
    for (uint32_t round = 0; round < 20; round++) {
        log_builder b = many_users(100, round % 3);
        bool is_test[100] = {false};
        b.has_split = true;
        for (uint32_t user = 0; user < 100; user++) {
            is_test[user] = rk_rng_below(&rng, 3) == 0;
            /* In odd rounds only some of its rows, the first not among them. */
            for (uint32_t i = 0; i < 4; i++)
                b.split[user * 4 + i] = is_test[user] && (round % 2 == 0 || i > 1);
        }
        const rk_events_content content = log_content(&b);
        const rk_split split = split_log(&b, &content, RK_PROTOCOL_SESSIONS, 1.0, round);
        for (uint64_t i = 0; i < split.train.count; i++)
            assert_false(is_test[content.user[split.train.row[i]]]);
        uint32_t tests = 0;
        for (uint32_t user = 0; user < 100; user++) tests += is_test[user];
        assert_int_equal(split.case_count, tests * 3);
        assert_int_equal(split.train.count, 400 - tests * 4);
        rk_memory_free(&b.memory);
    }
}

/* What is hidden depends on the ids of user and item, so it is the same for the same data in
 * another order or beside other users and items. */
static void hiding_depends_on_ids_only(void **state) {
    (void)state;
    enum { USERS = 200 };
    log_builder b = many_users(USERS, RK_TIME_NONE);
    log_builder reversed = log_of(USERS * 4, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    for (uint32_t i = USERS * 4; i-- > 0;)
        add_event(&reversed, USERS - 1 - b.user[i], b.item[i] + 1, VIEW, 0);
    rk_events_content content = log_content(&b), other = log_content(&reversed);
    /* Turn the ids with the numbers: user u is now USERS - 1 - u, item i is i + 1. */
    uint32_t *user_offsets = TAKE(&b.memory, uint32_t, USERS + 1);
    char *user_text = TAKE(&b.memory, char, USERS * 24);
    for (uint32_t user = 0; user < USERS; user++) {
        const char *id;
        const uint32_t bytes = rk_strings_get(&content.users, USERS - 1 - user, &id);
        memcpy(user_text + user_offsets[user], id, bytes);
        user_offsets[user + 1] = user_offsets[user] + bytes;
    }
    other.users = (rk_strings){user_offsets, user_text, USERS};
    uint32_t *item_offsets = TAKE(&b.memory, uint32_t, other.items.count + 1);
    char *item_text = TAKE(&b.memory, char, content.items.offsets[content.items.count] + 1);
    item_text[0] = 'a'; // the new first item, which no row names
    memcpy(item_text + 1, content.items.text, content.items.offsets[content.items.count]);
    for (uint32_t item = 0; item <= content.items.count; item++)
        item_offsets[item + 1] = content.items.offsets[item] + 1;
    other.items = (rk_strings){item_offsets, item_text, content.items.count + 1};
    const uint64_t seed = test_seed();
    const rk_split one = split_log(&b, &content, RK_PROTOCOL_LEAVE_ONE_OUT, 0.5, seed);
    const rk_split two = split_log(&reversed, &other, RK_PROTOCOL_LEAVE_ONE_OUT, 0.5, seed);
    assert_int_equal(one.case_count, two.case_count);
    for (uint32_t i = 0; i < one.case_count; i++) {
        const uint32_t hidden = content.item[one.row[one.cases[i].relevant_begin]];
        const rk_case *twin = case_of(&two, USERS - 1 - one.cases[i].user);
        assert_non_null(twin);
        assert_int_equal(other.item[two.row[twin->relevant_begin]], hidden + 1);
    }
    rk_memory_free(&reversed.memory);
    rk_memory_free(&b.memory);
}

/* A log without a user column is one long basket: this took minutes when every row was compared
 * with every other. */
static void one_user_with_everything(void **state) {
    (void)state;
    enum { ROWS = 300000 };
    log_builder b = log_of(ROWS + 1, RK_TIME_NONE, RK_USERS_ARE_USERS);
    for (uint32_t i = 0; i < ROWS; i++) add_event(&b, 0, i / 2 * 2 % 290000, VIEW, 0);
    add_event(&b, 0, 290001, VIEW, 0);
    const rk_events_content content = log_content(&b);
    const rk_split split = split_log(&b, &content, RK_PROTOCOL_LEAVE_ONE_OUT, 1.0, 1);
    assert_int_equal(split.case_count, 1);
    assert_int_equal(content.item[split.row[split.cases[0].relevant_begin]], 290001);
    rk_memory_free(&b.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protocols_follow_their_definitions),
        cmocka_unit_test(a_tenth_of_the_sessions_is_hidden),
        cmocka_unit_test(the_newest_sessions_are_hidden),
        cmocka_unit_test(a_tenth_of_the_items_is_cold),
        cmocka_unit_test(sampling_takes_a_share_of_the_users),
        cmocka_unit_test(the_seed_decides),
        cmocka_unit_test(without_times_any_item_may_be_hidden),
        cmocka_unit_test(an_official_split_is_kept),
        cmocka_unit_test(hiding_depends_on_ids_only),
        cmocka_unit_test(one_user_with_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
