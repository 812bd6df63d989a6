/* A bump allocator over memory the caller owns.
 *
 * Problem: sizes are known before work begins, but writing them down twice (once to add them up,
 * once to lay them out) lets the two drift apart.
 * Idea: the same code runs twice, first on a measuring arena that only counts, then on a real one
 * of that capacity. Both round alike, so what was measured is what is needed.
 *
 *     memory                 used                      capacity
 *     |-- 64 --|-- 64 --|xx......|
 *                         ^ next take starts at the next multiple of 64
 *
 * 64 is a cache line and the widest vector load; a row at a fresh line never straddles two.
 *
 * Invariants: used <= capacity; every pointer handed out is aligned to 64; after `exhausted`
 * nothing more is handed out, so one check at the end of a set-up covers all its takes. */
#include "base/arena.h"

#include "base/bytes.h"

rk_arena rk_arena_over(void *memory, uint64_t capacity) {
    assert((uintptr_t)memory % RK_CACHE_LINE == 0);
    assert(memory || capacity == 0);
    return (rk_arena){.memory = memory, .capacity = capacity};
}

rk_arena rk_arena_measuring(void) {
    return (rk_arena){.memory = NULL, .capacity = UINT64_MAX};
}

void *rk_arena_take(rk_arena *arena, uint64_t count, uint64_t element_bytes) {
    if (arena->exhausted) return NULL;
    uint64_t bytes, start, end;
    if (!rk_mul_u64(count, element_bytes, &bytes) ||
        !rk_add_u64(arena->used, RK_CACHE_LINE - 1, &start)) {
        arena->exhausted = true;
        return NULL;
    }
    start -= start % RK_CACHE_LINE;
    if (!rk_add_u64(start, bytes, &end) || end > arena->capacity) {
        arena->exhausted = true;
        return NULL;
    }
    arena->used = end;
    return arena->memory ? arena->memory + (size_t)start : NULL;
}
