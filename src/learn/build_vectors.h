/* Trained vectors to the codes a snapshot stores: normalise and rotate, train on, centre, encode.
 */
#ifndef RK_LEARN_BUILD_VECTORS_H
#define RK_LEARN_BUILD_VECTORS_H

#include "learn/memory.h"
#include "model/vectors.h"

typedef struct rk_vector_table {
    float *mean; /* (dim) rotated */
    rk_vector_factor *factors;
    uint8_t *cells, *low;
} rk_vector_table;

/* vectors (items, dim) in place: each row to unit length and rotated (rk_vector_rotate with
 * `seed`); where known (items) is 0 or a row has no length, zeros: nothing is learnt of the item.
 * O(items * dim log dim). */
void rk_rotate_vectors(float *vectors, const uint32_t *known, uint32_t items, uint32_t dim,
                       uint64_t seed);

/* Codes of unit, rotated vectors (items, dim). Zero rows stand for nothing learnt and get the mean,
 * so that they never come near a query by chance. False if out of memory. */
bool rk_build_vectors(const float *vectors, uint32_t items, uint32_t dim, rk_memory *memory,
                      rk_vector_table *table);

#endif
