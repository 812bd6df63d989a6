/* The evaluation command: split, train on what is left, ask the whole engine for what was hidden,
 * and say how well it did, how surely, beside what, for whom and thanks to which source.
 *
 *   events --> split --> pipeline (search, fit) --> the answer --> predictions, break-downs
 *                                                   the blend, if rankers come after it
 *                                                   every source alone, plain co-occurrence
 *                                                   cold-item: chance, popularity by category
 *                                                   the answer without each of its sources
 *
 * cold-user asks questions instead (cold_user.h). All methods are measured on the same cases and
 * the same resamples of users. */
#include "learn/cold_user.h"
#include "learn/evaluate_tasks.h"
#include "learn/pipeline.h"
#include "learn/report.h"
#include "learn/yardsticks.h"

/* Methods x metrics x RK_MAX_CUTOFFS is some 100 KB at most; more is an error, not cut. */
#define DOCUMENT_BYTES (1u << 20)

/* The blend, every source, co-occurrence, chance, popularity by category; then an answer without
 * each source. */
enum { MOST_METHODS = RK_SOURCE_COUNT + 4, MOST_ABLATIONS = RK_SOURCE_COUNT };

typedef struct evaluated {
    rk_measuring measuring;
    rk_measured method[MOST_METHODS];
    const rk_measured *source[RK_SOURCE_COUNT]; /* rows of `method` */
    rk_measured ablation[MOST_ABLATIONS];
    uint32_t methods, ablations;
    rk_bucket history[RK_BUCKETS], age[RK_BUCKETS];
    bool has_age;
    rk_task_figures tasks[RK_MAX_TASKS];
} evaluated;

static rk_status out_of_memory(rk_error *error, const char *what) {
    return rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, what);
}

const char *rk_protocol_name(rk_protocol protocol) {
    static const char *const names[RK_PROTOCOLS] = {
        [RK_PROTOCOL_LEAVE_ONE_OUT] = "leave-one-out",
        [RK_PROTOCOL_TEMPORAL] = "temporal",
        [RK_PROTOCOL_SESSIONS] = "sessions",
        [RK_PROTOCOL_TEMPORAL_GLOBAL] = "temporal-global",
        [RK_PROTOCOL_COLD_ITEM] = "cold-item",
        [RK_PROTOCOL_COLD_USER] = "cold-user",
    };
    return names[protocol];
}

/* ---- measuring ------------------------------------------------------------------------------- */

static void emit_predictions(const rk_events_content *events, const rk_measuring *m,
                             const rk_evaluate_options *evaluate) {
    const rk_split *split = m->trial.split;
    uint32_t most = evaluate->cutoffs[evaluate->cutoff_count - 1];
    for (uint32_t index = 0; index < split->case_count; index++) {
        const char *user, *id;
        uint32_t history = split->cases[index].history_count;
        uint32_t user_bytes = rk_strings_get(&events->users, split->cases[index].user, &user);
        for (uint32_t rank = 1; rank <= most; rank++) {
            uint64_t at = (uint64_t)index * most + rank - 1;
            uint32_t item = m->kept.lists[at];
            if (item == RK_NONE) break;
            uint32_t id_bytes = rk_strings_get(&events->items, m->trial.log->file_item[item], &id);
            evaluate->prediction(evaluate->context, user, user_bytes, index, history, rank, id,
                                 id_bytes, m->kept.scores[at]);
        }
    }
}

/* Where only hidden items are ranked: the others, for every request. False if out of memory. */
static bool exclude_warm_items(const rk_split *split, const rk_log *log, rk_memory *memory,
                               rk_trial *trial) {
    if (!split->cold) return true;
    uint32_t *warm = RK_NEW(memory, uint32_t, log->items);
    if (!warm) return false;
    for (uint32_t item = 0; item < log->items; item++) {
        if (!split->cold[log->file_item[item]]) warm[trial->excluded_count++] = item;
    }
    trial->excluded = warm;
    return true;
}

static bool measure_blend(evaluated *e, const rk_trained *result) {
    rk_method blend = rk_method_blend();
    return !result->content.meta.tasks || rk_measure_method(&e->measuring, &result->content, &blend,
                                                            blend.name, &e->method[e->methods++]);
}

static bool measure_sources(evaluated *e, const rk_trained *result) {
    for (uint32_t source = 0; source < RK_SOURCE_COUNT; source++) {
        rk_method method = rk_method_source(source);
        e->source[source] = &e->method[e->methods];
        if (!rk_measure_method(&e->measuring, &result->content, &method, method.name,
                               &e->method[e->methods++])) {
            return false;
        }
    }
    return true;
}

static bool measure_yardsticks(evaluated *e, rk_trained *result, uint32_t threads,
                               rk_memory *memory) {
    rk_measuring *m = &e->measuring;
    rk_snapshot_content plain = result->content;
    rk_method similar = rk_method_source(RK_SOURCE_SIMILAR);
    rk_log_cut(&result->log, 0); /* the yardstick has no tuned gap */
    if (!rk_fit_cooccurrence(&result->log, threads, memory, &plain) ||
        !rk_measure_method(m, &plain, &similar, "cooccurrence", &e->method[e->methods++])) {
        return false;
    }
    if (!m->trial.split->cold) return true;
    rk_snapshot_content by_category = result->content;
    rk_method popular = rk_method_source(RK_SOURCE_POPULAR);
    return rk_measure_random(m, &e->method[e->methods++]) &&
           rk_yardstick_category(&m->trial, memory, &by_category) &&
           rk_measure_method(m, &by_category, &popular, "category", &e->method[e->methods++]);
}

/* The answer without each source that takes part in it, the others as they are. */
static bool measure_ablations(evaluated *e, const rk_trained *result) {
    const rk_source_config *sources = result->content.sources;
    for (uint32_t source = 0; source < RK_SOURCE_COUNT; source++) {
        if (sources[source].weight == 0.0f && sources[source].quota == 0) continue;
        if (!e->source[source]->metrics.answerable) continue;
        rk_method without = {.name = rk_source_name(source), .stages = RK_STAGES_ALL};
        for (uint32_t other = 0; other < RK_SOURCE_COUNT; other++) {
            if (other == source) continue;
            without.weights[other] = sources[other].weight;
            without.quotas[other] = sources[other].quota;
        }
        if (!rk_measure_method(&e->measuring, &result->content, &without, without.name,
                               &e->ablation[e->ablations++])) {
            return false;
        }
    }
    return true;
}

static void report_progress(const rk_learn_options *options, uint64_t done) {
    if (!options->progress) return;
    options->progress(options->context, "evaluate", done, 4, "groups of methods");
}

static rk_status measure_all(const rk_events_content *events, rk_trained *result,
                             const rk_split *split, const rk_learn_options *options,
                             const rk_evaluate_options *evaluate, rk_memory *memory, evaluated *e,
                             rk_error *error) {
    rk_measuring *m = &e->measuring;
    rk_trial trial = {.events = events,
                      .log = &result->log,
                      .snapshot = &result->content,
                      .split = split,
                      .cutoffs = evaluate->cutoffs,
                      .cutoff_count = evaluate->cutoff_count,
                      .threads = options->threads,
                      .located = options->located,
                      /* One hidden event cannot both tell the place and be asked for. */
                      .told_is_no_answer = evaluate->protocol == RK_PROTOCOL_TEMPORAL ||
                                           evaluate->protocol == RK_PROTOCOL_TEMPORAL_GLOBAL};
    report_progress(options, 0);
    if (!exclude_warm_items(split, &result->log, memory, &trial) ||
        !rk_measure_begin(&trial, options->seed, evaluate->prediction != NULL, memory, m) ||
        !rk_measure_answer(m)) {
        return out_of_memory(error, "evaluation");
    }
    /* What needs the answer's lists, before another method's take their place. */
    if (evaluate->prediction) emit_predictions(events, m, evaluate);
    rk_breakdown_history(&m->trial, m->kept.values, e->history);
    e->has_age = events->meta.time_kind == RK_TIME_UNIX_MS;
    if (e->has_age && !rk_breakdown_age(&m->trial, m->kept.lists, e->age)) {
        return out_of_memory(error, "break-downs");
    }
    report_progress(options, 1);
    if (!measure_blend(e, result) || !measure_sources(e, result))
        return out_of_memory(error, "evaluation of a source");
    report_progress(options, 2);
    if (!measure_ablations(e, result)) return out_of_memory(error, "ablations");
    report_progress(options, 3);
    if (!measure_yardsticks(e, result, options->threads, memory)) {
        return out_of_memory(error, "yardsticks");
    }
    if (result->content.meta.tasks &&
        !rk_evaluate_tasks(&m->trial, options->impressions != 0, options->seed, e->tasks)) {
        return out_of_memory(error, "figures of the tasks");
    }
    report_progress(options, 4);
    return RK_OK;
}

/* ---- the document ---------------------------------------------------------------------------- */

/* What the protocol hides of this log, in words. */
static const char *hidden_by(const rk_events_content *events, rk_protocol protocol) {
    bool timed = events->meta.time_kind == RK_TIME_UNIX_MS;
    switch (protocol) {
    case RK_PROTOCOL_TEMPORAL: return "the last fifth of each user's events";
    case RK_PROTOCOL_TEMPORAL_GLOBAL: return "the newest tenth of all events";
    case RK_PROTOCOL_COLD_ITEM: return "every event of a tenth of the items, by hash";
    case RK_PROTOCOL_COLD_USER: return "every event of a tenth of the users or more, by hash";
    case RK_PROTOCOL_SESSIONS:
        if (events->split) return "the sessions of the test file";
        return timed ? "the newest tenth of the sessions" : "a tenth of the sessions, by hash";
    case RK_PROTOCOL_LEAVE_ONE_OUT: break;
    }
    return events->meta.time_kind == RK_TIME_NONE ? "one item of each session, by hash"
                                                  : "the last item of each session";
}

static void report_how(rk_json *json, const rk_events_content *events, const rk_split *split,
                       const rk_evaluate_options *evaluate) {
    rk_json_string(json, "protocol", rk_protocol_name(evaluate->protocol));
    rk_json_string(json, "hidden", hidden_by(events, evaluate->protocol));
    rk_json_string(json, "seen", split->keep_seen ? "kept" : "excluded");
    bool new_users = evaluate->protocol == RK_PROTOCOL_COLD_USER;
    rk_json_string(json, "ranked",
                   split->cold ? "the hidden items"
                   : new_users ? "the half of the items that is not asked about"
                               : "all items");
    rk_json_open(json, "k", '[');
    for (uint32_t c = 0; c < (new_users ? 1 : evaluate->cutoff_count); c++)
        rk_json_u64(json, NULL, evaluate->cutoffs[c]);
    rk_json_close(json, ']');
}

/* The answer, then the other methods, each by `put`. */
static void report_methods(rk_json *json, const char *name, const evaluated *e, bool with_answer,
                           void (*put)(rk_json *, const rk_measured *, const rk_trial *)) {
    rk_json_open(json, name, '{');
    if (with_answer) put(json, &e->measuring.answer, &e->measuring.trial);
    for (uint32_t m = 0; m < e->methods; m++) put(json, &e->method[m], &e->measuring.trial);
    rk_json_close(json, '}');
}

static void report_measurements(rk_json *json, const evaluated *e) {
    const rk_trial *trial = &e->measuring.trial;
    report_methods(json, "metrics", e, true, rk_report_measured);
    /* Cases with something to find: a hidden part may hold only dislikes, or only what was seen
     * before. */
    rk_json_u64(json, "cases", e->measuring.answer.metrics.cases);
    rk_json_open(json, "bootstrap", '{');
    rk_json_string(json, "drawn", "users");
    rk_json_u64(json, "resamples", RK_RESAMPLES);
    rk_json_number(json, "confidence", 0.95);
    rk_json_close(json, '}');
    report_methods(json, "intervals", e, true, rk_report_intervals);
    report_methods(json, "differences", e, false, rk_report_differences);
    rk_json_open(json, "ablations", '{');
    for (uint32_t a = 0; a < e->ablations; a++) rk_report_ablation(json, &e->ablation[a], trial);
    rk_json_close(json, '}');
    if (trial->snapshot->meta.tasks) rk_report_tasks(json, trial, e->tasks);
    rk_json_open(json, "breakdowns", '{');
    rk_report_buckets(json, "history_events", e->history, trial);
    if (e->has_age) {
        rk_report_buckets(json, "item_age", e->age, trial);
    } else {
        rk_json_null(json, "item_age");
    }
    rk_json_close(json, '}');
}

/* cold-user has figures of its own. */
static rk_status ask_new_users(const rk_events_content *events, const rk_trained *result,
                               const rk_split *split, const rk_learn_options *options,
                               const rk_evaluate_options *evaluate, rk_json *json,
                               rk_error *error) {
    rk_trial trial = {.events = events,
                      .log = &result->log,
                      .snapshot = &result->content,
                      .split = split,
                      .cutoffs = evaluate->cutoffs,
                      .cutoff_count = 1,
                      .threads = options->threads};
    rk_cold_user figures;
    if (!rk_cold_user_measure(&trial, options->seed, &figures))
        return out_of_memory(error, "asking new users");
    rk_cold_user_report(json, &figures);
    return RK_OK;
}

/* ---- the command ----------------------------------------------------------------------------- */

static rk_status check_protocol(const rk_events_content *events, const rk_learn_options *options,
                                const rk_evaluate_options *evaluate, rk_error *error) {
    rk_protocol protocol = evaluate->protocol;
    uint32_t time_kind = events->meta.time_kind;
    if (protocol == RK_PROTOCOL_TEMPORAL && time_kind == RK_TIME_NONE) {
        return rk_fail(error, RK_NO_TEST_CASES, NULL, 0, "temporal needs a time column");
    }
    if (protocol == RK_PROTOCOL_TEMPORAL_GLOBAL && time_kind == RK_TIME_NONE) {
        return rk_fail(error, RK_NO_TEST_CASES, NULL, 0, "temporal-global needs a time column");
    }
    if (protocol == RK_PROTOCOL_TEMPORAL_GLOBAL && time_kind == RK_TIME_ORDER) {
        return rk_fail(
            error, RK_NO_TEST_CASES, NULL, 0,
            "temporal-global needs times; an order index does not compare between users");
    }
    if (protocol == RK_PROTOCOL_COLD_ITEM && options->min_item_events > 0) {
        return rk_fail(error, RK_BAD_ARGUMENT, NULL, 0,
                       "cold-item: min_item_events must be 0, the hidden items have no events");
    }
    if (protocol == RK_PROTOCOL_COLD_USER && evaluate->prediction) {
        return rk_fail(error, RK_BAD_ARGUMENT, NULL, 0,
                       "cold-user: no predictions, every user gets many lists");
    }
    return RK_OK;
}

/* Parameters are chosen on cases like those that are measured. */
static rk_validate validation_like(rk_protocol protocol, const rk_split *split) {
    if (protocol == RK_PROTOCOL_SESSIONS || split->keep_seen) return RK_VALIDATE_SESSIONS;
    return RK_VALIDATE_LEAVE_ONE_OUT;
}

static rk_status evaluate_events(const rk_events_view *events, const rk_learn_options *options,
                                 const rk_evaluate_options *evaluate, rk_memory *scratch,
                                 rk_json *json, rk_error *error) {
    rk_rows rows;
    rk_split split;
    rk_trained *result = RK_NEW(scratch, rk_trained, 1);
    evaluated *e = RK_NEW(scratch, evaluated, 1);
    RK_TRY(check_protocol(&events->content, options, evaluate, error));
    if (!result || !e || !rk_rows_order(&events->content, scratch, &rows)) {
        return out_of_memory(error, "event order");
    }
    RK_TRY(rk_split_events(&events->content, &rows, evaluate->protocol, evaluate->sample,
                           options->seed, scratch, &split, error));
    if (split.case_count == 0) {
        return rk_fail(error, RK_NO_TEST_CASES, NULL, 0, rk_protocol_name(evaluate->protocol));
    }
    rk_learn_options learning = *options;
    learning.validation = validation_like(evaluate->protocol, &split);
    RK_TRY(rk_pipeline_train(&events->content, &split.train, &learning, scratch, result, error));
    rk_json_open(json, NULL, '{');
    report_how(json, &events->content, &split, evaluate);
    if (evaluate->protocol == RK_PROTOCOL_COLD_USER) {
        RK_TRY(ask_new_users(&events->content, result, &split, options, evaluate, json, error));
    } else {
        RK_TRY(measure_all(&events->content, result, &split, options, evaluate, scratch, e, error));
        report_measurements(json, e);
    }
    rk_json_open(json, "training", '{');
    rk_pipeline_report(json, result);
    rk_json_close(json, '}');
    rk_json_close(json, '}');
    return json->overflow ? rk_fail(error, RK_TOO_LARGE, NULL, 0, "the document") : RK_OK;
}

rk_status rk_learn_evaluate(const rk_events_view *events, const rk_learn_options *options,
                            const rk_evaluate_options *evaluate, rk_memory *memory, char **json,
                            uint64_t *json_bytes, rk_error *error) {
    assert(evaluate->cutoff_count >= 1 && evaluate->cutoff_count <= RK_MAX_CUTOFFS);
    char *text = RK_NEW(memory, char, DOCUMENT_BYTES);
    if (!text) return out_of_memory(error, "report");
    rk_memory scratch = {0};
    rk_json document = rk_json_over(text, DOCUMENT_BYTES);
    rk_pipeline_note_data(&events->content, options);
    rk_status status = evaluate_events(events, options, evaluate, &scratch, &document, error);
    rk_memory_free(&scratch);
    *json = text;
    *json_bytes = document.size;
    return status;
}
