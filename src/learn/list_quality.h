/* What lists are like, whether or not they hit: three figures beside the metrics of evaluate.h,
 * each over the first k of every measured list.
 *
 *   novelty@k          mean of -log2 of the items' shares of the training events; an item without
 *                      events counts as one with one. Bits: 10 is an event in a thousand.
 *   diversity@k        1 - the mean cosine of two different items of the list, by their vectors as
 *                      served. Of n unit vectors with sum S the mean cosine of the n (n - 1)
 * ordered pairs is (|S|^2 - n) / (n (n - 1)): one pass, not n^2 products. popularity_bias@k  mean
 * popularity percentile of the list less that of the history; above 0 the lists are more popular
 * than what people chose. The percentile of an item is the share of the catalogue with fewer
 * training events, ties half.
 *
 * Means over the cases that can say (a list; two items; a list and a known history); NaN where none
 * can. Sums run in case order within 8 shards: threads change nothing. */
#ifndef RK_LEARN_LIST_QUALITY_H
#define RK_LEARN_LIST_QUALITY_H

#include "learn/evaluate.h"

typedef struct rk_list_quality {
    double novelty[RK_MAX_CUTOFFS], diversity[RK_MAX_CUTOFFS], popularity_bias[RK_MAX_CUTOFFS];
} rk_list_quality;

/* lists: rk_kept.lists of the same trial. False if out of memory. O(cases * last cutoff * dim). */
bool rk_list_quality_measure(const rk_trial *trial, const uint32_t *lists, rk_list_quality *out);

#endif
