/* Places around an anchor by their definition (geo.h, FORMAT.md): every place is looked at, cells
 * are compared as numbers. */
#ifndef RK_TESTS_NAIVE_PLACES_H
#define RK_TESTS_NAIVE_PLACES_H

#include "random_snapshot.h"

#include "base/fmath.h"
#include "model/geo.h"

#include <math.h>

/* Cell of a coordinate in a grid of 2^level columns or rows. */
static inline int32_t naive_cell(float degrees, float half, uint32_t level) {
    float cell = (degrees + half) / (2.0f * half) * 65536.0f;
    if (cell > 65535.0f) cell = 65535.0f;
    return (int32_t)cell >> (16 - level);
}

/* Columns a ring takes. */
static inline int32_t naive_columns(rk_place anchor, uint32_t level) {
    const int32_t cells = 1 << level, row = naive_cell(anchor.latitude, 90.0f, level);
    const float height = 180.0f / (float)cells;
    const float south = (float)(row - 1) * height - 90.0f;
    const float north = (float)(row + 2) * height - 90.0f;
    if (row - 1 <= 0 || row + 2 >= cells) return cells;
    const float edge = south < -north ? -south : north;
    const float side = 1.0f / (2.0f * rk_cosf(edge * 0.017453292519943295f));
    const float columns = side < 32.0f ? 2.0f * ceilf(side) + 1.0f : 33.0f;
    return columns < (float)cells ? (int32_t)columns : cells;
}

static inline bool naive_in_ring(rk_place anchor, uint32_t level, rk_place place) {
    const int32_t cells = 1 << level, columns = naive_columns(anchor, level);
    const int32_t rows_apart =
        naive_cell(place.latitude, 90.0f, level) - naive_cell(anchor.latitude, 90.0f, level);
    int32_t apart =
        naive_cell(place.longitude, 180.0f, level) - naive_cell(anchor.longitude, 180.0f, level);
    if (apart < 0) apart = -apart;
    if (apart > cells - apart) apart = cells - apart;
    return rows_apart >= -1 && rows_apart <= 1 && (columns == cells || 2 * apart < columns);
}

/* From coarse to fine, until a ring takes too many columns or holds too few. */
static inline uint32_t naive_level(const rk_snapshot_content *content, rk_place anchor,
                                   uint64_t least) {
    for (uint32_t level = 1; level <= 16; level++) {
        uint64_t held = 0;
        for (uint32_t item = 0; item < content->meta.items; item++)
            held += rk_has_place(content->place[item]) &&
                    naive_in_ring(anchor, level, content->place[item]);
        if (held < least || naive_columns(anchor, level) > 32) return level - 1;
    }
    return 16;
}

#endif
