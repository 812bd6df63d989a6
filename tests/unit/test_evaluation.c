/* From an events file to an evaluation: the public API, and what its document says. */
#include "quick_learning.h"

#include "reckon.h"

#include <math.h>

static const char *evaluate(log_builder *b, const rk_learn_options *options,
                            rk_evaluate_options *how) {
    const rk_events_view view = log_view(b);
    char *json;
    uint64_t bytes;
    rk_error error;
    how->cutoffs[0] = 10;
    how->cutoff_count = 1;
    if (how->sample == 0.0) how->sample = 1.0;
    if (rk_learn_evaluate(&view, options, how, &b->memory, &json, &bytes, &error) != RK_OK)
        fail_msg("%s: %s", rk_status_name(error.status), error.detail);
    char *text = take_or_abort(&b->memory, bytes + 1, 1);
    memcpy(text, json, (size_t)bytes);
    return text;
}

/* A number of the document's first object of this name. */
static double number_of(const char *json, const char *object, const char *key) {
    char quoted[40];
    snprintf(quoted, sizeof quoted, "\"%s\":{", object);
    const char *at = strstr(json, quoted);
    assert_non_null(at);
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    at = strstr(at, quoted);
    assert_non_null(at);
    return strtod(at + strlen(quoted), NULL);
}

static double whole_number(const char *json, const char *key) {
    char quoted[40];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(json, quoted);
    assert_non_null(at);
    return strtod(at + strlen(quoted), NULL);
}

/* An end of an interval of the document: intervals.<method>.<key>[end]. */
static double interval_of(const char *json, const char *method, const char *key, uint32_t end) {
    char quoted[40];
    const char *at = strstr(json, "\"intervals\":{");
    assert_non_null(at);
    const char *parts[] = {method, key};
    for (uint32_t i = 0; i < 2; i++) {
        snprintf(quoted, sizeof quoted, "\"%s\":", parts[i]);
        at = strstr(at, quoted);
        assert_non_null(at);
        at += strlen(quoted);
    }
    char *rest;
    const double low = strtod(at + 1, &rest);
    return end == 0 ? low : strtod(rest + 1, NULL);
}

/* Structure is found, and where there is none nothing is: the same rows with the items dealt anew
 * have the same users, times and popularities. A leak of what was hidden would show here: the blend
 * would stay above popularity, which knows nothing of users. */
static void shuffled_items_fall_to_chance(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 213);
    static const rk_protocol protocols[] = {RK_PROTOCOL_LEAVE_ONE_OUT, RK_PROTOCOL_TEMPORAL,
                                            RK_PROTOCOL_SESSIONS, RK_PROTOCOL_TEMPORAL_GLOBAL};
    rk_learn_options options = quick();
    options.validation_cases = 20; // four protocols, twice each
    for (uint32_t p = 0; p < 4; p++) {
        rk_evaluate_options how = {.protocol = protocols[p]};
        log_builder b = clustered_log(&rng, p < 2 ? 150 : 400, 120, 6, 8);
        const char *json = evaluate(&b, &options, &how);
        const double found = number_of(json, "blend", "hr@10");
        const double popular = number_of(json, "popular", "hr@10");
        const double surely = interval_of(json, "blend", "ndcg@10", 0);
        for (uint64_t i = b.events; i > 1; i--) {
            const uint64_t j = rk_rng_below(&rng, (uint32_t)i);
            const uint32_t item = b.item[j];
            b.item[j] = b.item[i - 1];
            b.item[i - 1] = item;
        }
        json = evaluate(&b, &options, &how);
        const double shuffled = number_of(json, "blend", "hr@10");
        print_message("hr@10: blend %.3f, popular %.3f; shuffled %.3f\n", found, popular, shuffled);
        assert_true(found > 2.0 * popular + 0.1);
        /* 10 of 120 by luck: .083; a hidden fifth of 8 events is one. */
        assert_true(shuffled < 0.2);
        /* The intervals of blend and popularity on the shuffled log meet, far below the other's. */
        const double above = interval_of(json, "blend", "ndcg@10", 1);
        assert_true(interval_of(json, "blend", "ndcg@10", 0) <=
                    interval_of(json, "popular", "ndcg@10", 1));
        assert_true(above >= interval_of(json, "popular", "ndcg@10", 0));
        assert_true(surely > 1.5 * above);
        rk_memory_free(&b.memory);
    }
}

/* Everything a document holds is there, whatever the protocol, and no thread changes a byte. */
static void documents_are_whole_and_the_same(void **state) {
    (void)state;
    static const char *const members[] = {
        "\"metrics\":{\"blend\":{",
        "\"precision@10\":",
        "\"novelty@10\":",
        "\"diversity@10\":",
        "\"popularity_bias@10\":",
        "\"bootstrap\":{\"drawn\":\"users\",\"resamples\":1000",
        "\"differences\":{\"popular\":{\"recall@10\":{\"mean\":",
        "\"ablations\":{\"popular\":{",
        "\"breakdowns\":{\"history_events\":[{\"bucket\":\"1\",\"count\":",
        "\"item_age\":[{\"bucket\":\"day\",\"count\":",
        "\"training\":{"};
    for (uint32_t protocol = 0; protocol < RK_PROTOCOL_COLD_USER; protocol++) {
        log_builder b = some_log(218);
        rk_learn_options options = quick();
        rk_evaluate_options how = {.protocol = (rk_protocol)protocol};
        const char *json = evaluate(&b, &options, &how);
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
            if (!strstr(json, members[i])) fail_msg("no %s in %s", members[i], json);
        const bool cold = protocol == RK_PROTOCOL_COLD_ITEM;
        assert_int_equal(strstr(json, "\"random\":{") != NULL, cold);
        assert_int_equal(strstr(json, "\"category\":{") != NULL, cold);
        assert_int_equal(strstr(json, "\"ranked\":\"the hidden items\"") != NULL, cold);
        options.threads = 3;
        assert_string_equal(evaluate(&b, &options, &how), json);
        rk_memory_free(&b.memory);
    }
}

/* Two tastes with an item each that everybody of the taste has, and one that all have: who is asked
 * about the former is known after one question. */
static log_builder two_tastes(void) {
    enum { USERS = 600, ITEMS = 40, LENGTH = 6 };
    rk_rng rng = rk_rng_at(test_seed(), 223);
    log_builder b = log_of(USERS * (LENGTH + 2), RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    for (uint32_t user = 0; user < USERS; user++) {
        const uint32_t taste = rk_rng_below(&rng, 2);
        bool has[ITEMS] = {false};
        for (uint32_t i = 0; i < LENGTH; i++) has[rk_rng_below(&rng, ITEMS / 2)] = true;
        for (uint32_t i = 0; i < ITEMS / 2; i++)
            if (has[i]) add_event(&b, user, 1 + 2 * i + taste, VIEW, 0);
        add_event(&b, user, 0, VIEW, 0);
    }
    return b;
}

static double point_of(const char *json, const char *way, uint32_t questions, const char *what) {
    char text[64];
    const char *at = strstr(json, "\"asking\"");
    snprintf(text, sizeof text, "\"%s\":[", way);
    at = at ? strstr(at, text) : NULL;
    snprintf(text, sizeof text, "\"questions\":%u,", questions);
    at = at ? strstr(at, text) : NULL;
    snprintf(text, sizeof text, "\"%s\":", what);
    at = at ? strstr(at, text) : NULL;
    if (!at) fail_msg("no %s of %s after %u in %s", what, way, questions, json);
    at += strlen(text);
    return strtod(strncmp(at, "{\"mean\":", 8) ? at : at + 8, NULL);
}

static void new_users_are_asked(void **state) {
    (void)state;
    log_builder b = two_tastes();
    rk_learn_options options = quick();
    rk_evaluate_options how = {
        .protocol = RK_PROTOCOL_COLD_USER, .cutoffs = {10}, .cutoff_count = 1};
    const char *json = evaluate(&b, &options, &how);
    static const uint32_t points[] = {0, 1, 2, 3, 5, 8};
    const char *const ways[] = {"adaptive", "popular", "random"};
    for (uint32_t way = 0; way < 3; way++) {
        double before = -1.0;
        for (uint32_t p = 0; p < 6; p++) {
            const double picks = point_of(json, ways[way], points[p], "picks");
            const double answers = picks + point_of(json, ways[way], points[p], "skips") +
                                   point_of(json, ways[way], points[p], "unknown");
            assert_true(picks >= before && fabs(answers - points[p]) < 1e-5);
            before = picks;
        }
        /* Before the first question all ways are one. */
        assert_true(point_of(json, ways[way], 0, "ndcg") == point_of(json, "popular", 0, "ndcg"));
    }
    const double nothing = point_of(json, "adaptive", 0, "ndcg");
    const double asked = point_of(json, "adaptive", 8, "ndcg");
    print_message("ndcg@10 before %.3f, after 8 questions %.3f\n", nothing, asked);
    assert_true(asked > 1.2 * nothing);
    assert_null(strstr(json, "\"metrics\":{\"blend\""));
    options.threads = 3;
    assert_string_equal(evaluate(&b, &options, &how), json);
    rk_memory_free(&b.memory);
}

/* Cold items that share a category with what people like: chance has half the hits. */
static void category_beats_chance_on_cold_items(void **state) {
    (void)state;
    enum { USERS = 300, ITEMS = 200, LENGTH = 12 };
    rk_rng rng = rk_rng_at(test_seed(), 219);
    log_builder b = log_of(USERS * LENGTH, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    /* Even items are of a category three times as popular as that of the odd ones. */
    for (uint32_t i = 0; i < USERS * LENGTH; i++)
        add_event(&b, i / LENGTH, rk_rng_below(&rng, ITEMS / 2) * 2 + (rk_rng_below(&rng, 4) == 0),
                  VIEW, 1700000000000 + i);
    b.items = ITEMS;
    rk_events_content content = log_content(&b);
    static const uint32_t name_offsets[] = {0, 8};
    static const uint8_t kinds[] = {RK_ATTRIBUTE_CATEGORY};
    uint32_t offsets[ITEMS + 1] = {0};
    char text[ITEMS];
    for (uint32_t item = 0; item < ITEMS; item++) {
        text[item] = item % 2 ? 'o' : 'e';
        offsets[item + 1] = item + 1;
    }
    content.meta.attributes = 1;
    content.attributes = (rk_strings){name_offsets, "category", 1};
    content.attribute_kind = kinds;
    content.attribute_values = (rk_strings){offsets, text, ITEMS};
    const uint64_t bytes = rk_events_bytes(&content);
    unsigned char *file = take_or_abort(&b.memory, bytes, 1);
    rk_events_view view;
    rk_error error;
    rk_events_write(&content, "test", 0, file);
    assert_int_equal(rk_events_read(file, bytes, &view, &error), RK_OK);
    const rk_learn_options options = quick();
    const rk_evaluate_options how = {
        .protocol = RK_PROTOCOL_COLD_ITEM, .cutoffs = {5}, .cutoff_count = 1, .sample = 1.0};
    char *json;
    uint64_t size;
    assert_int_equal(rk_learn_evaluate(&view, &options, &how, &b.memory, &json, &size, &error),
                     RK_OK);
    const double category = number_of(json, "category", "recall@5");
    const double chance = number_of(json, "random", "recall@5");
    print_message("recall@5 of cold items: category %.3f, chance %.3f\n", category, chance);
    assert_true(category > 1.25 * chance);
    rk_memory_free(&b.memory);
}

static void an_evaluation_says_what_it_did(void **state) {
    (void)state;
    log_builder b = some_log(214);
    const rk_learn_options options = quick();
    rk_evaluate_options how = {.protocol = RK_PROTOCOL_LEAVE_ONE_OUT, .sample = 0.5};
    const char *json = evaluate(&b, &options, &how);
    assert_non_null(strstr(json, "\"protocol\":\"leave-one-out\",\"hidden\":"
                                 "\"the last item of each session\",\"seen\":\"excluded\""));
    assert_in_range((uint64_t)whole_number(json, "cases"), 35, 85);
    assert_non_null(strstr(json, "\"k\":[10]"));
    assert_non_null(strstr(json, "\"training\":{"));
    assert_int_equal(json[strlen(json) - 1], '}');
    how = (rk_evaluate_options){.protocol = RK_PROTOCOL_SESSIONS};
    json = evaluate(&b, &options, &how);
    assert_non_null(strstr(json, "\"protocol\":\"sessions\",\"hidden\":"
                                 "\"the newest tenth of the sessions\",\"seen\":\"kept\""));
    b.time_kind = RK_TIME_NONE;
    how = (rk_evaluate_options){.protocol = RK_PROTOCOL_LEAVE_ONE_OUT};
    json = evaluate(&b, &options, &how);
    assert_non_null(strstr(json, "\"hidden\":\"one item of each session, by hash\""));
    rk_memory_free(&b.memory);
}

static void no_case_to_test(void **state) {
    (void)state;
    log_builder b = log_of(4, RK_TIME_NONE, RK_USERS_ARE_USERS);
    for (uint32_t i = 0; i < 4; i++) add_event(&b, i / 2, i, VIEW, 0);
    const rk_events_view view = log_view(&b);
    const rk_learn_options options = quick();
    for (uint32_t protocol = 0; protocol < 2; protocol++) {
        const rk_evaluate_options how = {
            .protocol = (rk_protocol)protocol, .cutoffs = {10}, .cutoff_count = 1, .sample = 1.0};
        char *json;
        uint64_t bytes;
        rk_error error;
        assert_int_equal(rk_learn_evaluate(&view, &options, &how, &b.memory, &json, &bytes, &error),
                         RK_NO_TEST_CASES);
        assert_int_equal(error.status, RK_NO_TEST_CASES);
    }
    rk_memory_free(&b.memory);
}

/* What a listener to predictions knows of the cases: the last item of each user is hidden. */
typedef struct predictions {
    const log_builder *log;
    uint32_t lines, cases, hits;
    uint32_t last_case, last_rank;
    float last_score;
} predictions;

static uint32_t number_in(const char *id, uint32_t bytes) {
    char digits[16] = {0};
    assert_int_equal(bytes, 9);
    memcpy(digits, id + 1, 8);
    return (uint32_t)strtoul(digits, NULL, 10);
}

static void hear(void *context, const char *user, uint32_t user_bytes, uint32_t case_index,
                 uint32_t history_events, uint32_t rank, const char *item, uint32_t item_bytes,
                 float score) {
    predictions *p = context;
    assert_int_equal(history_events, 4);
    const uint32_t user_number = number_in(user, user_bytes);
    const uint32_t item_number = number_in(item, item_bytes);
    if (p->lines == 0 || case_index != p->last_case) {
        assert_int_equal(case_index, p->lines == 0 ? 0 : p->last_case + 1);
        assert_int_equal(rank, 1);
        p->cases++;
    } else {
        assert_int_equal(rank, p->last_rank + 1);
        assert_true(score <= p->last_score);
    }
    uint64_t last = 0;
    for (uint64_t i = 0; i < p->log->events; i++)
        if (p->log->user[i] == user_number) last = i;
    p->hits += p->log->item[last] == item_number;
    p->last_case = case_index;
    p->last_rank = rank;
    p->last_score = score;
    p->lines++;
}

/* Anyone can recompute the metrics from the predictions. Of 8 items 4 are left to recommend. */
static void predictions_give_the_metrics(void **state) {
    (void)state;
    enum { USERS = 60 };
    static const uint32_t items[] = {30, 8}, list[] = {10, 4};
    const rk_learn_options options = quick();
    rk_rng rng = rk_rng_at(test_seed(), 215);
    for (uint32_t c = 0; c < 2; c++) {
        log_builder b = log_of(USERS * 5, RK_TIME_ORDER, RK_USERS_ARE_USERS);
        for (uint32_t user = 0; user < USERS; user++) {
            const uint32_t first = rk_rng_below(&rng, items[c]);
            for (uint32_t i = 0; i < 5; i++) add_event(&b, user, (first + i) % items[c], VIEW, i);
        }
        predictions p = {.log = &b};
        rk_evaluate_options how = {
            .protocol = RK_PROTOCOL_LEAVE_ONE_OUT, .prediction = hear, .context = &p};
        const char *json = evaluate(&b, &options, &how);
        assert_int_equal(p.cases, USERS);
        assert_int_equal(p.lines, USERS * list[c]);
        assert_true(p.hits > 0);
        assert_true(fabs(number_of(json, "blend", "hr@10") - (double)p.hits / USERS) < 1e-5);
        rk_memory_free(&b.memory);
    }
}

/* What a protocol needs and this log or these options do not have. */
static void what_cannot_be_split_is_refused(void **state) {
    (void)state;
    static const struct {
        rk_protocol protocol;
        uint32_t time_kind, min_item_events;
        rk_status status;
        const char *detail;
    } cases[] = {
        {RK_PROTOCOL_TEMPORAL, RK_TIME_NONE, 0, RK_NO_TEST_CASES, "temporal needs a time column"},
        {RK_PROTOCOL_TEMPORAL_GLOBAL, RK_TIME_NONE, 0, RK_NO_TEST_CASES,
         "temporal-global needs a time column"},
        {RK_PROTOCOL_TEMPORAL_GLOBAL, RK_TIME_ORDER, 0, RK_NO_TEST_CASES,
         "temporal-global needs times; an order index does not compare between users"},
        {RK_PROTOCOL_COLD_ITEM, RK_TIME_NONE, 1, RK_BAD_ARGUMENT,
         "cold-item: min_item_events must be 0, the hidden items have no events"}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        log_builder b = log_of(20, cases[c].time_kind, RK_USERS_ARE_USERS);
        for (uint32_t i = 0; i < 20; i++) add_event(&b, i / 5, i % 7, VIEW, i);
        rk_learn_options options = quick();
        options.min_item_events = cases[c].min_item_events;
        const rk_evaluate_options how = {
            .protocol = cases[c].protocol, .cutoffs = {5}, .cutoff_count = 1, .sample = 1.0};
        const rk_events_view view = log_view(&b);
        char *json;
        uint64_t bytes;
        rk_error error;
        assert_int_equal(rk_learn_evaluate(&view, &options, &how, &b.memory, &json, &bytes, &error),
                         cases[c].status);
        assert_string_equal(error.detail, cases[c].detail);
        rk_memory_free(&b.memory);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shuffled_items_fall_to_chance),
        cmocka_unit_test(documents_are_whole_and_the_same),
        cmocka_unit_test(new_users_are_asked),
        cmocka_unit_test(category_beats_chance_on_cold_items),
        cmocka_unit_test(an_evaluation_says_what_it_did),
        cmocka_unit_test(no_case_to_test),
        cmocka_unit_test(predictions_give_the_metrics),
        cmocka_unit_test(what_cannot_be_split_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
