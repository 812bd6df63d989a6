/* The whole of learning: search on a validation split, fit on everything, write the snapshot,
 * report.
 *
 *   events --> rows in order --> search (validation split, coordinate descent) --> tuned parameters
 *          --> fit on all rows: popularity, neighbours, vectors --> content --> snapshot bytes
 *
 * An evaluation (evaluation.c) is the same with a test split put before it. */
#ifndef RK_LEARN_PIPELINE_H
#define RK_LEARN_PIPELINE_H

#include "learn/json.h"
#include "learn/search.h"

/* Everything learnt from some rows; arrays belong to the memory given. */
typedef struct rk_trained {
    rk_log log;
    rk_content items; /* what they say of themselves */
    rk_tuned tuned;
    rk_validation validation;
    rk_ranked ranked;
    rk_snapshot_content content;
    rk_vectors_result vectors;
} rk_trained;

/* Searches and fits on `rows`. Errors: NO_EVENTS, OUT_OF_MEMORY. */
rk_status rk_pipeline_train(const rk_events_content *events, const rk_rows *rows,
                            const rk_learn_options *options, rk_memory *memory, rk_trained *out,
                            rk_error *error);

/* What was learnt and how, as members of the object that is open. */
void rk_pipeline_report(rk_json *json, const rk_trained *result);

/* What a snapshot says of itself beside what was learnt. */
typedef struct rk_snapshot_head {
    const char *region;
    int64_t created_at_ms;
    void (*report)(void *context, rk_json *json); /* more members of the report; or NULL */
    void *context;
} rk_snapshot_head;

/* The file, in `memory`. `result` receives the strings of its items, which are gone afterwards.
 * Errors: OUT_OF_MEMORY, TOO_LARGE (report). */
rk_status rk_pipeline_write(rk_trained *result, const rk_events_content *events,
                            const rk_snapshot_head *head, const rk_learn_options *options,
                            rk_memory *memory, unsigned char **out, uint64_t *out_bytes,
                            rk_error *error);

/* Tells a person what this log cannot say. */
void rk_pipeline_note_data(const rk_events_content *events, const rk_learn_options *options);

#endif
