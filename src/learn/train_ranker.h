/* Trainer of the second stage (model/rank_mtml.h): from examples to weights, calibration, figures.
 *
 * Problem: one log tells of several events (click, like, see_less), most of them rare, and what
 * counts is the order within a list. Idea: the loss of a step is
 *
 *     sum_rows w sum_t BCE(logit_t, y_t)  +  list_mix * sum_lists cross-entropy of a choice,
 *
 * over its rows' weight. The first part says how likely each event is. The second is ListNet's
 * top-1 (Z. Cao, T. Qin, T.-Y. Liu, M.-F. Tsai, H. Li, "Learning to Rank: From Pairwise Approach to
 * Listwise Approach", 2007) with the value itself as a row's worth (R. D. Luce, "Individual Choice
 * Behavior", 1959): a row is chosen in proportion to sum_t value_t sigmoid(logit_t) over the tasks
 * of positive value, and ought to be in proportion to its gain sum_t value_t y_t; a list without a
 * gain has none (ranker_loss.h). The first counts rows whose labels are known, the second all.
 * Positives count sqrt(negatives / positives) times, at most 10, in the BCE, where the logit is
 * moved by the logarithm of that, so that the model's own logit stays that of the true frequency.
 *
 * Start: the linear path ranks like feature 0, the blend, for the tasks of positive value; heads
 * are zero, so the untrained network is the blend, and decay pulls back to it. Adam (D. Kingma and
 * J. Ba, 2015; decoupled decay: I. Loshchilov and F. Hutter, 2019; Adagrad at its best rate left
 * NDCG@10 .376 of .381 on a synthetic log) on mini-batches of whole lists in a shuffled order.
 * After every epoch the loss is measured on a tenth of the users; the best epoch is kept, the
 * untrained model among them. The same tenth calibrates each head: p = sigmoid(scale * logit +
 * offset) (J. Platt, 1999). Another tenth is seen by nothing and gives the figures.
 *
 * Inputs are standardised, and the standardisation folded into matrix and biases at the end
 * (standardize.h). Inputs constant in training are dropped. A step is 8 chunks computed from frozen
 * weights, summed in shard order: threads change nothing. Cost of a row: 2 * inputs * columns
 * multiply-adds forth and back, and an epoch ends the training that would exceed `row_budget`. */
#ifndef RK_LEARN_TRAIN_RANKER_H
#define RK_LEARN_TRAIN_RANKER_H

#include "learn/examples.h"
#include "model/rank_mtml.h"
#include "reckon_learn.h"

typedef struct rk_ranker_params {
    uint32_t experts;    /* 1..RK_MAX_EXPERTS; 1: shared-bottom */
    uint32_t units;      /* 1..RK_MAX_UNITS */
    uint32_t epochs;     /* at most; 0: the untrained model, calibrated */
    uint64_t row_budget; /* epochs stop before they would learn from more rows; one always runs */
    uint32_t batch;      /* rows of a step, about; small data get fewer */
    float rate;          /* Adam's, falling to a tenth of it */
    float l2;            /* decay towards the start, a step: rate * l2 of the distance */
    float list_mix;      /* of the listwise loss; 0: none */
    float value[RK_MAX_TASKS]; /* weights of the tasks in the value model; negative: unwanted */
    uint8_t only;              /* tasks to train, a bit each; 0: all */
    uint8_t ordered;           /* tasks that the listwise loss moves, a bit each */
    float sharpness;           /* of the choice among a list (ranker_loss.h) */
} rk_ranker_params;

/* 4 experts of 32 units; every task has value 1; the listwise loss moves all. */
rk_ranker_params rk_ranker_defaults(void);

/* Figures are of the measured tenth of users; NaN where they have no such rows. */
typedef struct rk_ranker_task {
    uint32_t task;       /* its number in the examples */
    float scale, offset; /* the calibration */
    uint64_t rows, positives;
    double auc;               /* ties by half */
    double log_loss;          /* of the calibrated probability */
    double calibration_error; /* mean |p - frequency| over 15 bins of equal mass (metrics) */
} rk_ranker_task;

typedef struct rk_ranker {
    uint32_t inputs;                      /* 1..RK_MAX_RANK_INPUTS */
    uint32_t feature[RK_MAX_RANK_INPUTS]; /* (inputs) ascending: rank.in */
    uint32_t experts, units, tasks;
    float *weights; /* rank.2: matrix (inputs, columns), bias (columns), head (tasks, units) */
    rk_ranker_task task[RK_MAX_TASKS];
    uint32_t epochs, best_epoch;  /* run; kept, 0: untrained */
    double first_loss, best_loss; /* on the tuning tenth, a row: untrained, kept */
    uint32_t lists;               /* measured ones that have a gain */
    double ndcg, blend_ndcg;      /* mean NDCG@10 within them, of the value and of feature 0 */
} rk_ranker;

/* `options` gives seed, threads and progress. Weights belong to `memory`. Any examples will do,
 * even none. False if out of memory. */
bool rk_train_ranker(const rk_examples *examples, const rk_ranker_params *params,
                     const rk_learn_options *options, rk_memory *memory, rk_ranker *ranker);

/* Whether the users of a group are the tenth that is measured. */
bool rk_ranker_measures(uint64_t seed, uint64_t group);

/* The network over ranker->weights. */
rk_mtml rk_ranker_model(const rk_ranker *ranker);

/* AUC of every task on the same measured rows, by three networks. */
typedef struct rk_ranker_comparison {
    uint32_t tasks;
    double single[RK_MAX_TASKS]; /* a network a task */
    double shared[RK_MAX_TASKS]; /* one expert for all tasks */
    double mixed[RK_MAX_TASKS];  /* the ranker */
} rk_ranker_comparison;

/* Trains the other two by a third of the budget. `ranker`: of the same examples, params (all tasks)
 * and options. False if out of memory. */
bool rk_ranker_compare(const rk_examples *examples, const rk_ranker_params *params,
                       const rk_learn_options *options, const rk_ranker *ranker,
                       rk_ranker_comparison *out);

#endif
