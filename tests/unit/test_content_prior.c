/* Vectors from content alone, against the eigenvectors of X'X; and learnt vectors turned to them.
 */
#include "log_builder.h"

#include "learn/align_vectors.h"
#include "learn/content_prior.h"
#include "simd/kernels.h"

#include <math.h>

enum { ITEMS = 90, MOST_WORDS = 40 };

static rk_memory memory;

static int free_memory(void **state) {
    (void)state;
    rk_memory_free(&memory);
    return 0;
}

/* Items with up to 5 of `words` words; every eleventh has none. Words of a topic come together, so
 * that some directions matter more than others. */
static rk_content random_content(uint32_t words, uint64_t stream) {
    static const char *const name[] = {"words"};
    static const uint8_t kind[] = {RK_ATTRIBUTE_TAGS};
    rk_rng rng = rk_rng_at(test_seed(), stream);
    log_builder b = log_of(ITEMS, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    const char **values = TAKE(&memory, const char *, ITEMS);
    for (uint32_t item = 0; item < ITEMS; item++) {
        char *text = TAKE(&memory, char, 64);
        const uint32_t topic = rk_rng_below(&rng, 4);
        for (uint32_t i = 0; item % 11 != 10 && i < 5; i++) {
            const bool stray = rk_rng_below(&rng, 4) == 0;
            const uint32_t word =
                stray ? rk_rng_below(&rng, words) : (4 * rk_rng_below(&rng, words) + topic) % words;
            const size_t at = strlen(text);
            snprintf(text + at, 64 - at, "%u|", word);
        }
        values[item] = text;
        add_event(&b, 0, item, VIEW, 0);
    }
    b.attributes = 1;
    b.attribute_names = name;
    b.attribute_kinds = kind;
    b.attribute_values = values;
    const rk_events_content events = log_content(&b);
    const rk_log log = log_of_content(&events, &b.memory);
    rk_content content;
    assert_true(rk_content_build(&events, &log, &memory, &content));
    rk_memory_free(&b.memory);
    return content;
}

static void dense_row(const rk_content *content, uint32_t item, double *x) {
    for (uint32_t f = 0; f < content->features; f++) x[f] = 0.0;
    for (uint64_t i = content->row_begin[item]; i < content->row_begin[item + 1]; i++)
        x[content->feature[i]] = (double)content->value[i];
}

static double plain_dot(const double *a, const double *b, uint32_t n) {
    double sum = 0.0;
    for (uint32_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static float *prior_of(const rk_content *content, uint32_t dim, uint32_t threads) {
    float *weights;
    assert_true(rk_content_prior(content, dim, 7, threads, &memory, &weights));
    return weights;
}

/* With room for every direction nothing is lost: cosines are those of the contents. */
static void enough_dimensions_keep_every_cosine(void **state) {
    (void)state;
    const rk_content content = random_content(14, 410);
    const uint32_t dim = 16;
    const float *weights = prior_of(&content, dim, 1);
    double mean = 0.0;
    uint32_t described = 0;
    for (uint32_t a = 0; a < ITEMS; a++) {
        double x[MOST_WORDS], y[MOST_WORDS];
        float u[16], v[16];
        dense_row(&content, a, x);
        rk_content_project(&content, a, weights, dim, u);
        mean += (double)rk_norm_f32(u, dim);
        described += content.row_begin[a] < content.row_begin[a + 1];
        for (uint32_t b = 0; b < ITEMS; b++) {
            if (a % 11 == 10 || b % 11 == 10) continue;
            dense_row(&content, b, y);
            rk_content_project(&content, b, weights, dim, v);
            const double cosine =
                (double)rk_dot_f32(u, v, dim) / (double)(rk_norm_f32(u, dim) * rk_norm_f32(v, dim));
            assert_true(fabs(cosine - plain_dot(x, y, content.features)) < 1e-4);
        }
    }
    assert_true(fabs(mean / described - 1.0) < 1e-5);
}

/* X'X by its definition, and its `dim` largest eigenvalues by powers and deflation. */
static double best_energy(const rk_content *content, uint32_t dim, double *all) {
    static double gram[MOST_WORDS][MOST_WORDS];
    const uint32_t n = content->features;
    double energy = 0.0;
    memset(gram, 0, sizeof gram);
    for (uint32_t item = 0; item < ITEMS; item++) {
        double x[MOST_WORDS];
        dense_row(content, item, x);
        for (uint32_t f = 0; f < n; f++)
            for (uint32_t g = 0; g < n; g++) gram[f][g] += x[f] * x[g];
    }
    *all = 0.0;
    for (uint32_t f = 0; f < n; f++) *all += gram[f][f];
    for (uint32_t k = 0; k < dim; k++) {
        double v[MOST_WORDS], next[MOST_WORDS], value = 0.0;
        for (uint32_t f = 0; f < n; f++)
            v[f] = 1.0 + 0.37 * f * (k + 1) - floor(0.37 * f * (k + 1));
        for (uint32_t step = 0; step < 3000; step++) {
            for (uint32_t f = 0; f < n; f++) next[f] = plain_dot(gram[f], v, n);
            value = sqrt(plain_dot(next, next, n));
            for (uint32_t f = 0; f < n; f++) v[f] = next[f] / value;
        }
        energy += value;
        for (uint32_t f = 0; f < n; f++)
            for (uint32_t g = 0; g < n; g++) gram[f][g] -= value * v[f] * v[g];
    }
    return energy;
}

/* Columns are orthonormal but for one factor, which the trace tells; the energy that they keep is
 * nearly the most that so many can. Eight steps from random signs are not quite enough for all. */
static void few_dimensions_keep_what_matters(void **state) {
    (void)state;
    const rk_content content = random_content(MOST_WORDS, 411);
    const uint32_t dim = 8;
    const float *weights = prior_of(&content, dim, 1);
    double trace = 0.0, kept = 0.0, all;
    for (uint32_t i = 0; i < content.features * dim; i++)
        trace += (double)weights[i] * (double)weights[i];
    for (uint32_t item = 0; item < ITEMS; item++) {
        float u[8];
        rk_content_project(&content, item, weights, dim, u);
        kept += (double)rk_dot_f32(u, u, dim);
    }
    kept *= dim / trace;
    const double best = best_energy(&content, dim, &all);
    assert_true(best < 0.9 * all); // or there is nothing to choose
    assert_true(kept <= best * 1.0001);
    assert_true(kept >= best * 0.95);
}

static void threads_change_no_bit(void **state) {
    (void)state;
    const rk_content content = random_content(MOST_WORDS, 412);
    const float *one = prior_of(&content, 12, 1);
    for (uint32_t threads = 2; threads <= 3; threads++)
        assert_memory_equal(prior_of(&content, 12, threads), one,
                            content.features * 12 * sizeof *one);
}

/* ---- turning ---- */

/* x (dim) mirrored at the plane of `normal`: an orthogonal map. */
static void mirror(float *x, const float *normal, uint32_t dim) {
    const float scale = -2.0f * rk_dot_f32(x, normal, dim) / rk_dot_f32(normal, normal, dim);
    rk_axpy_f32(scale, normal, x, dim);
}

/* Prior vectors, turned by three mirrors, come back; items without events come along. */
static void a_turned_prior_is_turned_back(void **state) {
    (void)state;
    enum { DIM = 12 };
    const rk_content content = random_content(MOST_WORDS, 413);
    const float *prior = prior_of(&content, DIM, 1);
    rk_rng rng = rk_rng_at(test_seed(), 414);
    float vectors[ITEMS * DIM], normal[3][DIM];
    uint32_t events[ITEMS];
    for (uint32_t i = 0; i < 3 * DIM; i++) normal[i / DIM][i % DIM] = rk_rng_normal(&rng);
    for (uint32_t item = 0; item < ITEMS; item++) {
        events[item] = rk_rng_below(&rng, 4);
        rk_content_project(&content, item, prior, DIM, vectors + item * DIM);
        for (uint32_t m = 0; m < 3; m++) mirror(vectors + item * DIM, normal[m], DIM);
    }
    assert_true(rk_align_vectors(&content, prior, events, DIM, vectors));
    for (uint32_t item = 0; item < ITEMS; item++) {
        float want[DIM];
        rk_content_project(&content, item, prior, DIM, want);
        for (uint32_t d = 0; d < DIM; d++)
            assert_true(fabsf(vectors[item * DIM + d] - want[d]) < 2e-2f);
    }
}

/* However little evidence there is: angles and lengths stay. */
static void turning_keeps_what_was_learnt(void **state) {
    (void)state;
    enum { DIM = 12 };
    const rk_content content = random_content(MOST_WORDS, 415);
    const float *prior = prior_of(&content, DIM, 1);
    rk_rng rng = rk_rng_at(test_seed(), 416);
    for (uint32_t known = 0; known <= ITEMS; known += known < 3 ? 1 : 29) {
        float before[ITEMS * DIM], after[ITEMS * DIM];
        uint32_t events[ITEMS];
        for (uint32_t i = 0; i < ITEMS * DIM; i++) before[i] = rk_rng_normal(&rng) / 3.5f;
        for (uint32_t item = 0; item < ITEMS; item++) events[item] = item < known;
        memcpy(after, before, sizeof before);
        assert_true(rk_align_vectors(&content, prior, events, DIM, after));
        for (uint32_t a = 0; a < ITEMS; a++) {
            const uint32_t b = (a * 7 + 1) % ITEMS;
            const float was = rk_dot_f32(before + a * DIM, before + b * DIM, DIM);
            const float is = rk_dot_f32(after + a * DIM, after + b * DIM, DIM);
            assert_true(fabsf(was - is) < 1e-3f);
        }
    }
}

static void allocations_may_fail(void **state) {
    (void)state;
    enum { DIM = 8 };
    const rk_content content = random_content(MOST_WORDS, 417);
    const float *prior = prior_of(&content, DIM, 1);
    float vectors[ITEMS * DIM] = {0}, *weights;
    const uint32_t events[ITEMS] = {1};
    for (uint64_t take = 0; take <= 4; take++) {
        rk_memory_fail_after(take);
        const bool built = rk_content_prior(&content, DIM, 1, 1, &memory, &weights);
        rk_memory_fail_after(take);
        const bool turned = rk_align_vectors(&content, prior, events, DIM, vectors);
        rk_memory_fail_after(UINT64_MAX);
        assert_int_equal(built, take == 4);
        assert_int_equal(turned, take == 4);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(enough_dimensions_keep_every_cosine, free_memory),
        cmocka_unit_test_teardown(few_dimensions_keep_what_matters, free_memory),
        cmocka_unit_test_teardown(threads_change_no_bit, free_memory),
        cmocka_unit_test_teardown(a_turned_prior_is_turned_back, free_memory),
        cmocka_unit_test_teardown(turning_keeps_what_was_learnt, free_memory),
        cmocka_unit_test_teardown(allocations_may_fail, free_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
