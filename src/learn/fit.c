#include "learn/fit.h"

#include "format/user_features.h"
#include "learn/align_vectors.h"
#include "learn/build_attributes.h"
#include "learn/build_clusters.h"
#include "learn/build_explore.h"
#include "learn/build_places.h"
#include "learn/build_popularity.h"
#include "learn/build_trending.h"
#include "learn/build_vectors.h"
#include "learn/content_prior.h"
#include "reckon.h"

void rk_tuned_fix(const rk_learn_options *options, rk_tuned *tuned) {
    for (uint32_t s = 0; s < RK_SOURCE_SLOTS; s++) {
        const rk_source_setting *setting = &options->sources[s];
        if (setting->has_quota) tuned->sources[s].quota = setting->quota;
        if (setting->has_weight) tuned->sources[s].weight = setting->weight;
    }
}

/* What the search of the prior's source found. The snapshot has what a query needs; the rest its
 * report has, and where that says nothing the defaults stand. */
static void tune_as(const rk_prior *prior, rk_tuned *tuned) {
    const rk_snapshot_content *source = prior->source;
    const rk_snapshot_meta *meta = &source->meta;
    rk_neighbor_params *rows = &tuned->neighbors;
    tuned->prior = rows->prior = prior;
    tuned->sgns.dim = tuned->encoder.dim = tuned->towers.dim = meta->dim;
    tuned->similar_decay = meta->similar_decay;
    tuned->session_decay = meta->session_decay;
    tuned->short_popular = meta->short_popular;
    if (meta->outlier_weight > 0.0f) tuned->outlier_weight = meta->outlier_weight;
    if (meta->nearby_km > 0.0f) tuned->nearby_km = meta->nearby_km;
    memcpy(tuned->repeat, meta->repeat, sizeof tuned->repeat);
    memcpy(tuned->sources, source->sources, sizeof tuned->sources);
    if (!meta->encoder_positions) tuned->encoder.epochs = 0;
    tuned->encoder.positions = RK_MAX(1, meta->encoder_positions);
    tuned->encoder.start = source->encoder_positions;
    tuned->encoder.anchor = RK_PRIOR_ANCHOR;
    if (meta->user_positions) {
        tuned->towers.positions = meta->user_positions;
        tuned->towers.start = source->user_positions;
    }
    tuned->half_life_ms =
        (int64_t)(rk_prior_setting(source, "popular_half_life_days", 0.0, 1e4, 0.0) *
                  (double)RK_DAY_MS);
    tuned->gap_ms =
        (int64_t)(rk_prior_setting(source, "session_gap_minutes", 0.0, 1e7, 0.0) * 60000.0);
    rows->window = (uint32_t)rk_prior_setting(source, "neighbor_window", 1.0, 256.0, rows->window);
    rows->forward =
        (float)rk_prior_setting(source, "neighbor_forward", 0.0, 1.0, (double)rows->forward);
    rows->backward =
        (float)rk_prior_setting(source, "neighbor_backward", 0.0, 1.0, (double)rows->backward);
    rows->length_power = (float)rk_prior_setting(source, "neighbor_length_power", 0.0, 1.0, 0.0);
    rows->norm = prior->neighbor_norm;
}

rk_tuned rk_tuned_defaults(const rk_learn_options *options) {
    rk_tuned tuned = {
        .neighbors = {.window = 10,
                      .top = 32,
                      .forward = 0.85f,
                      .backward = 0.6f,
                      .length_power = 0.0f,
                      .norm = 0.3f,
                      .related = options->expert_related},
        .boost = options->expert_boost,
        .similar_decay = 0.85f,
        .outlier_weight = 1.0f,
        .trending_window_ms = 7 * RK_DAY_MS,
        .nearby_km = 5.0f,
        .sgns = {.dim = options->dim,
                 .epochs = options->sgns_epochs,
                 .event_budget = RK_SGNS_BUDGET,
                 .window = 10,
                 .negatives = 5.0f,
                 .negative_exponent = 1.0f,
                 .subsample = 0.0f,
                 .rate = 0.4f},
        .encoder = {.dim = options->dim,
                    .positions = 32,
                    .epochs = options->encoder_epochs,
                    .event_budget = RK_ENCODER_BUDGET,
                    .decay = 0.8f,
                    .temperature = 0.07f,
                    .dropout = 0.0f,
                    .popular_share = 0.3f,
                    .rate = 0.1f,
                    .position_rate = 0.1f},
        .towers = {.dim = options->dim,
                   .positions = 64,
                   .epochs = options->tower_epochs,
                   .event_budget = RK_TOWER_BUDGET,
                   .decay = 0.9f,
                   .temperature = 0.07f,
                   .dropout = 0.1f,
                   .rate = 0.1f,
                   .position_rate = 0.1f},
        .id_dropout = 0.4f,
        .content_rate = 0.001f,
        .ridge = {.lambda = 10.0f, .prior_events = 3.0f, .iterations = 20},
        .session_decay = 0.8f,
        .sources = {[RK_SOURCE_POPULAR] = {.quota = 100, .weight = 0.03f},
                    [RK_SOURCE_SIMILAR] = {.quota = 200, .weight = 1.0f},
                    [RK_SOURCE_SESSION] = {.quota = 200, .weight = 2.0f},
                    [RK_SOURCE_TRENDING] = {.quota = 50},
                    [RK_SOURCE_NEARBY] = {.quota = 100},
                    [RK_SOURCE_USER] = {.quota = 200},
                    [RK_SOURCE_EXPLORE] = {.quota = 20}},
    };
    if (options->prior) tune_as(options->prior, &tuned);
    rk_tuned_fix(options, &tuned);
    return tuned;
}

void rk_fit_begin(const rk_events_content *events, const rk_log *log, const rk_tuned *tuned,
                  uint64_t seed, rk_snapshot_content *content) {
    *content = (rk_snapshot_content){
        .meta = {.items = log->items,
                 .types = events->meta.types,
                 .dim = tuned->sgns.dim,
                 .time_kind = log->time_kind,
                 .events = log->events,
                 .sessions = log->sessions,
                 .seed = seed,
                 .similar_decay = tuned->similar_decay,
                 .session_decay = tuned->session_decay,
                 .outlier_weight = tuned->outlier_weight,
                 .short_popular = tuned->short_popular,
                 .nearby_km = tuned->nearby_km},
        .types = events->types,
        .type_weight = events->type_weight,
        .sources = tuned->sources,
    };
    memcpy(content->meta.repeat, tuned->repeat, sizeof tuned->repeat);
}

bool rk_fit_popularity(const rk_log *log, const rk_tuned *tuned, rk_memory *memory,
                       rk_snapshot_content *content) {
    float *popularity = RK_NEW(memory, float, log->items);
    uint32_t *popular = RK_NEW(memory, uint32_t, log->items);
    if (!popularity || !popular) return false;
    content->popularity = popularity;
    content->popular = popular;
    rk_memory scratch = {0};
    float *start = RK_NEW(&scratch, float, log->items);
    if (start && tuned->prior) rk_prior_popularity(tuned->prior, log, start);
    for (uint32_t item = 0; start && log->expert.boost && item < log->items; item++)
        start[item] += tuned->boost * log->expert.boost[item];
    const bool ok = start && rk_build_popularity(log, tuned->half_life_ms, start, memory,
                                                 popularity, popular, &content->meta.popular_count);
    rk_memory_free(&scratch);
    return ok;
}

bool rk_fit_trending(const rk_log *log, const rk_tuned *tuned, rk_memory *memory,
                     rk_snapshot_content *content) {
    if (log->time_kind != RK_TIME_UNIX_MS) return true;
    float *trending = RK_NEW(memory, float, log->items);
    uint32_t *top = RK_NEW(memory, uint32_t, RK_TRENDING_ROWS);
    content->trending = trending;
    content->trending_top = top;
    return trending && top &&
           rk_build_trending(log, tuned->trending_window_ms, trending, top,
                             &content->meta.trending_count);
}

bool rk_fit_places(const rk_events_content *events, const rk_log *log, rk_memory *memory,
                   rk_snapshot_content *content) {
    rk_place_table table;
    if (!rk_build_places(events, log, memory, &table)) return false;
    content->meta.place_count = table.count;
    if (!table.count) return true;
    content->place = table.place;
    content->place_code = table.code;
    content->place_item = table.item;
    return true;
}

bool rk_fit_attributes(const rk_events_content *events, const rk_log *log, rk_memory *memory,
                       rk_snapshot_content *content) {
    rk_attribute_table table;
    if (!rk_build_attributes(events, log, memory, &table)) return false;
    content->meta.attributes = table.names.count;
    if (!table.names.count) return true;
    content->meta.attribute_values = table.values.count;
    content->meta.numbers = table.numbers;
    content->attributes = table.names;
    content->attribute_kind = table.kind;
    content->attribute_first = table.first;
    content->attribute_values = table.values;
    content->item_value_begin = table.value_begin;
    content->item_value = table.value;
    content->item_number = table.number;
    return true;
}

bool rk_fit_born(const rk_log *log, rk_memory *memory, rk_snapshot_content *content) {
    if (log->time_kind != RK_TIME_UNIX_MS) return true;
    uint32_t *born = RK_NEW(memory, uint32_t, log->items);
    if (!born) return false;
    content->born = born;
    content->meta.timed_items = rk_build_born(log, born);
    return true;
}

bool rk_fit_explore(const rk_log *log, rk_memory *memory, rk_snapshot_content *content) {
    uint32_t *explore = RK_NEW(memory, uint32_t, RK_EXPLORE_ROWS);
    content->explore = explore;
    return explore && rk_build_explore(log, explore, &content->meta.explore_count);
}

bool rk_fit_clusters(const rk_learn_options *options, rk_memory *memory,
                     rk_snapshot_content *content) {
    rk_cluster_table table;
    if (!rk_build_clusters(content, options->seed, options->threads, memory, &table)) return false;
    content->cluster = table.of_item;
    content->meta.clusters = table.count;
    content->meta.cluster_model = table.model;
    return true;
}

bool rk_fit_neighbors(const rk_log *log, const rk_neighbor_params *params, float decay,
                      uint32_t threads, rk_memory *memory, rk_snapshot_content *content) {
    rk_neighbor_table table;
    if (!rk_build_neighbors(log, params, threads, memory, &table)) return false;
    content->meta.neighbor_scale = table.scale;
    content->meta.similar_decay = decay;
    content->neighbors =
        (rk_neighbor_rows){.offsets = table.core_offsets, .entries = table.core_entries};
    content->neighbors_more =
        (rk_neighbor_rows){.offsets = table.more_offsets, .entries = table.more_entries};
    return true;
}

bool rk_fit_cooccurrence(const rk_log *log, uint32_t threads, rk_memory *memory,
                         rk_snapshot_content *content) {
    const rk_neighbor_params plain = {.window = 256,
                                      .top = RK_NEIGHBOR_ROW_MAX,
                                      .forward = 1.0f,
                                      .backward = 1.0f,
                                      .length_power = 0.0f,
                                      .norm = 0.0f};
    return rk_fit_neighbors(log, &plain, 1.0f, threads, memory, content);
}

/* Events that the start of the encoder's position weights is worth. */
#define POSITION_EVENTS 1000.0f

/* ---- vectors --------------------------------------------------------------------------------- */

/* One training of the vectors, from skip-gram to codes. */
typedef struct vector_fit {
    const rk_events_content *events;
    const rk_log *log;
    const rk_content *items;
    const rk_tuned *tuned;
    const rk_learn_options *options;
    rk_memory *memory; /* of the snapshot */
    rk_memory scratch;
    rk_snapshot_content *content;
    rk_vectors_result *result;
    float *vectors;           /* (items, dim) */
    float *prior;             /* (features, dim) what content alone says, or NULL */
    const uint32_t *evidence; /* (items) events that each vector was learnt from */
    uint32_t dim;
} vector_fit;

/* Vectors of few events lean on what the items say of themselves. */
static void lean_on_content(const vector_fit *fit) {
    if (!fit->items->features) return;
    rk_ridge_shrink(fit->items, &fit->result->ridge, fit->evidence, fit->dim,
                    fit->tuned->ridge.prior_events, fit->vectors);
}

static bool fit_ridge(vector_fit *fit) {
    return !fit->items->features ||
           rk_train_ridge(fit->items, fit->prior, fit->vectors, fit->evidence, fit->dim,
                          &fit->tuned->ridge, fit->options->threads, &fit->scratch,
                          &fit->result->ridge);
}

/* There is nothing to train on, or nothing is to be trained: what the source has stands. */
static bool is_frozen(const vector_fit *fit) {
    return fit->tuned->prior && (fit->tuned->prior->frozen || !fit->log->events);
}

/* What is known before any event, and the learnt vectors turned to it. */
static bool fit_prior(vector_fit *fit) {
    if (!fit->items->features) return true;
    return rk_content_prior(fit->items, fit->dim, fit->options->seed, fit->options->threads,
                            &fit->scratch, &fit->prior) &&
           rk_align_vectors(fit->items, fit->prior, fit->log->item_events, fit->dim, fit->vectors);
}

/* Weights of few events are mostly noise: they are shrunk to where they started, one decay or the
 * source's. */
static void shrink_positions(const vector_fit *fit, float *positions) {
    const rk_encoder_params *params = &fit->tuned->encoder;
    const float events = (float)fit->log->events, alpha = events / (events + POSITION_EVENTS);
    float start = 1.0f;
    for (uint32_t j = 0; j < params->positions; j++) {
        for (uint32_t d = 0; d < fit->dim; d++) {
            float *weight = &positions[(uint64_t)j * fit->dim + d];
            const float from = params->start ? params->start[(uint64_t)j * fit->dim + d] : start;
            *weight = alpha * *weight + (1.0f - alpha) * from;
        }
        start *= params->decay;
    }
}

static bool fit_encoder(vector_fit *fit) {
    const rk_prior *prior = fit->tuned->prior;
    rk_encoder_params params = fit->tuned->encoder;
    if (is_frozen(fit)) {
        fit->content->encoder_positions = prior->source->encoder_positions;
        fit->content->meta.encoder_positions = prior->source->meta.encoder_positions;
        return true;
    }
    if (!params.epochs || !fit->log->events) return true;
    lean_on_content(fit);
    if (prior) {
        float *evidence = RK_NEW(&fit->scratch, float, fit->log->items);
        if (!evidence) return false;
        for (uint32_t item = 0; item < fit->log->items; item++)
            evidence[item] = rk_prior_events(prior, fit->log, item);
        params.evidence = evidence;
    }
    if (!rk_train_encoder(fit->log, &params, fit->options, fit->vectors, NULL, fit->memory,
                          &fit->result->encoder)) {
        return false;
    }
    shrink_positions(fit, fit->result->encoder.positions);
    fit->content->encoder_positions = fit->result->encoder.positions;
    fit->content->meta.encoder_positions = params.positions;
    return fit_ridge(fit);
}

/* Rows for the features of all contexts: at least two a value, so that few collide. */
static uint32_t feature_rows_for(const rk_events_content *events) {
    uint32_t rows = 16, values = events->meta.contexts * events->meta.features;
    while (rows < 4096 && rows < 4 * (uint64_t)values) rows *= 2;
    return events->meta.features ? rows : 0;
}

static bool fit_features(vector_fit *fit, rk_tower_sides *sides) {
    const rk_events_content *events = fit->events;
    uint32_t columns = events->meta.features, cells = events->meta.contexts * columns;
    sides->columns = columns;
    const rk_prior *prior = fit->tuned->prior;
    const bool before = prior && prior->source->meta.feature_rows;
    sides->feature_rows = before ? prior->source->meta.feature_rows : feature_rows_for(events);
    if (!columns) return true;
    uint32_t *rows = RK_NEW(&fit->scratch, uint32_t, cells);
    sides->features = RK_NEW(fit->memory, float, (uint64_t)sides->feature_rows * fit->dim);
    sides->context_rows = rows;
    if (!rows || !sides->features) return false;
    if (before)
        memcpy(sides->features, prior->source->feature_vectors,
               (size_t)sides->feature_rows * fit->dim * sizeof *sides->features);
    for (uint32_t cell = 0; cell < cells; cell++) {
        const char *name, *value;
        uint32_t name_bytes = rk_strings_get(&events->features, cell % columns, &name);
        uint32_t value_bytes = rk_strings_get(&events->contexts, cell, &value);
        rows[cell] = value_bytes
                         ? rk_feature_row(name, name_bytes, value, value_bytes, sides->feature_rows)
                         : RK_NONE;
    }
    rk_snapshot_content *content = fit->content;
    content->meta.user_features = columns;
    content->meta.feature_rows = sides->feature_rows;
    content->features = events->features;
    content->feature_vectors = sides->features;
    return true;
}

/* The user tower over vectors that stay as they are, and the item tower's content, tuned by it. */
static bool fit_towers(vector_fit *fit) {
    uint64_t size = (uint64_t)fit->log->items * fit->dim;
    float *learnt = RK_NEW(&fit->scratch, float, size);
    rk_tower_sides sides = {.items = fit->items,
                            .content_weights = fit->result->ridge.weights,
                            .content_mean = fit->result->ridge.mean,
                            .id_dropout = fit->tuned->id_dropout,
                            .content_rate = fit->tuned->content_rate};
    if (!learnt || !fit_features(fit, &sides)) return false;
    memcpy(learnt, fit->vectors, (size_t)size * sizeof *learnt);
    lean_on_content(fit);
    if (!rk_train_encoder(fit->log, &fit->tuned->towers, fit->options, fit->vectors, &sides,
                          fit->memory, &fit->result->towers)) {
        return false;
    }
    memcpy(fit->vectors, learnt, (size_t)size * sizeof *learnt);
    fit->content->user_positions = fit->result->towers.positions;
    fit->content->meta.user_positions = fit->tuned->towers.positions;
    return true;
}

/* A tower without features of the user is a session encoder over a longer session, and loses to it
 * (src/README.md). */
static bool has_towers(const vector_fit *fit) {
    return fit->tuned->towers.epochs && fit->log->events && fit->events->meta.features &&
           !is_frozen(fit);
}

/* Where nothing is said of the users here, the source's user tower still answers requests that say
 * something. */
static bool carry_tower(const vector_fit *fit) {
    if (!fit->tuned->prior) return true;
    const rk_snapshot_content *source = fit->tuned->prior->source;
    rk_snapshot_content *content = fit->content;
    content->meta.user_positions = source->meta.user_positions;
    content->meta.user_features = source->meta.user_features;
    content->meta.feature_rows = source->meta.feature_rows;
    content->user_positions = source->user_positions;
    content->features = source->features;
    content->feature_vectors = source->feature_vectors;
    return true;
}

static bool store_vectors(vector_fit *fit) {
    rk_vector_table table;
    lean_on_content(fit);
    if (is_frozen(fit)) rk_prior_vectors(fit->tuned->prior, fit->log, false, fit->vectors);
    if (!rk_build_vectors(fit->vectors, fit->log->items, fit->dim, fit->memory, &table))
        return false;
    fit->content->meta.dim = fit->dim;
    fit->content->vector_mean = table.mean;
    fit->content->vector_factors = table.factors;
    fit->content->vector_cells = table.cells;
    fit->content->vector_low = table.low;
    return true;
}

/* By skip-gram, turned to what content says of the items; zeros where there is no event to learn
 * from. */
static bool start_from_sgns(vector_fit *fit) {
    const rk_log *log = fit->log;
    rk_sgns_result *sgns = &fit->result->sgns;
    fit->evidence = log->item_events;
    if (!log->events) {
        fit->vectors = RK_NEW(&fit->scratch, float, (uint64_t)log->items * fit->dim);
    } else if (rk_train_sgns(log, &fit->tuned->sgns, fit->options, &fit->scratch, sgns)) {
        fit->vectors = sgns->vectors;
    }
    if (!fit->vectors) return false;
    rk_rotate_vectors(fit->vectors, fit->evidence, log->items, fit->dim, fit->options->seed);
    return fit_prior(fit);
}

/* The source's vectors, and those of items that it does not know from what they appear with. What
 * is to be said of items without events either comes from their content, later. */
static bool start_from_prior(vector_fit *fit) {
    const rk_log *log = fit->log;
    uint32_t *evidence = RK_NEW(&fit->scratch, uint32_t, log->items);
    fit->vectors = RK_NEW(&fit->scratch, float, (uint64_t)log->items * fit->dim);
    if (!evidence || !fit->vectors) return false;
    rk_prior_vectors(fit->tuned->prior, log, true, fit->vectors);
    for (uint32_t item = 0; item < log->items; item++)
        evidence[item] =
            log->item_events[item] + (uint32_t)rk_prior_events(fit->tuned->prior, log, item);
    rk_prior_join(fit->tuned->prior, log, fit->vectors);
    fit->evidence = evidence;
    return true;
}

bool rk_fit_vectors(const rk_events_content *events, const rk_log *log, const rk_content *items,
                    const rk_tuned *tuned, const rk_learn_options *options, rk_memory *memory,
                    rk_snapshot_content *content, rk_vectors_result *result) {
    *result = (rk_vectors_result){0};
    vector_fit fit = {.events = events,
                      .log = log,
                      .items = items,
                      .tuned = tuned,
                      .options = options,
                      .memory = memory,
                      .content = content,
                      .result = result,
                      .dim = tuned->sgns.dim};
    bool ok = (tuned->prior ? start_from_prior(&fit) : start_from_sgns(&fit)) && fit_ridge(&fit) &&
              fit_encoder(&fit) && (has_towers(&fit) ? fit_towers(&fit) : carry_tower(&fit)) &&
              store_vectors(&fit);
    rk_memory_free(&fit.scratch);
    result->sgns.vectors = result->encoder.vectors = result->towers.vectors = NULL;
    result->ridge.weights = result->ridge.mean = NULL;
    return ok;
}

static void progress(const rk_learn_options *options, const char *stage, uint64_t total,
                     const char *unit) {
    if (options->progress) options->progress(options->context, stage, 0, total, unit);
}

static rk_status out_of_memory(rk_error *error, const char *what) {
    return rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, what);
}

rk_status rk_fit_retrieval(const rk_events_content *events, rk_log *log, rk_content *items,
                           const rk_tuned *tuned, const rk_learn_options *options,
                           rk_memory *memory, rk_snapshot_content *content,
                           rk_vectors_result *vectors, rk_error *error) {
    rk_log_cut(log, tuned->gap_ms);
    rk_fit_begin(events, log, tuned, options->seed, content);
    progress(options, "popularity", log->events, "events");
    if (!rk_fit_popularity(log, tuned, memory, content)) return out_of_memory(error, "popularity");
    if (!rk_fit_trending(log, tuned, memory, content) ||
        !rk_fit_places(events, log, memory, content) || !rk_fit_explore(log, memory, content)) {
        return out_of_memory(error, "trending, places, explore");
    }
    if (!rk_fit_attributes(events, log, memory, content) || !rk_fit_born(log, memory, content))
        return out_of_memory(error, "attributes, ages");
    progress(options, "neighbors", log->items, "items");
    if (!rk_fit_neighbors(log, &tuned->neighbors, tuned->similar_decay, options->threads, memory,
                          content)) {
        return out_of_memory(error, "neighbours");
    }
    if (!rk_content_build(events, log, memory, items))
        return out_of_memory(error, "content of items");
    if (!rk_fit_vectors(events, log, items, tuned, options, memory, content, vectors))
        return out_of_memory(error, "vectors");
    if (!rk_fit_clusters(options, memory, content)) return out_of_memory(error, "clusters");
    return RK_OK;
}

static bool copy_rows(const rk_strings *from, const rk_log *log, rk_memory *memory,
                      rk_strings *to) {
    const char *text;
    uint64_t bytes = 0;
    for (uint32_t item = 0; item < log->items; item++) {
        bytes += rk_strings_get(from, log->file_item[item], &text);
    }
    uint32_t *offsets = RK_NEW(memory, uint32_t, (uint64_t)log->items + 1);
    char *copy = RK_NEW(memory, char, bytes);
    if (!offsets || !copy) return false;
    for (uint32_t item = 0; item < log->items; item++) {
        uint32_t size = rk_strings_get(from, log->file_item[item], &text);
        memcpy(copy + offsets[item], text, size);
        offsets[item + 1] = offsets[item] + size;
    }
    *to = (rk_strings){.offsets = offsets, .text = copy, .count = log->items};
    return true;
}

bool rk_fit_strings(const rk_events_content *events, const rk_log *log, rk_memory *memory,
                    rk_snapshot_content *content) {
    if (!copy_rows(&events->items, log, memory, &content->items)) return false;
    return events->titles.count == 0 || copy_rows(&events->titles, log, memory, &content->titles);
}
