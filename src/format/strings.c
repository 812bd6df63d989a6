/* Look-ups in string tables. The tables are validated: rows lie inside the text. */
#include "format/strings.h"

uint32_t rk_strings_find(const rk_strings *strings, const char *id, uint32_t id_bytes) {
    uint32_t low = 0, high = strings->count; /* the row, if any, is in [low, high) */
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const char *text;
        const uint32_t size = rk_strings_get(strings, middle, &text);
        const int order = rk_bytes_compare(text, size, id, id_bytes);
        if (order == 0) return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return RK_NONE;
}

uint32_t rk_strings_scan(const rk_strings *strings, const char *id, uint32_t id_bytes) {
    for (uint32_t row = 0; row < strings->count; row++) {
        const char *text;
        const uint32_t size = rk_strings_get(strings, row, &text);
        if (rk_bytes_compare(text, size, id, id_bytes) == 0) return row;
    }
    return RK_NONE;
}
