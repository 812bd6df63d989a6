/* Successive halving, settings and guard rails: the best of known rewards is found, nothing is
 * drawn that may not be, and a rail holds where it says. */
#include "take.h"

#include "base/rng.h"
#include "learn/halving.h"
#include "learn/tune_guards.h"
#include "learn/tune_settings.h"
#include "random_snapshot.h"

#include <math.h>

/* ---- halving ---- */

enum { MOST = 40 };

typedef struct known {
    double score[MOST];
    bool broken[MOST];
    uint32_t measured[MOST], calls, fail_at;
} known;

static bool measure_known(void *context, uint32_t contestant, uint32_t rung, double *score,
                          bool *broken) {
    known *k = context;
    if (k->calls++ == k->fail_at) return false;
    assert_int_equal(k->measured[contestant], rung); // every rung once, in order
    k->measured[contestant]++;
    assert_int_equal(k->measured[0], rung + 1); // the present one first
    *score = k->score[contestant];
    *broken = k->broken[contestant];
    return true;
}

static known random_known(rk_rng *rng, uint32_t contestants) {
    known k = {.fail_at = RK_NONE};
    for (uint32_t i = 0; i < contestants; i++) {
        k.score[i] = (double)rk_rng_below(rng, 12) - 3.0; // ties are frequent
        k.broken[i] = rk_rng_below(rng, 5) == 0;
        if (rk_rng_below(rng, 9) == 0) k.score[i] = (double)NAN;
    }
    return k;
}

/* The best of those that break nothing; the lower of equals. */
static uint32_t naive_winner(const known *k, uint32_t contestants) {
    uint32_t best = RK_NONE;
    for (uint32_t i = 0; i < contestants; i++) {
        if (isnan(k->score[i]) || (k->broken[i] && i > 0)) continue;
        if (best == RK_NONE || k->score[i] > k->score[best]) best = i;
    }
    return best == RK_NONE ? 0 : best;
}

static rk_contest contest_of(known *k, uint32_t contestants, uint32_t rungs) {
    return (rk_contest){
        .contestants = contestants, .rungs = rungs, .measure = measure_known, .context = k};
}

static void the_best_of_known_rewards_wins(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 1);
    for (uint32_t round = 0; round < 2000; round++) {
        const uint32_t count = 1 + rk_rng_below(&rng, MOST);
        const uint32_t rungs = 1 + rk_rng_below(&rng, RK_MAX_RUNGS);
        known k = random_known(&rng, count);
        uint32_t alive[MOST], winner;
        double scores[MOST];
        rk_rung rung[RK_MAX_RUNGS];
        const rk_contest contest = contest_of(&k, count, rungs);
        assert_true(rk_halve(&contest, alive, scores, rung, &winner));
        assert_int_equal(winner, naive_winner(&k, count));
        assert_int_equal(k.measured[0], rungs);
        assert_int_equal(rung[0].entered, count);
        for (uint32_t r = 0; r + 1 < rungs; r++) {
            const uint32_t whole = rung[r].entered - rung[r].broken, half = (whole + 1) / 2;
            assert_true(rung[r].passed == half || rung[r].passed == half + 1);
            assert_int_equal(rung[r + 1].entered, rung[r].passed);
        }
        assert_int_equal(rung[rungs - 1].passed, 1);
    }
}

static void a_measurement_that_fails_ends_the_contest(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 2);
    known k = random_known(&rng, 9), whole = k;
    uint32_t alive[MOST], winner;
    double scores[MOST];
    rk_rung rung[RK_MAX_RUNGS];
    const rk_contest all = contest_of(&whole, 9, 3);
    assert_true(rk_halve(&all, alive, scores, rung, &winner));
    for (uint32_t at = 0; at < whole.calls; at++) {
        known failing = k;
        failing.fail_at = at;
        const rk_contest contest = contest_of(&failing, 9, 3);
        assert_false(rk_halve(&contest, alive, scores, rung, &winner));
        assert_int_equal(failing.calls, at + 1);
    }
}

/* ---- settings ---- */

static bool on_grid(uint32_t quota) {
    static const uint32_t grid[] = {0, 25, 50, 100, 200, 400};
    for (size_t i = 0; i < sizeof grid / sizeof *grid; i++) {
        if (grid[i] == quota) return true;
    }
    return false;
}

static void check_weight(float own, float event, float largest, float drawn) {
    const float size = fabsf(drawn);
    if (drawn == own) return;
    if (own == 0.0f) {
        assert_true(drawn * event > 0.0f && size <= largest + 0.0005f && size >= largest / 8.01f);
        return;
    }
    if (drawn * own < 0.0f) assert_true(event * own < 0.0f); // only where the events say otherwise
    assert_true(size <= fabsf(own) * 8.0f + 0.0005f && size >= fabsf(own) / 8.0f - 0.0005f);
    assert_true(fabsf(size * 1000.0f - roundf(size * 1000.0f)) < 0.01f);
}

static void settings_are_drawn_around_the_snapshots(void **state) {
    (void)state;
    rk_memory memory = {0};
    const uint64_t seed = test_seed();
    snapshot_shape shape = with_all_parts(
        (snapshot_shape){.items = 60, .dim = 8, .neighbors = 10, .popular_rows = 20, .seed = seed});
    shape.places = 0;
    shape.tasks = 4;
    rk_snapshot_content content = make_random_snapshot(shape, &memory);
    const rk_setting own = rk_setting_own(&content);
    const float event[TYPE_COUNT] = {-1.0f, 2.0f, -1.0f, -0.5f};
    bool changed[RK_MAX_TASKS + RK_SOURCE_COUNT] = {0}, flipped = false;
    assert_true((rk_setting_sources(&content) >> RK_SOURCE_NEARBY & 1u) == 0);
    for (uint32_t t = 0; t < 4; t++) assert_true(own.values[t] == content.tasks[t].weight);
    for (uint32_t n = 1; n < 400; n++) {
        const rk_setting drawn = rk_setting_draw(&content, event, seed, n);
        const rk_setting again = rk_setting_draw(&content, event, seed, n);
        assert_memory_equal(&drawn, &again, sizeof drawn);
        for (uint32_t t = 0; t < 4; t++) {
            check_weight(own.values[t], event[content.tasks[t].type], 3.0f, drawn.values[t]);
            changed[t] |= drawn.values[t] != own.values[t];
            flipped |= t == 0 && drawn.values[t] < 0.0f;
            if (n % 3 == 2) assert_true(drawn.values[t] == own.values[t]);
        }
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
            const bool differs = drawn.quotas[s] != own.quotas[s];
            changed[RK_MAX_TASKS + s] |= differs;
            assert_true(!differs || on_grid(drawn.quotas[s]));
            if (n % 3 == 1) assert_false(differs);
        }
        assert_true(drawn.quotas[RK_SOURCE_POPULAR] > 0);
        assert_int_equal(drawn.quotas[RK_SOURCE_EXPLORE], own.quotas[RK_SOURCE_EXPLORE]);
        assert_int_equal(drawn.quotas[RK_SOURCE_NEARBY], own.quotas[RK_SOURCE_NEARBY]);
    }
    assert_true(flipped);
    for (uint32_t t = 0; t < 4; t++) assert_true(changed[t]);
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        const bool fixed = s == RK_SOURCE_EXPLORE || s == RK_SOURCE_NEARBY;
        assert_true(changed[RK_MAX_TASKS + s] != fixed);
    }
    rk_memory_free(&memory);
}

/* ---- guard rails ---- */

static void guard_rails_are_read(void **state) {
    (void)state;
    static const struct {
        const char *name, *value;
        bool taken, on;
        double tolerance;
    } cases[] = {
        {"coverage", "-5%", true, true, 0.05}, {"coverage", "5%", true, true, 0.05},
        {"dislikes", "+0%", true, true, 0.0},  {"ndcg", "2.5%", true, true, 0.025},
        {"novelty", "off", true, false, 0.1},  {"coverage", "5", false, true, 0.1},
        {"coverage", "%", false, true, 0.1},   {"coverage", "--5%", false, true, 0.1},
        {"coverage", "", false, true, 0.1},    {"coverage", "nan%", false, true, 0.1},
        {"reward", "5%", false, false, 0.0},   {"clicks", "5%", false, false, 0.0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rk_tune_options options = rk_tune_defaults();
        assert_int_equal(rk_tune_set_guard(&options, cases[i].name, cases[i].value),
                         cases[i].taken);
        for (uint32_t f = RK_FIGURE_REWARD + 1; f < RK_FIGURES; f++) {
            if (strcmp(rk_figure_name((rk_figure)f), cases[i].name) != 0) continue;
            assert_int_equal(options.guards[f].on, cases[i].on);
            if (cases[i].on)
                assert_true(fabs(options.guards[f].tolerance - cases[i].tolerance) < 1e-9);
        }
    }
}

static void guard_rails_hold_on_their_side(void **state) {
    (void)state;
    const rk_guard five = {.on = true, .tolerance = 0.05}, none = {.tolerance = 0.05};
    for (uint32_t f = RK_FIGURE_REWARD + 1; f < RK_FIGURES; f++) {
        const rk_figure figure = (rk_figure)f;
        const double worse = rk_guard_is_upper(figure) ? 1.0 : -1.0;
        assert_false(rk_guard_broken(figure, &five, 2.0, 2.0 + worse * 0.0999, 1.0, 0.0));
        assert_false(rk_guard_broken(figure, &five, 2.0, 2.0 + worse * 0.1, 1.0, 0.0));
        assert_true(rk_guard_broken(figure, &five, 2.0, 2.0 + worse * 0.1001, 1.0, 0.0));
        assert_false(rk_guard_broken(figure, &five, 2.0, 2.0 - worse * 1.5, 1.0, 0.0));
        assert_false(rk_guard_broken(figure, &five, 2.0, 2.0 + worse * 0.19, 2.0, 0.0));
        assert_true(rk_guard_broken(figure, &five, 2.0, 2.0 + worse * 0.21, 2.0, 0.0));
        assert_false(rk_guard_broken(figure, &five, 2.0, 2.0 + worse * 0.19, 1.0, 0.1));
        assert_false(rk_guard_broken(figure, &none, 2.0, 2.0 + worse * 100.0, 1.0, 0.0));
        assert_false(rk_guard_broken(figure, &five, (double)NAN, 1.0, 1.0, 0.0));
        assert_false(rk_guard_broken(figure, &five, 1.0, (double)NAN, 1.0, 0.0));
    }
    assert_true(rk_guard_is_upper(RK_FIGURE_DISLIKES));
    assert_false(rk_guard_is_upper(RK_FIGURE_COVERAGE));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_of_known_rewards_wins),
        cmocka_unit_test(a_measurement_that_fails_ends_the_contest),
        cmocka_unit_test(settings_are_drawn_around_the_snapshots),
        cmocka_unit_test(guard_rails_are_read),
        cmocka_unit_test(guard_rails_hold_on_their_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
