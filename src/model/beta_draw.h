/* Draws from Beta distributions, the same bits in every host.
 *
 * Problem: a posterior of an arm is sampled hundreds of times, with parameters from a fraction (a
 * weak prior) to 2^30 (an old arm), by arithmetic that native code and WebAssembly share.
 * Idea: the rejection algorithms BB (both parameters above 1) and BC of R. C. H. Cheng ("Generating
 * beta variates with nonintegral shape parameters", Communications of the ACM 21, 1978): a logit of
 * one uniform number is scaled so that it covers the Beta distribution closely, and a second one
 * decides. Exact, at 1.0 to 1.8 attempts on average whatever the parameters; two gamma variates
 * (the textbook way) cost twice as much. Logarithms are those of base/fmath.h in double: what is
 * compared are differences of sums of the order of the parameters, which single precision cannot
 * tell apart from 10^6 on.
 *
 * Cost: some 100 ns a draw, 250 at worst in WebAssembly (tests/bench/bandit_cost.csv). Uses 4 words
 * of the generator an attempt. */
#ifndef RK_MODEL_BETA_DRAW_H
#define RK_MODEL_BETA_DRAW_H

#include "base/rng.h"

typedef struct rk_beta {
    double alpha, beta;
} rk_beta;

#define RK_BETA_LEAST 0x1p-6
#define RK_BETA_MOST  0x1p32

/* out (count), each in [0, 1]. Both parameters within RK_BETA_LEAST to RK_BETA_MOST. */
void rk_beta_draw(rk_beta beta, rk_rng *rng, float *out, uint32_t count);

#endif
