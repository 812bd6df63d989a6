/* The k best of a long stream of (score, item), when most that come near must be kept only for a
 * while: a buffer of 2k that is cut to about its k best whenever it is full.
 *
 * Against the heap (topk.h): an entry costs an append, and one pass over the buffer pays for most
 * of k of them, where the heap sifts through log2 k levels each time; but nothing is in order until
 * the end, and the threshold rises in steps. What is kept at the end is the same. */
#ifndef RK_BASE_SHORTLIST_H
#define RK_BASE_SHORTLIST_H

#include "base/order.h"

typedef struct rk_shortlist {
    rk_scored *entries; /* (2 * wanted) */
    uint32_t wanted;
    uint32_t count;
    float threshold; /* a lower score cannot be among the best: -inf at first, never falls */
} rk_shortlist;

/* storage: (2 * wanted); wanted >= 1. */
static inline rk_shortlist rk_shortlist_over(rk_scored *storage, uint32_t wanted) {
    assert(storage && wanted >= 1);
    return (rk_shortlist){.entries = storage, .wanted = wanted, .threshold = -__builtin_inff()};
}

/* Of a full buffer leaves the `wanted` best, and perhaps some more, in no order; raises the
 * threshold. Adding calls it. */
void rk_shortlist_cut(rk_shortlist *list);

/* Where the next entries go, *room of them at most: at least one. */
static inline rk_scored *rk_shortlist_next(const rk_shortlist *list, uint32_t *room) {
    *room = 2 * list->wanted - list->count;
    return list->entries + list->count;
}

/* `added` entries were put there. Adding what is below the threshold is allowed, and a waste. */
static inline void rk_shortlist_added(rk_shortlist *list, uint32_t added) {
    list->count += added;
    if (list->count == 2 * list->wanted) rk_shortlist_cut(list);
}

/* score is not NaN. */
static inline void rk_shortlist_add(rk_shortlist *list, float score, uint32_t item) {
    assert(score == score);
    list->entries[list->count] = (rk_scored){score, item};
    rk_shortlist_added(list, 1);
}

/* The best, at most `wanted`, at the front of `entries` in no order; returns how many. */
uint32_t rk_shortlist_finish(rk_shortlist *list);

#endif
