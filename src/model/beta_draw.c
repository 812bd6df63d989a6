#include "model/beta_draw.h"

#include "base/fmath.h"

static const double log_4 = 1.3862943611198906;
static const double log_5_plus_1 = 2.6094379124341003;

/* In (0, 1), both ends excluded: 53 bits and half a unit. */
static double open_uniform(rk_rng *rng) {
    return ((double)(rk_rng_u64(rng) >> 12) + 0.5) * 0x1p-52;
}

/* What depends on the parameters only. a, b: as the algorithm names them; the draw is w / (b + w),
 * or its complement if the parameters were exchanged. */
typedef struct cheng {
    double a, b, sum, beta, gamma, k1, k2;
    bool exchanged;
} cheng;

static double scaled_logit(const cheng *c, double u) {
    const double v = c->beta * rk_log_f64(u / (1.0 - u));
    return v > 600.0 ? 600.0 : v < -600.0 ? -600.0 : v; /* BC of tiny parameters: as good as 0, 1 */
}

/* ---- BB: min(alpha, beta) > 1; a the smaller ---- */

static cheng prepare_bb(rk_beta p) {
    cheng c = {.a = RK_MIN(p.alpha, p.beta), .b = RK_MAX(p.alpha, p.beta)};
    c.sum = c.a + c.b;
    c.beta = rk_sqrt((c.sum - 2.0) / (2.0 * c.a * c.b - c.sum));
    c.gamma = c.a + 1.0 / c.beta;
    c.exchanged = p.alpha > p.beta;
    return c;
}

static double draw_bb(const cheng *c, rk_rng *rng) {
    for (;;) {
        const double u = open_uniform(rng), z = u * u * open_uniform(rng);
        const double v = scaled_logit(c, u), w = c->a * rk_exp_f64(v);
        const double r = c->gamma * v - log_4, s = c->a + r - w;
        if (s + log_5_plus_1 >= 5.0 * z) return w; /* a tangent to log z: most attempts end here */
        const double t = rk_log_f64(z);
        if (s >= t || r + c->sum * rk_log_f64(c->sum / (c->b + w)) >= t) return w;
    }
}

/* ---- BC: min(alpha, beta) <= 1; b the smaller ---- */

static cheng prepare_bc(rk_beta p) {
    cheng c = {.a = RK_MAX(p.alpha, p.beta), .b = RK_MIN(p.alpha, p.beta)};
    const double delta = 1.0 + c.a - c.b;
    c.sum = c.a + c.b;
    c.beta = 1.0 / c.b;
    c.k1 = delta * (1.0 / 72.0 + c.b / 24.0) / (c.a * c.beta - 7.0 / 9.0);
    c.k2 = 0.25 + (0.5 + 0.25 / delta) * c.b;
    c.exchanged = p.alpha < p.beta;
    return c;
}

static double draw_bc(const cheng *c, rk_rng *rng) {
    for (;;) {
        const double u = open_uniform(rng), second = open_uniform(rng), y = u * second, z = u * y;
        bool sure = false;
        if (u < 0.5) {
            if (0.25 * second + z - y >= c->k1) continue;
        } else if (z > 0.25) {
            if (z >= c->k2) continue;
        } else
            sure = true;
        const double v = scaled_logit(c, u), w = c->a * rk_exp_f64(v);
        if (sure) return w;
        if (c->sum * (rk_log_f64(c->sum / (c->b + w)) + v) - log_4 >= rk_log_f64(z)) return w;
    }
}

void rk_beta_draw(rk_beta p, rk_rng *rng, float *out, uint32_t count) {
    assert(p.alpha >= RK_BETA_LEAST && p.alpha <= RK_BETA_MOST);
    assert(p.beta >= RK_BETA_LEAST && p.beta <= RK_BETA_MOST);
    const bool bb = RK_MIN(p.alpha, p.beta) > 1.0;
    const cheng c = bb ? prepare_bb(p) : prepare_bc(p);
    for (uint32_t i = 0; i < count; i++) {
        const double w = bb ? draw_bb(&c, rng) : draw_bc(&c, rng);
        out[i] = (float)((c.exchanged ? c.b : w) / (c.b + w));
    }
}
