/* One linear model of a region, shared by all arms: what a reward depends on, learnt while serving.
 *
 * Problem: an arm's own statistics know nothing of who asks, and a new arm has none. Features x of
 * (request, arm) with one weight vector for all arms learn from every decision.
 * Idea: ridge regression from sums. A = lambda I + sum x x^T, b = sum x r, estimate A^-1 b; with
 * noise of variance s^2 its posterior is N(A^-1 b, s^2 A^-1). Thompson sampling draws weights from
 * it (S. Agrawal and N. Goyal, "Thompson Sampling for Contextual Bandits with Linear Payoffs",
 * 2013); LinUCB adds a multiple of sqrt(x^T A^-1 x) to the estimate (L. Li, W. Chu, J. Langford and
 * R. E. Schapire, "A Contextual-Bandit Approach to Personalized News Article Recommendation",
 * 2010). Both fill the rows of a policy (bandit_policy.h), so that their propensities are as exact.
 *
 * The statistics are integers (format/delta_layout.h): features are rounded to 4,096ths *before*
 * they are used, so that what decides is what is summed, and a sum is exact whatever the order.
 * They are kept by day and weighed by age when read, as those of arms are (bandit_state.h). A
 * decision is added when it is made (x x^T and 1), its reward when it comes (x r), to the same day.
 *
 * The factor is computed anew from the sums, d^3 / 6 multiplications (some 2 us at d = 16), and
 * never updated by rank one: a factor that depends on the order of its updates could not be
 * replayed from the statistics, and gains nothing where they come in batches. Noise: rewards are
 * mostly 0 or 1, and s^2 = p (1 - p) with the mean reward p, smoothed by one reward in two trials.
 * A fixed s = 1, the papers' choice, explores thirty times too widely where p is .03 (in variance).
 *
 * Double arithmetic in one order, own square root, logarithm and cosine: the same bits in every
 * host. A sum beyond 2^53 is rounded, once. Cost: reading days * d^2; an ensemble of 256 weight
 * vectors 256 (d normals + d^2 / 2), some 250 us at d = 16; an arm's row 256 d, some 1 us. */
#ifndef RK_MODEL_BANDIT_LINEAR_H
#define RK_MODEL_BANDIT_LINEAR_H

#include "model/bandit_policy.h"
#include "model/bandit_state.h"

/* ---- statistics: blocks of rk_linear_words(dim) int64, one a day, days ascending ---- */

typedef struct rk_linear_table {
    uint32_t dim;             /* 1 to RK_LINEAR_MOST_DIM */
    uint32_t count, capacity; /* days */
    int64_t *words;           /* (capacity, rk_linear_words(dim)) */
} rk_linear_table;

static inline int64_t *rk_linear_block(const rk_linear_table *table, uint32_t index) {
    return table->words + (size_t)index * rk_linear_words(table->dim);
}

/* out (dim): features as 4,096ths, rounded half to even and cut to [-1, 1]; NaN is 0. */
void rk_linear_features(const float *x, uint32_t dim, int16_t *out);

/* A decision with features x (dim) on `day`. TOO_LARGE: no room for a day, or a day is full. */
rk_status rk_linear_add_trial(rk_linear_table *table, uint32_t day, const int16_t *x,
                              rk_error *error);
/* What came of a decision, 0 to RK_LINEAR_ONE, whenever it comes; `day`, x: the decision's. Its
 * trial may be in another table, which this one will be merged with. TOO_LARGE as above. */
rk_status rk_linear_add_reward(rk_linear_table *table, uint32_t day, const int16_t *x,
                               int32_t reward, rk_error *error);

/* Adds the days of another table of the same dim, all or none. TOO_LARGE. */
rk_status rk_linear_merge(rk_linear_table *table, const rk_linear_table *other, rk_error *error);
void rk_linear_forget(rk_linear_table *table, uint32_t first_day);

/* False if no set of features has these sums: sum x x^T has a negative eigenvalue. What the region
 * asks of a delta, since the format cannot. scratch: (dim, dim) doubles. */
bool rk_linear_is_possible(const int64_t *block, uint32_t dim, double *scratch);

/* ---- reading ---- */

typedef struct rk_linear {
    uint32_t dim;
    double noise;     /* s */
    double *factor;   /* (dim, dim) L with L L^T = A, lower; above it nothing */
    double *estimate; /* (dim) */
    float *ensemble;  /* (RK_POLICY_ROUNDS, dim) weights drawn for Thompson sampling */
} rk_linear;

uint64_t rk_linear_bytes(uint32_t dim);
rk_linear rk_linear_over(void *memory, uint32_t dim);

/* Factor, estimate and noise from the sum of `tables` (of the model's dim). ridge > 0. False if A
 * has no factor, which sums of real decisions always have. */
bool rk_linear_read(rk_linear *model, const rk_linear_table *const *tables, uint32_t table_count,
                    uint32_t today, const rk_forgetting *forgetting, double ridge);

/* Draws the ensemble; `width` scales the noise (1: the posterior). */
void rk_linear_draw(rk_linear *model, uint64_t policy_seed, double width);

/* Fill an arm's row of a policy: its worth in every weight vector of the ensemble, or its estimate
 * plus width * noise * sqrt(x^T A^-1 x) in all rounds. */
void rk_linear_thompson_row(const rk_linear *model, const int16_t *x, float *row);
void rk_linear_ucb_row(const rk_linear *model, const int16_t *x, double width, float *row);

#endif
