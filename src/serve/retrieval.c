/* Retrieval: session -> candidates of every source, merged, scored by every source, blended.
 *
 *   request --> seeds, blocked bitmap --> each available source: prepare, retrieve (quota)
 *           --> merge: each item once --> every source with a weight scores every candidate
 *           --> blend: sum_s weight_s * score_s
 *
 * Invariants: neighbor_sum, slot, blocked, seen and had are zero outside a query. */
#include "serve/retrieval.h"

#include "serve/bandit.h"
#include "serve/rules.h"
#include "serve/stages.h"
#include "serve/vector_search.h"

/* Candidates that are scored in one go. */
#define PLACES_AT_ONCE 64u

/* The sources that search the index, a bit each. */
#define SEARCHING (1u << RK_SOURCE_SESSION | 1u << RK_SOURCE_USER)

static void mark(uint32_t *bitmap, uint32_t item) {
    bitmap[item / RK_BLOCK_ROWS] |= 1u << (item % RK_BLOCK_ROWS);
}

static void block(rk_engine *engine, uint32_t item) {
    mark(engine->blocked, item);
    mark(engine->seen, item);
}

/* What rules remove is no candidate of any source; it still speaks for others, as a seed. */
static void block_by_rules(rk_engine *engine, const rk_query *query) {
    const rk_request *request = query->request;
    const uint32_t *removed = rk_rules_blocked(request->rules, rk_query_rules_time(query));
    uint32_t blocks = (uint32_t)rk_block_count(engine->content.meta.items);
    for (uint32_t b = 0; b < blocks; b++) {
        engine->blocked[b] |= removed[b];
        engine->seen[b] |= removed[b];
    }
    for (uint32_t i = 0; i < request->session_count; i++) {
        uint32_t item = request->session[i].item;
        mark(engine->had, item);
        if (rk_rules_blocks_seen(request->rules, item)) block(engine, item);
    }
    for (uint32_t i = 0; i < request->seen_count; i++) {
        uint32_t item = request->seen[i];
        if (rk_rules_blocks_seen(request->rules, item)) block(engine, item);
    }
}

/* Seeds (liked events, most recent first) and the blocked bitmap. An item with a negative event is
 * blocked whatever else happened to it, and is no seed. */
static void read_session(rk_engine *engine, const rk_request *request, rk_query *query) {
    bool keep_seen = request->flags & RK_REQUEST_KEEP_SEEN;
    for (uint32_t i = 0; i < request->session_count; i++) {
        const rk_event *event = &request->session[i];
        if (engine->content.type_weight[event->type] < 0.0f) block(engine, event->item);
    }
    for (uint32_t i = request->session_count; i-- > 0;) {
        const rk_event *event = &request->session[i];
        float weight = engine->content.type_weight[event->type];
        if (!(weight > 0.0f) || rk_is_blocked(engine->blocked, event->item)) continue;
        mark(engine->seen, event->item);
        engine->seeds[query->seed_count] = event->item;
        engine->seed_weights[query->seed_count++] = weight;
    }
    if (!keep_seen) {
        for (uint32_t i = 0; i < request->session_count; i++)
            block(engine, request->session[i].item);
        for (uint32_t i = 0; i < request->seen_count; i++) block(engine, request->seen[i]);
    }
    for (uint32_t i = 0; i < request->exclude_count; i++) block(engine, request->exclude[i]);
    if (request->rules) block_by_rules(engine, query);
}

void rk_query_end(rk_engine *engine, const rk_request *request, const rk_query *query) {
    if (request->rules) {
        size_t bytes = (size_t)rk_block_count(engine->content.meta.items) * sizeof *engine->blocked;
        memset(engine->blocked, 0, bytes);
        memset(engine->seen, 0, bytes);
    }
    for (uint32_t i = 0; i < request->session_count; i++) {
        engine->blocked[request->session[i].item / RK_BLOCK_ROWS] = 0;
        engine->seen[request->session[i].item / RK_BLOCK_ROWS] = 0;
        engine->had[request->session[i].item / RK_BLOCK_ROWS] = 0;
    }
    for (uint32_t i = 0; i < request->exclude_count; i++) {
        engine->blocked[request->exclude[i] / RK_BLOCK_ROWS] = 0;
        engine->seen[request->exclude[i] / RK_BLOCK_ROWS] = 0;
    }
    for (uint32_t i = 0; i < request->seen_count; i++) {
        engine->blocked[request->seen[i] / RK_BLOCK_ROWS] = 0;
        engine->seen[request->seen[i] / RK_BLOCK_ROWS] = 0;
    }
    for (uint32_t i = 0; i < query->touched_count; i++)
        engine->neighbor_sum[query->touched[i]] = 0.0f;
    rk_merge_clear(&engine->candidates);
}

static uint32_t quota_of(const rk_engine *engine, const rk_request *request, uint32_t source) {
    uint32_t quota = request->flags & RK_REQUEST_SOURCE_QUOTAS
                         ? request->source_quotas[source]
                         : engine->content.sources[source].quota;
    /* `popular` fills what the others leave short, so it may always bring a whole answer. */
    if (source == RK_SOURCE_POPULAR && quota > 0) quota = RK_MAX(quota, request->count);
    /* A slot draws from the whole pool, else its propensity would depend on who was brought. */
    if (source == RK_SOURCE_EXPLORE && request->bandit && quota > 0)
        quota = RK_MAX(quota, RK_BANDIT_POOL);
    return RK_MIN(quota, RK_MAX_QUOTA);
}

/* A log without locations cannot tell what they are worth, and validation then gives `nearby` the
 * weight that visited places deserve, often none. Who says where they are asks for what is there.
 */
static float weight_of(const rk_engine *engine, const rk_request *request, uint32_t source) {
    if (request->flags & RK_REQUEST_SOURCE_WEIGHTS) return request->source_weights[source];
    float weight = engine->content.sources[source].weight;
    bool located = source == RK_SOURCE_NEARBY && (request->flags & RK_REQUEST_LOCATION);
    return located ? RK_MAX(weight, RK_LOCATED_WEIGHT) : weight;
}

rk_query rk_query_begin(rk_engine *engine, const rk_request *request) {
    rk_query query = {
        .snapshot = &engine->content,
        .request = request,
        .seeds = engine->seeds,
        .seed_weights = engine->seed_weights,
        .blocked = engine->blocked,
        .seen = engine->seen,
        .had = engine->had,
        .neighbor_weights = engine->neighbor_weights,
        .neighbor_sum = engine->neighbor_sum,
        .touched = engine->touched,
        .spots = engine->spots,
        .spot_of = engine->spot_of,
        .explore_blocks = engine->explore_blocks,
        .searches = engine->searches,
        .coarse = engine->coarse,
        .needs = &engine->needs,
    };
    read_session(engine, request, &query);
    return query;
}

typedef struct batch {
    uint32_t places[PLACES_AT_ONCE], items[PLACES_AT_ONCE], count;
} batch;

static void keep_scores(const batch *some, const float *scores, float *kept) {
    for (uint32_t i = 0; i < some->count; i++) kept[some->places[i]] = scores[i];
}

/* By one source, or by both that search the index. */
static void score_batch(const rk_query *query, uint32_t sources, const batch *some,
                        rk_candidates *candidates) {
    float scores[RK_SEARCH_COUNT][PLACES_AT_ONCE];
    if (sources == SEARCHING) {
        float *const out[RK_SEARCH_COUNT] = {scores[0], scores[1]};
        rk_vector_search_score_all(query, NULL, some->items, some->count, out, NULL);
        keep_scores(some, scores[RK_SEARCH_SESSION], candidates->score[RK_SOURCE_SESSION]);
        keep_scores(some, scores[RK_SEARCH_USER], candidates->score[RK_SOURCE_USER]);
        return;
    }
    uint32_t s = (uint32_t)__builtin_ctz(sources);
    rk_source_at(s)->score(query, some->items, some->count, scores[0]);
    keep_scores(some, scores[0], candidates->score[s]);
}

/* Scores by `sources`, as score_batch takes them, of the candidates at `count` of engine->places
 * that one of them did not bring; those it brought have theirs, and the same comes out again. */
static void score_at_places(const rk_engine *engine, const rk_query *query, uint32_t sources,
                            uint32_t count, rk_candidates *candidates) {
    batch some = {.count = 0};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = engine->places[i];
        some.places[some.count] = place;
        some.items[some.count] = candidates->item[place];
        some.count += (sources & ~candidates->sources[place]) != 0;
        if (some.count < PLACES_AT_ONCE) continue;
        score_batch(query, sources, &some, candidates);
        some.count = 0;
    }
    if (some.count > 0) score_batch(query, sources, &some, candidates);
}

void rk_score_places(rk_engine *engine, const rk_query *query, uint32_t sources, uint32_t count) {
    sources &= ~query->scored;
    if ((sources & SEARCHING) == SEARCHING) {
        score_at_places(engine, query, SEARCHING, count, &engine->candidates);
        sources &= ~SEARCHING;
    }
    for (; sources; sources &= sources - 1)
        score_at_places(engine, query, sources & (0 - sources), count, &engine->candidates);
}

/* Scores of a batch by those of `sources` that search the index and by the first stage. */
static void score_vectors_batch(const rk_engine *engine, const rk_query *query, uint32_t sources,
                                const batch *some) {
    static const uint32_t of_search[RK_SEARCH_COUNT] = {
        [RK_SEARCH_SESSION] = RK_SOURCE_SESSION, [RK_SEARCH_USER] = RK_SOURCE_USER};
    float scores[RK_SEARCH_COUNT][PLACES_AT_ONCE], dots[PLACES_AT_ONCE], *out[RK_SEARCH_COUNT];
    for (uint32_t which = 0; which < RK_SEARCH_COUNT; which++)
        out[which] = sources >> of_search[which] & 1u ? scores[which] : NULL;
    rk_vector_search_score_all(query, query->first, some->items, some->count, out, dots);
    for (uint32_t which = 0; which < RK_SEARCH_COUNT; which++) {
        if (out[which])
            keep_scores(some, scores[which], engine->candidates.score[of_search[which]]);
    }
    keep_scores(some, dots, engine->first_dots);
}

/* True if searches by all of `sources` found it and left its dot product. An item of the session
 * joined what they found. */
static bool is_scored(const rk_engine *engine, const rk_query *query, uint32_t sources,
                      uint32_t place) {
    const rk_candidates *candidates = &engine->candidates;
    return sources && (sources & ~candidates->sources[place]) == 0 &&
           !rk_is_blocked(query->seen, candidates->item[place]);
}

void rk_score_vectors(rk_engine *engine, rk_query *query) {
    const rk_candidates *candidates = &engine->candidates;
    uint32_t sources = engine->funnel.available & SEARCHING;
    batch some = {.count = 0};
    for (uint32_t place = 0; place < candidates->count; place++) {
        if (is_scored(engine, query, sources, place)) {
            engine->first_dots[place] = query->first_by_item[candidates->item[place]];
            continue;
        }
        some.places[some.count] = place;
        some.items[some.count++] = candidates->item[place];
        if (some.count < PLACES_AT_ONCE) continue;
        score_vectors_batch(engine, query, sources, &some);
        some.count = 0;
    }
    if (some.count > 0) score_vectors_batch(engine, query, sources, &some);
    query->scored |= sources;
}

/* Sources that take part and can answer, a bit each; all of them prepared. `quotas` gets theirs. */
static uint32_t prepare(const rk_engine *engine, rk_query *query,
                        uint32_t quotas[RK_SOURCE_COUNT]) {
    uint32_t available = 0;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        const rk_source *source = rk_source_at(s);
        quotas[s] = quota_of(engine, query->request, s);
        bool off = quotas[s] == 0 && weight_of(engine, query->request, s) == 0.0f;
        if (off || source->unavailable(query)) {
            quotas[s] = 0;
            continue;
        }
        available |= 1u << s;
        source->prepare(query);
    }
    return available;
}

/* A pinned item is a candidate whether a source brings it or not. */
static void join_pinned(rk_engine *engine, const rk_rules *rules) {
    uint32_t count;
    const uint32_t *pinned = rk_rules_pinned(rules, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (!rk_is_blocked(engine->blocked, pinned[i]))
            rk_merge_item(pinned[i], &engine->candidates);
    }
}

uint32_t rk_retrieve(rk_engine *engine, rk_query *query) {
    uint32_t quotas[RK_SOURCE_COUNT], counts[RK_SOURCE_COUNT] = {0};
    const rk_scored *lists[RK_SOURCE_COUNT];
    uint32_t available = prepare(engine, query, quotas);
    const uint32_t searched[RK_SEARCH_COUNT] = {
        [RK_SEARCH_SESSION] = quotas[RK_SOURCE_SESSION],
        [RK_SEARCH_USER] = quotas[RK_SOURCE_USER],
    };
    if (query->request->rules) join_pinned(engine, query->request->rules);
    /* While the first stage itself is learnt, the content has tasks and none. */
    if (engine->funnel.stages != RK_STAGES_RETRIEVAL && engine->content.rank_first)
        rk_stage_first_begin(engine, query, available);
    rk_vector_search_all(query, searched);
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        lists[s] = engine->lists[s];
        if (quotas[s] > 0)
            counts[s] = rk_source_at(s)->retrieve(query, quotas[s], engine->lists[s]);
    }
    rk_merge(lists, counts, &engine->candidates);
    return available;
}

/* A session of few events says little, and what it says is learnt from longer ones: popularity
 * counts for more the shorter it is, whatever its own weight. */
static float blend_weight(const rk_engine *engine, const rk_query *query, uint32_t source) {
    float weight = weight_of(engine, query->request, source);
    if (source != RK_SOURCE_POPULAR || query->seed_count == 0) return weight;
    return weight + engine->content.meta.short_popular / (float)query->seed_count;
}

/* The weights of the blend; returns the sources with one, a bit each. */
static uint32_t blend_weights(const rk_engine *engine, const rk_query *query, uint32_t available,
                              float weights[RK_SOURCE_COUNT]) {
    uint32_t weighted = 0;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        weights[s] = available >> s & 1u ? blend_weight(engine, query, s) : 0.0f;
        weighted |= (uint32_t)(weights[s] != 0.0f) << s;
    }
    if (weighted) return weighted;
    /* An empty session may leave only sources that the search gave no weight: then the order is
     * that of `popular`, or of what there is, not of item numbers. */
    uint32_t counted = available;
    if (counted >> RK_SOURCE_POPULAR & 1u) counted = 1u << RK_SOURCE_POPULAR;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) weights[s] = counted >> s & 1u ? 1.0f : 0.0f;
    return counted;
}

uint32_t rk_blend(rk_engine *engine, const rk_query *query, uint32_t available) {
    const rk_candidates *candidates = &engine->candidates;
    float weights[RK_SOURCE_COUNT];
    uint32_t weighted = blend_weights(engine, query, available, weights);
    for (uint32_t i = 0; i < candidates->count; i++) engine->places[i] = i;
    rk_score_places(engine, query, weighted, candidates->count);
    for (uint32_t i = 0; i < candidates->count; i++) {
        float score = 0.0f;
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
            if (weighted >> s & 1u) score += weights[s] * candidates->score[s][i];
        }
        engine->blends[i] = score;
    }
    return weighted;
}
