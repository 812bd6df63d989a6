/* The index against brute force over the same codes: the same items in the same order. */
#include "random_snapshot.h"

#include "base/topk.h"
#include "model/ann.h"
#include "model/vectors.h"
#include "simd/kernels.h"

#include <math.h>

enum { MOST_ITEMS = 2500, MOST_BLOCKS = MOST_ITEMS / 32 + 1 };

static rk_memory memory;

static int free_memory(void **state) {
    (void)state;
    rk_memory_free(&memory);
    return 0;
}

static rk_snapshot_content make_items(uint32_t items, uint32_t dim, uint64_t seed) {
    return make_random_snapshot(
        (snapshot_shape){.items = items, .dim = dim, .neighbors = 1, .seed = seed}, &memory);
}

/* A unit vector near some item, or anywhere. */
static void random_query(rk_rng *rng, const rk_snapshot_content *content, float *q) {
    const uint32_t dim = content->meta.dim;
    for (uint32_t i = 0; i < dim; i++) q[i] = 0.3f * rk_rng_normal(rng);
    if (rk_rng_u32(rng) & 1)
        rk_vector_accumulate(content, rk_rng_below(rng, content->meta.items), 2.0f, q);
    const float norm = rk_norm_f32(q, dim);
    for (uint32_t i = 0; i < dim; i++) q[i] /= norm;
}

static bool is_set(const uint32_t *bitmap, uint32_t item) {
    return bitmap != NULL && (bitmap[item / 32] >> (item % 32) & 1u) != 0;
}

/* By the definition: score everything that is not blocked, sort, cut. */
static uint32_t brute_force(const rk_snapshot_content *content, const rk_ann_query *query,
                            const uint32_t *blocked, rk_scored *out, uint32_t k) {
    uint32_t count = 0;
    for (uint32_t item = 0; item < content->meta.items; item++) {
        if (is_set(blocked, item)) continue;
        const rk_scored entry = {rk_ann_score(content, query, item), item};
        uint32_t at = count++;
        for (; at > 0 && rk_scored_before(entry, out[at - 1]); at--) out[at] = out[at - 1];
        out[at] = entry;
    }
    return RK_MIN(count, k);
}

static void check_same(const rk_scored *found, uint32_t found_count, const rk_scored *expected,
                       uint32_t expected_count) {
    assert_int_equal(found_count, expected_count);
    for (uint32_t i = 0; i < found_count; i++) {
        assert_int_equal(found[i].item, expected[i].item);
        assert_memory_equal(&found[i].score, &expected[i].score, sizeof(float));
    }
}

static rk_scored scratch[2 * (MOST_ITEMS + 32)], found[MOST_ITEMS + 32], expected[MOST_ITEMS + 32];

/* Block all but `keep` of the items. */
static void block_all_but(rk_rng *rng, uint32_t items, uint32_t keep, uint32_t *blocked) {
    for (uint32_t block = 0; block < MOST_BLOCKS; block++) blocked[block] = UINT32_MAX;
    for (uint32_t i = 0; i < keep; i++) {
        const uint32_t item = rk_rng_below(rng, items);
        blocked[item / 32] &= ~(1u << (item % 32));
    }
}

static void exact_when_everything_is_reranked(void **state) {
    (void)state;
    static const uint32_t items[] = {1, 2, 31, 32, 33, 64, 100, 257}, dims[] = {4, 20, 64, 256};
    rk_rng rng = rk_rng_at(test_seed(), 30);
    for (uint32_t c = 0; c < 32; c++) {
        const uint32_t n = items[c / 4], dim = dims[c % 4];
        const rk_snapshot_content content = make_items(n, dim, c);
        for (uint32_t round = 0; round < 12; round++) {
            const uint32_t ks[] = {1, RK_MIN(n, 10), n, n + 5};
            const uint32_t k = ks[round % 4], coarse = RK_MAX(n, k) + round % 3;
            uint32_t bitmap[MOST_BLOCKS], *blocked = round < 4 ? NULL : bitmap;
            const uint32_t keeps[] = {0, 1, 2, n / 2, n * 3};
            block_all_but(&rng, n, keeps[round % 5], bitmap);
            float q[RK_MAX_DIM];
            rk_ann_query query;
            random_query(&rng, &content, q);
            rk_ann_prepare(&content, q, &query);
            const uint32_t expected_count = brute_force(&content, &query, blocked, expected, k);
            const uint32_t count =
                rk_ann_search(&content, &query, blocked, scratch, coarse, found, k);
            check_same(found, count, expected, expected_count);
        }
    }
}

/* What the scan estimates for an item, from its cells. */
static float scan_estimate(const rk_snapshot_content *content, const rk_ann_query *query,
                           uint32_t item) {
    uint8_t cells[RK_MAX_DIM];
    rk_cells_get(content->vector_cells, content->meta.dim, item, cells);
    uint32_t sum = 0;
    for (uint32_t t = 0; t < content->meta.dim / 2; t++)
        sum += query->lut[t * 16 + cells[2 * t] + 4u * cells[2 * t + 1]];
    return content->vector_factors[item].scan * (query->lut_offset + query->lut_step * (float)sum);
}

/* The k best by score among the `coarse` best by estimate, both by full sort. */
static void two_stages_as_defined(void **state) {
    (void)state;
    enum { ITEMS = 500 };
    rk_rng rng = rk_rng_at(test_seed(), 31);
    const rk_snapshot_content content = make_items(ITEMS, 20, 9);
    for (uint32_t round = 0; round < 60; round++) {
        float q[20];
        rk_ann_query query;
        rk_scored order[ITEMS];
        uint32_t bitmap[MOST_BLOCKS], count = 0;
        const uint32_t coarse = 1 + rk_rng_below(&rng, 120), k = 1 + rk_rng_below(&rng, coarse);
        block_all_but(&rng, ITEMS, rk_rng_below(&rng, 2 * ITEMS), bitmap);
        random_query(&rng, &content, q);
        rk_ann_prepare(&content, q, &query);
        for (uint32_t item = 0; item < ITEMS; item++) {
            if (is_set(bitmap, item)) continue;
            const rk_scored entry = {scan_estimate(&content, &query, item), item};
            uint32_t at = count++;
            for (; at > 0 && rk_scored_before(entry, order[at - 1]); at--)
                order[at] = order[at - 1];
            order[at] = entry;
        }
        block_all_but(&rng, ITEMS, 0, bitmap);
        for (uint32_t i = 0; i < RK_MIN(count, coarse); i++)
            bitmap[order[i].item / 32] &= ~(1u << (order[i].item % 32));
        const uint32_t expected_count = brute_force(&content, &query, bitmap, expected, k);
        /* Opens the items that the coarse stage kept out, so that it has to do so again. */
        uint32_t blocked[MOST_BLOCKS];
        memcpy(blocked, bitmap, sizeof blocked);
        for (uint32_t i = coarse; i < count; i++)
            blocked[order[i].item / 32] &= ~(1u << (order[i].item % 32));
        const uint32_t found_count =
            rk_ann_search(&content, &query, blocked, scratch, coarse, found, k);
        check_same(found, found_count, expected, expected_count);
    }
}

/* Score and estimate are <q, x> within what the query's own rounding allows. */
static void scores_are_inner_products(void **state) {
    (void)state;
    static const uint32_t dims[] = {4, 20, 64, 100, 256};
    rk_rng rng = rk_rng_at(test_seed(), 32);
    for (uint32_t round = 0; round < 25; round++) {
        const uint32_t dim = dims[round % 5];
        const rk_snapshot_content content = make_items(70, dim, round);
        float q[RK_MAX_DIM];
        rk_ann_query query;
        random_query(&rng, &content, q);
        rk_ann_prepare(&content, q, &query);
        for (uint32_t item = 0; item < 70; item++) {
            const rk_vector_factor factor = content.vector_factors[item];
            static const double level[4] = {-1.510, -0.4528, 0.4528, 1.510};
            int16_t magnitudes[RK_MAX_DIM];
            uint8_t cells[RK_MAX_DIM];
            rk_vector_decode_i16(&content, item, magnitudes);
            rk_cells_get(content.vector_cells, dim, item, cells);
            double mean = 0.0, along = 0.0, along_levels = 0.0, weight = 0.0;
            for (uint32_t i = 0; i < dim; i++) {
                mean += (double)q[i] * (double)content.vector_mean[i];
                along += (double)q[i] * magnitudes[i];
                along_levels += (double)q[i] * level[cells[i]];
                weight += fabs((double)magnitudes[i]);
            }
            const double score = (double)rk_ann_score(&content, &query, item);
            const double score_error =
                0.5 * (double)query.vector.q16_step * (double)factor.decode * weight;
            assert_true(fabs(score - mean - (double)factor.decode * along) < score_error + 1e-6);
            const double estimate = (double)scan_estimate(&content, &query, item);
            const double lut_error = (double)factor.scan * (double)query.lut_step * dim / 4.0;
            assert_true(fabs(estimate - (double)factor.scan * along_levels) < lut_error + 1e-5);
        }
        rk_memory_free(&memory);
    }
}

/* The true top 10 in f32 against the answer out of a 2-bit top 200. */
static void finds_the_true_neighbours(void **state) {
    (void)state;
    enum { ITEMS = MOST_ITEMS, DIM = 64, QUERIES = 60 };
    const uint64_t seed = test_seed();
    rk_rng rng = rk_rng_at(seed, 33);
    const rk_snapshot_content content = make_items(ITEMS, DIM, seed);
    float *vectors = clustered_vectors(ITEMS, DIM, seed, &memory);
    for (uint32_t item = 0; item < ITEMS; item++) {
        float *x = vectors + (uint64_t)item * DIM;
        const float norm = rk_norm_f32(x, DIM);
        for (uint32_t i = 0; i < DIM; i++) x[i] /= norm;
        rk_vector_rotate(x, DIM, seed);
    }
    uint32_t hits = 0;
    for (uint32_t round = 0; round < QUERIES; round++) {
        float q[DIM];
        rk_ann_query query;
        random_query(&rng, &content, q);
        rk_ann_prepare(&content, q, &query);
        uint32_t unknown[MOST_BLOCKS] = {0};
        rk_topk top = rk_topk_over(expected, 10);
        for (uint32_t item = 0; item < ITEMS; item++) {
            if (content.vector_factors[item].scan == 0.0f)
                unknown[item / 32] |= 1u << (item % 32);
            else
                rk_topk_push(&top, rk_dot_f32(q, vectors + (uint64_t)item * DIM, DIM), item);
        }
        rk_topk_finish(&top);
        assert_int_equal(rk_ann_search(&content, &query, unknown, scratch, 200, found, 10), 10);
        for (uint32_t i = 0; i < 100; i++) hits += found[i / 10].item == expected[i % 10].item;
    }
    print_message("recall@10 %.3f\n", (double)hits / (10.0 * QUERIES));
    assert_true(hits >= 0.95 * 10 * QUERIES);
}

/* Any number of queries at once, the same bits as one by one. */
static void many_queries_as_one_by_one(void **state) {
    (void)state;
    enum { ITEMS = 400, MOST_QUERIES = 3, MOST = 70 };
    static const uint32_t dims[] = {4, 20, 64, 256};
    static rk_ann_query prepared[MOST_QUERIES];
    rk_rng rng = rk_rng_at(test_seed(), 34);
    for (uint32_t round = 0; round < 48; round++) {
        const uint32_t dim = dims[round % 4], queries = round % (MOST_QUERIES + 1);
        const rk_snapshot_content content = make_items(ITEMS, dim, round);
        const uint32_t count = rk_rng_below(&rng, MOST + 1);
        uint32_t items[MOST];
        float scores[MOST_QUERIES][MOST + 1], q[RK_MAX_DIM];
        const rk_ann_vector *asked[MOST_QUERIES];
        float *out[MOST_QUERIES];
        for (uint32_t i = 0; i < count; i++) items[i] = rk_rng_below(&rng, ITEMS);
        for (uint32_t j = 0; j < MOST_QUERIES; j++) {
            random_query(&rng, &content, q);
            rk_ann_prepare(&content, q, &prepared[j]);
            asked[j] = &prepared[j].vector;
            out[j] = scores[j];
            for (uint32_t i = 0; i <= MOST; i++) scores[j][i] = 7.0f;
        }
        rk_ann_score_items_by(&content, asked, queries, items, count, out);
        for (uint32_t j = 0; j < MOST_QUERIES; j++) {
            for (uint32_t i = 0; i < count && j < queries; i++) {
                const float alone = rk_ann_score(&content, &prepared[j], items[i]);
                assert_memory_equal(&scores[j][i], &alone, sizeof alone);
            }
            for (uint32_t i = j < queries ? count : 0; i <= MOST; i++)
                assert_true(scores[j][i] == 7.0f);
        }
        rk_memory_free(&memory);
    }
}

static void ties_go_to_the_lower_item(void **state) {
    (void)state;
    enum { ITEMS = 70, DIM = 20 };
    const rk_snapshot_content content = make_items(ITEMS, DIM, 4);
    const float q[DIM] = {0};
    rk_ann_query query;
    rk_ann_prepare(&content, q, &query);
    for (uint32_t k = 1; k <= ITEMS; k++) {
        assert_int_equal(rk_ann_search(&content, &query, NULL, scratch, k, found, k), k);
        for (uint32_t i = 0; i < k; i++) {
            assert_int_equal(found[i].item, i);
            assert_true(found[i].score == 0.0f);
        }
    }
}

/* Many queries at once, made of floats or of an item's codes. */
static void many_queries_score_as_one(void **state) {
    (void)state;
    enum { ITEMS = 150, ASKED = 41 };
    rk_rng rng = rk_rng_at(test_seed(), 7);
    for (uint32_t dim = 4; dim <= 68; dim += 32) {
        const rk_snapshot_content content = make_items(ITEMS, dim, dim);
        float q[RK_MAX_DIM], scores[ASKED * 3], one[ASKED];
        uint32_t items[ASKED];
        rk_ann_query query;
        rk_ann_vector vectors[3];
        const uint32_t item = rk_rng_below(&rng, ITEMS);
        random_query(&rng, &content, q);
        rk_ann_prepare(&content, q, &query);
        rk_ann_prepare_vector(&content, q, &vectors[0]);
        rk_ann_prepare_vector(&content, content.vector_mean, &vectors[1]);
        rk_ann_prepare_item(&content, &vectors[1], item, &vectors[2]);
        for (uint32_t i = 0; i < ASKED; i++) items[i] = rk_rng_below(&rng, ITEMS);
        rk_ann_score_items_all(&content, vectors, 3, items, ASKED, scores);
        rk_ann_score_items(&content, &query, items, ASKED, one);
        for (uint32_t i = 0; i < ASKED; i++) {
            float x[RK_MAX_DIM] = {0}, y[RK_MAX_DIM] = {0};
            rk_vector_accumulate(&content, item, 1.0f, x);
            rk_vector_accumulate(&content, items[i], 1.0f, y);
            const float exact = rk_dot_f32(x, y, dim);
            assert_memory_equal(&scores[3 * i], &one[i], sizeof(float));
            assert_true(fabsf(scores[3 * i + 1] + scores[3 * i + 2] - exact) <
                        1e-4f * rk_norm_f32(x, dim) * rk_norm_f32(y, dim));
        }
    }
}

static void nothing_asked_nothing_found(void **state) {
    (void)state;
    const rk_snapshot_content content = make_items(40, 8, 4);
    const float q[8] = {1.0f};
    rk_ann_query query;
    rk_ann_prepare(&content, q, &query);
    assert_int_equal(rk_ann_search(&content, &query, NULL, scratch, 0, found, 0), 0);
    assert_int_equal(rk_ann_search(&content, &query, NULL, scratch, 40, found, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(exact_when_everything_is_reranked, free_memory),
        cmocka_unit_test_teardown(two_stages_as_defined, free_memory),
        cmocka_unit_test_teardown(scores_are_inner_products, free_memory),
        cmocka_unit_test_teardown(finds_the_true_neighbours, free_memory),
        cmocka_unit_test_teardown(many_queries_as_one_by_one, free_memory),
        cmocka_unit_test_teardown(ties_go_to_the_lower_item, free_memory),
        cmocka_unit_test_teardown(many_queries_score_as_one, free_memory),
        cmocka_unit_test_teardown(nothing_asked_nothing_found, free_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
