/* The merge by its definition, with a linear search where the real one has a table. */
#ifndef RK_TESTS_NAIVE_MERGE_H
#define RK_TESTS_NAIVE_MERGE_H

#include "random_snapshot.h"

#include "serve/merge.h"

typedef struct naive_candidate {
    uint32_t item, sources;
    uint32_t rank[RK_SOURCE_COUNT];
    float score[RK_SOURCE_COUNT];
} naive_candidate;

typedef struct naive_candidates {
    uint32_t count;
    naive_candidate row[RK_MAX_CANDIDATES];
} naive_candidates;

/* All firsts, then all seconds, ...; a new item that finds no place is left out. */
static inline void naive_merge(const rk_scored *const lists[RK_SOURCE_COUNT],
                               const uint32_t counts[RK_SOURCE_COUNT], naive_candidates *out) {
    out->count = 0;
    for (uint32_t rank = 1; rank <= RK_MAX_QUOTA; rank++) {
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
            if (rank > counts[s]) continue;
            const rk_scored entry = lists[s][rank - 1];
            uint32_t at = 0;
            while (at < out->count && out->row[at].item != entry.item) at++;
            if (at == RK_MAX_CANDIDATES) continue;
            if (at == out->count) out->row[out->count++] = (naive_candidate){.item = entry.item};
            out->row[at].sources |= 1u << s;
            out->row[at].rank[s] = rank;
            out->row[at].score[s] = entry.score;
        }
    }
}

/* Candidates over `items` items; their arrays belong to `memory`. */
static inline rk_candidates make_candidates(uint32_t items, rk_memory *memory) {
    rk_candidates candidates = {.item = TAKE(memory, uint32_t, RK_MAX_CANDIDATES),
                                .sources = TAKE(memory, uint32_t, RK_MAX_CANDIDATES),
                                .slot = TAKE(memory, uint16_t, items)};
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        candidates.rank[s] = TAKE(memory, uint16_t, RK_MAX_CANDIDATES);
        candidates.score[s] = TAKE(memory, float, RK_MAX_CANDIDATES);
    }
    return candidates;
}

/* A list of `count` different items with descending scores. */
static inline void random_list(rk_rng *rng, uint32_t items, uint32_t count, rk_scored *out) {
    float score = 100.0f;
    for (uint32_t i = 0; i < count;) {
        const uint32_t item = rk_rng_below(rng, items);
        bool known = false;
        for (uint32_t j = 0; j < i; j++) known |= out[j].item == item;
        if (known) continue;
        score -= rk_rng_f32(rng);
        out[i++] = (rk_scored){score, item};
    }
}

static inline void check_merged(const rk_candidates *candidates, const naive_candidates *expected) {
    assert_int_equal(candidates->count, expected->count);
    for (uint32_t i = 0; i < expected->count; i++) {
        assert_int_equal(candidates->item[i], expected->row[i].item);
        assert_int_equal(candidates->sources[i], expected->row[i].sources);
        assert_int_equal(candidates->slot[expected->row[i].item], i + 1);
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
            assert_int_equal(candidates->rank[s][i], expected->row[i].rank[s]);
            assert_true(candidates->score[s][i] == expected->row[i].score[s]);
        }
    }
}

#endif
