/* `nearby`: items popular around a place. Heuristic, real-time.
 *
 * Where the user is, is the request's location, or what visits say: the places of the most recent
 * distinct seeds that have one, up to RK_MAX_ANCHORS, each weighing SEED_DECAY times the one after
 * it. Candidates are the places in rings of cells around each anchor (geo.h), from near to far,
 * each twice as wide as the one before, up to one that holds RING_FACTOR times the quota (what is
 * further is too far to win), and on while the list is short.
 *
 * Score: share ^ POPULARITY_POWER * nearness, 0..1; share: popularity over that of the top item, 1
 * for all if the snapshot ranks none. An item without a place or popularity scores 0 and is not
 * brought. Comparable across requests: an item of a tenth of the top's popularity, at the distance
 * meta.nearby_km, scores .20 in any of them.
 *
 * Trigonometry and powers are of an item, not of a query, and were most of its time: opening an
 * engine computes them once, to 16 bytes a place (rk_spot) in the order of the codes, so that a run
 * of codes is a run of memory, and 4 bytes an item to find them by.
 *
 * Cost: for each of at most 17 rings an anchor MOST_PLACES places that can be brought, and
 * MOST_VISITS of any (the most recent anchor's first); binary searches for the rings (geo.h). */
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
#define MOST_VISITS 32768u

void rk_spots_fill(const rk_snapshot_content *snapshot, rk_spot *spots, uint32_t *spot_of) {
    for (uint32_t item = 0; item < snapshot->meta.items; item++) spot_of[item] = RK_NONE;
    for (uint32_t at = 0; at < snapshot->meta.place_count; at++) {
        uint32_t item = snapshot->place_item[at];
        float share = rk_any_popular(snapshot) ? rk_popularity_share(snapshot, item) : 1.0f;
        spot_of[item] = at;
        spots[at] = (rk_spot){.point = rk_point_of(snapshot->place[item]),
                              .merit = share > 0.0f ? rk_powf(share, POPULARITY_POWER) : 0.0f};
    }
}

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

/* Places that are scored in one go. */
#define SPOTS_AT_ONCE 64u

/* Scores of at most SPOTS_AT_ONCE places that lie side by side: merit * rk_nearness, in the same
 * order of operations, in loops that compilers turn into vectors. */
static void score_spots(const rk_anchors *anchors, const rk_spot *spots, uint32_t count,
                        float *restrict out) {
    float sums[SPOTS_AT_ONCE] = {0};
    for (uint32_t a = 0; a < anchors->count; a++) {
        const rk_point point = anchors->at[a].point;
        const float weight = anchors->at[a].weight, sharpness = anchors->sharpness;
        for (uint32_t i = 0; i < count; i++) {
            float x = point.x - spots[i].point.x, y = point.y - spots[i].point.y;
            float z = point.z - spots[i].point.z;
            sums[i] += weight / (1.0f + (x * x + y * y + z * z) * sharpness);
        }
    }
    const float weight = anchors->weight;
    for (uint32_t i = 0; i < count; i++) out[i] = spots[i].merit * (sums[i] / weight);
}

/* They lie all over memory, and are copied together first: loads that need not wait for each
 * other. */
static void nearby_score(const rk_query *query, const uint32_t *items, uint32_t count, float *out) {
    for (uint32_t begin = 0; begin < count; begin += SPOTS_AT_ONCE) {
        rk_spot spots[SPOTS_AT_ONCE];
        uint32_t some = RK_MIN(count - begin, SPOTS_AT_ONCE);
        for (uint32_t i = 0; i < some; i++) {
            uint32_t at = query->spot_of[items[begin + i]];
            spots[i] = at == RK_NONE ? (rk_spot){.merit = 0.0f} : query->spots[at];
        }
        score_spots(&query->anchors, spots, some, out + begin);
    }
}

/* The widest ring around each anchor that was offered so far. Rings around one anchor nest, so
 * these are all there is to ask whether a place was offered. */
typedef struct offered {
    rk_ring ring[RK_MAX_ANCHORS];
    uint32_t count;
} offered;

/* Of a run of one cell, which places were offered before. A ring whose cells are as large as a
 * quarter of this one or larger holds a quarter or does not: a bit each. Other rings are asked
 * about every place. The anchor's own ring of before is a level finer, so that one anchor alone
 * leaves none of the others. */
typedef struct known {
    uint32_t quarters, shift; /* bit (code >> shift) % 4 */
    rk_ring finer[RK_MAX_ANCHORS];
    uint32_t count;
} known;

static known known_in(const offered *rings, uint32_t level, uint32_t code) {
    uint32_t quarter_level = RK_MIN(level + 1, RK_PLACE_BITS);
    known those = {.shift = 2 * (RK_PLACE_BITS - quarter_level)};
    uint32_t first = code >> those.shift & ~3u;
    for (uint32_t r = 0; r < rings->count; r++) {
        if (rings->ring[r].level > quarter_level) {
            those.finer[those.count++] = rings->ring[r];
            continue;
        }
        for (uint32_t q = 0; q < 4; q++)
            those.quarters |= (uint32_t)rk_ring_holds(&rings->ring[r], (first + q) << those.shift)
                              << q;
    }
    return those;
}

static bool was_offered(const known *those, uint32_t code) {
    if (those->quarters >> (code >> those->shift & 3u) & 1u) return true;
    for (uint32_t r = 0; r < those->count; r++)
        if (rk_ring_holds(&those->finer[r], code)) return true;
    return false;
}

/* What is left to look at in one pass. */
typedef struct allowance {
    uint32_t places; /* that can be brought */
    uint32_t visits; /* of any */
} allowance;

/* Offers some places side by side that were not offered before; returns how many can be brought.
 * Whether one enters is as good as random: each is put behind the list, and the list grows by it or
 * not. */
static uint32_t offer_spots(const rk_query *query, uint32_t first, uint32_t count,
                            const known *before, allowance *left, rk_shortlist *best) {
    const uint32_t *codes = query->snapshot->place_code + first;
    const uint32_t *items = query->snapshot->place_item + first;
    float scores[SPOTS_AT_ONCE];
    uint32_t brought = 0, unused;
    score_spots(&query->anchors, query->spots + first, count, scores);
    for (uint32_t i = 0; i < count && left->places > 0 && left->visits > 0; i++) {
        if (was_offered(before, codes[i])) continue;
        left->visits--;
        bool open = (scores[i] > 0.0f) & !rk_is_blocked(query->blocked, items[i]);
        *rk_shortlist_next(best, &unused) = (rk_scored){.score = scores[i], .item = items[i]};
        rk_shortlist_added(best, open & (scores[i] >= best->threshold));
        left->places -= open;
        brought += open;
    }
    return brought;
}

/* The same of the places of `ring`. */
static uint32_t offer_ring(const rk_query *query, const rk_ring *ring, const offered *before,
                           allowance *left, rk_shortlist *best) {
    const rk_snapshot_content *snapshot = query->snapshot;
    uint32_t brought = 0;
    for (uint32_t cell = 0; cell < ring->rows * ring->columns; cell++) {
        uint32_t at, end;
        if (left->places == 0 || left->visits == 0) break;
        rk_ring_run(snapshot, ring, cell, &at, &end);
        if (at == end) continue;
        known those = known_in(before, ring->level, snapshot->place_code[at]);
        if (those.quarters == 15u) continue;
        for (uint32_t some; at < end; at += some) {
            some = RK_MIN(end - at, SPOTS_AT_ONCE);
            brought += offer_spots(query, at, some, &those, left, best);
        }
    }
    return brought;
}

/* An anchor's way outwards. */
typedef struct walk {
    uint32_t level; /* next to offer; fine is high */
    uint32_t last;  /* the coarsest for now */
    bool ended;
} walk;

/* Offers one more ring of anchor `a`, if it has one to go. */
static uint32_t step_outwards(const rk_query *query, uint32_t a, walk *w, offered *rings,
                              rk_shortlist *best) {
    if (w->ended) return 0;
    allowance left = {MOST_PLACES, MOST_VISITS};
    rk_ring ring = rk_ring_at(query->anchors.at[a].place, w->level);
    uint32_t brought = offer_ring(query, &ring, rings, &left, best);
    rings->count = RK_MAX(rings->count, a + 1);
    rings->ring[a] = ring;
    w->ended = w->level == w->last;
    w->level -= !w->ended;
    return brought;
}

/* Lets every anchor go on to the ring that holds `least` places. */
static void aim(const rk_query *query, uint32_t least, walk *walks) {
    for (uint32_t a = 0; a < query->anchors.count; a++) {
        walk *w = &walks[a];
        rk_place place = query->anchors.at[a].place;
        uint32_t last = rk_ring_around(query->snapshot, place, least, w->last).level;
        if (w->ended && last < w->last) {
            w->level = w->last - 1;
            w->ended = false;
        }
        w->last = last;
    }
}

/* From near to far, a level of every anchor at a time, so that no crowd further out takes the place
 * of what is next door. */
static uint32_t nearby_retrieve(rk_query *query, uint32_t quota, rk_scored *out) {
    if (quota == 0) return 0;
    uint64_t least = (uint64_t)RING_FACTOR * quota, places = query->snapshot->meta.place_count;
    rk_shortlist best = rk_shortlist_over(query->coarse, quota);
    walk walks[RK_MAX_ANCHORS] = {0};
    offered rings = {0};
    uint64_t brought = 0;
    for (uint32_t a = 0; a < query->anchors.count; a++) {
        rk_place place = query->anchors.at[a].place;
        walks[a].level = rk_ring_around(query->snapshot, place, 1, RK_PLACE_BITS).level;
        walks[a].last = walks[a].level;
    }
    for (bool further = true; further; least *= RING_FACTOR) {
        aim(query, (uint32_t)RK_MIN(least, places + 1), walks);
        for (bool going = true; going;) {
            going = false;
            for (uint32_t a = 0; a < query->anchors.count; a++) {
                brought += step_outwards(query, a, &walks[a], &rings, &best);
                going |= !walks[a].ended;
            }
        }
        further = brought < quota && least <= places;
    }
    uint32_t count = rk_shortlist_finish(&best);
    rk_sort_scored(best.entries, count);
    memcpy(out, best.entries, count * sizeof *out);
    return count;
}

const rk_source rk_source_nearby = {
    .name = "nearby",
    .unavailable = nearby_unavailable,
    .prepare = nearby_prepare,
    .retrieve = nearby_retrieve,
    .score = nearby_score,
};
