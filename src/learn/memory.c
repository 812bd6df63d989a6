#include "learn/memory.h"

#include <stdlib.h>

#include "base/bytes.h"

#define ALIGNMENT 64u

struct rk_memory_block {
    rk_memory_block *next;
    unsigned char padding[ALIGNMENT - sizeof(void *)];
};
RK_STATIC_ASSERT(sizeof(rk_memory_block) == ALIGNMENT, block_header_keeps_alignment);

static uint64_t takes_left = UINT64_MAX;

void rk_memory_fail_after(uint64_t takes) {
    takes_left = takes;
}

void *rk_memory_take(rk_memory *memory, uint64_t count, uint64_t element_bytes) {
    uint64_t bytes, total;
    if (!rk_mul_u64(count, element_bytes, &bytes) || !rk_add_u64(bytes, 2 * ALIGNMENT, &total) ||
        total > SIZE_MAX) {
        return NULL;
    }
    if (takes_left == 0) return NULL;
    if (takes_left != UINT64_MAX) takes_left--;
    rk_memory_block *block = aligned_alloc(ALIGNMENT, (size_t)(total / ALIGNMENT * ALIGNMENT));
    if (!block) return NULL;
    memset(block, 0, (size_t)(total / ALIGNMENT * ALIGNMENT));
    block->next = memory->blocks;
    memory->blocks = block;
    return block + 1;
}

void rk_memory_free(rk_memory *memory) {
    while (memory->blocks) {
        rk_memory_block *block = memory->blocks;
        memory->blocks = block->next;
        free(block);
    }
}
