/* The ranking order of (score, item), and sorting and selecting by it, in place.
 *
 * Higher score first, ties by ascending item: a total order, so every answer is one list, whatever
 * the order of its making. Scores are never NaN; -0 and 0 tie, and both leave a sort or a selection
 * as 0. */
#ifndef RK_BASE_ORDER_H
#define RK_BASE_ORDER_H

#include "base/types.h"

typedef struct rk_scored {
    float score;
    uint32_t item;
} rk_scored;

/* True if a comes before b in a ranking. */
static inline bool rk_scored_before(rk_scored a, rk_scored b) {
    return a.score > b.score || (a.score == b.score && a.item < b.item);
}

/* Best first: O(n log n), whatever the order before. */
void rk_sort_scored(rk_scored *entries, uint32_t count);

/* The k best to the front, in no order but that the last of them is at entries[k - 1];
 * 1 <= k <= count. O(n) on average, O(n log n) at worst. */
void rk_select_scored(rk_scored *entries, uint32_t count, uint32_t k);

#endif
