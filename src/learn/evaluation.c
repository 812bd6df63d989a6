/* The evaluation command: split, train on what is left, ask the whole engine for what was hidden,
 * and say how well it did beside each source alone and beside plain co-occurrence. */
#include "learn/pipeline.h"
#include "learn/report.h"

#define DOCUMENT_BYTES 65536u

static rk_status out_of_memory(rk_error *error, const char *what) {
    return rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, what);
}

static void emit_predictions(const rk_events_content *events, const rk_trained *result,
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
static rk_status measure_methods(const rk_events_content *events, rk_trained *result,
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
        if (options->progress) {
            options->progress(options->context, "evaluate", m, RK_VALIDATED_COUNT, "methods");
        }
        if (!rk_evaluate_cases(&trial, &method, &metrics, blend ? lists : NULL,
                               blend ? scores : NULL)) {
            return out_of_memory(error, "evaluation");
        }
        measured = metrics.cases;
        rk_report_metrics(json, rk_validated_name(m), &metrics, evaluate->cutoffs,
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
    rk_trained *result = RK_NEW(scratch, rk_trained, 1);
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
    RK_TRY(rk_pipeline_train(&events->content, &split.train, options, scratch, result, error));
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
    rk_pipeline_report(json, result);
    rk_json_close(json, '}');
    rk_json_close(json, '}');
    return RK_OK;
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
