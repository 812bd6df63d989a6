#include "learn/optim.h"

#include "base/fmath.h"

void rk_adagrad(float *restrict row, float *restrict accumulator, const float *restrict gradient,
                size_t n, float rate) {
    for (size_t i = 0; i < n; i++) {
        accumulator[i] += gradient[i] * gradient[i];
        row[i] -= rate * gradient[i] / (rk_sqrtf(accumulator[i]) + 1e-8f);
    }
}
