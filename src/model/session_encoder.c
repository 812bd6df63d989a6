#include "model/session_encoder.h"

#include "model/vectors.h"
#include "simd/kernels.h"

static void to_unit_length(float *x, uint32_t dim) {
    float norm = rk_norm_f32(x, dim);
    if (!(norm > 0.0f)) return;
    for (uint32_t i = 0; i < dim; i++) x[i] /= norm;
}

static void encode_by_position(const rk_snapshot_content *snapshot, const uint32_t *items,
                               const float *weights, uint32_t count, float *out) {
    uint32_t dim = snapshot->meta.dim;
    for (uint32_t j = 0; j < RK_MIN(count, snapshot->meta.encoder_positions); j++) {
        float x[RK_MAX_DIM] = {0};
        const float *position = snapshot->encoder_positions + (uint64_t)j * dim;
        rk_vector_accumulate(snapshot, items[j], weights[j], x);
        for (uint32_t i = 0; i < dim; i++) out[i] += position[i] * x[i];
    }
    to_unit_length(out, dim);
}

void rk_session_encode(const rk_snapshot_content *snapshot, const uint32_t *items,
                       const float *weights, uint32_t count, float *out) {
    uint32_t dim = snapshot->meta.dim;
    memset(out, 0, dim * sizeof *out);
    if (snapshot->meta.encoder_positions) {
        encode_by_position(snapshot, items, weights, count, out);
        return;
    }
    float recency = 1.0f;
    /* Below 1e-4 of the newest item's weight a contribution drowns in the codes' own error. */
    for (uint32_t j = 0; j < count && recency >= 1e-4f; j++) {
        rk_vector_accumulate(snapshot, items[j], weights[j] * recency, out);
        recency *= snapshot->meta.session_decay;
    }
    to_unit_length(out, dim);
}
