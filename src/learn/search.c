#include "learn/search.h"

#include "learn/blend.h"
#include "serve/source.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define MINUTE_MS 60000

typedef struct search {
    const rk_events_content *events;
    const rk_learn_options *options;
    rk_log log;
    rk_content items; /* what they say of themselves */
    rk_split split;
    rk_tuned tuned;
    rk_pool pool;                /* the blend's candidates */
    rk_snapshot_content content; /* of the best setting so far, where fitted */
    rk_memory kept;              /* what `content` points to for the whole search */
    uint32_t trials, planned, blends;
    double best; /* NDCG@10 of `tuned` for the source being searched */
    bool failed; /* out of memory */
} search;

static const uint32_t cutoff = RK_VALIDATION_CUTOFF;

static void report_trial(search *s) {
    s->trials++;
    const rk_learn_options *options = s->options;
    if (options->progress) {
        options->progress(options->context, "search", s->trials, s->planned, "settings");
    }
}

static rk_trial trial_of(const search *s, const rk_snapshot_content *content) {
    return (rk_trial){.events = s->events,
                      .log = &s->log,
                      .snapshot = content,
                      .split = &s->split,
                      .cutoffs = &cutoff,
                      .cutoff_count = 1,
                      .threads = s->options->threads,
                      .located = s->options->located};
}

static rk_metrics measure(search *s, const rk_snapshot_content *content, const rk_method *method) {
    rk_trial trial = trial_of(s, content);
    rk_metrics metrics = {0};
    if (!rk_evaluate_cases(&trial, method, &metrics, NULL, NULL)) s->failed = true;
    return metrics;
}

static double ndcg(search *s, const rk_snapshot_content *content, rk_method method) {
    return measure(s, content, &method).ndcg[0];
}

/* ---- one trial of each kind: fit what the parameters touch, measure, drop it ----------------- */

static double try_popular(search *s, const rk_tuned *tuned) {
    rk_memory memory = {0};
    rk_snapshot_content content = s->content;
    bool ok = rk_fit_popularity(&s->log, tuned, &memory, &content);
    double score = ok ? ndcg(s, &content, rk_method_source(RK_SOURCE_POPULAR)) : 0.0;
    /* `nearby` counts with the same popularities. */
    if (ok && content.meta.place_count)
        score += ndcg(s, &content, rk_method_source(RK_SOURCE_NEARBY));
    s->failed = s->failed || !ok;
    rk_memory_free(&memory);
    return score;
}

static double try_trending(search *s, const rk_tuned *tuned) {
    rk_memory memory = {0};
    rk_snapshot_content content = s->content;
    bool ok = rk_fit_trending(&s->log, tuned, &memory, &content);
    double score = ok ? ndcg(s, &content, rk_method_source(RK_SOURCE_TRENDING)) : 0.0;
    s->failed = s->failed || !ok;
    rk_memory_free(&memory);
    return score;
}

static double try_nearby(search *s, const rk_tuned *tuned) {
    rk_snapshot_content content = s->content;
    content.meta.nearby_km = tuned->nearby_km;
    return ndcg(s, &content, rk_method_source(RK_SOURCE_NEARBY));
}

static double try_outlier(search *s, const rk_tuned *tuned) {
    rk_snapshot_content content = s->content;
    content.meta.outlier_weight = tuned->outlier_weight;
    return ndcg(s, &content, rk_method_source(RK_SOURCE_SIMILAR));
}

static double try_similar(search *s, const rk_tuned *tuned) {
    rk_memory memory = {0};
    rk_snapshot_content content = s->content;
    rk_log_cut(&s->log, tuned->gap_ms);
    bool ok = rk_fit_neighbors(&s->log, &tuned->neighbors, tuned->similar_decay,
                               s->options->threads, &memory, &content);
    double score = ok ? ndcg(s, &content, rk_method_source(RK_SOURCE_SIMILAR)) : 0.0;
    s->failed = s->failed || !ok;
    rk_memory_free(&memory);
    return score;
}

/* Vectors at a quarter of the budget: enough to compare settings. */
static double try_vectors(search *s, const rk_tuned *tuned) {
    rk_memory memory = {0};
    rk_snapshot_content content = s->content;
    rk_tuned shorter = *tuned;
    rk_vectors_result result;
    shorter.sgns.event_budget /= 4;
    shorter.encoder.event_budget /= 4;
    shorter.towers.epochs = 0;
    bool ok = rk_fit_vectors(s->events, &s->log, &s->items, &shorter, s->options, &memory, &content,
                             &result);
    double score = ok ? ndcg(s, &content, rk_method_source(RK_SOURCE_SESSION)) : 0.0;
    s->failed = s->failed || !ok;
    rk_memory_free(&memory);
    return score;
}

static double try_session(search *s, const rk_tuned *tuned) {
    rk_snapshot_content content = s->content;
    content.meta.session_decay = tuned->session_decay;
    return ndcg(s, &content, rk_method_source(RK_SOURCE_SESSION));
}

/* Costs milliseconds: candidates were gathered once. Half of the score looks deeper than the
 * answer, because a few hundred cases have too few hits in its first places to tell weights apart.
 */
static double try_blend(search *s, const rk_tuned *tuned) {
    rk_blend blend = {0};
    for (uint32_t source = 0; source < RK_SOURCE_COUNT; source++)
        blend.weight[source] = tuned->sources[source].weight;
    if (s->options->located)
        blend.weight[RK_SOURCE_NEARBY] = RK_MAX(blend.weight[RK_SOURCE_NEARBY], RK_LOCATED_WEIGHT);
    memcpy(blend.repeat, tuned->repeat, sizeof blend.repeat);
    return 0.5 * (rk_pool_ndcg(&s->pool, &blend, cutoff) +
                  rk_pool_ndcg(&s->pool, &blend, RK_BLEND_DEPTH));
}

/* ---- coordinate descent ---------------------------------------------------------------------- */

typedef double try_fn(search *s, const rk_tuned *tuned);

/* One f32 parameter: where it lives in rk_tuned and what to try. */
typedef struct axis {
    size_t offset;
    const float *values;
    size_t count;
} axis;

/* ---- what is tried, in order of its effect; a parameter's start is not tried again ----------- */

static const int64_t half_lives[] = {365 * RK_DAY_MS, 90 * RK_DAY_MS, 30 * RK_DAY_MS, 7 * RK_DAY_MS,
                                     RK_DAY_MS};
static const int64_t trending_windows[] = {RK_DAY_MS / 4, RK_DAY_MS, 3 * RK_DAY_MS, 30 * RK_DAY_MS};
static const int64_t gaps[] = {RK_DAY_MS, 30 * MINUTE_MS};
static const uint32_t windows[] = {5, 20, 50};

static const float norms[] = {0.0f, 0.15f, 0.3f, 0.5f};
static const float backwards[] = {0.1f, 0.3f, 0.6f, 1.0f};
static const float forwards[] = {0.7f, 0.85f, 0.95f, 1.0f};
static const float similar_decays[] = {0.4f, 0.6f, 0.85f, 0.95f, 1.0f};
static const float length_powers[] = {0.0f, 0.5f, 1.0f};
static const axis similar_axes[] = {
    {offsetof(rk_tuned, neighbors.norm), norms, COUNT_OF(norms)},
    {offsetof(rk_tuned, neighbors.backward), backwards, COUNT_OF(backwards)},
    {offsetof(rk_tuned, neighbors.forward), forwards, COUNT_OF(forwards)},
    {offsetof(rk_tuned, similar_decay), similar_decays, COUNT_OF(similar_decays)},
    {offsetof(rk_tuned, neighbors.length_power), length_powers, COUNT_OF(length_powers)},
};

static const float short_populars[] = {0.25f, 0.5f, 1.0f, 2.0f, 4.0f, 8.0f};
static const float outlier_weights[] = {0.3f, 0.6f};
static const axis outlier_axes[] = {
    {offsetof(rk_tuned, outlier_weight), outlier_weights, COUNT_OF(outlier_weights)}};

static const float distances[] = {0.15f, 0.3f, 0.5f, 1.0f, 2.0f, 20.0f, 100.0f, 500.0f};
static const axis nearby_axes[] = {{offsetof(rk_tuned, nearby_km), distances, COUNT_OF(distances)}};

static const float dropouts[] = {0.0f, 0.3f};
static const axis vector_axes[] = {
    {offsetof(rk_tuned, encoder.dropout), dropouts, COUNT_OF(dropouts)},
};

static const float session_decays[] = {0.4f, 0.6f, 0.8f, 0.9f, 1.0f};
static const axis session_axes[] = {
    {offsetof(rk_tuned, session_decay), session_decays, COUNT_OF(session_decays)}};

/* `similar` has weight 1: only ratios matter. */
static const float weights[] = {0.0f, 0.03f, 0.1f, 0.2f, 0.35f, 0.5f,
                                0.8f, 1.2f,  2.0f, 3.5f, 6.0f,  10.0f};
#define WEIGHT_OF(source)                                                                          \
    { offsetof(rk_tuned, sources[source].weight), weights, COUNT_OF(weights) }
/* In cosines. Where seen items are never asked for they change nothing and stay zero. */
static const float repeats[] = {-0.3f, -0.15f, 0.0f, 0.07f, 0.15f, 0.22f, 0.3f, 0.4f, 0.6f};
#define REPEAT_OF(lag)                                                                             \
    { offsetof(rk_tuned, repeat) + (lag) * sizeof(float), repeats, COUNT_OF(repeats) }
static const axis blend_axes[] = {
    WEIGHT_OF(RK_SOURCE_SESSION),
    REPEAT_OF(1),
    REPEAT_OF(0),
    REPEAT_OF(2),
    REPEAT_OF(3),
    WEIGHT_OF(RK_SOURCE_NEARBY),
    WEIGHT_OF(RK_SOURCE_POPULAR),
    WEIGHT_OF(RK_SOURCE_TRENDING),
    WEIGHT_OF(RK_SOURCE_USER),
};

static float *field_of(rk_tuned *tuned, const axis *along) {
    return (float *)(void *)((char *)tuned + along->offset);
}

/* Trials of a descent: its start, and every value that is not the start's. */
static uint32_t count_trials(rk_tuned start, const axis *axes, size_t axis_count) {
    uint32_t trials = 1;
    for (size_t a = 0; a < axis_count; a++) {
        for (size_t v = 0; v < axes[a].count; v++) {
            trials += *field_of(&start, &axes[a]) != axes[a].values[v];
        }
    }
    return trials;
}

static uint32_t plan_trials(const search *s) {
    bool timed = s->log.time_kind == RK_TIME_UNIX_MS, encoder = s->tuned.encoder.epochs > 0;
    size_t times = timed ? COUNT_OF(half_lives) + 1 + COUNT_OF(trending_windows) : 0;
    size_t gap_trials = s->log.cuttable ? COUNT_OF(gaps) : 0;
    uint32_t nearby = s->events->place ? count_trials(s->tuned, nearby_axes, 1) : 0;
    return (uint32_t)(1 + times + 1 + gap_trials + COUNT_OF(windows)) + nearby +
           count_trials(s->tuned, similar_axes, COUNT_OF(similar_axes)) +
           count_trials(s->tuned, outlier_axes, COUNT_OF(outlier_axes)) +
           (encoder ? count_trials(s->tuned, vector_axes, COUNT_OF(vector_axes))
                    : count_trials(s->tuned, session_axes, COUNT_OF(session_axes)));
}

static void descend(search *s, try_fn *try, const axis *axes, size_t axis_count) {
    s->best = try(s, &s->tuned);
    report_trial(s);
    for (size_t a = 0; a < axis_count; a++) {
        float start = *field_of(&s->tuned, &axes[a]);
        for (size_t v = 0; v < axes[a].count; v++) {
            if (axes[a].values[v] == start) continue;
            rk_tuned candidate = s->tuned;
            *field_of(&candidate, &axes[a]) = axes[a].values[v];
            double score = try(s, &candidate);
            report_trial(s);
            if (s->failed) return;
            if (score <= s->best) continue;
            s->best = score;
            s->tuned = candidate;
        }
    }
}

/* The blend's weights pull at each other, so they are walked until a pass finds nothing. A gain
 * below a thousandth is noise of the few thousand cases. */
static void descend_blend(search *s) {
    enum { MOST_PASSES = 4 };
    s->best = try_blend(s, &s->tuned);
    bool found = true;
    for (uint32_t pass = 0; pass < MOST_PASSES && found; pass++) {
        found = false;
        for (size_t a = 0; a < COUNT_OF(blend_axes); a++) {
            float start = *field_of(&s->tuned, &blend_axes[a]);
            for (size_t v = 0; v < blend_axes[a].count; v++) {
                rk_tuned candidate = s->tuned;
                *field_of(&candidate, &blend_axes[a]) = blend_axes[a].values[v];
                if (blend_axes[a].values[v] == start) continue;
                rk_tuned allowed = candidate;
                rk_tuned_fix(s->options, &allowed);
                if (memcmp(allowed.sources, candidate.sources, sizeof allowed.sources)) continue;
                s->blends++;
                double score = try_blend(s, &candidate);
                if (score <= s->best * 1.001) continue;
                s->best = score;
                s->tuned = candidate;
                found = true;
            }
        }
    }
}

/* Weights chosen on few cases are noise, so the defaults count as BLEND_CASES cases beside them: a
 * snapshot of no case has them, one of thousands hardly a trace. Nothing is switched between. */
#define BLEND_CASES 100.0f
static void shrink_blend(search *s, rk_tuned start) {
    const float cases = (float)s->split.case_count, alpha = cases / (cases + BLEND_CASES);
    for (size_t a = 0; a < COUNT_OF(blend_axes); a++) {
        float *field = field_of(&s->tuned, &blend_axes[a]);
        *field = alpha * *field + (1.0f - alpha) * *field_of(&start, &blend_axes[a]);
    }
}

/* What popularity counts for more in short sessions: asked with one event alone, where it matters
 * most. That it fades as 1 / n is not searched. A source whose weight a person fixed keeps
 * it. */
static void search_short(search *s) {
    rk_memory memory = {0};
    rk_snapshot_content content = s->content;
    rk_pool whole = s->pool;
    content.sources = s->tuned.sources;
    rk_trial trial = trial_of(s, &content);
    trial.one_event = true;
    bool ok = rk_pool_gather(&trial, &memory, &s->pool);
    double best = ok ? try_blend(s, &s->tuned) : 0.0;
    for (size_t v = 0; ok && v < COUNT_OF(short_populars); v++) {
        rk_tuned candidate = s->tuned;
        candidate.sources[RK_SOURCE_POPULAR].weight += short_populars[v];
        s->blends++;
        double score = try_blend(s, &candidate);
        if (score <= best * 1.001) continue;
        best = score;
        s->tuned.short_popular = short_populars[v];
    }
    s->pool = whole;
    s->failed = s->failed || !ok;
    rk_memory_free(&memory);
}

/* Integer parameters: durations and windows. */
static void descend_time(search *s, try_fn *try, size_t offset, const int64_t *values,
                         size_t count) {
    s->best = try(s, &s->tuned);
    report_trial(s);
    for (size_t i = 0; i < count && !s->failed; i++) {
        rk_tuned candidate = s->tuned;
        memcpy((char *)&candidate + offset, &values[i], sizeof values[i]);
        double score = try(s, &candidate);
        report_trial(s);
        if (s->failed || score <= s->best) continue;
        s->best = score;
        s->tuned = candidate;
    }
}

static void descend_gap_and_window(search *s) {
    s->best = try_similar(s, &s->tuned);
    report_trial(s);
    for (size_t i = 0; i < (s->log.cuttable ? COUNT_OF(gaps) : 0) + COUNT_OF(windows); i++) {
        rk_tuned candidate = s->tuned;
        if (i < COUNT_OF(windows)) {
            candidate.neighbors.window = windows[i];
        } else {
            candidate.gap_ms = gaps[i - COUNT_OF(windows)];
        }
        double score = try_similar(s, &candidate);
        report_trial(s);
        if (s->failed || score <= s->best) continue;
        s->best = score;
        s->tuned = candidate;
    }
}

static void search_similar(search *s) {
    descend_gap_and_window(s);
    if (!s->failed) descend(s, try_similar, similar_axes, COUNT_OF(similar_axes));
}

/* A fit that lasts as long as the search; false is out of memory. */
static void keep(search *s, bool ok) {
    s->failed = s->failed || !ok;
}

/* The blend without each source: neither its weight nor what only it brought. */
static void ablate(search *s, rk_validation *validation) {
    for (uint32_t source = 0; source < RK_SOURCE_COUNT; source++) {
        rk_source_config sources[RK_SOURCE_SLOTS];
        rk_snapshot_content content = s->content;
        memcpy(sources, s->tuned.sources, sizeof sources);
        sources[source] = (rk_source_config){0};
        content.sources = sources;
        validation->without[source] = ndcg(s, &content, rk_method_blend());
    }
}

static void validate(search *s, rk_validation *validation) {
    for (uint32_t source = 0; source < RK_SOURCE_COUNT; source++) {
        rk_method method = rk_method_source(source);
        validation->methods[source] = measure(s, &s->content, &method);
    }
    rk_method blend = rk_method_blend(), similar = rk_method_source(RK_SOURCE_SIMILAR);
    rk_snapshot_content content = s->content;
    content.sources = s->tuned.sources;
    validation->methods[RK_VALIDATED_BLEND] = measure(s, &content, &blend);
    ablate(s, validation);
    rk_memory memory = {0};
    rk_log_cut(&s->log, 0);
    keep(s, rk_fit_cooccurrence(&s->log, s->options->threads, &memory, &content));
    if (!s->failed) {
        validation->methods[RK_VALIDATED_COOCCURRENCE] = measure(s, &content, &similar);
    }
    rk_memory_free(&memory);
}

static void gather(search *s) {
    rk_trial trial = trial_of(s, &s->content);
    keep(s, rk_pool_gather(&trial, &s->kept, &s->pool));
}

static void run(search *s, rk_validation *validation) {
    s->planned = plan_trials(s);
    bool timed = s->log.time_kind == RK_TIME_UNIX_MS;
    keep(s, rk_fit_places(s->events, &s->log, &s->kept, &s->content));
    keep(s, rk_fit_attributes(s->events, &s->log, &s->kept, &s->content));
    keep(s, rk_fit_born(&s->log, &s->kept, &s->content));
    if (s->failed) return;
    descend_time(s, try_popular, offsetof(rk_tuned, half_life_ms), half_lives,
                 timed ? COUNT_OF(half_lives) : 0);
    keep(s, rk_fit_popularity(&s->log, &s->tuned, &s->kept, &s->content));
    if (timed && !s->failed)
        descend_time(s, try_trending, offsetof(rk_tuned, trending_window_ms), trending_windows,
                     COUNT_OF(trending_windows));
    keep(s, rk_fit_trending(&s->log, &s->tuned, &s->kept, &s->content));
    keep(s, rk_fit_explore(&s->log, &s->kept, &s->content));
    if (s->failed) return;
    if (s->content.meta.place_count) descend(s, try_nearby, nearby_axes, COUNT_OF(nearby_axes));
    s->content.meta.nearby_km = s->tuned.nearby_km;
    search_similar(s);
    rk_log_cut(&s->log, s->tuned.gap_ms);
    keep(s, rk_fit_neighbors(&s->log, &s->tuned.neighbors, s->tuned.similar_decay,
                             s->options->threads, &s->kept, &s->content));
    if (s->failed) return;
    descend(s, try_outlier, outlier_axes, COUNT_OF(outlier_axes));
    s->content.meta.outlier_weight = s->tuned.outlier_weight;
    if (s->failed) return;
    if (s->tuned.encoder.epochs) descend(s, try_vectors, vector_axes, COUNT_OF(vector_axes));
    if (s->failed) return;
    rk_tuned measured = s->tuned;
    measured.sgns.hold_out = measured.encoder.hold_out = measured.towers.hold_out = true;
    keep(s, rk_fit_vectors(s->events, &s->log, &s->items, &measured, s->options, &s->kept,
                           &s->content, &validation->vectors));
    if (s->failed) return;
    if (!s->tuned.encoder.epochs) {
        descend(s, try_session, session_axes, COUNT_OF(session_axes));
        s->content.meta.session_decay = s->tuned.session_decay;
    }
    gather(s);
    if (s->failed) return;
    rk_tuned start = s->tuned;
    descend_blend(s);
    shrink_blend(s, start);
    if (!s->options->sources[RK_SOURCE_POPULAR].has_weight) search_short(s);
    if (s->failed) return;
    s->content.meta.short_popular = s->tuned.short_popular;
    /* A second scan of the index is not spent on what the blend does not weigh. */
    if (s->tuned.sources[RK_SOURCE_USER].weight == 0.0f) s->tuned.sources[RK_SOURCE_USER].quota = 0;
    rk_tuned_fix(s->options, &s->tuned);
    memcpy(s->content.meta.repeat, s->tuned.repeat, sizeof s->tuned.repeat);
    validation->cases = s->split.case_count;
    validation->trials = s->trials + s->blends;
    validate(s, validation);
}

/* A share of users that gives about `most` cases: a case of leave-one-out needs three events, a
 * hidden session has one a prefix and a tenth of them are hidden. */
static double sample_share(const rk_events_content *events, const rk_rows *rows, bool sessions,
                           uint32_t most) {
    uint64_t users = 0, run = 0, prefixes = 0;
    for (uint64_t i = 0; i < rows->count; i++) {
        bool same = i > 0 && events->user[rows->row[i]] == events->user[rows->row[i - 1]];
        run = same ? run + 1 : 1;
        users += run == 3;
        prefixes += same;
    }
    uint64_t cases = sessions ? prefixes / 10 : users;
    return cases > most ? (double)most / (double)cases : 1.0;
}

bool rk_search_asks_sessions(const rk_events_content *events, const rk_learn_options *options) {
    if (options->validation != RK_VALIDATE_AUTO) return options->validation == RK_VALIDATE_SESSIONS;
    return events->meta.user_kind == RK_USERS_ARE_SESSIONS &&
           events->meta.time_kind != RK_TIME_NONE;
}

/* The examples' split, beside the search's own. */
static rk_status split_examples(const search *s, const rk_rows *rows, uint64_t seed,
                                rk_memory *memory, rk_example_split *out, rk_error *error) {
    const rk_learn_options *options = s->options;
    *out = (rk_example_split){.wanted = 1};
    if (!options->ranker_cases) return RK_OK;
    return rk_example_split_make(s->events, rows, &s->split, options->impressions,
                                 options->ranker_cases, 0, seed, memory, out, error);
}

static rk_status rank(const search *s, const rk_rows *rows, uint64_t seed,
                      const rk_example_split *examples, rk_memory *memory, rk_ranked *ranked,
                      rk_error *error) {
    rk_snapshot_content content = s->content;
    content.sources = s->tuned.sources;
    rk_ranking_job job = {.events = s->events,
                          .options = s->options,
                          .seed = seed,
                          .rows = rows,
                          .search = &s->split,
                          .examples = examples,
                          .tuned = &s->tuned,
                          .log = &s->log,
                          .retrieval = &content};
    return examples->split.case_count ? rk_fit_ranker(&job, memory, ranked, error) : RK_OK;
}

rk_status rk_search(const rk_events_content *all, const rk_rows *rows,
                    const rk_learn_options *options, rk_memory *kept, rk_tuned *tuned,
                    rk_validation *validation, rk_ranked *ranked, rk_error *error) {
    rk_memory memory = {0};
    rk_example_split examples = {0};
    rk_events_content events = *all;
    events.split = NULL; /* an official test is not the build's to look at */
    search s = {.events = &events, .options = options, .tuned = rk_tuned_defaults(options)};
    bool sessions = rk_search_asks_sessions(&events, options);
    /* Rows of a session without times have no order, unless sessions are asked as sequences. */
    s.tuned.encoder.shuffle = s.tuned.towers.shuffle =
        events.meta.time_kind == RK_TIME_NONE && !sessions;
    *tuned = s.tuned;
    *validation = (rk_validation){.sessions = sessions};
    *ranked = (rk_ranked){.reason = "there are too few examples"};
    uint64_t seed = options->seed ^ 0x76616C6964u;
    double share = sample_share(&events, rows, sessions, options->validation_cases);
    rk_status status =
        rk_split_events(&events, rows, sessions ? RK_PROTOCOL_SESSIONS : RK_PROTOCOL_LEAVE_ONE_OUT,
                        share, seed, &memory, &s.split, error);
    bool validated = status == RK_OK && s.split.case_count > 0;
    if (validated) status = split_examples(&s, rows, seed, kept, &examples, error);
    if (status == RK_OK && validated) {
        bool both = examples.split.case_count > 0 && !examples.refit;
        status = rk_log_build(&events, both ? &examples.split.train : &s.split.train,
                              options->min_item_events, &memory, &s.log, error);
    }
    /* Hiding may take the last like of a small log. The whole of it still has something to learn.
     */
    if (status == RK_NO_EVENTS) {
        status = RK_OK;
        validated = false;
    }
    if (status == RK_OK && validated && !rk_content_build(&events, &s.log, &memory, &s.items))
        status = rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "content of items");
    if (status == RK_OK && validated) {
        rk_fit_begin(&events, &s.log, &s.tuned, options->seed, &s.content);
        run(&s, validation);
        if (s.failed) status = rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "parameter search");
        *tuned = s.tuned;
        if (status == RK_OK) status = rank(&s, rows, seed, &examples, kept, ranked, error);
    }
    rk_memory_free(&s.kept);
    rk_memory_free(&memory);
    return status;
}
