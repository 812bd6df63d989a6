/* A string table of FORMAT.md: offsets and text, in place. */
#ifndef RK_FORMAT_STRINGS_H
#define RK_FORMAT_STRINGS_H

#include "base/bytes.h"

typedef struct rk_strings {
    const uint32_t *offsets; /* (count + 1); NULL: the table is absent and count is 0 */
    const char *text;
    uint32_t count;
} rk_strings;

/* Row `row`: its size in bytes, *text set. Not zero-terminated. row < count. */
static inline uint32_t rk_strings_get(const rk_strings *strings, uint32_t row, const char **text) {
    *text = strings->text + strings->offsets[row];
    return strings->offsets[row + 1] - strings->offsets[row];
}

/* Binary search in a sorted table; RK_NONE if absent. O(log count). */
uint32_t rk_strings_find(const rk_strings *strings, const char *id, uint32_t id_bytes);

/* Linear search, for short unsorted tables (event types). */
uint32_t rk_strings_scan(const rk_strings *strings, const char *id, uint32_t id_bytes);

#endif
