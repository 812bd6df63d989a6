#include "learn/build_popularity.h"

#include "base/fmath.h"
#include "base/topk.h"

bool rk_build_popularity(const rk_log *log, int64_t half_life_ms, const float *start,
                         rk_memory *memory, float *popularity, uint32_t *popular,
                         uint32_t *popular_count) {
    uint32_t rows = RK_MIN(log->items, RK_POPULAR_ROWS);
    rk_scored *list = RK_NEW(memory, rk_scored, rows);
    double *sum = RK_NEW(memory, double, log->items);
    if (!list || !sum) return false;
    for (uint32_t item = 0; start && item < log->items; item++) sum[item] = (double)start[item];
    int64_t newest = INT64_MIN;
    for (uint64_t i = 0; i < log->events; i++) newest = RK_MAX(newest, log->time[i]);
    for (uint64_t i = 0; i < log->events; i++) {
        float decay = 1.0f;
        if (half_life_ms > 0) {
            decay = rk_exp2f((float)(-(double)(newest - log->time[i]) / (double)half_life_ms));
        }
        sum[log->item[i]] += (double)(log->weight[i] * decay);
    }
    rk_topk top = rk_topk_over(list, rows);
    for (uint32_t item = 0; item < log->items; item++) {
        popularity[item] = (float)sum[item];
        rk_topk_push(&top, popularity[item], item);
    }
    *popular_count = rk_topk_finish(&top);
    for (uint32_t i = 0; i < *popular_count; i++) popular[i] = list[i].item;
    return true;
}
