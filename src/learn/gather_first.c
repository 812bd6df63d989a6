#include "learn/gather_first.h"

#include "base/rng.h"
#include "learn/parallel.h"
#include "model/rank_mtml.h"
#include "serve/engine.h"
#include "serve/features.h"
#include "serve/merge.h"

#define STREAM_SAMPLE 0x66697273u /* "firs" */
#define BLOCK         64u         /* rows that the second stage takes at once */

typedef struct shard_state {
    rk_engine *engine;
    uint32_t *items;    /* (RK_MAX_CANDIDATES) */
    float *features;    /* (RK_MAX_CANDIDATES, RK_FEATURE_COUNT) */
    float *inputs;      /* (BLOCK, meta.rank_inputs) */
    float *activations; /* (BLOCK, columns) */
    float *logits;      /* (BLOCK, meta.tasks) */
} shard_state;

typedef struct gathering {
    const rk_snapshot_content *content;
    rk_first_ask *ask;
    void *context;
    uint32_t most; /* room of a request */
    uint64_t seed;
    float weights[RK_MAX_TASKS];
    rk_first_data *out; /* request r at r * most */
    uint32_t *counts;   /* (requests) */
    shard_state shard[RK_SHARDS];
} gathering;

/* Which of `count` candidates to keep, best of the blend first: moves their items and features to
 * the front. Selection sampling: D. E. Knuth, The Art of Computer Programming 2, algorithm S. */
static uint32_t sample(const gathering *g, shard_state *s, uint32_t request, uint32_t count) {
    if (count <= g->most) return count;
    rk_rng rng = rk_rng_at(g->seed, (uint64_t)request << 32 | STREAM_SAMPLE);
    uint32_t kept = g->most / 2;
    for (uint32_t i = kept; i < count; i++) {
        if (rk_rng_below(&rng, count - i) >= g->most - kept) continue;
        s->items[kept] = s->items[i];
        memmove(s->features + (uint64_t)kept * RK_FEATURE_COUNT,
                s->features + (uint64_t)i * RK_FEATURE_COUNT, RK_FEATURE_COUNT * sizeof(float));
        kept++;
    }
    return kept;
}

/* What the second stage says of the first `count` candidates. */
static void value(const gathering *g, shard_state *s, uint32_t count, float *out) {
    const rk_snapshot_content *content = g->content;
    uint32_t tasks = content->meta.tasks;
    rk_mtml model = rk_mtml_of(content);
    for (uint32_t begin = 0; begin < count; begin += BLOCK) {
        uint32_t rows = RK_MIN(BLOCK, count - begin);
        rk_mtml_inputs(content, s->features + (uint64_t)begin * RK_FEATURE_COUNT, RK_FEATURE_COUNT,
                       rows, s->inputs);
        rk_mtml_logits(&model, s->inputs, rows, s->activations, s->logits);
        rk_mtml_probabilities(content->tasks, tasks, s->logits, rows, s->logits);
        for (uint32_t r = 0; r < rows; r++)
            out[begin + r] = rk_value_of(g->weights, s->logits + r * tasks, tasks);
    }
}

static void gather_shard(void *context, uint32_t shard) {
    gathering *g = context;
    shard_state *s = &g->shard[shard];
    uint32_t dim = g->content->meta.dim;
    for (uint32_t r = shard; r < g->out->requests; r += RK_SHARDS) {
        uint64_t first = (uint64_t)r * g->most;
        rk_request request = g->ask(g->context, shard, r);
        uint32_t count = rk_engine_examples(s->engine, &request, NULL, 0, RK_MAX_CANDIDATES,
                                            s->items, s->features);
        rk_engine_query_vectors(s->engine, g->out->session + (uint64_t)r * dim,
                                g->out->user + (uint64_t)r * dim);
        count = sample(g, s, r, count);
        value(g, s, count, g->out->value + first);
        memcpy(g->out->item + first, s->items, count * sizeof *s->items);
        for (uint32_t i = 0; i < count; i++) {
            memcpy(g->out->inputs + (first + i) * RK_FIRST_INPUTS,
                   s->features + (uint64_t)i * RK_FEATURE_COUNT, RK_FIRST_INPUTS * sizeof(float));
        }
        g->counts[r] = count;
    }
}

/* Requests one after the other. */
static void close_up(const gathering *g) {
    rk_first_data *data = g->out;
    for (uint32_t r = 0; r < data->requests; r++) {
        uint64_t from = (uint64_t)r * g->most, to = data->begin[r], count = g->counts[r];
        data->begin[r + 1] = to + count;
        memmove(data->item + to, data->item + from, (size_t)count * sizeof *data->item);
        memmove(data->value + to, data->value + from, (size_t)count * sizeof *data->value);
        memmove(data->inputs + to * RK_FIRST_INPUTS, data->inputs + from * RK_FIRST_INPUTS,
                (size_t)count * RK_FIRST_INPUTS * sizeof *data->inputs);
    }
}

static bool take_shards(gathering *g, rk_memory *memory) {
    const rk_snapshot_meta *meta = &g->content->meta;
    uint64_t engine_bytes = rk_engine_scratch_bytes(meta);
    for (uint32_t shard = 0; shard < RK_SHARDS; shard++) {
        shard_state *s = &g->shard[shard];
        void *engine = rk_memory_take(memory, engine_bytes, 1);
        s->items = RK_NEW(memory, uint32_t, RK_MAX_CANDIDATES);
        s->features = RK_NEW(memory, float, RK_MAX_CANDIDATES *RK_FEATURE_COUNT);
        s->inputs = RK_NEW(memory, float, BLOCK * meta->rank_inputs);
        s->activations = RK_NEW(memory, float, BLOCK *rk_second_columns(meta));
        s->logits = RK_NEW(memory, float, BLOCK * meta->tasks);
        if (!engine || !s->items || !s->features || !s->inputs || !s->activations || !s->logits)
            return false;
        s->engine = rk_engine_over(g->content, engine, engine_bytes);
    }
    return true;
}

bool rk_first_gather(const rk_snapshot_content *content, rk_first_ask *ask, void *context,
                     uint32_t count, uint32_t most, uint64_t seed, uint32_t threads,
                     rk_memory *memory, rk_first_data *out) {
    rk_memory scratch = {0};
    uint32_t dim = content->meta.dim;
    gathering g = {.content = content, .ask = ask, .context = context, .seed = seed, .out = out};
    g.most = most && most < RK_MAX_CANDIDATES ? most : RK_MAX_CANDIDATES;
    uint64_t rows = (uint64_t)count * g.most;
    assert(content->meta.tasks > 0);
    for (uint32_t t = 0; t < content->meta.tasks; t++) g.weights[t] = content->tasks[t].weight;
    *out = (rk_first_data){.requests = count,
                           .begin = RK_NEW(memory, uint64_t, (uint64_t)count + 1),
                           .session = RK_NEW(memory, float, (uint64_t)count *dim),
                           .user = RK_NEW(memory, float, (uint64_t)count *dim),
                           .item = RK_NEW(memory, uint32_t, rows),
                           .inputs = RK_NEW(memory, float, rows *RK_FIRST_INPUTS),
                           .value = RK_NEW(memory, float, rows)};
    g.counts = RK_NEW(&scratch, uint32_t, count);
    bool ok = out->begin && out->session && out->user && out->item && out->inputs && out->value &&
              g.counts && take_shards(&g, &scratch);
    if (ok) {
        rk_parallel(threads, gather_shard, &g);
        close_up(&g);
    }
    rk_memory_free(&scratch);
    return ok;
}
