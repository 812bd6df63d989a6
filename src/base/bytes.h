/* Bytes from outside: a bounded little-endian cursor, checked arithmetic, UTF-8 validation. */
#ifndef RK_BASE_BYTES_H
#define RK_BASE_BYTES_H

#include "base/types.h"

/* False on overflow; *out is then untouched. */
bool rk_add_u64(uint64_t a, uint64_t b, uint64_t *out);
bool rk_mul_u64(uint64_t a, uint64_t b, uint64_t *out);

/* Reads never pass `end`: past it they return zero and set `failed` (sticky), so that a parser
 * checks once, after its last read. */
typedef struct rk_cursor {
    const unsigned char *at, *begin, *end;
    bool failed;
} rk_cursor;

rk_cursor rk_cursor_over(const void *bytes, uint64_t size);
uint8_t rk_cursor_u8(rk_cursor *cursor);
uint16_t rk_cursor_u16(rk_cursor *cursor);
uint32_t rk_cursor_u32(rk_cursor *cursor);
uint64_t rk_cursor_u64(rk_cursor *cursor);
/* `count` bytes, or NULL (and failed). */
const unsigned char *rk_cursor_take(rk_cursor *cursor, uint64_t count);
uint64_t rk_cursor_offset(const rk_cursor *cursor);

/* Unsigned LEB128, at most 10 bytes, shortest form only (for deltas). */
uint64_t rk_cursor_varint(rk_cursor *cursor);

bool rk_bytes_are_zero(const void *bytes, uint64_t size);
/* Well-formed UTF-8 (no overlong forms, no surrogates, <= U+10FFFF). */
bool rk_utf8_valid(const void *bytes, uint64_t size);
/* <0, 0, >0: bytewise order, a prefix before its extension. */
int rk_bytes_compare(const void *a, uint64_t a_size, const void *b, uint64_t b_size);

#endif
