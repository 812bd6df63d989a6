#include "learn/tune_settings.h"

#include "base/fmath.h"
#include "base/rng.h"
#include "serve/source.h"

#define STREAM_SETTING (UINT64_C(0x74756E65) << 32) /* "tune", then the number */
#define OCTAVES        3.0f                         /* 8 = 2^3 */
#define STEPS          1000.0f

static const uint32_t quota_grid[] = {0, 25, 50, 100, 200, 400};

uint32_t rk_setting_sources(const rk_snapshot_content *snapshot) {
    const rk_snapshot_meta *meta = &snapshot->meta;
    uint32_t sources = 1u << RK_SOURCE_POPULAR | 1u << RK_SOURCE_SIMILAR;
    if (snapshot->vector_cells) sources |= 1u << RK_SOURCE_SESSION;
    if (meta->trending_count) sources |= 1u << RK_SOURCE_TRENDING;
    if (meta->place_count) sources |= 1u << RK_SOURCE_NEARBY;
    if (meta->user_positions) sources |= 1u << RK_SOURCE_USER;
    return sources;
}

rk_setting rk_setting_own(const rk_snapshot_content *snapshot) {
    rk_setting setting = {0};
    for (uint32_t t = 0; t < snapshot->meta.tasks; t++)
        setting.values[t] = snapshot->tasks[t].weight;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++)
        setting.quotas[s] = RK_MIN(snapshot->sources[s].quota, RK_MAX_QUOTA);
    return setting;
}

static float magnitude(float x) {
    return x < 0.0f ? -x : x;
}

/* Not to zero: a weight that is there stays there. */
static float rounded(float weight) {
    float steps = (float)rk_round_i32(magnitude(weight) * STEPS);
    float size = RK_MAX(1.0f, steps) / STEPS;
    return weight < 0.0f ? -size : size;
}

static float draw_weight(rk_rng *rng, float own, float event, float largest) {
    float factor = rk_exp2f(OCTAVES * (2.0f * rk_rng_f32(rng) - 1.0f));
    bool either = rk_rng_below(rng, 2) == 0;
    if (own != 0.0f) {
        bool contradicted = event != 0.0f && (event < 0.0f) != (own < 0.0f);
        return rounded(contradicted && either ? -own * factor : own * factor);
    }
    if (either || event == 0.0f) return 0.0f;
    float size = largest * RK_MIN(1.0f, factor);
    return rounded(event < 0.0f ? -size : size);
}

static uint32_t draw_quota(rk_rng *rng, uint32_t source) {
    uint32_t least = source == RK_SOURCE_POPULAR;
    uint32_t count = (uint32_t)(sizeof quota_grid / sizeof *quota_grid);
    return quota_grid[least + rk_rng_below(rng, count - least)];
}

/* Which of `those` (a bit each) change: half of them, at least one if there are any. */
static uint32_t draw_some(rk_rng *rng, uint32_t those) {
    uint32_t some = rk_rng_u32(rng) & those, chosen = 0;
    if (some || !those) return some;
    for (uint32_t skip = rk_rng_below(rng, (uint32_t)__builtin_popcount(those)) + 1; skip; skip--) {
        chosen = those & (0 - those);
        those ^= chosen;
    }
    return chosen;
}

rk_setting rk_setting_draw(const rk_snapshot_content *snapshot, const float *type_weight,
                           uint64_t seed, uint32_t number) {
    rk_rng rng = rk_rng_at(seed, STREAM_SETTING + number);
    rk_setting setting = rk_setting_own(snapshot);
    uint32_t tasks = snapshot->meta.tasks;
    bool weights = tasks > 0 && number % 3 != 2, quotas = tasks == 0 || number % 3 != 1;
    uint32_t some_tasks = draw_some(&rng, weights ? (1u << tasks) - 1u : 0);
    uint32_t some_sources = draw_some(&rng, quotas ? rk_setting_sources(snapshot) : 0);
    float largest = 0.0f;
    for (uint32_t t = 0; t < tasks; t++)
        largest = RK_MAX(largest, magnitude(snapshot->tasks[t].weight));
    if (!(largest > 0.0f)) largest = 1.0f;
    for (uint32_t t = 0; t < tasks; t++) {
        float drawn =
            draw_weight(&rng, setting.values[t], type_weight[snapshot->tasks[t].type], largest);
        if (some_tasks >> t & 1u) setting.values[t] = drawn;
    }
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        if (some_sources >> s & 1u) setting.quotas[s] = draw_quota(&rng, s);
    }
    return setting;
}
