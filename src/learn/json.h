/* A small JSON writer for reports: bounded, allocation-free, the same digits on every host (no
 * stdio). What does not fit is dropped and `overflow` set: a caller that cannot bound what it
 * writes looks there before it trusts the text. */
#ifndef RK_LEARN_JSON_H
#define RK_LEARN_JSON_H

#include "base/types.h"

typedef struct rk_json {
    char *text; /* (capacity) */
    uint64_t capacity, size;
    bool needs_comma, overflow;
} rk_json;

rk_json rk_json_over(char *text, uint64_t capacity);
/* key NULL inside an array or at the root. */
void rk_json_open(rk_json *json, const char *key, char bracket);
void rk_json_close(rk_json *json, char bracket);
void rk_json_string(rk_json *json, const char *key, const char *value);
void rk_json_u64(rk_json *json, const char *key, uint64_t value);
/* Six decimals, rounded half away from zero; not finite: null. */
void rk_json_number(rk_json *json, const char *key, double value);
void rk_json_null(rk_json *json, const char *key);
/* Plain text and number, unquoted: for making a key like "hr@10". */
void rk_json_key(rk_json *json, const char *text, uint64_t number);

#endif
