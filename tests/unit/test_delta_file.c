/* Deltas: round trips of small and random ones, every refusal, what a region takes, their size. */
#include "damage.h"
#include "take.h"

#include "base/rng.h"
#include "model/bandit_linear.h"
#include "model/bandit_state.h"

static rk_delta_view read_or_fail(const built_file *file) {
    rk_delta_view view;
    rk_error error = {0};
    if (rk_delta_read(file->bytes, file->size, &view, &error) != RK_OK)
        fail_msg("%s in \"%s\" at %llu: %s", rk_status_name(error.status), error.section,
                 (unsigned long long)error.offset, error.detail);
    return view;
}

static void assert_round_trip(const rk_delta_content *content, rk_memory *memory) {
    const built_file file = write_delta(content);
    const rk_delta_view view = read_or_fail(&file);
    const rk_delta_meta *meta = &content->meta;
    const uint32_t words = rk_linear_words(meta->linear_dim) * meta->linear_days;
    assert_memory_equal(&view.meta, meta, sizeof *meta);
    assert_int_equal(view.container.header->created_at_ms, meta->day * RK_MS_PER_DAY);
    rk_arm_row *arms = TAKE(memory, rk_arm_row, meta->arm_rows);
    int64_t *linear = TAKE(memory, int64_t, words);
    rk_delta_arms(&view, arms);
    if (meta->arm_rows > 0) assert_memory_equal(arms, content->arms, meta->arm_rows * sizeof *arms);
    if (meta->linear_dim != 0) {
        rk_delta_linear(&view, linear);
        assert_memory_equal(linear, content->linear, words * sizeof *linear);
    }
    free(file.bytes);
}

static void the_small_one_survives(void **state) {
    (void)state;
    rk_memory memory = {0};
    small_delta *small = make_small_delta();
    assert_round_trip(&small->content, &memory);
    rk_delta_content half = small->content;
    half.meta.linear_dim = half.meta.linear_days = 0;
    half.meta.linear_model = 0;
    assert_round_trip(&half, &memory);
    half = small->content;
    half.meta.arm_rows = 0;
    assert_round_trip(&half, &memory);
    free(small);
    rk_memory_free(&memory);
}

/* Numbers of every length, up to what is allowed. */
static int64_t random_count(rk_rng *rng) {
    if (rk_rng_below(rng, 3) == 0) return 0;
    const uint64_t value = rk_rng_u64(rng) >> (6 + rk_rng_below(rng, 58));
    return (int64_t)(rk_rng_below(rng, 2) ? value : value / RK_ARM_ONE * RK_ARM_ONE);
}

static void random_ones_survive(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 1);
    for (uint32_t round = 0; round < 200; round++) {
        rk_memory memory = {0};
        const uint32_t day = 70 + rk_rng_below(&rng, 60000), capacity = 1 + rk_rng_below(&rng, 200);
        rk_arm_table table = {TAKE(&memory, rk_arm_row, capacity), 0, capacity};
        uint64_t hash = rk_rng_u64(&rng);
        for (uint32_t i = 0; i < capacity; i++) {
            if (rk_rng_below(&rng, 3) != 0) hash = rk_rng_u64(&rng);
            const uint64_t key = (1 + hash % 3) << RK_ARM_HASH_BITS | hash >> 18;
            rk_arm_row row = {rk_arm_day(key, i == 0 ? day : day - rk_rng_below(&rng, 70)),
                              random_count(&rng), random_count(&rng), random_count(&rng)};
            row.trials += row.trials == 0;
            if (rk_arms_add(&table, row, NULL) != RK_OK) continue; /* beyond 2^58 */
        }
        const uint32_t dim = rk_rng_below(&rng, RK_LINEAR_MOST_DIM + 1);
        rk_linear_table linear = {dim, 0, 5, TAKE(&memory, int64_t, 5 * rk_linear_words(dim))};
        for (uint32_t n = 0; dim > 0 && n < 20; n++) {
            int16_t x[RK_LINEAR_MOST_DIM];
            for (uint32_t i = 0; i < dim; i++)
                x[i] = (int16_t)((int32_t)rk_rng_below(&rng, 8193) - 4096);
            rk_linear_add_trial(&linear, day - rk_rng_below(&rng, 5), x, NULL);
            rk_linear_add_reward(&linear, day - rk_rng_below(&rng, 5), x,
                                 (int32_t)rk_rng_below(&rng, 4097), NULL);
        }
        const rk_delta_content content = {.meta = {.arm_rows = table.count,
                                                   .day = day,
                                                   .linear_dim = dim,
                                                   .linear_days = linear.count,
                                                   .linear_model = dim != 0,
                                                   .seq = rk_rng_u64(&rng)},
                                          .arms = table.rows,
                                          .linear = linear.words};
        assert_round_trip(&content, &memory);
        rk_memory_free(&memory);
    }
}

static void damage_is_refused(void **state) {
    (void)state;
    const built_file good = build_delta();
    assert_bad_files_refused(RK_KIND_DELTA, &good);
    assert_bit_flips_refused(RK_KIND_DELTA, &good);
    assert_truncations_refused(RK_KIND_DELTA, &good);
    assert_misaligned_refused(RK_KIND_DELTA, &good);
    free(good.bytes);
}

/* A delta of hand-packed rows. */
static void assert_packed(uint32_t day, uint32_t rows, const unsigned char *packed, uint32_t bytes,
                          rk_status expected, uint64_t row_at) {
    const rk_delta_meta meta = {.arm_rows = rows, .day = day};
    const rk_section_data sections[] = {{"dl.meta", RK_PART_CORE, true, 64, 1, &meta},
                                        {"dl.arm", RK_PART_CORE, true, 1, bytes, packed}};
    const built_file file = file_of_size(rk_container_bytes(sections, 2));
    rk_container_write(RK_KIND_DELTA, "", day * RK_MS_PER_DAY, sections, 2, file.bytes);
    rk_error error = {0};
    rk_delta_view view;
    assert_int_equal(rk_delta_read(file.bytes, file.size, &view, &error), expected);
    if (expected != RK_OK) {
        assert_string_equal(error.section, "dl.arm");
        assert_int_equal(error.offset, file.size - 64 + row_at);
    }
    free(file.bytes);
}

#define KEY 0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10 /* item 5 */
#define PACKED(...)                                                                                \
    (const unsigned char[]){__VA_ARGS__}, sizeof(const unsigned char[]) {                          \
        __VA_ARGS__                                                                                \
    }

static void the_largest_and_the_shortest(void **state) {
    (void)state;
    /* 2^42 whole trials are the most; 2^58 + 1 parts are more. */
    assert_packed(9, 1, PACKED(KEY, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20), RK_OK, 0);
    assert_packed(9, 1, PACKED(KEY, 0xA0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20), RK_VALUE_RANGE, 0);
    assert_packed(9, 1, PACKED(KEY, 0xAC, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 1),
                  RK_VALUE_RANGE, 0);
    /* Rewards and devices that follow. */
    assert_packed(9, 1, PACKED(KEY, 0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01), RK_OK, 0);
    assert_packed(9, 1, PACKED(KEY, 0x08, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01), RK_VALUE_RANGE,
                  0);
    assert_packed(9, 1, PACKED(KEY, 0x02, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x04),
                  RK_OK, 0);
    assert_packed(9, 1, PACKED(KEY, 0x02, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x04),
                  RK_VALUE_RANGE, 0);
    /* 65,536ths of which all are whole; one is not. */
    assert_packed(9, 1, PACKED(KEY, 0x8C, 0x80, 0x80, 0x01, 0x00), RK_VALUE_RANGE, 0);
    assert_packed(9, 1, PACKED(KEY, 0x8C, 0x80, 0x80, 0x01, 0x01), RK_OK, 0);
    /* A day before 1970, and the first one. */
    assert_packed(9, 2, PACKED(KEY, 0x20, 0x01, 0x30, 0x0A), RK_VALUE_RANGE, 8);
    assert_packed(9, 2, PACKED(KEY, 0x20, 0x01, 0x30, 0x09), RK_OK, 0);
}

static void the_newest_day_must_be_met(void **state) {
    (void)state;
    small_delta *small = make_small_delta();
    small->content.meta.day++;
    const built_file file = write_delta(&small->content);
    rk_error error = {0};
    rk_delta_view view;
    assert_int_equal(rk_delta_read(file.bytes, file.size, &view, &error), RK_VALUE_RANGE);
    assert_error("day", &error, RK_VALUE_RANGE, "dl.meta", section_offset(&file, "dl.meta") + 4);
    free(file.bytes);
    small->content.meta.arm_rows = 0;
    small->content.meta.linear_dim = small->content.meta.linear_days = 0;
    small->content.meta.linear_model = 0;
    const built_file empty = write_delta(&small->content);
    assert_int_equal(rk_delta_read(empty.bytes, empty.size, &view, &error), RK_VALUE_RANGE);
    free(empty.bytes);
    free(small);
}

/* Every limit one too low for the small delta. */
static void a_region_takes_what_one_device_can_do(void **state) {
    (void)state;
    const built_file file = build_delta();
    const rk_delta_view view = read_or_fail(&file);
    const rk_delta_limits enough = {.first_day = SMALL_DAY - 2,
                                    .last_day = SMALL_DAY,
                                    .arm_rows = SMALL_ROWS,
                                    .trials = 40 * RK_ARM_ONE,
                                    .rewards = 2 * RK_ARM_ONE,
                                    .devices = 12,
                                    .least_decisions = 3,
                                    .most_decisions = 3};
    rk_error error;
    assert_int_equal(rk_delta_check(&view, &enough, &error), RK_OK);
    const uint64_t arms = section_offset(&file, "dl.arm"), linear = section_offset(&file, "dl.lin");
    rk_delta_limits l[8];
    for (int i = 0; i < 8; i++) l[i] = enough;
    l[0].first_day++, l[1].last_day--, l[2].arm_rows--, l[3].trials--, l[4].rewards--;
    l[5].devices--, l[6].least_decisions++, l[7].most_decisions--;
    const struct {
        rk_status status;
        const char *section;
        uint64_t at;
    } expected[8] = {
        {RK_VALUE_RANGE, "dl.arm", arms},    {RK_VALUE_RANGE, "dl.arm", arms + 12},
        {RK_TOO_LARGE, "dl.arm", arms},      {RK_TOO_LARGE, "dl.arm", arms + 12},
        {RK_TOO_LARGE, "dl.arm", arms + 12}, {RK_TOO_LARGE, "dl.arm", arms + 17},
        {RK_VALUE_RANGE, "dl.lin", linear},  {RK_TOO_LARGE, "dl.lin", linear + 17},
    };
    for (int i = 0; i < 8; i++) {
        assert_int_equal(rk_delta_check(&view, &l[i], &error), expected[i].status);
        assert_error("limit", &error, expected[i].status, expected[i].section, expected[i].at);
    }
    free(file.bytes);
}

/* 1,000 arms of a device, two days, with the linear statistics: within 8 KB. */
static void a_thousand_arms_are_small(void **state) {
    (void)state;
    rk_memory memory = {0};
    rk_rng rng = rk_rng_at(test_seed(), 3);
    rk_arm_table table = {TAKE(&memory, rk_arm_row, 1000), 0, 1000};
    for (uint32_t i = 0; i < 1000; i++) {
        char id[16];
        const int bytes = snprintf(id, sizeof id, "item-%u", i);
        const rk_arm_row row = {
            rk_arm_day(rk_arm_of_item(id, (uint64_t)bytes), 20000 - (i % 50 == 0)),
            (1 + rk_rng_below(&rng, 3)) * RK_ARM_ONE, rk_rng_below(&rng, 20) == 0 ? RK_ARM_ONE : 0,
            rk_rng_below(&rng, 2)};
        assert_int_equal(rk_arms_add(&table, row, NULL), RK_OK);
    }
    rk_linear_table linear = {16, 0, 1, TAKE(&memory, int64_t, rk_linear_words(16))};
    for (uint32_t n = 0; n < 1000; n++) {
        int16_t x[16];
        for (uint32_t i = 0; i < 16; i++)
            x[i] = (int16_t)((int32_t)rk_rng_below(&rng, 8193) - 4096);
        rk_linear_add_trial(&linear, 20000, x, NULL);
    }
    const rk_delta_content content = {
        .meta = {1000, 20000, 16, 1, 5, 1, 2857, {0}}, .arms = table.rows, .linear = linear.words};
    const uint64_t bytes = rk_delta_bytes(&content);
    print_message("1,000 arms and a linear model of 16: %llu bytes\n", (unsigned long long)bytes);
    assert_true(bytes <= 8192);
    assert_round_trip(&content, &memory);
    rk_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_small_one_survives),
        cmocka_unit_test(random_ones_survive),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(the_largest_and_the_shortest),
        cmocka_unit_test(the_newest_day_must_be_met),
        cmocka_unit_test(a_region_takes_what_one_device_can_do),
        cmocka_unit_test(a_thousand_arms_are_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
