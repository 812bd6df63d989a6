/* Beta draws against exact moments and distribution functions; propensities against counting. */
#include "take.h"

#include "base/fmath.h"
#include "model/bandit_policy.h"

#include <math.h>

static void doubles_of_fmath(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 1);
    for (int i = 0; i < 200000; i++) {
        const double x = 1400.0 * rk_rng_f64(&rng) - 700.0;
        assert_true(fabs(rk_exp_f64(x) - exp(x)) <= 1e-12 * exp(x));
        const double y = exp(x), near = 1.0 + 1e-3 * (rk_rng_f64(&rng) - 0.5);
        assert_true(fabs(rk_log_f64(y) - log(y)) <= 1e-15 * fmax(1.0, fabs(log(y))));
        assert_true(fabs(rk_log_f64(near) - log(near)) <= 1e-15);
    }
}

/* E[X^k]. */
static double raw_moment(double a, double b, uint32_t k) {
    double moment = 1.0;
    for (uint32_t i = 0; i < k; i++) moment *= (a + i) / (a + b + i);
    return moment;
}

/* The first three moments within 5 standard errors, which are exact too; not those that hang on a
 * few draws. */
static void draws_have_the_moments(void **state) {
    (void)state;
    enum { DRAWS = 20000 };
    static const double shapes[] = {RK_BETA_LEAST, 0.3, 1.0, 1.0 + 1e-9, 2.0, 30.0, 3000.0, 1e9};
    enum { SHAPES = sizeof shapes / sizeof shapes[0] };
    static float draw[DRAWS];
    const uint64_t seed = test_seed();
    uint32_t judged = 0;
    for (uint32_t i = 0; i < SHAPES * SHAPES; i++) {
        const double a = shapes[i / SHAPES], b = shapes[i % SHAPES];
        rk_rng rng = rk_rng_at(seed, 10 + i);
        rk_beta_draw((rk_beta){a, b}, &rng, draw, DRAWS);
        for (uint32_t k = 1; k <= 3; k++) {
            const double mean = raw_moment(a, b, k);
            /* Below the rounding of an f32 there is nothing to see. */
            const double variance = fmax(raw_moment(a, b, 2 * k) - mean * mean, 0.0);
            if (variance > mean * mean * DRAWS / 400.0) continue;
            double sum = 0.0;
            for (uint32_t d = 0; d < DRAWS; d++) {
                assert_true(draw[d] >= 0.0f && draw[d] <= 1.0f);
                sum += pow((double)draw[d], k) - mean;
            }
            if (fabs(sum / DRAWS) > 5.0 * sqrt(variance / DRAWS) + k * mean * 0x1p-24)
                fail_msg("Beta(%g, %g): moment %u is %g off", a, b, k, sum / DRAWS);
            judged++;
        }
    }
    assert_true(judged > 150);
}

/* P(X <= x) by Simpson's rule over the density in the angle, x = sin^2: smooth for a, b >= 1/2. */
static double beta_cdf(double a, double b, double x) {
    enum { STEPS = 1000 };
    const double end = asin(sqrt(x)), log_b = lgamma(a) + lgamma(b) - lgamma(a + b);
    double sum = 0.0;
    for (int i = 0; i <= STEPS; i++) {
        const double t = end * i / STEPS, s = sin(t), c = cos(t);
        const double density = 2.0 * exp(-log_b) * pow(s, 2.0 * a - 1.0) * pow(c, 2.0 * b - 1.0);
        sum += density * (i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2);
    }
    return sum * end / STEPS / 3.0;
}

static int compare_floats(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov's distance below 1.95 / sqrt(n): one case in a thousand is above. */
static void draws_have_the_distribution(void **state) {
    (void)state;
    enum { DRAWS = 20000 };
    static const rk_beta shapes[] = {{0.5, 0.5}, {1, 1}, {0.7, 3}, {1, 30},  {1.5, 1.2},
                                     {3, 97},    {8, 2}, {20, 20}, {31, 969}};
    static float draw[DRAWS];
    const uint64_t seed = test_seed();
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        rk_rng rng = rk_rng_at(seed, 100 + i);
        rk_beta_draw(shapes[i], &rng, draw, DRAWS);
        qsort(draw, DRAWS, sizeof *draw, compare_floats);
        double distance = 0.0;
        for (uint32_t k = 0; k < DRAWS; k += 101) {
            const double at = beta_cdf(shapes[i].alpha, shapes[i].beta, (double)draw[k]);
            distance = fmax(distance, fabs(at - (k + 0.5) / DRAWS));
        }
        if (distance > 1.95 / sqrt(DRAWS))
            fail_msg("Beta(%g, %g): distance %g", shapes[i].alpha, shapes[i].beta, distance);
    }
}

/* ---- policies ---- */

static rk_policy new_policy(rk_memory *memory, uint32_t arms, uint32_t uniform) {
    return rk_policy_over(TAKE(memory, unsigned char, rk_policy_bytes(arms)), arms, uniform);
}

/* Some arms tried often, some never. */
static void draw_arms(rk_policy *policy, uint64_t seed) {
    for (uint32_t a = 0; a < policy->arms; a++) {
        rk_rng rng = rk_rng_at(seed, a);
        const double trials = a % 5 == 0 ? 0.0 : rk_rng_below(&rng, 2000);
        const double rewards = floor(trials * 0.05 * rk_rng_f64(&rng));
        rk_policy_draw_beta(policy, a, seed, a, (rk_beta){1.0 + rewards, 30.0 + trials - rewards});
    }
}

/* Weights against a dumb count over a copy of the rows, for every slot. */
static void weights_are_counts(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 3);
    for (int round = 0; round < 100; round++) {
        rk_memory memory = {0};
        const uint32_t arms = 1 + rk_rng_below(&rng, 40);
        rk_policy policy = new_policy(&memory, arms, rk_rng_below(&rng, RK_POLICY_PARTS + 1));
        /* Few different values, so that there are ties. */
        for (uint32_t i = 0; i < arms * RK_POLICY_ROUNDS; i++)
            policy.sample[i] = (float)rk_rng_below(&rng, 8) * 0.5f - 2.0f;
        rk_choice choices[40], again[40];
        bool taken[40] = {false};
        const uint64_t draw_seed = rk_rng_u64(&rng);
        rk_policy_choose(&policy, draw_seed, arms, choices);
        for (uint32_t slot = 0; slot < arms; slot++) {
            uint64_t wins[40] = {0}, sum = 0, left = arms - slot;
            for (uint32_t m = 0; m < RK_POLICY_ROUNDS; m++) {
                uint32_t best = RK_NONE;
                for (uint32_t a = 0; a < arms; a++)
                    if (!taken[a] && (best == RK_NONE || rk_policy_row(&policy, a)[m] >
                                                             rk_policy_row(&policy, best)[m]))
                        best = a;
                wins[best]++;
            }
            rk_policy_choose(&policy, draw_seed, slot + 1, again);
            assert_memory_equal(again, choices, (slot + 1) * sizeof *again);
            for (uint32_t a = 0; a < arms; a++) {
                const uint64_t weight = taken[a]
                                            ? 0
                                            : wins[a] * left * (RK_POLICY_PARTS - policy.uniform) +
                                                  RK_POLICY_ROUNDS * (uint64_t)policy.uniform;
                assert_int_equal(policy.weight[a], weight);
                sum += weight;
            }
            assert_int_equal(sum, choices[slot].total);
            assert_false(taken[choices[slot].arm]);
            assert_int_equal(policy.weight[choices[slot].arm], choices[slot].weight);
            taken[choices[slot].arm] = true;
        }
        rk_memory_free(&memory);
    }
}

/* Small version of `node tests/bench/bench_bandit.js`: three slots of 30 arms. */
static void arms_are_chosen_as_often_as_said(void **state) {
    (void)state;
    enum { ARMS = 30, DECISIONS = 5000, SLOTS = 3 };
    const uint64_t seed = test_seed();
    rk_memory memory = {0};
    rk_policy policy = new_policy(&memory, ARMS, 40);
    double chosen[ARMS] = {0}, expected[ARMS] = {0}, variance[ARMS] = {0};
    for (uint32_t t = 0; t < DECISIONS; t++) {
        if (t % 500 == 0) draw_arms(&policy, rk_mix64(seed, t));
        rk_choice choices[SLOTS];
        for (uint32_t slots = 1; slots <= SLOTS; slots++) {
            rk_policy_choose(&policy, rk_mix64(seed, t), slots, choices);
            for (uint32_t a = 0; a < ARMS; a++) {
                const double p = (double)policy.weight[a] / choices[slots - 1].total;
                expected[a] += p, variance[a] += p * (1.0 - p);
            }
            const rk_choice last = choices[slots - 1];
            assert_true(rk_choice_propensity(last) > 0.0f && rk_choice_propensity(last) <= 1.0f);
            chosen[last.arm] += 1.0;
        }
    }
    for (uint32_t a = 0; a < ARMS; a++) {
        assert_true(expected[a] >= DECISIONS * SLOTS * 40.0 / 4096 / ARMS);
        if (fabs(chosen[a] - expected[a]) > 4.0 * sqrt(variance[a]))
            fail_msg("arm %u: %g times, expected %g", a, chosen[a], expected[a]);
    }
    rk_memory_free(&memory);
}

/* Averaged over policy seeds, wins are what drawing once would give: two arms, P(X > Y) of uniform
 * X and Y ~ Beta(3, 1) is 1/4. */
static void policies_are_thompson_sampling(void **state) {
    (void)state;
    enum { POLICIES = 2000 };
    const uint64_t seed = test_seed();
    rk_memory memory = {0};
    rk_policy policy = new_policy(&memory, 2, 0);
    double wins = 0.0;
    for (uint32_t i = 0; i < POLICIES; i++) {
        rk_policy_draw_beta(&policy, 0, rk_mix64(seed, i), 5, (rk_beta){1.0, 1.0});
        rk_policy_draw_beta(&policy, 1, rk_mix64(seed, i), 6, (rk_beta){3.0, 1.0});
        const uint32_t total = rk_policy_weigh(&policy);
        wins += (double)policy.weight[0] / total;
    }
    const double se = sqrt(0.25 * 0.75 / (POLICIES * (double)RK_POLICY_ROUNDS));
    assert_true(fabs(wins / POLICIES - 0.25) < 5.0 * se);
    rk_memory_free(&memory);
}

/* The same inputs, other memory: the same decision. One input changed: another row. */
static void decisions_replay(void **state) {
    (void)state;
    const uint64_t seed = test_seed();
    rk_memory memory = {0};
    rk_policy first = new_policy(&memory, 20, 41), second = new_policy(&memory, 20, 41);
    rk_choice a[4], b[4];
    draw_arms(&first, seed);
    rk_policy_choose(&first, 5, 4, a);
    draw_arms(&second, seed + 1);
    rk_policy_choose(&second, 6, 2, b);
    draw_arms(&second, seed);
    rk_policy_choose(&second, 5, 4, b);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_equal(first.sample, second.sample, 20 * RK_POLICY_ROUNDS * sizeof(float));
    float kept[RK_POLICY_ROUNDS];
    const size_t bytes = sizeof kept;
    rk_policy_draw_beta(&first, 0, seed, 9, (rk_beta){2, 3});
    memcpy(kept, first.sample, bytes);
    rk_policy_draw_beta(&first, 0, seed, 9, (rk_beta){2, 3});
    assert_memory_equal(kept, first.sample, bytes);
    rk_policy_draw_beta(&first, 0, seed, 9, (rk_beta){2, 4});
    assert_memory_not_equal(kept, first.sample, bytes);
    rk_policy_draw_beta(&first, 0, seed, 10, (rk_beta){2, 3});
    assert_memory_not_equal(kept, first.sample, bytes);
    rk_policy_draw_beta(&first, 0, seed + 1, 9, (rk_beta){2, 3});
    assert_memory_not_equal(kept, first.sample, bytes);
    rk_memory_free(&memory);
}

/* The largest policy: its total still fits. */
static void the_most_arms(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_policy policy = new_policy(&memory, RK_POLICY_MOST_ARMS, 4);
    for (uint32_t m = 0; m < RK_POLICY_ROUNDS; m++) rk_policy_row(&policy, 4000)[m] = 1.0f;
    rk_choice choice;
    rk_policy_choose(&policy, 1, 1, &choice);
    assert_true(choice.total == 4095u << 20);
    uint64_t sum = 0;
    for (uint32_t a = 0; a < policy.arms; a++) sum += policy.weight[a];
    assert_true(sum == choice.total);
    assert_int_equal(choice.arm, 4000);
    rk_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_of_fmath),
        cmocka_unit_test(draws_have_the_moments),
        cmocka_unit_test(draws_have_the_distribution),
        cmocka_unit_test(weights_are_counts),
        cmocka_unit_test(arms_are_chosen_as_often_as_said),
        cmocka_unit_test(policies_are_thompson_sampling),
        cmocka_unit_test(decisions_replay),
        cmocka_unit_test(the_most_arms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
