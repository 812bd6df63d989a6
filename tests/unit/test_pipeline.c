/* From an events file to a snapshot and to an evaluation: the public training API. */
#include "log_builder.h"

#include "reckon.h"

#include <math.h>

static rk_learn_options quick(void) {
    rk_learn_options options = rk_learn_defaults();
    options.seed = 11;
    options.dim = 8;
    options.sgns_epochs = 2;
    options.encoder_epochs = 2;
    options.validation_cases = 40;
    options.ranker_cases = 0; // rankers have tests of their own, and one below
    return options;
}

typedef struct snapshot_bytes {
    unsigned char *bytes;
    uint64_t size;
} snapshot_bytes;

static snapshot_bytes learn(log_builder *b, const rk_learn_options *options) {
    const rk_events_view view = log_view(b);
    snapshot_bytes out;
    rk_error error;
    if (rk_learn_snapshot(&view, "eu", options, &b->memory, &out.bytes, &out.size, &error) != RK_OK)
        fail_msg("%s: %s", rk_status_name(error.status), error.detail);
    return out;
}

/* The snapshot passes verify. */
static rk_engine *open_engine(snapshot_bytes snapshot, rk_memory *memory) {
    rk_engine *engine;
    rk_error error;
    uint64_t bytes;
    assert_int_equal(rk_engine_measure(snapshot.bytes, snapshot.size, &bytes, &error), RK_OK);
    void *scratch = take_or_abort(memory, bytes, 1);
    if (rk_engine_open(snapshot.bytes, snapshot.size, scratch, bytes, &engine, &error) != RK_OK)
        fail_msg("%s in %s: %s", rk_status_name(error.status), error.section, error.detail);
    return engine;
}

static log_builder some_log(uint32_t stream) {
    rk_rng rng = rk_rng_at(test_seed(), stream);
    return clustered_log(&rng, 120, 60, 6, 8);
}

/* ---- the same bytes ---- */

static void threads_change_no_byte(void **state) {
    (void)state;
    log_builder b = some_log(210);
    b.user_kind = RK_USERS_ARE_USERS;
    rk_learn_options options = quick();
    const snapshot_bytes one = learn(&b, &options);
    for (uint32_t threads = 2; threads <= 3; threads++) {
        options.threads = threads;
        const snapshot_bytes other = learn(&b, &options);
        assert_int_equal(other.size, one.size);
        assert_memory_equal(other.bytes, one.bytes, (size_t)one.size);
    }
    rk_memory_free(&b.memory);
}

static void another_seed_another_snapshot(void **state) {
    (void)state;
    log_builder b = some_log(211);
    rk_learn_options options = quick();
    const snapshot_bytes one = learn(&b, &options), same = learn(&b, &options);
    options.seed++;
    const snapshot_bytes other = learn(&b, &options);
    assert_int_equal(one.size, same.size);
    assert_memory_equal(one.bytes, same.bytes, (size_t)one.size);
    rk_description d, e;
    rk_engine_describe(open_engine(one, &b.memory), &d);
    rk_engine_describe(open_engine(other, &b.memory), &e);
    assert_int_equal(d.seed, 11);
    assert_int_equal(e.seed, 12);
    assert_memory_not_equal(d.content_id, e.content_id, sizeof d.content_id);
    rk_memory_free(&b.memory);
}

static void a_snapshot_says_what_it_was_learnt_from(void **state) {
    (void)state;
    log_builder b = some_log(212);
    const rk_learn_options options = quick();
    const snapshot_bytes snapshot = learn(&b, &options);
    rk_engine *engine = open_engine(snapshot, &b.memory);
    rk_description d;
    const char *text;
    rk_engine_describe(engine, &d);
    assert_string_equal(d.region, "eu");
    assert_int_equal(d.items, 60);
    assert_int_equal(d.types, LABEL_TYPES);
    assert_int_equal(d.dim, 8);
    assert_int_equal(d.events, 120 * 8);
    assert_int_equal(d.sessions, 120);
    assert_int_equal(d.time_kind, RK_TIME_UNIX_MS);
    assert_int_equal(d.created_at_ms, 1700000000000);
    for (uint32_t item = 0; item < 60; item++) {
        char id[16];
        snprintf(id, sizeof id, "i%08u", item);
        assert_int_equal(rk_item_find(engine, id, 9), item);
    }
    assert_int_equal(rk_event_find(engine, "hide", 4), 2);
    assert_true(rk_report(engine, &text) > 100);
    assert_true(text[0] == '{');
    rk_memory_free(&b.memory);
}

/* People whose interest changes from visit to visit: sessions are cut at the pauses. */
static void long_pauses_cut_sessions(void **state) {
    (void)state;
    enum { USERS = 200, VISITS = 6, LENGTH = 3, GROUPS = 20, SIZE = 6 };
    rk_rng rng = rk_rng_at(test_seed(), 217);
    log_builder b = log_of(USERS * VISITS * LENGTH, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    for (uint32_t user = 0; user < USERS; user++) {
        for (uint32_t visit = 0; visit < VISITS; visit++) {
            const uint32_t group = rk_rng_below(&rng, GROUPS), first = rk_rng_below(&rng, SIZE);
            for (uint32_t i = 0; i < LENGTH; i++)
                add_event(&b, user, group * SIZE + (first + i) % SIZE, VIEW,
                          (int64_t)visit * 7 * 86400000 + i * 60000);
        }
    }
    rk_learn_options options = quick();
    options.validation_cases = USERS;
    rk_engine *engine = open_engine(learn(&b, &options), &b.memory);
    rk_description d;
    rk_engine_describe(engine, &d);
    assert_int_equal(d.sessions, USERS * VISITS);
    rk_memory_free(&b.memory);
}

/* ---- rankers ---- */

/* Every item says which cluster it is of: the blend cannot read it, a ranker can. */
static log_builder told_log(uint32_t stream) {
    enum { USERS = 150, ITEMS = 60, CLUSTERS = 6 };
    static const char *const names[] = {"cluster"};
    static const uint8_t kinds[] = {RK_ATTRIBUTE_CATEGORY};
    static const char *const clusters[CLUSTERS] = {"a", "b", "c", "d", "e", "f"};
    rk_rng rng = rk_rng_at(test_seed(), stream);
    log_builder b = clustered_log(&rng, USERS, ITEMS, CLUSTERS, 8);
    const char **values = TAKE(&b.memory, const char *, ITEMS);
    for (uint32_t item = 0; item < ITEMS; item++)
        values[item] = clusters[item / (ITEMS / CLUSTERS)];
    b.user_kind = RK_USERS_ARE_USERS;
    b.attributes = 1;
    b.attribute_names = names;
    b.attribute_kinds = kinds;
    b.attribute_values = values;
    return b;
}

/* A snapshot with rankers passes verify, is the same with any number of threads, and its answer is
 * that of the whole funnel. */
static void rankers_come_along(void **state) {
    (void)state;
    log_builder b = told_log(218);
    rk_learn_options options = quick();
    options.ranker_cases = 500;
    options.ranker_epochs = 3;
    /* A blend of popularity alone is beaten. */
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++)
        options.sources[s] =
            (rk_source_setting){.has_weight = true, .weight = s == RK_SOURCE_POPULAR};
    const snapshot_bytes one = learn(&b, &options);
    options.threads = 3;
    const snapshot_bytes other = learn(&b, &options);
    assert_int_equal(other.size, one.size);
    assert_memory_equal(other.bytes, one.bytes, (size_t)one.size);
    rk_engine *engine = open_engine(one, &b.memory);
    rk_description d;
    rk_engine_describe(engine, &d);
    assert_int_equal(d.tasks, 1);
    assert_int_equal(d.attributes, 1);
    const rk_event seed = {.item = 0, .time_ms = 1700000000000};
    rk_request request = {.session = &seed, .session_count = 1, .count = 9};
    rk_recommendation list[9];
    uint32_t found, own = 0;
    assert_int_equal(rk_recommend(engine, &request, list, &found, NULL), RK_OK);
    assert_int_equal(found, 9);
    for (uint32_t i = 0; i < found; i++) {
        assert_true(list[i].probability[0] > 0.0f && list[i].probability[0] < 1.0f);
        own += list[i].item < 10;
    }
    assert_true(own >= 6);
    rk_memory_free(&b.memory);
}

static void without_rankers_nobody_is_asked(void **state) {
    (void)state;
    log_builder b = told_log(218);
    rk_learn_options options = quick();
    rk_engine *engine = open_engine(learn(&b, &options), &b.memory);
    rk_description d;
    rk_engine_describe(engine, &d);
    assert_int_equal(d.tasks, 0);
    rk_memory_free(&b.memory);
}

/* ---- odd logs ---- */

/* Every item was met, and nobody liked one; or there is no item. */
static void nothing_to_learn_from(void **state) {
    (void)state;
    const rk_learn_options options = quick();
    for (uint32_t items = 0; items < 10; items += 5) {
        log_builder b = log_of(items, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
        for (uint32_t i = 0; i < items; i++) add_event(&b, 0, i, HIDE, i);
        const rk_events_view view = log_view(&b);
        unsigned char *bytes;
        uint64_t size;
        rk_error error;
        assert_int_equal(rk_learn_snapshot(&view, "eu", &options, &b.memory, &bytes, &size, &error),
                         RK_NO_EVENTS);
        assert_int_equal(error.status, RK_NO_EVENTS);
        rk_memory_free(&b.memory);
    }
}

/* ---- items before events ---- */

enum { SHELF_ITEMS = 40 };

/* Items of two shelves by turns, each with words of its shelf; the first ones of `likes` events are
 * one visitor's, who likes what lies on both. */
static log_builder shelves(uint32_t likes, bool described) {
    static const char *const name[] = {"words"};
    static const uint8_t kind[] = {RK_ATTRIBUTE_TAGS};
    static const char *const words[2][3] = {{"apple|fruit", "pear|fruit", "fruit|fresh|apple"},
                                            {"bike|sport", "ball|sport", "sport|bike|tyre"}};
    log_builder b = log_of(likes + 1, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    for (uint32_t i = 0; i < likes; i++) add_event(&b, 0, i * 7 % SHELF_ITEMS, VIEW, i * 1000);
    b.items = SHELF_ITEMS;
    const char **values = TAKE(&b.memory, const char *, SHELF_ITEMS);
    for (uint32_t item = 0; item < SHELF_ITEMS; item++) values[item] = words[item % 2][item % 3];
    b.attributes = described;
    b.attribute_names = name;
    b.attribute_kinds = kind;
    b.attribute_values = values;
    return b;
}

/* How many of the first ten answers to a session of `item` lie on its shelf. */
static uint32_t on_the_same_shelf(rk_engine *engine, uint32_t item) {
    const rk_event seed = {.item = item};
    const rk_request request = {.session = &seed, .session_count = 1, .count = 10};
    rk_recommendation list[10];
    uint32_t found, same = 0;
    assert_int_equal(rk_recommend(engine, &request, list, &found, NULL), RK_OK);
    assert_int_equal(found, 10);
    for (uint32_t i = 0; i < found; i++) same += list[i].item % 2 == item % 2;
    return same;
}

/* Without events, with one and with ten: from the first click answers are alike by content. */
static void items_alone_answer_by_their_content(void **state) {
    (void)state;
    static const uint32_t likes[] = {0, 1, 10};
    for (uint32_t i = 0; i < 3; i++) {
        log_builder b = shelves(likes[i], true);
        const rk_learn_options options = quick();
        rk_engine *engine = open_engine(learn(&b, &options), &b.memory);
        rk_description d;
        rk_engine_describe(engine, &d);
        assert_int_equal(d.items, SHELF_ITEMS);
        assert_int_equal(d.events, likes[i]);
        uint32_t same = 0;
        for (uint32_t item = 0; item < SHELF_ITEMS; item++) same += on_the_same_shelf(engine, item);
        assert_true(likes[i] == 0 ? same == 10 * SHELF_ITEMS : same > 8 * SHELF_ITEMS);
        rk_recommendation list[5];
        uint32_t found;
        assert_int_equal(rk_similar(engine, 3, 5, list, &found, NULL), RK_OK);
        assert_int_equal(found, 5);
        assert_int_equal(list[0].item % 2, 1);
        rk_memory_free(&b.memory);
    }
}

static void clusters_are_of_one_shelf(void **state) {
    (void)state;
    log_builder b = shelves(0, true);
    const rk_learn_options options = quick();
    const snapshot_bytes snapshot = learn(&b, &options);
    rk_snapshot_view view;
    assert_int_equal(rk_snapshot_open(snapshot.bytes, snapshot.size, &view, NULL), RK_OK);
    const rk_snapshot_content *content = &view.content;
    assert_in_range(content->meta.clusters, 2, 6);
    assert_true(content->meta.cluster_model != 0);
    for (uint32_t a = 0; a < SHELF_ITEMS; a++)
        for (uint32_t other = a + 1; other < SHELF_ITEMS; other += 2)
            assert_int_not_equal(content->cluster[a], content->cluster[other]);
    rk_memory_free(&b.memory);
}

/* Without attributes too: boosts order, related lists are neighbours. */
static void experts_are_heard_before_events(void **state) {
    (void)state;
    log_builder b = shelves(0, false);
    const rk_learn_options options = quick();
    float *boost = TAKE(&b.memory, float, SHELF_ITEMS);
    uint32_t *begin = TAKE(&b.memory, uint32_t, SHELF_ITEMS + 1);
    static const uint32_t related[] = {20, 30};
    boost[17] = 3.0f, boost[5] = 2.0f, boost[33] = 2.5f;
    for (uint32_t item = 0; item < SHELF_ITEMS; item++) begin[item + 1] = item < 4 ? 0 : 2;
    b.boost = boost;
    b.related_begin = begin;
    b.related = related;
    rk_engine *engine = open_engine(learn(&b, &options), &b.memory);
    const rk_request empty = {.count = SHELF_ITEMS};
    rk_recommendation list[SHELF_ITEMS];
    uint32_t found;
    assert_int_equal(rk_recommend(engine, &empty, list, &found, NULL), RK_OK);
    assert_int_equal(found, SHELF_ITEMS);
    assert_true(list[0].item == 17 && list[1].item == 33 && list[2].item == 5);
    assert_int_equal(rk_similar(engine, 20, 3, list, &found, NULL), RK_OK);
    assert_int_equal(list[0].item, 4);
    rk_memory_free(&b.memory);
}

/* Learns `b`, asks with every item of the catalogue, and returns how many items it has. */
static uint32_t learn_and_ask(log_builder *b) {
    const rk_learn_options options = quick();
    rk_engine *engine = open_engine(learn(b, &options), &b->memory);
    rk_description d;
    rk_engine_describe(engine, &d);
    static rk_recommendation list[RK_MAX_COUNT];
    for (uint32_t item = 0; item < RK_MIN(d.items, 20); item++) {
        const rk_event seed = {.item = item};
        const rk_request request = {.session = &seed, .session_count = 1, .count = RK_MAX_COUNT};
        uint32_t found;
        assert_int_equal(rk_recommend(engine, &request, list, &found, NULL), RK_OK);
        assert_int_equal(found, d.items - 1);
        for (uint32_t i = 0; i < found; i++) assert_true(isfinite((double)list[i].score));
    }
    rk_memory_free(&b->memory);
    return d.items;
}

static void one_event(void **state) {
    (void)state;
    log_builder b = log_of(1, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    add_event(&b, 0, 0, VIEW, 5);
    assert_int_equal(learn_and_ask(&b), 1);
}

static void one_item_only(void **state) {
    (void)state;
    log_builder b = log_of(100, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    for (uint32_t i = 0; i < 100; i++) add_event(&b, i / 5, 0, VIEW, i);
    assert_int_equal(learn_and_ask(&b), 1);
}

static void one_user_only(void **state) {
    (void)state;
    log_builder b = log_of(100, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    for (uint32_t i = 0; i < 100; i++) add_event(&b, 0, i % 40, VIEW, i * 1000);
    assert_int_equal(learn_and_ask(&b), 40);
}

static void users_of_one_event(void **state) {
    (void)state;
    log_builder b = log_of(50, RK_TIME_ORDER, RK_USERS_ARE_SESSIONS);
    for (uint32_t i = 0; i < 50; i++) add_event(&b, i, i % 10, LIKE, i);
    assert_int_equal(learn_and_ask(&b), 10);
}

/* Three different items, two of them disliked: validation hides the only like. */
static void one_like_in_all(void **state) {
    (void)state;
    log_builder b = log_of(3, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    add_event(&b, 0, 0, HIDE, 1);
    add_event(&b, 0, 1, HIDE, 2);
    add_event(&b, 0, 2, LIKE, 3);
    assert_int_equal(learn_and_ask(&b), 3);
}

static void times_at_their_limits(void **state) {
    (void)state;
    const int64_t limit = (int64_t)1 << 53;
    log_builder b = log_of(40, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    for (uint32_t i = 0; i < 40; i++) add_event(&b, i / 4, i % 7, VIEW, i % 2 ? limit : -limit);
    assert_int_equal(learn_and_ask(&b), 7);
}

static void rare_items_are_left_out(void **state) {
    (void)state;
    log_builder b = log_of(31, RK_TIME_ORDER, RK_USERS_ARE_SESSIONS);
    for (uint32_t i = 0; i < 30; i++) add_event(&b, i / 5, i % 5, VIEW, i);
    add_event(&b, 0, 5, VIEW, 99);
    rk_learn_options options = quick();
    options.min_item_events = 2;
    rk_engine *engine = open_engine(learn(&b, &options), &b.memory);
    rk_description d;
    rk_engine_describe(engine, &d);
    assert_int_equal(d.items, 5);
    assert_int_equal(rk_item_find(engine, "i00000005", 9), RK_NONE);
    assert_int_equal(rk_item_find(engine, "i00000004", 9), 4);
    rk_memory_free(&b.memory);
}

/* Ids and titles come through byte by byte, and titles follow their items when some are left out.
 */
static void texts_come_through(void **state) {
    (void)state;
    enum { LONG = 10000 };
    static char text[LONG + 64], titles_text[] = "long\"quote\"née🎉";
    log_builder b = log_of(20, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    for (uint32_t i = 0; i < 20; i++) add_event(&b, i / 4, i % 4, VIEW, 0);
    b.items = 5; // the last has no event
    rk_events_content content = log_content(&b);
    memset(text, 'a', LONG);
    memcpy(text + LONG, "b,\"c\"\xC3\xA9\xF0\x9F\x8E\x89\xF4\x8F\xBF\xBF", 15);
    const uint32_t offsets[6] = {0, LONG, LONG + 5, LONG + 7, LONG + 11, LONG + 15};
    const uint32_t title_offsets[6] = {0, 4, 11, 11, 19, 19};
    content.items = (rk_strings){offsets, text, 5};
    content.titles = (rk_strings){title_offsets, titles_text, 5};
    const uint64_t bytes = rk_events_bytes(&content);
    unsigned char *file = take_or_abort(&b.memory, bytes, 1);
    rk_events_view view;
    rk_error error;
    rk_events_write(&content, "test", 0, file);
    assert_int_equal(rk_events_read(file, bytes, &view, &error), RK_OK);
    rk_learn_options options = quick();
    options.min_item_events = 1;
    snapshot_bytes snapshot;
    assert_int_equal(rk_learn_snapshot(&view, "eu", &options, &b.memory, &snapshot.bytes,
                                       &snapshot.size, &error),
                     RK_OK);
    rk_engine *engine = open_engine(snapshot, &b.memory);
    for (uint32_t item = 0; item < 4; item++) {
        const char *id, *title;
        const uint32_t id_bytes = rk_item_id(engine, item, &id);
        assert_int_equal(id_bytes, offsets[item + 1] - offsets[item]);
        assert_memory_equal(id, text + offsets[item], id_bytes);
        const uint32_t title_bytes = rk_item_title(engine, item, &title);
        assert_int_equal(title_bytes, title_offsets[item + 1] - title_offsets[item]);
        if (title_bytes) assert_memory_equal(title, titles_text + title_offsets[item], title_bytes);
    }
    assert_int_equal(rk_item_find(engine, "\xF4\x8F\xBF\xBF", 4), RK_NONE);
    rk_memory_free(&b.memory);
}

/* ---- evaluation ---- */

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

/* ---- options, notes, progress ---- */

static void options_are_set_by_name(void **state) {
    (void)state;
    static const struct {
        const char *name, *value;
        bool good;
    } cases[] = {{"dim", "8", true},
                 {"dim", "256", true},
                 {"dim", "4", false},
                 {"dim", "10", false},
                 {"dim", "260", false},
                 {"dim", "", false},
                 {"dim", "-8", false},
                 {"dim", "+8", false},
                 {"dim", " 8", false},
                 {"dim", "8 ", false},
                 {"dim", "8.0", false},
                 {"dim", "99999999999999999999999", false},
                 {"dim", "4294967304", false},
                 {"min_item_events", "0", true},
                 {"min_item_events", "4294967294", true},
                 {"min_item_events", "4294967295", false},
                 {"validation_cases", "0", true},
                 {"validation_cases", "1000000", true},
                 {"validation_cases", "1000001", false},
                 {"sgns_epochs", "1", true},
                 {"sgns_epochs", "0", false},
                 {"sgns_epochs", "1001", false},
                 {"encoder_epochs", "0", true},
                 {"encoder_epochs", "1001", false},
                 {"tower_epochs", "1000", true},
                 {"tower_epochs", "1001", false},
                 {"located", "1", true},
                 {"located", "2", false},
                 {"seed", "1", false},
                 {"", "1", false},
                 {"Dim", "8", false}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        rk_learn_options options = rk_learn_defaults();
        const rk_learn_options before = options;
        if (rk_learn_set(&options, cases[c].name, cases[c].value) != cases[c].good)
            fail_msg("%s=%s", cases[c].name, cases[c].value);
        if (!cases[c].good) {
            assert_int_equal(options.dim, before.dim);
            assert_int_equal(options.min_item_events, before.min_item_events);
            assert_int_equal(options.validation_cases, before.validation_cases);
            assert_int_equal(options.sgns_epochs, before.sgns_epochs);
            assert_int_equal(options.encoder_epochs, before.encoder_epochs);
            assert_int_equal(options.tower_epochs, before.tower_epochs);
            assert_int_equal(options.located, before.located);
        }
    }
    rk_learn_options options = rk_learn_defaults();
    assert_true(rk_learn_set(&options, "dim", "12"));
    assert_true(rk_learn_set(&options, "sgns_epochs", "7"));
    assert_int_equal(options.dim, 12);
    assert_int_equal(options.sgns_epochs, 7);
}

typedef struct ears {
    uint32_t notes, reports;
} ears;

static void hear_note(void *context, const char *text) {
    assert_true(strlen(text) > 10);
    ((ears *)context)->notes++;
}

static void hear_progress(void *context, const char *stage, uint64_t done, uint64_t total,
                          const char *unit) {
    assert_true(strlen(stage) > 0 && strlen(unit) > 0);
    assert_true(total == 0 || done <= total);
    ((ears *)context)->reports++;
}

static void a_person_is_told_what_is_missing(void **state) {
    (void)state;
    for (uint32_t time_kind = 0; time_kind < 3; time_kind++) {
        log_builder b = some_log(216);
        b.time_kind = time_kind;
        ears heard = {0};
        rk_learn_options options = quick();
        options.note = hear_note;
        options.progress = hear_progress;
        options.context = &heard;
        learn(&b, &options);
        assert_int_equal(heard.notes, time_kind == RK_TIME_UNIX_MS ? 0 : 1);
        assert_true(heard.reports > 20);
        rk_memory_free(&b.memory);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_change_no_byte),
        cmocka_unit_test(another_seed_another_snapshot),
        cmocka_unit_test(a_snapshot_says_what_it_was_learnt_from),
        cmocka_unit_test(long_pauses_cut_sessions),
        cmocka_unit_test(rankers_come_along),
        cmocka_unit_test(without_rankers_nobody_is_asked),
        cmocka_unit_test(nothing_to_learn_from),
        cmocka_unit_test(items_alone_answer_by_their_content),
        cmocka_unit_test(clusters_are_of_one_shelf),
        cmocka_unit_test(experts_are_heard_before_events),
        cmocka_unit_test(one_event),
        cmocka_unit_test(one_item_only),
        cmocka_unit_test(one_user_only),
        cmocka_unit_test(users_of_one_event),
        cmocka_unit_test(one_like_in_all),
        cmocka_unit_test(times_at_their_limits),
        cmocka_unit_test(rare_items_are_left_out),
        cmocka_unit_test(texts_come_through),
        cmocka_unit_test(shuffled_items_fall_to_chance),
        cmocka_unit_test(documents_are_whole_and_the_same),
        cmocka_unit_test(new_users_are_asked),
        cmocka_unit_test(category_beats_chance_on_cold_items),
        cmocka_unit_test(an_evaluation_says_what_it_did),
        cmocka_unit_test(no_case_to_test),
        cmocka_unit_test(predictions_give_the_metrics),
        cmocka_unit_test(what_cannot_be_split_is_refused),
        cmocka_unit_test(options_are_set_by_name),
        cmocka_unit_test(a_person_is_told_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
