/* What a source region has that is carried over as it is: rankers, where the target has too little
 * to learn its own; and, to a target without any event, the signs of time.
 *
 * A network reads features by number, so it can be carried wherever the numbers mean the same: the
 * vectors lie in the same coordinates (they started from the source's), the same events are
 * predicted, and the attributes that features 25 to 28 compare have the same names. Rates are the
 * target's own, those of items without rows the source's. */
#ifndef RK_LEARN_TRANSFER_CARRY_H
#define RK_LEARN_TRANSFER_CARRY_H

#include "learn/fit.h"

/* Why the rankers cannot be carried to a region of these events and items, or NULL. */
const char *rk_carry_obstacle(const rk_snapshot_content *source, const rk_events_content *events);

/* Puts the source's rankers into `content`, of items as `log` numbers them; there is no obstacle.
 * False if out of memory. */
bool rk_carry_rankers(const rk_prior *prior, const rk_events_content *events, const rk_rows *rows,
                      const rk_log *log, rk_memory *memory, rk_snapshot_content *content);

/* Without a log of its own: types, what is rising, and when items were first seen. False if out of
 * memory. */
bool rk_carry_signals(const rk_prior *prior, const rk_log *log, rk_memory *memory,
                      rk_snapshot_content *content);

#endif
