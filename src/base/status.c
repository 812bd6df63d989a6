/* Status codes to text, and filling in where and why a check failed.
 *
 * Problem: a rejected file must name its code, section, offset and offending value, in layers
 * that have neither stdio nor an allocator.
 * Idea: names and messages are expanded from status.def, the one table; a detail is composed by
 * hand into the fixed array of rk_error. Formatting is deliberately poor: text and unsigned
 * decimals are all that any check has needed.
 *
 * Invariants: `section` and `detail` always end in NUL and are zero-filled behind it, so that two
 * equal errors are equal bytes (rk_error crosses to JavaScript as memory). A cut never leaves half
 * a UTF-8 character, because a detail may quote an id. */
#include "base/status.h"

const char *rk_status_name(uint32_t status) {
    switch (status) {
#define RK_STATUS(number, name, message)                                                           \
    case number:                                                                                   \
        return #name;
#include "base/status.def"
#undef RK_STATUS
    default: return "UNKNOWN_STATUS";
    }
}

const char *rk_status_message(uint32_t status) {
    switch (status) {
#define RK_STATUS(number, name, message)                                                           \
    case number:                                                                                   \
        return message;
#include "base/status.def"
#undef RK_STATUS
    default: return "UNKNOWN_STATUS";
    }
}

/* Copies `text` (or nothing, if NULL) to `out` and returns the bytes written, at most `room`. */
static size_t copy_text(char *out, size_t room, const char *text) {
    if (!text) return 0;
    size_t length = 0;
    while (length < room && text[length] != '\0') length++;
    if (text[length] != '\0') {
        // text[length] is the first byte left out: inside a character, go back to its start.
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) length--;
    }
    memcpy(out, text, length);
    return length;
}

static size_t copy_decimal(char *out, uint64_t value) {
    char reversed[20]; // 2^64 - 1 has 20 digits
    size_t digits = 0;
    do {
        reversed[digits++] = (char)('0' + (char)(value % 10));
        value /= 10;
    } while (value > 0);
    for (size_t i = 0; i < digits; i++) out[i] = reversed[digits - 1 - i];
    return digits;
}

rk_status rk_fail(rk_error *error, rk_status status, const char *section, uint64_t offset,
                  const char *detail) {
    if (!error) return status;
    memset(error, 0, sizeof *error);
    error->status = (uint32_t)status;
    error->offset = offset;
    copy_text(error->section, sizeof error->section - 1, section);
    copy_text(error->detail, sizeof error->detail - 1, detail);
    return status;
}

rk_status rk_fail_value(rk_error *error, rk_status status, const char *section, uint64_t offset,
                        const char *what, uint64_t value, uint64_t limit) {
    static const char limit_text[] = ", limit ";
    rk_fail(error, status, section, offset, NULL);
    if (!error) return status;
    // The numbers are the point: `what` is cut so that both always fit.
    const size_t numbers = 1 + 20 + (sizeof limit_text - 1) + 20;
    char *at = error->detail;
    at += copy_text(at, sizeof error->detail - 1 - numbers, what);
    if (at != error->detail) *at++ = ' ';
    at += copy_decimal(at, value);
    at += copy_text(at, sizeof limit_text - 1, limit_text);
    at += copy_decimal(at, limit);
    assert(at < error->detail + sizeof error->detail);
    return status;
}
