#include "model/user_tower.h"

#include "model/session_encoder.h"

void rk_user_encode(const rk_snapshot_content *snapshot, const uint32_t *items,
                    const float *weights, uint32_t count, const uint32_t *features,
                    uint32_t feature_count, float *out) {
    uint32_t dim = snapshot->meta.dim;
    memset(out, 0, dim * sizeof *out);
    rk_positions_accumulate(snapshot, snapshot->user_positions, snapshot->meta.user_positions,
                            items, weights, count, out);
    for (uint32_t f = 0; f < feature_count; f++) {
        const float *vector = snapshot->feature_vectors + (uint64_t)features[f] * dim;
        for (uint32_t i = 0; i < dim; i++) out[i] += vector[i];
    }
    rk_vector_to_unit(out, dim);
}
