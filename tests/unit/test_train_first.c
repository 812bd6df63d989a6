/* The distilled first stage: a teacher that is a student is recovered, another one is kept in most
 * of its picks, and its gradient, biases, memory and threads are what they should be. */
#include "random_snapshot.h"

#include "base/fmath.h"
#include "learn/train_first.h"
#include "simd/kernels.h"

#include <math.h>

enum { ITEMS = 600, DIM = 16, MANY = 300, SAMPLE = 120, ALL = 400 };

static rk_memory memory;

static int free_memory(void **state) {
    (void)state;
    rk_memory_free(&memory);
    return 0;
}

static rk_snapshot_content make_items(uint64_t seed) {
    return make_random_snapshot(
        (snapshot_shape){.items = ITEMS, .dim = DIM, .neighbors = 1, .seed = seed}, &memory);
}

static void random_unit(rk_rng *rng, float *x) {
    for (uint32_t d = 0; d < DIM; d++) x[d] = rk_rng_normal(rng);
    const float norm = rk_norm_f32(x, DIM);
    for (uint32_t d = 0; d < DIM; d++) x[d] /= norm;
}

/* Requests of `count` different items each; a quarter has no session, a third no user; inputs are
 * mostly small, the first like a score, input 15 the same for all. No values yet. */
static rk_first_data make_requests(uint32_t requests, uint32_t count, rk_rng *rng) {
    const uint64_t rows = (uint64_t)requests * count;
    rk_first_data data = {
        .requests = requests,
        .begin = TAKE(&memory, uint64_t, (uint64_t)requests + 1),
        .session = TAKE(&memory, float, (uint64_t)requests *DIM),
        .user = TAKE(&memory, float, (uint64_t)requests *DIM),
        .item = TAKE(&memory, uint32_t, rows),
        .inputs = TAKE(&memory, float, rows *RK_FIRST_INPUTS),
        .value = TAKE(&memory, float, rows),
    };
    for (uint32_t r = 0; r < requests; r++) {
        data.begin[r + 1] = data.begin[r] + count;
        if (r % 4) random_unit(rng, data.session + r * DIM);
        if (r % 3) random_unit(rng, data.user + r * DIM);
        uint32_t next = rk_rng_below(rng, ITEMS), stride = 1 + 2 * rk_rng_below(rng, 3);
        for (uint64_t i = data.begin[r]; i < data.begin[r + 1]; i++) {
            data.item[i] = next;
            next = (next + (stride == 3 ? 1 : stride)) % ITEMS;
            for (uint32_t f = 0; f < RK_FIRST_INPUTS; f++) {
                const float size = f == 0 ? 1.0f : 0.1f + 0.1f * (float)(f % 4);
                data.inputs[i * RK_FIRST_INPUTS + f] = f == 15 ? 0.5f : size * rk_rng_normal(rng);
            }
        }
    }
    return data;
}

/* A teacher: a student, and what a student cannot say. */
typedef struct teacher {
    float weights[2 * DIM + RK_FIRST_INPUTS];
    int8_t item[ITEMS];
    rk_first_stage stage;
    float crossed; /* times a product of two inputs and one of cosine and input */
    bool squashed; /* the value is a probability */
} teacher;

static void make_teacher(rk_rng *rng, teacher *t) {
    for (uint32_t i = 0; i < 2 * DIM; i++) t->weights[i] = 1.0f + 0.5f * rk_rng_normal(rng);
    for (uint32_t f = 0; f < RK_FIRST_INPUTS; f++) t->weights[2 * DIM + f] = rk_rng_normal(rng);
    for (uint32_t i = 0; i < ITEMS; i++) t->item[i] = rk_round_i8(rk_rng_normal(rng) * 40.0f);
    t->stage = (rk_first_stage){.session_scale = t->weights,
                                .user_scale = t->weights + DIM,
                                .weights = t->weights + 2 * DIM,
                                .item = t->item,
                                .item_step = 0.02f,
                                .dim = DIM};
}

static void teach(const rk_snapshot_content *content, const teacher *t, rk_first_data *data) {
    for (uint32_t r = 0; r < data->requests; r++) {
        const uint64_t first = data->begin[r];
        const uint32_t count = (uint32_t)(data->begin[r + 1] - first);
        static float dots[ALL];
        float vector[RK_MAX_DIM];
        static rk_ann_query query;
        rk_first_query(&t->stage, data->session + r * DIM, data->user + r * DIM, vector);
        rk_ann_prepare(content, vector, &query);
        rk_ann_score_items(content, &query, data->item + first, count, dots);
        rk_first_scores(&t->stage, data->item + first, dots, data->inputs + first * RK_FIRST_INPUTS,
                        count, data->value + first);
        for (uint32_t i = 0; i < count; i++) {
            const float *x = data->inputs + (first + i) * RK_FIRST_INPUTS;
            float *value = &data->value[first + i];
            *value += t->crossed * (x[0] * x[3] + dots[i] * x[1]);
            if (t->squashed) *value = rk_sigmoidf(*value - 4.0f);
        }
    }
}

static rk_first_result train(const rk_snapshot_content *content, const rk_first_data *data,
                             const rk_first_data *held_out, const rk_first_params *params,
                             uint32_t threads) {
    const rk_learn_options options = {.seed = 3, .threads = threads};
    rk_first_result result;
    assert_true(rk_train_first(content, data, held_out, params, &options, &memory, &result));
    print_message("top 20 in 100: %.4f, top 100: %.4f; blend %.4f, %.4f; loss %.4f to %.4f; T %g\n",
                  result.student.top, result.student.selected, result.blend.top,
                  result.blend.selected, result.first_loss, result.last_loss,
                  (double)result.temperature);
    return result;
}

/* Values of the student against the teacher's, within requests: the share of variance that is
 * explained. */
static double explained(const rk_snapshot_content *content, const rk_first_result *result,
                        const rk_first_data *data) {
    teacher student = {.crossed = 0.0f};
    rk_first_data said = *data;
    double rest = 0.0, all = 0.0;
    said.value = TAKE(&memory, float, data->begin[data->requests]);
    student.stage = (rk_first_stage){.session_scale = result->weights,
                                     .user_scale = result->weights + DIM,
                                     .weights = result->weights + 2 * DIM,
                                     .item = result->item,
                                     .item_step = result->item_step,
                                     .dim = DIM};
    teach(content, &student, &said);
    for (uint32_t r = 0; r < data->requests; r++) {
        const double n = (double)(data->begin[r + 1] - data->begin[r]);
        double mean = 0.0, mean_said = 0.0;
        for (uint64_t i = data->begin[r]; i < data->begin[r + 1]; i++) {
            mean += (double)data->value[i] / n;
            mean_said += (double)said.value[i] / n;
        }
        for (uint64_t i = data->begin[r]; i < data->begin[r + 1]; i++) {
            const double v = (double)data->value[i] - mean, s = (double)said.value[i] - mean_said;
            rest += (v - s) * (v - s);
            all += v * v;
        }
    }
    return 1.0 - rest / all;
}

static void a_linear_teacher_is_recovered(void **state) {
    (void)state;
    static teacher t;
    const uint64_t seed = test_seed();
    rk_rng rng = rk_rng_at(seed, 610);
    const rk_snapshot_content content = make_items(seed);
    make_teacher(&rng, &t);
    rk_first_data data = make_requests(MANY, SAMPLE, &rng), held = make_requests(60, ALL, &rng);
    teach(&content, &t, &data);
    teach(&content, &t, &held);
    rk_first_params params = rk_first_defaults();
    params.item_prior = 0.5f;
    const rk_first_result result = train(&content, &data, &held, &params, 2);
    const double share = explained(&content, &result, &held);
    print_message("explained: %.5f\n", share);
    assert_true(share > 0.99);
    assert_true(result.student.top > 0.9999);
    assert_true(result.student.selected > 0.96);
    assert_true(result.last_loss < 0.1 * result.first_loss);
    assert_true(result.blend.selected < 0.8);
    assert_int_equal(result.requests, MANY);
    assert_int_equal(result.held_out, 60);
}

/* Crossed inputs and probabilities: no student is right, and most picks are kept all the same. */
static void another_teacher_is_kept_in_most(void **state) {
    (void)state;
    static teacher t;
    const uint64_t seed = test_seed();
    rk_rng rng = rk_rng_at(seed, 611);
    const rk_snapshot_content content = make_items(seed);
    make_teacher(&rng, &t);
    t.crossed = 1.5f;
    t.squashed = true;
    rk_first_data data = make_requests(MANY, SAMPLE, &rng), held = make_requests(60, ALL, &rng);
    teach(&content, &t, &data);
    teach(&content, &t, &held);
    const rk_first_params params = rk_first_defaults();
    const rk_first_result result = train(&content, &data, &held, &params, 2);
    assert_true(result.student.top > 0.95);
    assert_true(result.student.top > result.blend.top + 0.1);
    assert_true(result.student.selected > 0.8);
    assert_true(result.last_loss < result.first_loss);
    assert_int_equal(result.temperatures, 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_linear_teacher_is_recovered, free_memory),
        cmocka_unit_test_teardown(another_teacher_is_kept_in_most, free_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
