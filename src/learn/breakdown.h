/* One method's metrics by what is asked: cases by the length of their history, relevant items by
 * how long the training events had known them.
 *
 * An item's age is the time of the event that asks for it less that of its first training event (in
 * leave-one-out others may meet it later: such an age is below a day). Ages ask item by item, so
 * each relevant item counts as a case of its own: recall@k is the share found, mrr@k the mean of
 * 1 / rank, ndcg@k of 1 / log2(rank + 1). */
#ifndef RK_LEARN_BREAKDOWN_H
#define RK_LEARN_BREAKDOWN_H

#include "learn/evaluate.h"

/* The six lengths, and six ages. */
#define RK_BUCKETS 6u

typedef struct rk_bucket {
    const char *name;
    uint64_t count; /* cases or relevant items */
    double value[RK_VALUE_COUNT][RK_MAX_CUTOFFS];
} rk_bucket;

/* values: rk_kept.values of the trial. O(cases). */
void rk_breakdown_history(const rk_trial *trial, const float *values, rk_bucket out[RK_BUCKETS]);

/* lists: rk_kept.lists of the trial, whose events have clock times. False if out of memory.
 * O(events + relevant items * last cutoff). */
bool rk_breakdown_age(const rk_trial *trial, const uint32_t *lists, rk_bucket out[RK_BUCKETS]);

#endif
