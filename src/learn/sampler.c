#include "learn/sampler.h"

bool rk_sampler_take(const float *weights, uint32_t items, rk_memory *memory, rk_sampler *sampler) {
    *sampler = (rk_sampler){.cumulative = RK_NEW(memory, double, items), .items = items};
    if (!sampler->cumulative) return false;
    double total = 0.0;
    for (uint32_t item = 0; item < items; item++) {
        total += (double)weights[item];
        sampler->cumulative[item] = total;
    }
    for (uint32_t item = 0; item < items; item++) sampler->cumulative[item] /= total;
    return true;
}

uint32_t rk_sampler_draw(const rk_sampler *sampler, rk_rng *rng) {
    double target = rk_rng_f64(rng);
    uint32_t low = 0, high = sampler->items - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sampler->cumulative[middle] > target) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}
