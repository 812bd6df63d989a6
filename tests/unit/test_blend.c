/* Weights of the blend tried on candidates retrieved once: the same figure as asking the engine. */
#include "evaluation_bench.h"

#include "learn/blend.h"

#include <math.h>

static const uint32_t cutoff = 10;

static float random_weight(rk_rng *rng) {
    return rk_rng_below(rng, 4) ? 3.0f * rk_rng_f32(rng) : 0.0f;
}

static rk_blend random_blend(rk_rng *rng, bool repeats) {
    rk_blend blend = {0};
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) blend.weight[s] = random_weight(rng);
    for (uint32_t lag = 0; repeats && lag < RK_REPEAT_LAGS; lag++)
        blend.repeat[lag] = rk_rng_f32(rng) - 0.4f;
    return blend;
}

/* The engine's own figure with that blend. */
static double asked(const bench *b, const rk_blend *blend) {
    rk_source_config sources[RK_SOURCE_SLOTS];
    rk_snapshot_content snapshot = b->snapshot;
    memcpy(sources, b->tuned.sources, sizeof sources);
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) sources[s].weight = blend->weight[s];
    snapshot.sources = sources;
    memcpy(snapshot.meta.repeat, blend->repeat, sizeof blend->repeat);
    rk_trial trial = trial_of(b, &cutoff, 1, 1);
    trial.snapshot = &snapshot;
    const rk_method own = rk_method_blend();
    rk_metrics metrics;
    assert_true(rk_evaluate_cases(&trial, &own, &metrics, NULL, NULL));
    return metrics.ndcg[0];
}

static rk_pool gather(bench *b, uint32_t threads) {
    const rk_trial trial = trial_of(b, &cutoff, 1, threads);
    rk_pool pool;
    assert_true(rk_pool_gather(&trial, &b->events.memory, &pool));
    assert_int_equal(pool.cases, b->split.case_count);
    return pool;
}

static void check_blends(bench *b, rk_rng *rng, uint32_t blends, bool repeats) {
    const rk_pool pool = gather(b, 1);
    for (uint32_t i = 0; i < blends; i++) {
        const rk_blend blend = random_blend(rng, repeats && i % 2);
        const double pooled = rk_pool_ndcg(&pool, &blend, cutoff), want = asked(b, &blend);
        if (fabs(pooled - want) > 1e-9) fail_msg("%.9f from the pool, %.9f asked", pooled, want);
    }
}

/* Any log: dislikes, items the snapshot does not have, cases without history, and items that come
 * back or do not. */
static void a_pool_gives_the_engines_figure(void **state) {
    (void)state;
    static const rk_protocol protocols[] = {RK_PROTOCOL_LEAVE_ONE_OUT, RK_PROTOCOL_SESSIONS,
                                            RK_PROTOCOL_TEMPORAL};
    rk_rng rng = rk_rng_at(test_seed(), 450);
    for (uint32_t round = 0; round < 12; round++) {
        static bench b;
        make_bench(&b, &rng, protocols[round % 3], round);
        rk_memory *memory = &b.events.memory;
        assert_true(rk_fit_trending(&b.log, &b.tuned, memory, &b.snapshot));
        assert_true(rk_fit_explore(&b.log, memory, &b.snapshot));
        b.split.keep_seen = round / 3 % 2;
        check_blends(&b, &rng, 6, b.split.keep_seen);
        rk_memory_free(memory);
    }
}

/* More items than the sources bring: what the answer's length lets `popular` add is no candidate of
 * a shorter answer. */
static void a_pool_has_the_candidates_of_a_short_answer(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 451);
    static bench b;
    b = (bench){.events = clustered_log(&rng, 150, 300, 10, 6)};
    b.content = log_content(&b.events);
    fit_bench(&b, RK_PROTOCOL_SESSIONS, 1, 0);
    static const uint32_t quotas[] = {
        [RK_SOURCE_POPULAR] = 12, [RK_SOURCE_SIMILAR] = 30, [RK_SOURCE_SESSION] = 30};
    for (uint32_t s = 0; s < 3; s++) b.tuned.sources[s].quota = quotas[s];
    b.tuned.sources[RK_SOURCE_EXPLORE].quota = 5;
    check_blends(&b, &rng, 8, false);
    rk_memory_free(&b.events.memory);
}

static void threads_change_no_bit(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 452);
    static bench b;
    make_bench(&b, &rng, RK_PROTOCOL_SESSIONS, 0);
    const rk_blend blend = random_blend(&rng, false);
    const rk_pool one_pool = gather(&b, 1);
    const double one = rk_pool_ndcg(&one_pool, &blend, cutoff);
    static const uint32_t threads[] = {2, 3, 8};
    for (uint32_t t = 0; t < 3; t++) {
        const rk_pool pool = gather(&b, threads[t]);
        const double other = rk_pool_ndcg(&pool, &blend, cutoff);
        assert_memory_equal(&other, &one, sizeof one);
    }
    rk_memory_free(&b.events.memory);
}

static void every_failing_take_is_survived(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 453);
    static bench b;
    make_bench(&b, &rng, RK_PROTOCOL_LEAVE_ONE_OUT, 0);
    const rk_trial trial = trial_of(&b, &cutoff, 1, 1);
    uint64_t take = 0;
    for (bool gathered = false; !gathered; take++) {
        rk_memory memory = {0};
        rk_pool pool;
        rk_memory_fail_after(take);
        gathered = rk_pool_gather(&trial, &memory, &pool);
        rk_memory_fail_after(UINT64_MAX);
        rk_memory_free(&memory);
    }
    assert_true(take > 6);
    rk_memory_free(&b.events.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_gives_the_engines_figure),
        cmocka_unit_test(a_pool_has_the_candidates_of_a_short_answer),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(every_failing_take_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
