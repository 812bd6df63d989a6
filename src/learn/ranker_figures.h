/* What a trained second stage's logits are worth: calibration of its heads on one part of the
 * lists, figures on another.
 *
 * A tenth of few users is too few to calibrate by. Where rankers are trained without a part of the
 * users in turn (fit_ranker.h), what each says of those it has not met calibrates the ranker of
 * all: users of the measured tenth aside, every row counts. kuairand_kcore15, 470 rows -> 4,200. */
#ifndef RK_LEARN_RANKER_FIGURES_H
#define RK_LEARN_RANKER_FIGURES_H

#include "format/snapshot_read.h"
#include "learn/train_ranker.h"

/* Lists and what the network said of their rows. */
typedef struct rk_ranker_rows {
    const rk_examples *examples;
    const uint32_t *list; /* (lists) */
    uint32_t lists;
    uint64_t rows;       /* of them together */
    const float *logits; /* (rows, ranker->tasks) list by list */
} rk_ranker_rows;

/* Logits (examples->count, tasks) by the second stage that `content` has. False if out of memory.
 */
bool rk_ranker_foretell(const rk_snapshot_content *content, const rk_examples *examples,
                        float *logits);

/* Sets scale and offset of every task of `ranker`, whose `tasks` and task[].task are set. False if
 * out of memory. */
bool rk_ranker_calibrate(const rk_ranker_rows *tune, rk_memory *scratch, rk_ranker *ranker);

/* Sets the figures. value: (examples->tasks) weights of the value model; the gain of a row is its
 * value with labels for probabilities, at least 0. False if out of memory. */
bool rk_ranker_measure(const rk_ranker_rows *measured, const float *value, rk_memory *scratch,
                       rk_ranker *ranker);

/* Both again, by logits (examples->count, tasks) of all rows: `apart` of rankers that have not
 * learnt from the row's user, by which it is calibrated, and `own` of this one, trained by `seed`.
 * False if out of memory. */
bool rk_ranker_recalibrate(const rk_examples *examples, uint64_t seed, const float *value,
                           const float *apart, const float *own, rk_ranker *ranker);

#endif
