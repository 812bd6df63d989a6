/* Rotation and codes of item vectors against FORMAT.md, "vector codes". */
#include "random_snapshot.h"

#include "model/vectors.h"
#include "simd/kernels.h"

#include <math.h>

static const uint32_t dims[] = {4, 8, 20, 64, 100, 252, 256};
enum { DIMS = sizeof dims / sizeof dims[0] };

static void random_vector(rk_rng *rng, uint32_t dim, float *out) {
    for (uint32_t i = 0; i < dim; i++) out[i] = rk_rng_normal(rng);
}

static double dot_f64(const float *a, const float *b, uint32_t dim) {
    double sum = 0.0;
    for (uint32_t i = 0; i < dim; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

static void rotation_keeps_inner_products(void **state) {
    (void)state;
    static float rotated[RK_MAX_DIM][RK_MAX_DIM];
    for (uint32_t d = 0; d < DIMS; d++) {
        const uint32_t dim = dims[d];
        memset(rotated, 0, sizeof rotated);
        for (uint32_t i = 0; i < dim; i++) {
            rotated[i][i] = 1.0f;
            rk_vector_rotate(rotated[i], dim, 7);
        }
        for (uint32_t i = 0; i < dim; i++) {
            for (uint32_t j = 0; j < dim; j++) {
                const double expected = i == j ? 1.0 : 0.0;
                assert_true(fabs(dot_f64(rotated[i], rotated[j], dim) - expected) < 1e-5);
            }
        }
    }
}

/* dim = 100 is rotated in blocks of 64, 32 and 4, and a block is mixed evenly. */
static void rotation_mixes_within_its_block(void **state) {
    (void)state;
    static const struct { uint32_t begin, size; } blocks[] = {{0, 64}, {64, 32}, {96, 4}};
    for (uint32_t b = 0; b < 3; b++) {
        for (uint32_t i = 0; i < blocks[b].size; i++) {
            float x[100] = {0};
            x[blocks[b].begin + i] = 1.0f;
            rk_vector_rotate(x, 100, 3);
            for (uint32_t j = 0; j < 100; j++) {
                const bool inside = j >= blocks[b].begin && j < blocks[b].begin + blocks[b].size;
                const double expected = inside ? 1.0 / sqrt(blocks[b].size) : 0.0;
                assert_true(fabs(fabs((double)x[j]) - expected) < 1e-6);
            }
        }
    }
}

static void rotation_depends_on_the_seed_only(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 19);
    for (uint32_t d = 0; d < DIMS; d++) {
        float a[RK_MAX_DIM], b[RK_MAX_DIM], c[RK_MAX_DIM];
        random_vector(&rng, dims[d], a);
        memcpy(b, a, sizeof a);
        memcpy(c, a, sizeof a);
        rk_vector_rotate(a, dims[d], 11);
        rk_vector_rotate(b, dims[d], 11);
        assert_memory_equal(a, b, dims[d] * sizeof(float));
        rk_vector_rotate(c, dims[d], 12);
        /* 4 or 8 signs of two seeds may well be the same. */
        if (dims[d] >= 20) assert_memory_not_equal(a, c, dims[d] * sizeof(float));
    }
}

/* One coordinate against the table of FORMAT.md; returns its signed magnitude. */
static int check_coordinate(float r, double unit, uint32_t cell, uint32_t low, int16_t decoded) {
    const double units = fabs((double)r) / unit;
    const bool outer = cell == 0 || cell == 3, negative = cell < 2;
    const double edge = 64.0, slack = 1e-3;
    if (fabs((double)r) > 1e-6) assert_int_equal(negative, r < 0.0f);
    if (outer) assert_true(units >= edge - slack);
    if (!outer) assert_true(units <= edge + slack);
    const int magnitude = outer ? 64 + 3 * (int)low : (int)low;
    assert_int_equal(decoded, negative ? -magnitude : magnitude);
    /* Nearest step: half a step away, but for the clipped ends. */
    if (!outer && units < 63.5) assert_true(fabs(units - magnitude) <= 0.5 + slack);
    if (!outer && units >= 63.5) assert_int_equal(magnitude, 63);
    if (outer && units < 254.0) assert_true(fabs(units - magnitude) <= 1.5 + slack);
    if (outer && units >= 255.0) assert_int_equal(magnitude, 253);
    return negative ? -magnitude : magnitude;
}

static const double cell_level[4] = {-1.510, -0.4528, 0.4528, 1.510};

static void codes_follow_the_format(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 20);
    for (uint32_t round = 0; round < 60 * DIMS; round++) {
        const uint32_t dim = dims[round % DIMS];
        float r[RK_MAX_DIM];
        uint8_t cells[RK_MAX_DIM], low[RK_MAX_DIM];
        int16_t decoded[RK_MAX_DIM];
        rk_vector_factor factor;
        random_vector(&rng, dim, r);
        if (round % 3 == 0) r[round % dim] = 8.0f; /* clipped */
        if (round % 3 == 1) r[round % dim] = 0.0f;
        rk_vector_encode(r, dim, cells, low, &factor);
        rk_decode_row(cells, low, decoded, dim);
        const double norm = sqrt(dot_f64(r, r, dim)), unit = 0.98 / 64.0 * norm / sqrt(dim);
        double along_levels = 0.0, along_magnitudes = 0.0;
        for (uint32_t i = 0; i < dim; i++) {
            const uint32_t bits = (uint32_t)(low[i / 2] >> (i % 2 * 4) & 15) |
                                  (uint32_t)(low[dim / 2 + i / 4] >> (i % 4 * 2) & 3) << 4;
            const int value = check_coordinate(r[i], unit, cells[i], bits, decoded[i]);
            along_levels += cell_level[cells[i]] * (double)r[i];
            along_magnitudes += value * (double)r[i];
        }
        /* <r, r> is estimated exactly by both grids. */
        assert_true(fabs((double)factor.scan * along_levels / (norm * norm) - 1.0) < 1e-4);
        assert_true(fabs((double)factor.decode * along_magnitudes / (norm * norm) - 1.0) < 1e-4);
    }
}

/* Gaussian coordinates come back with a relative error below a hundredth; a coordinate beyond 3.9
 * sigma is clipped and costs a vector a little more. */
static void decoding_is_close(void **state) {
    (void)state;
    enum { ROUNDS = 200 };
    rk_rng rng = rk_rng_at(test_seed(), 21);
    double mean_error = 0.0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const uint32_t dim = 64;
        float r[64];
        uint8_t cells[64], low[48];
        int16_t decoded[64];
        rk_vector_factor factor;
        random_vector(&rng, dim, r);
        rk_vector_encode(r, dim, cells, low, &factor);
        rk_decode_row(cells, low, decoded, dim);
        double error = 0.0;
        for (uint32_t i = 0; i < dim; i++) {
            const double miss = (double)factor.decode * decoded[i] - (double)r[i];
            error += miss * miss;
        }
        const double relative = sqrt(error / dot_f64(r, r, dim));
        assert_true(relative < 0.1);
        mean_error += relative / ROUNDS;
    }
    assert_true(mean_error < 0.01);
}

static void a_zero_vector_has_no_direction(void **state) {
    (void)state;
    for (uint32_t d = 0; d < DIMS; d++) {
        float r[RK_MAX_DIM] = {0};
        uint8_t cells[RK_MAX_DIM], low[RK_MAX_DIM];
        int16_t decoded[RK_MAX_DIM];
        rk_vector_factor factor = {1.0f, 1.0f};
        rk_vector_encode(r, dims[d], cells, low, &factor);
        rk_decode_row(cells, low, decoded, dims[d]);
        assert_true(factor.scan == 0.0f && factor.decode == 0.0f);
        for (uint32_t i = 0; i < dims[d]; i++) assert_int_equal(decoded[i], 0);
    }
}

/* E over rotations of scan * <q, levels> is <q, r>: the shrinkage of a coarse grid (12 % at four
 * levels) is gone. */
static void coarse_estimate_is_unbiased(void **state) {
    (void)state;
    enum { DIM = 64, ROUNDS = 3000 };
    rk_rng rng = rk_rng_at(test_seed(), 22);
    for (uint32_t pair = 0; pair < 3; pair++) {
        float r[DIM], q[DIM];
        random_vector(&rng, DIM, r);
        random_vector(&rng, DIM, q);
        for (uint32_t i = 0; i < DIM; i++) q[i] = q[i] + (float)pair * r[i];
        const float q_norm = rk_norm_f32(q, DIM), r_norm = rk_norm_f32(r, DIM);
        for (uint32_t i = 0; i < DIM; i++) q[i] /= q_norm, r[i] /= r_norm;
        const double exact = dot_f64(q, r, DIM);
        double sum = 0.0, squares = 0.0;
        for (uint32_t round = 0; round < ROUNDS; round++) {
            float q_turned[DIM], r_turned[DIM];
            uint8_t cells[DIM], low[DIM];
            rk_vector_factor factor;
            memcpy(q_turned, q, sizeof q);
            memcpy(r_turned, r, sizeof r);
            rk_vector_rotate(q_turned, DIM, round);
            rk_vector_rotate(r_turned, DIM, round);
            rk_vector_encode(r_turned, DIM, cells, low, &factor);
            double along = 0.0;
            for (uint32_t i = 0; i < DIM; i++) along += cell_level[cells[i]] * (double)q_turned[i];
            const double miss = (double)factor.scan * along - exact;
            sum += miss;
            squares += miss * miss;
        }
        const double bias = sum / ROUNDS, spread = sqrt(squares / ROUNDS);
        assert_true(fabs(bias) < 5.0 * spread / sqrt(ROUNDS) + 2e-3);
        assert_true(spread < 0.08);
    }
}

static void cells_come_back_from_their_block(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 23);
    enum { ROWS = 70 };
    for (uint32_t d = 0; d < DIMS; d++) {
        const uint32_t dim = dims[d];
        static uint8_t cells[ROWS][RK_MAX_DIM], blocks[3 * RK_MAX_DIM / 2 * 16];
        memset(blocks, 0, sizeof blocks);
        for (uint32_t row = 0; row < ROWS; row++) {
            for (uint32_t i = 0; i < dim; i++) cells[row][i] = (uint8_t)(rk_rng_u32(&rng) & 3);
            rk_cells_put(blocks, dim, row, cells[row]);
        }
        for (uint32_t row = 0; row < ROWS; row++) {
            uint8_t back[RK_MAX_DIM];
            rk_cells_get(blocks, dim, row, back);
            assert_memory_equal(back, cells[row], dim);
            for (uint32_t t = 0; t < dim / 2; t++) {
                const uint8_t byte = blocks[row / 32 * (dim / 2 * 16) + t * 16 + row % 16];
                const uint32_t nibble = row % 32 < 16 ? byte & 15u : byte >> 4;
                assert_int_equal(nibble, cells[row][2 * t] + 4 * cells[row][2 * t + 1]);
            }
        }
    }
}

static void accumulating_adds_the_decoded_vector(void **state) {
    (void)state;
    rk_memory memory = {0};
    const snapshot_shape shape = {.items = 50, .dim = 20, .neighbors = 4, .seed = 5};
    const rk_snapshot_content content = make_random_snapshot(shape, &memory);
    for (uint32_t item = 0; item < shape.items; item++) {
        float sum[20];
        int16_t magnitudes[20];
        for (uint32_t i = 0; i < 20; i++) sum[i] = (float)i;
        rk_vector_decode_i16(&content, item, magnitudes);
        rk_vector_accumulate(&content, item, 2.5f, sum);
        for (uint32_t i = 0; i < 20; i++) {
            const double decoded = (double)content.vector_mean[i] +
                                   (double)content.vector_factors[item].decode * magnitudes[i];
            assert_true(fabs((double)sum[i] - (i + 2.5 * decoded)) < 1e-5);
        }
    }
    rk_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rotation_keeps_inner_products),
        cmocka_unit_test(rotation_mixes_within_its_block),
        cmocka_unit_test(rotation_depends_on_the_seed_only),
        cmocka_unit_test(codes_follow_the_format),
        cmocka_unit_test(decoding_is_close),
        cmocka_unit_test(a_zero_vector_has_no_direction),
        cmocka_unit_test(coarse_estimate_is_unbiased),
        cmocka_unit_test(cells_come_back_from_their_block),
        cmocka_unit_test(accumulating_adds_the_decoded_vector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
