/* A ranking by libc's sort: what top-k and the index are tested against. */
#ifndef RK_TESTS_FULL_SORT_H
#define RK_TESTS_FULL_SORT_H

#include "check.h"

#include "base/topk.h"

static inline int compare_scored(const void *a, const void *b) {
    const rk_scored *left = a, *right = b;
    if (left->score != right->score) return left->score > right->score ? -1 : 1;
    return left->item < right->item ? -1 : left->item > right->item;
}

static inline void full_sort(rk_scored *entries, uint32_t count) {
    if (count > 0) qsort(entries, count, sizeof *entries, compare_scored);
}

#endif
