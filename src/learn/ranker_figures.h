/* What a trained second stage's logits are worth: calibration of its heads on one part of the
 * lists, figures on another. */
#ifndef RK_LEARN_RANKER_FIGURES_H
#define RK_LEARN_RANKER_FIGURES_H

#include "learn/train_ranker.h"

/* Lists and what the network said of their rows. */
typedef struct rk_ranker_rows {
    const rk_examples *examples;
    const uint32_t *list; /* (lists) */
    uint32_t lists;
    uint64_t rows;       /* of them together */
    const float *logits; /* (rows, ranker->tasks) list by list */
} rk_ranker_rows;

/* Sets scale, offset and base_rate of every task of `ranker`, whose `tasks` and task[].task are
 * set; the base rate is that of all examples. False if out of memory. */
bool rk_ranker_calibrate(const rk_ranker_rows *tune, rk_memory *scratch, rk_ranker *ranker);

/* Sets the figures. value: (examples->tasks) weights of the value model; the gain of a row is its
 * value with labels for probabilities, at least 0. False if out of memory. */
bool rk_ranker_measure(const rk_ranker_rows *measured, const float *value, rk_memory *scratch,
                       rk_ranker *ranker);

#endif
