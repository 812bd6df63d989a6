/* Novelty, diversity and popularity bias by their definitions: all pairs, all items, one by one. */
#include "evaluation_bench.h"

#include "learn/list_quality.h"
#include "model/vectors.h"

enum { MOST = 12 };

/* Cosine of two items by their vectors as served. */
static double naive_cosine(const bench *b, uint32_t x, uint32_t y) {
    float vx[RK_MAX_DIM] = {0}, vy[RK_MAX_DIM] = {0};
    double xy = 0.0, xx = 0.0, yy = 0.0;
    rk_vector_accumulate(&b->snapshot, x, 1.0f, vx);
    rk_vector_accumulate(&b->snapshot, y, 1.0f, vy);
    for (uint32_t d = 0; d < b->snapshot.meta.dim; d++) {
        xy += (double)vx[d] * (double)vy[d];
        xx += (double)vx[d] * (double)vx[d];
        yy += (double)vy[d] * (double)vy[d];
    }
    return xx > 0.0 && yy > 0.0 ? xy / sqrt(xx * yy) : 0.0;
}

static double naive_percentile(const rk_log *log, uint32_t item) {
    double below = 0.0;
    for (uint32_t other = 0; other < log->items; other++) {
        below += log->item_events[other] < log->item_events[item];
        below += 0.5 * (log->item_events[other] == log->item_events[item]);
    }
    return below / log->items;
}

typedef struct mean {
    double sum, count;
} mean;

static void add(mean *m, double value) {
    m->sum += value;
    m->count++;
}

static void check_mean(double value, mean expected) {
    if (expected.count == 0.0) {
        assert_true(isnan(value));
    } else {
        check_close(value, expected.sum / expected.count);
    }
}

static void check_cutoff(const bench *b, const uint32_t *lists, const rk_list_quality *quality,
                         uint32_t c, uint32_t k) {
    mean novelty = {0}, diversity = {0}, bias = {0};
    for (uint32_t i = 0; i < b->split.case_count; i++) {
        const rk_case *test = &b->split.cases[i];
        const uint32_t *list = lists + i * MOST;
        mean bits = {0}, pairs = {0}, shown = {0}, history = {0};
        for (uint32_t x = 0; x < k && list[x] != RK_NONE; x++) {
            const double events = b->log.item_events[list[x]];
            add(&bits, -log2((events > 0.0 ? events : 1.0) / (double)b->log.events));
            add(&shown, naive_percentile(&b->log, list[x]));
            for (uint32_t y = 0; y < x; y++) add(&pairs, naive_cosine(b, list[x], list[y]));
        }
        for (uint32_t h = 0; h < test->history_count; h++) {
            const uint64_t row = b->split.row[test->history_begin + h];
            const uint32_t item = b->log.item_of_file[b->content.item[row]];
            if (item != RK_NONE) add(&history, naive_percentile(&b->log, item));
        }
        if (bits.count > 0.0) add(&novelty, bits.sum / bits.count);
        if (pairs.count > 0.0) add(&diversity, 1.0 - pairs.sum / pairs.count);
        if (bits.count > 0.0 && history.count > 0.0)
            add(&bias, shown.sum / shown.count - history.sum / history.count);
    }
    check_mean(quality->novelty[c], novelty);
    check_mean(quality->diversity[c], diversity);
    check_mean(quality->popularity_bias[c], bias);
}

static void figures_are_the_naive_ones(void **state) {
    (void)state;
    static const uint32_t cutoffs[] = {1, 2, 5, MOST};
    rk_rng rng = rk_rng_at(test_seed(), 310);
    for (uint32_t round = 0; round < 15; round++) {
        static bench b;
        make_bench(&b, &rng, (rk_protocol)(round % PROTOCOLS), round);
        uint32_t *lists = TAKE(&b.events.memory, uint32_t, (uint64_t)b.split.case_count * MOST);
        const rk_method method =
            round % 4 < RK_SOURCE_COUNT ? rk_method_source(round % 4) : rk_method_blend();
        rk_metrics metrics;
        rk_list_quality quality, serial;
        rk_trial trial = trial_of(&b, cutoffs, 4, 3);
        assert_true(rk_evaluate_keeping(&trial, &method, &metrics, (rk_kept){.lists = lists}));
        assert_true(rk_list_quality_measure(&trial, lists, &quality));
        for (uint32_t c = 0; c < 4; c++) check_cutoff(&b, lists, &quality, c, cutoffs[c]);
        trial.threads = 1;
        assert_true(rk_list_quality_measure(&trial, lists, &serial));
        assert_memory_equal(quality.novelty, serial.novelty, 4 * sizeof(double));
        assert_memory_equal(quality.diversity, serial.diversity, 4 * sizeof(double));
        assert_memory_equal(quality.popularity_bias, serial.popularity_bias, 4 * sizeof(double));
        rk_memory_free(&b.events.memory);
    }
}

/* One item twice is no variety and as novel as it is rare; no lists, no figures. */
static void known_answers(void **state) {
    (void)state;
    enum { USERS = 20, ITEMS = 10 };
    static bench b;
    b = (bench){.events = log_of(USERS * ITEMS, RK_TIME_ORDER, RK_USERS_ARE_USERS)};
    /* Item i has 2 i + 2 events: user u has the items from u / 2 up. */
    for (uint32_t user = 0; user < USERS; user++)
        for (uint32_t item = user / 2; item < ITEMS; item++)
            add_event(&b.events, user, item, VIEW, item);
    b.content = log_content(&b.events);
    fit_bench(&b, RK_PROTOCOL_LEAVE_ONE_OUT, 1, 0);
    const uint32_t cutoff = 2;
    const rk_trial trial = trial_of(&b, &cutoff, 1, 1);
    uint32_t lists[2 * USERS];
    for (uint32_t i = 0; i < 2 * USERS; i++) lists[i] = 8;
    rk_list_quality quality;
    assert_true(rk_list_quality_measure(&trial, lists, &quality));
    check_close(quality.diversity[0], 0.0);
    check_close(quality.novelty[0], -log2((double)b.log.item_events[8] / (double)b.log.events));
    for (uint32_t i = 0; i < 2 * USERS; i++) lists[i] = RK_NONE;
    assert_true(rk_list_quality_measure(&trial, lists, &quality));
    assert_true(isnan(quality.novelty[0]) && isnan(quality.diversity[0]) &&
                isnan(quality.popularity_bias[0]));
    rk_memory_free(&b.events.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_the_naive_ones),
        cmocka_unit_test(known_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
