/* The loss of the second stage's training on a chunk of whole lists, and its gradient.
 *
 * Row r, task t with a known label: w_r c_t -log sigmoid(z + log c_t) of a positive, w_r -log(1 -
 * sigmoid(z + log c_t)) of a negative. List: rows are chosen in proportion to what they are worth,
 * u_r = sum_t value_t sigmoid(z_rt) over the tasks of positive value; with gains g_r = sum_t
 * value_t y_rt over those,
 *
 *     list_mix * a * sum_r q_r -log(u_r^s / sum_k w_k u_k^s),
 *
 * q_r the share of row r in sum w g, a = sum w g / sum g the weight of a gain. (A row's weight says
 * how many rows it stands for, so it counts in the sum.) Every row takes part, whether its labels
 * are known or not: what was not chosen was not.
 *
 * Where all labels are known s is 1 and both parts want the same, sigmoid(z) = the chance of the
 * event. Chances among what was shown are high and alike, while one candidate is chosen a hundred
 * times as often as another: s > 1 lets the order be learnt from small differences of chances.
 *
 * With ListNet's softmax over
 * logits instead, e^z for sigmoid(z), an event of two rows in three tended to the logarithm of its
 * chance: calibrated by a scale of 2, its calibration error on fresh rows of three synthetic logs
 * was .018, .027 and .033, where it is .007, .015 and .025 so; ranks were the same.
 *
 * Backward, from dz (rows, tasks): d wide = dz; d head_t = dz g_te h_e; d h_e = dz g_te head_t
 * where h > 0; d gate logits = g_te (dz q_te - sum_k g_tk dz q_tk), q_te = <h_e, head_t>; matrix:
 * x' times all of these, one product. */
#ifndef RK_LEARN_RANKER_LOSS_H
#define RK_LEARN_RANKER_LOSS_H

#include "learn/examples.h"
#include "model/rank_mtml.h"

typedef struct rk_ranker_loss {
    float positive[RK_MAX_TASKS]; /* (tasks) c: how often a positive counts */
    float log_positive[RK_MAX_TASKS];
    float value[RK_MAX_TASKS]; /* (tasks) of the value model; <= 0: no part in lists */
    float list_mix;
    float sharpness; /* s */
} rk_ranker_loss;

/* Lists as a network sees them, and what the gradient needs; arrays for `capacity` rows. */
typedef struct rk_ranker_chunk {
    uint32_t capacity;
    uint32_t rows, lists;
    uint32_t *list_begin; /* (lists + 1) */
    float *x;             /* (rows, inputs) standardised */
    uint8_t *label, *known;
    float *weight;
    float *activation; /* (rows, columns) of rk_mtml_logits */
    float *slope;      /* (rows, columns) the loss by the sums of the product */
    float *logit;      /* (rows, tasks) */
    float *by_logit;   /* (rows, tasks) the loss by the logits */
    float *worth;      /* (rows) u */
    float *choice;     /* (rows) u^s */
    float *gradient;   /* (rk_mtml_floats) in the order of the weights */
    bool measures;     /* wants the loss, not only its slopes */
    double loss;       /* if it does */
} rk_ranker_chunk;

/* Arrays for lists of `capacity` rows altogether under a model of this shape. False if out of
 * memory. */
bool rk_ranker_chunk_take(const rk_mtml *shape, uint32_t capacity, rk_memory *memory,
                          rk_ranker_chunk *chunk);

/* Logits, their slopes and the loss of the chunk's rows. */
void rk_ranker_chunk_forward(const rk_mtml *model, const rk_ranker_loss *loss,
                             rk_ranker_chunk *chunk);
/* After it: the gradient. */
void rk_ranker_chunk_backward(const rk_mtml *model, rk_ranker_chunk *chunk);

#endif
