/* Tuning: figures as a plain recount has them, weights that are plainly wrong put right, what is
 * right left alone, the same document with any number of threads, and every refusal. */
#include "log_builder.h"
#include "random_snapshot.h"

#include "learn/replay.h"
#include "learn/replay_log.h"

#include <math.h>

enum { ITEMS = 150, SHOWN = 10, TASKS = 3 };

static snapshot_shape shape_of(uint64_t seed) {
    snapshot_shape shape = with_all_parts((snapshot_shape){
        .items = ITEMS, .dim = 8, .neighbors = 12, .popular_rows = 40, .seed = seed});
    shape.tasks = TASKS;
    shape.born = false;
    return shape;
}

/* The log's items as the snapshot names them; some it does not have. */
static rk_events_content content_of(log_builder *b) {
    rk_events_content content = log_content(b);
    content.items = numbered_strings("item-", b->items, &b->memory);
    return content;
}

static rk_events_view view_of(const rk_events_content *content, rk_memory *memory) {
    rk_events_view view;
    rk_error error;
    const uint64_t bytes = rk_events_bytes(content);
    unsigned char *file = take_or_abort(memory, bytes, 1);
    rk_events_write(content, "test", 0, file);
    if (rk_events_read(file, bytes, &view, &error) != RK_OK)
        fail_msg("%s: %s", error.section, error.detail);
    return view;
}

static rk_snapshot_view snapshot_view(const rk_snapshot_content *content, int64_t created_at,
                                      rk_memory *memory) {
    rk_snapshot_view view;
    rk_error error;
    const uint64_t bytes = rk_snapshot_bytes(content);
    unsigned char *file = take_or_abort(memory, bytes, 1);
    rk_snapshot_write(content, "test", created_at, file);
    if (rk_snapshot_open(file, bytes, &view, &error) != RK_OK ||
        rk_snapshot_verify(&view, &error) != RK_OK) {
        fail_msg("%s: %s", error.section, error.detail);
    }
    return view;
}

/* ---- figures against a plain recount ---- */

typedef struct bench {
    log_builder log;
    rk_snapshot_content snapshot;
    rk_events_content events;
    rk_replay_log mapped;
    rk_split split;
    rk_trial trial;
    uint32_t k;
} bench;

static void make_bench(bench *b, rk_rng *rng, uint64_t seed, bool propensities) {
    static const rk_protocol protocols[] = {RK_PROTOCOL_TEMPORAL, RK_PROTOCOL_SESSIONS,
                                            RK_PROTOCOL_LEAVE_ONE_OUT};
    const rk_protocol protocol = protocols[rk_rng_below(rng, 3)];
    *b = (bench){.log = random_log(rng, 600, 40, ITEMS + 20, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS),
                 .k = 1 + rk_rng_below(rng, 30)};
    rk_memory *memory = &b->log.memory;
    b->snapshot = make_random_snapshot(shape_of(seed), memory);
    b->events = content_of(&b->log);
    if (propensities) {
        float *propensity = TAKE(memory, float, b->log.events);
        for (uint64_t i = 0; i < b->log.events; i++)
            propensity[i] = 0.01f + 0.99f * rk_rng_f32(rng);
        b->events.propensity = propensity;
    }
    const rk_rows rows = rows_in_order(&b->events, memory);
    assert_int_equal(rk_replay_log_map(&b->events, &b->snapshot, 0, memory, &b->mapped, NULL),
                     RK_OK);
    assert_int_equal(
        rk_split_events(&b->mapped.events, &rows, protocol, 1.0, 1, memory, &b->split, NULL),
        RK_OK);
    b->trial = (rk_trial){.events = &b->mapped.events,
                          .log = &b->mapped.log,
                          .snapshot = &b->snapshot,
                          .split = &b->split,
                          .cutoffs = &b->k,
                          .cutoff_count = 1,
                          .threads = 2};
}

static bool was_seen(const bench *b, const rk_case *test, uint32_t file_item) {
    for (uint32_t i = 0; !b->split.keep_seen && i < test->history_count; i++) {
        if (b->events.item[b->split.row[test->history_begin + i]] == file_item) return true;
    }
    return false;
}

/* Lowest of the weights of all rows with the item if one is negative, else the highest. */
static float naive_gain(const bench *b, const rk_case *test, uint32_t file_item) {
    float low = INFINITY, high = -INFINITY;
    for (uint32_t i = 0; i < test->relevant_count; i++) {
        const uint64_t row = b->split.row[test->relevant_begin + i];
        if (b->events.item[row] != file_item) continue;
        for (uint32_t type = 0; type < LABEL_TYPES; type++) {
            if (!(b->events.label[row] >> type & 1u)) continue;
            low = fminf(low, b->events.type_weight[type]);
            high = fmaxf(high, b->events.type_weight[type]);
        }
    }
    return low < 0.0f ? low : high;
}

static double discount_at(uint32_t rank) {
    return 1.0 / log2((double)rank + 1.0);
}

typedef struct recount {
    double reward, reward_of, squares, ndcg, ndcg_of, dislikes, dislikes_of, candidates, measured;
} recount;

/* One case by its definition. */
static void recount_case(const bench *b, rk_engine *engine, rk_case_room *room, uint32_t index,
                         const rk_setting *setting, double clip, recount *sum) {
    const rk_case *test = &b->split.cases[index];
    rk_recommendation list[RK_MOST_SHOWN];
    rk_request request = rk_case_request(&b->trial, index, room);
    uint32_t found, liked = 0, hidden = 0;
    double gain = 0.0, best = 0.0;
    request.count = b->k;
    request.flags |= RK_REQUEST_SOURCE_QUOTAS | RK_REQUEST_TASK_WEIGHTS;
    memcpy(request.source_quotas, setting->quotas, sizeof setting->quotas);
    memcpy(request.task_weights, setting->values, sizeof setting->values);
    assert_int_equal(rk_recommend(engine, &request, list, &found, NULL), RK_OK);
    rk_funnel funnel;
    rk_engine_funnel(engine, &funnel);
    for (uint32_t item = 0; item < b->events.meta.items; item++) {
        uint32_t rank = 0;
        bool there = false;
        for (uint32_t i = 0; i < test->relevant_count; i++)
            there |= b->events.item[b->split.row[test->relevant_begin + i]] == item;
        if (!there || was_seen(b, test, item)) continue;
        hidden++;
        for (uint32_t i = 0; i < found && item < ITEMS; i++)
            if (list[i].item == item) rank = i + 1;
        const float weight = naive_gain(b, test, item);
        if (!b->events.propensity && rank) sum->reward += (double)weight * discount_at(rank);
        sum->dislikes_of += weight < 0.0f;
        sum->dislikes += weight < 0.0f && rank;
        if (!(weight > 0.0f)) continue;
        if (++liked <= b->k) best += discount_at(liked);
        if (rank) gain += discount_at(rank);
    }
    if (!hidden) return;
    for (uint32_t i = 0; b->events.propensity && i < test->relevant_count; i++) {
        const uint64_t row = b->split.row[test->relevant_begin + i];
        const uint32_t item = b->events.item[row];
        for (uint32_t r = 0; r < found && !was_seen(b, test, item); r++) {
            if (list[r].item != item) continue;
            const double inverse = fmin(clip, 1.0 / (double)b->events.propensity[row]);
            const double weight = inverse * discount_at(r + 1);
            sum->reward += weight * (double)rk_event_weight(&b->events, b->events.label[row]);
            sum->reward_of += weight;
            sum->squares += weight * weight;
        }
    }
    if (!b->events.propensity) sum->reward_of += 1.0;
    sum->ndcg += liked ? gain / best : 0.0;
    sum->ndcg_of += liked > 0;
    sum->candidates += funnel.retrieved;
    sum->measured += 1.0;
}

static void check_figure(const char *what, double given, double part, double of) {
    if (!(of > 0.0)) {
        assert_true(isnan(given));
        return;
    }
    if (!(fabs(given - part / of) <= 1e-5 * (1.0 + fabs(part / of))))
        fail_msg("%s is %.9f, expected %.9f", what, given, part / of);
}

static void check_figures(rk_rng *rng, uint64_t seed, bool propensities) {
    bench b;
    rk_replay replay;
    make_bench(&b, rng, seed, propensities);
    rk_memory *memory = &b.log.memory;
    const float *weights = b.mapped.events.type_weight;
    const rk_setting setting = rk_setting_draw(&b.snapshot, weights, seed, 3);
    const double clip = 1.0 + rk_rng_below(rng, 30);
    const uint32_t cases = b.split.case_count, begin = rk_rng_below(rng, cases / 2 + 1);
    float *values = TAKE(memory, float, (uint64_t)cases *RK_REPLAY_COLUMNS);
    uint32_t *lists = TAKE(memory, uint32_t, (uint64_t)cases * b.k);
    double figures[RK_FIGURES], effective;
    assert_true(rk_replay_open(&b.trial, b.k, clip, memory, &replay));
    rk_replay_ask(&replay, &setting, begin, cases, values, lists);
    assert_true(rk_replay_figures(&replay, begin, cases, values, lists, figures, &effective));
    recount sum = {0};
    rk_case_room room;
    rk_engine *engine = engine_over(&b.snapshot, memory);
    assert_true(rk_case_room_take(&b.trial, memory, &room));
    for (uint32_t i = begin; i < cases; i++)
        recount_case(&b, engine, &room, i, &setting, clip, &sum);
    check_figure("reward", figures[RK_FIGURE_REWARD], sum.reward, sum.reward_of);
    check_figure("ndcg", figures[RK_FIGURE_NDCG], sum.ndcg, sum.ndcg_of);
    check_figure("dislikes", figures[RK_FIGURE_DISLIKES], sum.dislikes, sum.dislikes_of);
    check_figure("candidates", figures[RK_FIGURE_CANDIDATES], sum.candidates, sum.measured);
    if (propensities)
        check_figure("effective", effective, sum.reward_of * sum.reward_of, sum.squares);
    bool shown[ITEMS] = {false};
    uint32_t different = 0;
    for (uint64_t i = 0; i < (uint64_t)(cases - begin) * b.k; i++) {
        if (lists[i] == RK_NONE) continue;
        different += !shown[lists[i]];
        shown[lists[i]] = true;
    }
    check_figure("coverage", figures[RK_FIGURE_COVERAGE], different, ITEMS);
    rk_memory_free(memory);
}

static void figures_are_a_plain_recount(void **state) {
    (void)state;
    const uint64_t seed = test_seed();
    rk_rng rng = rk_rng_at(seed, 1);
    for (uint32_t round = 0; round < 12; round++) check_figures(&rng, seed + round, round % 2);
}

/* ---- logs with a known best setting ---- */

/* Users who like what an engine under `truth` shows them first, and hide what it shows last: then
 * no setting earns more than the truth. A session of `before` random items precedes. */
static log_builder log_by_truth(rk_rng *rng, const rk_snapshot_content *snapshot,
                                const rk_setting *truth, uint32_t users, rk_memory *scratch) {
    enum { BEFORE = 8, LIKED = 2 };
    log_builder b = log_of((uint64_t)users * (BEFORE + LIKED), RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    rk_engine *engine = engine_over(snapshot, scratch);
    for (uint32_t user = 0; user < users; user++) {
        rk_event session[BEFORE];
        rk_recommendation list[SHOWN];
        uint32_t found;
        const int64_t now = 1800000000000 + 1000000 * (int64_t)user;
        rk_request request = {.session = session,
                              .session_count = BEFORE,
                              .count = SHOWN,
                              .flags = RK_REQUEST_SOURCE_QUOTAS | RK_REQUEST_TASK_WEIGHTS,
                              .time_ms = now + BEFORE};
        for (uint32_t i = 0; i < BEFORE; i++) {
            session[i] = (rk_event){.time_ms = now + i, .item = rk_rng_below(rng, ITEMS)};
            add_event(&b, user, session[i].item, VIEW, session[i].time_ms);
        }
        memcpy(request.source_quotas, truth->quotas, sizeof truth->quotas);
        memcpy(request.task_weights, truth->values, sizeof truth->values);
        assert_int_equal(rk_recommend(engine, &request, list, &found, NULL), RK_OK);
        for (uint32_t i = 0; i < LIKED; i++)
            add_event(&b, user, list[i].item, i ? VIEW : LIKE, now + BEFORE + i);
    }
    b.items = ITEMS;
    return b;
}

/* What a test looks for in a document. */
static bool has(const char *json, const char *text) {
    return strstr(json, text) != NULL;
}

static double number_after(const char *json, const char *key) {
    const char *at = strstr(json, key);
    if (!at) fail_msg("%s is missing in %s", key, json);
    return strtod(at + strlen(key), NULL);
}

static char *tune(const rk_snapshot_view *snapshot, const rk_events_view *events,
                  const rk_tune_options *options, uint32_t threads, rk_memory *memory) {
    rk_learn_options learn = rk_learn_defaults();
    char *json;
    uint64_t bytes;
    rk_error error;
    learn.threads = threads;
    learn.seed = 5;
    if (rk_learn_tune(snapshot, events, &learn, options, memory, &json, &bytes, &error) != RK_OK)
        fail_msg("%s: %s", rk_status_name(error.status), error.detail);
    assert_int_equal(strlen(json), bytes);
    return json;
}

static rk_tune_options options_without_guards(void) {
    rk_tune_options options = rk_tune_defaults();
    for (uint32_t f = 0; f < RK_FIGURES; f++) options.guards[f].on = false;
    return options;
}

/* A snapshot whose weights are `wrong`, a log that the snapshot's own weights made. */
static void make_wrong(uint64_t seed, const float wrong[TASKS], uint32_t users, rk_memory *memory,
                       rk_snapshot_view *snapshot, rk_events_view *events) {
    rk_rng rng = rk_rng_at(seed, 40);
    snapshot_shape shape = shape_of(seed);
    shape.explore = 0; // what is left to chance is drawn anew when the log is replayed
    rk_snapshot_content content = make_random_snapshot(shape, memory);
    const rk_setting truth = rk_setting_own(&content);
    log_builder log = log_by_truth(&rng, &content, &truth, users, memory);
    const rk_events_content rows = content_of(&log);
    *events = view_of(&rows, memory);
    rk_task *tasks = TAKE(memory, rk_task, TASKS);
    memcpy(tasks, content.tasks, TASKS * sizeof *tasks);
    for (uint32_t t = 0; wrong && t < TASKS; t++) tasks[t].weight = wrong[t];
    content.tasks = tasks;
    *snapshot = snapshot_view(&content, 1700000000000, memory);
    rk_memory_free(&log.memory);
}

static void wrong_weights_are_found(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_snapshot_view snapshot;
    rk_events_view events;
    /* The true ones are 1, 3, -1.5. */
    static const float wrong[TASKS] = {0.4f, 0.4f, 3.0f};
    make_wrong(test_seed(), wrong, 200, &memory, &snapshot, &events);
    const rk_tune_options options = options_without_guards();
    const char *one = tune(&snapshot, &events, &options, 1, &memory);
    assert_true(has(one, "\"decision\":\"change\""));
    assert_true(has(one, "\"protocol\":\"temporal\""));
    assert_true(number_after(one, "\"gainInterval\":[") > 0.0);
    assert_true(number_after(one, "\"gain\":") > 0.0);
    assert_true(has(one, "\"eventsNotNewer\":0,"));
    assert_true(has(one, "\"notes\":[]"));
    assert_true(has(one, "\"before\":{\"values\":{\"view\":0.400000,\"like\":0.400000,"
                         "\"hide\":3.000000}"));
    assert_string_equal(tune(&snapshot, &events, &options, 3, &memory), one);
    /* The gain may not be bought with more candidates, or with anything. */
    rk_tune_options strict = rk_tune_defaults();
    for (uint32_t f = 1; f < RK_FIGURES; f++) strict.guards[f].tolerance = 0.0;
    const char *guarded = tune(&snapshot, &events, &strict, 2, &memory);
    if (has(guarded, "\"decision\":\"change\"")) assert_false(has(guarded, "\"broken\"}"));
    assert_true(number_after(guarded, "\"broken\":") > 0.0);
    rk_memory_free(&memory);
}

static void right_weights_are_kept(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_snapshot_view snapshot;
    rk_events_view events;
    make_wrong(test_seed(), NULL, 160, &memory, &snapshot, &events);
    const rk_tune_options options = options_without_guards();
    const char *json = tune(&snapshot, &events, &options, 2, &memory);
    assert_true(has(json, "\"decision\":\"keep\""));
    rk_memory_free(&memory);
}

/* A guard rail that nothing can keep: whatever is better is put out. */
static void guard_rails_put_out(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_snapshot_view snapshot;
    rk_events_view events;
    static const float wrong[TASKS] = {0.4f, 0.4f, 3.0f};
    make_wrong(test_seed(), wrong, 80, &memory, &snapshot, &events);
    rk_tune_options options = options_without_guards();
    /* Worse is any change: -100 % of tolerance. */
    options.guards[RK_FIGURE_CANDIDATES] = (rk_guard){.on = true, .tolerance = -1.0};
    const char *json = tune(&snapshot, &events, &options, 2, &memory);
    assert_true(has(json, "\"decision\":\"keep\""));
    assert_true(has(json, "\"best\":0,"));
    assert_true(number_after(json, "\"broken\":") == 31.0);
    rk_memory_free(&memory);
}

/* ---- propensities ---- */

/* Rows are impressions of known propensity: the estimator changes, and how much evidence there is
 * is said; a log that hardly shows what the setting would show is not judged. */
static void propensities_are_weighed(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_snapshot_view snapshot;
    rk_events_view events;
    static const float wrong[TASKS] = {0.4f, 0.4f, 3.0f};
    make_wrong(test_seed(), wrong, 200, &memory, &snapshot, &events);
    rk_tune_options options = options_without_guards();
    options.configurations = 8;
    rk_events_content logged = events.content;
    float *propensity = TAKE(&memory, float, logged.meta.events);
    for (uint64_t i = 0; i < logged.meta.events; i++) propensity[i] = i % 3 ? 0.5f : 0.25f;
    logged.propensity = propensity;
    const rk_events_view view = view_of(&logged, &memory);
    const char *json = tune(&snapshot, &view, &options, 2, &memory);
    assert_true(has(json, "\"estimator\":\"snips\""));
    const double rows = number_after(json, "\"rows\":"),
                 effective = number_after(json, "\"effectiveAfter\":");
    assert_true(effective > 0.0 && effective <= rows);
    assert_true(rows <= 2.0 * number_after(json, "\"reportingCases\":"));
    assert_string_equal(tune(&snapshot, &view, &options, 3, &memory), json);
    /* Nearly all of the weight on a few rows. */
    for (uint64_t i = 0; i < logged.meta.events; i++) propensity[i] = i % 97 ? 1.0f : 1e-6f;
    options.clip = 1e6;
    const rk_events_view few = view_of(&logged, &memory);
    const char *poor = tune(&snapshot, &few, &options, 2, &memory);
    assert_true(number_after(poor, "\"effectiveBefore\":") < 100.0);
    assert_true(has(poor, "\"decision\":\"keep\""));
    assert_true(has(poor, "the effective sample is small"));
    rk_memory_free(&memory);
}

/* ---- refusals, notes, memory ---- */

static void what_cannot_be_tuned_is_refused(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_snapshot_view snapshot;
    rk_events_view events;
    make_wrong(test_seed(), NULL, 40, &memory, &snapshot, &events);
    rk_learn_options learn = rk_learn_defaults();
    rk_tune_options options = rk_tune_defaults();
    char *json;
    uint64_t bytes;
    rk_error error;
#define REFUSED(status)                                                                            \
    assert_int_equal(                                                                              \
        rk_learn_tune(&snapshot, &events, &learn, &options, &memory, &json, &bytes, &error),       \
        status)
    options.k = RK_MOST_SHOWN + 1;
    REFUSED(RK_BAD_ARGUMENT);
    options = rk_tune_defaults();
    options.configurations = 0;
    REFUSED(RK_BAD_ARGUMENT);
    options = rk_tune_defaults();
    options.clip = 0.5;
    REFUSED(RK_BAD_ARGUMENT);
    options = rk_tune_defaults();
    options.has_protocol = true;
    options.protocol = RK_PROTOCOL_COLD_ITEM;
    REFUSED(RK_BAD_ARGUMENT);
    options = rk_tune_defaults();
    /* An event that the snapshot does not have. */
    static const uint32_t offsets[] = {0, 4, 9, 13, 17};
    rk_events_content other = events.content;
    other.types = (rk_strings){offsets, "viewlikedhideskip", LABEL_TYPES};
    events.content = other;
    REFUSED(RK_UNKNOWN_EVENT);
    assert_int_equal(error.offset, 1);
    /* One user is no two halves; users of two events have no case. */
    log_builder few = log_of(20, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    for (uint32_t i = 0; i < 10; i++) add_event(&few, 0, i, VIEW, 1000 + i);
    rk_events_content rows = content_of(&few);
    events = view_of(&rows, &memory);
    REFUSED(RK_NO_TEST_CASES);
    rk_memory_free(&few.memory);
    few = log_of(20, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    for (uint32_t i = 0; i < 20; i++) add_event(&few, i / 2, i, VIEW, 1000 + i);
    rows = content_of(&few);
    events = view_of(&rows, &memory);
    REFUSED(RK_NO_TEST_CASES);
#undef REFUSED
    rk_memory_free(&few.memory);
    rk_memory_free(&memory);
}

/* Types in another order, and rows that are older than the snapshot. */
static void events_are_mapped_by_name(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_snapshot_view snapshot;
    rk_events_view events;
    make_wrong(test_seed(), NULL, 60, &memory, &snapshot, &events);
    rk_tune_options options = rk_tune_defaults();
    options.configurations = 4;
    const char *plain = tune(&snapshot, &events, &options, 1, &memory);
    rk_events_content turned = events.content;
    static const uint32_t offsets[] = {0, 4, 8, 12, 16};
    static const float weights[] = {0.0f, -2.0f, 3.0f, 1.0f};
    uint32_t *labels = TAKE(&memory, uint32_t, turned.meta.events);
    for (uint64_t row = 0; row < turned.meta.events; row++) {
        for (uint32_t type = 0; type < LABEL_TYPES; type++)
            labels[row] |= (events.content.label[row] >> type & 1u) << (3 - type);
    }
    turned.label = labels;
    turned.types = (rk_strings){offsets, "skiphidelikeview", LABEL_TYPES};
    turned.type_weight = weights;
    const rk_events_view other = view_of(&turned, &memory);
    assert_string_equal(tune(&snapshot, &other, &options, 1, &memory), plain);
    const rk_snapshot_view newer = snapshot_view(&snapshot.content, 1900000000000, &memory);
    const char *seen = tune(&newer, &events, &options, 1, &memory);
    assert_true(number_after(seen, "\"eventsNotNewer\":") == 600.0);
    assert_true(has(seen, "\"notes\":[\"some events are not newer"));
    rk_memory_free(&memory);
}

static void every_failing_allocation_is_survived(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_snapshot_view snapshot;
    rk_events_view events;
    make_wrong(test_seed(), NULL, 16, &memory, &snapshot, &events);
    rk_learn_options learn = rk_learn_defaults();
    rk_tune_options options = rk_tune_defaults();
    options.configurations = 2;
    rk_status status = RK_OUT_OF_MEMORY;
    uint64_t takes = 0;
    for (; status != RK_OK && takes < 10000; takes++) {
        rk_memory own = {0};
        char *json;
        uint64_t bytes;
        rk_error error;
        rk_memory_fail_after(takes);
        status = rk_learn_tune(&snapshot, &events, &learn, &options, &own, &json, &bytes, &error);
        rk_memory_fail_after(UINT64_MAX);
        assert_true(status == RK_OK || status == RK_OUT_OF_MEMORY);
        rk_memory_free(&own);
    }
    assert_int_equal(status, RK_OK);
    assert_true(takes > 100);
    rk_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_a_plain_recount),
        cmocka_unit_test(wrong_weights_are_found),
        cmocka_unit_test(right_weights_are_kept),
        cmocka_unit_test(guard_rails_put_out),
        cmocka_unit_test(propensities_are_weighed),
        cmocka_unit_test(what_cannot_be_tuned_is_refused),
        cmocka_unit_test(events_are_mapped_by_name),
        cmocka_unit_test(every_failing_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
