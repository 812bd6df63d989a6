/* Sessions dealt to the chunks of a step, and items drawn by weight. */
#include "log_builder.h"

#include "learn/runs.h"
#include "learn/sampler.h"

#include <math.h>

static rk_log log_of_sessions(const uint32_t *lengths, uint32_t count, rk_memory *memory) {
    rk_log log = {.sessions = count};
    log.session_begin = TAKE(memory, uint64_t, (uint64_t)count + 1);
    for (uint32_t s = 0; s < count; s++)
        log.session_begin[s + 1] = log.session_begin[s] + lengths[s];
    log.events = log.session_begin[count];
    return log;
}

/* Runs lie in their sessions, one after the other; what is left out is a single event. */
static void check_runs(const rk_log *log, const rk_runs *runs) {
    uint32_t run = 0;
    for (uint32_t s = 0; s < log->sessions; s++) {
        uint64_t at = log->session_begin[s];
        const uint64_t end = log->session_begin[s + 1];
        while (run < runs->count && runs->run[run].begin < end) {
            assert_int_equal(runs->run[run].begin, at);
            assert_in_range(runs->run[run].count, 2, runs->chunk_events);
            at += runs->run[run++].count;
        }
        assert_true(at == end || at + 1 == end);
    }
    assert_int_equal(run, runs->count);
}

/* One epoch: every run once, chunks within bounds, none left while runs remain. */
static uint32_t check_epoch(rk_runs *runs) {
    uint32_t first[RK_SHARDS], number[RK_SHARDS], next = 0, steps = 0;
    bool *dealt = calloc(runs->count + 1u, sizeof *dealt);
    for (; rk_runs_deal(runs, first, number); steps++) {
        for (uint32_t s = 0; s < RK_SHARDS; s++) {
            uint32_t events = 0;
            assert_int_equal(first[s], next);
            for (uint32_t r = 0; r < number[s]; r++, next++) {
                const uint32_t run = runs->order[next];
                assert_false(dealt[run]);
                dealt[run] = true;
                events += runs->run[run].count;
            }
            assert_in_range(events, 0, runs->chunk_events);
            if (s == 0) assert_true(number[0] > 0);
        }
    }
    assert_int_equal(next, runs->count);
    free(dealt);
    return steps;
}

static void every_run_once_an_epoch(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 330);
    uint32_t longest_epoch = 0;
    for (uint32_t round = 0; round < 60; round++) {
        rk_memory memory = {0};
        uint32_t lengths[400];
        const uint32_t count = rk_rng_below(&rng, 400), most = round % 4 == 0 ? 700 : 20;
        for (uint32_t s = 0; s < count; s++) lengths[s] = 1 + rk_rng_below(&rng, most);
        const rk_log log = log_of_sessions(lengths, count, &memory);
        rk_runs runs;
        assert_true(rk_runs_take(&log, 2 + rk_rng_below(&rng, 40), false, &memory, &runs));
        assert_in_range(runs.chunk_events, 2, RK_CHUNK_MOST);
        check_runs(&log, &runs);
        for (uint32_t epoch = 0; epoch < 2; epoch++) {
            rk_runs_shuffle(&runs, round, epoch);
            const uint32_t steps = check_epoch(&runs);
            longest_epoch = RK_MAX(longest_epoch, steps);
        }
        rk_memory_free(&memory);
    }
    assert_true(longest_epoch > 100);
}

/* A long log has chunks of the most events there may be, a short one of the least. */
static void chunks_grow_with_the_log(void **state) {
    (void)state;
    static uint32_t lengths[60000];
    for (uint32_t s = 0; s < 60000; s++) lengths[s] = 5;
    static const struct {
        uint32_t sessions, chunk;
    } cases[] = {{1, 32}, {10000, 32}, {20000, 62}, {60000, RK_CHUNK_MOST}};
    for (uint32_t c = 0; c < 4; c++) {
        rk_memory memory = {0};
        const rk_log log = log_of_sessions(lengths, cases[c].sessions, &memory);
        rk_runs runs;
        assert_true(rk_runs_take(&log, 32, false, &memory, &runs));
        assert_int_equal(runs.chunk_events, cases[c].chunk);
        rk_memory_free(&memory);
    }
}

static void the_order_is_the_seeds(void **state) {
    (void)state;
    enum { COUNT = 200 };
    uint32_t lengths[COUNT], first[COUNT];
    for (uint32_t s = 0; s < COUNT; s++) lengths[s] = 3;
    rk_memory memory = {0};
    const rk_log log = log_of_sessions(lengths, COUNT, &memory);
    rk_runs runs;
    assert_true(rk_runs_take(&log, 8, false, &memory, &runs));
    rk_runs_shuffle(&runs, 1, 0);
    memcpy(first, runs.order, sizeof first);
    rk_runs_shuffle(&runs, 1, 1);
    assert_memory_not_equal(first, runs.order, sizeof first);
    rk_runs_shuffle(&runs, 2, 0);
    assert_memory_not_equal(first, runs.order, sizeof first);
    rk_runs_shuffle(&runs, 1, 0);
    assert_memory_equal(first, runs.order, sizeof first);
    /* Every run comes first now and then: a shuffle that leaves some where they are is none. */
    uint32_t times[COUNT] = {0}, never = 0;
    for (uint32_t stream = 0; stream < 20 * COUNT; stream++) {
        rk_runs_shuffle(&runs, 3, stream);
        times[runs.order[0]]++;
    }
    for (uint32_t s = 0; s < COUNT; s++) never += times[s] == 0 || times[s] > 60;
    assert_int_equal(never, 0);
    rk_memory_free(&memory);
}

/* ---- draws by weight ---- */

static void draws_follow_their_weights(void **state) {
    (void)state;
    enum { ITEMS = 9, DRAWS = 200000 };
    static const float weights[ITEMS] = {0.0f, 3.0f, 0.0f, 1.0f, 100.0f, 0.5f, 0.0f, 7.0f, 0.0f};
    rk_rng rng = rk_rng_at(test_seed(), 331);
    rk_memory memory = {0};
    rk_sampler sampler;
    assert_true(rk_sampler_take(weights, ITEMS, &memory, &sampler));
    uint32_t times[ITEMS] = {0};
    for (uint32_t i = 0; i < DRAWS; i++) {
        const uint32_t item = rk_sampler_draw(&sampler, &rng);
        assert_in_range(item, 0, ITEMS - 1);
        times[item]++;
    }
    for (uint32_t item = 0; item < ITEMS; item++) {
        const double share = (double)weights[item] / 111.5;
        const double sigma = sqrt(share * (1.0 - share) / DRAWS);
        if (fabs((double)times[item] / DRAWS - share) > 5.0 * sigma)
            fail_msg("item %u: %u of %u", item, times[item], DRAWS);
    }
    rk_memory_free(&memory);
}

/* Whatever the rounding of the sums, an item of no weight is never drawn, at the ends neither. */
static void without_weight_no_draw(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 332);
    for (uint32_t round = 0; round < 300; round++) {
        rk_memory memory = {0};
        float weights[40];
        const uint32_t items = 1 + rk_rng_below(&rng, 40);
        for (uint32_t i = 0; i < items; i++)
            weights[i] = rk_rng_below(&rng, 2) ? 0.0f : rk_rng_f32(&rng) * 1e6f + 1e-6f;
        weights[rk_rng_below(&rng, items)] = 1.0f;
        rk_sampler sampler;
        assert_true(rk_sampler_take(weights, items, &memory, &sampler));
        for (uint32_t i = 0; i < 200; i++)
            assert_true(weights[rk_sampler_draw(&sampler, &rng)] > 0.0f);
        rk_memory_free(&memory);
    }
}

static void every_failing_take_is_survived(void **state) {
    (void)state;
    static const uint32_t lengths[] = {4, 5};
    static const float weights[] = {1.0f, 2.0f};
    rk_memory kept = {0};
    const rk_log log = log_of_sessions(lengths, 2, &kept);
    for (uint64_t take = 0; take < 2; take++) {
        rk_memory memory = {0};
        rk_runs runs;
        rk_sampler sampler;
        rk_memory_fail_after(take);
        assert_false(rk_runs_take(&log, 8, false, &memory, &runs));
        rk_memory_fail_after(0);
        assert_false(rk_sampler_take(weights, 2, &memory, &sampler));
        rk_memory_fail_after(UINT64_MAX);
        rk_memory_free(&memory);
    }
    rk_memory_free(&kept);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_run_once_an_epoch), cmocka_unit_test(chunks_grow_with_the_log),
        cmocka_unit_test(the_order_is_the_seeds),  cmocka_unit_test(draws_follow_their_weights),
        cmocka_unit_test(without_weight_no_draw),  cmocka_unit_test(every_failing_take_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
