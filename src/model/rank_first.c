#include "model/rank_first.h"

#include "simd/kernels.h"

rk_first_stage rk_first_stage_of(const rk_snapshot_content *snapshot) {
    uint32_t dim = snapshot->meta.dim;
    assert(snapshot->meta.tasks > 0);
    return (rk_first_stage){
        .session_scale = snapshot->rank_first,
        .user_scale = snapshot->rank_first + dim,
        .weights = snapshot->rank_first + 2 * dim,
        .item = snapshot->rank_item,
        .item_step = snapshot->meta.rank_item_step,
        .dim = dim,
    };
}

void rk_first_query(const rk_first_stage *stage, const float *session, const float *user,
                    float *out) {
    for (uint32_t i = 0; i < stage->dim; i++) {
        float sum = session ? stage->session_scale[i] * session[i] : 0.0f;
        out[i] = user ? sum + stage->user_scale[i] * user[i] : sum;
    }
}

void rk_first_scores(const rk_first_stage *stage, const uint32_t *items, const float *dots,
                     const float *inputs, uint32_t count, float *out) {
    /* One row of inputs fills the 16 lanes of a reduction, whose order is the contract's. */
    rk_gemv_f32(inputs, stage->weights, out, count, RK_FIRST_INPUTS);
    for (uint32_t i = 0; i < count; i++) {
        float item = stage->item_step * (float)stage->item[items[i]];
        out[i] = (dots[i] + out[i]) + item;
    }
}
