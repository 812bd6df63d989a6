/* The funnel by its definition: every source scores every item, everything is sorted.
 *
 * Written from reckon.h, source.h and the comments of the sources, in the order of operations that
 * they state, so that answers must agree bit for bit. Vectors are scored by rk_ann_score and places
 * by rk_nearness, which have tests of their own; the reference for `session` and `user` holds where
 * the coarse stage keeps every item. */
#ifndef RK_TESTS_NAIVE_RECOMMENDER_H
#define RK_TESTS_NAIVE_RECOMMENDER_H

#include "naive_merge.h"
#include "naive_places.h"
#include "random_request.h"

#include "model/session_encoder.h"
#include "model/user_tower.h"

enum { NAIVE_ITEMS = 400 };

typedef struct naive_funnel {
    const rk_snapshot_content *content;
    const rk_request *request;
    uint32_t seeds[RK_MAX_SESSION], seed_count; /* liked, newest first */
    float seed_weights[RK_MAX_SESSION];
    float neighbor_weights[RK_NEIGHBOR_CODES];
    bool allowed[NAIVE_ITEMS];
    bool off[RK_SOURCE_COUNT];
    float trust[RK_MAX_SESSION];               /* of a seed, in `similar` */
    rk_anchors anchors;                        /* of `nearby` */
    bool listed[RK_SOURCE_COUNT][NAIVE_ITEMS]; /* may be brought, if allowed */
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

static inline bool naive_supports(const naive_funnel *f, uint32_t a, uint32_t b) {
    return naive_weight(f, a, b) > 0.0f || naive_weight(f, b, a) > 0.0f;
}

/* Seeds that were one-off clicks keep a part of their weight. */
static inline void naive_trust(naive_funnel *f) {
    uint32_t distinct[64], count = 0, supported = 0;
    bool lonely[64];
    for (uint32_t j = 0; j < f->seed_count; j++) f->trust[j] = 1.0f;
    for (uint32_t j = 0; j < RK_MIN(f->seed_count, 64); j++) {
        bool again = false;
        for (uint32_t d = 0; d < count; d++) again |= distinct[d] == f->seeds[j];
        if (!again) distinct[count++] = f->seeds[j];
    }
    for (uint32_t d = 0; d < count; d++) {
        lonely[d] = true;
        for (uint32_t e = 0; e < count; e++)
            if (e != d && naive_supports(f, distinct[d], distinct[e])) lonely[d] = false;
        supported += !lonely[d];
    }
    if (count < 4 || 2 * supported < count - 1 || f->content->meta.outlier_weight == 0.0f) return;
    for (uint32_t j = 0; j < RK_MIN(f->seed_count, 64); j++) {
        for (uint32_t d = 1; d < count; d++)
            if (distinct[d] == f->seeds[j] && lonely[d])
                f->trust[j] = f->content->meta.outlier_weight;
    }
}

static inline void naive_similar(naive_funnel *f) {
    const uint32_t items = f->content->meta.items;
    float *sum = f->score[RK_SOURCE_SIMILAR], most = 0.0f;
    naive_trust(f);
    f->off[RK_SOURCE_SIMILAR] |= f->seed_count == 0 || f->content->neighbors.offsets[items] == 0;
    for (uint32_t item = 0; item < items; item++) {
        float recency = 1.0f;
        sum[item] = 0.0f;
        for (uint32_t j = 0; j < f->seed_count && recency > 1e-12f; j++) {
            sum[item] +=
                recency * (f->seed_weights[j] * f->trust[j]) * naive_weight(f, f->seeds[j], item);
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
    for (uint32_t item = 0; item < f->content->meta.items; item++) {
        uint32_t lag = 0;
        while (lag < f->seed_count && f->seeds[lag] != item) lag++;
        const uint32_t row = lag == 0 ? 0 : lag == 1 ? 1 : lag < 4 ? 2 : 3;
        const float again = lag < f->seed_count ? f->content->meta.repeat[row] : 0.0f;
        f->score[RK_SOURCE_SESSION][item] = rk_ann_score(f->content, &query, item) + again;
    }
}

static inline void naive_user(naive_funnel *f) {
    const rk_request *request = f->request;
    float vector[RK_MAX_DIM];
    rk_ann_query query;
    f->off[RK_SOURCE_USER] |=
        f->content->meta.user_positions == 0 || (f->seed_count == 0 && request->feature_count == 0);
    if (f->off[RK_SOURCE_USER]) return;
    rk_user_encode(f->content, f->seeds, f->seed_weights, f->seed_count, request->features,
                   request->feature_count, vector);
    rk_ann_prepare(f->content, vector, &query);
    for (uint32_t item = 0; item < f->content->meta.items; item++)
        f->score[RK_SOURCE_USER][item] = rk_ann_score(f->content, &query, item);
}

static inline void naive_trending(naive_funnel *f) {
    const rk_snapshot_content *content = f->content;
    f->off[RK_SOURCE_TRENDING] |= content->meta.trending_count == 0;
    if (f->off[RK_SOURCE_TRENDING]) return;
    memset(f->listed[RK_SOURCE_TRENDING], 0, sizeof f->listed[0]);
    for (uint32_t i = 0; i < content->meta.trending_count; i++)
        f->listed[RK_SOURCE_TRENDING][content->trending_top[i]] = true;
    for (uint32_t item = 0; item < content->meta.items; item++)
        f->score[RK_SOURCE_TRENDING][item] = content->trending[item];
}

static inline uint32_t naive_divisor(uint32_t a, uint32_t b) {
    return b == 0 ? a : naive_divisor(b, a % b);
}

static inline void naive_explore(naive_funnel *f) {
    const uint32_t n = f->content->meta.explore_count;
    f->off[RK_SOURCE_EXPLORE] |= n == 0;
    if (f->off[RK_SOURCE_EXPLORE]) return;
    rk_rng rng = rk_rng_at(f->request->seed, 0x6578706C6F7265u);
    const uint32_t start = rk_rng_below(&rng, n);
    uint32_t stride = n == 1 ? 1 : 1 + rk_rng_below(&rng, n - 1);
    while (naive_divisor(stride, n) != 1) stride++;
    memset(f->listed[RK_SOURCE_EXPLORE], 0, sizeof f->listed[0]);
    memset(f->score[RK_SOURCE_EXPLORE], 0, sizeof f->score[0]);
    for (uint32_t p = 0; p < n; p++) {
        const uint32_t item = f->content->explore[(start + p * stride) % n];
        f->listed[RK_SOURCE_EXPLORE][item] = true;
        f->score[RK_SOURCE_EXPLORE][item] = (float)(n - p) / (float)n;
    }
}

static inline void naive_anchors(naive_funnel *f) {
    const rk_request *request = f->request;
    f->anchors = rk_anchors_none(f->content->meta.nearby_km);
    if (request->flags & RK_REQUEST_LOCATION) {
        rk_anchors_add(&f->anchors, (rk_place){request->latitude, request->longitude}, 1.0f);
        return;
    }
    float weight = 1.0f;
    for (uint32_t j = 0; j < f->seed_count && f->anchors.count < 8; j++) {
        bool again = !rk_has_place(f->content->place[f->seeds[j]]);
        for (uint32_t before = 0; before < j; before++) again |= f->seeds[before] == f->seeds[j];
        if (again) continue;
        rk_anchors_add(&f->anchors, f->content->place[f->seeds[j]], weight);
        weight *= 0.8f;
    }
}

static inline void naive_nearby(naive_funnel *f) {
    const rk_snapshot_content *content = f->content;
    f->off[RK_SOURCE_NEARBY] |= content->meta.place_count == 0;
    if (f->off[RK_SOURCE_NEARBY]) return;
    naive_anchors(f);
    f->off[RK_SOURCE_NEARBY] |= f->anchors.count == 0;
    if (f->off[RK_SOURCE_NEARBY]) return;
    float top = 0.0f;
    for (uint32_t item = 0; item < content->meta.items; item++)
        top = RK_MAX(top, content->popularity[item]);
    for (uint32_t item = 0; item < content->meta.items; item++) {
        const bool any = content->meta.popular_count > 0 && top > 0.0f;
        const float share = any ? content->popularity[item] / top : 1.0f;
        const rk_place place = content->place[item];
        f->score[RK_SOURCE_NEARBY][item] =
            rk_has_place(place)
                ? rk_powf(share, 0.4f) * rk_nearness(&f->anchors, rk_point_of(place))
                : 0.0f;
    }
}

/* Rings that hold eight quotas, and wider ones while fewer than the quota may be brought. */
static inline void naive_rings(naive_funnel *f, uint32_t quota) {
    const rk_snapshot_content *content = f->content;
    bool *listed = f->listed[RK_SOURCE_NEARBY];
    for (uint64_t least = 8 * (uint64_t)quota;; least *= 8) {
        uint32_t count = 0;
        memset(listed, 0, sizeof f->listed[0]);
        for (uint32_t a = 0; a < f->anchors.count; a++) {
            const rk_place at = f->anchors.at[a].place;
            const uint32_t level = naive_level(content, at, least);
            for (uint32_t item = 0; item < content->meta.items; item++) {
                if (!(f->score[RK_SOURCE_NEARBY][item] > 0.0f)) continue;
                listed[item] |= naive_in_ring(at, level, content->place[item]);
            }
        }
        for (uint32_t item = 0; item < content->meta.items; item++)
            count += listed[item] && f->allowed[item];
        if (count >= quota || least > content->meta.place_count) return;
    }
}

static inline uint32_t naive_quota(const naive_funnel *f, uint32_t s) {
    const rk_request *request = f->request;
    uint32_t quota = request->flags & RK_REQUEST_SOURCE_QUOTAS ? request->source_quotas[s]
                                                               : f->content->sources[s].quota;
    if (s == RK_SOURCE_POPULAR && quota > 0) quota = RK_MAX(quota, request->count);
    return quota;
}

static inline float naive_source_weight(const naive_funnel *f, uint32_t s) {
    if (f->request->flags & RK_REQUEST_SOURCE_WEIGHTS) return f->request->source_weights[s];
    const float weight = f->content->sources[s].weight;
    const bool located = s == RK_SOURCE_NEARBY && (f->request->flags & RK_REQUEST_LOCATION);
    return located && weight < 1.0f ? 1.0f : weight;
}

/* Popularity counts for more in short sessions. */
static inline float naive_blend_weight(const naive_funnel *f, uint32_t s) {
    const float weight = naive_source_weight(f, s);
    if (s != RK_SOURCE_POPULAR || f->seed_count == 0) return weight;
    return weight + f->content->meta.short_popular / (float)f->seed_count;
}

static inline void insert_scored(rk_scored *sorted, uint32_t count, rk_scored entry) {
    uint32_t at = count;
    for (; at > 0 && rk_scored_before(entry, sorted[at - 1]); at--) sorted[at] = sorted[at - 1];
    sorted[at] = entry;
}

/* What a source may bring of the allowed items, sorted and cut; `similar` brings only items of some
 * weight. */
static inline void naive_list(naive_funnel *f, uint32_t s) {
    f->counts[s] = 0;
    if (f->off[s]) return;
    if (s == RK_SOURCE_NEARBY && naive_quota(f, s) > 0) naive_rings(f, naive_quota(f, s));
    for (uint32_t item = 0; item < f->content->meta.items; item++) {
        const rk_scored entry = {f->score[s][item], item};
        if (!f->allowed[item] || !f->listed[s][item] ||
            (s == RK_SOURCE_SIMILAR && entry.score == 0.0f))
            continue;
        insert_scored(f->lists[s], f->counts[s]++, entry);
    }
    f->counts[s] = RK_MIN(f->counts[s], naive_quota(f, s));
}

/* What each seed says for the item, and the seed of the largest that is not `but`; of equals the
 * most recent. */
static inline uint32_t naive_because(const naive_funnel *f, uint32_t item, uint32_t but) {
    float recency = 1.0f, most = 0.0f;
    uint32_t best = RK_NONE;
    for (uint32_t j = 0; j < RK_MIN(f->seed_count, 64) && !f->off[RK_SOURCE_SIMILAR]; j++) {
        const float weight =
            recency * (f->seed_weights[j] * f->trust[j]) * naive_weight(f, f->seeds[j], item);
        if (weight > most && f->seeds[j] != but) most = weight, best = f->seeds[j];
        recency *= f->content->meta.similar_decay;
    }
    return best;
}

static inline rk_recommendation naive_row(const naive_funnel *f, const naive_candidate *candidate,
                                          float score) {
    rk_recommendation row = {.item = candidate->item,
                             .score = score,
                             .sources = candidate->sources,
                             .because = naive_because(f, candidate->item, RK_NONE),
                             .blend = score,
                             .stages = RK_STAGES_RETRIEVAL};
    row.also = row.because == RK_NONE ? RK_NONE : naive_because(f, candidate->item, row.because);
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
    memset(f->listed, 1, sizeof f->listed);
    naive_trending(f);
    naive_nearby(f);
    naive_user(f);
    naive_explore(f);
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) naive_list(f, s), lists[s] = f->lists[s];
    naive_merge(lists, f->counts, &f->candidates);
    bool weighted = false; /* where no source has any, popularity does, or all count alike */
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++)
        weighted |= !f->off[s] && naive_blend_weight(f, s) != 0.0f;
    float score_of[NAIVE_ITEMS];
    uint32_t place_of[NAIVE_ITEMS];
    for (uint32_t i = 0; i < f->candidates.count; i++) {
        const uint32_t item = f->candidates.row[i].item;
        place_of[item] = i;
        score_of[item] = 0.0f;
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
            if (f->off[s]) continue;
            const bool counts = s == RK_SOURCE_POPULAR || f->off[RK_SOURCE_POPULAR];
            score_of[item] += (weighted ? naive_blend_weight(f, s)
                               : counts ? 1.0f
                                        : 0.0f) *
                              f->score[s][item];
        }
        insert_scored(order, i, (rk_scored){score_of[item], item});
    }
    out->found = RK_MIN(request->count, f->candidates.count);
    for (uint32_t i = 0; i < out->found; i++) {
        const uint32_t item = order[i].item;
        out->list[i] = naive_row(f, &f->candidates.row[place_of[item]], score_of[item]);
        out->list[i].ranked = i + 1;
    }
}

#endif
