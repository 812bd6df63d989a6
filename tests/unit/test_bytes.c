/* The cursor, checked arithmetic, UTF-8, comparison: every way to fail. */
#include "guard_page.h"

#include "check.h"

#include "base/bytes.h"

static void checked_addition(void **state) {
    (void)state;
    uint64_t out = 7;
    assert_true(rk_add_u64(1, 2, &out));
    assert_int_equal(out, 3);
    assert_true(rk_add_u64(UINT64_MAX - 1, 1, &out));
    assert_true(out == UINT64_MAX);
    out = 7;
    assert_false(rk_add_u64(UINT64_MAX, 1, &out));
    assert_false(rk_add_u64(1, UINT64_MAX, &out));
    assert_int_equal(out, 7); // untouched
}

static void checked_multiplication(void **state) {
    (void)state;
    uint64_t out = 7;
    assert_true(rk_mul_u64(0, UINT64_MAX, &out));
    assert_int_equal(out, 0);
    assert_true(rk_mul_u64(UINT64_MAX, 1, &out));
    assert_true(out == UINT64_MAX);
    assert_true(rk_mul_u64(UINT32_MAX, UINT32_MAX, &out));
    assert_true(out == UINT64_C(0xFFFFFFFE00000001));
    out = 7;
    assert_false(rk_mul_u64(UINT64_C(1) << 32, UINT64_C(1) << 32, &out));
    assert_false(rk_mul_u64(UINT64_MAX / 3 + 1, 3, &out));
    assert_false(rk_mul_u64(3, UINT64_MAX / 3 + 1, &out));
    assert_int_equal(out, 7);
}

static void cursor_reads_little_endian(void **state) {
    (void)state;
    static const unsigned char bytes[] = {1, 2,  3,  4,  5,  6,  7,    8,
                                          9, 10, 11, 12, 13, 14, 0xFF, 0xAB};
    rk_cursor cursor = rk_cursor_over(bytes, sizeof bytes);
    assert_int_equal(rk_cursor_u8(&cursor), 0x01);
    assert_int_equal(rk_cursor_u16(&cursor), 0x0302);
    assert_int_equal(rk_cursor_u32(&cursor), 0x07060504);
    assert_true(rk_cursor_u64(&cursor) == UINT64_C(0xFF0E0D0C0B0A0908));
    assert_int_equal(rk_cursor_offset(&cursor), 15);
    assert_ptr_equal(rk_cursor_take(&cursor, 1), bytes + 15);
    assert_non_null(rk_cursor_take(&cursor, 0));
    assert_false(cursor.failed);
}

/* At the end of readable memory, with every number of bytes too few for each read. */
static void cursor_never_passes_its_end(void **state) {
    (void)state;
    unsigned char *end = guarded_end();
    assert_non_null(end);
    for (unsigned left = 0; left < 9; left++) {
        memset(end - left, 0xEE, left);
        for (unsigned size = 1; size <= 8; size *= 2) {
            rk_cursor cursor = rk_cursor_over(end - left, left);
            const uint64_t read = size == 1   ? rk_cursor_u8(&cursor)
                                  : size == 2 ? rk_cursor_u16(&cursor)
                                  : size == 4 ? rk_cursor_u32(&cursor)
                                              : rk_cursor_u64(&cursor);
            assert_int_equal(cursor.failed, size > left);
            const uint64_t pattern = UINT64_C(0xEEEEEEEEEEEEEEEE) >> (64 - 8 * size);
            assert_true(read == (size > left ? 0 : pattern));
            assert_int_equal(rk_cursor_offset(&cursor), size > left ? 0 : size);
        }
    }
}

static void cursor_failure_is_sticky(void **state) {
    (void)state;
    static const unsigned char bytes[4] = {1, 2, 3, 4};
    rk_cursor cursor = rk_cursor_over(bytes, 4);
    assert_int_equal(rk_cursor_u8(&cursor), 1);
    assert_int_equal(rk_cursor_u32(&cursor), 0);
    assert_true(cursor.failed);
    assert_int_equal(rk_cursor_u8(&cursor), 0); // would fit
    assert_null(rk_cursor_take(&cursor, 0));
    assert_int_equal(rk_cursor_varint(&cursor), 0);
    assert_int_equal(rk_cursor_offset(&cursor), 1);
}

static void cursor_take_of_a_huge_count(void **state) {
    (void)state;
    static const unsigned char bytes[4];
    rk_cursor cursor = rk_cursor_over(bytes, 4);
    assert_null(rk_cursor_take(&cursor, UINT64_MAX));
    assert_true(cursor.failed);
}

static void cursor_over_nothing(void **state) {
    (void)state;
    rk_cursor cursor = rk_cursor_over(NULL, 0);
    assert_non_null(rk_cursor_take(&cursor, 0));
    assert_false(cursor.failed);
    assert_int_equal(rk_cursor_u8(&cursor), 0);
    assert_true(cursor.failed);
}

static void varints(void **state) {
    (void)state;
    static const struct {
        unsigned char bytes[11];
        unsigned size;
        bool good;
        uint64_t value;
    } cases[] = {
        {{0x00}, 1, true, 0},
        {{0x7F}, 1, true, 127},
        {{0x80, 0x01}, 2, true, 128},
        {{0xE5, 0x8E, 0x26}, 3, true, 624485},
        {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}, 10, true, UINT64_MAX},
        {{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, 10, true, UINT64_C(1) << 63},
        {{0}, 0, false, 0},                // nothing
        {{0x80}, 1, false, 0},             // ends inside
        {{0x80, 0x00}, 2, false, 0},       // 0 in two bytes
        {{0xFF, 0x80, 0x00}, 3, false, 0}, // 127 in three
        {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02}, 10, false, 0}, // 65 bits
        {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F}, 10, false, 0},
        {{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x81, 0x00}, 11, false, 0},
        {{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, 10, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rk_cursor cursor = rk_cursor_over(cases[i].bytes, cases[i].size);
        const uint64_t value = rk_cursor_varint(&cursor);
        assert_int_equal(cursor.failed, !cases[i].good);
        assert_true(value == cases[i].value);
        if (cases[i].good) assert_int_equal(rk_cursor_offset(&cursor), cases[i].size);
    }
}

static void zero_bytes(void **state) {
    (void)state;
    unsigned char bytes[80] = {0};
    assert_true(rk_bytes_are_zero(NULL, 0));
    for (unsigned size = 0; size <= 70; size++) {
        for (unsigned start = 0; start < 8; start++) {
            assert_true(rk_bytes_are_zero(bytes + start, size));
            for (unsigned at = 0; at < 80; at++) {
                bytes[at] = 0x40;
                assert_int_equal(rk_bytes_are_zero(bytes + start, size),
                                 at < start || at >= start + size);
                bytes[at] = 0;
            }
        }
    }
}

static bool valid(const char *text) {
    return rk_utf8_valid(text, strlen(text));
}

static void utf8_by_example(void **state) {
    (void)state;
    assert_true(rk_utf8_valid(NULL, 0));
    assert_true(rk_utf8_valid("a\0b", 3));
    assert_true(valid("plain ASCII, longer than eight bytes"));
    assert_true(valid("na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x98\x80 and more"));
    assert_true(
        valid("\xC2\x80 \xDF\xBF \xE0\xA0\x80 \xEF\xBF\xBF \xF0\x90\x80\x80 \xF4\x8F\xBF\xBF"));
    assert_true(valid("\xED\x9F\xBF \xEE\x80\x80"));
    assert_false(valid("\x80"));             // continuation alone
    assert_false(valid("abcdefg\xBF"));      // inside a word of eight
    assert_false(valid("\xC0\xAF"));         // overlong
    assert_false(valid("\xC1\xBF"));         // overlong
    assert_false(valid("\xE0\x9F\xBF"));     // overlong
    assert_false(valid("\xF0\x8F\xBF\xBF")); // overlong
    assert_false(valid("\xED\xA0\x80"));     // surrogate
    assert_false(valid("\xED\xBF\xBF"));     // surrogate
    assert_false(valid("\xF4\x90\x80\x80")); // above 10FFFF
    assert_false(valid("\xF5\x80\x80\x80")); // above 10FFFF
    assert_false(valid("\xFF"));
    assert_false(valid("\xE2\x82")); // ends inside
    assert_false(valid("\xE2\x82x"));
    assert_false(valid("\xF0\x9F\x98"));
    assert_false(valid("\xF0\x9F\x98x"));
    assert_false(valid("\xC3"));
}

/* The definition, the other way round: decode by the bit pattern, then encode and compare. */
static bool is_one_character(const unsigned char *bytes, unsigned size) {
    uint32_t code;
    if (size == 2)
        code = (bytes[0] & 0x1Fu) << 6 | (bytes[1] & 0x3Fu);
    else if (size == 3)
        code = (bytes[0] & 0x0Fu) << 12 | (bytes[1] & 0x3Fu) << 6 | (bytes[2] & 0x3Fu);
    else
        return bytes[0] < 0x80;
    if (code >= 0xD800 && code <= 0xDFFF) return false;
    const unsigned char two[2] = {(unsigned char)(0xC0 | code >> 6),
                                  (unsigned char)(0x80 | (code & 0x3F))};
    const unsigned char three[3] = {(unsigned char)(0xE0 | code >> 12),
                                    (unsigned char)(0x80 | (code >> 6 & 0x3F)),
                                    (unsigned char)(0x80 | (code & 0x3F))};
    if (size == 2) return code >= 0x80 && memcmp(bytes, two, 2) == 0;
    return code >= 0x800 && memcmp(bytes, three, 3) == 0;
}

/* All strings of up to three bytes, but those of which an ASCII byte is part. */
static void utf8_exhaustively(void **state) {
    (void)state;
    unsigned char bytes[3];
    for (unsigned a = 0; a < 256; a++) {
        bytes[0] = (unsigned char)a;
        assert_int_equal(rk_utf8_valid(bytes, 1), is_one_character(bytes, 1));
        for (unsigned b = 0x80; b < 256; b++) {
            bytes[1] = (unsigned char)b;
            if (a < 0x80) continue;
            assert_int_equal(rk_utf8_valid(bytes, 2), is_one_character(bytes, 2));
            for (unsigned c = 0x80; c < 256; c++) {
                bytes[2] = (unsigned char)c;
                assert_int_equal(rk_utf8_valid(bytes, 3), is_one_character(bytes, 3));
            }
        }
    }
}

static void utf8_never_passes_the_end(void **state) {
    (void)state;
    unsigned char *end = guarded_end();
    assert_non_null(end);
    for (unsigned size = 0; size <= 20; size++) {
        memset(end - size, 'x', size);
        assert_true(rk_utf8_valid(end - size, size));
        if (size == 0) continue;
        end[-1] = 0xF0;
        assert_false(rk_utf8_valid(end - size, size));
    }
}

static int sign(int value) {
    return (value > 0) - (value < 0);
}

static int compare(const char *a, const char *b) {
    return sign(rk_bytes_compare(a, strlen(a), b, strlen(b)));
}

static void bytewise_order(void **state) {
    (void)state;
    static const char *const ascending[] = {"",  "A",  "AB", "B",        "a",
                                            "b", "ba", "z",  "\xC3\xA4", "\xFF"};
    for (int i = 0; i < 10; i++) {
        for (int j = 0; j < 10; j++) {
            assert_int_equal(compare(ascending[i], ascending[j]), sign(i - j));
        }
    }
    assert_int_equal(rk_bytes_compare(NULL, 0, NULL, 0), 0);
    assert_true(rk_bytes_compare(NULL, 0, "a", 1) < 0);
    assert_true(rk_bytes_compare("a\0b", 3, "a\0a", 3) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checked_addition),
        cmocka_unit_test(checked_multiplication),
        cmocka_unit_test(cursor_reads_little_endian),
        cmocka_unit_test(cursor_never_passes_its_end),
        cmocka_unit_test(cursor_failure_is_sticky),
        cmocka_unit_test(cursor_take_of_a_huge_count),
        cmocka_unit_test(cursor_over_nothing),
        cmocka_unit_test(varints),
        cmocka_unit_test(zero_bytes),
        cmocka_unit_test(utf8_by_example),
        cmocka_unit_test(utf8_exhaustively),
        cmocka_unit_test(utf8_never_passes_the_end),
        cmocka_unit_test(bytewise_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
