/* How alike the items of a list are: cosines of decoded vectors, for MMR.
 *
 * A candidate's vector is decoded to its signed magnitudes v (vectors.h): the vector without the
 * mean of all, in units of its own. What is left out is what all items share, so a cosine of 0 is
 * two items that have no more in common than any two; and <x, y> / (|x| |y|) of such vectors is
 * exact integer work but for one product: no factor, no mean, a quarter of the time of f32.
 *
 * The largest cosine with an item of the list only grows as the list does, so what a candidate was
 * worth is a bound of what it is worth now: only one whose bound could win is decoded, and compared
 * with the items that came since it was last looked at (the lazy greedy of M. Minoux, "Accelerated
 * Greedy Algorithms for Maximizing Submodular Set Functions", 1978). The choices are the same.
 * What it costs: tests/bench/rules.csv; comparing all with all, half as much again. */
#include "base/fmath.h"
#include "model/vectors.h"
#include "serve/rules_inner.h"
#include "simd/kernels.h"

/* Below any cosine: nothing is in the list. The same for all, so it decides nothing. */
#define UNLIKE -1.0f

void rk_rules_spread_add(const rk_rules *rules, uint32_t slot) {
    rules->scratch.similarity[slot] = UNLIKE;
    rules->scratch.compared[slot] = RK_NONE;
}

static void decode(const rk_rules *rules, uint32_t slot) {
    const rk_rules_scratch *scratch = &rules->scratch;
    uint32_t dim = rules->snapshot->meta.dim;
    int16_t *v = scratch->magnitudes + (size_t)slot * dim;
    rk_vector_decode_i16(rules->snapshot, scratch->item[slot], v);
    int32_t squared = rk_dot_i16(v, v, dim);
    scratch->inverse_length[slot] = squared > 0 ? 1.0f / rk_sqrtf((float)squared) : 0.0f;
    scratch->compared[slot] = 0;
}

void rk_rules_spread_place(const rk_rules *rules, uint32_t slot) {
    if (rules->scratch.compared[slot] == RK_NONE) decode(rules, slot);
    rules->scratch.arrived[rules->state->arrived++] = (uint16_t)slot;
}

static float cosine(const rk_rules *rules, uint32_t a, uint32_t b) {
    const rk_rules_scratch *scratch = &rules->scratch;
    uint32_t dim = rules->snapshot->meta.dim;
    const int16_t *v = scratch->magnitudes;
    int32_t dot = rk_dot_i16(v + (size_t)a * dim, v + (size_t)b * dim, dim);
    return (float)dot * (scratch->inverse_length[a] * scratch->inverse_length[b]);
}

float rk_rules_spread_update(const rk_rules *rules, uint32_t slot) {
    const rk_rules_scratch *scratch = &rules->scratch;
    uint32_t arrived = rules->state->arrived;
    if (arrived == 0) return scratch->similarity[slot];
    if (scratch->compared[slot] == RK_NONE) decode(rules, slot);
    float largest = scratch->similarity[slot];
    for (uint32_t i = scratch->compared[slot]; i < arrived; i++) {
        float with = cosine(rules, slot, scratch->arrived[i]);
        largest = RK_MAX(largest, with);
    }
    scratch->compared[slot] = arrived;
    return scratch->similarity[slot] = largest;
}
