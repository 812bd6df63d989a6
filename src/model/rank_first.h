/* First stage: about a thousand candidates to a hundred, at 81 multiplications each.
 *
 *   score = <a . h_session + b . h_user, x_item> + w . (16 features of retrieval) + step *
 * rank.1i[item]
 *
 * A two-tower dot product (query side scaled by learnt weights a, b of every dimension; item side:
 * the served vector, decoded from the codes) and a few scalars, distilled from the second stage (J.
 * Tang and K. Wang, "Ranking Distillation", 2018): learn/train_first.h. What the teacher thinks of
 * an item whoever asks is one byte an item. */
#ifndef RK_MODEL_RANK_FIRST_H
#define RK_MODEL_RANK_FIRST_H

#include "model/ann.h"

typedef struct rk_first_stage {
    const float *session_scale; /* (dim) */
    const float *user_scale;    /* (dim) */
    const float *weights;       /* (RK_FIRST_INPUTS) */
    const int8_t *item;         /* (items) */
    float item_step;
    uint32_t dim;
} rk_first_stage;

/* Of a snapshot that has tasks. */
rk_first_stage rk_first_stage_of(const rk_snapshot_content *snapshot);

/* Query vector (dim) of the dot product; session, user (dim): unit vectors of the encoder and the
 * user tower, NULL where the source could not answer. */
void rk_first_query(const rk_first_stage *stage, const float *session, const float *user,
                    float *out);

/* Scores of `count` items, out (count). dots (count): <query, x_item>; inputs (count,
 * RK_FIRST_INPUTS). */
void rk_first_scores(const rk_first_stage *stage, const uint32_t *items, const float *dots,
                     const float *inputs, uint32_t count, float *out);

#endif
