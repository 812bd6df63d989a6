/* `similar`: item-item neighbours of the session's items. ML, pre-generated.
 *
 * sum(item) = sum_j weight_j * decay^j * row(seed_j)[item], most recent seed first: the decayed
 * sequential rules of session-based kNN (M. Ludewig and D. Jannach, "Evaluation of Session-based
 * Recommendation Algorithms", 2018) over rows learnt with a window. Sums live in a dense array that
 * is cleared through the list of touched items, so a query costs O(seeds * row), not O(items).
 *
 * One-off clicks. Two distinct seeds support each other if one is in the other's row. A seed that
 * no other supports, while at least half of the others are supported, was a random click: its
 * weight is multiplied by meta.outlier_weight (0: by 1, snapshots of older writers). Never the most
 * recent seed, which may be what the user wants now; only in sessions of LEAST_DISTINCT distinct
 * seeds, since fewer prove nothing; and only among the RK_EXAMINED_SEEDS most recent, so that the
 * cost stays O(seeds * row). Disliked items are no seeds at all.
 *
 * Score: sum over the largest sum of an unblocked item, 0..1. */
#include "serve/source.h"

#define LEAST_DISTINCT 4u

static const char *similar_unavailable(const rk_query *query) {
    uint32_t items = query->snapshot->meta.items;
    if (query->snapshot->neighbors.offsets[items] == 0) return "no two items were seen together";
    return query->seed_count ? NULL : "the session is empty";
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

/* Distinct seeds, in order of their latest event. */
typedef struct distinct_seeds {
    uint32_t item[RK_EXAMINED_SEEDS];
    uint8_t of_seed[RK_EXAMINED_SEEDS]; /* which of them each seed is */
    uint32_t count;
    uint64_t supported; /* a bit each */
} distinct_seeds;

static uint32_t place_of(const distinct_seeds *seeds, uint32_t item) {
    uint32_t place = 0;
    while (place < seeds->count && seeds->item[place] != item) place++;
    return place;
}

/* Few neighbours are seeds: the bitmap of seen items answers for most. */
static void support_by_row(const rk_query *query, const rk_neighbor_rows *rows, uint32_t place,
                           distinct_seeds *seeds) {
    uint32_t item = seeds->item[place];
    for (uint32_t at = rows->offsets[item]; at < rows->offsets[item + 1]; at++) {
        uint32_t neighbor = rk_neighbor_item(rows->entries[at]);
        if (!rk_is_blocked(query->seen, neighbor)) continue;
        uint32_t other = place_of(seeds, neighbor);
        if (other == seeds->count) continue;
        seeds->supported |= (uint64_t)1 << place | (uint64_t)1 << other;
    }
}

static uint64_t find_outliers(const rk_query *query) {
    distinct_seeds seeds = {.count = 0};
    uint32_t examined = RK_MIN(query->seed_count, RK_EXAMINED_SEEDS);
    for (uint32_t j = 0; j < examined; j++) {
        uint32_t place = place_of(&seeds, query->seeds[j]);
        if (place == seeds.count) seeds.item[seeds.count++] = query->seeds[j];
        seeds.of_seed[j] = (uint8_t)place;
    }
    if (seeds.count < LEAST_DISTINCT) return 0;
    for (uint32_t place = 0; place < seeds.count; place++) {
        support_by_row(query, &query->snapshot->neighbors, place, &seeds);
        support_by_row(query, &query->snapshot->neighbors_more, place, &seeds);
    }
    /* An unsupported seed is not among those counted, so all of them are others of its. */
    uint32_t supported = (uint32_t)__builtin_popcountll(seeds.supported);
    if (2 * supported < seeds.count - 1) return 0;
    uint64_t outliers = 0;
    for (uint32_t j = 0; j < examined; j++) {
        uint32_t place = seeds.of_seed[j];
        if (place > 0 && !(seeds.supported >> place & 1u)) outliers |= (uint64_t)1 << j;
    }
    return outliers;
}

static void similar_prepare(rk_query *query) {
    float recency = 1.0f, outlier_weight = query->snapshot->meta.outlier_weight;
    bool examine = outlier_weight > 0.0f && outlier_weight < 1.0f;
    query->outliers = examine ? find_outliers(query) : 0;
    for (uint32_t j = 0; j < query->seed_count && recency > 1e-12f; j++) {
        float weight = recency * rk_neighbor_seed_weight(query, j);
        add_row(query, &query->snapshot->neighbors, query->seeds[j], weight);
        add_row(query, &query->snapshot->neighbors_more, query->seeds[j], weight);
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
