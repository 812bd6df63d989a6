/* Features of candidates against their definitions in features.def, written again one by one with
 * loops over everything and doubles, on random snapshots and sessions. */
#include "naive_places.h"
#include "random_request.h"

#include "model/vectors.h"
#include "serve/features.h"

enum { MOST_ITEMS = 400, CANDIDATES = 150, CHOSEN = 60 };

/* One snapshot with a context, and the scratch of a query over it. */
typedef struct bench {
    rk_snapshot_content content;
    rk_feature_context *context;
    rk_spot spots[MOST_ITEMS];
    uint32_t spot_of[MOST_ITEMS];
    uint32_t seeds[RK_MAX_SESSION];
    float seed_weights[RK_MAX_SESSION];
    rk_candidates candidates;
    uint32_t item[RK_MAX_CANDIDATES], sources[RK_MAX_CANDIDATES];
    uint16_t rank[RK_SOURCE_COUNT][RK_MAX_CANDIDATES];
    float score[RK_SOURCE_COUNT][RK_MAX_CANDIDATES], blends[RK_MAX_CANDIDATES];
    uint32_t places[RK_MAX_CANDIDATES], chosen;
    uint32_t available;
    random_request random;
    rk_query query;
} bench;

static rk_memory memory;
static bench full, bare;

static rk_feature_context *new_context(const rk_snapshot_content *content) {
    const uint64_t bytes = rk_feature_context_bytes(&content->meta);
    void *scratch = take_or_abort(&memory, bytes, 1);
    memset(scratch, 0xA5, (size_t)bytes);
    return rk_feature_context_over(content, scratch);
}

static void set_up(bench *b, snapshot_shape shape) {
    b->content = make_random_snapshot(shape, &memory);
    b->context = new_context(&b->content);
    b->candidates.item = b->item;
    b->candidates.sources = b->sources;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        b->candidates.rank[s] = b->rank[s];
        b->candidates.score[s] = b->score[s];
    }
    if (b->content.meta.place_count) rk_spots_fill(&b->content, b->spots, b->spot_of);
}

static int make_benches(void **state) {
    (void)state;
    snapshot_shape shape = {
        .items = MOST_ITEMS, .dim = 20, .neighbors = 40, .popular_rows = 90, .seed = test_seed()};
    set_up(&bare, shape);
    shape = with_all_parts(shape);
    shape.tasks = TYPE_COUNT;
    set_up(&full, shape);
    return 0;
}

static int free_benches(void **state) {
    (void)state;
    rk_memory_free(&memory);
    return 0;
}

/* What the engine makes of a request before the features are asked. */
static void begin_query(bench *b) {
    const rk_request *request = &b->random.request;
    b->query = (rk_query){.snapshot = &b->content,
                          .request = request,
                          .seeds = b->seeds,
                          .seed_weights = b->seed_weights,
                          .spots = b->spots,
                          .spot_of = b->spot_of};
    for (uint32_t i = request->session_count; i-- > 0;) {
        const rk_event event = request->session[i];
        const float weight = b->content.type_weight[event.type];
        if (!(weight > 0.0f) || is_disliked(&b->content, request, event.item)) continue;
        b->seeds[b->query.seed_count] = event.item;
        b->seed_weights[b->query.seed_count++] = weight;
    }
    if ((b->available >> RK_SOURCE_NEARBY & 1u) && !rk_source_nearby.unavailable(&b->query))
        rk_source_nearby.prepare(&b->query);
    else
        b->available &= ~(1u << RK_SOURCE_NEARBY);
}

/* Different items at random, some of them the session's, with sources, ranks and scores. */
static void make_candidates(bench *b, rk_rng *rng) {
    bool taken[MOST_ITEMS] = {false};
    rk_candidates *candidates = &b->candidates;
    candidates->count = 0;
    for (uint32_t i = 0; i < CANDIDATES; i++) {
        const uint32_t place = candidates->count, item = rk_rng_below(rng, MOST_ITEMS);
        if (taken[item]) continue;
        taken[item] = true;
        candidates->count++;
        b->item[place] = item;
        b->sources[place] = rk_rng_u32(rng) & b->available;
        b->blends[place] = rk_rng_normal(rng);
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
            const bool brought = b->sources[place] >> s & 1u;
            b->rank[s][place] = brought ? (uint16_t)(1 + rk_rng_below(rng, RK_MAX_QUOTA)) : 0;
            b->score[s][place] = rk_rng_normal(rng);
        }
    }
    b->chosen = 0;
    for (uint32_t place = candidates->count; place-- > 0 && b->chosen < CHOSEN;)
        if (rk_rng_below(rng, 3)) b->places[b->chosen++] = place;
}

static void make_case(bench *b, rk_rng *rng) {
    make_request(rng, &b->content, REQUEST_ANY, &b->random);
    b->available = rk_rng_u32(rng) & ((1u << RK_SOURCE_COUNT) - 1u);
    begin_query(b);
    make_candidates(b, rng);
}

/* ---- the definitions ------------------------------------------------------------------------- */

/* Position in the row of `from`, both tables as one list. */
static double naive_strength(const rk_snapshot_content *content, uint32_t from, uint32_t to) {
    const rk_neighbor_rows *tables[] = {&content->neighbors, &content->neighbors_more};
    for (uint32_t t = 0; t < 2; t++)
        for (uint32_t at = tables[t]->offsets[from]; at < tables[t]->offsets[from + 1]; at++)
            if ((tables[t]->entries[at] & 0xFFFFFF) == to)
                return (1.0 + (double)(tables[t]->entries[at] >> 24)) / 256.0;
    return 0.0;
}

static void naive_vector(const rk_snapshot_content *content, uint32_t item, double *out) {
    int16_t magnitudes[RK_MAX_DIM];
    rk_vector_decode_i16(content, item, magnitudes);
    for (uint32_t d = 0; d < content->meta.dim; d++)
        out[d] = (double)content->vector_mean[d] +
                 (double)content->vector_factors[item].decode * (double)magnitudes[d];
}

static double naive_dot(const rk_snapshot_content *content, const double *x, uint32_t item) {
    double y[RK_MAX_DIM], sum = 0.0;
    naive_vector(content, item, y);
    for (uint32_t d = 0; d < content->meta.dim; d++) sum += x[d] * y[d];
    return sum;
}

static double naive_cosine(const rk_snapshot_content *content, uint32_t a, uint32_t b) {
    double x[RK_MAX_DIM];
    naive_vector(content, a, x);
    return naive_dot(content, x, b);
}

/* Does some value of attribute `a` (of any, if RK_NONE) belong to both? */
static bool naive_shares(const rk_snapshot_content *content, uint32_t one, uint32_t other,
                         uint32_t a) {
    const uint32_t *begin = content->item_value_begin, *value = content->item_value;
    if (content->meta.attributes == 0) return false;
    for (uint32_t i = begin[one]; i < begin[one + 1]; i++)
        for (uint32_t j = begin[other]; j < begin[other + 1]; j++) {
            if (value[i] != value[j]) continue;
            if (a == RK_NONE || (value[i] >= content->attribute_first[a] &&
                                 value[i] < content->attribute_first[a + 1]))
                return true;
        }
    return false;
}

/* Appends what is not there. */
static uint32_t add_once(uint32_t *list, uint32_t count, uint32_t item) {
    for (uint32_t i = 0; i < count; i++)
        if (list[i] == item) return count;
    list[count] = item;
    return count + 1;
}

typedef struct naive_session {
    uint32_t liked[RK_MAX_SESSION], liked_count; /* different ones, last first */
    uint32_t disliked[RK_MAX_SESSION], disliked_count;
    uint32_t all[RK_MAX_SESSION], all_count;
    uint32_t negative;
    uint32_t of_type[TYPE_COUNT];
    int64_t now_ms; /* 0: unknown */
} naive_session;

static naive_session read_session(const bench *b) {
    const rk_request *request = &b->random.request;
    naive_session s = {.liked_count = 0};
    for (uint32_t j = 0; j < b->query.seed_count; j++)
        s.liked_count = add_once(s.liked, s.liked_count, b->seeds[j]);
    for (uint32_t i = request->session_count; i-- > 0;) {
        const rk_event event = request->session[i];
        const bool negative = b->content.type_weight[event.type] < 0.0f;
        if (negative) s.disliked_count = add_once(s.disliked, s.disliked_count, event.item);
        s.all_count = add_once(s.all, s.all_count, event.item);
        s.negative += negative;
        s.of_type[event.type]++;
    }
    s.disliked_count = RK_MIN(s.disliked_count, 8);
    s.now_ms = request->time_ms;
    if (s.now_ms == 0 && request->session_count > 0)
        s.now_ms = request->session[request->session_count - 1].time_ms;
    if (b->content.meta.time_kind != RK_TIME_UNIX_MS) s.now_ms = 0;
    return s;
}

static void naive_attributes(const bench *b, uint32_t item, const naive_session *s, double *out) {
    const rk_snapshot_content *content = &b->content;
    uint32_t slot = 0;
    for (uint32_t a = 0; a < content->meta.attributes && slot < 4; a++) {
        if (content->attribute_kind[a] == RK_ATTRIBUTE_NUMBER) continue;
        double shared = 0.0, all = 0.0;
        for (uint32_t j = 0; j < RK_MIN(b->query.seed_count, 24); j++) {
            all += pow(0.9, j);
            if (naive_shares(content, b->seeds[j], item, a)) shared += pow(0.9, j);
        }
        out[RK_FEATURE_attribute_0 + slot++] = all > 0.0 ? shared / all : 0.0;
    }
    double sharing = 0.0;
    for (uint32_t j = 0; j < s->disliked_count; j++)
        sharing += naive_shares(content, s->disliked[j], item, RK_NONE);
    if (s->disliked_count > 0) out[RK_FEATURE_dislike_attribute] = sharing / s->disliked_count;
}

static void naive_time(const bench *b, uint32_t item, const naive_session *s, double *out) {
    if (s->now_ms == 0) return;
    const double tau = 6.283185307179586, minutes = floor((double)s->now_ms / 60000.0);
    const double days = floor(minutes / 1440.0);
    const double hour = floor((minutes - days * 1440.0) / 60.0);
    const double weekday = days + 4.0 - 7.0 * floor((days + 4.0) / 7.0);
    out[RK_FEATURE_hour_sin] = sin(tau * hour / 24.0);
    out[RK_FEATURE_hour_cos] = cos(tau * hour / 24.0);
    out[RK_FEATURE_weekday_sin] = sin(tau * weekday / 7.0);
    out[RK_FEATURE_weekday_cos] = cos(tau * weekday / 7.0);
    if (b->content.born == NULL || b->content.born[item] == 0) return;
    out[RK_FEATURE_age] = log1p(RK_MAX(0.0, minutes - (double)b->content.born[item]) / 1440.0);
}

static void naive_likes(const bench *b, uint32_t item, const naive_session *s, double *out) {
    const rk_snapshot_content *content = &b->content;
    for (uint32_t j = 0; j < RK_MIN(s->liked_count, 4); j++) {
        const double cosine = naive_cosine(content, s->liked[j], item);
        if (j == 0) out[RK_FEATURE_cosine_last] = out[RK_FEATURE_cosine_best] = cosine;
        out[RK_FEATURE_cosine_best] = RK_MAX(out[RK_FEATURE_cosine_best], cosine);
    }
    if (s->liked_count > 0) {
        out[RK_FEATURE_follows_last] = naive_strength(content, s->liked[0], item);
        out[RK_FEATURE_leads_last] = naive_strength(content, item, s->liked[0]);
    }
    if (s->liked_count > 1)
        out[RK_FEATURE_follows_before] = naive_strength(content, s->liked[1], item);
    for (uint32_t j = 0; j < s->disliked_count; j++) {
        const double cosine = naive_cosine(content, s->disliked[j], item);
        const double strength = naive_strength(content, s->disliked[j], item);
        if (j == 0 || cosine > out[RK_FEATURE_dislike_cosine])
            out[RK_FEATURE_dislike_cosine] = cosine;
        out[RK_FEATURE_dislike_follows] = RK_MAX(out[RK_FEATURE_dislike_follows], strength);
    }
}

static void naive_user(const bench *b, uint32_t item, const naive_session *s, double *out) {
    const rk_snapshot_content *content = &b->content;
    const rk_request *request = &b->random.request;
    double user[RK_MAX_DIM] = {0};
    for (uint32_t f = 0; f < request->feature_count; f++)
        for (uint32_t d = 0; d < content->meta.dim; d++)
            user[d] +=
                (double)content->feature_vectors[request->features[f] * content->meta.dim + d];
    out[RK_FEATURE_user_features] = naive_dot(content, user, item);
    const double events = request->session_count;
    for (uint32_t t = 0; t < content->meta.tasks; t++) {
        const rk_task task = content->tasks[t];
        const uint8_t rate = content->task_rate[item * content->meta.tasks + t];
        out[RK_FEATURE_item_rate_0 + t] =
            rate == 255 ? (double)task.base_rate : (double)rate / 254.0;
        out[RK_FEATURE_user_rate_0 + t] =
            (s->of_type[task.type] + 5.0 * (double)task.base_rate) / (events + 5.0);
    }
}

/* rk_nearness has its own tests; what it is asked from is the question here. */
static double naive_nearness(const bench *b, uint32_t item, const naive_session *s) {
    const rk_request *request = &b->random.request;
    if (b->content.place == NULL || !rk_has_place(b->content.place[item])) return 0.0;
    rk_anchors anchors = rk_anchors_none(b->content.meta.nearby_km);
    const rk_place here = {request->latitude, request->longitude};
    if (request->flags & RK_REQUEST_LOCATION) {
        rk_anchors_add(&anchors, here, 1.0f);
    } else {
        float weight = 1.0f;
        for (uint32_t j = 0; j < s->liked_count && anchors.count < RK_MAX_ANCHORS; j++) {
            if (!rk_has_place(b->content.place[s->liked[j]])) continue;
            rk_anchors_add(&anchors, b->content.place[s->liked[j]], weight);
            weight *= 0.8f;
        }
    }
    if (anchors.count == 0) return 0.0;
    return (double)rk_nearness(&anchors, rk_point_of(b->content.place[item]));
}

static void naive_features(const bench *b, uint32_t place, double out[RK_FEATURE_COUNT]) {
    const rk_snapshot_content *content = &b->content;
    const rk_request *request = &b->random.request;
    const naive_session s = read_session(b);
    const uint32_t item = b->item[place];
    memset(out, 0, RK_FEATURE_COUNT * sizeof *out);
    out[RK_FEATURE_blend] = (double)b->blends[place];
    for (uint32_t source = 0; source < RK_SOURCE_COUNT; source++) {
        if (b->available >> source & 1u)
            out[RK_FEATURE_score_popular + source] = (double)b->score[source][place];
        const uint32_t rank = b->rank[source][place];
        if (rank > 0) out[RK_FEATURE_place_popular + source] = 1.0 / log2(1.0 + rank);
        out[RK_FEATURE_sources] += (b->sources[place] >> source & 1u) / (double)RK_SOURCE_COUNT;
    }
    const double top = log1p((double)content->popularity[content->popular[0]]);
    out[RK_FEATURE_popularity] = log1p((double)content->popularity[item]) / top;
    naive_likes(b, item, &s, out);
    naive_time(b, item, &s, out);
    naive_attributes(b, item, &s, out);
    naive_user(b, item, &s, out);
    out[RK_FEATURE_nearness] = naive_nearness(b, item, &s);
    double times = 0.0;
    for (uint32_t i = 0; i < request->session_count; i++) {
        if (request->session[i].item != item) continue;
        times++;
        out[RK_FEATURE_repeat_recency] = 1.0 / (double)(request->session_count - i);
    }
    out[RK_FEATURE_repeats] = log1p(times);
    out[RK_FEATURE_session_length] = log1p(b->query.seed_count);
    if (request->session_count == 0) return;
    out[RK_FEATURE_session_variety] = (double)s.all_count / request->session_count;
    out[RK_FEATURE_dislike_share] = (double)s.negative / request->session_count;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void ask_features(bench *b, float *retrieval, float *all) {
    rk_features_begin(b->context, &b->query, b->available);
    rk_features_retrieval(b->context, &b->query, &b->candidates, b->blends, retrieval);
    rk_features_all(b->context, &b->query, &b->candidates, b->blends, b->places, b->chosen, all);
    rk_features_end(b->context);
}

static float retrieval_rows[RK_MAX_CANDIDATES * RK_FIRST_INPUTS];
static float all_rows[RK_MAX_CANDIDATES * RK_FEATURE_COUNT];

/* `seen` counts values other than 0, a feature each. Dots are of codes of 15 bits. */
static void check_case(bench *b, uint64_t seen[RK_FEATURE_COUNT]) {
    memset(all_rows, 0x7F, sizeof all_rows);
    ask_features(b, retrieval_rows, all_rows);
    for (uint32_t i = 0; i < b->chosen; i++) {
        const float *row = all_rows + i * RK_FEATURE_COUNT;
        double expected[RK_FEATURE_COUNT];
        naive_features(b, b->places[i], expected);
        for (uint32_t f = 0; f < RK_FEATURE_COUNT; f++) {
            const bool dot = f == RK_FEATURE_cosine_last || f == RK_FEATURE_cosine_best ||
                             f == RK_FEATURE_dislike_cosine || f == RK_FEATURE_user_features;
            const double bound = dot ? 2e-3 : 2e-6 * (1.0 + fabs(expected[f]));
            if (!(fabs((double)row[f] - expected[f]) <= bound))
                fail_msg("%s of item %u: %g, not %g", rk_feature_label(f), b->item[b->places[i]],
                         (double)row[f], expected[f]);
            if (expected[f] == 0.0) assert_true(row[f] == 0.0f);
            seen[f] += row[f] != 0.0f;
        }
        assert_memory_equal(row, retrieval_rows + b->places[i] * RK_FIRST_INPUTS,
                            RK_FIRST_INPUTS * sizeof *row);
    }
}

static void every_feature_is_its_definition(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 30);
    uint64_t seen[RK_FEATURE_COUNT] = {0};
    for (uint32_t i = 0; i < 300; i++) {
        make_case(&full, &rng);
        if (i % 10 == 0) // before 1970
            full.random.request.time_ms = -1 - (int64_t)rk_rng_u32(&rng) * 100;
        check_case(&full, seen);
    }
    for (uint32_t f = 0; f < RK_FEATURE_COUNT; f++) {
        const bool never =
            f == RK_FEATURE_bandit_mean ||
            (f >= RK_FEATURE_item_rate_0 + TYPE_COUNT && f < RK_FEATURE_user_rate_0) ||
            (f >= RK_FEATURE_user_rate_0 + TYPE_COUNT && f < RK_FEATURE_bandit_mean);
        if ((seen[f] > 0) == never) fail_msg("%s: %d values", rk_feature_label(f), (int)seen[f]);
    }
}

/* No place, attribute, task, age, tower: everything of them is 0. */
static void what_a_snapshot_lacks_is_zero(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 31);
    uint64_t seen[RK_FEATURE_COUNT] = {0};
    for (uint32_t i = 0; i < 100; i++) {
        make_case(&bare, &rng);
        check_case(&bare, seen);
    }
    static const uint32_t absent[] = {
        RK_FEATURE_age,         RK_FEATURE_attribute_0,      RK_FEATURE_attribute_3,
        RK_FEATURE_nearness,    RK_FEATURE_hour_sin,         RK_FEATURE_hour_cos,
        RK_FEATURE_weekday_cos, RK_FEATURE_user_features,    RK_FEATURE_item_rate_0,
        RK_FEATURE_user_rate_0, RK_FEATURE_dislike_attribute};
    for (uint32_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_int_equal(seen[absent[i]], 0);
    assert_true(seen[RK_FEATURE_cosine_last] > 0);
}

/* Without a session, a time, a location and a user, what is left is the item's own. */
static void an_empty_request_has_no_cross_features(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 32);
    make_case(&full, &rng);
    full.random.request = (rk_request){.count = 20};
    full.available = 0;
    begin_query(&full);
    make_candidates(&full, &rng);
    ask_features(&full, retrieval_rows, all_rows);
    for (uint32_t i = 0; i < full.chosen; i++)
        for (uint32_t f = RK_FEATURE_sources; f < RK_FEATURE_COUNT; f++)
            if (f < RK_FEATURE_item_rate_0 || f >= RK_FEATURE_user_rate_0 + TYPE_COUNT)
                assert_true(all_rows[i * RK_FEATURE_COUNT + f] == 0.0f);
}

/* Nothing of a query is left in the context: a fresh one answers with the same bits. */
static void contexts_forget(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 33);
    static float fresh_rows[RK_MAX_CANDIDATES * RK_FEATURE_COUNT];
    for (uint32_t i = 0; i < 30; i++) {
        make_case(&full, &rng);
        ask_features(&full, retrieval_rows, all_rows);
        rk_feature_context *used = full.context;
        full.context = new_context(&full.content);
        ask_features(&full, retrieval_rows, fresh_rows);
        full.context = used;
        assert_memory_equal(all_rows, fresh_rows,
                            full.chosen * RK_FEATURE_COUNT * sizeof *all_rows);
    }
}

static void check_bounded(bench *b) {
    ask_features(b, retrieval_rows, all_rows);
    for (uint32_t i = 0; i < b->chosen * RK_FEATURE_COUNT; i++)
        assert_true(all_rows[i] >= -0x1p20f && all_rows[i] <= 0x1p20f);
    for (uint32_t i = 0; i < b->candidates.count * RK_FIRST_INPUTS; i++)
        assert_true(retrieval_rows[i] >= -0x1p20f && retrieval_rows[i] <= 0x1p20f);
}

/* The largest values that verify lets through, and times that no calendar has. */
static void features_are_finite_whatever_the_input(void **state) {
    (void)state;
    static const int64_t times[] = {INT64_MIN, INT64_MIN + 1, -1, 1, INT64_MAX};
    rk_rng rng = rk_rng_at(test_seed(), 34);
    static bench extreme;
    set_up(&extreme, with_all_parts((snapshot_shape){
                         .items = MOST_ITEMS, .dim = 256, .neighbors = 9, .popular_rows = 9}));
    rk_snapshot_content *content = &extreme.content;
    float *large = TAKE(&memory, float, (uint64_t)MOST_ITEMS * 256);
    float *popularity = TAKE(&memory, float, MOST_ITEMS);
    for (uint32_t i = 0; i < MOST_ITEMS * 256; i++) large[i] = i % 3 ? 0x1p20f : -0x1p20f;
    for (uint32_t i = 0; i < MOST_ITEMS; i++) popularity[i] = i % 2 ? 0x1p64f : 1e-45f;
    rk_vector_factor *factors = TAKE(&memory, rk_vector_factor, MOST_ITEMS);
    for (uint32_t i = 0; i < MOST_ITEMS; i++) factors[i] = (rk_vector_factor){0x1p20f, 0x1p20f};
    content->vector_mean = content->feature_vectors = large;
    content->vector_factors = factors;
    content->popularity = popularity;
    extreme.context = new_context(content);
    for (uint32_t i = 0; i < 50; i++) {
        make_case(&extreme, &rng);
        extreme.random.request.time_ms = times[i % 5];
        if (i % 2) extreme.random.request.latitude = -90.0f;
        begin_query(&extreme);
        for (uint32_t place = 0; place < extreme.candidates.count; place++) {
            extreme.blends[place] = place % 2 ? 3e38f : -3e38f;
            for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) extreme.score[s][place] = -3e38f;
        }
        check_bounded(&extreme);
    }
}

static void labels_are_those_of_the_list(void **state) {
    (void)state;
    assert_string_equal(rk_feature_label(0), "blend");
    assert_string_equal(rk_feature_label(RK_FEATURE_bandit_mean), "bandit_mean");
    assert_string_equal(rk_feature_label(RK_FEATURE_COUNT), "");
    const float row[RK_FEATURE_COUNT] = {[0] = 2.0f, [RK_FEATURE_COUNT - 1] = 3.0f};
    assert_true(rk_feature_of(row, 0) == 2.0f && rk_feature_of(row, RK_FEATURE_COUNT - 1) == 3.0f);
    assert_true(rk_feature_of(row, RK_MAX_RANK_INPUTS - 1) == 0.0f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_feature_is_its_definition),
        cmocka_unit_test(what_a_snapshot_lacks_is_zero),
        cmocka_unit_test(an_empty_request_has_no_cross_features),
        cmocka_unit_test(contexts_forget),
        cmocka_unit_test(features_are_finite_whatever_the_input),
        cmocka_unit_test(labels_are_those_of_the_list),
    };
    return cmocka_run_group_tests(tests, make_benches, free_benches);
}
