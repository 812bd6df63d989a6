/* Training examples of the second stage: candidates of past requests, with what became of them.
 *
 * A list is one request: the candidates it would have been answered with, features as the engine
 * computes them, and a label a task. Rows of a list are consecutive, best of the blend first. What
 * became of them orders a list; how likely each event is, only known labels say. */
#ifndef RK_LEARN_EXAMPLES_H
#define RK_LEARN_EXAMPLES_H

#include "learn/memory.h"
#include "serve/features.h"

#define RK_LIST_ROWS 2048u /* most rows of a list */

typedef struct rk_examples {
    uint64_t count;       /* rows */
    uint32_t lists;       /* rows of one request are consecutive */
    uint64_t *list_begin; /* (lists + 1) */
    uint32_t tasks;       /* 1..RK_MAX_TASKS */
    float *input;         /* (count, RK_FEATURE_COUNT) features as served, finite */
    uint8_t *label;       /* (count) bit t: the event of task t happened */
    uint8_t *known;       /* (count) bit t: whether the event would have happened is known. 0 for
                             candidates that were never shown: only their place in the list counts */
    float *weight;        /* (count) > 0: how many rows this one stands for, in the loss, in the
                             calibration and in every figure */
    uint64_t *group;      /* (lists) user: to keep users apart and to bootstrap by user */
} rk_examples;

/* Bit `task` of a label or of what is known. */
static inline bool rk_task_bit(uint8_t bits, uint32_t task) {
    return ((uint32_t)bits >> task & 1u) != 0;
}

#endif
