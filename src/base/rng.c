/* Philox4x32-10, and what is drawn from it.
 *
 * Problem: any shard must be able to make its own numbers, a decision must replay from its log
 * line, and native and WASM must agree: no hidden state, no platform generator.
 * Idea: a block cipher of ten cheap rounds turns a counter into four independent words. The paper
 * (Salmon, Moraes, Dror, Shaw: "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011) shows that
 * seven rounds pass BigCrush; ten is its margin and its published default.
 *
 *     key     = seed low, seed high
 *     counter = block index low, high, stream low, stream high       block index = draw / 4
 *     draw k of (seed, stream) is word k mod 4 of block k / 4
 *
 * Invariant: `block` is the block of the last draw; it is renewed when `counter` is a multiple of
 * four, which is also where a generator starts. */
#include "base/rng.h"

#include "base/fmath.h"

void rk_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (unsigned round = 0; round < 10; round++) {
        const uint64_t p0 = UINT64_C(0xD2511F53) * c0;
        const uint64_t p1 = UINT64_C(0xCD9E8D57) * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9; // Weyl sequences: the golden ratio and sqrt(3) - 1
        k1 += 0xBB67AE85;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

rk_rng rk_rng_at(uint64_t seed, uint64_t stream) {
    return (rk_rng){.seed = seed, .stream = stream};
}

uint32_t rk_rng_u32(rk_rng *rng) {
    const uint64_t word = rng->counter % 4;
    if (word == 0) {
        const uint64_t index = rng->counter / 4;
        const uint32_t key[2] = {(uint32_t)rng->seed, (uint32_t)(rng->seed >> 32)};
        const uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32),
                                     (uint32_t)rng->stream, (uint32_t)(rng->stream >> 32)};
        rk_philox4x32(counter, key, rng->block);
    }
    rng->counter++;
    return rng->block[word];
}

uint64_t rk_rng_u64(rk_rng *rng) {
    const uint64_t low = rk_rng_u32(rng);
    return low | (uint64_t)rk_rng_u32(rng) << 32;
}

float rk_rng_f32(rk_rng *rng) {
    return (float)(rk_rng_u32(rng) >> 8) * 0x1p-24f;
}

double rk_rng_f64(rk_rng *rng) {
    return (double)(rk_rng_u64(rng) >> 11) * 0x1p-53;
}

/* Lemire: "Fast Random Integer Generation in an Interval" (2019). The high word of x * bound is the
 * answer; low words below 2^32 mod bound belong to answers that would come once too often. The
 * division is reached with probability bound / 2^32 only. */
uint32_t rk_rng_below(rk_rng *rng, uint32_t bound) {
    assert(bound > 0);
    uint64_t product = (uint64_t)rk_rng_u32(rng) * bound;
    if ((uint32_t)product < bound) {
        const uint32_t excess = (0u - bound) % bound; // 2^32 mod bound
        while ((uint32_t)product < excess) product = (uint64_t)rk_rng_u32(rng) * bound;
    }
    return (uint32_t)(product >> 32);
}

/* Box and Muller (1958). One of the pair is thrown away: a call then costs a fixed two draws, and a
 * counter says where a replay stands. The radius uses all 32 bits, in (0, 1]: up to 6.66 sigma. */
float rk_rng_normal(rk_rng *rng) {
    const float uniform = (float)(((double)rk_rng_u32(rng) + 1.0) * 0x1p-32);
    const float angle = (float)(6.283185307179586 * (double)rk_rng_f32(rng));
    return rk_sqrtf(-2.0f * rk_logf(uniform)) * rk_cosf(angle);
}

/* The finaliser of splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
 * generators", 2014; constants by Stafford): a bijection in which every input bit flips every
 * output bit with probability near one half. */
static uint64_t finalise(uint64_t z) {
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* For a fixed a it is a bijection of b and the other way round; rk_mix64(a, b) and rk_mix64(b, a)
 * are unrelated. */
uint64_t rk_mix64(uint64_t a, uint64_t b) {
    return finalise(finalise(a + UINT64_C(0x9E3779B97F4A7C15)) + b);
}
