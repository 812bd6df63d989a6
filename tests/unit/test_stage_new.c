/* Items that nobody has met: whatever the rankers say of them, among themselves the blend orders
 * them, and what is said of the others is as without this rule. */
#include "random_request.h"

#include "serve/engine.h"

enum { ITEMS = 300, TASKS_HERE = 2 };

static rk_memory memory;

static snapshot_shape shape(void) {
    snapshot_shape shape = with_all_parts((snapshot_shape){
        .items = ITEMS, .dim = 16, .neighbors = 20, .popular_rows = 80, .seed = test_seed()});
    shape.tasks = TASKS_HERE;
    return shape;
}

static uint32_t ask_all(rk_engine *engine, rk_request request, rk_recommendation *list) {
    uint32_t found;
    request.count = RK_MAX_COUNT;
    request.flags &= ~(uint32_t)RK_REQUEST_TASK_WEIGHTS;
    request.stages = RK_STAGES_ALL;
    assert_int_equal(rk_recommend(engine, &request, list, &found, NULL), RK_OK);
    return found;
}

static void the_blend_orders_new_items(void **state) {
    (void)state;
    rk_snapshot_content content = make_random_snapshot(shape(), &memory);
    float *popularity = TAKE(&memory, float, ITEMS);
    memcpy(popularity, content.popularity, ITEMS * sizeof *popularity);
    rk_rng rng = rk_rng_at(test_seed(), 730);
    for (uint32_t item = 0; item < ITEMS; item++)
        if (rk_rng_below(&rng, 3) == 0) popularity[item] = 0.0f;
    content.popularity = popularity;
    rk_engine *engine = engine_over(&content, &memory);
    uint64_t pairs = 0;
    for (uint32_t round = 0; round < 30; round++) {
        static rk_recommendation list[RK_MAX_COUNT];
        random_request random;
        make_request(&rng, &content, REQUEST_ANY, &random);
        if (random.request.session_count == 0) continue; // ends with the blend
        const uint32_t found = ask_all(engine, random.request, list);
        float last = 3.4e38f;
        uint32_t last_item = 0;
        for (uint32_t i = 0; i < found; i++) {
            float value = 0.0f;
            for (uint32_t t = 0; t < TASKS_HERE; t++)
                value += content.tasks[t].weight * list[i].probability[t];
            assert_true(value == list[i].score);
            if (i > 0) assert_true(list[i - 1].score >= list[i].score);
            if (popularity[list[i].item] > 0.0f) continue;
            /* Equal scores are ordered by item, those of new items as well. */
            if (list[i].blend > last)
                assert_true(i > 0 && list[i - 1].score == list[i].score &&
                            last_item < list[i].item);
            last = list[i].blend;
            last_item = list[i].item;
            pairs++;
        }
    }
    assert_true(pairs > 200);
    rk_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_blend_orders_new_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
