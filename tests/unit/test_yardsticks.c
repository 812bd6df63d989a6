/* Chance against rankings that were drawn, and popularity by category against counting. */
#include "evaluation_bench.h"

#include "learn/yardsticks.h"

static const uint32_t cutoffs[] = {1, 4, 50};

/* One case of `relevant` cold items out of `cold`; the other items are warm. */
static void make_case(bench *b, uint32_t cold, uint32_t relevant) {
    enum { WARM = 20 };
    *b = (bench){.events = log_of(WARM + cold, RK_TIME_ORDER, RK_USERS_ARE_USERS)};
    for (uint32_t i = 0; i < WARM; i++) add_event(&b->events, i % 4, i, VIEW, i);
    for (uint32_t i = 0; i < relevant; i++) add_event(&b->events, 0, WARM + i, VIEW, 100);
    b->events.items = WARM + cold;
    b->content = log_content(&b->events);
    rk_memory *memory = &b->events.memory;
    fit_bench(b, RK_PROTOCOL_COLD_ITEM, 1, 0);
    /* The split by hash, made anew by number. */
    b->excluded_count = 0;
    for (uint32_t item = 0; item < b->log.items; item++) {
        b->split.cold[item] = item >= WARM;
        if (item < WARM) b->excluded[b->excluded_count++] = item;
    }
    const rk_rows rows = rows_in_order(&b->content, memory);
    b->split.row = rows.row;
    b->split.cases = TAKE(memory, rk_case, 1);
    b->split.case_count = 1;
    b->split.cases[0] = (rk_case){.user = 0,
                                  .history_begin = 0,
                                  .history_count = WARM / 4,
                                  .relevant_begin = WARM / 4,
                                  .relevant_count = relevant};
}

/* Means over rankings drawn at random. */
static void draw_metrics(rk_rng *rng, uint32_t cold, uint32_t relevant, uint32_t k,
                         double out[RK_VALUE_COUNT]) {
    enum { DRAWS = 20000 };
    uint32_t order[64];
    for (uint32_t v = 0; v < RK_VALUE_COUNT; v++) out[v] = 0.0;
    for (uint32_t draw = 0; draw < DRAWS; draw++) {
        double hits = 0.0, first = 0.0, gain = 0.0, best = 0.0;
        for (uint32_t i = 0; i < cold; i++) order[i] = i;
        for (uint32_t i = 0; i < k; i++) {
            if (i < relevant) best += 1.0 / log2(i + 2.0);
            if (i >= cold) continue;
            const uint32_t j = i + rk_rng_below(rng, cold - i), item = order[j];
            order[j] = order[i];
            if (item >= relevant) continue;
            if (hits++ == 0.0) first = 1.0 / (i + 1.0);
            gain += 1.0 / log2(i + 2.0);
        }
        out[RK_VALUE_RECALL] += hits / relevant / DRAWS;
        out[RK_VALUE_HIT_RATE] += (hits > 0.0) / (double)DRAWS;
        out[RK_VALUE_MRR] += first / DRAWS;
        out[RK_VALUE_NDCG] += gain / best / DRAWS;
    }
}

static void chance_is_the_mean_of_draws(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 330);
    static const uint32_t sizes[][2] = {{1, 1}, {10, 1}, {10, 3}, {30, 7}, {40, 40}, {60, 2}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        static bench b;
        const uint32_t cold = sizes[s][0], relevant = sizes[s][1];
        make_case(&b, cold, relevant);
        const rk_trial trial = trial_of(&b, cutoffs, 3, 1);
        rk_metrics metrics;
        float values[RK_VALUE_COUNT * 3];
        assert_true(rk_yardstick_random(&trial, &metrics, values));
        assert_int_equal(metrics.cases, 1);
        assert_int_equal(metrics.answerable, 1);
        for (uint32_t c = 0; c < 3; c++) {
            const double means[RK_VALUE_COUNT] = {metrics.recall[c], metrics.hit_rate[c],
                                                  metrics.mrr[c], metrics.ndcg[c]};
            double drawn[RK_VALUE_COUNT];
            draw_metrics(&rng, cold, relevant, cutoffs[c], drawn);
            for (uint32_t v = 0; v < RK_VALUE_COUNT; v++) {
                if (fabs(means[v] - drawn[v]) > 0.015)
                    fail_msg("%u of %u at %u: %f, drawn %f", relevant, cold, cutoffs[c], means[v],
                             drawn[v]);
                check_close((double)values[v * 3 + c], means[v]);
            }
            const double shown = cutoffs[c] < cold ? (double)cutoffs[c] / cold : 1.0;
            check_close(metrics.coverage[c], shown);
            check_close(metrics.precision[c], relevant * shown / cutoffs[c]);
        }
        rk_memory_free(&b.events.memory);
    }
}

/* ---- popularity by category ---- */

enum { ATTRIBUTES = 4, VALUES = 5 };

/* Random categories, tags, text and numbers for every item, and what each item has as bits. */
static void give_attributes(bench *b, rk_rng *rng, uint32_t *has) {
    static const uint32_t name_offsets[] = {0, 1, 2, 3, 4};
    static const uint8_t kinds[ATTRIBUTES] = {RK_ATTRIBUTE_TEXT, RK_ATTRIBUTE_TAGS,
                                              RK_ATTRIBUTE_CATEGORY, RK_ATTRIBUTE_NUMBER};
    rk_memory *memory = &b->events.memory;
    const uint32_t items = b->content.meta.items, rows = items * ATTRIBUTES;
    uint32_t *offsets = TAKE(memory, uint32_t, rows + 1);
    char *text = TAKE(memory, char, rows * 3 * VALUES);
    uint32_t size = 0;
    for (uint32_t row = 0; row < rows; row++) {
        const uint32_t attribute = row % ATTRIBUTES;
        uint32_t *own = &has[row / ATTRIBUTES];
        if (attribute == 1) {
            for (uint32_t value = 0; value < VALUES; value++) {
                if (rk_rng_below(rng, 4)) continue;
                if (size > offsets[row]) text[size++] = '|';
                text[size++] = 'v';
                text[size++] = (char)('0' + value);
                *own |= 1u << value;
            }
        } else if (rk_rng_below(rng, 3)) { // one value: of two attributes it is another thing
            const uint32_t value = rk_rng_below(rng, VALUES);
            text[size++] = 'v';
            text[size++] = (char)('0' + value);
            if (attribute == 2) *own |= 1u << (VALUES + value);
            if (attribute == 0) *own |= 1u << (2 * VALUES + value); // a word
        }
        offsets[row + 1] = size;
    }
    b->content.meta.attributes = ATTRIBUTES;
    b->content.attributes = (rk_strings){name_offsets, "abcd", ATTRIBUTES};
    b->content.attribute_kind = kinds;
    b->content.attribute_values = (rk_strings){offsets, text, rows};
}

static double naive_score(const bench *b, const uint32_t *has, uint32_t item) {
    double sum = 0.0, count = 0.0;
    for (uint32_t i = 0; i < b->excluded_count; i++) {
        const uint32_t warm = b->excluded[i];
        for (uint32_t value = 0; value < 3 * VALUES; value++) {
            if (!((has[b->log.file_item[warm]] & has[b->log.file_item[item]]) >> value & 1u))
                continue;
            sum += (double)b->snapshot.popularity[warm];
            count++;
        }
    }
    return count > 0.0 ? sum / count : 0.0;
}

static void category_scores_are_the_naive_ones(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 331);
    for (uint32_t round = 0; round < 20; round++) {
        static bench b;
        make_bench(&b, &rng, RK_PROTOCOL_COLD_ITEM, round);
        uint32_t has[200] = {0};
        if (round % 4) give_attributes(&b, &rng, has);
        const rk_trial trial = trial_of(&b, cutoffs, 3, 1);
        rk_snapshot_content content = b.snapshot;
        assert_true(rk_yardstick_category(&trial, &b.events.memory, &content));
        double best = 0.0;
        for (uint32_t item = 0; item < b.log.items; item++) {
            const bool cold = !contains(b.excluded, b.excluded_count, item);
            const double score = cold ? naive_score(&b, has, item) : 0.0;
            check_close((double)content.popularity[item], score);
            best = fmax(best, score);
        }
        check_close((double)content.popularity[content.popular[0]], best);
        /* Served by the source of that name: best first, ties by id, every cold item. */
        const uint64_t entries = (uint64_t)b.split.case_count * 50;
        const rk_kept kept = {.lists = TAKE(&b.events.memory, uint32_t, entries)};
        const rk_method popular = rk_method_source(RK_SOURCE_POPULAR);
        rk_trial served = trial;
        rk_metrics metrics;
        served.snapshot = &content;
        assert_true(rk_evaluate_keeping(&served, &popular, &metrics, kept));
        const uint32_t cold_items = b.log.items - b.excluded_count;
        for (uint64_t i = 0; i < entries; i++) {
            const bool measured = kept.lists[i / 50 * 50] != RK_NONE;
            assert_int_equal(kept.lists[i] != RK_NONE, measured && i % 50 < cold_items);
            if (i % 50 == 0 || kept.lists[i] == RK_NONE) continue;
            const float before = content.popularity[kept.lists[i - 1]];
            const float after = content.popularity[kept.lists[i]];
            assert_true(after <= before * (1.0f + 1e-6f));
            if (before == after) assert_true(kept.lists[i - 1] < kept.lists[i]);
        }
        rk_memory_free(&b.events.memory);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chance_is_the_mean_of_draws),
        cmocka_unit_test(category_scores_are_the_naive_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
