#include "learn/fit_ranker.h"

#include "base/rng.h"
#include "learn/ranker_figures.h"
#include "learn/tasks.h"

#define STREAM_FOLD 0x666F6C64u /* "fold" */

static const uint32_t compared_at = 10;

/* Everything one fit works with. */
typedef struct fitting {
    const rk_ranking_job *job;
    rk_memory *memory; /* of the result */
    rk_memory scratch;
    rk_log own_log;              /* after a refit */
    rk_snapshot_content content; /* the retrieval, with tasks and rates */
    const rk_log *log;
    rk_gathered gathered;
    float
        *apart; /* (rows, tasks) logits by rankers without the row's user, where there are folds */
    rk_ranked *out;
} fitting;

/* The cases that are compared, and what both methods made of them. */
typedef struct comparison {
    rk_split split;        /* its cases are in the order of their values */
    float *funnel, *blend; /* (cases, RK_VALUE_COUNT) */
} comparison;

static rk_trial trial_of(const fitting *f, const rk_snapshot_content *content,
                         const rk_split *split) {
    return (rk_trial){.events = f->job->events,
                      .log = f->log,
                      .snapshot = content,
                      .split = split,
                      .cutoffs = &compared_at,
                      .cutoff_count = 1,
                      .threads = f->job->options->threads,
                      .located = f->job->options->located,
                      /* A window tells the place by its first event and asks for the others; the
                       * search's cases have only one. */
                      .told_is_no_answer = f->job->options->located && f->job->examples->refit};
}

/* ---- the stages of one training -------------------------------------------------------------- */

static void put_second(const rk_ranked *ranked, rk_snapshot_content *content) {
    content->meta.tasks = ranked->tasks;
    content->meta.rank_inputs = ranked->ranker.inputs;
    content->meta.rank_experts = ranked->ranker.experts;
    content->meta.rank_units = ranked->ranker.units;
    content->tasks = ranked->task;
    content->rank_feature = ranked->ranker.feature;
    content->rank_second = ranked->ranker.weights;
}

static void take_calibration(rk_ranked *ranked) {
    for (uint32_t t = 0; t < ranked->tasks; t++) {
        ranked->task[t].scale = ranked->ranker.task[t].scale;
        ranked->task[t].offset = ranked->ranker.task[t].offset;
    }
}

/* Learns the second stage from `examples` into `ranked` and puts both stages into `content`. */
static bool train(const fitting *f, const rk_examples *examples, rk_memory *memory,
                  rk_ranked *ranked, rk_snapshot_content *content) {
    if (!rk_train_ranker(examples, &ranked->params, f->job->options, memory, &ranked->ranker))
        return false;
    take_calibration(ranked);
    put_second(ranked, content);
    rk_trial trial = trial_of(f, content, &f->job->examples->split);
    return rk_fit_first(&trial, f->job->options, memory, content, &ranked->first);
}

/* ---- the comparison -------------------------------------------------------------------------- */

static bool take_comparison(const rk_split *of, rk_memory *memory, comparison *c) {
    uint64_t values = (uint64_t)of->case_count * RK_VALUE_COUNT;
    c->split = *of;
    c->split.case_count = 0;
    c->split.cases = RK_NEW(memory, rk_case, of->case_count);
    c->funnel = RK_NEW(memory, float, values);
    c->blend = RK_NEW(memory, float, values);
    return c->split.cases && c->funnel && c->blend;
}

/* Asks about the cases from `first` on, both ways. */
static bool compare_from(const fitting *f, const rk_snapshot_content *content, uint32_t first,
                         comparison *c) {
    rk_split part = c->split;
    rk_metrics unused;
    rk_method funnel = rk_method_funnel(), blend = rk_method_blend();
    uint64_t at = (uint64_t)first * RK_VALUE_COUNT;
    part.cases += first;
    part.case_count -= first;
    rk_trial trial = trial_of(f, content, &part);
    return rk_evaluate_keeping(&trial, &funnel, &unused, (rk_kept){.values = c->funnel + at}) &&
           rk_evaluate_keeping(&trial, &blend, &unused, (rk_kept){.values = c->blend + at});
}

/* Means over the measured cases, and the interval of their difference. */
static bool conclude(const fitting *f, const comparison *c) {
    rk_memory scratch = {0};
    rk_ranked *out = f->out;
    uint64_t room = (uint64_t)RK_RESAMPLES * RK_VALUE_COUNT;
    double *funnel = RK_NEW(&scratch, double, room), *blend = RK_NEW(&scratch, double, room);
    const rk_learn_options *options = f->job->options;
    bool ok = funnel && blend &&
              rk_bootstrap_means(&c->split, c->funnel, RK_VALUE_COUNT, options->seed,
                                 options->threads, funnel) &&
              rk_bootstrap_means(&c->split, c->blend, RK_VALUE_COUNT, options->seed,
                                 options->threads, blend);
    if (ok) out->difference = rk_bootstrap_interval(funnel, blend, RK_VALUE_COUNT, RK_VALUE_NDCG);
    for (uint32_t i = 0; ok && i < c->split.case_count; i++) {
        uint64_t at = (uint64_t)i * RK_VALUE_COUNT + RK_VALUE_NDCG;
        if (c->funnel[at] < 0.0f) continue;
        out->compared++;
        out->funnel += (double)c->funnel[at];
        out->blend += (double)c->blend[at];
    }
    if (out->compared) out->funnel /= out->compared, out->blend /= out->compared;
    rk_memory_free(&scratch);
    return ok;
}

/* On the search's cases, whose users the examples leave alone. */
static bool compare_apart(const fitting *f, const rk_snapshot_content *content) {
    rk_memory scratch = {0};
    comparison c;
    bool ok = take_comparison(f->job->search, &scratch, &c);
    if (ok) {
        c.split.case_count = f->job->search->case_count;
        memcpy(c.split.cases, f->job->search->cases, c.split.case_count * sizeof *c.split.cases);
        ok = compare_from(f, content, 0, &c) && conclude(f, &c);
    }
    rk_memory_free(&scratch);
    return ok;
}

static uint32_t fold_of(const fitting *f, uint64_t user) {
    return (uint32_t)(rk_mix64(rk_mix64(f->job->options->seed, STREAM_FOLD), user) %
                      RK_RANKER_FOLDS);
}

/* The examples without the users of a fold, copied. */
static bool leave_out(const fitting *f, uint32_t fold, rk_memory *memory, rk_examples *out) {
    const rk_examples *all = &f->gathered.examples;
    *out = *all;
    out->input = RK_NEW(memory, float, all->count *RK_FEATURE_COUNT);
    out->label = RK_NEW(memory, uint8_t, all->count);
    out->known = RK_NEW(memory, uint8_t, all->count);
    out->weight = RK_NEW(memory, float, all->count);
    out->list_begin = RK_NEW(memory, uint64_t, (uint64_t)all->lists + 1);
    out->group = RK_NEW(memory, uint64_t, all->lists);
    if (!out->input || !out->label || !out->known || !out->weight || !out->list_begin ||
        !out->group) {
        return false;
    }
    out->lists = 0;
    out->count = 0;
    for (uint32_t l = 0; l < all->lists; l++) {
        uint64_t from = all->list_begin[l], to = out->count;
        uint64_t rows = all->list_begin[l + 1] - from;
        if (fold_of(f, all->group[l]) == fold) continue;
        memcpy(out->input + to * RK_FEATURE_COUNT, all->input + from * RK_FEATURE_COUNT,
               (size_t)rows * RK_FEATURE_COUNT * sizeof *all->input);
        memcpy(out->label + to, all->label + from, (size_t)rows);
        memcpy(out->known + to, all->known + from, (size_t)rows);
        memcpy(out->weight + to, all->weight + from, (size_t)rows * sizeof *all->weight);
        out->group[out->lists] = all->group[l];
        out->count += rows;
        out->list_begin[++out->lists] = out->count;
    }
    return true;
}

/* Logits of the fold's rows, by a second stage without its users. */
static bool foretell_fold(const fitting *f, uint32_t fold, const rk_snapshot_content *content) {
    rk_memory scratch = {0};
    const rk_examples *all = &f->gathered.examples;
    float *logits = RK_NEW(&scratch, float, all->count * all->tasks);
    bool ok = logits && rk_ranker_foretell(content, all, logits);
    for (uint32_t l = 0; ok && l < all->lists; l++) {
        uint64_t at = all->list_begin[l] * all->tasks, end = all->list_begin[l + 1] * all->tasks;
        if (fold_of(f, all->group[l]) == fold)
            memcpy(f->apart + at, logits + at, (size_t)(end - at) * sizeof *logits);
    }
    rk_memory_free(&scratch);
    return ok;
}

static bool compare_fold(const fitting *f, uint32_t fold, comparison *c) {
    rk_memory scratch = {0};
    const rk_split *split = &f->job->examples->split;
    rk_ranked ranked = *f->out;
    rk_snapshot_content content = f->content;
    rk_examples examples;
    uint32_t first = c->split.case_count;
    for (uint32_t i = 0; i < split->case_count; i++) {
        if (fold_of(f, split->cases[i].user) == fold)
            c->split.cases[c->split.case_count++] = split->cases[i];
    }
    bool ok = leave_out(f, fold, &scratch, &examples) &&
              train(f, &examples, &scratch, &ranked, &content) &&
              foretell_fold(f, fold, &content) && compare_from(f, &content, first, c);
    rk_memory_free(&scratch);
    return ok;
}

/* By what they say of rows that they have not learnt from. `content` has the ranker of all. */
static bool recalibrate(const fitting *f, const rk_snapshot_content *content) {
    rk_memory scratch = {0};
    rk_ranked *out = f->out;
    const rk_examples *all = &f->gathered.examples;
    float *own = RK_NEW(&scratch, float, all->count * all->tasks);
    bool ok = own && rk_ranker_foretell(content, all, own) &&
              rk_ranker_recalibrate(all, f->job->options->seed, out->params.value, f->apart, own,
                                    &out->ranker);
    take_calibration(out);
    rk_memory_free(&scratch);
    return ok;
}

static bool compare_folds(fitting *f, const rk_snapshot_content *content) {
    rk_memory scratch = {0};
    comparison c;
    const rk_examples *all = &f->gathered.examples;
    f->apart = RK_NEW(&scratch, float, all->count * all->tasks);
    bool ok = f->apart && take_comparison(&f->job->examples->split, &scratch, &c);
    for (uint32_t fold = 0; ok && fold < RK_RANKER_FOLDS; fold++) ok = compare_fold(f, fold, &c);
    ok = ok && conclude(f, &c) && recalibrate(f, content);
    rk_memory_free(&scratch);
    return ok;
}

/* ---- the fit --------------------------------------------------------------------------------- */

/* A retrieval without the windows of `split`, as tuned, with log and attributes of its own. */
static rk_status refit(const rk_ranking_job *job, const rk_split *split, rk_memory *memory,
                       rk_log *log, rk_snapshot_content *content, rk_error *error) {
    rk_vectors_result unused;
    rk_content items;
    RK_TRY(rk_log_build(job->events, &split->train, job->options->min_item_events, memory, log,
                        error));
    return rk_fit_retrieval(job->events, log, &items, job->tuned, job->options, memory, content,
                            &unused, error);
}

static rk_status choose(fitting *f, rk_error *error) {
    const rk_ranking_job *job = f->job;
    rk_ranked *out = f->out;
    const rk_split *split = &job->examples->split;
    RK_TRY(rk_tasks_choose(job->events, &split->train, split, job->options, out->task, &out->tasks,
                           error));
    f->content.meta.tasks = out->tasks;
    f->content.tasks = out->task;
    f->content.task_rate =
        rk_tasks_rates(job->events, &split->train, f->log, out->task, out->tasks, &f->scratch);
    return f->content.task_rate ? RK_OK : rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "rates");
}

/* A gain of less than a standard error is as good as none: the interval is 1.96 errors each way,
 * near enough 4 from end to end. With several tasks any gain will do, because the order is not all
 * that the rankers bring: a blend has no chances to weigh as a request asks. */
void rk_ranker_decide(rk_ranked *out) {
    const double gain = out->funnel - out->blend;
    const double error = (out->difference.high - out->difference.low) / 4.0;
    const double least = out->tasks > 1 ? 0.0 : error;
    out->shipped = out->compared > 0 && gain > 0.0 && gain > least;
    if (out->shipped) return;
    out->reason = out->compared > 0 && gain > 0.0
                      ? "the blend is beaten by less than a standard error on validation"
                      : "the blend is not beaten on validation";
}

/* Of what was shown, heads say how likely each event is if it is shown. Which candidate is taken is
 * another question, and only one head bends to answer it: that of positive value whose chance is
 * most open (src/README.md). */
static void order_by_one(rk_ranked *out) {
    float most = 0.0f;
    out->params.sharpness = RK_SHOWN_SHARPNESS;
    for (uint32_t t = 0; t < out->tasks; t++) {
        const rk_task *task = &out->task[t];
        const float open = task->weight * task->base_rate * (1.0f - task->base_rate);
        if (!(open > most)) continue;
        most = open;
        out->params.ordered = (uint8_t)(1u << t);
    }
}

static bool learn(fitting *f) {
    const rk_ranking_job *job = f->job;
    rk_ranked *out = f->out;
    rk_snapshot_content content = f->content;
    for (uint32_t t = 0; t < out->tasks; t++) out->params.value[t] = out->task[t].weight;
    if (job->options->impressions) order_by_one(out);
    out->split = job->examples->split;
    bool ok = train(f, &f->gathered.examples, f->memory, out, &content) &&
              (job->examples->shared ? compare_folds(f, &content) : compare_apart(f, &content)) &&
              rk_ranker_compare(&f->gathered.examples, &out->params, job->options, &out->ranker,
                                &out->comparison);
    if (ok) rk_ranker_decide(out);
    return ok;
}

/* The retrieval that examples are asked of: the search's own, or one without their rows. */
static rk_status retrieve(fitting *f, rk_error *error) {
    const rk_ranking_job *job = f->job;
    if (job->examples->refit) {
        f->log = &f->own_log;
        return refit(job, &job->examples->split, &f->scratch, &f->own_log, &f->content, error);
    }
    f->log = job->log;
    f->content = *job->retrieval;
    if (!rk_fit_attributes(job->events, job->log, &f->scratch, &f->content) ||
        !rk_fit_born(job->log, &f->scratch, &f->content)) {
        return rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "attributes, ages");
    }
    return RK_OK;
}

/* Where rows are what was shown, a window further back says nothing of how likely an event is: what
 * became of an item later tells the retrieval that it was shown (src/README.md). */
static bool gather(const fitting *f, const rk_trial *trial, uint32_t slice, rk_memory *memory,
                   rk_gathered *out) {
    rk_gather_params params = rk_gather_defaults(f->job->options->seed);
    if (f->job->options->impressions) params.known = slice ? RK_KNOWN_NONE : RK_KNOWN_SHOWN;
    return rk_gather_examples(trial, &params, memory, out);
}

/* Examples of a window further back: another retrieval, without that one. */
static rk_status gather_slice(fitting *f, uint32_t slice, rk_error *error) {
    const rk_ranking_job *job = f->job;
    const rk_learn_options *options = job->options;
    rk_memory scratch = {0};
    rk_example_split examples;
    rk_log log;
    rk_snapshot_content content;
    rk_gathered gathered;
    rk_status status =
        rk_example_split_make(job->events, job->rows, job->search, options->impressions,
                              options->ranker_cases, slice, job->seed, &scratch, &examples, error);
    if (status == RK_OK && examples.split.case_count)
        status = refit(job, &examples.split, &scratch, &log, &content, error);
    /* What is left may have no like. */
    if (status == RK_NO_EVENTS) examples.split.case_count = 0, status = RK_OK;
    if (status == RK_OK && examples.split.case_count) {
        content.meta.tasks = f->out->tasks;
        content.tasks = f->out->task;
        content.task_rate = rk_tasks_rates(job->events, &examples.split.train, &log, f->out->task,
                                           f->out->tasks, &scratch);
        rk_trial trial = trial_of(f, &content, &examples.split);
        trial.log = &log;
        if (!content.task_rate || !gather(f, &trial, slice, &scratch, &gathered) ||
            !rk_gathered_append(&f->gathered, &gathered, &f->scratch)) {
            status = rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "examples");
        }
    }
    rk_memory_free(&scratch);
    return status;
}

static rk_status gather_all(fitting *f, rk_error *error) {
    const rk_ranking_job *job = f->job;
    rk_ranked *out = f->out;
    rk_trial trial = trial_of(f, &f->content, &job->examples->split);
    if (!gather(f, &trial, 0, &f->scratch, &f->gathered))
        return rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "examples");
    for (uint32_t slice = 1; job->examples->refit && slice < RK_RANKER_SLICES; slice++) {
        if (f->gathered.reached < RK_TASK_ROWS) break;
        if (f->gathered.reached >= job->options->ranker_cases) break;
        RK_TRY(gather_slice(f, slice, error));
    }
    rk_gathered_drop_hours(&f->gathered);
    out->rows = f->gathered.examples.count;
    out->lists = f->gathered.examples.lists;
    out->cases = f->gathered.cases;
    out->hidden = f->gathered.hidden;
    out->reached = f->gathered.reached;
    out->shared = job->examples->shared;
    return RK_OK;
}

static rk_status fit(fitting *f, rk_error *error) {
    rk_ranked *out = f->out;
    RK_TRY(retrieve(f, error));
    RK_TRY(choose(f, error));
    if (out->tasks == 0) return RK_OK;
    RK_TRY(gather_all(f, error));
    if (out->reached < RK_TASK_ROWS) {
        out->reason = "too few of the hidden events are among the candidates";
        return RK_OK;
    }
    out->tried = true;
    return learn(f) ? RK_OK : rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "rankers");
}

rk_status rk_fit_ranker(const rk_ranking_job *job, rk_memory *memory, rk_ranked *out,
                        rk_error *error) {
    *out = (rk_ranked){.params = rk_ranker_defaults(), .reason = "there are too few examples"};
    fitting f = {.job = job, .memory = memory, .out = out};
    out->params.epochs = job->options->ranker_epochs;
    rk_status status = fit(&f, error);
    if (out->shipped) out->reason = NULL;
    rk_memory_free(&f.scratch);
    return status;
}

bool rk_fit_ranked(rk_ranked *ranked, const rk_events_content *events, const rk_rows *rows,
                   const rk_log *log, const rk_learn_options *options, rk_memory *memory,
                   rk_snapshot_content *content) {
    if (!ranked->shipped) return true;
    put_second(ranked, content);
    content->task_rate = rk_tasks_rates(events, rows, log, ranked->task, ranked->tasks, memory);
    rk_trial trial = {.events = events,
                      .log = log,
                      .snapshot = content,
                      .split = &ranked->split,
                      .cutoffs = &compared_at,
                      .cutoff_count = 1,
                      .threads = options->threads,
                      .located = options->located};
    return content->task_rate && rk_fit_first(&trial, options, memory, content, &ranked->first);
}
