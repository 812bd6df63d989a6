/* Elementary functions: error in ulp against libm's doubles, exact points, limits, rounding. */
#include "check.h"

#include "base/fmath.h"
#include "base/rng.h"

#include <float.h>
#include <math.h>

/* What fmath.h promises. */
#define BOUND_ULP 0.51

static float from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* In units of the spacing of floats at `exact`, subnormals included. NaN for NaN and infinity for
 * what rounds to infinity count as no error; anything else there is an infinite one. */
static double ulp_error(float got, double exact) {
    if (isnan(exact) || isnan(got)) return isnan(exact) && isnan(got) ? 0.0 : HUGE_VAL;
    const float nearest = (float)exact;
    if (isinf(nearest) || isinf(got)) return nearest == got ? 0.0 : HUGE_VAL;
    int exponent;
    frexp(exact, &exponent);
    return fabs((double)got - exact) / ldexp(1.0, exponent > -125 ? exponent - 24 : -149);
}

static double sigmoid(double x) {
    return 1.0 / (1.0 + exp(-x));
}

/* All floats up to `limit` in size, of both signs, subnormals and infinities too, every 4093rd. */
static void assert_error(const char *name, float (*function)(float), double (*exact)(double),
                         float limit) {
    double worst = 0.0;
    float at = 0.0f;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 4093) {
        const float x = from_bits((uint32_t)bits);
        if (!(fabsf(x) <= limit)) continue;
        const double error = ulp_error(function(x), exact((double)x));
        if (error > worst) worst = error, at = x;
    }
    print_message("%-8s %.5f ulp at %a\n", name, worst, (double)at);
    assert_true(worst <= BOUND_ULP);
}

static void errors_over_the_whole_range(void **state) {
    (void)state;
    assert_error("exp", rk_expf, exp, INFINITY);
    assert_error("exp2", rk_exp2f, exp2, INFINITY);
    assert_error("log", rk_logf, log, INFINITY);
    assert_error("log2", rk_log2f, log2, INFINITY);
    assert_error("sin", rk_sinf, sin, 1e5f);
    assert_error("cos", rk_cosf, cos, 1e5f);
    assert_error("tanh", rk_tanhf, tanh, INFINITY);
    assert_error("sigmoid", rk_sigmoidf, sigmoid, INFINITY);
}

/* Most floats are tiny or huge; here every value of x is equally likely. */
static void errors_where_the_functions_live(void **state) {
    (void)state;
    static const struct {
        const char *name;
        float (*function)(float);
        double (*exact)(double);
        double low, high;
    } ranges[] = {
        {"exp", rk_expf, exp, -104, 89},        {"exp2", rk_exp2f, exp2, -151, 129},
        {"log", rk_logf, log, 0.5, 2},          {"log2", rk_log2f, log2, 0.5, 2},
        {"sin", rk_sinf, sin, -100000, 100000}, {"cos", rk_cosf, cos, -100000, 100000},
        {"tanh", rk_tanhf, tanh, -10, 10},      {"sigmoid", rk_sigmoidf, sigmoid, -105, 20},
    };
    rk_rng rng = rk_rng_at(test_seed(), 0);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        for (int k = 0; k < 200000; k++) {
            const double width = ranges[i].high - ranges[i].low;
            const float x = (float)(ranges[i].low + width * rk_rng_f64(&rng));
            const double error = ulp_error(ranges[i].function(x), ranges[i].exact((double)x));
            if (error <= BOUND_ULP) continue;
            fail_msg("%s(%a): %g ulp", ranges[i].name, (double)x, error);
        }
    }
}

static void pow_error(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 1);
    double worst = 0.0;
    for (int i = 0; i < 1000000; i++) {
        const float x = from_bits(rk_rng_u32(&rng) & 0x7FFFFFFF);
        if (!(x <= FLT_MAX)) continue;
        // Half of the time a y for which the result is a number, however large or small x is.
        const double spread = 300.0 * rk_rng_f64(&rng) - 150.0;
        const float y = (float)(i % 2 ? spread / log2((double)x) : spread / 10.0);
        if (isnan(y)) continue;
        const double error = ulp_error(rk_powf(x, y), pow((double)x, (double)y));
        if (error > BOUND_ULP) fail_msg("pow(%a, %a): %g ulp", (double)x, (double)y, error);
        worst = fmax(worst, error);
    }
    print_message("%-8s %.5f ulp\n", "pow", worst);
}

static void powers_of_two_are_exact(void **state) {
    (void)state;
    for (int k = -149; k < 128; k++) {
        const float power = (float)ldexp(1.0, k);
        assert_true(rk_exp2f((float)k) == power);
        assert_true(rk_log2f(power) == (float)k);
        assert_true(rk_powf(2.0f, (float)k) == power);
    }
    assert_true(rk_expf(0.0f) == 1.0f && rk_logf(1.0f) == 0.0f && rk_cosf(0.0f) == 1.0f);
    assert_true(rk_sinf(0.0f) == 0.0f && rk_tanhf(0.0f) == 0.0f && rk_sigmoidf(0.0f) == 0.5f);
}

static void limits(void **state) {
    (void)state;
    float (*const functions[])(float) = {rk_sqrtf, rk_expf, rk_exp2f, rk_logf,     rk_log2f,
                                         rk_sinf,  rk_cosf, rk_tanhf, rk_sigmoidf, rk_floorf};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        assert_true(isnan(functions[i](NAN)));
    }
    assert_true(rk_logf(0.0f) == -INFINITY && rk_logf(-0.0f) == -INFINITY);
    assert_true(rk_log2f(0.0f) == -INFINITY && rk_log2f(-0.0f) == -INFINITY);
    assert_true(isnan(rk_logf(-1.0f)) && isnan(rk_log2f(-FLT_TRUE_MIN)) &&
                isnan(rk_logf(-INFINITY)));
    assert_true(rk_expf(89.0f) == INFINITY && rk_expf(-104.5f) == 0.0f);
    assert_true(rk_exp2f(128.0f) == INFINITY && rk_exp2f(-151.0f) == 0.0f);
    assert_true(isnan(rk_sinf(INFINITY)) && isnan(rk_cosf(-INFINITY)));
    assert_true(rk_tanhf(30.0f) == 1.0f && rk_tanhf(-INFINITY) == -1.0f);
    assert_true(rk_sigmoidf(INFINITY) == 1.0f && rk_sigmoidf(-INFINITY) == 0.0f);
    // Beyond 2^30 an angle has no meaning, but the answer stays one.
    for (float x = 1e5f; x <= 1e38f; x *= 1.7f) {
        assert_true(fabsf(rk_sinf(x)) <= 1.0f && fabsf(rk_cosf(-x)) <= 1.0f);
    }
}

static void pow_limits(void **state) {
    (void)state;
    static const float values[] = {0.0f, 0x1p-140f, 0.5f, 1.0f, 1.5f, 3e38f, INFINITY};
    static const float powers[] = {-INFINITY, -3e38f, -2.5f, -1.0f, -1e-40f, 0.0f,
                                   1e-40f,    1.0f,   3.0f,  3e38f, INFINITY};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        for (size_t j = 0; j < sizeof powers / sizeof powers[0]; j++) {
            const double exact = pow((double)values[i], (double)powers[j]);
            assert_true(ulp_error(rk_powf(values[i], powers[j]), exact) <= BOUND_ULP);
        }
        assert_true(isnan(rk_powf(values[i], NAN))); // unlike libm: NaN in, NaN out
        assert_true(isnan(rk_powf(NAN, values[i])));
    }
    assert_true(rk_powf(0.0f, 0.0f) == 1.0f);
    assert_true(rk_powf(-0.0f, 2.0f) == 0.0f);
    assert_true(isnan(rk_powf(-1.0f, 2.0f)));
}

static void square_roots_and_floors(void **state) {
    (void)state;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 4093) {
        const float x = from_bits((uint32_t)bits);
        assert_int_equal(rk_is_finite_f32(x), isfinite(x) != 0);
        if (isnan(x)) continue;
        const float down = rk_floorf(x), exact_down = floorf(x);
        assert_memory_equal(&down, &exact_down, sizeof down); // the sign of zero too
        if (x < 0.0f) continue;
        assert_true(rk_sqrtf(x) == sqrtf(x));
        assert_true(rk_sqrt((double)x * 3.7) == sqrt((double)x * 3.7));
    }
    assert_true(rk_floorf(-0.25f) == -1.0f && rk_floorf(-7.0f) == -7.0f);
    assert_true(rk_is_finite_f32(FLT_MAX) && rk_is_finite_f32(-0.0f));
    assert_false(rk_is_finite_f32(INFINITY) || rk_is_finite_f32(-INFINITY));
    assert_false(rk_is_finite_f32(NAN) || rk_is_finite_f32(from_bits(0xFF800001)));
}

/* Half to even by the remainder, in integers; |x| < 2^40. */
static int64_t round_by_hand(double x) {
    const int64_t down = (int64_t)floor(x);
    const double rest = x - (double)down;
    return down + (rest > 0.5 || (rest == 0.5 && (down & 1)));
}

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

static void assert_rounds(float x) {
    const int64_t exact = round_by_hand((double)x);
    assert_int_equal(rk_round_i32(x), clamp(exact, INT32_MIN, INT32_MAX));
    assert_int_equal(rk_round_i16(x), clamp(exact, INT16_MIN, INT16_MAX));
    assert_int_equal(rk_round_i8(x), clamp(exact, INT8_MIN, INT8_MAX));
}

static void rounding(void **state) {
    (void)state;
    for (int half = -70000; half <= 70000; half++) {
        const float x = (float)half * 0.5f; // ties at every other one
        assert_rounds(x);
        assert_rounds(nextafterf(x, INFINITY));
        assert_rounds(nextafterf(x, -INFINITY));
    }
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 4093) {
        const float x = from_bits((uint32_t)bits);
        if (fabsf(x) < 0x1p40f) assert_rounds(x);
    }
    assert_rounds(0x1p31f);
    assert_rounds(-0x1p31f);
    assert_rounds(nextafterf(0x1p31f, 0.0f));
    assert_int_equal(rk_round_i32(INFINITY), INT32_MAX);
    assert_int_equal(rk_round_i32(-INFINITY), INT32_MIN);
    assert_int_equal(rk_round_i16(INFINITY), INT16_MAX);
    assert_int_equal(rk_round_i8(-1e30f), INT8_MIN);
    assert_int_equal(rk_round_i32(NAN), 0);
    assert_int_equal(rk_round_i16(NAN), 0);
    assert_int_equal(rk_round_i8(NAN), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_over_the_whole_range),
        cmocka_unit_test(errors_where_the_functions_live),
        cmocka_unit_test(pow_error),
        cmocka_unit_test(powers_of_two_are_exact),
        cmocka_unit_test(limits),
        cmocka_unit_test(pow_limits),
        cmocka_unit_test(square_roots_and_floors),
        cmocka_unit_test(rounding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
