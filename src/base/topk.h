/* The k best of a stream of (score, item), ties by ascending item.
 *
 * A binary heap of the kept entries, worst on top: a push that cannot enter costs one compare.
 * O(n + m log k) for m entries that did enter. Storage is the caller's. */
#ifndef RK_BASE_TOPK_H
#define RK_BASE_TOPK_H

#include "base/order.h"

typedef struct rk_topk {
    rk_scored *heap; /* (capacity) */
    uint32_t capacity;
    uint32_t count;
} rk_topk;

/* `capacity` may be 0 (nothing is kept). */
rk_topk rk_topk_over(rk_scored *storage, uint32_t capacity);
void rk_topk_push(rk_topk *top, float score, uint32_t item);
/* A score that ranks after this cannot enter: -inf until full. For skipping pushes in scans; an
 * equal score may still enter by its item. */
float rk_topk_threshold(const rk_topk *top);
/* Sort in place, best first; returns the count. The heap is consumed. */
uint32_t rk_topk_finish(rk_topk *top);

#endif
