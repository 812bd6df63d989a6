/* `session`: the sequence of item ids is the query. ML, real-time.
 *
 * Session encoder -> unit vector -> ANN over all items. Serves a user never seen before, and
 * reaches items that never shared a session with the seeds. Score: cosine of query and item vector,
 * -1..1. Cost: one scan of the 2-bit codes. */
#include "model/session_encoder.h"
#include "serve/source.h"

static const char *session_unavailable(const rk_snapshot_content *snapshot, uint32_t seed_count) {
    (void)snapshot;
    return seed_count ? NULL : "the session is empty";
}

static void session_prepare(rk_query *query) {
    float vector[RK_MAX_DIM];
    rk_session_encode(query->snapshot, query->seeds, query->seed_weights, query->seed_count,
                      vector);
    rk_ann_prepare(query->snapshot, vector, query->ann);
}

static uint32_t session_retrieve(rk_query *query, uint32_t quota, rk_scored *out) {
    uint32_t coarse = RK_MAX(quota * RK_COARSE_FACTOR, RK_COARSE_LEAST);
    return rk_ann_search(query->snapshot, query->ann, query->blocked, query->coarse, coarse, out,
                         quota);
}

static float session_score(const rk_query *query, uint32_t item) {
    return rk_ann_score(query->snapshot, query->ann, item);
}

static void session_score_items(const rk_query *query, const uint32_t *items, uint32_t count,
                                float *out) {
    rk_ann_score_items(query->snapshot, query->ann, items, count, out);
}

const rk_source rk_source_session = {
    .name = "session",
    .unavailable = session_unavailable,
    .prepare = session_prepare,
    .retrieve = session_retrieve,
    .score = session_score,
    .score_items = session_score_items,
};
