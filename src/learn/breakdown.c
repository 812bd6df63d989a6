#include "learn/breakdown.h"

#define DAY_MS INT64_C(86400000)

/* Ascending: a bucket ends below its limit. */
static const struct {
    const char *name;
    uint32_t below;
} lengths[RK_BUCKETS] = {{"1", 2},     {"2-3", 4},    {"4-7", 8},
                         {"8-15", 16}, {"16-63", 64}, {"64+", UINT32_MAX}};

enum { NO_EVENTS = RK_BUCKETS - 1 };
static const struct {
    const char *name;
    int64_t below_ms;
} ages[RK_BUCKETS] = {{"day", DAY_MS},          {"week", 7 * DAY_MS}, {"month", 30 * DAY_MS},
                      {"quarter", 91 * DAY_MS}, {"older", INT64_MAX}, {"no events", 0}};

static void finish(rk_bucket *buckets, uint32_t cutoffs) {
    for (uint32_t b = 0; b < RK_BUCKETS; b++) {
        double scale = buckets[b].count ? 1.0 / (double)buckets[b].count : 0.0;
        for (uint32_t v = 0; v < RK_VALUE_COUNT; v++)
            for (uint32_t c = 0; c < cutoffs; c++) buckets[b].value[v][c] *= scale;
    }
}

void rk_breakdown_history(const rk_trial *trial, const float *values, rk_bucket out[RK_BUCKETS]) {
    uint32_t cutoffs = trial->cutoff_count;
    for (uint32_t b = 0; b < RK_BUCKETS; b++) out[b] = (rk_bucket){.name = lengths[b].name};
    for (uint32_t i = 0; i < trial->split->case_count; i++) {
        const float *value = values + (uint64_t)i * RK_VALUE_COUNT * cutoffs;
        if (value[0] < 0.0f) continue;
        uint32_t b = 0;
        while (trial->split->cases[i].history_count >= lengths[b].below) b++;
        out[b].count++;
        for (uint32_t v = 0; v < RK_VALUE_COUNT; v++)
            for (uint32_t c = 0; c < cutoffs; c++)
                out[b].value[v][c] += (double)value[v * cutoffs + c];
    }
    finish(out, cutoffs);
}

/* Times of the items' first training events; INT64_MAX: none. */
static bool find_first_events(const rk_log *log, rk_memory *memory, int64_t **out) {
    int64_t *first = RK_NEW(memory, int64_t, log->items);
    if (!first) return false;
    for (uint32_t item = 0; item < log->items; item++) first[item] = INT64_MAX;
    for (uint64_t i = 0; i < log->events; i++)
        first[log->item[i]] = RK_MIN(first[log->item[i]], log->time[i]);
    *out = first;
    return true;
}

static uint32_t age_bucket(const int64_t *first, uint32_t item, int64_t time) {
    if (item == RK_NONE || first[item] == INT64_MAX) return NO_EVENTS;
    uint32_t b = 0;
    while (time - first[item] >= ages[b].below_ms) b++;
    return b;
}

/* An item asked for by itself, found at `rank` (0: not at all). */
static void count_item(const rk_trial *trial, rk_bucket *bucket, uint32_t rank) {
    bucket->count++;
    for (uint32_t c = 0; c < trial->cutoff_count; c++) {
        if (rank == 0 || rank > trial->cutoffs[c]) continue;
        bucket->value[RK_VALUE_RECALL][c] += 1.0;
        bucket->value[RK_VALUE_HIT_RATE][c] += 1.0;
        bucket->value[RK_VALUE_MRR][c] += 1.0 / rank;
        bucket->value[RK_VALUE_NDCG][c] += rk_evaluate_discount(rank);
    }
}

static uint32_t rank_of(const uint32_t *list, uint32_t most, uint32_t item) {
    for (uint32_t rank = 1; item != RK_NONE && rank <= most && list[rank - 1] != RK_NONE; rank++)
        if (list[rank - 1] == item) return rank;
    return 0;
}

bool rk_breakdown_age(const rk_trial *trial, const uint32_t *lists, rk_bucket out[RK_BUCKETS]) {
    rk_memory memory = {0};
    uint32_t most = trial->cutoffs[trial->cutoff_count - 1];
    uint32_t relevant = rk_evaluate_most_relevant(trial->split);
    uint32_t *truth = RK_NEW(&memory, uint32_t, relevant);
    uint64_t *rows = RK_NEW(&memory, uint64_t, relevant);
    bool *mark = RK_NEW(&memory, bool, trial->events->meta.items);
    int64_t *first = NULL;
    bool ok = truth && rows && mark && find_first_events(trial->log, &memory, &first);
    for (uint32_t b = 0; b < RK_BUCKETS; b++) out[b] = (rk_bucket){.name = ages[b].name};
    for (uint32_t i = 0; ok && i < trial->split->case_count; i++) {
        const rk_case *test = &trial->split->cases[i];
        uint32_t count = rk_evaluate_truth(trial, test, mark, truth, rows);
        for (uint32_t t = 0; t < count; t++) {
            uint32_t b = age_bucket(first, truth[t], trial->events->time[rows[t]]);
            count_item(trial, &out[b], rank_of(lists + (uint64_t)i * most, most, truth[t]));
        }
    }
    if (ok) finish(out, trial->cutoff_count);
    rk_memory_free(&memory);
    return ok;
}
