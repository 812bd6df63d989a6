/* `popular`: the most popular items of the region. Heuristic, pre-generated.
 *
 * The ranking is a list in the snapshot; a query only walks past what is blocked. It needs no
 * signal at all, so it is what answers an empty session and fills a list that others leave short.
 * Score: popularity over that of the top item, 0..1. Cost: O((quota + blocked) log quota). */
#include "serve/source.h"

static const char *popular_unavailable(const rk_query *query) {
    return query->snapshot->meta.popular_count ? NULL : "the snapshot lists no popular items";
}

static void popular_prepare(rk_query *query) {
    (void)query;
}

static float popular_score(const rk_query *query, uint32_t item) {
    return rk_popularity_share(query->snapshot, item);
}

static uint32_t popular_retrieve(rk_query *query, uint32_t quota, rk_scored *out) {
    const rk_snapshot_content *snapshot = query->snapshot;
    uint32_t listed = snapshot->meta.popular_count;
    /* Popularities a rounding step apart have the same score, so the list's order is not quite that
     * of the scores: the heap puts ties in order and decides who is cut. */
    rk_topk best = rk_topk_over(out, quota);
    for (uint32_t i = 0; i < listed; i++) {
        uint32_t item = snapshot->popular[i];
        float score = popular_score(query, item);
        if (score < rk_topk_threshold(&best)) return rk_topk_finish(&best);
        if (!rk_is_blocked(query->blocked, item)) rk_topk_push(&best, score, item);
    }
    if (best.count == quota || listed == snapshot->meta.items) return rk_topk_finish(&best);
    /* The list ran out (a long exclusion): rank everything. */
    best = rk_topk_over(out, quota);
    for (uint32_t item = 0; item < snapshot->meta.items; item++) {
        if (rk_is_blocked(query->blocked, item)) continue;
        rk_topk_push(&best, popular_score(query, item), item);
    }
    return rk_topk_finish(&best);
}

const rk_source rk_source_popular = {
    .name = "popular",
    .unavailable = popular_unavailable,
    .prepare = popular_prepare,
    .retrieve = popular_retrieve,
    .score = popular_score,
};
