/* Intervals: the same whatever the threads, paired where they must be, and as wide as statistics
 * says they are. */
#include "take.h"

#include "base/rng.h"
#include "learn/bootstrap.h"

#include <math.h>

enum { WIDTH = 3 };

/* `per_user` cases of each user, as a split has them. */
static rk_split split_of(rk_memory *memory, uint32_t users, uint32_t per_user) {
    rk_split split = {.cases = TAKE(memory, rk_case, users * per_user),
                      .case_count = users * per_user};
    for (uint32_t i = 0; i < users * per_user; i++) split.cases[i].user = i / per_user * 2;
    return split;
}

static double *means_of(rk_memory *memory, const rk_split *split, const float *values,
                        uint64_t seed, uint32_t threads) {
    double *means = TAKE(memory, double, RK_RESAMPLES *WIDTH);
    assert_true(rk_bootstrap_means(split, values, WIDTH, seed, threads, means));
    return means;
}

static float *random_values(rk_memory *memory, rk_rng *rng, uint32_t cases) {
    float *values = TAKE(memory, float, cases *WIDTH);
    for (uint32_t i = 0; i < cases; i++) {
        const bool measured = rk_rng_below(rng, 5) > 0;
        for (uint32_t w = 0; w < WIDTH; w++)
            values[i * WIDTH + w] = measured ? rk_rng_f32(rng) : -1.0f;
    }
    return values;
}

/* Every resample again, drawing users one by one and adding up their cases one by one. */
static void resamples_are_the_naive_ones(void **state) {
    (void)state;
    enum { USERS = 40, EACH = 3 };
    rk_memory memory = {0};
    const uint64_t seed = test_seed();
    rk_rng rng = rk_rng_at(seed, 300);
    const rk_split split = split_of(&memory, USERS, EACH);
    const float *values = random_values(&memory, &rng, USERS * EACH);
    const double *means = means_of(&memory, &split, values, seed, 2);
    uint32_t measured[USERS], count = 0; // users with something measured
    for (uint32_t user = 0; user < USERS; user++) {
        bool any = false;
        for (uint32_t i = 0; i < EACH; i++) any |= values[(user * EACH + i) * WIDTH] >= 0.0f;
        if (any) measured[count++] = user;
    }
    for (uint32_t r = 0; r < RK_RESAMPLES; r++) {
        rk_rng draws = rk_rng_at(seed, (UINT64_C(0x626F6F74) << 32) + r);
        double sum[WIDTH] = {0}, cases = 0.0;
        for (uint32_t draw = 0; draw < count; draw++) {
            const uint32_t user = measured[rk_rng_below(&draws, count)];
            for (uint32_t i = 0; i < EACH; i++) {
                const float *value = values + (user * EACH + i) * WIDTH;
                if (value[0] < 0.0f) continue;
                cases++;
                for (uint32_t w = 0; w < WIDTH; w++) sum[w] += (double)value[w];
            }
        }
        for (uint32_t w = 0; w < WIDTH; w++)
            assert_true(fabs(means[r * WIDTH + w] - sum[w] / cases) < 1e-9);
    }
    /* The interval holds 950 of the 1,000 and its two ends. */
    for (uint32_t w = 0; w < WIDTH; w++) {
        const rk_interval interval = rk_bootstrap_interval(means, NULL, WIDTH, w);
        uint32_t below = 0, above = 0;
        for (uint32_t r = 0; r < RK_RESAMPLES; r++) {
            below += means[r * WIDTH + w] < interval.low;
            above += means[r * WIDTH + w] > interval.high;
        }
        assert_int_equal(below, 24);
        assert_int_equal(above, 24);
    }
    rk_memory_free(&memory);
}

static void threads_change_no_bit_and_the_seed_does(void **state) {
    (void)state;
    rk_memory memory = {0};
    const uint64_t seed = test_seed();
    rk_rng rng = rk_rng_at(seed, 301);
    const rk_split split = split_of(&memory, 100, 2);
    const float *values = random_values(&memory, &rng, 200);
    const double *one = means_of(&memory, &split, values, seed, 1);
    for (uint32_t threads = 2; threads <= 8; threads++)
        assert_memory_equal(means_of(&memory, &split, values, seed, threads), one,
                            RK_RESAMPLES * WIDTH * sizeof *one);
    assert_memory_not_equal(means_of(&memory, &split, values, seed + 1, 1), one,
                            RK_RESAMPLES * WIDTH * sizeof *one);
    rk_memory_free(&memory);
}

/* Compared with itself a method is ahead by exactly nothing; one that is better by a little for
 * everybody is better for sure, however much users differ. */
static void pairs_meet_the_same_users(void **state) {
    (void)state;
    rk_memory memory = {0};
    const uint64_t seed = test_seed();
    rk_rng rng = rk_rng_at(seed, 302);
    const rk_split split = split_of(&memory, 80, 2);
    float *values = random_values(&memory, &rng, 160);
    const double *first = means_of(&memory, &split, values, seed, 1);
    const double *again = means_of(&memory, &split, values, seed, 3);
    for (uint32_t i = 0; i < 160 * WIDTH; i++)
        if (values[i] >= 0.0f) values[i] += 0.001f;
    const double *better = means_of(&memory, &split, values, seed, 1);
    for (uint32_t w = 0; w < WIDTH; w++) {
        const rk_interval itself = rk_bootstrap_interval(first, again, WIDTH, w);
        assert_true(itself.low == 0.0 && itself.high == 0.0);
        const rk_interval lead = rk_bootstrap_interval(better, first, WIDTH, w);
        assert_true(fabs(lead.low - 0.001) < 1e-6 && fabs(lead.high - 0.001) < 1e-6);
        const rk_interval own = rk_bootstrap_interval(first, NULL, WIDTH, w);
        assert_true(own.high - own.low > 0.05);
    }
    rk_memory_free(&memory);
}

/* Of 200 samples of a coin of .3, about 95 in 100 have .3 in their interval. Where the four cases
 * of a user are one and the same, intervals must be as wide as for a fourth of the cases. */
static void intervals_cover_what_they_should(void **state) {
    (void)state;
    enum { USERS = 100, EACH = 4, SAMPLES = 200 };
    const uint64_t seed = test_seed();
    rk_rng rng = rk_rng_at(seed, 303);
    uint32_t covered = 0;
    double width = 0.0;
    for (uint32_t sample = 0; sample < SAMPLES; sample++) {
        rk_memory memory = {0};
        const rk_split split = split_of(&memory, USERS, EACH);
        float *values = TAKE(&memory, float, USERS *EACH *WIDTH);
        for (uint32_t user = 0; user < USERS; user++) {
            const float value = rk_rng_f64(&rng) < 0.3 ? 1.0f : 0.0f;
            for (uint32_t i = 0; i < EACH * WIDTH; i++) values[user * EACH * WIDTH + i] = value;
        }
        const double *means = means_of(&memory, &split, values, seed + sample, 1);
        const rk_interval interval = rk_bootstrap_interval(means, NULL, WIDTH, 1);
        covered += interval.low <= 0.3 && 0.3 <= interval.high;
        width += (interval.high - interval.low) / SAMPLES;
        rk_memory_free(&memory);
    }
    print_message("%u of %u cover, mean width %.3f\n", covered, SAMPLES, width);
    assert_in_range(covered, SAMPLES * 89 / 100, SAMPLES * 99 / 100);
    /* 2 * 1.96 * sqrt(.3 * .7 / 100) = .180 */
    assert_true(width > 0.16 && width < 0.20);
}

static void nothing_measured(void **state) {
    (void)state;
    rk_memory memory = {0};
    const rk_split split = split_of(&memory, 3, 1), empty = {0};
    const float values[3 * WIDTH] = {-1, -1, -1, -1, -1, -1, -1, -1, -1};
    const double *means = means_of(&memory, &split, values, 1, 1);
    for (uint32_t i = 0; i < RK_RESAMPLES * WIDTH; i++) assert_true(means[i] == 0.0);
    means = means_of(&memory, &empty, values, 1, 1);
    for (uint32_t i = 0; i < RK_RESAMPLES * WIDTH; i++) assert_true(means[i] == 0.0);
    rk_memory_free(&memory);
}

static void survives_every_allocation_failing(void **state) {
    (void)state;
    rk_memory memory = {0};
    const rk_split split = split_of(&memory, 3, 1);
    const float values[3 * WIDTH] = {0};
    double *means = TAKE(&memory, double, RK_RESAMPLES *WIDTH);
    for (uint64_t takes = 0; takes < 2; takes++) {
        rk_memory_fail_after(takes);
        const bool ok = rk_bootstrap_means(&split, values, WIDTH, 1, 1, means);
        rk_memory_fail_after(UINT64_MAX);
        assert_false(ok);
    }
    rk_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resamples_are_the_naive_ones),
        cmocka_unit_test(threads_change_no_bit_and_the_seed_does),
        cmocka_unit_test(pairs_meet_the_same_users),
        cmocka_unit_test(intervals_cover_what_they_should),
        cmocka_unit_test(nothing_measured),
        cmocka_unit_test(survives_every_allocation_failing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
