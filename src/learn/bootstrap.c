#include "learn/bootstrap.h"

#include <stdlib.h>

#include "base/rng.h"
#include "learn/parallel.h"

#define TAIL             (RK_RESAMPLES / 40u)         /* 2.5 % */
#define STREAM_RESAMPLES (UINT64_C(0x626F6F74) << 32) /* "boot", then the resample */

/* Sums of the users who have a measured case. */
typedef struct user_sums {
    uint32_t users, width;
    double *sum;     /* (users, width) */
    uint32_t *cases; /* (users) > 0 */
    uint64_t seed;
    double *means; /* (RK_RESAMPLES, width) */
} user_sums;

static bool sum_users(const rk_split *split, const float *values, rk_memory *memory,
                      user_sums *sums) {
    uint32_t width = sums->width;
    uint64_t users = 0;
    for (uint32_t i = 0; i < split->case_count; i++)
        users += i == 0 || split->cases[i].user != split->cases[i - 1].user;
    sums->sum = RK_NEW(memory, double, users *width);
    sums->cases = RK_NEW(memory, uint32_t, users);
    if (!sums->sum || !sums->cases) return false;
    for (uint32_t i = 0, last = RK_NONE; i < split->case_count; i++) {
        const float *value = values + (uint64_t)i * width;
        if (value[0] < 0.0f) continue;
        if (split->cases[i].user != last) sums->users++;
        last = split->cases[i].user;
        uint32_t user = sums->users - 1;
        sums->cases[user]++;
        for (uint32_t w = 0; w < width; w++)
            sums->sum[(uint64_t)user * width + w] += (double)value[w];
    }
    return true;
}

static void resample(const user_sums *sums, uint32_t number) {
    double *mean = sums->means + (uint64_t)number * sums->width;
    rk_rng rng = rk_rng_at(sums->seed, STREAM_RESAMPLES + number);
    uint64_t cases = 0;
    memset(mean, 0, sums->width * sizeof *mean);
    for (uint32_t draw = 0; draw < sums->users; draw++) {
        uint32_t user = rk_rng_below(&rng, sums->users);
        const double *sum = sums->sum + (uint64_t)user * sums->width;
        cases += sums->cases[user];
        for (uint32_t w = 0; w < sums->width; w++) mean[w] += sum[w];
    }
    for (uint32_t w = 0; cases && w < sums->width; w++) mean[w] /= (double)cases;
}

static void resample_shard(void *context, uint32_t shard) {
    for (uint32_t r = shard; r < RK_RESAMPLES; r += RK_SHARDS) resample(context, r);
}

bool rk_bootstrap_means(const rk_split *split, const float *values, uint32_t width, uint64_t seed,
                        uint32_t threads, double *means) {
    rk_memory memory = {0};
    user_sums sums = {.width = width, .seed = seed, .means = means};
    bool ok = sum_users(split, values, &memory, &sums);
    if (ok) rk_parallel(threads, resample_shard, &sums);
    rk_memory_free(&memory);
    return ok;
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

rk_interval rk_bootstrap_interval(const double *means, const double *other, uint32_t width,
                                  uint32_t column) {
    double sorted[RK_RESAMPLES];
    for (uint32_t r = 0; r < RK_RESAMPLES; r++) {
        uint64_t at = (uint64_t)r * width + column;
        sorted[r] = other ? means[at] - other[at] : means[at];
    }
    qsort(sorted, RK_RESAMPLES, sizeof *sorted, compare_doubles);
    return (rk_interval){.low = sorted[TAIL - 1], .high = sorted[RK_RESAMPLES - TAIL]};
}
