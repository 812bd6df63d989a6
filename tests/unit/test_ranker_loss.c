/* Loss and gradient of the second stage's training: against the loss in double and its finite
 * differences, for every kind of weight. */
#include "check.h"
#include "naive_mtml.h"

#include "base/rng.h"
#include "learn/ranker_loss.h"

enum { INPUTS = 5, EXPERTS = 3, UNITS = 4, TASKS = 3, LISTS = 6, ROWS = 40 };
enum { HIDDEN = EXPERTS * UNITS, COLUMNS = HIDDEN + TASKS * EXPERTS + TASKS };
enum { FLOATS = (INPUTS + 1) * COLUMNS + TASKS * UNITS };

typedef struct problem {
    rk_memory memory;
    rk_ranker_loss loss;
    rk_mtml model;
    rk_ranker_chunk chunk;
    float weights[FLOATS];
} problem;

/* Lists of 0 to 12 rows; labels and what is known of them at random, weights between 0.5 and 2. */
static void make_problem(problem *p, rk_rng *rng, float list_mix, float sharpness) {
    p->memory = (rk_memory){0};
    p->loss = (rk_ranker_loss){.positive = {1.0f, 3.0f, 2.5f},
                               .value = {0.75f, -1.0f, 0.25f},
                               .list_mix = list_mix,
                               .sharpness = sharpness};
    for (uint32_t t = 0; t < TASKS; t++) p->loss.log_positive[t] = logf(p->loss.positive[t]);
    for (uint32_t i = 0; i < FLOATS; i++) p->weights[i] = 0.5f * rk_rng_normal(rng);
    p->model = rk_mtml_over(INPUTS, EXPERTS, UNITS, TASKS, p->weights);
    assert_int_equal(rk_mtml_floats(&p->model), FLOATS);
    rk_ranker_chunk *c = &p->chunk;
    assert_true(rk_ranker_chunk_take(&p->model, ROWS, &p->memory, c));
    c->measures = true;
    c->lists = LISTS;
    for (uint32_t l = 0; l < LISTS; l++) {
        const uint32_t most = RK_MIN(ROWS - c->rows, 12u);
        c->rows += l == 2 ? 0 : rk_rng_below(rng, most + 1);
        c->list_begin[l + 1] = c->rows;
    }
    for (uint32_t i = 0; i < c->rows * INPUTS; i++) c->x[i] = rk_rng_normal(rng);
    for (uint32_t r = 0; r < c->rows; r++) {
        c->known[r] = (uint8_t)(rk_rng_below(rng, 8) | rk_rng_below(rng, 8));
        c->label[r] = (uint8_t)rk_rng_below(rng, 8);
        c->weight[r] = 0.5f + 1.5f * rk_rng_f32(rng);
    }
}

static double naive_rows(const problem *p, const naive_mtml *m) {
    const rk_ranker_chunk *c = &p->chunk;
    double loss = 0.0;
    for (uint32_t r = 0; r < c->rows; r++) {
        for (uint32_t t = 0; t < TASKS; t++) {
            if (!(c->known[r] >> t & 1)) continue;
            const double positive = (double)p->loss.positive[t];
            const double z = naive_logit(m, c->x + r * INPUTS, t) + log(positive);
            const double chance = 1.0 / (1.0 + exp(-z));
            loss -= (double)c->weight[r] *
                    (c->label[r] >> t & 1 ? positive * log(chance) : log(1.0 - chance));
        }
    }
    return loss;
}

static double naive_list(const problem *p, const naive_mtml *m, uint32_t list) {
    const rk_ranker_chunk *c = &p->chunk;
    double total = 0.0, gains = 0.0, weighted = 0.0, told = 0.0;
    for (uint32_t r = c->list_begin[list]; r < c->list_begin[list + 1]; r++) {
        double worth = 0.0, gain = 0.0;
        for (uint32_t t = 0; t < TASKS; t += 2) {
            const double value = (double)p->loss.value[t];
            worth += value / (1.0 + exp(-naive_logit(m, c->x + r * INPUTS, t)));
            if (c->label[r] & 1 << t) gain += value;
        }
        total += (double)c->weight[r] * pow(worth, (double)p->loss.sharpness);
        gains += gain;
        weighted += (double)c->weight[r] * gain;
        told += (double)c->weight[r] * gain * (double)p->loss.sharpness * log(worth);
    }
    return gains > 0.0 ? weighted / gains * (log(total) - told / weighted) : 0.0;
}

static double naive_loss(const problem *p, const double *weights) {
    const naive_mtml m = {INPUTS, EXPERTS, UNITS, TASKS, weights};
    double loss = naive_rows(p, &m);
    for (uint32_t l = 0; l < LISTS; l++) loss += (double)p->loss.list_mix * naive_list(p, &m, l);
    return loss;
}

static const char *kind_of(uint32_t i) {
    if (i >= (INPUTS + 1) * COLUMNS) return "head";
    const bool bias = i >= INPUTS * COLUMNS;
    const uint32_t column = i % COLUMNS;
    if (column < HIDDEN) return bias ? "expert bias" : "expert";
    if (column < COLUMNS - TASKS) return bias ? "gate bias" : "gate";
    return bias ? "wide bias" : "wide";
}

static void check_gradient(const problem *p) {
    static double weights[FLOATS];
    for (uint32_t i = 0; i < FLOATS; i++) weights[i] = (double)p->weights[i];
    const double want = naive_loss(p, weights);
    if (fabs(p->chunk.loss - want) > 1e-4 * (1.0 + want))
        fail_msg("loss %g, not %g", p->chunk.loss, want);
    for (uint32_t i = 0; i < FLOATS; i++) {
        const double here = weights[i], step = 1e-6;
        weights[i] = here + step;
        const double above = naive_loss(p, weights);
        weights[i] = here - step;
        const double slope = (above - naive_loss(p, weights)) / (2.0 * step);
        weights[i] = here;
        if (fabs((double)p->chunk.gradient[i] - slope) > 2e-3 * (1.0 + fabs(slope)))
            fail_msg("%s %u: %g, not %g", kind_of(i), i, (double)p->chunk.gradient[i], slope);
    }
}

static void the_gradient_is_that_of_the_loss(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 410);
    double largest[2] = {0.0, 0.0};
    for (uint32_t round = 0; round < 24; round++) {
        problem p;
        make_problem(&p, &rng, round % 3 ? 2.0f : 0.0f, round % 2 ? 3.5f : 1.0f);
        rk_ranker_chunk_forward(&p.model, &p.loss, &p.chunk);
        rk_ranker_chunk_backward(&p.model, &p.chunk);
        check_gradient(&p);
        for (uint32_t i = 0; i < FLOATS; i++) {
            const double slope = fabs((double)p.chunk.gradient[i]);
            largest[i >= (INPUTS + 1) * COLUMNS] =
                RK_MAX(largest[i >= (INPUTS + 1) * COLUMNS], slope);
        }
        rk_memory_free(&p.memory);
    }
    assert_true(largest[0] > 1.0 && largest[1] > 1.0);
}

static void slopes_need_no_loss(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 412);
    problem p;
    float slopes[ROWS * TASKS];
    make_problem(&p, &rng, 2.0f, 1.0f);
    rk_ranker_chunk_forward(&p.model, &p.loss, &p.chunk);
    memcpy(slopes, p.chunk.by_logit, sizeof slopes);
    p.chunk.measures = false;
    rk_ranker_chunk_forward(&p.model, &p.loss, &p.chunk);
    assert_memory_equal(slopes, p.chunk.by_logit, p.chunk.rows * TASKS * sizeof *slopes);
    rk_memory_free(&p.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_is_that_of_the_loss),
        cmocka_unit_test(slopes_need_no_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
