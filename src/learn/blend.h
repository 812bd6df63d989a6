/* Weights of the blend, found on candidates retrieved once.
 *
 * Problem: a blend has a weight a source and a bonus a lag, and asking the engine again for every
 * setting costs a scan of the catalogue a case. Idea: weights do not change what the sources bring,
 * so every case is asked once, its candidates are kept with all their sources' scores, and a
 * setting is a few multiplications a candidate: 4,000 cases x 500 candidates in about 10 ms. The
 * final figures still come from the engine itself (search.c). One candidate is missed: an item of
 * the session that no source brings until its bonus lifts it into the quota of `session`.
 *
 * Layout: case c has candidates [c * RK_POOL_ROWS, + count[c]), a row of RK_SOURCE_COUNT scores
 * each. Threads change nothing: cases are summed in 8 shards, the shards in order. */
#ifndef RK_LEARN_BLEND_H
#define RK_LEARN_BLEND_H

#include "learn/evaluate.h"

#define RK_POOL_ROWS 500u

typedef struct rk_pool {
    uint32_t cases, threads;
    uint32_t *count;       /* (cases) candidates kept */
    uint32_t *truth_count; /* (cases) relevant items; 0: not measured */
    uint32_t *available;   /* (cases) sources that could answer, a bit each */
    uint32_t *item;        /* (cases, RK_POOL_ROWS) */
    float *score;          /* (cases, RK_POOL_ROWS, RK_SOURCE_COUNT) */
    uint8_t *lag;          /* (cases, RK_POOL_ROWS) class of its lag in the session, RK_REPEAT_LAGS:
                              not of the session */
    uint8_t *relevant;     /* (cases, RK_POOL_ROWS) 0 or 1 */
} rk_pool;

typedef struct rk_blend {
    float weight[RK_SOURCE_SLOTS];
    float repeat[RK_REPEAT_LAGS];
} rk_blend;

/* The best RK_POOL_ROWS candidates of every case of the trial, by the snapshot's own blend (whose
 * repeat must be zero). False if out of memory. */
bool rk_pool_gather(const rk_trial *trial, rk_memory *memory, rk_pool *pool);

/* Mean NDCG@cutoff of the pool's cases ranked by `blend`: what the engine itself would reach, where
 * a case has at most RK_POOL_ROWS candidates and `cutoff` is the trial's last. */
double rk_pool_ndcg(const rk_pool *pool, const rk_blend *blend, uint32_t cutoff);

#endif
