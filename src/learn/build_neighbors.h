/* Sparse item-item neighbours from sessions.
 *
 * For each pair of events at most `window` apart in a session the later item is a forward neighbour
 * of the earlier one, with weight forward^(distance - 1), and the earlier a backward neighbour of
 * the later with `backward` times that. A long session says less about each of its pairs: its
 * weights are divided by length^length_power. Row sums are normalised by both items' frequency,
 *     w(a, b) = sum / ((n_a + 5)^norm (n_b + 5)^norm),
 * which lies between raw co-occurrence (0) and cosine (0.5) and keeps one-off pairs from winning;
 * the 5 is a prior count. The strongest `top` stay. Sequential rules: M. Ludewig and D. Jannach,
 * "Evaluation of Session-based Recommendation Algorithms" (2018); damped cosine: G. Linden et al.
 * (2003).
 *
 * Pairs that the items file states as related (expert.h) count as `related` more co-occurrences in
 * both directions, added before the normalisation: two items without events start with what was
 * stated, and every event takes from its share.
 * With a prior (prior.h) the source's rows are added to the sums as the counts that they stand for,
 * and its pseudo-events to n; without events its weights stay as they are.
 *
 * Items are dealt to shards, a row is one shard's work from first to last, so threads change
 * nothing. Cost: O(events * window). */
#ifndef RK_LEARN_BUILD_NEIGHBORS_H
#define RK_LEARN_BUILD_NEIGHBORS_H

#include "learn/log.h"

struct rk_prior;

#define RK_NEIGHBOR_ROW_MAX 256u

typedef struct rk_neighbor_params {
    uint32_t window;
    uint32_t top; /* entries kept a row, <= RK_NEIGHBOR_ROW_MAX */
    float forward, backward;
    float length_power, norm;
    float related; /* co-occurrences that a related pair of the items file counts as */
    const struct rk_prior *prior; /* or NULL */
} rk_neighbor_params;

/* Rows as the snapshot stores them. */
typedef struct rk_neighbor_table {
    float scale;
    uint32_t *core_offsets, *core_entries; /* <= RK_CORE_NEIGHBORS a row */
    uint32_t *more_offsets, *more_entries;
} rk_neighbor_table;

/* False if out of memory. All arrays belong to `memory`. */
bool rk_build_neighbors(const rk_log *log, const rk_neighbor_params *params, uint32_t threads,
                        rk_memory *memory, rk_neighbor_table *table);

#endif
