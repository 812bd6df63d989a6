/* The bandit of the explore slots: what is known of new and uncertain items, and whom to show next.
 *
 * Problem: an item that nobody is shown gathers no events, a feed that shows all new items alike
 * wastes its slots on the bad ones, and whatever is shown must know its probability.
 * Idea: Thompson sampling over the snapshot's `explore` list with exact propensities
 * (model/bandit_policy.h), by a hierarchy: what is known of a content cluster is the prior of its
 * items, so that a catalogue without any event first learns which kinds are liked and then which
 * items (D. Agarwal, B.-C. Chen and P. Elango, "Explore/Exploit Schemes for Web Content
 * Optimization", 2009; batches and delay: O. Chapelle and L. Li, 2011).
 *
 *   statistics    region's + sent + open, rows (arm, day)          model/bandit_state.h
 *     --> evidence of every listed item and of every cluster, weighed by age
 *     --> pool: RK_BANDIT_POOL items: those that nobody has met under the wanted impressions, the
 *         nearest to it first, then
 *         the best mean + 2 standard deviations; not the worn out, not the old
 *     --> 256 rounds: a row a pool item; items without evidence have the row of their cluster,
 *         turned by their own offset and stride: the same distribution for the price of a copy
 *     --> a request: rows times how well the item suits the session; a slot draws among who is left
 *
 * A cluster's prior is Beta with mean (rewards + K p) / (trials + K), p the same of all clusters,
 * and as many trials as leave both the spread within a cluster and the doubt about its mean in the
 * variance: 1 / (n + 1) = 1 / (prior_trials + 1) + 1 / (trials + K + 1).
 *
 * The pool stands until the region's statistics are replaced, the day changes, or RK_BANDIT_BATCH
 * events have been counted; within that time only the rows of items with news are drawn again. So
 * all requests between share one policy, and a decision follows from (statistics at the pool's
 * making, news since, request).
 *
 * Memory is the caller's: some 210 KB + 96 B a row + 32 B a listed item. Nothing allocates.
 * Cost: a pool O(items listed * log rows) and 30 us an item with evidence in it; a slot 128 * 256
 * comparisons, some 10 us. Not for two threads. */
#ifndef RK_SERVE_BANDIT_H
#define RK_SERVE_BANDIT_H

#include "model/bandit_policy.h"
#include "model/bandit_state.h"
#include "serve/engine_state.h"

#define RK_BANDIT_POOL  128u
#define RK_BANDIT_BATCH 64u
/* Of the pool, places for items that nobody has met and that are under the wanted impressions: few,
 * so that one after the other gets there soon. */
#define RK_BANDIT_ELICITED 16u

/* What is known of one listed item. */
typedef struct rk_bandit_arm {
    uint64_t key;
    float trials, rewards; /* weighed by age */
    uint16_t cluster;
    uint16_t place; /* 1 + its row in the pool, 0: it has none */
    uint32_t item;
} rk_bandit_arm;

struct rk_bandit {
    const rk_engine *engine;
    rk_bandit_options options;
    rk_arm_table region, sent, open; /* (options.rows) each */
    rk_forgetting forgetting;
    uint32_t today, arms, clusters, changes;
    bool stale;                      /* the pool is to be made anew */
    uint64_t version;                /* of the pools made: the policy's seed */
    rk_bandit_arm *arm;              /* (arms) the snapshot's explore list */
    rk_beta *prior;                  /* (clusters) */
    double mean;                     /* of all clusters */
    float *cluster_rows;             /* (clusters, RK_POLICY_ROUNDS) */
    rk_scored *ranked;               /* (RK_BANDIT_POOL) */
    uint32_t pooled[RK_BANDIT_POOL]; /* arms, ascending */
    uint8_t dirty[RK_BANDIT_POOL];   /* the row is to be drawn again */
    uint8_t few[RK_BANDIT_POOL];     /* under the wanted impressions */
    float scale[RK_BANDIT_POOL];     /* of the request */
    rk_policy policy;                /* over the pool */
};

/* Makes the pool if it is stale or the day (of time_ms; 0: unknown, no change) another, and draws
 * the rows that are missing. To be called before a request's sources are asked. */
void rk_bandit_refresh(rk_bandit *bandit, int64_t time_ms);

/* The pool's row of an item, RK_NONE if it is not in it. O(1). */
uint32_t rk_bandit_place(const rk_bandit *bandit, uint32_t item);
/* What an item of the pool is worth in round `round` < RK_POLICY_ROUNDS, 0..1. */
float rk_bandit_sample(const rk_bandit *bandit, uint32_t place, uint32_t round);

/* How much better than the average new item this one has done, shrunk by the prior: 1 without
 * evidence, or if it is not listed. */
float rk_bandit_lift(const rk_bandit *bandit, uint32_t item);

/* Once a request's candidates have their blends: sets what the pool's samples count for it, 2 for
 * the item that the blend likes most, down to 1 / 2 (all 1 if nothing is `known` of who asks, for
 * then the blend is popularity); and multiplies blends above 0 by the lift, so that evidence moves
 * an item in the list too, and new items with it, whose place is the blend's (stage_new.c). */
void rk_bandit_weigh(rk_bandit *bandit, rk_engine *engine, bool known);

#endif
