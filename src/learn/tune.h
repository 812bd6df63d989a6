/* What tuning found: between the search (tune.c) and the document (tune_report.c). */
#ifndef RK_LEARN_TUNE_H
#define RK_LEARN_TUNE_H

#include "learn/bootstrap.h"
#include "learn/halving.h"
#include "learn/json.h"
#include "learn/tune_settings.h"
#include "reckon_learn.h"

typedef enum rk_tune_verdict {
    RK_TUNE_CHANGE,
    RK_TUNE_KEEP_BEST,     /* nothing tried was ahead of it where settings are searched */
    RK_TUNE_KEEP_CHANCE,   /* the gain's interval does not lie above 0 */
    RK_TUNE_KEEP_GUARD,    /* the best breaks a guard rail where settings are reported */
    RK_TUNE_KEEP_EVIDENCE, /* too few logged rows are shown to judge by their propensities */
} rk_tune_verdict;

#define RK_TUNE_NOTES 8u

typedef struct rk_tune_result {
    rk_protocol protocol;
    bool by_propensity;
    uint32_t items_known, items; /* of the events file, in the snapshot and at all */
    uint64_t events, not_newer;  /* rows, and those not after the snapshot's newest event */
    uint32_t tuning_cases, reporting_cases, reporting_users;
    uint32_t rungs;
    rk_rung rung[RK_MAX_RUNGS];
    uint32_t rung_cases[RK_MAX_RUNGS]; /* cases that each rung measured */
    uint32_t winner;                   /* number of the best setting; 0: the present one */
    rk_setting before, after;          /* the present one, the winner */
    double figure_before[RK_FIGURES], figure_after[RK_FIGURES]; /* on the reporting half */
    rk_interval interval_before, interval_after;                /* of the reward */
    rk_interval gain_interval;                                  /* of its difference */
    rk_interval ndcg_gain_interval;
    bool broken[RK_FIGURES];                  /* guard rails, by the winner */
    uint64_t logged_rows;                     /* of the reporting half, with propensities */
    double effective_before, effective_after; /* effective sample sizes */
    rk_tune_verdict verdict;
    const char *notes[RK_TUNE_NOTES];
    uint32_t note_count;
} rk_tune_result;

/* The document: FORMAT is js-bindings/cli's to read; names of the snapshot's events and sources. */
void rk_tune_report(rk_json *json, const rk_snapshot_content *snapshot,
                    const rk_tune_options *options, const rk_tune_result *result);

#endif
