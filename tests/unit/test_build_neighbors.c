/* Item-item neighbours of small logs that can be counted by hand, and of any number of threads. */
#include "naive_neighbors.h"

static const rk_neighbor_params plain = {
    .window = 10, .top = 8, .forward = 0.5f, .backward = 0.25f, .length_power = 0.0f, .norm = 0.0f};

static rk_log log_of_sessions(log_builder *b, const uint32_t *items, uint32_t count,
                              uint32_t length) {
    *b = log_of(count, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    for (uint32_t i = 0; i < count; i++) add_event(b, i / length, items[i], VIEW, 0);
    const rk_events_content content = log_content(b);
    return log_of_content(&content, &b->memory);
}

/* Weight of b in the row of a, 0 if it is not there. */
static float stored_weight(const rk_neighbor_table *table, uint32_t a, uint32_t b) {
    float weights[RK_NEIGHBOR_CODES];
    rk_neighbor_weights(table->scale, weights);
    for (uint32_t at = table->core_offsets[a]; at < table->core_offsets[a + 1]; at++) {
        const uint32_t entry = table->core_entries[at];
        if (rk_neighbor_item(entry) == b) return weights[rk_neighbor_weight_code(entry)];
    }
    return 0.0f;
}

static void forward_and_backward_decay_with_distance(void **state) {
    (void)state;
    static const uint32_t items[] = {0, 1, 2};
    log_builder b;
    rk_neighbor_table table;
    const rk_log log = log_of_sessions(&b, items, 3, 3);
    assert_true(rk_build_neighbors(&log, &plain, 1, &b.memory, &table));
    /* Powers of two lie on the grid of codes: the weights are exact. */
    assert_true(stored_weight(&table, 0, 1) == 1.0f && stored_weight(&table, 0, 2) == 0.5f);
    assert_true(stored_weight(&table, 1, 2) == 1.0f && stored_weight(&table, 1, 0) == 0.25f);
    assert_true(stored_weight(&table, 2, 1) == 0.25f && stored_weight(&table, 2, 0) == 0.125f);
    rk_memory_free(&b.memory);
}

static void sessions_and_windows_keep_apart(void **state) {
    (void)state;
    static const uint32_t items[] = {0, 1, 2, 3, 4, 5};
    log_builder b;
    rk_neighbor_table table;
    rk_neighbor_params narrow = plain;
    narrow.window = 1;
    const rk_log log = log_of_sessions(&b, items, 6, 3);
    assert_true(rk_build_neighbors(&log, &narrow, 1, &b.memory, &table));
    assert_true(stored_weight(&table, 0, 1) == 1.0f);
    assert_true(stored_weight(&table, 0, 2) == 0.0f); // outside the window
    assert_true(stored_weight(&table, 2, 3) == 0.0f); // another session
    rk_memory_free(&b.memory);
}

static void no_backward_no_weight(void **state) {
    (void)state;
    static const uint32_t items[] = {0, 1};
    log_builder b;
    rk_neighbor_table table;
    rk_neighbor_params one_way = plain;
    one_way.backward = 0.0f;
    const rk_log log = log_of_sessions(&b, items, 2, 2);
    assert_true(rk_build_neighbors(&log, &one_way, 1, &b.memory, &table));
    assert_int_equal(table.core_offsets[1], 1);
    assert_int_equal(table.core_offsets[2], 1);
    rk_memory_free(&b.memory);
}

static void an_item_is_not_its_own_neighbour(void **state) {
    (void)state;
    static const uint32_t items[] = {7, 7, 7, 7};
    log_builder b;
    rk_neighbor_table table;
    const rk_log log = log_of_sessions(&b, items, 4, 4);
    assert_true(rk_build_neighbors(&log, &plain, 1, &b.memory, &table));
    assert_int_equal(table.core_offsets[log.items], 0);
    assert_int_equal(table.more_offsets[log.items], 0);
    assert_true(table.scale == 0.0f);
    rk_memory_free(&b.memory);
}

static void frequent_items_are_damped(void **state) {
    (void)state;
    /* 0 with 1 twice, and 0 with 2 once; 1 is frequent elsewhere. */
    static const uint32_t items[] = {0, 1, 0, 1, 0, 2, 1, 3, 1, 4, 1, 5, 1, 6, 1, 3, 1, 4, 1, 5};
    log_builder b;
    rk_neighbor_table table;
    rk_neighbor_params damped = plain;
    const rk_log log = log_of_sessions(&b, items, 20, 2);
    assert_true(rk_build_neighbors(&log, &damped, 1, &b.memory, &table));
    assert_true(stored_weight(&table, 0, 1) > stored_weight(&table, 0, 2));
    damped.norm = 1.0f;
    assert_true(rk_build_neighbors(&log, &damped, 1, &b.memory, &table));
    /* 2 / (8 * 14) against 1 / (8 * 6) */
    assert_true(stored_weight(&table, 0, 1) < stored_weight(&table, 0, 2));
    rk_memory_free(&b.memory);
}

static void threads_change_nothing(void **state) {
    (void)state;
    static const uint32_t threads[] = {1, 2, 3, 8};
    rk_rng rng = rk_rng_at(test_seed(), 160);
    log_builder b = random_log(&rng, 3000, 60, 150, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    const rk_events_content content = log_content(&b);
    const rk_log log = log_of_content(&content, &b.memory);
    rk_neighbor_params params = plain;
    params.norm = 0.3f;
    params.top = 30;
    rk_neighbor_table one = {0}, table;
    for (uint32_t t = 0; t < 4; t++) {
        assert_true(rk_build_neighbors(&log, &params, threads[t], &b.memory, &table));
        if (t == 0) one = table;
        const size_t offset_bytes = (log.items + 1) * sizeof(uint32_t);
        assert_true(table.scale == one.scale);
        assert_memory_equal(table.core_offsets, one.core_offsets, offset_bytes);
        assert_memory_equal(table.more_offsets, one.more_offsets, offset_bytes);
        assert_memory_equal(table.core_entries, one.core_entries,
                            one.core_offsets[log.items] * sizeof(uint32_t));
        assert_memory_equal(table.more_entries, one.more_entries,
                            one.more_offsets[log.items] * sizeof(uint32_t));
    }
    assert_true(one.more_offsets[log.items] > 1000);
    rk_memory_free(&b.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_and_backward_decay_with_distance),
        cmocka_unit_test(sessions_and_windows_keep_apart),
        cmocka_unit_test(no_backward_no_weight),
        cmocka_unit_test(an_item_is_not_its_own_neighbour),
        cmocka_unit_test(frequent_items_are_damped),
        cmocka_unit_test(threads_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
