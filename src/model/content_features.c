#include "model/content_features.h"

#include "base/fmath.h"
#include "format/events_layout.h"

#define FNV_OFFSET UINT64_C(0xCBF29CE484222325)
#define FNV_PRIME  UINT64_C(0x100000001B3)

/* One attribute's features so far; `prefix` is the hash of the name and the zero byte. */
typedef struct collector {
    uint64_t prefix;
    uint64_t *out;
    uint32_t count, capacity;
} collector;

static uint64_t hash_bytes(uint64_t hash, const char *bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) hash = (hash ^ (unsigned char)bytes[i]) * FNV_PRIME;
    return hash;
}

static uint64_t hash_prefix(const char *name, uint32_t name_bytes) {
    return hash_bytes(FNV_OFFSET, name, name_bytes) * FNV_PRIME;
}

uint64_t rk_feature_hash(const char *name, uint32_t name_bytes, const char *value,
                         uint32_t value_bytes) {
    return hash_bytes(hash_prefix(name, name_bytes), value, value_bytes);
}

static void put(collector *to, uint64_t hash) {
    if (to->count < to->capacity) to->out[to->count++] = hash;
}

static void put_tags(collector *to, const char *value, uint32_t bytes) {
    for (uint32_t begin = 0, at = 0; at <= bytes; at++) {
        if (at < bytes && value[at] != '|') continue;
        if (at > begin) put(to, hash_bytes(to->prefix, value + begin, at - begin));
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
        *hash = hash_bytes(*hash, &lower, 1);
    }
    return true;
}

static void put_text(collector *to, const char *value, uint32_t bytes) {
    uint32_t at = 0;
    uint64_t token, before = 0;
    for (bool first = true; next_token(value, bytes, &at, to->prefix, &token); first = false) {
        put(to, token);
        if (!first) put(to, (before ^ (token * FNV_PRIME)) * FNV_PRIME); /* order matters */
        before = token;
    }
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* `-?digits[.digits][e[-]digits]`. Decimal digits are summed in double and scaled by one power of
 * ten, which is the same on every host and exact enough for a bucket. */
static bool parse_number(const char *text, uint32_t bytes, double *out) {
    uint32_t at = 0;
    bool negative = bytes > 0 && text[0] == '-', any = false;
    double value = 0.0;
    int32_t scale = 0, exponent = 0;
    at += negative;
    for (bool fraction = false; at < bytes; at++) {
        if (text[at] == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (text[at] < '0' || text[at] > '9') break;
        value = value * 10.0 + (double)(text[at] - '0');
        scale -= fraction;
        any = true;
    }
    if (any && at < bytes && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        bool down = at < bytes && text[at] == '-';
        at += down;
        for (; at < bytes && text[at] >= '0' && text[at] <= '9'; at++)
            exponent = RK_MIN(exponent * 10 + (text[at] - '0'), 400);
        scale += down ? -exponent : exponent;
    }
    for (; scale > 0; scale--) value *= 10.0;
    for (; scale < 0; scale++) value /= 10.0;
    *out = negative ? -value : value;
    return any && at == bytes;
}

static void put_bucket(collector *to, char sign, int32_t bucket) {
    char text[6] = {sign};
    for (uint32_t i = 0; i < 4; i++) text[1 + i] = (char)(bucket >> (8 * i));
    put(to, hash_bytes(to->prefix, text, 5));
}

static void put_number(collector *to, const char *value, uint32_t bytes) {
    double number;
    if (!parse_number(value, bytes, &number)) return;
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
    collector to = {.prefix = hash_prefix(name, name_bytes), .out = out, .capacity = capacity};
    if (value_bytes == 0) return 0;
    switch (kind) {
    case RK_ATTRIBUTE_CATEGORY: put(&to, hash_bytes(to.prefix, value, value_bytes)); break;
    case RK_ATTRIBUTE_TAGS: put_tags(&to, value, value_bytes); break;
    case RK_ATTRIBUTE_TEXT: put_text(&to, value, value_bytes); break;
    default: put_number(&to, value, value_bytes); break;
    }
    return to.count;
}
