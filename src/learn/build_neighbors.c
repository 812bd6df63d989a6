#include "learn/build_neighbors.h"

#include "base/fmath.h"
#include "base/topk.h"
#include "format/snapshot_layout.h"
#include "learn/parallel.h"
#include "learn/prior.h"
#include "model/item_neighbors.h"

#define PRIOR_COUNT 5.0f

typedef struct shard_scratch {
    float *sum;        /* (items), zero between rows */
    uint32_t *touched; /* (items) */
} shard_scratch;

typedef struct build {
    const rk_log *log;
    const rk_neighbor_params *params;
    uint32_t *session_of;   /* (events) */
    uint64_t *where_begin;  /* (items + 1) */
    uint64_t *where;        /* (events) places of each item in the log, ascending */
    float *distance_weight; /* (window + 1) */
    float *item_norm;       /* (items) (n + 5)^-norm */
    float *length_weight;   /* (sessions) */
    rk_scored *rows;        /* (items, top) */
    uint32_t *row_count;    /* (items) */
    rk_prior_rows prior;    /* of params->prior */
    shard_scratch shard[RK_SHARDS];
} build;

static void add(shard_scratch *scratch, uint32_t *touched_count, uint32_t item, float weight) {
    if (scratch->sum[item] == 0.0f) scratch->touched[(*touched_count)++] = item;
    scratch->sum[item] += weight;
}

/* Adds what accompanies the event at `place`. */
static void add_window(const build *b, shard_scratch *scratch, uint32_t *touched_count,
                       uint64_t place) {
    const rk_log *log = b->log;
    uint32_t session = b->session_of[place], item = log->item[place];
    uint64_t begin = log->session_begin[session], end = log->session_begin[session + 1];
    float length_weight = b->length_weight[session];
    uint64_t ahead = RK_MIN(b->params->window, end - 1 - place);
    for (uint64_t distance = 1; distance <= ahead; distance++) {
        uint32_t other = log->item[place + distance];
        float weight = length_weight * b->distance_weight[distance];
        if (other != item && weight > 0.0f) add(scratch, touched_count, other, weight);
    }
    uint64_t behind = RK_MIN(b->params->window, place - begin);
    for (uint64_t distance = 1; distance <= behind; distance++) {
        uint32_t other = log->item[place - distance];
        float weight = length_weight * b->params->backward * b->distance_weight[distance];
        if (other != item && weight > 0.0f) add(scratch, touched_count, other, weight);
    }
}

static void add_related(const build *b, shard_scratch *scratch, uint32_t *touched_count,
                        uint32_t item) {
    const rk_expert *expert = &b->log->expert;
    if (!expert->related_begin || !(b->params->related > 0.0f)) return;
    for (uint64_t i = expert->related_begin[item]; i < expert->related_begin[item + 1]; i++)
        add(scratch, touched_count, expert->related[i], b->params->related);
}

static void add_prior(const build *b, shard_scratch *scratch, uint32_t *touched_count,
                      uint32_t item) {
    for (uint64_t i = b->prior.begin[item]; i < b->prior.begin[item + 1]; i++) {
        if (b->prior.count[i] > 0.0f)
            add(scratch, touched_count, b->prior.item[i], b->prior.count[i]);
    }
}

static void build_shard(void *context, uint32_t shard) {
    build *b = context;
    shard_scratch *scratch = &b->shard[shard];
    for (uint32_t item = shard; item < b->log->items; item += RK_SHARDS) {
        uint32_t touched_count = 0;
        for (uint64_t i = b->where_begin[item]; i < b->where_begin[item + 1]; i++) {
            add_window(b, scratch, &touched_count, b->where[i]);
        }
        add_related(b, scratch, &touched_count, item);
        if (b->params->prior) add_prior(b, scratch, &touched_count, item);
        rk_topk top = rk_topk_over(b->rows + (uint64_t)item * b->params->top, b->params->top);
        for (uint32_t i = 0; i < touched_count; i++) {
            uint32_t other = scratch->touched[i];
            float weight = scratch->sum[other] * b->item_norm[item] * b->item_norm[other];
            rk_topk_push(&top, weight, other);
            scratch->sum[other] = 0.0f;
        }
        b->row_count[item] = rk_topk_finish(&top);
    }
}

static bool take_scratch(build *b, rk_memory *memory) {
    const rk_log *log = b->log;
    b->session_of = RK_NEW(memory, uint32_t, log->events);
    b->where_begin = RK_NEW(memory, uint64_t, (uint64_t)log->items + 2);
    b->where = RK_NEW(memory, uint64_t, log->events);
    b->distance_weight = RK_NEW(memory, float, (uint64_t)b->params->window + 1);
    b->item_norm = RK_NEW(memory, float, log->items);
    b->length_weight = RK_NEW(memory, float, log->sessions);
    b->rows = RK_NEW(memory, rk_scored, (uint64_t)log->items * b->params->top);
    b->row_count = RK_NEW(memory, uint32_t, log->items);
    bool ok = b->session_of && b->where_begin && b->where && b->distance_weight && b->item_norm &&
              b->length_weight && b->rows && b->row_count;
    for (uint32_t s = 0; s < RK_SHARDS; s++) {
        b->shard[s].sum = RK_NEW(memory, float, log->items);
        b->shard[s].touched = RK_NEW(memory, uint32_t, log->items);
        ok = ok && b->shard[s].sum && b->shard[s].touched;
    }
    return ok;
}

static void index_places(build *b) {
    const rk_log *log = b->log;
    for (uint32_t session = 0; session < log->sessions; session++) {
        uint64_t begin = log->session_begin[session], end = log->session_begin[session + 1];
        for (uint64_t i = begin; i < end; i++) b->session_of[i] = session;
        b->length_weight[session] = rk_powf((float)(end - begin), -b->params->length_power);
    }
    for (uint64_t i = 0; i < log->events; i++) b->where_begin[log->item[i] + 2]++;
    for (uint64_t item = 2; item <= log->items; item++)
        b->where_begin[item] += b->where_begin[item - 1];
    for (uint64_t i = 0; i < log->events; i++) b->where[b->where_begin[log->item[i] + 1]++] = i;
    for (uint32_t item = 0; item < log->items; item++) {
        float n = (float)log->item_events[item];
        if (b->params->prior) n += b->prior.events[item];
        /* Without a log there are only the source's rows, which are normalised. */
        b->item_norm[item] = log->events ? rk_powf(n + PRIOR_COUNT, -b->params->norm) : 1.0f;
    }
    float weight = 1.0f;
    for (uint32_t distance = 1; distance <= b->params->window; distance++) {
        b->distance_weight[distance] = weight;
        weight *= b->params->forward;
    }
}

/* Order of stored rows: descending code, then ascending item. Rows are short: insertion sort. */
static void sort_entries(uint32_t *entries, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        uint32_t entry = entries[i], at = i;
        uint32_t code = rk_neighbor_weight_code(entry), item = rk_neighbor_item(entry);
        for (; at > 0; at--) {
            uint32_t before = entries[at - 1];
            if (rk_neighbor_weight_code(before) > code) break;
            if (rk_neighbor_weight_code(before) == code && rk_neighbor_item(before) < item) break;
            entries[at] = before;
        }
        entries[at] = entry;
    }
}

static bool encode_rows(const build *b, rk_memory *memory, rk_neighbor_table *table) {
    uint32_t items = b->log->items, top = b->params->top;
    uint64_t entries = 0;
    table->scale = 0.0f;
    for (uint32_t item = 0; item < items; item++) {
        entries += b->row_count[item];
        if (b->row_count[item])
            table->scale = RK_MAX(table->scale, b->rows[(uint64_t)item * top].score);
    }
    table->core_offsets = RK_NEW(memory, uint32_t, (uint64_t)items + 1);
    table->more_offsets = RK_NEW(memory, uint32_t, (uint64_t)items + 1);
    table->core_entries = RK_NEW(memory, uint32_t, entries);
    table->more_entries = RK_NEW(memory, uint32_t, entries);
    if (!table->core_offsets || !table->more_offsets || !table->core_entries ||
        !table->more_entries) {
        return false;
    }
    uint32_t core = 0, more = 0;
    for (uint32_t item = 0; item < items; item++) {
        uint32_t row[RK_NEIGHBOR_ROW_MAX], count = 0;
        for (uint32_t i = 0; i < b->row_count[item]; i++) {
            rk_scored neighbor = b->rows[(uint64_t)item * top + i];
            int32_t code = rk_neighbor_code(neighbor.score, table->scale);
            if (code >= 0) row[count++] = rk_neighbor_entry(neighbor.item, (uint32_t)code);
        }
        sort_entries(row, count);
        for (uint32_t i = 0; i < count; i++) {
            if (i < RK_CORE_NEIGHBORS) {
                table->core_entries[core++] = row[i];
            } else {
                table->more_entries[more++] = row[i];
            }
        }
        table->core_offsets[item + 1] = core;
        table->more_offsets[item + 1] = more;
    }
    return true;
}

bool rk_build_neighbors(const rk_log *log, const rk_neighbor_params *params, uint32_t threads,
                        rk_memory *memory, rk_neighbor_table *table) {
    assert(params->top >= 1 && params->top <= RK_NEIGHBOR_ROW_MAX);
    rk_memory scratch = {0};
    build b = {.log = log, .params = params};
    bool ok = take_scratch(&b, &scratch) &&
              (!params->prior || rk_prior_neighbors(params->prior, log, &scratch, &b.prior));
    if (ok) {
        index_places(&b);
        rk_parallel(threads, build_shard, &b);
        ok = encode_rows(&b, memory, table);
    }
    rk_memory_free(&scratch);
    return ok;
}
