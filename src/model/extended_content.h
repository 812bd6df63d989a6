/* A snapshot's content with new items behind its own.
 *
 * Problem: an engine answers from arrays that lie in a file, one element an item, and a new item
 * must be in all of them. Idea: copies with a tail. What is not of items (encoder, towers, rankers,
 * names, the report) stays where it is.
 *
 * Ids: the snapshot's, sorted, then the new ones, sorted among themselves (content.added).
 *
 * Vectors: codes of new_vectors.h in the rows behind the last one; a scan finds them like others.
 *
 * `similar`: a row of links for the new item, to its `related` ones, which link back, else to the
 * RK_CONTENT_LINKS nearest by its vector, which do not: with links back, Recall@20 of new items
 * among themselves fell from .182 to .132 (ml_latest_small), since `session` knows them better. A
 * link is half as strong as the strongest neighbour of the item that it leads to, by content a
 * quarter; a sixteenth of all where that one has none.
 *
 * Popularity: the boost, at most that of the top item, so that nobody's share of it changes; listed
 * if that is enough for the list. It does not rise, is listed to explore, and lies among the other
 * places. Rankers know no rate of it, so stage_new places it by the blend.
 *
 * Invariants: numbers of the snapshot's items, and their order in every list, stay; so does, bit
 * for bit, every answer that no new item could be in (test_add_items.c), but for two sources that
 * count what they pass by: the walk of `explore` is longer, and rings of `nearby` end where places
 * are enough. Places and ages stay out of a snapshot that has none. */
#ifndef RK_MODEL_EXTENDED_CONTENT_H
#define RK_MODEL_EXTENDED_CONTENT_H

#include "base/arena.h"
#include "model/new_items.h"

#define RK_CONTENT_LINKS 8u

/* *out points into the arena and into what `snapshot` points to. Items that rk_new_items_check has
 * passed; a snapshot without added ones. A measuring arena: only its `used` is of interest.
 * *scratch: of the arena, bytes that are free again behind the arrays. O(snapshot bytes), and one
 * scan of the codes an item without `related`. */
void rk_content_extend(const rk_snapshot_content *snapshot, const rk_new_items *items,
                       rk_arena *arena, rk_snapshot_content *out, uint64_t *scratch);

#endif
