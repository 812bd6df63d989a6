#include "learn/json.h"

rk_json rk_json_over(char *text, uint64_t capacity) {
    return (rk_json){.text = text, .capacity = capacity};
}

static void put(rk_json *json, char c) {
    json->overflow = json->overflow || json->size == json->capacity;
    if (!json->overflow) json->text[json->size++] = c;
}

static void put_text(rk_json *json, const char *text) {
    for (; *text; text++) put(json, *text);
}

static void put_quoted(rk_json *json, const char *text) {
    static const char hex[] = "0123456789abcdef";
    put(json, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            put(json, '\\');
            put(json, *text);
        } else if (c < 0x20) {
            put_text(json, "\\u00");
            put(json, hex[c >> 4]);
            put(json, hex[c & 15]);
        } else {
            put(json, *text);
        }
    }
    put(json, '"');
}

static void put_u64(rk_json *json, uint64_t value, uint32_t least_digits) {
    char digits[20];
    uint32_t count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (count < least_digits) digits[count++] = '0';
    while (count) put(json, digits[--count]);
}

static void begin_value(rk_json *json, const char *key) {
    if (json->needs_comma) put(json, ',');
    json->needs_comma = true;
    if (!key) return;
    put_quoted(json, key);
    put(json, ':');
}

void rk_json_open(rk_json *json, const char *key, char bracket) {
    begin_value(json, key);
    put(json, bracket);
    json->needs_comma = false;
}

void rk_json_close(rk_json *json, char bracket) {
    put(json, bracket);
    json->needs_comma = true;
}

void rk_json_string(rk_json *json, const char *key, const char *value) {
    begin_value(json, key);
    put_quoted(json, value);
}

void rk_json_u64(rk_json *json, const char *key, uint64_t value) {
    begin_value(json, key);
    put_u64(json, value, 1);
}

void rk_json_number(rk_json *json, const char *key, double value) {
    begin_value(json, key);
    double magnitude = value < 0 ? -value : value;
    if (!(magnitude < 1e12)) {
        put_text(json, "null");
        return;
    }
    /* Whole and fraction apart: their product with a million would not fit 53 bits together. */
    uint64_t whole = (uint64_t)magnitude;
    uint64_t millionths = (uint64_t)((magnitude - (double)whole) * 1e6 + 0.5);
    whole += millionths / 1000000;
    millionths %= 1000000;
    if (value < 0 && (whole || millionths)) put(json, '-');
    put_u64(json, whole, 1);
    put(json, '.');
    put_u64(json, millionths, 6);
}

void rk_json_null(rk_json *json, const char *key) {
    begin_value(json, key);
    put_text(json, "null");
}

void rk_json_key(rk_json *json, const char *text, uint64_t number) {
    put_text(json, text);
    put_u64(json, number, 1);
}
