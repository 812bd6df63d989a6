/* Tasks of the rankers: which event types are predicted, what each is worth, how often each happens
 * to an item.
 *
 * A task is an event type whose weight is not 0, with enough examples. Its weight in the value
 * model is the type's weight, the largest being 1, unless a person says otherwise
 * (rk_learn_options.values). Rates are of log rows, not of examples: features shrink towards the
 * same shares when training and when serving. */
#ifndef RK_LEARN_TASKS_H
#define RK_LEARN_TASKS_H

#include "learn/split.h"

/* Hidden rows with the event, below which a type is no task; and, where rows are impressions,
 * without it. */
#define RK_TASK_ROWS 50u
/* Events as many as which the mean counts in an item's rate. */
#define RK_RATE_PRIOR 20.0

/* The tasks into tasks (RK_MAX_TASKS), by ascending type; calibration 1 and 0. `split`: hidden rows
 * of its cases are what examples come from. base_rate: the share of `rows` with the event. Errors:
 * UNKNOWN_EVENT, of a value that a person set. */
rk_status rk_tasks_choose(const rk_events_content *events, const rk_rows *rows,
                          const rk_split *split, const rk_learn_options *options, rk_task *tasks,
                          uint32_t *count, rk_error *error);

/* Code of a rate: (with + RK_RATE_PRIOR * base_rate) / (all + RK_RATE_PRIOR), in RK_RATE_STEPS;
 * RK_NO_RATE of no rows. */
uint8_t rk_task_rate(const rk_task *task, uint32_t with, uint32_t all);

/* Rates (items of the log, count) of each item's rows with the event among all its rows, liked,
 * disliked or neither. NULL if
 * out of memory. O(rows * count). */
uint8_t *rk_tasks_rates(const rk_events_content *events, const rk_rows *rows, const rk_log *log,
                        const rk_task *tasks, uint32_t count, rk_memory *memory);

#endif
