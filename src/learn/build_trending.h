/* Trending: what is asked for much more often lately than it used to be.
 *
 * The last `window` of the log is compared with the RK_TRENDING_BASELINE windows before it. An item
 * with n recent events and a baseline of b a window has
 *
 *     rise = (n - RK_TRENDING_DEVIATIONS * sqrt(n)) / (g * b + RK_TRENDING_PRIOR)
 *
 * g: by how much the whole log grew, so that a busy week lifts nobody. The numerator is a lower
 * bound of a Poisson count of n, and the prior stands for events a window that any item may have by
 * chance: three clicks from nothing have a rise of .04, three hundred of ninety. Score = rise / (1
 * + rise), and items that do not rise (rise <= 1) score 0. As J. Kleinberg, "Bursty and
 * Hierarchical Structure in Streams" (2002) compares rates, with one step instead of an automaton.
 */
#ifndef RK_LEARN_BUILD_TRENDING_H
#define RK_LEARN_BUILD_TRENDING_H

#include "learn/log.h"

#define RK_TRENDING_BASELINE   8u
#define RK_TRENDING_DEVIATIONS 1.64f /* 95 %, one-sided */
#define RK_TRENDING_PRIOR      3.0f
#define RK_TRENDING_ROWS       1024u

/* trending (items) 0..1; top (count <= RK_TRENDING_ROWS) rising items by descending score, ties by
 * item. Needs clock times. False if out of memory. O(events). */
bool rk_build_trending(const rk_log *log, int64_t window_ms, float *trending, uint32_t *top,
                       uint32_t *top_count);

#endif
