#include "serve/bandit.h"

#include "base/fmath.h"
#include "base/topk.h"
#include "serve/stages.h"

/* Trials that the mean of all clusters counts in the mean of one, and the prior rate in that of
 * all. */
#define CLUSTER_TRIALS 50.0
#define REGION_TRIALS  100.0
#define MOST_RATE      0.99
/* Deviations above the mean by which items without enough evidence get into the pool. */
#define POOL_DEVIATIONS 2.0

static uint32_t day_of(int64_t time_ms) {
    return (uint32_t)(time_ms / RK_MS_PER_DAY);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void lay_out(rk_arena *arena, const rk_engine *engine, const rk_bandit_options *options,
                    rk_bandit *bandit) {
    bandit->region.rows = RK_TAKE(arena, rk_arm_row, options->rows);
    bandit->sent.rows = RK_TAKE(arena, rk_arm_row, options->rows);
    bandit->open.rows = RK_TAKE(arena, rk_arm_row, options->rows);
    bandit->arm = RK_TAKE(arena, rk_bandit_arm, engine->content.meta.explore_count);
    bandit->prior = RK_TAKE(arena, rk_beta, bandit->clusters);
    bandit->cluster_rows = RK_TAKE(arena, float, bandit->clusters *RK_POLICY_ROUNDS);
    bandit->ranked = RK_TAKE(arena, rk_scored, RK_BANDIT_POOL);
    void *rows = rk_arena_take(arena, rk_policy_bytes(RK_BANDIT_POOL), 1);
    if (rows) bandit->policy = rk_policy_over(rows, RK_BANDIT_POOL, 0);
}

static uint32_t clusters_of(const rk_engine *engine) {
    return RK_MAX(engine->content.meta.clusters, 1u);
}

static uint32_t cluster_of(const rk_engine *engine, uint32_t item) {
    return engine->content.cluster ? engine->content.cluster[item] : 0;
}

static rk_status check_options(const rk_bandit_options *options, rk_error *error) {
    if (!(options->prior_rate > 0.0f && options->prior_rate < 1.0f))
        return rk_fail(error, RK_BAD_ARGUMENT, NULL, 0, "the prior rate is not between 0 and 1");
    if (!(options->prior_trials >= 1.0f && options->prior_trials <= 1e6f))
        return rk_fail(error, RK_BAD_ARGUMENT, NULL, 1, "the prior trials are not 1 to 1e6");
    if (!(options->half_life_days >= 0.0f && options->half_life_days <= 1e6f))
        return rk_fail(error, RK_BAD_ARGUMENT, NULL, 2, "the half life is not 0 to 1e6 days");
    if (!(options->uniform >= 0.0f && options->uniform <= 1.0f))
        return rk_fail(error, RK_BAD_ARGUMENT, NULL, 3, "the uniform share is not 0 to 1");
    if (options->rows < 1 || options->rows > RK_BANDIT_MOST_ROWS)
        return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, 4, "rows", options->rows,
                             RK_BANDIT_MOST_ROWS);
    return RK_OK;
}

rk_status rk_bandit_measure(const rk_engine *engine, const rk_bandit_options *options,
                            uint64_t *bytes, rk_error *error) {
    RK_TRY(check_options(options, error));
    rk_arena arena = rk_arena_measuring();
    rk_bandit unused = {.clusters = clusters_of(engine)};
    (void)RK_TAKE(&arena, rk_bandit, 1);
    lay_out(&arena, engine, options, &unused);
    *bytes = arena.used;
    return RK_OK;
}

rk_status rk_bandit_open(const rk_engine *engine, const rk_bandit_options *options, void *memory,
                         uint64_t memory_bytes, rk_bandit **out, rk_error *error) {
    uint64_t needed;
    RK_TRY(rk_bandit_measure(engine, options, &needed, error));
    if ((uintptr_t)memory % RK_CACHE_LINE)
        return rk_fail(error, RK_MISALIGNED, NULL, 0, "bandit memory");
    if (memory_bytes < needed)
        return rk_fail_value(error, RK_OUT_OF_MEMORY, NULL, 0, "bandit bytes", memory_bytes,
                             needed);
    rk_arena arena = rk_arena_over(memory, memory_bytes);
    rk_bandit *bandit = RK_TAKE(&arena, rk_bandit, 1);
    *bandit = (rk_bandit){.engine = engine,
                          .options = *options,
                          .arms = engine->content.meta.explore_count,
                          .clusters = clusters_of(engine),
                          .stale = true};
    lay_out(&arena, engine, options, bandit);
    bandit->region.capacity = bandit->sent.capacity = bandit->open.capacity = options->rows;
    bandit->forgetting = rk_forgetting_of(options->half_life_days);
    for (uint32_t a = 0; a < bandit->arms; a++) {
        const uint32_t item = engine->content.explore[a];
        const char *id;
        const uint32_t bytes = rk_item_id(engine, item, &id);
        bandit->arm[a] = (rk_bandit_arm){.key = rk_arm_of_item(id, bytes),
                                         .cluster = (uint16_t)cluster_of(engine, item),
                                         .item = item};
    }
    *out = bandit;
    return RK_OK;
}

/* ---- evidence -------------------------------------------------------------------------------- */

static rk_evidence evidence_of(const rk_bandit *bandit, uint64_t key) {
    rk_evidence evidence = {0};
    rk_arms_evidence(&bandit->region, key, bandit->today, &bandit->forgetting, &evidence);
    rk_arms_evidence(&bandit->sent, key, bandit->today, &bandit->forgetting, &evidence);
    rk_arms_evidence(&bandit->open, key, bandit->today, &bandit->forgetting, &evidence);
    return evidence;
}

static void read_arm(rk_bandit *bandit, rk_bandit_arm *arm) {
    const rk_evidence evidence = evidence_of(bandit, arm->key);
    arm->trials = (float)evidence.trials;
    arm->rewards = (float)evidence.rewards;
}

static uint64_t cluster_key(const rk_bandit *bandit, uint32_t cluster) {
    return rk_arm_of_cluster(bandit->engine->content.meta.cluster_model, cluster);
}

/* The priors of items by their clusters, and the mean that these are shrunk to. */
static void read_clusters(rk_bandit *bandit) {
    rk_evidence all = {.trials = REGION_TRIALS,
                       .rewards = REGION_TRIALS * (double)bandit->options.prior_rate};
    for (uint32_t c = 0; c < bandit->clusters; c++) {
        const rk_evidence own = evidence_of(bandit, cluster_key(bandit, c));
        all.trials += own.trials;
        all.rewards += RK_MIN(own.rewards, own.trials);
    }
    bandit->mean = RK_MIN(all.rewards / all.trials, MOST_RATE);
    for (uint32_t c = 0; c < bandit->clusters; c++) {
        const rk_evidence own = evidence_of(bandit, cluster_key(bandit, c));
        const double trials = own.trials + CLUSTER_TRIALS;
        const double rewards = RK_MIN(own.rewards, own.trials) + CLUSTER_TRIALS * bandit->mean;
        const double mean = RK_MIN(rewards / trials, MOST_RATE);
        const double within = (double)bandit->options.prior_trials;
        const double worth = 1.0 / (1.0 / (within + 1.0) + 1.0 / (trials + 1.0)) - 1.0;
        bandit->prior[c] = (rk_beta){RK_MAX(worth * mean, RK_BETA_LEAST),
                                     RK_MAX(worth * (1.0 - mean), RK_BETA_LEAST)};
    }
}

static rk_beta posterior_of(const rk_bandit *bandit, const rk_bandit_arm *arm) {
    return rk_posterior(bandit->prior[arm->cluster],
                        (rk_evidence){(double)arm->trials, (double)arm->rewards});
}

static rk_bandit_arm *arm_of(const rk_bandit *bandit, uint32_t item) {
    const uint32_t index =
        rk_explore_index(bandit->engine->explore_blocks, &bandit->engine->content.meta, item);
    return index == RK_NONE ? NULL : &bandit->arm[index];
}

float rk_bandit_lift(const rk_bandit *bandit, uint32_t item) {
    const rk_bandit_arm *arm = arm_of(bandit, item);
    if (!arm || arm->trials == 0.0f) return 1.0f;
    const rk_beta posterior = posterior_of(bandit, arm);
    return (float)(posterior.alpha / (posterior.alpha + posterior.beta) / bandit->mean);
}

/* ---- the pool -------------------------------------------------------------------------------- */

/* Neither shown often enough nor too old. */
static bool is_open(const rk_bandit *bandit, const rk_bandit_arm *arm, int64_t time_ms) {
    const rk_bandit_options *options = &bandit->options;
    const uint32_t *born = bandit->engine->content.born;
    if (options->most_impressions && arm->trials >= (float)options->most_impressions) return false;
    if (!options->most_days || !born || !born[arm->item] || time_ms == 0) return true;
    return time_ms - (int64_t)born[arm->item] * 60000 <= options->most_days * RK_MS_PER_DAY;
}

/* Nobody has met it (of those that few have, the log says a little), and it lacks impressions. */
static bool is_wanting(const rk_bandit *bandit, const rk_bandit_arm *arm) {
    const rk_engine *engine = bandit->engine;
    const bool is_new = engine->content.meta.tasks ? rk_stage_is_new(engine, arm->item)
                                                   : engine->content.popularity[arm->item] == 0.0f;
    return is_new && arm->trials < (float)bandit->options.impressions;
}

static float jitter(const rk_bandit *bandit, const rk_bandit_arm *arm) {
    return (float)(rk_mix64(bandit->version, arm->key) >> 40) * 0x1p-24f;
}

/* Optimism in the face of uncertainty, ties by chance. */
static float promise(const rk_bandit *bandit, const rk_bandit_arm *arm) {
    const rk_beta posterior = posterior_of(bandit, arm);
    const double trials = posterior.alpha + posterior.beta, mean = posterior.alpha / trials;
    const double deviation = rk_sqrt(mean * (1.0 - mean) / (trials + 1.0));
    return (float)(mean + POOL_DEVIATIONS * deviation) * (1.0f + 1e-4f * jitter(bandit, arm));
}

/* The best `most` arms by (wanting: impressions so far; else promise) that have no place yet get
 * one, to be numbered later. Returns how many. */
static uint32_t admit(rk_bandit *bandit, int64_t time_ms, bool wanting, uint32_t most) {
    rk_topk best = rk_topk_over(bandit->ranked, most);
    for (uint32_t a = 0; a < bandit->arms; a++) {
        const rk_bandit_arm *arm = &bandit->arm[a];
        if (arm->place || !is_open(bandit, arm, time_ms)) continue;
        if (wanting && !is_wanting(bandit, arm)) continue;
        rk_topk_push(&best, wanting ? arm->trials + jitter(bandit, arm) : promise(bandit, arm), a);
    }
    const uint32_t found = rk_topk_finish(&best);
    for (uint32_t i = 0; i < found; i++) bandit->arm[bandit->ranked[i].item].place = 1;
    return found;
}

static void fill_pool(rk_bandit *bandit, int64_t time_ms) {
    for (uint32_t a = 0; a < bandit->arms; a++) bandit->arm[a].place = 0;
    uint32_t count = admit(bandit, time_ms, true, RK_BANDIT_ELICITED);
    count += admit(bandit, time_ms, false, RK_BANDIT_POOL - count);
    uint32_t place = 0;
    for (uint32_t a = 0; a < bandit->arms; a++) {
        rk_bandit_arm *arm = &bandit->arm[a];
        if (!arm->place) continue;
        bandit->pooled[place] = a;
        bandit->dirty[place] = 1;
        arm->place = (uint16_t)++place;
    }
    assert(place == count);
    bandit->policy.arms = place;
    bandit->policy.scale = bandit->scale;
    bandit->policy.favoured = bandit->few;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void draw_clusters(rk_bandit *bandit) {
    rk_policy rows = {.arms = bandit->clusters, .sample = bandit->cluster_rows};
    for (uint32_t c = 0; c < bandit->clusters; c++)
        rk_policy_draw_beta(&rows, c, bandit->version, cluster_key(bandit, c), bandit->prior[c]);
}

/* Rounds are a power of two, so any odd stride visits all of them. */
static void copy_row(const rk_bandit *bandit, const rk_bandit_arm *arm, float *row) {
    const float *from = bandit->cluster_rows + (size_t)arm->cluster * RK_POLICY_ROUNDS;
    const uint64_t turn = rk_mix64(arm->key, bandit->version);
    const uint32_t offset = (uint32_t)turn, stride = (uint32_t)(turn >> 32) | 1u;
    for (uint32_t m = 0; m < RK_POLICY_ROUNDS; m++)
        row[m] = from[(offset + m * stride) % RK_POLICY_ROUNDS];
}

static void draw_rows(rk_bandit *bandit) {
    for (uint32_t place = 0; place < bandit->policy.arms; place++) {
        if (!bandit->dirty[place]) continue;
        const rk_bandit_arm *arm = &bandit->arm[bandit->pooled[place]];
        bandit->dirty[place] = 0;
        bandit->few[place] = is_wanting(bandit, arm);
        if (arm->trials == 0.0f) {
            copy_row(bandit, arm, rk_policy_row(&bandit->policy, place));
        } else {
            rk_policy_draw_beta(&bandit->policy, place, bandit->version, arm->key,
                                posterior_of(bandit, arm));
        }
    }
}

/* While some of the pool wait for their impressions half of the slots are theirs. */
static void share_out(rk_bandit *bandit) {
    uint32_t few = 0, parts = (uint32_t)(bandit->options.uniform * (float)RK_POLICY_PARTS);
    for (uint32_t place = 0; place < bandit->policy.arms; place++) few += bandit->few[place];
    bandit->policy.uniform = few ? RK_MAX(parts, RK_POLICY_PARTS / 2) : parts;
}

/* What no reader would count makes room; a batch under way stays as it was sent. */
static void forget(rk_bandit *bandit) {
    const uint32_t kept = bandit->forgetting.days;
    if (kept == 0 || bandit->today < kept) return;
    rk_arms_forget(&bandit->region, bandit->today - kept + 1);
    rk_arms_forget(&bandit->open, bandit->today - kept + 1);
}

void rk_bandit_refresh(rk_bandit *bandit, int64_t time_ms) {
    const uint32_t day = time_ms > 0 ? day_of(time_ms) : bandit->today;
    if (bandit->stale || day != bandit->today || bandit->changes >= RK_BANDIT_BATCH) {
        bandit->stale = false;
        bandit->today = day;
        bandit->changes = 0;
        bandit->version++;
        forget(bandit);
        read_clusters(bandit);
        for (uint32_t a = 0; a < bandit->arms; a++) read_arm(bandit, &bandit->arm[a]);
        draw_clusters(bandit);
        fill_pool(bandit, time_ms);
    }
    draw_rows(bandit);
    share_out(bandit);
}

uint32_t rk_bandit_place(const rk_bandit *bandit, uint32_t item) {
    const rk_bandit_arm *arm = arm_of(bandit, item);
    return arm && arm->place ? arm->place - 1u : RK_NONE;
}

float rk_bandit_sample(const rk_bandit *bandit, uint32_t place, uint32_t round) {
    return rk_policy_row(&bandit->policy, place)[round];
}

static void suit(rk_bandit *bandit, const rk_engine *engine, bool known) {
    uint32_t count = 0;
    for (uint32_t place = 0; place < bandit->policy.arms; place++) {
        const uint32_t item = bandit->arm[bandit->pooled[place]].item;
        const uint32_t slot = engine->candidates.slot[item];
        bandit->scale[place] = 1.0f;
        if (slot)
            bandit->ranked[count++] = (rk_scored){.score = engine->blends[slot - 1], .item = place};
    }
    if (!known || count < 2) return;
    rk_sort_scored(bandit->ranked, count);
    for (uint32_t i = 0; i < count; i++)
        bandit->scale[bandit->ranked[i].item] =
            rk_exp2f(1.0f - 2.0f * (float)i / (float)(count - 1));
}

void rk_bandit_weigh(rk_bandit *bandit, rk_engine *engine, bool known) {
    suit(bandit, engine, known);
    for (uint32_t i = 0; i < engine->candidates.count; i++) {
        if (engine->blends[i] > 0.0f)
            engine->blends[i] *= rk_bandit_lift(bandit, engine->candidates.item[i]);
    }
}

/* ---- what comes of it ------------------------------------------------------------------------ */

static rk_status add(rk_bandit *bandit, uint64_t key, uint32_t day, bool rewarded,
                     rk_error *error) {
    const rk_arm_row row = {.arm_day = rk_arm_day(key, day),
                            .trials = rewarded ? 0 : RK_ARM_ONE,
                            .rewards = rewarded ? RK_ARM_ONE : 0};
    return rk_arms_add(&bandit->open, row, error);
}

rk_status rk_bandit_record(rk_bandit *bandit, uint32_t item, bool rewarded, int64_t shown_ms,
                           rk_error *error) {
    const rk_engine *engine = bandit->engine;
    if (item >= engine->content.meta.items)
        return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, 0, "item", item,
                             engine->content.meta.items - 1);
    if (shown_ms < 0 || shown_ms / RK_MS_PER_DAY >= (int64_t)1 << RK_DAY_BITS)
        return rk_fail(error, RK_BAD_ARGUMENT, NULL, 0, "the time is not one of 1970 to 2149");
    /* Both rows or none. */
    if (bandit->open.capacity - bandit->open.count < 2)
        return rk_fail_value(error, RK_TOO_LARGE, NULL, 0, "rows", bandit->open.count,
                             bandit->open.capacity);
    const char *id;
    const uint32_t bytes = rk_item_id(engine, item, &id), day = day_of(shown_ms);
    RK_TRY(add(bandit, cluster_key(bandit, cluster_of(engine, item)), day, rewarded, error));
    RK_TRY(add(bandit, rk_arm_of_item(id, bytes), day, rewarded, error));
    bandit->changes++;
    rk_bandit_arm *arm = arm_of(bandit, item);
    if (!arm) return RK_OK;
    read_arm(bandit, arm);
    if (arm->place) bandit->dirty[arm->place - 1] = 1;
    return RK_OK;
}

void rk_bandit_known(rk_bandit *bandit, uint32_t item, rk_bandit_evidence *out) {
    const char *id;
    if (bandit->stale) rk_bandit_refresh(bandit, 0);
    const uint32_t bytes = rk_item_id(bandit->engine, item, &id);
    const rk_evidence evidence = evidence_of(bandit, rk_arm_of_item(id, bytes));
    const rk_beta posterior =
        rk_posterior(bandit->prior[cluster_of(bandit->engine, item)], evidence);
    *out = (rk_bandit_evidence){.trials = evidence.trials,
                                .rewards = evidence.rewards,
                                .alpha = posterior.alpha,
                                .beta = posterior.beta,
                                .pooled = rk_bandit_place(bandit, item) != RK_NONE};
}
