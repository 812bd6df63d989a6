/* `user`: the user tower, sequence and features of the user to a vector. ML, real-time.
 *
 * User tower -> unit vector -> ANN over the vectors that `session` searches too, in the same pass.
 * It answers an empty session when something is known of the user (country, device). Score: cosine
 * of user and item vector, -1..1. Cost: a share of one scan of the 2-bit codes. */
#include "model/user_tower.h"
#include "serve/vector_search.h"

/* A value that no event named has a vector of zeros (unless it shares a row with one that has). */
static bool any_feature_learnt(const rk_query *query) {
    uint32_t dim = query->snapshot->meta.dim;
    for (uint32_t f = 0; f < query->request->feature_count; f++) {
        const float *row =
            query->snapshot->feature_vectors + (uint64_t)query->request->features[f] * dim;
        for (uint32_t i = 0; i < dim; i++) {
            if (row[i] != 0.0f) return true;
        }
    }
    return false;
}

static const char *user_unavailable(const rk_query *query) {
    if (query->snapshot->meta.user_positions == 0) return "the snapshot has no user tower";
    if (query->seed_count > 0 || any_feature_learnt(query)) return NULL;
    return "the session is empty, and no feature of the user is known";
}

static void user_prepare(rk_query *query) {
    float vector[RK_MAX_DIM];
    rk_user_encode(query->snapshot, query->seeds, query->seed_weights, query->seed_count,
                   query->request->features, query->request->feature_count, vector);
    rk_vector_search_prepare(query, RK_SEARCH_USER, vector, NULL);
}

static uint32_t user_retrieve(rk_query *query, uint32_t quota, rk_scored *out) {
    return rk_vector_search_retrieve(query, RK_SEARCH_USER, quota, out);
}

static void user_score(const rk_query *query, const uint32_t *items, uint32_t count, float *out) {
    rk_vector_search_score(query, RK_SEARCH_USER, items, count, out);
}

const rk_source rk_source_user = {
    .name = "user",
    .unavailable = user_unavailable,
    .prepare = user_prepare,
    .retrieve = user_retrieve,
    .score = user_score,
};
