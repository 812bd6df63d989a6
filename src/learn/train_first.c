#include "learn/train_first.h"

#include "base/fmath.h"
#include "base/order.h"
#include "base/rng.h"
#include "learn/parallel.h"
#include "model/vectors.h"
#include "simd/kernels.h"

#define STREAM_ORDER 0x66697273u /* "firs" */
#define SHARD_BATCH  4u          /* requests of a shard in one step */
#define LOGIT_SHARE  0.3f        /* of the squared error in the loss */
#define RIDGE        1e-4f       /* of standardised weights; the ridge of biases is item_prior */
#define MOMENTUM     0.9f
#define MOMENTUM_2   0.999f
#define BIAS_STEP    0.5f /* candidates of a request compete, and all biases move at once */
#define LARGEST_ITEM 127.0f
#define TEMPERATURES 4u
#define DEFAULT_ONE  2u /* of the list below, where nothing is held out */

/* Of log-odds: from only the best few to nearly the order of all candidates. */
static const float temperatures[TEMPERATURES] = {1.0f, 2.0f, 4.0f, 8.0f};

/* What one shard needs for one request. */
typedef struct shard_state {
    float *rows;                      /* (longest, dim) decoded vectors, less the mean */
    float *logits, *targets, *slopes; /* (longest); slopes: d loss / d logit */
    float *gradient;                  /* (width) of the requests of a step */
    float *dots;                      /* (longest) */
    double *squares;                  /* (width) within-request variances, summed */
    rk_scored *order;                 /* (longest) */
    double loss;
} shard_state;

/* Requests with what the teacher says. */
typedef struct held_out {
    const rk_first_data *data;
    float *odds; /* (candidates) */
} held_out;

typedef struct training {
    const rk_snapshot_content *snapshot;
    const rk_first_data *data; /* what the shards walk through now, */
    float *odds;               /* (its candidates) and what the teacher says of them */
    const rk_first_params *params;
    uint32_t dim, width; /* width = 2 * dim + RK_FIRST_INPUTS */
    float temperature;
    float *scale;                 /* (width) 1 / standard deviation; 0: nothing to learn */
    float *weight;                /* (width) of what is standardised */
    float *momentum, *momentum_2; /* (width) */
    float *bias;                  /* (items) */
    uint32_t *order;              /* (requests) */
    uint32_t from, to;            /* places of `order` of this step */
    uint64_t steps;
    /* Candidates by their item, and their share of its Newton step. */
    uint64_t *by_item_begin;  /* (items + 1) */
    uint32_t *by_item;        /* (candidates) */
    float *slope, *curvature; /* (candidates) */
    float prior;
    shard_state shard[RK_SHARDS];
} training;

rk_first_params rk_first_defaults(void) {
    return (rk_first_params){
        .epochs = 30, .request_budget = 12000, .rate = 0.05f, .item_prior = 50.0f};
}

/* ---- one request ----------------------------------------------------------------------------- */

static uint32_t candidates_of(const training *t, uint32_t request) {
    return (uint32_t)(t->data->begin[request + 1] - t->data->begin[request]);
}

/* Decoded vectors less their mean, which moves all candidates of a request alike. */
static void decode(const training *t, uint32_t request, float *rows) {
    const uint32_t *items = t->data->item + t->data->begin[request];
    for (uint32_t i = 0, count = candidates_of(t, request); i < count; i++) {
        int16_t magnitudes[RK_MAX_DIM];
        rk_vector_decode_i16(t->snapshot, items[i], magnitudes);
        float scale = t->snapshot->vector_factors[items[i]].decode;
        for (uint32_t d = 0; d < t->dim; d++)
            rows[(uint64_t)i * t->dim + d] = scale * (float)magnitudes[d];
    }
}

static void centre(float *values, uint32_t count) {
    float sum = 0.0f;
    for (uint32_t i = 0; i < count; i++) sum += values[i];
    for (uint32_t i = 0; i < count; i++) values[i] -= sum / (float)count;
}

/* The student's logits and the teacher's, both centred; rows are decoded. */
static void forward(const training *t, shard_state *s, uint32_t request) {
    const rk_first_data *data = t->data;
    uint64_t first = data->begin[request], row = (uint64_t)request * t->dim;
    uint32_t count = candidates_of(t, request), dim = t->dim;
    float query[RK_MAX_DIM], weights[RK_FIRST_INPUTS];
    for (uint32_t d = 0; d < dim; d++) {
        query[d] = t->weight[d] * t->scale[d] * data->session[row + d] +
                   t->weight[dim + d] * t->scale[dim + d] * data->user[row + d];
    }
    for (uint32_t f = 0; f < RK_FIRST_INPUTS; f++)
        weights[f] = t->weight[2 * dim + f] * t->scale[2 * dim + f];
    rk_gemv_f32(s->rows, query, s->dots, count, dim);
    rk_gemv_f32(data->inputs + first * RK_FIRST_INPUTS, weights, s->logits, count, RK_FIRST_INPUTS);
    for (uint32_t i = 0; i < count; i++) {
        s->logits[i] += s->dots[i] + t->bias[data->item[first + i]];
        s->targets[i] = t->odds[first + i] / t->temperature;
    }
    centre(s->logits, count);
    centre(s->targets, count);
}

/* log of the sum of exp; out (count): exp(value) over the sum. */
static float softmax(const float *values, uint32_t count, float *out) {
    float most = values[0], sum = 0.0f;
    for (uint32_t i = 1; i < count; i++) most = RK_MAX(most, values[i]);
    for (uint32_t i = 0; i < count; i++) sum += out[i] = rk_expf(values[i] - most);
    for (uint32_t i = 0; i < count; i++) out[i] /= sum;
    return most + rk_logf(sum);
}

/* The curvature that takes a share of the softmax to another one in one step: (from - to) over the
 * distance of their logits. The second derivative at `from`, what Newton would take, is next to
 * nothing at shares near 0 and 1, and its steps fly past. */
static float secant(float from, float to) {
    float a = RK_MAX(1e-6f, RK_MIN(from, 1.0f - 1e-6f)),
          b = RK_MAX(1e-6f, RK_MIN(to, 1.0f - 1e-6f));
    float distance = rk_logf(a / b * ((1.0f - b) / (1.0f - a)));
    float apart = distance < 0.0f ? -distance : distance;
    return apart < 1e-2f ? a * (1.0f - a) : (a - b) / distance;
}

/* Loss of a request whose logits are known, its slopes, and (if not NULL) their curvatures. */
static double judge(shard_state *s, uint32_t count, float *curvature) {
    float *teacher = s->dots;
    float student_log = softmax(s->logits, count, s->slopes);
    float teacher_log = softmax(s->targets, count, teacher);
    double divergence = 0.0, squared = 0.0;
    float per_candidate = 2.0f * LOGIT_SHARE / (float)count;
    for (uint32_t i = 0; i < count; i++) {
        float off = s->logits[i] - s->targets[i], chosen = s->slopes[i];
        divergence += (double)teacher[i] * (double)(student_log - teacher_log - off);
        squared += (double)off * (double)off;
        s->slopes[i] = chosen - teacher[i] + per_candidate * off;
        if (curvature) curvature[i] = secant(chosen, teacher[i]) + per_candidate;
    }
    return divergence + (double)LOGIT_SHARE * squared / count;
}

/* Adds a request's gradient to the shard's. */
static void backward(const training *t, shard_state *s, uint32_t request) {
    const rk_first_data *data = t->data;
    const float *inputs = data->inputs + data->begin[request] * RK_FIRST_INPUTS;
    uint64_t row = (uint64_t)request * t->dim;
    uint32_t count = candidates_of(t, request), dim = t->dim;
    float along[RK_MAX_DIM] = {0};
    for (uint32_t i = 0; i < count; i++) {
        rk_axpy_f32(s->slopes[i], s->rows + (uint64_t)i * dim, along, dim);
        rk_axpy_f32(s->slopes[i], inputs + i * RK_FIRST_INPUTS, s->gradient + 2 * dim,
                    RK_FIRST_INPUTS);
    }
    for (uint32_t d = 0; d < dim; d++) {
        s->gradient[d] += along[d] * data->session[row + d];
        s->gradient[dim + d] += along[d] * data->user[row + d];
    }
}

/* ---- the scales ------------------------------------------------------------------------------ */

/* Adds the variance within the request of `count` values, `stride` apart. */
static double variance(const float *values, uint32_t stride, uint32_t count) {
    double sum = 0.0, squares = 0.0;
    for (uint32_t i = 0; i < count; i++) sum += (double)values[(uint64_t)i * stride];
    for (uint32_t i = 0; i < count; i++) {
        double off = (double)values[(uint64_t)i * stride] - sum / count;
        squares += off * off;
    }
    return squares / count;
}

static void spread_shard(void *context, uint32_t shard) {
    training *t = context;
    shard_state *s = &t->shard[shard];
    const rk_first_data *data = t->data;
    for (uint32_t r = shard; r < data->requests; r += RK_SHARDS) {
        uint64_t first = data->begin[r];
        uint32_t count = candidates_of(t, r), dim = t->dim;
        if (count == 0) continue;
        decode(t, r, s->rows);
        for (uint32_t d = 0; d < dim; d++) {
            double of_items = variance(s->rows + d, dim, count);
            double session = (double)data->session[(uint64_t)r * dim + d],
                   user = (double)data->user[(uint64_t)r * dim + d];
            s->squares[d] += session * session * of_items;
            s->squares[dim + d] += user * user * of_items;
        }
        for (uint32_t f = 0; f < RK_FIRST_INPUTS; f++) {
            s->squares[2 * dim + f] +=
                variance(data->inputs + first * RK_FIRST_INPUTS + f, RK_FIRST_INPUTS, count);
        }
    }
}

/* What hardly differs keeps a small scale: a signal that few requests have must not be blown up by
 * how rare it is. */
static void find_scales(training *t, uint32_t threads) {
    double requests = t->data->requests;
    rk_parallel(threads, spread_shard, t);
    for (uint32_t i = 0; i < t->width; i++) {
        double sum = 0.0, least = i < 2 * t->dim ? 0.05 / t->dim : 0.02;
        for (uint32_t shard = 0; shard < RK_SHARDS; shard++) sum += t->shard[shard].squares[i];
        double deviation = rk_sqrt(sum / requests);
        t->scale[i] = deviation > 1e-9 ? (float)(1.0 / RK_MAX(deviation, least)) : 0.0f;
    }
}

/* ---- the teacher ----------------------------------------------------------------------------- */

/* Log-odds of the share of a request's candidates that are better; those of one value share the
 * middle of their places. */
static void odds_shard(void *context, uint32_t shard) {
    training *t = context;
    rk_scored *order = t->shard[shard].order;
    for (uint32_t r = shard; r < t->data->requests; r += RK_SHARDS) {
        const float *value = t->data->value + t->data->begin[r];
        uint32_t count = candidates_of(t, r), end;
        for (uint32_t i = 0; i < count; i++)
            order[i] = (rk_scored){.score = value[i] + 0.0f, .item = i};
        rk_sort_scored(order, count);
        for (uint32_t begin = 0; begin < count; begin = end) {
            for (end = begin + 1; end < count && order[end].score == order[begin].score;) end++;
            float better = 0.5f * (float)(begin + end), worse = (float)count - better;
            for (uint32_t i = begin; i < end; i++)
                t->odds[t->data->begin[r] + order[i].item] = rk_logf(worse / better);
        }
    }
}

/* Makes `data` what the shards walk through. odds: (its candidates). */
static void listen(training *t, const rk_first_data *data, float *odds, uint32_t threads) {
    t->data = data;
    t->odds = odds;
    rk_parallel(threads, odds_shard, t);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void step_shard(void *context, uint32_t shard) {
    training *t = context;
    shard_state *s = &t->shard[shard];
    memset(s->gradient, 0, t->width * sizeof *s->gradient);
    for (uint32_t at = t->from + shard; at < t->to; at += RK_SHARDS) {
        uint32_t request = t->order[at], count = candidates_of(t, request);
        if (count == 0) continue;
        decode(t, request, s->rows);
        forward(t, s, request);
        judge(s, count, NULL);
        backward(t, s, request);
    }
}

/* Adam on the sum of the shards' gradients, in their order. `rate` has its correction of the first
 * steps. */
static void move_weights(training *t, float rate) {
    float per_request = 1.0f / (float)(t->to - t->from);
    for (uint32_t i = 0; i < t->width; i++) {
        float sum = 0.0f;
        for (uint32_t shard = 0; shard < RK_SHARDS; shard++) sum += t->shard[shard].gradient[i];
        float gradient = sum * per_request * t->scale[i] + RIDGE * t->weight[i];
        t->momentum[i] = MOMENTUM * t->momentum[i] + (1.0f - MOMENTUM) * gradient;
        t->momentum_2[i] =
            MOMENTUM_2 * t->momentum_2[i] + (1.0f - MOMENTUM_2) * gradient * gradient;
        t->weight[i] -= rate * t->momentum[i] / (rk_sqrtf(t->momentum_2[i]) + 1e-8f);
    }
}

static void shuffle(training *t, uint64_t seed, uint32_t epoch) {
    rk_rng rng = rk_rng_at(seed, (uint64_t)epoch << 32 | STREAM_ORDER);
    for (uint32_t i = t->data->requests; i > 1; i--) {
        uint32_t j = rk_rng_below(&rng, i), swapped = t->order[j];
        t->order[j] = t->order[i - 1];
        t->order[i - 1] = swapped;
    }
}

/* ---- biases ---------------------------------------------------------------------------------- */

static void slope_shard(void *context, uint32_t shard) {
    training *t = context;
    shard_state *s = &t->shard[shard];
    s->loss = 0.0;
    for (uint32_t r = shard; r < t->data->requests; r += RK_SHARDS) {
        uint32_t count = candidates_of(t, r);
        if (count == 0) continue;
        decode(t, r, s->rows);
        forward(t, s, r);
        s->loss += judge(s, count, t->curvature + t->data->begin[r]);
        memcpy(t->slope + t->data->begin[r], s->slopes, count * sizeof *s->slopes);
    }
}

static void bias_shard(void *context, uint32_t shard) {
    training *t = context;
    for (uint32_t item = shard; item < t->snapshot->meta.items; item += RK_SHARDS) {
        double slope = (double)t->prior * (double)t->bias[item], curvature = (double)t->prior;
        for (uint64_t i = t->by_item_begin[item]; i < t->by_item_begin[item + 1]; i++) {
            slope += (double)t->slope[t->by_item[i]];
            curvature += (double)t->curvature[t->by_item[i]];
        }
        t->bias[item] -= (float)((double)BIAS_STEP * slope / curvature);
    }
}

/* The prior counts as item_prior typical candidacies. */
static void move_biases(training *t, uint32_t threads) {
    uint64_t candidates = t->data->begin[t->data->requests];
    double sum = 0.0;
    if (candidates == 0) return;
    rk_parallel(threads, slope_shard, t);
    for (uint64_t i = 0; i < candidates; i++) sum += (double)t->curvature[i];
    t->prior = RK_MAX((float)(sum / (double)candidates) * t->params->item_prior, 1e-9f);
    rk_parallel(threads, bias_shard, t);
}

static void list_by_item(training *t) {
    uint64_t candidates = t->data->begin[t->data->requests];
    uint64_t *begin = t->by_item_begin;
    uint32_t items = t->snapshot->meta.items;
    for (uint64_t i = 0; i < candidates; i++) begin[t->data->item[i] + 1]++;
    for (uint32_t item = 0; item < items; item++) begin[item + 1] += begin[item];
    for (uint64_t i = candidates; i-- > 0;) t->by_item[--begin[t->data->item[i] + 1]] = (uint32_t)i;
    /* Each begin[item + 1] went back to where the item begins. */
    memmove(begin, begin + 1, items * sizeof *begin);
    begin[items] = candidates;
}

/* ---- a training ------------------------------------------------------------------------------ */

static uint32_t epochs_of(const training *t) {
    uint32_t fit = t->params->request_budget / t->data->requests;
    return RK_MAX(1u, RK_MIN(t->params->epochs, fit));
}

static void loss_shard(void *context, uint32_t shard) {
    training *t = context;
    shard_state *s = &t->shard[shard];
    s->loss = 0.0;
    for (uint32_t r = shard; r < t->data->requests; r += RK_SHARDS) {
        uint32_t count = candidates_of(t, r);
        if (count == 0) continue;
        decode(t, r, s->rows);
        forward(t, s, r);
        s->loss += judge(s, count, NULL);
    }
}

/* Mean loss over other requests. */
static double loss_of(training *t, const held_out *other, uint32_t threads) {
    held_out mine = {t->data, t->odds};
    double sum = 0.0;
    if (other->data->requests == 0) return 0.0;
    t->data = other->data;
    t->odds = other->odds;
    rk_parallel(threads, loss_shard, t);
    t->data = mine.data;
    t->odds = mine.odds;
    for (uint32_t shard = 0; shard < RK_SHARDS; shard++) sum += t->shard[shard].loss;
    return sum / other->data->requests;
}

/* Trains from nothing; the losses are those of `other`. */
static void train(training *t, const held_out *other, const rk_learn_options *options,
                  rk_first_result *result) {
    uint32_t requests = t->data->requests, batch = SHARD_BATCH * RK_SHARDS;
    uint32_t epochs = epochs_of(t), batches = (requests + batch - 1) / batch;
    uint64_t total = (uint64_t)epochs * batches;
    float powers = 1.0f, powers_2 = 1.0f;
    memset(t->weight, 0, t->width * sizeof *t->weight);
    memset(t->momentum, 0, t->width * sizeof *t->momentum);
    memset(t->momentum_2, 0, t->width * sizeof *t->momentum_2);
    memset(t->bias, 0, t->snapshot->meta.items * sizeof *t->bias);
    for (uint32_t r = 0; r < requests; r++) t->order[r] = r;
    t->steps = 0;
    for (uint32_t epoch = 0; epoch < epochs; epoch++) {
        shuffle(t, options->seed, epoch);
        for (t->from = 0; t->from < requests; t->from = t->to) {
            t->to = RK_MIN(requests, t->from + batch);
            rk_parallel(options->threads, step_shard, t);
            powers *= MOMENTUM;
            powers_2 *= MOMENTUM_2;
            float left = 1.0f - (float)t->steps++ / (float)total;
            float correction = rk_sqrtf(1.0f - powers_2) / (1.0f - powers);
            move_weights(t, t->params->rate * left * correction);
        }
        move_biases(t, options->threads);
        if (epoch == 0) result->first_loss = loss_of(t, other, options->threads);
        if (options->progress)
            options->progress(options->context, "first stage", epoch + 1, epochs, "epochs");
    }
    result->last_loss = loss_of(t, other, options->threads);
    result->temperature = t->temperature;
    result->epochs = epochs;
}

/* What is served, in units of log-odds: weights of what is not standardised, biases rounded. */
static void finish(const training *t, rk_first_result *result) {
    uint32_t items = t->snapshot->meta.items;
    float largest = 0.0f;
    for (uint32_t i = 0; i < t->width; i++)
        result->weights[i] = t->weight[i] * t->scale[i] * t->temperature;
    for (uint32_t item = 0; item < items; item++) {
        float bias = t->bias[item];
        largest = RK_MAX(largest, bias < 0.0f ? -bias : bias);
    }
    float per_bias = largest > 0.0f ? LARGEST_ITEM / largest : 0.0f;
    for (uint32_t item = 0; item < items; item++)
        result->item[item] = rk_round_i8(t->bias[item] * per_bias);
    result->item_step = largest / LARGEST_ITEM * t->temperature;
}

static rk_first_stage stage_of(const rk_first_result *result, uint32_t dim) {
    return (rk_first_stage){.session_scale = result->weights,
                            .user_scale = result->weights + dim,
                            .weights = result->weights + 2 * dim,
                            .item = result->item,
                            .item_step = result->item_step,
                            .dim = dim};
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool take_memory(training *t, uint32_t longest, rk_memory *memory) {
    uint32_t items = t->snapshot->meta.items;
    uint64_t candidates = t->data->begin[t->data->requests];
    bool ok = true;
    t->scale = RK_NEW(memory, float, t->width);
    t->weight = RK_NEW(memory, float, t->width);
    t->momentum = RK_NEW(memory, float, t->width);
    t->momentum_2 = RK_NEW(memory, float, t->width);
    t->bias = RK_NEW(memory, float, items);
    t->order = RK_NEW(memory, uint32_t, t->data->requests);
    t->by_item_begin = RK_NEW(memory, uint64_t, (uint64_t)items + 1);
    t->by_item = RK_NEW(memory, uint32_t, candidates);
    t->slope = RK_NEW(memory, float, candidates);
    t->curvature = RK_NEW(memory, float, candidates);
    for (uint32_t shard = 0; shard < RK_SHARDS; shard++) {
        shard_state *s = &t->shard[shard];
        s->rows = RK_NEW(memory, float, (uint64_t)longest * t->dim);
        s->logits = RK_NEW(memory, float, longest);
        s->targets = RK_NEW(memory, float, longest);
        s->slopes = RK_NEW(memory, float, longest);
        s->dots = RK_NEW(memory, float, longest);
        s->gradient = RK_NEW(memory, float, t->width);
        s->squares = RK_NEW(memory, double, t->width);
        s->order = RK_NEW(memory, rk_scored, longest);
        ok = ok && s->rows && s->logits && s->targets && s->slopes && s->dots && s->gradient &&
             s->squares && s->order;
    }
    return ok && t->scale && t->weight && t->momentum && t->momentum_2 && t->bias && t->order &&
           t->by_item_begin && t->by_item && t->slope && t->curvature;
}

static void keep_better(const rk_first_result *trial, uint32_t width, uint32_t items,
                        rk_first_result *best) {
    rk_first_result kept = *best;
    memcpy(kept.weights, trial->weights, width * sizeof *kept.weights);
    memcpy(kept.item, trial->item, items * sizeof *kept.item);
    *best = *trial;
    best->weights = kept.weights;
    best->item = kept.item;
}

/* One training a temperature; the best by what it keeps, the earlier if they keep the same. */
static bool search(training *t, const held_out *other, const rk_learn_options *options,
                   rk_first_result *trial, rk_first_result *best) {
    bool choice = other->data->requests > 0;
    uint32_t from = choice ? 0 : DEFAULT_ONE, to = choice ? TEMPERATURES : DEFAULT_ONE + 1;
    for (uint32_t i = from; i < to; i++) {
        t->temperature = temperatures[i];
        train(t, other, options, trial);
        finish(t, trial);
        rk_first_stage stage = stage_of(trial, t->dim);
        if (!rk_first_measure(t->snapshot, &stage, other->data, options->threads, &trial->student,
                              &trial->blend))
            return false;
        trial->temperatures = to - from;
        if (i == from || trial->student.top > best->student.top)
            keep_better(trial, t->width, t->snapshot->meta.items, best);
    }
    return true;
}

/* Everything but the result's memory. */
static bool run(training *t, const held_out *mine, const held_out *other,
                const rk_learn_options *options, rk_first_result *trial, rk_first_result *best) {
    listen(t, other->data, other->odds, options->threads);
    listen(t, mine->data, mine->odds, options->threads);
    find_scales(t, options->threads);
    list_by_item(t);
    return search(t, other, options, trial, best);
}

bool rk_train_first(const rk_snapshot_content *snapshot, const rk_first_data *learnt,
                    const rk_first_data *held, const rk_first_params *params,
                    const rk_learn_options *options, rk_memory *memory, rk_first_result *result) {
    rk_memory scratch = {0};
    uint32_t items = snapshot->meta.items, dim = snapshot->meta.dim;
    training *t = RK_NEW(&scratch, training, 1);
    rk_first_result trial = {.requests = learnt->requests, .held_out = held->requests};
    held_out mine = {learnt, RK_NEW(&scratch, float, learnt->begin[learnt->requests])};
    held_out other = {held, RK_NEW(&scratch, float, held->begin[held->requests])};
    *result = trial;
    result->weights = RK_NEW(memory, float, 2 * dim + RK_FIRST_INPUTS);
    result->item = RK_NEW(memory, int8_t, items);
    trial.weights = RK_NEW(&scratch, float, 2 * dim + RK_FIRST_INPUTS);
    trial.item = RK_NEW(&scratch, int8_t, items);
    bool ok = t && mine.odds && other.odds && result->weights && result->item && trial.weights &&
              trial.item;
    if (ok && learnt->requests) {
        *t = (training){.snapshot = snapshot,
                        .data = learnt,
                        .params = params,
                        .dim = dim,
                        .width = 2 * dim + RK_FIRST_INPUTS};
        uint32_t longest = RK_MAX(rk_first_longest(learnt), rk_first_longest(held));
        ok = take_memory(t, longest, &scratch) && run(t, &mine, &other, options, &trial, result);
    }
    rk_memory_free(&scratch);
    return ok;
}
