/* From content to vectors: the solution against elimination in double, and what is served of it. */
#include "log_builder.h"

#include "learn/train_ridge.h"
#include "simd/kernels.h"

#include <math.h>

enum { ITEMS = 60, WORDS = 14, DIM = 8, MOST_EVENTS = 40 };

/* Items with words of a small vocabulary, vectors and numbers of events; the first has no word, the
 * second no event. */
typedef struct problem {
    log_builder log;
    rk_content content;
    float vectors[ITEMS * DIM];
    uint32_t events[ITEMS];
} problem;

static void make_problem(problem *p, uint64_t stream) {
    static const char *const name[] = {"words"};
    static const uint8_t kind[] = {RK_ATTRIBUTE_TAGS};
    rk_rng rng = rk_rng_at(test_seed(), stream);
    p->log = log_of(ITEMS, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    const char **values = TAKE(&p->log.memory, const char *, ITEMS);
    for (uint32_t item = 0; item < ITEMS; item++) {
        char *text = TAKE(&p->log.memory, char, 64);
        for (uint32_t i = 0; item > 0 && i < 4; i++) {
            const size_t at = strlen(text);
            snprintf(text + at, 64 - at, "%u|", rk_rng_below(&rng, WORDS));
        }
        values[item] = text;
        add_event(&p->log, 0, item, VIEW, 0);
        for (uint32_t d = 0; d < DIM; d++) p->vectors[item * DIM + d] = rk_rng_normal(&rng) + 0.5f;
        const float norm = rk_norm_f32(p->vectors + item * DIM, DIM);
        for (uint32_t d = 0; d < DIM; d++) p->vectors[item * DIM + d] /= norm;
        p->events[item] = item == 1 ? 0 : rk_rng_below(&rng, MOST_EVENTS);
    }
    p->log.attributes = 1;
    p->log.attribute_names = name;
    p->log.attribute_kinds = kind;
    p->log.attribute_values = values;
    const rk_events_content events = log_content(&p->log);
    const rk_log log = log_of_content(&events, &p->log.memory);
    assert_true(rk_content_build(&events, &log, &p->log.memory, &p->content));
    assert_int_equal(p->content.features, WORDS);
}

static rk_ridge_result solve(problem *p, float lambda, uint32_t iterations, uint32_t threads) {
    const rk_ridge_params params = {
        .lambda = lambda, .prior_events = 3.0f, .iterations = iterations};
    rk_ridge_result result;
    assert_true(rk_train_ridge(&p->content, NULL, p->vectors, p->events, DIM, &params, threads,
                               &p->log.memory, &result));
    assert_int_equal(result.steps, iterations);
    return result;
}

static void dense_rows(const rk_content *content, double x[ITEMS][WORDS]) {
    memset(x, 0, sizeof(double[ITEMS][WORDS]));
    for (uint32_t item = 0; item < ITEMS; item++) {
        for (uint64_t i = content->row_begin[item]; i < content->row_begin[item + 1]; i++)
            x[item][content->feature[i]] = (double)content->value[i];
    }
}

static void weighted_mean(const problem *p, double *mean) {
    double total = 0.0;
    for (uint32_t d = 0; d < DIM; d++) mean[d] = 0.0;
    for (uint32_t item = 0; item < ITEMS; item++) {
        const double weight = log1p(p->events[item]);
        total += weight;
        for (uint32_t d = 0; d < DIM; d++) mean[d] += weight * (double)p->vectors[item * DIM + d];
    }
    for (uint32_t d = 0; d < DIM; d++) mean[d] /= total;
}

/* (X' D X + lambda I) W = X' D (E - m), by elimination; the system is positive definite. */
static void solve_dense(const problem *p, double lambda, const double *mean, double w[WORDS][DIM]) {
    static double x[ITEMS][WORDS], a[WORDS][WORDS];
    dense_rows(&p->content, x);
    memset(a, 0, sizeof a);
    memset(w, 0, sizeof(double[WORDS][DIM]));
    for (uint32_t item = 0; item < ITEMS; item++) {
        const double weight = log1p(p->events[item]);
        for (uint32_t f = 0; f < WORDS; f++) {
            for (uint32_t g = 0; g < WORDS; g++) a[f][g] += weight * x[item][f] * x[item][g];
            for (uint32_t d = 0; d < DIM; d++)
                w[f][d] += weight * x[item][f] * ((double)p->vectors[item * DIM + d] - mean[d]);
        }
    }
    for (uint32_t f = 0; f < WORDS; f++) a[f][f] += lambda;
    for (uint32_t f = 0; f < WORDS; f++) {
        for (uint32_t g = 0; g < WORDS; g++) {
            if (g == f) continue;
            const double factor = a[g][f] / a[f][f];
            for (uint32_t h = 0; h < WORDS; h++) a[g][h] -= factor * a[f][h];
            for (uint32_t d = 0; d < DIM; d++) w[g][d] -= factor * w[f][d];
        }
    }
    for (uint32_t f = 0; f < WORDS; f++) {
        for (uint32_t d = 0; d < DIM; d++) w[f][d] /= a[f][f];
    }
}

static void the_solution_is_that_of_elimination(void **state) {
    (void)state;
    static const float lambdas[] = {0.1f, 1.0f, 10.0f};
    for (uint32_t round = 0; round < 6; round++) {
        static problem p;
        double mean[DIM], want[WORDS][DIM];
        const float lambda = lambdas[round % 3];
        make_problem(&p, 310 + round);
        const rk_ridge_result got = solve(&p, lambda, 3 * WORDS, 1);
        weighted_mean(&p, mean);
        solve_dense(&p, (double)lambda, mean, want);
        for (uint32_t d = 0; d < DIM; d++) assert_true(fabs((double)got.mean[d] - mean[d]) < 1e-6);
        for (uint32_t i = 0; i < WORDS * DIM; i++)
            assert_true(fabs((double)got.weights[i] - want[i / DIM][i % DIM]) < 1e-4);
        assert_true(got.last_loss < 1e-6 * got.first_loss);
        rk_memory_free(&p.log.memory);
    }
}

/* Twenty steps, what a build does, are near enough. */
static void few_steps_come_near(void **state) {
    (void)state;
    static problem p;
    make_problem(&p, 320);
    const rk_ridge_result exact = solve(&p, 10.0f, 100, 1), quick = solve(&p, 10.0f, 20, 1);
    for (uint32_t i = 0; i < WORDS * DIM; i++)
        assert_true(fabsf(exact.weights[i] - quick.weights[i]) < 1e-3f);
    const rk_ridge_result none = solve(&p, 10.0f, 0, 1);
    for (uint32_t i = 0; i < WORDS * DIM; i++) assert_true(none.weights[i] == 0.0f);
    assert_true(none.first_loss == none.last_loss);
    rk_memory_free(&p.log.memory);
}

static void a_large_lambda_leaves_the_mean(void **state) {
    (void)state;
    static problem p;
    make_problem(&p, 321);
    const rk_ridge_result result = solve(&p, 1e8f, 20, 1);
    for (uint32_t i = 0; i < WORDS * DIM; i++) assert_true(fabsf(result.weights[i]) < 1e-5f);
    rk_memory_free(&p.log.memory);
}

/* Nobody touched anything: no mean, no weights, and vectors stay. */
static void without_events_nothing_is_said(void **state) {
    (void)state;
    static problem p;
    static float before[ITEMS * DIM];
    make_problem(&p, 322);
    memset(p.events, 0, sizeof p.events);
    memcpy(before, p.vectors, sizeof before);
    const rk_ridge_result result = solve(&p, 1.0f, 5, 1);
    for (uint32_t i = 0; i < WORDS * DIM; i++) assert_true(result.weights[i] == 0.0f);
    rk_ridge_shrink(&p.content, &result, p.events, DIM, 3.0f, p.vectors);
    assert_memory_equal(p.vectors, before, sizeof before);
    rk_memory_free(&p.log.memory);
}

/* ---- what is served ---- */

/* m + W x of an item, in double. */
static double said_of(const problem *p, const rk_ridge_result *ridge, uint32_t item, double *out) {
    const rk_content *content = &p->content;
    double squares = 0.0;
    for (uint32_t d = 0; d < DIM; d++) {
        out[d] = (double)ridge->mean[d];
        for (uint64_t i = content->row_begin[item]; i < content->row_begin[item + 1]; i++)
            out[d] += (double)content->value[i] *
                      (double)ridge->weights[(uint64_t)content->feature[i] * DIM + d];
        squares += out[d] * out[d];
    }
    return sqrt(squares);
}

static void shrinking_follows_its_formula(void **state) {
    (void)state;
    static problem p;
    static float before[ITEMS * DIM];
    make_problem(&p, 323);
    p.events[2] = 3; // n0
    p.events[3] = 1000000;
    memcpy(before, p.vectors, sizeof before);
    const rk_ridge_result result = solve(&p, 10.0f, 20, 1);
    rk_ridge_shrink(&p.content, &result, p.events, DIM, 3.0f, p.vectors);
    double said[DIM], length = 0.0;
    for (uint32_t item = 1; item < ITEMS; item++)
        length += said_of(&p, &result, item, said) / (ITEMS - 1);
    for (uint32_t item = 0; item < ITEMS; item++) {
        const double norm = said_of(&p, &result, item, said), n = p.events[item];
        const double alpha = item == 0 ? 1.0 : n / (n + 3.0); // the first has no content
        for (uint32_t d = 0; d < DIM; d++) {
            const double want =
                alpha * (double)before[item * DIM + d] + (1.0 - alpha) * length / norm * said[d];
            assert_true(fabs((double)p.vectors[item * DIM + d] - want) < 1e-5);
        }
    }
    assert_memory_equal(p.vectors, before, DIM * sizeof *before);
    for (uint32_t d = 0; d < DIM; d++)
        assert_true(fabsf(p.vectors[3 * DIM + d] - before[3 * DIM + d]) < 1e-5f);
    rk_memory_free(&p.log.memory);
}

/* A new item of known words points where the items of these words are. */
static void a_new_item_is_where_its_words_are(void **state) {
    (void)state;
    static problem p;
    make_problem(&p, 324);
    rk_rng rng = rk_rng_at(test_seed(), 325);
    float of_word[WORDS * DIM];
    for (uint32_t i = 0; i < WORDS * DIM; i++) of_word[i] = rk_rng_normal(&rng);
    for (uint32_t item = 0; item < ITEMS; item++) {
        float *row = p.vectors + item * DIM;
        rk_content_project(&p.content, item, of_word, DIM, row);
        const float norm = rk_norm_f32(row, DIM);
        for (uint32_t d = 0; d < DIM && norm > 0.0f; d++) row[d] /= norm;
    }
    float truth[DIM];
    memcpy(truth, p.vectors + DIM, sizeof truth);
    memset(p.vectors + DIM, 0, sizeof truth); // the second item is new
    const rk_ridge_result result = solve(&p, 0.3f, 20, 1);
    rk_ridge_shrink(&p.content, &result, p.events, DIM, 3.0f, p.vectors);
    const float cosine =
        rk_dot_f32(p.vectors + DIM, truth, DIM) / rk_norm_f32(p.vectors + DIM, DIM);
    print_message("cosine %.3f\n", (double)cosine);
    assert_true(cosine > 0.9f);
    rk_memory_free(&p.log.memory);
}

static void threads_change_no_bit(void **state) {
    (void)state;
    static problem p;
    make_problem(&p, 326);
    const rk_ridge_result one = solve(&p, 1.0f, 20, 1);
    static const uint32_t threads[] = {2, 3, 8};
    for (uint32_t t = 0; t < 3; t++) {
        const rk_ridge_result other = solve(&p, 1.0f, 20, threads[t]);
        assert_memory_equal(other.weights, one.weights, WORDS * DIM * sizeof(float));
        assert_memory_equal(other.mean, one.mean, DIM * sizeof(float));
        assert_memory_equal(&other.last_loss, &one.last_loss, sizeof(double));
    }
    rk_memory_free(&p.log.memory);
}

/* ---- a prior ---- */

static float *random_prior(problem *p, uint64_t stream) {
    rk_rng rng = rk_rng_at(test_seed(), stream);
    float *prior = TAKE(&p->log.memory, float, WORDS *DIM);
    for (uint32_t i = 0; i < WORDS * DIM; i++) prior[i] = rk_rng_normal(&rng);
    return prior;
}

static rk_ridge_result solve_from(problem *p, const float *prior, float lambda) {
    const rk_ridge_params params = {.lambda = lambda, .iterations = 3 * WORDS};
    rk_ridge_result result;
    assert_true(rk_train_ridge(&p->content, prior, p->vectors, p->events, DIM, &params, 1,
                               &p->log.memory, &result));
    return result;
}

/* Without an event W is the prior, bit for bit. */
static void nothing_learnt_is_the_prior(void **state) {
    (void)state;
    static problem p;
    make_problem(&p, 330);
    memset(p.events, 0, sizeof p.events);
    const float *prior = random_prior(&p, 331);
    const rk_ridge_result got = solve_from(&p, prior, 1.0f);
    assert_true(got.prior == 1.0f);
    assert_memory_equal(got.weights, prior, WORDS * DIM * sizeof *prior);
    for (uint32_t d = 0; d < DIM; d++) assert_true(got.mean[d] == 0.0f);
    rk_memory_free(&p.log.memory);
}

/* What is left of the vectors after g W0 and m, by elimination; g and m by plain sums with the
 * weight of their priors. */
static void the_rest_is_regressed(void **state) {
    (void)state;
    static problem p, rest;
    static double x[ITEMS][WORDS], want[WORDS][DIM];
    make_problem(&p, 332);
    const float *prior = random_prior(&p, 333);
    const rk_ridge_result got = solve_from(&p, prior, 2.0f);
    const double worth = 300.0;
    double said[ITEMS][DIM] = {{0}}, along = worth, squared = worth, total = worth;
    double sum[DIM] = {0}, mean[DIM], zero[DIM] = {0};
    dense_rows(&p.content, x);
    for (uint32_t item = 0; item < ITEMS; item++) {
        const double weight = log1p(p.events[item]);
        total += weight;
        for (uint32_t d = 0; d < DIM; d++) {
            for (uint32_t f = 0; f < WORDS; f++)
                said[item][d] += x[item][f] * (double)prior[f * DIM + d];
            along += weight * said[item][d] * (double)p.vectors[item * DIM + d];
            squared += weight * said[item][d] * said[item][d];
        }
    }
    const double g = fmax(0.0, along / squared);
    assert_true(fabs((double)got.prior - g) < 1e-5);
    rest = p;
    for (uint32_t i = 0; i < ITEMS * DIM; i++) {
        rest.vectors[i] -= (float)(g * said[i / DIM][i % DIM]);
        sum[i % DIM] += log1p(p.events[i / DIM]) * (double)rest.vectors[i];
    }
    for (uint32_t d = 0; d < DIM; d++) {
        mean[d] = sum[d] / total;
        assert_true(fabs((double)got.mean[d] - mean[d]) < 1e-5);
    }
    for (uint32_t i = 0; i < ITEMS * DIM; i++) rest.vectors[i] -= (float)mean[i % DIM];
    solve_dense(&rest, 2.0, zero, want);
    for (uint32_t i = 0; i < WORDS * DIM; i++)
        assert_true(fabs((double)got.weights[i] - g * (double)prior[i] - want[i / DIM][i % DIM]) <
                    1e-4);
    rk_memory_free(&p.log.memory);
}

static void every_failing_take_is_survived(void **state) {
    (void)state;
    static problem p;
    make_problem(&p, 327);
    const rk_ridge_params params = {.lambda = 1.0f, .iterations = 2};
    uint64_t take = 0;
    for (bool trained = false; !trained; take++) {
        rk_memory memory = {0};
        rk_ridge_result result;
        rk_memory_fail_after(take);
        trained = rk_train_ridge(&p.content, NULL, p.vectors, p.events, DIM, &params, 1, &memory,
                                 &result);
        rk_memory_fail_after(UINT64_MAX);
        rk_memory_free(&memory);
    }
    assert_int_equal(take - 1, 7);
    rk_memory_free(&p.log.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_solution_is_that_of_elimination),
        cmocka_unit_test(few_steps_come_near),
        cmocka_unit_test(a_large_lambda_leaves_the_mean),
        cmocka_unit_test(without_events_nothing_is_said),
        cmocka_unit_test(shrinking_follows_its_formula),
        cmocka_unit_test(a_new_item_is_where_its_words_are),
        cmocka_unit_test(nothing_learnt_is_the_prior),
        cmocka_unit_test(the_rest_is_regressed),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(every_failing_take_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
