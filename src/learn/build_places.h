/* The sorted codes that `nearby` searches, from the items' places. */
#ifndef RK_LEARN_BUILD_PLACES_H
#define RK_LEARN_BUILD_PLACES_H

#include "format/places.h"
#include "learn/log.h"

typedef struct rk_place_table {
    rk_place *place; /* (items) */
    uint32_t *code;  /* (count) ascending */
    uint32_t *item;  /* (count) ascends within a code */
    uint32_t count;
} rk_place_table;

/* The log's items; count 0 where none has a place. All arrays belong to `memory`. False if out of
 * memory. O(items log items). */
bool rk_build_places(const rk_events_content *events, const rk_log *log, rk_memory *memory,
                     rk_place_table *table);

#endif
