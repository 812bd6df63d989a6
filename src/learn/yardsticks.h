/* What a method must beat where only hidden items are ranked (cold-item). Popularity and
 * co-occurrence know nothing of such items, so they are no measure there. */
#ifndef RK_LEARN_YARDSTICKS_H
#define RK_LEARN_YARDSTICKS_H

#include "learn/evaluate.h"

/* Chance: what a ranking of the items not excluded, drawn anew for each case, gives on average.
 * Counted, not drawn: with n items ranked, R of them relevant, the first k = min(k, n) shown,
 *
 *   recall     k / n                  a relevant item is at each place with probability R / n
 *   precision  R k / n / (k asked)
 *   NDCG       sum over ranks of R / n * discount, over the best possible
 *   HR, MRR    P(first hit at rank r) = R / (n - r + 1) * product over j < r of
 *              (n - R - j + 1) / (n - j + 1); summed, and summed over r
 *   coverage   1 - (1 - k / n)^cases
 *
 * values as in rk_kept. False if out of memory. O(cases * last cutoff). */
bool rk_yardstick_random(const rk_trial *trial, rk_metrics *metrics, float *values);

/* Popularity by category: an item not excluded scores the mean popularity of the excluded (warm)
 * ones that share a category, a tag or a word (a pair of words, too) with it, a warm item once for
 * each value they share; without such values 0. Ties by id. Puts the scores in the place of
 * `content`'s popularity, so that the source `popular` serves them. False if out of memory. */
bool rk_yardstick_category(const rk_trial *trial, rk_memory *memory, rk_snapshot_content *content);

#endif
