#include "learn/pipeline.h"

#include "learn/report.h"

#define REPORT_BYTES 65536u

/* ---- options --------------------------------------------------------------------------------- */

rk_learn_options rk_learn_defaults(void) {
    return (rk_learn_options){.seed = 0,
                              .threads = 1,
                              .dim = 64,
                              .min_item_events = 0,
                              .validation_cases = 4000,
                              .ranker_cases = 24000,
                              .sgns_epochs = 10,
                              .encoder_epochs = 10,
                              .tower_epochs = 3,
                              .ranker_epochs = 40,
                              .expert_related = 5.0f,
                              .expert_boost = 1.0f};
}

static bool parse_u32(const char *text, uint32_t least, uint32_t most, uint32_t *out) {
    uint64_t value = 0;
    if (!*text) return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return false;
        value = value * 10 + (uint64_t)(*text - '0');
        if (value > most) return false;
    }
    if (value < least) return false;
    *out = (uint32_t)value;
    return true;
}

/* -?digits[.digits], within +-2^20. */
static bool parse_decimal(const char *text, float *out) {
    bool negative = *text == '-';
    double value = 0.0, scale = 1.0;
    uint32_t digits = 0;
    for (text += negative; *text >= '0' && *text <= '9'; text++, digits++)
        value = value * 10.0 + (double)(*text - '0');
    if (digits && *text == '.') {
        for (text++; *text >= '0' && *text <= '9'; text++) {
            scale *= 0.1;
            value += scale * (double)(*text - '0');
        }
    }
    *out = (float)(negative ? -value : value);
    return digits && digits < 8 && *text == 0 && value <= 0x1p20;
}

/* What a pseudo-event counts: not negative. */
static bool parse_count(const char *text, float *out) {
    float value;
    if (!parse_decimal(text, &value) || value < 0.0f) return false;
    *out = value;
    return true;
}

static bool set_source(rk_learn_options *options, const char *name, const char *value) {
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        const char *source = rk_source_name(s);
        size_t bytes = strlen(source);
        if (strncmp(name, source, bytes) != 0) continue;
        rk_source_setting *setting = &options->sources[s];
        if (strcmp(name + bytes, "_quota") == 0) {
            setting->has_quota = parse_u32(value, 0, RK_MAX_COUNT, &setting->quota);
            return setting->has_quota;
        }
        if (strcmp(name + bytes, "_weight") == 0) {
            setting->has_weight = parse_decimal(value, &setting->weight);
            return setting->has_weight;
        }
    }
    return false;
}

/* "<event>_value", of the events of a log that is not known yet. */
static bool set_value(rk_learn_options *options, const char *name, const char *value) {
    static const char suffix[] = "_value";
    size_t bytes = strlen(name), tail = sizeof suffix - 1;
    rk_value_setting setting = {0};
    if (bytes <= tail || strcmp(name + bytes - tail, suffix) != 0) return false;
    bytes -= tail;
    if (bytes >= sizeof setting.event || !parse_decimal(value, &setting.value)) return false;
    memcpy(setting.event, name, bytes);
    uint32_t at = 0;
    while (at < options->value_count && strcmp(options->values[at].event, setting.event) != 0) at++;
    if (at == RK_MAX_TASKS) return false;
    options->values[at] = setting;
    options->value_count = RK_MAX(options->value_count, at + 1);
    return true;
}

bool rk_learn_set(rk_learn_options *options, const char *name, const char *value) {
    const struct {
        const char *name;
        uint32_t least, most;
        uint32_t *field;
    } known[] = {
        {"dim", 8, RK_MAX_DIM, &options->dim},
        {"min_item_events", 0, UINT32_MAX - 1, &options->min_item_events},
        {"validation_cases", 0, 1000000, &options->validation_cases},
        {"ranker_cases", 0, 1000000, &options->ranker_cases},
        {"impressions", 0, 1, &options->impressions},
        {"located", 0, 1, &options->located},
        {"sgns_epochs", 1, 1000, &options->sgns_epochs},
        {"encoder_epochs", 0, 1000, &options->encoder_epochs},
        {"tower_epochs", 0, 1000, &options->tower_epochs},
        {"ranker_epochs", 1, 1000, &options->ranker_epochs},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i].name) != 0) continue;
        uint32_t before = *known[i].field;
        if (!parse_u32(value, known[i].least, known[i].most, known[i].field)) return false;
        if (options->dim % 4 == 0) return true;
        options->dim = before;
        return false;
    }
    if (strcmp(name, "expert_related") == 0) return parse_count(value, &options->expert_related);
    if (strcmp(name, "expert_boost") == 0) return parse_count(value, &options->expert_boost);
    return set_source(options, name, value) || set_value(options, name, value);
}

static void note(const rk_learn_options *options, const char *text) {
    if (options->note) options->note(options->context, text);
}

static void progress(const rk_learn_options *options, const char *stage, uint64_t done,
                     uint64_t total, const char *unit) {
    if (options->progress) options->progress(options->context, stage, done, total, unit);
}

static rk_status out_of_memory(rk_error *error, const char *what) {
    return rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, what);
}

/* ---- training -------------------------------------------------------------------------------- */

/* A log without likes, as rk_log_build answers it. Items that no row names are a catalogue: they
 * are to be answered with before anybody met them. Without one, a log that teaches nothing is a
 * mistake of whoever made it. */
static rk_status accept_catalogue(const rk_events_content *events, const rk_log *log,
                                  rk_memory *memory, rk_error *error) {
    bool *named = RK_NEW(memory, bool, events->meta.items);
    uint32_t count = 0;
    if (!named) return out_of_memory(error, "catalogue");
    for (uint64_t i = 0; i < events->meta.events; i++) {
        count += !named[events->item[i]];
        named[events->item[i]] = true;
    }
    return log->items && count < events->meta.items ? RK_OK : RK_NO_EVENTS;
}

rk_status rk_pipeline_train(const rk_events_content *events, const rk_rows *rows,
                            const rk_learn_options *options, rk_memory *memory, rk_trained *out,
                            rk_error *error) {
    RK_TRY(rk_search(events, rows, options, memory, &out->tuned, &out->validation, &out->ranked,
                     error));
    rk_status status =
        rk_log_build(events, rows, options->min_item_events, memory, &out->log, error);
    if (status == RK_NO_EVENTS) status = accept_catalogue(events, &out->log, memory, error);
    RK_TRY(status);
    RK_TRY(rk_fit_retrieval(events, &out->log, &out->items, &out->tuned, options, memory,
                            &out->content, &out->vectors, error));
    if (!rk_fit_ranked(&out->ranked, events, rows, &out->log, options, memory, &out->content))
        return out_of_memory(error, "rankers");
    return RK_OK;
}

/* ---- report ---------------------------------------------------------------------------------- */

static void report_parameters(rk_json *json, const rk_tuned *tuned) {
    rk_json_open(json, "parameters", '{');
    rk_json_number(json, "popular_half_life_days", (double)tuned->half_life_ms / 86400000.0);
    rk_json_number(json, "session_gap_minutes", (double)tuned->gap_ms / 60000.0);
    rk_json_u64(json, "neighbor_window", tuned->neighbors.window);
    rk_json_u64(json, "neighbor_top", tuned->neighbors.top);
    rk_json_number(json, "neighbor_forward", (double)tuned->neighbors.forward);
    rk_json_number(json, "neighbor_backward", (double)tuned->neighbors.backward);
    rk_json_number(json, "neighbor_norm", (double)tuned->neighbors.norm);
    rk_json_number(json, "neighbor_length_power", (double)tuned->neighbors.length_power);
    rk_json_number(json, "similar_decay", (double)tuned->similar_decay);
    rk_json_number(json, "outlier_weight", (double)tuned->outlier_weight);
    rk_json_number(json, "short_popular", (double)tuned->short_popular);
    rk_json_number(json, "trending_window_days", (double)tuned->trending_window_ms / 86400000.0);
    rk_json_number(json, "nearby_km", (double)tuned->nearby_km);
    rk_json_number(json, "session_decay", (double)tuned->session_decay);
    rk_json_open(json, "source_weights", '{');
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        rk_json_number(json, rk_source_name(s), (double)tuned->sources[s].weight);
    }
    rk_json_close(json, '}');
    rk_json_open(json, "repeat", '[');
    for (uint32_t lag = 0; lag < RK_REPEAT_LAGS; lag++)
        rk_json_number(json, NULL, (double)tuned->repeat[lag]);
    rk_json_close(json, ']');
    rk_json_close(json, '}');
}

/* A learner of the final training; the validation losses are those of the search's own training,
 * which holds some sessions out (runs.h). */
static void open_learner(rk_json *json, const char *name, uint64_t steps, uint64_t epochs) {
    rk_json_open(json, NULL, '{');
    rk_json_string(json, "name", name);
    rk_json_u64(json, "steps", steps);
    rk_json_u64(json, "epochs", epochs);
}

static void report_losses(rk_json *json, const rk_losses *first, const rk_losses *last,
                          const rk_losses *searched_first, const rk_losses *searched_last) {
    rk_json_number(json, "first_loss", first->train);
    rk_json_number(json, "last_loss", last->train);
    rk_json_number(json, "first_validation_loss", searched_first->validation);
    rk_json_number(json, "last_validation_loss", searched_last->validation);
}

static void report_encoder(rk_json *json, const char *name, const rk_encoder_params *params,
                           const rk_encoder_result *result, const rk_encoder_result *searched) {
    open_learner(json, name, result->steps, result->epochs);
    rk_json_u64(json, "positions", params->positions);
    rk_json_u64(json, "negatives", RK_ENCODER_NEGATIVES);
    rk_json_number(json, "dropout", (double)params->dropout);
    rk_json_number(json, "temperature", (double)params->temperature);
    report_losses(json, &result->first, &result->last, &searched->first, &searched->last);
    rk_json_close(json, '}');
}

static void report_sgns(rk_json *json, const rk_sgns_params *params, const rk_sgns_result *result,
                        const rk_sgns_result *searched) {
    open_learner(json, "sgns", result->steps, result->epochs);
    rk_json_u64(json, "window", params->window);
    rk_json_number(json, "negative_exponent", (double)params->negative_exponent);
    report_losses(json, &result->first, &result->last, &searched->first, &searched->last);
    rk_json_close(json, '}');
}

static void report_ridge(rk_json *json, const rk_trained *trained) {
    const rk_ridge_result *ridge = &trained->vectors.ridge;
    open_learner(json, "ridge", ridge->steps, 1);
    rk_json_u64(json, "features", trained->items.features);
    rk_json_number(json, "first_loss", ridge->first_loss);
    rk_json_number(json, "last_loss", ridge->last_loss);
    rk_json_close(json, '}');
}

/* The second stage's losses are those of users it did not learn from, before and at its best. */
static void report_rankers(rk_json *json, const rk_ranked *ranked) {
    const rk_ranker *ranker = &ranked->ranker;
    const rk_first_result *first = &ranked->first;
    open_learner(json, "ranker", ranker->epochs * (uint64_t)ranked->lists, ranker->epochs);
    rk_json_u64(json, "best_epoch", ranker->best_epoch);
    rk_json_u64(json, "experts", ranker->experts);
    rk_json_u64(json, "units", ranker->units);
    rk_json_number(json, "first_validation_loss", ranker->first_loss);
    rk_json_number(json, "last_validation_loss", ranker->best_loss);
    rk_json_close(json, '}');
    open_learner(json, "first", first->epochs * (uint64_t)first->requests, first->epochs);
    rk_json_number(json, "first_validation_loss", first->first_loss);
    rk_json_number(json, "last_validation_loss", first->last_loss);
    rk_json_close(json, '}');
}

static void report_learners(rk_json *json, const rk_trained *trained) {
    const rk_tuned *tuned = &trained->tuned;
    const rk_vectors_result *vectors = &trained->vectors;
    const rk_vectors_result *searched = &trained->validation.vectors;
    rk_json_open(json, "learners", '[');
    report_sgns(json, &tuned->sgns, &vectors->sgns, &searched->sgns);
    if (vectors->encoder.epochs)
        report_encoder(json, "encoder", &tuned->encoder, &vectors->encoder, &searched->encoder);
    if (vectors->towers.epochs)
        report_encoder(json, "towers", &tuned->towers, &vectors->towers, &searched->towers);
    if (trained->items.features) report_ridge(json, trained);
    if (trained->ranked.tried) report_rankers(json, &trained->ranked);
    rk_json_close(json, ']');
}

/* NDCG@10 of the blend without one source, on the validation cases: what it is worth. A tower is
 * its source. */
static void report_ablations(rk_json *json, const rk_validation *validation) {
    rk_json_open(json, "ablations", '{');
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++)
        rk_json_number(json, rk_source_name(s), validation->without[s]);
    rk_json_close(json, '}');
}

static void report_validation(rk_json *json, const rk_validation *validation) {
    uint32_t cutoff = RK_VALIDATION_CUTOFF;
    rk_json_open(json, "validation", '{');
    rk_json_u64(json, "cases", validation->cases);
    rk_json_u64(json, "settings_tried", validation->trials);
    for (uint32_t m = 0; validation->cases && m < RK_VALIDATED_COUNT; m++) {
        if (validation->methods[m].answerable) {
            rk_report_metrics(json, rk_validated_name(m), &validation->methods[m], &cutoff, 1);
        } else {
            rk_json_null(json, rk_validated_name(m));
        }
    }
    rk_json_close(json, '}');
}

static void report_tasks(rk_json *json, const rk_trained *trained) {
    const rk_ranked *ranked = &trained->ranked;
    const rk_ranker_comparison *networks = &ranked->comparison;
    rk_json_open(json, "tasks", '[');
    for (uint32_t t = 0; t < ranked->tasks; t++) {
        const rk_ranker_task *task = &ranked->ranker.task[t];
        char name[64] = {0};
        const char *text;
        uint32_t bytes = rk_strings_get(&trained->content.types, ranked->task[t].type, &text);
        memcpy(name, text, RK_MIN(bytes, sizeof name - 1));
        rk_json_open(json, NULL, '{');
        rk_json_string(json, "event", name);
        rk_json_number(json, "value", (double)ranked->task[t].weight);
        rk_json_u64(json, "rows", task->rows);
        rk_json_u64(json, "positives", task->positives);
        rk_json_number(json, "log_loss", task->log_loss);
        rk_json_number(json, "calibration_error", task->calibration_error);
        rk_json_open(json, "auc", '{');
        rk_json_number(json, "single_task", networks->single[t]);
        rk_json_number(json, "shared_bottom", networks->shared[t]);
        rk_json_number(json, "mmoe", networks->mixed[t]);
        rk_json_close(json, '}');
        rk_json_close(json, '}');
    }
    rk_json_close(json, ']');
}

/* Of the requests held out when the snapshot's own first stage was distilled. */
static void report_first(rk_json *json, const rk_first_result *first) {
    rk_json_open(json, "first_stage", '{');
    rk_json_u64(json, "requests", first->requests);
    rk_json_u64(json, "held_out", first->held_out);
    rk_json_number(json, "keeps_top_20", first->student.top);
    rk_json_number(json, "keeps_top_100", first->student.selected);
    rk_json_number(json, "blend_keeps_top_20", first->blend.top);
    rk_json_number(json, "blend_keeps_top_100", first->blend.selected);
    rk_json_number(json, "temperature", (double)first->temperature);
    rk_json_close(json, '}');
}

/* The rankers: whether the snapshot has them, why not, what they were learnt from, and how the
 * whole funnel compares with the blend on users they have not learnt from. */
static void report_ranked(rk_json *json, const rk_trained *trained) {
    const rk_ranked *ranked = &trained->ranked;
    rk_json_open(json, "ranker", '{');
    rk_json_string(json, "shipped", ranked->shipped ? "yes" : "no");
    if (ranked->reason) rk_json_string(json, "reason", ranked->reason);
    rk_json_open(json, "examples", '{');
    rk_json_u64(json, "cases", ranked->cases);
    rk_json_u64(json, "lists", ranked->lists);
    rk_json_u64(json, "rows", ranked->rows);
    rk_json_u64(json, "hidden_items", ranked->hidden);
    rk_json_u64(json, "among_candidates", ranked->reached);
    rk_json_string(json, "users", ranked->shared ? "shared with the search" : "apart");
    rk_json_close(json, '}');
    if (ranked->tried) {
        rk_json_open(json, "validation", '{');
        rk_json_u64(json, "cases", ranked->compared);
        rk_json_number(json, "funnel", ranked->funnel);
        rk_json_number(json, "blend", ranked->blend);
        rk_json_open(json, "difference", '{');
        rk_json_number(json, "mean", ranked->funnel - ranked->blend);
        rk_json_number(json, "low", ranked->difference.low);
        rk_json_number(json, "high", ranked->difference.high);
        rk_json_close(json, '}');
        rk_json_close(json, '}');
        report_tasks(json, trained);
        rk_json_open(json, "features", '[');
        for (uint32_t i = 0; i < ranked->ranker.inputs; i++)
            rk_json_string(json, NULL, rk_feature_label(ranked->ranker.feature[i]));
        rk_json_close(json, ']');
        report_first(json, &ranked->first);
    }
    rk_json_close(json, '}');
}

void rk_pipeline_report(rk_json *json, const rk_trained *result) {
    static const char *const time_kinds[] = {"none", "order", "unix_ms"};
    rk_json_u64(json, "events", result->log.events);
    rk_json_u64(json, "items", result->log.items);
    rk_json_u64(json, "sessions", result->log.sessions);
    rk_json_string(json, "time", time_kinds[result->log.time_kind]);
    report_parameters(json, &result->tuned);
    report_learners(json, result);
    report_validation(json, &result->validation);
    if (result->validation.cases) report_ablations(json, &result->validation);
    report_ranked(json, result);
}

void rk_pipeline_note_data(const rk_events_content *events, const rk_learn_options *options) {
    if (events->meta.events == 0) {
        note(options, events->meta.attributes
                          ? "no events: items are alike by their attributes alone"
                          : "no events and no attributes: nothing tells items apart but boosts and "
                            "related lists; the rest comes in the order of ids");
    } else if (events->meta.time_kind == RK_TIME_NONE) {
        note(options,
             "no time column: rows of a session have no order; validation hides one item of a "
             "session by hash");
    } else if (events->meta.time_kind == RK_TIME_ORDER) {
        note(options,
             "the time column is an order index: no gaps, no decay; validation hides the last "
             "item of a session");
    }
}

/* ---- public ---------------------------------------------------------------------------------- */

rk_status rk_pipeline_write(rk_trained *result, const rk_events_content *events,
                            const rk_snapshot_head *head, const rk_learn_options *options,
                            rk_memory *memory, unsigned char **out, uint64_t *out_bytes,
                            rk_error *error) {
    rk_memory scratch = {0};
    rk_status status = RK_OK;
    char *report = RK_NEW(&scratch, char, REPORT_BYTES);
    if (!report || !rk_fit_strings(events, &result->log, &scratch, &result->content))
        status = out_of_memory(error, "item ids");
    if (status == RK_OK) {
        rk_json json = rk_json_over(report, REPORT_BYTES);
        rk_json_open(&json, NULL, '{');
        rk_pipeline_report(&json, result);
        if (head->report) head->report(head->context, &json);
        rk_json_close(&json, '}');
        if (json.overflow) status = rk_fail(error, RK_TOO_LARGE, NULL, 0, "report");
        result->content.report = report;
        result->content.report_bytes = json.size;
        *out_bytes = rk_snapshot_bytes(&result->content);
        *out = RK_NEW(memory, unsigned char, *out_bytes);
        if (!*out) status = out_of_memory(error, "snapshot");
    }
    if (status == RK_OK) {
        progress(options, "write", 0, *out_bytes, "bytes");
        rk_snapshot_write(&result->content, head->region, head->created_at_ms, *out);
    }
    rk_memory_free(&scratch);
    return status;
}

rk_status rk_learn_snapshot(const rk_events_view *events, const char *region,
                            const rk_learn_options *options, rk_memory *memory, unsigned char **out,
                            uint64_t *out_bytes, rk_error *error) {
    rk_memory scratch = {0};
    rk_rows rows;
    rk_trained *result = RK_NEW(&scratch, rk_trained, 1);
    rk_status status = RK_OK;
    rk_pipeline_note_data(&events->content, options);
    if (!result || !rk_rows_order(&events->content, &scratch, &rows))
        status = out_of_memory(error, "event order");
    if (status == RK_OK)
        status = rk_pipeline_train(&events->content, &rows, options, &scratch, result, error);
    if (status == RK_OK) {
        const rk_snapshot_head head = {.region = region,
                                       .created_at_ms = events->container.header->created_at_ms};
        status = rk_pipeline_write(result, &events->content, &head, options, memory, out, out_bytes,
                                   error);
    }
    rk_memory_free(&scratch);
    return status;
}
