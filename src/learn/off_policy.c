#include "learn/off_policy.h"

#include <math.h>

#include "base/fmath.h"
#include "format/detail.h"

#define Z_95       1.959963984540054
#define MEAN_ERROR 4.0 /* standard errors of the mean weight that are too many */

static rk_estimate around(double value, double error) {
    return (rk_estimate){value, value - Z_95 * error, value + Z_95 * error};
}

static double weight_of(const rk_off_policy_log *log, uint64_t row) {
    return log->target[row] / log->propensity[row];
}

/* What IPS, DM and DR are the mean of. */
static double term_of(const rk_off_policy_log *log, int estimator, uint64_t row) {
    if (estimator == RK_DM) return log->expected[row];
    const double weight = weight_of(log, row);
    if (estimator == RK_IPS) return weight * log->reward[row];
    return log->expected[row] + weight * (log->reward[row] - log->predicted[row]);
}

/* Of a mean; the second pass has no cancellation. */
static double error_of(double squares, uint64_t rows) {
    const double n = (double)rows;
    return rows < 2 ? 0.0 : rk_sqrt(squares / (n - 1.0) / n);
}

static rk_estimate mean_of(const rk_off_policy_log *log, int estimator) {
    double sum = 0.0, squares = 0.0;
    for (uint64_t i = 0; i < log->rows; i++) sum += term_of(log, estimator, i);
    const double mean = sum / (double)log->rows;
    for (uint64_t i = 0; i < log->rows; i++) {
        const double rest = term_of(log, estimator, i) - mean;
        squares += rest * rest;
    }
    return around(mean, error_of(squares, log->rows));
}

static rk_estimate ratio_of(const rk_off_policy_log *log, double weights) {
    double sum = 0.0, squares = 0.0;
    if (!(weights > 0.0)) return (rk_estimate){NAN, NAN, NAN};
    for (uint64_t i = 0; i < log->rows; i++) sum += term_of(log, RK_IPS, i);
    const double ratio = sum / weights;
    for (uint64_t i = 0; i < log->rows; i++) {
        const double rest = weight_of(log, i) * (log->reward[i] - ratio);
        squares += rest * rest;
    }
    return around(ratio, rk_sqrt(squares) / weights);
}

rk_off_policy rk_off_policy_estimate(const rk_off_policy_log *log) {
    assert(log->rows > 0);
    rk_off_policy result = {.warnings = 0};
    double weights = 0.0, squares = 0.0, largest = 0.0, rewards = 0.0, spread = 0.0;
    for (uint64_t i = 0; i < log->rows; i++) {
        const double weight = weight_of(log, i);
        weights += weight, squares += weight * weight, rewards += log->reward[i];
        largest = RK_MAX(largest, weight);
    }
    result.logged = rewards / (double)log->rows;
    result.mean_weight = weights / (double)log->rows;
    result.effective = squares > 0.0 ? weights * weights / squares : 0.0;
    result.largest_share = weights > 0.0 ? largest / weights : 0.0;
    for (uint64_t i = 0; i < log->rows; i++) {
        const double rest = weight_of(log, i) - result.mean_weight;
        spread += rest * rest;
    }
    /* Sums that round: a weight of one in every row is no warning. */
    const double error = error_of(spread, log->rows) + 1e-9;
    if (fabs(result.mean_weight - 1.0) > MEAN_ERROR * error)
        result.warnings |= RK_OFF_POLICY_WEIGHTS;
    if (result.effective < RK_LEAST_EFFECTIVE) result.warnings |= RK_OFF_POLICY_FEW;
    result.estimate[RK_IPS] = mean_of(log, RK_IPS);
    result.estimate[RK_SNIPS] = ratio_of(log, weights);
    result.estimate[RK_DM] = result.estimate[RK_DR] = (rk_estimate){NAN, NAN, NAN};
    if (log->predicted && log->expected) {
        result.estimate[RK_DM] = mean_of(log, RK_DM);
        result.estimate[RK_DR] = mean_of(log, RK_DR);
    }
    return result;
}

/* Nearest tenth, or the number as it is where it is large. */
static void add_tenths(rk_detail *text, double value) {
    if (!(value < 1e6)) {
        rk_detail_add_f32(text, (float)value);
        return;
    }
    const uint64_t tenths = (uint64_t)(value * 10.0 + 0.5);
    rk_detail_add_u64(text, tenths / 10);
    rk_detail_add(text, ".");
    rk_detail_add_u64(text, tenths % 10);
}

void rk_off_policy_warning(const rk_off_policy *result, uint64_t rows,
                           char out[RK_OFF_POLICY_TEXT]) {
    size_t used = 0;
    rk_detail part;
    if (result->warnings & RK_OFF_POLICY_FEW) {
        part = rk_detail_of("the log is worth ");
        add_tenths(&part, result->effective);
        rk_detail_add(&part, " of its ");
        rk_detail_add_u64(&part, rows);
        rk_detail_add(&part, " rows for this policy: it cannot say");
        memcpy(out, part.text, part.used);
        used = part.used;
    }
    if (result->warnings & RK_OFF_POLICY_WEIGHTS) {
        if (used > 0) memcpy(out + used, "; ", 2), used += 2;
        part = rk_detail_of("weights have a mean of ");
        add_tenths(&part, result->mean_weight);
        rk_detail_add(&part, " instead of 1: propensities or support are wrong");
        memcpy(out + used, part.text, part.used);
        used += part.used;
    }
    out[used] = '\0';
}

/* ---- a model of arms ---- */

/* Sums of one fold and arm. */
typedef struct arm_sum {
    double rows, rewards;
} arm_sum;

static double shrunk(arm_sum all, arm_sum fold, double prior, double mean) {
    return (all.rewards - fold.rewards + prior * mean) / (all.rows - fold.rows + prior);
}

bool rk_off_policy_arm_model(const uint32_t *arm, const double *reward, uint64_t rows,
                             const double *policy, uint32_t arms, uint32_t folds, double prior,
                             double *predicted, double *expected) {
    assert(folds >= 2 && prior > 0.0);
    rk_memory memory = {0};
    arm_sum *sums = RK_NEW(&memory, arm_sum, (uint64_t)(folds + 1) * (arms + 1));
    double *value = RK_NEW(&memory, double, folds);
    if (!sums || !value) {
        rk_memory_free(&memory);
        return false;
    }
    /* Row f of the table: fold f, the last: all; column `arms`: all arms. */
#define SUM(fold, arm) sums[(size_t)(fold) * (arms + 1) + (arm)]
    for (uint64_t i = 0; i < rows; i++) {
        const uint32_t fold = (uint32_t)(i % folds);
        arm_sum *into[] = {&SUM(fold, arm[i]), &SUM(fold, arms), &SUM(folds, arm[i]),
                           &SUM(folds, arms)};
        for (int k = 0; k < 4; k++) into[k]->rows += 1.0, into[k]->rewards += reward[i];
    }
    for (uint32_t f = 0; f < folds; f++) {
        const arm_sum all = SUM(folds, arms), own = SUM(f, arms);
        const double mean =
            all.rows > own.rows ? (all.rewards - own.rewards) / (all.rows - own.rows) : 0.0;
        for (uint32_t a = 0; a < arms; a++) {
            /* What the fold's rows are told of the arm, in the place of its sum. */
            SUM(f, a).rewards = shrunk(SUM(folds, a), SUM(f, a), prior, mean);
            value[f] += policy[a] * SUM(f, a).rewards;
        }
    }
    for (uint64_t i = 0; i < rows; i++) {
        predicted[i] = SUM(i % folds, arm[i]).rewards;
        expected[i] = value[i % folds];
    }
#undef SUM
    rk_memory_free(&memory);
    return true;
}
