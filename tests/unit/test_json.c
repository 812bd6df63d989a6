/* The report's JSON writer: structure, escapes, digits that do not depend on the host. */
#include "check.h"

#include "learn/json.h"

#include <math.h>

static char text[512];

static const char *finish(const rk_json *json) {
    text[json->size] = 0;
    return text;
}

static void structure_and_commas(void **state) {
    (void)state;
    rk_json json = rk_json_over(text, sizeof text - 1);
    rk_json_open(&json, NULL, '{');
    rk_json_string(&json, "a", "x");
    rk_json_open(&json, "list", '[');
    rk_json_u64(&json, NULL, 1);
    rk_json_u64(&json, NULL, UINT64_MAX);
    rk_json_open(&json, NULL, '{');
    rk_json_close(&json, '}');
    rk_json_close(&json, ']');
    rk_json_open(&json, "empty", '[');
    rk_json_close(&json, ']');
    rk_json_number(&json, "n", -0.5);
    rk_json_close(&json, '}');
    assert_string_equal(finish(&json), "{\"a\":\"x\",\"list\":[1,18446744073709551615,{}],"
                                       "\"empty\":[],\"n\":-0.500000}");
}

static void strings_are_escaped(void **state) {
    (void)state;
    rk_json json = rk_json_over(text, sizeof text - 1);
    rk_json_string(&json, "k\"", "a\\b\"c\n\t\x01\x1f/é日");
    assert_string_equal(finish(&json), "\"k\\\"\":\"a\\\\b\\\"c\\u000a\\u0009\\u0001\\u001f/é日\"");
}

static void numbers_have_six_decimals(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.0, "0.000000"},
                 {-0.0, "0.000000"},
                 {1.0, "1.000000"},
                 {0.1, "0.100000"},
                 {1.0 / 3.0, "0.333333"},
                 {-2.0 / 3.0, "-0.666667"},
                 {0.0000004, "0.000000"},
                 {-0.0000004, "0.000000"},
                 {0.0000005, "0.000001"},
                 {0.9999996, "1.000000"},
                 {123456789.25, "123456789.250000"},
                 {999999999999.0, "999999999999.000000"},
                 {1e12, "null"},
                 {-1e12, "null"}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        rk_json json = rk_json_over(text, sizeof text - 1);
        rk_json_number(&json, NULL, cases[c].value);
        assert_string_equal(finish(&json), cases[c].text);
    }
    static const double odd[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    for (size_t c = 0; c < 3; c++) {
        rk_json json = rk_json_over(text, sizeof text - 1);
        rk_json_number(&json, NULL, odd[c]);
        assert_string_equal(finish(&json), "null");
    }
}

static void keys_are_made_of_text_and_number(void **state) {
    (void)state;
    rk_json json = rk_json_over(text, sizeof text - 1);
    rk_json_key(&json, "hr@", 10);
    assert_string_equal(finish(&json), "hr@10");
}

static void fills_its_memory_to_the_last_byte(void **state) {
    (void)state;
    char exact[8];
    rk_json json = rk_json_over(exact, sizeof exact);
    rk_json_string(&json, "a", "bc");
    assert_int_equal(json.size, 8);
    assert_memory_equal(exact, "\"a\":\"bc\"", 8);
    assert_false(json.overflow);
}

/* Nothing is written past the end, nothing after what was cut, and it is said. */
static void what_does_not_fit_is_told(void **state) {
    (void)state;
    for (uint64_t capacity = 0; capacity < 9; capacity++) {
        char small[10];
        memset(small, '#', sizeof small);
        rk_json json = rk_json_over(small, capacity);
        rk_json_string(&json, "a", "bcd");
        assert_true(json.overflow);
        assert_int_equal(json.size, capacity);
        assert_memory_equal(small, "\"a\":\"bcd\"", (size_t)capacity);
        assert_int_equal(small[capacity], '#');
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structure_and_commas),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(numbers_have_six_decimals),
        cmocka_unit_test(keys_are_made_of_text_and_number),
        cmocka_unit_test(fills_its_memory_to_the_last_byte),
        cmocka_unit_test(what_does_not_fit_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
