/* How alike the items of a list are: cosines of decoded vectors, for MMR.
 *
 * A candidate's vector x = mean + g v (vectors.h) is decoded once, to v in i16. Then
 *
 *   <x, y> = <mean, mean> + g_x <mean, v_x> + g_y <mean, v_y> + g_x g_y <v_x, v_y>
 *
 * whose last product is exact integer work, four times quicker than that of f32 vectors; the rest
 * are numbers kept with the candidate. When an item takes its position, every candidate that is
 * left learns whether it is the most similar one so far: O(candidates * dim) a position. */
#include "base/fmath.h"
#include "model/vectors.h"
#include "serve/rules_inner.h"
#include "simd/kernels.h"

/* Below any cosine: nothing is in the list. The same for all, so it decides nothing. */
#define UNLIKE -1.0f

void rk_rules_spread_add(const rk_rules *rules, uint32_t slot) {
    const rk_rules_scratch *scratch = &rules->scratch;
    const rk_snapshot_content *snapshot = rules->snapshot;
    uint32_t dim = snapshot->meta.dim, item = scratch->item[slot];
    int16_t *v = scratch->magnitudes + (size_t)slot * dim;
    float wide[RK_MAX_DIM];
    rk_vector_decode_i16(snapshot, item, v);
    for (uint32_t i = 0; i < dim; i++) wide[i] = (float)v[i];
    float g = snapshot->vector_factors[item].decode;
    float along = g * rk_dot_f32(snapshot->vector_mean, wide, dim);
    float squared = rules->mean_squared + 2.0f * along + g * g * (float)rk_dot_i16(v, v, dim);
    scratch->scale[slot] = g;
    scratch->along[slot] = along;
    scratch->inverse_length[slot] = squared > 1e-12f ? 1.0f / rk_sqrtf(squared) : 0.0f;
    scratch->similarity[slot] = UNLIKE;
}

void rk_rules_spread_place(const rk_rules *rules, uint32_t slot, const uint16_t *order,
                           uint32_t count) {
    const rk_rules_scratch *scratch = &rules->scratch;
    uint32_t dim = rules->snapshot->meta.dim;
    const int16_t *placed = scratch->magnitudes + (size_t)slot * dim;
    float fixed = rules->mean_squared + scratch->along[slot];
    for (uint32_t i = 0; i < count; i++) {
        uint32_t other = order[i];
        int32_t dot = rk_dot_i16(placed, scratch->magnitudes + (size_t)other * dim, dim);
        float product = fixed + scratch->along[other] +
                        scratch->scale[slot] * scratch->scale[other] * (float)dot;
        float cosine = product * scratch->inverse_length[slot] * scratch->inverse_length[other];
        scratch->similarity[other] = RK_MAX(scratch->similarity[other], cosine);
    }
}
