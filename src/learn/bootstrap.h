/* Intervals of means over cases, by the bootstrap: how far would the figure move with other users?
 *
 * A user's cases stay together, for they hang together: users are drawn with replacement, as many
 * as there are, and every metric is the mean over the cases of those drawn (B. Efron, "Bootstrap
 * Methods: Another Look at the Jackknife", 1979; clusters as in A. C. Davison and D. V. Hinkley,
 * "Bootstrap Methods and their Application", 1997). The 95 % interval lies between the 25th
 * smallest and the 25th largest of 1,000 means. Draws depend on seed, resample and the number of
 * users alone, so two methods measured on the same cases meet the same users in resample r, and the
 * difference of their r-th means is a paired resample: the luck of the users, which both share,
 * drops out.
 *
 * A resample is summed whole by one shard: threads change nothing. Cost: 1,000 * users * width. */
#ifndef RK_LEARN_BOOTSTRAP_H
#define RK_LEARN_BOOTSTRAP_H

#include "learn/split.h"

#define RK_RESAMPLES 1000u

typedef struct rk_interval {
    double low, high;
} rk_interval;

/* values: (cases, width), negative in cases that are not measured; cases of a user adjoin.
 * means: (RK_RESAMPLES, width) receives a mean a resample and column, all zero if no case is
 * measured. False if out of memory. */
bool rk_bootstrap_means(const rk_split *split, const float *values, uint32_t width, uint64_t seed,
                        uint32_t threads, double *means);

/* Of a column's mean, or (other not NULL) of means' less other's, resample by resample. */
rk_interval rk_bootstrap_interval(const double *means, const double *other, uint32_t width,
                                  uint32_t column);

#endif
