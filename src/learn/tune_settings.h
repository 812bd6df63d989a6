/* What tuning may change of a snapshot, and how settings to try are drawn.
 *
 * A setting is the weight of every task in the value model and the quota of every source. Number 0
 * is the snapshot's own; the others are drawn around it by (seed, number): a third change weights,
 * a third quotas, a third both, each weight and quota with probability 1/2 and at least one.
 *
 *   weight   times 8^u, u uniform in [-1, 1]; the sign stays, unless the events say that the event
 *            is of the other sign: then either. A weight of 0 stays 0 or becomes up to the largest,
 *            with the sign of the event. Rounded to thousandths, so that what is written into a
 *            configuration is what was measured
 *   quota    one of 0, 25, 50, 100, 200, 400. Never of `explore`, whose quota is a policy of its
 * own, nor of a source that the snapshot has nothing for; and `popular`, which fills what others
 * leave short, never 0 */
#ifndef RK_LEARN_TUNE_SETTINGS_H
#define RK_LEARN_TUNE_SETTINGS_H

#include "format/snapshot_read.h"
#include "reckon.h"

typedef struct rk_setting {
    float values[RK_MAX_TASKS];       /* (tasks of the snapshot) */
    uint32_t quotas[RK_SOURCE_SLOTS]; /* by source */
} rk_setting;

/* Sources whose quota may be tuned, a bit each. */
uint32_t rk_setting_sources(const rk_snapshot_content *snapshot);

rk_setting rk_setting_own(const rk_snapshot_content *snapshot);

/* Setting `number` > 0. type_weight: (types of the snapshot) what the events say of each. */
rk_setting rk_setting_draw(const rk_snapshot_content *snapshot, const float *type_weight,
                           uint64_t seed, uint32_t number);

#endif
