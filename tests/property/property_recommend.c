/* Retrieval by rk_recommend against the naive one: every field of every answer, bit for bit. */
#include "naive_recommender.h"

static naive_funnel funnel;
static answer given, expected;

static void check_answer(void) {
    assert_int_equal(given.found, expected.found);
    for (uint32_t i = 0; i < given.found; i++) {
        const rk_recommendation *a = &given.list[i], *b = &expected.list[i];
        if (memcmp(a, b, sizeof *a) == 0) continue;
        print_message(
            "place %u: item %u, %.9g by %u because %u; expected %u, %.9g by %u because %u\n", i,
            a->item, (double)a->score, a->sources, a->because, b->item, (double)b->score,
            b->sources, b->because);
        assert_memory_equal(a, b, sizeof *a);
    }
}

static void compare(snapshot_shape shape, uint32_t rounds, uint32_t stream) {
    rk_memory memory = {0};
    rk_rng rng = rk_rng_at(test_seed(), stream);
    random_request *asked = TAKE(&memory, random_request, 1);
    shape.seed = rk_rng_u64(&rng);
    const rk_snapshot_content content = make_random_snapshot(shape, &memory);
    rk_engine *engine = engine_over(&content, &memory);
    for (uint32_t round = 0; round < rounds; round++) {
        make_request(&rng, &content, REQUEST_ANY, asked);
        asked->request.stages = RK_STAGES_RETRIEVAL;
        ask(engine, &asked->request, &given);
        naive_recommend(&content, &asked->request, &funnel, &expected);
        check_answer();
    }
    rk_memory_free(&memory);
}

static void any_quotas_over_a_small_catalogue(void **state) {
    (void)state;
    static const uint32_t items[] = {1, 2, 31, 33, 120, 200};
    for (uint32_t i = 0; i < 6; i++) {
        const snapshot_shape shape = {
            .items = items[i], .dim = 12, .neighbors = 20, .popular_rows = 60};
        compare(i % 2 ? with_all_parts(shape) : shape, 120, 80 + i);
        compare(with_all_parts(shape), 120, 92 + i);
    }
}

/* Many neighbours in a small catalogue, so that seeds support each other; and few. */
static void one_off_clicks(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        snapshot_shape shape = {
            .items = 60 + 40 * i, .dim = 8, .neighbors = 30 - 7 * i, .popular_rows = 60};
        shape.outlier_weight = i == 3 ? 1.0f : 0.1f;
        compare(shape, 150, 100 + i);
    }
}

static void no_neighbours_at_all(void **state) {
    (void)state;
    compare((snapshot_shape){.items = 150, .dim = 8, .popular_rows = 150}, 100, 90);
}

/* The session source keeps its coarse best 2 * quota: all of them, if quotas are what they are
 * here. */
static void quotas_beyond_the_catalogue(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_rng rng = rk_rng_at(test_seed(), 91);
    random_request *asked = TAKE(&memory, random_request, 1);
    const snapshot_shape shape = with_all_parts((snapshot_shape){.items = NAIVE_ITEMS,
                                                                 .dim = 64,
                                                                 .neighbors = 40,
                                                                 .popular_rows = 50,
                                                                 .seed = rk_rng_u64(&rng)});
    const rk_snapshot_content content = make_random_snapshot(shape, &memory);
    rk_engine *engine = engine_over(&content, &memory);
    for (uint32_t round = 0; round < 120; round++) {
        make_request(&rng, &content, REQUEST_ANY, asked);
        asked->request.stages = RK_STAGES_RETRIEVAL;
        asked->request.flags |= RK_REQUEST_SOURCE_QUOTAS;
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++)
            asked->request.source_quotas[s] = NAIVE_ITEMS + rk_rng_below(&rng, 300);
        ask(engine, &asked->request, &given);
        naive_recommend(&content, &asked->request, &funnel, &expected);
        check_answer();
    }
    rk_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_quotas_over_a_small_catalogue),
        cmocka_unit_test(one_off_clicks),
        cmocka_unit_test(no_neighbours_at_all),
        cmocka_unit_test(quotas_beyond_the_catalogue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
