/* Candidates of all sources to one list: each item once, remembering who brought it and at which
 * rank. */
#ifndef RK_SERVE_MERGE_H
#define RK_SERVE_MERGE_H

#include "serve/source.h"

/* Candidates one query may hold. The merge takes from the sources in turn, so that a small quota is
 * never crowded out by a large one. */
#define RK_MAX_CANDIDATES 1024u

/* A structure of arrays, because scoring walks one source at a time. */
typedef struct rk_candidates {
    uint32_t count;
    uint32_t *item;                  /* (RK_MAX_CANDIDATES) */
    uint32_t *sources;               /* (RK_MAX_CANDIDATES) bit s: source s brought it */
    uint16_t *rank[RK_SOURCE_COUNT]; /* (RK_MAX_CANDIDATES) 1-based, 0: not brought by it */
    float *score[RK_SOURCE_COUNT];   /* (RK_MAX_CANDIDATES) the source's score, brought or not */
    uint16_t *slot;                  /* (items) 1 + place of an item here, 0: absent */
} rk_candidates;

/* Lists of the sources, best first, merged rank by rank: all firsts, then all seconds, ... They
 * join what is there. */
void rk_merge(const rk_scored *const lists[RK_SOURCE_COUNT], const uint32_t counts[RK_SOURCE_COUNT],
              rk_candidates *candidates);

/* A candidate that no source brought (yet). */
void rk_merge_item(uint32_t item, rk_candidates *candidates);

/* No candidates; clears `slot` through their own items, ready for the next query. */
void rk_merge_clear(rk_candidates *candidates);

#endif
