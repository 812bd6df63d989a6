/* Memory that a test need not check, and string tables made of numbers. */
#ifndef RK_TESTS_TAKE_H
#define RK_TESTS_TAKE_H

#include "check.h"

#include "format/strings.h"
#include "learn/memory.h"

#include <stdio.h>

static inline void *take_or_abort(rk_memory *memory, uint64_t count, uint64_t element_bytes) {
    void *block = rk_memory_take(memory, count, element_bytes);
    if (block == NULL) abort();
    return block;
}

#define TAKE(memory, type, count) ((type *)take_or_abort((memory), (count), sizeof(type)))

/* count rows "<prefix><number>", ascending bytewise. */
static inline rk_strings numbered_strings(const char *prefix, uint32_t count, rk_memory *memory) {
    uint32_t *offsets = TAKE(memory, uint32_t, (uint64_t)count + 1);
    char *text = TAKE(memory, char, (uint64_t)count * 24 + 1);
    for (uint32_t i = 0; i < count; i++) {
        const int bytes = snprintf(text + offsets[i], 24, "%s%08u", prefix, i);
        offsets[i + 1] = offsets[i] + (uint32_t)bytes;
    }
    return (rk_strings){offsets, text, count};
}

/* count rows with these texts; NULL: an empty row. */
static inline rk_strings strings_of(const char *const *rows, uint32_t count, rk_memory *memory) {
    uint32_t *offsets = TAKE(memory, uint32_t, (uint64_t)count + 1);
    for (uint32_t i = 0; i < count; i++)
        offsets[i + 1] = offsets[i] + (uint32_t)(rows[i] ? strlen(rows[i]) : 0);
    char *text = TAKE(memory, char, offsets[count]);
    for (uint32_t i = 0; i < count; i++)
        memcpy(text + offsets[i], rows[i] ? rows[i] : "", offsets[i + 1] - offsets[i]);
    return (rk_strings){offsets, text, count};
}

#endif
