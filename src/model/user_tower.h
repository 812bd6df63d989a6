/* A user to one query vector: the session by position, and what is known of the user.
 *
 * h = sum_j weight_j * user_pos_j * x_{n-j} + sum of the vectors of the user's features, normalised
 * to unit length, so that the item vectors that the index holds answer it by their cosine. Unlike
 * the session encoder it needs no session: country and device alone are a query. Features are
 * hashed into a small table (K. Weinberger et al., "Feature Hashing for Large Scale Multitask
 * Learning", 2009), so that a snapshot needs no vocabulary; a collision shares a row. The towers
 * are those of P. Covington, J. Adams and E. Sargin, "Deep Neural Networks for YouTube
 * Recommendations" (2016) without the hidden layers: features of user and item never cross, which
 * is what lets the item side be an index. */
#ifndef RK_MODEL_USER_TOWER_H
#define RK_MODEL_USER_TOWER_H

#include "format/snapshot_read.h"

/* items, weights (count) as rk_session_encode takes them; features (feature_count): rows of
 * feat.vec. The snapshot has a tower (meta.user_positions). out (dim), unit length in rotated
 * coordinates, all zero if nothing was added or it cancels. O((count + feature_count) * dim). */
void rk_user_encode(const rk_snapshot_content *snapshot, const uint32_t *items,
                    const float *weights, uint32_t count, const uint32_t *features,
                    uint32_t feature_count, float *out);

#endif
