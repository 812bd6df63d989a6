/* Items by features of their content: a sparse matrix, by rows and by columns.
 *
 * Columns are the features (model/content_features.h) that at least two items of the log share: one
 * that a single item has says nothing of any other. A feature weighs idf = log(1 + items / df), and
 * a row has unit length, so that an item with many words is no louder than one with a genre. */
#ifndef RK_LEARN_CONTENT_H
#define RK_LEARN_CONTENT_H

#include "learn/log.h"

#define RK_ITEM_FEATURES_MOST 256u /* of one item; later ones are left out */

typedef struct rk_content {
    uint32_t items, features; /* features 0: nothing is known of any item */
    uint64_t entries;
    uint64_t *row_begin;    /* (items + 1) */
    uint32_t *feature;      /* (entries) */
    float *value;           /* (entries) */
    uint64_t *column_begin; /* (features + 1) the transpose: items ascend in a column */
    uint32_t *column_item;  /* (entries) */
    float *column_value;    /* (entries) */
} rk_content;

/* False if out of memory. O(bytes of the attributes). */
bool rk_content_build(const rk_events_content *events, const rk_log *log, rk_memory *memory,
                      rk_content *content);

/* out (dim) = row `item` times weights (features, dim). */
void rk_content_project(const rk_content *content, uint32_t item, const float *weights,
                        uint32_t dim, float *out);

#endif
