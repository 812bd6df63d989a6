#include "learn/vocabulary.h"

#include "base/rng.h"

bool rk_vocabulary_take(rk_vocabulary *words, uint64_t most, rk_memory *memory) {
    uint64_t slots = 64;
    while (slots < 2 * most) slots *= 2;
    *words = (rk_vocabulary){.hash = RK_NEW(memory, uint64_t, slots),
                             .number = RK_NEW(memory, uint32_t, slots),
                             .mask = slots - 1};
    if (!words->hash || !words->number) return false;
    memset(words->number, 0xFF, (size_t)slots * sizeof *words->number);
    return true;
}

uint32_t rk_vocabulary_number(rk_vocabulary *words, uint64_t hash) {
    uint64_t slot = rk_mix64(hash, 0) & words->mask;
    while (words->number[slot] != RK_VOCABULARY_EMPTY && words->hash[slot] != hash)
        slot = (slot + 1) & words->mask;
    if (words->number[slot] == RK_VOCABULARY_EMPTY) {
        words->hash[slot] = hash;
        words->number[slot] = words->count++;
    }
    return words->number[slot];
}
