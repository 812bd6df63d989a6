/* Sessions dealt to the 8 chunks of a training step.
 *
 * A run is a stretch of events inside one session, at most a chunk long: long sessions make several
 * runs, each seeing only itself. An epoch walks all runs in a shuffled order; a step takes the next
 * ones, chunk by chunk, so what a chunk holds depends on the seed and the epoch alone. */
#ifndef RK_LEARN_RUNS_H
#define RK_LEARN_RUNS_H

#include "learn/log.h"
#include "learn/parallel.h"

#define RK_CHUNK_MOST 128u /* events of a chunk */
#define RK_HELD_OUT   50u

/* Of one epoch; validation 0 where nothing is held out. */
typedef struct rk_losses {
    double train, validation;
} rk_losses;

typedef struct rk_run {
    uint64_t begin; /* in the log's events */
    uint32_t count;
} rk_run;

typedef struct rk_runs {
    rk_run *run;           /* (count + held) the held-out ones last */
    uint32_t count;        /* to learn from */
    uint32_t held;         /* only to measure a loss on */
    uint32_t *order;       /* (count) of the pass under way: runs */
    uint32_t in_order;     /* (count) or (held) */
    uint32_t chunk_events; /* most events of a chunk */
    uint32_t next;         /* first of `order` not dealt yet */
} rk_runs;

/* Runs of sessions with two events or more; with `hold_out` every RK_HELD_OUT-th session is held
 * out. Small logs get small chunks (at least `least` events), so that an epoch still has a few
 * hundred steps. False if out of memory. */
bool rk_runs_take(const rk_log *log, uint32_t least, bool hold_out, rk_memory *memory,
                  rk_runs *runs);

/* A pass over the runs to learn from, in a new order. O(count). */
void rk_runs_shuffle(rk_runs *runs, uint64_t seed, uint64_t stream);
/* A pass over the held-out runs, in theirs. */
void rk_runs_measure(rk_runs *runs);

/* The next step: chunk s has the runs order[first[s]] ... of number[s]. False at the end of the
 * pass. */
bool rk_runs_deal(rk_runs *runs, uint32_t first[RK_SHARDS], uint32_t number[RK_SHARDS]);

#endif
