/* Item vectors by skip-gram with negative sampling over sessions.
 *
 * T. Mikolov et al., "Distributed Representations of Words and Phrases and their Compositionality"
 * (2013); O. Barkan and N. Koenigstein, "Item2Vec" (2016); item data want other settings than text:
 * H. Caselles-Dupre et al., "Word2vec applied to Recommendation: Hyperparameters Matter" (2018).
 *
 * How this differs: no asynchronous updates. Sessions, shuffled each epoch, are dealt in chunks; 8
 * chunks make a step. Within a step each shard computes its gradients from frozen parameters, with
 * one set of negatives shared by its chunk (so that negatives are a matrix-vector product, not one
 * by one); then rows are updated in chunk order. Row r belongs to update shard r mod 8, so threads
 * change nothing.
 *
 * Loss of centre c with contexts o and m = their number:
 *     sum_o -log sigma(u_o . v_c)  -  (m * K / N) * sum_n log sigma(-u_n . v_c),   N shared
 * negatives. Cost of an epoch: events * (2 window + 2 N) * dim multiply-adds. */
#ifndef RK_LEARN_TRAIN_SGNS_H
#define RK_LEARN_TRAIN_SGNS_H

#include "learn/runs.h"
#include "reckon_learn.h"

typedef struct rk_sgns_params {
    uint32_t dim;
    uint32_t epochs;         /* at most */
    uint64_t event_budget;   /* epochs stop before they would exceed it, but one always runs */
    uint32_t window;         /* contexts on each side */
    float negatives;         /* K: weight of the negatives a context */
    float negative_exponent; /* of item frequency */
    float subsample; /* keep an event with probability sqrt(subsample / frequency); 0: all */
    float rate;
    bool hold_out; /* some sessions, to measure the loss on (runs.h) */
} rk_sgns_params;

typedef struct rk_sgns_result {
    float *vectors; /* (items, dim): the input vectors, not normalised */
    uint64_t steps;
    uint32_t epochs;
    rk_losses first, last; /* mean a context, sampled, of the first and last epoch */
} rk_sgns_result;

/* False if out of memory. `options` gives seed, threads and progress. */
bool rk_train_sgns(const rk_log *log, const rk_sgns_params *params, const rk_learn_options *options,
                   rk_memory *memory, rk_sgns_result *result);

#endif
