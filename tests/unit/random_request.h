/* Requests of every kind, made from a random stream: empty and long sessions, repeats, dislikes,
 * exclusions, own weights and quotas. Answers are compared byte by byte. */
#ifndef RK_TESTS_RANDOM_REQUEST_H
#define RK_TESTS_RANDOM_REQUEST_H

#include "random_snapshot.h"

typedef struct random_request {
    rk_event session[RK_MAX_SESSION];
    uint32_t exclude[RK_MAX_SESSION];
    uint32_t features[RK_MAX_USER_FEATURES];
    rk_request request; /* points into the arrays above */
} random_request;

enum { REQUEST_OWN_QUOTAS = 1, REQUEST_OWN_WEIGHTS = 2, REQUEST_ANY = 3 };

/* Where and who the user is, half the time. Features are those of random_snapshot.h; a snapshot
 * without any takes none. */
static inline void make_user(rk_rng *rng, uint32_t feature_rows, random_request *out) {
    rk_request *request = &out->request;
    request->seed = rk_rng_u64(rng);
    if (rk_rng_below(rng, 2) == 0) {
        const rk_place place = random_place(rng);
        request->flags |= RK_REQUEST_LOCATION;
        request->latitude = place.latitude;
        request->longitude = place.longitude;
    }
    if (feature_rows > 0 && rk_rng_below(rng, 2) == 0) {
        request->feature_count = 1 + rk_rng_below(rng, RK_MAX_USER_FEATURES);
        request->features = out->features;
        for (uint32_t f = 0; f < request->feature_count; f++)
            out->features[f] = rk_rng_below(rng, feature_rows);
    }
}

/* When it is, and when the events were, each known half the time. */
static inline void make_times(rk_rng *rng, random_request *out) {
    rk_request *request = &out->request;
    const int64_t now = RANDOM_NOW_MS + (int64_t)rk_rng_below(rng, 7u * 86400u) * 1000;
    if (rk_rng_below(rng, 2) == 0) request->time_ms = now;
    if (rk_rng_below(rng, 2) == 0) return;
    for (uint32_t i = 0; i < request->session_count; i++)
        out->session[i].time_ms = now - (int64_t)(request->session_count - i) * 60000;
}

/* `may`: which overrides it may use, REQUEST_... */
static inline void make_request(rk_rng *rng, const rk_snapshot_content *content, uint32_t may,
                                random_request *out) {
    const uint32_t items = content->meta.items;
    static const uint32_t lengths[] = {0, 1, 2, 5, 5, 20, 20, 100};
    uint32_t length = lengths[rk_rng_below(rng, 8)];
    if (rk_rng_below(rng, 200) == 0) length = RK_MAX_SESSION;
    const uint32_t reach = 1 + rk_rng_below(rng, items); // small: many repeats
    for (uint32_t i = 0; i < length; i++) {
        const uint32_t draw = rk_rng_below(rng, 10);
        out->session[i] = (rk_event){.item = rk_rng_below(rng, reach),
                                     .type = draw < 5   ? TYPE_VIEW
                                             : draw < 8 ? TYPE_LIKE
                                             : draw < 9 ? TYPE_HIDE
                                                        : TYPE_SKIP};
    }
    uint32_t excluded = rk_rng_below(rng, 4) == 0 ? rk_rng_below(rng, items + 1) : 0;
    excluded = RK_MIN(excluded, RK_MAX_SESSION);
    for (uint32_t i = 0; i < excluded; i++) out->exclude[i] = rk_rng_below(rng, items);
    rk_request *request = &out->request;
    *request = (rk_request){.session = length ? out->session : NULL,
                            .session_count = length,
                            .exclude = excluded ? out->exclude : NULL,
                            .exclude_count = excluded,
                            .count = 1 + rk_rng_below(rng, rk_rng_u32(rng) & 1 ? 20 : 100)};
    if (rk_rng_below(rng, 50) == 0) request->count = RK_MAX_COUNT;
    request->stages = rk_rng_below(rng, RK_STAGES_COUNT);
    if (rk_rng_below(rng, 4) == 0) request->flags |= RK_REQUEST_KEEP_SEEN;
    make_user(rng, content->meta.feature_rows, out);
    make_times(rng, out);
    if ((may & REQUEST_OWN_QUOTAS) && rk_rng_below(rng, 3) == 0)
        request->flags |= RK_REQUEST_SOURCE_QUOTAS;
    if ((may & REQUEST_OWN_WEIGHTS) && rk_rng_below(rng, 3) == 0)
        request->flags |= RK_REQUEST_SOURCE_WEIGHTS;
    for (uint32_t s = 0; s < RK_SOURCE_SLOTS; s++) {
        request->source_quotas[s] = rk_rng_below(rng, rk_rng_u32(rng) & 1 ? 60 : RK_MAX_COUNT + 1);
        if (rk_rng_below(rng, 4) == 0) request->source_quotas[s] = 0;
        request->source_weights[s] = rk_rng_normal(rng);
        if (rk_rng_below(rng, 4) == 0) request->source_weights[s] = 0.0f;
    }
}

typedef struct answer {
    uint32_t found;
    rk_recommendation list[RK_MAX_COUNT];
} answer;

/* The memory of the answer is full of rubbish before. */
static inline void ask(rk_engine *engine, const rk_request *request, answer *out) {
    rk_error error;
    memset(out, 0x5A, sizeof *out);
    assert_int_equal(rk_recommend(engine, request, out->list, &out->found, &error), RK_OK);
}

static inline void check_same_answer(const answer *a, const answer *b) {
    assert_int_equal(a->found, b->found);
    if (a->found) assert_memory_equal(a->list, b->list, a->found * sizeof *a->list);
}

static inline bool in_session(const rk_request *request, uint32_t item) {
    for (uint32_t i = 0; i < request->session_count; i++) {
        if (request->session[i].item == item) return true;
    }
    return false;
}

static inline bool is_disliked(const rk_snapshot_content *content, const rk_request *request,
                               uint32_t item) {
    for (uint32_t i = 0; i < request->session_count; i++) {
        const rk_event event = request->session[i];
        if (event.item == item && content->type_weight[event.type] < 0.0f) return true;
    }
    return false;
}

static inline bool is_excluded(const rk_request *request, uint32_t item) {
    for (uint32_t i = 0; i < request->exclude_count; i++) {
        if (request->exclude[i] == item) return true;
    }
    return false;
}

/* May `item` be recommended? The rules of reckon.h, one by one. */
static inline bool is_allowed(const rk_snapshot_content *content, const rk_request *request,
                              uint32_t item) {
    if (is_excluded(request, item) || is_disliked(content, request, item)) return false;
    return (request->flags & RK_REQUEST_KEEP_SEEN) || !in_session(request, item);
}

#endif
