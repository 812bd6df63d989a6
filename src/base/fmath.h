/* Own elementary functions, so that every host computes the same bits: hardware gives only
 * + - x / and sqrt. Single precision in, single precision out. Every function is computed in double
 * and rounded once: the error is at most 0.51 ulp, subnormal results included
 * (tests/unit/test_fmath.c asserts it over the whole range; the largest found is 0.500004).
 *
 * Conventions: no errno, no traps; NaN in, NaN out; overflow gives +inf, underflow gives 0. */
#ifndef RK_BASE_FMATH_H
#define RK_BASE_FMATH_H

#include "base/types.h"

float rk_sqrtf(float x);
double rk_sqrt(double x);
/* In double, for sums of many logarithms: within 1e-12 of the value (|x| <= 700), and within 1e-15
 * of it or of 1 (x normal and positive). Another x is the caller's mistake. */
double rk_exp_f64(double x);
double rk_log_f64(double x);
float rk_expf(float x);
float rk_exp2f(float x);         /* exact at integers */
float rk_logf(float x);          /* log(0) = -inf, x < 0 -> NaN */
float rk_log2f(float x);         /* exact at powers of two */
float rk_powf(float x, float y); /* x >= 0, else NaN; 0^0 = 1 */
float rk_sinf(float x);          /* |x| <= 1e5; some angle above 2^30 */
float rk_cosf(float x);
float rk_tanhf(float x);
float rk_sigmoidf(float x); /* 1 / (1 + exp(-x)) */

bool rk_is_finite_f32(float x);
float rk_floorf(float x);
/* Round half to even, saturate to the type, NaN -> 0. */
int32_t rk_round_i32(float x);
int16_t rk_round_i16(float x);
int8_t rk_round_i8(float x);

#endif
