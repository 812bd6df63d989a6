/* Final ranking: the ranked candidates in the order that the request's rules make (rules.h). */
#include "serve/retrieval.h"
#include "serve/rules.h"
#include "serve/stages.h"

static uint32_t place_of(const rk_engine *engine, uint32_t item) {
    return engine->candidates.slot[item] - 1u;
}

/* What the explore source brought: an explore slot may take it however low it ranks. */
static uint32_t list_explore(const rk_engine *engine, uint32_t *items) {
    const rk_candidates *candidates = &engine->candidates;
    uint32_t count = 0;
    for (uint32_t i = 0; i < candidates->count && count < RK_RULES_MAX_EXPLORE; i++) {
        if (candidates->sources[i] >> RK_SOURCE_EXPLORE & 1u) items[count++] = candidates->item[i];
    }
    return count;
}

/* What rules put into the list and the last stage has not ranked, a pin that it left behind or an
 * explored item, is asked of the same stage, so that what is answered of an item does not depend on
 * how it came in. */
static void rank_rest(rk_engine *engine, const rk_query *query, uint32_t unscored, uint32_t ranked,
                      uint32_t count) {
    uint32_t more = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (engine->ruled[i].place == 0)
            engine->places[ranked + more++] = place_of(engine, engine->ruled[i].item);
    }
    if (more == 0) return;
    if (engine->funnel.stages == RK_STAGES_SECOND)
        rk_stage_second_more(engine, query, ranked, more);
    if (engine->funnel.stages == RK_STAGES_RETRIEVAL)
        rk_score_places(engine, query, unscored, ranked + more);
}

/* Scores of the last stage that ran, by place. */
static const float *scores_of(const rk_engine *engine) {
    if (engine->funnel.stages == RK_STAGES_RETRIEVAL) return engine->blends;
    return engine->funnel.stages == RK_STAGES_FIRST ? engine->first_scores : engine->values;
}

uint32_t rk_stage_rules(rk_engine *engine, const rk_query *query, uint32_t unscored,
                        uint32_t ranked) {
    const rk_request *request = query->request;
    uint32_t explore[RK_RULES_MAX_EXPLORE], removed;
    const rk_rules_input input = {.candidates = engine->final,
                                  .candidate_count = ranked,
                                  .explore = explore,
                                  .explore_count = list_explore(engine, explore),
                                  .blocked = query->blocked,
                                  .seen = query->had,
                                  .count = RK_MIN(request->count, RK_MAX_COUNT),
                                  .seed = request->seed,
                                  .time_ms = rk_query_rules_time(query)};
    uint32_t count = rk_rules_apply(request->rules, &input, engine->ruled);
    rank_rest(engine, query, unscored, ranked, count);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t item = engine->ruled[i].item, place = place_of(engine, item);
        engine->places[i] = place;
        engine->final[i] = (rk_scored){.score = scores_of(engine)[place], .item = item};
    }
    rk_rules_removed(request->rules, &removed);
    engine->funnel.removed = removed;
    return count;
}
