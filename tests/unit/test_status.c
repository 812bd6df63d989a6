/* Status codes: names, messages, and errors cut to fit. */
#include "check.h"

#include "base/status.h"

static const uint32_t all_numbers[] = {
#define RK_STATUS(number, name, message) number,
#include "base/status.def"
#undef RK_STATUS
};
#define STATUS_COUNT (sizeof all_numbers / sizeof all_numbers[0])

static void names_and_messages(void **state) {
    (void)state;
    assert_string_equal(rk_status_name(RK_OK), "OK");
    assert_string_equal(rk_status_name(RK_SECTION_CHECKSUM), "SECTION_CHECKSUM");
    assert_string_equal(rk_status_message(RK_BAD_MAGIC), "this is not a Reckon file");
    assert_string_equal(rk_status_name(RK_NO_TEST_CASES), "NO_TEST_CASES");
}

static void unknown_number(void **state) {
    (void)state;
    static const uint32_t unknown[] = {26, 39, 59, 1000, UINT32_MAX};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_string_equal(rk_status_name(unknown[i]), "UNKNOWN_STATUS");
        assert_string_equal(rk_status_message(unknown[i]), "UNKNOWN_STATUS");
    }
}

static void numbers_ascend_and_messages_differ(void **state) {
    (void)state;
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        if (i > 0) assert_true(all_numbers[i] > all_numbers[i - 1]);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(rk_status_message(all_numbers[i]),
                                    rk_status_message(all_numbers[j]));
        }
    }
}

static void fail_fills_everything(void **state) {
    (void)state;
    rk_error error;
    memset(&error, 0xFF, sizeof error);
    assert_int_equal(rk_fail(&error, RK_VALUE_RANGE, "nbr", 4096, "item 70000"), RK_VALUE_RANGE);
    rk_error expected;
    memset(&expected, 0, sizeof expected);
    expected.status = RK_VALUE_RANGE;
    expected.offset = 4096;
    memcpy(expected.section, "nbr", 3);
    memcpy(expected.detail, "item 70000", 10);
    assert_memory_equal(&error, &expected, sizeof error);
}

static void fail_without_error_or_texts(void **state) {
    (void)state;
    assert_int_equal(rk_fail(NULL, RK_IO, "x", 1, "y"), RK_IO);
    assert_int_equal(rk_fail_value(NULL, RK_IO, "x", 1, "y", 2, 3), RK_IO);
    rk_error error;
    memset(&error, 0xFF, sizeof error);
    assert_int_equal(rk_fail(&error, RK_IO, NULL, 0, NULL), RK_IO);
    assert_string_equal(error.section, "");
    assert_string_equal(error.detail, "");
}

static void texts_are_cut_to_fit(void **state) {
    (void)state;
    char text[200];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    rk_error error;
    rk_fail(&error, RK_IO, text, 0, text);
    assert_int_equal(strlen(error.section), sizeof error.section - 1);
    assert_int_equal(strlen(error.detail), sizeof error.detail - 1);
    text[sizeof error.detail - 1] = '\0'; // exactly fits
    rk_fail(&error, RK_IO, NULL, 0, text);
    assert_string_equal(error.detail, text);
}

static void a_cut_never_splits_a_character(void **state) {
    (void)state;
    const size_t room = sizeof((rk_error *)NULL)->detail - 1;
    for (size_t before = room - 4; before <= room; before++) {
        char text[200] = {0};
        memset(text, 'x', before);
        memcpy(text + before, "\xF0\x9F\x98\x80z", 5); // one character of four bytes
        rk_error error;
        rk_fail(&error, RK_IO, NULL, 0, text);
        assert_int_equal(strlen(error.detail), before + 4 <= room ? before + 4 : before);
    }
}

static void value_and_limit(void **state) {
    (void)state;
    rk_error error;
    assert_int_equal(rk_fail_value(&error, RK_VALUE_RANGE, "nbr.ent", 7, "item", 70000, 512),
                     RK_VALUE_RANGE);
    assert_string_equal(error.detail, "item 70000, limit 512");
    assert_string_equal(error.section, "nbr.ent");
    assert_int_equal(error.offset, 7);
    rk_fail_value(&error, RK_VALUE_RANGE, NULL, 0, NULL, 0, 0);
    assert_string_equal(error.detail, "0, limit 0");
}

static void a_long_what_leaves_the_numbers_whole(void **state) {
    (void)state;
    char what[200];
    memset(what, 'x', sizeof what);
    what[sizeof what - 1] = '\0';
    rk_error error;
    memset(&error, 0xFF, sizeof error);
    rk_fail_value(&error, RK_VALUE_RANGE, NULL, 0, what, UINT64_MAX, UINT64_MAX);
    const char *numbers = " 18446744073709551615, limit 18446744073709551615";
    const size_t length = strlen(error.detail);
    assert_int_equal(length, sizeof error.detail - 1);
    assert_string_equal(error.detail + length - strlen(numbers), numbers);
}

static rk_status twice(rk_status first, int *reached) {
    RK_TRY(first);
    *reached = 1;
    return RK_OK;
}

static void try_returns_early(void **state) {
    (void)state;
    int reached = 0;
    assert_int_equal(twice(RK_BAD_UTF8, &reached), RK_BAD_UTF8);
    assert_int_equal(reached, 0);
    assert_int_equal(twice(RK_OK, &reached), RK_OK);
    assert_int_equal(reached, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_messages),
        cmocka_unit_test(unknown_number),
        cmocka_unit_test(numbers_ascend_and_messages_differ),
        cmocka_unit_test(fail_fills_everything),
        cmocka_unit_test(fail_without_error_or_texts),
        cmocka_unit_test(texts_are_cut_to_fit),
        cmocka_unit_test(a_cut_never_splits_a_character),
        cmocka_unit_test(value_and_limit),
        cmocka_unit_test(a_long_what_leaves_the_numbers_whole),
        cmocka_unit_test(try_returns_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
