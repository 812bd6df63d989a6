/* Sorting and selecting (score, item) by partition, with a heap behind it.
 *
 * Problem: a query ranks a few hundred entries a dozen times over, and a heap sort mispredicts one
 * branch a level: 400 entries took 20 us, a tenth of a millisecond's budget each time.
 * Idea: quicksort and quickselect (Hoare: "Algorithm 64: Quicksort", "Algorithm 65: Find", 1961)
 * with a partition that has no branch on the data: every entry is swapped with the first of the
 * later ones, and the boundary moves by the outcome of the comparison (Lomuto's scheme):
 *
 *     | before the pivot | not before it | not seen yet |
 *     begin              boundary        i              end
 *
 * The pivot is the median of first, middle and last. Bad input would make that quadratic, and a
 * snapshot may be hostile; so after 2 log2 n bad splits the heap finishes (Musser: "Introspective
 * Sorting and Selection Algorithms", 1997). No recursion but into the smaller half, no memory.
 *
 * Complexity: O(n log n) at worst; a selection O(n) on average.
 *
 * Invariant: the ranking is a total order, so the result does not depend on pivots. */
#include "base/order.h"

/* Below this many, insertion is quicker than another partition. */
#define FEW 12u

static void swap(rk_scored *a, rk_scored *b) {
    const rk_scored entry = *a;
    *a = *b;
    *b = entry;
}

void rk_scored_sift_down(rk_scored *heap, uint32_t count, uint32_t hole, rk_scored entry) {
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

/* Williams: "Algorithm 232: Heapsort", 1964. */
static void heap_sort(rk_scored *entries, uint32_t count) {
    for (uint32_t i = count / 2; i > 0; i--)
        rk_scored_sift_down(entries, count, i - 1, entries[i - 1]);
    while (count > 1) {
        count--;
        const rk_scored displaced = entries[count];
        entries[count] = entries[0];
        rk_scored_sift_down(entries, count, 0, displaced);
    }
}

static void insertion_sort(rk_scored *entries, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        const rk_scored entry = entries[i];
        uint32_t at = i;
        for (; at > 0 && rk_scored_before(entry, entries[at - 1]); at--)
            entries[at] = entries[at - 1];
        entries[at] = entry;
    }
}

/* Splits count >= 3 entries: those before the returned place rank before the one there, the others
 * after it. */
static uint32_t split(rk_scored *entries, uint32_t count) {
    rk_scored *first = entries, *middle = entries + count / 2, *last = entries + count - 1;
    if (rk_scored_before(*middle, *first)) swap(middle, first);
    if (rk_scored_before(*last, *middle)) swap(last, middle);
    if (rk_scored_before(*middle, *first)) swap(middle, first);
    swap(middle, last);
    const rk_scored pivot = *last;
    uint32_t boundary = 0;
    for (uint32_t i = 0; i + 1 < count; i++) {
        const rk_scored entry = entries[i];
        entries[i] = entries[boundary];
        entries[boundary] = entry;
        boundary += rk_scored_before(entry, pivot);
    }
    swap(entries + boundary, last);
    return boundary;
}

/* Partitions that may be spent before the heap takes over. */
static uint32_t patience(uint32_t count) {
    uint32_t levels = 0;
    for (; count > 1; count /= 2) levels++;
    return 2 * levels;
}

static void sort_within(rk_scored *entries, uint32_t count, uint32_t splits) {
    while (count > FEW) {
        if (splits-- == 0) {
            heap_sort(entries, count);
            return;
        }
        const uint32_t at = split(entries, count), after = count - at - 1;
        if (at < after) {
            sort_within(entries, at, splits);
            entries += at + 1;
            count = after;
        } else {
            sort_within(entries + at + 1, after, splits);
            count = at;
        }
    }
    insertion_sort(entries, count);
}

void rk_sort_scored(rk_scored *entries, uint32_t count) {
    sort_within(entries, count, patience(count));
}

void rk_select_scored(rk_scored *entries, uint32_t count, uint32_t k) {
    assert(k >= 1 && k <= count);
    uint32_t wanted = k - 1; // the place that is to be right
    for (uint32_t splits = patience(count); count > FEW; splits--) {
        if (splits == 0) {
            heap_sort(entries, count);
            return;
        }
        const uint32_t at = split(entries, count);
        if (at == wanted) return;
        if (at > wanted) {
            count = at;
        } else {
            entries += at + 1;
            count -= at + 1;
            wanted -= at + 1;
        }
    }
    insertion_sort(entries, count);
}
