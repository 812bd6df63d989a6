/* `similar`: item-item neighbours of the session's items. ML, pre-generated.
 *
 * sum(item) = sum_j weight_j * decay^j * row(seed_j)[item], most recent seed first: the decayed
 * sequential rules of session-based kNN (M. Ludewig and D. Jannach, "Evaluation of Session-based
 * Recommendation Algorithms", 2018) over rows learnt with a window. Sums live in a dense array that
 * is cleared through the list of touched items, so a query costs O(seeds * row), not O(items).
 * Score: sum over the largest sum of an unblocked item, 0..1. */
#include "serve/source.h"

static const char *similar_unavailable(const rk_snapshot_content *snapshot, uint32_t seed_count) {
    uint32_t items = snapshot->meta.items;
    if (snapshot->neighbors.offsets[items] == 0) return "no two items were seen together";
    return seed_count ? NULL : "the session is empty";
}

static void add_row(rk_query *query, const rk_neighbor_rows *rows, uint32_t seed, float weight) {
    for (uint32_t at = rows->offsets[seed]; at < rows->offsets[seed + 1]; at++) {
        uint32_t entry = rows->entries[at], item = rk_neighbor_item(entry);
        float added = weight * query->neighbor_weights[rk_neighbor_weight_code(entry)];
        if (!(added > 0.0f)) continue; /* so a touched item's sum is positive, and touched once */
        if (query->neighbor_sum[item] == 0.0f) query->touched[query->touched_count++] = item;
        query->neighbor_sum[item] += added;
    }
}

static void similar_prepare(rk_query *query) {
    float recency = 1.0f;
    for (uint32_t j = 0; j < query->seed_count && recency > 1e-12f; j++) {
        add_row(query, &query->snapshot->neighbors, query->seeds[j],
                recency * query->seed_weights[j]);
        add_row(query, &query->snapshot->neighbors_more, query->seeds[j],
                recency * query->seed_weights[j]);
        recency *= query->snapshot->meta.similar_decay;
    }
    query->neighbor_max = 0.0f;
    for (uint32_t i = 0; i < query->touched_count; i++) {
        uint32_t item = query->touched[i];
        if (rk_is_blocked(query->blocked, item)) continue;
        query->neighbor_max = RK_MAX(query->neighbor_max, query->neighbor_sum[item]);
    }
}

/* Dividing, not multiplying by a reciprocal: 1 / 1e-40 is infinite. */
static float similar_score(const rk_query *query, uint32_t item) {
    return query->neighbor_max > 0.0f ? query->neighbor_sum[item] / query->neighbor_max : 0.0f;
}

static uint32_t similar_retrieve(rk_query *query, uint32_t quota, rk_scored *out) {
    rk_topk best = rk_topk_over(out, quota);
    for (uint32_t i = 0; i < query->touched_count; i++) {
        uint32_t item = query->touched[i];
        if (rk_is_blocked(query->blocked, item)) continue;
        rk_topk_push(&best, similar_score(query, item), item);
    }
    return rk_topk_finish(&best);
}

const rk_source rk_source_similar = {
    .name = "similar",
    .unavailable = similar_unavailable,
    .prepare = similar_prepare,
    .retrieve = similar_retrieve,
    .score = similar_score,
};
