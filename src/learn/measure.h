/* Everything an evaluation says of one method: metrics, what its lists are like, intervals, and
 * how the answer compares: that of the whole funnel, or of the blend where there are no rankers.
 * The answer is measured first, and the rest beside it: the same cases, the same resamples. */
#ifndef RK_LEARN_MEASURE_H
#define RK_LEARN_MEASURE_H

#include "learn/bootstrap.h"
#include "learn/breakdown.h"
#include "learn/list_quality.h"

typedef struct rk_measured {
    const char *name;
    rk_metrics metrics;
    rk_list_quality quality; /* NaN where there are no lists */
    rk_interval interval[RK_VALUE_COUNT][RK_MAX_CUTOFFS];
    double difference[RK_VALUE_COUNT][RK_MAX_CUTOFFS]; /* the answer's less this one's */
    rk_interval difference_interval[RK_VALUE_COUNT][RK_MAX_CUTOFFS];
} rk_measured;

/* Arrays that the measurements of one evaluation share. */
typedef struct rk_measuring {
    rk_trial trial;
    uint64_t seed;
    rk_kept kept;         /* of the method measured last; scores only if asked for */
    double *means;        /* (RK_RESAMPLES, values of a case) likewise */
    double *answer_means; /* the same of the answer */
    rk_measured answer;
} rk_measuring;

/* Takes the arrays. False if out of memory. */
bool rk_measure_begin(const rk_trial *trial, uint64_t seed, bool scores, rk_memory *memory,
                      rk_measuring *out);

/* What the snapshot answers, "funnel" or "blend", into m->answer, its lists and values into
 * m->kept. Before any other. */
bool rk_measure_answer(rk_measuring *m);

/* Any other method, answered from `snapshot`. False if out of memory. */
bool rk_measure_method(rk_measuring *m, const rk_snapshot_content *snapshot,
                       const rk_method *method, const char *name, rk_measured *out);

/* Chance (yardsticks.h): values without lists. */
bool rk_measure_random(rk_measuring *m, rk_measured *out);

#endif
