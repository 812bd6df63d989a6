#include "model/session_encoder.h"

#include "model/vectors.h"
#include "simd/kernels.h"

void rk_session_encode(const rk_snapshot_content *snapshot, const uint32_t *items,
                       const float *weights, uint32_t count, float *out) {
    uint32_t dim = snapshot->meta.dim;
    memset(out, 0, dim * sizeof *out);
    float recency = 1.0f;
    /* Below 1e-4 of the newest item's weight a contribution drowns in the codes' own error. */
    for (uint32_t j = 0; j < count && recency >= 1e-4f; j++) {
        rk_vector_accumulate(snapshot, items[j], weights[j] * recency, out);
        recency *= snapshot->meta.session_decay;
    }
    float norm = rk_norm_f32(out, dim);
    if (!(norm > 0.0f)) return;
    for (uint32_t i = 0; i < dim; i++) out[i] /= norm;
}
