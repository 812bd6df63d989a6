#include "learn/build_trending.h"

#include "base/fmath.h"
#include "base/topk.h"

typedef struct counts {
    uint32_t *recent, *before; /* (items) events of the last window, of the windows before it */
    uint64_t all_recent, all_before;
} counts;

static void count_events(const rk_log *log, int64_t window_ms, counts *c) {
    int64_t newest = INT64_MIN;
    for (uint64_t i = 0; i < log->events; i++) newest = RK_MAX(newest, log->time[i]);
    for (uint64_t i = 0; i < log->events; i++) {
        int64_t age = newest - log->time[i];
        if (age < window_ms) {
            c->recent[log->item[i]]++;
            c->all_recent++;
        } else if (age < (int64_t)(RK_TRENDING_BASELINE + 1) * window_ms) {
            c->before[log->item[i]]++;
            c->all_before++;
        }
    }
}

static float score_of(const counts *c, uint32_t item) {
    float recent = (float)c->recent[item];
    float bound = recent - RK_TRENDING_DEVIATIONS * rk_sqrtf(recent);
    float share = (float)c->before[item] / (float)RK_MAX(c->all_before, 1u);
    float expected = share * (float)c->all_recent; /* g * b */
    float rise = bound / (expected + RK_TRENDING_PRIOR);
    return rise > 1.0f ? rise / (1.0f + rise) : 0.0f;
}

bool rk_build_trending(const rk_log *log, int64_t window_ms, float *trending, uint32_t *top,
                       uint32_t *top_count) {
    rk_memory scratch = {0};
    counts c = {.recent = RK_NEW(&scratch, uint32_t, log->items),
                .before = RK_NEW(&scratch, uint32_t, log->items)};
    rk_scored *list = RK_NEW(&scratch, rk_scored, RK_TRENDING_ROWS);
    bool ok = c.recent && c.before && list;
    if (ok) {
        count_events(log, window_ms, &c);
        rk_topk best = rk_topk_over(list, RK_TRENDING_ROWS);
        for (uint32_t item = 0; item < log->items; item++) {
            trending[item] = score_of(&c, item);
            if (trending[item] > 0.0f) rk_topk_push(&best, trending[item], item);
        }
        *top_count = rk_topk_finish(&best);
        for (uint32_t i = 0; i < *top_count; i++) top[i] = list[i].item;
    }
    rk_memory_free(&scratch);
    return ok;
}
