/* Metrics of the whole engine over test cases: full ranking over all items, never sampled.
 *
 * Recall@k = hits / relevant; HR@k = 1 if any hit; MRR@k = 1 / rank of the first hit; NDCG@k with
 * binary gains against the best possible list of k. Relevant items are distinct; where seen items
 * are not recommended, those of the history are not relevant. An item the snapshot does not have
 * counts as missed. Means over cases, in case order within 8 shards: threads change nothing. */
#ifndef RK_LEARN_EVALUATE_H
#define RK_LEARN_EVALUATE_H

#include "learn/split.h"
#include "reckon.h"

/* One way of answering: the snapshot's own sources, or given weights and quotas. */
typedef struct rk_method {
    const char *name;
    bool own; /* the snapshot's weights and quotas */
    float weights[RK_SOURCE_SLOTS];
    uint32_t quotas[RK_SOURCE_SLOTS];
} rk_method;

/* Only source `source` (with a quota of 200). */
rk_method rk_method_source(uint32_t source);
/* The blend the snapshot is set to. */
rk_method rk_method_blend(void);

typedef struct rk_metrics {
    uint32_t cases;
    double recall[RK_MAX_CUTOFFS], hit_rate[RK_MAX_CUTOFFS], mrr[RK_MAX_CUTOFFS],
        ndcg[RK_MAX_CUTOFFS];
    double coverage[RK_MAX_CUTOFFS]; /* share of items that appear in some list */
} rk_metrics;

/* What is evaluated against what. */
typedef struct rk_trial {
    const rk_events_content *events;
    const rk_log *log; /* maps the file's items to the snapshot's */
    const rk_snapshot_content *snapshot;
    const rk_split *split;
    const uint32_t *cutoffs;
    uint32_t cutoff_count;
    uint32_t threads;
} rk_trial;

/* lists: (cases, last cutoff) recommended items, RK_NONE past the end and for cases without a
 * relevant item (they are not measured), or NULL; scores likewise. False if out of memory. */
bool rk_evaluate_cases(const rk_trial *trial, const rk_method *method, rk_metrics *metrics,
                       uint32_t *lists, float *scores);

#endif
