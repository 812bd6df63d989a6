/* Random catalogues, filters and sizes of both stages, one search and two in a pass: the index
 * against brute force. */
#include "full_sort.h"
#include "random_snapshot.h"

#include "model/ann.h"
#include "model/vectors.h"
#include "simd/kernels.h"

enum { MOST_ITEMS = 1200 };

/* One search and what it must find. */
typedef struct asked {
    rk_ann_query query;
    rk_scored scratch[2 * (MOST_ITEMS + 64)], found[MOST_ITEMS + 64], expected[MOST_ITEMS + 64];
    uint32_t expected_count;
} asked;

static asked asks[RK_ANN_MOST_JOBS];

static void random_query(rk_rng *rng, const rk_snapshot_content *content, rk_ann_query *query) {
    const uint32_t items = content->meta.items, dim = content->meta.dim;
    float q[RK_MAX_DIM] = {0};
    for (uint32_t i = 0; i < dim; i++) q[i] = rk_rng_normal(rng);
    rk_vector_accumulate(content, rk_rng_below(rng, items), 5.0f * rk_rng_f32(rng), q);
    rk_ann_prepare(content, q, query);
}

static void random_filter(rk_rng *rng, uint32_t items, uint32_t *blocked) {
    const uint32_t share = rk_rng_below(rng, 5); // of 4 that stay open
    for (uint32_t block = 0; block <= items / 32; block++) blocked[block] = UINT32_MAX;
    for (uint32_t item = 0; item < items; item++) {
        if (rk_rng_below(rng, 4) >= share) continue;
        blocked[item / 32] &= ~(1u << (item % 32));
    }
}

static float estimate(const rk_snapshot_content *content, const rk_ann_query *query,
                      uint32_t item) {
    uint8_t cells[RK_MAX_DIM];
    uint32_t sum = 0;
    rk_cells_get(content->vector_cells, content->meta.dim, item, cells);
    for (uint32_t t = 0; t < content->meta.dim / 2; t++)
        sum += query->lut[t * 16 + cells[2 * t] + 4u * cells[2 * t + 1]];
    return content->vector_factors[item].scan * (query->lut_offset + query->lut_step * (float)sum);
}

/* Both stages by full sort. */
static void brute_force(const rk_snapshot_content *content, const uint32_t *blocked,
                        const rk_ann_job *job, asked *ask) {
    uint32_t count = 0;
    for (uint32_t item = 0; item < content->meta.items; item++) {
        if (blocked[item / 32] >> (item % 32) & 1u) continue;
        ask->expected[count++] = (rk_scored){estimate(content, &ask->query, item), item};
    }
    full_sort(ask->expected, count);
    count = RK_MIN(count, job->coarse);
    for (uint32_t i = 0; i < count; i++)
        ask->expected[i].score = rk_ann_score(content, &ask->query, ask->expected[i].item);
    full_sort(ask->expected, count);
    ask->expected_count = RK_MIN(count, job->k);
}

static void check_found(const asked *ask, uint32_t found) {
    assert_int_equal(found, ask->expected_count);
    for (uint32_t i = 0; i < found; i++) {
        assert_int_equal(ask->found[i].item, ask->expected[i].item);
        assert_memory_equal(&ask->found[i].score, &ask->expected[i].score, sizeof(float));
    }
}

/* One to RK_ANN_MOST_JOBS searches in one pass by what rows need, and each of them by itself, where
 * that is computed as it goes. */
static void search_once(rk_rng *rng, const rk_snapshot_content *content) {
    const uint32_t items = content->meta.items, count = rk_rng_below(rng, RK_ANN_MOST_JOBS + 1);
    uint32_t blocked[MOST_ITEMS / 32 + 1];
    int16_t rows[MOST_ITEMS];
    rk_ann_needs needs = {.row = rows};
    rk_ann_job jobs[RK_ANN_MOST_JOBS];
    rk_ann_needs_fill(content, &needs);
    random_filter(rng, items, blocked);
    for (uint32_t j = 0; j < count; j++) {
        asked *ask = &asks[j];
        const uint32_t k = rk_rng_below(rng, rk_rng_below(rng, 2) ? 10 : items + 3);
        /* As often narrow, so that the first stage decides, as wider than all there is. */
        const uint32_t coarse = k + rk_rng_below(rng, rk_rng_below(rng, 2) ? 20 : items + 3);
        random_query(rng, content, &ask->query);
        jobs[j] = (rk_ann_job){.query = &ask->query,
                               .scratch = ask->scratch,
                               .coarse = RK_MIN(coarse, MOST_ITEMS + 64),
                               .out = ask->found,
                               .k = k,
                               .needs = &needs};
        brute_force(content, blocked, &jobs[j], ask);
    }
    rk_ann_search_jobs(content, blocked, jobs, count);
    for (uint32_t j = 0; j < count; j++) {
        check_found(&asks[j], jobs[j].found);
        check_found(&asks[j], rk_ann_search(content, jobs[j].query, blocked, jobs[j].scratch,
                                            jobs[j].coarse, jobs[j].out, jobs[j].k));
    }
}

static void scores_of_items_are_scores(rk_rng *rng, const rk_snapshot_content *content) {
    static uint32_t list[MOST_ITEMS];
    static float scores[MOST_ITEMS], pair[2][MOST_ITEMS];
    const uint32_t count = rk_rng_below(rng, MOST_ITEMS + 1);
    random_query(rng, content, &asks[0].query);
    random_query(rng, content, &asks[1].query);
    for (uint32_t i = 0; i < count; i++) list[i] = rk_rng_below(rng, content->meta.items);
    rk_ann_score_items(content, &asks[0].query, list, count, scores);
    const rk_ann_vector *const queries[] = {&asks[0].query.vector, &asks[1].query.vector};
    rk_ann_score_items_by(content, queries, 2, list, count, (float *const[]){pair[0], pair[1]});
    for (uint32_t i = 0; i < count; i++) {
        const float expected = rk_ann_score(content, &asks[0].query, list[i]);
        const float other = rk_ann_score(content, &asks[1].query, list[i]);
        assert_memory_equal(&scores[i], &expected, sizeof expected);
        assert_memory_equal(&pair[0][i], &expected, sizeof expected);
        assert_memory_equal(&pair[1][i], &other, sizeof other);
    }
}

static void the_index_is_brute_force(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 121);
    for (uint32_t round = 0; round < 60; round++) {
        rk_memory memory = {0};
        const snapshot_shape shape = {.items = 1 + rk_rng_below(&rng, MOST_ITEMS),
                                      .dim = 4 + 4 * rk_rng_below(&rng, 30),
                                      .neighbors = 1,
                                      .seed = rk_rng_u64(&rng)};
        const rk_snapshot_content content = make_random_snapshot(shape, &memory);
        for (uint32_t query = 0; query < 25; query++) search_once(&rng, &content);
        scores_of_items_are_scores(&rng, &content);
        rk_memory_free(&memory);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_index_is_brute_force)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
