/* `user`: the user tower, sequence and features of the user to a vector. ML, real-time.
 *
 * User tower -> unit vector -> ANN over the vectors that `session` searches too, in the same pass.
 * It answers an empty session when something is known of the user (country, device). Score: cosine
 * of user and item vector, -1..1. Cost: a share of one scan of the 2-bit codes. */
#include "model/user_tower.h"
#include "serve/vector_search.h"

static const char *user_unavailable(const rk_query *query) {
    if (query->snapshot->meta.user_positions == 0) return "the snapshot has no user tower";
    if (query->seed_count > 0 || query->request->feature_count > 0) return NULL;
    return "the session is empty, and no feature of the user is known";
}

static void user_prepare(rk_query *query) {
    float vector[RK_MAX_DIM];
    rk_user_encode(query->snapshot, query->seeds, query->seed_weights, query->seed_count,
                   query->request->features, query->request->feature_count, vector);
    rk_vector_search_prepare(query, RK_SEARCH_USER, vector);
}

static float user_score(const rk_query *query, uint32_t item) {
    return rk_vector_search_score(query, RK_SEARCH_USER, item);
}

static uint32_t user_retrieve(rk_query *query, uint32_t quota, rk_scored *out) {
    return rk_vector_search_retrieve(query, RK_SEARCH_USER, user_score, quota, out);
}

static void user_score_items(const rk_query *query, const uint32_t *items, uint32_t count,
                             float *out) {
    rk_ann_score_items(query->snapshot, &query->searches[RK_SEARCH_USER].ann, items, count, out);
}

const rk_source rk_source_user = {
    .name = "user",
    .unavailable = user_unavailable,
    .prepare = user_prepare,
    .retrieve = user_retrieve,
    .score = user_score,
    .score_items = user_score_items,
};
