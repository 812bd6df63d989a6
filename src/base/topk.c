/* The k best of a stream of (score, item), in a heap with the worst kept entry on top.
 *
 * Problem: scans produce one score an item, and only a few hundred matter.
 * Idea: keep k entries as a binary heap ordered by "ranks later"; a new entry is compared with the
 * top, which is the worst kept, and nearly always goes no further (Williams: "Algorithm 232:
 * Heapsort", 1964). Sorting at the end is order.c's: the heap's own second half took three times as
 * long (of 400 entries).
 *
 *     heap[0]                      children of i: 2i + 1, 2i + 2
 *
 * Complexity: a push that cannot enter, one compare; one that does, O(log k). Sorting O(n log n).
 *
 * Invariants: no parent ranks before its child; count <= capacity; no score is NaN. The ranking is
 * a total order on (score, item), so what is kept does not depend on the order of pushes. */
#include "base/topk.h"

/* Puts `entry` at `hole` or below it, so that the heap of `count` entries is in order again. */
static void sift_down(rk_scored *heap, uint32_t count, uint32_t hole, rk_scored entry) {
    // A node has a child only if hole < count / 2; so 2 * hole + 2 cannot overflow either.
    while (hole < count / 2) {
        uint32_t child = 2 * hole + 1;
        if (child + 1 < count && rk_scored_before(heap[child], heap[child + 1])) child++;
        if (!rk_scored_before(entry, heap[child])) break;
        heap[hole] = heap[child];
        hole = child;
    }
    heap[hole] = entry;
}

static void sift_up(rk_scored *heap, uint32_t hole, rk_scored entry) {
    while (hole > 0) {
        const uint32_t parent = (hole - 1) / 2;
        if (!rk_scored_before(heap[parent], entry)) break;
        heap[hole] = heap[parent];
        hole = parent;
    }
    heap[hole] = entry;
}

rk_topk rk_topk_over(rk_scored *storage, uint32_t capacity) {
    assert(storage || capacity == 0);
    return (rk_topk){.heap = storage, .capacity = capacity};
}

void rk_topk_push(rk_topk *top, float score, uint32_t item) {
    assert(score == score);
    const rk_scored entry = {score, item};
    if (top->count < top->capacity) {
        sift_up(top->heap, top->count++, entry);
    } else if (top->capacity > 0 && rk_scored_before(entry, top->heap[0])) {
        sift_down(top->heap, top->count, 0, entry);
    }
}

float rk_topk_threshold(const rk_topk *top) {
    if (top->capacity == 0) return __builtin_inff();
    return top->count < top->capacity ? -__builtin_inff() : top->heap[0].score;
}

uint32_t rk_topk_finish(rk_topk *top) {
    rk_sort_scored(top->heap, top->count);
    return top->count;
}
