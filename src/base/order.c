/* Sorting and selecting (score, item) by partition of 64-bit keys, with a heap behind it.
 *
 * Problem: a query ranks a few hundred entries a dozen times over, and a heap mispredicts a branch
 * a level: sorting 400 took 23 us, a twentieth of a query's half millisecond, each time.
 * Idea: an entry becomes one number that is larger for what ranks earlier, in the entry's own eight
 * bytes, so that comparing is one instruction:
 *
 *     key = the score's bits, made to order like unsigned numbers (upper 32) | ~item (lower 32)
 *
 * Then quicksort and quickselect (C. A. R. Hoare, "Algorithm 64: Quicksort" and "Algorithm 65:
 * Find", 1961) with a partition that has no branch on the data: every key is swapped with the
 * first of those not before the pivot, and the boundary moves by the outcome of the comparison
 * (Lomuto's scheme):
 *
 *     | before the pivot | not before it | not seen yet |
 *     0                  boundary        i              count
 *
 * A partition costs 0.9 ns a key in WebAssembly; of entries compared by score and item 3.1, with a
 * branch 6.2. The pivot is the median of first, middle and last. Bad input would make that
 * quadratic, and a snapshot may be hostile; so after 2 log2 n splits the heap finishes (D. Musser,
 * "Introspective Sorting and Selection Algorithms", 1997).
 *
 * Invariant: keys differ where entries do, so the result does not depend on pivots. */
#include "base/order.h"

/* Below this many, insertion is quicker than another partition. */
#define FEW 12u

RK_STATIC_ASSERT(sizeof(rk_scored) == sizeof(uint64_t), a_key_takes_the_place_of_its_entry);

/* ---- keys in the places of entries ----------------------------------------------------------- */

static inline uint64_t get(const rk_scored *at) {
    uint64_t key;
    memcpy(&key, at, sizeof key);
    return key;
}

static inline void put(rk_scored *at, uint64_t key) {
    memcpy(at, &key, sizeof key);
}

static inline void swap(rk_scored *a, rk_scored *b) {
    const uint64_t key = get(a);
    put(a, get(b));
    put(b, key);
}

static void entries_to_keys(rk_scored *entries, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const float score = entries[i].score + 0.0f; // -0 becomes 0
        uint32_t bits;
        memcpy(&bits, &score, sizeof bits);
        bits ^= (0 - (bits >> 31)) | UINT32_C(1) << 31; // all bits of a negative, else the sign
        put(&entries[i], (uint64_t)bits << 32 | (uint32_t)~entries[i].item);
    }
}

static void keys_to_entries(rk_scored *entries, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t key = get(&entries[i]);
        uint32_t bits = (uint32_t)(key >> 32);
        bits ^= ((bits >> 31) - 1) | UINT32_C(1) << 31;
        memcpy(&entries[i].score, &bits, sizeof bits);
        entries[i].item = ~(uint32_t)key;
    }
}

/* ---- sorting keys, largest first ------------------------------------------------------------- */

/* The smallest on top; J. W. J. Williams, "Algorithm 232: Heapsort", 1964. */
static void sift_down(rk_scored *heap, uint32_t count, uint32_t hole, uint64_t key) {
    while (hole < count / 2) {
        uint32_t child = 2 * hole + 1;
        if (child + 1 < count && get(&heap[child + 1]) < get(&heap[child])) child++;
        if (key <= get(&heap[child])) break;
        put(&heap[hole], get(&heap[child]));
        hole = child;
    }
    put(&heap[hole], key);
}

static void heap_sort(rk_scored *keys, uint32_t count) {
    for (uint32_t i = count / 2; i > 0; i--) sift_down(keys, count, i - 1, get(&keys[i - 1]));
    while (count > 1) {
        count--;
        const uint64_t displaced = get(&keys[count]);
        put(&keys[count], get(&keys[0]));
        sift_down(keys, count, 0, displaced);
    }
}

static void insertion_sort(rk_scored *keys, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        const uint64_t key = get(&keys[i]);
        uint32_t at = i;
        for (; at > 0 && key > get(&keys[at - 1]); at--) put(&keys[at], get(&keys[at - 1]));
        put(&keys[at], key);
    }
}

/* Splits count >= 3 keys: those before the returned place are larger than the one there, the others
 * not. */
static uint32_t split(rk_scored *keys, uint32_t count) {
    rk_scored *first = keys, *middle = keys + count / 2, *last = keys + count - 1;
    if (get(middle) > get(first)) swap(middle, first);
    if (get(last) > get(middle)) swap(last, middle);
    if (get(middle) > get(first)) swap(middle, first);
    swap(middle, last);
    const uint64_t pivot = get(last);
    uint32_t boundary = 0;
    for (uint32_t i = 0; i + 1 < count; i++) {
        const uint64_t key = get(&keys[i]);
        put(&keys[i], get(&keys[boundary]));
        put(&keys[boundary], key);
        boundary += key > pivot;
    }
    swap(keys + boundary, last);
    return boundary;
}

/* Splits that may be spent before the heap takes over. */
static uint32_t patience(uint32_t count) {
    uint32_t levels = 0;
    for (; count > 1; count /= 2) levels++;
    return 2 * levels;
}

/* Calls itself for the smaller half only: log2 n deep. */
static void sort_keys(rk_scored *keys, uint32_t count, uint32_t splits) {
    for (; count > FEW; splits--) {
        if (splits == 0) {
            heap_sort(keys, count);
            return;
        }
        const uint32_t at = split(keys, count), after = count - at - 1;
        if (at < after) {
            sort_keys(keys, at, splits - 1);
            keys += at + 1;
            count = after;
        } else {
            sort_keys(keys + at + 1, after, splits - 1);
            count = at;
        }
    }
    insertion_sort(keys, count);
}

/* Place `wanted` gets the key that sorting would put there. */
static void select_key(rk_scored *keys, uint32_t count, uint32_t wanted) {
    for (uint32_t splits = patience(count); count > FEW; splits--) {
        if (splits == 0) {
            heap_sort(keys, count);
            return;
        }
        const uint32_t at = split(keys, count);
        if (at == wanted) return;
        if (at > wanted) {
            count = at;
        } else {
            keys += at + 1;
            count -= at + 1;
            wanted -= at + 1;
        }
    }
    insertion_sort(keys, count);
}

void rk_sort_scored(rk_scored *entries, uint32_t count) {
    entries_to_keys(entries, count);
    sort_keys(entries, count, patience(count));
    keys_to_entries(entries, count);
}

void rk_select_scored(rk_scored *entries, uint32_t count, uint32_t k) {
    assert(k >= 1 && k <= count);
    entries_to_keys(entries, count);
    select_key(entries, count, k - 1);
    keys_to_entries(entries, count);
}
