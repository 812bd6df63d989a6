/* The whole of learning: search on a validation split, fit on everything, write the snapshot,
 * report.
 *
 *   events --> rows in order --> search (validation split, coordinate descent) --> tuned parameters
 *          --> fit on all rows: popularity, neighbours, vectors --> content --> snapshot bytes
 *
 * An evaluation is the same with a test split put before it. */
#include "learn/evaluate.h"
#include "learn/fit.h"
#include "learn/json.h"
#include "learn/parallel.h"
#include "learn/search.h"

#define JSON_BYTES 65536u

/* ---- options --------------------------------------------------------------------------------- */

rk_learn_options rk_learn_defaults(void) {
    return (rk_learn_options){.seed = 0,
                              .threads = 1,
                              .dim = 64,
                              .min_item_events = 0,
                              .validation_cases = 4000,
                              .sgns_epochs = 10,
                              .encoder_epochs = 10};
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

bool rk_learn_set(rk_learn_options *options, const char *name, const char *value) {
    const struct {
        const char *name;
        uint32_t least, most;
        uint32_t *field;
    } known[] = {
        {"dim", 8, RK_MAX_DIM, &options->dim},
        {"min_item_events", 0, UINT32_MAX - 1, &options->min_item_events},
        {"validation_cases", 0, 1000000, &options->validation_cases},
        {"sgns_epochs", 1, 1000, &options->sgns_epochs},
        {"encoder_epochs", 0, 1000, &options->encoder_epochs},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i].name) != 0) continue;
        uint32_t before = *known[i].field;
        if (!parse_u32(value, known[i].least, known[i].most, known[i].field)) return false;
        if (options->dim % 4 == 0) return true;
        options->dim = before;
        return false;
    }
    return false;
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

/* Everything learnt from some rows; arrays belong to the memory given. */
typedef struct trained {
    rk_log log;
    rk_tuned tuned;
    rk_validation validation;
    rk_snapshot_content content;
    rk_vectors_result vectors;
} trained;

static rk_status train(const rk_events_content *events, const rk_rows *rows,
                       const rk_learn_options *options, rk_memory *memory, trained *out,
                       rk_error *error) {
    RK_TRY(rk_search(events, rows, options, &out->tuned, &out->validation, error));
    RK_TRY(rk_log_build(events, rows, options->min_item_events, memory, &out->log, error));
    rk_log_cut(&out->log, out->tuned.gap_ms);
    rk_fit_begin(events, &out->log, &out->tuned, options->seed, &out->content);
    progress(options, "popularity", 0, out->log.events, "events");
    if (!rk_fit_popularity(&out->log, &out->tuned, memory, &out->content)) {
        return out_of_memory(error, "popularity");
    }
    progress(options, "neighbors", 0, out->log.items, "items");
    if (!rk_fit_neighbors(&out->log, &out->tuned.neighbors, out->tuned.similar_decay,
                          options->threads, memory, &out->content)) {
        return out_of_memory(error, "neighbours");
    }
    if (!rk_fit_vectors(&out->log, &out->tuned, options, memory, &out->content, &out->vectors)) {
        return out_of_memory(error, "vectors");
    }
    return RK_OK;
}

/* ---- report ---------------------------------------------------------------------------------- */

static const char *const validated_names[RK_VALIDATED_COUNT] = {"popular", "similar", "session",
                                                                "blend", "cooccurrence"};

static void report_metrics(rk_json *json, const char *name, const rk_metrics *metrics,
                           const uint32_t *cutoffs, uint32_t cutoff_count) {
    rk_json_open(json, name, '{');
    for (uint32_t c = 0; c < cutoff_count; c++) {
        const struct {
            const char *name;
            double value;
        } rows[] = {{"recall@", metrics->recall[c]},
                    {"hr@", metrics->hit_rate[c]},
                    {"mrr@", metrics->mrr[c]},
                    {"ndcg@", metrics->ndcg[c]},
                    {"coverage@", metrics->coverage[c]}};
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            char key[32];
            rk_json text = rk_json_over(key, sizeof key - 1);
            rk_json_key(&text, rows[i].name, cutoffs[c]);
            key[text.size] = 0;
            rk_json_number(json, key, rows[i].value);
        }
    }
    rk_json_close(json, '}');
}

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
    rk_json_number(json, "session_decay", (double)tuned->session_decay);
    rk_json_open(json, "source_weights", '{');
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        rk_json_number(json, rk_source_name(s), (double)tuned->sources[s].weight);
    }
    rk_json_close(json, '}');
    rk_json_close(json, '}');
}

static void report_learners(rk_json *json, const trained *result) {
    const rk_sgns_params *sgns = &result->tuned.sgns;
    rk_json_open(json, "learners", '[');
    rk_json_open(json, NULL, '{');
    rk_json_string(json, "name", "sgns");
    rk_json_u64(json, "steps", result->vectors.sgns.steps);
    rk_json_u64(json, "epochs", result->vectors.sgns.epochs);
    rk_json_u64(json, "window", sgns->window);
    rk_json_number(json, "negative_exponent", (double)sgns->negative_exponent);
    rk_json_number(json, "subsample", (double)sgns->subsample);
    rk_json_number(json, "first_loss", result->vectors.sgns.first_loss);
    rk_json_number(json, "last_loss", result->vectors.sgns.last_loss);
    rk_json_close(json, '}');
    rk_json_close(json, ']');
}

static void report_validation(rk_json *json, const rk_validation *validation) {
    uint32_t cutoff = RK_VALIDATION_CUTOFF;
    rk_json_open(json, "validation", '{');
    rk_json_u64(json, "cases", validation->cases);
    rk_json_u64(json, "settings_tried", validation->trials);
    for (uint32_t m = 0; validation->cases && m < RK_VALIDATED_COUNT; m++) {
        report_metrics(json, validated_names[m], &validation->methods[m], &cutoff, 1);
    }
    rk_json_close(json, '}');
}

static void report_training(rk_json *json, const trained *result) {
    static const char *const time_kinds[] = {"none", "order", "unix_ms"};
    rk_json_u64(json, "events", result->log.events);
    rk_json_u64(json, "items", result->log.items);
    rk_json_u64(json, "sessions", result->log.sessions);
    rk_json_string(json, "time", time_kinds[result->log.time_kind]);
    report_parameters(json, &result->tuned);
    report_learners(json, result);
    report_validation(json, &result->validation);
}

static void note_data(const rk_events_content *events, const rk_learn_options *options) {
    if (events->meta.time_kind == RK_TIME_NONE) {
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

rk_status rk_learn_snapshot(const rk_events_view *events, const char *region,
                            const rk_learn_options *options, rk_memory *memory, unsigned char **out,
                            uint64_t *out_bytes, rk_error *error) {
    rk_memory scratch = {0};
    rk_rows rows;
    trained *result = RK_NEW(&scratch, trained, 1);
    char *report = RK_NEW(&scratch, char, JSON_BYTES);
    rk_status status = RK_OK;
    note_data(&events->content, options);
    if (!result || !report || !rk_rows_order(&events->content, &scratch, &rows)) {
        status = out_of_memory(error, "event order");
    }
    if (status == RK_OK) status = train(&events->content, &rows, options, &scratch, result, error);
    if (status == RK_OK &&
        !rk_fit_strings(&events->content, &result->log, &scratch, &result->content)) {
        status = out_of_memory(error, "item ids");
    }
    if (status == RK_OK) {
        rk_json json = rk_json_over(report, JSON_BYTES);
        rk_json_open(&json, NULL, '{');
        report_training(&json, result);
        rk_json_close(&json, '}');
        result->content.report = report;
        result->content.report_bytes = json.size;
        *out_bytes = rk_snapshot_bytes(&result->content);
        *out = RK_NEW(memory, unsigned char, *out_bytes);
        if (!*out) status = out_of_memory(error, "snapshot");
    }
    if (status == RK_OK) {
        progress(options, "write", 0, *out_bytes, "bytes");
        int64_t newest = events->container.header->created_at_ms;
        rk_snapshot_write(&result->content, region, newest, *out);
    }
    rk_memory_free(&scratch);
    return status;
}

static void emit_predictions(const rk_events_content *events, const trained *result,
                             const rk_split *split, const rk_evaluate_options *evaluate,
                             uint32_t most, const uint32_t *lists, const float *scores) {
    for (uint32_t index = 0; index < split->case_count; index++) {
        const char *user, *id;
        uint32_t history = split->cases[index].history_count;
        uint32_t user_bytes = rk_strings_get(&events->users, split->cases[index].user, &user);
        for (uint32_t rank = 1; rank <= most; rank++) {
            uint64_t at = (uint64_t)index * most + rank - 1;
            if (lists[at] == RK_NONE) break;
            uint32_t id_bytes =
                rk_strings_get(&events->items, result->log.file_item[lists[at]], &id);
            evaluate->prediction(evaluate->context, user, user_bytes, index, history, rank, id,
                                 id_bytes, scores[at]);
        }
    }
}

/* Every method over the test cases, into the JSON document. */
static rk_status measure_methods(const rk_events_content *events, trained *result,
                                 const rk_split *split, const rk_learn_options *options,
                                 const rk_evaluate_options *evaluate, rk_memory *scratch,
                                 rk_json *json, rk_error *error) {
    rk_trial trial = {.events = events,
                      .log = &result->log,
                      .snapshot = &result->content,
                      .split = split,
                      .cutoffs = evaluate->cutoffs,
                      .cutoff_count = evaluate->cutoff_count,
                      .threads = options->threads};
    uint32_t most = evaluate->cutoffs[evaluate->cutoff_count - 1];
    uint64_t entries = (uint64_t)split->case_count * most;
    uint32_t *lists = evaluate->prediction ? RK_NEW(scratch, uint32_t, entries) : NULL;
    float *scores = evaluate->prediction ? RK_NEW(scratch, float, entries) : NULL;
    if (evaluate->prediction && (!lists || !scores)) return out_of_memory(error, "predictions");
    rk_snapshot_content plain = result->content;
    rk_log_cut(&result->log, 0); /* the yardstick has no tuned gap */
    if (!rk_fit_cooccurrence(&result->log, options->threads, scratch, &plain)) {
        return out_of_memory(error, "co-occurrence");
    }
    uint32_t measured = 0;
    rk_json_open(json, "metrics", '{');
    for (uint32_t m = 0; m < RK_VALIDATED_COUNT; m++) {
        bool blend = m == RK_VALIDATED_BLEND, cooccurrence = m == RK_VALIDATED_COOCCURRENCE;
        rk_method method =
            blend ? rk_method_blend() : rk_method_source(cooccurrence ? RK_SOURCE_SIMILAR : m);
        rk_metrics metrics;
        trial.snapshot = cooccurrence ? &plain : &result->content;
        progress(options, "evaluate", m, RK_VALIDATED_COUNT, "methods");
        if (!rk_evaluate_cases(&trial, &method, &metrics, blend ? lists : NULL,
                               blend ? scores : NULL)) {
            return out_of_memory(error, "evaluation");
        }
        measured = metrics.cases;
        report_metrics(json, validated_names[m], &metrics, evaluate->cutoffs,
                       evaluate->cutoff_count);
    }
    rk_json_close(json, '}');
    /* Cases with something to find: a hidden part may hold only dislikes, or only what was seen
     * before. */
    rk_json_u64(json, "cases", measured);
    if (evaluate->prediction) {
        emit_predictions(events, result, split, evaluate, most, lists, scores);
    }
    return RK_OK;
}

/* What the protocol hides of this log, in words. */
static const char *hidden_by(const rk_events_content *events, rk_protocol protocol) {
    if (protocol == RK_PROTOCOL_TEMPORAL) return "the last fifth of each user's events";
    if (protocol == RK_PROTOCOL_SESSIONS) {
        return events->split ? "the sessions of the test file" : "a tenth of the sessions, by hash";
    }
    return events->meta.time_kind == RK_TIME_NONE ? "one item of each session, by hash"
                                                  : "the last item of each session";
}

static rk_status evaluate_events(const rk_events_view *events, const rk_learn_options *options,
                                 const rk_evaluate_options *evaluate, rk_memory *scratch,
                                 rk_json *json, rk_error *error) {
    static const char *const protocol_names[] = {"leave-one-out", "temporal", "sessions"};
    rk_rows rows;
    rk_split split;
    trained *result = RK_NEW(scratch, trained, 1);
    if (!result || !rk_rows_order(&events->content, scratch, &rows)) {
        return out_of_memory(error, "event order");
    }
    if (evaluate->protocol == RK_PROTOCOL_TEMPORAL &&
        events->content.meta.time_kind == RK_TIME_NONE) {
        return rk_fail(error, RK_NO_TEST_CASES, NULL, 0, "temporal needs a time column");
    }
    RK_TRY(rk_split_events(&events->content, &rows, evaluate->protocol, evaluate->sample,
                           options->seed, scratch, &split, error));
    if (split.case_count == 0) {
        return rk_fail(error, RK_NO_TEST_CASES, NULL, 0, protocol_names[evaluate->protocol]);
    }
    RK_TRY(train(&events->content, &split.train, options, scratch, result, error));
    rk_json_open(json, NULL, '{');
    rk_json_string(json, "protocol", protocol_names[evaluate->protocol]);
    rk_json_string(json, "hidden", hidden_by(&events->content, evaluate->protocol));
    rk_json_string(json, "seen", split.keep_seen ? "kept" : "excluded");
    rk_json_open(json, "k", '[');
    for (uint32_t c = 0; c < evaluate->cutoff_count; c++)
        rk_json_u64(json, NULL, evaluate->cutoffs[c]);
    rk_json_close(json, ']');
    RK_TRY(
        measure_methods(&events->content, result, &split, options, evaluate, scratch, json, error));
    rk_json_open(json, "training", '{');
    report_training(json, result);
    rk_json_close(json, '}');
    rk_json_close(json, '}');
    return RK_OK;
}

rk_status rk_learn_evaluate(const rk_events_view *events, const rk_learn_options *options,
                            const rk_evaluate_options *evaluate, rk_memory *memory, char **json,
                            uint64_t *json_bytes, rk_error *error) {
    assert(evaluate->cutoff_count >= 1 && evaluate->cutoff_count <= RK_MAX_CUTOFFS);
    char *text = RK_NEW(memory, char, JSON_BYTES);
    if (!text) return out_of_memory(error, "report");
    rk_memory scratch = {0};
    rk_json document = rk_json_over(text, JSON_BYTES);
    note_data(&events->content, options);
    rk_status status = evaluate_events(events, options, evaluate, &scratch, &document, error);
    rk_memory_free(&scratch);
    *json = text;
    *json_bytes = document.size;
    return status;
}
