#include "learn/transfer.h"

#include "learn/transfer_carry.h"
#include "model/session_encoder.h"
#include "model/vectors.h"
#include "simd/kernels.h"

static rk_status out_of_memory(rk_error *error, const char *what) {
    return rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, what);
}

/* ---- what does not fit ----------------------------------------------------------------------- */

static bool shares_type(const rk_snapshot_content *source, const rk_events_content *events) {
    for (uint32_t type = 0; type < events->meta.types; type++) {
        const char *name;
        const uint32_t bytes = rk_strings_get(&events->types, type, &name);
        if (rk_strings_scan(&source->types, name, bytes) != RK_NONE) return true;
    }
    return false;
}

static rk_status check(const rk_snapshot_content *source, const rk_events_content *events,
                       const rk_rows *rows, const rk_learn_options *options,
                       const rk_matches *matches, rk_error *error) {
    const uint32_t dim = options->dim, usual = rk_learn_defaults().dim;
    if (dim != usual && dim != source->meta.dim)
        return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, 0, "dim is not the source's: dim", dim,
                             source->meta.dim);
    if (matches->by_id + matches->by_content == 0)
        return rk_fail(error, RK_NOTHING_SHARED, NULL, 0, "no item by id, none by content");
    if (rows->count && !shares_type(source, events)) {
        const char *name;
        char text[64] = {0};
        const uint32_t bytes = rk_strings_get(&events->types, 0, &name);
        memcpy(text, name, RK_MIN(bytes, sizeof text - 1));
        return rk_fail(error, RK_UNKNOWN_EVENT, NULL, 0, text);
    }
    return RK_OK;
}

static bool has_likes(const rk_events_content *events, const rk_rows *rows) {
    for (uint64_t i = 0; i < rows->count; i++) {
        if (rk_event_weight(events, events->label[rows->row[i]]) > 0.0f) return true;
    }
    return false;
}

/* ---- the ways to train ----------------------------------------------------------------------- */

/* No search, no rankers of its own: a fit at the settings that the source's search found. */
static rk_status train_unsearched(const rk_events_content *events, const rk_rows *rows,
                                  const rk_learn_options *options, rk_memory *memory,
                                  rk_trained *out, rk_error *error) {
    out->tuned = rk_tuned_defaults(options);
    out->tuned.encoder.shuffle = out->tuned.towers.shuffle =
        events->meta.time_kind == RK_TIME_NONE && !rk_search_asks_sessions(events, options);
    out->ranked = (rk_ranked){.reason = "there are too few examples"};
    const rk_status built =
        rk_log_build(events, rows, options->min_item_events, memory, &out->log, error);
    if (built != RK_OK && built != RK_NO_EVENTS) return built;
    return rk_fit_retrieval(events, &out->log, &out->items, &out->tuned, options, memory,
                            &out->content, &out->vectors, error);
}

/* Why the source's rankers stay behind, or NULL. */
static const char *keeps_back(const rk_transfer *transfer, const char *obstacle,
                              const rk_trained *out) {
    const rk_guard_result *guard = &transfer->guard;
    if (out->ranked.shipped) return "the target has its own";
    if (obstacle) return obstacle;
    if (guard->ranked &&
        guard->funnel - guard->score[guard->trust] <= RK_CARRY_SURE * guard->funnel_error)
        return "the blend without them finds as many of the target's events";
    return NULL;
}

/* Rankers that the target could not learn. */
static rk_status carry(rk_transfer *transfer, const char *obstacle, const rk_events_content *events,
                       const rk_rows *rows, rk_memory *memory, rk_trained *out, rk_error *error) {
    transfer->ranker_reason = keeps_back(transfer, obstacle, out);
    transfer->rankers = !transfer->ranker_reason;
    if (!transfer->rankers ||
        rk_carry_rankers(&transfer->prior, events, rows, &out->log, memory, &out->content))
        return RK_OK;
    return out_of_memory(error, "rankers");
}

/* How far the vectors of known items have moved. */
static double moved(const rk_prior *prior, const rk_trained *out) {
    const rk_snapshot_content *content = &out->content;
    const uint32_t dim = content->meta.dim;
    double sum = 0.0;
    uint32_t count = 0;
    for (uint32_t item = 0; item < out->log.items; item++) {
        float here[RK_MAX_DIM] = {0}, there[RK_MAX_DIM] = {0};
        const uint32_t from = rk_prior_item(prior, &out->log, item);
        if (from == RK_NONE || !(prior->events[from] > 0.0f)) continue;
        rk_vector_accumulate(content, item, 1.0f, here);
        rk_vector_accumulate(prior->source, from, 1.0f, there);
        rk_vector_to_unit(here, dim);
        rk_vector_to_unit(there, dim);
        sum += 1.0 - (double)rk_dot_f32(here, there, dim);
        count++;
    }
    return count ? sum / count : 0.0;
}

static rk_status train_with_prior(rk_transfer *transfer, const rk_events_content *events,
                                  const rk_rows *rows, const rk_learn_options *options, bool liked,
                                  const char *obstacle, rk_memory *memory, rk_trained *out,
                                  rk_error *error) {
    rk_learn_options with = *options;
    rk_memory scratch = {0};
    with.prior = &transfer->prior;
    with.dim = transfer->prior.source->meta.dim;
    with.min_item_events = 0; /* the source knows of items without events here */
    transfer->searched = liked && transfer->guard.available >= RK_TRANSFER_SEARCH_CASES;
    RK_TRY(transfer->searched ? rk_pipeline_train(events, rows, &with, memory, out, error)
                              : train_unsearched(events, rows, &with, memory, out, error));
    if (!liked && !rk_carry_signals(&transfer->prior, &out->log, memory, &out->content))
        return out_of_memory(error, "what is rising");
    RK_TRY(carry(transfer, obstacle, events, rows, memory, out, error));
    float *start = RK_NEW(&scratch, float, out->log.items);
    if (start) transfer->popular_events = rk_prior_popularity(&transfer->prior, &out->log, start);
    transfer->moved = moved(&transfer->prior, out);
    rk_memory_free(&scratch);
    return start ? RK_OK : out_of_memory(error, "popularity");
}

rk_status rk_transfer_train(const rk_snapshot_content *source, const rk_events_content *events,
                            const rk_rows *rows, const rk_learn_options *options, rk_memory *memory,
                            rk_transfer *transfer, rk_trained *out, rk_error *error) {
    *transfer = (rk_transfer){0};
    rk_learn_options alone = *options;
    alone.prior = NULL;
    if (!rk_prior_take(source, events, memory, &transfer->prior))
        return out_of_memory(error, "matching of items");
    RK_TRY(check(source, events, rows, options, &transfer->prior.matches, error));
    const bool liked = has_likes(events, rows);
    const char *obstacle = rk_carry_obstacle(source, events);
    transfer->guard.trust = RK_TRUST_ALL;
    if (liked) {
        RK_TRY(rk_transfer_guard(events, rows, &transfer->prior, !obstacle, &alone,
                                 &transfer->guard, error));
        transfer->guarded = transfer->guard.cases > 0;
    }
    if (transfer->guard.trust == RK_TRUST_NONE)
        return rk_pipeline_train(events, rows, &alone, memory, out, error);
    transfer->prior = rk_trust_prior(&transfer->prior, transfer->guard.trust);
    return train_with_prior(transfer, events, rows, options, liked, obstacle, memory, out, error);
}

/* ---- public ---------------------------------------------------------------------------------- */

static void report_guard(rk_json *json, const rk_transfer *transfer) {
    const rk_guard_result *guard = &transfer->guard;
    rk_json_open(json, "guard", '{');
    rk_json_string(json, "trust", rk_trust_name(guard->trust));
    rk_json_u64(json, "cases", guard->cases);
    rk_json_u64(json, "parts", guard->parts);
    if (transfer->guarded) {
        rk_json_open(json, "scores", '{');
        for (uint32_t t = 0; t < RK_TRUSTS; t++)
            rk_json_number(json, rk_trust_name((rk_trust)t), guard->score[t]);
        rk_json_close(json, '}');
        rk_json_number(json, "gain", guard->gain);
        rk_json_number(json, "gain_error", guard->error);
    }
    if (guard->ranked) {
        rk_json_number(json, "with_rankers", guard->funnel);
        rk_json_number(json, "with_rankers_error", guard->funnel_error);
    }
    rk_json_close(json, '}');
}

/* What the new snapshot has of the source. */
static void report_carried(rk_json *json, const rk_transfer *transfer) {
    const rk_snapshot_meta *meta = &transfer->prior.source->meta;
    rk_json_open(json, "carried", '[');
    if (transfer->guard.trust != RK_TRUST_NONE) {
        rk_json_string(json, NULL, "vectors");
        if (meta->encoder_positions) rk_json_string(json, NULL, "encoder");
        if (meta->user_positions) rk_json_string(json, NULL, "user tower");
        rk_json_string(json, NULL, "neighbors");
        rk_json_string(json, NULL, "popularity");
        if (!transfer->searched) rk_json_string(json, NULL, "settings");
        if (transfer->rankers) rk_json_string(json, NULL, "rankers");
    }
    rk_json_close(json, ']');
    if (transfer->ranker_reason) rk_json_string(json, "without_rankers", transfer->ranker_reason);
}

typedef struct told {
    const rk_transfer *transfer;
    const char *from;
    uint32_t items;
} told;

static void report(void *context, rk_json *json) {
    const told *t = context;
    const rk_matches *matches = &t->transfer->prior.matches;
    rk_json_open(json, "transfer", '{');
    rk_json_string(json, "from", t->from);
    rk_json_open(json, "matched", '{');
    rk_json_u64(json, "items", t->items);
    rk_json_u64(json, "by_id", matches->by_id);
    rk_json_u64(json, "by_content", matches->by_content);
    rk_json_close(json, '}');
    report_guard(json, t->transfer);
    report_carried(json, t->transfer);
    rk_json_open(json, "changed", '{');
    rk_json_string(json, "settings", t->transfer->searched ? "searched" : "the source's");
    rk_json_number(json, "vectors", t->transfer->moved);
    rk_json_number(json, "popular_pseudo_events", (double)t->transfer->popular_events);
    rk_json_close(json, '}');
    rk_json_close(json, '}');
}

rk_status rk_learn_transfer(const rk_snapshot_view *source, const rk_events_view *events,
                            const char *region, const rk_learn_options *options, rk_memory *memory,
                            unsigned char **out, uint64_t *out_bytes, rk_error *error) {
    rk_memory scratch = {0};
    rk_rows rows;
    rk_trained *result = RK_NEW(&scratch, rk_trained, 1);
    rk_transfer *transfer = RK_NEW(&scratch, rk_transfer, 1);
    rk_status status = RK_OK;
    if (events->content.meta.events) rk_pipeline_note_data(&events->content, options);
    if (!result || !transfer || !rk_rows_order(&events->content, &scratch, &rows))
        status = out_of_memory(error, "event order");
    if (status == RK_OK)
        status = rk_transfer_train(&source->content, &events->content, &rows, options, &scratch,
                                   transfer, result, error);
    if (status == RK_OK) {
        const rk_file_header *own = events->container.header, *other = source->container.header;
        told context = {transfer, other->region, events->content.meta.items};
        const rk_snapshot_head head = {.region = region,
                                       .created_at_ms = events->content.meta.events
                                                            ? own->created_at_ms
                                                            : other->created_at_ms,
                                       .report = report,
                                       .context = &context};
        status = rk_pipeline_write(result, &events->content, &head, options, memory, out, out_bytes,
                                   error);
    }
    rk_memory_free(&scratch);
    return status;
}
