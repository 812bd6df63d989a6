/* Final ranking: the ranked candidates in the order that the request's rules make (rules.h). */
#include "serve/rules.h"
#include "serve/stages.h"

/* What the explore source brought: an explore slot may take it however low it ranks. */
static uint32_t list_explore(const rk_engine *engine, uint32_t *items) {
    const rk_candidates *candidates = &engine->candidates;
    uint32_t count = 0;
    for (uint32_t i = 0; i < candidates->count && count < RK_RULES_MAX_EXPLORE; i++) {
        if (candidates->sources[i] >> RK_SOURCE_EXPLORE & 1u) items[count++] = candidates->item[i];
    }
    return count;
}

/* The score that orders `place`, where the last stage that ran scored it: an explored item may be
 * one that an earlier stage left behind. */
static float score_of(const rk_engine *engine, uint32_t place, uint32_t ranked) {
    uint32_t item = engine->candidates.item[place];
    for (uint32_t i = 0; i < ranked; i++) {
        if (engine->final[i].item == item) return engine->final[i].score;
    }
    return 0.0f;
}

uint32_t rk_stage_rules(rk_engine *engine, const rk_query *query, uint32_t ranked) {
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
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = engine->candidates.slot[engine->ruled[i].item] - 1u;
        engine->places[i] = place;
        engine->ruled_scores[i] = score_of(engine, place, ranked);
    }
    for (uint32_t i = 0; i < count; i++)
        engine->final[i] =
            (rk_scored){.score = engine->ruled_scores[i], .item = engine->ruled[i].item};
    rk_rules_removed(request->rules, &removed);
    engine->funnel.removed = removed;
    return count;
}
