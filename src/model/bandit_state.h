/* What is known of arms: how often each was shown on which day, and what came of it.
 *
 * Problem: thousands of devices count, a region adds up, snapshots are rebuilt meanwhile, and the
 * sum must not depend on who came first; what is old must count less and less.
 * Idea: rows (arm, day) of integers in ascending order. Merging adds rows of the same arm and day:
 * it is addition of integers, hence exact, commutative and associative, whatever the order (that
 * nothing is added twice is the region's business, by sequence numbers). Days are forgotten when
 * they are *read*, by a weight that halves every so many days, and dropped when no reader would
 * count them: nothing is ever subtracted, and two regions that forget at other rates can exchange
 * their sums.
 *
 * A reward belongs to the day on which its arm was shown, however late it comes: trials and rewards
 * of a decision then fade together. Until it comes the trial counts as a miss, so that a batch of
 * feedback that is still on its way makes an arm look worse, never better.
 *
 * Dropping days keeps the laws: the rows that are left after dropping all days before d are those
 * of day >= d of the sum, whichever table was cut first.
 *
 *     rows:  | arm 7, day 20,001 | arm 7, day 20,002 | arm 9, day 20,001 | ...   32 B each
 *
 * Memory is the caller's; nothing allocates. Reading an arm: O(log rows + its days). Adding one
 * row: O(log rows), plus moving what is behind a new one. Merging: O(rows of both).
 * Invariants: arm_day ascends strictly; 0 <= every sum <= RK_ARM_MOST. */
#ifndef RK_MODEL_BANDIT_STATE_H
#define RK_MODEL_BANDIT_STATE_H

#include "base/status.h"
#include "format/delta_layout.h"
#include "model/beta_draw.h"

/* ---- keys ---- */

uint64_t rk_arm_of_item(const void *id, uint64_t bytes);
/* `model` names the clustering (a hash of its centres): other clusters, other arms. */
uint64_t rk_arm_of_cluster(uint64_t model, uint32_t cluster);
uint64_t rk_arm_of_source(uint32_t source);

/* ---- tables ---- */

typedef struct rk_arm_table {
    rk_arm_row *rows; /* (capacity) */
    uint32_t count, capacity;
} rk_arm_table;

/* Adds one row. Nothing is changed on failure: TOO_LARGE if the table is full or a sum would leave
 * its range. */
rk_status rk_arms_add(rk_arm_table *table, rk_arm_row row, rk_error *error);

/* Adds `count` rows that keep the invariants, all or none: TOO_LARGE as above, with the row's
 * number as offset. The rows may not lie in the table. */
rk_status rk_arms_merge(rk_arm_table *table, const rk_arm_row *rows, uint32_t count,
                        rk_error *error);

/* Drops the rows of days before first_day. */
void rk_arms_forget(rk_arm_table *table, uint32_t first_day);

/* ---- reading ---- */

#define RK_FORGET_MOST_DAYS 180u

/* What a day counts by its age: 2^(-age / half life); nothing from six half lives on, or from
 * RK_FORGET_MOST_DAYS on. */
typedef struct rk_forgetting {
    uint32_t days; /* ages below it count; 0: all ages count 1 */
    float weight[RK_FORGET_MOST_DAYS];
} rk_forgetting;

/* half_life_days > 0, or 0: nothing is forgotten. */
rk_forgetting rk_forgetting_of(float half_life_days);
/* A day after today, from a clock that is ahead, has age 0. */
float rk_forgetting_weight(const rk_forgetting *forgetting, uint32_t today, uint32_t day);

typedef struct rk_evidence {
    double trials, rewards;
} rk_evidence;

/* Adds to *evidence what the table knows of the arm. A device asks the region's table and its own
 * batches that the region has not acknowledged yet. */
void rk_arms_evidence(const rk_arm_table *table, uint64_t key, uint32_t today,
                      const rk_forgetting *forgetting, rk_evidence *evidence);

/* Beta(prior + rewards, prior + misses): the posterior of an arm whose chance to be rewarded has
 * the prior (alpha, beta > 0) and was tried so. Rewards beyond the trials, which only a device that
 * lies can bring about, do not count; of more than RK_EVIDENCE_MOST trials the proportion does. */
#define RK_EVIDENCE_MOST 0x1p30
rk_beta rk_posterior(rk_beta prior, rk_evidence evidence);

#endif
