#include "learn/fit.h"

#include "learn/build_explore.h"
#include "learn/build_places.h"
#include "learn/build_popularity.h"
#include "learn/build_trending.h"
#include "learn/build_vectors.h"
#include "reckon.h"

rk_tuned rk_tuned_defaults(const rk_learn_options *options) {
    return (rk_tuned){
        .neighbors = {.window = 10,
                      .top = 32,
                      .forward = 0.85f,
                      .backward = 0.6f,
                      .length_power = 0.0f,
                      .norm = 0.3f},
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
    return rk_build_popularity(log, tuned->half_life_ms, memory, popularity, popular,
                               &content->meta.popular_count);
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

bool rk_fit_explore(const rk_log *log, rk_memory *memory, rk_snapshot_content *content) {
    uint32_t *explore = RK_NEW(memory, uint32_t, RK_EXPLORE_ROWS);
    content->explore = explore;
    return explore && rk_build_explore(log, explore, &content->meta.explore_count);
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

/* Vectors of few events lean on what the items say of themselves. */
static bool lean_on_content(const rk_log *log, const rk_content *items, const rk_tuned *tuned,
                            const rk_learn_options *options, float *vectors, rk_memory *scratch,
                            rk_ridge_result *ridge) {
    if (!items->features) return true;
    uint32_t dim = tuned->sgns.dim;
    if (!rk_train_ridge(items, vectors, log->item_events, dim, &tuned->ridge, options->threads,
                        scratch, ridge)) {
        return false;
    }
    rk_ridge_shrink(items, ridge, log->item_events, dim, tuned->ridge.prior_events, vectors);
    return true;
}

bool rk_fit_vectors(const rk_log *log, const rk_content *items, const rk_tuned *tuned,
                    const rk_learn_options *options, rk_memory *memory,
                    rk_snapshot_content *content, rk_vectors_result *result) {
    rk_memory scratch = {0};
    rk_vector_table table;
    uint32_t dim = tuned->sgns.dim;
    bool ok = rk_train_sgns(log, &tuned->sgns, options, &scratch, &result->sgns);
    float *vectors = result->sgns.vectors;
    if (ok) rk_rotate_vectors(vectors, log->item_events, log->items, dim, options->seed);
    ok = ok && lean_on_content(log, items, tuned, options, vectors, &scratch, &result->ridge);
    if (ok && tuned->encoder.epochs) {
        ok = rk_train_encoder(log, &tuned->encoder, options, vectors, memory, &result->encoder) &&
             lean_on_content(log, items, tuned, options, vectors, &scratch, &result->ridge);
        content->encoder_positions = result->encoder.positions;
        content->meta.encoder_positions = tuned->encoder.positions;
    }
    ok = ok && rk_build_vectors(vectors, log->items, dim, memory, &table);
    rk_memory_free(&scratch);
    result->sgns.vectors = result->encoder.vectors = NULL;
    result->ridge.weights = result->ridge.mean = NULL;
    if (!ok) return false;
    content->meta.dim = tuned->sgns.dim;
    content->vector_mean = table.mean;
    content->vector_factors = table.factors;
    content->vector_cells = table.cells;
    content->vector_low = table.low;
    return true;
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
