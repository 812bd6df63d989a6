/* Trained vectors to the codes a snapshot stores: normalise, centre, rotate, encode. */
#ifndef RK_LEARN_BUILD_VECTORS_H
#define RK_LEARN_BUILD_VECTORS_H

#include "learn/memory.h"
#include "model/vectors.h"

typedef struct rk_vector_table {
    float *mean; /* (dim) rotated */
    rk_vector_factor *factors;
    uint8_t *cells, *low;
} rk_vector_table;

/* vectors (items, dim); known (items): rows of 0 stand for nothing learnt and get the mean, so that
 * they never come near a query by chance. `seed` names the rotation. False if out of memory. */
bool rk_build_vectors(const float *vectors, const uint32_t *known, uint32_t items, uint32_t dim,
                      uint64_t seed, rk_memory *memory, rk_vector_table *table);

#endif
