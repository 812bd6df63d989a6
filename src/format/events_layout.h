/* Events file structs, FORMAT.md section 2. */
#ifndef RK_FORMAT_EVENTS_LAYOUT_H
#define RK_FORMAT_EVENTS_LAYOUT_H

#include "base/types.h"

enum { RK_TIME_NONE = 0, RK_TIME_ORDER = 1, RK_TIME_UNIX_MS = 2 };
enum { RK_USERS_ARE_SESSIONS = 0, RK_USERS_ARE_USERS = 1 };

typedef struct rk_events_meta {
    uint64_t events;
    uint32_t users;
    uint32_t items;
    uint32_t types;
    uint32_t time_kind;
    uint32_t user_kind;
    uint32_t reserved[9];
} rk_events_meta;
RK_STATIC_ASSERT(sizeof(rk_events_meta) == 64, events_meta_is_64_bytes);

#endif
