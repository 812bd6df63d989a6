#include "serve/features.h"
struct rk_feature_context {
    int unused;
};
uint64_t rk_feature_context_bytes(const rk_snapshot_meta *meta) {
    (void)meta;
    return 64;
}
rk_feature_context *rk_feature_context_over(const rk_snapshot_content *c, void *m) {
    (void)c;
    return m;
}
void rk_features_begin(rk_feature_context *c, const rk_query *q, uint32_t a) {
    (void)c;
    (void)q;
    (void)a;
}
void rk_features_end(rk_feature_context *c) {
    (void)c;
}
void rk_features_retrieval(const rk_query *q, const rk_candidates *c, const float *b, float *o) {
    (void)q;
    for (uint32_t i = 0; i < c->count; i++) {
        memset(o + i * RK_FIRST_INPUTS, 0, RK_FIRST_INPUTS * sizeof *o);
        o[i * RK_FIRST_INPUTS] = b[i];
    }
}
void rk_features_all(const rk_feature_context *x, const rk_query *q, const rk_candidates *c,
                     const float *b, const uint32_t *p, uint32_t n, float *o) {
    (void)x;
    (void)q;
    (void)c;
    for (uint32_t i = 0; i < n; i++) {
        memset(o + i * RK_FEATURE_COUNT, 0, RK_FEATURE_COUNT * sizeof *o);
        o[i * RK_FEATURE_COUNT] = b[p[i]];
    }
}
