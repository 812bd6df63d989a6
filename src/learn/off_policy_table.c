#include "learn/off_policy_table.h"

#include "base/bytes.h"

typedef struct table {
    uint64_t rows;
    uint32_t arms;
    const double *propensity, *target, *reward; /* (rows) */
    const double *policy;                       /* (arms) */
    const uint32_t *arm;                        /* (rows), NULL without arms */
} table;

static const double *take_f64(rk_cursor *cursor, uint64_t count) {
    return (const double *)(const void *)rk_cursor_take(cursor, count * sizeof(double));
}

static rk_status lay_out(const void *bytes, uint64_t size, table *out, rk_error *error) {
    rk_cursor cursor = rk_cursor_over(bytes, size);
    const uint64_t rows = rk_cursor_u64(&cursor), arms = rk_cursor_u64(&cursor);
    if (cursor.failed) return rk_fail(error, RK_TRUNCATED, "rows", 0, NULL);
    /* So small that no product below overflows. */
    if (rows == 0 || rows > size / sizeof(double) || arms > size / sizeof(double))
        return rk_fail_value(error, RK_VALUE_RANGE, "rows", 0, "rows", rows, size / 8);
    *out = (table){.rows = rows, .arms = (uint32_t)arms};
    out->propensity = take_f64(&cursor, rows);
    out->target = take_f64(&cursor, rows);
    out->reward = take_f64(&cursor, rows);
    out->policy = take_f64(&cursor, arms);
    if (arms > 0) {
        out->arm = (const uint32_t *)(const void *)rk_cursor_take(&cursor, rows * sizeof(uint32_t));
    }
    if (cursor.failed) return rk_fail(error, RK_TRUNCATED, "rows", size, NULL);
    if (cursor.at != cursor.end)
        return rk_fail(error, RK_TRAILING_BYTES, "rows", rk_cursor_offset(&cursor), NULL);
    return RK_OK;
}

/* Comparisons that a NaN fails. */
static bool is_share(double value) {
    return value >= 0.0 && value <= 1.0;
}
static bool is_finite(double value) {
    return value - value == 0.0;
}

static rk_status check(const table *t, rk_error *error) {
    for (uint64_t i = 0; i < t->rows; i++) {
        /* Smaller ones have no inverse in single precision, which the other readers hold. */
        if (!(is_share(t->propensity[i]) && t->propensity[i] >= 1.1754943508222875e-38))
            return rk_fail(error, RK_VALUE_RANGE, "propensity", i, NULL);
        if (!is_share(t->target[i])) return rk_fail(error, RK_VALUE_RANGE, "target", i, NULL);
        if (!is_finite(t->reward[i])) return rk_fail(error, RK_NOT_FINITE, "reward", i, NULL);
        if (t->arms > 0 && t->arm[i] >= t->arms)
            return rk_fail_value(error, RK_VALUE_RANGE, "arm", i, "arm", t->arm[i], t->arms);
    }
    for (uint32_t a = 0; a < t->arms; a++)
        if (!is_share(t->policy[a])) return rk_fail(error, RK_VALUE_RANGE, "policy", a, NULL);
    return RK_OK;
}

rk_status rk_off_policy_table_estimate(const void *bytes, uint64_t size, rk_memory *memory,
                                       rk_off_policy *out, uint64_t *rows, rk_error *error) {
    table t;
    RK_TRY(lay_out(bytes, size, &t, error));
    RK_TRY(check(&t, error));
    rk_off_policy_log log = {
        .rows = t.rows, .propensity = t.propensity, .target = t.target, .reward = t.reward};
    if (t.arms > 0) {
        double *predicted = RK_NEW(memory, double, t.rows);
        double *expected = RK_NEW(memory, double, t.rows);
        if (!predicted || !expected ||
            !rk_off_policy_arm_model(t.arm, t.reward, t.rows, t.policy, t.arms, RK_OFF_POLICY_FOLDS,
                                     RK_OFF_POLICY_PRIOR, predicted, expected))
            return rk_fail(error, RK_OUT_OF_MEMORY, "", 0, NULL);
        log.predicted = predicted, log.expected = expected;
    }
    *out = rk_off_policy_estimate(&log);
    *rows = t.rows;
    return RK_OK;
}
