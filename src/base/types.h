/* The fixed-width types, limits and small macros every layer uses. */
#ifndef RK_BASE_TYPES_H
#define RK_BASE_TYPES_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RK_STATIC_ASSERT(condition, name) _Static_assert(condition, #name)

/* No item, no user, no event type. Also the answer of a look-up that found nothing. */
#define RK_NONE UINT32_MAX

/* A neighbour entry keeps an item in 24 bits, so this bounds every catalogue. */
#define RK_MAX_ITEMS ((uint32_t)1 << 24)
/* An event's labels are a bit mask of event types. */
#define RK_MAX_EVENT_TYPES 32u

#define RK_MIN(a, b) ((a) < (b) ? (a) : (b))
#define RK_MAX(a, b) ((a) > (b) ? (a) : (b))

RK_STATIC_ASSERT(sizeof(float) == 4, float_is_binary32);
RK_STATIC_ASSERT(sizeof(double) == 8, double_is_binary64);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Reckon's files are used in place as memory: the host must be little-endian"
#endif

#endif
