/* Metrics of the whole engine over test cases: full ranking over all items, never sampled.
 *
 * Recall@k = hits / relevant; precision@k = hits / k; HR@k = 1 if any hit; MRR@k = 1 / rank of the
 * first hit; NDCG@k with binary gains against the best possible list of k. Relevant items are
 * distinct; where seen items are not recommended, those of the history are not relevant. An item
 * the snapshot does not have counts as missed. Means over cases, in case order within 8 shards:
 * threads change nothing. */
#ifndef RK_LEARN_EVALUATE_H
#define RK_LEARN_EVALUATE_H

#include "learn/split.h"
#include "reckon.h"

/* One way of answering: the snapshot's own sources, or given weights and quotas. */
typedef struct rk_method {
    const char *name;
    bool own;    /* the snapshot's weights and quotas */
    bool single; /* only `source` */
    uint32_t source;
    uint32_t stages; /* RK_STAGES_...: how far down the funnel */
    float weights[RK_SOURCE_SLOTS];
    uint32_t quotas[RK_SOURCE_SLOTS];
} rk_method;

/* Only source `source` (with a quota of 200). */
rk_method rk_method_source(uint32_t source);
/* The blend the snapshot is set to. */
rk_method rk_method_blend(void);
/* The whole funnel, as a request without options is answered. */
rk_method rk_method_funnel(void);

typedef struct rk_metrics {
    uint32_t cases;
    uint32_t answerable; /* cases in which the method had what it needs: not so, if it is a source
                            whose signal is missing */
    double recall[RK_MAX_CUTOFFS], hit_rate[RK_MAX_CUTOFFS], mrr[RK_MAX_CUTOFFS],
        ndcg[RK_MAX_CUTOFFS], precision[RK_MAX_CUTOFFS];
    double coverage[RK_MAX_CUTOFFS]; /* share of the items ranked that appear in some list */
} rk_metrics;

/* The metrics that are kept case by case, for intervals and break-downs. */
typedef enum rk_value {
    RK_VALUE_RECALL,
    RK_VALUE_HIT_RATE,
    RK_VALUE_MRR,
    RK_VALUE_NDCG,
    RK_VALUE_COUNT
} rk_value;
/* In place of a value: the case has no relevant item and is not measured. */
#define RK_NOT_MEASURED (-1.0f)

/* One case, asked and answered. */
typedef struct rk_answer {
    uint32_t index; /* of the case */
    uint32_t found, truth_count;
    uint32_t available; /* sources whose signal was there, a bit each */
    const rk_request *request;
    const rk_recommendation *list; /* (found) best first */
    const uint32_t *truth;         /* (truth_count) as rk_evaluate_truth gives them */
} rk_answer;

/* What is kept of every case; an array may be NULL. */
typedef struct rk_kept {
    uint32_t *lists; /* (cases, last cutoff) recommended items, RK_NONE past the end and for cases
                        that are not measured */
    float *scores;   /* (cases, last cutoff) */
    float *values;   /* (cases, RK_VALUE_COUNT, cutoffs) */
    /* Called for every measured case by the thread that asked it; or NULL. */
    void (*answer)(void *context, const rk_answer *answer);
    void *context;
} rk_kept;

/* What is evaluated against what. */
typedef struct rk_trial {
    const rk_events_content *events;
    const rk_log *log; /* maps the file's items to the snapshot's */
    const rk_snapshot_content *snapshot;
    const rk_split *split;
    const uint32_t *cutoffs;
    uint32_t cutoff_count;
    uint32_t threads;
    const uint32_t *excluded; /* (excluded_count) items of the snapshot that are not ranked */
    uint32_t excluded_count;
    bool told_is_no_answer; /* what gives the location away is not relevant */
    bool one_event;         /* a request holds one event of the history (the last where seen items
                               come back, else one by hash); the others are seen all the same */
    bool located;           /* a request knows about where the first hidden event is (evaluate.c) */
} rk_trial;

/* False if out of memory. */
bool rk_evaluate_keeping(const rk_trial *trial, const rk_method *method, rk_metrics *metrics,
                         rk_kept kept);
/* The same, keeping lists and scores or (NULL) nothing. */
bool rk_evaluate_cases(const rk_trial *trial, const rk_method *method, rk_metrics *metrics,
                       uint32_t *lists, float *scores);

/* Distinct relevant items of a case into truth (relevant_count of the case), as items of the
 * snapshot, RK_NONE for one it does not have; returns how many. `at`, if not NULL, receives the row
 * each was first asked in. mark: (items of the file), false before and after. */
uint32_t rk_evaluate_truth(const rk_trial *trial, const rk_case *test, bool *mark, uint32_t *truth,
                           uint64_t *at);
/* Most relevant rows of a case, at least 1. */
uint32_t rk_evaluate_most_relevant(const rk_split *split);
/* What a hit at `rank` (from 1) is worth to NDCG. */
double rk_evaluate_discount(uint32_t rank);

#endif
