/* Item-item neighbours of random logs and parameters against all pairs of events. */
#include "naive_neighbors.h"

static void neighbours_are_the_naive_ones(void **state) {
    (void)state;
    static const float forwards[] = {0.5f, 0.85f, 1.0f}, backwards[] = {0.0f, 0.1f, 0.6f, 1.0f};
    static const float powers[] = {0.0f, 0.5f, 1.0f}, norms[] = {0.0f, 0.3f, 0.5f, 1.0f};
    rk_rng rng = rk_rng_at(test_seed(), 161);
    for (uint32_t round = 0; round < 120; round++) {
        const uint32_t items = 1 + rk_rng_below(&rng, 90);
        log_builder b = random_log(&rng, 10 + rk_rng_below(&rng, 500), 1 + rk_rng_below(&rng, 40),
                                   items, round % 3, round % 2);
        const rk_events_content content = log_content(&b);
        rk_log log = log_of_content(&content, &b.memory);
        if (log.cuttable) rk_log_cut(&log, 600000 * (int64_t)rk_rng_below(&rng, 30));
        const rk_neighbor_params params = {.window = 1 + rk_rng_below(&rng, 60),
                                           .top = 1 + rk_rng_below(&rng, 40),
                                           .forward = forwards[rk_rng_below(&rng, 3)],
                                           .backward = backwards[rk_rng_below(&rng, 4)],
                                           .length_power = powers[rk_rng_below(&rng, 3)],
                                           .norm = norms[rk_rng_below(&rng, 4)]};
        check_neighbors(&log, &params, 1 + round % 3, &b.memory);
        rk_memory_free(&b.memory);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(neighbours_are_the_naive_ones)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
