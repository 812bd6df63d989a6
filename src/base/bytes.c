/* Bytes from outside: a bounded little-endian cursor, checked arithmetic, UTF-8 validation.
 *
 * Problem: every length, offset and count in a file is a claim by a stranger.
 * Idea: sums and products of such numbers go through rk_add_u64 and rk_mul_u64; reads go through a
 * cursor that cannot leave its range and remembers that it was asked to, so a parser checks once.
 * Values are assembled byte by byte: no alignment is needed (compilers emit a single load).
 *
 * Invariants: begin <= at <= end; once `failed`, a cursor stays where it is and reads zero. */
#include "base/bytes.h"

bool rk_add_u64(uint64_t a, uint64_t b, uint64_t *out) {
    if (b > UINT64_MAX - a) return false;
    *out = a + b;
    return true;
}

bool rk_mul_u64(uint64_t a, uint64_t b, uint64_t *out) {
    if (a != 0 && b > UINT64_MAX / a) return false;
    *out = a * b;
    return true;
}

rk_cursor rk_cursor_over(const void *bytes, uint64_t size) {
    static const unsigned char nothing[1]; // so that begin is never NULL
    assert((uint64_t)(size_t)size == size);
    assert(bytes || size == 0);
    const unsigned char *begin = bytes ? bytes : nothing;
    return (rk_cursor){.at = begin, .begin = begin, .end = begin + (size_t)size};
}

const unsigned char *rk_cursor_take(rk_cursor *cursor, uint64_t count) {
    if (cursor->failed || count > (uint64_t)(cursor->end - cursor->at)) {
        cursor->failed = true;
        return NULL;
    }
    const unsigned char *taken = cursor->at;
    cursor->at += (size_t)count;
    return taken;
}

static uint64_t read_little_endian(rk_cursor *cursor, unsigned size) {
    const unsigned char *bytes = rk_cursor_take(cursor, size);
    if (!bytes) return 0;
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

uint8_t rk_cursor_u8(rk_cursor *cursor) {
    return (uint8_t)read_little_endian(cursor, 1);
}

uint16_t rk_cursor_u16(rk_cursor *cursor) {
    return (uint16_t)read_little_endian(cursor, 2);
}

uint32_t rk_cursor_u32(rk_cursor *cursor) {
    return (uint32_t)read_little_endian(cursor, 4);
}

uint64_t rk_cursor_u64(rk_cursor *cursor) {
    return read_little_endian(cursor, 8);
}

uint64_t rk_cursor_offset(const rk_cursor *cursor) {
    return (uint64_t)(cursor->at - cursor->begin);
}

uint64_t rk_cursor_varint(rk_cursor *cursor) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        const unsigned char *byte = rk_cursor_take(cursor, 1);
        if (!byte) return 0;
        // The tenth byte has room for bit 63 only. A last byte of zero after others adds nothing:
        // the same number would have a shorter form, and equal deltas must be equal bytes.
        if (shift == 63 && *byte > 1) break;
        if (shift > 0 && *byte == 0) break;
        value |= (uint64_t)(*byte & 0x7F) << shift;
        if (*byte < 0x80) return value;
    }
    cursor->failed = true;
    return 0;
}

static uint64_t load_u64(const unsigned char *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

bool rk_bytes_are_zero(const void *bytes, uint64_t size) {
    const unsigned char *at = bytes;
    for (; size >= 8; at += 8, size -= 8) {
        if (load_u64(at) != 0) return false;
    }
    for (; size > 0; at++, size--) {
        if (*at != 0) return false;
    }
    return true;
}

/* Length of the well-formed character at `text`, of which `left` > 0 bytes exist, or 0. The table
 * is Unicode's 3-7: only the second byte has a range of its own, and that range is what excludes
 * overlong forms (E0, F0), surrogates (ED) and code points above 10FFFF (F4). */
static unsigned utf8_length(const unsigned char *text, uint64_t left) {
    const unsigned lead = text[0];
    if (lead < 0x80) return 1;
    if (lead < 0xC2 || lead > 0xF4) return 0;
    const unsigned length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (length > left) return 0;
    unsigned low = 0x80, high = 0xBF;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
    if (text[1] < low || text[1] > high) return 0;
    for (unsigned i = 2; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80) return 0;
    }
    return length;
}

bool rk_utf8_valid(const void *bytes, uint64_t size) {
    const unsigned char *at = bytes;
    while (size > 0) {
        if (size >= 8 && (load_u64(at) & UINT64_C(0x8080808080808080)) == 0) {
            at += 8; // eight ASCII bytes: nearly all of a catalogue's text
            size -= 8;
            continue;
        }
        const unsigned length = utf8_length(at, size);
        if (length == 0) return false;
        at += length;
        size -= length;
    }
    return true;
}

int rk_bytes_compare(const void *a, uint64_t a_size, const void *b, uint64_t b_size) {
    const uint64_t common = RK_MIN(a_size, b_size);
    // memcmp of nothing is not asked for: an empty side may be NULL.
    const int order = common > 0 ? memcmp(a, b, (size_t)common) : 0;
    if (order != 0) return order;
    return (a_size > b_size) - (a_size < b_size);
}
