/* Vectors from content alone: what an item's vector is before anybody has met an item.
 *
 * Problem: without events there is nothing to regress on content, yet a session of one item should
 * find those that are described alike. Idea: latent semantic analysis (S. Deerwester et al.,
 * "Indexing by Latent Semantic Analysis", 1990): with X (items, features) the weighted content, V
 * the `dim` directions in which X varies most, the vector of an item is V' x. Of all maps to `dim`
 * numbers it keeps the inner products of contents best, and words that come together become one
 * direction. A random projection needs no pass over the items, but its noise (1/8 at 64 dimensions)
 * is as large as what two items have in common; src/README.md has the figures.
 *
 * V is found by subspace iteration with X'X from random signs (N. Halko, P.-G. Martinsson and J. A.
 * Tropp, "Finding Structure with Randomness", 2011): a fixed number of steps, each two sparse
 * products and an orthogonalisation by the Cholesky factor of V'V. Where X has fewer directions
 * than `dim` the others stay zero.
 *
 * Rows are then rotated as all vectors are (model/vectors.h), so that a prior and what is learnt
 * later share coordinates. Items and features are dealt to shards whole: threads change nothing.
 * Memory: (items + 2 features) * dim floats of scratch. Cost: steps * (4 entries + features * dim)
 * * dim multiply-adds. */
#ifndef RK_LEARN_CONTENT_PRIOR_H
#define RK_LEARN_CONTENT_PRIOR_H

#include "learn/content.h"

/* weights (features, dim), from `memory`: the prior vector of an item is the sum of its features'
 * rows, of length 1 in the mean of the items that have content. False if out of memory. */
bool rk_content_prior(const rk_content *content, uint32_t dim, uint64_t seed, uint32_t threads,
                      rk_memory *memory, float **weights);

#endif
