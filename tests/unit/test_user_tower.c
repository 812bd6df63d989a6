/* The user tower and the learned session encoder against the same sums in f64; hashed features. */
#include "random_snapshot.h"

#include "format/user_features.h"
#include "model/session_encoder.h"
#include "model/user_tower.h"
#include "model/vectors.h"

#include <math.h>

enum { ITEMS = 60, DIM = 20, MOST = 12 };

static rk_memory memory;
static rk_snapshot_content content;

static int make_content(void **state) {
    (void)state;
    const snapshot_shape shape = {.items = ITEMS, .dim = DIM, .neighbors = 4, .seed = 6};
    content = make_random_snapshot(with_all_parts(shape), &memory);
    return 0;
}

static int free_content(void **state) {
    (void)state;
    rk_memory_free(&memory);
    return 0;
}

static void add_positions(const float *positions, uint32_t rows, const uint32_t *items,
                          const float *weights, uint32_t count, double *out) {
    for (uint32_t j = 0; j < count && j < rows; j++) {
        float x[DIM] = {0};
        rk_vector_accumulate(&content, items[j], 1.0f, x);
        for (uint32_t i = 0; i < DIM; i++)
            out[i] += (double)weights[j] * (double)positions[j * DIM + i] * (double)x[i];
    }
}

static void check_unit(const float *out, double *expected) {
    double norm = 0.0;
    for (uint32_t i = 0; i < DIM; i++) norm += expected[i] * expected[i];
    for (uint32_t i = 0; i < DIM; i++)
        assert_true(fabs((double)out[i] - expected[i] / sqrt(norm)) < 1e-5);
}

static void is_the_sum_by_position_and_of_features(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 52);
    for (uint32_t round = 0; round < 500; round++) {
        uint32_t items[MOST], features[MOST];
        float weights[MOST], out[DIM];
        double expected[DIM] = {0};
        const uint32_t count = rk_rng_below(&rng, MOST + 1);
        const uint32_t feature_count = rk_rng_below(&rng, 4) + (count == 0);
        for (uint32_t j = 0; j < MOST; j++) {
            items[j] = rk_rng_below(&rng, ITEMS);
            weights[j] = 0.5f + rk_rng_f32(&rng);
            features[j] = rk_rng_below(&rng, RANDOM_FEATURE_ROWS);
        }
        rk_user_encode(&content, items, weights, count, features, feature_count, out);
        add_positions(content.user_positions, content.meta.user_positions, items, weights, count,
                      expected);
        for (uint32_t f = 0; f < feature_count; f++)
            for (uint32_t i = 0; i < DIM; i++)
                expected[i] += (double)content.feature_vectors[features[f] * DIM + i];
        check_unit(out, expected);
        if (count == 0) continue;
        double session[DIM] = {0};
        rk_session_encode(&content, items, weights, count, out);
        add_positions(content.encoder_positions, content.meta.encoder_positions, items, weights,
                      count, session);
        check_unit(out, session);
    }
}

/* What lies beyond the positions changes no bit. */
static void the_far_past_is_not_read(void **state) {
    (void)state;
    uint32_t items[MOST];
    float weights[MOST], some[DIM], all[DIM];
    for (uint32_t j = 0; j < MOST; j++) items[j] = j, weights[j] = 1.0f;
    rk_user_encode(&content, items, weights, content.meta.user_positions, NULL, 0, some);
    rk_user_encode(&content, items, weights, MOST, NULL, 0, all);
    assert_memory_equal(some, all, sizeof some);
    rk_session_encode(&content, items, weights, content.meta.encoder_positions, some);
    rk_session_encode(&content, items, weights, MOST, all);
    assert_memory_equal(some, all, sizeof some);
}

static void nothing_gives_a_zero_vector(void **state) {
    (void)state;
    float out[DIM];
    memset(out, 0x55, sizeof out);
    rk_user_encode(&content, NULL, NULL, 0, NULL, 0, out);
    for (uint32_t i = 0; i < DIM; i++) assert_true(out[i] == 0.0f);
}

/* FNV-1a, from its definition. */
static void features_hash_as_the_format_says(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"country", "DE"}, {"country", ""}, {"c", "ountryDE"}, {"device", "\xC3\xA9"}};
    for (uint32_t i = 0; i < 4; i++) {
        const char *name = pairs[i][0], *value = pairs[i][1];
        const uint32_t name_bytes = (uint32_t)strlen(name), value_bytes = (uint32_t)strlen(value);
        uint64_t hash = 14695981039346656037u;
        for (uint32_t b = 0; b <= name_bytes; b++)
            hash = (hash ^ (uint8_t)name[b]) * 1099511628211u;
        for (uint32_t b = 0; b < value_bytes; b++)
            hash = (hash ^ (uint8_t)value[b]) * 1099511628211u;
        for (uint32_t rows = 1; rows <= RK_MAX_FEATURE_ROWS; rows *= 2)
            assert_int_equal(rk_feature_row(name, name_bytes, value, value_bytes, rows),
                             hash % rows);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_sum_by_position_and_of_features),
        cmocka_unit_test(the_far_past_is_not_read),
        cmocka_unit_test(nothing_gives_a_zero_vector),
        cmocka_unit_test(features_hash_as_the_format_says),
    };
    return cmocka_run_group_tests(tests, make_content, free_content);
}
