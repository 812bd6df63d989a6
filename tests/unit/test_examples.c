/* Examples of the rankers: what they may know, what they say, and that learning from nonsense is
 * found out. */
#include "log_builder.h"

#include "learn/fit_ranker.h"
#include "learn/tasks.h"

enum { USERS = 300, LENGTH = 14, ITEMS = 120, GROUPS = 6, TASKS = 3 };

/* Three tasks: view, like (worth 3 views), hide (unwanted). */
static const uint32_t task_types[TASKS] = {0, 1, 2};

typedef struct bench {
    log_builder builder;
    rk_events_content events;
    rk_learn_options options;
    rk_rows rows;
    rk_split search;
    rk_example_split examples;
    rk_tuned tuned;
    rk_log log;
    rk_content items;
    rk_snapshot_content snapshot;
    rk_task task[RK_MAX_TASKS];
} bench;

/* People with a taste for one group of items, whose name the items bear. What they meet outside of
 * it they often hide, what they meet inside they often like. */
static log_builder people(rk_rng *rng, uint32_t time_kind) {
    static const char *const names[] = {"group"};
    static const uint8_t kinds[] = {RK_ATTRIBUTE_TAGS};
    static const char *const groups[GROUPS] = {"g0", "g1", "g2", "g3", "g4", "g5"};
    log_builder b = log_of(USERS * LENGTH, time_kind, RK_USERS_ARE_USERS);
    const char **values = TAKE(&b.memory, const char *, ITEMS);
    for (uint32_t item = 0; item < ITEMS; item++) values[item] = groups[item % GROUPS];
    for (uint32_t user = 0; user < USERS; user++) {
        const uint32_t own = rk_rng_below(rng, GROUPS);
        for (uint32_t i = 0; i < LENGTH; i++) {
            const bool inside = rk_rng_below(rng, 4) > 0;
            const uint32_t a = rk_rng_below(rng, ITEMS), c = rk_rng_below(rng, ITEMS);
            const uint32_t any = RK_MIN(a, c), item = inside ? any / GROUPS * GROUPS + own : any;
            const bool marked = rk_rng_below(rng, 2) == 0, taste = item % GROUPS == own;
            add_event(&b, user, item,
                      !marked ? VIEW
                      : taste ? VIEW | LIKE
                              : VIEW | HIDE,
                      1700000000000 + 3600000 * (int64_t)(user + i * USERS));
        }
    }
    b.items = ITEMS;
    b.attributes = 1;
    b.attribute_names = names;
    b.attribute_kinds = kinds;
    b.attribute_values = values;
    return b;
}

/* Splits: `share` of the users for the search, windows of others or (few are left) of everybody. */
static void split_bench(bench *b, double share, bool impressions, uint32_t most) {
    rk_memory *memory = &b->builder.memory;
    b->rows = rows_in_order(&b->events, memory);
    assert_int_equal(rk_split_events(&b->events, &b->rows, RK_PROTOCOL_LEAVE_ONE_OUT, share, 5,
                                     memory, &b->search, NULL),
                     RK_OK);
    assert_int_equal(rk_example_split_make(&b->events, &b->rows, &b->search, impressions, most, 0,
                                           5, memory, &b->examples, NULL),
                     RK_OK);
}

/* The retrieval of what is not hidden, blended by popularity alone, with tasks and rates. */
static void fit_bench(bench *b) {
    rk_memory *memory = &b->builder.memory;
    const rk_rows *train = &b->examples.split.train;
    rk_vectors_result unused;
    b->options = rk_learn_defaults();
    b->options.dim = 8;
    b->options.sgns_epochs = b->options.encoder_epochs = 1;
    b->options.ranker_epochs = 4;
    b->tuned = rk_tuned_defaults(&b->options);
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++)
        b->tuned.sources[s].weight = s == RK_SOURCE_POPULAR;
    assert_int_equal(rk_log_build(&b->events, train, 0, memory, &b->log, NULL), RK_OK);
    assert_int_equal(rk_fit_retrieval(&b->events, &b->log, &b->items, &b->tuned, &b->options,
                                      memory, &b->snapshot, &unused, NULL),
                     RK_OK);
    for (uint32_t t = 0; t < TASKS; t++)
        b->task[t] =
            (rk_task){.type = task_types[t], .weight = 1.0f, .scale = 1.0f, .base_rate = 0.3f};
    b->snapshot.meta.tasks = TASKS;
    b->snapshot.tasks = b->task;
    b->snapshot.task_rate = rk_tasks_rates(&b->events, train, &b->log, b->task, TASKS, memory);
    assert_non_null(b->snapshot.task_rate);
}

static rk_trial trial_of(const bench *b, uint32_t threads) {
    static const uint32_t cutoff = 10;
    return (rk_trial){.events = &b->events,
                      .log = &b->log,
                      .snapshot = &b->snapshot,
                      .split = &b->examples.split,
                      .cutoffs = &cutoff,
                      .cutoff_count = 1,
                      .threads = threads};
}

static rk_gathered gather(bench *b, uint32_t threads, rk_known known, uint32_t depth,
                          uint32_t most) {
    rk_gather_params params = rk_gather_defaults(3);
    params.known = known;
    params.depth = depth;
    params.most = most;
    const rk_trial trial = trial_of(b, threads);
    rk_gathered out;
    assert_true(rk_gather_examples(&trial, &params, &b->builder.memory, &out));
    return out;
}

static void make_bench(bench *b, uint32_t stream, uint32_t time_kind, double share,
                       bool impressions, uint32_t most) {
    rk_rng rng = rk_rng_at(test_seed(), stream);
    *b = (bench){.builder = people(&rng, time_kind)};
    b->events = log_content(&b->builder);
    split_bench(b, share, impressions, most);
    fit_bench(b);
}

/* ---- which rows are hidden ---- */

static uint32_t liked(const bench *b, uint64_t row) {
    return rk_event_weight(&b->events, b->events.label[row]) > 0.0f;
}

static bool *mark_rows(bench *b, const rk_rows *rows) {
    bool *mark = TAKE(&b->builder.memory, bool, b->events.meta.events);
    for (uint64_t i = 0; i < rows->count; i++) mark[rows->row[i]] = true;
    return mark;
}

/* The case's rows are the user's, in order; the hidden ones are learnt from by nobody, the others
 * by everybody; with times no row of the history is newer than a hidden one. */
static void check_case(bench *b, const rk_case *test, const bool *learnt) {
    const uint64_t *row = b->examples.split.row;
    const uint64_t window = test->relevant_begin, end = window + test->relevant_count;
    assert_true(test->history_count >= 2 && test->relevant_count >= 1);
    assert_int_equal(test->history_begin + test->history_count, window);
    assert_true(test->relevant_count <= RK_MAX(1, LENGTH * 3 / 20));
    for (uint64_t i = test->history_begin; i < end; i++) {
        assert_int_equal(b->events.user[row[i]], test->user);
        assert_int_equal(learnt[row[i]], i < window);
        if (i > test->history_begin && i != window) assert_true(row[i - 1] < row[i]);
    }
    if (b->events.time && b->events.time[0] > 0 && b->builder.time_kind == RK_TIME_UNIX_MS)
        assert_true(b->events.time[row[window - 1]] <= b->events.time[row[window]]);
}

static void windows_of_others_leave_the_search_alone(void **state) {
    (void)state;
    static bench b;
    make_bench(&b, 700, RK_TIME_UNIX_MS, 0.4, false, 100);
    const bool *learnt = mark_rows(&b, &b.examples.split.train);
    const bool *searched = mark_rows(&b, &b.search.train);
    bool asked[USERS] = {0};
    assert_false(b.examples.refit || b.examples.shared);
    assert_in_range(b.examples.split.case_count, 50, 150);
    for (uint32_t i = 0; i < b.search.case_count; i++) asked[b.search.cases[i].user] = true;
    for (uint32_t i = 0; i < b.examples.split.case_count; i++) {
        assert_false(asked[b.examples.split.cases[i].user]);
        check_case(&b, &b.examples.split.cases[i], learnt);
    }
    /* Of users whom the examples leave alone what is hidden is what the search hid. */
    for (uint64_t row = 0; row < b.events.meta.events; row++) {
        if (learnt[row]) assert_true(searched[row]);
        if (asked[b.events.user[row]]) assert_int_equal(learnt[row], searched[row]);
    }
    rk_memory_free(&b.builder.memory);
}

/* Users are few: all give a window, the search's too, which has to be learnt without again. */
static void windows_of_everybody(void **state) {
    (void)state;
    static const uint32_t kinds[] = {RK_TIME_UNIX_MS, RK_TIME_ORDER, RK_TIME_NONE};
    for (uint32_t k = 0; k < 3; k++) {
        static bench b;
        make_bench(&b, 701, kinds[k], 1.0, false, 4000);
        const bool *learnt = mark_rows(&b, &b.examples.split.train);
        uint32_t likes = 0, hidden = 0;
        assert_true(b.examples.refit && b.examples.shared);
        assert_int_equal(b.examples.split.case_count, USERS);
        for (uint32_t i = 0; i < USERS; i++) {
            const rk_case *test = &b.examples.split.cases[i];
            check_case(&b, test, learnt);
            hidden += test->relevant_count;
            for (uint32_t r = 0; r < test->relevant_count; r++)
                likes += liked(&b, b.examples.split.row[test->relevant_begin + r]);
        }
        /* Likes and dislikes as they come. */
        assert_true(likes > hidden / 2 && likes < hidden);
        assert_int_equal(b.examples.split.train.count + hidden, b.events.meta.events);
        rk_memory_free(&b.builder.memory);
    }
}

/* The window before the newest one: what came later is learnt from, but is no history. */
static void windows_further_back(void **state) {
    (void)state;
    static bench b;
    make_bench(&b, 702, RK_TIME_UNIX_MS, 1.0, false, 4000);
    rk_example_split back;
    for (uint32_t slice = 1; slice < 7; slice++) {
        assert_int_equal(rk_example_split_make(&b.events, &b.rows, &b.search, false, 4000, slice, 5,
                                               &b.builder.memory, &back, NULL),
                         RK_OK);
        const uint32_t width = LENGTH * 3 / 20, from = LENGTH - (slice + 1) * width;
        /* No window without a history. */
        assert_int_equal(back.split.case_count, (slice + 1) * width + 2 <= LENGTH ? USERS : 0);
        for (uint32_t i = 0; i < back.split.case_count; i++) {
            const rk_case *test = &back.split.cases[i];
            const uint64_t *row = back.split.row + test->history_begin;
            for (uint32_t r = 0; r < from; r++) assert_int_equal(row[r], test->user * LENGTH + r);
            assert_int_equal(test->history_count, from);
            for (uint32_t r = 0; r < test->relevant_count; r++)
                assert_in_range(row[from + r], test->user * LENGTH + from,
                                test->user * LENGTH + from + width - 1);
        }
    }
    rk_memory_free(&b.builder.memory);
}

/* Sessions are hidden whole already: the examples take those that the search does not ask about. */
static void sessions_the_search_leaves(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 703);
    static bench b;
    b = (bench){.builder = people(&rng, RK_TIME_UNIX_MS)};
    b.builder.user_kind = RK_USERS_ARE_SESSIONS;
    b.events = log_content(&b.builder);
    rk_memory *memory = &b.builder.memory;
    b.rows = rows_in_order(&b.events, memory);
    for (uint32_t round = 0; round < 2; round++) {
        bool asked[USERS] = {0};
        const double share = round ? 1.0 : 0.3;
        assert_int_equal(rk_split_events(&b.events, &b.rows, RK_PROTOCOL_SESSIONS, share, 9, memory,
                                         &b.search, NULL),
                         RK_OK);
        assert_int_equal(rk_example_split_make(&b.events, &b.rows, &b.search, false, 150, 0, 9,
                                               memory, &b.examples, NULL),
                         RK_OK);
        assert_false(b.examples.refit);
        assert_int_equal(b.examples.shared, round == 1);
        assert_true(b.examples.split.case_count > 50);
        assert_int_equal(b.examples.split.train.count, b.search.train.count);
        for (uint32_t i = 0; i < b.search.case_count; i++) asked[b.search.cases[i].user] = true;
        for (uint32_t i = 0; i < b.examples.split.case_count; i++)
            assert_int_equal(asked[b.examples.split.cases[i].user], round == 1);
    }
    rk_memory_free(memory);
}

/* ---- what the rows say ---- */

/* Bits of the tasks of the hidden rows of this case with this item. */
static uint8_t naive_label(const bench *b, const rk_case *test, uint32_t item) {
    uint8_t label = 0;
    for (uint32_t r = 0; r < test->relevant_count; r++) {
        const uint64_t row = b->examples.split.row[test->relevant_begin + r];
        if (b->log.item_of_file[b->events.item[row]] != item) continue;
        for (uint32_t t = 0; t < TASKS; t++)
            if (b->events.label[row] >> task_types[t] & 1u) label |= (uint8_t)(1u << t);
    }
    return label;
}

static bool in_history(const bench *b, const rk_case *test, uint32_t item) {
    for (uint32_t r = 0; r < test->history_count; r++) {
        const uint64_t row = b->examples.split.row[test->history_begin + r];
        if (b->log.item_of_file[b->events.item[row]] == item) return true;
    }
    return false;
}

static void labels_are_those_of_the_hidden_rows(void **state) {
    (void)state;
    static bench b;
    make_bench(&b, 704, RK_TIME_UNIX_MS, 1.0, false, 4000);
    const rk_gathered g = gather(&b, 2, RK_KNOWN_ALL, 90, 30);
    const rk_examples *e = &g.examples;
    uint64_t seen[1u << TASKS] = {0}, labelled = 0, hidden = 0;
    assert_true(e->lists > 0 && e->tasks == TASKS);
    for (uint32_t l = 0; l < e->lists; l++) {
        const rk_case *test = &b.examples.split.cases[g.case_index[l]];
        float weight = 0.0f;
        assert_int_equal(e->group[l], test->user);
        for (uint64_t row = e->list_begin[l]; row < e->list_begin[l + 1]; row++) {
            assert_int_equal(e->label[row], naive_label(&b, test, g.item[row]));
            assert_int_equal(e->known[row], (1u << TASKS) - 1u);
            assert_false(in_history(&b, test, g.item[row]));
            for (uint64_t other = e->list_begin[l]; other < row; other++)
                assert_true(g.item[other] != g.item[row]);
            seen[e->label[row]]++;
            labelled += e->label[row] != 0;
            weight += e->weight[row];
        }
        /* Each of the 90 candidates is there or stood for. */
        assert_true(weight > 89.99f && weight < 90.01f);
        assert_true(e->list_begin[l + 1] - e->list_begin[l] < 34);
        for (uint32_t item = 0; item < ITEMS; item++) hidden += naive_label(&b, test, item) != 0;
    }
    assert_int_equal(g.hidden, hidden);
    assert_int_equal(g.reached, labelled);
    /* A view, a view that was liked, a view that was hidden; most candidates none of them. */
    assert_true(seen[0] > labelled && seen[1] > 20 && seen[3] > 20 && seen[5] > 5);
    rk_memory_free(&b.builder.memory);
}

/* Where rows are what was shown, only of them is known what came of it; the candidates have their
 * places all the same, and what is no candidate stands by itself. */
static void only_what_was_shown_is_known(void **state) {
    (void)state;
    static bench b;
    make_bench(&b, 705, RK_TIME_UNIX_MS, 1.0, true, 50);
    const rk_gathered g = gather(&b, 2, RK_KNOWN_SHOWN, 40, 30);
    const rk_examples *e = &g.examples;
    uint64_t shown = 0, listed = 0, alone = 0, unshown = 0, hidden = 0;
    for (uint32_t l = 0; l < e->lists; l++) {
        const rk_case *test = &b.examples.split.cases[g.case_index[l]];
        const uint64_t rows = e->list_begin[l + 1] - e->list_begin[l];
        const bool first = l == 0 || g.case_index[l] != g.case_index[l - 1];
        float weight = 0.0f;
        assert_int_equal(e->group[l], test->user);
        assert_true(first || rows == 1);
        for (uint64_t row = e->list_begin[l]; row < e->list_begin[l + 1]; row++) {
            const uint8_t label = naive_label(&b, test, g.item[row]);
            assert_int_equal(e->label[row], label);
            assert_int_equal(e->known[row], label ? (1u << TASKS) - 1u : 0);
            shown += label != 0;
            unshown += label == 0;
            listed += label && rows > 1;
            weight += e->weight[row];
        }
        if (first) {
            assert_true(weight > 39.99f && weight < 40.01f);
            for (uint32_t item = 0; item < ITEMS; item++)
                hidden += naive_label(&b, test, item) != 0;
        } else {
            assert_true(weight == 1.0f);
            alone++;
        }
    }
    assert_true(shown == hidden && g.hidden == hidden && g.reached == listed);
    assert_true(listed > 20 && alone > 20 && listed + alone == shown && unshown > shown);
    rk_memory_free(&b.builder.memory);
}

/* The same lists, of which only the order is to be learnt; and without candidates what was shown.
 */
static void lists_for_the_order_and_rows_for_the_chances(void **state) {
    (void)state;
    static bench b;
    make_bench(&b, 705, RK_TIME_UNIX_MS, 1.0, true, 50);
    const rk_gathered all = gather(&b, 1, RK_KNOWN_ALL, 40, 30);
    const rk_gathered none = gather(&b, 1, RK_KNOWN_NONE, 40, 30);
    const rk_gathered shown = gather(&b, 1, RK_KNOWN_SHOWN, 0, 30);
    const uint64_t rows = all.examples.count;
    assert_int_equal(none.examples.count, rows);
    assert_memory_equal(none.examples.label, all.examples.label, rows);
    assert_memory_equal(none.examples.weight, all.examples.weight, rows * sizeof(float));
    for (uint64_t row = 0; row < rows; row++) assert_int_equal(none.examples.known[row], 0);
    assert_int_equal(shown.examples.lists, shown.examples.count);
    assert_true(shown.examples.count == shown.hidden && shown.reached == 0);
    for (uint64_t row = 0; row < shown.examples.count; row++)
        assert_true(shown.examples.label[row] && shown.examples.known[row]);
    rk_memory_free(&b.builder.memory);
}

static void tasks_and_rates_are_counted(void **state) {
    (void)state;
    static bench b;
    make_bench(&b, 706, RK_TIME_UNIX_MS, 1.0, false, 4000);
    const rk_rows *train = &b.examples.split.train;
    rk_learn_options options = rk_learn_defaults();
    rk_task tasks[RK_MAX_TASKS];
    uint32_t count;
    rk_error error;
    assert_true(rk_learn_set(&options, "like_value", "-2.5"));
    assert_int_equal(
        rk_tasks_choose(&b.events, train, &b.examples.split, &options, tasks, &count, &error),
        RK_OK);
    assert_int_equal(count, TASKS);
    assert_true(tasks[0].weight == 1.0f / 3.0f && tasks[1].weight == -2.5f);
    assert_true(tasks[2].weight == -2.0f / 3.0f);
    const uint8_t *rates =
        rk_tasks_rates(&b.events, train, &b.log, tasks, count, &b.builder.memory);
    for (uint32_t t = 0; t < count; t++) {
        double with[ITEMS] = {0}, all[ITEMS] = {0}, total = 0.0;
        for (uint64_t i = 0; i < train->count; i++) {
            const uint32_t item = b.events.item[train->row[i]];
            const bool has = b.events.label[train->row[i]] >> task_types[t] & 1u;
            all[item] += 1.0;
            with[item] += has;
            total += has;
        }
        const double base = total / (double)train->count;
        assert_true(tasks[t].base_rate > base - 1e-6 && tasks[t].base_rate < base + 1e-6);
        for (uint32_t item = 0; item < ITEMS; item++) {
            const double want =
                all[item] > 0.0 ? (with[item] + 20.0 * base) / (all[item] + 20.0) * 254.0 : 255.0;
            const double got = rates[(uint64_t)b.log.item_of_file[item] * count + t];
            assert_true(got > want - 0.51 && got < want + 0.51);
        }
    }
    options.impressions = 1; /* every row is a view, so nothing can be said of it */
    assert_int_equal(
        rk_tasks_choose(&b.events, train, &b.examples.split, &options, tasks, &count, &error),
        RK_OK);
    assert_int_equal(count, 2);
    assert_int_equal(tasks[0].type, 1);
    assert_true(rk_learn_set(&options, "adore_value", "1"));
    assert_int_equal(
        rk_tasks_choose(&b.events, train, &b.examples.split, &options, tasks, &count, &error),
        RK_UNKNOWN_EVENT);
    assert_string_equal(error.detail, "adore");
    rk_memory_free(&b.builder.memory);
}

/* ---- the future ---- */

/* Another world from the cut on: hidden rows change places, items and labels with them. */
static void shuffle_hidden(bench *b, rk_rng *rng) {
    uint64_t *hidden = TAKE(&b->builder.memory, uint64_t, b->events.meta.events), count = 0;
    for (uint32_t i = 0; i < b->examples.split.case_count; i++) {
        const rk_case *test = &b->examples.split.cases[i];
        for (uint32_t r = 0; r < test->relevant_count; r++)
            hidden[count++] = b->examples.split.row[test->relevant_begin + r];
    }
    for (uint64_t left = count; left > 1; left--) {
        const uint64_t a = hidden[left - 1], c = hidden[rk_rng_below(rng, (uint32_t)left)];
        const uint32_t item = b->builder.item[a], label = b->builder.label[a];
        b->builder.item[a] = b->builder.item[c];
        b->builder.label[a] = b->builder.label[c];
        b->builder.item[c] = item;
        b->builder.label[c] = label;
    }
}

static void the_future_is_in_no_feature(void **state) {
    (void)state;
    static const uint32_t kinds[] = {RK_TIME_UNIX_MS, RK_TIME_NONE};
    for (uint32_t k = 0; k < 2; k++) {
        static bench b;
        make_bench(&b, 707, kinds[k], 1.0, false, 4000);
        const rk_gathered before = gather(&b, 1, RK_KNOWN_ALL, 110, 200);
        const rk_examples *e = &before.examples;
        rk_rng rng = rk_rng_at(test_seed(), 708);
        shuffle_hidden(&b, &rng);
        /* Learnt anew, from the rows that the split leaves: they are the same. */
        fit_bench(&b);
        const rk_gathered after = gather(&b, 1, RK_KNOWN_ALL, 110, 200);
        const rk_examples *f = &after.examples;
        assert_int_equal(f->count, e->count);
        assert_memory_equal(after.item, before.item, e->count * sizeof *before.item);
        assert_memory_equal(f->input, e->input, e->count * RK_FEATURE_COUNT * sizeof(float));
        uint64_t other_labels = 0;
        for (uint64_t row = 0; row < e->count; row++)
            other_labels += f->label[row] != e->label[row];
        assert_true(other_labels > 100);
        /* The test can fail: one row of a history that becomes another item is seen. */
        const uint64_t past = b.examples.split.row[b.examples.split.cases[0].history_begin];
        b.builder.item[past] = (b.builder.item[past] + 7) % ITEMS;
        fit_bench(&b);
        const rk_gathered other = gather(&b, 1, RK_KNOWN_ALL, 110, 200);
        assert_true(other.examples.count != e->count ||
                    memcmp(other.examples.input, e->input,
                           e->count * RK_FEATURE_COUNT * sizeof(float)) != 0);
        rk_memory_free(&b.builder.memory);
    }
}

static void threads_change_no_bit(void **state) {
    (void)state;
    static bench b;
    make_bench(&b, 709, RK_TIME_UNIX_MS, 1.0, false, 4000);
    const rk_gathered one = gather(&b, 1, RK_KNOWN_ALL, 60, 24);
    for (uint32_t threads = 2; threads <= 3; threads++) {
        const rk_gathered other = gather(&b, threads, RK_KNOWN_ALL, 60, 24);
        const uint64_t rows = one.examples.count;
        assert_int_equal(other.examples.count, rows);
        assert_memory_equal(other.item, one.item, rows * sizeof *one.item);
        assert_memory_equal(other.examples.input, one.examples.input,
                            rows * RK_FEATURE_COUNT * sizeof(float));
        assert_memory_equal(other.examples.label, one.examples.label, rows);
        assert_memory_equal(other.examples.weight, one.examples.weight, rows * sizeof(float));
    }
    rk_memory_free(&b.builder.memory);
}

/* ---- rankers ---- */

static rk_ranked fit_ranked(bench *b) {
    const rk_ranking_job job = {.events = &b->events,
                                .options = &b->options,
                                .seed = 5,
                                .rows = &b->rows,
                                .search = &b->search,
                                .examples = &b->examples,
                                .tuned = &b->tuned,
                                .log = &b->log,
                                .retrieval = &b->snapshot};
    rk_ranked ranked;
    rk_error error;
    if (rk_fit_ranker(&job, &b->builder.memory, &ranked, &error) != RK_OK)
        fail_msg("%s", error.detail);
    return ranked;
}

/* The blend knows popularity only; what the items bear says more. A ranker that learns from true
 * labels finds it and ships, one that learns from labels and items that nobody chose does not.
 * Compared on the search's cases, which are true for both. */
static void a_ranker_of_shuffled_labels_does_not_beat_the_blend(void **state) {
    (void)state;
    static bench b;
    make_bench(&b, 710, RK_TIME_UNIX_MS, 0.5, false, 140);
    const rk_ranked learnt = fit_ranked(&b);
    print_message("true labels: %.4f against %.4f [%.4f, %.4f]\n", learnt.funnel, learnt.blend,
                  learnt.difference.low, learnt.difference.high);
    assert_true(learnt.tried && !learnt.shared && learnt.compared > 100);
    assert_true(learnt.shipped && learnt.reason == NULL && learnt.difference.low > 0.0);
    /* Items drawn evenly: shuffled ones would still tell which are popular. */
    rk_rng rng = rk_rng_at(test_seed(), 711);
    shuffle_hidden(&b, &rng);
    for (uint32_t i = 0; i < b.examples.split.case_count; i++) {
        const rk_case *test = &b.examples.split.cases[i];
        for (uint32_t r = 0; r < test->relevant_count; r++)
            b.builder.item[b.examples.split.row[test->relevant_begin + r]] =
                rk_rng_below(&rng, ITEMS);
    }
    fit_bench(&b);
    const rk_ranked shuffled = fit_ranked(&b);
    print_message("shuffled: %.4f against %.4f [%.4f, %.4f]\n", shuffled.funnel, shuffled.blend,
                  shuffled.difference.low, shuffled.difference.high);
    assert_true(shuffled.blend == learnt.blend);
    assert_false(shuffled.difference.low > 0.0);
    assert_true(!shuffled.shipped && shuffled.reason != NULL);
    rk_memory_free(&b.builder.memory);
}

/* Learnt from what was shown alone, lists of candidates are met for the first time when serving. */
static void a_ranker_of_what_was_shown_beats_the_blend(void **state) {
    (void)state;
    static bench b;
    make_bench(&b, 714, RK_TIME_UNIX_MS, 1.0, true, 4000);
    b.options.impressions = 1;
    const rk_ranked learnt = fit_ranked(&b);
    print_message("what was shown: %.4f against %.4f [%.4f, %.4f]\n", learnt.funnel, learnt.blend,
                  learnt.difference.low, learnt.difference.high);
    assert_true(learnt.tried && learnt.shared && learnt.compared > 100 && learnt.tasks == 2);
    assert_true(learnt.shipped && learnt.difference.low > 0.0);
    rk_memory_free(&b.builder.memory);
}

/* Half of what people meet they hide, whoever they are: among what was shown that is all there is
 * to learn, and the blend, which knows what people are shown, knows nothing of it. A ranker that is
 * better there and worse over all candidates does not ship. */
static void what_falls_behind_the_blend_does_not_ship(void **state) {
    (void)state;
    static bench b;
    make_bench(&b, 715, RK_TIME_UNIX_MS, 1.0, true, 4000);
    for (uint64_t row = 0; row < b.events.meta.events; row++)
        b.builder.label[row] = b.builder.item[row] / GROUPS % 2 ? VIEW | HIDE : VIEW | LIKE;
    fit_bench(&b);
    b.options.impressions = 1;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++)
        b.tuned.sources[s].weight = s == RK_SOURCE_SIMILAR || s == RK_SOURCE_SESSION;
    const rk_ranked learnt = fit_ranked(&b);
    print_message("hides alone: %.4f against %.4f [%.4f, %.4f]\n", learnt.funnel, learnt.blend,
                  learnt.difference.low, learnt.difference.high);
    assert_true(learnt.tried && learnt.compared > 100);
    /* Lists of what was shown alone: .411 against .431, and shipped. */
    assert_true(learnt.funnel > 0.95 * learnt.blend);
    assert_true(learnt.shipped); /* by .0136, with a standard error of .011 */
    rk_memory_free(&b.builder.memory);
}

static void a_gain_within_a_standard_error_does_not_ship_one_task(void **state) {
    (void)state;
    static const struct {
        uint32_t tasks, compared;
        double funnel, blend, low, high; /* an interval: 1.96 errors each way */
        bool ships;
        const char *reason;
    } cases[] = {{1, 100, 0.30, 0.20, 0.08, 0.12, true, NULL},
                 {1, 100, 0.22, 0.20, -0.010, 0.050, true, NULL}, /* .02, error .015 */
                 {1, 100, 0.21, 0.20, -0.020, 0.040, false,
                  "the blend is beaten by less than a standard error on validation"}, /* .01 */
                 {3, 100, 0.21, 0.20, -0.020, 0.040, true, NULL}, /* chances to weigh */
                 {3, 100, 0.20, 0.20, 0.0, 0.0, false, "the blend is not beaten on validation"},
                 {1, 100, 0.20, 0.20, 0.0, 0.0, false, "the blend is not beaten on validation"},
                 {1, 100, 0.10, 0.20, -0.12, -0.08, false, "the blend is not beaten on validation"},
                 {1, 0, 0.0, 0.0, 0.0, 0.0, false, "the blend is not beaten on validation"}};
    for (uint32_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        rk_ranked ranked = {.tasks = cases[c].tasks,
                            .compared = cases[c].compared,
                            .funnel = cases[c].funnel,
                            .blend = cases[c].blend,
                            .difference = {cases[c].low, cases[c].high}};
        rk_ranker_decide(&ranked);
        assert_true(ranked.shipped == cases[c].ships);
        if (cases[c].ships) assert_null(ranked.reason);
        if (!cases[c].ships) assert_string_equal(ranked.reason, cases[c].reason);
    }
}

static void every_failing_take_is_survived(void **state) {
    (void)state;
    static bench b;
    make_bench(&b, 712, RK_TIME_UNIX_MS, 0.5, false, 100);
    rk_gather_params params = rk_gather_defaults(3);
    const rk_trial trial = trial_of(&b, 1);
    uint64_t take = 0;
    for (bool made = false; !made; take++) {
        rk_memory memory = {0};
        rk_error error = {0};
        rk_example_split split;
        rk_gathered one, two;
        rk_memory_fail_after(take);
        const rk_status status = rk_example_split_make(&b.events, &b.rows, &b.search, false, 100, 0,
                                                       5, &memory, &split, &error);
        made = status == RK_OK && rk_gather_examples(&trial, &params, &memory, &one) &&
               rk_gather_examples(&trial, &params, &memory, &two) &&
               rk_gathered_append(&one, &two, &memory);
        rk_memory_fail_after(UINT64_MAX);
        if (status != RK_OK) assert_int_equal(error.status, RK_OUT_OF_MEMORY);
        if (made) {
            assert_int_equal(one.examples.count, 2 * two.examples.count);
            assert_int_equal(one.examples.list_begin[one.examples.lists], one.examples.count);
            assert_memory_equal(one.examples.input + two.examples.count * RK_FEATURE_COUNT,
                                two.examples.input,
                                two.examples.count * RK_FEATURE_COUNT * sizeof(float));
        }
        rk_memory_free(&memory);
    }
    assert_true(take > 30);
    rk_memory_free(&b.builder.memory);
}

/* Of the whole fit a sample, from a place that the seed chooses. */
static void a_fit_survives_failing_takes(void **state) {
    (void)state;
    static bench b;
    make_bench(&b, 713, RK_TIME_UNIX_MS, 0.5, false, 100);
    b.options.ranker_epochs = 1;
    const rk_ranking_job job = {.events = &b.events,
                                .options = &b.options,
                                .seed = 5,
                                .rows = &b.rows,
                                .search = &b.search,
                                .examples = &b.examples,
                                .tuned = &b.tuned,
                                .log = &b.log,
                                .retrieval = &b.snapshot};
    uint64_t take = 0, tried = 0;
    for (rk_status status = RK_OUT_OF_MEMORY; status != RK_OK; tried++) {
        rk_memory memory = {0};
        rk_error error = {0};
        rk_ranked ranked;
        rk_memory_fail_after(take);
        status = rk_fit_ranker(&job, &memory, &ranked, &error);
        rk_memory_fail_after(UINT64_MAX);
        rk_memory_free(&memory);
        if (status == RK_OK) break;
        if (status != RK_OUT_OF_MEMORY || error.status != RK_OUT_OF_MEMORY)
            fail_msg("take %llu: %s", (unsigned long long)take, rk_status_name(status));
        if (take == 20) take += test_seed() % 97;
        take += take < 20 ? 1 : 97;
    }
    print_message("%llu takes\n", (unsigned long long)take);
    assert_true(tried > 25);
    rk_memory_free(&b.builder.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_of_others_leave_the_search_alone),
        cmocka_unit_test(windows_of_everybody),
        cmocka_unit_test(windows_further_back),
        cmocka_unit_test(sessions_the_search_leaves),
        cmocka_unit_test(labels_are_those_of_the_hidden_rows),
        cmocka_unit_test(only_what_was_shown_is_known),
        cmocka_unit_test(lists_for_the_order_and_rows_for_the_chances),
        cmocka_unit_test(tasks_and_rates_are_counted),
        cmocka_unit_test(the_future_is_in_no_feature),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(a_ranker_of_shuffled_labels_does_not_beat_the_blend),
        cmocka_unit_test(a_ranker_of_what_was_shown_beats_the_blend),
        cmocka_unit_test(what_falls_behind_the_blend_does_not_ship),
        cmocka_unit_test(a_gain_within_a_standard_error_does_not_ship_one_task),
        cmocka_unit_test(every_failing_take_is_survived),
        cmocka_unit_test(a_fit_survives_failing_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
