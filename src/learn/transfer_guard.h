/* How much a source region is to be trusted, asked of the target's own data.
 *
 * Problem: what another region knows is a great help or a great harm, and neither region says
 * which; a few dozen events of the target do. Idea: parts of the target's log are hidden in turn;
 * the retrieval is fitted on the rest at every level of trust, from none (the target alone) to the
 * source as it is, and the level whose answers find the hidden events best is taken.
 * Cross-validation (M. Stone, "Cross-Validatory Choice and Assessment of Statistical Predictions",
 * 1974): with few events a single cut leaves nothing to learn from or nothing to ask about.
 *
 * How this differs: nothing is searched inside a part, so the levels are compared at the settings
 * they would start from (the source's, or the defaults for the target alone); parts are asked until
 * RK_GUARD_CASES cases have been, so a large log costs one fit a level, not five. A log of a single
 * session leaves nothing for the target to learn from: there the source must find its events by
 * itself. A gain of less than two standard errors is as good as none. A level is judged by NDCG@10
 * and NDCG@100 together, as the search judges a blend. At the level that is chosen the source's
 * rankers are asked as well: what they learnt of ages, rates and popularity may be true of the
 * source alone. */
#ifndef RK_LEARN_TRANSFER_GUARD_H
#define RK_LEARN_TRANSFER_GUARD_H

#include "learn/fit.h"

#define RK_GUARD_PARTS 5u
#define RK_GUARD_CASES 1000u /* asked, about, at most twice as many */

/* Levels of trust, ascending. */
typedef enum rk_trust {
    RK_TRUST_NONE,   /* the target's events alone */
    RK_TRUST_LITTLE, /* the source speaks for few events of an item, ... */
    RK_TRUST_SOME,
    RK_TRUST_MUCH, /* ... for many */
    RK_TRUST_ALL,  /* and its vectors and encoder stay as they are */
    RK_TRUSTS
} rk_trust;

/* "target", "little", ..., "source". */
const char *rk_trust_name(rk_trust trust);
/* The prior at a level; of RK_TRUST_NONE there is none. */
rk_prior rk_trust_prior(const rk_prior *prior, rk_trust trust);

typedef struct rk_guard_result {
    rk_trust trust;
    uint32_t cases, parts;   /* asked in all; parts hidden in turn. 0: nothing could be asked */
    uint64_t available;      /* cases that all parts together have */
    double score[RK_TRUSTS]; /* NDCG@10 and @100, halves */
    double gain;   /* of the best level over RK_TRUST_NONE, or over chance: NDCG@10, @100, @1000 */
    double error;  /* standard error of the best level's score less RK_TRUST_NONE's, over cases */
    bool ranked;   /* carried rankers could be asked: */
    double funnel; /* the chosen level's score with them; its own is that of the blend */
    double funnel_error; /* of the difference */
} rk_guard_result;

/* `rows`: what may be learnt from; `rankers`: the source has some that could be carried. Errors:
 * OUT_OF_MEMORY, NO_EVENTS. */
rk_status rk_transfer_guard(const rk_events_content *events, const rk_rows *rows,
                            const rk_prior *prior, bool rankers, const rk_learn_options *options,
                            rk_guard_result *out, rk_error *error);

#endif
