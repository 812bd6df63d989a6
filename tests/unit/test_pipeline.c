/* From an events file to a snapshot: the public training API. */
#include "quick_learning.h"

#include "reckon.h"

#include <math.h>

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
        cmocka_unit_test(options_are_set_by_name),
        cmocka_unit_test(a_person_is_told_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
