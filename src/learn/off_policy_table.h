/* A log of decisions as the command hands it over: reads it, fits the model of the arms, estimates.
 *
 * Little-endian, in this order and with nothing between:
 *
 * - u64 rows (> 0), u64 arms (0: the other policy is known of the rows alone);
 * - f64 propensity[rows], target[rows], reward[rows];
 * - f64 policy[arms]: the other policy, the same for every row;
 * - u32 arm[rows], absent if there are no arms.
 *
 * A work file between two programs of one version, not a format: it is checked all the same, so
 * that no estimate comes from a row that is none. */
#ifndef RK_LEARN_OFF_POLICY_TABLE_H
#define RK_LEARN_OFF_POLICY_TABLE_H

#include "base/status.h"
#include "learn/off_policy.h"

/* Of the model of DM and DR (off_policy.h): no row is predicted by itself, and an arm with as many
 * rows as this is halfway between its own mean and that of all. */
#define RK_OFF_POLICY_FOLDS 5u
#define RK_OFF_POLICY_PRIOR 100.0

/* `bytes` is 8-byte aligned and kept by the caller. Errors: TRUNCATED, TRAILING_BYTES, VALUE_RANGE
 * and NOT_FINITE (section: the array, offset: the row), OUT_OF_MEMORY. O(rows + arms). */
rk_status rk_off_policy_table_estimate(const void *bytes, uint64_t size, rk_memory *memory,
                                       rk_off_policy *out, uint64_t *rows, rk_error *error);

#endif
