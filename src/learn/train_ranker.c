#include "learn/train_ranker.h"

#include "base/fmath.h"
#include "base/rng.h"
#include "format/checks.h"
#include "learn/optim.h"
#include "learn/parallel.h"
#include "learn/ranker_figures.h"
#include "learn/ranker_loss.h"
#include "learn/standardize.h"
#include "simd/kernels.h"

#define STREAM_PARTS   0x726E6B31u /* "rnk1" */
#define STREAM_WEIGHTS 0x726E6B32u
#define STREAM_ORDER   0x726E6B33u

#define PARTS_OF           10u /* a tenth of the users tunes, a tenth is measured */
#define LEAST_CHUNK_ROWS   16u
#define LEAST_STEPS        100u /* of an epoch; lists permitting */
#define MOST_POSITIVE      10.0 /* times that a positive counts */
#define PATIENCE           4u   /* epochs without a new best */
#define COMPARISON_BUDGETS 3u

enum { LEARN, TUNE, MEASURE, PARTS };

/* Lists of one part of the users. */
typedef struct part {
    uint32_t *list;
    uint32_t lists;
    uint64_t rows;
} part;

typedef struct training {
    const rk_examples *examples;
    const rk_ranker_params *params;
    uint64_t seed;
    uint32_t task[RK_MAX_TASKS]; /* (model.tasks) numbers in the examples */
    part parts[PARTS];
    uint32_t *order; /* (parts[LEARN].lists) of the epoch */
    uint32_t chunk_rows;
    rk_standard standard;
    rk_ranker_loss loss;
    rk_mtml model;                                             /* over weights */
    size_t floats;                                             /* of the model */
    float *weights, *start, *best, *first, *second, *gradient; /* (floats) */
    uint64_t step;
    /* A pass under way: chunk s has the lists lists[begin[s]] .. lists[begin[s + 1] - 1]. */
    const uint32_t *lists;
    uint32_t begin[RK_SHARDS + 1];
    bool learns;
    float *logits; /* (rows of the pass, tasks), or NULL */
    uint64_t row_begin[RK_SHARDS];
    rk_ranker_chunk chunks[RK_SHARDS];
} training;

/* ---- who is learnt from ---- */

static uint32_t part_of(uint64_t seed, uint64_t group) {
    const uint64_t draw = rk_mix64(group, rk_mix64(seed, STREAM_PARTS)) % PARTS_OF;
    return draw == 0 ? TUNE : draw == 1 ? MEASURE : LEARN;
}

bool rk_ranker_measures(uint64_t seed, uint64_t group) {
    return part_of(seed, group) == MEASURE;
}

static bool split_lists(training *t, rk_memory *scratch) {
    const rk_examples *examples = t->examples;
    for (uint32_t p = 0; p < PARTS; p++) {
        t->parts[p].list = RK_NEW(scratch, uint32_t, examples->lists);
        if (!t->parts[p].list) return false;
    }
    for (uint32_t list = 0; list < examples->lists; list++) {
        part *to = &t->parts[part_of(t->seed, examples->group[list])];
        to->list[to->lists++] = list;
        to->rows += examples->list_begin[list + 1] - examples->list_begin[list];
    }
    /* Of a handful of users some part may have none: then what there is does for both. */
    if (!t->parts[LEARN].rows) t->parts[LEARN] = t->parts[TUNE];
    if (!t->parts[LEARN].rows) t->parts[LEARN] = t->parts[MEASURE];
    if (!t->parts[TUNE].rows) t->parts[TUNE] = t->parts[LEARN];
    t->order = RK_NEW(scratch, uint32_t, t->parts[LEARN].lists);
    return t->order != NULL;
}

/* ---- start ---- */

/* Weight of the task's known rows among `rows` lists of a part: [0] negative, [1] positive. */
static void count_labels(const rk_examples *examples, const part *of, uint32_t task,
                         double weight[2]) {
    weight[0] = weight[1] = 0.0;
    for (uint32_t l = 0; l < of->lists; l++) {
        const uint64_t end = examples->list_begin[of->list[l] + 1];
        for (uint64_t row = examples->list_begin[of->list[l]]; row < end; row++) {
            if (rk_task_bit(examples->known[row], task))
                weight[rk_task_bit(examples->label[row], task)] += (double)examples->weight[row];
        }
    }
}

static bool measure_inputs(training *t, rk_memory *scratch) {
    const part *learn = &t->parts[LEARN];
    uint64_t *rows = RK_NEW(scratch, uint64_t, learn->rows), count = 0;
    if (!rows) return false;
    for (uint32_t l = 0; l < learn->lists; l++) {
        const uint64_t end = t->examples->list_begin[learn->list[l] + 1];
        for (uint64_t row = t->examples->list_begin[learn->list[l]]; row < end; row++)
            rows[count++] = row;
    }
    rk_standard_measure(t->examples->input, RK_FEATURE_COUNT, rows, count, &t->standard);
    return true;
}

/* Experts at random, heads and gates zero; the linear path is the blend and the base rate. */
static void prepare_weights(training *t) {
    const rk_mtml *m = &t->model;
    const uint32_t columns = rk_mtml_columns(m), hidden = m->experts * m->units;
    const float scale = 1.0f / rk_sqrtf((float)m->inputs);
    rk_rng rng = rk_rng_at(t->seed, STREAM_WEIGHTS);
    float *matrix = t->weights, *bias = matrix + (size_t)m->inputs * columns;
    for (uint32_t i = 0; i < m->inputs; i++) {
        for (uint32_t h = 0; h < hidden; h++)
            matrix[(size_t)i * columns + h] = scale * rk_rng_normal(&rng);
    }
    const bool blended = t->standard.feature[0] == RK_FEATURE_blend;
    for (uint32_t k = 0; k < m->tasks; k++) {
        double weight[2];
        count_labels(t->examples, &t->parts[LEARN], t->task[k], weight);
        const double odds = (weight[1] + 0.5) / (weight[0] + 0.5);
        const double positive = RK_MIN(RK_MAX(rk_sqrt(1.0 / odds), 1.0), MOST_POSITIVE);
        t->loss.positive[k] = weight[1] > 0.0 ? (float)positive : 1.0f;
        t->loss.log_positive[k] = rk_logf(t->loss.positive[k]);
        if (rk_task_bit(t->params->ordered, t->task[k]))
            t->loss.value[k] = t->params->value[t->task[k]];
        bias[columns - m->tasks + k] = rk_logf((float)odds);
        if (blended && t->loss.value[k] > 0.0f) matrix[columns - m->tasks + k] = 1.0f;
    }
    t->loss.list_mix = t->params->list_mix;
    t->loss.sharpness = t->params->sharpness;
    memcpy(t->start, t->weights, t->floats * sizeof *t->start);
    /* Experts decay to nothing, not to their random start; their biases do anyhow. */
    for (uint32_t i = 0; i < m->inputs; i++)
        memset(t->start + (size_t)i * columns, 0, hidden * sizeof *t->start);
}

static bool take_model(training *t, rk_memory *memory, rk_memory *scratch) {
    const rk_ranker_params *params = t->params;
    uint32_t tasks = 0;
    for (uint32_t task = 0; task < t->examples->tasks; task++) {
        if (!params->only || rk_task_bit(params->only, task)) t->task[tasks++] = task;
    }
    t->model = (rk_mtml){.inputs = t->standard.inputs,
                         .experts = params->experts,
                         .units = params->units,
                         .tasks = tasks};
    t->floats = (size_t)rk_mtml_floats(&t->model);
    t->weights = RK_NEW(memory, float, t->floats);
    float **more[] = {&t->start, &t->best, &t->first, &t->second, &t->gradient};
    bool ok = t->weights != NULL;
    for (uint32_t i = 0; i < sizeof more / sizeof *more; i++)
        ok = ok && (*more[i] = RK_NEW(scratch, float, t->floats)) != NULL;
    if (ok)
        t->model = rk_mtml_over(t->model.inputs, params->experts, params->units, tasks, t->weights);
    return ok;
}

/* A chunk takes whole lists until it has chunk_rows, so it needs room for one more than fits. */
static bool take_chunks(training *t, rk_memory *scratch) {
    const rk_examples *examples = t->examples;
    uint64_t longest = 0;
    for (uint32_t list = 0; list < examples->lists; list++)
        longest = RK_MAX(longest, examples->list_begin[list + 1] - examples->list_begin[list]);
    assert(longest <= RK_LIST_ROWS);
    const uint64_t affordable = t->parts[LEARN].rows / (RK_SHARDS * LEAST_STEPS);
    const uint64_t most = RK_MAX(t->params->batch / RK_SHARDS, LEAST_CHUNK_ROWS);
    t->chunk_rows = (uint32_t)RK_MIN(RK_MAX(affordable, LEAST_CHUNK_ROWS), most);
    bool ok = true;
    for (uint32_t s = 0; s < RK_SHARDS; s++) {
        ok = ok && rk_ranker_chunk_take(&t->model, t->chunk_rows + (uint32_t)longest, scratch,
                                        &t->chunks[s]);
    }
    return ok;
}

/* ---- a pass ---- */

static uint8_t own_bits(const training *t, uint8_t bits) {
    uint8_t own = 0;
    for (uint32_t k = 0; k < t->model.tasks; k++)
        own = (uint8_t)(own | rk_task_bit(bits, t->task[k]) << k);
    return own;
}

static void fill_chunk(const training *t, uint32_t shard, rk_ranker_chunk *c) {
    const rk_examples *examples = t->examples;
    c->rows = c->lists = 0;
    c->list_begin[0] = 0;
    for (uint32_t l = t->begin[shard]; l < t->begin[shard + 1]; l++) {
        const uint64_t end = examples->list_begin[t->lists[l] + 1];
        for (uint64_t row = examples->list_begin[t->lists[l]]; row < end; row++) {
            rk_standard_apply(&t->standard, examples->input + row * RK_FEATURE_COUNT,
                              c->x + (size_t)c->rows * t->model.inputs);
            c->label[c->rows] = own_bits(t, examples->label[row]);
            c->known[c->rows] = own_bits(t, examples->known[row]);
            c->weight[c->rows++] = examples->weight[row];
        }
        c->list_begin[++c->lists] = c->rows;
    }
}

static void run_chunk(void *context, uint32_t shard) {
    training *t = context;
    rk_ranker_chunk *c = &t->chunks[shard];
    fill_chunk(t, shard, c);
    c->measures = !t->learns;
    rk_ranker_chunk_forward(&t->model, &t->loss, c);
    if (t->learns) rk_ranker_chunk_backward(&t->model, c);
    if (t->logits) {
        memcpy(t->logits + t->row_begin[shard] * t->model.tasks, c->logit,
               (size_t)c->rows * t->model.tasks * sizeof *c->logit);
    }
}

/* Deals the next lists to the chunks; false if none is left. */
static bool deal(training *t, uint32_t lists, uint64_t *row) {
    uint32_t next = t->begin[RK_SHARDS];
    if (next == lists) return false;
    for (uint32_t s = 0; s < RK_SHARDS; s++) {
        uint64_t rows = 0;
        t->begin[s] = next;
        t->row_begin[s] = *row;
        while (next < lists && rows < t->chunk_rows && next - t->begin[s] < t->chunk_rows) {
            const uint64_t *begin = t->examples->list_begin + t->lists[next++];
            rows += begin[1] - begin[0];
        }
        *row += rows;
    }
    t->begin[RK_SHARDS] = next;
    return true;
}

/* The mean gradient of the chunks, in shard order, and a step along it. */
static void apply_chunks(training *t, double weight, float rate) {
    const float share = (float)(1.0 / weight);
    memset(t->gradient, 0, t->floats * sizeof *t->gradient);
    for (uint32_t s = 0; s < RK_SHARDS; s++)
        rk_axpy_f32(share, t->chunks[s].gradient, t->gradient, t->floats);
    rk_adam(t->weights, t->start, t->first, t->second, t->gradient, t->floats, ++t->step, rate,
            t->params->l2);
}

/* One pass over lists. At a rate above 0 it learns from them; at 0 it returns their mean loss a
 * row. logits: as in training. */
static double pass(training *t, const uint32_t *lists, uint32_t count, float rate, float *logits,
                   uint32_t threads) {
    double loss = 0.0, weight = 0.0;
    uint64_t row = 0;
    t->lists = lists;
    t->learns = rate > 0.0f;
    t->logits = logits;
    t->begin[RK_SHARDS] = 0;
    while (deal(t, count, &row)) {
        double step_weight = 0.0;
        rk_parallel(threads, run_chunk, t);
        for (uint32_t s = 0; s < RK_SHARDS; s++) {
            const rk_ranker_chunk *c = &t->chunks[s];
            for (uint32_t r = 0; r < c->rows; r++) step_weight += (double)c->weight[r];
            loss += c->loss;
        }
        if (t->learns && step_weight > 0.0) apply_chunks(t, step_weight, rate);
        weight += step_weight;
    }
    return weight > 0.0 ? loss / weight : 0.0;
}

static void shuffle(training *t, uint32_t epoch) {
    const part *learn = &t->parts[LEARN];
    rk_rng rng = rk_rng_at(t->seed, rk_mix64(STREAM_ORDER, epoch));
    memcpy(t->order, learn->list, learn->lists * sizeof *t->order);
    for (uint32_t i = learn->lists; i > 1; i--) {
        const uint32_t j = rk_rng_below(&rng, i), list = t->order[j];
        t->order[j] = t->order[i - 1];
        t->order[i - 1] = list;
    }
}

/* Leaves the weights of the best epoch. */
static void learn(training *t, const rk_learn_options *options, rk_ranker *ranker) {
    const part *from = &t->parts[LEARN], *tune = &t->parts[TUNE];
    const uint64_t affordable = RK_MAX(1, t->params->row_budget / RK_MAX(1, from->rows));
    const uint32_t epochs = (uint32_t)RK_MIN(affordable, t->params->epochs);
    ranker->first_loss = pass(t, tune->list, tune->lists, 0.0f, NULL, options->threads);
    ranker->best_loss = ranker->first_loss;
    memcpy(t->best, t->weights, t->floats * sizeof *t->best);
    while (ranker->epochs < epochs && ranker->epochs < ranker->best_epoch + PATIENCE) {
        const float fade = 1.0f - 0.9f * (float)ranker->epochs / (float)epochs;
        shuffle(t, ++ranker->epochs);
        pass(t, t->order, from->lists, t->params->rate * fade, NULL, options->threads);
        const double loss = pass(t, tune->list, tune->lists, 0.0f, NULL, options->threads);
        if (options->progress)
            options->progress(options->context, "ranker", ranker->epochs, epochs, "epochs");
        if (!(loss < ranker->best_loss)) continue;
        ranker->best_loss = loss;
        ranker->best_epoch = ranker->epochs;
        memcpy(t->best, t->weights, t->floats * sizeof *t->best);
    }
    memcpy(t->weights, t->best, t->floats * sizeof *t->best);
}

/* ---- the whole ---- */

/* What the network, as it will be served, says of a part's rows. */
static bool predict(training *t, const part *of, uint32_t threads, rk_memory *scratch,
                    rk_ranker_rows *out) {
    float *logits = RK_NEW(scratch, float, of->rows * t->model.tasks);
    if (!logits) return false;
    pass(t, of->list, of->lists, 0.0f, logits, threads);
    *out = (rk_ranker_rows){.examples = t->examples,
                            .list = of->list,
                            .lists = of->lists,
                            .rows = of->rows,
                            .logits = logits};
    return true;
}

/* A file bounds its numbers; only inputs that hardly vary could get weights beyond. */
static void fold_weights(training *t) {
    const uint32_t columns = rk_mtml_columns(&t->model);
    rk_standard_fold(&t->standard, columns, t->weights,
                     t->weights + (size_t)t->model.inputs * columns);
    for (size_t i = 0; i < t->floats; i++)
        t->weights[i] = RK_MIN(RK_MAX(t->weights[i], -RK_FLOAT_LIMIT), RK_FLOAT_LIMIT);
}

static bool train(training *t, const rk_learn_options *options, rk_memory *memory,
                  rk_memory *scratch, rk_ranker *ranker) {
    if (!split_lists(t, scratch) || !measure_inputs(t, scratch) ||
        !take_model(t, memory, scratch) || !take_chunks(t, scratch))
        return false;
    prepare_weights(t);
    learn(t, options, ranker);
    fold_weights(t);
    ranker->inputs = t->model.inputs;
    memcpy(ranker->feature, t->standard.feature, ranker->inputs * sizeof *ranker->feature);
    ranker->experts = t->model.experts;
    ranker->units = t->model.units;
    ranker->tasks = t->model.tasks;
    ranker->weights = t->weights;
    for (uint32_t k = 0; k < ranker->tasks; k++) ranker->task[k].task = t->task[k];
    rk_ranker_rows tune, measured;
    return predict(t, &t->parts[TUNE], options->threads, scratch, &tune) &&
           rk_ranker_calibrate(&tune, scratch, ranker) &&
           predict(t, &t->parts[MEASURE], options->threads, scratch, &measured) &&
           rk_ranker_measure(&measured, t->params->value, scratch, ranker);
}

bool rk_train_ranker(const rk_examples *examples, const rk_ranker_params *params,
                     const rk_learn_options *options, rk_memory *memory, rk_ranker *ranker) {
    assert(examples->tasks >= 1 && examples->tasks <= RK_MAX_TASKS);
    assert(params->experts >= 1 && params->units >= 1 && params->rate > 0.0f);
    rk_memory scratch = {0};
    training *t = RK_NEW(&scratch, training, 1);
    bool ok = false;
    *ranker = (rk_ranker){0};
    if (t) {
        t->examples = examples;
        t->params = params;
        t->seed = options->seed;
        ok = train(t, options, memory, &scratch, ranker);
    }
    rk_memory_free(&scratch);
    return ok;
}

rk_ranker_params rk_ranker_defaults(void) {
    rk_ranker_params params = {.experts = 4,
                               .units = 32,
                               .epochs = 40,
                               .row_budget = 40000000,
                               .batch = 1024,
                               .rate = 0.001f,
                               .l2 = 0.1f,
                               .list_mix = 10.0f,
                               .ordered = UINT8_MAX,
                               .sharpness = 1.0f};
    for (uint32_t t = 0; t < RK_MAX_TASKS; t++) params.value[t] = 1.0f;
    return params;
}

rk_mtml rk_ranker_model(const rk_ranker *ranker) {
    return rk_mtml_over(ranker->inputs, ranker->experts, ranker->units, ranker->tasks,
                        ranker->weights);
}

/* AUC of the network that `params` describes, a task after the other. */
static bool train_other(const rk_examples *examples, const rk_ranker_params *params,
                        const rk_learn_options *options, double *auc) {
    rk_memory scratch = {0};
    rk_ranker ranker;
    const bool ok = rk_train_ranker(examples, params, options, &scratch, &ranker);
    for (uint32_t k = 0; ok && k < ranker.tasks; k++) auc[k] = ranker.task[k].auc;
    rk_memory_free(&scratch);
    return ok;
}

bool rk_ranker_compare(const rk_examples *examples, const rk_ranker_params *params,
                       const rk_learn_options *options, const rk_ranker *ranker,
                       rk_ranker_comparison *out) {
    rk_ranker_params other = *params;
    other.experts = 1;
    other.row_budget = params->row_budget / COMPARISON_BUDGETS;
    out->tasks = ranker->tasks;
    for (uint32_t k = 0; k < ranker->tasks; k++) {
        out->mixed[k] = ranker->task[k].auc;
        other.only = (uint8_t)(1u << ranker->task[k].task);
        if (!train_other(examples, &other, options, &out->single[k])) return false;
    }
    other.only = params->only;
    other.units = RK_MIN(params->experts * params->units, RK_MAX_UNITS);
    return train_other(examples, &other, options, out->shared);
}
