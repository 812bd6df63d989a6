/* Logarithmic weight codes of neighbours, and look-ups in a row of two parts. */
#include "random_snapshot.h"

#include <math.h>

static void weights_follow_the_format(void **state) {
    (void)state;
    static const float scales[] = {1.0f, 0.013f, 700.0f, 0x1p40f, 1e-30f};
    for (uint32_t s = 0; s < 5; s++) {
        float weights[RK_NEIGHBOR_CODES];
        rk_neighbor_weights(scales[s], weights);
        for (int q = 0; q < 256; q++) {
            const double expected = (double)scales[s] * pow(2.0, -(255 - q) / 16.0);
            assert_true(fabs((double)weights[q] / expected - 1.0) < 1e-6);
        }
        assert_true(weights[255] == scales[s]);
    }
    float none[RK_NEIGHBOR_CODES];
    rk_neighbor_weights(0.0f, none);
    for (uint32_t q = 0; q < RK_NEIGHBOR_CODES; q++) assert_true(none[q] == 0.0f);
}

/* Half a step of a sixteenth of an octave: 2^(1/32) - 1 = 2.19 %. */
static void codes_round_to_the_nearest_weight(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 40);
    for (uint32_t round = 0; round < 20000; round++) {
        const float scale = rk_rng_f32(&rng) * 100.0f + 1e-3f;
        const float octaves = rk_rng_f32(&rng) * 15.9f;
        const float weight = (float)((double)scale * pow(2.0, -(double)octaves));
        float weights[RK_NEIGHBOR_CODES];
        rk_neighbor_weights(scale, weights);
        const int32_t code = rk_neighbor_code(weight, scale);
        assert_in_range(code, 0, 255);
        assert_true(fabs((double)weights[code] / (double)weight - 1.0) <= 0.022);
        assert_true(fabs(255.0 - 16.0 * (double)octaves - code) <= 0.501);
    }
    for (int32_t q = 0; q < 256; q++) {
        float weights[RK_NEIGHBOR_CODES];
        rk_neighbor_weights(3.7f, weights);
        assert_int_equal(rk_neighbor_code(weights[q], 3.7f), q);
    }
}

static void what_has_no_code(void **state) {
    (void)state;
    assert_int_equal(rk_neighbor_code(0.0f, 1.0f), -1);
    assert_int_equal(rk_neighbor_code(-1.0f, 1.0f), -1);
    assert_int_equal(rk_neighbor_code(1.0f, 0.0f), -1);
    assert_int_equal(rk_neighbor_code(NAN, 1.0f), -1);
    assert_int_equal(rk_neighbor_code(1.0f, NAN), -1);
    assert_int_equal(rk_neighbor_code((float)pow(2.0, -255.4 / 16.0), 1.0f), 0);
    assert_int_equal(rk_neighbor_code((float)pow(2.0, -255.6 / 16.0), 1.0f), -1);
    assert_int_equal(rk_neighbor_code(1e-44f, 1e30f), -1);
    /* A weight may exceed the scale by rounding only. */
    assert_int_equal(rk_neighbor_code(1.0000001f, 1.0f), 255);
}

static void entries_pack_item_and_code(void **state) {
    (void)state;
    static const uint32_t items[] = {0, 1, 65536, RK_MAX_ITEMS - 1}, codes[] = {0, 1, 128, 255};
    for (uint32_t i = 0; i < 16; i++) {
        const uint32_t entry = rk_neighbor_entry(items[i / 4], codes[i % 4]);
        assert_int_equal(rk_neighbor_item(entry), items[i / 4]);
        assert_int_equal(rk_neighbor_weight_code(entry), codes[i % 4]);
    }
}

static void rows_are_looked_up_in_both_parts(void **state) {
    (void)state;
    enum { ITEMS = 60 };
    rk_memory memory = {0};
    const rk_snapshot_content content = make_random_snapshot(
        (snapshot_shape){.items = ITEMS, .dim = 4, .neighbors = 30, .seed = 8}, &memory);
    float weights[RK_NEIGHBOR_CODES];
    rk_neighbor_weights(content.meta.neighbor_scale, weights);
    uint32_t in_core = 0, in_more = 0;
    for (uint32_t from = 0; from < ITEMS; from++) {
        float expected[ITEMS] = {0};
        const rk_neighbor_rows parts[2] = {content.neighbors, content.neighbors_more};
        for (uint32_t part = 0; part < 2; part++) {
            for (uint32_t at = parts[part].offsets[from]; at < parts[part].offsets[from + 1];
                 at++) {
                const uint32_t entry = parts[part].entries[at];
                expected[entry & 0xFFFFFF] = weights[entry >> 24];
                in_core += part == 0;
                in_more += part == 1;
            }
        }
        for (uint32_t to = 0; to < ITEMS; to++)
            assert_true(rk_neighbor_weight(&content, weights, from, to) == expected[to]);
    }
    assert_true(in_core > 100 && in_more > 100);
    rk_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_follow_the_format),
        cmocka_unit_test(codes_round_to_the_nearest_weight),
        cmocka_unit_test(what_has_no_code),
        cmocka_unit_test(entries_pack_item_and_code),
        cmocka_unit_test(rows_are_looked_up_in_both_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
