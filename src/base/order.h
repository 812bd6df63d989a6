/* The ranking order of (score, item), and sorting and selecting by it, in place.
 *
 * Higher score first, ties by ascending item: a total order, so every answer is one list, whatever
 * the order of its making. Scores are never NaN; -0 and 0 tie. */
#ifndef RK_BASE_ORDER_H
#define RK_BASE_ORDER_H

#include "base/types.h"

typedef struct rk_scored {
    float score;
    uint32_t item;
} rk_scored;

/* True if a comes before b in a ranking. Without branches: in a sort they are as good as random. */
static inline bool rk_scored_before(rk_scored a, rk_scored b) {
    return (a.score > b.score) | ((a.score == b.score) & (a.item < b.item));
}

/* Best first: O(n log n), whatever the order before. */
void rk_sort_scored(rk_scored *entries, uint32_t count);

/* The k best to the front, in no order, but the k-th at entries[k - 1]; 1 <= k <= count. O(n) on
 * average, O(n log n) at worst. */
void rk_select_scored(rk_scored *entries, uint32_t count, uint32_t k);

/* Puts `entry` at `hole` or below it, so that a heap of `count` entries, the worst on top, is in
 * order again: what sorting and the top-k share. */
void rk_scored_sift_down(rk_scored *heap, uint32_t count, uint32_t hole, rk_scored entry);

#endif
