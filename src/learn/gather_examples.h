/* Examples, asked of the engine: the cases of a split as requests, their candidates with features,
 * and what the hidden rows say of them.
 *
 *   case --> request --> retrieval --> the best `depth` by the blend, features as served
 *        --> labels: the bits of the hidden rows with that item, none if it was not chosen
 *
 * Where the log has what was shown (impressions), the hidden rows themselves are the rows of the
 * list, and every label is known. Elsewhere the candidates are: a hidden item that no source
 * brought is not among them, because the rankers never meet one, and a row brought by nobody would
 * only teach them that such rows are chosen.
 *
 * Of a list's candidates all of the first are kept and all with a label; of the others a few, drawn
 * by (seed, case), each with the weight of those it stands for. Features depend on the hidden rows
 * only through what a request is told (case_request.h): `test_examples.c` shuffles them.
 *
 * Layout: every case has room reserved in its place, so that shards write where they like; then the
 * rows close up. Threads change nothing. Cost of a case: a query, and the features of `depth`. */
#ifndef RK_LEARN_GATHER_EXAMPLES_H
#define RK_LEARN_GATHER_EXAMPLES_H

#include "learn/evaluate.h"
#include "learn/examples.h"

typedef struct rk_gather_params {
    bool impressions;
    uint32_t depth;     /* candidates of a request, 1..RK_MAX_COUNT */
    uint32_t most;      /* rows of a list, about: three quarters the best, the rest drawn */
    uint64_t most_rows; /* of all lists: lists get shorter, to RK_GATHER_LEAST rows */
    uint64_t seed;
} rk_gather_params;

#define RK_GATHER_LEAST 16u
/* Rows with a label beyond those kept for their place. */
#define RK_GATHER_LABELLED 16u
#define RK_GATHER_ROWS     400000u

rk_gather_params rk_gather_defaults(uint64_t seed);

typedef struct rk_gathered {
    rk_examples examples;
    uint32_t *item;            /* (rows) of the snapshot */
    uint32_t *case_index;      /* (lists) */
    uint32_t cases;            /* asked; one without rows has no list */
    int64_t first_ms, last_ms; /* of the requests' times */
    uint64_t hidden;           /* different items with a label that the snapshot has */
    uint64_t reached;          /* of them, those among the rows */
} rk_gathered;

/* Of the trial's cases; its snapshot has tasks (their types) and rates. Arrays belong to `memory`.
 * False if out of memory. */
bool rk_gather_examples(const rk_trial *trial, const rk_gather_params *params, rk_memory *memory,
                        rk_gathered *out);

/* The rows and lists of `more` after those of `all`; items and cases are no longer told. Arrays
 * belong to `memory`. False if out of memory. */
bool rk_gathered_append(rk_gathered *all, const rk_gathered *more, rk_memory *memory);

/* Lists as they would be if nobody had met their items yet, after those of `all`: of every
 * RK_COLD_EVERY-th list with a label a copy in which what events say of an item is missing
 * (cold_row) and the blend is without it. Else a network that has only met items with events orders
 * new ones by features that all of them lack: cold-item, NDCG@20 of the blend and the funnel,
 * ml_latest_small .136 and .109, Beauty .108 and .080. `content`: whose retrieval the lists are of.
 * Arrays belong to `memory`. False if out of memory. */
bool rk_gathered_add_cold(rk_gathered *all, const rk_snapshot_content *content, rk_memory *memory);
#define RK_COLD_EVERY 5u

/* Features of the hour or the weekday say nothing where all requests are of one: they are 0 then.
 * The hour needs requests over RK_HOURS_SPAN_MS, the weekday over RK_WEEKDAYS_SPAN_MS. A session
 * log whose newest tenth is a Sunday teaches what Sundays are like, and meets a Monday: rsc15_100k,
 * MRR@20 .381 fell to .303. */
void rk_gathered_drop_hours(rk_gathered *all);
#define RK_HOURS_SPAN_MS    INT64_C(172800000)  /* 2 days */
#define RK_WEEKDAYS_SPAN_MS INT64_C(1209600000) /* 2 weeks */

#endif
