/* What the sources that ask the index share: prepare a vector, search, let the session's own items
 * join.
 *
 * The index is searched without the session's items, whose score may have more to it than a cosine
 * (`session` adds what coming back is worth); they join by their scores afterwards. So two sources
 * search the same set, and rk_vector_search_all can answer both in one pass over the codes. */
#ifndef RK_SERVE_VECTOR_SEARCH_H
#define RK_SERVE_VECTOR_SEARCH_H

#include "serve/source.h"

/* The vector (dim) of search `which`; its former answer is forgotten. beyond: what its source adds
 * to the cosine of an item the session holds, or NULL. */
void rk_vector_search_prepare(rk_query *query, uint32_t which, const float *vector,
                              float (*beyond)(const rk_query *query, uint32_t item));

/* Runs all prepared searches of a quota > 0 ahead of their sources' retrieve. */
void rk_vector_search_all(rk_query *query, const uint32_t quotas[RK_SEARCH_COUNT]);

/* A source's retrieve: the `quota` best by rk_vector_search_score. Searches unless
 * rk_vector_search_all has. */
uint32_t rk_vector_search_retrieve(rk_query *query, uint32_t which, uint32_t quota, rk_scored *out);

/* A source's score: <vector, item>, the cosine of a unit vector, and what is beyond it. */
void rk_vector_search_score(const rk_query *query, uint32_t which, const uint32_t *items,
                            uint32_t count, float *out);

/* The same by every search whose out (count) is not NULL, which has to be prepared, and by `dot`,
 * if it is not NULL, to dots (count): an item's vector is decoded once. */
void rk_vector_search_score_all(const rk_query *query, const rk_ann_vector *dot,
                                const uint32_t *items, uint32_t count,
                                float *const out[RK_SEARCH_COUNT], float *dots);

#endif
