/* What the sources that ask the index share: prepare a vector, search, let the session's own items
 * join.
 *
 * The index is searched without the session's items, whose score may have more to it than a cosine
 * (`session` adds what coming back is worth); they join by their scores afterwards. So two sources
 * search the same set, and rk_vector_search_all can answer both in one pass over the codes. */
#ifndef RK_SERVE_VECTOR_SEARCH_H
#define RK_SERVE_VECTOR_SEARCH_H

#include "serve/source.h"

/* The vector (dim) of search `which`; its former answer is forgotten. */
void rk_vector_search_prepare(rk_query *query, uint32_t which, const float *vector);

/* Runs all prepared searches of a quota > 0 ahead of their sources' retrieve. */
void rk_vector_search_all(rk_query *query, const uint32_t quotas[RK_SEARCH_COUNT]);

/* A source's retrieve: the `quota` best by `score`, which for items the session does not hold is
 * rk_vector_search_score. Searches unless rk_vector_search_all has. */
uint32_t rk_vector_search_retrieve(rk_query *query, uint32_t which,
                                   float (*score)(const rk_query *query, uint32_t item),
                                   uint32_t quota, rk_scored *out);

/* <vector, item>: the cosine of a unit vector. */
static inline float rk_vector_search_score(const rk_query *query, uint32_t which, uint32_t item) {
    return rk_ann_score(query->snapshot, &query->searches[which].ann, item);
}

#endif
