#include "model/bandit_policy.h"

#define STREAM_CHOOSE UINT64_C(0x63686F6F7365) /* "choose" */

uint64_t rk_policy_bytes(uint32_t arms) {
    return (uint64_t)arms * (RK_POLICY_ROUNDS * sizeof(float) + sizeof(uint32_t) + 1);
}

rk_policy rk_policy_over(void *memory, uint32_t arms, uint32_t uniform) {
    assert(arms >= 1 && arms <= RK_POLICY_MOST_ARMS && uniform <= RK_POLICY_PARTS);
    float *sample = memory;
    uint32_t *weight = (uint32_t *)(void *)(sample + (size_t)arms * RK_POLICY_ROUNDS);
    return (rk_policy){.arms = arms,
                       .uniform = uniform,
                       .sample = sample,
                       .weight = weight,
                       .taken = (uint8_t *)(weight + arms)};
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

void rk_policy_draw_beta(rk_policy *policy, uint32_t arm, uint64_t policy_seed, uint64_t key,
                         rk_beta posterior) {
    rk_rng rng = rk_rng_at(rk_mix64(policy_seed, key),
                           rk_mix64(bits_of(posterior.alpha), bits_of(posterior.beta)));
    rk_beta_draw(posterior, &rng, rk_policy_row(policy, arm), RK_POLICY_ROUNDS);
}

/* Leaves in weight[] how many rounds each arm wins of those not taken. Arms outside, rounds inside:
 * the inner loop compares and selects without a branch, four rounds at a time. */
static void count_wins(const rk_policy *policy) {
    float best[RK_POLICY_ROUNDS];
    uint32_t winner[RK_POLICY_ROUNDS];
    bool first = true;
    for (uint32_t arm = 0; arm < policy->arms; arm++) {
        policy->weight[arm] = 0;
        if (policy->taken[arm]) continue;
        const float *row = rk_policy_row(policy, arm);
        const float scale = policy->scale ? policy->scale[arm] : 1.0f;
        for (uint32_t m = 0; m < RK_POLICY_ROUNDS; m++) {
            const float value = row[m] * scale;
            const bool better = first || value > best[m];
            best[m] = better ? value : best[m];
            winner[m] = better ? arm : winner[m];
        }
        first = false;
    }
    for (uint32_t m = 0; m < RK_POLICY_ROUNDS; m++) policy->weight[winner[m]]++;
}

/* Arms that the uniform share is of: those not taken and favoured, or all not taken. */
static uint32_t count_spread(const rk_policy *policy, bool *favoured) {
    uint32_t left = 0, few = 0;
    for (uint32_t arm = 0; arm < policy->arms; arm++) {
        left += !policy->taken[arm];
        few += !policy->taken[arm] && policy->favoured && policy->favoured[arm];
    }
    *favoured = few > 0;
    return few > 0 ? few : left;
}

/* Weights of the arms not taken, 0 for the others; returns their sum. */
static uint32_t weigh(const rk_policy *policy) {
    bool favoured;
    const uint32_t spread = count_spread(policy, &favoured);
    count_wins(policy);
    for (uint32_t arm = 0; arm < policy->arms; arm++) {
        policy->weight[arm] *= spread * (RK_POLICY_PARTS - policy->uniform);
        if (!policy->taken[arm] && (!favoured || policy->favoured[arm]))
            policy->weight[arm] += RK_POLICY_ROUNDS * policy->uniform;
    }
    return RK_POLICY_ROUNDS * spread * RK_POLICY_PARTS;
}

uint32_t rk_policy_weigh(rk_policy *policy) {
    memset(policy->taken, 0, policy->arms);
    return weigh(policy);
}

rk_choice rk_policy_draw(rk_policy *policy, rk_rng *draws) {
    const uint32_t total = weigh(policy);
    uint32_t rest = rk_rng_below(draws, total), arm = 0;
    while (rest >= policy->weight[arm]) rest -= policy->weight[arm++];
    policy->taken[arm] = 1;
    return (rk_choice){arm, policy->weight[arm], total};
}

void rk_policy_choose(rk_policy *policy, uint64_t draw_seed, uint32_t slots, rk_choice *choices) {
    assert(slots <= policy->arms);
    rk_rng rng = rk_rng_at(draw_seed, STREAM_CHOOSE);
    memset(policy->taken, 0, policy->arms);
    for (uint32_t slot = 0; slot < slots; slot++) choices[slot] = rk_policy_draw(policy, &rng);
}
