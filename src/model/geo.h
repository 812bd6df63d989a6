/* Places around a location: nearness, and rings of cells that hold enough of them.
 *
 * Problem: the items around a point on a sphere, few in a desert and thousands in a city, without
 * an index beside the sorted codes of a snapshot. Idea: Morton codes (FORMAT.md "Places") make
 * every cell of every grid of 2^level x 2^level cells one run of `geo.code`, so counting what a
 * cell holds is two searches, the second from where the first ended. A *ring* is the anchor's cell
 * with its neighbours; rings nest, so the finest that still holds enough is found by halving.
 *
 *       level 3 (8 x 8)              level 4
 *     +-----+-----+-----+
 *     |     |     |     |          the ring of a level holds every place within one cell's height
 *     +-----+--+--+-----+          of the anchor: cells are as high everywhere, and a ring takes as
 *     |     | a|##|#####| ...      many columns as that height spans at its edge nearest a pole. It
 *     +-----+--+--+-----+          wraps at 180 degrees; a ring that touches a pole takes them all.
 *     |     |     |     |
 *     +-----+-----+-----+
 *
 * Nearness of an item: sum_a weight_a / (1 + (d_a / km)^2) / sum_a weight_a over the anchors, 0 to
 * 1: one half at `km` from a single anchor, and never quite 0, so that a far item keeps an order.
 * d is the chord through the earth, not the arc: no inverse function, no case at the date line or a
 * pole, and 1 % short at 3,100 km, where nearness has long been small. f32 coordinates on the unit
 * sphere keep d to about a metre. */
#ifndef RK_MODEL_GEO_H
#define RK_MODEL_GEO_H

#include "format/places.h"
#include "format/snapshot_read.h"

#define RK_MAX_ANCHORS      8u
#define RK_MAX_RING_COLUMNS 32u /* >= 3; only near the poles a ring has more than three */
#define RK_EARTH_KM         6371.0f

/* A point on the unit sphere. */
typedef struct rk_point {
    float x, y, z;
} rk_point;

typedef struct rk_anchor {
    rk_place place;
    rk_point point;
    float weight;
} rk_anchor;

typedef struct rk_anchors {
    rk_anchor at[RK_MAX_ANCHORS];
    uint32_t count;
    float weight;    /* sum of theirs */
    float sharpness; /* (2^0 earth radius / km)^2: turns a squared chord into (d / km)^2 */
} rk_anchors;

/* No anchors yet. km: the distance of half nearness, RK_MIN_NEARBY_KM to RK_MAX_NEARBY_KM. */
rk_anchors rk_anchors_none(float km);
/* weight > 0; at most RK_MAX_ANCHORS. */
void rk_anchors_add(rk_anchors *anchors, rk_place place, float weight);

/* Where on the sphere a place is: four trigonometric functions. */
rk_point rk_point_of(rk_place place);

/* 0 to 1: every term rounds to at most its anchor's weight, and these are summed in the order in
 * which they made anchors->weight. At least one anchor. O(anchors). */
static inline float rk_nearness(const rk_anchors *anchors, rk_point point) {
    float sum = 0.0f;
    for (uint32_t a = 0; a < anchors->count; a++) {
        const rk_anchor *anchor = &anchors->at[a];
        float x = anchor->point.x - point.x, y = anchor->point.y - point.y;
        float z = anchor->point.z - point.z;
        sum += anchor->weight / (1.0f + (x * x + y * y + z * z) * anchors->sharpness);
    }
    return sum / anchors->weight;
}

/* The cells around an anchor at one level. */
typedef struct rk_ring {
    uint32_t level;                 /* 0..RK_PLACE_BITS */
    uint32_t first_row, rows;       /* no wrap */
    uint32_t first_column, columns; /* wraps at 2^level */
} rk_ring;

/* The ring at one level; it holds those of all finer levels. */
rk_ring rk_ring_at(rk_place place, uint32_t level);

/* The ring of the finest level, up to `finest` and to where a ring gets too many columns, that
 * holds at least `least` places; that of level 0, which holds all, if none does. O(log levels *
 * cells * log places), cells <= 3 * RK_MAX_RING_COLUMNS, 9 away from the poles. */
rk_ring rk_ring_around(const rk_snapshot_content *snapshot, rk_place place, uint32_t least,
                       uint32_t finest);

/* Cell `cell` < rows * columns of a ring as a run of geo.code: [*begin, *end). */
void rk_ring_run(const rk_snapshot_content *snapshot, const rk_ring *ring, uint32_t cell,
                 uint32_t *begin, uint32_t *end);

/* Is the place of this code inside? */
bool rk_ring_holds(const rk_ring *ring, uint32_t code);

#endif
