/* Elementary functions whose bits are the same on every host.
 *
 * Problem: libm differs between glibc, musl, macOS and browsers in the last bit, and one bit is
 * enough to reorder a list. IEEE 754 fixes + - * / and sqrt only.
 * Idea: everything is single precision outside and double inside. A double has 29 bits more than
 * the answer needs, so a short polynomial with an error near 1e-13 and plain rounding errors of
 * 1e-16 leave an answer that is nearly always correctly rounded, with no two-part arithmetic. The
 * polynomials are Taylor series with coefficients the compiler computes from small integers: a
 * minimax fit would save two terms of about ten and cost a table of numbers nobody can check.
 *
 * Argument reductions are the textbook ones (Cody, Waite: "Software Manual for the Elementary
 * Functions", 1980; Muller: "Elementary Functions", 3rd ed. 2016):
 *     exp   x = k ln2 + r, |r| <= ln2 / 2          e^x = 2^k (1 + p(r))
 *     log   x = 2^k m, sqrt(1/2) <= m < sqrt(2)    s = (m-1)/(m+1), log m = 2 (s + s^3/3 + ...)
 *     pow   2^(y log2 x), in double throughout
 *     sin   x = q pi/2 + r, |r| <= pi / 4          pi/2 in two parts, the first of 33 bits
 *     tanh  from e^2x - 1, which 1 + p(r) gives without cancellation
 *
 * Invariants: no contraction (-ffp-contract=off), round to nearest, subnormals kept; a product or
 * sum is written in the order in which it is to be rounded. */
#include "base/fmath.h"

#define INF_F32 (__builtin_inff())
#define NAN_F32 (__builtin_nanf(""))

static const double ln2 = 0x1.62e42fefa39efp-1;
static const double log2_e = 0x1.71547652b82fep+0;
// 1.5 * 2^52: adding it leaves no room for a fraction, so the sum is rounded half to even.
static const double round_magic = 0x1.8p52;

/* |x| < 2^51. */
static double round_to_integer(double x) {
    return (x + round_magic) - round_magic;
}

/* 2^k for -1022 <= k <= 1023. */
static double power_of_two(int32_t k) {
    const uint64_t bits = (uint64_t)(1023 + k) << 52;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* e^r - 1 for |r| <= 0.35: r + r^2/2! + ... + r^10/10!; what is left out is below 3e-13 of it. */
static double exp_minus_1_near_0(double r) {
    double p = 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    return r + r * r * p;
}

/* e^x for |x| <= 700, and e^x - 1 without loss near 0. */
static double exp_f64(double x, double *minus_1) {
    const double k = round_to_integer(x * log2_e);
    // k has 8 bits where the result matters, so k * ln2 in one double costs under 1e-14 absolute.
    const double p = exp_minus_1_near_0(x - k * ln2);
    const double scale = power_of_two((int32_t)k);
    *minus_1 = scale * p + (scale - 1.0);
    return scale + scale * p;
}

/* 2^x for |x| <= 1000; exact at integers. */
static double exp2_f64(double x) {
    const double k = round_to_integer(x);
    const double scale = power_of_two((int32_t)k);
    return scale + scale * exp_minus_1_near_0((x - k) * ln2);
}

/* x = 2^k m with m in [sqrt(1/2), sqrt(2)); returns log m. x is positive, finite and a normal
 * double, as every float is. log m and k never have opposite signs large enough to cancel:
 * |log m| <= ln2 / 2. */
static double log_f64(double x, double *k) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint64_t sqrt_half = UINT64_C(0x3FE6A09E667F3BCD);
    const uint64_t shifted = bits - sqrt_half; // wraps for x < sqrt(1/2): exponent is negative
    const int64_t exponent = (int64_t)(shifted & UINT64_C(0xFFF0000000000000)) / (INT64_C(1) << 52);
    const uint64_t mantissa = (shifted & UINT64_C(0x000FFFFFFFFFFFFF)) + sqrt_half;
    double m;
    memcpy(&m, &mantissa, sizeof m);
    *k = (double)exponent;
    // |s| <= 0.1716: after s^19/19 what is left out is below 4e-16 of the sum.
    const double s = (m - 1.0) / (m + 1.0);
    const double z = s * s;
    double p = 1.0 / 19;
    p = p * z + 1.0 / 17;
    p = p * z + 1.0 / 15;
    p = p * z + 1.0 / 13;
    p = p * z + 1.0 / 11;
    p = p * z + 1.0 / 9;
    p = p * z + 1.0 / 7;
    p = p * z + 1.0 / 5;
    p = p * z + 1.0 / 3;
    return 2.0 * (s + s * z * p);
}

double rk_exp_f64(double x) {
    assert(x >= -700.0 && x <= 700.0);
    double minus_1;
    return exp_f64(x, &minus_1);
}

double rk_log_f64(double x) {
    assert(x >= 0x1p-1022 && x <= 0x1p1023);
    double k;
    const double log_m = log_f64(x, &k);
    return k * ln2 + log_m;
}

float rk_sqrtf(float x) {
    return __builtin_sqrtf(x);
}

double rk_sqrt(double x) {
    return __builtin_sqrt(x);
}

float rk_expf(float x) {
    if (x != x) return x;
    if (x > 88.73f) return INF_F32; // log(FLT_MAX) = 88.7228
    if (x < -104.0f) return 0.0f;   // log(2^-150) = -103.97
    double minus_1;
    return (float)exp_f64((double)x, &minus_1);
}

float rk_exp2f(float x) {
    if (x != x) return x;
    if (x >= 128.0f) return INF_F32;
    if (x < -150.0f) return 0.0f;
    return (float)exp2_f64((double)x);
}

float rk_logf(float x) {
    if (x != x || x < 0.0f) return NAN_F32;
    if (x == 0.0f) return -INF_F32;
    if (x == INF_F32) return x;
    double k;
    const double log_m = log_f64(x, &k);
    return (float)(k * ln2 + log_m);
}

float rk_log2f(float x) {
    if (x != x || x < 0.0f) return NAN_F32;
    if (x == 0.0f) return -INF_F32;
    if (x == INF_F32) return x;
    double k;
    const double log_m = log_f64(x, &k);
    return (float)(k + log_m * log2_e);
}

/* x^y for x in {0, inf} or y in {-inf, inf}. */
static float pow_at_limits(float x, float y) {
    if (x == 1.0f || y == 0.0f) return 1.0f;
    const bool large = x > 1.0f;
    return large == (y > 0.0f) ? INF_F32 : 0.0f;
}

float rk_powf(float x, float y) {
    if (x != x || y != y || x < 0.0f) return NAN_F32;
    if (x == 0.0f || x == INF_F32 || !rk_is_finite_f32(y)) return pow_at_limits(x, y);
    double k;
    const double log_m = log_f64(x, &k);
    // |log2 x| has 1e-15 of relative error and only |exponent| <= 150 gives a number: the result's
    // relative error stays below 2e-13.
    const double exponent = (double)y * (k + log_m * log2_e);
    if (exponent >= 128.0) return INF_F32;
    if (exponent < -150.0) return 0.0f;
    return (float)exp2_f64(exponent);
}

/* sin r for |r| <= 0.79, to r^15/15!: below 1e-16. */
static double sin_near_0(double r) {
    const double z = r * r;
    double p = -1.0 / 1307674368000;
    p = p * z + 1.0 / 6227020800;
    p = p * z - 1.0 / 39916800;
    p = p * z + 1.0 / 362880;
    p = p * z - 1.0 / 5040;
    p = p * z + 1.0 / 120;
    p = p * z - 1.0 / 6;
    return r + r * z * p;
}

/* cos r for |r| <= 0.79, to r^14/14!: below 1e-15. */
static double cos_near_0(double r) {
    const double z = r * r;
    double p = -1.0 / 87178291200;
    p = p * z + 1.0 / 479001600;
    p = p * z - 1.0 / 3628800;
    p = p * z + 1.0 / 40320;
    p = p * z - 1.0 / 720;
    p = p * z + 1.0 / 24;
    p = p * z - 0.5;
    return 1.0 + z * p;
}

/* sin(x + quarter_turns * pi/2). */
static float sin_f64(float x, int64_t quarter_turns) {
    if (!rk_is_finite_f32(x)) return NAN_F32;
    // A float above 2^30 is a multiple of 64: its angle means nothing, so any fixed one will do.
    const double angle = x > 0x1p30f || x < -0x1p30f ? 0.0 : (double)x;
    // pi/2 = first + second; first has 33 bits, so q * first is exact while q has 20, and the
    // second part's own error is 2^-87 a quarter turn.
    const double first = 0x1.921fb544p+0, second = 0x1.0b4611a626331p-34;
    const double q = round_to_integer(angle * 0x1.45f306dc9c883p-1);
    const double r = (angle - q * first) - q * second;
    switch (((uint64_t)(int64_t)q + (uint64_t)quarter_turns) & 3) {
    case 0: return (float)sin_near_0(r);
    case 1: return (float)cos_near_0(r);
    case 2: return (float)-sin_near_0(r);
    default: return (float)-cos_near_0(r);
    }
}

float rk_sinf(float x) {
    return sin_f64(x, 0);
}

float rk_cosf(float x) {
    return sin_f64(x, 1);
}

float rk_tanhf(float x) {
    if (x != x) return x;
    if (x > 20.0f) return 1.0f; // 1 - tanh x < 2^-25 from 9.01 on
    if (x < -20.0f) return -1.0f;
    double minus_1; // e^2x - 1
    exp_f64(2.0 * (double)x, &minus_1);
    return (float)(minus_1 / (minus_1 + 2.0));
}

float rk_sigmoidf(float x) {
    if (x != x) return x;
    if (x < -104.0f) return 0.0f; // e^x < 2^-150
    if (x > 104.0f) return 1.0f;
    double minus_1;
    return (float)(1.0 / (1.0 + exp_f64(-(double)x, &minus_1)));
}

bool rk_is_finite_f32(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits & 0x7F800000u) != 0x7F800000u;
}

/* By conversion, not __builtin_floorf: without SSE4.1 that one is a call into libm. */
float rk_floorf(float x) {
    // From 2^23 on every float is an integer; NaN fails the comparison too. -0 stays -0.
    if (!(x > -0x1p23f && x < 0x1p23f) || x == 0.0f) return x;
    const float truncated = (float)(int32_t)x;
    return truncated > x ? truncated - 1.0f : truncated;
}

int32_t rk_round_i32(float x) {
    if (x != x) return 0;
    if (x >= 0x1p31f) return INT32_MAX;
    if (x <= -0x1p31f) return INT32_MIN;
    return (int32_t)round_to_integer((double)x);
}

int16_t rk_round_i16(float x) {
    const int32_t rounded = rk_round_i32(x);
    return (int16_t)RK_MAX(INT16_MIN, RK_MIN(INT16_MAX, rounded));
}

int8_t rk_round_i8(float x) {
    const int32_t rounded = rk_round_i32(x);
    return (int8_t)RK_MAX(INT8_MIN, RK_MIN(INT8_MAX, rounded));
}
