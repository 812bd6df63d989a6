/* The second stage's network in double, one sum after the other. */
#ifndef RK_TESTS_NAIVE_MTML_H
#define RK_TESTS_NAIVE_MTML_H

#include "model/rank_mtml.h"

#include <math.h>

/* Weights in the format's order, in double. */
typedef struct naive_mtml {
    uint32_t inputs, experts, units, tasks;
    const double *weights;
} naive_mtml;

static inline uint32_t naive_columns(const naive_mtml *m) {
    return m->experts * m->units + m->tasks * m->experts + m->tasks;
}

static inline double naive_sum(const naive_mtml *m, const float *x, uint32_t column) {
    const uint32_t columns = naive_columns(m);
    double sum = m->weights[(size_t)m->inputs * columns + column];
    for (uint32_t i = 0; i < m->inputs; i++)
        sum += (double)x[i] * m->weights[(size_t)i * columns + column];
    return sum;
}

static inline double naive_logit(const naive_mtml *m, const float *x, uint32_t task) {
    const uint32_t hidden = m->experts * m->units, columns = naive_columns(m);
    const double *head = m->weights + ((size_t)m->inputs + 1) * columns + task * m->units;
    double total = 0.0, mixed = 0.0;
    for (uint32_t e = 0; e < m->experts; e++) {
        const double gate = exp(naive_sum(m, x, hidden + task * m->experts + e));
        double said = 0.0;
        for (uint32_t u = 0; u < m->units; u++)
            said += fmax(naive_sum(m, x, e * m->units + u), 0.0) * head[u];
        total += gate;
        mixed += gate * said;
    }
    return naive_sum(m, x, columns - m->tasks + task) + mixed / total;
}

#endif
