#include "format/decimal.h"

/* Beyond it every double is 0 or infinite, whatever RK_MAX_NUMBER_BYTES of digits came before. */
#define EXPONENT_MOST 400

/* One digit or more from `at`; where they end, or `at` if there is none. */
static uint32_t read_digits(const char *text, uint32_t at, uint32_t bytes, double *value) {
    for (; at < bytes && text[at] >= '0' && text[at] <= '9'; at++)
        *value = *value * 10.0 + (double)(text[at] - '0');
    return at;
}

/* The exponent behind an `e` at `at`; false if it has no digits. */
static bool read_exponent(const char *text, uint32_t *at, uint32_t bytes, int32_t *scale) {
    bool down = ++*at < bytes && text[*at] == '-';
    double exponent = 0.0;
    *at += down;
    uint32_t end = read_digits(text, *at, bytes, &exponent);
    if (end == *at) return false;
    *at = end;
    int32_t steps = exponent < EXPONENT_MOST ? (int32_t)exponent : EXPONENT_MOST;
    *scale += down ? -steps : steps;
    return true;
}

bool rk_decimal_parse(const char *text, uint32_t bytes, double *out) {
    bool negative = bytes > 0 && text[0] == '-';
    uint32_t begin = negative;
    double value = 0.0;
    int32_t scale = 0;
    uint32_t at = read_digits(text, begin, bytes, &value);
    if (at == begin) return false;
    if (at < bytes && text[at] == '.') {
        begin = at + 1;
        at = read_digits(text, begin, bytes, &value);
        if (at == begin) return false;
        scale = -(int32_t)(at - begin);
    }
    if (at < bytes && text[at] == 'e' && !read_exponent(text, &at, bytes, &scale)) return false;
    for (; scale > 0; scale--) value *= 10.0;
    for (; scale < 0; scale++) value /= 10.0;
    *out = negative ? -value : value;
    return at == bytes;
}
