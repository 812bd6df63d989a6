#include "model/session_encoder.h"

#include "model/vectors.h"
#include "simd/kernels.h"

void rk_vector_to_unit(float *x, uint32_t dim) {
    float norm = rk_norm_f32(x, dim);
    if (!(norm > 0.0f)) return;
    for (uint32_t i = 0; i < dim; i++) x[i] /= norm;
}

void rk_positions_accumulate(const rk_snapshot_content *snapshot, const float *positions,
                             uint32_t position_count, const uint32_t *items, const float *weights,
                             uint32_t count, float *sum) {
    uint32_t dim = snapshot->meta.dim;
    for (uint32_t j = 0; j < RK_MIN(count, position_count); j++) {
        float x[RK_MAX_DIM] = {0};
        const float *position = positions + (uint64_t)j * dim;
        rk_vector_accumulate(snapshot, items[j], weights[j], x);
        for (uint32_t i = 0; i < dim; i++) sum[i] += position[i] * x[i];
    }
}

void rk_session_encode(const rk_snapshot_content *snapshot, const uint32_t *items,
                       const float *weights, uint32_t count, float *out) {
    uint32_t dim = snapshot->meta.dim;
    memset(out, 0, dim * sizeof *out);
    if (snapshot->meta.encoder_positions) {
        rk_positions_accumulate(snapshot, snapshot->encoder_positions,
                                snapshot->meta.encoder_positions, items, weights, count, out);
        rk_vector_to_unit(out, dim);
        return;
    }
    float recency = 1.0f;
    /* Below 1e-4 of the newest item's weight a contribution drowns in the codes' own error. */
    for (uint32_t j = 0; j < count && recency >= 1e-4f; j++) {
        rk_vector_accumulate(snapshot, items[j], weights[j] * recency, out);
        recency *= snapshot->meta.session_decay;
    }
    rk_vector_to_unit(out, dim);
}
