/* What would another policy have earned, from the log of the one that served?
 *
 * Problem: a log holds the reward of what was shown, with the probability p of showing it. Another
 * policy would have shown other things, with probability t.
 * Idea: weigh rows by w = t / p, so that the log stands for the other policy; or ask a model of the
 * reward; or both.
 *
 *   IPS    mean of w r                     unbiased; wild where p is small (D. Horvitz and D.
 *                                          Thompson, 1952; A. Strehl et al., "Learning from Logged
 *                                          Implicit Exploration Data", 2010)
 *   SNIPS  sum w r / sum w                 a little biased, steadier: a mean of rewards (A.
 * Swaminathan and T. Joachims, "The Self-Normalized Estimator for Counterfactual Learning", 2015)
 *   DM     mean of v                       v = sum over arms of t q, with q the model's reward: as
 *                                          biased as the model
 *   DR     mean of v + w (r - q)           unbiased if p or q is right (M. Dudik, J. Langford and
 * L. Li, "Doubly Robust Policy Evaluation and Learning", 2011)
 *
 * Intervals are those of a normal mean (SNIPS: of a ratio, by linearisation), 95 %. They are worth
 * something only where many rows carry the weight: (sum w)^2 / sum w^2 is how many equally weighted
 * rows the log is worth (L. Kish, "Survey Sampling", 1965). Below RK_LEAST_EFFECTIVE the
 * answer comes with a warning, and no interval should be believed: the rows that would widen it are
 * those that were never drawn. A mean weight far from 1 says the same, or that a propensity is
 * wrong; a policy that shows what the log cannot have shown is seen by neither.
 *
 * O(rows), one pass a figure, double sums in the order of the rows. The tuner's replay weighs the
 * items of whole lists in the same way (replay.h). */
#ifndef RK_LEARN_OFF_POLICY_H
#define RK_LEARN_OFF_POLICY_H

#include "learn/memory.h"

#define RK_LEAST_EFFECTIVE 100.0 /* rows, below which propensities say nothing */

enum { RK_IPS, RK_SNIPS, RK_DM, RK_DR, RK_ESTIMATORS };

/* Arrays (rows). */
typedef struct rk_off_policy_log {
    uint64_t rows;            /* > 0 */
    const double *propensity; /* of what was shown, (0, 1] */
    const double *target;     /* of the same under the other policy, [0, 1] */
    const double *reward;
    const double *predicted; /* q of what was shown, or NULL: no DM, no DR */
    const double *expected;  /* v, or NULL */
} rk_off_policy_log;

enum {
    RK_OFF_POLICY_FEW = 1,    /* effective rows below RK_LEAST_EFFECTIVE */
    RK_OFF_POLICY_WEIGHTS = 2 /* mean weight more than four standard errors from 1 */
};

typedef struct rk_estimate {
    double value, low, high; /* NaN where there is no model */
} rk_estimate;

typedef struct rk_off_policy {
    rk_estimate estimate[RK_ESTIMATORS];
    double logged;        /* mean reward of the log */
    double effective;     /* rows the log is worth; 0 if no row has a weight */
    double mean_weight;   /* 1 on average */
    double largest_share; /* of all weight, of the row that has most */
    uint32_t warnings;    /* RK_OFF_POLICY_* */
} rk_off_policy;

rk_off_policy rk_off_policy_estimate(const rk_off_policy_log *log);

/* "the log is worth 2.1 of its 10,000 rows ..." or "" without warnings. `out` has 256 bytes. */
#define RK_OFF_POLICY_TEXT 256
void rk_off_policy_warning(const rk_off_policy *result, uint64_t rows,
                           char out[RK_OFF_POLICY_TEXT]);

/* The plainest model: mean reward of an arm, shrunk to that of all by `prior` rows, from the rows
 * of the other folds (row mod folds), so that no row predicts itself (V. Chernozhukov et al.,
 * "Double/Debiased Machine Learning", 2018). arm (rows) < arms; policy (arms): the other policy,
 * the same for everyone. Fills predicted and expected (rows). False if out of memory. O(rows + arms
 * * folds). */
bool rk_off_policy_arm_model(const uint32_t *arm, const double *reward, uint64_t rows,
                             const double *policy, uint32_t arms, uint32_t folds, double prior,
                             double *predicted, double *expected);

#endif
