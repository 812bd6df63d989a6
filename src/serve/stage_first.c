/* First stage: all candidates to those worth the second stage's time, by the score distilled from
 * it (model/rank_first.h). */
#include "model/rank_first.h"

#include "serve/stages.h"

uint32_t rk_stage_select(rk_engine *engine, const float *scores, uint32_t count) {
    const rk_candidates *candidates = &engine->candidates;
    for (uint32_t i = 0; i < candidates->count; i++)
        engine->final[i] = (rk_scored){.score = scores[i], .item = candidates->item[i]};
    count = RK_MIN(candidates->count, count);
    if (count == 0) return 0;
    rk_select_scored(engine->final, candidates->count, count);
    rk_sort_scored(engine->final, count);
    for (uint32_t i = 0; i < count; i++)
        engine->places[i] = candidates->slot[engine->final[i].item] - 1u;
    return count;
}

/* The vector of a search whose source takes part. */
static const float *vector_of(const rk_query *query, uint32_t available, uint32_t which,
                              uint32_t source) {
    return available >> source & 1u ? query->searches[which].vector : NULL;
}

void rk_stage_first_begin(rk_engine *engine, rk_query *query, uint32_t available) {
    rk_first_stage stage = rk_first_stage_of(&engine->content);
    float vector[RK_MAX_DIM];
    rk_first_query(&stage, vector_of(query, available, RK_SEARCH_SESSION, RK_SOURCE_SESSION),
                   vector_of(query, available, RK_SEARCH_USER, RK_SOURCE_USER), vector);
    rk_ann_prepare_vector(&engine->content, vector, &engine->first);
    query->first = &engine->first;
    query->first_by_item = engine->first_by_item;
}

uint32_t rk_stage_first(rk_engine *engine, const rk_query *query, uint32_t keep) {
    const rk_candidates *candidates = &engine->candidates;
    rk_first_stage stage = rk_first_stage_of(&engine->content);
    rk_features_retrieval(engine->features, query, candidates, engine->blends,
                          engine->first_inputs);
    rk_first_scores(&stage, candidates->item, engine->first_dots, engine->first_inputs,
                    candidates->count, engine->first_scores);
    rk_stage_order_new(engine, NULL, candidates->count, 0, engine->first_scores, NULL, NULL, 0);
    return rk_stage_select(engine, engine->first_scores, keep);
}
