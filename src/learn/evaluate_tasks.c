#include "learn/evaluate_tasks.h"

#include "base/rng.h"
#include "learn/gather_examples.h"
#include "learn/parallel.h"
#include "learn/ranker_figures.h"
#include "learn/ranker_metrics.h"
#include "model/rank_mtml.h"

/* Rows at most: every resample passes over all of them, three times a task. */
#define MOST_ROWS       60000u
#define STREAM_RESAMPLE (UINT64_C(0x7461736B) << 32) /* "task", then the resample */

enum { SCORES = 1 + RK_GUESS_COUNT }; /* P(task), then the guesses */

static const char *const guess_names[RK_GUESS_COUNT] = {"user_rate", "item_rate"};

/* The rows of one task, by each score. */
typedef struct task_rows {
    uint32_t count, users;
    float *score[SCORES];     /* (count) */
    uint8_t *label;           /* (count) */
    float *weight;            /* (count) */
    uint32_t *user;           /* (count) dense */
    rk_scored *order[SCORES]; /* (count) by descending score */
    uint64_t seed;
    double *auc;      /* (RK_RESAMPLES, SCORES) */
    uint16_t *drawn;  /* (RK_SHARDS, users) how often each is */
    float *resampled; /* (RK_SHARDS, count) weights of a resample */
} task_rows;

static bool take_rows(uint64_t count, uint32_t lists, rk_memory *memory, task_rows *rows) {
    bool ok = true;
    *rows = (task_rows){.label = RK_NEW(memory, uint8_t, count),
                        .weight = RK_NEW(memory, float, count),
                        .user = RK_NEW(memory, uint32_t, count),
                        .auc = RK_NEW(memory, double, RK_RESAMPLES *SCORES),
                        .drawn = RK_NEW(memory, uint16_t, (uint64_t)RK_SHARDS * lists),
                        .resampled = RK_NEW(memory, float, RK_SHARDS *count)};
    for (uint32_t s = 0; s < SCORES; s++) {
        rows->score[s] = RK_NEW(memory, float, count);
        rows->order[s] = RK_NEW(memory, rk_scored, count);
        ok = ok && rows->score[s] && rows->order[s];
    }
    return ok && rows->label && rows->weight && rows->user && rows->auc && rows->drawn &&
           rows->resampled;
}

/* P(task) of all rows and tasks, p (count, tasks). False if out of memory. */
static bool foretell(const rk_snapshot_content *snapshot, const rk_examples *examples, float *p) {
    const uint32_t tasks = snapshot->meta.tasks;
    if (!rk_ranker_foretell(snapshot, examples, p)) return false;
    for (uint64_t row = 0; row < examples->count; row++)
        rk_mtml_probabilities(snapshot->tasks, tasks, p + row * tasks, 1, p + row * tasks);
    return true;
}

/* The rows that speak of task `t`. */
static void read_rows(const rk_examples *examples, const float *p, uint32_t t, task_rows *rows) {
    uint64_t last = UINT64_MAX;
    rows->count = rows->users = 0;
    for (uint32_t l = 0; l < examples->lists; l++) {
        if (l == 0 || examples->group[l] != last) rows->users++;
        last = examples->group[l];
        for (uint64_t row = examples->list_begin[l]; row < examples->list_begin[l + 1]; row++) {
            const float *input = examples->input + row * RK_FEATURE_COUNT;
            uint32_t at = rows->count;
            if (!rk_task_bit(examples->known[row], t)) continue;
            rows->score[0][at] = p[row * examples->tasks + t];
            rows->score[1 + RK_GUESS_USER_RATE][at] = input[RK_FEATURE_user_rate_0 + t];
            rows->score[1 + RK_GUESS_ITEM_RATE][at] = input[RK_FEATURE_item_rate_0 + t];
            rows->label[at] = rk_task_bit(examples->label[row], t);
            rows->weight[at] = examples->weight[row];
            rows->user[at] = rows->users - 1;
            rows->count++;
        }
    }
    for (uint32_t s = 0; s < SCORES; s++) {
        for (uint32_t i = 0; i < rows->count; i++)
            rows->order[s][i] = (rk_scored){.score = rows->score[s][i], .item = i};
        rk_sort_scored(rows->order[s], rows->count);
    }
}

/* AUC of each score, every row as often as its user was drawn. */
static void resample_shard(void *context, uint32_t shard) {
    const task_rows *rows = context;
    uint16_t *drawn = rows->drawn + (uint64_t)shard * rows->users;
    float *weight = rows->resampled + (uint64_t)shard * rows->count;
    for (uint32_t r = shard; r < RK_RESAMPLES; r += RK_SHARDS) {
        rk_rng rng = rk_rng_at(rows->seed, STREAM_RESAMPLE + r);
        memset(drawn, 0, rows->users * sizeof *drawn);
        for (uint32_t draw = 0; draw < rows->users; draw++) {
            uint32_t user = rk_rng_below(&rng, rows->users);
            drawn[user] = (uint16_t)RK_MIN(UINT16_MAX, drawn[user] + 1u);
        }
        for (uint32_t i = 0; i < rows->count; i++)
            weight[i] = rows->weight[i] * (float)drawn[rows->user[i]];
        for (uint32_t s = 0; s < SCORES; s++) {
            double auc = rk_metric_auc_sorted(&(rk_judged){.label = rows->label,
                                                           .weight = weight,
                                                           .count = rows->count,
                                                           .order = rows->order[s]});
            /* A resample without one of the two says nothing: chance, for all scores alike. */
            rows->auc[(uint64_t)r * SCORES + s] = auc == auc ? auc : 0.5;
        }
    }
}

static void put_guess(double *auc, const task_rows *rows, rk_guess guess, rk_task_figures *out) {
    /* rk_bootstrap_interval takes two arrays of means: P(task)'s is column 0 of `auc`. */
    for (uint32_t r = 0; r < RK_RESAMPLES; r++)
        auc[r] = rows->auc[(uint64_t)r * SCORES] - rows->auc[(uint64_t)r * SCORES + 1 + guess];
    out->lead[guess] = rk_bootstrap_interval(auc, NULL, 1, 0);
}

static bool judge(task_rows *rows, uint32_t threads, rk_memory *memory, rk_task_figures *out) {
    double *differences = RK_NEW(memory, double, RK_RESAMPLES);
    rk_scored *order = RK_NEW(memory, rk_scored, rows->count);
    if (!differences || !order) return false;
    rk_judged judged = {.score = rows->score[0],
                        .label = rows->label,
                        .weight = rows->weight,
                        .count = rows->count,
                        .order = order};
    out->rows = rows->count;
    for (uint32_t i = 0; i < rows->count; i++) out->positives += rows->label[i];
    out->auc = rk_metric_auc(&judged);
    out->log_loss = rk_metric_log_loss(&judged);
    out->calibration_error = rk_metric_calibration_error(&judged);
    rk_parallel(threads, resample_shard, rows);
    for (uint32_t g = 0; g < RK_GUESS_COUNT; g++) {
        judged.score = rows->score[1 + g];
        out->guess_auc[g] = rk_metric_auc(&judged);
        put_guess(differences, rows, (rk_guess)g, out);
    }
    return true;
}

bool rk_evaluate_tasks(const rk_trial *trial, bool impressions, uint64_t seed,
                       rk_task_figures *out) {
    rk_memory memory = {0};
    rk_gathered gathered;
    task_rows rows;
    const rk_snapshot_content *snapshot = trial->snapshot;
    uint32_t tasks = snapshot->meta.tasks;
    rk_gather_params params = rk_gather_defaults(seed);
    params.most_rows = MOST_ROWS;
    if (impressions) params.known = RK_KNOWN_SHOWN, params.depth = 0;
    bool ok = rk_gather_examples(trial, &params, &memory, &gathered);
    const rk_examples *examples = &gathered.examples;
    float *p = ok ? RK_NEW(&memory, float, examples->count *tasks) : NULL;
    ok = p && foretell(snapshot, examples, p) &&
         take_rows(examples->count, examples->lists, &memory, &rows);
    for (uint32_t t = 0; ok && t < tasks; t++) {
        out[t] = (rk_task_figures){.type = snapshot->tasks[t].type};
        read_rows(examples, p, t, &rows);
        rows.seed = seed;
        ok = judge(&rows, trial->threads, &memory, &out[t]);
    }
    rk_memory_free(&memory);
    return ok;
}

void rk_report_tasks(rk_json *json, const rk_trial *trial, const rk_task_figures *figures) {
    rk_json_open(json, "tasks", '{');
    for (uint32_t t = 0; t < trial->snapshot->meta.tasks; t++) {
        const rk_task_figures *task = &figures[t];
        char name[256];
        const char *text;
        uint32_t bytes = rk_strings_get(&trial->events->types, task->type, &text);
        bytes = RK_MIN(bytes, (uint32_t)sizeof name - 1);
        memcpy(name, text, bytes);
        name[bytes] = 0;
        rk_json_open(json, name, '{');
        rk_json_u64(json, "rows", task->rows);
        rk_json_u64(json, "positives", task->positives);
        rk_json_number(json, "auc", task->auc);
        rk_json_number(json, "log_loss", task->log_loss);
        rk_json_number(json, "calibration_error", task->calibration_error);
        for (uint32_t g = 0; g < RK_GUESS_COUNT; g++) {
            rk_json_open(json, guess_names[g], '{');
            rk_json_number(json, "auc", task->guess_auc[g]);
            rk_json_number(json, "lead", task->auc - task->guess_auc[g]);
            rk_json_number(json, "low", task->lead[g].low);
            rk_json_number(json, "high", task->lead[g].high);
            rk_json_close(json, '}');
        }
        rk_json_close(json, '}');
    }
    rk_json_close(json, '}');
}
