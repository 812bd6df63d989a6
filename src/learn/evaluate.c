#include "learn/evaluate.h"

#include "base/fmath.h"
#include "learn/case_request.h"
#include "learn/parallel.h"
#include "serve/engine.h"

#define SINGLE_SOURCE_QUOTA 200u

rk_method rk_method_source(uint32_t source) {
    rk_method method = {.name = rk_source_name(source),
                        .single = true,
                        .source = source,
                        .stages = RK_STAGES_RETRIEVAL};
    method.weights[source] = 1.0f;
    method.quotas[source] = SINGLE_SOURCE_QUOTA;
    return method;
}

rk_method rk_method_blend(void) {
    return (rk_method){.name = "blend", .own = true, .stages = RK_STAGES_RETRIEVAL};
}

rk_method rk_method_funnel(void) {
    return (rk_method){.name = "funnel", .own = true, .stages = RK_STAGES_ALL};
}

typedef struct shard_state {
    rk_engine *engine;
    rk_case_room room;
    uint32_t *truth;         /* (most relevant of a case) */
    bool *mark;              /* (items of the file), false between cases */
    rk_recommendation *list; /* (last cutoff) */
    uint8_t *shown;          /* (items, a bit a cutoff) */
    rk_metrics sum;
} shard_state;

typedef struct evaluation {
    const rk_trial *trial;
    const rk_method *method;
    rk_kept kept;
    uint32_t most;
    shard_state shard[RK_SHARDS];
} evaluation;

/* Marks make it O(rows of the case): comparing rows with each other took minutes for one user of
 * 300,000. */
uint32_t rk_evaluate_truth(const rk_trial *trial, const rk_case *test, bool *mark, uint32_t *truth,
                           uint64_t *at) {
    const uint64_t *history = trial->split->row + test->history_begin;
    const uint64_t *relevant = trial->split->row + test->relevant_begin;
    const uint32_t *item_of_row = trial->events->item;
    uint32_t blocked = trial->split->keep_seen ? 0 : test->history_count, count = 0;
    bool tells_place = trial->told_is_no_answer && rk_case_tells_location(trial, test);
    for (uint32_t i = 0; i < blocked; i++) mark[item_of_row[history[i]]] = true;
    for (uint32_t i = 0; i < test->relevant_count; i++) {
        uint32_t item = item_of_row[relevant[i]];
        bool liked = rk_event_weight(trial->events, trial->events->label[relevant[i]]) > 0.0f;
        if (!liked || mark[item] || (tells_place && item == item_of_row[relevant[0]])) continue;
        mark[item] = true;
        if (at) at[count] = relevant[i];
        truth[count++] = trial->log->item_of_file[item];
    }
    for (uint32_t i = 0; i < blocked; i++) mark[item_of_row[history[i]]] = false;
    for (uint32_t i = 0; i < test->relevant_count; i++) mark[item_of_row[relevant[i]]] = false;
    return count;
}

static bool is_relevant(const uint32_t *truth, uint32_t count, uint32_t item) {
    for (uint32_t i = 0; i < count; i++) {
        if (truth[i] == item) return true;
    }
    return false;
}

double rk_evaluate_discount(uint32_t rank) {
    return 1.0 / (double)rk_log2f((float)rank + 1.0f);
}

/* One case at one cutoff. */
static void count_cutoff(const evaluation *e, shard_state *state, uint32_t index, uint32_t cutoff,
                         const double *value) {
    rk_metrics *sum = &state->sum;
    sum->recall[cutoff] += value[RK_VALUE_RECALL];
    sum->hit_rate[cutoff] += value[RK_VALUE_HIT_RATE];
    sum->mrr[cutoff] += value[RK_VALUE_MRR];
    sum->ndcg[cutoff] += value[RK_VALUE_NDCG];
    for (uint32_t v = 0; e->kept.values && v < RK_VALUE_COUNT; v++) {
        uint64_t at = (uint64_t)index * RK_VALUE_COUNT + v;
        e->kept.values[at * e->trial->cutoff_count + cutoff] = (float)value[v];
    }
}

static void count_case(const evaluation *e, shard_state *state, uint32_t index, uint32_t found,
                       uint32_t truth_count) {
    const rk_trial *trial = e->trial;
    state->sum.cases++;
    uint32_t hits = 0, first_hit = 0, cutoff = 0;
    double gain = 0.0, best = 0.0;
    for (uint32_t rank = 1; cutoff < trial->cutoff_count; rank++) {
        if (rank <= truth_count) best += rk_evaluate_discount(rank);
        if (rank <= found && is_relevant(state->truth, truth_count, state->list[rank - 1].item)) {
            hits++;
            if (!first_hit) first_hit = rank;
            gain += rk_evaluate_discount(rank);
        }
        if (rank <= found) {
            for (uint32_t c = cutoff; c < trial->cutoff_count; c++) {
                state->shown[state->list[rank - 1].item] |= (uint8_t)(1u << c);
            }
        }
        if (rank < trial->cutoffs[cutoff]) continue;
        count_cutoff(e, state, index, cutoff,
                     (const double[RK_VALUE_COUNT]){
                         [RK_VALUE_RECALL] = (double)hits / truth_count,
                         [RK_VALUE_HIT_RATE] = hits > 0,
                         [RK_VALUE_MRR] = first_hit ? 1.0 / first_hit : 0.0,
                         [RK_VALUE_NDCG] = gain / best,
                     });
        state->sum.precision[cutoff] += (double)hits / rank;
        cutoff++;
    }
}

static void skip_case(const evaluation *e, uint32_t index) {
    uint32_t width = RK_VALUE_COUNT * e->trial->cutoff_count;
    for (uint32_t i = 0; e->kept.values && i < width; i++)
        e->kept.values[(uint64_t)index * width + i] = RK_NOT_MEASURED;
}

static void keep_list(const evaluation *e, const shard_state *state, uint32_t index,
                      uint32_t found) {
    for (uint32_t i = 0; i < e->most; i++) {
        uint64_t at = (uint64_t)index * e->most + i;
        if (e->kept.lists) e->kept.lists[at] = i < found ? state->list[i].item : RK_NONE;
        if (e->kept.scores) e->kept.scores[at] = i < found ? state->list[i].score : 0.0f;
    }
}

static uint32_t list_available(rk_engine *engine, const rk_request *request) {
    uint32_t available = 0;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++)
        available |= (uint32_t)!rk_source_unavailable(engine, request, s) << s;
    return available;
}

static void ask(const evaluation *e, shard_state *state, uint32_t index) {
    const rk_trial *trial = e->trial;
    const rk_case *test = &trial->split->cases[index];
    rk_request request = rk_case_request(trial, index, &state->room);
    request.count = e->most;
    request.stages = e->method->stages;
    if (!e->method->own) {
        request.flags |= RK_REQUEST_SOURCE_WEIGHTS | RK_REQUEST_SOURCE_QUOTAS;
        memcpy(request.source_weights, e->method->weights, sizeof request.source_weights);
        memcpy(request.source_quotas, e->method->quotas, sizeof request.source_quotas);
    }
    uint32_t found;
    rk_status status = rk_recommend(state->engine, &request, state->list, &found, NULL);
    assert(status == RK_OK);
    (void)status;
    uint32_t truth_count = rk_evaluate_truth(trial, test, state->mark, state->truth, NULL);
    keep_list(e, state, index, truth_count ? found : 0);
    if (truth_count == 0) {
        skip_case(e, index);
        return;
    }
    if (e->kept.answer) {
        rk_answer answer = {.index = index,
                            .found = found,
                            .truth_count = truth_count,
                            .available = list_available(state->engine, &request),
                            .request = &request,
                            .list = state->list,
                            .truth = state->truth};
        e->kept.answer(e->kept.context, &answer);
    }
    state->sum.answerable +=
        !e->method->single || !rk_source_unavailable(state->engine, &request, e->method->source);
    count_case(e, state, index, found, truth_count);
}

static void evaluate_shard(void *context, uint32_t shard) {
    evaluation *e = context;
    uint64_t cases = e->trial->split->case_count;
    uint32_t begin = (uint32_t)(cases * shard / RK_SHARDS);
    uint32_t end = (uint32_t)(cases * (shard + 1) / RK_SHARDS);
    for (uint32_t index = begin; index < end; index++) ask(e, &e->shard[shard], index);
}

uint32_t rk_evaluate_most_relevant(const rk_split *split) {
    uint32_t most = 1;
    for (uint32_t i = 0; i < split->case_count; i++)
        most = RK_MAX(most, split->cases[i].relevant_count);
    return most;
}

static bool take_shards(evaluation *e, rk_memory *memory) {
    const rk_trial *trial = e->trial;
    uint32_t items = trial->snapshot->meta.items;
    uint32_t relevant = rk_evaluate_most_relevant(trial->split);
    uint64_t engine_bytes = rk_engine_scratch_bytes(&trial->snapshot->meta);
    for (uint32_t s = 0; s < RK_SHARDS; s++) {
        shard_state *state = &e->shard[s];
        void *engine = rk_memory_take(memory, engine_bytes, 1);
        state->truth = RK_NEW(memory, uint32_t, relevant);
        state->mark = RK_NEW(memory, bool, trial->events->meta.items);
        state->list = RK_NEW(memory, rk_recommendation, e->most);
        state->shown = RK_NEW(memory, uint8_t, items);
        if (!engine || !state->truth || !state->mark || !state->list || !state->shown ||
            !rk_case_room_take(trial, memory, &state->room)) {
            return false;
        }
        state->engine = rk_engine_over(trial->snapshot, engine, engine_bytes);
    }
    return true;
}

static void reduce(const evaluation *e, rk_metrics *metrics) {
    uint32_t items = e->trial->snapshot->meta.items;
    *metrics = (rk_metrics){0};
    for (uint32_t s = 0; s < RK_SHARDS; s++) {
        metrics->cases += e->shard[s].sum.cases;
        metrics->answerable += e->shard[s].sum.answerable;
    }
    double scale = metrics->cases ? 1.0 / metrics->cases : 0.0;
    for (uint32_t c = 0; c < e->trial->cutoff_count; c++) {
        for (uint32_t s = 0; s < RK_SHARDS; s++) {
            const rk_metrics *sum = &e->shard[s].sum;
            metrics->recall[c] += sum->recall[c] * scale;
            metrics->hit_rate[c] += sum->hit_rate[c] * scale;
            metrics->mrr[c] += sum->mrr[c] * scale;
            metrics->ndcg[c] += sum->ndcg[c] * scale;
            metrics->precision[c] += sum->precision[c] * scale;
        }
        uint32_t shown = 0;
        for (uint32_t item = 0; item < items; item++) {
            uint32_t any = 0;
            for (uint32_t s = 0; s < RK_SHARDS; s++) any |= e->shard[s].shown[item];
            shown += any >> c & 1u;
        }
        metrics->coverage[c] = (double)shown / RK_MAX(1, items - e->trial->excluded_count);
    }
}

bool rk_evaluate_keeping(const rk_trial *trial, const rk_method *method, rk_metrics *metrics,
                         rk_kept kept) {
    rk_memory memory = {0};
    evaluation e = {.trial = trial, .method = method, .kept = kept};
    e.most = trial->cutoffs[trial->cutoff_count - 1];
    bool ok = take_shards(&e, &memory);
    if (ok) {
        rk_parallel(trial->threads, evaluate_shard, &e);
        reduce(&e, metrics);
    }
    rk_memory_free(&memory);
    return ok;
}

bool rk_evaluate_cases(const rk_trial *trial, const rk_method *method, rk_metrics *metrics,
                       uint32_t *lists, float *scores) {
    return rk_evaluate_keeping(trial, method, metrics, (rk_kept){.lists = lists, .scores = scores});
}
