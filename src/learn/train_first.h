/* The first stage, distilled: a linear student that keeps what the second stage would pick.
 *
 * Problem: the second stage is too slow for a thousand candidates, the blend was not made to please
 * it. Idea: show both the same requests and let the student imitate: J. Tang and K. Wang, "Ranking
 * Distillation: Learning Compact Ranking Models With High Performance for Recommender System"
 * (2018); G. Hinton, O. Vinyals and J. Dean, "Distilling the Knowledge in a Neural Network" (2015).
 * What counts is not the order but who is among the survivors (PSelect: is it one of the teacher's
 * top K), so that is what temperatures are compared by.
 *
 *   t = log-odds of the candidate's place by value, log(worse / better) / T
 *   s = <a . h_session + b . h_user, x_item> + w . inputs + bias_item
 *   loss of a request = KL(softmax(t) || softmax(s)) + 0.3 mean((s - t)^2), s and t centred
 *
 * The places, not the values themselves: probabilities are skewed, a few candidates far above the
 * rest, and what the student is then made to fit is how far. Of the second stage's top 20 of 870
 * candidates it keeps .995 by places and .964 by values on online_retail (the blend .952), .995
 * either way on ml_latest_small.
 *
 * The student is linear, so the loss is convex. a, b and w: Adam (D. P. Kingma and J. Ba, 2015)
 * over standardised inputs, a step being 8 shards of a few requests from frozen parameters. An
 * item's bias: a damped step after every epoch, sum(gradient) / (sum(curvature) + prior), the
 * curvature being that of a secant, so that an item that was a candidate only a few times stays
 * near 0. Biases are rounded to a byte
 * each; every figure is measured afterwards, by the functions that serve.
 *
 * Cost of a candidate in an epoch: decoding its vector twice and 4 (dim + RK_FIRST_INPUTS)
 * multiply-adds. */
#ifndef RK_LEARN_TRAIN_FIRST_H
#define RK_LEARN_TRAIN_FIRST_H

#include "learn/measure_first.h"
#include "reckon_learn.h"

typedef struct rk_first_params {
    uint32_t epochs;         /* at most */
    uint32_t request_budget; /* epochs stop before they would exceed it, but one always runs */
    float rate;              /* Adam's, falling to nothing over the training */
    float item_prior;        /* typical candidacies at which a bias is half of what they ask for */
} rk_first_params;

rk_first_params rk_first_defaults(void);

typedef struct rk_first_result {
    float *weights; /* (2 * dim + RK_FIRST_INPUTS) `rank.1`: a, b, w */
    int8_t *item;   /* (items) `rank.1i` */
    float item_step;
    float temperature;             /* T, in log-odds, of which the scores are too */
    double first_loss, last_loss;  /* held out: after the first epoch and after the last */
    rk_first_overlap student;      /* held out, biases rounded */
    rk_first_overlap blend;        /* the yardstick: the order of input 0 */
    uint32_t requests, held_out;   /* how many */
    uint32_t epochs, temperatures; /* of one training; how many trainings */
} rk_first_result;

/* Learns from `train`, chooses T on `held_out` (as many candidates a request as are served; it may
 * have no requests, then T is the default and the figures are 0). `snapshot` gives items, dim and
 * vector codes; its ranker is not looked at. Arrays of the result belong to `memory`. False if out
 * of memory. Without requests everything is 0. */
bool rk_train_first(const rk_snapshot_content *snapshot, const rk_first_data *train,
                    const rk_first_data *held_out, const rk_first_params *params,
                    const rk_learn_options *options, rk_memory *memory, rk_first_result *result);

#endif
