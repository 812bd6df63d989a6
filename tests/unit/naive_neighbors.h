/* Item-item neighbours by their definition: all pairs of events, O(n^2), in f64. */
#ifndef RK_TESTS_NAIVE_NEIGHBORS_H
#define RK_TESTS_NAIVE_NEIGHBORS_H

#include "log_builder.h"

#include "learn/build_neighbors.h"
#include "model/item_neighbors.h"

#include <math.h>

/* (items, items) weights w(a, b) of build_neighbors.h, zero on the diagonal. */
static inline double *naive_weights(const rk_log *log, const rk_neighbor_params *params,
                                    rk_memory *memory) {
    const uint64_t items = log->items;
    double *sum = TAKE(memory, double, items *items);
    for (uint32_t session = 0; session < log->sessions; session++) {
        const uint64_t begin = log->session_begin[session], end = log->session_begin[session + 1];
        const double length = pow((double)(end - begin), -(double)params->length_power);
        for (uint64_t i = begin; i < end; i++) {
            for (uint64_t j = i + 1; j < end && j - i <= params->window; j++) {
                const double weight = length * pow((double)params->forward, (double)(j - i - 1));
                if (log->item[i] == log->item[j]) continue;
                sum[log->item[i] * items + log->item[j]] += weight;
                sum[log->item[j] * items + log->item[i]] += weight * (double)params->backward;
            }
        }
    }
    for (uint32_t a = 0; log->expert.related_begin && a < items; a++) {
        for (uint64_t i = log->expert.related_begin[a]; i < log->expert.related_begin[a + 1]; i++)
            sum[a * items + log->expert.related[i]] += (double)params->related;
    }
    for (uint32_t a = 0; a < items; a++) {
        for (uint32_t b = 0; b < items; b++) {
            sum[a * items + b] /= pow(log->item_events[a] + 5.0, (double)params->norm) *
                                  pow(log->item_events[b] + 5.0, (double)params->norm);
        }
    }
    return sum;
}

/* One stored row against the naive weights: entries in order, weights within their coding error,
 * nothing heavier left out. */
static inline void check_row(const rk_neighbor_table *table, const rk_neighbor_params *params,
                             const double *weights, uint32_t items, uint32_t row) {
    const uint32_t core = table->core_offsets[row], more = table->more_offsets[row];
    const uint32_t core_count = table->core_offsets[row + 1] - core;
    const uint32_t count = core_count + table->more_offsets[row + 1] - more;
    const double least_coded = (double)table->scale * exp2(-255.5 / 16.0);
    double lightest = INFINITY;
    bool listed[1024] = {false};
    assert_true(items <= 1024 && count <= params->top);
    assert_int_equal(core_count, RK_MIN(count, RK_CORE_NEIGHBORS));
    for (uint32_t k = 0, last = 0; k < count; k++) {
        const uint32_t entry = k < core_count ? table->core_entries[core + k]
                                              : table->more_entries[more + k - core_count];
        const uint32_t item = rk_neighbor_item(entry), code = rk_neighbor_weight_code(entry);
        const double coded = (double)table->scale * exp2(((double)code - 255.0) / 16.0);
        assert_true(item < items && item != row && !listed[item]);
        listed[item] = true;
        assert_true(fabs(coded / weights[item] - 1.0) <= 0.0222);
        if (k > 0) {
            const uint32_t last_code = rk_neighbor_weight_code(last);
            assert_true(last_code > code || (last_code == code && rk_neighbor_item(last) < item));
        }
        last = entry;
        lightest = fmin(lightest, weights[item]);
    }
    for (uint32_t item = 0; item < items; item++) {
        if (listed[item] || weights[item] <= least_coded * 1.0001) continue;
        assert_int_equal(count, params->top); // only a full row leaves something out
        assert_true(weights[item] <= lightest * 1.00001);
    }
}

static inline void check_neighbors(const rk_log *log, const rk_neighbor_params *params,
                                   uint32_t threads, rk_memory *memory) {
    rk_neighbor_table table;
    const double *weights = naive_weights(log, params, memory);
    double heaviest = 0.0;
    for (uint64_t i = 0; i < (uint64_t)log->items * log->items; i++)
        heaviest = fmax(heaviest, weights[i]);
    assert_true(rk_build_neighbors(log, params, threads, memory, &table));
    assert_true(fabs((double)table.scale - heaviest) <= 1e-5 * heaviest);
    assert_int_equal(table.core_offsets[0], 0);
    assert_int_equal(table.more_offsets[0], 0);
    for (uint32_t row = 0; row < log->items; row++)
        check_row(&table, params, weights + (uint64_t)row * log->items, log->items, row);
}

#endif
