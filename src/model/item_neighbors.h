/* Sparse item-item neighbours: for each item the few items that follow or accompany it most.
 *
 * An entry is one u32: item in the low 24 bits, a logarithmic weight code in the high 8. Weights of
 * co-occurrence span orders of magnitude and only their ratios matter to a ranking, so 16 codes an
 * octave (+-2.2 %) over 16 octaves beat any linear byte. A row is split in two: its 8 strongest in
 * the snapshot's core part, the rest in the vectors part, so that the core alone already answers.
 *
 * Cost of a query: one pass over the rows of the session's items, <= 32 entries each. */
#ifndef RK_MODEL_ITEM_NEIGHBORS_H
#define RK_MODEL_ITEM_NEIGHBORS_H

#include "format/snapshot_read.h"

#define RK_NEIGHBOR_CODES 256u

/* weights[q] = scale * 2^(-(255 - q)/16). */
void rk_neighbor_weights(float scale, float weights[RK_NEIGHBOR_CODES]);

/* The code of `weight` against `scale` (the largest weight of all rows), or -1 if the weight is too
 * small for the 16 octaves (or not positive). */
int32_t rk_neighbor_code(float weight, float scale);

static inline uint32_t rk_neighbor_item(uint32_t entry) {
    return entry & RK_NEIGHBOR_ITEM_MASK;
}
static inline uint32_t rk_neighbor_weight_code(uint32_t entry) {
    return entry >> RK_NEIGHBOR_CODE_SHIFT;
}
static inline uint32_t rk_neighbor_entry(uint32_t item, uint32_t code) {
    return item | code << RK_NEIGHBOR_CODE_SHIFT;
}

/* Weight of `to` in the row of `from`, 0 if it is not there. O(row). */
float rk_neighbor_weight(const rk_snapshot_content *snapshot,
                         const float weights[RK_NEIGHBOR_CODES], uint32_t from, uint32_t to);

/* 1 + the code of `to` in the row of `from`, 0 if it is not there. O(row). */
uint32_t rk_neighbor_strength(const rk_snapshot_content *snapshot, uint32_t from, uint32_t to);

#endif
