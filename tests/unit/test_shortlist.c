/* Sorting, selecting and the shortlist against a full sort by libc: random data with many ties, and
 * the orders that are bad for a partition. */
#include "full_sort.h"

#include "base/rng.h"
#include "base/shortlist.h"

#include <math.h>

enum { LONGEST = 2000 };

typedef enum entry_order {
    SHUFFLED,
    BEST_FIRST,
    BEST_LAST,
    ORGAN_PIPE,
    SAW,
    KILLER,
    SAME,
    ORDER_COUNT
} entry_order;

static void shuffle(rk_rng *rng, rk_scored *entries, uint32_t n) {
    for (uint32_t i = n; i > 1; i--) {
        const uint32_t other = rk_rng_below(rng, i);
        const rk_scored swapped = entries[other];
        entries[other] = entries[i - 1];
        entries[i - 1] = swapped;
    }
}

/* Musser's sequence against a median of three. */
static void killer(rk_scored *entries, uint32_t n) {
    const uint32_t half = n / 2;
    for (uint32_t i = 0; i < half; i++) {
        entries[i].score = -(float)(i % 2 ? half + i : i + 1);
        entries[half + i].score = -(float)(2 * (i + 1));
    }
}

/* n entries of `levels` different scores; items are 0..n-1. */
static void fill_entries(rk_rng *rng, entry_order order, uint32_t levels, rk_scored *entries,
                         uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        const float score = (float)rk_rng_below(rng, levels) - (float)(levels / 2);
        entries[i] = (rk_scored){score == 0.0f && rk_rng_below(rng, 2) ? -0.0f : score, i};
    }
    if (order == SHUFFLED) shuffle(rng, entries, n);
    if (order == BEST_FIRST || order == BEST_LAST || order == ORGAN_PIPE) full_sort(entries, n);
    const uint32_t begin = order == BEST_LAST ? 0 : order == ORGAN_PIPE ? n / 2 : n;
    for (uint32_t i = begin, j = n; i + 1 < j; i++) {
        const rk_scored swapped = entries[--j];
        entries[j] = entries[i];
        entries[i] = swapped;
    }
    for (uint32_t i = 0; order == SAW && i < n; i++) entries[i].score = (float)(i % 17);
    if (order == KILLER) killer(entries, n);
    /* Nothing is before the pivot, ever: only the heap ends this. */
    for (uint32_t i = 0; order == SAME && i < n; i++) entries[i] = entries[0];
}

/* -0 comes out as 0. */
static void check_same(const rk_scored *got, const rk_scored *expected, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        const float want = expected[i].score + 0.0f;
        assert_int_equal(got[i].item, expected[i].item);
        assert_true(got[i].score == want);
    }
}

static uint32_t some_length(rk_rng *rng, uint32_t round) {
    return rk_rng_below(rng, round % 4 ? 60 : LONGEST + 1);
}

static const uint32_t all_levels[] = {1, 2, 10, 100, 100000};

static void sorts(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 0);
    static rk_scored entries[LONGEST], expected[LONGEST];
    for (uint32_t round = 0; round < 3000; round++) {
        const uint32_t n = some_length(&rng, round);
        fill_entries(&rng, round % ORDER_COUNT, all_levels[round % 5], entries, n);
        memcpy(expected, entries, sizeof entries);
        full_sort(expected, n);
        rk_sort_scored(entries, n);
        check_same(entries, expected, n);
    }
}

static void selects(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 1);
    static rk_scored entries[LONGEST], expected[LONGEST];
    for (uint32_t round = 0; round < 3000; round++) {
        const uint32_t n = 1 + some_length(&rng, round) % LONGEST, k = 1 + rk_rng_below(&rng, n);
        fill_entries(&rng, round % ORDER_COUNT, all_levels[round % 5], entries, n);
        memcpy(expected, entries, sizeof entries);
        full_sort(expected, n);
        rk_select_scored(entries, n, k);
        check_same(entries + k - 1, expected + k - 1, 1);
        full_sort(entries, k);
        check_same(entries, expected, k);
        full_sort(entries, n); // nothing is lost
        check_same(entries, expected, n);
    }
}

/* Exactly as much storage as is asked for, from malloc, so that a sanitizer sees one more; half of
 * the rounds skip what is below the threshold, as a scan does. */
static void shortlists(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 2);
    static rk_scored entries[LONGEST];
    for (uint32_t round = 0; round < 3000; round++) {
        const uint32_t n = some_length(&rng, round);
        const uint32_t wanted = 1 + rk_rng_below(&rng, round % 2 ? 20 : LONGEST / 2);
        fill_entries(&rng, round % ORDER_COUNT, all_levels[round % 5], entries, n);
        rk_scored *storage = malloc(2 * wanted * sizeof *storage);
        assert_non_null(storage);
        rk_shortlist list = rk_shortlist_over(storage, wanted);
        for (uint32_t i = 0; i < n; i++) {
            if (round % 3 && entries[i].score < list.threshold) continue;
            rk_shortlist_add(&list, entries[i].score, entries[i].item);
        }
        const uint32_t kept = rk_shortlist_finish(&list);
        assert_int_equal(kept, RK_MIN(n, wanted));
        full_sort(entries, n);
        full_sort(storage, kept);
        check_same(storage, entries, kept);
        assert_true(list.threshold == (n < wanted ? -INFINITY : entries[wanted - 1].score));
        free(storage);
    }
}

static void bad_input_costs_no_square(void **state) {
    (void)state;
    enum { MANY = 400000 }; // squared: minutes
    rk_rng rng = rk_rng_at(test_seed(), 3);
    rk_scored *entries = malloc(MANY * sizeof *entries);
    assert_non_null(entries);
    for (entry_order order = 0; order < ORDER_COUNT; order++) {
        for (uint32_t sorted = 0; sorted < 2; sorted++) {
            fill_entries(&rng, order, 100000, entries, MANY);
            if (sorted)
                rk_sort_scored(entries, MANY);
            else
                rk_select_scored(entries, MANY, MANY / 2);
            for (uint32_t i = 1; i < MANY; i++) {
                const uint32_t before = sorted ? i - 1 : RK_MIN(i - 1, MANY / 2 - 1);
                const uint32_t after = sorted || i >= MANY / 2 ? i : MANY / 2;
                if (before != after && rk_scored_before(entries[after], entries[before]))
                    assert_int_equal(i, 0);
            }
        }
    }
    free(entries);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts),
        cmocka_unit_test(selects),
        cmocka_unit_test(shortlists),
        cmocka_unit_test(bad_input_costs_no_square),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
