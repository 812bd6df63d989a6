#include "learn/calibrate.h"

#include "base/fmath.h"

#define LEAST_SCALE 0.05
#define MOST_SCALE  20.0
#define MOST_OFFSET 30.0
#define PRIOR       1.0
#define STEPS       50

typedef struct rows {
    const float *logit;
    const uint8_t *label;
    const float *weight;
    uint32_t count;
} rows;

/* Loss with its gradient and Hessian at (scale, offset). */
typedef struct point {
    double scale, offset;
    double loss, by_scale, by_offset, scale_scale, scale_offset, offset_offset;
} point;

static point at(const rows *of, double scale, double offset) {
    const double away = scale - 1.0;
    point p = {.scale = scale,
               .offset = offset,
               .loss = 0.5 * PRIOR * (away * away + offset * offset),
               .by_scale = PRIOR * away,
               .by_offset = PRIOR * offset,
               .scale_scale = PRIOR,
               .offset_offset = PRIOR};
    for (uint32_t i = 0; i < of->count; i++) {
        const double x = (double)of->logit[i], w = (double)of->weight[i];
        const double z = scale * x + offset, signed_z = of->label[i] ? z : -z;
        const float small = rk_expf((float)(z < 0.0 ? z : -z)); // exp(-|z|)
        const double chance =
            z < 0.0 ? (double)small / (1.0 + (double)small) : 1.0 / (1.0 + (double)small);
        const double slope = w * (chance - (double)of->label[i]);
        const double curve = w * (double)small / ((1.0 + (double)small) * (1.0 + (double)small));
        p.loss += w * ((double)rk_logf(1.0f + small) + (signed_z < 0.0 ? -signed_z : 0.0));
        p.by_scale += slope * x;
        p.by_offset += slope;
        p.scale_scale += curve * x * x;
        p.scale_offset += curve * x;
        p.offset_offset += curve;
    }
    return p;
}

/* The Newton step from p; of the offset alone if the scale is `fixed`. */
static void newton(const point *p, bool fixed, double *scale, double *offset) {
    if (fixed) {
        *scale = 0.0;
        *offset = -p->by_offset / p->offset_offset;
        return;
    }
    const double determinant =
        p->scale_scale * p->offset_offset - p->scale_offset * p->scale_offset;
    *scale = -(p->offset_offset * p->by_scale - p->scale_offset * p->by_offset) / determinant;
    *offset = -(p->scale_scale * p->by_offset - p->scale_offset * p->by_scale) / determinant;
}

static point minimum(const rows *of, double scale, bool fixed) {
    point here = at(of, scale, 0.0);
    for (uint32_t step = 0; step < STEPS; step++) {
        double by_scale, by_offset, length = 1.0;
        newton(&here, fixed, &by_scale, &by_offset);
        point next = at(of, here.scale + by_scale, here.offset + by_offset);
        while (!(next.loss <= here.loss) && length > 1e-4) {
            length *= 0.5;
            next = at(of, here.scale + length * by_scale, here.offset + length * by_offset);
        }
        if (!(next.loss <= here.loss)) break;
        const double fell = here.loss - next.loss;
        here = next;
        if (fell <= 1e-9 * here.loss) break;
    }
    return here;
}

rk_calibration rk_calibrate(const float *logit, const uint8_t *label, const float *weight,
                            uint32_t count) {
    const rows all = {logit, label, weight, count};
    point best = minimum(&all, 1.0, false);
    if (!(best.scale >= LEAST_SCALE && best.scale <= MOST_SCALE))
        best = minimum(&all, best.scale > MOST_SCALE ? MOST_SCALE : LEAST_SCALE, true);
    const double offset = RK_MIN(RK_MAX(best.offset, -MOST_OFFSET), MOST_OFFSET);
    return (rk_calibration){(float)best.scale, (float)offset};
}
