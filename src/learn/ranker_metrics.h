/* Figures of predictions on rows that were not learnt from. Rows count by weight: a row of weight w
 * is w rows. All are NaN where they say nothing. Nothing is allocated: `order` is scratch. */
#ifndef RK_LEARN_RANKER_METRICS_H
#define RK_LEARN_RANKER_METRICS_H

#include "base/order.h"

#define RK_CALIBRATION_BINS 15u
#define RK_NDCG_CUTOFF      10u

/* Rows of one task: what was said of it and what happened. */
typedef struct rk_judged {
    const float *score;   /* (count) */
    const uint8_t *label; /* (count) 0 or 1 */
    const float *weight;  /* (count) > 0 */
    uint32_t count;
    rk_scored *order; /* (count) scratch */
} rk_judged;

/* Area under the ROC curve: the chance that a positive row scores above a negative one, ties by
 * half. NaN without both. O(n log n). */
double rk_metric_auc(const rk_judged *rows);

/* The same of rows whose `order` is already by descending score, as for many weights of the same
 * rows; weights may be 0. O(n). */
double rk_metric_auc_sorted(const rk_judged *rows);

/* Mean -log of the probability given to what happened, p kept within 10^-7 of 0 and 1. O(n). */
double rk_metric_log_loss(const rk_judged *rows);

/* Expected calibration error: rows by descending p in 15 bins of equal weight (a bin closes at the
 * first row that fills it, and equal p are never parted); the mean over rows of |mean p -
 * frequency| of their bin. Equal mass, because rare events put nearly all rows in the first of
 * equal widths (M. Naeini, G. Cooper and M. Hauskrecht, "Obtaining Well Calibrated Probabilities
 * Using Bayesian Binning", 2015; A. Kumar, P. Liang and T. Ma, "Verified Uncertainty Calibration",
 * 2019). O(n log n). */
double rk_metric_calibration_error(const rk_judged *rows);

/* NDCG@10 of one list by descending score, ties in list order; gain (count) >= 0. NaN without a
 * gain. O(n log n). */
double rk_metric_ndcg(const float *score, const float *gain, uint32_t count, rk_scored *order);

#endif
