/* The rankers of a snapshot: from examples to the two stages, and whether they are worth shipping.
 *
 *   hidden rows (example_split) --> examples (gather_examples) --> second stage (train_ranker)
 *       --> first stage, distilled --> the whole funnel against the blend, case by case
 *
 * All of it over a retrieval that has not learnt from the hidden rows. The rankers are then carried
 * to the snapshot, whose retrieval is fitted once more on every row, with its own rates.
 *
 * Whether they ship: NDCG@10 of the funnel less that of the blend, on users that the rankers have
 * not learnt from, must be above 0; with one task above a standard error of it (by user,
 * bootstrap.h), because a gain that is as likely chance is not worth a stage that is harder to
 * explain. Several tasks are: without rankers a request has no chances to weigh. Those are the
 * search's users; where the examples need them too (example_split.h), three rankers are trained,
 * each without a third of the users, and asked about that third. What these three say of the third
 * each has not met also calibrates the ranker of all (ranker_figures.h). */
#ifndef RK_LEARN_FIT_RANKER_H
#define RK_LEARN_FIT_RANKER_H

#include "learn/bootstrap.h"
#include "learn/example_split.h"
#include "learn/fit.h"
#include "learn/fit_first.h"
#include "learn/gather_examples.h"
#include "learn/train_ranker.h"

/* Parts of the users that are left out in turn, where all are needed. */
#define RK_RANKER_FOLDS 3u
/* Of the choice among candidates where only what was shown is known (ranker_loss.h). */
#define RK_SHOWN_SHARPNESS 4.0f
/* Most windows of one user, where users are few: the newest rows, those before, ... Each needs a
 * retrieval that has not seen it. ml_latest_small: src/README.md. */
#define RK_RANKER_SLICES 4u

typedef struct rk_ranked {
    bool tried;         /* there were examples of some task */
    bool shipped;       /* the snapshot gets them */
    const char *reason; /* if not, why; else NULL */
    uint32_t tasks;
    rk_task task[RK_MAX_TASKS];
    rk_ranker ranker;
    rk_ranker_params params;
    rk_ranker_comparison comparison;

    rk_first_result first; /* of the snapshot that was compared, then of the one that ships */
    rk_split split;        /* of the examples: requests to distil with */

    uint64_t rows, hidden, reached; /* examples; hidden items with a label; those among the rows */
    uint32_t lists, cases;
    bool shared;            /* the search's users had to give examples */
    uint32_t compared;      /* cases of the comparison */
    double funnel, blend;   /* NDCG@10 on them */
    rk_interval difference; /* of the funnel's less the blend's, by user */
} rk_ranked;

/* What the rankers are made from. */
typedef struct rk_ranking_job {
    const rk_events_content *events;
    const rk_learn_options *options;
    uint64_t seed;          /* of the splits */
    const rk_rows *rows;    /* all that may be seen */
    const rk_split *search; /* cases the search asked about */
    const rk_example_split *examples;
    const rk_tuned *tuned;
    const rk_log *log;                    /* of examples->split.train, unless that needs a refit */
    const rk_snapshot_content *retrieval; /* likewise */
} rk_ranking_job;

/* Arrays of `out` belong to `memory`, as those of job->examples do. Too few examples are no error:
 * out->tried is false. Errors: OUT_OF_MEMORY, UNKNOWN_EVENT. */
rk_status rk_fit_ranker(const rk_ranking_job *job, rk_memory *memory, rk_ranked *out,
                        rk_error *error);

/* Whether they ship, and why not, by what was compared. A part of rk_fit_ranker. */
void rk_ranker_decide(rk_ranked *out);

/* Puts the rankers into a content fitted on `rows`, as `log` numbers its items, with rates and a
 * first stage of its own; nothing if they are not shipped. False if out of memory. */
bool rk_fit_ranked(rk_ranked *ranked, const rk_events_content *events, const rk_rows *rows,
                   const rk_log *log, const rk_learn_options *options, rk_memory *memory,
                   rk_snapshot_content *content);

#endif
