/* Examples, asked of the engine: the cases of a split as requests, their candidates with features,
 * and what the hidden rows say of them.
 *
 *   case --> request --> retrieval --> the best `depth` by the blend, features as served
 *        --> labels: the bits of the hidden rows with that item, none if it was not chosen
 *
 * A list is candidates, as the rankers will meet them: a hidden item that no source brought is not
 * among them, and a row brought by nobody would only teach that such rows are chosen.
 *
 * What a list says of a candidate without a hidden row: it was not chosen. That is also how likely
 * events are, unless the log has what was shown (impressions): then a candidate that was not shown
 * has a place in the list, while what it would have been answered with is not known. Of the rows
 * shown all labels are. One that is no candidate is a list by itself, which has no order to teach.
 * Lists of impressions alone, as they once were, know no candidate that was not shown, and the
 * rankers met them for the first time when serving: kuairand_kcore15, NDCG@10 of the funnel .021
 * where the blend has .056.
 *
 * Of a list's candidates all of the first are kept and all with a label; of the others a few, drawn
 * by (seed, case), each with the weight of those it stands for. A list that is three quarters its
 * best teaches little of what a session's own items are (the blend puts them last, the network
 * meets them once in a while and trusts them): online_retail by sessions, NDCG@10 of the funnel
 * .250 where the blend has .258. Features depend on the hidden rows only through what a request is
 * told (case_request.h): `test_examples.c` shuffles them.
 *
 * Layout: every case has room reserved in its place, so that shards write where they like; then the
 * rows close up. Threads change nothing. Cost of a case: a query, and the features of `depth`. */
#ifndef RK_LEARN_GATHER_EXAMPLES_H
#define RK_LEARN_GATHER_EXAMPLES_H

#include "learn/evaluate.h"
#include "learn/examples.h"

/* Of which rows the labels are known (examples.h). */
typedef enum rk_known {
    RK_KNOWN_ALL,   /* what was not chosen did not happen */
    RK_KNOWN_SHOWN, /* the hidden rows, all of which are rows here */
    RK_KNOWN_NONE   /* only the order counts */
} rk_known;

typedef struct rk_gather_params {
    rk_known known;
    uint32_t depth;     /* candidates of a request, at most RK_MAX_COUNT; 0: lists of one */
    uint32_t most;      /* rows of a list, about: half the best, half drawn from the rest */
    uint64_t most_rows; /* of all lists: lists get shorter, to RK_GATHER_LEAST rows */
    uint64_t seed;
} rk_gather_params;

#define RK_GATHER_LEAST 16u
/* Rows with a label beyond those kept for their place. */
#define RK_GATHER_LABELLED 16u
#define RK_GATHER_ROWS     600000u

rk_gather_params rk_gather_defaults(uint64_t seed);

typedef struct rk_gathered {
    rk_examples examples;
    uint32_t *item;            /* (rows) of the snapshot */
    uint32_t *case_index;      /* (lists) ascending */
    uint32_t cases;            /* asked; one without rows has no list */
    int64_t first_ms, last_ms; /* of the requests' times */
    uint64_t hidden;           /* different items with a label that the snapshot has */
    uint64_t reached;          /* of them, those among the candidates */
} rk_gathered;

/* Of the trial's cases; its snapshot has tasks (their types) and rates. Arrays belong to `memory`.
 * False if out of memory. */
bool rk_gather_examples(const rk_trial *trial, const rk_gather_params *params, rk_memory *memory,
                        rk_gathered *out);

/* The rows and lists of `more` after those of `all`; items and cases are no longer told. Arrays
 * belong to `memory`. False if out of memory. */
bool rk_gathered_append(rk_gathered *all, const rk_gathered *more, rk_memory *memory);

/* Features of the hour or the weekday say nothing where all requests are of one: they are 0 then.
 * The hour needs requests over RK_HOURS_SPAN_MS, the weekday over RK_WEEKDAYS_SPAN_MS. A session
 * log whose newest tenth is a Sunday teaches what Sundays are like, and meets a Monday: rsc15_100k,
 * MRR@20 .381 fell to .303. */
void rk_gathered_drop_hours(rk_gathered *all);
#define RK_HOURS_SPAN_MS    INT64_C(172800000)  /* 2 days */
#define RK_WEEKDAYS_SPAN_MS INT64_C(1209600000) /* 2 weeks */

#endif
