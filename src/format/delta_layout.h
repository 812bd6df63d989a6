/* What a delta holds: statistics of arms by day, and of the region's linear model (FORMAT.md
 * section 4). The structs are those of memory; in the file they are packed.
 *
 * Fixed point, so that sums are exact and any order of merging gives the same numbers: trials and
 * rewards of an arm in 65,536ths (priors of pseudo-events are fractions), features and rewards of
 * the linear model in 4,096ths. */
#ifndef RK_FORMAT_DELTA_LAYOUT_H
#define RK_FORMAT_DELTA_LAYOUT_H

#include "base/types.h"

/* An arm is known by a key, never by an index, which a rebuild renumbers: its kind in bits 46-47,
 * 46 bits of hash below. Two of a million items share a key with probability .7 %: they would share
 * their statistics, nothing worse. */
enum { RK_ARM_ITEM = 1, RK_ARM_CLUSTER = 2, RK_ARM_SOURCE = 3 };
#define RK_ARM_HASH_BITS 46
#define RK_ARM_KEY_BITS  48
#define RK_DAY_BITS      16

#define RK_ARM_ONE 65536 /* one trial, one reward */
/* Of any sum of an arm: what a delta can say of it (FORMAT.md), and two of them add up. */
#define RK_ARM_MOST ((int64_t)1 << 58)

/* One arm on one UTC day (days since 1970). Rows are kept in ascending order of arm_day. */
typedef struct rk_arm_row {
    uint64_t arm_day; /* key << 16 | day */
    int64_t trials;   /* how often it was shown, in RK_ARM_ONE; >= 0 */
    int64_t rewards;  /* what came of it, by the day of showing; >= 0 */
    int64_t devices;  /* how many devices touched the arm for the first time in their epoch */
} rk_arm_row;
RK_STATIC_ASSERT(sizeof(rk_arm_row) == 32, arm_row_is_32_bytes);

static inline uint64_t rk_arm_day(uint64_t key, uint32_t day) {
    return key << RK_DAY_BITS | day;
}
static inline uint64_t rk_row_key(const rk_arm_row *row) {
    return row->arm_day >> RK_DAY_BITS;
}
static inline uint32_t rk_row_day(const rk_arm_row *row) {
    return (uint32_t)row->arm_day & 0xFFFFu;
}

/* What readers prove and tables rely on. */
static inline bool rk_arm_row_is_valid(const rk_arm_row *row) {
    const uint64_t kind = rk_row_key(row) >> RK_ARM_HASH_BITS;
    return kind >= RK_ARM_ITEM && kind <= RK_ARM_SOURCE && row->trials >= 0 &&
           row->trials <= RK_ARM_MOST && row->rewards >= 0 && row->rewards <= RK_ARM_MOST &&
           row->devices >= 0 && row->devices <= RK_ARM_MOST;
}

/* ---- the linear model ---- */

#define RK_LINEAR_MOST_DIM  64u
#define RK_LINEAR_ONE       4096 /* a feature or a reward of 1 */
#define RK_LINEAR_MOST_DAYS 64u  /* of one delta */
/* Of a day; so no sum of products of two features, or of a feature and a reward, passes 2^62. */
#define RK_LINEAR_MOST_TRIALS  ((int64_t)1 << 38)
#define RK_LINEAR_MOST_REWARDS (RK_LINEAR_MOST_TRIALS * RK_LINEAR_ONE)

/* A day's statistics are a run of int64: the day, the number of decisions n, sum r, then sum x x^T
 * (lower triangle by rows: (0,0), (1,0), (1,1), (2,0) ...), then sum x r. */
enum { RK_LINEAR_DAY, RK_LINEAR_TRIALS, RK_LINEAR_REWARDS, RK_LINEAR_PRODUCTS };
static inline uint32_t rk_linear_products(uint32_t dim) {
    return dim * (dim + 1) / 2;
}
static inline uint32_t rk_linear_words(uint32_t dim) {
    return RK_LINEAR_PRODUCTS + rk_linear_products(dim) + dim;
}

#define RK_MS_PER_DAY ((int64_t)86400000)

/* ---- the file ---- */

#define RK_DELTA_MOST_ROWS RK_MAX_ITEMS

typedef struct rk_delta_meta {
    uint32_t arm_rows;
    uint32_t day; /* the newest of any row */
    uint32_t linear_dim;
    uint32_t linear_days;
    uint64_t linear_model; /* names the features; statistics of another model never mix */
    uint64_t seq;          /* of a device's batch, from 1; 0: statistics of many */
    uint32_t epoch;        /* UTC week of the device's token */
    uint32_t reserved[7];
} rk_delta_meta;
RK_STATIC_ASSERT(sizeof(rk_delta_meta) == 64, delta_meta_is_64_bytes);

#endif
