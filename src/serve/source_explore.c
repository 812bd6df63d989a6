/* `explore`: new and uncertain items, by chance alone. Real-time.
 *
 * An item that nobody is shown gathers no events. The snapshot lists the n items that few events
 * speak of; a query walks the list in a pseudo-random order of its own and brings the first
 * `quota`.
 *
 *   place p of the walk:  explore[(start + p * stride) mod n],  stride coprime to n
 *
 * Of rk_rng_at(request.seed, STREAM), start is one number below n, stride the first one from 1 + a
 * number below n - 1 on that is coprime to n; so a list can be replayed from its seed. start is
 * uniform, hence every item is at every place with the same probability 1 / n and
 * among the first q with probability q / n: the propensity to log. (Blocked items are walked past:
 * with b of the n blocked it is about q / (n - b), exactly so in no one direction of the walk.)
 * A walk instead of a shuffle: O(quota + blocked) to retrieve, and any item's place is one
 * multiplication by the inverse of the stride, after a binary search for its index.
 *
 * Score: 1 - p / n for listed items, 0 for others. Two places never share a score (n < 2^24). */
#include "base/rng.h"
#include "serve/source.h"

#define STREAM UINT64_C(0x6578706C6F7265) /* "explore" */

static const char *explore_unavailable(const rk_query *query) {
    return query->snapshot->meta.explore_count ? NULL : "no item is left to explore";
}

static uint32_t greatest_common_divisor(uint32_t a, uint32_t b) {
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* x with a * x = 1 (mod n), by the extended Euclidean algorithm; a and n coprime, n > 1. */
static uint32_t inverse_of(uint32_t a, uint32_t n) {
    int64_t x = 1, next_x = 0, rest = a, next_rest = n;
    while (next_rest) {
        int64_t times = rest / next_rest, former = x;
        x = next_x;
        next_x = former - times * next_x;
        former = rest;
        rest = next_rest;
        next_rest = former - times * next_rest;
    }
    return (uint32_t)(x < 0 ? x + n : x);
}

static void explore_prepare(rk_query *query) {
    uint32_t n = query->snapshot->meta.explore_count;
    rk_rng rng = rk_rng_at(query->request->seed, STREAM);
    query->walk_start = rk_rng_below(&rng, n);
    query->walk_stride = query->walk_inverse = 1;
    if (n == 1) return;
    /* The next coprime number is never far: n - 1 is one. */
    uint32_t stride = 1 + rk_rng_below(&rng, n - 1);
    while (greatest_common_divisor(stride, n) != 1) stride++;
    query->walk_stride = stride;
    query->walk_inverse = inverse_of(stride, n);
}

static float score_of_place(uint32_t place, uint32_t n) {
    return (float)(n - place) / (float)n;
}

static float explore_score(const rk_query *query, uint32_t item) {
    uint32_t n = query->snapshot->meta.explore_count, low = 0, high = n;
    const uint32_t *explore = query->snapshot->explore;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (explore[middle] < item)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == n || explore[low] != item) return 0.0f;
    uint64_t steps = (uint64_t)low + n - query->walk_start;
    return score_of_place((uint32_t)(steps % n * query->walk_inverse % n), n);
}

static uint32_t explore_retrieve(rk_query *query, uint32_t quota, rk_scored *out) {
    uint32_t n = query->snapshot->meta.explore_count, count = 0, at = query->walk_start;
    for (uint32_t place = 0; place < n && count < quota; place++) {
        uint32_t item = query->snapshot->explore[at];
        at = (uint32_t)(((uint64_t)at + query->walk_stride) % n);
        if (rk_is_blocked(query->blocked, item)) continue;
        out[count++] = (rk_scored){.score = score_of_place(place, n), .item = item};
    }
    return count;
}

const rk_source rk_source_explore = {
    .name = "explore",
    .unavailable = explore_unavailable,
    .prepare = explore_prepare,
    .retrieve = explore_retrieve,
    .score = explore_score,
};
