/* Morton codes (G. M. Morton, "A Computer Oriented Geodetic Data Base and a New Technique in File
 * Sequencing", 1966) of places. */
#include "format/places.h"

/* In f32, each operation rounded, so that every reader and writer finds the same cell. */
static uint32_t cell_of(float degrees, float half, float whole) {
    const float cells = (degrees + half) / whole * (float)(1u << RK_PLACE_BITS);
    const float last = (float)((1u << RK_PLACE_BITS) - 1);
    return (uint32_t)RK_MAX(0.0f, RK_MIN(cells, last));
}

uint32_t rk_place_code(rk_place place) {
    const uint32_t x = cell_of(place.longitude, 180.0f, 360.0f);
    const uint32_t y = cell_of(place.latitude, 90.0f, 180.0f);
    return rk_spread_bits(x) | rk_spread_bits(y) << 1;
}
