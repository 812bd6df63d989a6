/* From content to vectors: ridge regression, so that an item has a vector from its first second.
 *
 *     W = (X' D X + lambda I)^-1 X' D (E - m),   D = diag(log(1 + n))
 *
 * X (items, features) sparse content, E (items, dim) learnt unit vectors, n an item's events, m
 * their D-weighted mean. A vector learnt from n events is then shrunk to what its content says,
 *
 *     served = alpha E + (1 - alpha) (m + W x),   alpha = n / (n + n0),
 *
 * so that an item glides from its content to its history (I. Schein et al., "Methods and Metrics
 * for Cold-Start Recommendations", 2002, for the problem).
 *
 * Solved by conjugate gradients (M. Hestenes and E. Stiefel, 1952) for all dim columns at once: a
 * product with X is cheap, X' D X of 50,000 features would not fit. Rows and columns are dealt to
 * shards whole, so threads change nothing. Cost: iterations * entries * dim * 2 multiply-adds. */
#ifndef RK_LEARN_TRAIN_RIDGE_H
#define RK_LEARN_TRAIN_RIDGE_H

#include "learn/content.h"
#include "learn/parallel.h"

typedef struct rk_ridge_params {
    float lambda;
    float prior_events; /* n0 */
    uint32_t iterations;
} rk_ridge_params;

typedef struct rk_ridge_result {
    float *weights; /* (features, dim) W */
    float *mean;    /* (dim) m */
    uint32_t steps;
    double first_loss, last_loss; /* mean squared residual of the normal equations */
} rk_ridge_result;

/* vectors (items, dim); item_events (items). False if out of memory. */
bool rk_train_ridge(const rk_content *content, const float *vectors, const uint32_t *item_events,
                    uint32_t dim, const rk_ridge_params *params, uint32_t threads,
                    rk_memory *memory, rk_ridge_result *result);

/* Replaces each vector of an item with content by the shrunk one, scaled to unit length. O(entries
 * * dim). */
void rk_ridge_shrink(const rk_content *content, const rk_ridge_result *ridge,
                     const uint32_t *item_events, uint32_t dim, float prior_events, float *vectors);

#endif
