/* Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel Random
 * Numbers: As Easy as 1, 2, 3", 2011).
 *
 * A draw is a pure function of (seed, stream, counter): no hidden state, so any shard can compute
 * its own numbers and a decision can be replayed from its log line. `stream` names the purpose
 * (one number per use), `counter` advances by one a 32-bit draw. Draw k is word k mod 4 of the
 * Philox block whose key is the seed (low word, high word) and whose counter is (k / 4 low, high,
 * stream low, high). */
#ifndef RK_BASE_RNG_H
#define RK_BASE_RNG_H

#include "base/types.h"

typedef struct rk_rng {
    uint64_t seed;
    uint64_t stream;
    uint64_t counter;  /* 32-bit draws made so far */
    uint32_t block[4]; /* the Philox output that holds the last draw */
} rk_rng;

rk_rng rk_rng_at(uint64_t seed, uint64_t stream);

uint32_t rk_rng_u32(rk_rng *rng);
uint64_t rk_rng_u64(rk_rng *rng); /* low word first */
/* In [0, 1): 24 bits. */
float rk_rng_f32(rk_rng *rng);
/* In [0, 1): 53 bits. */
double rk_rng_f64(rk_rng *rng);
/* Uniform in [0, bound), unbiased (Lemire's multiply-shift with rejection). bound > 0. */
uint32_t rk_rng_below(rk_rng *rng, uint32_t bound);
/* Standard normal by Box-Muller on own log, sqrt, cos: two draws a call. */
float rk_rng_normal(rk_rng *rng);

/* The raw block function, for tests against published vectors. */
void rk_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* A stateless 64-bit mix of two words (splitmix64's finaliser): hashing ids into samples/shards. */
uint64_t rk_mix64(uint64_t a, uint64_t b);

#endif
