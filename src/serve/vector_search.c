#include "serve/vector_search.h"

void rk_vector_search_prepare(rk_query *query, uint32_t which, const float *vector) {
    rk_vector_search *search = &query->searches[which];
    rk_ann_prepare(query->snapshot, vector, &search->ann);
    search->quota = 0;
}

static void run(rk_query *query, uint32_t which, uint32_t quota) {
    rk_vector_search *search = &query->searches[which];
    uint32_t coarse = RK_MAX(quota * RK_COARSE_FACTOR, RK_COARSE_LEAST);
    search->count = rk_ann_search(query->snapshot, &search->ann, query->seen, query->coarse, coarse,
                                  search->found, quota);
    search->quota = quota;
}

void rk_vector_search_all(rk_query *query, const uint32_t quotas[RK_SEARCH_COUNT]) {
    for (uint32_t which = 0; which < RK_SEARCH_COUNT; which++)
        if (quotas[which] > 0) run(query, which, quotas[which]);
}

/* Seeds are seen, so the search did not list them. Each joins once, if it may appear. */
static uint32_t join_seeds(const rk_query *query,
                           float (*score)(const rk_query *query, uint32_t item), rk_topk *best) {
    for (uint32_t lag = 0; lag < query->seed_count; lag++) {
        uint32_t item = query->seeds[lag];
        bool again = false;
        for (uint32_t before = 0; before < lag && !again; before++)
            again = query->seeds[before] == item;
        if (again || rk_is_blocked(query->blocked, item)) continue;
        rk_topk_push(best, score(query, item), item);
    }
    return rk_topk_finish(best);
}

uint32_t rk_vector_search_retrieve(rk_query *query, uint32_t which,
                                   float (*score)(const rk_query *query, uint32_t item),
                                   uint32_t quota, rk_scored *out) {
    if (quota == 0) return 0;
    const rk_vector_search *search = &query->searches[which];
    if (search->quota != quota) run(query, which, quota);
    if (!(query->request->flags & RK_REQUEST_KEEP_SEEN)) {
        memcpy(out, search->found, search->count * sizeof *out);
        return search->count;
    }
    rk_topk best = rk_topk_over(out, quota);
    for (uint32_t i = 0; i < search->count; i++)
        rk_topk_push(&best, search->found[i].score, search->found[i].item);
    return join_seeds(query, score, &best);
}
