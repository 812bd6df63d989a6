/* `trending`: what rises fastest against its own baseline. Heuristic, pre-generated.
 *
 * The learner compares each item's recent rate with its past one; the snapshot keeps the ratio's
 * place in 0..1 for every item and the list of the best. Unlike `popular` it brings listed items
 * only: beyond the list nothing rises, and what is popular anyway needs no second source. Score:
 * the snapshot's number, 0..1. Cost: O(quota + blocked). */
#include "serve/source.h"

static const char *trending_unavailable(const rk_query *query) {
    if (query->snapshot->meta.trending_count) return NULL;
    bool timed = query->snapshot->meta.time_kind == RK_TIME_UNIX_MS;
    return timed ? "nothing in the log is rising" : "the log has no times to compare";
}

static void trending_prepare(rk_query *query) {
    (void)query;
}

static float trending_score(const rk_query *query, uint32_t item) {
    return query->snapshot->trending[item];
}

/* The list is in order of (score, item): a walk is enough. */
static uint32_t trending_retrieve(rk_query *query, uint32_t quota, rk_scored *out) {
    const rk_snapshot_content *snapshot = query->snapshot;
    uint32_t count = 0;
    for (uint32_t i = 0; i < snapshot->meta.trending_count && count < quota; i++) {
        uint32_t item = snapshot->trending_top[i];
        if (rk_is_blocked(query->blocked, item)) continue;
        out[count++] = (rk_scored){.score = snapshot->trending[item], .item = item};
    }
    return count;
}

const rk_source rk_source_trending = {
    .name = "trending",
    .unavailable = trending_unavailable,
    .prepare = trending_prepare,
    .retrieve = trending_retrieve,
    .score = trending_score,
};
