/* Guard rails: figures that a better reward may not be bought with. Each is relative to the present
 * setting on the same cases. */
#ifndef RK_LEARN_TUNE_GUARDS_H
#define RK_LEARN_TUNE_GUARDS_H

#include "reckon_learn.h"

/* Whether a figure is worse the larger it is. */
bool rk_guard_is_upper(rk_figure figure);

/* Whether `after` is worse than `before` by more than the guard allows. `widen` >= 1 multiplies
 * what is allowed and `slack` >= 0 is added to it: on few cases a figure moves by chance, and a
 * setting is not to be put out for that. False where one of the two is not a number. */
bool rk_guard_broken(rk_figure figure, const rk_guard *guard, double before, double after,
                     double widen, double slack);

#endif
