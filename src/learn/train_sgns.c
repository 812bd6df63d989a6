#include "learn/train_sgns.h"

#include "base/fmath.h"
#include "base/rng.h"
#include "learn/optim.h"
#include "learn/runs.h"
#include "learn/sampler.h"
#include "simd/kernels.h"

#define CHUNK_MOST     RK_CHUNK_MOST
#define CHUNK_LEAST    16u
#define NEGATIVES      32u /* shared by a chunk */
#define LOSS_EVERY     8u  /* centres: logarithms would be a third of the time */
#define STREAM_INIT    0x73676E7331u
#define STREAM_ORDER   0x73676E7332u
#define STREAM_CHUNK   0x73676E7333u
#define STREAM_MEASURE 0x73676E7334u
#define REPORT_STEPS   256u

/* What one shard computed for its chunk, to be applied in chunk order. */
typedef struct chunk {
    uint32_t first_run, run_count;
    uint32_t count;                 /* events kept */
    uint32_t item[CHUNK_MOST];      /* (count) */
    uint32_t run_end[CHUNK_MOST];   /* (count) where the run of this event ends, in kept events */
    uint32_t run_begin[CHUNK_MOST]; /* (count) */
    uint32_t negative[NEGATIVES];
    float *negative_rows;     /* (NEGATIVES, dim) copies of u */
    float *input_gradient;    /* (CHUNK_MOST, dim) of v of item[i] */
    float *output_gradient;   /* (CHUNK_MOST, dim) of u of item[i] */
    float *negative_gradient; /* (NEGATIVES, dim) of u of negative[n] */
    double loss;
    uint64_t contexts;
} chunk;

typedef struct training {
    const rk_log *log;
    const rk_sgns_params *params;
    uint64_t seed, epoch, step;
    uint32_t epochs;
    float rate;
    float *input, *output; /* v, u (items, dim) */
    float *input_squares, *output_squares;
    rk_sampler negatives; /* by frequency^exponent */
    float *keep;          /* (items) probability of keeping an event */
    rk_runs runs;
    chunk chunks[RK_SHARDS];
} training;

/* Lists the chunk's kept events and draws its negatives. */
static void fill_chunk(const training *t, chunk *c, uint32_t shard) {
    rk_rng rng = rk_rng_at(t->seed, rk_mix64(STREAM_CHUNK + t->epoch, t->step * RK_SHARDS + shard));
    c->count = 0;
    for (uint32_t r = 0; r < c->run_count; r++) {
        rk_run source = t->runs.run[t->runs.order[c->first_run + r]];
        uint32_t begin = c->count;
        for (uint64_t i = source.begin; i < source.begin + source.count; i++) {
            uint32_t item = t->log->item[i];
            if (t->keep[item] < 1.0f && rk_rng_f32(&rng) >= t->keep[item]) continue;
            c->run_begin[c->count] = begin;
            c->item[c->count++] = item;
        }
        for (uint32_t i = begin; i < c->count; i++) c->run_end[i] = c->count;
    }
    uint32_t dim = t->params->dim;
    for (uint32_t n = 0; n < NEGATIVES; n++) {
        c->negative[n] = rk_sampler_draw(&t->negatives, &rng);
        memcpy(c->negative_rows + (uint64_t)n * dim, t->output + (uint64_t)c->negative[n] * dim,
               dim * sizeof(float));
    }
}

/* -log(sigma(x)), from sigma(x) already computed and kept away from 0. */
static double log_loss(float sigma) {
    return -(double)rk_logf(RK_MAX(sigma, 1e-7f));
}

static void learn_centre(const training *t, chunk *c, uint32_t centre) {
    uint32_t dim = t->params->dim, window = t->params->window, contexts = 0;
    const float *v = t->input + (uint64_t)c->item[centre] * dim;
    bool measured = centre % LOSS_EVERY == 0;
    float *v_gradient = c->input_gradient + (uint64_t)centre * dim;
    uint32_t begin = RK_MAX(c->run_begin[centre], centre > window ? centre - window : 0);
    uint32_t end = RK_MIN(c->run_end[centre], centre + window + 1);
    for (uint32_t other = begin; other < end; other++) {
        if (c->item[other] == c->item[centre]) continue;
        const float *u = t->output + (uint64_t)c->item[other] * dim;
        float sigma = rk_sigmoidf(rk_dot_f32(u, v, dim));
        rk_axpy_f32(sigma - 1.0f, u, v_gradient, dim);
        rk_axpy_f32(sigma - 1.0f, v, c->output_gradient + (uint64_t)other * dim, dim);
        if (measured) c->loss += log_loss(sigma);
        contexts++;
    }
    if (!contexts) return;
    if (measured) c->contexts += contexts;
    float logits[NEGATIVES];
    rk_gemv_f32(c->negative_rows, v, logits, NEGATIVES, dim);
    float share = (float)contexts * t->params->negatives / (float)NEGATIVES;
    for (uint32_t n = 0; n < NEGATIVES; n++) {
        if (c->negative[n] == c->item[centre]) continue;
        float sigma = rk_sigmoidf(logits[n]);
        rk_axpy_f32(share * sigma, c->negative_rows + (uint64_t)n * dim, v_gradient, dim);
        rk_axpy_f32(share * sigma, v, c->negative_gradient + (uint64_t)n * dim, dim);
        if (measured) c->loss += (double)share * log_loss(1.0f - sigma);
    }
}

static void learn_chunk(void *context, uint32_t shard) {
    training *t = context;
    chunk *c = &t->chunks[shard];
    c->count = 0;
    if (!c->run_count) return;
    fill_chunk(t, c, shard);
    size_t row_bytes = t->params->dim * sizeof(float);
    memset(c->input_gradient, 0, c->count * row_bytes);
    memset(c->output_gradient, 0, c->count * row_bytes);
    memset(c->negative_gradient, 0, NEGATIVES * row_bytes);
    for (uint32_t centre = 0; centre < c->count; centre++) learn_centre(t, c, centre);
}

static void apply_rows(const training *t, uint32_t shard, const uint32_t *items, uint32_t count,
                       const float *gradients, float *rows, float *squares) {
    uint32_t dim = t->params->dim;
    for (uint32_t i = 0; i < count; i++) {
        if (items[i] % RK_SHARDS != shard) continue;
        uint64_t at = (uint64_t)items[i] * dim;
        rk_adagrad(rows + at, squares + at, gradients + (uint64_t)i * dim, dim, t->rate);
    }
}

static void apply_chunks(void *context, uint32_t shard) {
    training *t = context;
    for (uint32_t s = 0; s < RK_SHARDS; s++) {
        chunk *c = &t->chunks[s];
        if (!c->count) continue;
        apply_rows(t, shard, c->item, c->count, c->input_gradient, t->input, t->input_squares);
        apply_rows(t, shard, c->item, c->count, c->output_gradient, t->output, t->output_squares);
        apply_rows(t, shard, c->negative, NEGATIVES, c->negative_gradient, t->output,
                   t->output_squares);
    }
}

static bool take_sampling(training *t, rk_memory *scratch) {
    const rk_log *log = t->log;
    float *weights = RK_NEW(scratch, float, log->items);
    t->keep = RK_NEW(scratch, float, log->items);
    if (!weights || !t->keep) return false;
    for (uint32_t item = 0; item < log->items; item++) {
        float count = (float)log->item_events[item];
        weights[item] = count > 0.0f ? rk_powf(count, t->params->negative_exponent) : 0.0f;
        float frequency = count / (float)log->events;
        bool rare = t->params->subsample <= 0.0f || frequency <= t->params->subsample;
        t->keep[item] = rare ? 1.0f : rk_sqrtf(t->params->subsample / frequency);
    }
    return rk_sampler_take(weights, log->items, scratch, &t->negatives);
}

static void prepare_vectors(training *t) {
    rk_rng rng = rk_rng_at(t->seed, STREAM_INIT);
    uint64_t n = (uint64_t)t->log->items * t->params->dim;
    for (uint64_t i = 0; i < n; i++) {
        t->input[i] = (rk_rng_f32(&rng) - 0.5f) / (float)t->params->dim;
    }
}

static bool take_memory(training *t, rk_memory *memory, rk_memory *scratch) {
    uint64_t items = t->log->items, dim = t->params->dim;
    t->input = RK_NEW(memory, float, items *dim);
    t->output = RK_NEW(scratch, float, items *dim);
    t->input_squares = RK_NEW(scratch, float, items *dim);
    t->output_squares = RK_NEW(scratch, float, items *dim);
    bool ok = t->input && t->output && t->input_squares && t->output_squares &&
              take_sampling(t, scratch) &&
              rk_runs_take(t->log, CHUNK_LEAST, t->params->hold_out, scratch, &t->runs);
    for (uint32_t s = 0; s < RK_SHARDS; s++) {
        chunk *c = &t->chunks[s];
        c->negative_rows = RK_NEW(scratch, float, NEGATIVES *dim);
        c->negative_gradient = RK_NEW(scratch, float, NEGATIVES *dim);
        c->input_gradient = RK_NEW(scratch, float, CHUNK_MOST *dim);
        c->output_gradient = RK_NEW(scratch, float, CHUNK_MOST *dim);
        ok = ok && c->negative_rows && c->negative_gradient && c->input_gradient &&
             c->output_gradient;
    }
    return ok;
}

static void tell(const training *t, const rk_learn_options *options) {
    if (!options->progress) return;
    uint64_t done = t->epoch * t->runs.count + t->runs.next;
    options->progress(options->context, "vectors", done, (uint64_t)t->epochs * t->runs.count,
                      "sessions");
}

/* One pass over the runs in order; returns the mean loss of a context. */
static double pass(training *t, bool learn, const rk_learn_options *options) {
    double loss = 0.0;
    uint64_t contexts = 0;
    uint32_t first[RK_SHARDS], number[RK_SHARDS];
    for (t->step = 0; rk_runs_deal(&t->runs, first, number); t->step++) {
        for (uint32_t s = 0; s < RK_SHARDS; s++) {
            t->chunks[s].first_run = first[s];
            t->chunks[s].run_count = number[s];
            t->chunks[s].loss = 0.0;
            t->chunks[s].contexts = 0;
        }
        rk_parallel(options->threads, learn_chunk, t);
        if (learn) {
            rk_parallel(options->threads, apply_chunks, t);
            if (t->step % REPORT_STEPS == 0) tell(t, options);
        }
        for (uint32_t s = 0; s < RK_SHARDS; s++) {
            loss += t->chunks[s].loss;
            contexts += t->chunks[s].contexts;
        }
    }
    return contexts ? loss / (double)contexts : 0.0;
}

/* The held-out loss with the same negatives whenever it is measured. */
static double measure_held_out(training *t, const rk_learn_options *options) {
    uint64_t epoch = t->epoch;
    rk_runs_measure(&t->runs);
    t->epoch = STREAM_MEASURE;
    double loss = pass(t, false, options);
    t->epoch = epoch;
    return loss;
}

bool rk_train_sgns(const rk_log *log, const rk_sgns_params *params, const rk_learn_options *options,
                   rk_memory *memory, rk_sgns_result *result) {
    rk_memory scratch = {0};
    training *t = RK_NEW(&scratch, training, 1);
    if (!t) return false;
    *t = (training){.log = log, .params = params, .seed = options->seed};
    if (!take_memory(t, memory, &scratch)) {
        rk_memory_free(&scratch);
        return false;
    }
    prepare_vectors(t);
    uint64_t affordable = RK_MAX(1, params->event_budget / log->events);
    t->epochs = (uint32_t)RK_MIN(affordable, params->epochs);
    *result = (rk_sgns_result){.vectors = t->input, .epochs = t->epochs};
    for (t->epoch = 0; t->epoch < t->epochs; t->epoch++) {
        /* Linear decay on top of Adagrad's own, to a tenth. */
        t->rate = params->rate * (1.0f - 0.9f * (float)t->epoch / (float)t->epochs);
        rk_runs_shuffle(&t->runs, t->seed, STREAM_ORDER + t->epoch);
        double loss = pass(t, true, options);
        result->steps += t->step;
        double held_out = measure_held_out(t, options);
        if (t->epoch == 0) result->first = (rk_losses){.train = loss, .validation = held_out};
        result->last = (rk_losses){.train = loss, .validation = held_out};
    }
    rk_memory_free(&scratch);
    return true;
}
