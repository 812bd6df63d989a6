/* What an engine owns: the snapshot's content and one scratch, laid out when it opens.
 *
 * Only the files of the funnel see inside: engine.c opens, retrieval.c fills the candidates,
 * stages.c ranks them, funnel.c answers. Between queries every dense array is zero again, restored
 * through the lists of what was touched, so a query never pays for the size of the catalogue beyond
 * the scan. */
#ifndef RK_SERVE_ENGINE_STATE_H
#define RK_SERVE_ENGINE_STATE_H

#include "serve/engine.h"
#include "serve/features.h"

/* Candidates that the second stage takes in one go. */
#define RK_SECOND_BLOCK 32u

/* Items that onboarding chooses from: the most popular ones that may be asked about. */
#define RK_ONBOARDING_POOL 256u

typedef struct rk_onboarding_pool {
    uint32_t count;
    uint32_t *item;  /* (RK_ONBOARDING_POOL) */
    int16_t *vector; /* (RK_ONBOARDING_POOL, dim) signed magnitudes */
    float *scale;    /* (RK_ONBOARDING_POOL) of those */
    float *mean;     /* (RK_ONBOARDING_POOL) <mean, the rest of the item> */
    float *prior;    /* (RK_ONBOARDING_POOL) probability that somebody wants it */
    float *wanted;   /* (RK_ONBOARDING_POOL) that this user does */
    float *known;    /* (RK_ONBOARDING_POOL) that the user knows it */
    float *pick;     /* (RK_ONBOARDING_POOL) both; before, what of `known` is left */
    float *gain;     /* (RK_ONBOARDING_POOL) what the pick would change */
    float *score;    /* (RK_ONBOARDING_POOL) */
    float *row;      /* (2, RK_ONBOARDING_POOL) cosines of one item, and of the session */
} rk_onboarding_pool;

struct rk_engine {
    rk_snapshot_content content;
    rk_description description;
    float neighbor_weights[RK_NEIGHBOR_CODES];
    uint32_t *blocked, *seen, *had; /* (blocks); `had`: only with rules */
    uint32_t *seeds;                /* (RK_MAX_SESSION) */
    float *seed_weights;
    float *neighbor_sum;              /* (items) */
    uint32_t *touched;                /* (items) */
    rk_spot *spots;                   /* (meta.place_count) */
    uint32_t *spot_of;                /* (items), 0 without places */
    rk_explore_block *explore_blocks; /* (blocks), 0 without a list */
    rk_vector_search searches[RK_SEARCH_COUNT];
    rk_ann_needs needs;                /* row: (items) */
    rk_scored *coarse;                 /* (RK_SEARCH_COUNT, RK_COARSE_ROOM) */
    rk_scored *lists[RK_SOURCE_COUNT]; /* (RK_MAX_QUOTA) each */
    rk_candidates candidates;
    float *blends;    /* (RK_MAX_CANDIDATES) score of the blend, by place */
    rk_scored *final; /* (RK_MAX_CANDIDATES) what the last stage hands on, best first */
    uint32_t *places; /* (RK_MAX_CANDIDATES) of those to be scored, later of those in `final` */
    rk_funnel funnel; /* of the last query */

    rk_ruled *ruled; /* (RK_MAX_COUNT) the last answer's, if it had rules */

    /* The rankers', of a snapshot with tasks. */
    rk_feature_context *features;
    rk_ann_vector first;  /* the first stage's query */
    float *first_by_item; /* (items) rk_query.first_by_item; rubbish where no search came */
    float *first_inputs;  /* (RK_MAX_CANDIDATES, RK_FIRST_INPUTS) */
    float *first_dots;    /* (RK_MAX_CANDIDATES) */
    float *first_scores;  /* (RK_MAX_CANDIDATES) by place */
    float *inputs;        /* (RK_MAX_CANDIDATES, RK_FEATURE_COUNT) of those in `final` */
    float *block;         /* (RK_SECOND_BLOCK, meta.rank_inputs) */
    float *activations;   /* (RK_SECOND_BLOCK, columns of the second stage) */
    float *probabilities; /* (RK_MAX_CANDIDATES, meta.tasks) by place */
    float *values;        /* (RK_MAX_CANDIDATES) by place, of those in `final` */
    rk_scored *fresh;     /* (2, RK_MAX_CANDIDATES) items that nobody has met: stage_new.c */
    float *fresh_rows;    /* (RK_MAX_CANDIDATES, meta.tasks) */

    rk_onboarding_pool asked; /* onboarding.c */
};

#endif
