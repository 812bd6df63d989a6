/* From content to vectors: ridge regression, so that an item has a vector from its first second.
 *
 *     W = g W0 + (X' D X + lambda I)^-1 X' D (E - m - g X W0),   D = diag(log(1 + n))
 *
 * X (items, features) sparse content, E (items, dim) learnt unit vectors, n an item's events, W0
 * what content alone says (content_prior.h), m the D-weighted mean of E - g X W0, and g how much of
 * E the prior explains, by least squares. So ridge shrinks to the prior instead of to nothing: with
 * no event W is W0, with few it is W0 but for features that many events speak of. g and m have
 * priors of their own, 1 and 0, worth PRIOR_WEIGHT of D. A vector learnt from n events is then
 * shrunk to what its content says,
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
    float prior;    /* g; 0 without a prior */
    uint32_t steps;
    double first_loss, last_loss; /* mean squared residual of the normal equations */
} rk_ridge_result;

/* vectors (items, dim), turned as the prior is (align_vectors.h); prior (features, dim), or NULL:
 * nothing; item_events (items). False if out of memory. */
bool rk_train_ridge(const rk_content *content, const float *prior, const float *vectors,
                    const uint32_t *item_events, uint32_t dim, const rk_ridge_params *params,
                    uint32_t threads, rk_memory *memory, rk_ridge_result *result);

/* Replaces each vector of an item with content by the shrunk one, not scaled to unit length. What
 * content says of an item is first brought to the length that it has on average: how far from zero
 * a prediction lies is more of its words' number than of its certainty. O(entries * dim). */
void rk_ridge_shrink(const rk_content *content, const rk_ridge_result *ridge,
                     const uint32_t *item_events, uint32_t dim, float prior_events, float *vectors);

#endif
