#include "learn/transfer_guard.h"

#include "base/fmath.h"
#include "learn/evaluate.h"
#include "learn/search.h"
#include "learn/transfer_carry.h"

/* Standard errors. A source that only guesses finds now and then an event of a few dozen, and k
 * such finds are sqrt(k) of their standard errors above nothing. */
#define SURE 2.0

#define STREAM_PART 0x70617274u /* "part" */

static const uint32_t cutoffs[] = {10, 100, 1000};
enum { CUTOFFS = sizeof cutoffs / sizeof cutoffs[0] };

/* Most events of an item that the source speaks for. */
static const float caps[RK_TRUSTS] = {[RK_TRUST_LITTLE] = 10.0f,
                                      [RK_TRUST_SOME] = 100.0f,
                                      [RK_TRUST_MUCH] = 1000.0f,
                                      [RK_TRUST_ALL] = RK_PRIOR_ALL};

const char *rk_trust_name(rk_trust trust) {
    static const char *const names[RK_TRUSTS] = {"target", "little", "some", "much", "source"};
    return names[trust];
}

rk_prior rk_trust_prior(const rk_prior *prior, rk_trust trust) {
    rk_prior out = *prior;
    out.cap = caps[trust];
    out.frozen = trust == RK_TRUST_ALL;
    return out;
}

/* What a level finds of one case. */
typedef struct found {
    double shown; /* NDCG@10 and @100: levels are told apart by it */
    double
        deep; /* @1000 as well: where there are a few cases, near misses tell sense from chance */
} found;

typedef struct guard {
    const rk_events_content *events;
    const rk_rows *rows;
    const rk_learn_options *options; /* its prior is not looked at */
    const rk_prior *prior;
    bool sessions; /* every prefix of a hidden session is asked; else one event a user is hidden */
    uint32_t parts;
    rk_trust chosen;
    found *gain;   /* (RK_TRUSTS, most) by case */
    found *funnel; /* (most) of the chosen level with the source's rankers */
    uint32_t most; /* cases */
} guard;

/* ---- parts ----------------------------------------------------------------------------------- */

static uint64_t end_of_user(const guard *g, uint64_t begin) {
    const uint32_t user = g->events->user[g->rows->row[begin]];
    uint64_t end = begin;
    while (end < g->rows->count && g->events->user[g->rows->row[end]] == user) end++;
    return end;
}

/* Parts by the rank of a hash would need a sort; by the number of the user in order of the file all
 * parts are as large as can be, which counts where there are three users. */
static bool split_part(const guard *g, uint32_t part, rk_memory *memory, rk_split *out) {
    const uint64_t rows = g->rows->count;
    *out = (rk_split){.keep_seen = true};
    out->row = RK_NEW(memory, uint64_t, rows);
    out->cases = RK_NEW(memory, rk_case, rows);
    out->train.row = RK_NEW(memory, uint64_t, rows);
    if (!out->row || !out->cases || !out->train.row) return false;
    memcpy(out->row, g->rows->row, (size_t)rows * sizeof *out->row);
    uint32_t number = 0;
    for (uint64_t begin = 0, end; begin < rows; begin = end, number++) {
        end = end_of_user(g, begin);
        if (number % g->parts != part) {
            for (uint64_t i = begin; i < end; i++)
                out->train.row[out->train.count++] = g->rows->row[i];
            continue;
        }
        for (uint64_t i = begin + 1; i < end; i++) {
            out->cases[out->case_count++] = (rk_case){.user = g->events->user[g->rows->row[begin]],
                                                      .history_begin = begin,
                                                      .history_count = (uint32_t)(i - begin),
                                                      .relevant_begin = i,
                                                      .relevant_count = 1};
        }
    }
    return true;
}

/* The cases that are asked: every n-th of a part that has more than its share. */
static void thin(rk_split *split, uint32_t most) {
    const uint32_t all = split->case_count;
    if (all <= most) return;
    for (uint32_t i = 0; i < most; i++) split->cases[i] = split->cases[(uint64_t)i * all / most];
    split->case_count = most;
}

/* ---- one level on one part ------------------------------------------------------------------- */

static rk_status fit_level(const guard *g, const rk_split *split, const rk_tuned *tuned,
                           const rk_learn_options *options, rk_memory *memory, rk_log *log,
                           rk_snapshot_content *content, rk_error *error) {
    rk_content items;
    rk_vectors_result vectors;
    rk_status status =
        rk_log_build(g->events, &split->train, options->min_item_events, memory, log, error);
    if (status != RK_OK && (status != RK_NO_EVENTS || !options->prior)) return status;
    return rk_fit_retrieval(g->events, log, &items, tuned, options, memory, content, &vectors,
                            error);
}

/* Scores of the part's cases by one method, from gain on. */
static rk_status ask_method(const guard *g, const rk_split *split, const rk_log *log,
                            const rk_snapshot_content *content, const rk_method *method,
                            rk_memory *memory, found *gain, rk_error *error) {
    const rk_trial trial = {.events = g->events,
                            .log = log,
                            .snapshot = content,
                            .split = split,
                            .cutoffs = cutoffs,
                            .cutoff_count = CUTOFFS,
                            .threads = g->options->threads,
                            .located = g->options->located};
    rk_metrics metrics;
    float *values = RK_NEW(memory, float, (uint64_t)split->case_count *RK_VALUE_COUNT *CUTOFFS);
    if (!values || !rk_evaluate_keeping(&trial, method, &metrics, (rk_kept){.values = values}))
        return rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "guard");
    for (uint32_t i = 0; i < split->case_count; i++) {
        const float *ndcg = values + ((uint64_t)i * RK_VALUE_COUNT + RK_VALUE_NDCG) * CUTOFFS;
        const double two = (double)ndcg[0] + (double)ndcg[1];
        if (ndcg[0] < 0.0f) continue; /* zeros */
        gain[i] = (found){.shown = two / 2.0, .deep = (two + (double)ndcg[2]) / 3.0};
    }
    return RK_OK;
}

/* A level on one part: the blend's scores into gain and, if it is not NULL, those of the funnel
 * with the source's rankers. A target that has nothing to learn from finds nothing. */
static rk_status ask_level(const guard *g, const rk_split *split, rk_trust trust, found *gain,
                           found *funnel, rk_error *error) {
    rk_memory memory = {0};
    rk_learn_options options = *g->options;
    const rk_prior prior = rk_trust_prior(g->prior, trust);
    options.prior = trust == RK_TRUST_NONE ? NULL : &prior;
    options.progress = NULL;
    if (options.prior) options.min_item_events = 0; /* as transfer.c will */
    rk_tuned tuned = rk_tuned_defaults(&options);
    tuned.encoder.shuffle = tuned.towers.shuffle =
        g->events->meta.time_kind == RK_TIME_NONE && !g->sessions;
    rk_log log;
    rk_snapshot_content content;
    rk_status status = fit_level(g, split, &tuned, &options, &memory, &log, &content, error);
    const rk_method blend = rk_method_blend(), whole = rk_method_funnel();
    if (status == RK_OK && gain)
        status = ask_method(g, split, &log, &content, &blend, &memory, gain, error);
    if (status == RK_OK && funnel) {
        status = rk_carry_rankers(&prior, g->events, &split->train, &log, &memory, &content)
                     ? ask_method(g, split, &log, &content, &whole, &memory, funnel, error)
                     : rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "guard");
    }
    rk_memory_free(&memory);
    return status == RK_NO_EVENTS ? RK_OK : status;
}

/* ---- the decision ---------------------------------------------------------------------------- */

static found mean_of(const found *values, uint32_t count) {
    found sum = {0};
    for (uint32_t i = 0; i < count; i++) {
        sum.shown += values[i].shown;
        sum.deep += values[i].deep;
    }
    if (!count) return sum;
    return (found){.shown = sum.shown / count, .deep = sum.deep / count};
}

/* Of the difference of two means over the same cases. */
static found standard_error(const found *a, const found *b, uint32_t count) {
    const found of_a = mean_of(a, count), of_b = mean_of(b, count);
    found squares = {0};
    if (count < 2) return squares;
    for (uint32_t i = 0; i < count; i++) {
        const double shown = a[i].shown - b[i].shown - (of_a.shown - of_b.shown);
        const double deep = a[i].deep - b[i].deep - (of_a.deep - of_b.deep);
        squares.shown += shown * shown;
        squares.deep += deep * deep;
    }
    const double scale = 1.0 / ((double)count - 1.0) / (double)count;
    return (found){.shown = rk_sqrt(squares.shown * scale), .deep = rk_sqrt(squares.deep * scale)};
}

/* What lists of items drawn blindly would find: a target that has nothing to learn from when a part
 * is hidden has no lists, and is worth as much. */
static double chance(const guard *g) {
    double sum = 0.0;
    const uint32_t items = RK_MAX(1, g->events->meta.items);
    for (uint32_t c = 0; c < CUTOFFS; c++) {
        for (uint32_t rank = 1; rank <= RK_MIN(items, cutoffs[c]); rank++)
            sum += rk_evaluate_discount(rank);
    }
    return sum / (double)CUTOFFS / items;
}

static void decide(const guard *g, rk_guard_result *out) {
    const found *alone = g->gain;
    uint32_t best = RK_TRUST_LITTLE;
    for (uint32_t t = 0; t < RK_TRUSTS; t++) {
        out->score[t] = mean_of(g->gain + (uint64_t)t * g->most, out->cases).shown;
        if (t > RK_TRUST_LITTLE && out->score[t] > out->score[best]) best = t;
    }
    const found *chosen = g->gain + (uint64_t)best * g->most;
    const double least = RK_MAX(mean_of(alone, out->cases).deep, chance(g));
    out->gain = mean_of(chosen, out->cases).deep - least;
    out->error = standard_error(chosen, alone, out->cases).deep;
    out->trust = out->gain > 0.0 && out->gain > SURE * out->error ? (rk_trust)best : RK_TRUST_NONE;
}

/* Asks one part; the scores of its cases go to `first` and on. */
typedef rk_status ask_fn(const guard *g, const rk_split *split, uint32_t first, rk_error *error);

static rk_status ask_levels(const guard *g, const rk_split *split, uint32_t first,
                            rk_error *error) {
    for (uint32_t t = 0; t < RK_TRUSTS; t++) {
        RK_TRY(
            ask_level(g, split, (rk_trust)t, g->gain + (uint64_t)t * g->most + first, NULL, error));
    }
    return RK_OK;
}

static rk_status ask_funnel(const guard *g, const rk_split *split, uint32_t first,
                            rk_error *error) {
    return ask_level(g, split, g->chosen, NULL, g->funnel + first, error);
}

/* Part after part until there are enough cases. */
static rk_status ask_parts(const guard *g, ask_fn *ask, uint32_t *parts, uint32_t *count,
                           rk_error *error) {
    rk_status status = RK_OK;
    *parts = *count = 0;
    while (status == RK_OK && *parts < g->parts && *count < RK_GUARD_CASES) {
        rk_memory memory = {0};
        rk_split split;
        if (!split_part(g, (*parts)++, &memory, &split)) {
            status = rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "guard");
        } else {
            thin(&split, g->most - *count);
            status = ask(g, &split, *count, error);
            *count += split.case_count;
        }
        rk_memory_free(&memory);
    }
    return status;
}

static rk_status ask_users(const guard *g, ask_fn *ask, uint32_t *parts, uint32_t *count,
                           rk_error *error) {
    rk_memory memory = {0};
    rk_split split;
    rk_status status = rk_split_events(g->events, g->rows, RK_PROTOCOL_LEAVE_ONE_OUT, 1.0,
                                       g->options->seed ^ STREAM_PART, &memory, &split, error);
    *parts = 1;
    *count = 0;
    if (status == RK_OK) {
        thin(&split, RK_GUARD_CASES);
        status = ask(g, &split, 0, error);
        *count = split.case_count;
    }
    rk_memory_free(&memory);
    return status;
}

/* Users, and the cases that they give in all. */
static void count_cases(guard *g, rk_guard_result *out) {
    uint64_t users = 0, asking = 0, prefixes = 0;
    for (uint64_t begin = 0, end; begin < g->rows->count; begin = end, users++) {
        end = end_of_user(g, begin);
        prefixes += end - begin - 1;
        asking += end - begin >= 3;
    }
    out->available = g->sessions ? prefixes : asking;
    g->parts = (uint32_t)RK_MIN(RK_MAX(users, 1), RK_GUARD_PARTS);
}

static rk_status ask(guard *g, bool rankers, rk_guard_result *out, rk_error *error) {
    rk_status (*all)(const guard *, ask_fn *, uint32_t *, uint32_t *, rk_error *) =
        g->sessions ? ask_parts : ask_users;
    count_cases(g, out);
    RK_TRY(all(g, ask_levels, &out->parts, &out->cases, error));
    if (!out->cases) return RK_OK;
    decide(g, out);
    g->chosen = out->trust;
    if (!rankers || g->chosen == RK_TRUST_NONE) return RK_OK;
    uint32_t parts, count;
    const found *blend = g->gain + (uint64_t)g->chosen * g->most;
    RK_TRY(all(g, ask_funnel, &parts, &count, error));
    out->ranked = true;
    out->funnel = mean_of(g->funnel, count).shown;
    out->funnel_error = standard_error(g->funnel, blend, count).shown;
    return RK_OK;
}

rk_status rk_transfer_guard(const rk_events_content *all, const rk_rows *rows,
                            const rk_prior *prior, bool rankers, const rk_learn_options *options,
                            rk_guard_result *out, rk_error *error) {
    rk_memory memory = {0};
    rk_events_content events = *all;
    events.split = NULL; /* an official test is not to be looked at */
    guard g = {.events = &events,
               .rows = rows,
               .options = options,
               .prior = prior,
               .sessions = rk_search_asks_sessions(&events, options),
               .most = 2 * RK_GUARD_CASES};
    *out = (rk_guard_result){.trust = RK_TRUST_SOME};
    g.gain = RK_NEW(&memory, found, (uint64_t)RK_TRUSTS * g.most);
    g.funnel = RK_NEW(&memory, found, g.most);
    const rk_status status = g.gain && g.funnel
                                 ? ask(&g, rankers, out, error)
                                 : rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "guard");
    rk_memory_free(&memory);
    return status;
}
