/* The trainer of the second stage, on lists whose truth is known. */
#include "take.h"

#include "base/fmath.h"
#include "base/rng.h"
#include "learn/ranker_metrics.h"
#include "learn/train_ranker.h"

#include <math.h>

typedef void draw_row(rk_rng *rng, float *x, float logit[RK_MAX_TASKS]);

/* Lists of `rows` rows, two a user; features are 0 but for what `draw` sets, labels follow the
 * logits. */
static rk_examples drawn(rk_memory *memory, uint32_t lists, uint32_t rows, uint32_t tasks,
                         draw_row *draw, uint64_t stream) {
    rk_examples e = {.lists = lists, .tasks = tasks, .count = (uint64_t)lists * rows};
    rk_rng rng = rk_rng_at(test_seed(), stream);
    e.list_begin = TAKE(memory, uint64_t, (uint64_t)lists + 1);
    e.group = TAKE(memory, uint64_t, lists);
    e.input = TAKE(memory, float, e.count *RK_FEATURE_COUNT);
    e.label = TAKE(memory, uint8_t, e.count);
    e.known = TAKE(memory, uint8_t, e.count);
    e.weight = TAKE(memory, float, e.count);
    for (uint32_t l = 0; l < lists; l++) {
        e.list_begin[l + 1] = e.list_begin[l] + rows;
        e.group[l] = l / 2;
    }
    for (uint64_t r = 0; r < e.count; r++) {
        float logit[RK_MAX_TASKS] = {0};
        draw(&rng, e.input + r * RK_FEATURE_COUNT, logit);
        e.known[r] = (uint8_t)((1u << tasks) - 1u);
        e.weight[r] = 1.0f;
        for (uint32_t t = 0; t < tasks; t++) {
            const bool happened = rk_rng_f32(&rng) < rk_sigmoidf(logit[t]);
            e.label[r] = (uint8_t)(e.label[r] | happened << t);
        }
    }
    return e;
}

static rk_learn_options seeded(uint32_t threads) {
    rk_learn_options options = rk_learn_defaults();
    options.seed = test_seed();
    options.threads = threads;
    return options;
}

static rk_ranker trained(const rk_examples *examples, const rk_ranker_params *params,
                         rk_memory *memory) {
    const rk_learn_options options = seeded(1);
    rk_ranker ranker;
    assert_true(rk_train_ranker(examples, params, &options, memory, &ranker));
    return ranker;
}

/* Logits (rows, tasks) of all rows, by the network and the features of the result alone. */
static float *logits_of(const rk_examples *e, const rk_ranker *ranker, rk_memory *memory) {
    const rk_mtml model = rk_ranker_model(ranker);
    const uint32_t rows = (uint32_t)e->count;
    float *x = TAKE(memory, float, e->count * ranker->inputs);
    float *scratch = TAKE(memory, float, e->count *rk_mtml_columns(&model));
    float *logits = TAKE(memory, float, e->count * ranker->tasks);
    for (uint64_t r = 0; r < e->count; r++) {
        for (uint32_t i = 0; i < ranker->inputs; i++)
            x[r * ranker->inputs + i] = e->input[r * RK_FEATURE_COUNT + ranker->feature[i]];
    }
    rk_mtml_logits(&model, x, rows, scratch, logits);
    return logits;
}

/* Calibration error of task t on fresh rows of the same truth: of the few measured ones it would be
 * chance, about 0.8 sqrt(15 p (1 - p) / rows) of a perfect p. */
static double error_on_fresh_rows(const rk_ranker *ranker, uint32_t tasks, uint32_t t,
                                  draw_row *draw) {
    enum { LISTS = 1000, ROWS = 60 };
    rk_memory memory = {0};
    const rk_examples e = drawn(&memory, LISTS, ROWS, tasks, draw, 499);
    const float *logits = logits_of(&e, ranker, &memory);
    const rk_task task = {.scale = ranker->task[t].scale, .offset = ranker->task[t].offset};
    float *p = TAKE(&memory, float, e.count);
    uint8_t *label = TAKE(&memory, uint8_t, e.count);
    for (uint64_t r = 0; r < e.count; r++) {
        rk_mtml_probabilities(&task, 1, logits + r * ranker->tasks + t, 1, p + r);
        label[r] = rk_task_bit(e.label[r], t);
    }
    const rk_judged judged = {p, label, e.weight, (uint32_t)e.count,
                              TAKE(&memory, rk_scored, e.count)};
    const double error = rk_metric_calibration_error(&judged);
    print_message("task %u: AUC %.3f, error %.4f, on fresh rows %.4f; scale %.2f, offset %.2f\n", t,
                  ranker->task[t].auc, ranker->task[t].calibration_error, error, (double)task.scale,
                  (double)task.offset);
    rk_memory_free(&memory);
    return error;
}

/* ---- what it starts from ---- */

static void blend_and_noise(rk_rng *rng, float *x, float *logit) {
    for (uint32_t f = 0; f < 6; f++) x[f] = 3.0f + 0.2f * rk_rng_normal(rng);
    logit[0] = 3.0f * (x[0] - 3.0f) - 2.0f;
    logit[1] = -1.0f;
}

static void untrained_it_ranks_like_the_blend(void **state) {
    (void)state;
    rk_memory memory = {0};
    const rk_examples e = drawn(&memory, 60, 20, 2, blend_and_noise, 430);
    rk_ranker_params params = rk_ranker_defaults();
    params.epochs = 0;
    params.value[1] = -1.0f;
    const rk_ranker ranker = trained(&e, &params, &memory);
    const float *logits = logits_of(&e, &ranker, &memory);
    for (uint64_t r = 1; r < e.count; r++) {
        const float blend = e.input[r * RK_FEATURE_COUNT],
                    before = e.input[(r - 1) * RK_FEATURE_COUNT];
        if (fabsf(blend - before) < 1e-4f) continue;
        assert_int_equal(logits[2 * r] > logits[2 * r - 2], blend > before);
        assert_true(fabsf(logits[2 * r + 1] - logits[1]) < 1e-5f); // the unwanted: its base rate
    }
    assert_int_equal(ranker.epochs, 0);
    assert_int_equal(ranker.best_epoch, 0);
    assert_true(ranker.lists > 0 && ranker.ndcg == ranker.blend_ndcg);
    rk_memory_free(&memory);
}

/* ---- what it learns ---- */

/* Neither feature says anything alone, so the linear path has nothing to learn. */
static void product_of_two(rk_rng *rng, float *x, float *logit) {
    x[0] = rk_rng_normal(rng);
    x[5] = (rk_rng_below(rng, 2) ? 1.0f : -1.0f) + 0.1f * rk_rng_normal(rng);
    x[9] = (rk_rng_below(rng, 2) ? 1.0f : -1.0f) + 0.1f * rk_rng_normal(rng);
    logit[0] = x[5] * x[9] > 0.0f ? 1.0f : -2.5f;
}

static void interactions_are_learnt(void **state) {
    (void)state;
    rk_memory memory = {0};
    const rk_examples e = drawn(&memory, 800, 20, 1, product_of_two, 431);
    rk_ranker_params params = rk_ranker_defaults();
    params.epochs = 0;
    const rk_ranker before = trained(&e, &params, &memory);
    params.epochs = 20;
    const rk_ranker ranker = trained(&e, &params, &memory);
    const rk_ranker_task *task = &ranker.task[0];
    print_message("AUC %.3f, before %.3f; NDCG %.3f, blend %.3f\n", task->auc, before.task[0].auc,
                  ranker.ndcg, ranker.blend_ndcg);
    assert_true(fabs(before.task[0].auc - 0.5) < 0.05);
    assert_true(task->auc > 0.8); // the truth's is .83
    assert_true(ranker.ndcg > ranker.blend_ndcg + 0.2);
    assert_int_equal(ranker.inputs, 3);
    assert_true(ranker.feature[0] == 0 && ranker.feature[1] == 5 && ranker.feature[2] == 9);
    assert_true(ranker.best_epoch > 0 && ranker.best_epoch <= ranker.epochs);
    assert_true(ranker.best_loss < ranker.first_loss);
    rk_memory_free(&memory);
}

static void opposite_signs(rk_rng *rng, float *x, float *logit) {
    x[0] = 0.1f * rk_rng_normal(rng);
    x[7] = 5.0f * rk_rng_normal(rng) + 40.0f;
    logit[0] = 0.3f * (x[7] - 40.0f) - 2.0f;
    logit[1] = -0.3f * (x[7] - 40.0f) - 3.0f;
}

static void tasks_of_opposite_signs_are_learnt_together(void **state) {
    (void)state;
    rk_memory memory = {0};
    const rk_examples e = drawn(&memory, 2500, 20, 2, opposite_signs, 432);
    rk_ranker_params params = rk_ranker_defaults();
    params.epochs = 4;
    params.value[1] = -2.0f;
    const rk_ranker ranker = trained(&e, &params, &memory);
    const float *logits = logits_of(&e, &ranker, &memory);
    double products = 0.0;
    for (uint64_t r = 0; r < e.count; r++)
        products += (double)(logits[2 * r] + 2.0f) * (double)(logits[2 * r + 1] + 3.0f);
    assert_true(products < 0.0);
    for (uint32_t t = 0; t < 2; t++) {
        const rk_ranker_task *task = &ranker.task[t];
        assert_int_equal(task->task, t);
        assert_true(task->auc > 0.8);
        assert_true(error_on_fresh_rows(&ranker, 2, t, opposite_signs) <= 0.02);
        assert_true(task->scale > 0.5f && task->scale < 2.0f);
    }
    assert_true(ranker.ndcg > ranker.blend_ndcg + 0.1);
    rk_memory_free(&memory);
}

/* Events of one row in fifty and of two in three. */
static void rare_and_frequent(rk_rng *rng, float *x, float *logit) {
    for (uint32_t f = 0; f < 10; f++) x[f] = rk_rng_normal(rng);
    logit[0] = 1.2f * x[0] + 0.7f * x[1] * x[2] - 4.0f;
    logit[1] = x[3] - fabsf(x[4]) + 1.5f;
    logit[2] = 0.5f * x[5] - 3.0f;
}

/* Rows that stand for several, labels not known everywhere. Many rows: a calibration from 15,000 is
 * itself off by half a hundredth. */
static void probabilities_are_calibrated(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_examples e = drawn(&memory, 5000, 30, 3, rare_and_frequent, 433);
    rk_rng rng = rk_rng_at(test_seed(), 434);
    for (uint64_t r = 0; r < e.count; r++) {
        if (rk_rng_below(&rng, 3) == 0) e.known[r] &= 5;
        if (rk_rng_below(&rng, 2) == 0) e.weight[r] = 3.0f;
        if (!(e.known[r] & 2)) e.label[r] |= 2; // says nothing
    }
    rk_ranker_params params = rk_ranker_defaults();
    params.experts = 2;
    params.units = 16;
    params.epochs = 4;
    params.rate = 0.003f;
    const rk_ranker ranker = trained(&e, &params, &memory);
    for (uint32_t t = 0; t < 3; t++) {
        const rk_ranker_task *task = &ranker.task[t];
        assert_true(task->auc > 0.6);
        assert_true(error_on_fresh_rows(&ranker, 3, t, rare_and_frequent) <= 0.02);
        assert_true(task->rows > e.count / 30 && task->positives > 0);
    }
    assert_true(ranker.task[1].rows < ranker.task[0].rows);
    rk_memory_free(&memory);
}

static void of_shuffled_labels_nothing_is_learnt(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_examples e = drawn(&memory, 800, 20, 1, product_of_two, 435);
    rk_rng rng = rk_rng_at(test_seed(), 436);
    for (uint64_t r = e.count - 1; r > 0; r--) {
        const uint32_t other = rk_rng_below(&rng, (uint32_t)r + 1);
        const uint8_t label = e.label[r];
        e.label[r] = e.label[other];
        e.label[other] = label;
    }
    const rk_ranker_params params = rk_ranker_defaults();
    const rk_ranker ranker = trained(&e, &params, &memory);
    print_message("AUC %.3f\n", ranker.task[0].auc);
    assert_true(fabs(ranker.task[0].auc - 0.5) < 0.05);
    rk_memory_free(&memory);
}

/* ---- who is measured ---- */

/* User g has three lists of 4^g rows: a digit of the measured rows to base 4 is 0 or 3 only if his
 * lists stay together. */
static void users_are_not_parted(void **state) {
    (void)state;
    enum { USERS = 5, LISTS = 3 * USERS };
    rk_memory memory = {0};
    rk_examples e = drawn(&memory, 1 << (2 * USERS), 1, 1, product_of_two, 437);
    e.lists = 0;
    for (uint32_t l = 0; l < LISTS; l++) {
        e.group[l] = 7 + l % USERS;
        e.list_begin[l + 1] = e.list_begin[l] + (UINT64_C(1) << (2 * (l % USERS)));
        e.lists++;
    }
    e.count = e.list_begin[LISTS];
    rk_ranker_params params = rk_ranker_defaults();
    params.epochs = 0;
    uint32_t measured[USERS] = {0};
    for (uint64_t seed = 0; seed < 60; seed++) {
        rk_memory scratch = {0};
        rk_learn_options options = seeded(1);
        options.seed = seed;
        rk_ranker ranker;
        assert_true(rk_train_ranker(&e, &params, &options, &scratch, &ranker));
        for (uint32_t user = 0; user < USERS; user++) {
            const uint64_t digit = ranker.task[0].rows >> (2 * user) & 3;
            assert_true(digit == 0 || digit == 3);
            measured[user] += digit == 3;
        }
        rk_memory_free(&scratch);
    }
    for (uint32_t user = 0; user < USERS; user++) assert_in_range(measured[user], 1, 25);
    rk_memory_free(&memory);
}

/* ---- determinism, memory, odd examples ---- */

static void threads_change_nothing(void **state) {
    (void)state;
    rk_memory memory = {0};
    const rk_examples e = drawn(&memory, 200, 13, 3, rare_and_frequent, 438);
    rk_ranker_params params = rk_ranker_defaults();
    params.epochs = 3;
    rk_ranker first = {0};
    for (uint32_t threads = 1; threads <= 3; threads++) {
        const rk_learn_options options = seeded(threads);
        rk_ranker ranker;
        assert_true(rk_train_ranker(&e, &params, &options, &memory, &ranker));
        const rk_mtml model = rk_ranker_model(&ranker);
        if (threads == 1) first = ranker;
        assert_memory_equal(ranker.weights, first.weights,
                            rk_mtml_floats(&model) * sizeof *ranker.weights);
        assert_true(ranker.best_loss == first.best_loss && ranker.ndcg == first.ndcg);
        for (uint32_t t = 0; t < 3; t++) {
            assert_true(ranker.task[t].scale == first.task[t].scale);
            assert_true(ranker.task[t].auc == first.task[t].auc);
        }
    }
    rk_learn_options other = seeded(1);
    other.seed++;
    rk_ranker ranker;
    assert_true(rk_train_ranker(&e, &params, &other, &memory, &ranker));
    assert_memory_not_equal(ranker.weights, first.weights, 100 * sizeof *ranker.weights);
    rk_memory_free(&memory);
}

static void every_failing_allocation_is_survived(void **state) {
    (void)state;
    rk_memory memory = {0};
    const rk_examples e = drawn(&memory, 30, 5, 2, blend_and_noise, 439);
    rk_ranker_params params = rk_ranker_defaults();
    params.epochs = 1;
    const rk_learn_options options = seeded(1);
    bool done = false;
    uint64_t take = 0;
    for (; !done; take++) {
        rk_memory kept = {0};
        rk_ranker ranker;
        rk_ranker_comparison comparison;
        rk_memory_fail_after(take);
        done = rk_train_ranker(&e, &params, &options, &kept, &ranker) &&
               rk_ranker_compare(&e, &params, &options, &ranker, &comparison);
        rk_memory_fail_after(UINT64_MAX);
        rk_memory_free(&kept);
        assert_true(take < 100000);
    }
    print_message("%llu takes\n", (unsigned long long)take);
    assert_true(take > 300);
    rk_memory_free(&memory);
}

static void check_sane(const rk_examples *e) {
    rk_memory memory = {0};
    rk_ranker_params params = rk_ranker_defaults();
    params.epochs = 2;
    const rk_ranker ranker = trained(e, &params, &memory);
    const rk_mtml model = rk_ranker_model(&ranker);
    assert_in_range(ranker.inputs, 1, RK_MAX_RANK_INPUTS);
    for (uint64_t i = 0; i < rk_mtml_floats(&model); i++)
        assert_true(fabsf(ranker.weights[i]) <= 0x1p20f);
    for (uint32_t t = 0; t < ranker.tasks; t++) {
        assert_true(ranker.task[t].scale >= 0.05f && ranker.task[t].scale <= 20.0f);
        assert_true(fabsf(ranker.task[t].offset) <= 30.0f);
    }
    rk_memory_free(&memory);
}

/* No list, empty lists, one user, nothing known, never, always, nothing varies. */
static void odd_examples_are_survived(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_examples e = drawn(&memory, 40, 9, 2, blend_and_noise, 440);
    const rk_examples none = {.tasks = 1, .list_begin = e.list_begin};
    check_sane(&none);
    for (uint32_t list = 0; list < 40; list++) e.group[list] = 3;
    check_sane(&e);
    for (uint32_t list = 0; list < 40; list++) e.group[list] = list;
    e.list_begin[5] = e.list_begin[4];
    e.list_begin[6] = e.list_begin[4];
    check_sane(&e);
    memset(e.label, 3, e.count);
    check_sane(&e);
    memset(e.label, 0, e.count);
    check_sane(&e);
    memset(e.known, 1, e.count);
    check_sane(&e);
    memset(e.known, 0, e.count);
    check_sane(&e);
    memset(e.input, 0, e.count * RK_FEATURE_COUNT * sizeof *e.input);
    check_sane(&e);
    rk_memory_free(&memory);
}

/* ---- the comparison ---- */

static void networks_are_compared_on_the_same_rows(void **state) {
    (void)state;
    rk_memory memory = {0};
    const rk_examples e = drawn(&memory, 500, 20, 3, rare_and_frequent, 441);
    const rk_ranker_params params = rk_ranker_defaults();
    const rk_learn_options options = seeded(1);
    const rk_ranker ranker = trained(&e, &params, &memory);
    rk_ranker_comparison c;
    assert_true(rk_ranker_compare(&e, &params, &options, &ranker, &c));
    assert_int_equal(c.tasks, 3);
    for (uint32_t t = 0; t < 3; t++) {
        print_message("task %u: single %.3f, shared %.3f, mixed %.3f\n", t, c.single[t],
                      c.shared[t], c.mixed[t]);
        assert_true(c.mixed[t] == ranker.task[t].auc);
        assert_true(fabs(c.single[t] - c.mixed[t]) < 0.1 && c.single[t] > 0.55);
        assert_true(fabs(c.shared[t] - c.mixed[t]) < 0.1 && c.shared[t] > 0.55);
        assert_true(c.single[t] != c.shared[t]);
    }
    rk_ranker_params alone = params;
    alone.only = 1u << 2;
    alone.experts = 1;
    const rk_ranker third = trained(&e, &alone, &memory);
    assert_int_equal(third.tasks, 1);
    assert_int_equal(third.task[0].task, 2);
    assert_int_equal(third.task[0].rows, ranker.task[2].rows);
    assert_int_equal(third.task[0].positives, ranker.task[2].positives);
    rk_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(untrained_it_ranks_like_the_blend),
        cmocka_unit_test(interactions_are_learnt),
        cmocka_unit_test(tasks_of_opposite_signs_are_learnt_together),
        cmocka_unit_test(probabilities_are_calibrated),
        cmocka_unit_test(of_shuffled_labels_nothing_is_learnt),
        cmocka_unit_test(users_are_not_parted),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(every_failing_allocation_is_survived),
        cmocka_unit_test(odd_examples_are_survived),
        cmocka_unit_test(networks_are_compared_on_the_same_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
