/* Final ranking: the ranked candidates in the order that the request's rules make (rules.h), and
 * what exploration takes of them.
 *
 * Rules say which positions explore slots take. A request with a bandit and without rules leaves
 * that to the evidence: of a log of n events the share NEW / (NEW + n) of the positions, spread
 * evenly; half of them at most for a session that says something, for it is to be answered. So a
 * catalogue without events is all exploration, one of 1,000 half, and one of 100,000 next to none:
 * it hands over to what is learnt by itself. */
#include "serve/bandit.h"
#include "serve/retrieval.h"
#include "serve/rules.h"
#include "serve/stages.h"

#define STREAM UINT64_C(0x736C6F7473) /* "slots" */

/* Events at which half of the positions explore. */
#define NEW_SYSTEM 1000.0
/* Shares below it are none. */
#define LEAST_SHARE 0.02

static uint32_t place_of(const rk_engine *engine, uint32_t item) {
    return engine->candidates.slot[item] - 1u;
}

/* What the explore source brought: an explore slot may take it however low it ranks. With a bandit
 * `arms` receives the pool's rows. */
static uint32_t list_explore(const rk_engine *engine, const rk_bandit *bandit, uint32_t *items,
                             uint32_t *arms) {
    const rk_candidates *candidates = &engine->candidates;
    uint32_t count = 0;
    for (uint32_t i = 0; i < candidates->count && count < RK_RULES_MAX_EXPLORE; i++) {
        if (!(candidates->sources[i] >> RK_SOURCE_EXPLORE & 1u)) continue;
        if (bandit) arms[count] = rk_bandit_place(bandit, candidates->item[i]);
        items[count++] = candidates->item[i];
    }
    return count;
}

/* ---- exploration without rules --------------------------------------------------------------- */

static double share_of(const rk_engine *engine, const rk_query *query) {
    const double share = NEW_SYSTEM / (NEW_SYSTEM + (double)engine->content.meta.events);
    if (share < LEAST_SHARE) return 0.0;
    return query->seed_count ? RK_MIN(share, 0.5) : share;
}

/* How many of the first `positions` explore. */
static uint32_t reserved(double share, uint32_t positions) {
    return (uint32_t)(share * (double)positions);
}

static bool is_drawn(const rk_engine *engine, uint32_t item, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (engine->ruled[i].item == item && engine->ruled[i].propensity > 0.0f) return true;
    return false;
}

/* The list: the ranked ones in order, and the bandit's draws at the reserved positions. */
static uint32_t mix(rk_engine *engine, const rk_query *query, const uint32_t *arms,
                    uint32_t explorable, uint32_t ranked) {
    const rk_request *request = query->request;
    rk_policy *policy = &request->bandit->policy;
    const double share = share_of(engine, query);
    rk_rng draws = rk_rng_at(request->seed, STREAM);
    uint32_t count = 0, next = 0, left = explorable;
    memset(policy->taken, 1, policy->arms);
    for (uint32_t i = 0; i < explorable; i++) policy->taken[arms[i]] = 0;
    while (count < request->count) {
        rk_ruled *out = &engine->ruled[count];
        *out = (rk_ruled){0};
        if (left && reserved(share, count + 1) > reserved(share, count)) {
            const rk_choice choice = rk_policy_draw(policy, &draws);
            out->item = request->bandit->arm[request->bandit->pooled[choice.arm]].item;
            out->propensity = rk_choice_propensity(choice);
            for (uint32_t i = 0; i < ranked; i++)
                if (engine->final[i].item == out->item) out->place = i + 1;
            left--, count++;
            continue;
        }
        if (next == ranked) break;
        out->item = engine->final[next++].item;
        out->place = next;
        const uint32_t arm = rk_bandit_place(request->bandit, out->item);
        if (arm != RK_NONE && is_drawn(engine, out->item, count)) continue;
        if (arm != RK_NONE && !policy->taken[arm]) policy->taken[arm] = 1, left--;
        count++;
    }
    return count;
}

/* ---- the list -------------------------------------------------------------------------------- */

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

static uint32_t arrange(rk_engine *engine, const rk_query *query, uint32_t ranked) {
    const rk_request *request = query->request;
    rk_bandit *bandit = request->bandit;
    uint32_t explore[RK_RULES_MAX_EXPLORE], arms[RK_RULES_MAX_EXPLORE];
    const uint32_t explorable = list_explore(engine, bandit, explore, arms);
    if (!request->rules) return mix(engine, query, arms, explorable, ranked);
    const rk_rules_input input = {.candidates = engine->final,
                                  .candidate_count = ranked,
                                  .explore = explore,
                                  .explore_count = explorable,
                                  .blocked = query->blocked,
                                  .seen = query->had,
                                  .count = RK_MIN(request->count, RK_MAX_COUNT),
                                  .seed = request->seed,
                                  .time_ms = rk_query_rules_time(query),
                                  .policy = bandit ? &bandit->policy : NULL,
                                  .arms = arms};
    const uint32_t count = rk_rules_apply(request->rules, &input, engine->ruled);
    rk_rules_removed(request->rules, &engine->funnel.removed);
    return count;
}

uint32_t rk_stage_rules(rk_engine *engine, const rk_query *query, uint32_t unscored,
                        uint32_t ranked) {
    const uint32_t count = arrange(engine, query, ranked);
    rank_rest(engine, query, unscored, ranked, count);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t item = engine->ruled[i].item, place = place_of(engine, item);
        engine->places[i] = place;
        engine->final[i] = (rk_scored){.score = scores_of(engine)[place], .item = item};
    }
    return count;
}
