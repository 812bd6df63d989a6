/* What a first stage is judged by: how much of the second stage's choice it hands on.
 *
 * A case is a request with all its candidates and what the second stage would say of each, had it
 * the time. The student's scores are those of the functions that serve, so rounding of query, codes
 * and biases is in the figures. */
#ifndef RK_LEARN_MEASURE_FIRST_H
#define RK_LEARN_MEASURE_FIRST_H

#include "learn/memory.h"
#include "model/rank_first.h"

/* Sizes of the funnel: what the first stage hands on, and what of it must be the right ones. */
#define RK_FIRST_KEEPS 100u
#define RK_FIRST_TOP   20u

/* Requests and the teacher's opinion of their candidates; arrays borrowed. */
typedef struct rk_first_data {
    uint32_t requests;
    uint64_t *begin; /* (requests + 1) first candidate of each; begin[0] = 0 */
    float *session;  /* (requests, dim) unit vectors of the encoder; zero: there was none */
    float *user;     /* (requests, dim) of the user tower; zero: there was none */
    uint32_t *item;  /* (candidates) different within a request */
    float *inputs;   /* (candidates, RK_FIRST_INPUTS) */
    float *value;    /* (candidates) sum of weight * P(task), finite */
} rk_first_data;

/* Means over the requests; of a request with fewer candidates, shares of what there is. */
typedef struct rk_first_overlap {
    double top;      /* of the teacher's top 20, among the student's top 100 */
    double selected; /* of the teacher's top 100, among the student's top 100 */
} rk_first_overlap;

/* Most candidates of one request. */
uint32_t rk_first_longest(const rk_first_data *data);

/* How well `stage` keeps the teacher's picks, and (if not NULL) how well the blend does, input 0.
 * Zeros without requests. Requests without candidates are kept whole. False if out of memory. */
bool rk_first_measure(const rk_snapshot_content *snapshot, const rk_first_stage *stage,
                      const rk_first_data *data, uint32_t threads, rk_first_overlap *out,
                      rk_first_overlap *blend);

#endif
