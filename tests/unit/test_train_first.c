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

/* Requests of `count` different items below `reach` each; a quarter has no session, a third no
 * user; inputs are mostly small, the first like a score, input 15 the same for all. No values yet.
 */
static rk_first_data make_requests_of(uint32_t reach, uint32_t requests, uint32_t count,
                                      rk_rng *rng) {
    static const uint32_t strides[] = {7, 11, 13, 17}; /* coprime to any reach used */
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
        uint32_t next = rk_rng_below(rng, reach), stride = strides[rk_rng_below(rng, 4)];
        for (uint64_t i = data.begin[r]; i < data.begin[r + 1]; i++) {
            data.item[i] = next;
            next = (next + stride) % reach;
            for (uint32_t f = 0; f < RK_FIRST_INPUTS; f++) {
                const float size = f == 0 ? 1.0f : 0.1f + 0.1f * (float)(f % 4);
                data.inputs[i * RK_FIRST_INPUTS + f] = f == 15 ? 0.5f : size * rk_rng_normal(rng);
            }
        }
    }
    return data;
}

static rk_first_data make_requests(uint32_t requests, uint32_t count, rk_rng *rng) {
    return make_requests_of(ITEMS, requests, count, rng);
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

/* Squared correlation of the student's scores and the teacher's values within requests. */
static double explained(const rk_snapshot_content *content, const rk_first_result *result,
                        const rk_first_data *data) {
    teacher student = {.crossed = 0.0f};
    rk_first_data said = *data;
    double both = 0.0, all = 0.0, all_said = 0.0;
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
            both += v * s;
            all += v * v;
            all_said += s * s;
        }
    }
    return both * both / (all * all_said);
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
    assert_true(share > 0.98);
    assert_true(result.student.top > 0.9999);
    assert_true(result.student.selected > 0.93);
    assert_true(result.last_loss < 0.6 * result.first_loss);
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
    t.crossed = 1.0f;
    t.squashed = true;
    rk_first_data data = make_requests(MANY, SAMPLE, &rng), held = make_requests(60, ALL, &rng);
    teach(&content, &t, &data);
    teach(&content, &t, &held);
    const rk_first_params params = rk_first_defaults();
    const rk_first_result result = train(&content, &data, &held, &params, 2);
    assert_true(result.student.top > 0.9);
    assert_true(result.student.top > result.blend.top);
    assert_true(result.student.selected > 0.7);
    assert_true(result.student.selected > result.blend.selected + 0.1);
    assert_true(result.last_loss < result.first_loss);
    assert_int_equal(result.temperatures, 4);
}

/* Log-odds of the place of candidate i, ties in the middle. */
static double naive_odds(const float *value, uint32_t count, uint32_t i) {
    double better = 0.5, worse = 0.5;
    for (uint32_t j = 0; j < count; j++) {
        if (j == i) continue;
        better += value[j] > value[i] ? 1.0 : value[j] == value[i] ? 0.5 : 0.0;
        worse += value[j] < value[i] ? 1.0 : value[j] == value[i] ? 0.5 : 0.0;
    }
    return log(worse / better);
}

/* Loss of a request by the formula, in double. */
static double naive_loss(const float *student, const float *value, uint32_t count, double t) {
    double s_mean = 0.0, s_all = 0.0, t_all = 0.0, loss = 0.0;
    for (uint32_t i = 0; i < count; i++) s_mean += (double)student[i] / t / count;
    for (uint32_t i = 0; i < count; i++) {
        s_all += exp((double)student[i] / t - s_mean);
        t_all += exp(naive_odds(value, count, i) / t);
    }
    for (uint32_t i = 0; i < count; i++) {
        const double a = (double)student[i] / t - s_mean, b = naive_odds(value, count, i) / t;
        loss += exp(b) / t_all * ((b - log(t_all)) - (a - log(s_all)));
        loss += 0.3 * (a - b) * (a - b) / count;
    }
    return loss;
}

/* The loss that is told is that of the served weights, and no weight can be moved to lower it much:
 * the loss is convex, so it is the least. */
static void the_loss_is_the_formula_and_the_least(void **state) {
    (void)state;
    static teacher t, student;
    const uint64_t seed = test_seed();
    rk_rng rng = rk_rng_at(seed, 612);
    const rk_snapshot_content content = make_items(seed);
    make_teacher(&rng, &t);
    t.crossed = 1.0f;
    rk_first_data data = make_requests(64, 40, &rng);
    teach(&content, &t, &data);
    for (uint64_t i = 0; i < data.begin[64]; i++) /* some values are the same */
        data.value[i] = 0.25f * rk_floorf(4.0f * data.value[i]);
    rk_first_params params = rk_first_defaults();
    params.epochs = 400;
    params.request_budget = 40000;
    /* Nothing is kept of an item, and what is held out is what was learnt. */
    params.item_prior = 1e9f;
    const rk_first_result result = train(&content, &data, &data, &params, 2);
    rk_first_data said = data;
    said.value = TAKE(&memory, float, data.begin[data.requests]);
    double best = 0.0;
    for (int32_t moved = -1; moved < 2 * (2 * DIM + 15); moved++) {
        memcpy(student.weights, result.weights, sizeof student.weights);
        memcpy(student.item, result.item, sizeof student.item);
        student.stage = (rk_first_stage){.session_scale = student.weights,
                                         .user_scale = student.weights + DIM,
                                         .weights = student.weights + 2 * DIM,
                                         .item = student.item,
                                         .item_step = result.item_step,
                                         .dim = DIM};
        if (moved >= 0) student.weights[moved / 2] += moved % 2 ? 0.1f : -0.1f;
        teach(&content, &student, &said);
        double loss = 0.0;
        for (uint32_t r = 0; r < data.requests; r++)
            loss += naive_loss(said.value + data.begin[r], data.value + data.begin[r], 40,
                               (double)result.temperature) /
                    data.requests;
        if (moved < 0) {
            best = loss;
            assert_true(fabs(loss - result.last_loss) < 1e-3 * loss);
        }
        assert_true(loss >= best * 0.9999);
    }
}

/* An item is worth the same whoever asks: found where it was often a candidate, much less of it
 * where it seldom was, nothing where it never was. */
static void biases_are_shrunk_and_rounded(void **state) {
    (void)state;
    static teacher t;
    const uint64_t seed = test_seed();
    rk_rng rng = rk_rng_at(seed, 613);
    const rk_snapshot_content content = make_items(seed);
    make_teacher(&rng, &t);
    memset(t.weights, 0, sizeof t.weights);
    t.item[7] = 40;
    rk_first_data data = make_requests_of(ITEMS - 60, MANY, SAMPLE, &rng);
    uint32_t seen[ITEMS] = {0};
    for (uint64_t i = 0; i < data.begin[MANY]; i++) {
        /* Item 7 only ten times, then another in its place. */
        if (data.item[i] == 7 && seen[7] == 10) data.item[i] = ITEMS - 60;
        seen[data.item[i]]++;
    }
    teach(&content, &t, &data);
    rk_first_data none = {.requests = 0, .begin = (uint64_t[]){0}};
    rk_first_params params = rk_first_defaults();
    const rk_first_result result = train(&content, &data, &none, &params, 1);
    assert_int_equal(result.temperatures, 1);
    assert_true(result.student.top == 0.0 && result.last_loss == 0.0);
    double both = 0.0, all = 0.0, all_said = 0.0;
    int32_t largest = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        const int32_t item = result.item[i];
        largest = RK_MAX(largest, item < 0 ? -item : item);
        if (seen[i] == 0) assert_int_equal(item, 0);
        if (seen[i] < 40) continue;
        both += (double)item * t.item[i];
        all += (double)t.item[i] * t.item[i];
        all_said += (double)item * item;
    }
    const double correlation = both / sqrt(all * all_said), slope = both / all;
    print_message("correlation %.4f; item 7, seen %u times, has %d of %.1f\n", correlation, seen[7],
                  result.item[7], slope * t.item[7]);
    assert_int_equal(largest, 127);
    assert_true(correlation > 0.95);
    assert_true(result.item[7] > 0.1 * slope * t.item[7]);
    assert_true(result.item[7] < 0.7 * slope * t.item[7]);
    /* Rounding moves a score by half a step: by far less than one candidate is apart from the next.
     */
    assert_true(result.item_step > 0.0f && result.item_step * 127.0f < 20.0f);
}

static void odd_data_do_no_harm(void **state) {
    (void)state;
    const rk_snapshot_content content = make_items(5);
    rk_rng rng = rk_rng_at(test_seed(), 614);
    const rk_first_params params = rk_first_defaults();
    rk_first_data none = {.requests = 0, .begin = (uint64_t[]){0}};
    rk_first_data held = make_requests(5, ALL, &rng), some = make_requests(6, SAMPLE, &rng);
    rk_first_result result = train(&content, &none, &held, &params, 2);
    for (uint32_t i = 0; i < ITEMS; i++) assert_int_equal(result.item[i], 0);
    for (uint32_t i = 0; i < 2 * DIM + RK_FIRST_INPUTS; i++) assert_true(result.weights[i] == 0.0f);
    assert_int_equal(result.held_out, 5);
    /* All values the same; requests without a candidate, and of one. */
    some.begin[1] = 0;
    some.begin[2] = 1;
    some.begin[6] = some.begin[5];
    result = train(&content, &some, &held, &params, 2);
    for (uint32_t i = 0; i < 2 * DIM + RK_FIRST_INPUTS; i++)
        assert_true(fabsf(result.weights[i]) < 1e-3f);
    /* Values far apart: what is served stays finite. */
    for (uint64_t i = 0; i < some.begin[6]; i++) some.value[i] = i % 7 ? 1e-3f : 3e4f;
    result = train(&content, &some, &held, &params, 2);
    for (uint32_t i = 0; i < 2 * DIM + RK_FIRST_INPUTS; i++)
        assert_true(isfinite(result.weights[i]));
    assert_true(isfinite(result.item_step) && isfinite(result.last_loss));
}

static void threads_change_no_bit(void **state) {
    (void)state;
    static teacher t;
    rk_rng rng = rk_rng_at(test_seed(), 615);
    const rk_snapshot_content content = make_items(6);
    make_teacher(&rng, &t);
    t.crossed = 1.0f;
    rk_first_data data = make_requests(70, SAMPLE, &rng), held = make_requests(21, ALL, &rng);
    teach(&content, &t, &data);
    teach(&content, &t, &held);
    rk_first_params params = rk_first_defaults();
    params.epochs = 3;
    const rk_first_result one = train(&content, &data, &held, &params, 1);
    assert_int_equal(one.epochs, 3);
    for (uint32_t threads = 2; threads <= 3; threads++) {
        const rk_first_result other = train(&content, &data, &held, &params, threads);
        assert_memory_equal(other.weights, one.weights,
                            (2 * DIM + RK_FIRST_INPUTS) * sizeof *one.weights);
        assert_memory_equal(other.item, one.item, ITEMS);
        assert_true(other.item_step == one.item_step && other.temperature == one.temperature);
        assert_true(other.first_loss == one.first_loss && other.last_loss == one.last_loss);
        assert_true(other.student.top == one.student.top &&
                    other.blend.selected == one.blend.selected);
    }
}

static void the_budget_bounds_the_epochs(void **state) {
    (void)state;
    const rk_snapshot_content content = make_items(7);
    rk_rng rng = rk_rng_at(test_seed(), 616);
    rk_first_data data = make_requests(50, 20, &rng), none = {.requests = 0, .begin = data.begin};
    rk_first_params params = rk_first_defaults();
    static const uint32_t budgets[] = {0, 49, 100, 149, 400, 100000}, epochs[] = {1, 1, 2, 2, 8, 9};
    params.epochs = 9;
    for (uint32_t i = 0; i < 6; i++) {
        params.request_budget = budgets[i];
        assert_int_equal(train(&content, &data, &none, &params, 1).epochs, epochs[i]);
    }
}

static void every_refused_allocation_is_survived(void **state) {
    (void)state;
    const rk_snapshot_content content = make_items(8);
    rk_rng rng = rk_rng_at(test_seed(), 617);
    rk_first_data data = make_requests(9, 12, &rng);
    rk_first_params params = rk_first_defaults();
    const rk_learn_options options = {.threads = 1};
    uint64_t take = 0;
    params.epochs = 1;
    for (bool trained = false; !trained; take++) {
        rk_memory used = {0};
        rk_first_result result;
        rk_memory_fail_after(take);
        trained = rk_train_first(&content, &data, &data, &params, &options, &used, &result);
        rk_memory_fail_after(UINT64_MAX);
        rk_memory_free(&used);
    }
    assert_in_range(take, 230, 300);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_linear_teacher_is_recovered, free_memory),
        cmocka_unit_test_teardown(another_teacher_is_kept_in_most, free_memory),
        cmocka_unit_test_teardown(the_loss_is_the_formula_and_the_least, free_memory),
        cmocka_unit_test_teardown(biases_are_shrunk_and_rounded, free_memory),
        cmocka_unit_test_teardown(odd_data_do_no_harm, free_memory),
        cmocka_unit_test_teardown(threads_change_no_bit, free_memory),
        cmocka_unit_test_teardown(the_budget_bounds_the_epochs, free_memory),
        cmocka_unit_test_teardown(every_refused_allocation_is_survived, free_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
