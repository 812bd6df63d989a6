/* Tuning a snapshot's value weights and source quotas on events that it has not learnt from.
 *
 * The problem: what a like is worth beside a click, and how many candidates each source may bring,
 * is set by hand or by a search that looked at one metric. A log of what people did afterwards can
 * tell whether another setting would have served them better, without showing it to anyone.
 *
 *   events -> cases (split.h) -> users by hash into two halves
 *     tuning half:    settings drawn around the present one -> successive halving (halving.h) by
 *                     the reward (replay.h), those that break a guard rail put out -> the best
 *     reporting half: the best against the present setting, paired by user (bootstrap.h)
 *
 * The best of many is lucky as well as good; that is why it is measured again on users it was not
 * chosen by, and why nothing is changed unless the interval of the gain there lies above 0.
 *
 * Rungs are nested shares of the tuning users (1/8, 1/4, 1/2, 1), and a rung asks only the cases it
 * adds. Where 1/8 would be too few cases to tell settings apart there are fewer rungs.
 *
 * Everything is drawn by seed and number and summed in case order: threads change nothing. Steps
 * are bounded by configurations and cases. */
#include "learn/tune.h"

#include "base/fmath.h"
#include "learn/off_policy.h"
#include "learn/replay.h"
#include "learn/replay_log.h"
#include "learn/tune_guards.h"

#define DOCUMENT_BYTES 65536u
#define LEAST_CASES    200u                       /* of the first rung */
#define LEAST_SHARE    0.05                       /* of the rows, below which they say little */
#define SEED_HALVES    UINT64_C(0x68616C76657300) /* "halves" */

typedef struct tuning {
    const rk_snapshot_content *snapshot;
    const rk_learn_options *learn;
    const rk_tune_options *options;
    rk_memory *memory;
    rk_replay_log log;
    rk_split split; /* its cases stage by stage: what each rung adds, then the reporting half */
    uint32_t stage_begin[RK_MAX_RUNGS + 2];
    rk_trial trial;
    rk_replay replay;
    rk_setting *settings;       /* (configurations) */
    float **values;             /* (configurations) of the tuning cases; NULL before the first */
    uint32_t **lists;           /* (configurations) likewise */
    double present[RK_FIGURES]; /* of setting 0, in the rung at hand */
    double disliked;            /* hidden items in the rung at hand, for how far chance goes */
    uint64_t asked, planned;    /* answers */
    rk_tune_result result;
} tuning;

static rk_status out_of_memory(rk_error *error) {
    return rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "tuning");
}

static void note(tuning *t, const char *text) {
    if (t->result.note_count < RK_TUNE_NOTES) t->result.notes[t->result.note_count++] = text;
    if (t->learn->note) t->learn->note(t->learn->context, text);
}

static void report_progress(const tuning *t, uint64_t done) {
    if (t->learn->progress)
        t->learn->progress(t->learn->context, "tune", done, t->planned, "answers");
}

/* ---- cases ----------------------------------------------------------------------------------- */

static rk_status choose_protocol(tuning *t, rk_error *error) {
    const rk_events_meta *meta = &t->log.events.meta;
    rk_protocol *protocol = &t->result.protocol;
    bool timed = meta->time_kind != RK_TIME_NONE;
    *protocol = !timed                                     ? RK_PROTOCOL_LEAVE_ONE_OUT
                : meta->user_kind == RK_USERS_ARE_SESSIONS ? RK_PROTOCOL_SESSIONS
                                                           : RK_PROTOCOL_TEMPORAL;
    if (t->options->has_protocol) *protocol = t->options->protocol;
    if (*protocol == RK_PROTOCOL_COLD_ITEM) {
        return rk_fail(error, RK_BAD_ARGUMENT, NULL, 0,
                       "cold-item hides items from training, and tuning does not train");
    }
    if (*protocol == RK_PROTOCOL_COLD_USER) {
        return rk_fail(error, RK_BAD_ARGUMENT, NULL, 0,
                       "cold-user hides users from training, and tuning does not train");
    }
    if (*protocol == RK_PROTOCOL_TEMPORAL && !timed)
        return rk_fail(error, RK_NO_TEST_CASES, NULL, 0, "temporal needs a time column");
    if (*protocol == RK_PROTOCOL_TEMPORAL_GLOBAL && meta->time_kind != RK_TIME_UNIX_MS) {
        return rk_fail(error, RK_NO_TEST_CASES, NULL, 0,
                       "temporal-global needs times; an order index does not compare between "
                       "users");
    }
    return RK_OK;
}

/* Nothing is learnt here, so every session may be a case, not a tenth of them. */
static bool test_every_session(tuning *t) {
    if (t->result.protocol != RK_PROTOCOL_SESSIONS || t->log.events.split) return true;
    uint8_t *split = RK_NEW(t->memory, uint8_t, t->log.events.meta.events);
    if (split) memset(split, 1, (size_t)t->log.events.meta.events);
    t->log.events.split = split;
    return split != NULL;
}

static rk_status make_cases(tuning *t, rk_error *error) {
    rk_memory all = {0};
    rk_rows rows;
    RK_TRY(choose_protocol(t, error));
    if (!test_every_session(t) || !rk_rows_order(&t->log.events, t->memory, &rows))
        return out_of_memory(error);
    rk_status status = rk_split_events(&t->log.events, &rows, t->result.protocol, 1.0,
                                       t->learn->seed, &all, &t->split, error);
    uint32_t cases = status == RK_OK ? t->split.case_count : 0;
    rk_memory_free(&all);
    double sample = cases > t->options->cases ? (double)t->options->cases / cases : 1.0;
    RK_TRY(status);
    return rk_split_events(&t->log.events, &rows, t->result.protocol, sample, t->learn->seed,
                           t->memory, &t->split, error);
}

/* The rung in which a user is first asked; `rungs`: the user reports. */
static uint32_t stage_of(const tuning *t, uint32_t user, uint32_t rungs) {
    double at = rk_split_fraction(&t->log.events, user, t->learn->seed ^ SEED_HALVES);
    if (at >= 0.5) return rungs;
    uint32_t rung = rungs - 1;
    for (double share = 0.25; rung > 0 && at < share; share *= 0.5) rung--;
    return rung;
}

/* Orders the cases by stage, users together. False if out of memory. */
static bool order_stages(tuning *t) {
    rk_memory scratch = {0};
    uint32_t count = t->split.case_count, tuning_cases = 0, placed = 0, rungs = RK_MAX_RUNGS;
    uint32_t *stage = RK_NEW(&scratch, uint32_t, count);
    rk_case *cases = RK_NEW(t->memory, rk_case, count);
    for (uint32_t i = 0; stage && i < count; i++)
        tuning_cases += stage_of(t, t->split.cases[i].user, 1) == 0;
    while (rungs > 1 && tuning_cases >> (rungs - 1) < LEAST_CASES) rungs--;
    for (uint32_t i = 0; stage && i < count; i++)
        stage[i] = stage_of(t, t->split.cases[i].user, rungs);
    for (uint32_t s = 0; stage && cases && s <= rungs; s++) {
        t->stage_begin[s] = placed;
        for (uint32_t i = 0; i < count; i++) {
            if (stage[i] == s) cases[placed++] = t->split.cases[i];
        }
    }
    t->stage_begin[rungs + 1] = placed;
    bool ok = stage && cases;
    t->split.cases = cases;
    t->result.rungs = rungs;
    t->result.tuning_cases = t->stage_begin[rungs];
    t->result.reporting_cases = count - t->stage_begin[rungs];
    rk_memory_free(&scratch);
    return ok;
}

static void count_users(tuning *t) {
    const rk_case *cases = t->split.cases + t->result.tuning_cases;
    for (uint32_t i = 0; i < t->result.reporting_cases; i++)
        t->result.reporting_users += i == 0 || cases[i].user != cases[i - 1].user;
}

static rk_status open_replay(tuning *t, rk_error *error) {
    rk_protocol protocol = t->result.protocol;
    if (!order_stages(t)) return out_of_memory(error);
    count_users(t);
    if (t->result.tuning_cases == 0 || t->result.reporting_users < 2) {
        return rk_fail(error, RK_NO_TEST_CASES, NULL, 0,
                       "too few users to tune with one half and to report on the other");
    }
    t->trial = (rk_trial){.events = &t->log.events,
                          .log = &t->log.log,
                          .snapshot = t->snapshot,
                          .split = &t->split,
                          .cutoffs = &t->options->k,
                          .cutoff_count = 1,
                          .threads = t->learn->threads,
                          .located = t->learn->located,
                          .told_is_no_answer = protocol == RK_PROTOCOL_TEMPORAL ||
                                               protocol == RK_PROTOCOL_TEMPORAL_GLOBAL};
    if (!rk_replay_open(&t->trial, t->options->k, t->options->clip, t->memory, &t->replay))
        return out_of_memory(error);
    return RK_OK;
}

static void note_events(tuning *t, const rk_events_content *events) {
    rk_tune_result *result = &t->result;
    result->items = events->meta.items;
    result->items_known = t->log.known_items;
    result->events = events->meta.events;
    result->not_newer = t->log.not_newer;
    result->by_propensity = events->propensity != NULL;
    if (events->meta.time_kind != RK_TIME_UNIX_MS) {
        note(t, "the events have no times: if the snapshot learnt from them, what it reached there "
                "flatters every setting");
    } else if (result->not_newer) {
        note(t, "some events are not newer than the snapshot's: what it learnt from flatters every "
                "setting");
    }
    if (t->snapshot->meta.tasks == 0)
        note(t, "the snapshot has no tasks: quotas are tuned, there are no value weights");
}

/* ---- the contest ----------------------------------------------------------------------------- */

static bool take_contestant(tuning *t, uint32_t number) {
    uint64_t cases = t->result.tuning_cases;
    if (t->values[number]) return true;
    t->values[number] = RK_NEW(t->memory, float, cases *RK_REPLAY_COLUMNS);
    t->lists[number] = RK_NEW(t->memory, uint32_t, cases * t->options->k);
    return t->values[number] && t->lists[number];
}

/* How far the share of disliked items shown moves by chance: two standard errors of a count. Where
 * everything is measured, nothing is left to chance. */
static double slack_of(const tuning *t, rk_figure figure, uint32_t rung) {
    if (figure != RK_FIGURE_DISLIKES || rung + 1 == t->result.rungs || !(t->disliked > 0.0))
        return 0.0;
    return 2.0 * rk_sqrt(RK_MAX(1.0, t->present[figure] * t->disliked)) / t->disliked;
}

static bool breaks_guards(const tuning *t, const double figures[RK_FIGURES], uint32_t rung) {
    double share = (double)t->stage_begin[rung + 1] / t->result.tuning_cases;
    double widen = share > 0.0 ? 1.0 / rk_sqrt(share) : 1.0;
    for (uint32_t f = RK_FIGURE_REWARD + 1; f < RK_FIGURES; f++) {
        if (rk_guard_broken((rk_figure)f, &t->options->guards[f], t->present[f], figures[f], widen,
                            slack_of(t, (rk_figure)f, rung))) {
            return true;
        }
    }
    return false;
}

static double count_disliked(const float *values, uint32_t cases) {
    double sum = 0.0;
    for (uint32_t i = 0; i < cases; i++)
        sum += (double)values[(uint64_t)i * RK_REPLAY_COLUMNS + RK_REPLAY_DISLIKES_OF];
    return sum;
}

static bool measure(void *context, uint32_t number, uint32_t rung, double *score, bool *broken) {
    tuning *t = context;
    double figures[RK_FIGURES];
    uint32_t begin = t->stage_begin[rung], end = t->stage_begin[rung + 1];
    if (!take_contestant(t, number)) return false;
    rk_replay_ask(&t->replay, &t->settings[number], begin, end,
                  t->values[number] + (uint64_t)begin * RK_REPLAY_COLUMNS,
                  t->lists[number] + (uint64_t)begin * t->options->k);
    if (!rk_replay_figures(&t->replay, 0, end, t->values[number], t->lists[number], figures, NULL))
        return false;
    if (number == 0) {
        memcpy(t->present, figures, sizeof figures);
        t->disliked = count_disliked(t->values[0], end);
    }
    *score = figures[RK_FIGURE_REWARD];
    *broken = number != 0 && breaks_guards(t, figures, rung);
    t->asked += end - begin;
    report_progress(t, t->asked);
    return true;
}

static uint64_t plan_answers(const tuning *t) {
    uint64_t answers = 2 * (uint64_t)t->result.reporting_cases, left = t->options->configurations;
    for (uint32_t r = 0; r < t->result.rungs; r++) {
        answers += left * (t->stage_begin[r + 1] - t->stage_begin[r]);
        left = (left + 1) / 2;
    }
    return answers;
}

static bool search(tuning *t) {
    uint32_t count = t->options->configurations;
    rk_contest contest = {
        .contestants = count, .rungs = t->result.rungs, .measure = measure, .context = t};
    uint32_t *alive = RK_NEW(t->memory, uint32_t, count);
    double *scores = RK_NEW(t->memory, double, count);
    t->settings = RK_NEW(t->memory, rk_setting, count);
    t->values = RK_NEW(t->memory, float *, count);
    t->lists = RK_NEW(t->memory, uint32_t *, count);
    if (!alive || !scores || !t->settings || !t->values || !t->lists) return false;
    t->settings[0] = rk_setting_own(t->snapshot);
    for (uint32_t n = 1; n < count; n++) {
        t->settings[n] = rk_setting_draw(t->snapshot, t->log.events.type_weight, t->learn->seed, n);
    }
    for (uint32_t r = 0; r < t->result.rungs; r++) t->result.rung_cases[r] = t->stage_begin[r + 1];
    t->planned = plan_answers(t);
    if (!rk_halve(&contest, alive, scores, t->result.rung, &t->result.winner)) return false;
    t->result.before = t->settings[0];
    t->result.after = t->settings[t->result.winner];
    return true;
}

/* ---- the report ------------------------------------------------------------------------------ */

/* One setting on the reporting half. */
typedef struct reported {
    float *values;
    double means[RK_RESAMPLES * RK_REPLAY_COLUMNS];
    double reward[RK_RESAMPLES], ndcg[RK_RESAMPLES]; /* of each resample */
} reported;

static double share_of(const double *mean, uint32_t part, uint32_t of) {
    return mean[of] > 0.0 ? mean[part] / mean[of] : 0.0;
}

static bool report_setting(tuning *t, const rk_setting *setting, double figures[RK_FIGURES],
                           double *effective, reported *out) {
    uint32_t begin = t->result.tuning_cases, cases = t->result.reporting_cases;
    rk_split half = t->split;
    uint32_t *lists = RK_NEW(t->memory, uint32_t, (uint64_t)cases * t->options->k);
    out->values = RK_NEW(t->memory, float, (uint64_t)cases *RK_REPLAY_COLUMNS);
    if (!lists || !out->values) return false;
    half.cases += begin;
    half.case_count = cases;
    rk_replay_ask(&t->replay, setting, begin, begin + cases, out->values, lists);
    if (!rk_replay_figures(&t->replay, begin, begin + cases, out->values, lists, figures,
                           effective) ||
        !rk_bootstrap_means(&half, out->values, RK_REPLAY_COLUMNS, t->learn->seed,
                            t->learn->threads, out->means)) {
        return false;
    }
    for (uint32_t r = 0; r < RK_RESAMPLES; r++) {
        const double *mean = out->means + r * RK_REPLAY_COLUMNS;
        out->reward[r] = share_of(mean, RK_REPLAY_REWARD, RK_REPLAY_REWARD_OF);
        out->ndcg[r] = share_of(mean, RK_REPLAY_NDCG, RK_REPLAY_NDCG_OF);
    }
    t->asked += cases;
    report_progress(t, t->asked);
    return true;
}

static rk_tune_verdict judge(tuning *t) {
    rk_tune_result *result = &t->result;
    bool broken = false;
    for (uint32_t f = RK_FIGURE_REWARD + 1; f < RK_FIGURES; f++) {
        result->broken[f] =
            rk_guard_broken((rk_figure)f, &t->options->guards[f], result->figure_before[f],
                            result->figure_after[f], 1.0, 0.0);
        broken |= result->broken[f];
    }
    if (result->by_propensity) {
        double least = RK_MIN(result->effective_before, result->effective_after);
        if (!(least >= RK_LEAST_EFFECTIVE)) return RK_TUNE_KEEP_EVIDENCE;
    }
    if (result->winner == 0) return RK_TUNE_KEEP_BEST;
    if (!(result->gain_interval.low > 0.0)) return RK_TUNE_KEEP_CHANCE;
    return broken ? RK_TUNE_KEEP_GUARD : RK_TUNE_CHANGE;
}

static void note_propensities(tuning *t) {
    rk_tune_result *result = &t->result;
    if (!result->by_propensity) return;
    result->logged_rows =
        t->replay.row_begin[t->split.case_count] - t->replay.row_begin[result->tuning_cases];
    double least = RK_MIN(result->effective_before, result->effective_after);
    if (!(least >= RK_LEAST_EFFECTIVE) || least < LEAST_SHARE * (double)result->logged_rows) {
        note(t, "the effective sample is small: few logged rows are shown by these settings, so "
                "the reward says little");
    }
}

static bool report(tuning *t) {
    rk_tune_result *result = &t->result;
    reported *before = RK_NEW(t->memory, reported, 1), *after = RK_NEW(t->memory, reported, 1);
    if (!before || !after ||
        !report_setting(t, &result->before, result->figure_before, &result->effective_before,
                        before) ||
        !report_setting(t, &result->after, result->figure_after, &result->effective_after, after)) {
        return false;
    }
    result->interval_before = rk_bootstrap_interval(before->reward, NULL, 1, 0);
    result->interval_after = rk_bootstrap_interval(after->reward, NULL, 1, 0);
    result->gain_interval = rk_bootstrap_interval(after->reward, before->reward, 1, 0);
    result->ndcg_gain_interval = rk_bootstrap_interval(after->ndcg, before->ndcg, 1, 0);
    note_propensities(t);
    result->verdict = judge(t);
    report_progress(t, t->planned);
    return true;
}

/* ---- public ---------------------------------------------------------------------------------- */

static rk_status tune(tuning *t, const rk_snapshot_view *snapshot, const rk_events_view *events,
                      rk_error *error) {
    RK_TRY(rk_replay_log_map(&events->content, t->snapshot,
                             snapshot->container.header->created_at_ms, t->memory, &t->log, error));
    note_events(t, &events->content);
    RK_TRY(make_cases(t, error));
    if (t->split.case_count == 0) {
        return rk_fail(error, RK_NO_TEST_CASES, NULL, 0, rk_protocol_name(t->result.protocol));
    }
    RK_TRY(open_replay(t, error));
    return search(t) && report(t) ? RK_OK : out_of_memory(error);
}

static rk_status check_options(const rk_tune_options *options, rk_error *error) {
    if (options->k < 1 || options->k > RK_MOST_SHOWN)
        return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, 0, "k", options->k, RK_MOST_SHOWN);
    if (options->configurations < 1 || options->configurations > RK_MOST_SETTINGS) {
        return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, 0, "configurations",
                             options->configurations, RK_MOST_SETTINGS);
    }
    if (!(options->clip >= 1.0))
        return rk_fail(error, RK_BAD_ARGUMENT, NULL, 0, "the clip is below 1");
    return RK_OK;
}

rk_status rk_learn_tune(const rk_snapshot_view *snapshot, const rk_events_view *events,
                        const rk_learn_options *learn, const rk_tune_options *options,
                        rk_memory *memory, char **json, uint64_t *json_bytes, rk_error *error) {
    RK_TRY(check_options(options, error));
    rk_memory scratch = {0};
    char *text = RK_NEW(memory, char, DOCUMENT_BYTES);
    tuning *t = RK_NEW(&scratch, tuning, 1);
    rk_status status = RK_OK;
    if (!text || !t) {
        rk_memory_free(&scratch);
        return out_of_memory(error);
    }
    t->snapshot = &snapshot->content;
    t->learn = learn;
    t->options = options;
    t->memory = &scratch;
    status = tune(t, snapshot, events, error);
    if (status == RK_OK) {
        rk_json document = rk_json_over(text, DOCUMENT_BYTES);
        rk_tune_report(&document, t->snapshot, options, &t->result);
        if (document.overflow) status = rk_fail(error, RK_TOO_LARGE, NULL, 0, "the document");
        *json = text;
        *json_bytes = document.size;
    }
    rk_memory_free(&scratch);
    return status;
}
