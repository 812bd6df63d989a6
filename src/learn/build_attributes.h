/* What the items say of themselves, as rules filter by it and rankers compare it: values with
 * numbers, and numbers as floats. And when each item was first seen.
 *
 * A category's value is the whole text, tags are what lies between bars, empty ones left out; a
 * text attribute is for learning (content.h) and is not stored. Values are sorted and numbered, so
 * that an attribute's are a range and a rule finds one by binary search. */
#ifndef RK_LEARN_BUILD_ATTRIBUTES_H
#define RK_LEARN_BUILD_ATTRIBUTES_H

#include "learn/log.h"

typedef struct rk_attribute_table {
    rk_strings names;      /* (attributes) those that are no text, in the file's order */
    uint8_t *kind;         /* (attributes) */
    uint32_t *first;       /* (attributes + 1) first value of each */
    rk_strings values;     /* sorted within an attribute */
    uint32_t *value_begin; /* (items + 1) */
    uint32_t *value;       /* rows of values, ascending */
    float *number;         /* (items, numbers) or RK_NO_NUMBER; larger ones are clipped */
    uint32_t numbers;
} rk_attribute_table;

/* names.count 0 and all else empty if the file has no attribute but texts. Values of more than
 * 65,535 bytes are left out, and those beyond RK_MAX_ATTRIBUTE_VALUES of them. False if out of
 * memory. O(n log n) comparisons of n values of items. */
bool rk_build_attributes(const rk_events_content *events, const rk_log *log, rk_memory *memory,
                         rk_attribute_table *table);

/* born (items): minutes since 1970 of each item's first event in the log, 0: it has none, or one
 * before 1970. Returns how many are known. The log has times. O(events). */
uint32_t rk_build_born(const rk_log *log, uint32_t *born);

#endif
