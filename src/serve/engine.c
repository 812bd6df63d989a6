/* The funnel: sources -> merge -> score -> best, with no allocation.
 *
 *   request --> seeds, blocked bitmap --> each available source: prepare, retrieve (quota)
 *           --> merge: each item once --> every source with a weight scores every candidate
 *           --> blend: sum_s weight_s * score_s --> top `count` --> the other scores, why
 *
 * Scratch is laid out when the engine opens; between queries every dense array is zero again,
 * restored through the lists of what was touched, so a query never pays for the size of the
 * catalogue beyond the scan. Invariants: neighbor_sum and slot are zero outside a query; blocked is
 * zero outside a query. */
#include "serve/engine.h"

#include "format/user_features.h"
#include "serve/merge.h"
#include "serve/vector_search.h"

/* Candidates that are scored in one go. */
#define PLACES_AT_ONCE 64u

/* The sources that search the index, a bit each. */
#define SEARCHING (1u << RK_SOURCE_SESSION | 1u << RK_SOURCE_USER)

struct rk_engine {
    rk_snapshot_content content;
    rk_description description;
    float neighbor_weights[RK_NEIGHBOR_CODES];
    uint32_t *blocked, *seen; /* (blocks) */
    uint32_t *seeds;          /* (RK_MAX_SESSION) */
    float *seed_weights;
    float *neighbor_sum;              /* (items) */
    uint32_t *touched;                /* (items) */
    rk_spot *spots;                   /* (meta.place_count) */
    uint32_t *spot_of;                /* (items), 0 without places */
    rk_explore_block *explore_blocks; /* (blocks), 0 without a list */
    rk_vector_search searches[RK_SEARCH_COUNT];
    rk_scored *coarse;                 /* (RK_SEARCH_COUNT, RK_COARSE_ROOM) */
    rk_scored *lists[RK_SOURCE_COUNT]; /* (RK_MAX_QUOTA) each */
    rk_candidates candidates;
    rk_scored *final; /* (RK_MAX_CANDIDATES) */
    uint32_t *places; /* (RK_MAX_CANDIDATES) of those to be scored */
};

/* ---- opening --------------------------------------------------------------------------------- */

/* One layout for measuring and for use. */
static void lay_out(rk_arena *arena, const rk_snapshot_meta *meta, rk_engine *engine) {
    uint32_t items = meta->items;
    engine->blocked = RK_TAKE(arena, uint32_t, rk_block_count(items));
    engine->seen = RK_TAKE(arena, uint32_t, rk_block_count(items));
    engine->seeds = RK_TAKE(arena, uint32_t, RK_MAX_SESSION);
    engine->seed_weights = RK_TAKE(arena, float, RK_MAX_SESSION);
    engine->neighbor_sum = RK_TAKE(arena, float, items);
    engine->touched = RK_TAKE(arena, uint32_t, items);
    engine->spots = RK_TAKE(arena, rk_spot, meta->place_count);
    engine->spot_of = RK_TAKE(arena, uint32_t, meta->place_count ? items : 0);
    engine->explore_blocks =
        RK_TAKE(arena, rk_explore_block, meta->explore_count ? rk_block_count(items) : 0);
    for (uint32_t which = 0; which < RK_SEARCH_COUNT; which++)
        engine->searches[which].found = RK_TAKE(arena, rk_scored, RK_MAX_QUOTA);
    engine->coarse = RK_TAKE(arena, rk_scored, RK_SEARCH_COUNT * RK_COARSE_ROOM);
    rk_candidates *candidates = &engine->candidates;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        engine->lists[s] = RK_TAKE(arena, rk_scored, RK_MAX_QUOTA);
        candidates->rank[s] = RK_TAKE(arena, uint16_t, RK_MAX_CANDIDATES);
        candidates->score[s] = RK_TAKE(arena, float, RK_MAX_CANDIDATES);
    }
    candidates->item = RK_TAKE(arena, uint32_t, RK_MAX_CANDIDATES);
    candidates->sources = RK_TAKE(arena, uint32_t, RK_MAX_CANDIDATES);
    candidates->slot = RK_TAKE(arena, uint16_t, items);
    engine->final = RK_TAKE(arena, rk_scored, RK_MAX_CANDIDATES);
    engine->places = RK_TAKE(arena, uint32_t, RK_MAX_CANDIDATES);
}

uint64_t rk_engine_scratch_bytes(const rk_snapshot_meta *meta) {
    rk_arena arena = rk_arena_measuring();
    rk_engine unused;
    (void)RK_TAKE(&arena, rk_engine, 1);
    lay_out(&arena, meta, &unused);
    return arena.used;
}

rk_engine *rk_engine_over(const rk_snapshot_content *content, void *memory, uint64_t memory_bytes) {
    rk_arena arena = rk_arena_over(memory, memory_bytes);
    uint32_t items = content->meta.items;
    rk_engine *engine = RK_TAKE(&arena, rk_engine, 1);
    assert(engine);
    lay_out(&arena, &content->meta, engine);
    assert(!arena.exhausted);
    engine->content = *content;
    memset(&engine->description, 0, sizeof engine->description);
    rk_neighbor_weights(content->meta.neighbor_scale, engine->neighbor_weights);
    memset(engine->blocked, 0, (size_t)rk_block_count(items) * sizeof *engine->blocked);
    memset(engine->seen, 0, (size_t)rk_block_count(items) * sizeof *engine->seen);
    memset(engine->neighbor_sum, 0, items * sizeof *engine->neighbor_sum);
    memset(engine->candidates.slot, 0, items * sizeof *engine->candidates.slot);
    engine->candidates.count = 0;
    if (content->meta.place_count) rk_spots_fill(content, engine->spots, engine->spot_of);
    if (content->meta.explore_count) rk_explore_blocks_fill(content, engine->explore_blocks);
    return engine;
}

static void describe(const rk_snapshot_view *view, rk_description *out) {
    const rk_file_header *header = view->container.header;
    const rk_snapshot_meta *meta = &view->content.meta;
    memcpy(out->content_id, header->content_id, sizeof out->content_id);
    memcpy(out->region, header->region, sizeof out->region);
    out->file_bytes = header->file_bytes;
    out->created_at_ms = header->created_at_ms;
    out->stats_through_ms = meta->stats_through_ms;
    out->events = meta->events;
    out->sessions = meta->sessions;
    out->seed = meta->seed;
    out->items = meta->items;
    out->types = meta->types;
    out->dim = meta->dim;
    out->time_kind = meta->time_kind;
    out->places = meta->place_count;
    out->user_features = meta->user_features;
    out->trending = meta->trending_count;
    out->explore = meta->explore_count;
    out->tasks = meta->tasks;
    out->attributes = meta->attributes;
    uint64_t part_end[RK_PART_COUNT] = {0};
    for (uint32_t i = 0; i < header->section_count; i++) {
        const rk_section_entry *entry = &view->container.entries[i];
        uint32_t part = (entry->flags & RK_SECTION_PART_MASK) >> RK_SECTION_PART_SHIFT;
        uint64_t end = entry->offset + entry->bytes;
        part_end[part] =
            (end + RK_SECTION_ALIGNMENT - 1) / RK_SECTION_ALIGNMENT * RK_SECTION_ALIGNMENT;
    }
    uint64_t begin = 0;
    for (uint32_t part = 0; part < RK_PART_COUNT; part++) {
        if (part_end[part] <= begin) continue;
        out->part_bytes[part] = part_end[part] - begin;
        begin = part_end[part];
    }
}

rk_status rk_engine_measure(const void *snapshot, uint64_t snapshot_bytes, uint64_t *engine_bytes,
                            rk_error *error) {
    rk_snapshot_view view;
    RK_TRY(rk_snapshot_open(snapshot, snapshot_bytes, &view, error));
    *engine_bytes = rk_engine_scratch_bytes(&view.content.meta);
    return RK_OK;
}

rk_status rk_engine_open(const void *snapshot, uint64_t snapshot_bytes, void *memory,
                         uint64_t memory_bytes, rk_engine **out, rk_error *error) {
    rk_snapshot_view view;
    RK_TRY(rk_snapshot_open(snapshot, snapshot_bytes, &view, error));
    if ((uintptr_t)memory % RK_CACHE_LINE) {
        return rk_fail(error, RK_MISALIGNED, NULL, 0, "engine memory");
    }
    uint64_t needed = rk_engine_scratch_bytes(&view.content.meta);
    if (memory_bytes < needed) {
        return rk_fail_value(error, RK_OUT_OF_MEMORY, NULL, 0, "engine bytes", memory_bytes,
                             needed);
    }
    RK_TRY(rk_snapshot_verify(&view, error));
    *out = rk_engine_over(&view.content, memory, memory_bytes);
    describe(&view, &(*out)->description);
    return RK_OK;
}

/* ---- look-ups -------------------------------------------------------------------------------- */

void rk_engine_describe(const rk_engine *engine, rk_description *out) {
    *out = engine->description;
}

uint32_t rk_item_find(const rk_engine *engine, const char *id, uint32_t id_bytes) {
    return rk_strings_find(&engine->content.items, id, id_bytes);
}

uint32_t rk_item_id(const rk_engine *engine, uint32_t item, const char **text) {
    assert(item < engine->content.meta.items);
    return rk_strings_get(&engine->content.items, item, text);
}

uint32_t rk_item_title(const rk_engine *engine, uint32_t item, const char **text) {
    assert(item < engine->content.meta.items);
    if (engine->content.titles.count == 0) return 0;
    return rk_strings_get(&engine->content.titles, item, text);
}

uint32_t rk_event_find(const rk_engine *engine, const char *name, uint32_t name_bytes) {
    return rk_strings_scan(&engine->content.types, name, name_bytes);
}

uint32_t rk_event_name(const rk_engine *engine, uint32_t type, const char **text) {
    assert(type < engine->content.meta.types);
    return rk_strings_get(&engine->content.types, type, text);
}

uint32_t rk_feature_name(const rk_engine *engine, uint32_t feature, const char **text) {
    assert(feature < engine->content.meta.user_features);
    return rk_strings_get(&engine->content.features, feature, text);
}

uint32_t rk_user_feature(const rk_engine *engine, const char *name, uint32_t name_bytes,
                         const char *value, uint32_t value_bytes) {
    if (rk_strings_scan(&engine->content.features, name, name_bytes) == RK_NONE) return RK_NONE;
    return rk_feature_row(name, name_bytes, value, value_bytes, engine->content.meta.feature_rows);
}

uint32_t rk_attribute_name(const rk_engine *engine, uint32_t attribute, const char **text) {
    assert(attribute < engine->content.meta.attributes);
    return rk_strings_get(&engine->content.attributes, attribute, text);
}

uint32_t rk_attribute_kind(const rk_engine *engine, uint32_t attribute) {
    assert(attribute < engine->content.meta.attributes);
    return engine->content.attribute_kind[attribute];
}

uint32_t rk_attribute_value(const rk_engine *engine, uint32_t value, const char **text) {
    assert(value < engine->content.meta.attribute_values);
    return rk_strings_get(&engine->content.attribute_values, value, text);
}

uint32_t rk_item_values(const rk_engine *engine, uint32_t item, uint32_t attribute,
                        const uint32_t **values) {
    const rk_snapshot_content *content = &engine->content;
    assert(item < content->meta.items && attribute < content->meta.attributes);
    uint32_t at = content->item_value_begin[item], end = content->item_value_begin[item + 1];
    while (at < end && content->item_value[at] < content->attribute_first[attribute]) at++;
    *values = content->item_value + at;
    uint32_t count = 0;
    while (at < end && content->item_value[at++] < content->attribute_first[attribute + 1]) count++;
    return count;
}

bool rk_item_number(const rk_engine *engine, uint32_t item, uint32_t attribute, float *number) {
    const rk_snapshot_content *content = &engine->content;
    assert(item < content->meta.items && attribute < content->meta.attributes);
    if (content->attribute_kind[attribute] != RK_ATTRIBUTE_NUMBER) return false;
    uint32_t column = 0;
    for (uint32_t a = 0; a < attribute; a++)
        column += content->attribute_kind[a] == RK_ATTRIBUTE_NUMBER;
    *number = content->item_number[(uint64_t)item * content->meta.numbers + column];
    return *number != RK_NO_NUMBER;
}

uint64_t rk_report(const rk_engine *engine, const char **text) {
    *text = engine->content.report;
    return engine->content.report_bytes;
}

/* ---- the query ------------------------------------------------------------------------------- */

static rk_status check_session(const rk_snapshot_meta *meta, const rk_request *request,
                               rk_error *error) {
    if (request->session_count > RK_MAX_SESSION) {
        return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, 0, "session events",
                             request->session_count, RK_MAX_SESSION);
    }
    for (uint32_t i = 0; i < request->session_count; i++) {
        const rk_event *event = &request->session[i];
        if (event->item >= meta->items) {
            return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, i, "item", event->item,
                                 meta->items - 1);
        }
        if (event->type >= meta->types) {
            return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, i, "event", event->type,
                                 meta->types - 1);
        }
    }
    for (uint32_t i = 0; i < request->exclude_count; i++) {
        if (request->exclude[i] >= meta->items) {
            return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, i, "excluded item",
                                 request->exclude[i], meta->items - 1);
        }
    }
    return RK_OK;
}

/* Where and who the user is. */
static rk_status check_user(const rk_snapshot_meta *meta, const rk_request *request,
                            rk_error *error) {
    if (request->flags & RK_REQUEST_LOCATION) {
        float latitude = request->latitude, longitude = request->longitude;
        if (!(latitude >= -90.0f && latitude <= 90.0f))
            return rk_fail(error, RK_BAD_ARGUMENT, NULL, 0, "the latitude is not within +-90");
        if (!(longitude >= -180.0f && longitude <= 180.0f))
            return rk_fail(error, RK_BAD_ARGUMENT, NULL, 0, "the longitude is not within +-180");
    }
    if (request->feature_count > RK_MAX_USER_FEATURES) {
        return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, 0, "user features",
                             request->feature_count, RK_MAX_USER_FEATURES);
    }
    for (uint32_t i = 0; i < request->feature_count; i++) {
        if (request->features[i] >= meta->feature_rows) {
            return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, i, "user feature",
                                 request->features[i], meta->feature_rows);
        }
    }
    return RK_OK;
}

static rk_status check_sources(const rk_request *request, rk_error *error) {
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        float weight = request->source_weights[s];
        if ((request->flags & RK_REQUEST_SOURCE_WEIGHTS) && !(weight >= -1e6f && weight <= 1e6f)) {
            return rk_fail(error, RK_BAD_ARGUMENT, NULL, s, "a source weight is not within +-1e6");
        }
        uint32_t quota = request->source_quotas[s];
        if ((request->flags & RK_REQUEST_SOURCE_QUOTAS) && quota > RK_MAX_QUOTA) {
            return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, s, "source quota", quota,
                                 RK_MAX_QUOTA);
        }
    }
    return RK_OK;
}

/* All of a request but its count. */
static rk_status check_request(const rk_engine *engine, const rk_request *request,
                               rk_error *error) {
    RK_TRY(check_session(&engine->content.meta, request, error));
    RK_TRY(check_user(&engine->content.meta, request, error));
    return check_sources(request, error);
}

static void mark(uint32_t *bitmap, uint32_t item) {
    bitmap[item / RK_BLOCK_ROWS] |= 1u << (item % RK_BLOCK_ROWS);
}

static void block(rk_engine *engine, uint32_t item) {
    mark(engine->blocked, item);
    mark(engine->seen, item);
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
    }
    for (uint32_t i = 0; i < request->exclude_count; i++) block(engine, request->exclude[i]);
}

/* Undo read_session and the sources: every dense array is zero again. */
static void clear_query(rk_engine *engine, const rk_request *request, const rk_query *query) {
    for (uint32_t i = 0; i < request->session_count; i++) {
        engine->blocked[request->session[i].item / RK_BLOCK_ROWS] = 0;
        engine->seen[request->session[i].item / RK_BLOCK_ROWS] = 0;
    }
    for (uint32_t i = 0; i < request->exclude_count; i++) {
        engine->blocked[request->exclude[i] / RK_BLOCK_ROWS] = 0;
        engine->seen[request->exclude[i] / RK_BLOCK_ROWS] = 0;
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
        rk_vector_search_score_all(query, some->items, some->count, out);
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

/* The same by any sources. */
static void score_candidates(rk_engine *engine, const rk_query *query, uint32_t sources,
                             uint32_t count) {
    if ((sources & SEARCHING) == SEARCHING) {
        score_at_places(engine, query, SEARCHING, count, &engine->candidates);
        sources &= ~SEARCHING;
    }
    for (; sources; sources &= sources - 1)
        score_at_places(engine, query, sources & (0 - sources), count, &engine->candidates);
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

/* Candidates of every available source, merged. Returns the sources that took part, a bit each. */
static uint32_t retrieve(rk_engine *engine, rk_query *query) {
    uint32_t quotas[RK_SOURCE_COUNT], counts[RK_SOURCE_COUNT] = {0};
    const rk_scored *lists[RK_SOURCE_COUNT];
    uint32_t available = prepare(engine, query, quotas);
    const uint32_t searched[RK_SEARCH_COUNT] = {
        [RK_SEARCH_SESSION] = quotas[RK_SOURCE_SESSION],
        [RK_SEARCH_USER] = quotas[RK_SOURCE_USER],
    };
    rk_vector_search_all(query, searched);
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        lists[s] = engine->lists[s];
        if (quotas[s] > 0)
            counts[s] = rk_source_at(s)->retrieve(query, quotas[s], engine->lists[s]);
    }
    rk_merge(lists, counts, &engine->candidates);
    return available;
}

/* The weights of the blend; returns the sources with one, a bit each. */
static uint32_t blend_weights(const rk_engine *engine, const rk_request *request,
                              uint32_t available, float weights[RK_SOURCE_COUNT]) {
    uint32_t weighted = 0;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        weights[s] = available >> s & 1u ? weight_of(engine, request, s) : 0.0f;
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

/* The best candidates by the blend, best first, to engine->final; returns how many. They have all
 * their scores then, the others those that the blend asks for. */
static uint32_t blend(rk_engine *engine, const rk_query *query, uint32_t available) {
    const rk_candidates *candidates = &engine->candidates;
    float weights[RK_SOURCE_COUNT];
    uint32_t weighted = blend_weights(engine, query->request, available, weights);
    for (uint32_t i = 0; i < candidates->count; i++) engine->places[i] = i;
    score_candidates(engine, query, weighted, candidates->count);
    for (uint32_t i = 0; i < candidates->count; i++) {
        float score = 0.0f;
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
            if (weighted >> s & 1u) score += weights[s] * candidates->score[s][i];
        }
        engine->final[i] = (rk_scored){.score = score, .item = candidates->item[i]};
    }
    uint32_t count = RK_MIN(candidates->count, query->request->count);
    if (count == 0) return 0;
    rk_select_scored(engine->final, candidates->count, count);
    rk_sort_scored(engine->final, count);
    for (uint32_t i = 0; i < count; i++)
        engine->places[i] = candidates->slot[engine->final[i].item] - 1u;
    score_candidates(engine, query, available & ~weighted, count);
    return count;
}

/* The seed that speaks most for `item` by item-item weight, if any does. */
static uint32_t because(const rk_engine *engine, const rk_query *query, uint32_t item) {
    enum { MOST_SEEDS = 64 };
    uint32_t best = RK_NONE;
    float best_weight = 0.0f, recency = 1.0f;
    for (uint32_t j = 0; j < RK_MIN(query->seed_count, MOST_SEEDS); j++) {
        float weight =
            recency * rk_neighbor_seed_weight(query, j) *
            rk_neighbor_weight(&engine->content, engine->neighbor_weights, query->seeds[j], item);
        if (weight > best_weight) {
            best_weight = weight;
            best = query->seeds[j];
        }
        recency *= engine->content.meta.similar_decay;
    }
    return best;
}

static void answer(const rk_engine *engine, const rk_query *query, uint32_t available,
                   uint32_t count, rk_recommendation *out) {
    bool has_neighbors = available >> RK_SOURCE_SIMILAR & 1u;
    const rk_candidates *candidates = &engine->candidates;
    for (uint32_t i = 0; i < count; i++) {
        rk_scored chosen = engine->final[i];
        uint32_t place = engine->places[i];
        memset(&out[i], 0, sizeof out[i]);
        out[i].item = chosen.item;
        out[i].score = chosen.score;
        out[i].sources = candidates->sources[place];
        out[i].because = has_neighbors ? because(engine, query, chosen.item) : RK_NONE;
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
            out[i].rank[s] = candidates->rank[s][place];
            out[i].source_score[s] = candidates->score[s][place];
        }
    }
}

/* A query over the engine's scratch, its session read. clear_query must follow. */
static rk_query begin_query(rk_engine *engine, const rk_request *request) {
    rk_query query = {
        .snapshot = &engine->content,
        .request = request,
        .seeds = engine->seeds,
        .seed_weights = engine->seed_weights,
        .blocked = engine->blocked,
        .seen = engine->seen,
        .neighbor_weights = engine->neighbor_weights,
        .neighbor_sum = engine->neighbor_sum,
        .touched = engine->touched,
        .spots = engine->spots,
        .spot_of = engine->spot_of,
        .explore_blocks = engine->explore_blocks,
        .searches = engine->searches,
        .coarse = engine->coarse,
    };
    read_session(engine, request, &query);
    return query;
}

rk_status rk_recommend(rk_engine *engine, const rk_request *request, rk_recommendation *out,
                       uint32_t *found, rk_error *error) {
    *found = 0;
    if (request->count < 1 || request->count > RK_MAX_COUNT) {
        return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, 0, "count", request->count,
                             RK_MAX_COUNT);
    }
    RK_TRY(check_request(engine, request, error));
    rk_query query = begin_query(engine, request);
    uint32_t available = retrieve(engine, &query);
    *found = blend(engine, &query, available);
    answer(engine, &query, available, *found, out);
    clear_query(engine, request, &query);
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
    rk_request request = {.session = &seed, .session_count = 1, .count = count};
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
    if (check_request(engine, request, NULL) != RK_OK) return "the request is not valid";
    rk_query query = begin_query(engine, request);
    const char *reason = rk_source_at(source)->unavailable(&query);
    clear_query(engine, request, &query);
    return reason;
}
