/* Items that nobody has met keep the place that the blend gives them, whatever the rankers say. */
#include "random_request.h"

#include "serve/engine.h"

#include <math.h>

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

static bool before_in_blend(const rk_recommendation *a, const rk_recommendation *b) {
    return a->blend > b->blend || (a->blend == b->blend && a->item < b->item);
}

/* A new item of the answer comes after as many known ones as the blend has before it, but where the
 * line between its neighbours is too short to tell; new ones among themselves as in the blend. */
static void check_place(const rk_recommendation *list, uint32_t found, const bool *met,
                        uint32_t at) {
    uint32_t before = 0, wanted = 0;
    for (uint32_t i = 0; i < found; i++) {
        const bool known = met[list[i].item];
        if (known) wanted += before_in_blend(&list[i], &list[at]);
        if (known) before += i < at;
        if (!known && i < at && list[i].score > list[at].score + 1e-6f)
            assert_true(before_in_blend(&list[i], &list[at]));
    }
    for (uint32_t i = 0, known = 0; i < found && before != wanted; i++) {
        if (!met[list[i].item]) continue;
        /* Known item number `known` is on the wrong side of it. */
        if (known >= RK_MIN(before, wanted) && known < RK_MAX(before, wanted))
            assert_true(fabsf(list[i].score - list[at].score) < 1e-6f);
        known++;
    }
}

/* Each item new at a chance of 1 in `every`; of the others some were only disliked: no popularity,
 * but rates. */
static void make_new_items(rk_snapshot_content *content, rk_rng *rng, uint32_t every, bool *met) {
    float *popularity = TAKE(&memory, float, ITEMS);
    uint8_t *rate = TAKE(&memory, uint8_t, ITEMS * TASKS_HERE);
    for (uint32_t item = 0; item < ITEMS; item++) {
        met[item] = rk_rng_below(rng, every) != 0;
        if (met[item] && rk_rng_below(rng, 4)) popularity[item] = content->popularity[item];
        for (uint32_t t = 0; t < TASKS_HERE; t++)
            rate[item * TASKS_HERE + t] = met[item] ? (uint8_t)rk_rng_below(rng, 255) : RK_NO_RATE;
    }
    content->popularity = popularity;
    content->task_rate = rate;
}

static void check_new_items(uint32_t every, uint32_t stream) {
    rk_snapshot_content content = make_random_snapshot(shape(), &memory);
    static bool met[ITEMS];
    rk_rng rng = rk_rng_at(test_seed(), stream);
    make_new_items(&content, &rng, every, met);
    rk_engine *engine = engine_over(&content, &memory);
    uint64_t checked = 0;
    for (uint32_t round = 0; round < 30; round++) {
        static rk_recommendation list[RK_MAX_COUNT];
        random_request random;
        make_request(&rng, &content, REQUEST_ANY, &random);
        if (random.request.session_count == 0) continue; // ends with the blend
        const uint32_t found = ask_all(engine, random.request, list);
        for (uint32_t i = 0; i < found; i++) {
            float value = 0.0f;
            for (uint32_t t = 0; t < TASKS_HERE; t++) {
                value += content.tasks[t].weight * list[i].probability[t];
                assert_true(list[i].probability[t] >= 0.0f && list[i].probability[t] <= 1.0f);
            }
            assert_true(value == list[i].score);
            if (i > 0) assert_true(list[i - 1].score >= list[i].score);
            if (met[list[i].item]) continue;
            check_place(list, found, met, i);
            checked++;
        }
    }
    assert_true(checked > 200);
    rk_memory_free(&memory);
}

static void new_items_keep_the_place_of_the_blend(void **state) {
    (void)state;
    check_new_items(3, 730);
    check_new_items(20, 731);
}

static void the_blend_orders_new_items_alone(void **state) {
    (void)state;
    check_new_items(1, 732);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_items_keep_the_place_of_the_blend),
        cmocka_unit_test(the_blend_orders_new_items_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
