/* The funnel by its definition: every source scores every item, everything is sorted.
 *
 * Written from reckon.h, source.h and the comments of the sources, in the order of operations that
 * they state, so that answers must agree bit for bit. Vectors are scored by rk_ann_score, which has
 * tests of its own; the reference for `session` holds where its coarse stage keeps every item. */
#ifndef RK_TESTS_NAIVE_RECOMMENDER_H
#define RK_TESTS_NAIVE_RECOMMENDER_H

#include "naive_merge.h"
#include "random_request.h"

#include "model/session_encoder.h"

enum { NAIVE_ITEMS = 400 };

typedef struct naive_funnel {
    const rk_snapshot_content *content;
    const rk_request *request;
    uint32_t seeds[RK_MAX_SESSION], seed_count; /* liked, newest first */
    float seed_weights[RK_MAX_SESSION];
    float neighbor_weights[RK_NEIGHBOR_CODES];
    bool allowed[NAIVE_ITEMS];
    bool off[RK_SOURCE_COUNT];
    float score[RK_SOURCE_COUNT][NAIVE_ITEMS];
    rk_scored lists[RK_SOURCE_COUNT][NAIVE_ITEMS];
    uint32_t counts[RK_SOURCE_COUNT];
    naive_candidates candidates;
} naive_funnel;

static inline void naive_read_session(naive_funnel *f) {
    const rk_request *request = f->request;
    for (uint32_t item = 0; item < f->content->meta.items; item++)
        f->allowed[item] = is_allowed(f->content, request, item);
    f->seed_count = 0;
    for (uint32_t i = request->session_count; i-- > 0;) {
        const rk_event event = request->session[i];
        const float weight = f->content->type_weight[event.type];
        if (!(weight > 0.0f) || is_disliked(f->content, request, event.item)) continue;
        f->seeds[f->seed_count] = event.item;
        f->seed_weights[f->seed_count++] = weight;
    }
}

static inline float naive_weight(const naive_funnel *f, uint32_t from, uint32_t to) {
    return rk_neighbor_weight(f->content, f->neighbor_weights, from, to);
}

static inline void naive_popular(naive_funnel *f) {
    const rk_snapshot_content *content = f->content;
    float top = 0.0f;
    for (uint32_t item = 0; item < content->meta.items; item++)
        top = RK_MAX(top, content->popularity[item]);
    f->off[RK_SOURCE_POPULAR] |= content->meta.popular_count == 0;
    for (uint32_t item = 0; item < content->meta.items; item++)
        f->score[RK_SOURCE_POPULAR][item] = top > 0.0f ? content->popularity[item] / top : 0.0f;
}

static inline void naive_similar(naive_funnel *f) {
    const uint32_t items = f->content->meta.items;
    float *sum = f->score[RK_SOURCE_SIMILAR], most = 0.0f;
    f->off[RK_SOURCE_SIMILAR] |= f->seed_count == 0 || f->content->neighbors.offsets[items] == 0;
    for (uint32_t item = 0; item < items; item++) {
        float recency = 1.0f;
        sum[item] = 0.0f;
        for (uint32_t j = 0; j < f->seed_count && recency > 1e-12f; j++) {
            sum[item] += recency * f->seed_weights[j] * naive_weight(f, f->seeds[j], item);
            recency *= f->content->meta.similar_decay;
        }
        if (f->allowed[item]) most = RK_MAX(most, sum[item]);
    }
    for (uint32_t item = 0; item < items; item++) sum[item] = most > 0.0f ? sum[item] / most : 0.0f;
}

static inline void naive_session(naive_funnel *f) {
    float vector[RK_MAX_DIM];
    rk_ann_query query;
    f->off[RK_SOURCE_SESSION] |= f->seed_count == 0;
    rk_session_encode(f->content, f->seeds, f->seed_weights, f->seed_count, vector);
    rk_ann_prepare(f->content, vector, &query);
    for (uint32_t item = 0; item < f->content->meta.items; item++)
        f->score[RK_SOURCE_SESSION][item] = rk_ann_score(f->content, &query, item);
}

static inline uint32_t naive_quota(const naive_funnel *f, uint32_t s) {
    const rk_request *request = f->request;
    uint32_t quota = request->flags & RK_REQUEST_SOURCE_QUOTAS ? request->source_quotas[s]
                                                               : f->content->sources[s].quota;
    if (s == RK_SOURCE_POPULAR && quota > 0) quota = RK_MAX(quota, request->count);
    return quota;
}

static inline float naive_source_weight(const naive_funnel *f, uint32_t s) {
    return f->request->flags & RK_REQUEST_SOURCE_WEIGHTS ? f->request->source_weights[s]
                                                         : f->content->sources[s].weight;
}

static inline void insert_scored(rk_scored *sorted, uint32_t count, rk_scored entry) {
    uint32_t at = count;
    for (; at > 0 && rk_scored_before(entry, sorted[at - 1]); at--) sorted[at] = sorted[at - 1];
    sorted[at] = entry;
}

/* All allowed items of a source, sorted and cut; `similar` brings only items of some weight. */
static inline void naive_list(naive_funnel *f, uint32_t s) {
    f->counts[s] = 0;
    if (f->off[s]) return;
    for (uint32_t item = 0; item < f->content->meta.items; item++) {
        const rk_scored entry = {f->score[s][item], item};
        if (!f->allowed[item] || (s == RK_SOURCE_SIMILAR && entry.score == 0.0f)) continue;
        insert_scored(f->lists[s], f->counts[s]++, entry);
    }
    f->counts[s] = RK_MIN(f->counts[s], naive_quota(f, s));
}

static inline uint32_t naive_because(const naive_funnel *f, uint32_t item) {
    float recency = 1.0f, most = 0.0f;
    uint32_t best = RK_NONE;
    for (uint32_t j = 0; j < RK_MIN(f->seed_count, 64) && !f->off[RK_SOURCE_SIMILAR]; j++) {
        const float weight = recency * f->seed_weights[j] * naive_weight(f, f->seeds[j], item);
        if (weight > most) most = weight, best = f->seeds[j];
        recency *= f->content->meta.similar_decay;
    }
    return best;
}

static inline rk_recommendation naive_row(const naive_funnel *f, const naive_candidate *candidate,
                                          float score) {
    rk_recommendation row = {.item = candidate->item,
                             .score = score,
                             .sources = candidate->sources,
                             .because = naive_because(f, candidate->item)};
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        row.rank[s] = (uint16_t)candidate->rank[s];
        row.source_score[s] = f->off[s] ? 0.0f : f->score[s][candidate->item];
    }
    return row;
}

static inline void naive_recommend(const rk_snapshot_content *content, const rk_request *request,
                                   naive_funnel *f, answer *out) {
    const rk_scored *lists[RK_SOURCE_COUNT];
    rk_scored order[RK_MAX_CANDIDATES];
    f->content = content;
    f->request = request;
    rk_neighbor_weights(content->meta.neighbor_scale, f->neighbor_weights);
    naive_read_session(f);
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++)
        f->off[s] = naive_quota(f, s) == 0 && naive_source_weight(f, s) == 0.0f;
    naive_popular(f);
    naive_similar(f);
    naive_session(f);
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) naive_list(f, s), lists[s] = f->lists[s];
    naive_merge(lists, f->counts, &f->candidates);
    bool weighted = false; /* sources of no weight at all count alike */
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++)
        weighted |= !f->off[s] && naive_source_weight(f, s) != 0.0f;
    float score_of[NAIVE_ITEMS];
    uint32_t place_of[NAIVE_ITEMS];
    for (uint32_t i = 0; i < f->candidates.count; i++) {
        const uint32_t item = f->candidates.row[i].item;
        place_of[item] = i;
        score_of[item] = 0.0f;
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
            if (f->off[s]) continue;
            score_of[item] += (weighted ? naive_source_weight(f, s) : 1.0f) * f->score[s][item];
        }
        insert_scored(order, i, (rk_scored){score_of[item], item});
    }
    out->found = RK_MIN(request->count, f->candidates.count);
    for (uint32_t i = 0; i < out->found; i++) {
        const uint32_t item = order[i].item;
        out->list[i] = naive_row(f, &f->candidates.row[place_of[item]], score_of[item]);
    }
}

#endif
