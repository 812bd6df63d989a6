/* Successive halving: the best of many settings for the price of measuring a few.
 *
 * All are measured on a little, the better half on twice as much, and so on until the last are
 * measured on everything (K. Jamieson and A. Talwalkar, "Non-stochastic Best Arm Identification
 * and Hyperparameter Optimization", 2016). A setting that is plainly bad costs an eighth of a
 * measurement. Two things are added. Contestant 0 is what is in use: it is in every rung, whatever
 * its score, because the others are judged against it. And a contestant may be put out for what it
 * breaks, however well it scores.
 *
 * Ties go to the lower number, so that contestant 0 stays unless something is better. Each rung
 * measures only what it adds, so n contestants in r rungs pay about n (r + 1) / 2^r measurements of
 * everything; n = 32, r = 4: 10 instead of 32. */
#ifndef RK_LEARN_HALVING_H
#define RK_LEARN_HALVING_H

#include "base/types.h"

#define RK_MAX_RUNGS 4u

/* What a rung did. */
typedef struct rk_rung {
    uint32_t entered; /* contestants measured, 0 among them */
    uint32_t broken;  /* put out */
    uint32_t passed;  /* to the next rung; of the last rung 1, the winner */
} rk_rung;

typedef struct rk_contest {
    uint32_t contestants; /* > 0 */
    uint32_t rungs;       /* 1..RK_MAX_RUNGS; the last measures everything */
    /* Score of one contestant on all that belongs to rungs 0..rung, higher is better; *broken puts
     * it out (of contestant 0 it is not looked at). In every rung contestant 0 is the first to be
     * measured. False ends the contest: out of memory. */
    bool (*measure)(void *context, uint32_t contestant, uint32_t rung, double *score, bool *broken);
    void *context;
} rk_contest;

/* alive, scores: (contestants) scratch. False if a measurement failed. A score that is no number
 * loses to every other. */
bool rk_halve(const rk_contest *contest, uint32_t *alive, double *scores,
              rk_rung rungs[RK_MAX_RUNGS], uint32_t *winner);

#endif
