/* A candidate source: one file behind one interface, one row in one table (sources.c).
 *
 * A source does two things. It retrieves its own best items, and it scores any items it is asked
 * about, so that a candidate brought by one source is judged by all. Scores are comparable across
 * requests (each source states its range), never across sources: the blend's weights do that. A
 * source whose signal is missing is off and says why. */
#ifndef RK_SERVE_SOURCE_H
#define RK_SERVE_SOURCE_H

#include "base/topk.h"
#include "model/ann.h"
#include "model/geo.h"
#include "model/item_neighbors.h"
#include "reckon.h"

/* Most candidates one source may bring: rank fits the answer's u16 and scratch is sized by it. */
/* Least weight of `nearby` in the blend when the request has a location and no weights. */
#define RK_LOCATED_WEIGHT 1.0f
#define RK_MAX_QUOTA      1000u
/* The ANN re-ranks this many times the wanted number, at least RK_COARSE_LEAST. */
#define RK_COARSE_FACTOR 2u
#define RK_COARSE_LEAST  200u
/* Scratch of one search, in entries. */
#define RK_COARSE_ROOM (2u * RK_COARSE_FACTOR * RK_MAX_QUOTA)

/* Seeds that `similar` examines for one-off clicks; more would not fit a mask. */
#define RK_EXAMINED_SEEDS 64u

typedef struct rk_query rk_query;

/* One search of the index by a prepared vector, and its answer once it has run
 * (vector_search.h). */
typedef struct rk_vector_search {
    rk_ann_query ann;
    float vector[RK_MAX_DIM];                              /* (dim) what was prepared */
    float (*beyond)(const rk_query *query, uint32_t item); /* added to a cosine; NULL: nothing is */
    rk_scored *found;                                      /* (RK_MAX_QUOTA) best first */
    uint32_t count;                                        /* of found */
    uint32_t quota; /* that found answers; 0: it has not run */
} rk_vector_search;

enum { RK_SEARCH_SESSION = 0, RK_SEARCH_USER = 1, RK_SEARCH_COUNT = 2 };

/* A place as `nearby` scores it. */
typedef struct rk_spot {
    rk_point point;
    float merit; /* what its item's popularity counts; 0: it has none */
} rk_spot;

/* 32 items as `explore` looks them up. */
typedef struct rk_explore_block {
    uint32_t listed; /* bit r: row r is on the list */
    uint32_t before; /* how many items of earlier blocks are */
} rk_explore_block;

/* What every source of one query sees. Seeds are the session's liked items, most recent first; the
 * arrays are the engine's scratch, filled before the first source runs. */
struct rk_query {
    const rk_snapshot_content *snapshot;
    const rk_request *request;
    const uint32_t *seeds;     /* (seed_count) */
    const float *seed_weights; /* (seed_count) > 0: the event type's weight */
    uint32_t seed_count;
    const uint32_t *blocked; /* bitmap of items that must not appear, one u32 a block */
    const uint32_t *seen;    /* bitmap of blocked items and of the seeds */
    const uint32_t *had;     /* bitmap of the session's items, empty without rules */

    /* `similar`: accumulated item-item weights, dense, and the items touched. */
    const float *neighbor_weights; /* (RK_NEIGHBOR_CODES) */
    float *neighbor_sum;           /* (items), zero outside `touched` */
    uint32_t *touched;             /* (items) */
    uint32_t touched_count;
    float neighbor_max; /* largest sum of an unblocked item */
    uint64_t outliers;  /* bit j: seed j was a one-off click */

    /* `session` and `user`: their vectors. */
    rk_vector_search *searches; /* (RK_SEARCH_COUNT) */
    const rk_ann_needs *needs;  /* of the index */
    const rk_ann_vector *first; /* of the first stage; NULL: the request does not go so far */
    float *first_by_item;       /* (items) its dot product with what the searches found */
    uint32_t scored;            /* sources that have scored every candidate already, a bit each */

    /* Room for searching by both at once, and for any list while its source retrieves. */
    rk_scored *coarse; /* (RK_SEARCH_COUNT, RK_COARSE_ROOM) */

    /* `nearby`: where the user is, and where items are. */
    rk_anchors anchors;
    const rk_spot *spots;    /* (meta.place_count) in the order of place_code */
    const uint32_t *spot_of; /* (items) if there are places, RK_NONE: it has none */

    /* `explore`: the walk through the list. */
    const rk_explore_block *explore_blocks; /* (blocks) if the snapshot has a list */
    uint32_t walk_start, walk_stride, walk_inverse;
    uint32_t round; /* of the bandit */
};

typedef struct rk_source {
    const char *name;
    /* NULL if it can answer, else why not. Looks at the snapshot, the request and the seeds only;
     * `prepare` has not run. */
    const char *(*unavailable)(const rk_query *query);
    /* Per-query work the other two share; called once if the source is available. */
    void (*prepare)(rk_query *query);
    /* Its best unblocked items, best first, at most `quota` <= RK_MAX_QUOTA; returns how many. */
    uint32_t (*retrieve)(rk_query *query, uint32_t quota, rk_scored *out);
    /* Its scores of any `count` items, to out (count); what retrieve returned for an item is the
     * same number. */
    void (*score)(const rk_query *query, const uint32_t *items, uint32_t count, float *out);
} rk_source;

extern const rk_source rk_source_popular;
extern const rk_source rk_source_similar;
extern const rk_source rk_source_session;
extern const rk_source rk_source_trending;
extern const rk_source rk_source_nearby;
extern const rk_source rk_source_user;
extern const rk_source rk_source_explore;

/* Row `source` of the table, source < RK_SOURCE_COUNT. */
const rk_source *rk_source_at(uint32_t source);

/* What `nearby` and `explore` keep of a snapshot, computed when an engine opens: spots
 * (meta.place_count), spot_of (items), of a snapshot with places; blocks (blocks). */
void rk_spots_fill(const rk_snapshot_content *snapshot, rk_spot *spots, uint32_t *spot_of);
void rk_explore_blocks_fill(const rk_snapshot_content *snapshot, rk_explore_block *blocks);

/* The place of an item on the explore list, RK_NONE if it is not there. O(1). */
static inline uint32_t rk_explore_index(const rk_explore_block *blocks,
                                        const rk_snapshot_meta *meta, uint32_t item) {
    if (meta->explore_count == 0) return RK_NONE;
    const rk_explore_block *block = &blocks[item / RK_BLOCK_ROWS];
    const uint32_t bit = 1u << (item % RK_BLOCK_ROWS);
    if (!(block->listed & bit)) return RK_NONE;
    return block->before + (uint32_t)__builtin_popcount(block->listed & (bit - 1));
}

/* Now, Unix ms: the request's time, else that of its last event; 0: unknown. */
static inline int64_t rk_query_time(const rk_query *query) {
    const rk_request *request = query->request;
    if (request->time_ms != 0 || request->session_count == 0) return request->time_ms;
    return request->session[request->session_count - 1].time_ms;
}

/* Now, for the ages that rules ask for: a clock of its own, so that a rule cannot change what the
 * rankers see. */
static inline int64_t rk_query_rules_time(const rk_query *query) {
    const int64_t time_ms = query->request->rules_time_ms;
    return time_ms != 0 ? time_ms : rk_query_time(query);
}

static inline bool rk_is_blocked(const uint32_t *blocked, uint32_t item) {
    return blocked[item / RK_BLOCK_ROWS] >> (item % RK_BLOCK_ROWS) & 1u;
}

/* Popularity over that of the top item, 0..1. Dividing, not multiplying by a reciprocal: 1 / 1e-45
 * is infinite. A file may list as its first an item that is not the top one, hence the minimum.
 * meta.popular_count > 0. */
static inline float rk_popularity_share(const rk_snapshot_content *snapshot, uint32_t item) {
    float top = snapshot->popularity[snapshot->popular[0]];
    return top > 0.0f ? RK_MIN(1.0f, snapshot->popularity[item] / top) : 0.0f;
}

/* False before the first event, unless somebody was given a boost. */
static inline bool rk_any_popular(const rk_snapshot_content *snapshot) {
    return snapshot->meta.popular_count && snapshot->popularity[snapshot->popular[0]] > 0.0f;
}

/* What the item-item weight of seed j counts: its event's weight, less for a one-off click. */
static inline float rk_neighbor_seed_weight(const rk_query *query, uint32_t j) {
    bool outlier = j < RK_EXAMINED_SEEDS && (query->outliers >> j & 1u);
    return query->seed_weights[j] * (outlier ? query->snapshot->meta.outlier_weight : 1.0f);
}

#endif
