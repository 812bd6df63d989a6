/* Events file structs, FORMAT.md section 2. */
#ifndef RK_FORMAT_EVENTS_LAYOUT_H
#define RK_FORMAT_EVENTS_LAYOUT_H

#include "base/types.h"

enum { RK_TIME_NONE = 0, RK_TIME_ORDER = 1, RK_TIME_UNIX_MS = 2 };
enum { RK_USERS_ARE_SESSIONS = 0, RK_USERS_ARE_USERS = 1 };
enum {
    RK_ATTRIBUTE_CATEGORY = 0,
    RK_ATTRIBUTE_TAGS = 1,
    RK_ATTRIBUTE_TEXT = 2,
    RK_ATTRIBUTE_NUMBER = 3,
    RK_ATTRIBUTE_KINDS = 4
};

#define RK_MAX_ATTRIBUTES   32u
#define RK_MAX_FEATURES     16u
#define RK_MAX_CONTEXTS     (1u << 24) /* exclusive, as RK_MAX_ITEMS is */
#define RK_MAX_NUMBER_BYTES 40u        /* text of a number attribute */
#define RK_LEAST_PROPENSITY 0x1p-126f  /* its inverse is a number */
#define RK_NO_PLACE         999.0f     /* latitude and longitude of an item without a place */

typedef struct rk_events_meta {
    uint64_t events;
    uint32_t users;
    uint32_t items;
    uint32_t types;
    uint32_t time_kind;
    uint32_t user_kind;
    uint32_t attributes;
    uint32_t features;
    uint32_t contexts;
    uint32_t reserved[6];
} rk_events_meta;
RK_STATIC_ASSERT(sizeof(rk_events_meta) == 64, events_meta_is_64_bytes);

#endif
