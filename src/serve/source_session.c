/* `session`: the sequence of item ids is the query. ML, real-time.
 *
 * Session encoder -> unit vector -> ANN over all items. Serves a user never seen before, and
 * reaches items that never shared a session with the seeds. Score: cosine of query and item vector,
 * -1..1. Cost: one scan of the 2-bit codes. */
#include "model/session_encoder.h"
#include "serve/vector_search.h"

static const char *session_unavailable(const rk_query *query) {
    return query->seed_count ? NULL : "the session is empty";
}

static void session_prepare(rk_query *query) {
    float vector[RK_MAX_DIM];
    rk_session_encode(query->snapshot, query->seeds, query->seed_weights, query->seed_count,
                      vector);
    rk_vector_search_prepare(query, RK_SEARCH_SESSION, vector);
}

/* What coming back adds: by how long ago, counted in liked events. */
static float repeat_bonus(const rk_query *query, uint32_t item) {
    if (!rk_is_blocked(query->seen, item)) return 0.0f;
    for (uint32_t lag = 0; lag < query->seed_count; lag++) {
        if (query->seeds[lag] != item) continue;
        return query->snapshot->meta.repeat[rk_repeat_class(lag)];
    }
    return 0.0f;
}

static float session_score(const rk_query *query, uint32_t item) {
    return rk_vector_search_score(query, RK_SEARCH_SESSION, item) + repeat_bonus(query, item);
}

static uint32_t session_retrieve(rk_query *query, uint32_t quota, rk_scored *out) {
    return rk_vector_search_retrieve(query, RK_SEARCH_SESSION, session_score, quota, out);
}

static void session_score_items(const rk_query *query, const uint32_t *items, uint32_t count,
                                float *out) {
    rk_ann_score_items(query->snapshot, &query->searches[RK_SEARCH_SESSION].ann, items, count, out);
    for (uint32_t i = 0; i < count; i++) out[i] += repeat_bonus(query, items[i]);
}

const rk_source rk_source_session = {
    .name = "session",
    .unavailable = session_unavailable,
    .prepare = session_prepare,
    .retrieve = session_retrieve,
    .score = session_score,
    .score_items = session_score_items,
};
