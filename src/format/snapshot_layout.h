/* Snapshot structs, FORMAT.md section 3. */
#ifndef RK_FORMAT_SNAPSHOT_LAYOUT_H
#define RK_FORMAT_SNAPSHOT_LAYOUT_H

#include "format/events_layout.h"

#define RK_SOURCE_SLOTS         8u
#define RK_MAX_DIM              256u
#define RK_CORE_NEIGHBORS       8u
#define RK_MAX_NEIGHBORS        256u /* a row of both tables together */
#define RK_MAX_POSITIONS        64u  /* of an encoder */
#define RK_REPEAT_LAGS          4u
#define RK_MAX_REPEAT           4.0f   /* in magnitude */
#define RK_MAX_FEATURE_ROWS     65536u /* a power of two, as every number of them is */
#define RK_MAX_SHORT_POPULAR    1000.0f
#define RK_MIN_NEARBY_KM        0.001f
#define RK_MAX_NEARBY_KM        20000.0f
#define RK_MAX_ATTRIBUTE_VALUES 16777216u /* of all attributes together */
#define RK_MAX_NUMBER           0x1p64f   /* in `ia.num`, in magnitude */
#define RK_NO_NUMBER            0x1p100f  /* in `ia.num`: the item has no such number */
#define RK_MAX_TASKS            8u
#define RK_MAX_RANK_INPUTS      64u
#define RK_MAX_EXPERTS          8u
#define RK_MAX_UNITS            64u
#define RK_FIRST_INPUTS         16u    /* features that the first stage reads: numbers 0 to 15 */
#define RK_RATE_STEPS           254.0f /* of `rate`: code / 254 is a probability */
#define RK_NO_RATE              255u   /* in `rate`: no row learnt from has the item */
#define RK_MAX_CLUSTERS         64u
#define RK_BLOCK_ROWS           32u
#define RK_NEIGHBOR_ITEM_MASK   0xFFFFFFu
#define RK_NEIGHBOR_CODE_SHIFT  24

typedef struct rk_snapshot_meta {
    uint32_t items;
    uint32_t types;
    uint32_t dim;
    uint32_t time_kind;
    uint64_t events;
    uint64_t sessions;
    int64_t stats_through_ms;
    uint64_t seed;
    float neighbor_scale;
    float similar_decay;
    float session_decay;
    uint32_t popular_count;
    uint32_t encoder_positions;   /* rows of `enc.pos`; 0: session_decay pools */
    float repeat[RK_REPEAT_LAGS]; /* added to the cosine of the session's last item, the one before,
                                     the two before those, earlier ones */
    uint32_t trending_count;      /* rows of `rise.top`; 0: no section of trending */
    uint32_t place_count;         /* items with a place; 0: no section of places */
    uint32_t explore_count;       /* rows of `explore` */
    uint32_t user_positions;      /* rows of `user.pos`; 0: no user tower */
    uint32_t user_features;       /* named in `feat.off`; 0: none */
    uint32_t feature_rows;        /* rows of `feat.vec`, a power of two; 0 iff user_features is */
    float outlier_weight;         /* of a seed that no other item of the session supports, to 1;
                                     0: no such rule, as 1 */
    float nearby_km;              /* distance at which an item's weight has halved; 0: no places */
    uint32_t tasks;               /* rows of `task`; 0: no ranker */
    uint32_t rank_inputs;         /* rows of `rank.in`; 0 iff tasks is */
    uint32_t rank_experts;        /* of the second stage */
    uint32_t rank_units;          /* hidden units of each expert */
    float rank_item_step;         /* a count of `rank.1i`, in units of the first stage's score */
    uint32_t timed_items;         /* items whose `born` is known; 0: no section */
    uint32_t attributes;          /* named in `at.off`; 0: no section of attributes */
    uint32_t attribute_values;    /* rows of `av.off` */
    uint32_t numbers;             /* attributes of kind number: columns of `ia.num` */
    uint64_t cluster_model;       /* names the clustering: a hash of its centres; 0 without one */
    uint32_t clusters;            /* of `cluster`, each with an item; 0: no such section */
    float short_popular;          /* weight of `popular` in the blend beside its own, of a session
                                     of one liked event; of n it is divided by n. 0: none */
    uint32_t reserved[22];
} rk_snapshot_meta;
RK_STATIC_ASSERT(sizeof(rk_snapshot_meta) == 256, snapshot_meta_is_256_bytes);

typedef struct rk_source_config {
    uint32_t quota; /* most candidates this source may bring */
    float weight;   /* of its score in the blend */
    uint32_t reserved[2];
} rk_source_config;
RK_STATIC_ASSERT(sizeof(rk_source_config) == 16, source_config_is_16_bytes);

/* A task: an event type whose probability the second stage predicts. */
typedef struct rk_task {
    uint32_t type;       /* < types, ascending */
    float weight;        /* of its probability in the value model */
    float scale, offset; /* p = sigmoid(scale * logit + offset): the calibration */
    float base_rate;     /* share of the log's rows with the event: features shrink to it */
    uint32_t reserved[3];
} rk_task;
RK_STATIC_ASSERT(sizeof(rk_task) == 32, task_is_32_bytes);

/* Degrees; both RK_NO_PLACE where an item has none. */
typedef struct rk_place {
    float latitude, longitude;
} rk_place;
RK_STATIC_ASSERT(sizeof(rk_place) == 8, place_is_8_bytes);

/* Factors of one row of vector codes. */
typedef struct rk_vector_factor {
    float scan;   /* f: <q, r> ~ scan * <q, cell levels> */
    float decode; /* g: r ~ decode * signed magnitudes */
} rk_vector_factor;
RK_STATIC_ASSERT(sizeof(rk_vector_factor) == 8, vector_factor_is_8_bytes);

#endif
