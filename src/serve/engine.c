/* Opening an engine over a snapshot, and what it can look up. The query is in funnel.c. */
#include "format/user_features.h"
#include "serve/engine_state.h"

/* ---- opening --------------------------------------------------------------------------------- */

static void lay_out_rankers(rk_arena *arena, const rk_snapshot_meta *meta, rk_engine *engine) {
    uint32_t rows = meta->tasks ? RK_MAX_CANDIDATES : 0;
    engine->first_by_item = RK_TAKE(arena, float, meta->tasks ? meta->items : 0);
    engine->first_inputs = RK_TAKE(arena, float, rows *RK_FIRST_INPUTS);
    engine->first_dots = RK_TAKE(arena, float, rows);
    engine->first_scores = RK_TAKE(arena, float, rows);
    engine->inputs = RK_TAKE(arena, float, rows *RK_FEATURE_COUNT);
    engine->block = RK_TAKE(arena, float, RK_SECOND_BLOCK * meta->rank_inputs);
    engine->activations = RK_TAKE(arena, float, RK_SECOND_BLOCK *rk_second_columns(meta));
    engine->probabilities = RK_TAKE(arena, float, rows * meta->tasks);
    engine->values = RK_TAKE(arena, float, rows);
    engine->fresh = RK_TAKE(arena, rk_scored, 2 * rows);
    engine->fresh_rows = RK_TAKE(arena, float, rows * meta->tasks);
}

static void lay_out_onboarding(rk_arena *arena, const rk_snapshot_meta *meta,
                               rk_onboarding_pool *pool) {
    float **const columns[] = {&pool->scale, &pool->mean, &pool->prior, &pool->wanted,
                               &pool->known, &pool->pick, &pool->gain,  &pool->score};
    pool->item = RK_TAKE(arena, uint32_t, RK_ONBOARDING_POOL);
    pool->vector = RK_TAKE(arena, int16_t, RK_ONBOARDING_POOL * meta->dim);
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
        *columns[c] = RK_TAKE(arena, float, RK_ONBOARDING_POOL);
    pool->row = RK_TAKE(arena, float, 2 * RK_ONBOARDING_POOL);
}

/* One layout for measuring and for use. */
static void lay_out(rk_arena *arena, const rk_snapshot_meta *meta, rk_engine *engine) {
    uint32_t items = meta->items;
    engine->blocked = RK_TAKE(arena, uint32_t, rk_block_count(items));
    engine->seen = RK_TAKE(arena, uint32_t, rk_block_count(items));
    engine->had = RK_TAKE(arena, uint32_t, rk_block_count(items));
    engine->seeds = RK_TAKE(arena, uint32_t, RK_MAX_SESSION);
    engine->seed_weights = RK_TAKE(arena, float, RK_MAX_SESSION);
    engine->neighbor_sum = RK_TAKE(arena, float, items);
    engine->touched = RK_TAKE(arena, uint32_t, items);
    engine->spots = RK_TAKE(arena, rk_spot, meta->place_count);
    engine->spot_of = RK_TAKE(arena, uint32_t, meta->place_count ? items : 0);
    engine->explore_blocks =
        RK_TAKE(arena, rk_explore_block, meta->explore_count ? rk_block_count(items) : 0);
    engine->needs.row = RK_TAKE(arena, int16_t, items);
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
    engine->blends = RK_TAKE(arena, float, RK_MAX_CANDIDATES);
    engine->final = RK_TAKE(arena, rk_scored, RK_MAX_CANDIDATES);
    engine->places = RK_TAKE(arena, uint32_t, RK_MAX_CANDIDATES);
    engine->ruled = RK_TAKE(arena, rk_ruled, RK_MAX_COUNT);
    lay_out_rankers(arena, meta, engine);
    lay_out_onboarding(arena, meta, &engine->asked);
    /* Training asks for features before there is a ranker, so they are always there. */
    engine->features = rk_arena_take(arena, rk_feature_context_bytes(meta), 1);
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
    memset(engine->had, 0, (size_t)rk_block_count(items) * sizeof *engine->had);
    memset(engine->neighbor_sum, 0, items * sizeof *engine->neighbor_sum);
    memset(engine->candidates.slot, 0, items * sizeof *engine->candidates.slot);
    engine->candidates.count = 0;
    memset(&engine->funnel, 0, sizeof engine->funnel);
    /* The search opens engines over contents that have no vectors yet, and asks none for features.
     */
    if (content->vector_mean && content->popularity)
        engine->features = rk_feature_context_over(&engine->content, engine->features);
    if (content->vector_factors) rk_ann_needs_fill(content, &engine->needs);
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

const rk_snapshot_content *rk_engine_content(const rk_engine *engine) {
    return &engine->content;
}

uint32_t rk_item_find(const rk_engine *engine, const char *id, uint32_t id_bytes) {
    const rk_snapshot_content *content = &engine->content;
    rk_strings ids = content->items;
    ids.count -= content->added;
    const uint32_t found = rk_strings_find(&ids, id, id_bytes), first = ids.count;
    if (found != RK_NONE || content->added == 0) return found;
    ids.offsets += first;
    ids.count = content->added;
    const uint32_t among_added = rk_strings_find(&ids, id, id_bytes);
    return among_added == RK_NONE ? RK_NONE : first + among_added;
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

void rk_engine_funnel(const rk_engine *engine, rk_funnel *out) {
    *out = engine->funnel;
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

uint32_t rk_attribute_value_find(const rk_engine *engine, uint32_t attribute, const char *text,
                                 uint32_t bytes) {
    const rk_snapshot_content *content = &engine->content;
    assert(attribute < content->meta.attributes);
    uint32_t first = content->attribute_first[attribute];
    rk_strings values = content->attribute_values; /* of this attribute: they are sorted */
    values.count = content->attribute_first[attribute + 1] - first;
    if (values.count == 0) return RK_NONE;
    values.offsets += first;
    uint32_t found = rk_strings_find(&values, text, bytes);
    return found == RK_NONE ? RK_NONE : first + found;
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
