#include "learn/build_explore.h"

#include "base/topk.h"

/* Later is more worth exploring; places in the log stand for times, which may be missing. */
static float newness(uint32_t events, uint64_t last, uint64_t all) {
    return events == 0 ? 2.0f : (float)((double)(last + 1) / (double)all);
}

bool rk_build_explore(const rk_log *log, uint32_t *explore, uint32_t *count) {
    rk_memory scratch = {0};
    int64_t oldest = INT64_MAX, newest = INT64_MIN;
    int64_t *last = RK_NEW(&scratch, int64_t, log->items);
    bool *chosen = RK_NEW(&scratch, bool, log->items);
    rk_scored *list = RK_NEW(&scratch, rk_scored, RK_EXPLORE_ROWS);
    bool ok = last && chosen && list;
    *count = 0;
    for (uint32_t item = 0; ok && item < log->items; item++) last[item] = INT64_MIN;
    for (uint64_t i = 0; ok && i < log->events; i++) {
        oldest = RK_MIN(oldest, log->time[i]);
        newest = RK_MAX(newest, log->time[i]);
        last[log->item[i]] = RK_MAX(last[log->item[i]], log->time[i]);
    }
    const uint64_t all = ok && log->events ? (uint64_t)(newest - oldest) + 1 : 1;
    rk_topk best = rk_topk_over(list, ok ? RK_EXPLORE_ROWS : 0);
    for (uint32_t item = 0; ok && item < log->items; item++) {
        uint32_t events = log->item_events[item];
        if (events > RK_EXPLORE_EVENTS || log->item_rows[item] == RK_ROW_DISLIKED) continue;
        uint64_t since = events ? (uint64_t)(last[item] - oldest) : 0;
        rk_topk_push(&best, newness(events, since, all), item);
    }
    uint32_t found = rk_topk_finish(&best);
    for (uint32_t i = 0; i < found; i++) chosen[list[i].item] = true;
    for (uint32_t item = 0; ok && item < log->items; item++) {
        if (chosen[item]) explore[(*count)++] = item;
    }
    rk_memory_free(&scratch);
    return ok;
}
