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
 * multiplication of its index by the inverse of the stride. The index is a rank in a bitmap of the
 * list (rk_explore_block, a quarter of a byte an item).
 *
 * Score: 1 - p / n for listed items, 0 for others. Two places never share a score (n < 2^24).
 *
 * A request with a bandit has its pool brought instead, by what they are worth in one of the
 * bandit's rounds, drawn from the seed: Thompson sampling, as a list. Others score 0. */
#include "base/rng.h"
#include "serve/bandit.h"

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
    query->round = (uint32_t)rk_mix64(query->request->seed, STREAM) % RK_POLICY_ROUNDS;
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

void rk_explore_blocks_fill(const rk_snapshot_content *snapshot, rk_explore_block *blocks) {
    uint32_t at = 0, n = snapshot->meta.explore_count;
    for (uint32_t block = 0; block < rk_block_count(snapshot->meta.items); block++) {
        blocks[block] = (rk_explore_block){.before = at};
        for (; at < n && snapshot->explore[at] / RK_BLOCK_ROWS == block; at++)
            blocks[block].listed |= 1u << (snapshot->explore[at] % RK_BLOCK_ROWS);
    }
}

static float score_of(const rk_query *query, uint32_t item) {
    const rk_bandit *bandit = query->request->bandit;
    uint32_t n = query->snapshot->meta.explore_count;
    if (bandit) {
        uint32_t place = rk_bandit_place(bandit, item);
        return place == RK_NONE ? 0.0f : rk_bandit_sample(bandit, place, query->round);
    }
    uint32_t index = rk_explore_index(query->explore_blocks, &query->snapshot->meta, item);
    if (index == RK_NONE) return 0.0f;
    uint64_t steps = (uint64_t)index + n - query->walk_start;
    return score_of_place((uint32_t)(steps % n * query->walk_inverse % n), n);
}

static void explore_score(const rk_query *query, const uint32_t *items, uint32_t count,
                          float *out) {
    for (uint32_t i = 0; i < count; i++) out[i] = score_of(query, items[i]);
}

static uint32_t retrieve_pool(const rk_query *query, uint32_t quota, rk_scored *out) {
    const rk_bandit *bandit = query->request->bandit;
    rk_topk best = rk_topk_over(out, quota);
    for (uint32_t place = 0; place < bandit->policy.arms; place++) {
        uint32_t item = bandit->arm[bandit->pooled[place]].item;
        if (!rk_is_blocked(query->blocked, item))
            rk_topk_push(&best, rk_bandit_sample(bandit, place, query->round), item);
    }
    return rk_topk_finish(&best);
}

static uint32_t explore_retrieve(rk_query *query, uint32_t quota, rk_scored *out) {
    uint32_t n = query->snapshot->meta.explore_count, count = 0, at = query->walk_start;
    if (query->request->bandit) return retrieve_pool(query, quota, out);
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
