#include "learn/ranker_figures.h"

#include "base/fmath.h"
#include "learn/calibrate.h"
#include "learn/ranker_metrics.h"

#include <math.h>

#define BLOCK 64u

/* Room for the known rows of one task, and for a value a row. */
typedef struct columns {
    float *score, *weight; /* (rows) */
    uint8_t *label;
    rk_scored *order;
} columns;

static bool take_columns(uint64_t rows, rk_memory *scratch, columns *c) {
    assert(rows < RK_NONE);
    c->score = RK_NEW(scratch, float, rows);
    c->weight = RK_NEW(scratch, float, rows);
    c->label = RK_NEW(scratch, uint8_t, rows);
    c->order = RK_NEW(scratch, rk_scored, rows);
    return c->score && c->weight && c->label && c->order;
}

/* The rows that know the ranker's task k: logits as scores, labels, weights; returns how many. */
static uint32_t known_rows(const rk_ranker_rows *of, const rk_ranker *ranker, uint32_t k,
                           columns *c) {
    const rk_examples *examples = of->examples;
    const uint32_t task = ranker->task[k].task;
    uint32_t count = 0;
    uint64_t at = 0;
    for (uint32_t l = 0; l < of->lists; l++) {
        const uint64_t end = examples->list_begin[of->list[l] + 1];
        for (uint64_t row = examples->list_begin[of->list[l]]; row < end; row++, at++) {
            if (!rk_task_bit(examples->known[row], task)) continue;
            c->score[count] = of->logits[at * ranker->tasks + k];
            c->label[count] = rk_task_bit(examples->label[row], task);
            c->weight[count++] = examples->weight[row];
        }
    }
    return count;
}

bool rk_ranker_foretell(const rk_snapshot_content *content, const rk_examples *examples,
                        float *logits) {
    rk_memory scratch = {0};
    rk_mtml model = rk_mtml_of(content);
    const uint32_t inputs = content->meta.rank_inputs;
    float *x = RK_NEW(&scratch, float, (uint64_t)BLOCK *inputs);
    float *activations = RK_NEW(&scratch, float, (uint64_t)BLOCK *rk_mtml_columns(&model));
    for (uint64_t begin = 0; x && activations && begin < examples->count; begin += BLOCK) {
        const uint32_t rows = (uint32_t)RK_MIN(BLOCK, examples->count - begin);
        for (uint32_t r = 0; r < rows; r++) {
            const float *input = examples->input + (begin + r) * RK_FEATURE_COUNT;
            for (uint32_t i = 0; i < inputs; i++)
                x[r * inputs + i] = input[content->rank_feature[i]];
        }
        rk_mtml_logits(&model, x, rows, activations, logits + begin * model.tasks);
    }
    const bool ok = x && activations;
    rk_memory_free(&scratch);
    return ok;
}

bool rk_ranker_calibrate(const rk_ranker_rows *tune, rk_memory *scratch, rk_ranker *ranker) {
    columns c;
    if (!take_columns(tune->rows, scratch, &c)) return false;
    for (uint32_t k = 0; k < ranker->tasks; k++) {
        const uint32_t count = known_rows(tune, ranker, k, &c);
        const rk_calibration fit = rk_calibrate(c.score, c.label, c.weight, count);
        ranker->task[k].scale = fit.scale;
        ranker->task[k].offset = fit.offset;
    }
    return true;
}

static void measure_task(const rk_ranker_rows *of, columns *c, uint32_t k, rk_ranker *ranker) {
    rk_ranker_task *task = &ranker->task[k];
    const uint32_t count = known_rows(of, ranker, k, c);
    const rk_task calibration = {.scale = task->scale, .offset = task->offset};
    rk_mtml_probabilities(&calibration, 1, c->score, count, c->score);
    const rk_judged judged = {c->score, c->label, c->weight, count, c->order};
    task->rows = count;
    task->positives = 0;
    for (uint32_t i = 0; i < count; i++) task->positives += c->label[i];
    task->auc = rk_metric_auc(&judged);
    task->log_loss = rk_metric_log_loss(&judged);
    task->calibration_error = rk_metric_calibration_error(&judged);
}

/* What became of a row, by the value model. */
static float gain_of(const rk_examples *examples, const rk_ranker *ranker, const float *value,
                     uint64_t row) {
    float gain = 0.0f;
    for (uint32_t k = 0; k < ranker->tasks; k++) {
        const uint32_t task = ranker->task[k].task;
        if (rk_task_bit(examples->label[row], task)) gain += value[task];
    }
    return RK_MAX(gain, 0.0f);
}

/* NDCG of one list whose logits begin at `logits`: of the value, and of the blend. */
static void measure_list(const rk_examples *examples, uint32_t list, const float *logits,
                         const float *value, columns *c, rk_ranker *ranker) {
    const uint64_t begin = examples->list_begin[list];
    const uint32_t rows = (uint32_t)(examples->list_begin[list + 1] - begin), tasks = ranker->tasks;
    rk_task calibration[RK_MAX_TASKS];
    float weights[RK_MAX_TASKS], p[RK_MAX_TASKS], *gain = c->weight;
    if (rows < 2) return; /* no order */
    for (uint32_t k = 0; k < tasks; k++) {
        weights[k] = value[ranker->task[k].task];
        calibration[k] =
            (rk_task){.scale = ranker->task[k].scale, .offset = ranker->task[k].offset};
    }
    for (uint32_t r = 0; r < rows; r++) {
        rk_mtml_probabilities(calibration, tasks, logits + (size_t)r * tasks, 1, p);
        c->score[r] = rk_value_of(weights, p, tasks);
        gain[r] = gain_of(examples, ranker, value, begin + r);
    }
    const double ndcg = rk_metric_ndcg(c->score, gain, rows, c->order);
    if (isnan(ndcg)) return;
    for (uint32_t r = 0; r < rows; r++)
        c->score[r] = examples->input[(begin + r) * RK_FEATURE_COUNT + RK_FEATURE_blend];
    ranker->lists++;
    ranker->ndcg += ndcg;
    ranker->blend_ndcg += rk_metric_ndcg(c->score, gain, rows, c->order);
}

bool rk_ranker_measure(const rk_ranker_rows *measured, const float *value, rk_memory *scratch,
                       rk_ranker *ranker) {
    columns c;
    if (!take_columns(measured->rows, scratch, &c)) return false;
    ranker->lists = 0;
    ranker->ndcg = ranker->blend_ndcg = 0.0;
    for (uint32_t k = 0; k < ranker->tasks; k++) measure_task(measured, &c, k, ranker);
    const float *logits = measured->logits;
    for (uint32_t l = 0; l < measured->lists; l++) {
        const uint64_t *begin = measured->examples->list_begin + measured->list[l];
        measure_list(measured->examples, measured->list[l], logits, value, &c, ranker);
        logits += (begin[1] - begin[0]) * ranker->tasks;
    }
    const double lists = ranker->lists ? (double)ranker->lists : (double)NAN;
    ranker->ndcg /= lists;
    ranker->blend_ndcg /= lists;
    return true;
}

/* The lists that are measured, or all others, with their logits. False if out of memory. */
static bool choose_lists(const rk_examples *examples, uint64_t seed, bool measured, uint32_t tasks,
                         const float *logits, rk_memory *scratch, rk_ranker_rows *out) {
    uint32_t *list = RK_NEW(scratch, uint32_t, examples->lists);
    float *chosen = RK_NEW(scratch, float, examples->count *tasks);
    if (!list || !chosen) return false;
    *out = (rk_ranker_rows){.examples = examples, .list = list, .logits = chosen};
    for (uint32_t l = 0; l < examples->lists; l++) {
        if (rk_ranker_measures(seed, examples->group[l]) != measured) continue;
        const uint64_t begin = examples->list_begin[l], rows = examples->list_begin[l + 1] - begin;
        memcpy(chosen + out->rows * tasks, logits + begin * tasks,
               (size_t)(rows * tasks) * sizeof *chosen);
        list[out->lists++] = l;
        out->rows += rows;
    }
    return true;
}

bool rk_ranker_recalibrate(const rk_examples *examples, uint64_t seed, const float *value,
                           const float *apart, const float *own, rk_ranker *ranker) {
    rk_memory scratch = {0};
    const uint32_t tasks = ranker->tasks;
    rk_ranker_rows rest, measured;
    const bool ok = choose_lists(examples, seed, false, tasks, apart, &scratch, &rest) &&
                    rk_ranker_calibrate(&rest, &scratch, ranker) &&
                    choose_lists(examples, seed, true, tasks, own, &scratch, &measured) &&
                    rk_ranker_measure(&measured, value, &scratch, ranker);
    rk_memory_free(&scratch);
    return ok;
}
