/* Reckon's training API: an events file in, a snapshot or an evaluation out.
 *
 * Deterministic: the same events, options and seed give the same bytes, natively and under WASI,
 * with any number of threads. Learning runs in 8 logical shards reduced in shard order, searches
 * are bounded by steps, and nothing here reads a clock. Memory comes from an rk_memory the caller
 * frees. */
#ifndef RECKON_LEARN_H
#define RECKON_LEARN_H

#include "format/events_read.h"
#include "format/snapshot_read.h"
#include "learn/memory.h"

/* Told about progress; `total` 0 means unknown. May be NULL. */
typedef void rk_progress_fn(void *context, const char *stage, uint64_t done, uint64_t total,
                            const char *unit);
/* Told what a person should know ("no times: ..."). May be NULL. */
typedef void rk_note_fn(void *context, const char *text);

/* How the build validates its parameters: as its answers will be asked for. */
typedef enum rk_validate {
    RK_VALIDATE_AUTO, /* sessions whose events have times: as sessions, else leave-one-out */
    RK_VALIDATE_LEAVE_ONE_OUT,
    RK_VALIDATE_SESSIONS
} rk_validate;

/* What a person fixes of a source; the rest is chosen on validation. */
typedef struct rk_source_setting {
    bool has_quota, has_weight;
    uint32_t quota; /* <= RK_MAX_COUNT */
    float weight;
} rk_source_setting;

/* What a person fixes of the value model: the weight of one event's probability. */
typedef struct rk_value_setting {
    char event[32];
    float value;
} rk_value_setting;

typedef struct rk_learn_options {
    uint64_t seed;
    uint32_t threads;          /* 1..64; changes nothing but speed */
    uint32_t dim;              /* of item vectors: multiple of 4, 8..256 */
    uint32_t min_item_events;  /* items with fewer events are left out */
    uint32_t validation_cases; /* most cases of the build's own validation split */
    uint32_t ranker_cases;     /* most cases of the rankers' examples; 0: no rankers */
    uint32_t impressions;      /* 1: the rows are what was shown, whatever came of it: how likely
                                  events are is learnt from them alone, candidates beside them
                                  only have places */
    uint32_t located;     /* 1: requests will come with a location; evaluations then give one */
    float expert_related; /* co-occurrences that a related pair of the items file counts as, >= 0 */
    float expert_boost;   /* events of popularity that a unit of an item's boost counts as, >= 0 */
    rk_source_setting sources[RK_SOURCE_SLOTS];
    rk_value_setting values[RK_MAX_TASKS];
    uint32_t value_count;
    rk_validate validation; /* an evaluation sets what its protocol asks */
    uint32_t sgns_epochs;
    uint32_t tower_epochs;   /* 0: no user tower */
    uint32_t encoder_epochs; /* 0: sessions are pooled by one decay */
    uint32_t ranker_epochs;  /* at most: the best is kept */
    rk_progress_fn *progress;
    rk_note_fn *note;
    void *context;
} rk_learn_options;

rk_learn_options rk_learn_defaults(void);

/* Sets an option by name ("dim", "8"): for a command's --set. "<source>_quota" and
 * "<source>_weight"
 * ("trending_weight", "0.5") fix what the search would choose, "<event>_value" ("like_value", "2")
 * the weight of an event in the value model; whether the log has it is seen when learning
 * (UNKNOWN_EVENT). False if there is no such option or
 * the value is not a number in its range. */
bool rk_learn_set(rk_learn_options *options, const char *name, const char *value);

/* Learns from every event and writes a snapshot file into `memory`. Errors: NO_EVENTS,
 * OUT_OF_MEMORY. Cost: about 20 passes over the events for the search, 2 trainings of
 * the vectors. */
rk_status rk_learn_snapshot(const rk_events_view *events, const char *region,
                            const rk_learn_options *options, rk_memory *memory, unsigned char **out,
                            uint64_t *out_bytes, rk_error *error);

/* ---- evaluation ---------------------------------------------------------------------------------
 */

typedef enum rk_protocol {
    RK_PROTOCOL_LEAVE_ONE_OUT,   /* one event a user hidden: the last by time, without times one by
                                    hash */
    RK_PROTOCOL_TEMPORAL,        /* the last fifth of each user's events hidden */
    RK_PROTOCOL_SESSIONS,        /* whole sessions hidden; every prefix asks for the next item */
    RK_PROTOCOL_TEMPORAL_GLOBAL, /* the newest tenth of all events hidden, one cut for everybody */
    RK_PROTOCOL_COLD_ITEM        /* a tenth of the items hidden, and they alone ranked */
} rk_protocol;
#define RK_PROTOCOLS 5u

/* "leave-one-out": the name of a command's --protocol. */
const char *rk_protocol_name(rk_protocol protocol);

#define RK_MAX_CUTOFFS 8u

typedef struct rk_evaluate_options {
    rk_protocol protocol;
    uint32_t cutoffs[RK_MAX_CUTOFFS]; /* ascending k of Recall@k, ... */
    uint32_t cutoff_count;
    double sample; /* fraction of users hidden from, (0, 1] */
    /* Called for every recommended item of the answer, in order. May be NULL. */
    void (*prediction)(void *context, const char *user, uint32_t user_bytes, uint32_t case_index,
                       uint32_t history_events, uint32_t rank, const char *item,
                       uint32_t item_bytes, float score);
    void *context;
} rk_evaluate_options;

/* Splits, trains on the rest, asks the whole engine, and writes a JSON document into `memory`.
 * Full ranking over all items, never sampled. Errors: as above, and NO_TEST_CASES. */
rk_status rk_learn_evaluate(const rk_events_view *events, const rk_learn_options *options,
                            const rk_evaluate_options *evaluate, rk_memory *memory, char **json,
                            uint64_t *json_bytes, rk_error *error);

/* ---- tuning -------------------------------------------------------------------------------------
 */

/* What a setting is judged by. The first is what tuning raises; the others may be guard rails. */
typedef enum rk_figure {
    RK_FIGURE_REWARD,     /* what people did with what is shown, by the events' weights */
    RK_FIGURE_NDCG,       /* of the liked hidden items */
    RK_FIGURE_COVERAGE,   /* share of the snapshot's items that some list shows */
    RK_FIGURE_NOVELTY,    /* bits: mean of -log2 of the shown items' shares of the events */
    RK_FIGURE_DIVERSITY,  /* within a list: 1 - mean cosine of two of its items */
    RK_FIGURE_DISLIKES,   /* share of the disliked hidden items that is shown */
    RK_FIGURE_CANDIDATES, /* of the retrieval, a request: what an answer costs */
    RK_FIGURES
} rk_figure;

/* "ndcg": the name of a command's --guard. */
const char *rk_figure_name(rk_figure figure);

typedef struct rk_guard {
    bool on;
    double tolerance; /* relative to the present setting: .05 allows 5 % worse */
} rk_guard;

typedef struct rk_tune_options {
    bool has_protocol;    /* else sessions for sessions with times, temporal for users with times,
                             leave-one-out without times */
    rk_protocol protocol; /* not cold-item */
    uint32_t k;           /* items shown, 1..RK_MOST_SHOWN */
    uint32_t configurations;     /* tried, the present one among them: 1..RK_MOST_SETTINGS */
    uint32_t cases;              /* most requests to replay, about; half of them for tuning */
    double clip;                 /* most that the inverse of a logged propensity may count, >= 1 */
    rk_guard guards[RK_FIGURES]; /* that of the reward is not looked at */
} rk_tune_options;

#define RK_MOST_SHOWN    100u
#define RK_MOST_SETTINGS 256u

rk_tune_options rk_tune_defaults(void);

/* "coverage", "-5%" (5 % less is allowed; the sign is not looked at) or "off". False if there is no
 * such guard rail or the value is neither. */
bool rk_tune_set_guard(rk_tune_options *options, const char *name, const char *value);

/* Searches value weights and source quotas that earn more from the events than the snapshot's own,
 * and writes a JSON document into `memory`: both settings, what each figure is before and after,
 * and whether to change anything. The snapshot (verified) is read, never changed. Events should be
 * ones that it has not learnt from. Of `learn`: seed, threads, located, progress, note.
 *
 * Errors: NO_TEST_CASES, UNKNOWN_EVENT, BAD_ARGUMENT, OUT_OF_MEMORY. Cost: about a third as many
 * answers of the whole funnel as configurations * cases / 2. */
rk_status rk_learn_tune(const rk_snapshot_view *snapshot, const rk_events_view *events,
                        const rk_learn_options *learn, const rk_tune_options *options,
                        rk_memory *memory, char **json, uint64_t *json_bytes, rk_error *error);

#endif
