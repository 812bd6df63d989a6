/* Popularity: event weight with time decay, and the list of the most popular items. */
#ifndef RK_LEARN_BUILD_POPULARITY_H
#define RK_LEARN_BUILD_POPULARITY_H

#include "learn/log.h"

/* Rows of the pre-generated list: enough for any answer (<= 1,000) past a long session (<= 1,024).
 */
#define RK_POPULAR_ROWS 2048u

/* popularity (items) = sum of weight * 2^(-(newest - time) / half_life), half_life_ms 0 = no decay;
 * popular (popular_count <= RK_POPULAR_ROWS) by descending popularity, ties by item. start (items):
 * pseudo-events that every sum begins with, which are of now, or NULL.
 * scratch: RK_POPULAR_ROWS entries are taken from `memory`. False if out of memory. O(events). */
bool rk_build_popularity(const rk_log *log, int64_t half_life_ms, const float *start,
                         rk_memory *memory, float *popularity, uint32_t *popular,
                         uint32_t *popular_count);

#endif
