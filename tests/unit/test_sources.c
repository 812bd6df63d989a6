/* One conformance suite for every row of the source table. A new source passes it or is not done.
 *
 * Each test runs over all sources and over snapshots and requests chosen to hurt: everything
 * blocked, an empty session, equal scores, popularities that differ by less than their scores can
 * show, a catalogue of one item. */
#include "naive_places.h"

#include "serve/vector_search.h"

enum { MOST_ITEMS = 700, MOST_BLOCKS = MOST_ITEMS / 32 + 1 };

/* One snapshot with the scratch of a query over it. */
typedef struct bench {
    const char *name;
    rk_snapshot_content content;
    float neighbor_weights[RK_NEIGHBOR_CODES];
    float neighbor_sum[MOST_ITEMS];
    uint32_t touched[MOST_ITEMS], blocked[MOST_BLOCKS], seen[MOST_BLOCKS];
    rk_vector_search searches[RK_SEARCH_COUNT];
    rk_scored coarse[RK_SEARCH_COUNT * RK_COARSE_ROOM];
    uint32_t seeds[RK_MAX_SESSION];
    float seed_weights[RK_MAX_SESSION];
    rk_request request;
    uint32_t features[2];
    float weight; /* of a seed, or three times that */
} bench;

enum { BENCHES = 9 };
static bench benches[BENCHES];
static rk_memory memory;

static void set_up(bench *b, const char *name, snapshot_shape shape) {
    b->name = name;
    b->weight = 1.0f;
    b->content = make_random_snapshot(shape, &memory);
    rk_neighbor_weights(b->content.meta.neighbor_scale, b->neighbor_weights);
    for (uint32_t which = 0; which < RK_SEARCH_COUNT; which++)
        b->searches[which].found = TAKE(&memory, rk_scored, RK_MAX_QUOTA);
}

/* A ranking of popularities a rounding step apart: dividing by the top one makes many equal. */
static void set_close_popularity(bench *b) {
    const uint32_t items = b->content.meta.items;
    float *popularity = TAKE(&memory, float, items);
    uint32_t *popular = TAKE(&memory, uint32_t, items);
    for (uint32_t i = 0; i < items; i++) {
        popularity[i] = i == 0 ? 3.75f : 1.9375f + (float)i * 0x1p-23f; // over .5: half a step each
        popular[i] = i == 0 ? 0 : items - i;
    }
    b->content.popularity = popularity;
    b->content.popular = popular;
    b->content.meta.popular_count = items;
}

/* The smallest numbers that verify lets through. */
static void set_tiny_numbers(bench *b) {
    const uint32_t items = b->content.meta.items;
    float *popularity = TAKE(&memory, float, items);
    uint32_t *popular = TAKE(&memory, uint32_t, items);
    for (uint32_t i = 0; i < items; i++) {
        popularity[i] = i < items / 2 ? 1e-45f : 0.0f;
        popular[i] = i;
    }
    b->content.popularity = popularity;
    b->content.popular = popular;
    b->content.meta.popular_count = items;
    b->content.meta.neighbor_scale = 1e-40f;
    rk_neighbor_weights(b->content.meta.neighbor_scale, b->neighbor_weights);
}

static int make_benches(void **state) {
    (void)state;
    snapshot_shape shape = with_all_parts(
        (snapshot_shape){.items = 300, .dim = 20, .neighbors = 24, .popular_rows = 300, .seed = 1});
    set_up(&benches[0], "plain", shape);
    shape.popular_rows = 20;
    shape.items = MOST_ITEMS;
    set_up(&benches[1], "short popular list", shape);
    shape.popular_rows = 0;
    shape.items = 65;
    set_up(&benches[2], "no popular list", shape);
    shape.items = 200;
    set_up(&benches[3], "close popularity", shape);
    set_close_popularity(&benches[3]);
    set_up(&benches[4], "tiny numbers", shape);
    set_tiny_numbers(&benches[4]);
    set_up(&benches[7], "tiny weights", shape);
    benches[7].weight = 1e-44f;
    shape.neighbors = 0;
    set_up(&benches[5], "no neighbours", shape);
    shape = with_all_parts((snapshot_shape){.items = 1, .dim = 4, .popular_rows = 1, .seed = 2});
    set_up(&benches[6], "one item", shape);
    shape = (snapshot_shape){.items = 90, .dim = 8, .neighbors = 9, .popular_rows = 9, .seed = 3};
    set_up(&benches[8], "no optional part", shape);
    return 0;
}

static int free_benches(void **state) {
    (void)state;
    rk_memory_free(&memory);
    return 0;
}

/* A failed test leaves its scratch as it was. */
static int clear_scratch(void **state) {
    (void)state;
    for (uint32_t b = 0; b < BENCHES; b++)
        memset(benches[b].neighbor_sum, 0, sizeof benches[b].neighbor_sum);
    return 0;
}

/* Where and who the user is, at random. */
static void make_user(bench *b, rk_rng *rng) {
    const rk_place place = random_place(rng);
    b->request = (rk_request){.seed = rk_rng_u64(rng),
                              .latitude = place.latitude,
                              .longitude = place.longitude,
                              .features = b->features};
    if (rk_rng_u32(rng) & 1) b->request.flags |= RK_REQUEST_LOCATION;
    if (rk_rng_u32(rng) & 1) b->request.flags |= RK_REQUEST_KEEP_SEEN;
    if (b->content.meta.feature_rows == 0) return;
    b->request.feature_count = rk_rng_below(rng, 3);
    for (uint32_t f = 0; f < 2; f++)
        b->features[f] = rk_rng_below(rng, b->content.meta.feature_rows);
}

/* A query with random seeds and a random bitmap that leaves about `open` of 4 items open. */
static rk_query make_query(bench *b, rk_rng *rng, uint32_t seed_count, uint32_t open) {
    const uint32_t items = b->content.meta.items;
    memset(b->blocked, 0, sizeof b->blocked);
    for (uint32_t item = 0; item < items; item++) {
        if (rk_rng_below(rng, 4) >= open) b->blocked[item / 32] |= 1u << (item % 32);
    }
    for (uint32_t j = 0; j < seed_count; j++) {
        b->seeds[j] = rk_rng_below(rng, items);
        b->seed_weights[j] = (rk_rng_u32(rng) & 1 ? 1.0f : 3.0f) * b->weight;
    }
    make_user(b, rng);
    memcpy(b->seen, b->blocked, sizeof b->seen);
    for (uint32_t j = 0; j < seed_count; j++) {
        b->seen[b->seeds[j] / 32] |= 1u << (b->seeds[j] % 32);
        if (!(b->request.flags & RK_REQUEST_KEEP_SEEN))
            b->blocked[b->seeds[j] / 32] |= 1u << (b->seeds[j] % 32);
    }
    return (rk_query){.snapshot = &b->content,
                      .request = &b->request,
                      .seeds = b->seeds,
                      .seed_weights = b->seed_weights,
                      .seed_count = seed_count,
                      .blocked = b->blocked,
                      .seen = b->seen,
                      .neighbor_weights = b->neighbor_weights,
                      .neighbor_sum = b->neighbor_sum,
                      .touched = b->touched,
                      .searches = b->searches,
                      .coarse = b->coarse};
}

/* What the engine does after a query. */
static void restore(rk_query *query) {
    for (uint32_t i = 0; i < query->touched_count; i++)
        query->neighbor_sum[query->touched[i]] = 0.0f;
}

typedef void visit_fn(bench *b, rk_query *query, const rk_source *source, uint32_t s);

/* Every available source, over every bench, sessions of several lengths, every selectivity. */
static void for_every_case(uint32_t stream, visit_fn *visit) {
    static const uint32_t seed_counts[] = {0, 1, 2, 5, 40, RK_MAX_SESSION};
    rk_rng rng = rk_rng_at(test_seed(), stream);
    uint32_t visited[RK_SOURCE_COUNT] = {0};
    for (uint32_t c = 0; c < BENCHES * 6 * 5; c++) {
        bench *b = &benches[c % BENCHES];
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
            rk_query query = make_query(b, &rng, seed_counts[c / BENCHES % 6], c / BENCHES / 6);
            const rk_source *source = rk_source_at(s);
            if (source->unavailable(&query) != NULL) continue;
            source->prepare(&query);
            visit(b, &query, source, s);
            restore(&query);
            visited[s]++;
        }
    }
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) assert_true(visited[s] > 50);
}

static void fail_in(const bench *b, const rk_source *source, const char *what, uint32_t place) {
    fail_msg("%s over \"%s\": %s at %u", source->name, b->name, what, place);
}

static rk_scored list[RK_MAX_QUOTA + 1];

static void check_list(const bench *b, const rk_query *query, const rk_source *source,
                       uint32_t count, uint32_t quota) {
    bool seen[MOST_ITEMS] = {false};
    if (count > quota) fail_in(b, source, "more than the quota", count);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t item = list[i].item;
        if (item >= query->snapshot->meta.items) fail_in(b, source, "no such item", i);
        if (seen[item]) fail_in(b, source, "the same item again", i);
        seen[item] = true;
        if (rk_is_blocked(query->blocked, item)) fail_in(b, source, "a blocked item", i);
        if (!(list[i].score >= -1e6f && list[i].score <= 1e6f))
            fail_in(b, source, "a score that is no number", i);
        if (i > 0 && !rk_scored_before(list[i - 1], list[i])) fail_in(b, source, "disorder", i);
        const float score = source->score(query, item);
        if (memcmp(&score, &list[i].score, sizeof score) != 0)
            fail_in(b, source, "another score when asked", i);
    }
}

static void visit_lists(bench *b, rk_query *query, const rk_source *source, uint32_t s) {
    (void)s;
    static const uint32_t quotas[] = {0, 1, 2, 7, 64, 250, RK_MAX_QUOTA};
    for (uint32_t q = 0; q < sizeof quotas / sizeof quotas[0]; q++) {
        list[quotas[q]].item = 0xDEADBEEF;
        const uint32_t count = source->retrieve(query, quotas[q], list);
        check_list(b, query, source, count, quotas[q]);
        assert_int_equal(list[quotas[q]].item, 0xDEADBEEF); // nothing is written past the quota
    }
}

static void lists_keep_the_rules(void **state) {
    (void)state;
    for_every_case(70, visit_lists);
}

/* Does the source keep to items that it lists, so that a better one may be left out? */
static bool is_beyond_list(const rk_query *query, uint32_t s, uint32_t item) {
    const rk_snapshot_content *content = query->snapshot;
    if (s != RK_SOURCE_TRENDING) return false;
    for (uint32_t i = 0; i < content->meta.trending_count; i++)
        if (content->trending_top[i] == item) return false;
    return true;
}

/* `similar`, `nearby` and `explore` know only items that have some score. */
static bool is_brought_at_zero(uint32_t s) {
    return s != RK_SOURCE_SIMILAR && s != RK_SOURCE_NEARBY && s != RK_SOURCE_EXPLORE;
}

/* With room for all, no item outside the list would have been in it. The index promises its coarse
 * best, rings what is near: there is another test for each. */
static void visit_best(bench *b, rk_query *query, const rk_source *source, uint32_t s) {
    const uint32_t items = query->snapshot->meta.items, quota = 20;
    const bool scans = s == RK_SOURCE_SESSION || s == RK_SOURCE_USER;
    const bool exact = !(scans && items > RK_COARSE_LEAST) && s != RK_SOURCE_NEARBY;
    const uint32_t count = source->retrieve(query, quota, list);
    for (uint32_t item = 0; item < items; item++) {
        if (rk_is_blocked(query->blocked, item) || is_beyond_list(query, s, item)) continue;
        bool listed = false;
        for (uint32_t i = 0; i < count; i++) listed |= list[i].item == item;
        const rk_scored other = {source->score(query, item), item};
        if (listed) continue;
        if (count < quota && (other.score != 0.0f || is_brought_at_zero(s)))
            fail_in(b, source, "a list left short of an item", item);
        if (exact && count > 0 && count == quota && rk_scored_before(other, list[count - 1]))
            fail_in(b, source, "a better item left out", item);
    }
}

static void lists_are_the_best(void **state) {
    (void)state;
    for_every_case(71, visit_best);
}

/* Many items at once have the scores that each has by itself. */
static void check_scores_at_once(const bench *b, const rk_query *query, const rk_source *source) {
    uint32_t items[MOST_ITEMS] = {0};
    float scores[MOST_ITEMS];
    const uint32_t count = query->snapshot->meta.items;
    if (source->score_items == NULL) return;
    for (uint32_t i = 0; i < count; i++) items[i] = count - 1 - i;
    source->score_items(query, items, count, scores);
    for (uint32_t i = 0; i < count; i++) {
        const float score = source->score(query, items[i]);
        if (memcmp(&score, &scores[i], sizeof score) != 0)
            fail_in(b, source, "another score among many", items[i]);
    }
}

static void visit_scores(bench *b, rk_query *query, const rk_source *source, uint32_t s) {
    check_scores_at_once(b, query, source);
    for (uint32_t item = 0; item < query->snapshot->meta.items; item++) {
        if (rk_is_blocked(query->blocked, item)) continue;
        const float score = source->score(query, item);
        const bool cosine = s == RK_SOURCE_SESSION || s == RK_SOURCE_USER;
        const float repeats = s == RK_SOURCE_SESSION ? 0.5f : 0.0f;
        const float least = cosine ? -1.1f - repeats : 0.0f;
        const float most = cosine ? 1.1f + repeats : 1.0f;
        if (!(score >= least && score <= most))
            fail_in(b, source, "a score outside the stated range", item);
    }
}

static void scores_stay_in_their_range(void **state) {
    (void)state;
    for_every_case(72, visit_scores);
}

/* Retrieving and scoring change nothing that later calls see. */
static void visit_again(bench *b, rk_query *query, const rk_source *source, uint32_t s) {
    (void)s;
    static rk_scored first[RK_MAX_QUOTA];
    const uint32_t count = source->retrieve(query, 100, list);
    memcpy(first, list, sizeof first);
    for (uint32_t item = 0; item < query->snapshot->meta.items; item++)
        (void)source->score(query, item);
    if (source->retrieve(query, 100, list) != count ||
        (count > 0 && memcmp(first, list, count * sizeof *list) != 0))
        fail_in(b, source, "another list the second time", count);
}

static void the_same_query_twice(void **state) {
    (void)state;
    for_every_case(73, visit_again);
}

/* After the engine's clearing the dense scratch is zero, so touched lists every item touched. */
static void visit_scratch(bench *b, rk_query *query, const rk_source *source, uint32_t s) {
    (void)s;
    source->retrieve(query, 50, list);
    restore(query);
    for (uint32_t item = 0; item < MOST_ITEMS; item++) {
        if (b->neighbor_sum[item] != 0.0f) fail_in(b, source, "a sum left behind", item);
    }
    for (uint32_t i = 0; i < query->touched_count; i++) {
        for (uint32_t j = i + 1; j < query->touched_count; j++) {
            if (b->touched[i] == b->touched[j]) fail_in(b, source, "touched twice", b->touched[i]);
        }
    }
}

static void scratch_is_restored(void **state) {
    (void)state;
    for_every_case(74, visit_scratch);
}

/* ---- why a source is off ---- */

static const char *reason_of(bench *b, uint32_t s, rk_query query) {
    query.snapshot = &b->content;
    query.request = &b->request;
    const char *reason = rk_source_at(s)->unavailable(&query);
    assert_true(reason == NULL || strlen(reason) > 0);
    return reason;
}

static void an_unavailable_source_says_why(void **state) {
    (void)state;
    bench *plain = &benches[0], *bare = &benches[8];
    static const uint32_t seeds[1] = {0};
    static const float weights[1] = {1.0f};
    const rk_query nobody = {.seed_count = 0},
                   someone = {.seeds = seeds, .seed_weights = weights, .seed_count = 1};
    plain->request = bare->request = (rk_request){.count = 1};
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        assert_true(strlen(rk_source_at(s)->name) > 0);
        assert_string_equal(rk_source_at(s)->name, rk_source_name(s));
        assert_null(reason_of(plain, s, someone));
    }
    static const char *const empty[RK_SOURCE_COUNT] = {
        [RK_SOURCE_SIMILAR] = "the session is empty",
        [RK_SOURCE_SESSION] = "the session is empty",
        [RK_SOURCE_NEARBY] = "there is no location, and no place in the session",
        [RK_SOURCE_USER] = "the session is empty, and no feature of the user is known"};
    static const char *const absent[RK_SOURCE_COUNT] = {
        [RK_SOURCE_TRENDING] = "the log has no times to compare",
        [RK_SOURCE_NEARBY] = "the items have no places",
        [RK_SOURCE_USER] = "the snapshot has no user tower",
        [RK_SOURCE_EXPLORE] = "no item is left to explore"};
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        const char *given = reason_of(plain, s, nobody), *lacking = reason_of(bare, s, someone);
        if (empty[s] != NULL) assert_string_equal(given, empty[s]);
        if (absent[s] != NULL) assert_string_equal(lacking, absent[s]);
        if (empty[s] == NULL) assert_null(given);
        if (absent[s] == NULL) assert_null(lacking);
    }
    bare->content.meta.time_kind = RK_TIME_UNIX_MS;
    assert_string_equal(reason_of(bare, RK_SOURCE_TRENDING, someone),
                        "nothing in the log is rising");
    bare->content.meta.time_kind = RK_TIME_NONE;
    assert_string_equal(reason_of(&benches[5], RK_SOURCE_SIMILAR, someone),
                        "no two items were seen together");
    assert_string_equal(reason_of(&benches[2], RK_SOURCE_POPULAR, someone),
                        "the snapshot lists no popular items");
    assert_string_equal(rk_source_name(RK_SOURCE_COUNT), "");
    assert_string_equal(rk_source_name(UINT32_MAX), "");
}

/* A location or a feature is enough for an empty session; a seed without a place is no place. */
static void a_signal_turns_a_source_on(void **state) {
    (void)state;
    bench *plain = &benches[0];
    static const uint32_t placeless[1] = {6}, feature[1] = {3};
    const rk_query nobody = {.seed_count = 0}, someone = {.seeds = placeless, .seed_count = 1};
    plain->request = (rk_request){.count = 1};
    assert_false(rk_has_place(plain->content.place[6]));
    assert_non_null(reason_of(plain, RK_SOURCE_NEARBY, someone));
    plain->request.flags = RK_REQUEST_LOCATION;
    assert_null(reason_of(plain, RK_SOURCE_NEARBY, nobody));
    plain->request.features = feature;
    plain->request.feature_count = 1;
    assert_null(reason_of(plain, RK_SOURCE_USER, nobody));
}

/* ---- one source each ---- */

/* Both searches in one pass answer like each by itself. */
static void both_searches_at_once(void **state) {
    (void)state;
    static rk_scored alone[RK_MAX_QUOTA];
    rk_rng rng = rk_rng_at(test_seed(), 75);
    for (uint32_t round = 0; round < 60; round++) {
        bench *b = &benches[round % 2];
        rk_query query = make_query(b, &rng, 1 + rk_rng_below(&rng, 8), 3);
        static const uint32_t sources[RK_SEARCH_COUNT] = {RK_SOURCE_SESSION, RK_SOURCE_USER};
        uint32_t quotas[RK_SEARCH_COUNT];
        for (uint32_t w = 0; w < RK_SEARCH_COUNT; w++) {
            quotas[w] = 1 + rk_rng_below(&rng, 200);
            rk_source_at(sources[w])->prepare(&query);
        }
        rk_vector_search_all(&query, quotas);
        for (uint32_t w = 0; w < RK_SEARCH_COUNT; w++) {
            const rk_source *source = rk_source_at(sources[w]);
            const uint32_t count = source->retrieve(&query, quotas[w], list);
            source->prepare(&query);
            assert_int_equal(source->retrieve(&query, quotas[w], alone), count);
            if (count > 0) assert_memory_equal(list, alone, count * sizeof *list);
        }
    }
}

/* Every place in the ring by its definition, scored and sorted. */
static void nearby_is_the_best_of_its_ring(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 76);
    const rk_source *nearby = rk_source_at(RK_SOURCE_NEARBY);
    uint32_t levels = 0;
    bench *b = &benches[1];
    const uint32_t popular_count = b->content.meta.popular_count;
    b->content.meta.popular_count = 0; // every share is 1: no ring is widened for want of it
    for (uint32_t round = 0; round < 1500; round++) {
        rk_query query = make_query(b, &rng, 0, 4);
        b->request.flags |= RK_REQUEST_LOCATION;
        nearby->prepare(&query);
        const rk_place at = {b->request.latitude, b->request.longitude};
        const uint32_t quota = 1 + rk_rng_below(&rng, round % 2 ? 5 : 60);
        const uint32_t level = naive_level(&b->content, at, 8 * quota);
        const uint32_t count = nearby->retrieve(&query, quota, list);
        assert_int_equal(count, quota);
        levels |= 1u << level;
        uint32_t better = 0;
        for (uint32_t item = 0; item < b->content.meta.items; item++) {
            const rk_place place = b->content.place[item];
            const rk_scored entry = {nearby->score(&query, item), item};
            if (!rk_has_place(place) || !naive_in_ring(at, level, place)) continue;
            if (!(entry.score > 0.0f)) continue;
            better += rk_scored_before(entry, list[count - 1]);
        }
        assert_int_equal(better, quota - 1);
    }
    b->content.meta.popular_count = popular_count;
    assert_true((levels & 2u) && levels >> 5); // level 1 holds all, as level 0 does
}

static const double degree = 3.14159265358979323846 / 180.0;

/* A bench whose places are spread evenly over the sphere. */
static void spread_places(bench *b, rk_rng *rng) {
    rk_place *place = TAKE(&memory, rk_place, b->content.meta.items);
    for (uint32_t item = 0; item < b->content.meta.items; item++) {
        const double height = 2.0 * rk_rng_f64(rng) - 1.0;
        place[item] =
            (rk_place){(float)(asin(height) / degree), (float)(360.0 * rk_rng_f64(rng) - 180.0)};
    }
    set_places(place, &memory, &b->content);
}

/* Equal popularity: the list is what is nearest, by another formula of distance, at the date line
 * and the poles too. */
static double arc_km(rk_place a, rk_place b) {
    const double south = sin((double)(a.latitude - b.latitude) * degree / 2.0);
    const double west = sin((double)(a.longitude - b.longitude) * degree / 2.0);
    const double h = south * south + cos((double)a.latitude * degree) *
                                         cos((double)b.latitude * degree) * west * west;
    return 2.0 * 6371.0 * asin(sqrt(h < 1.0 ? h : 1.0));
}

static void nearby_finds_the_nearest(void **state) {
    (void)state;
    enum { QUOTA = 10 };
    rk_rng rng = rk_rng_at(test_seed(), 77);
    const rk_source *nearby = rk_source_at(RK_SOURCE_NEARBY);
    bench *b = &benches[1];
    const rk_snapshot_content content = b->content;
    uint32_t wanted = 0, found = 0;
    b->content.meta.popular_count = 0; // every share is 1
    spread_places(b, &rng);
    for (uint32_t round = 0; round < 1000; round++) {
        rk_query query = make_query(b, &rng, 0, 4);
        b->request.flags |= RK_REQUEST_LOCATION;
        nearby->prepare(&query);
        const rk_place at = {b->request.latitude, b->request.longitude};
        assert_int_equal(nearby->retrieve(&query, QUOTA, list), QUOTA);
        for (uint32_t i = 1; i < QUOTA; i++)
            assert_true(arc_km(at, b->content.place[list[i - 1].item]) <
                        arc_km(at, b->content.place[list[i].item]) + 2.0);
        const double farthest = arc_km(at, b->content.place[list[QUOTA - 1].item]);
        uint32_t nearer = 0;
        for (uint32_t item = 0; item < b->content.meta.items; item++)
            nearer += arc_km(at, b->content.place[item]) < farthest - 2.0;
        wanted += nearer;
        found += RK_MIN(nearer, QUOTA - 1);
    }
    b->content = content;
    if (found < 0.97 * wanted) fail_msg("%u of %u nearest places", found, wanted);
}

/* Visits say where someone is, the last one most. */
static void nearby_follows_the_visits(void **state) {
    (void)state;
    bench *b = &benches[1];
    const rk_source *nearby = rk_source_at(RK_SOURCE_NEARBY);
    rk_rng rng = rk_rng_at(test_seed(), 78);
    for (uint32_t round = 0; round < 200; round++) {
        rk_query query = make_query(b, &rng, 20, 4);
        b->request.flags &= ~(uint32_t)RK_REQUEST_LOCATION;
        uint32_t placed[8], count = 0;
        for (uint32_t j = 0; j < query.seed_count && count < 8; j++) {
            bool again = !rk_has_place(b->content.place[query.seeds[j]]);
            for (uint32_t i = 0; i < count; i++) again |= placed[i] == query.seeds[j];
            if (!again) placed[count++] = query.seeds[j];
        }
        nearby->prepare(&query);
        assert_int_equal(query.anchors.count, count);
        float weight = 1.0f;
        for (uint32_t a = 0; a < count; a++) {
            assert_memory_equal(&query.anchors.at[a].place, &b->content.place[placed[a]],
                                sizeof(rk_place));
            assert_true(query.anchors.at[a].weight == weight);
            weight *= 0.8f;
        }
    }
}

/* 20,000 seeds: every listed item is among the first q as often as any other. */
static void explore_is_uniform(void **state) {
    (void)state;
    enum { SEEDS = 20000, QUOTA = 10 };
    bench *b = &benches[0];
    rk_rng rng = rk_rng_at(test_seed(), 79);
    rk_query query = make_query(b, &rng, 0, 4);
    const rk_source *explore = rk_source_at(RK_SOURCE_EXPLORE);
    const uint32_t n = b->content.meta.explore_count;
    static uint32_t times[MOST_ITEMS], pairs[MOST_ITEMS];
    memset(times, 0, sizeof times);
    memset(pairs, 0, sizeof pairs);
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        b->request.seed = seed;
        explore->prepare(&query);
        assert_int_equal(explore->retrieve(&query, QUOTA, list), QUOTA);
        for (uint32_t i = 0; i < QUOTA; i++) times[list[i].item]++;
        for (uint32_t i = 0; i < QUOTA && list[0].item == 0; i++) pairs[list[i].item]++;
    }
    const double p = (double)QUOTA / n, sigma = sqrt(SEEDS * p * (1.0 - p));
    uint32_t listed = 0;
    for (uint32_t item = 0; item < b->content.meta.items; item++) {
        if (times[item] == 0) continue;
        listed++;
        assert_true(fabs(times[item] - SEEDS * p) < 5.0 * sigma);
        assert_true(item == 0 || pairs[item] < 60); // no item drags another along: 18 expected
    }
    assert_int_equal(listed, n);
}

static void explore_brings_all_in_the_end(void **state) {
    (void)state;
    bench *b = &benches[0];
    rk_rng rng = rk_rng_at(test_seed(), 80);
    const rk_source *explore = rk_source_at(RK_SOURCE_EXPLORE);
    for (uint32_t round = 0; round < 200; round++) {
        rk_query query = make_query(b, &rng, 0, 4);
        explore->prepare(&query);
        assert_int_equal(explore->retrieve(&query, RK_MAX_QUOTA, list),
                         b->content.meta.explore_count);
        assert_true(list[0].score == 1.0f);
    }
}

/* Items 0..9: 1, 2 and 3 are neighbours of each other, one-way; 4, 5 and 9 of none. */
static rk_snapshot_content one_off_content(void) {
    static const uint32_t offsets[11] = {0, 1, 3, 4, 4, 5, 6, 6, 6, 6, 6}, none[11] = {0};
    static uint32_t entries[6];
    static const uint32_t to[6] = {7, 2, 7, 3, 8, 8};
    for (uint32_t i = 0; i < 6; i++) entries[i] = rk_neighbor_entry(to[i], 255);
    rk_snapshot_content content = benches[0].content;
    content.meta.items = 10;
    content.meta.neighbor_scale = 1.0f;
    content.meta.similar_decay = 1.0f;
    content.meta.outlier_weight = 0.25f;
    content.neighbors = (rk_neighbor_rows){offsets, entries};
    content.neighbors_more = (rk_neighbor_rows){none, NULL};
    return content;
}

static uint64_t outliers_of(rk_snapshot_content *content, const uint32_t *seeds, uint32_t count) {
    bench *b = &benches[0];
    rk_rng rng = rk_rng_at(1, 1);
    rk_query query = make_query(b, &rng, 0, 4);
    query.snapshot = content;
    for (uint32_t j = 0; j < count; j++) {
        b->seeds[j] = seeds[j];
        b->seed_weights[j] = 1.0f;
        b->seen[0] |= 1u << seeds[j];
    }
    query.seed_count = count;
    rk_source_at(RK_SOURCE_SIMILAR)->prepare(&query);
    restore(&query);
    return query.outliers;
}

static void one_off_clicks_count_less(void **state) {
    (void)state;
    rk_snapshot_content content = one_off_content();
    const uint32_t three[] = {1, 2, 5}, four[] = {1, 2, 3, 5}, fresh[] = {5, 1, 2, 3};
    const uint32_t repeated[] = {1, 5, 2, 5, 3, 1}, lost[] = {1, 2, 4, 5, 9},
                   lone[] = {1, 2, 4, 5, 9, 6};
    assert_int_equal(outliers_of(&content, three, 3), 0); // too few to tell
    assert_int_equal(outliers_of(&content, four, 4), 1u << 3);
    assert_int_equal(outliers_of(&content, fresh, 4), 0); // the most recent may be fresh intent
    assert_int_equal(outliers_of(&content, repeated, 6), 1u << 1 | 1u << 3);
    assert_int_equal(outliers_of(&content, lost, 5), 1u << 2 | 1u << 3 | 1u << 4); // half of four
    assert_int_equal(outliers_of(&content, lone, 6), 0); // two of five: nobody is the odd one
    content.meta.outlier_weight = 0.0f;
    assert_int_equal(outliers_of(&content, four, 4), 0);
    content.meta.outlier_weight = 1.0f;
    assert_int_equal(outliers_of(&content, four, 4), 0);
}

static void a_one_off_click_keeps_its_share(void **state) {
    (void)state;
    rk_snapshot_content content = one_off_content();
    bench *b = &benches[0];
    rk_rng rng = rk_rng_at(1, 1);
    rk_query query = make_query(b, &rng, 0, 4);
    const float *weights = query.neighbor_weights;
    float scaled[RK_NEIGHBOR_CODES];
    rk_neighbor_weights(1.0f, scaled);
    query.neighbor_weights = scaled;
    query.snapshot = &content;
    static const uint32_t seeds[] = {1, 2, 3, 5}; // 7 by 1 counts one, 8 by 5 a quarter
    for (uint32_t j = 0; j < 4; j++) {
        b->seeds[j] = seeds[j];
        b->seed_weights[j] = 1.0f;
        b->seen[0] |= 1u << seeds[j];
        b->blocked[0] |= 1u << seeds[j];
    }
    query.seed_count = 4;
    const rk_source *similar = rk_source_at(RK_SOURCE_SIMILAR);
    similar->prepare(&query);
    assert_true(similar->score(&query, 7) == 1.0f);
    assert_true(similar->score(&query, 8) == 0.25f);
    restore(&query);
    query.neighbor_weights = weights;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lists_keep_the_rules, clear_scratch),
        cmocka_unit_test_setup(lists_are_the_best, clear_scratch),
        cmocka_unit_test_setup(scores_stay_in_their_range, clear_scratch),
        cmocka_unit_test_setup(the_same_query_twice, clear_scratch),
        cmocka_unit_test_setup(scratch_is_restored, clear_scratch),
        cmocka_unit_test(an_unavailable_source_says_why),
        cmocka_unit_test(a_signal_turns_a_source_on),
        cmocka_unit_test_setup(both_searches_at_once, clear_scratch),
        cmocka_unit_test(nearby_is_the_best_of_its_ring),
        cmocka_unit_test(nearby_finds_the_nearest),
        cmocka_unit_test(nearby_follows_the_visits),
        cmocka_unit_test(explore_is_uniform),
        cmocka_unit_test(explore_brings_all_in_the_end),
        cmocka_unit_test_setup(one_off_clicks_count_less, clear_scratch),
        cmocka_unit_test_setup(a_one_off_click_keeps_its_share, clear_scratch),
    };
    return cmocka_run_group_tests(tests, make_benches, free_benches);
}
