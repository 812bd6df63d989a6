/* The first stage against its formula in double, and the parts of a snapshot that it reads. */
#include "take.h"

#include "base/rng.h"
#include "model/rank_first.h"

#include <math.h>

enum { ITEMS = 50, MOST = 300 };

typedef struct weights {
    float first[2 * RK_MAX_DIM + RK_FIRST_INPUTS];
    int8_t item[ITEMS];
    rk_snapshot_content content;
} weights;

static void draw_weights(rk_rng *rng, uint32_t dim, weights *w) {
    for (uint32_t i = 0; i < 2 * dim + RK_FIRST_INPUTS; i++) w->first[i] = rk_rng_normal(rng);
    for (uint32_t i = 0; i < ITEMS; i++)
        w->item[i] = (int8_t)((int32_t)rk_rng_below(rng, 256) - 128);
    w->content = (rk_snapshot_content){
        .meta = {.items = ITEMS, .dim = dim, .tasks = 1, .rank_item_step = 0.01f},
        .rank_first = w->first,
        .rank_item = w->item,
    };
}

static void the_parts_are_those_of_the_format(void **state) {
    (void)state;
    static weights w;
    rk_rng rng = rk_rng_at(test_seed(), 600);
    draw_weights(&rng, 12, &w);
    const rk_first_stage stage = rk_first_stage_of(&w.content);
    assert_ptr_equal(stage.session_scale, w.first);
    assert_ptr_equal(stage.user_scale, w.first + 12);
    assert_ptr_equal(stage.weights, w.first + 24);
    assert_ptr_equal(stage.item, w.item);
    assert_true(stage.item_step == 0.01f);
    assert_int_equal(stage.dim, 12);
}

/* With either vector, both or none. */
static void a_query_scales_every_dimension(void **state) {
    (void)state;
    static weights w;
    rk_rng rng = rk_rng_at(test_seed(), 601);
    for (uint32_t round = 0; round < 40; round++) {
        const uint32_t dim = 4 * (1 + rk_rng_below(&rng, RK_MAX_DIM / 4));
        float session[RK_MAX_DIM], user[RK_MAX_DIM], q[RK_MAX_DIM];
        draw_weights(&rng, dim, &w);
        for (uint32_t i = 0; i < dim; i++) {
            session[i] = rk_rng_normal(&rng);
            user[i] = rk_rng_normal(&rng);
        }
        const bool has_session = round & 1, has_user = round & 2;
        const rk_first_stage stage = rk_first_stage_of(&w.content);
        rk_first_query(&stage, has_session ? session : NULL, has_user ? user : NULL, q);
        for (uint32_t i = 0; i < dim; i++) {
            double expected = 0.0;
            if (has_session) expected += (double)w.first[i] * (double)session[i];
            if (has_user) expected += (double)w.first[dim + i] * (double)user[i];
            assert_true(fabs((double)q[i] - expected) <= 1e-6 * (1.0 + fabs(expected)));
        }
    }
}

static void scores_are_the_formula(void **state) {
    (void)state;
    static weights w;
    static float inputs[MOST * RK_FIRST_INPUTS], dots[MOST], scores[MOST + 1];
    static uint32_t items[MOST];
    rk_rng rng = rk_rng_at(test_seed(), 602);
    for (uint32_t count = 0; count <= MOST; count += count < 40 ? 1 : 37) {
        draw_weights(&rng, 8, &w);
        const rk_first_stage stage = rk_first_stage_of(&w.content);
        for (uint32_t i = 0; i < count; i++) {
            items[i] = rk_rng_below(&rng, ITEMS);
            dots[i] = rk_rng_normal(&rng);
            for (uint32_t f = 0; f < RK_FIRST_INPUTS; f++)
                inputs[i * RK_FIRST_INPUTS + f] = rk_rng_normal(&rng);
        }
        scores[count] = 7.0f;
        rk_first_scores(&stage, items, dots, inputs, count, scores);
        assert_true(scores[count] == 7.0f);
        for (uint32_t i = 0; i < count; i++) {
            double expected = (double)dots[i] + (double)0.01f * w.item[items[i]];
            for (uint32_t f = 0; f < RK_FIRST_INPUTS; f++)
                expected += (double)inputs[i * RK_FIRST_INPUTS + f] * (double)w.first[16 + f];
            assert_true(fabs((double)scores[i] - expected) < 1e-5);
        }
        /* One by one: the same bits. */
        for (uint32_t i = 0; i < count; i++) {
            float alone;
            rk_first_scores(&stage, items + i, dots + i, inputs + i * RK_FIRST_INPUTS, 1, &alone);
            assert_memory_equal(&alone, &scores[i], sizeof alone);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_are_those_of_the_format),
        cmocka_unit_test(a_query_scales_every_dimension),
        cmocka_unit_test(scores_are_the_formula),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
