/* From a request to scored candidates (retrieval.c), over an engine's scratch. */
#ifndef RK_SERVE_RETRIEVAL_H
#define RK_SERVE_RETRIEVAL_H

#include "serve/engine_state.h"

/* A query over the engine's scratch, its session read. rk_query_end must follow. */
rk_query rk_query_begin(rk_engine *engine, const rk_request *request);
/* Undoes the session and the sources: every dense array is zero again. */
void rk_query_end(rk_engine *engine, const rk_request *request, const rk_query *query);

/* Candidates of every available source, merged. Returns the sources that took part, a bit each. */
uint32_t rk_retrieve(rk_engine *engine, rk_query *query);

/* Scores by `sources`, a bit each, of the candidates at `count` of engine->places. */
void rk_score_places(rk_engine *engine, const rk_query *query, uint32_t sources, uint32_t count);

/* Scores of all candidates by the sources that search the index, and the first stage's dot products
 * (engine->first_dots): no vector is decoded twice, also not those that the searches have decoded.
 * Scoring by these sources is done then. query->first is set. */
void rk_score_vectors(rk_engine *engine, rk_query *query);

/* engine->blends of all candidates. Returns the sources that the blend weighs: all candidates have
 * their scores then, the other sources' only where these brought them. */
uint32_t rk_blend(rk_engine *engine, const rk_query *query, uint32_t available);

#endif
