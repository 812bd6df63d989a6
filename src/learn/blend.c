#include "learn/blend.h"

#include "learn/parallel.h"
#include "model/session_encoder.h"

/* ---- gathering ------------------------------------------------------------------------------- */

/* The session's liked items as the engine takes them, most recent first: an item with a negative
 * event is none. */
static uint32_t list_seeds(const rk_trial *trial, const rk_request *request, uint32_t *seeds) {
    const float *type_weight = trial->events->type_weight;
    uint32_t count = 0;
    for (uint32_t i = request->session_count; i-- > 0;) {
        const rk_event *event = &request->session[i];
        bool liked = type_weight[event->type] > 0.0f;
        for (uint32_t j = 0; liked && j < request->session_count; j++) {
            const rk_event *other = &request->session[j];
            liked = other->item != event->item || !(type_weight[other->type] < 0.0f);
        }
        if (liked) seeds[count++] = event->item;
    }
    return count;
}

static uint8_t lag_class_of(const uint32_t *seeds, uint32_t count, uint32_t item) {
    for (uint32_t lag = 0; lag < count; lag++) {
        if (seeds[lag] == item) return (uint8_t)rk_repeat_class(lag);
    }
    return RK_REPEAT_LAGS;
}

typedef struct gathering {
    const rk_trial *trial;
    uint32_t popular_quota; /* at the length of an answer, not of the pool */
    rk_pool *pool;
} gathering;

/* `popular` may bring a whole answer: of one as long as the pool it brings more than of a short
 * one. */
static bool is_candidate(const gathering *g, const rk_recommendation *row) {
    return row->sources != 1u << RK_SOURCE_POPULAR ||
           row->rank[RK_SOURCE_POPULAR] <= g->popular_quota;
}

static void keep_answer(void *context, const rk_answer *answer) {
    const gathering *g = context;
    rk_pool *pool = g->pool;
    uint32_t seeds[RK_MAX_SESSION], *kept = &pool->count[answer->index];
    uint32_t seed_count = list_seeds(g->trial, answer->request, seeds);
    pool->truth_count[answer->index] = answer->truth_count;
    pool->available[answer->index] = answer->available;
    for (uint32_t i = 0; i < answer->found; i++) {
        const rk_recommendation *row = &answer->list[i];
        if (!is_candidate(g, row)) continue;
        uint64_t at = (uint64_t)answer->index * RK_POOL_ROWS + (*kept)++;
        pool->item[at] = row->item;
        pool->lag[at] = lag_class_of(seeds, seed_count, row->item);
        for (uint32_t t = 0; t < answer->truth_count; t++)
            pool->relevant[at] |= answer->truth[t] == row->item;
        memcpy(pool->score + at * RK_SOURCE_COUNT, row->source_score,
               RK_SOURCE_COUNT * sizeof(float));
    }
}

bool rk_pool_gather(const rk_trial *trial, rk_memory *memory, rk_pool *pool) {
    uint64_t cases = trial->split->case_count, rows = cases * RK_POOL_ROWS;
    *pool = (rk_pool){.cases = trial->split->case_count, .threads = trial->threads};
    pool->count = RK_NEW(memory, uint32_t, cases);
    pool->truth_count = RK_NEW(memory, uint32_t, cases);
    pool->available = RK_NEW(memory, uint32_t, cases);
    pool->item = RK_NEW(memory, uint32_t, rows);
    pool->score = RK_NEW(memory, float, rows *RK_SOURCE_COUNT);
    pool->lag = RK_NEW(memory, uint8_t, rows);
    pool->relevant = RK_NEW(memory, uint8_t, rows);
    if (!pool->count || !pool->truth_count || !pool->available || !pool->item || !pool->score ||
        !pool->lag || !pool->relevant) {
        return false;
    }
    static const uint32_t all = RK_POOL_ROWS;
    gathering g = {.trial = trial, .pool = pool};
    g.popular_quota = RK_MAX(trial->snapshot->sources[RK_SOURCE_POPULAR].quota,
                             trial->cutoffs[trial->cutoff_count - 1]);
    rk_trial wide = *trial;
    wide.cutoffs = &all;
    wide.cutoff_count = 1;
    rk_method blend = rk_method_blend();
    rk_metrics unused;
    return rk_evaluate_keeping(&wide, &blend, &unused,
                               (rk_kept){.answer = keep_answer, .context = &g});
}

/* ---- ranking --------------------------------------------------------------------------------- */

typedef struct ranking {
    const rk_pool *pool;
    const rk_blend *blend;
    uint32_t cutoff;
    double sum[RK_SHARDS];
    uint32_t measured[RK_SHARDS];
} ranking;

/* The weights that count where `available` sources can answer: rk_engine's rule for a case that is
 * left with sources of no weight. */
static void weigh_sources(const rk_blend *blend, uint32_t available, float *weights) {
    bool weighted = false;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        weights[s] = available >> s & 1u ? blend->weight[s] : 0.0f;
        weighted = weighted || weights[s] != 0.0f;
    }
    if (weighted) return;
    if (available >> RK_SOURCE_POPULAR & 1u) available = 1u << RK_SOURCE_POPULAR;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) weights[s] = (float)(available >> s & 1u);
}

static void score_case(const ranking *r, uint32_t index, float *scores) {
    const rk_pool *pool = r->pool;
    uint64_t first = (uint64_t)index * RK_POOL_ROWS;
    const float *row = pool->score + first * RK_SOURCE_COUNT;
    float weights[RK_SOURCE_COUNT];
    weigh_sources(r->blend, pool->available[index], weights);
    for (uint32_t i = 0; i < pool->count[index]; i++, row += RK_SOURCE_COUNT) {
        float score = 0.0f;
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
            uint8_t lag = s == RK_SOURCE_SESSION ? pool->lag[first + i] : RK_REPEAT_LAGS;
            float bonus = lag < RK_REPEAT_LAGS ? r->blend->repeat[lag] : 0.0f;
            score += weights[s] * (row[s] + bonus);
        }
        scores[i] = score;
    }
}

/* A rank is how many come before: counting beats sorting, because few candidates are relevant. */
static uint32_t rank_of(const uint32_t *items, const float *scores, uint32_t count, uint32_t own) {
    uint32_t before = 0;
    for (uint32_t i = 0; i < count; i++) {
        before += scores[i] > scores[own] || (scores[i] == scores[own] && items[i] < items[own]);
    }
    return before + 1;
}

static double case_ndcg(const ranking *r, uint32_t index) {
    const rk_pool *pool = r->pool;
    uint64_t first = (uint64_t)index * RK_POOL_ROWS;
    float scores[RK_POOL_ROWS];
    bool scored = false;
    double gain = 0.0, best = 0.0;
    for (uint32_t i = 0; i < pool->count[index]; i++) {
        if (!pool->relevant[first + i]) continue;
        if (!scored) score_case(r, index, scores);
        scored = true;
        uint32_t rank = rank_of(pool->item + first, scores, pool->count[index], i);
        if (rank <= r->cutoff) gain += rk_evaluate_discount(rank);
    }
    for (uint32_t rank = 1; rank <= RK_MIN(pool->truth_count[index], r->cutoff); rank++)
        best += rk_evaluate_discount(rank);
    return gain / best;
}

static void rank_shard(void *context, uint32_t shard) {
    ranking *r = context;
    uint64_t cases = r->pool->cases;
    uint32_t end = (uint32_t)(cases * (shard + 1) / RK_SHARDS);
    for (uint32_t index = (uint32_t)(cases * shard / RK_SHARDS); index < end; index++) {
        if (!r->pool->truth_count[index]) continue;
        r->sum[shard] += case_ndcg(r, index);
        r->measured[shard]++;
    }
}

double rk_pool_ndcg(const rk_pool *pool, const rk_blend *blend, uint32_t cutoff) {
    ranking r = {.pool = pool, .blend = blend, .cutoff = cutoff};
    rk_parallel(pool->threads, rank_shard, &r);
    double sum = 0.0;
    uint32_t measured = 0;
    for (uint32_t s = 0; s < RK_SHARDS; s++) {
        sum += r.sum[s];
        measured += r.measured[s];
    }
    return measured ? sum / measured : 0.0;
}
