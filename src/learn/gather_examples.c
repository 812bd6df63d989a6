#include "learn/gather_examples.h"

#include "base/rng.h"
#include "learn/case_request.h"
#include "learn/parallel.h"
#include "serve/engine.h"

#define STREAM_DRAW (UINT64_C(0x64726177) << 32) /* "draw", then the case */

/* Beside the bits of the tasks: the label is known, whatever it is. */
#define SHOWN 0x100u

rk_gather_params rk_gather_defaults(uint64_t seed) {
    return (rk_gather_params){.depth = 200, .most = 80, .most_rows = RK_GATHER_ROWS, .seed = seed};
}

/* What one shard works with. */
typedef struct asker {
    rk_engine *engine;
    rk_case_room room;
    uint16_t *label; /* (items) bits of the case at hand and SHOWN, zero between cases */
    uint32_t *asked; /* (longest) items with a hidden row */
    uint32_t *item;  /* (longest) as the engine gives them */
    float *feature;  /* (longest, RK_FEATURE_COUNT) */
    uint32_t *place; /* (longest) of the rows kept */
    float *weight;   /* (longest) */
    int64_t first_ms, last_ms;
    uint64_t hidden, reached;
} asker;

typedef struct gathering {
    const rk_trial *trial;
    const rk_gather_params *params;
    uint32_t most;   /* rows of a list that are not there for their label */
    uint64_t *begin; /* (cases + 1) room of each */
    uint32_t *rows;  /* (cases) used of it */
    uint32_t *alone; /* (cases) of these, the last that are lists by themselves */
    rk_gathered *out;
    asker shard[RK_SHARDS];
} gathering;

/* ---- labels ---------------------------------------------------------------------------------- */

static uint8_t task_bits(const rk_snapshot_content *snapshot, uint32_t labels) {
    uint8_t bits = 0;
    for (uint32_t t = 0; t < snapshot->meta.tasks; t++)
        bits = (uint8_t)(bits | (labels >> snapshot->tasks[t].type & 1u) << t);
    return bits;
}

/* Marks what the hidden rows say; returns how many different items they have. Rows of items that
 * may not be recommended again, and the one that gives the location away, are no examples. */
static uint32_t read_labels(const gathering *g, const rk_case *test, asker *a) {
    const rk_trial *trial = g->trial;
    const uint64_t *rows = trial->split->row + test->relevant_begin;
    const uint32_t shown = g->params->known == RK_KNOWN_SHOWN ? SHOWN : 0;
    uint32_t count = 0, told = RK_NONE;
    if (trial->told_is_no_answer && rk_case_tells_location(trial, test))
        told = trial->events->item[rows[0]];
    uint32_t limit = RK_MIN(test->relevant_count, RK_LIST_ROWS);
    for (uint32_t i = 0; i < limit; i++) {
        uint32_t item = trial->log->item_of_file[trial->events->item[rows[i]]];
        if (item == RK_NONE || trial->events->item[rows[i]] == told) continue;
        bool known = false;
        for (uint32_t j = 0; j < count && !known; j++) known = a->asked[j] == item;
        if (!known) a->asked[count++] = item;
        uint32_t bits = task_bits(trial->snapshot, trial->events->label[rows[i]]) | shown;
        a->label[item] = (uint16_t)(a->label[item] | bits);
    }
    return count;
}

/* ---- which rows ------------------------------------------------------------------------------ */

/* Rows with a label that a list takes beyond those kept for their place. */
static uint32_t most_labelled(const gathering *g, uint32_t hidden) {
    return RK_MIN(hidden, g->params->known == RK_KNOWN_SHOWN ? RK_LIST_ROWS : RK_GATHER_LABELLED);
}

/* The best of the candidates, whatever has a label, and a few drawn evenly from the rest: weights
 * of all (found), 0 for what is left out. */
static void weigh_rows(const gathering *g, asker *a, uint32_t index, uint32_t found) {
    uint32_t best = RK_MIN(found, g->most - g->most / 2), labelled = 0, rest = 0;
    const uint32_t limit = most_labelled(g, UINT32_MAX);
    for (uint32_t i = 0; i < found; i++) {
        bool wanted = a->label[a->item[i]] && labelled < limit;
        labelled += i >= best && wanted;
        rest += i >= best && !wanted;
        a->weight[i] = i < best || wanted ? 1.0f : 0.0f;
    }
    uint32_t draws = RK_MIN(g->most / 2, rest), wanted = draws;
    float weight = draws ? (float)rest / (float)draws : 0.0f;
    rk_rng rng = rk_rng_at(g->params->seed, STREAM_DRAW + index);
    for (uint32_t i = best; i < found && wanted > 0; i++) {
        if (a->weight[i] > 0.0f || rk_rng_below(&rng, rest--) >= wanted) continue;
        a->weight[i] = weight;
        wanted--;
    }
}

/* Of `found` rows, the best of the candidates first, those that are among these. */
static uint32_t count_best(const gathering *g, const asker *a, uint32_t found) {
    uint32_t best = RK_MIN(found, g->params->depth);
    while (best > 0 &&
           a->feature[(uint64_t)(best - 1) * RK_FEATURE_COUNT + RK_FEATURE_sources] == 0.0f)
        best--;
    return best;
}

/* Those of the first `best` that a list takes, then all others. */
static uint32_t choose_rows(const gathering *g, asker *a, uint32_t index, uint32_t best,
                            uint32_t found) {
    uint32_t kept = 0;
    weigh_rows(g, a, index, best);
    for (uint32_t i = best; i < found; i++) a->weight[i] = 1.0f;
    for (uint32_t i = 0; i < found; i++) {
        if (a->weight[i] > 0.0f) a->place[kept++] = i;
    }
    return kept;
}

static bool knows(const gathering *g, uint32_t label) {
    return g->params->known == RK_KNOWN_ALL || label & SHOWN;
}

static void write_rows(const gathering *g, const asker *a, uint32_t index, uint32_t kept) {
    rk_examples *examples = &g->out->examples;
    uint8_t all = (uint8_t)((1u << g->trial->snapshot->meta.tasks) - 1u);
    uint64_t row = g->begin[index];
    assert(kept <= g->begin[index + 1] - row);
    for (uint32_t i = 0; i < kept; i++, row++) {
        uint32_t place = a->place[i];
        memcpy(examples->input + row * RK_FEATURE_COUNT,
               a->feature + (uint64_t)place * RK_FEATURE_COUNT, RK_FEATURE_COUNT * sizeof(float));
        uint32_t label = a->label[a->item[place]];
        examples->label[row] = (uint8_t)(label & all);
        examples->known[row] = knows(g, label) ? all : 0;
        examples->weight[row] = a->weight[place];
        g->out->item[row] = a->item[place];
    }
    g->rows[index] = kept;
}

static void ask(const gathering *g, asker *a, uint32_t index) {
    const rk_case *test = &g->trial->split->cases[index];
    bool shown = g->params->known == RK_KNOWN_SHOWN;
    rk_request request = rk_case_request(g->trial, index, &a->room);
    request.count = RK_SECOND_STAGE_ITEMS;
    a->first_ms = RK_MIN(a->first_ms, request.time_ms);
    a->last_ms = RK_MAX(a->last_ms, request.time_ms);
    uint32_t asked = read_labels(g, test, a);
    uint32_t found = rk_engine_examples(a->engine, &request, a->asked, shown ? asked : 0,
                                        g->params->depth, a->item, a->feature);
    uint32_t best = count_best(g, a, found);
    uint32_t kept = choose_rows(g, a, index, best, found);
    write_rows(g, a, index, kept);
    g->alone[index] = found - best;
    for (uint32_t i = 0; i < kept; i++)
        a->reached += a->place[i] < best && (a->label[a->item[a->place[i]]] & ~SHOWN);
    for (uint32_t i = 0; i < asked; i++) {
        a->hidden += (a->label[a->asked[i]] & ~SHOWN) != 0;
        a->label[a->asked[i]] = 0;
    }
}

static void ask_shard(void *context, uint32_t shard) {
    gathering *g = context;
    uint64_t cases = g->trial->split->case_count;
    uint32_t end = (uint32_t)(cases * (shard + 1) / RK_SHARDS);
    for (uint32_t index = (uint32_t)(cases * shard / RK_SHARDS); index < end; index++)
        ask(g, &g->shard[shard], index);
}

/* ---- room ------------------------------------------------------------------------------------ */

static bool take_shards(gathering *g, rk_memory *scratch) {
    const rk_trial *trial = g->trial;
    uint64_t engine_bytes = rk_engine_scratch_bytes(&trial->snapshot->meta);
    uint32_t hidden = RK_MIN(rk_evaluate_most_relevant(trial->split), RK_LIST_ROWS);
    uint32_t longest = g->params->depth + (g->params->known == RK_KNOWN_SHOWN ? hidden : 0);
    for (uint32_t s = 0; s < RK_SHARDS; s++) {
        asker *a = &g->shard[s];
        void *engine = rk_memory_take(scratch, engine_bytes, 1);
        a->label = RK_NEW(scratch, uint16_t, trial->snapshot->meta.items);
        a->asked = RK_NEW(scratch, uint32_t, hidden);
        a->item = RK_NEW(scratch, uint32_t, longest);
        a->feature = RK_NEW(scratch, float, (uint64_t)longest *RK_FEATURE_COUNT);
        a->place = RK_NEW(scratch, uint32_t, longest);
        a->weight = RK_NEW(scratch, float, longest);
        if (!engine || !a->label || !a->asked || !a->item || !a->feature || !a->place ||
            !a->weight || !rk_case_room_take(trial, scratch, &a->room)) {
            return false;
        }
        a->engine = rk_engine_over(trial->snapshot, engine, engine_bytes);
        a->first_ms = INT64_MAX;
        a->last_ms = INT64_MIN;
    }
    return true;
}

/* Room for every case; false if out of memory. */
static bool take_rows(gathering *g, rk_memory *memory, rk_memory *scratch) {
    const rk_split *split = g->trial->split;
    rk_examples *examples = &g->out->examples;
    const bool shown = g->params->known == RK_KNOWN_SHOWN;
    uint64_t rows = 0, lists = split->case_count;
    g->begin = RK_NEW(scratch, uint64_t, (uint64_t)split->case_count + 1);
    g->rows = RK_NEW(scratch, uint32_t, split->case_count);
    g->alone = RK_NEW(scratch, uint32_t, split->case_count);
    if (!g->begin || !g->rows || !g->alone) return false;
    for (uint32_t i = 0; i < split->case_count; i++) {
        uint32_t labelled = most_labelled(g, split->cases[i].relevant_count);
        uint32_t alone = shown ? labelled : 0;
        g->begin[i] = rows;
        rows += RK_MIN(g->params->depth, g->most + labelled) + (uint64_t)alone;
        lists += alone;
    }
    g->begin[split->case_count] = rows;
    examples->input = RK_NEW(memory, float, rows *RK_FEATURE_COUNT);
    examples->label = RK_NEW(memory, uint8_t, rows);
    examples->known = RK_NEW(memory, uint8_t, rows);
    examples->weight = RK_NEW(memory, float, rows);
    examples->list_begin = RK_NEW(memory, uint64_t, lists + 1);
    examples->group = RK_NEW(memory, uint64_t, lists);
    g->out->item = RK_NEW(memory, uint32_t, rows);
    g->out->case_index = RK_NEW(memory, uint32_t, lists);
    return examples->input && examples->label && examples->known && examples->weight &&
           examples->list_begin && examples->group && g->out->item && g->out->case_index;
}

static void end_list(gathering *g, uint32_t index, uint64_t end) {
    rk_examples *examples = &g->out->examples;
    g->out->case_index[examples->lists] = index;
    examples->group[examples->lists] = g->trial->split->cases[index].user;
    examples->list_begin[++examples->lists] = end;
}

/* Rows to the front, cases without rows left out. */
static void close_up(gathering *g) {
    const rk_split *split = g->trial->split;
    rk_examples *examples = &g->out->examples;
    uint64_t to = 0;
    for (uint32_t i = 0; i < split->case_count; i++) {
        uint64_t from = g->begin[i];
        uint32_t rows = g->rows[i];
        if (rows == 0) continue;
        memmove(examples->input + to * RK_FEATURE_COUNT, examples->input + from * RK_FEATURE_COUNT,
                (size_t)rows * RK_FEATURE_COUNT * sizeof(float));
        memmove(examples->label + to, examples->label + from, rows);
        memmove(examples->known + to, examples->known + from, rows);
        memmove(examples->weight + to, examples->weight + from, rows * sizeof(float));
        memmove(g->out->item + to, g->out->item + from, rows * sizeof(uint32_t));
        to += rows;
        if (g->alone[i] < rows) end_list(g, i, to - g->alone[i]);
        for (uint32_t left = g->alone[i]; left > 0; left--) end_list(g, i, to - left + 1);
    }
    examples->count = to;
}

bool rk_gather_examples(const rk_trial *trial, const rk_gather_params *params, rk_memory *memory,
                        rk_gathered *out) {
    rk_memory scratch = {0};
    gathering g = {.trial = trial, .params = params, .out = out};
    uint64_t fair = params->most_rows / RK_MAX(1, trial->split->case_count);
    g.most = RK_MAX(RK_GATHER_LEAST, (uint32_t)RK_MIN(params->most, fair));
    *out = (rk_gathered){
        .cases = trial->split->case_count, .first_ms = INT64_MAX, .last_ms = INT64_MIN};
    out->examples.tasks = trial->snapshot->meta.tasks;
    bool ok = take_shards(&g, &scratch) && take_rows(&g, memory, &scratch);
    if (ok) {
        rk_parallel(trial->threads, ask_shard, &g);
        close_up(&g);
        for (uint32_t s = 0; s < RK_SHARDS; s++) {
            out->first_ms = RK_MIN(out->first_ms, g.shard[s].first_ms);
            out->last_ms = RK_MAX(out->last_ms, g.shard[s].last_ms);
            out->hidden += g.shard[s].hidden;
            out->reached += g.shard[s].reached;
        }
    }
    rk_memory_free(&scratch);
    return ok;
}

/* ---- several --------------------------------------------------------------------------------- */

/* An array of (count of each, width) elements after another, in `memory`; NULL if out of it. */
static void *joined(const void *first, uint64_t first_count, const void *second,
                    uint64_t second_count, uint64_t bytes, rk_memory *memory) {
    unsigned char *out = rk_memory_take(memory, first_count + second_count, bytes);
    if (!out) return NULL;
    memcpy(out, first, (size_t)(first_count * bytes));
    memcpy(out + first_count * bytes, second, (size_t)(second_count * bytes));
    return out;
}

bool rk_gathered_append(rk_gathered *all, const rk_gathered *more, rk_memory *memory) {
    rk_examples *a = &all->examples;
    const rk_examples *b = &more->examples;
    uint64_t rows = a->count, added = b->count;
    a->input = joined(a->input, rows, b->input, added, RK_FEATURE_COUNT * sizeof(float), memory);
    a->label = joined(a->label, rows, b->label, added, 1, memory);
    a->known = joined(a->known, rows, b->known, added, 1, memory);
    a->weight = joined(a->weight, rows, b->weight, added, sizeof(float), memory);
    a->group = joined(a->group, a->lists, b->group, b->lists, sizeof(uint64_t), memory);
    a->list_begin = joined(a->list_begin, a->lists, b->list_begin, b->lists + UINT64_C(1),
                           sizeof(uint64_t), memory);
    if (!a->input || !a->label || !a->known || !a->weight || !a->group || !a->list_begin)
        return false;
    for (uint32_t l = 0; l <= b->lists; l++) a->list_begin[a->lists + l] += rows;
    a->lists += b->lists;
    a->count += added;
    all->item = all->case_index = NULL;
    all->first_ms = RK_MIN(all->first_ms, more->first_ms);
    all->last_ms = RK_MAX(all->last_ms, more->last_ms);
    all->cases += more->cases;
    all->hidden += more->hidden;
    all->reached += more->reached;
    return true;
}

/* ---- when ------------------------------------------------------------------------------------ */

void rk_gathered_drop_hours(rk_gathered *all) {
    static const struct {
        int64_t span_ms;
        uint32_t features[2];
    } needs[] = {{RK_HOURS_SPAN_MS, {RK_FEATURE_hour_sin, RK_FEATURE_hour_cos}},
                 {RK_WEEKDAYS_SPAN_MS, {RK_FEATURE_weekday_sin, RK_FEATURE_weekday_cos}}};
    for (size_t n = 0; n < sizeof needs / sizeof needs[0]; n++) {
        if (all->last_ms >= all->first_ms && all->last_ms - all->first_ms >= needs[n].span_ms)
            continue;
        for (uint64_t row = 0; row < all->examples.count; row++) {
            float *input = all->examples.input + row * RK_FEATURE_COUNT;
            input[needs[n].features[0]] = input[needs[n].features[1]] = 0.0f;
        }
    }
}
