/* Places: Morton codes, nearness against a great circle in f64, rings against every place one by
 * one. */
#include "naive_places.h"

static rk_memory memory;
static rk_snapshot_content content;

enum { ITEMS = 500 };
static const double degree = 3.14159265358979323846 / 180.0;

static int make_content(void **state) {
    (void)state;
    const snapshot_shape shape = {.items = ITEMS, .dim = 4, .places = 9, .seed = 12};
    content = make_random_snapshot(shape, &memory);
    return 0;
}

static int free_content(void **state) {
    (void)state;
    rk_memory_free(&memory);
    return 0;
}

static double arc_km(rk_place a, rk_place b) {
    const double south = sin((double)(a.latitude - b.latitude) * degree / 2.0);
    const double west = sin((double)(a.longitude - b.longitude) * degree / 2.0);
    const double h = south * south + cos((double)a.latitude * degree) *
                                         cos((double)b.latitude * degree) * west * west;
    return 2.0 * (double)RK_EARTH_KM * asin(sqrt(h < 1.0 ? h : 1.0));
}

/* ---- codes ---- */

static void codes_of_known_places(void **state) {
    (void)state;
    static const struct {
        rk_place place;
        uint32_t code;
    } known[] = {
        {{-90.0f, -180.0f}, 0},          {{90.0f, 180.0f}, UINT32_MAX},
        {{-90.0f, 180.0f}, 0x55555555u}, {{90.0f, -180.0f}, 0xAAAAAAAAu},
        {{0.0f, 0.0f}, 0xC0000000u},     {{-0.01f, 0.0f}, 0x6AAAAAA0u},
    };
    for (uint32_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_int_equal(rk_place_code(known[i].place), known[i].code);
}

static void codes_interleave_cells(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 30);
    for (uint32_t round = 0; round < 20000; round++) {
        const rk_place place = random_place(&rng);
        const uint32_t code = rk_place_code(place);
        const int32_t x = naive_cell(place.longitude, 180.0f, 16);
        const int32_t y = naive_cell(place.latitude, 90.0f, 16);
        uint32_t expected = 0;
        for (uint32_t bit = 0; bit < 16; bit++)
            expected |= ((uint32_t)x >> bit & 1u) << (2 * bit) | ((uint32_t)y >> bit & 1u)
                                                                     << (2 * bit + 1);
        assert_int_equal(code, expected);
        assert_int_equal(rk_even_bits(code), x);
        assert_int_equal(rk_even_bits(code >> 1), y);
    }
}

/* ---- nearness ---- */

static void nearness_falls_with_distance(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 31);
    static const float kms[] = {0.5f, 3.0f, 50.0f, 2000.0f};
    for (uint32_t round = 0; round < 20000; round++) {
        const rk_place at = random_place(&rng), there = random_place(&rng);
        const float km = kms[round % 4];
        rk_anchors anchors = rk_anchors_none(km);
        rk_anchors_add(&anchors, at, 0.7f);
        const double arc = arc_km(at, there);
        const double chord = 2.0 * (double)RK_EARTH_KM * sin(arc / 2.0 / (double)RK_EARTH_KM);
        const double slack = 0.005; // km: what f32 coordinates leave open
        const double near = chord > slack ? chord - slack : 0.0, far = chord + slack;
        const double nearness = (double)rk_nearness(&anchors, rk_point_of(there));
        const double k = (double)km;
        assert_true(nearness <= 1.00001 / (1.0 + near / k * near / k));
        assert_true(nearness >= 0.99999 / (1.0 + far / k * far / k));
        assert_true(nearness <= 1.0);
    }
}

static void at_its_km_an_anchor_counts_half(void **state) {
    (void)state;
    rk_anchors anchors = rk_anchors_none(111.1949f); // one degree of a meridian
    rk_anchors_add(&anchors, (rk_place){10.0f, 20.0f}, 1.0f);
    assert_true(fabs((double)rk_nearness(&anchors, rk_point_of((rk_place){11.0f, 20.0f})) - 0.5) <
                1e-4);
    assert_true(rk_nearness(&anchors, rk_point_of((rk_place){10.0f, 20.0f})) == 1.0f);
    rk_anchors_add(&anchors, (rk_place){-80.0f, -160.0f}, 3.0f); // the other side of the earth
    assert_true(fabs((double)rk_nearness(&anchors, rk_point_of((rk_place){10.0f, 20.0f})) - 0.25) <
                1e-3);
}

/* The date line and the poles are no edges. */
static void the_same_point_by_other_names(void **state) {
    (void)state;
    static const rk_place pairs[][2] = {{{12.0f, 180.0f}, {12.0f, -180.0f}},
                                        {{90.0f, 0.0f}, {90.0f, 137.0f}},
                                        {{-90.0f, -180.0f}, {-90.0f, 45.0f}}};
    for (uint32_t i = 0; i < 3; i++) {
        rk_anchors anchors = rk_anchors_none(1.0f);
        rk_anchors_add(&anchors, pairs[i][0], 1.0f);
        assert_true(rk_nearness(&anchors, rk_point_of(pairs[i][1])) > 0.9999f);
    }
}

/* ---- rings ---- */

static void check_ring(const rk_ring *ring, rk_place at, uint64_t least) {
    const uint32_t level = naive_level(&content, at, least);
    bool held[ITEMS] = {false};
    uint32_t count = 0;
    assert_int_equal(ring->level, level);
    for (uint32_t cell = 0; cell < ring->rows * ring->columns; cell++) {
        uint32_t begin, end;
        rk_ring_run(&content, ring, cell, &begin, &end);
        for (; begin < end; begin++, count++) {
            const uint32_t item = content.place_item[begin];
            assert_false(held[item]); // no cell twice
            held[item] = true;
        }
    }
    for (uint32_t item = 0; item < ITEMS; item++) {
        const rk_place place = content.place[item];
        if (!rk_has_place(place)) continue;
        assert_int_equal(held[item], naive_in_ring(at, level, place));
        assert_int_equal(held[item], rk_ring_holds(ring, rk_place_code(place)));
    }
    assert_true(count >= least || level == 0 || count == content.meta.place_count);
}

static void rings_hold_what_they_should(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 32);
    uint32_t levels = 0;
    for (uint32_t round = 0; round < 3000; round++) {
        rk_place at = random_place(&rng);
        if (round % 50 == 0) at = (rk_place){round % 100 ? 90.0f : -90.0f, 180.0f};
        const uint32_t least = 1 + rk_rng_below(&rng, round % 2 ? 20 : ITEMS);
        const rk_ring ring = rk_ring_around(&content, at, least, RK_PLACE_BITS);
        const uint32_t finest = rk_rng_below(&rng, RK_PLACE_BITS + 1);
        assert_int_equal(rk_ring_around(&content, at, least, finest).level,
                         RK_MIN(finest, ring.level));
        check_ring(&ring, at, least);
        levels |= 1u << ring.level;
    }
    assert_true(levels >> 16); // the shared spot fills the finest cell
}

/* A ring holds all within the height of a cell, wherever it lies: walk there in every direction. */
static void rings_reach_a_cell_everywhere(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 33);
    for (uint32_t round = 0; round < 60000; round++) {
        const rk_place at = {180.0f * rk_rng_f32(&rng) - 90.0f, 360.0f * rk_rng_f32(&rng) - 180.0f};
        const uint32_t level = 1 + rk_rng_below(&rng, 10);
        if (naive_columns(at, level) > (int32_t)RK_MAX_RING_COLUMNS) continue;
        const double height = 180.0 / (double)(1u << level) * degree * 0.999;
        const double way = height * rk_rng_f64(&rng), bearing = 360.0 * degree * rk_rng_f64(&rng);
        const double lat = (double)at.latitude * degree, lon = (double)at.longitude * degree;
        const double there = asin(sin(lat) * cos(way) + cos(lat) * sin(way) * cos(bearing));
        double east =
            lon + atan2(sin(bearing) * sin(way) * cos(lat), cos(way) - sin(lat) * sin(there));
        east = remainder(east, 360.0 * degree);
        const rk_place place = {(float)(there / degree), (float)(east / degree)};
        assert_true(naive_in_ring(at, level, place));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_of_known_places),
        cmocka_unit_test(codes_interleave_cells),
        cmocka_unit_test(nearness_falls_with_distance),
        cmocka_unit_test(at_its_km_an_anchor_counts_half),
        cmocka_unit_test(the_same_point_by_other_names),
        cmocka_unit_test(rings_hold_what_they_should),
        cmocka_unit_test(rings_reach_a_cell_everywhere),
    };
    return cmocka_run_group_tests(tests, make_content, free_content);
}
