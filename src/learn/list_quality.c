#include "learn/list_quality.h"

#include <math.h>
#include <stdlib.h>

#include "base/fmath.h"
#include "learn/parallel.h"
#include "model/vectors.h"

/* A sum over the cases that can say something, and how many those are. */
typedef struct tally {
    double sum;
    uint32_t cases;
} tally;

enum { NOVELTY, DIVERSITY, BIAS, FIGURES };

typedef struct shard_sums {
    float *vector; /* (dim) one item */
    double *sum;   /* (dim) of the list's unit vectors */
    tally of[FIGURES][RK_MAX_CUTOFFS];
} shard_sums;

typedef struct quality {
    const rk_trial *trial;
    const uint32_t *lists;
    double *bits;       /* (items) */
    double *percentile; /* (items) */
    uint32_t most;
    shard_sums shard[RK_SHARDS];
} quality;

static int compare_counts(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* How many of the ascending counts are below `count`. */
static uint32_t below(const uint32_t *sorted, uint32_t items, uint64_t count) {
    uint32_t low = 0, high = items;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sorted[middle] < count) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool describe_items(quality *q, rk_memory *memory) {
    const rk_log *log = q->trial->log;
    uint32_t *sorted = RK_NEW(memory, uint32_t, log->items);
    q->bits = RK_NEW(memory, double, log->items);
    q->percentile = RK_NEW(memory, double, log->items);
    if (!sorted || !q->bits || !q->percentile) return false;
    memcpy(sorted, log->item_events, log->items * sizeof *sorted);
    qsort(sorted, log->items, sizeof *sorted, compare_counts);
    for (uint32_t item = 0; item < log->items; item++) {
        uint64_t count = log->item_events[item];
        uint32_t fewer = below(sorted, log->items, count);
        uint32_t up_to = below(sorted, log->items, count + 1);
        double share = (double)RK_MAX(1, count) / (double)log->events;
        q->bits[item] = -(double)rk_log2f((float)share);
        q->percentile[item] = ((double)fewer + (double)up_to) / 2.0 / log->items;
    }
    return true;
}

/* Adds the item's vector, at length 1, to the list's sum; a zero vector stays zero. */
static void add_unit_vector(const quality *q, shard_sums *shard, uint32_t item) {
    uint32_t dim = q->trial->snapshot->meta.dim;
    double square = 0.0;
    memset(shard->vector, 0, dim * sizeof *shard->vector);
    rk_vector_accumulate(q->trial->snapshot, item, 1.0f, shard->vector);
    for (uint32_t d = 0; d < dim; d++)
        square += (double)shard->vector[d] * (double)shard->vector[d];
    double scale = square > 0.0 ? 1.0 / rk_sqrt(square) : 0.0;
    for (uint32_t d = 0; d < dim; d++) shard->sum[d] += scale * (double)shard->vector[d];
}

static double diversity_of(const quality *q, const shard_sums *shard, uint32_t count) {
    double square = 0.0;
    for (uint32_t d = 0; d < q->trial->snapshot->meta.dim; d++)
        square += shard->sum[d] * shard->sum[d];
    return 1.0 - (square - count) / ((double)count * (count - 1));
}

/* Mean percentile of the history's items that the catalogue has, or -1. */
static double history_percentile(const quality *q, const rk_case *test) {
    const rk_trial *trial = q->trial;
    double sum = 0.0;
    uint32_t known = 0;
    for (uint32_t i = 0; i < test->history_count; i++) {
        uint64_t row = trial->split->row[test->history_begin + i];
        uint32_t item = trial->log->item_of_file[trial->events->item[row]];
        if (item == RK_NONE) continue;
        sum += q->percentile[item];
        known++;
    }
    return known ? sum / known : -1.0;
}

static void add(tally *t, double value) {
    t->sum += value;
    t->cases++;
}

static void measure_list(const quality *q, shard_sums *shard, uint32_t index) {
    const rk_trial *trial = q->trial;
    const uint32_t *list = q->lists + (uint64_t)index * q->most;
    if (list[0] == RK_NONE) return;
    bool has_vectors = trial->snapshot->vector_cells != NULL;
    double history = history_percentile(q, &trial->split->cases[index]);
    double bits = 0.0, percentile = 0.0;
    uint32_t count = 0;
    if (has_vectors) memset(shard->sum, 0, trial->snapshot->meta.dim * sizeof *shard->sum);
    for (uint32_t c = 0; c < trial->cutoff_count; c++) {
        for (; count < trial->cutoffs[c] && list[count] != RK_NONE; count++) {
            bits += q->bits[list[count]];
            percentile += q->percentile[list[count]];
            if (has_vectors) add_unit_vector(q, shard, list[count]);
        }
        add(&shard->of[NOVELTY][c], bits / count);
        if (has_vectors && count > 1) add(&shard->of[DIVERSITY][c], diversity_of(q, shard, count));
        if (history >= 0.0) add(&shard->of[BIAS][c], percentile / count - history);
    }
}

static void measure_shard(void *context, uint32_t shard) {
    quality *q = context;
    uint64_t cases = q->trial->split->case_count;
    uint32_t begin = (uint32_t)(cases * shard / RK_SHARDS);
    uint32_t end = (uint32_t)(cases * (shard + 1) / RK_SHARDS);
    for (uint32_t index = begin; index < end; index++) measure_list(q, &q->shard[shard], index);
}

/* In shard order; NaN if no case could say. */
static double mean(const quality *q, uint32_t figure, uint32_t cutoff) {
    tally all = {0};
    for (uint32_t s = 0; s < RK_SHARDS; s++) {
        all.sum += q->shard[s].of[figure][cutoff].sum;
        all.cases += q->shard[s].of[figure][cutoff].cases;
    }
    return all.cases ? all.sum / all.cases : (double)NAN;
}

bool rk_list_quality_measure(const rk_trial *trial, const uint32_t *lists, rk_list_quality *out) {
    rk_memory memory = {0};
    quality q = {.trial = trial, .lists = lists, .most = trial->cutoffs[trial->cutoff_count - 1]};
    bool ok = describe_items(&q, &memory);
    for (uint32_t s = 0; ok && s < RK_SHARDS; s++) {
        q.shard[s].vector = RK_NEW(&memory, float, trial->snapshot->meta.dim);
        q.shard[s].sum = RK_NEW(&memory, double, trial->snapshot->meta.dim);
        ok = q.shard[s].vector && q.shard[s].sum;
    }
    if (ok) {
        rk_parallel(trial->threads, measure_shard, &q);
        for (uint32_t c = 0; c < trial->cutoff_count; c++) {
            out->novelty[c] = mean(&q, NOVELTY, c);
            out->diversity[c] = mean(&q, DIVERSITY, c);
            out->popularity_bias[c] = mean(&q, BIAS, c);
        }
    }
    rk_memory_free(&memory);
    return ok;
}
