/* The build's own parameter search: what it may not do, whatever the log. */
#include "log_builder.h"

#include "learn/search.h"

/* Of rk_neighbor_params, what comes before its pointer and the padding. */
#define NUMBERS (offsetof(rk_neighbor_params, related) + sizeof(float))

static const rk_learn_options small = {
    .seed = 3, .threads = 1, .dim = 8, .validation_cases = 200, .sgns_epochs = 2};

static rk_status run_search(log_builder *b, const rk_learn_options *options, rk_tuned *tuned,
                            rk_validation *validation) {
    const rk_events_content content = log_content(b);
    const rk_rows rows = rows_in_order(&content, &b->memory);
    rk_error error;
    rk_ranked ranked;
    return rk_search(&content, &rows, options, &b->memory, tuned, validation, &ranked, &error);
}

static void check_defaults(const rk_tuned *tuned, const rk_validation *validation) {
    const rk_tuned defaults = rk_tuned_defaults(&small);
    assert_memory_equal(&tuned->neighbors, &defaults.neighbors, NUMBERS);
    assert_memory_equal(&tuned->sources, &defaults.sources, sizeof defaults.sources);
    assert_int_equal(tuned->gap_ms, 0);
    assert_int_equal(tuned->half_life_ms, 0);
    assert_true(tuned->session_decay == defaults.session_decay);
    assert_int_equal(validation->cases, 0);
    assert_int_equal(validation->trials, 0);
}

static void defaults_stand_where_nothing_can_be_validated(void **state) {
    (void)state;
    log_builder b = log_of(2, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    rk_tuned tuned;
    rk_validation validation;
    assert_int_equal(run_search(&b, &small, &tuned, &validation), RK_OK);
    check_defaults(&tuned, &validation);
    add_event(&b, 0, 0, VIEW, 0);
    add_event(&b, 0, 1, VIEW, 0);
    assert_int_equal(run_search(&b, &small, &tuned, &validation), RK_OK);
    check_defaults(&tuned, &validation);
    rk_memory_free(&b.memory);
}

/* Each user has a single like, and validation hides it: nothing is left to learn from, but the
 * whole log has something. */
static void defaults_stand_where_validation_takes_every_like(void **state) {
    (void)state;
    log_builder b = log_of(30, RK_TIME_ORDER, RK_USERS_ARE_USERS);
    for (uint32_t user = 0; user < 10; user++) {
        add_event(&b, user, user % 3, HIDE, 1);
        add_event(&b, user, 3 + user % 3, SKIP, 2);
        add_event(&b, user, 6 + user % 3, LIKE, 3);
    }
    rk_tuned tuned;
    rk_validation validation;
    assert_int_equal(run_search(&b, &small, &tuned, &validation), RK_OK);
    check_defaults(&tuned, &validation);
    rk_memory_free(&b.memory);
}

/* The same with a minimum of events an item, which only the whole log reaches. */
static void defaults_stand_where_validation_takes_every_item(void **state) {
    (void)state;
    log_builder b = log_of(9, RK_TIME_ORDER, RK_USERS_ARE_USERS);
    for (uint32_t i = 0; i < 9; i++) add_event(&b, i / 3, i % 3, VIEW, i % 3);
    rk_learn_options strict = small;
    strict.min_item_events = 3;
    /* Every user's last is item 2; hidden thrice. Items 0 and 1 stay. */
    rk_tuned tuned;
    rk_validation validation;
    assert_int_equal(run_search(&b, &strict, &tuned, &validation), RK_OK);
    b.events = 0;
    for (uint32_t i = 0; i < 9; i++) add_event(&b, i / 3, i % 3, VIEW, (i / 3 + i) % 3);
    /* Now each item is hidden once: none has three events left. */
    assert_int_equal(run_search(&b, &strict, &tuned, &validation), RK_OK);
    check_defaults(&tuned, &validation);
    rk_memory_free(&b.memory);
}

static void finds_what_a_clustered_log_hides(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 200);
    log_builder b = clustered_log(&rng, 150, 60, 6, 8);
    rk_tuned tuned;
    rk_validation validation;
    assert_int_equal(run_search(&b, &small, &tuned, &validation), RK_OK);
    assert_in_range(validation.cases, 100, 150);
    assert_true(validation.trials > 20);
    const double popular = validation.methods[RK_SOURCE_POPULAR].ndcg[0];
    print_message("ndcg@10: popular %.3f, blend %.3f\n", popular,
                  validation.methods[RK_VALIDATED_BLEND].ndcg[0]);
    static const uint32_t found[] = {RK_SOURCE_SIMILAR, RK_SOURCE_SESSION, RK_VALIDATED_BLEND,
                                     RK_VALIDATED_COOCCURRENCE};
    for (uint32_t m = 0; m < 4; m++)
        assert_true(validation.methods[found[m]].ndcg[0] > 1.5 * popular);
    /* The log has no places and nothing of the users. */
    assert_int_equal(validation.methods[RK_SOURCE_NEARBY].answerable, 0);
    assert_int_equal(validation.methods[RK_SOURCE_USER].answerable, 0);
    for (uint32_t m = 0; m < RK_VALIDATED_COUNT; m++)
        assert_int_equal(validation.methods[m].cases, validation.cases);
    rk_memory_free(&b.memory);
}

/* Before a hub comes one of 2 items, after it one of 6: looking back is often right about the hub
 * and always wrong about what comes next. */
static void learns_not_to_look_back(void **state) {
    (void)state;
    enum { HUBS = 20, PER_HUB = 9, SESSIONS = 800 };
    rk_rng rng = rk_rng_at(test_seed(), 210);
    log_builder b = log_of(SESSIONS * 3, RK_TIME_ORDER, RK_USERS_ARE_SESSIONS);
    for (uint32_t user = 0; user < SESSIONS; user++) {
        const uint32_t hub = user % HUBS * PER_HUB;
        add_event(&b, user, hub + 1 + rk_rng_below(&rng, 2), VIEW, 1);
        add_event(&b, user, hub, VIEW, 2);
        add_event(&b, user, hub + 3 + rk_rng_below(&rng, 6), VIEW, 3);
    }
    rk_tuned tuned;
    rk_validation validation;
    assert_int_equal(run_search(&b, &small, &tuned, &validation), RK_OK);
    assert_true(tuned.neighbors.backward == 0.1f);
    rk_memory_free(&b.memory);
}

/* A few people made most of the log long ago; the many of today like other items. */
static void learns_that_popularity_passes(void **state) {
    (void)state;
    enum { OLD_USERS = 10, OLD_EVENTS = 200, NEW_USERS = 200, NEW_EVENTS = 4, EACH = 20 };
    rk_rng rng = rk_rng_at(test_seed(), 211);
    log_builder b = log_of(OLD_USERS * OLD_EVENTS + NEW_USERS * NEW_EVENTS, RK_TIME_UNIX_MS,
                           RK_USERS_ARE_SESSIONS);
    for (uint32_t i = 0; i < OLD_USERS * OLD_EVENTS; i++)
        add_event(&b, i % OLD_USERS, rk_rng_below(&rng, EACH), VIEW, i);
    for (uint32_t i = 0; i < NEW_USERS * NEW_EVENTS; i++)
        add_event(&b, OLD_USERS + i / NEW_EVENTS, EACH + rk_rng_below(&rng, EACH), VIEW,
                  800 * (int64_t)86400000 + i);
    rk_tuned tuned;
    rk_validation validation;
    assert_int_equal(run_search(&b, &small, &tuned, &validation), RK_OK);
    assert_true(tuned.half_life_ms > 0);
    rk_memory_free(&b.memory);
}

/* No gaps in sessions and no decay without real times. */
static void without_times_none_is_searched(void **state) {
    (void)state;
    for (uint32_t time_kind = 0; time_kind < 3; time_kind++) {
        for (uint32_t user_kind = 0; user_kind < 2; user_kind++) {
            rk_rng rng = rk_rng_at(test_seed(), 201);
            log_builder b = random_log(&rng, 300, 30, 20, time_kind, user_kind);
            rk_tuned tuned;
            rk_validation validation;
            assert_int_equal(run_search(&b, &small, &tuned, &validation), RK_OK);
            assert_true(validation.cases > 0);
            if (time_kind != RK_TIME_UNIX_MS) assert_int_equal(tuned.half_life_ms, 0);
            if (time_kind != RK_TIME_UNIX_MS || user_kind == RK_USERS_ARE_SESSIONS)
                assert_int_equal(tuned.gap_ms, 0);
            rk_memory_free(&b.memory);
        }
    }
}

static void threads_and_a_second_run_change_nothing(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 202);
    log_builder b = random_log(&rng, 500, 40, 30, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    rk_tuned one = {0}, tuned;
    rk_validation one_validation = {0}, validation;
    for (uint32_t threads = 1; threads <= 3; threads++) {
        rk_learn_options options = small;
        options.threads = threads;
        memset(&tuned, 0, sizeof tuned);
        memset(&validation, 0, sizeof validation);
        assert_int_equal(run_search(&b, &options, &tuned, &validation), RK_OK);
        if (threads == 1) one = tuned, one_validation = validation;
        assert_int_equal(tuned.gap_ms, one.gap_ms);
        assert_int_equal(tuned.half_life_ms, one.half_life_ms);
        assert_memory_equal(&tuned.neighbors, &one.neighbors, NUMBERS);
        assert_memory_equal(&tuned.sources, &one.sources, sizeof one.sources);
        assert_true(tuned.similar_decay == one.similar_decay);
        assert_true(tuned.session_decay == one.session_decay);
        assert_int_equal(validation.trials, one_validation.trials);
        for (uint32_t m = 0; m < RK_VALIDATED_COUNT; m++)
            assert_true(validation.methods[m].ndcg[0] == one_validation.methods[m].ndcg[0]);
    }
    rk_memory_free(&b.memory);
}

typedef struct heard {
    uint64_t done, total, reports;
} heard;

static void hear(void *context, const char *stage, uint64_t done, uint64_t total,
                 const char *unit) {
    heard *h = context;
    if (strcmp(stage, "search") != 0) return;
    assert_string_equal(unit, "settings");
    assert_int_equal(done, h->done + 1);
    assert_true(done <= total);
    if (h->reports > 0) assert_int_equal(total, h->total);
    *h = (heard){.done = done, .total = total, .reports = h->reports + 1};
}

/* A bar that ends at its end: whatever kind of log, as many settings are tried as were planned. */
static void progress_ends_at_its_total(void **state) {
    (void)state;
    for (uint32_t kind = 0; kind < 6; kind++) {
        rk_rng rng = rk_rng_at(test_seed(), 220 + kind);
        log_builder b = random_log(&rng, 300, 30, 20, kind % 3, kind / 3);
        heard h = {0};
        rk_learn_options options = small;
        options.progress = hear;
        options.context = &h;
        rk_tuned tuned;
        rk_validation validation;
        assert_int_equal(run_search(&b, &options, &tuned, &validation), RK_OK);
        assert_int_equal(h.done, h.total);
        assert_true(h.done < validation.trials); // settings of the blend cost nothing worth a bar
        rk_memory_free(&b.memory);
    }
}

/* Sessions are asked as sessions where their rows have an order; else events of users are hidden,
 * and rows without times are shuffled. */
static void how_answers_are_asked_for_decides(void **state) {
    (void)state;
    static const rk_validate wishes[] = {RK_VALIDATE_AUTO, RK_VALIDATE_LEAVE_ONE_OUT,
                                         RK_VALIDATE_SESSIONS};
    for (uint32_t i = 0; i < 18; i++) {
        rk_rng rng = rk_rng_at(test_seed(), 230);
        const uint32_t time_kind = i % 3, user_kind = i / 3 % 2;
        log_builder b = random_log(&rng, 200, 20, 15, time_kind, user_kind);
        rk_learn_options options = small;
        options.validation = wishes[i / 6];
        rk_tuned tuned;
        rk_validation validation;
        assert_int_equal(run_search(&b, &options, &tuned, &validation), RK_OK);
        const bool ordered = time_kind != RK_TIME_NONE;
        const bool sessions =
            wishes[i / 6] == RK_VALIDATE_SESSIONS ||
            (wishes[i / 6] == RK_VALIDATE_AUTO && ordered && user_kind == RK_USERS_ARE_SESSIONS);
        assert_int_equal(validation.sessions, sessions);
        assert_int_equal(tuned.encoder.shuffle, !ordered && !sessions);
        assert_int_equal(tuned.towers.shuffle, tuned.encoder.shuffle);
        rk_memory_free(&b.memory);
    }
}

/* Sessions of five: a hidden one is asked for four times. A tenth of them is hidden. */
static void every_prefix_of_a_hidden_session_is_asked(void **state) {
    (void)state;
    enum { SESSIONS = 300, LENGTH = 5 };
    rk_rng rng = rk_rng_at(test_seed(), 231);
    log_builder b = clustered_log(&rng, SESSIONS, 60, 6, LENGTH);
    rk_tuned tuned;
    rk_validation validation;
    assert_int_equal(run_search(&b, &small, &tuned, &validation), RK_OK);
    assert_true(validation.sessions);
    assert_int_equal(validation.cases % (LENGTH - 1), 0);
    assert_in_range(validation.cases, SESSIONS / 20 * (LENGTH - 1), SESSIONS / 6 * (LENGTH - 1));
    rk_memory_free(&b.memory);
}

static void assert_same_tuning(const rk_tuned *a, const rk_tuned *b) {
    assert_int_equal(a->half_life_ms, b->half_life_ms);
    assert_int_equal(a->gap_ms, b->gap_ms);
    assert_int_equal(a->trending_window_ms, b->trending_window_ms);
    assert_memory_equal(&a->neighbors, &b->neighbors, NUMBERS);
    assert_memory_equal(&a->sources, &b->sources, sizeof a->sources);
    assert_memory_equal(a->repeat, b->repeat, sizeof a->repeat);
    assert_true(a->similar_decay == b->similar_decay && a->session_decay == b->session_decay);
    assert_true(a->outlier_weight == b->outlier_weight && a->nearby_km == b->nearby_km);
    assert_true(a->short_popular == b->short_popular);
    assert_true(a->encoder.dropout == b->encoder.dropout);
}

/* Whatever the rows of an official test say, the search has not seen them; nor does it take them
 * for its own validation. */
static void an_official_test_is_not_looked_at(void **state) {
    (void)state;
    rk_tuned first, tuned;
    rk_validation first_validation, validation;
    rk_ranked ranked;
    for (uint32_t round = 0; round < 3; round++) {
        rk_rng rng = rk_rng_at(test_seed(), 232), other = rk_rng_at(test_seed(), 233 + round);
        log_builder b = clustered_log(&rng, 120, 60, 6, 6);
        b.has_split = true;
        for (uint64_t i = 0; i < b.events; i++) {
            b.split[i] = i % 6 == 5;
            if (b.split[i] && round > 0) b.item[i] = rk_rng_below(&other, 60);
        }
        const rk_events_content content = log_content(&b);
        rk_rows rows = rows_in_order(&content, &b.memory);
        uint64_t train = 0;
        for (uint64_t i = 0; i < rows.count; i++) {
            if (!b.split[rows.row[i]]) rows.row[train++] = rows.row[i];
        }
        rows.count = train;
        rk_error error;
        assert_int_equal(
            rk_search(&content, &rows, &small, &b.memory, &tuned, &validation, &ranked, &error),
            RK_OK);
        assert_true(validation.cases > 0);
        if (round == 0) first = tuned, first_validation = validation;
        assert_same_tuning(&tuned, &first);
        for (uint32_t m = 0; m < RK_VALIDATED_COUNT; m++)
            assert_true(validation.methods[m].ndcg[0] == first_validation.methods[m].ndcg[0]);
        rk_memory_free(&b.memory);
    }
}

/* Everybody goes back and forth between two items. Asked as sessions, what was there before the
 * last is what comes next; where seen items are never asked for, nothing is known of coming back.
 */
static void coming_back_is_learnt_where_it_is_asked_for(void **state) {
    (void)state;
    enum { SESSIONS = 150, LENGTH = 6, ITEMS = 60 };
    for (uint32_t sessions = 0; sessions < 2; sessions++) {
        rk_rng rng = rk_rng_at(test_seed(), 240);
        log_builder b = log_of(SESSIONS * LENGTH, RK_TIME_ORDER,
                               sessions ? RK_USERS_ARE_SESSIONS : RK_USERS_ARE_USERS);
        for (uint32_t user = 0; user < SESSIONS; user++) {
            const uint32_t pair[] = {rk_rng_below(&rng, ITEMS), rk_rng_below(&rng, ITEMS)};
            /* The last event of a user is new, so that leave-one-out has cases. */
            for (uint32_t i = 0; i < LENGTH - 1; i++) add_event(&b, user, pair[i % 2], VIEW, i);
            add_event(&b, user, rk_rng_below(&rng, ITEMS), VIEW, LENGTH);
        }
        rk_tuned tuned;
        rk_validation validation;
        assert_int_equal(run_search(&b, &small, &tuned, &validation), RK_OK);
        assert_int_equal(validation.sessions, sessions);
        assert_true(validation.cases > 0);
        print_message("repeat %.2f %.2f %.2f %.2f\n", (double)tuned.repeat[0],
                      (double)tuned.repeat[1], (double)tuned.repeat[2], (double)tuned.repeat[3]);
        if (sessions) {
            assert_true(tuned.repeat[1] > 0.0f && tuned.repeat[1] > tuned.repeat[0]);
        } else {
            for (uint32_t lag = 0; lag < RK_REPEAT_LAGS; lag++)
                assert_true(tuned.repeat[lag] == 0.0f);
        }
        rk_memory_free(&b.memory);
    }
}

/* People stay in their town: `nearby` is worth something where requests say where they stand. */
static void places_count_where_requests_have_one(void **state) {
    (void)state;
    enum { TOWNS = 20, EACH = 6, USERS = 150 };
    for (uint32_t located = 0; located < 2; located++) {
        rk_rng rng = rk_rng_at(test_seed(), 241);
        log_builder b = log_of(USERS * 4, RK_TIME_ORDER, RK_USERS_ARE_USERS);
        float *place = TAKE(&b.memory, float, 2 * TOWNS * EACH);
        for (uint32_t item = 0; item < TOWNS * EACH; item++) {
            place[2 * item] = 40.0f + (float)(item / EACH) + 0.01f * rk_rng_f32(&rng);
            place[2 * item + 1] = 5.0f + 0.01f * rk_rng_f32(&rng);
        }
        for (uint32_t user = 0; user < USERS; user++) {
            const uint32_t town = rk_rng_below(&rng, TOWNS), from = rk_rng_below(&rng, EACH);
            for (uint32_t i = 0; i < 3; i++)
                add_event(&b, user, rk_rng_below(&rng, TOWNS * EACH), VIEW, i);
            add_event(&b, user, town * EACH + from, VIEW, 4);
        }
        b.items = TOWNS * EACH;
        b.place = place;
        rk_learn_options options = small;
        options.located = located;
        rk_tuned tuned;
        rk_validation validation;
        assert_int_equal(run_search(&b, &options, &tuned, &validation), RK_OK);
        const rk_metrics *nearby = &validation.methods[RK_SOURCE_NEARBY];
        print_message("nearby %.3f, weight %.2f\n", nearby->ndcg[0],
                      (double)tuned.sources[RK_SOURCE_NEARBY].weight);
        /* Without a location the session's items say where the user is: here they say nothing. */
        assert_true(located ? nearby->ndcg[0] > 0.3 : nearby->ndcg[0] < 0.1);
        if (located) assert_true(tuned.sources[RK_SOURCE_NEARBY].weight > 0.0f);
        rk_memory_free(&b.memory);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_stand_where_nothing_can_be_validated),
        cmocka_unit_test(defaults_stand_where_validation_takes_every_like),
        cmocka_unit_test(defaults_stand_where_validation_takes_every_item),
        cmocka_unit_test(finds_what_a_clustered_log_hides),
        cmocka_unit_test(learns_not_to_look_back),
        cmocka_unit_test(learns_that_popularity_passes),
        cmocka_unit_test(without_times_none_is_searched),
        cmocka_unit_test(threads_and_a_second_run_change_nothing),
        cmocka_unit_test(progress_ends_at_its_total),
        cmocka_unit_test(how_answers_are_asked_for_decides),
        cmocka_unit_test(every_prefix_of_a_hidden_session_is_asked),
        cmocka_unit_test(an_official_test_is_not_looked_at),
        cmocka_unit_test(coming_back_is_learnt_where_it_is_asked_for),
        cmocka_unit_test(places_count_where_requests_have_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
