/* The items that few events speak of: what `explore` draws from.
 *
 * New means at most RK_EXPLORE_EVENTS liked events, and not that all who met it disliked it: then
 * who likes it has been asked. Most of a long tail is that, so the list is
 * bounded: items without an event first, then those whose last event is newest, then by id's order.
 * (An age limit and impression targets come with the bandit state.) */
#ifndef RK_LEARN_BUILD_EXPLORE_H
#define RK_LEARN_BUILD_EXPLORE_H

#include "learn/log.h"

#define RK_EXPLORE_EVENTS 4u
#define RK_EXPLORE_ROWS   4096u

/* explore (count <= RK_EXPLORE_ROWS, ascending), room for RK_EXPLORE_ROWS or the log's items. False
 * if out of memory. O(events). */
bool rk_build_explore(const rk_log *log, uint32_t *explore, uint32_t *count);

#endif
