/* Break-downs against counting case by case and item by item. */
#include "evaluation_bench.h"

#include "learn/breakdown.h"

enum { MOST = 20 };
static const uint32_t cutoffs[] = {3, MOST};
#define DAY_MS INT64_C(86400000)

static uint32_t length_bucket(uint32_t events) {
    return events < 2 ? 0 : events < 4 ? 1 : events < 8 ? 2 : events < 16 ? 3 : events < 64 ? 4 : 5;
}

/* The bucket of an item's age at `time`, from the rows learnt. */
static uint32_t naive_age(const bench *b, uint32_t file_item, int64_t time) {
    int64_t first = INT64_MAX;
    for (uint64_t i = 0; i < b->split.train.count; i++) {
        const uint64_t row = b->split.train.row[i];
        if (b->content.item[row] != file_item) continue;
        if (!(rk_event_weight(&b->content, b->content.label[row]) > 0.0f)) continue;
        first = RK_MIN(first, b->content.time[row]);
    }
    if (first == INT64_MAX || b->log.item_of_file[file_item] == RK_NONE) return 5;
    const int64_t age = time - first;
    return age < DAY_MS        ? 0
           : age < 7 * DAY_MS  ? 1
           : age < 30 * DAY_MS ? 2
           : age < 91 * DAY_MS ? 3
                               : 4;
}

static void check_bucket(const rk_bucket *bucket, const rk_bucket *sums) {
    assert_int_equal(bucket->count, sums->count);
    for (uint32_t v = 0; v < RK_VALUE_COUNT; v++)
        for (uint32_t c = 0; c < 2; c++)
            check_close(bucket->value[v][c],
                        sums->count ? sums->value[v][c] / (double)sums->count : 0.0);
}

static void check_lengths(const bench *b, const rk_trial *trial, const float *values) {
    rk_bucket buckets[RK_BUCKETS], sums[RK_BUCKETS] = {{0}};
    for (uint32_t i = 0; i < b->split.case_count; i++) {
        const float *value = values + i * RK_VALUE_COUNT * 2;
        if (value[0] < 0.0f) continue;
        rk_bucket *sum = &sums[length_bucket(b->split.cases[i].history_count)];
        sum->count++;
        for (uint32_t v = 0; v < RK_VALUE_COUNT; v++)
            for (uint32_t c = 0; c < 2; c++) sum->value[v][c] += (double)value[v * 2 + c];
    }
    rk_breakdown_history(trial, values, buckets);
    for (uint32_t i = 0; i < RK_BUCKETS; i++) check_bucket(&buckets[i], &sums[i]);
    assert_string_equal(buckets[0].name, "1");
    assert_string_equal(buckets[RK_BUCKETS - 1].name, "64+");
}

/* When the item was first asked for in the case. */
static int64_t asked_at(const bench *b, const rk_case *test, uint32_t file_item) {
    for (uint32_t i = 0; i < test->relevant_count; i++) {
        const uint64_t row = b->split.row[test->relevant_begin + i];
        const bool liked = rk_event_weight(&b->content, b->content.label[row]) > 0.0f;
        if (b->content.item[row] == file_item && liked) return b->content.time[row];
    }
    fail_msg("item %u is not asked for", file_item);
    return 0;
}

static void check_ages(const bench *b, const rk_trial *trial, const uint32_t *lists,
                       uint32_t *filled) {
    rk_bucket buckets[RK_BUCKETS], sums[RK_BUCKETS] = {{0}};
    for (uint32_t i = 0; i < b->split.case_count; i++) {
        uint32_t truth[MOST_TRUTH];
        const rk_case *test = &b->split.cases[i];
        const uint32_t count = naive_truth(b, test, truth);
        for (uint32_t t = 0; t < count; t++) {
            rk_bucket *sum = &sums[naive_age(b, truth[t], asked_at(b, test, truth[t]))];
            sum->count++;
            for (uint32_t c = 0; c < 2; c++) {
                for (uint32_t rank = 1; rank <= cutoffs[c]; rank++) {
                    const uint32_t item = lists[i * MOST + rank - 1];
                    if (item == RK_NONE || b->log.file_item[item] != truth[t]) continue;
                    sum->value[RK_VALUE_RECALL][c]++;
                    sum->value[RK_VALUE_HIT_RATE][c]++;
                    sum->value[RK_VALUE_MRR][c] += 1.0 / rank;
                    sum->value[RK_VALUE_NDCG][c] += 1.0 / log2(rank + 1.0);
                }
            }
        }
    }
    assert_true(rk_breakdown_age(trial, lists, buckets));
    for (uint32_t i = 0; i < RK_BUCKETS; i++) {
        check_bucket(&buckets[i], &sums[i]);
        filled[i] += buckets[i].count > 0;
    }
}

static void buckets_are_the_naive_ones(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 320);
    uint32_t filled[RK_BUCKETS] = {0};
    for (uint32_t round = 0; round < 20; round++) {
        static bench b;
        b = (bench){.events = random_log(&rng, 700, 3 + rk_rng_below(&rng, 60),
                                         5 + rk_rng_below(&rng, 60), RK_TIME_UNIX_MS, round % 2)};
        /* Times over half a year, as the random log's but longer, some on a bucket's edge. */
        for (uint64_t i = 0; i < b.events.events; i++)
            b.events.time[i] = DAY_MS * (int64_t)rk_rng_below(&rng, 180);
        b.content = log_content(&b.events);
        const rk_protocol protocol = (rk_protocol)(round % PROTOCOLS);
        fit_bench(&b, protocol, round, protocol == RK_PROTOCOL_COLD_ITEM ? 0 : round % 3);
        const rk_kept kept = {
            .lists = TAKE(&b.events.memory, uint32_t, (uint64_t)b.split.case_count * MOST),
            .values =
                TAKE(&b.events.memory, float, (uint64_t)b.split.case_count *RK_VALUE_COUNT * 2)};
        const rk_trial trial = trial_of(&b, cutoffs, 2, 2);
        const rk_method blend = rk_method_blend();
        rk_metrics metrics;
        assert_true(rk_evaluate_keeping(&trial, &blend, &metrics, kept));
        check_lengths(&b, &trial, kept.values);
        check_ages(&b, &trial, kept.lists, filled);
        rk_memory_free(&b.events.memory);
    }
    for (uint32_t i = 0; i < RK_BUCKETS; i++) assert_true(filled[i] > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(buckets_are_the_naive_ones)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
