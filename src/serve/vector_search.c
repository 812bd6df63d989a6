#include "serve/vector_search.h"

RK_STATIC_ASSERT(RK_SEARCH_COUNT <= RK_ANN_MOST_JOBS, one_pass_answers_all_searches);

void rk_vector_search_prepare(rk_query *query, uint32_t which, const float *vector,
                              float (*beyond)(const rk_query *query, uint32_t item)) {
    rk_vector_search *search = &query->searches[which];
    memcpy(search->vector, vector, query->snapshot->meta.dim * sizeof *vector);
    rk_ann_prepare(query->snapshot, vector, &search->ann);
    search->beyond = beyond;
    search->quota = 0;
}

static void add_beyond(const rk_query *query, uint32_t which, const uint32_t *items, uint32_t count,
                       float *scores) {
    float (*beyond)(const rk_query *, uint32_t) = query->searches[which].beyond;
    if (!beyond) return;
    for (uint32_t i = 0; i < count; i++) scores[i] += beyond(query, items[i]);
}

void rk_vector_search_score(const rk_query *query, uint32_t which, const uint32_t *items,
                            uint32_t count, float *out) {
    rk_ann_score_items(query->snapshot, &query->searches[which].ann, items, count, out);
    add_beyond(query, which, items, count, out);
}

void rk_vector_search_score_all(const rk_query *query, const rk_ann_vector *dot,
                                const uint32_t *items, uint32_t count,
                                float *const out[RK_SEARCH_COUNT], float *dots) {
    const rk_ann_vector *asked[RK_SEARCH_COUNT + 1];
    float *to[RK_SEARCH_COUNT + 1];
    uint32_t queries = 0;
    for (uint32_t which = 0; which < RK_SEARCH_COUNT; which++) {
        if (!out[which]) continue;
        asked[queries] = &query->searches[which].ann.vector;
        to[queries++] = out[which];
    }
    if (dot) {
        asked[queries] = dot;
        to[queries++] = dots;
    }
    rk_ann_score_items_by(query->snapshot, asked, queries, items, count, to);
    for (uint32_t which = 0; which < RK_SEARCH_COUNT; which++) {
        if (out[which]) add_beyond(query, which, items, count, out[which]);
    }
}

/* Each search has its half of the scratch and its own answer. */
static rk_ann_job job_of(const rk_query *query, uint32_t which, uint32_t quota) {
    return (rk_ann_job){.query = &query->searches[which].ann,
                        .scratch = query->coarse + which * RK_COARSE_ROOM,
                        .coarse = RK_MAX(quota * RK_COARSE_FACTOR, RK_COARSE_LEAST),
                        .out = query->searches[which].found,
                        .k = quota,
                        .needs = query->needs,
                        .also = query->first,
                        .also_by_item = query->first_by_item};
}

void rk_vector_search_all(rk_query *query, const uint32_t quotas[RK_SEARCH_COUNT]) {
    rk_ann_job jobs[RK_SEARCH_COUNT];
    uint32_t which_of[RK_SEARCH_COUNT], count = 0;
    for (uint32_t which = 0; which < RK_SEARCH_COUNT; which++) {
        if (quotas[which] == 0) continue;
        which_of[count] = which;
        jobs[count++] = job_of(query, which, quotas[which]);
    }
    rk_ann_search_jobs(query->snapshot, query->seen, jobs, count);
    for (uint32_t j = 0; j < count; j++) {
        query->searches[which_of[j]].count = jobs[j].found;
        query->searches[which_of[j]].quota = jobs[j].k;
    }
}

/* Seeds are seen, so the search did not list them. Each joins once, if it may appear. */
static uint32_t join_seeds(const rk_query *query, uint32_t which, rk_topk *best) {
    for (uint32_t lag = 0; lag < query->seed_count; lag++) {
        uint32_t item = query->seeds[lag];
        bool again = false;
        for (uint32_t before = 0; before < lag && !again; before++)
            again = query->seeds[before] == item;
        if (again || rk_is_blocked(query->blocked, item)) continue;
        float score;
        rk_vector_search_score(query, which, &item, 1, &score);
        rk_topk_push(best, score, item);
    }
    return rk_topk_finish(best);
}

uint32_t rk_vector_search_retrieve(rk_query *query, uint32_t which, uint32_t quota,
                                   rk_scored *out) {
    if (quota == 0) return 0;
    const rk_vector_search *search = &query->searches[which];
    if (search->quota != quota) {
        uint32_t quotas[RK_SEARCH_COUNT] = {0};
        quotas[which] = quota;
        rk_vector_search_all(query, quotas);
    }
    if (!(query->request->flags & RK_REQUEST_KEEP_SEEN)) {
        memcpy(out, search->found, search->count * sizeof *out);
        return search->count;
    }
    rk_topk best = rk_topk_over(out, quota);
    for (uint32_t i = 0; i < search->count; i++)
        rk_topk_push(&best, search->found[i].score, search->found[i].item);
    return join_seeds(query, which, &best);
}
