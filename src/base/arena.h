/* A bump allocator over memory the caller owns. Sizes are known before work begins: run the same
 * code once on a measuring arena (no memory, only counting) and once on the real one. */
#ifndef RK_BASE_ARENA_H
#define RK_BASE_ARENA_H

#include "base/types.h"

#define RK_CACHE_LINE 64u

typedef struct rk_arena {
    unsigned char *memory; /* NULL while measuring */
    uint64_t capacity;     /* bytes; UINT64_MAX while measuring */
    uint64_t used;         /* bytes handed out, alignment included */
    bool exhausted;        /* an allocation did not fit (sticky) */
} rk_arena;

/* `memory` must be aligned to 64 bytes. */
rk_arena rk_arena_over(void *memory, uint64_t capacity);
rk_arena rk_arena_measuring(void);

/* `count` elements of `element_bytes`, aligned to 64 bytes, not cleared. NULL while measuring, and
 * when it does not fit or the product overflows (then `exhausted` is set). */
void *rk_arena_take(rk_arena *arena, uint64_t count, uint64_t element_bytes);

#define RK_TAKE(arena, type, count) ((type *)rk_arena_take((arena), (count), sizeof(type)))

#endif
