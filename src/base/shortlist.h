/* The k best of a long stream of (score, item), when most that come near must be kept only for a
 * while: a buffer of 2k that is cut to its k best whenever it is full.
 *
 * Against the heap (topk.h): an entry costs an append, and one selection pays for k of them, where
 * the heap sifts through log2 k levels each time; but nothing is in order until the end, and the
 * threshold rises in steps. Better from k of about 50. What is kept is the same. */
#ifndef RK_BASE_SHORTLIST_H
#define RK_BASE_SHORTLIST_H

#include "base/order.h"

typedef struct rk_shortlist {
    rk_scored *entries; /* (2 * wanted) */
    uint32_t wanted;
    uint32_t count;
    float threshold; /* an entry whose score is lower cannot be among the best: -inf at first */
} rk_shortlist;

/* storage: (2 * wanted); wanted >= 1. */
static inline rk_shortlist rk_shortlist_over(rk_scored *storage, uint32_t wanted) {
    assert(storage && wanted >= 1);
    return (rk_shortlist){.entries = storage, .wanted = wanted, .threshold = -__builtin_inff()};
}

/* Leaves the `wanted` best, in no order, and raises the threshold. */
void rk_shortlist_cut(rk_shortlist *list);

/* score is not NaN. Adding what is below the threshold is allowed, and a waste. */
static inline void rk_shortlist_add(rk_shortlist *list, float score, uint32_t item) {
    assert(score == score);
    list->entries[list->count++] = (rk_scored){score, item};
    if (list->count == 2 * list->wanted) rk_shortlist_cut(list);
}

/* The best, at most `wanted`, at the front of `entries` in no order; returns how many. */
uint32_t rk_shortlist_finish(rk_shortlist *list);

#endif
