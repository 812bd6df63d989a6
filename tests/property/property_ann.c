/* Random catalogues, filters and sizes of both stages: the index against brute force. */
#include "full_sort.h"
#include "random_snapshot.h"

#include "model/ann.h"
#include "model/vectors.h"
#include "simd/kernels.h"

enum { MOST_ITEMS = 400 };

static rk_scored scratch[2 * (MOST_ITEMS + 64)], found[MOST_ITEMS + 64], expected[MOST_ITEMS + 64];

static void search_once(rk_rng *rng, const rk_snapshot_content *content) {
    const uint32_t items = content->meta.items, dim = content->meta.dim;
    uint32_t blocked[MOST_ITEMS / 32 + 1], open = 0;
    const uint32_t share = rk_rng_below(rng, 5); // of 4 that stay open
    for (uint32_t block = 0; block <= items / 32 && block <= MOST_ITEMS / 32; block++)
        blocked[block] = UINT32_MAX;
    float q[RK_MAX_DIM] = {0};
    for (uint32_t i = 0; i < dim; i++) q[i] = rk_rng_normal(rng);
    rk_vector_accumulate(content, rk_rng_below(rng, items), 5.0f * rk_rng_f32(rng), q);
    rk_ann_query query;
    rk_ann_prepare(content, q, &query);
    for (uint32_t item = 0; item < items; item++) {
        if (rk_rng_below(rng, 4) >= share) continue;
        blocked[item / 32] &= ~(1u << (item % 32));
        expected[open++] = (rk_scored){rk_ann_score(content, &query, item), item};
    }
    full_sort(expected, open);
    const uint32_t k = rk_rng_below(rng, items + 3);
    /* The coarse stage keeps all that is open, so only its own blocking can lose one. */
    const uint32_t coarse = RK_MAX(k, open) + rk_rng_below(rng, 5);
    const uint32_t count = rk_ann_search(content, &query, blocked, scratch, coarse, found, k);
    assert_int_equal(count, RK_MIN(k, open));
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(found[i].item, expected[i].item);
        assert_memory_equal(&found[i].score, &expected[i].score, sizeof(float));
    }
}

static void the_index_is_brute_force(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 121);
    for (uint32_t round = 0; round < 60; round++) {
        rk_memory memory = {0};
        const snapshot_shape shape = {.items = 1 + rk_rng_below(&rng, MOST_ITEMS),
                                      .dim = 4 + 4 * rk_rng_below(&rng, 30),
                                      .neighbors = 1,
                                      .seed = rk_rng_u64(&rng)};
        const rk_snapshot_content content = make_random_snapshot(shape, &memory);
        for (uint32_t query = 0; query < 25; query++) search_once(&rng, &content);
        rk_memory_free(&memory);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_index_is_brute_force)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
