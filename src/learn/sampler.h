/* Draws items with probabilities proportional to given weights. */
#ifndef RK_LEARN_SAMPLER_H
#define RK_LEARN_SAMPLER_H

#include "base/rng.h"
#include "learn/memory.h"

typedef struct rk_sampler {
    double *cumulative; /* (items) of the weights' shares, ascending to 1 */
    uint32_t items;
} rk_sampler;

/* weights (items) >= 0, not all zero. False if out of memory. */
bool rk_sampler_take(const float *weights, uint32_t items, rk_memory *memory, rk_sampler *sampler);

/* An item of positive weight. O(log items). */
uint32_t rk_sampler_draw(const rk_sampler *sampler, rk_rng *rng);

#endif
