/* Bandits against textbook ones, on arms whose chances are known.
 *
 *   bench_bandit regret --policy NAME --rounds N --first SEED --seeds N [--arms 50]
 *   bench_bandit linear --first SEED --seeds N [--rounds 20000]
 *   bench_bandit propensity [--decisions 1000000] [--seed 1]
 *   bench_bandit digest     [--seed 1]
 *   bench_bandit cost
 *
 * regret: arms with chances uniform in [.01, .05], drawn by the seed and the same for every policy.
 * What is counted is the expected loss, best chance minus chosen chance, not the luck of rewards.
 *   reckon        feedback after every round, every round its own version of the statistics and
 *                 policy seed. Only the round that decides is drawn: the policy is how often an arm
 *                 wins in 256 rounds, so drawing from it has the law of one of them, chosen blindly
 *   device        feedback after every round, but only the chosen arm's rows drawn again; all of
 *                 them every 1,000 rounds: what a device does between two syncs
 *   batched       statistics, policy and choice as served, feedback after 1,000 rounds
 *   informed      batched, with the prior of a region that knows its click rate: 3 of 100
 *   textbook      Thompson sampling as in the literature: one draw of every arm a round by two
 * gamma variates (Marsaglia and Tsang, 2000), libm and doubles; shares nothing with src/ but the
 * source of uniform numbers greedy        a tenth uniform, else the best mean         ucb    UCB1
 * (Auer et al., 2002) linear: 20 arms, 16 features of (user, arm), a logistic truth that the linear
 * model cannot hold exactly; feedback after 100 rounds. propensity: three slots of 50 arms that
 * learn; all decisions are made, logged and replayed from their log lines, and how often every arm
 * was chosen stands beside the sum of its propensities.
 *
 * stdout, CSV:  regret,SEED,ROUND,REGRET (50 rows a seed)   linear,SEED,POLICY,REWARD,REGRET
 *               propensity,ARM,CHOSEN,EXPECTED,SE   replayed,N   digest,HEX   cost,WHAT,NS */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "bench_clock.h"
#include "model/bandit_linear.h"
#include "model/bandit_policy.h"
#include "model/bandit_state.h"

enum { MOST_ARMS = 512, POINTS = 50, BATCH = 1000, LINEAR_ARMS = 20, DIM = 16, LINEAR_BATCH = 100 };
enum { UNIFORM = 20 }; /* of 4096: half a percent */
enum { STREAM_ARMS = 1, STREAM_REWARD, STREAM_RIVAL, STREAM_USER };
static const rk_beta FLAT = {1.0, 1.0};

static void stop(const char *why) {
    fprintf(stderr, "bench_bandit: %s\n", why);
    exit(1);
}

static const char *option(int count, char **words, const char *name, const char *fallback) {
    for (int i = 2; i + 1 < count; i++)
        if (strcmp(words[i], name) == 0) return words[i + 1];
    return fallback;
}
static uint64_t number(int count, char **words, const char *name, const char *fallback) {
    return strtoull(option(count, words, name, fallback), NULL, 10);
}

static void *take(uint64_t bytes) {
    void *memory = aligned_alloc(64, (size_t)(bytes + 63) / 64 * 64);
    if (!memory) stop("out of memory");
    memset(memory, 0, (size_t)(bytes + 63) / 64 * 64);
    return memory;
}

/* ---- the arms ---- */

typedef struct world {
    uint32_t arms;
    double chance[MOST_ARMS], best;
} world;

static world world_of(uint64_t seed, uint32_t arms) {
    rk_rng rng = rk_rng_at(seed, STREAM_ARMS);
    world w = {.arms = arms, .best = 0.0};
    for (uint32_t a = 0; a < arms; a++) {
        w.chance[a] = 0.01 + 0.04 * rk_rng_f64(&rng);
        w.best = fmax(w.best, w.chance[a]);
    }
    return w;
}

/* ---- what is served ---- */

typedef struct served {
    rk_arm_table table, pending; /* pending: not visible yet */
    rk_policy policy;
    rk_forgetting forgetting;
    rk_beta prior;
    uint64_t seed;
    uint64_t key[MOST_ARMS];
} served;

static served *served_of(uint64_t seed, uint32_t arms) {
    served *s = take(sizeof *s);
    s->seed = seed;
    s->prior = FLAT;
    s->table = (rk_arm_table){take(arms * sizeof(rk_arm_row)), 0, arms};
    s->pending = (rk_arm_table){take(arms * sizeof(rk_arm_row)), 0, arms};
    s->policy = rk_policy_over(take(rk_policy_bytes(arms)), arms, UNIFORM);
    s->forgetting = rk_forgetting_of(0.0f);
    for (uint32_t a = 0; a < arms; a++) {
        char id[16];
        const int bytes = snprintf(id, sizeof id, "item-%u", a);
        s->key[a] = rk_arm_of_item(id, (uint64_t)bytes);
    }
    return s;
}

static void release(served *s) {
    free(s->table.rows), free(s->pending.rows), free(s->policy.sample), free(s);
}

static void draw_arm(served *s, uint32_t arm, uint64_t version) {
    rk_evidence evidence = {0.0, 0.0};
    rk_arms_evidence(&s->table, s->key[arm], 0, &s->forgetting, &evidence);
    rk_policy_draw_beta(&s->policy, arm, rk_mix64(s->seed, version), s->key[arm],
                        rk_posterior(s->prior, evidence));
}

static void draw_all(served *s, uint64_t version) {
    for (uint32_t a = 0; a < s->policy.arms; a++) draw_arm(s, a, version);
}

static void add_feedback(served *s, rk_arm_table *table, uint32_t arm, bool reward) {
    const rk_arm_row row = {.arm_day = rk_arm_day(s->key[arm], 0),
                            .trials = RK_ARM_ONE,
                            .rewards = reward ? RK_ARM_ONE : 0};
    if (rk_arms_add(table, row, NULL) != RK_OK) stop("a table is full");
}

/* From a policy's weights, which stand for a whole batch. */
static uint32_t choose_by_weight(const served *s, uint32_t total, uint64_t draw_seed) {
    rk_rng rng = rk_rng_at(draw_seed, UINT64_C(0x63686F6F7365));
    uint32_t rest = rk_rng_below(&rng, total), arm = 0;
    while (rest >= s->policy.weight[arm]) rest -= s->policy.weight[arm++];
    return arm;
}

/* ---- the rivals ---- */

/* Shape >= 1: cubes of normals (Marsaglia and Tsang: "A Simple Method for Generating Gamma
 * Variables", 2000). */
static double gamma_variate(double shape, rk_rng *rng) {
    const double d = shape - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        const double u1 = 1.0 - rk_rng_f64(rng), u2 = rk_rng_f64(rng);
        const double x = sqrt(-2.0 * log(u1)) * cos(6.283185307179586 * u2);
        const double v = pow(1.0 + c * x, 3.0);
        if (v > 0.0 && log(1.0 - rk_rng_f64(rng)) < 0.5 * x * x + d - d * v + d * log(v))
            return d * v;
    }
}

typedef struct rival {
    double trials[MOST_ARMS], rewards[MOST_ARMS];
    rk_rng rng;
} rival;

static uint32_t textbook_arm(rival *r, uint32_t arms) {
    double best = -1.0;
    uint32_t chosen = 0;
    for (uint32_t a = 0; a < arms; a++) {
        const double x = gamma_variate(1.0 + r->rewards[a], &r->rng);
        const double y = gamma_variate(1.0 + r->trials[a] - r->rewards[a], &r->rng);
        if (x / (x + y) > best) best = x / (x + y), chosen = a;
    }
    return chosen;
}

static uint32_t best_by(const rival *r, uint32_t arms, double width, double round) {
    double best = -1.0;
    uint32_t chosen = 0;
    for (uint32_t a = 0; a < arms; a++) {
        if (r->trials[a] == 0.0) return a;
        const double score =
            r->rewards[a] / r->trials[a] + width * sqrt(2.0 * log(round) / r->trials[a]);
        if (score > best) best = score, chosen = a;
    }
    return chosen;
}

static uint32_t greedy_arm(rival *r, uint32_t arms) {
    if (rk_rng_f64(&r->rng) < 0.1) return rk_rng_below(&r->rng, arms);
    return best_by(r, arms, 0.0, 1.0);
}

/* ---- regret ---- */

/* One decision of a policy that is drawn for it alone. */
static uint32_t choose_once(served *s, uint64_t version) {
    rk_rng rng = rk_rng_at(rk_mix64(s->seed, version), 1);
    if (rk_rng_below(&rng, RK_POLICY_PARTS) < UNIFORM) return rk_rng_below(&rng, s->policy.arms);
    float best = -1.0f, draw;
    uint32_t chosen = 0;
    for (uint32_t a = 0; a < s->policy.arms; a++) {
        rk_evidence evidence = {0.0, 0.0};
        rk_arms_evidence(&s->table, s->key[a], 0, &s->forgetting, &evidence);
        rk_beta_draw(rk_posterior(s->prior, evidence), &rng, &draw, 1);
        if (draw > best) best = draw, chosen = a;
    }
    return chosen;
}

enum { EVERY_ROUND, DEVICE, BATCHED, INFORMED };

static void run_served(const world *w, uint64_t seed, uint64_t rounds, int way, double *curve) {
    served *s = served_of(seed, w->arms);
    if (way == INFORMED) s->prior = (rk_beta){3.0, 97.0}, way = BATCHED;
    rk_rng luck = rk_rng_at(seed, STREAM_REWARD);
    double regret = 0.0;
    uint32_t total = 0;
    for (uint64_t t = 0; t < rounds; t++) {
        if (t % BATCH == 0 && way != EVERY_ROUND) {
            if (rk_arms_merge(&s->table, s->pending.rows, s->pending.count, NULL) != RK_OK)
                stop("a table is full");
            s->pending.count = 0;
            draw_all(s, t / BATCH);
            total = rk_policy_weigh(&s->policy);
        }
        rk_choice choice;
        if (way == EVERY_ROUND)
            choice.arm = choose_once(s, t);
        else if (way == BATCHED)
            choice.arm = choose_by_weight(s, total, rk_mix64(seed, t));
        else
            rk_policy_choose(&s->policy, rk_mix64(seed, t), 1, &choice);
        regret += w->best - w->chance[choice.arm];
        const bool reward = rk_rng_f64(&luck) < w->chance[choice.arm];
        add_feedback(s, way == BATCHED ? &s->pending : &s->table, choice.arm, reward);
        if (way == DEVICE) draw_arm(s, choice.arm, t / BATCH);
        if ((t + 1) % (rounds / POINTS) == 0) curve[(t + 1) / (rounds / POINTS) - 1] = regret;
    }
    release(s);
}

static void run_rival(const world *w, uint64_t seed, uint64_t rounds, const char *name,
                      double *curve) {
    rival *r = take(sizeof *r);
    r->rng = rk_rng_at(seed, STREAM_RIVAL);
    rk_rng luck = rk_rng_at(seed, STREAM_REWARD);
    double regret = 0.0;
    for (uint64_t t = 0; t < rounds; t++) {
        const uint32_t arm = strcmp(name, "textbook") == 0 ? textbook_arm(r, w->arms)
                             : strcmp(name, "greedy") == 0 ? greedy_arm(r, w->arms)
                                                           : best_by(r, w->arms, 1.0, (double)t);
        regret += w->best - w->chance[arm];
        r->trials[arm] += 1.0;
        r->rewards[arm] += rk_rng_f64(&luck) < w->chance[arm];
        if ((t + 1) % (rounds / POINTS) == 0) curve[(t + 1) / (rounds / POINTS) - 1] = regret;
    }
    free(r);
}

static void regret_command(int count, char **words) {
    const char *policy = option(count, words, "--policy", "reckon");
    const uint64_t rounds = number(count, words, "--rounds", "20000");
    const uint64_t first = number(count, words, "--first", "1");
    const uint64_t seeds = number(count, words, "--seeds", "4");
    const uint32_t arms = (uint32_t)number(count, words, "--arms", "50");
    if (rounds % POINTS != 0 || arms == 0 || arms > MOST_ARMS) stop("rounds or arms");
    static const char *const ways[] = {"reckon", "device", "batched", "informed"};
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        const world w = world_of(seed, arms);
        double curve[POINTS];
        int way = 0;
        while (way < 4 && strcmp(policy, ways[way]) != 0) way++;
        if (way < 4)
            run_served(&w, seed, rounds, way, curve);
        else
            run_rival(&w, seed, rounds, policy, curve);
        for (uint64_t p = 0; p < POINTS; p++)
            printf("regret,%" PRIu64 ",%" PRIu64 ",%.6f\n", seed, (p + 1) * (rounds / POINTS),
                   curve[p]);
    }
}

/* ---- linear ---- */

/* 8 traits of an arm, 8 tastes of a user; x = (1, 7 traits, 8 products). */
typedef struct linear_world {
    double trait[LINEAR_ARMS][8], truth[DIM];
} linear_world;

static linear_world linear_world_of(uint64_t seed) {
    rk_rng rng = rk_rng_at(seed, STREAM_ARMS);
    linear_world w;
    for (uint32_t a = 0; a < LINEAR_ARMS; a++)
        for (uint32_t i = 0; i < 8; i++) w.trait[a][i] = 2.0 * rk_rng_f64(&rng) - 1.0;
    w.truth[0] = -3.4;
    for (uint32_t i = 1; i < DIM; i++) w.truth[i] = 0.6 * (double)rk_rng_normal(&rng);
    return w;
}

static double features_of(const linear_world *w, const double *taste, uint32_t arm, int16_t *x) {
    float raw[DIM] = {1.0f};
    double sum = w->truth[0];
    for (uint32_t i = 1; i < DIM; i++) {
        const double value = i < 8 ? w->trait[arm][i - 1] : w->trait[arm][i - 8] * taste[i - 8];
        raw[i] = (float)value;
        sum += w->truth[i] * value;
    }
    rk_linear_features(raw, DIM, x);
    return 1.0 / (1.0 + exp(-sum));
}

enum { CONTEXT_FREE, THOMPSON, UCB, LINEAR_POLICIES };
static const char *const linear_names[] = {"context-free", "linear Thompson", "LinUCB"};

/* Feedback is merged, and everything drawn again, after a batch. */
static void run_linear(uint64_t seed, uint64_t rounds, int kind) {
    const linear_world w = linear_world_of(seed);
    served *s = served_of(seed, LINEAR_ARMS);
    rk_linear_table table = {DIM, 0, 1, take(rk_linear_words(DIM) * sizeof(int64_t))};
    const rk_linear_table *tables[] = {&table};
    rk_linear model = rk_linear_over(take(rk_linear_bytes(DIM)), DIM);
    rk_rng luck = rk_rng_at(seed, STREAM_REWARD), users = rk_rng_at(seed, STREAM_USER);
    static struct {
        int16_t x[DIM];
        uint32_t arm;
        bool reward;
    } batch[LINEAR_BATCH];
    double reward = 0.0, regret = 0.0;
    for (uint64_t t = 0; t < rounds; t++) {
        const uint64_t version = t / LINEAR_BATCH, policy_seed = rk_mix64(seed, version);
        for (uint32_t i = 0; t % LINEAR_BATCH == 0 && t > 0 && i < LINEAR_BATCH; i++) {
            add_feedback(s, &s->table, batch[i].arm, batch[i].reward);
            rk_linear_add_trial(&table, 0, batch[i].x, NULL);
            if (batch[i].reward) rk_linear_add_reward(&table, 0, batch[i].x, RK_LINEAR_ONE, NULL);
        }
        if (t % LINEAR_BATCH == 0 && kind == CONTEXT_FREE) draw_all(s, version);
        if (t % LINEAR_BATCH == 0 && kind != CONTEXT_FREE) {
            if (!rk_linear_read(&model, tables, 1, 0, &s->forgetting, 1.0)) stop("no factor");
            rk_linear_draw(&model, policy_seed, 1.0);
        }
        double taste[8], best = 0.0, chance[LINEAR_ARMS];
        int16_t x[LINEAR_ARMS][DIM];
        for (uint32_t i = 0; i < 8; i++) taste[i] = 2.0 * rk_rng_f64(&users) - 1.0;
        for (uint32_t a = 0; a < LINEAR_ARMS; a++) {
            chance[a] = features_of(&w, taste, a, x[a]);
            best = fmax(best, chance[a]);
            if (kind == THOMPSON)
                rk_linear_thompson_row(&model, x[a], rk_policy_row(&s->policy, a));
            if (kind == UCB) rk_linear_ucb_row(&model, x[a], 1.0, rk_policy_row(&s->policy, a));
        }
        rk_choice choice;
        rk_policy_choose(&s->policy, rk_mix64(seed, t), 1, &choice);
        batch[t % LINEAR_BATCH].arm = choice.arm;
        batch[t % LINEAR_BATCH].reward = rk_rng_f64(&luck) < chance[choice.arm];
        memcpy(batch[t % LINEAR_BATCH].x, x[choice.arm], sizeof x[0]);
        reward += chance[choice.arm];
        regret += best - chance[choice.arm];
    }
    printf("linear,%" PRIu64 ",%s,%.6f,%.6f\n", seed, linear_names[kind], reward, regret);
    free(table.words), free(model.factor), release(s);
}

static void linear_command(int count, char **words) {
    const uint64_t first = number(count, words, "--first", "1");
    const uint64_t seeds = number(count, words, "--seeds", "4");
    const uint64_t rounds = number(count, words, "--rounds", "20000");
    for (uint64_t seed = first; seed < first + seeds; seed++)
        for (int kind = 0; kind < LINEAR_POLICIES; kind++) run_linear(seed, rounds, kind);
}

/* ---- propensities ---- */

enum { SLOTS = 3, PROPENSITY_ARMS = 50 };

typedef struct log_line {
    uint64_t policy_version, draw_seed;
    rk_choice choice[SLOTS];
    uint8_t reward; /* a bit a slot */
} log_line;

static void learn(served *s, const log_line *line) {
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        add_feedback(s, &s->table, line->choice[slot].arm, line->reward >> slot & 1);
}

static void make_log(uint64_t seed, log_line *log, uint64_t decisions) {
    const world w = world_of(seed, PROPENSITY_ARMS);
    served *s = served_of(seed, PROPENSITY_ARMS);
    rk_rng luck = rk_rng_at(seed, STREAM_REWARD);
    for (uint64_t t = 0; t < decisions; t++) {
        log_line *line = &log[t];
        *line = (log_line){.policy_version = t / BATCH, .draw_seed = rk_mix64(seed, t)};
        if (t % BATCH == 0) draw_all(s, line->policy_version);
        rk_policy_choose(&s->policy, line->draw_seed, SLOTS, line->choice);
        for (uint32_t slot = 0; slot < SLOTS; slot++)
            if (rk_rng_f64(&luck) < w.chance[line->choice[slot].arm])
                line->reward = (uint8_t)(line->reward | 1u << slot);
        learn(s, line);
    }
    release(s);
}

typedef struct tally {
    double chosen, expected, variance;
} tally;

/* Asks for one slot, two, three: the weights of each slot are then the policy's. */
static void replay_line(served *s, const log_line *line, tally *tallies) {
    rk_choice again[SLOTS];
    for (uint32_t slots = 1; slots <= SLOTS; slots++) {
        rk_policy_choose(&s->policy, line->draw_seed, slots, again);
        const rk_choice last = again[slots - 1];
        for (uint32_t a = 0; a < PROPENSITY_ARMS; a++) {
            const double p = (double)s->policy.weight[a] / last.total;
            tallies[a].expected += p;
            tallies[a].variance += p * (1.0 - p);
        }
        tallies[last.arm].chosen += 1.0;
    }
    if (memcmp(again, line->choice, sizeof again) != 0) stop("a decision does not replay");
}

static void propensity_command(int count, char **words) {
    const uint64_t decisions = number(count, words, "--decisions", "1000000");
    const uint64_t seed = number(count, words, "--seed", "1");
    log_line *log = take(decisions * sizeof *log);
    make_log(seed, log, decisions);
    served *s = served_of(seed, PROPENSITY_ARMS);
    tally tallies[PROPENSITY_ARMS] = {{0.0, 0.0, 0.0}};
    for (uint64_t t = 0; t < decisions; t++) {
        if (t == 0 || log[t].policy_version != log[t - 1].policy_version)
            draw_all(s, log[t].policy_version);
        replay_line(s, &log[t], tallies);
        learn(s, &log[t]);
    }
    for (uint32_t a = 0; a < PROPENSITY_ARMS; a++)
        printf("propensity,%u,%.0f,%.6f,%.6f\n", a, tallies[a].chosen, tallies[a].expected,
               sqrt(tallies[a].variance));
    printf("replayed,%" PRIu64 "\n", decisions);
    release(s), free(log);
}

/* ---- the same in every host ---- */

static void digest_command(int count, char **words) {
    const uint64_t seed = number(count, words, "--seed", "1");
    enum { DECISIONS = 3000, LINEAR_DECISIONS = 300 };
    rk_sha256 hash;
    rk_sha256_init(&hash);
    log_line *log = take(DECISIONS * sizeof *log);
    make_log(seed, log, DECISIONS);
    rk_sha256_update(&hash, log, DECISIONS * sizeof *log);
    free(log);
    static const double shapes[] = {RK_BETA_LEAST, 0.5, 1.0, 1.5, 20.0, 1e4, 1e9};
    float row[RK_POLICY_ROUNDS];
    for (size_t i = 0; i < 49; i++) {
        rk_rng rng = rk_rng_at(seed, i);
        rk_beta_draw((rk_beta){shapes[i / 7], shapes[i % 7]}, &rng, row, RK_POLICY_ROUNDS);
        rk_sha256_update(&hash, row, sizeof row);
    }
    for (uint32_t dim = 1; dim <= RK_LINEAR_MOST_DIM; dim = dim * 2 + 1) {
        rk_linear_table table = {dim, 0, 1, take(rk_linear_words(dim) * sizeof(int64_t))};
        const rk_linear_table *tables[] = {&table};
        rk_linear model = rk_linear_over(take(rk_linear_bytes(dim)), dim);
        rk_rng rng = rk_rng_at(seed, dim);
        const rk_forgetting forgetting = rk_forgetting_of(7.0f);
        int16_t x[RK_LINEAR_MOST_DIM];
        for (uint32_t t = 0; t < LINEAR_DECISIONS; t++) {
            float raw[RK_LINEAR_MOST_DIM];
            for (uint32_t i = 0; i < dim; i++) raw[i] = rk_rng_normal(&rng);
            rk_linear_features(raw, dim, x);
            rk_linear_add_trial(&table, 3, x, NULL);
            if (x[0] > 0) rk_linear_add_reward(&table, 3, x, 1234, NULL);
        }
        if (!rk_linear_read(&model, tables, 1, 9, &forgetting, 1.0)) stop("no factor");
        rk_linear_draw(&model, seed, 1.0);
        rk_linear_thompson_row(&model, x, row);
        rk_sha256_update(&hash, row, sizeof row);
        rk_linear_ucb_row(&model, x, 1.0, row);
        rk_sha256_update(&hash, row, sizeof row);
        free(table.words), free(model.factor);
    }
    unsigned char digest[RK_SHA256_BYTES];
    rk_sha256_final(&hash, digest);
    printf("digest,");
    for (size_t i = 0; i < sizeof digest; i++) printf("%02x", digest[i]);
    printf("\n");
}

/* ---- cost ---- */

static void cost_of_linear(uint32_t dim) {
    enum { TIMES = 21 };
    double read[TIMES], draw[TIMES], row[TIMES];
    rk_linear_table table = {dim, 0, 1, take(rk_linear_words(dim) * sizeof(int64_t))};
    const rk_linear_table *tables[] = {&table};
    rk_linear model = rk_linear_over(take(rk_linear_bytes(dim)), dim);
    const rk_forgetting forgetting = rk_forgetting_of(0.0f);
    int16_t x[RK_LINEAR_MOST_DIM] = {RK_LINEAR_ONE};
    float out[RK_POLICY_ROUNDS];
    rk_linear_add_trial(&table, 0, x, NULL);
    for (uint32_t i = 0; i < TIMES; i++) {
        const double t0 = bench_now_ns();
        if (!rk_linear_read(&model, tables, 1, 0, &forgetting, 1.0)) stop("no factor");
        const double t1 = bench_now_ns();
        rk_linear_draw(&model, i, 1.0);
        const double t2 = bench_now_ns();
        rk_linear_thompson_row(&model, x, out);
        read[i] = t1 - t0, draw[i] = t2 - t1, row[i] = bench_now_ns() - t2;
    }
    printf("cost,linear %u: factor and estimate,%.0f\n", dim, bench_median(read, TIMES));
    printf("cost,linear %u: ensemble of 256,%.0f\n", dim, bench_median(draw, TIMES));
    printf("cost,linear %u: an arm's row,%.0f\n", dim, bench_median(row, TIMES));
    free(table.words), free(model.factor);
}

static void cost_of_arms(uint32_t arms) {
    enum { TIMES = 21 };
    double draw[TIMES], choose[TIMES];
    served *s = served_of(1, arms);
    const world w = world_of(1, arms);
    for (uint32_t a = 0; a < arms; a++)
        for (uint32_t i = 0; i < 200; i++) add_feedback(s, &s->table, a, i * w.chance[a] >= 3.0);
    for (uint32_t i = 0; i < TIMES; i++) {
        const double t0 = bench_now_ns();
        draw_all(s, i);
        const double t1 = bench_now_ns();
        rk_choice choice;
        rk_policy_choose(&s->policy, i, 1, &choice);
        draw[i] = t1 - t0, choose[i] = bench_now_ns() - t1;
    }
    printf("cost,%u arms: a draw,%.1f\n", arms, bench_median(draw, TIMES) / arms / 256);
    printf("cost,%u arms: all rows,%.0f\n", arms, bench_median(draw, TIMES));
    printf("cost,%u arms: a slot,%.0f\n", arms, bench_median(choose, TIMES));
    release(s);
}

int main(int count, char **words) {
    const char *command = count > 1 ? words[1] : "";
    if (strcmp(command, "regret") == 0)
        regret_command(count, words);
    else if (strcmp(command, "linear") == 0)
        linear_command(count, words);
    else if (strcmp(command, "propensity") == 0)
        propensity_command(count, words);
    else if (strcmp(command, "digest") == 0)
        digest_command(count, words);
    else if (strcmp(command, "cost") == 0) {
        cost_of_arms(50), cost_of_arms(500), cost_of_linear(16), cost_of_linear(64);
    } else
        stop("usage: see the head of bench_bandit.c");
    return 0;
}
