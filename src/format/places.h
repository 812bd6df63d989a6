/* Places of items, as snapshots keep them: FORMAT.md section 3, "Places". */
#ifndef RK_FORMAT_PLACES_H
#define RK_FORMAT_PLACES_H

#include "format/events_layout.h"
#include "format/snapshot_layout.h"

#define RK_PLACE_BITS 16u /* of a coordinate in a code: the finest grid has 2^16 x 2^16 cells */

static inline bool rk_has_place(rk_place place) {
    return place.latitude != RK_NO_PLACE;
}

/* The Morton code of a place: x = longitude in the even bits, y = latitude in the odd ones, so that
 * the places of any cell of any coarser grid are one run of sorted codes. |latitude| <= 90,
 * |longitude| <= 180. */
uint32_t rk_place_code(rk_place place);

/* x (even) and y (odd bits) of a code, and back; both < 2^16. */
static inline uint32_t rk_even_bits(uint32_t code) {
    code &= 0x55555555u;
    code = (code | code >> 1) & 0x33333333u;
    code = (code | code >> 2) & 0x0F0F0F0Fu;
    code = (code | code >> 4) & 0x00FF00FFu;
    return (code | code >> 8) & 0x0000FFFFu;
}
static inline uint32_t rk_spread_bits(uint32_t x) {
    x = (x | x << 8) & 0x00FF00FFu;
    x = (x | x << 4) & 0x0F0F0F0Fu;
    x = (x | x << 2) & 0x33333333u;
    return (x | x << 1) & 0x55555555u;
}

#endif
