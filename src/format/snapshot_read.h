/* Snapshots: validate whole, then trust; and write (FORMAT.md section 3). */
#ifndef RK_FORMAT_SNAPSHOT_READ_H
#define RK_FORMAT_SNAPSHOT_READ_H

#include "format/container.h"
#include "format/snapshot_layout.h"
#include "format/strings.h"

/* Rows of packed neighbour entries. */
typedef struct rk_neighbor_rows {
    const uint32_t *offsets; /* (items + 1) */
    const uint32_t *entries;
} rk_neighbor_rows;

/* All arrays of a snapshot. Reading fills it with pointers into the file; writing takes it. */
typedef struct rk_snapshot_content {
    rk_snapshot_meta meta;
    rk_strings items, types, titles;        /* titles may be absent */
    const float *type_weight;               /* (types) */
    const rk_source_config *sources;        /* (RK_SOURCE_SLOTS) */
    const float *popularity;                /* (items) */
    const uint32_t *popular;                /* (meta.popular_count) */
    rk_neighbor_rows neighbors;             /* <= RK_CORE_NEIGHBORS a row */
    rk_neighbor_rows neighbors_more;        /* the rest of each row */
    const float *vector_mean;               /* (dim) */
    const rk_vector_factor *vector_factors; /* (items) */
    const uint8_t *vector_cells;            /* (blocks, dim/2, 16) */
    const uint8_t *vector_low;              /* (items, 3*dim/4) */
    const float *encoder_positions;         /* (meta.encoder_positions, dim) */
    const float *trending;                  /* (items) 0..1, or NULL */
    const uint32_t *trending_top;           /* (meta.trending_count) */
    const rk_place *place;                  /* (items) or NULL */
    const uint32_t *place_code;             /* (meta.place_count) Morton codes, ascending */
    const uint32_t *place_item;             /* (meta.place_count) the item of each code */
    const uint32_t *explore;                /* (meta.explore_count) ascending items */
    const float *user_positions;            /* (meta.user_positions, dim) or NULL */
    rk_strings features;                    /* (meta.user_features) names; may be absent */
    const float *feature_vectors;           /* (meta.feature_rows, dim) or NULL */
    const uint32_t *born;                   /* (items) minutes since 1970 of its first event, 0:
                                               unknown; or NULL */
    rk_strings attributes;                  /* (meta.attributes) names; may be absent */
    const uint8_t *attribute_kind;          /* (meta.attributes) RK_ATTRIBUTE_* */
    const uint32_t *attribute_first;        /* (meta.attributes + 1) first value of each */
    rk_strings attribute_values;            /* (meta.attribute_values) sorted within an attribute */
    const uint32_t *item_value_begin;       /* (items + 1) */
    const uint32_t *item_value;             /* rows of values, ascending */
    const float *item_number;               /* (items, meta.numbers) or RK_NO_NUMBER */
    const uint8_t *cluster;                 /* (items) below meta.clusters, or NULL */
    const rk_task *tasks;                   /* (meta.tasks) or NULL */
    const uint8_t *task_rate;               /* (items, meta.tasks) share of an item's events */
    const uint32_t *rank_feature;           /* (meta.rank_inputs) ascending feature numbers */
    const float *rank_second;               /* (rk_second_floats) weights of the second stage */
    const float *rank_first;                /* (rk_first_floats) weights of the first stage */
    const int8_t *rank_item;                /* (items) what an item adds to it */
    const char *report;                     /* (report_bytes) or NULL */
    uint64_t report_bytes;
    uint32_t added; /* the last of the items, which came after the file: their ids ascend among
                       themselves; 0 in a file */
} rk_snapshot_content;

typedef struct rk_snapshot_view {
    rk_container container;
    rk_snapshot_content content;
} rk_snapshot_view;

/* Header, table, section shapes: O(sections). Enough to know sizes, not to trust values. */
rk_status rk_snapshot_open(const void *bytes, uint64_t size, rk_snapshot_view *out,
                           rk_error *error);

/* Everything else: checksums, gaps, and every bound of every value. O(bytes). After RK_OK no reader
 * of the view checks anything again. */
rk_status rk_snapshot_verify(const rk_snapshot_view *view, rk_error *error);

/* Number of 32-row blocks and bytes of `vec.cell` and of one row of `vec.low`. */
static inline uint64_t rk_block_count(uint32_t items) {
    return ((uint64_t)items + RK_BLOCK_ROWS - 1) / RK_BLOCK_ROWS;
}
static inline uint64_t rk_block_bytes(uint32_t dim) {
    return (uint64_t)dim / 2 * 16;
}
static inline uint64_t rk_low_bytes(uint32_t dim) {
    return (uint64_t)dim / 4 * 3;
}

/* f32 of `rank.2` and `rank.1`, FORMAT.md "Rankers". */
static inline uint64_t rk_second_columns(const rk_snapshot_meta *meta) {
    return (uint64_t)meta->rank_experts * meta->rank_units +
           (uint64_t)meta->tasks * meta->rank_experts + meta->tasks;
}
static inline uint64_t rk_second_floats(const rk_snapshot_meta *meta) {
    return (meta->rank_inputs + UINT64_C(1)) * rk_second_columns(meta) +
           (uint64_t)meta->tasks * meta->rank_units;
}
static inline uint64_t rk_first_floats(const rk_snapshot_meta *meta) {
    return UINT64_C(2) * meta->dim + RK_FIRST_INPUTS;
}

uint64_t rk_snapshot_bytes(const rk_snapshot_content *content);
void rk_snapshot_write(const rk_snapshot_content *content, const char *region,
                       int64_t created_at_ms, unsigned char *out);

#endif
