/* The arena: alignment, measuring against taking, exhaustion. */
#include "check.h"

#include "base/arena.h"

static _Alignas(64) unsigned char memory[4096];

static void takes_are_aligned_and_apart(void **state) {
    (void)state;
    rk_arena arena = rk_arena_over(memory, sizeof memory);
    assert_ptr_equal(RK_TAKE(&arena, uint8_t, 1), memory);
    assert_ptr_equal(RK_TAKE(&arena, uint64_t, 8), memory + 64);
    assert_ptr_equal(RK_TAKE(&arena, uint32_t, 17), memory + 128);
    assert_ptr_equal(RK_TAKE(&arena, uint8_t, 1), memory + 256);
    assert_int_equal(arena.used, 257);
    assert_false(arena.exhausted);
}

static void memory_is_not_cleared(void **state) {
    (void)state;
    memset(memory, 0x5A, sizeof memory);
    rk_arena arena = rk_arena_over(memory, sizeof memory);
    const unsigned char *taken = RK_TAKE(&arena, unsigned char, 100);
    assert_int_equal(taken[99], 0x5A);
}

/* The same takes, whatever the arena. */
static void take_some(rk_arena *arena, void *taken[4]) {
    taken[0] = RK_TAKE(arena, uint8_t, 65);
    taken[1] = RK_TAKE(arena, uint32_t, 0);
    taken[2] = RK_TAKE(arena, double, 31);
    taken[3] = RK_TAKE(arena, uint8_t, 3);
}

static void what_was_measured_is_what_is_needed(void **state) {
    (void)state;
    void *taken[4];
    rk_arena measuring = rk_arena_measuring();
    take_some(&measuring, taken);
    for (int i = 0; i < 4; i++) assert_null(taken[i]);
    assert_false(measuring.exhausted);

    rk_arena enough = rk_arena_over(memory, measuring.used);
    take_some(&enough, taken);
    for (int i = 0; i < 4; i++) assert_non_null(taken[i]);
    assert_int_equal(enough.used, measuring.used);
    assert_false(enough.exhausted);

    rk_arena short_by_one = rk_arena_over(memory, measuring.used - 1);
    take_some(&short_by_one, taken);
    assert_non_null(taken[2]);
    assert_null(taken[3]);
    assert_true(short_by_one.exhausted);
}

static void exhaustion_is_sticky(void **state) {
    (void)state;
    rk_arena arena = rk_arena_over(memory, 128);
    assert_null(RK_TAKE(&arena, uint8_t, 129));
    assert_true(arena.exhausted);
    assert_int_equal(arena.used, 0);
    assert_null(RK_TAKE(&arena, uint8_t, 1));
}

static void whole_capacity_can_be_taken(void **state) {
    (void)state;
    rk_arena arena = rk_arena_over(memory, 100);
    assert_ptr_equal(RK_TAKE(&arena, uint8_t, 100), memory);
    assert_null(RK_TAKE(&arena, uint8_t, 1));
    assert_true(arena.exhausted);
}

static void overflow_exhausts_a_measuring_arena_too(void **state) {
    (void)state;
    static const uint64_t counts[][2] = {
        {UINT64_MAX, 2}, {UINT64_C(1) << 32, UINT64_C(1) << 32}, {UINT64_MAX / 8 + 1, 8}};
    for (size_t i = 0; i < 3; i++) {
        rk_arena arena = rk_arena_measuring();
        assert_null(rk_arena_take(&arena, counts[i][0], counts[i][1]));
        assert_true(arena.exhausted);
    }
    rk_arena arena = rk_arena_measuring();
    rk_arena_take(&arena, UINT64_MAX - 63, 1); // as far as it goes
    assert_false(arena.exhausted);
    rk_arena_take(&arena, 64, 1); // the sum overflows
    assert_true(arena.exhausted);
    arena = rk_arena_measuring();
    rk_arena_take(&arena, UINT64_MAX - 62, 1);
    rk_arena_take(&arena, 0, 1); // rounding up overflows
    assert_true(arena.exhausted);
}

static void nothing_over_nothing(void **state) {
    (void)state;
    rk_arena arena = rk_arena_over(NULL, 0);
    assert_null(RK_TAKE(&arena, uint8_t, 0));
    assert_false(arena.exhausted);
    assert_null(RK_TAKE(&arena, uint8_t, 1));
    assert_true(arena.exhausted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_are_aligned_and_apart),
        cmocka_unit_test(memory_is_not_cleared),
        cmocka_unit_test(what_was_measured_is_what_is_needed),
        cmocka_unit_test(exhaustion_is_sticky),
        cmocka_unit_test(whole_capacity_can_be_taken),
        cmocka_unit_test(overflow_exhausts_a_measuring_arena_too),
        cmocka_unit_test(nothing_over_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
