/* The build's own parameter search: coordinate descent on a validation split made before any
 * training.
 *
 * Validation is leave-one-out over a hashed sample of users, on rows the caller may learn from;
 * test events of an evaluation are never among them. The search walks a fixed list of parameters
 * once, in order of their effect, and keeps what raises NDCG@10 of the source concerned, then of
 * the blend. Same list, same defaults and the same order for every data set; bounded by steps,
 * never by time. */
#ifndef RK_LEARN_SEARCH_H
#define RK_LEARN_SEARCH_H

#include "learn/evaluate.h"
#include "learn/fit_ranker.h"

enum {
    RK_VALIDATED_BLEND = RK_SOURCE_COUNT, /* after one row a source */
    RK_VALIDATED_COOCCURRENCE,
    RK_VALIDATED_COUNT
};

/* What the search saw, for the report. */
typedef struct rk_validation {
    bool sessions; /* hidden sessions, every prefix asked; else one event a user */
    uint32_t cases;
    uint32_t trials;                        /* parameter settings tried */
    rk_vectors_result vectors;              /* losses of the search's own training, held out too */
    double without[RK_SOURCE_COUNT];        /* NDCG of the blend without a source */
    rk_metrics methods[RK_VALIDATED_COUNT]; /* cutoffs: only [0], at 10 */
} rk_validation;

#define RK_VALIDATION_CUTOFF 10u
#define RK_BLEND_DEPTH       100u

/* `rows` are all that may be seen. The rankers come along, because what the search hides and fits
 * is what their examples need; their arrays belong to `memory`. Errors: NO_EVENTS, OUT_OF_MEMORY,
 * UNKNOWN_EVENT. */
rk_status rk_search(const rk_events_content *events, const rk_rows *rows,
                    const rk_learn_options *options, rk_memory *memory, rk_tuned *tuned,
                    rk_validation *validation, rk_ranked *ranked, rk_error *error);

/* Whether validation hides sessions and asks every prefix; else one event a user. */
bool rk_search_asks_sessions(const rk_events_content *events, const rk_learn_options *options);

#endif
