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
    return rk_ann_score(query->snapshot, query->ann, item) + repeat_bonus(query, item);
}

/* The index knows nothing of the bonus, so it searches the items not seen yet, and the session's own
 * join by their scores. */
static uint32_t session_retrieve(rk_query *query, uint32_t quota, rk_scored *out) {
    uint32_t coarse = RK_MAX(quota * RK_COARSE_FACTOR, RK_COARSE_LEAST);
    uint32_t found = rk_ann_search(query->snapshot, query->ann, query->seen, query->coarse, coarse,
                                   out, quota);
    if (!(query->request->flags & RK_REQUEST_KEEP_SEEN)) return found;
    rk_topk best = rk_topk_over(query->coarse, quota);
    for (uint32_t i = 0; i < found; i++) rk_topk_push(&best, out[i].score, out[i].item);
    for (uint32_t lag = 0; lag < query->seed_count; lag++) {
        uint32_t item = query->seeds[lag];
        bool again = false;
        for (uint32_t before = 0; before < lag && !again; before++)
            again = query->seeds[before] == item;
        if (again || rk_is_blocked(query->blocked, item)) continue;
        rk_topk_push(&best, session_score(query, item), item);
    }
    found = rk_topk_finish(&best);
    memcpy(out, query->coarse, found * sizeof *out);
    return found;
}

const rk_source rk_source_session = {
    .name = "session",
    .unavailable = session_unavailable,
    .prepare = session_prepare,
    .retrieve = session_retrieve,
    .score = session_score,
};
