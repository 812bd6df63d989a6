#include "model/geo.h"

#include "base/fmath.h"

#define RADIANS_PER_DEGREE 0.017453292519943295f

/* ---- nearness -------------------------------------------------------------------------------- */

rk_point rk_point_of(rk_place place) {
    float latitude = place.latitude * RADIANS_PER_DEGREE;
    float longitude = place.longitude * RADIANS_PER_DEGREE;
    float equatorial = rk_cosf(latitude);
    return (rk_point){.x = equatorial * rk_cosf(longitude),
                      .y = equatorial * rk_sinf(longitude),
                      .z = rk_sinf(latitude)};
}

rk_anchors rk_anchors_none(float km) {
    float radius = RK_EARTH_KM / km;
    return (rk_anchors){.sharpness = radius * radius};
}

void rk_anchors_add(rk_anchors *anchors, rk_place place, float weight) {
    assert(anchors->count < RK_MAX_ANCHORS && weight > 0.0f);
    anchors->at[anchors->count++] =
        (rk_anchor){.place = place, .point = rk_point_of(place), .weight = weight};
    anchors->weight += weight;
}

/* ---- rings ----------------------------------------------------------------------------------- */

/* First place of `left` from `low` on whose code is not below `code`, which may be 2^32. */
static uint32_t first_from(const uint32_t *codes, uint32_t low, uint32_t left, uint64_t code) {
    while (left > 0) {
        /* Where it lies is as good as random: no branch on it. */
        uint32_t half = left / 2;
        bool after = codes[low + half] < code;
        low = after ? low + half + 1 : low;
        left = after ? left - half - 1 : half;
    }
    return low;
}

/* The same of all from `low` on, which is most often near: steps that double, then back. */
static uint32_t first_near(const rk_snapshot_content *snapshot, uint32_t low, uint64_t code) {
    uint32_t left = snapshot->meta.place_count - low, step = 1;
    while (step <= left && snapshot->place_code[low + step - 1] < code) {
        low += step;
        left -= step;
        step *= 2;
    }
    return first_from(snapshot->place_code, low, RK_MIN(step - 1, left), code);
}

/* Columns to each side so that a ring reaches one cell's height, which is half a cell's width at
 * the equator: ceil(1 / (2 cos(latitude))) at its edge nearest a pole. More than fit: too fine. */
static uint32_t columns_at(float edge_latitude) {
    float narrowing = 2.0f * rk_cosf(edge_latitude * RADIANS_PER_DEGREE);
    if (!(narrowing * (float)RK_MAX_RING_COLUMNS > 1.0f)) return RK_MAX_RING_COLUMNS + 1;
    float side = 1.0f / narrowing;
    uint32_t whole = (uint32_t)side;
    return 2 * (whole + ((float)whole < side)) + 1;
}

rk_ring rk_ring_at(rk_place place, uint32_t level) {
    uint32_t code = rk_place_code(place), cells = 1u << level, shift = RK_PLACE_BITS - level;
    uint32_t column = rk_even_bits(code) >> shift, row = rk_even_bits(code >> 1) >> shift;
    rk_ring ring = {.level = level, .first_row = row ? row - 1 : 0};
    uint32_t end_row = RK_MIN(row + 2, cells);
    ring.rows = end_row - ring.first_row;
    ring.columns = cells;
    if (ring.first_row > 0 && end_row < cells) {
        float height = 180.0f / (float)cells;
        float south = (float)ring.first_row * height - 90.0f;
        float north = (float)end_row * height - 90.0f;
        ring.columns = RK_MIN(columns_at(RK_MAX(-south, north)), cells);
    }
    ring.first_column = ring.columns == cells ? 0 : (column - ring.columns / 2) & (cells - 1);
    return ring;
}

void rk_ring_run(const rk_snapshot_content *snapshot, const rk_ring *ring, uint32_t cell,
                 uint32_t *begin, uint32_t *end) {
    uint32_t row = ring->first_row + cell / ring->columns;
    uint32_t column = (ring->first_column + cell % ring->columns) & ((1u << ring->level) - 1);
    uint64_t code = rk_spread_bits(column) | rk_spread_bits(row) << 1;
    uint32_t shift = 2 * (RK_PLACE_BITS - ring->level);
    *begin = first_from(snapshot->place_code, 0, snapshot->meta.place_count, code << shift);
    *end = first_near(snapshot, *begin, (code + 1) << shift);
}

static bool holds_enough(const rk_snapshot_content *snapshot, const rk_ring *ring, uint32_t least) {
    uint64_t places = 0;
    for (uint32_t cell = 0; cell < ring->rows * ring->columns && places < least; cell++) {
        uint32_t begin, end;
        rk_ring_run(snapshot, ring, cell, &begin, &end);
        places += end - begin;
    }
    return places >= least;
}

/* The finest level, of those up to `finest`, before the first whose ring is too wide. */
static uint32_t finest_narrow(rk_place place, uint32_t finest) {
    uint32_t level = 0;
    while (level < finest && rk_ring_at(place, level + 1).columns <= RK_MAX_RING_COLUMNS) level++;
    return level;
}

rk_ring rk_ring_around(const rk_snapshot_content *snapshot, rk_place place, uint32_t least,
                       uint32_t finest) {
    rk_ring holding = rk_ring_at(place, 0);
    /* A ring holds those of all finer levels, so what it holds falls with the level. */
    for (uint32_t last = finest_narrow(place, finest); holding.level < last;) {
        rk_ring ring = rk_ring_at(place, (holding.level + last + 1) / 2);
        if (holds_enough(snapshot, &ring, least))
            holding = ring;
        else
            last = ring.level - 1;
    }
    return holding;
}

bool rk_ring_holds(const rk_ring *ring, uint32_t code) {
    uint32_t shift = RK_PLACE_BITS - ring->level, last = (1u << ring->level) - 1;
    uint32_t column = rk_even_bits(code) >> shift, row = rk_even_bits(code >> 1) >> shift;
    return row - ring->first_row < ring->rows &&
           ((column - ring->first_column) & last) < ring->columns;
}
