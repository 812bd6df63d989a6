#include "learn/measure_first.h"

#include "learn/parallel.h"

typedef struct shard_state {
    float *dots, *scores;        /* (longest) */
    rk_scored *teacher, *chosen; /* (longest) */
    uint8_t *kept;               /* (items) zero between requests */
    rk_first_overlap student, blend;
} shard_state;

typedef struct measuring {
    const rk_snapshot_content *snapshot;
    const rk_first_stage *stage;
    const rk_first_data *data;
    shard_state shard[RK_SHARDS];
} measuring;

uint32_t rk_first_longest(const rk_first_data *data) {
    uint64_t longest = 0;
    for (uint32_t r = 0; r < data->requests; r++)
        longest = RK_MAX(longest, data->begin[r + 1] - data->begin[r]);
    return (uint32_t)longest;
}

/* As the engine does it. */
static void score(const measuring *m, shard_state *state, uint32_t request, uint32_t count) {
    const rk_first_data *data = m->data;
    uint64_t first = data->begin[request];
    uint32_t dim = m->snapshot->meta.dim;
    float vector[RK_MAX_DIM];
    rk_ann_vector query;
    const rk_ann_vector *queries[] = {&query};
    rk_first_query(m->stage, data->session + (uint64_t)request * dim,
                   data->user + (uint64_t)request * dim, vector);
    rk_ann_prepare_vector(m->snapshot, vector, &query);
    rk_ann_score_items_by(m->snapshot, queries, 1, data->item + first, count, &state->dots);
    rk_first_scores(m->stage, data->item + first, state->dots,
                    data->inputs + first * RK_FIRST_INPUTS, count, state->scores);
}

/* The `keep` best to the front of `out`; returns how many. */
static uint32_t choose(const float *values, uint32_t stride, const uint32_t *items, uint32_t count,
                       uint32_t keep, rk_scored *out) {
    for (uint32_t i = 0; i < count; i++)
        out[i] = (rk_scored){.score = values[(uint64_t)i * stride], .item = items[i]};
    keep = RK_MIN(keep, count);
    if (keep) rk_select_scored(out, count, keep);
    return keep;
}

/* Adds the shares of the teacher's picks (teacher, sorted best first) that are among the chosen. */
static void compare(shard_state *state, uint32_t count, rk_first_overlap *sum) {
    uint32_t keeps = RK_MIN(count, RK_FIRST_KEEPS), tops = RK_MIN(count, RK_FIRST_TOP);
    uint32_t top = 0, selected = 0;
    for (uint32_t i = 0; i < keeps; i++) state->kept[state->chosen[i].item] = 1;
    for (uint32_t i = 0; i < keeps; i++) {
        selected += state->kept[state->teacher[i].item];
        top += i < tops && state->kept[state->teacher[i].item];
    }
    for (uint32_t i = 0; i < keeps; i++) state->kept[state->chosen[i].item] = 0;
    sum->top += tops ? (double)top / tops : 1.0;
    sum->selected += keeps ? (double)selected / keeps : 1.0;
}

static void measure_shard(void *context, uint32_t shard) {
    measuring *m = context;
    shard_state *state = &m->shard[shard];
    const rk_first_data *data = m->data;
    for (uint32_t r = shard; r < data->requests; r += RK_SHARDS) {
        uint64_t first = data->begin[r];
        uint32_t count = (uint32_t)(data->begin[r + 1] - first);
        const uint32_t *items = data->item + first;
        uint32_t keeps =
            choose(data->value + first, 1, items, count, RK_FIRST_KEEPS, state->teacher);
        rk_sort_scored(state->teacher, keeps);
        score(m, state, r, count);
        choose(state->scores, 1, items, count, RK_FIRST_KEEPS, state->chosen);
        compare(state, count, &state->student);
        choose(data->inputs + first * RK_FIRST_INPUTS, RK_FIRST_INPUTS, items, count,
               RK_FIRST_KEEPS, state->chosen);
        compare(state, count, &state->blend);
    }
}

static void add(const rk_first_overlap *part, uint32_t requests, rk_first_overlap *sum) {
    sum->top += part->top / requests;
    sum->selected += part->selected / requests;
}

bool rk_first_measure(const rk_snapshot_content *snapshot, const rk_first_stage *stage,
                      const rk_first_data *data, uint32_t threads, rk_first_overlap *out,
                      rk_first_overlap *blend) {
    rk_memory memory = {0};
    rk_first_overlap unasked;
    measuring m = {.snapshot = snapshot, .stage = stage, .data = data};
    uint32_t longest = rk_first_longest(data);
    bool ok = true;
    if (!blend) blend = &unasked;
    *out = *blend = (rk_first_overlap){0};
    for (uint32_t shard = 0; shard < RK_SHARDS; shard++) {
        shard_state *state = &m.shard[shard];
        state->dots = RK_NEW(&memory, float, longest);
        state->scores = RK_NEW(&memory, float, longest);
        state->teacher = RK_NEW(&memory, rk_scored, longest);
        state->chosen = RK_NEW(&memory, rk_scored, longest);
        state->kept = RK_NEW(&memory, uint8_t, snapshot->meta.items);
        ok = ok && state->dots && state->scores && state->teacher && state->chosen && state->kept;
    }
    if (ok && data->requests) {
        rk_parallel(threads, measure_shard, &m);
        for (uint32_t shard = 0; shard < RK_SHARDS; shard++) {
            add(&m.shard[shard].student, data->requests, out);
            add(&m.shard[shard].blend, data->requests, blend);
        }
    }
    rk_memory_free(&memory);
    return ok;
}
