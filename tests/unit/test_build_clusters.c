/* Content clusters: groups that lie apart are found whole, every item lies by its own cluster's
 * centre more than by any other, what nobody knows is a cluster of its own, none is empty. */
#include "take.h"

#include "base/rng.h"
#include "learn/build_clusters.h"
#include "learn/build_vectors.h"
#include "model/vectors.h"
#include "simd/kernels.h"

enum { DIM = 24 };

static rk_memory memory;

static int free_memory(void **state) {
    (void)state;
    rk_memory_free(&memory);
    return 0;
}

/* `items` vectors around `groups` directions, group item % groups; every `unknown`-th is not
 * learnt (0: all are). */
static rk_snapshot_content grouped(uint32_t items, uint32_t groups, float spread, uint32_t unknown,
                                   uint64_t seed) {
    rk_rng rng = rk_rng_at(seed, 1);
    float *centre = TAKE(&memory, float, (uint64_t)groups *DIM);
    float *vectors = TAKE(&memory, float, (uint64_t)items *DIM);
    uint32_t *known = TAKE(&memory, uint32_t, items);
    for (uint32_t i = 0; i < groups * DIM; i++) centre[i] = rk_rng_normal(&rng);
    for (uint32_t item = 0; item < items; item++) {
        known[item] = !unknown || item % unknown != unknown - 1;
        for (uint32_t d = 0; d < DIM; d++)
            vectors[item * DIM + d] =
                centre[item % groups * DIM + d] + spread * rk_rng_normal(&rng);
    }
    rk_vector_table table;
    rk_rotate_vectors(vectors, known, items, DIM, seed);
    assert_true(rk_build_vectors(vectors, items, DIM, &memory, &table));
    return (rk_snapshot_content){.meta = {.items = items, .dim = DIM},
                                 .vector_mean = table.mean,
                                 .vector_factors = table.factors,
                                 .vector_cells = table.cells,
                                 .vector_low = table.low};
}

static rk_cluster_table clusters_of(const rk_snapshot_content *content, uint64_t seed,
                                    uint32_t threads) {
    rk_cluster_table table;
    assert_true(rk_build_clusters(content, seed, threads, &memory, &table));
    return table;
}

static void assert_none_empty(const rk_cluster_table *table, uint32_t items) {
    bool used[RK_MAX_CLUSTERS] = {false};
    assert_in_range(table->count, 1, RK_MAX_CLUSTERS);
    for (uint32_t item = 0; item < items; item++) {
        assert_true(table->of_item[item] < table->count);
        used[table->of_item[item]] = true;
    }
    for (uint32_t k = 0; k < table->count; k++) assert_true(used[k]);
}

/* As many centres as groups, and groups without spread: seeding cannot miss one. */
static void groups_are_found(void **state) {
    (void)state;
    const uint32_t groups = 11, items = groups * groups;
    const rk_snapshot_content content = grouped(items, groups, 0.0f, 0, test_seed());
    const rk_cluster_table table = clusters_of(&content, 5, 1);
    assert_int_equal(table.count, groups);
    assert_none_empty(&table, items);
    for (uint32_t a = 0; a < items; a++)
        for (uint32_t b = 0; b < items; b++)
            assert_int_equal(table.of_item[a] == table.of_item[b], a % groups == b % groups);
}

static void unit_vector(const rk_snapshot_content *content, uint32_t item, float *out) {
    memset(out, 0, DIM * sizeof *out);
    rk_vector_accumulate(content, item, 1.0f, out);
    const float norm = rk_norm_f32(out, DIM);
    for (uint32_t d = 0; d < DIM; d++) out[d] /= norm;
}

/* Means by a plain loop. The last step moved centres, so a few items at a border may lie by
 * another: of a random partition it would be nearly all. */
static void items_lie_by_their_own_centre(void **state) {
    (void)state;
    const uint32_t items = 900;
    const uint64_t seed = test_seed();
    const rk_snapshot_content content = grouped(items, 17, 0.8f, 0, seed);
    const rk_cluster_table table = clusters_of(&content, seed, 1);
    float mean[RK_MAX_CLUSTERS][DIM] = {{0}}, row[DIM];
    assert_none_empty(&table, items);
    assert_in_range(table.count, 25, 30);
    for (uint32_t item = 0; item < items; item++) {
        unit_vector(&content, item, row);
        for (uint32_t d = 0; d < DIM; d++) mean[table.of_item[item]][d] += row[d];
    }
    uint32_t astray = 0;
    for (uint32_t item = 0; item < items; item++) {
        unit_vector(&content, item, row);
        uint32_t best = 0;
        float highest = -2.0f;
        for (uint32_t k = 0; k < table.count; k++) {
            const float cosine = rk_dot_f32(mean[k], row, DIM) / rk_norm_f32(mean[k], DIM);
            if (cosine > highest) highest = cosine, best = k;
        }
        astray += best != table.of_item[item];
    }
    assert_in_range(astray, 0, items / 20);
}

static void unknown_items_are_a_cluster_of_their_own(void **state) {
    (void)state;
    const uint32_t items = 200;
    const rk_snapshot_content content = grouped(items, 6, 0.3f, 5, test_seed());
    const rk_cluster_table table = clusters_of(&content, 1, 1);
    assert_none_empty(&table, items);
    for (uint32_t item = 0; item < items; item++)
        assert_int_equal(table.of_item[item] == table.count - 1, item % 5 == 4);
}

/* Nothing known at all, one item, and more than 64^2 items. */
static void counts_at_the_ends(void **state) {
    (void)state;
    const uint64_t seed = test_seed();
    rk_snapshot_content content = grouped(50, 3, 0.5f, 1, seed);
    rk_cluster_table table = clusters_of(&content, seed, 1);
    assert_int_equal(table.count, 1);
    assert_none_empty(&table, 50);
    content = grouped(1, 1, 0.5f, 0, seed); // the mean itself: as good as unknown
    table = clusters_of(&content, seed, 1);
    assert_int_equal(table.count, 1);
    assert_none_empty(&table, 1);
    content = grouped(5000, 200, 0.4f, 0, seed);
    table = clusters_of(&content, seed, 1);
    assert_int_equal(table.count, RK_MAX_CLUSTERS);
    assert_none_empty(&table, 5000);
    content = grouped(5000, 200, 0.4f, 9, seed);
    table = clusters_of(&content, seed, 1);
    assert_int_equal(table.count, RK_MAX_CLUSTERS);
    assert_none_empty(&table, 5000);
}

static void the_id_names_the_centres(void **state) {
    (void)state;
    const uint64_t seed = test_seed();
    const rk_snapshot_content content = grouped(600, 9, 0.6f, 7, seed);
    const rk_snapshot_content other = grouped(600, 9, 0.6f, 7, seed + 1);
    const rk_cluster_table table = clusters_of(&content, seed, 1);
    for (uint32_t threads = 1; threads <= 3; threads++) {
        const rk_cluster_table again = clusters_of(&content, seed, threads);
        assert_int_equal(again.count, table.count);
        assert_true(again.model == table.model);
        assert_memory_equal(again.of_item, table.of_item, 600);
    }
    assert_false(clusters_of(&other, seed, 1).model == table.model);
    assert_false(clusters_of(&content, seed + 1, 1).model == table.model);
}

static void allocations_may_fail(void **state) {
    (void)state;
    const rk_snapshot_content content = grouped(60, 4, 0.5f, 6, test_seed());
    for (uint64_t take = 0;; take++) {
        rk_cluster_table table;
        rk_memory_fail_after(take);
        const bool ok = rk_build_clusters(&content, 1, 1, &memory, &table);
        rk_memory_fail_after(UINT64_MAX);
        if (ok) {
            assert_in_range(take, 5, 20);
            break;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(groups_are_found, free_memory),
        cmocka_unit_test_teardown(items_lie_by_their_own_centre, free_memory),
        cmocka_unit_test_teardown(unknown_items_are_a_cluster_of_their_own, free_memory),
        cmocka_unit_test_teardown(counts_at_the_ends, free_memory),
        cmocka_unit_test_teardown(the_id_names_the_centres, free_memory),
        cmocka_unit_test_teardown(allocations_may_fail, free_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
