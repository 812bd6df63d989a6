/* Memory of the learning code: blocks taken one by one, given back together.
 *
 * Every learner takes what it needs and returns OUT_OF_MEMORY when a block is refused; the owner
 * frees the lot, whatever happened. rk_memory_fail_after lets a test refuse each allocation in
 * turn. */
#ifndef RK_LEARN_MEMORY_H
#define RK_LEARN_MEMORY_H

#include "base/types.h"

typedef struct rk_memory_block rk_memory_block;

typedef struct rk_memory {
    rk_memory_block *blocks; /* newest first */
} rk_memory;

/* `count` zeroed elements aligned to 64 bytes, or NULL. count 0 gives a valid block. */
void *rk_memory_take(rk_memory *memory, uint64_t count, uint64_t element_bytes);

#define RK_NEW(memory, type, count) ((type *)rk_memory_take((memory), (count), sizeof(type)))

/* Gives everything back; the memory may be used again. */
void rk_memory_free(rk_memory *memory);

/* Tests only: the n-th take from now (0 = the next) and all after it fail; UINT64_MAX = never. */
void rk_memory_fail_after(uint64_t takes);

#endif
