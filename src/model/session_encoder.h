/* A session's items to one query vector: the sequence of item ids is the query.
 *
 * h = sum_j weight_j * a_j * x_{n-j}, normalised to unit length, with x decoded from the snapshot's
 * codes and a_j trained for each position and dimension (learn/train_encoder.h), so that a user
 * never seen before has a vector after one click: the linear encoder of Y. Hou et al., "CORE:
 * Simple and Effective Session-based Recommendation within Consistent Representation Space" (2022).
 * Items beyond the last trained position are left out. A snapshot without trained positions pools
 * with one decay, a_j = session_decay^j. An attention layer would fit the same signature.
 */
#ifndef RK_MODEL_SESSION_ENCODER_H
#define RK_MODEL_SESSION_ENCODER_H

#include "format/snapshot_read.h"

/* items, weights (count), most recent first, weights > 0; out (dim), unit length in rotated
 * coordinates (all zero only if the decoded items cancel). O(count * dim). */
void rk_session_encode(const rk_snapshot_content *snapshot, const uint32_t *items,
                       const float *weights, uint32_t count, float *out);

/* The learned sum by itself, which the user tower shares: sum (dim) += sum_j weight_j * position_j
 * * x_j over the first min(count, position_count) items. positions: (position_count, dim). */
void rk_positions_accumulate(const rk_snapshot_content *snapshot, const float *positions,
                             uint32_t position_count, const uint32_t *items, const float *weights,
                             uint32_t count, float *sum);
/* To unit length in place; zero stays. */
void rk_vector_to_unit(float *x, uint32_t dim);

/* The row of meta.repeat for an item `lag` liked events back. */
static inline uint32_t rk_repeat_class(uint32_t lag) {
    return lag < 2 ? lag : lag < 4 ? 2 : 3;
}

#endif
