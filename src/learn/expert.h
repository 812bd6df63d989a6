/* Expert knowledge: what people who know the items wrote into the items file.
 *
 * `related` lists and boosts are pseudo-events of stated weight. A related pair counts as so many
 * co-occurrences in the item-item rows, in both directions and once however often it is stated
 * (build_neighbors.h); a boost of b as b times so many events of popularity (build_popularity.h).
 * They are counts beside counts: what people do overrules them as soon as it is more, and nothing
 * has to be switched off. They are no events where events are evidence: vectors, the search and
 * `explore` do not see them.
 *
 * Layout: rows of the symmetric closure, catalogue items, ascending. Lists ascend in the file and
 * catalogue numbers keep the file's order, so a row is a merge of an item's own list with the items
 * that list it. O(items + pairs). */
#ifndef RK_LEARN_EXPERT_H
#define RK_LEARN_EXPERT_H

#include "learn/log.h"

/* Fills log->expert for the items of `log`. False if out of memory. */
bool rk_expert_read(const rk_events_content *content, rk_memory *memory, rk_log *log);

#endif
