/* `popular`: the most popular items of the region. Heuristic, pre-generated.
 *
 * The ranking is a list in the snapshot; a query only walks past what is blocked. It needs no
 * signal at all, so it is what answers an empty session and fills a list that others leave short.
 * Score: popularity over that of the top item, 0..1. Cost: O(quota + blocked). */
#include "serve/source.h"

static const char *popular_unavailable(const rk_snapshot_content *snapshot, uint32_t seed_count) {
    (void)snapshot, (void)seed_count;
    return NULL;
}

static void popular_prepare(rk_query *query) {
    (void)query;
}

static float popular_scale(const rk_snapshot_content *snapshot) {
    float top = snapshot->popularity[snapshot->popular[0]];
    return top > 0.0f ? 1.0f / top : 0.0f;
}

static uint32_t popular_retrieve(rk_query *query, uint32_t quota, rk_scored *out) {
    const rk_snapshot_content *snapshot = query->snapshot;
    float scale = popular_scale(snapshot);
    uint32_t found = 0;
    for (uint32_t i = 0; i < snapshot->meta.popular_count && found < quota; i++) {
        uint32_t item = snapshot->popular[i];
        if (rk_is_blocked(query->blocked, item)) continue;
        out[found++] = (rk_scored){.score = scale * snapshot->popularity[item], .item = item};
    }
    if (found == quota || snapshot->meta.popular_count == snapshot->meta.items) return found;
    /* The list ran out (a long exclusion): rank everything. */
    rk_topk best = rk_topk_over(out, quota);
    for (uint32_t item = 0; item < snapshot->meta.items; item++) {
        if (rk_is_blocked(query->blocked, item)) continue;
        rk_topk_push(&best, scale * snapshot->popularity[item], item);
    }
    return rk_topk_finish(&best);
}

static float popular_score(const rk_query *query, uint32_t item) {
    return popular_scale(query->snapshot) * query->snapshot->popularity[item];
}

const rk_source rk_source_popular = {
    .name = "popular",
    .unavailable = popular_unavailable,
    .prepare = popular_prepare,
    .retrieve = popular_retrieve,
    .score = popular_score,
};
