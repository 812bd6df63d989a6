/* Metrics against a plain reimplementation over the lists that the evaluation says it saw. */
#include "evaluation_bench.h"

#include "serve/engine.h"

typedef struct naive_sums {
    uint32_t cases;
    double recall, hit_rate, mrr, ndcg, precision;
} naive_sums;

static void naive_case(const bench *b, const uint32_t *truth, uint32_t truth_count,
                       const uint32_t *list, uint32_t k, naive_sums *sums) {
    uint32_t hits = 0;
    double first = 0.0, gain = 0.0, best = 0.0;
    for (uint32_t i = 0; i < k; i++) {
        if (i < truth_count) best += 1.0 / log2(i + 2.0);
        if (list[i] == RK_NONE || !contains(truth, truth_count, b->log.file_item[list[i]]))
            continue;
        if (hits++ == 0) first = 1.0 / (i + 1.0);
        gain += 1.0 / log2(i + 2.0);
    }
    sums->cases++;
    sums->precision += (double)hits / k;
    sums->recall += (double)hits / truth_count;
    sums->hit_rate += hits > 0;
    sums->mrr += first;
    sums->ndcg += gain / best;
}

/* Each metric at cutoff k out of the lists. */
static void check_metrics(const bench *b, const rk_metrics *metrics, uint32_t c, uint32_t k,
                          const uint32_t *lists, uint32_t most) {
    static uint32_t truth[MOST_TRUTH];
    naive_sums sums = {0};
    bool shown[200] = {false};
    uint32_t shown_count = 0;
    for (uint32_t i = 0; i < b->split.case_count; i++) {
        const uint32_t *list = lists + (uint64_t)i * most;
        const uint32_t truth_count = naive_truth(b, &b->split.cases[i], truth);
        if (truth_count == 0) continue;
        naive_case(b, truth, truth_count, list, k, &sums);
        for (uint32_t rank = 0; rank < k && list[rank] != RK_NONE; rank++) shown[list[rank]] = true;
    }
    for (uint32_t item = 0; item < b->log.items; item++) shown_count += shown[item];
    const double n = sums.cases ? sums.cases : 1.0;
    assert_int_equal(metrics->cases, sums.cases);
    check_close(metrics->recall[c], sums.recall / n);
    check_close(metrics->hit_rate[c], sums.hit_rate / n);
    check_close(metrics->mrr[c], sums.mrr / n);
    check_close(metrics->ndcg[c], sums.ndcg / n);
    check_close(metrics->precision[c], sums.precision / n);
    const uint32_t ranked = b->log.items - b->excluded_count;
    check_close(metrics->coverage[c], ranked ? (double)shown_count / ranked : 0.0);
}

/* What the engine answers to a case's history. */
static uint32_t ask_case(const bench *b, rk_engine *engine, const rk_method *method,
                         const rk_case *test, uint32_t count, rk_recommendation *out) {
    static rk_event session[MOST_TRUTH + 400];
    rk_request request = {.session = session,
                          .count = count,
                          .exclude = b->excluded,
                          .exclude_count = b->excluded_count};
    for (uint32_t i = 0; i < test->history_count; i++) {
        const uint64_t row = b->split.row[test->history_begin + i];
        const uint32_t item = b->log.item_of_file[b->content.item[row]];
        if (item == RK_NONE) continue;
        session[request.session_count++] =
            (rk_event){.item = item, .type = rk_event_type(&b->content, b->content.label[row])};
    }
    if (b->split.keep_seen) request.flags |= RK_REQUEST_KEEP_SEEN;
    if (!method->own) {
        request.flags |= RK_REQUEST_SOURCE_QUOTAS | RK_REQUEST_SOURCE_WEIGHTS;
        memcpy(request.source_weights, method->weights, sizeof request.source_weights);
        memcpy(request.source_quotas, method->quotas, sizeof request.source_quotas);
    }
    uint32_t found;
    assert_int_equal(rk_recommend(engine, &request, out, &found, NULL), RK_OK);
    return found;
}

static void check_lists(const bench *b, const rk_method *method, const uint32_t *lists,
                        const float *scores, uint32_t most, rk_memory *memory) {
    static rk_recommendation expected[MOST_LIST];
    const uint64_t bytes = rk_engine_scratch_bytes(&b->snapshot.meta);
    rk_engine *engine = rk_engine_over(&b->snapshot, take_or_abort(memory, bytes, 1), bytes);
    for (uint32_t i = 0; i < b->split.case_count; i++) {
        static uint32_t truth[MOST_TRUTH];
        const bool measured = naive_truth(b, &b->split.cases[i], truth) > 0;
        uint32_t found = ask_case(b, engine, method, &b->split.cases[i], most, expected);
        if (!measured) found = 0;
        for (uint32_t rank = 0; rank < most; rank++) {
            const uint64_t at = (uint64_t)i * most + rank;
            assert_int_equal(lists[at], rank < found ? expected[rank].item : RK_NONE);
            assert_true(scores[at] == (rank < found ? expected[rank].score : 0.0f));
        }
    }
}

/* The values kept of each case are those of the metrics, and their means are these. */
static void check_values(const bench *b, const rk_metrics *metrics, const uint32_t *lists,
                         const float *values, const uint32_t *cutoffs, uint32_t cutoff_count) {
    static uint32_t truth[MOST_TRUTH];
    for (uint32_t c = 0; c < cutoff_count; c++) {
        double recall = 0.0, ndcg = 0.0;
        for (uint32_t i = 0; i < b->split.case_count; i++) {
            const float *value = values + (uint64_t)i * RK_VALUE_COUNT * cutoff_count;
            const uint32_t truth_count = naive_truth(b, &b->split.cases[i], truth);
            naive_sums one = {0};
            if (truth_count > 0) {
                naive_case(b, truth, truth_count, lists + (uint64_t)i * MOST_LIST, cutoffs[c],
                           &one);
            }
            const double expected[RK_VALUE_COUNT] = {one.recall, one.hit_rate, one.mrr, one.ndcg};
            for (uint32_t v = 0; v < RK_VALUE_COUNT; v++)
                check_close((double)value[v * cutoff_count + c],
                            one.cases ? expected[v] : (double)RK_NOT_MEASURED);
            recall += one.recall;
            ndcg += one.ndcg;
        }
        if (metrics->cases == 0) continue;
        check_close(metrics->recall[c], recall / metrics->cases);
        check_close(metrics->ndcg[c], ndcg / metrics->cases);
    }
}

static void metrics_are_the_naive_ones(void **state) {
    (void)state;
    static const uint32_t cutoffs[] = {1, 3, 10, MOST_LIST};
    rk_rng rng = rk_rng_at(test_seed(), 190);
    uint32_t cases = 0;
    for (uint32_t round = 0; round < 30; round++) {
        static bench b;
        make_bench(&b, &rng, (rk_protocol)(round / 6), round);
        rk_memory *memory = &b.events.memory;
        const uint64_t entries = (uint64_t)b.split.case_count * MOST_LIST;
        const rk_kept kept = {
            .lists = TAKE(memory, uint32_t, entries),
            .scores = TAKE(memory, float, entries),
            .values = TAKE(memory, float, (uint64_t)b.split.case_count *RK_VALUE_COUNT * 4)};
        const rk_trial trial = trial_of(&b, cutoffs, 4, 1 + round % 3);
        for (uint32_t m = 0; m <= RK_SOURCE_COUNT; m++) {
            const rk_method method = m < RK_SOURCE_COUNT ? rk_method_source(m) : rk_method_blend();
            rk_metrics metrics;
            assert_true(rk_evaluate_keeping(&trial, &method, &metrics, kept));
            for (uint32_t c = 0; c < 4; c++)
                check_metrics(&b, &metrics, c, cutoffs[c], kept.lists, MOST_LIST);
            check_lists(&b, &method, kept.lists, kept.scores, MOST_LIST, memory);
            check_values(&b, &metrics, kept.lists, kept.values, cutoffs, 4);
            for (uint64_t i = 0; b.split.cold && i < entries; i++)
                assert_true(kept.lists[i] == RK_NONE ||
                            b.split.cold[b.log.file_item[kept.lists[i]]]);
            cases += metrics.cases;
        }
        rk_memory_free(memory);
    }
    assert_true(cases > 1000);
}

static void threads_change_no_bit(void **state) {
    (void)state;
    static const uint32_t cutoffs[] = {5, 20}, threads[] = {1, 2, 3, 8};
    rk_rng rng = rk_rng_at(test_seed(), 191);
    static bench b;
    make_bench(&b, &rng, RK_PROTOCOL_SESSIONS, 1);
    const rk_method blend = rk_method_blend();
    rk_metrics one;
    for (uint32_t t = 0; t < 4; t++) {
        const rk_trial trial = {.events = &b.content,
                                .log = &b.log,
                                .snapshot = &b.snapshot,
                                .split = &b.split,
                                .cutoffs = cutoffs,
                                .cutoff_count = 2,
                                .threads = threads[t]};
        rk_metrics metrics;
        assert_true(rk_evaluate_cases(&trial, &blend, &metrics, NULL, NULL));
        if (t == 0) one = metrics;
        assert_memory_equal(&metrics, &one, sizeof one);
    }
    rk_memory_free(&b.events.memory);
}

/* Three cases whose answer is known: item 2 follows item 1 always, and is all that is recommended
 * after it. */
static void metrics_of_a_perfect_answer(void **state) {
    (void)state;
    enum { USERS = 30 };
    static bench b;
    b = (bench){.events = log_of(USERS * 3, RK_TIME_ORDER, RK_USERS_ARE_SESSIONS)};
    for (uint32_t user = 0; user < USERS; user++)
        for (uint32_t i = 0; i < 3; i++) add_event(&b.events, user, i, VIEW, i);
    b.content = log_content(&b.events);
    rk_memory *memory = &b.events.memory;
    const rk_rows rows = rows_in_order(&b.content, memory);
    const uint32_t cutoffs[] = {1, 2};
    const rk_learn_options options = {.dim = 8};
    assert_int_equal(rk_split_events(&b.content, &rows, RK_PROTOCOL_LEAVE_ONE_OUT, 0.3, 1, memory,
                                     &b.split, NULL),
                     RK_OK);
    assert_int_equal(rk_log_build(&b.content, &b.split.train, 0, memory, &b.log, NULL), RK_OK);
    b.tuned = rk_tuned_defaults(&options);
    rk_fit_begin(&b.content, &b.log, &b.tuned, 1, &b.snapshot);
    assert_true(rk_fit_popularity(&b.log, &b.tuned, memory, &b.snapshot));
    assert_true(rk_fit_neighbors(&b.log, &b.tuned.neighbors, 0.8f, 1, memory, &b.snapshot));
    const rk_trial trial = {.events = &b.content,
                            .log = &b.log,
                            .snapshot = &b.snapshot,
                            .split = &b.split,
                            .cutoffs = cutoffs,
                            .cutoff_count = 2,
                            .threads = 1};
    const rk_method similar = rk_method_source(RK_SOURCE_SIMILAR);
    rk_metrics metrics;
    assert_true(rk_evaluate_cases(&trial, &similar, &metrics, NULL, NULL));
    assert_true(metrics.cases > 3);
    for (uint32_t c = 0; c < 2; c++) {
        check_close(metrics.recall[c], 1.0);
        check_close(metrics.hit_rate[c], 1.0);
        check_close(metrics.mrr[c], 1.0);
        check_close(metrics.ndcg[c], 1.0);
        check_close(metrics.coverage[c], 1.0 / 3.0);
    }
    rk_memory_free(memory);
}

/* A source whose signal is missing can answer no case, which is told from answering badly. */
static void what_has_no_signal_answers_nothing(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 192);
    const uint32_t cutoff = 10;
    static bench b;
    make_bench(&b, &rng, RK_PROTOCOL_LEAVE_ONE_OUT, 0);
    const rk_trial trial = trial_of(&b, &cutoff, 1, 1);
    rk_snapshot_content without = b.snapshot;
    without.meta.popular_count = 0;
    for (uint32_t source = 0; source < RK_SOURCE_COUNT; source++) {
        const rk_method method = rk_method_source(source);
        rk_metrics metrics;
        assert_true(rk_evaluate_cases(&trial, &method, &metrics, NULL, NULL));
        const bool has_signal = source == RK_SOURCE_POPULAR || source == RK_SOURCE_SIMILAR ||
                                source == RK_SOURCE_SESSION;
        assert_in_range(metrics.answerable, has_signal, has_signal ? metrics.cases : 0);
    }
    rk_trial mute = trial;
    mute.snapshot = &without;
    const rk_method popular = rk_method_source(RK_SOURCE_POPULAR);
    rk_metrics metrics;
    assert_true(rk_evaluate_cases(&mute, &popular, &metrics, NULL, NULL));
    assert_int_equal(metrics.answerable, 0);
    assert_true(metrics.cases > 0 && metrics.hit_rate[0] == 0.0);
    rk_memory_free(&b.events.memory);
}

/* One user who saw everything: what is compared with what must not be all with all. */
static void one_user_with_everything(void **state) {
    (void)state;
    enum { ROWS = 300000 };
    static bench b;
    b = (bench){.events = log_of(ROWS, RK_TIME_ORDER, RK_USERS_ARE_USERS)};
    for (uint32_t i = 0; i < ROWS; i++) add_event(&b.events, 0, i, VIEW, i);
    b.content = log_content(&b.events);
    rk_memory *memory = &b.events.memory;
    const rk_rows rows = rows_in_order(&b.content, memory);
    const uint32_t cutoff = 10;
    const rk_learn_options options = {.dim = 8};
    assert_int_equal(
        rk_split_events(&b.content, &rows, RK_PROTOCOL_TEMPORAL, 1.0, 1, memory, &b.split, NULL),
        RK_OK);
    assert_int_equal(rk_log_build(&b.content, &b.split.train, 1, memory, &b.log, NULL), RK_OK);
    b.tuned = rk_tuned_defaults(&options);
    rk_fit_begin(&b.content, &b.log, &b.tuned, 1, &b.snapshot);
    assert_true(rk_fit_popularity(&b.log, &b.tuned, memory, &b.snapshot));
    const rk_trial trial = {.events = &b.content,
                            .log = &b.log,
                            .snapshot = &b.snapshot,
                            .split = &b.split,
                            .cutoffs = &cutoff,
                            .cutoff_count = 1,
                            .threads = 1};
    const rk_method popular = rk_method_source(RK_SOURCE_POPULAR);
    rk_metrics metrics;
    uint32_t list[10];
    float scores[10];
    assert_true(rk_evaluate_cases(&trial, &popular, &metrics, list, scores));
    assert_int_equal(metrics.cases, 1);
    /* Everything the snapshot has was seen, most of it before the events a session can hold. */
    for (uint32_t i = 0; i < cutoff; i++) assert_int_equal(list[i], RK_NONE);
    rk_memory_free(memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_are_the_naive_ones),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(metrics_of_a_perfect_answer),
        cmocka_unit_test(what_has_no_signal_answers_nothing),
        cmocka_unit_test(one_user_with_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
