/* Top-k and the sort against a full sort by libc, on random data with many ties. */
#include "check.h"

#include "base/rng.h"
#include "base/topk.h"

#include <math.h>

enum { LONGEST = 300 };

/* The ranking, written out again. */
static int compare_scored(const void *a, const void *b) {
    const rk_scored *left = a, *right = b;
    if (left->score != right->score) return left->score < right->score ? 1 : -1;
    return (left->item > right->item) - (left->item < right->item);
}

/* `levels` different scores, so that few levels make many ties; items are 0..n-1, shuffled. */
static void fill_entries(rk_rng *rng, rk_scored *entries, uint32_t n, uint32_t levels) {
    for (uint32_t i = 0; i < n; i++) {
        entries[i] = (rk_scored){(float)rk_rng_below(rng, levels) - (float)(levels / 2), i};
    }
    for (uint32_t i = n; i > 1; i--) {
        const uint32_t other = rk_rng_below(rng, i);
        const rk_scored swapped = entries[other];
        entries[other] = entries[i - 1];
        entries[i - 1] = swapped;
    }
}

static void sort_against_qsort(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 0);
    for (uint32_t n = 0; n <= LONGEST; n++) {
        for (uint32_t levels = 1; levels <= 10000; levels *= 10) {
            rk_scored entries[LONGEST], expected[LONGEST];
            fill_entries(&rng, entries, n, levels);
            memcpy(expected, entries, n * sizeof *entries);
            qsort(expected, n, sizeof *expected, compare_scored);
            rk_sort_scored(entries, n);
            if (n > 0) assert_memory_equal(entries, expected, n * sizeof *entries);
        }
    }
}

/* Exactly as much storage as the capacity, from malloc, so that a sanitizer sees one more. */
static void topk_against_qsort(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 1);
    for (int round = 0; round < 4000; round++) {
        const uint32_t n = rk_rng_below(&rng, LONGEST + 1);
        const uint32_t capacity = rk_rng_below(&rng, round % 2 ? 20 : LONGEST + 20);
        static const uint32_t levels[] = {1, 2, 10, 100, 100000};
        rk_scored entries[LONGEST];
        fill_entries(&rng, entries, n, levels[round % 5]);
        rk_scored *storage = malloc(capacity * sizeof *storage + 1);
        assert_non_null(storage);
        rk_topk top = rk_topk_over(storage, capacity);
        for (uint32_t i = 0; i < n; i++) rk_topk_push(&top, entries[i].score, entries[i].item);
        const uint32_t kept = RK_MIN(n, capacity);
        assert_int_equal(rk_topk_finish(&top), kept);
        qsort(entries, n, sizeof *entries, compare_scored);
        if (kept > 0) assert_memory_equal(storage, entries, kept * sizeof *storage);
        free(storage);
    }
}

static void threshold_is_the_worst_kept(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 2);
    for (uint32_t capacity = 1; capacity < 20; capacity++) {
        rk_scored storage[20], entries[LONGEST];
        rk_topk top = rk_topk_over(storage, capacity);
        fill_entries(&rng, entries, LONGEST, 50);
        for (uint32_t i = 0; i < LONGEST; i++) {
            rk_topk_push(&top, entries[i].score, entries[i].item);
            rk_scored sorted[LONGEST];
            memcpy(sorted, entries, (i + 1) * sizeof *sorted);
            qsort(sorted, i + 1, sizeof *sorted, compare_scored);
            const float expected = i + 1 < capacity ? -INFINITY : sorted[capacity - 1].score;
            assert_true(rk_topk_threshold(&top) == expected);
        }
    }
}

/* What a scan does: skip what ranks after the threshold. */
static void skipping_by_the_threshold_changes_nothing(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 3);
    for (int round = 0; round < 200; round++) {
        rk_scored entries[LONGEST], all[10], some[10];
        fill_entries(&rng, entries, LONGEST, 30);
        rk_topk everything = rk_topk_over(all, 10), skipping = rk_topk_over(some, 10);
        for (uint32_t i = 0; i < LONGEST; i++) {
            rk_topk_push(&everything, entries[i].score, entries[i].item);
            if (entries[i].score < rk_topk_threshold(&skipping)) continue;
            rk_topk_push(&skipping, entries[i].score, entries[i].item);
        }
        assert_int_equal(rk_topk_finish(&everything), rk_topk_finish(&skipping));
        assert_memory_equal(all, some, sizeof all);
    }
}

static void nothing_is_kept_in_nothing(void **state) {
    (void)state;
    rk_topk top = rk_topk_over(NULL, 0);
    rk_topk_push(&top, 1.0f, 1);
    assert_true(rk_topk_threshold(&top) == INFINITY);
    assert_int_equal(rk_topk_finish(&top), 0);
}

static void infinities_rank(void **state) {
    (void)state;
    rk_scored storage[3];
    rk_topk top = rk_topk_over(storage, 3);
    rk_topk_push(&top, -INFINITY, 4);
    assert_true(rk_topk_threshold(&top) == -INFINITY);
    rk_topk_push(&top, INFINITY, 3);
    rk_topk_push(&top, 0.0f, 2);
    rk_topk_push(&top, -0.0f, 1); // equal to 0: the item decides
    assert_int_equal(rk_topk_finish(&top), 3);
    assert_int_equal(storage[0].item, 3);
    assert_int_equal(storage[1].item, 1);
    assert_int_equal(storage[2].item, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sort_against_qsort),
        cmocka_unit_test(topk_against_qsort),
        cmocka_unit_test(threshold_is_the_worst_kept),
        cmocka_unit_test(skipping_by_the_threshold_changes_nothing),
        cmocka_unit_test(nothing_is_kept_in_nothing),
        cmocka_unit_test(infinities_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
