/* Replay: what would a setting have shown, and what did people do with that?
 *
 * Every case of a split is asked of the whole funnel under the setting, and what is shown is
 * compared with what the user went on to do (the hidden rows):
 *
 *   reward      sum over hidden items among the first k of weight of the event * 1 / log2(1 +
 * rank), the events' own weights, so that a disliked item costs. An item of several events has the
 * lowest weight if one is negative, else the highest dislikes, ndcg, candidates: see rk_figure
 *
 * Without propensities this favours what the log's own recommender showed: nobody can like what
 * they never saw. Where a row is an impression and its propensity p is known, the reward is that of
 * a shown impression instead, weighted back to what the setting would show: every hidden row whose
 * item is shown counts w = min(1 / p, clip) / log2(1 + rank), and the figure is sum w r / sum w
 * (self-normalised inverse propensity: A. Swaminathan and T. Joachims, "The Self-Normalized
 * Estimator for Counterfactual Learning", 2015; items of a list one by one, as in S. Li et al.,
 * "Offline Evaluation of Ranking Policies with Click Models", 2018; clipping as in L. Bottou et
 * al., "Counterfactual Reasoning and Learning Systems", 2013). How many rows that is worth is the
 * effective sample size (sum w)^2 / sum w^2.
 *
 * A case's figures depend on nothing but setting and case, and sums run in case order: threads
 * change nothing. Cost of a case: an answer of the whole funnel. */
#ifndef RK_LEARN_REPLAY_H
#define RK_LEARN_REPLAY_H

#include "learn/case_request.h"
#include "learn/tune_settings.h"

/* What is kept of every case: parts of ratios, so that a bootstrap can sum them. */
enum {
    RK_REPLAY_MEASURED, /* 1; RK_NOT_MEASURED where nothing that can be shown was hidden */
    RK_REPLAY_REWARD,
    RK_REPLAY_REWARD_OF, /* 1, or with propensities the sum of the weights */
    RK_REPLAY_SQUARES,   /* of the weights */
    RK_REPLAY_NDCG,
    RK_REPLAY_NDCG_OF, /* 1 if a liked item is hidden */
    RK_REPLAY_DISLIKES,
    RK_REPLAY_DISLIKES_OF, /* disliked items that are hidden */
    RK_REPLAY_CANDIDATES,
    RK_REPLAY_COLUMNS
};

/* What is hidden in a case, as items of the snapshot. */
typedef struct rk_hidden {
    uint32_t item; /* RK_NONE: the snapshot does not have it */
    float gain;    /* weight of its event */
    float inverse; /* of a logged row: min(1 / propensity, clip) */
} rk_hidden;

typedef struct rk_replay {
    const rk_trial *trial;
    uint32_t k;
    uint64_t *item_begin; /* (cases + 1) in items */
    rk_hidden *items;     /* different ones */
    uint64_t *row_begin;  /* (cases + 1) in rows; NULL without propensities */
    rk_hidden *rows;
    struct rk_replay_asker *askers; /* (RK_SHARDS) */
} rk_replay;

/* Reads the hidden rows and opens an engine a shard. The trial must outlive the replay; its events
 * and log are those of a rk_replay_log. False if out of memory. */
bool rk_replay_open(const rk_trial *trial, uint32_t k, double clip, rk_memory *memory,
                    rk_replay *out);

/* Cases [begin, end) under a setting. values: (cases, RK_REPLAY_COLUMNS) and lists: (cases, k) of
 * case `begin` on; a list ends with RK_NONE and is empty where the case is not measured. */
void rk_replay_ask(const rk_replay *replay, const rk_setting *setting, uint32_t begin, uint32_t end,
                   float *values, uint32_t *lists);

/* Cases [begin, end) in figures; NaN where none can say. *effective, if not NULL, is the effective
 * sample size. False if out of memory. */
bool rk_replay_figures(const rk_replay *replay, uint32_t begin, uint32_t end, const float *values,
                       const uint32_t *lists, double figures[RK_FIGURES], double *effective);

#endif
