/* Which arm to show, and with exactly which probability.
 *
 * Problem: Thompson sampling (W. R. Thompson, 1933; O. Chapelle and L. Li, "An Empirical Evaluation
 * of Thompson Sampling", 2011) draws a parameter of every arm from its posterior and shows the arm
 * of the highest. The probability that this was going to be the one shown is an integral over all
 * posteriors, which nobody knows exactly, and off-policy estimates divide by it.
 * Idea: turn it round. RK_POLICY_ROUNDS draws of all arms are made first, and the policy *is* how
 * often an arm came first in them, mixed with a share of uniform choice; the arm that is shown is
 * then drawn from this finite distribution with integers.
 *
 *     wins[a]    rounds that a won                       of M = 256
 *     weight[a]  wins[a] * K * (4096 - e) + M * e        e / 4096: the uniform share
 *     total      M * K * 4096 = sum of the weights       < 2^32, as K <= 4095
 *
 * Proof that the propensity is exact: the weights are a function of the policy's seed and of the
 * statistics only. The choice is rk_rng_below(total), uniform on 0 .. total - 1 by rejection, from
 * a generator of the draw's own seed; arm a owns weight[a] of these numbers. So P(a | policy) =
 * weight[a] / total, a ratio of integers, without any approximation. An estimate that divides by it
 * is unbiased given the policy, hence unbiased. No propensity of an arm that the uniform share
 * is of is below e / 4096 / K: weights of such an estimate are bounded. And it is Thompson
 * sampling: E[wins[a] / M] over the policy's seed is the integral, whatever M, so 1 - e / 4096 of
 * what is shown has the distribution that drawing once would give.
 *
 * Who asks may matter: a round's winner is judged by sample * scale, and the uniform share may be
 * kept for arms that have been shown too rarely. Both are known before the choice, so the weights
 * stay integers and the proof stands, with K the number of arms that the uniform share is of.
 *
 * Slots are filled in order: of the arms left, the rounds are judged again, and the probability
 * of a slot is conditional on those before it. Their product is that of the list.
 *
 * Replay: the rows of an arm depend on (policy seed, key, posterior), the choice on (policy,
 * draw seed). A log line with both seeds, the arms and the statistics they were read from (a
 * cursor) gives the same decision and propensity again, in any host. Take the policy seed from the
 * version of the statistics: then all who share them share one policy, rows are drawn once a
 * version and not once a request, and every version rolls anew. Rows of an arm change with its
 * posterior, so a device may renew the rows of the one arm that it has feedback of.
 *
 * Rejected: one draw a decision and an integral for its propensity (a quadrature is never exact,
 * and narrow posteriors beside wide ones need a grid of their own); one draw and a second sample
 * that estimates it (its inverse is biased).
 *
 * Layout: sample (arms, RK_POLICY_ROUNDS) f32, 1 KB an arm, of the caller's memory.
 * Cost: 256 draws an arm that changed, some 30 us; 256 comparisons an arm and slot, some .3 us. */
#ifndef RK_MODEL_BANDIT_POLICY_H
#define RK_MODEL_BANDIT_POLICY_H

#include "model/beta_draw.h"

#define RK_POLICY_ROUNDS    256u
#define RK_POLICY_PARTS     4096u /* the uniform share is a number of these */
#define RK_POLICY_MOST_ARMS 4095u

typedef struct rk_policy {
    uint32_t arms;           /* 1 to RK_POLICY_MOST_ARMS */
    uint32_t uniform;        /* e: 0 to RK_POLICY_PARTS; 0 leaves some arms without any chance */
    float *sample;           /* (arms, RK_POLICY_ROUNDS): what an arm is worth in a round */
    uint32_t *weight;        /* (arms) of the last slot */
    uint8_t *taken;          /* (arms) cannot be chosen */
    const float *scale;      /* (arms) > 0, what a sample counts for this request; NULL: 1 */
    const uint8_t *favoured; /* (arms) what the uniform share is of; NULL, or none of them is left:
                                of all */
} rk_policy;

/* Bytes of a policy's arrays, and a policy over them; `memory` is aligned to 64. */
uint64_t rk_policy_bytes(uint32_t arms);
rk_policy rk_policy_over(void *memory, uint32_t arms, uint32_t uniform);

static inline float *rk_policy_row(const rk_policy *policy, uint32_t arm) {
    return policy->sample + (size_t)arm * RK_POLICY_ROUNDS;
}

/* Draws the row of one arm from its posterior. */
void rk_policy_draw_beta(rk_policy *policy, uint32_t arm, uint64_t policy_seed, uint64_t key,
                         rk_beta posterior);

/* A decision. What a log line holds of it is (arm's key, weight, total). */
typedef struct rk_choice {
    uint32_t arm;
    uint32_t weight, total; /* the arm was chosen with probability weight / total */
} rk_choice;

/* Rounded once, in (0, 1]: what was chosen has a weight. */
static inline float rk_choice_propensity(rk_choice choice) {
    return (float)((double)choice.weight / (double)choice.total);
}

/* One arm of those that are not taken, of which there is one at least; it is then. */
rk_choice rk_policy_draw(rk_policy *policy, rk_rng *draws);

/* Fills `slots` (<= arms) different arms in order. Every row must have been drawn, ties in a round
 * go to the lower arm. */
void rk_policy_choose(rk_policy *policy, uint64_t draw_seed, uint32_t slots, rk_choice *choices);

/* Weights of the first slot, for all arms; returns their sum. */
uint32_t rk_policy_weigh(rk_policy *policy);

#endif
