/* The first stage of a content that has its second: distilled on requests like those of a split.
 *
 * A student is tied to the vectors it was learnt with (a weight a dimension), so every content gets
 * its own. It imitates; no label is looked at, so it may be learnt over a retrieval that knows the
 * hidden rows. */
#ifndef RK_LEARN_FIT_FIRST_H
#define RK_LEARN_FIT_FIRST_H

#include "learn/evaluate.h"
#include "learn/gather_first.h"

/* Requests that are learnt from, and that choose the temperature and are measured. */
#define RK_FIRST_REQUESTS 2000u
#define RK_FIRST_HELD_OUT 250u

/* content: the trial's snapshot, which receives rank.1, rank.1i and their step; arrays belong to
 * `memory`. Cases are taken evenly; every eighth or ninth is held out. False if out of memory. */
bool rk_fit_first(const rk_trial *trial, const rk_learn_options *options, rk_memory *memory,
                  rk_snapshot_content *content, rk_first_result *out);

#endif
