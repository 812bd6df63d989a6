#include "learn/standardize.h"

#include "base/fmath.h"

typedef struct moments {
    double mean[RK_STANDARD_MOST], squares[RK_STANDARD_MOST];
    double farthest[RK_STANDARD_MOST], largest[RK_STANDARD_MOST];
} moments;

static double magnitude(double value) {
    return value < 0.0 ? -value : value;
}

/* Sums in row order by one thread: both passes together are less than a hundredth of a training. */
static moments measure(const float *x, uint32_t available, const uint64_t *row, uint64_t count) {
    moments m = {0};
    for (uint64_t i = 0; i < count; i++) {
        const float *values = x + (row ? row[i] : i) * available;
        for (uint32_t f = 0; f < available; f++) m.mean[f] += (double)values[f];
    }
    for (uint32_t f = 0; f < available && count; f++) m.mean[f] /= (double)count;
    for (uint64_t i = 0; i < count; i++) {
        const float *values = x + (row ? row[i] : i) * available;
        for (uint32_t f = 0; f < available; f++) {
            const double away = (double)values[f] - m.mean[f];
            m.squares[f] += away * away;
            m.farthest[f] = RK_MAX(m.farthest[f], magnitude(away));
            m.largest[f] = RK_MAX(m.largest[f], magnitude((double)values[f]));
        }
    }
    return m;
}

void rk_standard_measure(const float *x, uint32_t available, const uint64_t *row, uint64_t count,
                         rk_standard *out) {
    assert(available >= 1 && available <= RK_STANDARD_MOST);
    const moments m = measure(x, available, row, count);
    *out = (rk_standard){.available = available};
    for (uint32_t f = 0; f < available && count; f++) {
        double sigma = rk_sqrt(m.squares[f] / (double)count);
        sigma = RK_MAX(sigma, m.farthest[f] / RK_FARTHEST_SIGMAS);
        if (!(sigma > 1e-5 * RK_MAX(m.largest[f], 1.0))) continue;
        out->feature[out->inputs] = f;
        out->mean[out->inputs] = m.mean[f];
        out->inverse[out->inputs++] = 1.0 / sigma;
    }
    if (out->inputs) return;
    out->inputs = 1;
    out->mean[0] = m.mean[0];
    out->inverse[0] = 1.0;
}

void rk_standard_apply(const rk_standard *standard, const float *row, float *z) {
    for (uint32_t i = 0; i < standard->inputs; i++) {
        const double away = (double)row[standard->feature[i]] - standard->mean[i];
        z[i] = (float)(away * standard->inverse[i]);
    }
}

void rk_standard_fold(rk_standard *standard, uint32_t columns, float *matrix, float *bias) {
    for (uint32_t c = 0; c < columns; c++) {
        double moved = (double)bias[c];
        for (uint32_t i = 0; i < standard->inputs; i++) {
            float *weight = matrix + (size_t)i * columns + c;
            const double folded = (double)*weight * standard->inverse[i];
            moved -= standard->mean[i] * folded;
            *weight = (float)folded;
        }
        bias[c] = (float)moved;
    }
    for (uint32_t i = 0; i < standard->inputs; i++) {
        standard->mean[i] = 0.0;
        standard->inverse[i] = 1.0;
    }
}
