/* Figures of the rankers against their definitions, calibration against a grid, standardised
 * inputs against the network on the inputs as served. */
#include "check.h"

#include "base/rng.h"
#include "learn/calibrate.h"
#include "learn/ranker_metrics.h"
#include "learn/standardize.h"

#include <math.h>

enum { MOST = 300 };

typedef struct sample {
    float score[MOST], weight[MOST];
    uint8_t label[MOST];
    rk_scored order[MOST];
    uint32_t count;
} sample;

/* Scores on a grid of `steps` for ties; weights 0.25 to 2, so that sums are exact. */
static sample random_sample(rk_rng *rng, uint32_t steps) {
    sample s = {.count = rk_rng_below(rng, MOST + 1)};
    for (uint32_t i = 0; i < s.count; i++) {
        s.score[i] = (float)(1 + rk_rng_below(rng, steps)) / (float)(steps + 1);
        s.label[i] = rk_rng_f32(rng) < s.score[i];
        s.weight[i] = 0.25f * (float)(1 + rk_rng_below(rng, 8));
    }
    return s;
}

static rk_judged judged(sample *s) {
    return (rk_judged){s->score, s->label, s->weight, s->count, s->order};
}

static void auc_counts_pairs(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 420);
    uint32_t told = 0;
    for (uint32_t round = 0; round < 200; round++) {
        sample s = random_sample(&rng, round % 2 ? 5 : 1000000);
        double won = 0.0, pairs = 0.0;
        for (uint32_t i = 0; i < s.count; i++) {
            for (uint32_t j = 0; j < s.count; j++) {
                if (!s.label[i] || s.label[j]) continue;
                const double pair = (double)s.weight[i] * (double)s.weight[j];
                pairs += pair;
                if (s.score[i] > s.score[j]) won += pair;
                if (s.score[i] == s.score[j]) won += 0.5 * pair;
            }
        }
        const rk_judged rows = judged(&s);
        const double auc = rk_metric_auc(&rows);
        if (pairs == 0.0) {
            assert_true(isnan(auc));
            continue;
        }
        told++;
        assert_true(fabs(auc - won / pairs) < 1e-12);
    }
    assert_true(told > 150);
}

static void log_loss_is_a_mean(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 421);
    for (uint32_t round = 0; round < 50; round++) {
        sample s = random_sample(&rng, 1000);
        double loss = 0.0, weight = 0.0;
        for (uint32_t i = 0; i < s.count; i++) {
            const double p = (double)s.score[i];
            loss -= (double)s.weight[i] * log(s.label[i] ? p : 1.0 - p);
            weight += (double)s.weight[i];
        }
        const rk_judged rows = judged(&s);
        const double got = rk_metric_log_loss(&rows);
        assert_true(s.count ? fabs(got - loss / weight) < 1e-5 : isnan(got));
    }
    sample sure = {.score = {1.0f, 0.0f}, .weight = {1.0f, 1.0f}, .label = {0, 0}, .count = 2};
    const rk_judged rows = judged(&sure);
    assert_true(fabs(rk_metric_log_loss(&rows) - 0.5 * log(1e7)) < 0.5);
}

/* A row is in bin floor(15 * weight of all larger p / total). */
static void calibration_error_by_bins_of_equal_mass(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 422);
    double largest = 0.0;
    for (uint32_t round = 0; round < 200; round++) {
        sample s = random_sample(&rng, round % 2 ? 7 : 1000000);
        double gap[RK_CALIBRATION_BINS] = {0}, total = 0.0, want = 0.0;
        for (uint32_t i = 0; i < s.count; i++) total += (double)s.weight[i];
        for (uint32_t i = 0; i < s.count; i++) {
            double before = 0.0;
            for (uint32_t j = 0; j < s.count; j++) {
                if (s.score[j] > s.score[i]) before += (double)s.weight[j];
            }
            const uint32_t bin = (uint32_t)(before * RK_CALIBRATION_BINS / total);
            gap[bin] += (double)s.weight[i] * ((double)s.score[i] - (double)s.label[i]);
        }
        for (uint32_t bin = 0; bin < RK_CALIBRATION_BINS; bin++) want += fabs(gap[bin]) / total;
        const rk_judged rows = judged(&s);
        const double got = rk_metric_calibration_error(&rows);
        if (!s.count) continue;
        if (fabs(got - want) > 1e-9) fail_msg("round %u: %g, not %g", round, got, want);
        largest = RK_MAX(largest, got);
    }
    assert_true(largest > 0.05);
    sample none = {.count = 0};
    const rk_judged rows = judged(&none);
    assert_true(isnan(rk_metric_calibration_error(&rows)));
}

static double naive_dcg(const float *by, const float *gain, uint32_t count) {
    double sum = 0.0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t before = 0;
        for (uint32_t j = 0; j < count; j++) before += by[j] > by[i] || (by[j] == by[i] && j < i);
        if (before < 10) sum += (double)gain[i] / log2(before + 2.0);
    }
    return sum;
}

static void ndcg_of_a_list(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 423);
    uint32_t told = 0;
    for (uint32_t round = 0; round < 200; round++) {
        sample s = random_sample(&rng, round % 2 ? 6 : 1000000);
        s.count = RK_MIN(s.count, round % 30);
        float gain[MOST] = {0};
        for (uint32_t i = 0; i < s.count; i++)
            gain[i] = rk_rng_below(&rng, 4) ? 0.0f : rk_rng_f32(&rng);
        const double got = rk_metric_ndcg(s.score, gain, s.count, s.order);
        const double ideal = naive_dcg(gain, gain, s.count);
        if (ideal == 0.0) {
            assert_true(isnan(got));
            continue;
        }
        told++;
        assert_true(fabs(got - naive_dcg(s.score, gain, s.count) / ideal) < 1e-6);
    }
    assert_true(told > 120);
}

/* ---- calibration ---- */

static double platt_loss(const sample *s, double scale, double offset) {
    double loss = 0.5 * ((scale - 1.0) * (scale - 1.0) + offset * offset);
    for (uint32_t i = 0; i < s->count; i++) {
        const double z = scale * (double)s->score[i] + offset;
        loss += (double)s->weight[i] * log1p(exp(s->label[i] ? -z : z));
    }
    return loss;
}

/* No step from the answer makes the loss smaller. */
static void calibration_finds_the_least_loss(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 424);
    for (uint32_t round = 0; round < 60; round++) {
        sample s = random_sample(&rng, 1000000);
        const double scale = 0.3 + 2.0 * (double)rk_rng_f32(&rng);
        const double offset = 2.0 * (double)rk_rng_normal(&rng);
        for (uint32_t i = 0; i < s.count; i++) {
            s.score[i] = 3.0f * rk_rng_normal(&rng);
            const double z = scale * (double)s.score[i] + offset;
            s.label[i] = (double)rk_rng_f32(&rng) < 1.0 / (1.0 + exp(-z));
        }
        const rk_calibration c = rk_calibrate(s.score, s.label, s.weight, s.count);
        const double here = platt_loss(&s, (double)c.scale, (double)c.offset);
        assert_true(c.scale >= 0.05f && c.scale <= 20.0f);
        for (int a = -1; a <= 1 && c.scale > 0.051f; a++) {
            for (int b = -1; b <= 1; b++) {
                const double there =
                    platt_loss(&s, (double)c.scale + 0.02 * a, (double)c.offset + 0.02 * b);
                if (there < here - 1e-5) fail_msg("round %u: %g < %g", round, there, here);
            }
        }
    }
}

static void calibration_of_little_is_tame(void **state) {
    (void)state;
    const float weight[] = {1.0f, 1.0f, 1.0f, 1.0f}, logit[] = {-2.0f, -1.0f, 1.0f, 2.0f};
    const rk_calibration none = rk_calibrate(logit, NULL, weight, 0);
    assert_true(none.scale == 1.0f && none.offset == 0.0f);
    const uint8_t separate[] = {0, 0, 1, 1}, never[] = {0, 0, 0, 0}, turned[] = {1, 1, 0, 0};
    const rk_calibration a = rk_calibrate(logit, separate, weight, 4);
    assert_true(a.scale > 1.0f && a.scale < 3.0f && fabsf(a.offset) < 0.1f);
    const rk_calibration b = rk_calibrate(logit, never, weight, 4);
    assert_true(b.scale > 0.0f && b.offset < 0.0f && b.offset > -3.0f);
    /* 1,000 rows of each, so that the prior has no say: a head never turns round. */
    float many_logits[4000], many_weights[4000];
    uint8_t many[4000];
    for (uint32_t i = 0; i < 4000; i++) {
        many_logits[i] = logit[i % 4];
        many_weights[i] = 1.0f;
        many[i] = turned[i % 4];
    }
    const rk_calibration c = rk_calibrate(many_logits, many, many_weights, 4000);
    assert_true(c.scale == 0.05f && fabsf(c.offset) < 0.01f);
}

/* ---- standardised inputs ---- */

enum { FEATURES = 12, ROWS = 500, COLUMNS = 6 };

static void folded_weights_need_no_standardising(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 425);
    static float x[ROWS * FEATURES];
    for (uint32_t r = 0; r < ROWS; r++) {
        float *row = x + r * FEATURES;
        for (uint32_t f = 0; f < FEATURES; f++)
            row[f] = (float)f + 0.01f * (float)(1 + f * f) * rk_rng_normal(&rng);
        row[3] = 7.0f;                                // constant
        row[5] = 1000.0f + 0.001f * rk_rng_f32(&rng); // as good as
        row[8] = r == 77 ? 1.0f : 0.0f;               // a lever
    }
    rk_standard standard;
    rk_standard_measure(x, FEATURES, NULL, ROWS, &standard);
    static const uint32_t kept[] = {0, 1, 2, 4, 6, 7, 8, 9, 10, 11};
    assert_int_equal(standard.inputs, 10);
    assert_memory_equal(standard.feature, kept, sizeof kept);
    float matrix[10 * COLUMNS], bias[COLUMNS], z[ROWS][10];
    double before[ROWS][COLUMNS], squares[10] = {0}, sums[10] = {0};
    for (uint32_t i = 0; i < 10 * COLUMNS; i++) matrix[i] = rk_rng_normal(&rng);
    for (uint32_t c = 0; c < COLUMNS; c++) bias[c] = rk_rng_normal(&rng);
    for (uint32_t r = 0; r < ROWS; r++) {
        rk_standard_apply(&standard, x + r * FEATURES, z[r]);
        for (uint32_t i = 0; i < 10; i++) {
            sums[i] += (double)z[r][i];
            squares[i] += (double)z[r][i] * (double)z[r][i];
            assert_true(fabsf(z[r][i]) < 8.001f);
        }
        for (uint32_t c = 0; c < COLUMNS; c++) {
            before[r][c] = (double)bias[c];
            for (uint32_t i = 0; i < 10; i++)
                before[r][c] += (double)z[r][i] * (double)matrix[i * COLUMNS + c];
        }
    }
    for (uint32_t i = 0; i < 10; i++) {
        assert_true(fabs(sums[i] / ROWS) < 1e-4);
        assert_true(kept[i] == 8 || fabs(squares[i] / ROWS - 1.0) < 1e-4);
    }
    assert_true(fabsf(z[77][6] - 8.0f) < 1e-4f);
    rk_standard_fold(&standard, COLUMNS, matrix, bias);
    for (uint32_t r = 0; r < ROWS; r++) {
        rk_standard_apply(&standard, x + r * FEATURES, z[r]); // the identity now
        for (uint32_t i = 0; i < 10; i++)
            assert_true(z[r][i] == x[r * FEATURES + standard.feature[i]]);
        for (uint32_t c = 0; c < COLUMNS; c++) {
            double after = (double)bias[c];
            for (uint32_t i = 0; i < 10; i++)
                after += (double)z[r][i] * (double)matrix[i * COLUMNS + c];
            assert_true(fabs(after - before[r][c]) < 1e-3);
        }
    }
}

static void something_is_always_kept(void **state) {
    (void)state;
    const float x[6] = {2.0f, 3.0f, 2.0f, 3.0f, 2.0f, 4.0f};
    const uint64_t same[] = {0, 1};
    rk_standard standard;
    rk_standard_measure(x, 2, same, 2, &standard);
    assert_int_equal(standard.inputs, 1);
    assert_int_equal(standard.feature[0], 0);
    rk_standard_measure(x, 2, NULL, 0, &standard);
    assert_int_equal(standard.inputs, 1);
    rk_standard_measure(x, 2, NULL, 3, &standard);
    assert_int_equal(standard.inputs, 1);
    assert_int_equal(standard.feature[0], 1);
    float z;
    rk_standard_apply(&standard, x + 4, &z);
    assert_true(fabsf(z - sqrtf(2.0f)) < 1e-5f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auc_counts_pairs),
        cmocka_unit_test(log_loss_is_a_mean),
        cmocka_unit_test(calibration_error_by_bins_of_equal_mass),
        cmocka_unit_test(ndcg_of_a_list),
        cmocka_unit_test(calibration_finds_the_least_loss),
        cmocka_unit_test(calibration_of_little_is_tame),
        cmocka_unit_test(folded_weights_need_no_standardising),
        cmocka_unit_test(something_is_always_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
