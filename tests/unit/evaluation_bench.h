/* A log split by any protocol, a snapshot of what may be learnt from it, and the plain answers to
 * compare evaluations with. */
#ifndef RK_TESTS_EVALUATION_BENCH_H
#define RK_TESTS_EVALUATION_BENCH_H

#include "log_builder.h"

#include "learn/evaluate.h"
#include "learn/fit.h"

#include <math.h>

enum { MOST_LIST = 60, MOST_TRUTH = 400, PROTOCOLS = RK_PROTOCOL_COLD_ITEM + 1 };

typedef struct bench {
    log_builder events;
    rk_events_content content;
    rk_split split;
    rk_log log;
    rk_tuned tuned;
    rk_snapshot_content snapshot;
    uint32_t *excluded; /* cold-item: what is not ranked */
    uint32_t excluded_count;
} bench;

/* Splits b->content and learns a little. Items with fewer events than `least` are left out. */
static inline void fit_bench(bench *b, rk_protocol protocol, uint64_t seed, uint32_t least) {
    const rk_learn_options options = {.seed = 1, .threads = 1, .dim = 8, .sgns_epochs = 1};
    rk_vectors_result unused;
    rk_content items;
    rk_memory *memory = &b->events.memory;
    const rk_rows rows = rows_in_order(&b->content, memory);
    assert_int_equal(
        rk_split_events(&b->content, &rows, protocol, 1.0, seed, memory, &b->split, NULL), RK_OK);
    assert_int_equal(rk_log_build(&b->content, &b->split.train, least, memory, &b->log, NULL),
                     RK_OK);
    b->tuned = rk_tuned_defaults(&options);
    rk_fit_begin(&b->content, &b->log, &b->tuned, 1, &b->snapshot);
    assert_true(rk_fit_popularity(&b->log, &b->tuned, memory, &b->snapshot));
    assert_true(rk_fit_neighbors(&b->log, &b->tuned.neighbors, 0.8f, 1, memory, &b->snapshot));
    assert_true(rk_content_build(&b->content, &b->log, memory, &items));
    assert_true(rk_fit_vectors(&b->content, &b->log, &items, &b->tuned, &options, memory,
                               &b->snapshot, &unused));
    b->excluded = TAKE(memory, uint32_t, b->log.items);
    b->excluded_count = 0;
    for (uint32_t item = 0; b->split.cold && item < b->log.items; item++) {
        if (!b->split.cold[b->log.file_item[item]]) b->excluded[b->excluded_count++] = item;
    }
}

static inline void make_bench(bench *b, rk_rng *rng, rk_protocol protocol, uint32_t round) {
    const bool timed = protocol == RK_PROTOCOL_TEMPORAL_GLOBAL;
    *b =
        (bench){.events = random_log(rng, 700, 2 + rk_rng_below(rng, 60), 5 + rk_rng_below(rng, 60),
                                     timed ? RK_TIME_UNIX_MS : round % 3, RK_USERS_ARE_SESSIONS)};
    b->content = log_content(&b->events);
    /* Some items are not in the snapshot: they are missed. */
    fit_bench(b, protocol, round, round % 2 && protocol != RK_PROTOCOL_COLD_ITEM ? 6 : 0);
}

static inline rk_trial trial_of(const bench *b, const uint32_t *cutoffs, uint32_t cutoff_count,
                                uint32_t threads) {
    return (rk_trial){.events = &b->content,
                      .log = &b->log,
                      .snapshot = &b->snapshot,
                      .split = &b->split,
                      .cutoffs = cutoffs,
                      .cutoff_count = cutoff_count,
                      .threads = threads,
                      .excluded = b->excluded,
                      .excluded_count = b->excluded_count};
}

static inline bool contains(const uint32_t *items, uint32_t count, uint32_t item) {
    for (uint32_t i = 0; i < count; i++) {
        if (items[i] == item) return true;
    }
    return false;
}

/* Distinct liked items of the hidden rows, as the file numbers them; those of the history do not
 * count where seen items are not recommended. */
static inline uint32_t naive_truth(const bench *b, const rk_case *test, uint32_t *truth) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < test->relevant_count; i++) {
        const uint64_t row = b->split.row[test->relevant_begin + i];
        const uint32_t item = b->content.item[row];
        bool seen = false;
        for (uint32_t k = 0; k < test->history_count; k++)
            seen |= b->content.item[b->split.row[test->history_begin + k]] == item;
        if (seen && !b->split.keep_seen) continue;
        if (!(rk_event_weight(&b->content, b->content.label[row]) > 0.0f)) continue;
        if (!contains(truth, count, item)) truth[count++] = item;
    }
    return count;
}

static inline void check_close(double a, double b) {
    if (!(fabs(a - b) <= 1e-5)) fail_msg("%.9f, expected %.9f", a, b);
}

#endif
