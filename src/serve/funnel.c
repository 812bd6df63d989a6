/* The funnel: retrieval -> first stage -> second stage and value, with no allocation.
 *
 * A request says how far it goes (RK_STAGES_...); of a snapshot without tasks all of it ends with
 * the blend. What each stage handed on is counted in rk_funnel. Training asks for the candidates of
 * the same retrieval with the same features (rk_engine_examples). */
#include "serve/bandit.h"
#include "serve/request_check.h"
#include "serve/retrieval.h"
#include "serve/rules.h"
#include "serve/stages.h"

/* ---- the answer ------------------------------------------------------------------------------ */

/* The two different seeds that speak most for an item by item-item weight, RK_NONE where none does.
 */
static void because(const rk_engine *engine, const rk_query *query, rk_recommendation *out) {
    enum { MOST_SEEDS = 64 };
    float best = 0.0f, second = 0.0f, recency = 1.0f;
    for (uint32_t j = 0; j < RK_MIN(query->seed_count, MOST_SEEDS); j++) {
        uint32_t seed = query->seeds[j];
        float weight =
            recency * rk_neighbor_seed_weight(query, j) *
            rk_neighbor_weight(&engine->content, engine->neighbor_weights, seed, out->item);
        recency *= engine->content.meta.similar_decay;
        if (weight > best) {
            if (seed != out->because) {
                second = best;
                out->also = out->because;
            }
            best = weight;
            out->because = seed;
        } else if (weight > second && seed != out->because) {
            second = weight;
            out->also = seed;
        }
    }
}

static void say_why(const rk_engine *engine, const rk_query *query, uint32_t place,
                    rk_recommendation *out) {
    const rk_candidates *candidates = &engine->candidates;
    const rk_funnel *funnel = &engine->funnel;
    bool has_neighbors = funnel->available >> RK_SOURCE_SIMILAR & 1u;
    uint32_t tasks = engine->content.meta.tasks;
    out->sources = candidates->sources[place];
    out->because = out->also = RK_NONE;
    if (has_neighbors) because(engine, query, out);
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        out->rank[s] = candidates->rank[s][place];
        out->source_score[s] = candidates->score[s][place];
    }
    out->blend = engine->blends[place];
    out->stages = (uint16_t)funnel->stages;
    if (funnel->stages != RK_STAGES_RETRIEVAL && rk_stage_is_new(engine, out->item))
        out->flags = RK_ESTIMATED;
    if (funnel->stages != RK_STAGES_RETRIEVAL) out->first = engine->first_scores[place];
    if (funnel->stages == RK_STAGES_SECOND)
        memcpy(out->probability, engine->probabilities + place * tasks,
               tasks * sizeof *out->probability);
}

static void answer(const rk_engine *engine, const rk_query *query, uint32_t count,
                   rk_recommendation *out) {
    for (uint32_t i = 0; i < count; i++) {
        rk_scored chosen = engine->final[i];
        memset(&out[i], 0, sizeof out[i]);
        out[i].item = chosen.item;
        out[i].score = chosen.score;
        out[i].ranked = i + 1;
        if (query->request->rules || query->request->bandit) {
            out[i].ranked = engine->ruled[i].place;
            out[i].rules = engine->ruled[i].rules;
            out[i].gave_way = engine->ruled[i].gave_way;
            out[i].propensity = engine->ruled[i].propensity;
        }
        say_why(engine, query, engine->places[i], &out[i]);
    }
}

/* ---- the stages ------------------------------------------------------------------------------ */

/* How far this request goes with this snapshot: RETRIEVAL, FIRST or SECOND. The rankers have learnt
 * from sessions of at least one event; who has none gets the blend. */
static uint32_t last_stage(const rk_engine *engine, const rk_request *request) {
    if (engine->content.meta.tasks == 0 || request->session_count == 0) return RK_STAGES_RETRIEVAL;
    return request->stages == RK_STAGES_ALL ? RK_STAGES_SECOND : request->stages;
}

/* Every available source has scored every candidate, and their features can be asked for. */
static void score_rest(rk_engine *engine, const rk_query *query, uint32_t sources) {
    for (uint32_t i = 0; i < engine->candidates.count; i++) engine->places[i] = i;
    rk_score_places(engine, query, sources, engine->candidates.count);
}

/* How many to rank: rules that move and remove need some to choose from. */
static uint32_t wanted(const rk_request *request) {
    if (!request->rules) return request->count;
    return RK_MIN(RK_MAX(2 * request->count, RK_SECOND_STAGE_ITEMS), RK_MAX_CANDIDATES);
}

/* What the answer shows of the `ranked` best. */
static uint32_t shown(rk_engine *engine, const rk_query *query, uint32_t unscored,
                      uint32_t ranked) {
    if (query->request->rules || query->request->bandit)
        ranked = rk_stage_rules(engine, query, unscored, ranked);
    return RK_MIN(ranked, query->request->count);
}

/* Ranks the candidates as far as `funnel.stages`; returns how many the answer shows. */
static uint32_t rank(rk_engine *engine, rk_query *query) {
    rk_funnel *funnel = &engine->funnel;
    uint32_t count = wanted(query->request);
    if (funnel->stages != RK_STAGES_RETRIEVAL) rk_score_vectors(engine, query);
    uint32_t unscored = funnel->available & ~rk_blend(engine, query, funnel->available);
    rk_bandit *bandit = query->request->bandit;
    if (bandit) rk_bandit_weigh(bandit, engine, query->seed_count > 0);
    if (funnel->stages == RK_STAGES_RETRIEVAL) {
        count = rk_stage_select(engine, engine->blends, count);
        rk_score_places(engine, query, unscored, count);
        return shown(engine, query, unscored, count);
    }
    score_rest(engine, query, unscored);
    rk_features_begin(engine->features, query, funnel->available);
    funnel->first = rk_stage_first(engine, query, RK_MAX(count, RK_SECOND_STAGE_ITEMS));
    count = funnel->first;
    if (funnel->stages == RK_STAGES_SECOND)
        count = funnel->second = rk_stage_second(engine, query, count);
    count = shown(engine, query, 0, count);
    rk_features_end(engine->features);
    return count;
}

static uint32_t retrieve(rk_engine *engine, rk_query *query) {
    rk_funnel *funnel = &engine->funnel;
    *funnel = (rk_funnel){.stages = last_stage(engine, query->request)};
    funnel->available = rk_retrieve(engine, query);
    for (uint32_t i = 0; i < engine->candidates.count; i++) {
        for (uint32_t sources = engine->candidates.sources[i]; sources; sources &= sources - 1)
            funnel->brought[__builtin_ctz(sources)]++;
    }
    return funnel->retrieved = engine->candidates.count;
}

/* ---- public ---------------------------------------------------------------------------------- */

rk_status rk_recommend(rk_engine *engine, const rk_request *request, rk_recommendation *out,
                       uint32_t *found, rk_error *error) {
    *found = 0;
    if (request->count < 1 || request->count > RK_MAX_COUNT) {
        return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, 0, "count", request->count,
                             RK_MAX_COUNT);
    }
    RK_TRY(rk_request_check(&engine->content.meta, request, error));
    if (request->rules && !rk_rules_fit(request->rules, &engine->content))
        return rk_fail(error, RK_BAD_ARGUMENT, NULL, 0, "the rules are of another snapshot");
    if (request->bandit && request->bandit->engine != engine)
        return rk_fail(error, RK_BAD_ARGUMENT, NULL, 0, "the bandit is of another engine");
    rk_query query = rk_query_begin(engine, request);
    if (request->bandit) rk_bandit_refresh(request->bandit, rk_query_rules_time(&query));
    retrieve(engine, &query);
    *found = rank(engine, &query);
    answer(engine, &query, *found, out);
    engine->funnel.answered = *found;
    rk_query_end(engine, request, &query);
    return RK_OK;
}

rk_status rk_similar(rk_engine *engine, uint32_t item, uint32_t count, rk_recommendation *out,
                     uint32_t *found, rk_error *error) {
    static const uint32_t asked[] = {RK_SOURCE_SIMILAR, RK_SOURCE_SESSION};
    *found = 0;
    uint32_t liked = 0;
    for (uint32_t type = 0; type < engine->content.meta.types; type++) {
        if (engine->content.type_weight[type] > engine->content.type_weight[liked]) liked = type;
    }
    rk_event seed = {.item = item, .type = liked};
    rk_request request = {
        .session = &seed, .session_count = 1, .count = count, .stages = RK_STAGES_RETRIEVAL};
    request.flags = RK_REQUEST_SOURCE_QUOTAS | RK_REQUEST_SOURCE_WEIGHTS;
    for (uint32_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        const rk_source_config *source = &engine->content.sources[asked[i]];
        request.source_quotas[asked[i]] = RK_MIN(source->quota, RK_MAX_QUOTA);
        request.source_weights[asked[i]] = source->weight;
    }
    return rk_recommend(engine, &request, out, found, error);
}

const char *rk_source_unavailable(rk_engine *engine, const rk_request *request, uint32_t source) {
    if (source >= RK_SOURCE_COUNT) return "there is no such source";
    if (rk_request_check(&engine->content.meta, request, NULL) != RK_OK)
        return "the request is not valid";
    rk_query query = rk_query_begin(engine, request);
    const char *reason = rk_source_at(source)->unavailable(&query);
    rk_query_end(engine, request, &query);
    return reason;
}

/* ---- training -------------------------------------------------------------------------------- */

/* Features of `count` items already at engine->places. */
static void examine(rk_engine *engine, const rk_query *query, uint32_t count, float *features) {
    rk_features_all(engine->features, query, &engine->candidates, engine->blends, engine->places,
                    count, features);
}

/* Asked items that are among the candidates but not among the best: where they are, and (missing)
 * how many are no candidates at all. */
static uint32_t find_asked(rk_engine *engine, const uint32_t *asked, uint32_t asked_count,
                           uint32_t best, uint32_t *items, uint32_t *missing) {
    const rk_candidates *candidates = &engine->candidates;
    uint32_t count = best;
    *missing = 0;
    for (uint32_t i = 0; i < asked_count; i++) {
        uint32_t slot = candidates->slot[asked[i]];
        bool chosen = false;
        for (uint32_t j = 0; j < count && slot && !chosen; j++)
            chosen = engine->places[j] == slot - 1u;
        if (!slot) ++*missing;
        if (!slot || chosen) continue;
        items[count] = asked[i];
        engine->places[count++] = slot - 1u;
    }
    return count;
}

/* A list of just these items, brought by nobody, scored and blended like any other. */
static uint32_t replace_candidates(rk_engine *engine, const rk_query *query, const uint32_t *asked,
                                   uint32_t asked_count, uint32_t *items) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < asked_count; i++) {
        if (!engine->candidates.slot[asked[i]]) items[count++] = asked[i];
    }
    rk_merge_clear(&engine->candidates);
    for (uint32_t i = 0; i < count; i++) rk_merge_item(items[i], &engine->candidates);
    count = engine->candidates.count;
    for (uint32_t i = 0; i < count; i++) items[i] = engine->candidates.item[i];
    uint32_t available = engine->funnel.available;
    score_rest(engine, query, available & ~rk_blend(engine, query, available));
    return count;
}

void rk_engine_query_vectors(const rk_engine *engine, float *session, float *user) {
    static const uint32_t sources[RK_SEARCH_COUNT] = {
        [RK_SEARCH_SESSION] = RK_SOURCE_SESSION, [RK_SEARCH_USER] = RK_SOURCE_USER};
    float *const out[RK_SEARCH_COUNT] = {[RK_SEARCH_SESSION] = session, [RK_SEARCH_USER] = user};
    size_t bytes = engine->content.meta.dim * sizeof(float);
    for (uint32_t which = 0; which < RK_SEARCH_COUNT; which++) {
        if (engine->funnel.available >> sources[which] & 1u)
            memcpy(out[which], engine->searches[which].vector, bytes);
        else
            memset(out[which], 0, bytes);
    }
}

uint32_t rk_engine_examples(rk_engine *engine, const rk_request *request, const uint32_t *asked,
                            uint32_t asked_count, uint32_t most, uint32_t *items, float *features) {
    rk_query query = rk_query_begin(engine, request);
    uint32_t missing, available;
    retrieve(engine, &query);
    available = engine->funnel.available;
    score_rest(engine, &query, available & ~rk_blend(engine, &query, available));
    rk_features_begin(engine->features, &query, available);
    uint32_t best = rk_stage_select(engine, engine->blends, most);
    for (uint32_t i = 0; i < best; i++) items[i] = engine->final[i].item;
    uint32_t count = find_asked(engine, asked, asked_count, best, items, &missing);
    examine(engine, &query, count, features);
    if (missing) {
        uint32_t rest = replace_candidates(engine, &query, asked, asked_count, items + count);
        for (uint32_t i = 0; i < rest; i++) engine->places[i] = i;
        examine(engine, &query, rest, features + (uint64_t)count * RK_FEATURE_COUNT);
        count += rest;
    }
    rk_features_end(engine->features);
    rk_query_end(engine, request, &query);
    return count;
}
