/* Vectors of new items from what the snapshot's own items are like: no training data, no weights.
 *
 * Problem: a new item should be near what its readers will like, on a device that has neither the
 * log nor the trainer's content weights. Idea: naive Bayes in vectors. What a feature (a value of a
 * category or of tags, a word of the title, or of the id where a snapshot has no titles) says is
 * the mean of the centred vectors r_i of the snapshot's items that have it, shrunk by PRIOR items;
 * an item is the sum of what its features say, over the root of their number, as the trainer's rows
 * of content have unit length:
 *
 *     r = 1 / sqrt(F) * sum over features f of (sum of r_i of those with f) / (n_f + PRIOR)
 *
 * Features that nobody shares do not count. Of `related` items the mean of r_i is taken, and half
 * of each where an item has both. Lengths stay as they come out: features that disagree or are
 * everywhere cancel, so a vector is as long as its features are telling (idf would say the same
 * twice), but never longer than the snapshot's own. Numbers are not looked at, and items without a
 * vector say nothing.
 *
 * Measured beside the trainer's ridge: src/README.md. Cost: O(bytes of all titles + entries of the
 * values + dim * items that share a feature). */
#ifndef RK_MODEL_NEW_VECTORS_H
#define RK_MODEL_NEW_VECTORS_H

#include "base/arena.h"
#include "model/new_items.h"

/* r (count, dim), rotated and centred, ready for rk_vector_encode; zero if nothing is known.
 * Scratch comes from the arena; a measuring one is only told how much. Checked items. */
void rk_new_vectors(const rk_snapshot_content *snapshot, const rk_new_items *items, rk_arena *arena,
                    float *out);

#endif
