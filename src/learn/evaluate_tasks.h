/* How well the rankers foretell each event, on rows that nothing has learnt from.
 *
 * The rows are those of gather_examples.h for the evaluation's own cases: hidden rows among their
 * requests' candidates, or, where the log has what was shown, the hidden rows alone. Of each task:
 * AUC (does a row with the event score above one without?), log loss and calibration error of
 * P(task), beside two guesses that know no more than counts: how often the user's session had the
 * event, and how often the item's rows did. A lead is the difference of AUCs; its interval is from
 * RK_RESAMPLES draws of users, the same for all three, so that it is paired (bootstrap.h). */
#ifndef RK_LEARN_EVALUATE_TASKS_H
#define RK_LEARN_EVALUATE_TASKS_H

#include "learn/bootstrap.h"
#include "learn/evaluate.h"
#include "learn/json.h"

typedef enum rk_guess { RK_GUESS_USER_RATE, RK_GUESS_ITEM_RATE, RK_GUESS_COUNT } rk_guess;

/* NaN where there are no rows with, or none without the event. */
typedef struct rk_task_figures {
    uint32_t type; /* of the events file */
    uint64_t rows, positives;
    double auc, log_loss, calibration_error;
    double guess_auc[RK_GUESS_COUNT];
    rk_interval lead[RK_GUESS_COUNT]; /* of auc less guess_auc */
} rk_task_figures;

/* Figures of every task of the trial's snapshot, out (tasks). False if out of memory. Cost: the
 * cases once more, and RK_RESAMPLES passes over their rows. */
bool rk_evaluate_tasks(const rk_trial *trial, bool impressions, uint64_t seed,
                       rk_task_figures *out);

/* { "like": { "rows", "auc", ..., "user_rate": { "auc", "lead", "low", "high" } }, ... } */
void rk_report_tasks(rk_json *json, const rk_trial *trial, const rk_task_figures *figures);

#endif
