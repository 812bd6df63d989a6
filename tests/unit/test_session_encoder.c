/* The session's vector against the same sum in f64 over decoded items. */
#include "random_snapshot.h"

#include "model/session_encoder.h"
#include "model/vectors.h"

#include <math.h>

enum { ITEMS = 80, DIM = 20 };

static rk_memory memory;
static rk_snapshot_content content;

static int make_content(void **state) {
    (void)state;
    content = make_random_snapshot(
        (snapshot_shape){.items = ITEMS, .dim = DIM, .neighbors = 4, .seed = 6}, &memory);
    return 0;
}

static int free_content(void **state) {
    (void)state;
    rk_memory_free(&memory);
    return 0;
}

static void encode_f64(const uint32_t *items, const float *weights, uint32_t count, double *out) {
    double norm = 0.0;
    for (uint32_t i = 0; i < DIM; i++) out[i] = 0.0;
    for (uint32_t j = 0; j < count; j++) {
        const double weight = (double)weights[j] * pow((double)content.meta.session_decay, j);
        int16_t magnitudes[DIM];
        rk_vector_decode_i16(&content, items[j], magnitudes);
        for (uint32_t i = 0; i < DIM; i++)
            out[i] += weight * ((double)content.vector_mean[i] +
                                (double)content.vector_factors[items[j]].decode * magnitudes[i]);
    }
    for (uint32_t i = 0; i < DIM; i++) norm += out[i] * out[i];
    for (uint32_t i = 0; i < DIM; i++) out[i] /= sqrt(norm);
}

static void is_the_decayed_sum_of_its_items(void **state) {
    (void)state;
    static const float decays[] = {0.01f, 0.4f, 0.8f, 1.0f};
    rk_rng rng = rk_rng_at(test_seed(), 50);
    for (uint32_t round = 0; round < 400; round++) {
        uint32_t items[40];
        float weights[40], out[DIM];
        double expected[DIM], squares = 0.0;
        const uint32_t count = 1 + rk_rng_below(&rng, 40);
        content.meta.session_decay = decays[round % 4];
        for (uint32_t j = 0; j < count; j++) {
            items[j] = rk_rng_below(&rng, ITEMS);
            weights[j] = 0.5f + rk_rng_f32(&rng);
        }
        rk_session_encode(&content, items, weights, count, out);
        encode_f64(items, weights, count, expected);
        for (uint32_t i = 0; i < DIM; i++) {
            assert_true(fabs((double)out[i] - expected[i]) < 2e-3); // the cut at 1e-4
            squares += (double)out[i] * (double)out[i];
        }
        assert_true(fabs(squares - 1.0) < 1e-5);
    }
}

static void the_most_recent_item_comes_first(void **state) {
    (void)state;
    const uint32_t forward[2] = {3, 40}, backward[2] = {40, 3};
    const float weights[2] = {1.0f, 1.0f};
    float a[DIM], b[DIM], newest[DIM], a_newest = 0.0f, b_newest = 0.0f;
    content.meta.session_decay = 0.5f;
    rk_session_encode(&content, forward, weights, 2, a);
    rk_session_encode(&content, backward, weights, 2, b);
    rk_session_encode(&content, forward, weights, 1, newest);
    for (uint32_t i = 0; i < DIM; i++) a_newest += a[i] * newest[i], b_newest += b[i] * newest[i];
    assert_true(a_newest > b_newest + 0.05f);
}

/* Recency 2^-14 is below the cut: whatever comes after changes no bit. */
static void the_far_past_is_not_read(void **state) {
    (void)state;
    uint32_t items[30];
    float weights[30], short_vector[DIM], long_vector[DIM];
    for (uint32_t j = 0; j < 30; j++) items[j] = j * 2, weights[j] = 1.0f;
    content.meta.session_decay = 0.5f;
    rk_session_encode(&content, items, weights, 14, short_vector);
    rk_session_encode(&content, items, weights, 30, long_vector);
    assert_memory_equal(short_vector, long_vector, sizeof short_vector);
    rk_session_encode(&content, items, weights, 13, short_vector);
    assert_memory_not_equal(short_vector, long_vector, sizeof short_vector);
}

static void nothing_gives_a_zero_vector(void **state) {
    (void)state;
    float out[DIM];
    memset(out, 0x55, sizeof out);
    rk_session_encode(&content, NULL, NULL, 0, out);
    for (uint32_t i = 0; i < DIM; i++) assert_true(out[i] == 0.0f);
}

/* Two vectors with opposite codes and no mean. */
static void items_that_cancel_give_a_zero_vector(void **state) {
    (void)state;
    enum { TWO = 2, LOW_BYTES = DIM / 4 * 3 };
    rk_rng rng = rk_rng_at(test_seed(), 51);
    float r[DIM], out[DIM];
    uint8_t cells[DIM], blocks[DIM / 2 * 16] = {0}, low[TWO * LOW_BYTES];
    rk_vector_factor factors[TWO];
    const float mean[DIM] = {0};
    for (uint32_t i = 0; i < DIM; i++) r[i] = rk_rng_normal(&rng);
    for (uint32_t row = 0; row < TWO; row++) {
        rk_vector_encode(r, DIM, cells, low + row * LOW_BYTES, &factors[row]);
        rk_cells_put(blocks, DIM, row, cells);
        for (uint32_t i = 0; i < DIM; i++) r[i] = -r[i];
    }
    const rk_snapshot_content two = {.meta = {.items = TWO, .dim = DIM, .session_decay = 1.0f},
                                     .vector_mean = mean,
                                     .vector_factors = factors,
                                     .vector_cells = blocks,
                                     .vector_low = low};
    const uint32_t items[TWO] = {0, 1};
    const float weights[TWO] = {1.0f, 1.0f};
    rk_session_encode(&two, items, weights, TWO, out);
    for (uint32_t i = 0; i < DIM; i++) assert_true(out[i] == 0.0f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_decayed_sum_of_its_items),
        cmocka_unit_test(the_most_recent_item_comes_first),
        cmocka_unit_test(the_far_past_is_not_read),
        cmocka_unit_test(nothing_gives_a_zero_vector),
        cmocka_unit_test(items_that_cancel_give_a_zero_vector),
    };
    return cmocka_run_group_tests(tests, make_content, free_content);
}
