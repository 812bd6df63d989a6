#include "learn/cold_user.h"

#include "base/fmath.h"
#include "base/rng.h"
#include "learn/parallel.h"
#include "serve/engine.h"

#define QUESTIONS     8u
#define RANDOM_POOL   100u
#define PEOPLE_MET    20u
#define STREAM_KNOWN  0x6B6E6F77u /* "know" */
#define STREAM_RANDOM 0x72616E64u /* "rand" */
#define STREAM_CLICK  0x636C6963u /* "clic" */

const uint32_t rk_asked_before[RK_ASKED_POINTS] = {0, 1, 2, 3, 5, QUESTIONS};

/* Of a case: NDCG of every way and point, of the click, of `popular`; then the answers. */
enum {
    VALUE_CLICK = RK_ASKINGS * RK_ASKED_POINTS,
    VALUE_POPULAR,
    VALUE_NDCGS,
    VALUE_ANSWERS = VALUE_NDCGS,
    VALUES = VALUE_ANSWERS + 3 * RK_ASKINGS * RK_ASKED_POINTS
};
enum { ANSWER_PICK, ANSWER_SKIP, ANSWER_UNKNOWN, ANSWERS };
enum { SIDE_ASKED, SIDE_PREDICTED, SIDES };

/* What a user has of an item on the side that may be answered: nothing, a liked event (1 + its
 * type), or another. */
enum { HAS_NOTHING = 0, HAS_DISLIKED = UINT16_MAX };

typedef struct shard_state {
    rk_engine *engine;
    uint32_t *side[SIDES]; /* (items) items of each, ascending */
    uint32_t side_count[SIDES];
    uint16_t *has;   /* (items) HAS_...; zero between cases */
    uint32_t *liked; /* (most history) items liked on the asked side */
    uint32_t liked_count;
    bool *mark;      /* (items of the file), false between cases */
    uint32_t *truth; /* (most relevant) */
    uint32_t truth_count;
    rk_recommendation *list;
    rk_event session[QUESTIONS];
    uint32_t session_count;
    uint32_t answered[ANSWERS][QUESTIONS];
    uint32_t answered_count[ANSWERS];
} shard_state;

typedef struct measuring {
    const rk_trial *trial;
    uint64_t seed;
    uint64_t *item_hash; /* (items) of the ids */
    float *known;        /* (items) probability that somebody knows it */
    float *values;       /* (cases, VALUES) */
    shard_state shard[RK_SHARDS];
} measuring;

const char *rk_asking_name(rk_asking asking) {
    static const char *const names[RK_ASKINGS] = {
        [RK_ASK_ADAPTIVE] = "adaptive", [RK_ASK_POPULAR] = "popular", [RK_ASK_RANDOM] = "random"};
    return names[asking];
}

/* ---- the user -------------------------------------------------------------------------------- */

static double fraction_of(uint64_t hash) {
    return (double)(hash >> 11) * 0x1p-53;
}

static uint64_t user_hash(const measuring *m, const rk_case *test, uint64_t stream) {
    return rk_split_hash(&m->trial->events->users, test->user, rk_mix64(m->seed, stream));
}

static void read_sides(const measuring *m, const rk_case *test, shard_state *state) {
    uint64_t user = rk_split_user_side(m->trial->events, test->user, m->seed);
    memset(state->side_count, 0, sizeof state->side_count);
    for (uint32_t item = 0; item < m->trial->snapshot->meta.items; item++) {
        uint32_t side = rk_split_is_predicted(user, m->item_hash[item]);
        state->side[side][state->side_count[side]++] = item;
    }
}

/* What the user has of the asked side, or (clear) forgets it. */
static void read_history(const measuring *m, const rk_case *test, shard_state *state, bool clear) {
    const rk_events_content *events = m->trial->events;
    const uint64_t *rows = m->trial->split->row + test->history_begin;
    state->liked_count = 0;
    for (uint32_t i = 0; i < test->history_count; i++) {
        uint32_t item = m->trial->log->item_of_file[events->item[rows[i]]];
        if (item == RK_NONE) continue;
        uint32_t label = events->label[rows[i]];
        bool liked = rk_event_weight(events, label) > 0.0f;
        bool first = state->has[item] == HAS_NOTHING || state->has[item] == HAS_DISLIKED;
        if (clear) {
            state->has[item] = HAS_NOTHING;
        } else if (!liked && state->has[item] == HAS_NOTHING) {
            state->has[item] = HAS_DISLIKED;
        } else if (liked && first) {
            state->has[item] = (uint16_t)(1 + rk_event_type(events, label));
            state->liked[state->liked_count++] = item;
        }
    }
}

static void answer(const measuring *m, const rk_case *test, uint32_t item, shard_state *state) {
    uint32_t kind = ANSWER_UNKNOWN, has = state->has[item];
    if (has == HAS_DISLIKED) {
        kind = ANSWER_SKIP;
    } else if (has != HAS_NOTHING) {
        kind = ANSWER_PICK;
        state->session[state->session_count++] =
            (rk_event){.item = item, .type = (uint32_t)has - 1};
    } else {
        uint64_t hash = rk_mix64(user_hash(m, test, STREAM_KNOWN), m->item_hash[item]);
        if (fraction_of(hash) < (double)m->known[item]) kind = ANSWER_SKIP;
    }
    state->answered[kind][state->answered_count[kind]++] = item;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static rk_request request_of(const measuring *m, uint32_t index, uint32_t hidden_side,
                             shard_state *state) {
    const rk_trial *trial = m->trial;
    const rk_case *test = &trial->split->cases[index];
    rk_request request = {.session = state->session,
                          .session_count = state->session_count,
                          .exclude = state->side[hidden_side],
                          .exclude_count = state->side_count[hidden_side],
                          .seed = index,
                          .count = 1};
    if (trial->events->meta.time_kind == RK_TIME_UNIX_MS) {
        request.time_ms = trial->events->time[trial->split->row[test->relevant_begin]];
        for (uint32_t i = 0; i < state->session_count; i++)
            state->session[i].time_ms = request.time_ms;
    }
    return request;
}

static bool was_asked(const shard_state *state, uint32_t item) {
    for (uint32_t kind = 0; kind < ANSWERS; kind++) {
        for (uint32_t i = 0; i < state->answered_count[kind]; i++) {
            if (state->answered[kind][i] == item) return true;
        }
    }
    return false;
}

/* The next item of the popular list on the asked side, or (random) one of its first, by draw. */
static uint32_t next_popular(const measuring *m, uint32_t index, bool random, shard_state *state) {
    const rk_snapshot_content *snapshot = m->trial->snapshot;
    const rk_case *test = &m->trial->split->cases[index];
    uint64_t user = rk_split_user_side(m->trial->events, test->user, m->seed);
    uint64_t draws = user_hash(m, test, STREAM_RANDOM), least = UINT64_MAX;
    uint32_t found = RK_NONE, met = 0;
    for (uint32_t i = 0; i < snapshot->meta.popular_count && met < RANDOM_POOL; i++) {
        uint32_t item = snapshot->popular[i];
        if (rk_split_is_predicted(user, m->item_hash[item])) continue;
        met++;
        if (was_asked(state, item)) continue;
        if (!random) return item;
        uint64_t hash = rk_mix64(draws, m->item_hash[item]);
        if (hash < least) found = item;
        least = RK_MIN(least, hash);
    }
    return found;
}

static uint32_t next_question(const measuring *m, uint32_t index, rk_asking asking,
                              shard_state *state) {
    if (asking != RK_ASK_ADAPTIVE) return next_popular(m, index, asking == RK_ASK_RANDOM, state);
    rk_request request = request_of(m, index, SIDE_PREDICTED, state);
    rk_answers answers = {.skipped = state->answered[ANSWER_SKIP],
                          .skipped_count = state->answered_count[ANSWER_SKIP],
                          .unknown = state->answered[ANSWER_UNKNOWN],
                          .unknown_count = state->answered_count[ANSWER_UNKNOWN]};
    rk_question question;
    uint32_t found;
    rk_status status = rk_onboarding(state->engine, &request, &answers, &question, &found, NULL);
    assert(status == RK_OK);
    (void)status;
    return found ? question.item : RK_NONE;
}

/* ---- the lists ------------------------------------------------------------------------------- */

static bool is_true(const shard_state *state, uint32_t item) {
    for (uint32_t i = 0; i < state->truth_count; i++) {
        if (state->truth[i] == item) return true;
    }
    return false;
}

/* NDCG of the funnel's answer, or of the source `popular` alone. */
static float ndcg_of(const measuring *m, uint32_t index, bool popular, shard_state *state) {
    rk_request request = request_of(m, index, SIDE_ASKED, state);
    rk_method method = popular ? rk_method_source(RK_SOURCE_POPULAR) : rk_method_funnel();
    request.count = m->trial->cutoffs[0];
    request.stages = method.stages;
    if (!method.own) {
        request.flags |= RK_REQUEST_SOURCE_WEIGHTS | RK_REQUEST_SOURCE_QUOTAS;
        memcpy(request.source_weights, method.weights, sizeof request.source_weights);
        memcpy(request.source_quotas, method.quotas, sizeof request.source_quotas);
    }
    uint32_t found;
    rk_status status = rk_recommend(state->engine, &request, state->list, &found, NULL);
    assert(status == RK_OK);
    (void)status;
    double gain = 0.0, best = 0.0;
    for (uint32_t rank = 1; rank <= request.count; rank++) {
        if (rank <= state->truth_count) best += rk_evaluate_discount(rank);
        if (rank <= found && is_true(state, state->list[rank - 1].item))
            gain += rk_evaluate_discount(rank);
    }
    return (float)(gain / best);
}

static void ask_all(const measuring *m, uint32_t index, rk_asking asking, float *value,
                    shard_state *state) {
    const rk_case *test = &m->trial->split->cases[index];
    uint32_t asked = 0, listed = RK_NONE;
    float ndcg = 0.0f;
    state->session_count = 0;
    memset(state->answered_count, 0, sizeof state->answered_count);
    for (uint32_t point = 0; point < RK_ASKED_POINTS; point++) {
        for (; asked < rk_asked_before[point]; asked++) {
            uint32_t item = next_question(m, index, asking, state);
            if (item != RK_NONE) answer(m, test, item, state);
        }
        if (listed != state->session_count) ndcg = ndcg_of(m, index, false, state);
        listed = state->session_count;
        uint32_t at = (uint32_t)asking * RK_ASKED_POINTS + point;
        value[at] = ndcg;
        for (uint32_t kind = 0; kind < ANSWERS; kind++)
            value[VALUE_ANSWERS + ANSWERS * at + kind] = (float)state->answered_count[kind];
    }
}

/* A click on the liked item of least hash. */
static void click(const measuring *m, uint32_t index, float *value, shard_state *state) {
    uint64_t user = user_hash(m, &m->trial->split->cases[index], STREAM_CLICK), least = UINT64_MAX;
    uint32_t chosen = RK_NONE;
    for (uint32_t i = 0; i < state->liked_count; i++) {
        uint64_t hash = rk_mix64(user, m->item_hash[state->liked[i]]);
        if (hash < least) chosen = state->liked[i];
        least = RK_MIN(least, hash);
    }
    state->session_count = 0;
    value[VALUE_POPULAR] = ndcg_of(m, index, true, state);
    if (chosen != RK_NONE) {
        state->session[0] = (rk_event){.item = chosen, .type = (uint32_t)state->has[chosen] - 1};
        state->session_count = 1;
    }
    value[VALUE_CLICK] = ndcg_of(m, index, false, state);
}

static void measure_case(const measuring *m, uint32_t index, shard_state *state) {
    const rk_case *test = &m->trial->split->cases[index];
    float *value = m->values + (uint64_t)index * VALUES;
    state->truth_count = rk_evaluate_truth(m->trial, test, state->mark, state->truth, NULL);
    value[0] = RK_NOT_MEASURED;
    if (state->truth_count == 0) return;
    read_sides(m, test, state);
    read_history(m, test, state, false);
    for (uint32_t asking = 0; asking < RK_ASKINGS; asking++)
        ask_all(m, index, (rk_asking)asking, value, state);
    click(m, index, value, state);
    read_history(m, test, state, true);
}

static void measure_shard(void *context, uint32_t shard) {
    measuring *m = context;
    uint64_t cases = m->trial->split->case_count;
    uint32_t end = (uint32_t)(cases * (shard + 1) / RK_SHARDS);
    for (uint32_t index = (uint32_t)(cases * shard / RK_SHARDS); index < end; index++)
        measure_case(m, index, &m->shard[shard]);
}

/* ---- figures --------------------------------------------------------------------------------- */

static bool take_shards(measuring *m, rk_memory *memory) {
    const rk_trial *trial = m->trial;
    uint32_t items = trial->snapshot->meta.items, history = 1;
    uint64_t engine_bytes = rk_engine_scratch_bytes(&trial->snapshot->meta);
    for (uint32_t i = 0; i < trial->split->case_count; i++)
        history = RK_MAX(history, trial->split->cases[i].history_count);
    for (uint32_t s = 0; s < RK_SHARDS; s++) {
        shard_state *state = &m->shard[s];
        void *engine = rk_memory_take(memory, engine_bytes, 1);
        for (uint32_t side = 0; side < SIDES; side++)
            state->side[side] = RK_NEW(memory, uint32_t, items);
        state->has = RK_NEW(memory, uint16_t, items);
        state->liked = RK_NEW(memory, uint32_t, history);
        state->mark = RK_NEW(memory, bool, trial->events->meta.items);
        state->truth = RK_NEW(memory, uint32_t, rk_evaluate_most_relevant(trial->split));
        state->list = RK_NEW(memory, rk_recommendation, trial->cutoffs[0]);
        if (!engine || !state->side[SIDE_ASKED] || !state->side[SIDE_PREDICTED] || !state->has ||
            !state->liked || !state->mark || !state->truth || !state->list) {
            return false;
        }
        state->engine = rk_engine_over(trial->snapshot, engine, engine_bytes);
    }
    return true;
}

/* Hashes of the ids, and how likely somebody knows each item. */
static bool take_items(measuring *m, rk_memory *memory) {
    const rk_log *log = m->trial->log;
    uint32_t users = 0;
    m->item_hash = RK_NEW(memory, uint64_t, log->items);
    m->known = RK_NEW(memory, float, log->items);
    if (!m->item_hash || !m->known) return false;
    for (uint32_t user = 0; user < log->users; user++)
        users += log->user_begin[user] < log->user_begin[user + 1];
    for (uint32_t item = 0; item < log->items; item++) {
        float share = (float)log->item_events[item] / (float)RK_MAX(1, users);
        m->known[item] = 1.0f - rk_powf(1.0f - RK_MIN(1.0f, share), (float)PEOPLE_MET);
        m->item_hash[item] = rk_split_hash(&m->trial->events->items, log->file_item[item], 0);
    }
    return true;
}

static double mean_of(const measuring *m, uint32_t column) {
    double sum = 0.0;
    uint32_t cases = 0;
    for (uint32_t i = 0; i < m->trial->split->case_count; i++) {
        const float *value = m->values + (uint64_t)i * VALUES;
        if (value[0] < 0.0f) continue;
        sum += (double)value[column];
        cases++;
    }
    return cases ? sum / cases : 0.0;
}

/* A column and how far `leader` is ahead of it. `leading` has the leader's means in the columns of
 * those that follow it, so that resamples are compared side by side. */
static void fill(const measuring *m, const double *means, double *leading, uint32_t column,
                 uint32_t leader, rk_asked_figure *out) {
    for (uint32_t r = 0; r < RK_RESAMPLES; r++)
        leading[(uint64_t)r * VALUES + column] = means[(uint64_t)r * VALUES + leader];
    out->ndcg = mean_of(m, column);
    out->interval = rk_bootstrap_interval(means, NULL, VALUES, column);
    out->lead = mean_of(m, leader) - out->ndcg;
    out->lead_interval = rk_bootstrap_interval(leading, means, VALUES, column);
}

static void reduce(const measuring *m, const double *means, double *leading, rk_cold_user *out) {
    for (uint32_t i = 0; i < m->trial->split->case_count; i++)
        out->cases += !(m->values[(uint64_t)i * VALUES] < 0.0f);
    for (uint32_t at = 0; at < RK_ASKINGS * RK_ASKED_POINTS; at++) {
        rk_asked_figure *figure = &out->asked[at / RK_ASKED_POINTS][at % RK_ASKED_POINTS];
        fill(m, means, leading, at, at % RK_ASKED_POINTS, figure);
        figure->picks = mean_of(m, VALUE_ANSWERS + ANSWERS * at + ANSWER_PICK);
        figure->skips = mean_of(m, VALUE_ANSWERS + ANSWERS * at + ANSWER_SKIP);
        figure->unknown = mean_of(m, VALUE_ANSWERS + ANSWERS * at + ANSWER_UNKNOWN);
    }
    fill(m, means, leading, VALUE_CLICK, VALUE_CLICK, &out->click);
    fill(m, means, leading, VALUE_POPULAR, VALUE_CLICK, &out->popular);
}

bool rk_cold_user_measure(const rk_trial *trial, uint64_t seed, rk_cold_user *out) {
    rk_memory memory = {0};
    measuring m = {.trial = trial, .seed = seed};
    double *means = RK_NEW(&memory, double, (uint64_t)RK_RESAMPLES *VALUES);
    double *leading = RK_NEW(&memory, double, (uint64_t)RK_RESAMPLES *VALUES);
    m.values = RK_NEW(&memory, float, (uint64_t)trial->split->case_count *VALUES);
    *out = (rk_cold_user){0};
    bool ok = means && leading && m.values && take_items(&m, &memory) && take_shards(&m, &memory);
    if (ok) {
        rk_parallel(trial->threads, measure_shard, &m);
        ok = rk_bootstrap_means(trial->split, m.values, VALUES, seed, trial->threads, means);
    }
    if (ok) reduce(&m, means, leading, out);
    rk_memory_free(&memory);
    return ok;
}

/* ---- the document ---------------------------------------------------------------------------- */

static void put_interval(rk_json *json, const char *key, double mean, rk_interval interval) {
    rk_json_open(json, key, '{');
    rk_json_number(json, "mean", mean);
    rk_json_number(json, "low", interval.low);
    rk_json_number(json, "high", interval.high);
    rk_json_close(json, '}');
}

static void put_point(rk_json *json, const rk_asked_figure *figure, uint32_t point, bool leads) {
    rk_json_open(json, NULL, '{');
    rk_json_u64(json, "questions", rk_asked_before[point]);
    put_interval(json, "ndcg", figure->ndcg, figure->interval);
    if (!leads) put_interval(json, "adaptive_lead", figure->lead, figure->lead_interval);
    rk_json_number(json, "picks", figure->picks);
    rk_json_number(json, "skips", figure->skips);
    rk_json_number(json, "unknown", figure->unknown);
    rk_json_close(json, '}');
}

void rk_cold_user_report(rk_json *json, const rk_cold_user *figures) {
    rk_json_u64(json, "cases", figures->cases);
    rk_json_string(
        json, "answers",
        "pick: liked, among the items of the history that may be answered; skip: known "
        "and not picked; don't know: else. Of an item that the share q of the users like "
        "1 - (1 - q)^20 know it");
    rk_json_open(json, "bootstrap", '{');
    rk_json_string(json, "drawn", "users");
    rk_json_u64(json, "resamples", RK_RESAMPLES);
    rk_json_number(json, "confidence", 0.95);
    rk_json_close(json, '}');
    rk_json_open(json, "asking", '{');
    for (uint32_t asking = 0; asking < RK_ASKINGS; asking++) {
        rk_json_open(json, rk_asking_name((rk_asking)asking), '[');
        for (uint32_t point = 0; point < RK_ASKED_POINTS; point++)
            put_point(json, &figures->asked[asking][point], point, asking == RK_ASK_ADAPTIVE);
        rk_json_close(json, ']');
    }
    rk_json_close(json, '}');
    rk_json_open(json, "click", '{');
    put_interval(json, "ndcg", figures->click.ndcg, figures->click.interval);
    put_interval(json, "popular", figures->popular.ndcg, figures->popular.interval);
    put_interval(json, "lead", figures->popular.lead, figures->popular.lead_interval);
    rk_json_close(json, '}');
}
