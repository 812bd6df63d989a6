#include "model/content_features.h"

#include "base/checksum.h"
#include "base/fmath.h"
#include "base/rng.h"
#include "format/decimal.h"
#include "format/events_layout.h"
#include "format/user_features.h"

/* One attribute's features so far; `prefix` is the hash of the name and the zero byte. */
typedef struct collector {
    uint64_t prefix;
    uint64_t *out;
    uint32_t count, capacity;
} collector;

static void put(collector *to, uint64_t hash) {
    if (to->count < to->capacity) to->out[to->count++] = hash;
}

static void put_tags(collector *to, const char *value, uint32_t bytes) {
    for (uint32_t begin = 0, at = 0; at <= bytes; at++) {
        if (at < bytes && value[at] != '|') continue;
        if (at > begin) put(to, rk_fnv1a(to->prefix, value + begin, at - begin));
        begin = at + 1;
    }
}

/* ---- text ------------------------------------------------------------------------------------ */

static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

static bool is_word(char c) {
    return is_upper(c) || is_lower(c) || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* The token that begins at or after `*at`, hashed in lower case on top of `hash`; *at moves behind
 * it. False: there is none. */
static bool next_token(const char *value, uint32_t bytes, uint32_t *at, uint64_t seed,
                       uint64_t *hash) {
    while (*at < bytes && !is_word(value[*at])) ++*at;
    if (*at == bytes) return false;
    *hash = seed;
    for (uint32_t begin = *at; *at < bytes && is_word(value[*at]); ++*at) {
        if (*at > begin && is_upper(value[*at]) && is_lower(value[*at - 1])) break;
        char c = value[*at];
        char lower = is_upper(c) ? (char)(c - 'A' + 'a') : c;
        *hash = rk_fnv1a(*hash, &lower, 1);
    }
    return true;
}

static void put_text(collector *to, const char *value, uint32_t bytes) {
    uint32_t at = 0;
    uint64_t token, before = 0;
    for (bool first = true; next_token(value, bytes, &at, to->prefix, &token); first = false) {
        put(to, token);
        if (!first) put(to, rk_mix64(before, token)); /* order matters */
        before = token;
    }
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void put_bucket(collector *to, char sign, int32_t bucket) {
    char text[6] = {sign};
    for (uint32_t i = 0; i < 4; i++) text[1 + i] = (char)(bucket >> (8 * i));
    put(to, rk_fnv1a(to->prefix, text, 5));
}

static void put_number(collector *to, const char *value, uint32_t bytes) {
    double number;
    if (!rk_decimal_parse(value, bytes, &number)) return;
    double magnitude = number < 0.0 ? -number : number;
    if (!(magnitude > 1e-30)) {
        put_bucket(to, '0', 0);
        return;
    }
    float clipped = (float)(magnitude < 1e30 ? magnitude : 1e30);
    int32_t bucket = rk_round_i32(rk_floorf(2.0f * rk_log2f(clipped)));
    char sign = number < 0.0 ? '-' : '+';
    put_bucket(to, sign, bucket);
    put_bucket(to, sign, bucket + 1);
}

uint32_t rk_content_features(const char *name, uint32_t name_bytes, uint32_t kind,
                             const char *value, uint32_t value_bytes, uint64_t *out,
                             uint32_t capacity) {
    collector to = {
        .prefix = rk_feature_hash(name, name_bytes, "", 0), .out = out, .capacity = capacity};
    if (value_bytes == 0) return 0;
    switch (kind) {
    case RK_ATTRIBUTE_CATEGORY: put(&to, rk_fnv1a(to.prefix, value, value_bytes)); break;
    case RK_ATTRIBUTE_TAGS: put_tags(&to, value, value_bytes); break;
    case RK_ATTRIBUTE_TEXT: put_text(&to, value, value_bytes); break;
    default: put_number(&to, value, value_bytes); break;
    }
    return to.count;
}

uint32_t rk_text_features(const char *text, uint32_t bytes, uint64_t *out, uint32_t capacity) {
    collector to = {.out = out, .capacity = capacity};
    put_text(&to, text, bytes);
    return to.count;
}
