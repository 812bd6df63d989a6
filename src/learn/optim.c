#include "learn/optim.h"

#include "base/fmath.h"

void rk_adagrad(float *restrict row, float *restrict accumulator, const float *restrict gradient,
                size_t n, float rate) {
    for (size_t i = 0; i < n; i++) {
        accumulator[i] += gradient[i] * gradient[i];
        row[i] -= rate * gradient[i] / (rk_sqrtf(accumulator[i]) + 1e-8f);
    }
}

#define BETA_1 0.9f
#define BETA_2 0.999f

/* beta^step for a step of any size: by squaring, in double. */
static double power(double beta, uint64_t step) {
    double result = 1.0;
    for (; step; step >>= 1, beta *= beta) {
        if (step & 1u) result *= beta;
    }
    return result;
}

/* The root is the hardware's, written so that the loop vectorises. */
void rk_adam(float *restrict weights, const float *restrict start, float *restrict first,
             float *restrict second, const float *restrict gradient, size_t n, uint64_t step,
             float rate, float decay) {
    const double unbias_1 = 1.0 - power((double)BETA_1, step);
    const double unbias_2 = 1.0 - power((double)BETA_2, step);
    const float stride = (float)((double)rate * rk_sqrt(unbias_2) / unbias_1);
    const float back = rate * decay;
    for (size_t i = 0; i < n; i++) {
        first[i] = BETA_1 * first[i] + (1.0f - BETA_1) * gradient[i];
        second[i] = BETA_2 * second[i] + (1.0f - BETA_2) * (gradient[i] * gradient[i]);
        weights[i] -= stride * first[i] / (__builtin_sqrtf(second[i]) + 1e-8f) +
                      back * (weights[i] - start[i]);
    }
}
