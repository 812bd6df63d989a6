/* Items that a snapshot does not have, for a running engine.
 *
 * Rows are in the order of their ids, which are not the snapshot's; values, attributes and related
 * items are named by the snapshot's own numbers, since what it does not know it cannot compare.
 * Everything here comes from a person's hands: rk_new_items_check refuses what is no item, and
 * nothing behind it checks again. The addresses and the room behind them are the caller's promise.
 */
#ifndef RK_MODEL_NEW_ITEMS_H
#define RK_MODEL_NEW_ITEMS_H

#include "format/snapshot_read.h"

#define RK_MAX_NEW_ITEMS 4096u
#define RK_MAX_RELATED   64u /* of one item */

typedef struct rk_new_items {
    const uint32_t
        *id_begin; /* (count + 1) into id_text; ascending bytewise, 1..65535 bytes each */
    const char *id_text;
    const uint32_t *title_begin; /* (count + 1) into title_text; nothing: no title */
    const char *title_text;
    const uint32_t *value_begin;   /* (count + 1) into values */
    const uint32_t *values;        /* ascending in an item, one a category at most */
    const float *numbers;          /* (count, meta.numbers) or RK_NO_NUMBER */
    const uint32_t *related_begin; /* (count + 1) into related */
    const uint32_t *related;       /* items of the snapshot, each once an item */
    const float *boost;            /* (count) liked events that it is worth, >= 0 */
    const rk_place *places;        /* (count) or RK_NO_PLACE */
    const uint32_t *born;          /* (count) minutes since 1970, 0: unknown */
    uint32_t count;                /* 1..RK_MAX_NEW_ITEMS */
} rk_new_items;

/* Errors: BAD_ARGUMENT (section: the array, offset: the item), TOO_LARGE. O(bytes). */
rk_status rk_new_items_check(const rk_snapshot_content *snapshot, const rk_new_items *items,
                             rk_error *error);

static inline rk_strings rk_new_ids(const rk_new_items *items) {
    return (rk_strings){items->id_begin, items->id_text, items->count};
}
static inline rk_strings rk_new_titles(const rk_new_items *items) {
    return (rk_strings){items->title_begin, items->title_text, items->count};
}

#endif
