/* Events files: validate whole, then trust; and write (FORMAT.md section 2). */
#ifndef RK_FORMAT_EVENTS_READ_H
#define RK_FORMAT_EVENTS_READ_H

#include "format/container.h"
#include "format/events_layout.h"
#include "format/strings.h"

/* All arrays of an events file. Reading fills it with pointers into the file; writing takes it. */
typedef struct rk_events_content {
    rk_events_meta meta;
    const uint32_t *user;                   /* (events) < users */
    const uint32_t *item;                   /* (events) < items */
    const uint32_t *label;                  /* (events) non-zero mask of types */
    const int64_t *time;                    /* (events) or NULL if time_kind is RK_TIME_NONE */
    const uint8_t *split;                   /* (events) 0 train, 1 test; or NULL */
    const float *propensity;                /* (events) with which it was shown, (0, 1]; or NULL */
    rk_strings users, items, types, titles; /* titles may be absent */
    const float *type_weight;               /* (types) */

    /* What is known of items and users; all absent in a plain log. */
    const float *place;            /* (items, 2) latitude, longitude; both RK_NO_PLACE; or NULL */
    const float *boost;            /* (items) by experts, >= 0; or NULL */
    const uint32_t *related_begin; /* (items + 1) by experts; or NULL */
    const uint32_t *related;       /* items, ascending in a row, never the row's own */
    rk_strings attributes;         /* names; absent if meta.attributes is 0 */
    const uint8_t *attribute_kind; /* (attributes) RK_ATTRIBUTE_*; or NULL */
    rk_strings attribute_values;   /* row item * attributes + attribute; empty: none */
    rk_strings features;           /* names; absent if meta.features is 0 */
    rk_strings contexts;           /* row context * features + feature; empty: none */
    const uint32_t *context;       /* (events) < contexts; or NULL */
} rk_events_content;

typedef struct rk_events_view {
    rk_container container;
    rk_events_content content;
} rk_events_view;

/* Opens, verifies and proves every bound. `bytes` aligned to 64, must outlive the view. */
rk_status rk_events_read(const void *bytes, uint64_t size, rk_events_view *out, rk_error *error);

uint64_t rk_events_bytes(const rk_events_content *content);
void rk_events_write(const rk_events_content *content, const char *region, int64_t created_at_ms,
                     unsigned char *out);

#endif
