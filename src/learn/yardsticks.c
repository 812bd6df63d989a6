#include "learn/yardsticks.h"

#include "learn/content.h"
#include "model/content_features.h"

/* ---- chance ---------------------------------------------------------------------------------- */

static void expect_case(const rk_trial *trial, uint32_t ranked, uint32_t relevant, float *values,
                        rk_metrics *sum) {
    double hit = 0.0, mrr = 0.0, gain = 0.0, best = 0.0, no_hit_yet = 1.0;
    uint32_t cutoffs = trial->cutoff_count, cutoff = 0;
    for (uint32_t rank = 1; cutoff < cutoffs; rank++) {
        if (rank <= relevant) best += rk_evaluate_discount(rank);
        if (rank <= ranked) {
            double left = ranked - rank + 1;
            double first = no_hit_yet * RK_MIN(1.0, relevant / left);
            hit += first;
            mrr += first / rank;
            no_hit_yet -= first;
            gain += (double)relevant / ranked * rk_evaluate_discount(rank);
        }
        if (rank < trial->cutoffs[cutoff]) continue;
        double shown = (double)RK_MIN(rank, ranked) / ranked;
        sum->recall[cutoff] += shown;
        sum->hit_rate[cutoff] += hit;
        sum->mrr[cutoff] += mrr;
        sum->ndcg[cutoff] += gain / best;
        sum->precision[cutoff] += relevant * shown / rank;
        values[RK_VALUE_RECALL * cutoffs + cutoff] = (float)shown;
        values[RK_VALUE_HIT_RATE * cutoffs + cutoff] = (float)hit;
        values[RK_VALUE_MRR * cutoffs + cutoff] = (float)mrr;
        values[RK_VALUE_NDCG * cutoffs + cutoff] = (float)(gain / best);
        cutoff++;
    }
}

static double power(double base, uint32_t exponent) {
    double result = 1.0;
    for (; exponent; exponent >>= 1, base *= base) {
        if (exponent & 1u) result *= base;
    }
    return result;
}

bool rk_yardstick_random(const rk_trial *trial, rk_metrics *metrics, float *values) {
    rk_memory memory = {0};
    uint32_t ranked = trial->snapshot->meta.items - trial->excluded_count;
    uint32_t width = RK_VALUE_COUNT * trial->cutoff_count;
    uint32_t *truth = RK_NEW(&memory, uint32_t, rk_evaluate_most_relevant(trial->split));
    bool *mark = RK_NEW(&memory, bool, trial->events->meta.items);
    bool ok = truth && mark;
    *metrics = (rk_metrics){0};
    for (uint32_t i = 0; ok && i < trial->split->case_count; i++) {
        float *value = values + (uint64_t)i * width;
        uint32_t relevant = rk_evaluate_truth(trial, &trial->split->cases[i], mark, truth, NULL);
        for (uint32_t w = 0; w < width; w++) value[w] = RK_NOT_MEASURED;
        if (relevant == 0) continue;
        assert(relevant <= ranked);
        expect_case(trial, ranked, relevant, value, metrics);
        metrics->cases++;
    }
    metrics->answerable = metrics->cases;
    double scale = metrics->cases ? 1.0 / metrics->cases : 0.0;
    for (uint32_t c = 0; ok && c < trial->cutoff_count; c++) {
        metrics->recall[c] *= scale;
        metrics->hit_rate[c] *= scale;
        metrics->mrr[c] *= scale;
        metrics->ndcg[c] *= scale;
        metrics->precision[c] *= scale;
        double shown = (double)RK_MIN(trial->cutoffs[c], ranked) / RK_MAX(1, ranked);
        metrics->coverage[c] = 1.0 - power(1.0 - shown, metrics->cases);
    }
    rk_memory_free(&memory);
    return ok;
}

/* ---- popularity by category ------------------------------------------------------------------ */

/* What an item shares with others: its categories, tags and words, as content features. */
typedef struct value_walk {
    uint64_t key[RK_ITEM_FEATURES_MOST];
    uint32_t count, at;
} value_walk;

static value_walk walk_values(const rk_events_content *events, uint32_t item) {
    value_walk walk = {.count = 0};
    for (uint32_t a = 0; a < events->meta.attributes; a++) {
        const char *name, *value;
        uint32_t kind = events->attribute_kind[a];
        if (kind == RK_ATTRIBUTE_NUMBER) continue;
        uint32_t name_bytes = rk_strings_get(&events->attributes, a, &name);
        uint32_t value_bytes =
            rk_strings_get(&events->attribute_values, item * events->meta.attributes + a, &value);
        walk.count +=
            rk_content_features(name, name_bytes, kind, value, value_bytes, walk.key + walk.count,
                                RK_ITEM_FEATURES_MOST - walk.count);
    }
    return walk;
}

/* False after the last. */
static bool next_value(value_walk *walk, uint64_t *key) {
    if (walk->at == walk->count) return false;
    *key = walk->key[walk->at++];
    return true;
}

/* Values to what warm items with them amount to: open addressing, a slot is free while no item has
 * been counted there. Two values of one 64-bit hash are taken for one. */
typedef struct value_table {
    uint64_t slots; /* a power of two, at least twice the values */
    uint64_t *key;
    double *popularity;
    uint32_t *items;
} value_table;

static uint64_t slot_of(const value_table *table, uint64_t key) {
    uint64_t slot = key & (table->slots - 1);
    while (table->items[slot] && table->key[slot] != key) slot = (slot + 1) & (table->slots - 1);
    return slot;
}

static bool take_table(const rk_events_content *events, rk_memory *memory, value_table *table) {
    uint64_t values = 0, key;
    for (uint32_t item = 0; item < events->meta.items; item++)
        for (value_walk walk = walk_values(events, item); next_value(&walk, &key);) values++;
    table->slots = 2;
    while (table->slots < 2 * values) table->slots *= 2;
    table->key = RK_NEW(memory, uint64_t, table->slots);
    table->popularity = RK_NEW(memory, double, table->slots);
    table->items = RK_NEW(memory, uint32_t, table->slots);
    return table->key && table->popularity && table->items;
}

static void count_warm_items(const rk_trial *trial, value_table *table) {
    uint64_t key;
    for (uint32_t i = 0; i < trial->excluded_count; i++) {
        uint32_t item = trial->excluded[i];
        value_walk walk = walk_values(trial->events, trial->log->file_item[item]);
        while (next_value(&walk, &key)) {
            uint64_t slot = slot_of(table, key);
            table->key[slot] = key;
            table->popularity[slot] += (double)trial->snapshot->popularity[item];
            table->items[slot]++;
        }
    }
}

static float score_item(const rk_trial *trial, const value_table *table, uint32_t item) {
    value_walk walk = walk_values(trial->events, trial->log->file_item[item]);
    double popularity = 0.0;
    uint64_t items = 0, key;
    while (next_value(&walk, &key)) {
        uint64_t slot = slot_of(table, key);
        if (table->items[slot] == 0) continue;
        popularity += table->popularity[slot];
        items += table->items[slot];
    }
    return items ? (float)(popularity / (double)items) : 0.0f;
}

bool rk_yardstick_category(const rk_trial *trial, rk_memory *memory, rk_snapshot_content *content) {
    rk_memory scratch = {0};
    uint32_t items = trial->snapshot->meta.items;
    value_table table;
    float *score = RK_NEW(memory, float, items);
    uint32_t *best = RK_NEW(memory, uint32_t, 1);
    bool *warm = RK_NEW(&scratch, bool, items);
    bool ok = score && best && warm && take_table(trial->events, &scratch, &table);
    if (ok) {
        count_warm_items(trial, &table);
        for (uint32_t i = 0; i < trial->excluded_count; i++) warm[trial->excluded[i]] = true;
        for (uint32_t item = 0; item < items; item++) {
            if (warm[item]) continue;
            score[item] = score_item(trial, &table, item);
            if (score[item] > score[*best]) *best = item;
        }
        /* The source divides by its first item's and ranks the rest by itself. */
        content->popularity = score;
        content->popular = best;
        content->meta.popular_count = 1;
    }
    rk_memory_free(&scratch);
    return ok;
}
