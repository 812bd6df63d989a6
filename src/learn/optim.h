/* Steps of gradient descent, element-wise.
 *
 * Adagrad for embedding rows: J. Duchi, E. Hazan, Y. Singer, "Adaptive Subgradient Methods for
 * Online Learning and Stochastic Optimization" (2011). Rare items keep a large step, frequent ones
 * settle. Adam for small dense networks: D. Kingma and J. Ba, "Adam: A Method for Stochastic
 * Optimization" (2015), with decay apart from the gradient: I. Loshchilov and F. Hutter, "Decoupled
 * Weight Decay Regularization" (2019). */
#ifndef RK_LEARN_OPTIM_H
#define RK_LEARN_OPTIM_H

#include "base/types.h"

/* row -= rate * gradient / sqrt(accumulator + gradient^2), element-wise over n; accumulator grows.
 */
void rk_adagrad(float *row, float *accumulator, const float *gradient, size_t n, float rate);

/* Step number `step` (from 1) of Adam with beta 0.9 and 0.999 over n: first and second are the
 * moments, zero at the start. Weights also go rate * decay of their way back to `start`. */
void rk_adam(float *weights, const float *start, float *first, float *second, const float *gradient,
             size_t n, uint64_t step, float rate, float decay);

#endif
