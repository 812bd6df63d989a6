#include "learn/replay.h"

#include <math.h>

#include "learn/list_quality.h"
#include "learn/parallel.h"
#include "serve/engine.h"

struct rk_replay_asker {
    rk_engine *engine;
    rk_case_room room;
    rk_recommendation *list; /* (k) */
};

/* ---- what is hidden -------------------------------------------------------------------------- */

/* Of one case after the other: which items were seen or told, and which entry an item has. */
typedef struct reader {
    const rk_trial *trial;
    double clip;
    bool *blocked;   /* (items of the file) false between cases */
    uint32_t *entry; /* (items of the file) 1 + its place among the case's, 0 between cases */
    uint32_t *label; /* (most relevant of a case) */
} reader;

static void block_seen(const reader *r, const rk_case *test, bool blocked) {
    const rk_trial *trial = r->trial;
    const uint64_t *rows = trial->split->row;
    uint32_t seen = trial->split->keep_seen ? 0 : test->history_count;
    for (uint32_t i = 0; i < seen; i++)
        r->blocked[trial->events->item[rows[test->history_begin + i]]] = blocked;
    if (trial->told_is_no_answer && rk_case_tells_location(trial, test))
        r->blocked[trial->events->item[rows[test->relevant_begin]]] = blocked;
}

/* Appends the case's different items; returns how many. */
static uint32_t read_items(const reader *r, const rk_case *test, rk_hidden *out) {
    const rk_trial *trial = r->trial;
    const uint64_t *rows = trial->split->row + test->relevant_begin;
    uint32_t count = 0;
    for (uint32_t i = 0; i < test->relevant_count; i++) {
        uint32_t item = trial->events->item[rows[i]];
        if (r->blocked[item]) continue;
        if (r->entry[item] == 0) {
            r->label[count] = 0;
            out[count].item = trial->log->item_of_file[item];
            r->entry[item] = ++count;
        }
        r->label[r->entry[item] - 1] |= trial->events->label[rows[i]];
    }
    for (uint32_t i = 0; i < count; i++) out[i].gain = rk_event_weight(trial->events, r->label[i]);
    for (uint32_t i = 0; i < test->relevant_count; i++) r->entry[trial->events->item[rows[i]]] = 0;
    return count;
}

static uint32_t read_rows(const reader *r, const rk_case *test, rk_hidden *out) {
    const rk_trial *trial = r->trial;
    const uint64_t *rows = trial->split->row + test->relevant_begin;
    uint32_t count = 0;
    for (uint32_t i = 0; i < test->relevant_count; i++) {
        uint32_t item = trial->events->item[rows[i]];
        if (r->blocked[item]) continue;
        double inverse = 1.0 / (double)trial->events->propensity[rows[i]];
        out[count++] =
            (rk_hidden){.item = trial->log->item_of_file[item],
                        .gain = rk_event_weight(trial->events, trial->events->label[rows[i]]),
                        .inverse = (float)(inverse < r->clip ? inverse : r->clip)};
    }
    return count;
}

static bool read_hidden(rk_replay *replay, double clip, rk_memory *memory) {
    const rk_split *split = replay->trial->split;
    const rk_events_content *events = replay->trial->events;
    rk_memory scratch = {0};
    reader r = {.trial = replay->trial,
                .clip = clip,
                .blocked = RK_NEW(&scratch, bool, events->meta.items),
                .entry = RK_NEW(&scratch, uint32_t, events->meta.items),
                .label = RK_NEW(&scratch, uint32_t, rk_evaluate_most_relevant(split))};
    uint64_t most = 0;
    for (uint32_t i = 0; i < split->case_count; i++) most += split->cases[i].relevant_count;
    replay->item_begin = RK_NEW(memory, uint64_t, (uint64_t)split->case_count + 1);
    replay->items = RK_NEW(memory, rk_hidden, most);
    bool ok = r.blocked && r.entry && r.label && replay->item_begin && replay->items;
    if (ok && events->propensity) {
        replay->row_begin = RK_NEW(memory, uint64_t, (uint64_t)split->case_count + 1);
        replay->rows = RK_NEW(memory, rk_hidden, most);
        ok = replay->row_begin && replay->rows;
    }
    for (uint32_t i = 0; ok && i < split->case_count; i++) {
        const rk_case *test = &split->cases[i];
        uint64_t *begin = replay->item_begin;
        block_seen(&r, test, true);
        begin[i + 1] = begin[i] + read_items(&r, test, replay->items + begin[i]);
        begin = replay->row_begin;
        if (begin) begin[i + 1] = begin[i] + read_rows(&r, test, replay->rows + begin[i]);
        block_seen(&r, test, false);
    }
    rk_memory_free(&scratch);
    return ok;
}

bool rk_replay_open(const rk_trial *trial, uint32_t k, double clip, rk_memory *memory,
                    rk_replay *out) {
    uint64_t engine_bytes = rk_engine_scratch_bytes(&trial->snapshot->meta);
    *out = (rk_replay){.trial = trial, .k = k};
    out->askers = RK_NEW(memory, struct rk_replay_asker, RK_SHARDS);
    if (!out->askers) return false;
    for (uint32_t s = 0; s < RK_SHARDS; s++) {
        struct rk_replay_asker *asker = &out->askers[s];
        void *engine = rk_memory_take(memory, engine_bytes, 1);
        asker->list = RK_NEW(memory, rk_recommendation, k);
        if (!engine || !asker->list || !rk_case_room_take(trial, memory, &asker->room))
            return false;
        asker->engine = rk_engine_over(trial->snapshot, engine, engine_bytes);
    }
    return read_hidden(out, clip, memory);
}

/* ---- asking ---------------------------------------------------------------------------------- */

typedef struct asking {
    const rk_replay *replay;
    const rk_setting *setting;
    uint32_t begin, end;
    float *values;
    uint32_t *lists;
} asking;

/* 1-based rank, 0 if it is not shown. */
static uint32_t rank_of(const rk_recommendation *list, uint32_t found, uint32_t item) {
    for (uint32_t i = 0; i < found; i++) {
        if (list[i].item == item) return i + 1;
    }
    return 0;
}

static void count_items(const rk_replay *replay, uint32_t index, const rk_recommendation *list,
                        uint32_t found, float *value) {
    double reward = 0.0, gain = 0.0, best = 0.0;
    uint32_t liked = 0;
    for (uint64_t i = replay->item_begin[index]; i < replay->item_begin[index + 1]; i++) {
        const rk_hidden *hidden = &replay->items[i];
        uint32_t rank = rank_of(list, found, hidden->item);
        double discount = rank ? rk_evaluate_discount(rank) : 0.0;
        reward += (double)hidden->gain * discount;
        value[RK_REPLAY_DISLIKES_OF] += hidden->gain < 0.0f ? 1.0f : 0.0f;
        value[RK_REPLAY_DISLIKES] += hidden->gain < 0.0f && rank ? 1.0f : 0.0f;
        if (!(hidden->gain > 0.0f)) continue;
        gain += discount;
        if (++liked <= replay->k) best += rk_evaluate_discount(liked);
    }
    value[RK_REPLAY_NDCG] = liked ? (float)(gain / best) : 0.0f;
    value[RK_REPLAY_NDCG_OF] = liked ? 1.0f : 0.0f;
    value[RK_REPLAY_REWARD] = (float)reward;
    value[RK_REPLAY_REWARD_OF] = 1.0f;
}

static void count_rows(const rk_replay *replay, uint32_t index, const rk_recommendation *list,
                       uint32_t found, float *value) {
    double reward = 0.0, weights = 0.0, squares = 0.0;
    for (uint64_t i = replay->row_begin[index]; i < replay->row_begin[index + 1]; i++) {
        const rk_hidden *row = &replay->rows[i];
        uint32_t rank = rank_of(list, found, row->item);
        if (!rank) continue;
        double weight = rk_evaluate_discount(rank) * (double)row->inverse;
        reward += weight * (double)row->gain;
        weights += weight;
        squares += weight * weight;
    }
    value[RK_REPLAY_REWARD] = (float)reward;
    value[RK_REPLAY_REWARD_OF] = (float)weights;
    value[RK_REPLAY_SQUARES] = (float)squares;
}

static void ask(const asking *a, struct rk_replay_asker *asker, uint32_t index) {
    const rk_replay *replay = a->replay;
    float *value = a->values + (uint64_t)(index - a->begin) * RK_REPLAY_COLUMNS;
    uint32_t *list = a->lists + (uint64_t)(index - a->begin) * replay->k, found;
    memset(value, 0, RK_REPLAY_COLUMNS * sizeof *value);
    for (uint32_t i = 0; i < replay->k; i++) list[i] = RK_NONE;
    value[RK_REPLAY_MEASURED] = RK_NOT_MEASURED;
    if (replay->item_begin[index] == replay->item_begin[index + 1]) return;
    rk_request request = rk_case_request(replay->trial, index, &asker->room);
    request.count = replay->k;
    request.flags |= RK_REQUEST_SOURCE_QUOTAS | RK_REQUEST_TASK_WEIGHTS;
    memcpy(request.source_quotas, a->setting->quotas, sizeof request.source_quotas);
    memcpy(request.task_weights, a->setting->values, sizeof request.task_weights);
    rk_status status = rk_recommend(asker->engine, &request, asker->list, &found, NULL);
    assert(status == RK_OK);
    (void)status;
    rk_funnel funnel;
    rk_engine_funnel(asker->engine, &funnel);
    value[RK_REPLAY_MEASURED] = 1.0f;
    value[RK_REPLAY_CANDIDATES] = (float)funnel.retrieved;
    for (uint32_t i = 0; i < found; i++) list[i] = asker->list[i].item;
    count_items(replay, index, asker->list, found, value);
    if (replay->row_begin) count_rows(replay, index, asker->list, found, value);
}

static void ask_shard(void *context, uint32_t shard) {
    const asking *a = context;
    uint64_t cases = a->end - a->begin;
    uint32_t end = a->begin + (uint32_t)(cases * (shard + 1) / RK_SHARDS);
    for (uint32_t i = a->begin + (uint32_t)(cases * shard / RK_SHARDS); i < end; i++)
        ask(a, &a->replay->askers[shard], i);
}

void rk_replay_ask(const rk_replay *replay, const rk_setting *setting, uint32_t begin, uint32_t end,
                   float *values, uint32_t *lists) {
    asking a = {.replay = replay,
                .setting = setting,
                .begin = begin,
                .end = end,
                .values = values,
                .lists = lists};
    rk_parallel(replay->trial->threads, ask_shard, &a);
}

/* ---- figures --------------------------------------------------------------------------------- */

/* Share of the items that some list shows. False if out of memory. */
static bool measure_coverage(const rk_replay *replay, const uint32_t *lists, uint64_t entries,
                             double *coverage) {
    rk_memory scratch = {0};
    uint32_t items = replay->trial->snapshot->meta.items, shown = 0;
    bool *seen = RK_NEW(&scratch, bool, items);
    for (uint64_t i = 0; seen && i < entries; i++) {
        if (lists[i] == RK_NONE || seen[lists[i]]) continue;
        seen[lists[i]] = true;
        shown++;
    }
    *coverage = (double)shown / RK_MAX(1, items);
    rk_memory_free(&scratch);
    return seen != NULL;
}

static double ratio(double part, double of) {
    return of > 0.0 ? part / of : (double)NAN;
}

bool rk_replay_figures(const rk_replay *replay, uint32_t begin, uint32_t end, const float *values,
                       const uint32_t *lists, double figures[RK_FIGURES], double *effective) {
    double sum[RK_REPLAY_COLUMNS] = {0};
    rk_split some = *replay->trial->split;
    rk_trial trial = *replay->trial;
    rk_list_quality quality;
    some.cases += begin;
    some.case_count = end - begin;
    trial.split = &some;
    trial.cutoffs = &replay->k;
    trial.cutoff_count = 1;
    for (uint32_t i = 0; i < end - begin; i++) {
        const float *value = values + (uint64_t)i * RK_REPLAY_COLUMNS;
        if (value[RK_REPLAY_MEASURED] < 0.0f) continue;
        for (uint32_t c = 0; c < RK_REPLAY_COLUMNS; c++) sum[c] += (double)value[c];
    }
    if (!rk_list_quality_measure(&trial, lists, &quality) ||
        !measure_coverage(replay, lists, (uint64_t)(end - begin) * replay->k,
                          &figures[RK_FIGURE_COVERAGE])) {
        return false;
    }
    figures[RK_FIGURE_REWARD] = ratio(sum[RK_REPLAY_REWARD], sum[RK_REPLAY_REWARD_OF]);
    figures[RK_FIGURE_NDCG] = ratio(sum[RK_REPLAY_NDCG], sum[RK_REPLAY_NDCG_OF]);
    figures[RK_FIGURE_DISLIKES] = ratio(sum[RK_REPLAY_DISLIKES], sum[RK_REPLAY_DISLIKES_OF]);
    figures[RK_FIGURE_CANDIDATES] = ratio(sum[RK_REPLAY_CANDIDATES], sum[RK_REPLAY_MEASURED]);
    figures[RK_FIGURE_NOVELTY] = quality.novelty[0];
    figures[RK_FIGURE_DIVERSITY] = quality.diversity[0];
    if (effective) {
        *effective = replay->row_begin ? ratio(sum[RK_REPLAY_REWARD_OF] * sum[RK_REPLAY_REWARD_OF],
                                               sum[RK_REPLAY_SQUARES])
                                       : sum[RK_REPLAY_MEASURED];
    }
    return true;
}
