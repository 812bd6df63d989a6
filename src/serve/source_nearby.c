/* `nearby`: items popular around a place. Heuristic, real-time.
 *
 * Where the user is, is the request's location, or what visits say: the places of the most recent
 * distinct seeds that have one, up to RK_MAX_ANCHORS, each weighing SEED_DECAY times the one after
 * it. Candidates are the places in a ring of cells around each anchor (geo.h), wide enough to hold
 * RING_FACTOR times the quota; a ring wider than that finds what is too far to win. A place in
 * several rings counts for the most recent anchor's.
 *
 * Score: share ^ POPULARITY_POWER * nearness, 0..1; share: popularity over that of the top item, 1
 * for all if the snapshot ranks none. An item without a place or popularity scores 0 and is not
 * brought. Comparable across requests: an item of a tenth of the top's popularity, at the distance
 * meta.nearby_km, scores .20 in any of them.
 *
 * Cost: at most MOST_PLACES places offered, the most recent anchor's first; for each a comparison
 * of its popularity, and unless that rules it out four trigonometric functions, a power and the
 * anchors; binary searches for the rings (geo.h); a walk past the blocked. Again for rings
 * RING_FACTOR times as full while the list is short of its quota. */
#include "base/fmath.h"
#include "serve/source.h"

/* Below the square root: popularity is heavy-tailed, so its share alone would let a landmark at ten
 * times the distance win over everything around the corner. */
#define POPULARITY_POWER 0.4f
#define SEED_DECAY       0.8f
/* A ring promises a circle of about a sixth of its area. Eight quotas leave one and a third inside
 * it. */
#define RING_FACTOR 8u
#define MOST_PLACES 4096u
/* Places between two looks at how high the bar has risen: a look is a power. */
#define PLACES_A_BAR 32u

static bool any_seed_has_place(const rk_query *query) {
    for (uint32_t j = 0; j < query->seed_count; j++)
        if (rk_has_place(query->snapshot->place[query->seeds[j]])) return true;
    return false;
}

static const char *nearby_unavailable(const rk_query *query) {
    if (query->snapshot->meta.place_count == 0) return "the items have no places";
    if (query->request->flags & RK_REQUEST_LOCATION) return NULL;
    return any_seed_has_place(query) ? NULL : "there is no location, and no place in the session";
}

static void nearby_prepare(rk_query *query) {
    const rk_snapshot_content *snapshot = query->snapshot;
    rk_anchors *anchors = &query->anchors;
    *anchors = rk_anchors_none(snapshot->meta.nearby_km);
    if (query->request->flags & RK_REQUEST_LOCATION) {
        rk_anchors_add(anchors, (rk_place){query->request->latitude, query->request->longitude},
                       1.0f);
        return;
    }
    uint32_t known[RK_MAX_ANCHORS];
    float weight = 1.0f;
    for (uint32_t j = 0; j < query->seed_count && anchors->count < RK_MAX_ANCHORS; j++) {
        uint32_t item = query->seeds[j];
        bool again = !rk_has_place(snapshot->place[item]);
        for (uint32_t a = 0; a < anchors->count && !again; a++) again = known[a] == item;
        if (again) continue;
        known[anchors->count] = item;
        rk_anchors_add(anchors, snapshot->place[item], weight);
        weight *= SEED_DECAY;
    }
}

static float share_of(const rk_snapshot_content *snapshot, uint32_t item) {
    return snapshot->meta.popular_count ? rk_popularity_share(snapshot, item) : 1.0f;
}

static float nearby_score(const rk_query *query, uint32_t item) {
    rk_place place = query->snapshot->place[item];
    float share = share_of(query->snapshot, item);
    if (!rk_has_place(place) || !(share > 0.0f)) return 0.0f;
    return rk_powf(share, POPULARITY_POWER) * rk_nearness(&query->anchors, place);
}

/* A smaller share cannot reach the list, even where the user stands. A little below what it takes,
 * for what the powers round. */
static float least_share(const rk_topk *best) {
    float threshold = rk_topk_threshold(best);
    return threshold > 0.0f ? 0.9999f * rk_powf(threshold, 1.0f / POPULARITY_POWER) : 0.0f;
}

static bool in_earlier_ring(const rk_ring *rings, uint32_t count, uint32_t code) {
    for (uint32_t r = 0; r < count; r++)
        if (rk_ring_holds(&rings[r], code)) return true;
    return false;
}

/* Offers the places of the last of `count` rings that no earlier one holds; returns how many of
 * `room` are left. */
static uint32_t offer_ring(const rk_query *query, const rk_ring *rings, uint32_t count,
                           uint32_t room, rk_topk *best) {
    const rk_snapshot_content *snapshot = query->snapshot;
    const rk_ring *ring = &rings[count - 1];
    float least = least_share(best);
    for (uint32_t cell = 0; cell < ring->rows * ring->columns; cell++) {
        uint32_t at, end;
        rk_ring_run(snapshot, ring, cell, &at, &end);
        for (; at < end && room > 0; at++) {
            uint32_t item = snapshot->place_item[at];
            if (in_earlier_ring(rings, count - 1, snapshot->place_code[at])) continue;
            if (rk_is_blocked(query->blocked, item)) continue;
            if (room-- % PLACES_A_BAR == 0) least = least_share(best);
            if (share_of(snapshot, item) < least) continue;
            float score = nearby_score(query, item);
            if (score > 0.0f) rk_topk_push(best, score, item);
        }
    }
    return room;
}

/* The best of rings that hold `least` places each. */
static uint32_t best_of_rings(const rk_query *query, uint32_t least, uint32_t quota,
                              rk_scored *out) {
    rk_topk best = rk_topk_over(out, quota);
    rk_ring rings[RK_MAX_ANCHORS];
    uint32_t room = MOST_PLACES;
    for (uint32_t a = 0; a < query->anchors.count && room > 0; a++) {
        rings[a] = rk_ring_around(query->snapshot, query->anchors.at[a].place, least);
        room = offer_ring(query, rings, a + 1, room, &best);
    }
    return rk_topk_finish(&best);
}

/* Wider where what is near is blocked or has no popularity, and a list would stay short. */
static uint32_t nearby_retrieve(rk_query *query, uint32_t quota, rk_scored *out) {
    if (quota == 0) return 0;
    uint64_t least = (uint64_t)RING_FACTOR * quota, places = query->snapshot->meta.place_count;
    for (;; least *= RING_FACTOR) {
        uint32_t count = best_of_rings(query, (uint32_t)RK_MIN(least, places + 1), quota, out);
        if (count == quota || least > places) return count;
    }
}

const rk_source rk_source_nearby = {
    .name = "nearby",
    .unavailable = nearby_unavailable,
    .prepare = nearby_prepare,
    .retrieve = nearby_retrieve,
    .score = nearby_score,
};
