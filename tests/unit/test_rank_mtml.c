/* The forward pass of the second stage against the formula in double. Arrays are of exactly the
 * size the header says: the sanitizer sees a step beyond. */
#include "check.h"
#include "naive_mtml.h"

#include "base/rng.h"

enum { MOST_ROWS = 77 };

static float *exact(rk_rng *rng, size_t count, float scale) {
    float *values = malloc(count * sizeof *values + !count);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++) values[i] = scale * rk_rng_normal(rng);
    return values;
}

typedef struct shape {
    uint32_t inputs, experts, units, tasks;
} shape;

static shape random_shape(rk_rng *rng) {
    return (shape){1 + rk_rng_below(rng, RK_MAX_RANK_INPUTS), 1 + rk_rng_below(rng, RK_MAX_EXPERTS),
                   1 + rk_rng_below(rng, RK_MAX_UNITS), 1 + rk_rng_below(rng, RK_MAX_TASKS)};
}

static double *widened(const float *values, size_t count) {
    double *wide = malloc(count * sizeof *wide);
    assert_non_null(wide);
    for (size_t i = 0; i < count; i++) wide[i] = (double)values[i];
    return wide;
}

static void check_activations(const rk_mtml *model, const float *row) {
    const uint32_t hidden = model->experts * model->units;
    for (uint32_t i = 0; i < hidden; i++) assert_true(row[i] >= 0.0f);
    for (uint32_t t = 0; t < model->tasks; t++) {
        double sum = 0.0;
        for (uint32_t e = 0; e < model->experts; e++)
            sum += (double)row[hidden + t * model->experts + e];
        assert_true(fabs(sum - 1.0) < 1e-5);
    }
}

/* Rows beside the block size, on it and beyond; every row is its own. */
static void logits_follow_the_formula(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 400);
    for (uint32_t round = 0; round < 60; round++) {
        const shape s = round == 0 ? (shape){58, 4, 32, 3} : random_shape(&rng);
        rk_mtml model = {s.inputs, s.experts, s.units, s.tasks, NULL, NULL, NULL};
        const size_t floats = (size_t)rk_mtml_floats(&model), columns = rk_mtml_columns(&model);
        const uint32_t rows = round < 3 ? 31 + round : rk_rng_below(&rng, MOST_ROWS);
        float *weights = exact(&rng, floats, 0.3f), *x = exact(&rng, (size_t)rows * s.inputs, 1.0f);
        float *scratch = exact(&rng, rows * columns, 1.0f);
        float *logits = exact(&rng, (size_t)rows * s.tasks, 1.0f);
        double *wide = widened(weights, floats);
        const naive_mtml naive = {s.inputs, s.experts, s.units, s.tasks, wide};
        model = rk_mtml_over(s.inputs, s.experts, s.units, s.tasks, weights);
        rk_mtml_logits(&model, x, rows, scratch, logits);
        for (uint32_t r = 0; r < rows; r++) {
            check_activations(&model, scratch + r * columns);
            for (uint32_t t = 0; t < s.tasks; t++) {
                const double want = naive_logit(&naive, x + (size_t)r * s.inputs, t);
                const double got = (double)logits[(size_t)r * s.tasks + t];
                if (fabs(got - want) > 2e-4 * (1.0 + fabs(want)))
                    fail_msg("round %u row %u task %u: %g, not %g", round, r, t, got, want);
            }
        }
        free(weights), free(x), free(scratch), free(logits), free(wide);
    }
}

/* A row's bits do not depend on the rows beside it. */
static void a_row_is_its_own(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 401);
    enum { ROWS = 70, INPUTS = 50, TASKS = 3 };
    rk_mtml model = {INPUTS, 4, 32, TASKS, NULL, NULL, NULL};
    const size_t columns = rk_mtml_columns(&model);
    float *weights = exact(&rng, (size_t)rk_mtml_floats(&model), 0.3f);
    float *x = exact(&rng, ROWS * INPUTS, 1.0f), *scratch = exact(&rng, ROWS * columns, 1.0f);
    float together[ROWS * TASKS], alone[TASKS];
    model = rk_mtml_over(INPUTS, 4, 32, TASKS, weights);
    rk_mtml_logits(&model, x, ROWS, scratch, together);
    for (uint32_t r = 0; r < ROWS; r++) {
        rk_mtml_logits(&model, x + r * INPUTS, 1, scratch, alone);
        assert_memory_equal(alone, together + r * TASKS, sizeof alone);
    }
    free(weights), free(x), free(scratch);
}

/* Large sums of gates neither overflow nor vanish. */
static void gates_do_not_overflow(void **state) {
    (void)state;
    float weights[2 * 5 + 1] = {0}, x = 1.0f, scratch[5], logit;
    /* Columns: hidden 0, hidden 1, gates 0 and 1, wide; then biases, then the head. */
    weights[0] = 2.0f;
    weights[1] = 7.0f;
    weights[2] = -500.0f;
    weights[3] = 500.0f;
    weights[4] = 0.25f;
    weights[10] = 3.0f;
    const rk_mtml model = rk_mtml_over(1, 2, 1, 1, weights);
    rk_mtml_logits(&model, &x, 1, scratch, &logit);
    assert_true(logit == 21.25f);
    assert_true(scratch[0] == 2.0f && scratch[1] == 7.0f);
    assert_true(scratch[2] == 0.0f && scratch[3] == 1.0f);
}

static void a_snapshot_has_its_weights_in_order(void **state) {
    (void)state;
    enum { INPUTS = 3, EXPERTS = 2, UNITS = 4, TASKS = 2, COLUMNS = 8 + 4 + 2 };
    float weights[(INPUTS + 1) * COLUMNS + TASKS * UNITS];
    rk_snapshot_content content = {.rank_second = weights};
    content.meta.rank_inputs = INPUTS;
    content.meta.rank_experts = EXPERTS;
    content.meta.rank_units = UNITS;
    content.meta.tasks = TASKS;
    const rk_mtml model = rk_mtml_of(&content);
    assert_int_equal(rk_mtml_columns(&model), COLUMNS);
    assert_int_equal(rk_mtml_floats(&model), sizeof weights / sizeof *weights);
    assert_int_equal(rk_mtml_floats(&model), rk_second_floats(&content.meta));
    assert_ptr_equal(model.matrix, weights);
    assert_ptr_equal(model.bias, weights + INPUTS * COLUMNS);
    assert_ptr_equal(model.head, weights + (INPUTS + 1) * COLUMNS);
}

static void probabilities_are_calibrated_in_place(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 402);
    enum { ROWS = 9, TASKS = 3 };
    rk_task tasks[TASKS] = {0};
    float logits[ROWS * TASKS], p[ROWS * TASKS];
    for (uint32_t t = 0; t < TASKS; t++) {
        tasks[t].scale = 0.5f + rk_rng_f32(&rng);
        tasks[t].offset = rk_rng_normal(&rng);
    }
    for (uint32_t i = 0; i < ROWS * TASKS; i++) logits[i] = 5.0f * rk_rng_normal(&rng);
    rk_mtml_probabilities(tasks, TASKS, logits, ROWS, p);
    for (uint32_t i = 0; i < ROWS * TASKS; i++) {
        const rk_task *task = &tasks[i % TASKS];
        const double z = (double)task->scale * (double)logits[i] + (double)task->offset;
        assert_true(fabs((double)p[i] - 1.0 / (1.0 + exp(-z))) < 1e-6);
    }
    rk_mtml_probabilities(tasks, TASKS, logits, ROWS, logits);
    assert_memory_equal(p, logits, sizeof p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_follow_the_formula),
        cmocka_unit_test(a_row_is_its_own),
        cmocka_unit_test(gates_do_not_overflow),
        cmocka_unit_test(a_snapshot_has_its_weights_in_order),
        cmocka_unit_test(probabilities_are_calibrated_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
