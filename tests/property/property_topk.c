/* The k best of random streams against a full sort, with many equal scores. */
#include "full_sort.h"

#include "base/rng.h"

enum { MOST = 600 };

/* Items are a permutation; scores few or many. */
static uint32_t random_stream(rk_rng *rng, rk_scored *out) {
    const uint32_t count = rk_rng_below(rng, MOST + 1);
    const uint32_t distinct = 1 + rk_rng_below(rng, rk_rng_u32(rng) & 1 ? 4 : 100000);
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (rk_scored){(float)rk_rng_below(rng, distinct) - 2.0f, i};
        const uint32_t j = rk_rng_below(rng, i + 1), item = out[j].item;
        out[j].item = out[i].item;
        out[i].item = item;
    }
    return count;
}

static void keeps_what_a_full_sort_puts_first(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 120);
    for (uint32_t round = 0; round < 3000; round++) {
        rk_scored stream[MOST], sorted[MOST], storage[MOST + 1];
        const uint32_t count = random_stream(&rng, stream);
        const uint32_t k = rk_rng_below(&rng, rk_rng_u32(&rng) & 1 ? 12 : MOST);
        rk_topk top = rk_topk_over(storage, k);
        for (uint32_t i = 0; i < count; i++) {
            const float threshold = rk_topk_threshold(&top);
            if (stream[i].score < threshold) {
                /* What the threshold shuts out would not have entered. */
                const rk_topk before = top;
                rk_scored copy[MOST];
                if (k > 0) memcpy(copy, storage, k * sizeof *copy);
                rk_topk_push(&top, stream[i].score, stream[i].item);
                assert_int_equal(top.count, before.count);
                if (k > 0) assert_memory_equal(copy, storage, k * sizeof *copy);
            } else {
                rk_topk_push(&top, stream[i].score, stream[i].item);
            }
        }
        memcpy(sorted, stream, count * sizeof *sorted);
        full_sort(sorted, count);
        const uint32_t kept = rk_topk_finish(&top);
        assert_int_equal(kept, RK_MIN(k, count));
        if (kept > 0) assert_memory_equal(storage, sorted, kept * sizeof *sorted);
        rk_sort_scored(stream, count);
        if (count > 0) assert_memory_equal(stream, sorted, count * sizeof *sorted);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(keeps_what_a_full_sort_puts_first)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
