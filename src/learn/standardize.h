/* Inputs of a network on one scale, and the same network on the inputs as served.
 *
 * z = (x - mean) / sigma over the training rows. Sigma is the standard deviation, or an eighth of
 * the farthest row's distance from the mean where that is more: no training row is beyond 8, so a
 * feature that is 0 for nearly all is no lever, and nothing needs clipping, which a linear map
 * could not serve. An input that does not vary is dropped: constant, or with a sigma below 10^-5 of
 * its largest value, where the fold below would lose its digits in f32. If none varies, input 0
 * stays.
 *
 * Fold: z M + b = x (M / sigma) + (b - mean / sigma M), so serving standardises nothing. */
#ifndef RK_LEARN_STANDARDIZE_H
#define RK_LEARN_STANDARDIZE_H

#include "base/types.h"

#define RK_FARTHEST_SIGMAS 8.0
#define RK_STANDARD_MOST   64u /* features of a row */

typedef struct rk_standard {
    uint32_t available;                                       /* features of a row */
    uint32_t inputs;                                          /* kept, >= 1 */
    uint32_t feature[RK_STANDARD_MOST];                       /* (inputs) ascending */
    double mean[RK_STANDARD_MOST], inverse[RK_STANDARD_MOST]; /* (inputs) 1 / sigma */
} rk_standard;

/* Of the rows (count) that `row` lists, or 0..count-1 if it is NULL, of x (rows, available).
 * available: 1..RK_STANDARD_MOST. Two passes, O(count * available). */
void rk_standard_measure(const float *x, uint32_t available, const uint64_t *row, uint64_t count,
                         rk_standard *out);

/* z (inputs) of one row. */
void rk_standard_apply(const rk_standard *standard, const float *row, float *z);

/* Matrix (inputs, columns) and bias (columns) for z become those for x. Afterwards the standard is
 * the identity: what is left to apply. */
void rk_standard_fold(rk_standard *standard, uint32_t columns, float *matrix, float *bias);

#endif
