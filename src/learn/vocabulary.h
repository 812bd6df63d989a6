/* Hashes to dense numbers, in order of first appearance: open addressing, at most half full. */
#ifndef RK_LEARN_VOCABULARY_H
#define RK_LEARN_VOCABULARY_H

#include "learn/memory.h"

#define RK_VOCABULARY_EMPTY UINT32_MAX

typedef struct rk_vocabulary {
    uint64_t *hash;   /* (slots) */
    uint32_t *number; /* (slots) RK_VOCABULARY_EMPTY: free */
    uint64_t mask;
    uint32_t count;
} rk_vocabulary;

/* Room for `most` different hashes. False if out of memory. */
bool rk_vocabulary_take(rk_vocabulary *words, uint64_t most, rk_memory *memory);
/* The number of `hash`, a new one if it has none. O(1) on average. */
uint32_t rk_vocabulary_number(rk_vocabulary *words, uint64_t hash);

#endif
