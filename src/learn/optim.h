/* Adagrad for embedding rows: J. Duchi, E. Hazan, Y. Singer, "Adaptive Subgradient Methods for
 * Online Learning and Stochastic Optimization" (2011). Rare items keep a large step, frequent ones
 * settle. */
#ifndef RK_LEARN_OPTIM_H
#define RK_LEARN_OPTIM_H

#include "base/types.h"

/* row -= rate * gradient / sqrt(accumulator + gradient^2), element-wise over n; accumulator grows.
 */
void rk_adagrad(float *row, float *accumulator, const float *gradient, size_t n, float rate);

#endif
