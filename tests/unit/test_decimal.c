/* Decimal numbers: what the grammar takes, and the values of the C library. */
#include "check.h"

#include "base/rng.h"
#include "format/decimal.h"

#include <math.h>

static bool parse(const char *text, double *out) {
    return rk_decimal_parse(text, (uint32_t)strlen(text), out);
}

static void what_is_no_number_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"",    "-",    ".",    "x",   "1x",    "1 ",    " 1",
                                      "--1", "+1",   "1e",   "1e-", "1e+5",  "1.2.3", "e5",
                                      "-e5", "1e5x", "0x1",  "nan", "inf",   "1,5",   "1.",
                                      ".5",  "-.5",  "1.e3", "1E3", "1e1.5", "1-",    "1e--2"};
    double value;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (parse(bad[i], &value)) fail_msg("\"%s\"", bad[i]);
    }
    assert_false(rk_decimal_parse("12", 0, &value));
    assert_true(rk_decimal_parse("12x", 2, &value) && value == 12.0); // not a byte further
}

static uint32_t put_digits(rk_rng *rng, char *text, uint32_t at, uint32_t most) {
    const uint32_t count = 1 + rk_rng_below(rng, most);
    for (uint32_t i = 0; i < count; i++) text[at++] = (char)('0' + rk_rng_below(rng, 10));
    return at;
}

static void values_are_those_of_the_library(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 0);
    for (uint32_t round = 0; round < 20000; round++) {
        char text[64];
        uint32_t at = 0;
        if (rk_rng_below(&rng, 2)) text[at++] = '-';
        at = put_digits(&rng, text, at, 15);
        if (rk_rng_below(&rng, 2)) {
            text[at++] = '.';
            at = put_digits(&rng, text, at, 15);
        }
        if (rk_rng_below(&rng, 2)) {
            text[at++] = 'e';
            if (rk_rng_below(&rng, 2)) text[at++] = '-';
            at = put_digits(&rng, text, at, 2);
        }
        text[at] = 0;
        double got, want = strtod(text, NULL);
        if (!parse(text, &got) || !(fabs(got - want) <= 1e-13 * fabs(want)))
            fail_msg("%s: %a, not %a", text, got, want);
    }
}

static void what_a_double_cannot_hold_ends_at_its_ends(void **state) {
    (void)state;
    double value;
    assert_true(parse("1e999999999999999999999999", &value) && isinf(value) && value > 0);
    assert_true(parse("-1e400", &value) && isinf(value) && value < 0);
    assert_true(parse("1e-999999999999999999999999", &value) && value == 0.0);
    assert_true(parse("0e999999", &value) && value == 0.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(values_are_those_of_the_library),
        cmocka_unit_test(what_a_double_cannot_hold_ends_at_its_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
