/* Off-policy estimates: worked examples, coverage on generated logs, warnings, the model of arms.
 */
#include "take.h"

#include "base/rng.h"
#include "learn/off_policy_table.h"

#include <math.h>

static void assert_near(double a, double b) {
    if (!(fabs(a - b) <= 1e-12 * fmax(1.0, fabs(b)))) fail_msg("%.17g, expected %.17g", a, b);
}

/* Four rows by hand: w = 2, 1/2, 0, 4. */
static void a_worked_example(void **state) {
    (void)state;
    const double propensity[] = {0.25, 0.5, 0.5, 0.125}, target[] = {0.5, 0.25, 0.0, 0.5};
    const double reward[] = {1.0, 0.0, 1.0, 1.0};
    const double predicted[] = {0.5, 0.25, 0.5, 0.75}, expected[] = {0.5, 0.5, 0.25, 0.75};
    rk_off_policy_log log = {4, propensity, target, reward, predicted, expected};
    rk_off_policy r = rk_off_policy_estimate(&log);
    assert_near(r.logged, 0.75);
    assert_near(r.mean_weight, 6.5 / 4);
    assert_near(r.effective, 6.5 * 6.5 / 20.25);
    assert_near(r.largest_share, 4 / 6.5);
    assert_near(r.estimate[RK_IPS].value, 1.5); /* (2 + 0 + 0 + 4) / 4 */
    assert_near(r.estimate[RK_SNIPS].value, 6.0 / 6.5);
    assert_near(r.estimate[RK_DM].value, 0.5);
    /* v + w (r - q): 1.5, .375, .25, 1.75 */
    assert_near(r.estimate[RK_DR].value, 3.875 / 4);
    const double se = sqrt((0.25 + 2.25 + 2.25 + 6.25) / 3 / 4); /* of 2, 0, 0, 4 */
    assert_near(r.estimate[RK_IPS].high, 1.5 + 1.959963984540054 * se);
    assert_near(r.estimate[RK_IPS].low, 1.5 - 1.959963984540054 * se);
    const double v = 6.0 / 6.5;
    const double rest = sqrt(4 * (1 - v) * (1 - v) + 0.25 * v * v + 16 * (1 - v) * (1 - v)) / 6.5;
    assert_near(r.estimate[RK_SNIPS].high, v + 1.959963984540054 * rest);
    assert_int_equal(r.warnings & RK_OFF_POLICY_FEW, RK_OFF_POLICY_FEW);
    log.predicted = NULL;
    r = rk_off_policy_estimate(&log);
    assert_true(isnan(r.estimate[RK_DM].value) && isnan(r.estimate[RK_DR].low));
    assert_near(r.estimate[RK_IPS].value, 1.5);
}

enum { ARMS = 6, ROWS = 2000 };
static const double chance[ARMS] = {0.1, 0.3, 0.2, 0.5, 0.05, 0.4};
static const double logging[ARMS] = {0.3, 0.1, 0.2, 0.1, 0.2, 0.1};
static const double other[ARMS] = {0.05, 0.2, 0.1, 0.4, 0.05, 0.2};

typedef struct sampled {
    uint32_t arm[ROWS];
    double propensity[ROWS], target[ROWS], reward[ROWS], predicted[ROWS], expected[ROWS];
} sampled;

static void sample_log(sampled *s, uint64_t seed) {
    rk_rng rng = rk_rng_at(seed, 9);
    for (uint32_t i = 0; i < ROWS; i++) {
        double u = rk_rng_f64(&rng);
        uint32_t a = 0;
        while (a + 1 < ARMS && u >= logging[a]) u -= logging[a++];
        s->arm[i] = a;
        s->propensity[i] = logging[a], s->target[i] = other[a];
        s->reward[i] = rk_rng_f64(&rng) < chance[a];
    }
}

/* 1,000 logs: of a true interval 95 % hold the truth; DM's forgets that its model was learnt. */
static void intervals_hold_the_truth(void **state) {
    (void)state;
    enum { LOGS = 1000 };
    const uint64_t seed = test_seed();
    sampled *s = malloc(sizeof *s);
    assert_non_null(s);
    double truth = 0.0, mean[RK_ESTIMATORS] = {0}, width[RK_ESTIMATORS] = {0};
    uint32_t held[RK_ESTIMATORS] = {0};
    for (uint32_t a = 0; a < ARMS; a++) truth += other[a] * chance[a];
    for (uint32_t l = 0; l < LOGS; l++) {
        sample_log(s, rk_mix64(seed, l));
        assert_true(rk_off_policy_arm_model(s->arm, s->reward, ROWS, other, ARMS, 2, 10.0,
                                            s->predicted, s->expected));
        const rk_off_policy_log log = {ROWS,      s->propensity, s->target,
                                       s->reward, s->predicted,  s->expected};
        const rk_off_policy r = rk_off_policy_estimate(&log);
        assert_int_equal(r.warnings & RK_OFF_POLICY_FEW, 0);
        for (int e = 0; e < RK_ESTIMATORS; e++) {
            mean[e] += r.estimate[e].value / LOGS;
            width[e] += (r.estimate[e].high - r.estimate[e].low) / LOGS;
            held[e] += truth >= r.estimate[e].low && truth <= r.estimate[e].high;
        }
    }
    static const int honest[] = {RK_IPS, RK_SNIPS, RK_DR};
    for (int k = 0; k < 3; k++) {
        const int e = honest[k];
        if (held[e] < 920 || held[e] > 975) fail_msg("estimator %d: %u of 1,000 hold", e, held[e]);
        assert_true(fabs(mean[e] - truth) < 4.0 * width[e] / 3.92 / sqrt(LOGS) + 1e-4);
    }
    assert_true(width[RK_DR] < width[RK_IPS]); /* what a model is for */
    free(s);
}

/* A log of known size: m rows of weight 1 and the rest without any is worth m rows. */
static void the_size_is_known_and_told(void **state) {
    (void)state;
    sampled *s = calloc(1, sizeof *s);
    char text[RK_OFF_POLICY_TEXT];
    assert_non_null(s);
    for (uint32_t m = 1; m <= ROWS; m = m * 2 + 1) {
        for (uint32_t i = 0; i < ROWS; i++) {
            s->propensity[i] = (double)m / ROWS;
            s->target[i] = i < m;
        }
        const rk_off_policy_log log = {ROWS, s->propensity, s->target, s->reward, NULL, NULL};
        const rk_off_policy r = rk_off_policy_estimate(&log);
        assert_near(r.effective, m);
        assert_near(r.mean_weight, 1.0);
        assert_int_equal(r.warnings, m < 100 ? RK_OFF_POLICY_FEW : 0);
        rk_off_policy_warning(&r, ROWS, text);
        assert_int_equal(text[0] != '\0', m < 100);
        if (m == 7)
            assert_string_equal(
                text, "the log is worth 7.0 of its 2000 rows for this policy: it cannot say");
    }
    /* No weight at all: nothing is estimated, nothing is divided by 0. */
    memset(s->target, 0, sizeof s->target);
    const rk_off_policy_log none = {ROWS, s->propensity, s->target, s->reward, NULL, NULL};
    rk_off_policy r = rk_off_policy_estimate(&none);
    assert_true(r.effective == 0.0 && isnan(r.estimate[RK_SNIPS].value));
    assert_int_equal(r.warnings, RK_OFF_POLICY_FEW | RK_OFF_POLICY_WEIGHTS);
    /* Propensities of which half is missing. */
    sample_log(s, 3);
    for (uint32_t i = 0; i < ROWS; i++) s->propensity[i] *= 0.5;
    r = rk_off_policy_estimate(&none);
    assert_int_equal(r.warnings, RK_OFF_POLICY_WEIGHTS);
    rk_off_policy_warning(&r, ROWS, text);
    assert_true(strncmp(text, "weights have a mean of ", 23) == 0);
    free(s);
}

/* Against means over the rows of other folds, one row at a time. */
static void the_model_leaves_its_row_out(void **state) {
    (void)state;
    enum { FOLDS = 5 };
    sampled *s = malloc(sizeof *s);
    assert_non_null(s);
    sample_log(s, test_seed());
    assert_true(rk_off_policy_arm_model(s->arm, s->reward, ROWS, other, ARMS, FOLDS, 3.0,
                                        s->predicted, s->expected));
    for (uint32_t i = 0; i < ROWS; i += 13) {
        double rows[ARMS] = {0}, rewards[ARMS] = {0}, all = 0.0, sum = 0.0, value = 0.0;
        for (uint32_t k = 0; k < ROWS; k++) {
            if (k % FOLDS == i % FOLDS) continue;
            rows[s->arm[k]] += 1.0, rewards[s->arm[k]] += s->reward[k];
            all += 1.0, sum += s->reward[k];
        }
        for (uint32_t a = 0; a < ARMS; a++) {
            const double q = (rewards[a] + 3.0 * sum / all) / (rows[a] + 3.0);
            value += other[a] * q;
            if (a == s->arm[i]) assert_near(s->predicted[i], q);
        }
        assert_near(s->expected[i], value);
    }
    for (uint64_t takes = 0; takes < 2; takes++) {
        rk_memory_fail_after(takes);
        assert_false(rk_off_policy_arm_model(s->arm, s->reward, ROWS, other, ARMS, FOLDS, 3.0,
                                             s->predicted, s->expected));
    }
    rk_memory_fail_after(UINT64_MAX);
    free(s);
}

/* A table of three rows and two arms. */
typedef struct packed {
    uint64_t rows, arms;
    double propensity[3], target[3], reward[3], policy[2];
    uint32_t arm[3];
} packed;
#define PACKED_BYTES (offsetof(packed, arm) + sizeof(uint32_t[3]))

static const packed good = {
    3, 2, {0.5, 0.25, 0.5}, {0.25, 0.75, 0.25}, {1.0, 0.0, 0.5}, {0.25, 0.75}, {0, 1, 0}};

static rk_status estimate(const packed *table, uint64_t bytes, rk_off_policy *out,
                          rk_error *error) {
    rk_memory memory = {0};
    uint64_t rows;
    /* Exactly as long as it says, so that reading past its end is seen. */
    void *copy = malloc(bytes ? (size_t)bytes : 1);
    assert_non_null(copy);
    memcpy(copy, table, (size_t)bytes);
    const rk_status status = rk_off_policy_table_estimate(copy, bytes, &memory, out, &rows, error);
    rk_memory_free(&memory);
    free(copy);
    return status;
}

static void a_table_is_read_or_refused(void **state) {
    (void)state;
    rk_off_policy r;
    rk_error error;
    assert_int_equal(estimate(&good, PACKED_BYTES, &r, &error), RK_OK);
    assert_near(r.estimate[RK_IPS].value, (0.5 + 0.0 + 0.25) / 3);
    assert_true(r.estimate[RK_DR].low < r.estimate[RK_DR].high);
    for (uint64_t bytes = 0; bytes < PACKED_BYTES; bytes++)
        assert_int_not_equal(estimate(&good, bytes, &r, &error), RK_OK);
    packed rows_alone = good;
    rows_alone.arms = 0;
    assert_int_equal(estimate(&rows_alone, offsetof(packed, policy), &r, &error), RK_OK);
    assert_true(isnan(r.estimate[RK_DM].value));
    assert_int_equal(estimate(&rows_alone, PACKED_BYTES, &r, &error), RK_TRAILING_BYTES);
    const double bad[] = {-0.5, 1.5, NAN, INFINITY};
    for (size_t b = 0; b < 4; b++) {
        packed t = good;
        t.propensity[1] = bad[b];
        assert_int_equal(estimate(&t, PACKED_BYTES, &r, &error), RK_VALUE_RANGE);
        assert_string_equal(error.section, "propensity");
        assert_int_equal(error.offset, 1);
        t = good, t.target[2] = bad[b];
        assert_int_equal(estimate(&t, PACKED_BYTES, &r, &error), RK_VALUE_RANGE);
        t = good, t.policy[1] = bad[b];
        assert_int_equal(estimate(&t, PACKED_BYTES, &r, &error), RK_VALUE_RANGE);
        t = good, t.reward[0] = bad[b];
        assert_int_equal(estimate(&t, PACKED_BYTES, &r, &error), b < 2 ? RK_OK : RK_NOT_FINITE);
    }
    packed t = good;
    t.propensity[0] = 0.0;
    assert_int_equal(estimate(&t, PACKED_BYTES, &r, &error), RK_VALUE_RANGE);
    t = good, t.arm[2] = 2;
    assert_int_equal(estimate(&t, PACKED_BYTES, &r, &error), RK_VALUE_RANGE);
    t = good, t.rows = UINT64_MAX / 4;
    assert_int_equal(estimate(&t, PACKED_BYTES, &r, &error), RK_VALUE_RANGE);
    t = good, t.arms = UINT64_MAX / 4;
    assert_int_equal(estimate(&t, PACKED_BYTES, &r, &error), RK_VALUE_RANGE);
    uint64_t takes = 0;
    for (rk_status status = RK_OUT_OF_MEMORY; status != RK_OK; takes++) {
        rk_memory_fail_after(takes);
        status = estimate(&good, PACKED_BYTES, &r, &error);
        assert_true(status == RK_OK || status == RK_OUT_OF_MEMORY);
    }
    rk_memory_fail_after(UINT64_MAX);
    assert_int_equal(takes, 5); /* two of its own, two of the model, none refused */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worked_example),
        cmocka_unit_test(intervals_hold_the_truth),
        cmocka_unit_test(the_size_is_known_and_told),
        cmocka_unit_test(the_model_leaves_its_row_out),
        cmocka_unit_test(a_table_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
