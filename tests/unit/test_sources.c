/* One conformance suite for every row of the source table. A new source passes it or is not done.
 *
 * Each test runs over all sources and over snapshots and requests chosen to hurt: everything
 * blocked, an empty session, equal scores, popularities that differ by less than their scores can
 * show, a catalogue of one item. */
#include "random_snapshot.h"

#include "serve/source.h"

enum { MOST_ITEMS = 700, MOST_BLOCKS = MOST_ITEMS / 32 + 1 };

/* One snapshot with the scratch of a query over it. */
typedef struct bench {
    const char *name;
    rk_snapshot_content content;
    float neighbor_weights[RK_NEIGHBOR_CODES];
    float neighbor_sum[MOST_ITEMS];
    uint32_t touched[MOST_ITEMS], blocked[MOST_BLOCKS];
    rk_ann_query ann;
    rk_scored coarse[RK_COARSE_FACTOR * RK_MAX_QUOTA];
    uint32_t seeds[RK_MAX_SESSION];
    float seed_weights[RK_MAX_SESSION];
    rk_request request;
    float weight; /* of a seed, or three times that */
} bench;

enum { BENCHES = 8 };
static bench benches[BENCHES];
static rk_memory memory;

static void set_up(bench *b, const char *name, snapshot_shape shape) {
    b->name = name;
    b->weight = 1.0f;
    b->content = make_random_snapshot(shape, &memory);
    rk_neighbor_weights(b->content.meta.neighbor_scale, b->neighbor_weights);
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
    snapshot_shape shape = {
        .items = 300, .dim = 20, .neighbors = 24, .popular_rows = 300, .seed = 1};
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
    shape = (snapshot_shape){.items = 1, .dim = 4, .popular_rows = 1, .seed = 2};
    set_up(&benches[6], "one item", shape);
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
    return (rk_query){.snapshot = &b->content,
                      .request = &b->request,
                      .seeds = b->seeds,
                      .seed_weights = b->seed_weights,
                      .seed_count = seed_count,
                      .blocked = b->blocked,
                      .neighbor_weights = b->neighbor_weights,
                      .neighbor_sum = b->neighbor_sum,
                      .touched = b->touched,
                      .ann = &b->ann,
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
            if (source->unavailable(query.snapshot, query.seed_count) != NULL) continue;
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

/* With room for all, no item outside the list would have been in it. */
static void visit_best(bench *b, rk_query *query, const rk_source *source, uint32_t s) {
    const uint32_t items = query->snapshot->meta.items, quota = 20;
    const bool in_coarse = s != RK_SOURCE_SESSION || items <= RK_COARSE_LEAST;
    const uint32_t count = source->retrieve(query, quota, list);
    for (uint32_t item = 0; item < items && in_coarse; item++) {
        if (rk_is_blocked(query->blocked, item)) continue;
        bool listed = false;
        for (uint32_t i = 0; i < count; i++) listed |= list[i].item == item;
        const rk_scored other = {source->score(query, item), item};
        if (listed) continue;
        /* `similar` knows only items that have some weight. */
        if (count < quota && !(s == RK_SOURCE_SIMILAR && other.score == 0.0f))
            fail_in(b, source, "a list left short of an item", item);
        if (count > 0 && count == quota && rk_scored_before(other, list[count - 1]))
            fail_in(b, source, "a better item left out", item);
    }
}

static void lists_are_the_best(void **state) {
    (void)state;
    for_every_case(71, visit_best);
}

static void visit_scores(bench *b, rk_query *query, const rk_source *source, uint32_t s) {
    for (uint32_t item = 0; item < query->snapshot->meta.items; item++) {
        if (rk_is_blocked(query->blocked, item)) continue;
        const float score = source->score(query, item);
        const float least = s == RK_SOURCE_SESSION ? -1.1f : 0.0f;
        const float most = s == RK_SOURCE_SESSION ? 1.1f : 1.0f;
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

static void an_unavailable_source_says_why(void **state) {
    (void)state;
    const rk_snapshot_content *plain = &benches[0].content, *lonely = &benches[5].content;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        const rk_source *source = rk_source_at(s);
        assert_true(strlen(source->name) > 0);
        assert_string_equal(source->name, rk_source_name(s));
        const char *empty = source->unavailable(plain, 0), *single = source->unavailable(lonely, 1);
        assert_null(source->unavailable(plain, 1));
        assert_true(empty == NULL || strlen(empty) > 0);
        assert_true(single == NULL || strlen(single) > 0);
    }
    assert_null(rk_source_at(RK_SOURCE_POPULAR)->unavailable(plain, 0));
    assert_string_equal(rk_source_at(RK_SOURCE_SIMILAR)->unavailable(plain, 0),
                        "the session is empty");
    assert_string_equal(rk_source_at(RK_SOURCE_SESSION)->unavailable(plain, 0),
                        "the session is empty");
    assert_string_equal(rk_source_at(RK_SOURCE_SIMILAR)->unavailable(lonely, 1),
                        "no two items were seen together");
    assert_string_equal(rk_source_at(RK_SOURCE_POPULAR)->unavailable(&benches[2].content, 0),
                        "the snapshot lists no popular items");
    assert_string_equal(rk_source_name(RK_SOURCE_COUNT), "");
    assert_string_equal(rk_source_name(UINT32_MAX), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lists_keep_the_rules, clear_scratch),
        cmocka_unit_test_setup(lists_are_the_best, clear_scratch),
        cmocka_unit_test_setup(scores_stay_in_their_range, clear_scratch),
        cmocka_unit_test_setup(the_same_query_twice, clear_scratch),
        cmocka_unit_test_setup(scratch_is_restored, clear_scratch),
        cmocka_unit_test(an_unavailable_source_says_why),
    };
    return cmocka_run_group_tests(tests, make_benches, free_benches);
}
