/* Item vectors and the session encoder, together: a linear encoder trained to point at the next
 * item.
 *
 * Problem: skip-gram says which items share sessions, not which one comes next, and a pooling with
 * one decay treats every dimension alike. Idea: h = sum_j w_j a_j * x_{n-j} with weights a_j learnt
 * for each position and dimension, and cosine logits <h/|h|, x_i> / tau under a softmax over shared
 * sampled negatives. Both x and a are learnt; x start as the skip-gram's. Y. Hou et al., "CORE:
 * Simple and Effective Session-based Recommendation within Consistent Representation Space" (2022):
 * inputs and targets are the same unit vectors, which is what lets one coded vector an item serve
 * as both. Negatives: Y. Bengio and J.-S. Senecal, "Adaptive Importance Sampling to Accelerate
 * Training of a Neural Probabilistic Language Model" (2008), with the correction -log(N q).
 *
 * How this differs: no attention (a later learner with the same signature); rows stay on the unit
 * sphere (each step is projected), so that training sees what is served; and no asynchronous
 * updates: a step is 8 chunks of events, each computed from frozen parameters by one shard with its
 * own 256 negatives as matrix products, then applied in chunk order. Row r belongs to update shard
 * r mod 8, so threads change nothing.
 *
 * Everything happens in rotated coordinates (model/vectors.h), because position weights are per
 * dimension and must fit what the encoder sees when it serves.
 *
 * Cost of an event: 3 * N * dim + 3 * positions * dim multiply-adds, N = RK_ENCODER_NEGATIVES. */
#ifndef RK_LEARN_TRAIN_ENCODER_H
#define RK_LEARN_TRAIN_ENCODER_H

#include "learn/content.h"
#include "learn/runs.h"
#include "reckon_learn.h"

#define RK_ENCODER_NEGATIVES 256u

/* What makes the encoder a pair of towers: content on the item side, features on the user side.
 *
 * Item vectors are then given, not trained; with probability `id_dropout` a row of the chunk is
 * replaced by what the item's content says, mean + W x, and the gradient goes to W: so a new item,
 * which has nothing but content, is trained for (M. Volkovs, G. Yu and T. Poutanen, "DropoutNet:
 * Addressing Cold Start in Recommender Systems", 2017). The query gets the vectors of the user's
 * features added, and negatives are the chunk's own items and uniform ones (X. Yi et al.,
 * "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations", 2019). */
typedef struct rk_tower_sides {
    const rk_content *items;
    float *content_weights;    /* (items->features, dim) W, trained in place */
    const float *content_mean; /* (dim) */
    float id_dropout;
    float content_rate;
    const uint32_t
        *context_rows; /* (contexts, columns) rows of features, RK_NONE: no value; or NULL */
    uint32_t columns, feature_rows;
    float *features; /* (feature_rows, dim) trained from what is given; or NULL */
} rk_tower_sides;

typedef struct rk_encoder_params {
    uint32_t dim;
    uint32_t positions;    /* most recent items a session is encoded from, <= RK_MAX_POSITIONS */
    uint32_t epochs;       /* at most */
    uint64_t event_budget; /* epochs stop before they would exceed it, but one always runs */
    float decay;           /* a_j starts as decay^j in every dimension */
    float temperature;
    float dropout;       /* probability of leaving out an input item */
    float popular_share; /* of the negatives drawn by popularity; the rest uniformly */
    float rate;          /* Adagrad's, of vectors */
    float position_rate; /* of position weights */
    bool shuffle;        /* sessions have no order: a new one each epoch */
    bool hold_out;       /* some sessions, to measure the loss on (runs.h) */
    /* Training that goes on from another region's (prior.h): the vectors given are the origin, and
     * `anchor` times the distance from it is added to the gradient of a row. Adagrad's sums begin
     * as if `evidence` events of each item had been learnt from, so that what was learnt from many
     * moves little. NULL: from the beginning. */
    const float *evidence; /* (items) */
    const float *start;    /* (positions, dim) of the position weights, or NULL: decay^j */
    float anchor;
} rk_encoder_params;

typedef struct rk_encoder_result {
    float *vectors; /* (items, dim) unit rows, rotated; rows of items without events as they came */
    float *positions; /* (positions, dim) */
    uint64_t steps;
    uint32_t epochs;
    rk_losses first, last; /* mean a target, of the first and last epoch */
} rk_encoder_result;

/* vectors: (items, dim) unit rows in rotated coordinates, trained in place, or left as they are if
 * there are `sides` (else NULL). Arrays of the result belong to `memory`. False if out of memory.
 * `options` gives seed, threads and progress. */
bool rk_train_encoder(const rk_log *log, const rk_encoder_params *params,
                      const rk_learn_options *options, float *vectors, const rk_tower_sides *sides,
                      rk_memory *memory, rk_encoder_result *result);

#endif
