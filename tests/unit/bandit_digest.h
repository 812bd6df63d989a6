/* One number of what bandits draw and choose: the same on every host, or a decision does not
 * replay. */
#ifndef RK_TESTS_BANDIT_DIGEST_H
#define RK_TESTS_BANDIT_DIGEST_H

#include "base/checksum.h"
#include "model/bandit_linear.h"

enum { DIGEST_ARMS = 40, DIGEST_DIM = 17 };

/* Every kind of Beta distribution, then policies over them and their choices. */
static inline uint64_t digest_policies(uint64_t hash) {
    static const double shapes[] = {RK_BETA_LEAST, 0.5, 1.0, 1.5, 20.0, 1e4, 1e9};
    enum { SHAPES = sizeof shapes / sizeof shapes[0] };
    static _Alignas(64) unsigned char memory[DIGEST_ARMS * (RK_POLICY_ROUNDS * 4 + 5)];
    rk_policy policy = rk_policy_over(memory, DIGEST_ARMS, 20);
    for (uint64_t version = 0; version < 20; version++) {
        for (uint32_t a = 0; a < DIGEST_ARMS; a++) {
            const uint64_t shape = (a + version * 7) % (SHAPES * SHAPES);
            const rk_beta beta = {shapes[shape / SHAPES], shapes[shape % SHAPES]};
            rk_policy_draw_beta(&policy, a, version, rk_arm_of_source(a), beta);
            hash = rk_fnv1a(hash, rk_policy_row(&policy, a), RK_POLICY_ROUNDS * sizeof(float));
        }
        rk_choice choices[5];
        rk_policy_choose(&policy, version, 5, choices);
        hash = rk_fnv1a(hash, choices, sizeof choices);
    }
    return hash;
}

static inline uint64_t digest_linear(uint64_t hash) {
    static int64_t words[3 * (3 + DIGEST_DIM * (DIGEST_DIM + 3) / 2)];
    static _Alignas(64) unsigned char
        memory[(DIGEST_DIM + 1) * DIGEST_DIM * 8 + RK_POLICY_ROUNDS * DIGEST_DIM * 4];
    rk_linear_table table = {DIGEST_DIM, 0, 3, words};
    const rk_linear_table *tables[] = {&table};
    rk_linear model = rk_linear_over(memory, DIGEST_DIM);
    const rk_forgetting forgetting = rk_forgetting_of(7.0f);
    rk_rng rng = rk_rng_at(1, 1);
    int16_t x[DIGEST_DIM];
    for (uint32_t t = 0; t < 300; t++) {
        float raw[DIGEST_DIM];
        for (uint32_t i = 0; i < DIGEST_DIM; i++) raw[i] = rk_rng_normal(&rng);
        rk_linear_features(raw, DIGEST_DIM, x);
        rk_linear_add_trial(&table, 3 + t % 3, x, NULL);
        if (x[0] > 0) rk_linear_add_reward(&table, 3 + t % 3, x, 1234, NULL);
    }
    float row[RK_POLICY_ROUNDS];
    if (!rk_linear_read(&model, tables, 1, 9, &forgetting, 1.0)) return 0;
    rk_linear_draw(&model, 5, 1.0);
    rk_linear_thompson_row(&model, x, row);
    hash = rk_fnv1a(hash, row, sizeof row);
    rk_linear_ucb_row(&model, x, 1.0, row);
    return rk_fnv1a(rk_fnv1a(hash, row, sizeof row), words, sizeof words);
}

static inline uint64_t digest_bandits(void) {
    return digest_linear(digest_policies(RK_FNV1A_START));
}

#endif
