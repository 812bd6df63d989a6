/* Cold users: what asking a new user a few questions is worth, measured on users held out.
 *
 * Problem: somebody of whom nothing is known is asked about a few items; which way of asking makes
 * the lists that follow best? Users of the log stand in for them (split.h, cold-user): for each
 * every item lies on one of two sides, by hash, the same for every way of asking. Questions are
 * about items of the one side, lists are made of the other, so nothing asked could have been
 * recommended, and no way gains by what it removes.
 *
 *   a question     one item
 *   the answer     pick          the user has a liked event of it
 *                  skip          has it without one, or has not but knows it
 *                  don't know    else. An item that the share q of the training's users like is
 *                                known with probability 1 - (1 - q)^20: to somebody who has met 20
 *                                of them. Drawn by hash of user and item
 *   the list       the whole funnel's answer to a session of the picks, in the order they were made
 *
 * Ways of asking: `adaptive` is rk_onboarding, a question at a time with all answers so far;
 * `popular` the most popular items in order; `random` draws among the 100 most popular. The
 * protocol is the offline one of A. M. Rashid, G. Karypis and J. Riedl, "Learning Preferences of
 * New Users in Recommender Systems: An Information Theoretic Approach" (2008). Beside them one
 * click: a random liked item of the side that may be answered, against the source `popular`.
 *
 * Figures are NDCG at the first cutoff by user, with intervals of the mean and of the differences
 * (bootstrap.h). Sums run in case order: threads change nothing. */
#ifndef RK_LEARN_COLD_USER_H
#define RK_LEARN_COLD_USER_H

#include "learn/bootstrap.h"
#include "learn/evaluate.h"
#include "learn/json.h"

typedef enum rk_asking { RK_ASK_ADAPTIVE, RK_ASK_POPULAR, RK_ASK_RANDOM, RK_ASKINGS } rk_asking;
#define RK_ASKED_POINTS 6u

/* How many questions lie before each point: 0, 1, 2, 3, 5, 8. */
extern const uint32_t rk_asked_before[RK_ASKED_POINTS];
/* "adaptive", "popular", "random". */
const char *rk_asking_name(rk_asking asking);

typedef struct rk_asked_figure {
    double ndcg;
    rk_interval interval;
    double lead; /* of `adaptive` over this way; of the click over `popular` */
    rk_interval lead_interval;
    double picks, skips, unknown; /* answers so far, a mean a user */
} rk_asked_figure;

typedef struct rk_cold_user {
    uint32_t cases;
    rk_asked_figure asked[RK_ASKINGS][RK_ASKED_POINTS];
    rk_asked_figure click, popular;
} rk_cold_user;

/* A trial of a split by cold-user. False if out of memory. O(cases * (questions + lists)). */
bool rk_cold_user_measure(const rk_trial *trial, uint64_t seed, rk_cold_user *out);

/* The figures as members of the object that is open. */
void rk_cold_user_report(rk_json *json, const rk_cold_user *figures);

#endif
