/* What the C benches share: a clock and a median. Times are only ever compared with each other. */
#ifndef RK_BENCH_CLOCK_H
#define RK_BENCH_CLOCK_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static inline double bench_now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline int bench_compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts `values`. */
static inline double bench_median(double *values, uint32_t count) {
    qsort(values, count, sizeof *values, bench_compare_doubles);
    return values[count / 2];
}

#endif
