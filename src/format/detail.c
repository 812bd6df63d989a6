/* Error details without stdio: a module that serves queries links no printf. */
#include "format/detail.h"

#include "base/fmath.h"

static void add_char(rk_detail *detail, char c) {
    if (detail->used + 1 < sizeof detail->text) {
        detail->text[detail->used++] = c;
        detail->text[detail->used] = '\0';
    }
}

rk_detail rk_detail_of(const char *text) {
    rk_detail detail = {.used = 0};
    rk_detail_add(&detail, text);
    return detail;
}

void rk_detail_add(rk_detail *detail, const char *text) {
    while (*text != '\0') add_char(detail, *text++);
}

void rk_detail_add_u64(rk_detail *detail, uint64_t value) {
    char digits[20];
    uint32_t count = 0;
    do {
        digits[count++] = (char)('0' + (char)(value % 10));
        value /= 10;
    } while (value != 0);
    while (count > 0) add_char(detail, digits[--count]);
}

void rk_detail_add_i64(rk_detail *detail, int64_t value) {
    if (value < 0) add_char(detail, '-');
    rk_detail_add_u64(detail, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void rk_detail_add_f32(rk_detail *detail, float value) {
    if (value != value) {
        rk_detail_add(detail, "nan");
        return;
    }
    if (value < 0) add_char(detail, '-');
    if (!rk_is_finite_f32(value)) {
        rk_detail_add(detail, "inf");
        return;
    }
    double magnitude = value < 0 ? -(double)value : (double)value;
    int32_t exponent = 0;
    for (; magnitude >= 10; exponent++) magnitude /= 10;
    for (; magnitude > 0 && magnitude < 1; exponent--) magnitude *= 10;
    uint64_t scaled =
        (uint64_t)(magnitude * 1e6 + 0.5); /* up to 10,000,000: prints "10", still right */
    rk_detail_add_u64(detail, scaled / 1000000);
    uint64_t fraction = scaled % 1000000;
    if (fraction != 0) add_char(detail, '.');
    for (uint64_t unit = 100000; fraction != 0; unit /= 10) {
        add_char(detail, (char)('0' + (char)(fraction / unit)));
        fraction %= unit;
    }
    if (exponent != 0) {
        add_char(detail, 'e');
        rk_detail_add_i64(detail, exponent);
    }
}
