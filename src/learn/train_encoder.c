#include "learn/train_encoder.h"

#include "base/fmath.h"
#include "base/rng.h"
#include "format/snapshot_layout.h"
#include "learn/optim.h"
#include "learn/runs.h"
#include "learn/sampler.h"
#include "simd/kernels.h"

#define CHUNK_MOST     RK_CHUNK_MOST
#define CHUNK_LEAST    32u
#define NEGATIVES      RK_ENCODER_NEGATIVES
#define STREAM_ORDER   0x656E6331u /* "enc1" */
#define STREAM_CHUNK   0x656E6332u
#define STREAM_MEASURE 0x656E6333u
#define REPORT_STEPS   256u
/* What an event of the origin counts in Adagrad's sums: 3 lets the vectors of a small log follow
 * its chance (src/README.md). */
#define SQUARES_OF_EVENT 30.0f
/* Position weights that were learnt move by a tenth of the rate. */
#define LEARNT_POSITION_RATE 0.1f

/* What one shard computed for its chunk, to be applied in chunk order. Event i is an input of the
 * later events of its run and the target of the earlier ones. */
typedef struct chunk {
    uint32_t first_run, run_count;
    uint32_t count; /* events */
    uint32_t targets;
    uint32_t item[CHUNK_MOST];
    float weight[CHUNK_MOST];       /* of the event's type */
    uint32_t run_begin[CHUNK_MOST]; /* (count) */
    uint32_t target[CHUNK_MOST];    /* (targets) the event that is asked for */
    float norm[CHUNK_MOST];         /* (targets) |h| */
    float best[CHUNK_MOST];         /* (targets) logit of the target */
    uint32_t negative[NEGATIVES];
    float correction[NEGATIVES]; /* log(N q) */
    uint64_t kept[CHUNK_MOST];   /* (targets) bit j: input j was not dropped */
    float *rows;                 /* (CHUNK_MOST, dim) vectors of item[i] */
    float *negative_rows;        /* (NEGATIVES, dim) */
    float *negative_columns;     /* (dim, NEGATIVES) the same, transposed */
    float *queries;              /* (CHUNK_MOST, dim) h / |h| */
    float *query_gradient;       /* (CHUNK_MOST, dim), in the end of h before it is normalised */
    float *logits;               /* (CHUNK_MOST, NEGATIVES), then their gradients */
    float *gradient;             /* (CHUNK_MOST, dim) of the events' vectors */
    float *negative_gradient;    /* (NEGATIVES, dim) */
    float *position_gradient;    /* (positions, dim) */
    /* With sides: rows that content stands for, and the users' features. */
    bool dropped[CHUNK_MOST], negative_dropped[NEGATIVES];
    uint32_t context[CHUNK_MOST];
    uint32_t feature_count;
    uint32_t *feature;       /* (CHUNK_MOST * columns) rows of features, in order of use */
    uint32_t *feature_query; /* (CHUNK_MOST * columns) the query each was used in */
    double loss;
} chunk;

typedef struct training {
    const rk_log *log;
    const rk_encoder_params *params;
    const rk_tower_sides *sides; /* or NULL */
    uint64_t seed, epoch, step;
    uint32_t epochs;
    float rate, position_rate;
    float *vectors, *squares; /* (items, dim) */
    float *origin;            /* (items, dim) with params->evidence */
    float *positions, *position_squares;
    float *content_squares, *feature_squares;
    rk_sampler popular; /* by frequency */
    uint32_t *known;    /* (known_count) items with events: what uniform negatives are drawn from */
    uint32_t known_count;
    rk_runs runs;
    chunk chunks[RK_SHARDS];
} training;

/* What item `item` is in this chunk: its vector, or (true) what its content says. */
static bool read_row(const training *t, uint32_t item, rk_rng *rng, float *row) {
    uint32_t dim = t->params->dim;
    const rk_tower_sides *sides = t->sides;
    bool dropped = sides && sides->items->features && rk_rng_f32(rng) < sides->id_dropout;
    if (dropped) {
        rk_content_project(sides->items, item, sides->content_weights, dim, row);
        for (uint32_t d = 0; d < dim; d++) row[d] += sides->content_mean[d];
    } else {
        memcpy(row, t->vectors + (uint64_t)item * dim, dim * sizeof *row);
    }
    return dropped;
}

/* By popularity and uniformly for the encoder; with sides the chunk's own items take the place of
 * the popular ones. Either way q is the chance of an item to be drawn at one place. */
static void draw_negatives(const training *t, chunk *c, rk_rng *rng) {
    uint32_t dim = t->params->dim;
    float share = t->sides ? (float)c->count / (float)NEGATIVES : t->params->popular_share;
    for (uint32_t n = 0; n < NEGATIVES; n++) {
        uint32_t item;
        if (t->sides && n < c->count) {
            item = c->item[n];
        } else if (!t->sides && rk_rng_f32(rng) < share) {
            item = rk_sampler_draw(&t->popular, rng);
        } else {
            item = t->known[rk_rng_below(rng, t->known_count)];
        }
        float q = share * (float)t->log->item_events[item] / (float)t->log->events +
                  (1.0f - share) / (float)t->known_count;
        c->negative[n] = item;
        c->correction[n] = rk_logf((float)NEGATIVES * q);
        float *row = c->negative_rows + (uint64_t)n * dim;
        c->negative_dropped[n] = read_row(t, item, rng, row);
        for (uint32_t d = 0; d < dim; d++) c->negative_columns[d * NEGATIVES + n] = row[d];
    }
}

static void shuffle_run(chunk *c, uint32_t begin, rk_rng *rng) {
    for (uint32_t i = c->count - begin; i > 1; i--) {
        uint32_t j = begin + rk_rng_below(rng, i), last = begin + i - 1;
        uint32_t item = c->item[last];
        float weight = c->weight[last];
        c->item[last] = c->item[j];
        c->weight[last] = c->weight[j];
        c->item[j] = item;
        c->weight[j] = weight;
    }
}

/* Lists the chunk's events, copies their vectors and draws its negatives. */
static void fill_chunk(const training *t, chunk *c, rk_rng *rng) {
    uint32_t dim = t->params->dim;
    c->count = 0;
    for (uint32_t r = 0; r < c->run_count; r++) {
        rk_run source = t->runs.run[t->runs.order[c->first_run + r]];
        uint32_t begin = c->count;
        for (uint64_t i = source.begin; i < source.begin + source.count; i++) {
            c->run_begin[c->count] = begin;
            c->weight[c->count] = t->log->weight[i];
            c->context[c->count] = t->log->context ? t->log->context[i] : 0;
            c->item[c->count++] = t->log->item[i];
        }
        if (t->params->shuffle) shuffle_run(c, begin, rng);
    }
    for (uint32_t i = 0; i < c->count; i++)
        c->dropped[i] = read_row(t, c->item[i], rng, c->rows + (uint64_t)i * dim);
    draw_negatives(t, c, rng);
}

/* Adds the vectors of the user's features when `target` was asked for; true if there was one. */
static bool add_features(const training *t, chunk *c, uint32_t target, uint32_t q, float *h) {
    const rk_tower_sides *sides = t->sides;
    if (!sides || !sides->features) return false;
    uint32_t before = c->feature_count, dim = t->params->dim;
    const uint32_t *rows = sides->context_rows + (uint64_t)c->context[target] * sides->columns;
    for (uint32_t f = 0; f < sides->columns; f++) {
        if (rows[f] == RK_NONE) continue;
        rk_axpy_f32(1.0f, sides->features + (uint64_t)rows[f] * dim, h, dim);
        c->feature[c->feature_count] = rows[f];
        c->feature_query[c->feature_count++] = q;
    }
    return c->feature_count > before;
}

/* Which inputs are kept, a bit each. With features every fifth query has nothing else, so that
 * they are a query of their own; without, one input always stays. */
static uint64_t keep_inputs(const training *t, uint32_t inputs, bool featured, rk_rng *rng) {
    uint64_t kept = 0;
    if (featured && rk_rng_below(rng, 5) == 0) return 0;
    for (uint32_t j = 0; j < inputs; j++) {
        if (t->params->dropout > 0.0f && rk_rng_f32(rng) < t->params->dropout) continue;
        kept |= (uint64_t)1 << j;
    }
    if (!kept && inputs && !featured) kept = (uint64_t)1 << rk_rng_below(rng, inputs);
    return kept;
}

/* The query of the events before `target`, as queries row `q`. False: nothing to ask with. */
static bool encode(const training *t, chunk *c, uint32_t target, uint32_t q, rk_rng *rng) {
    uint32_t dim = t->params->dim, features = c->feature_count;
    uint32_t inputs = RK_MIN(target - c->run_begin[target], t->params->positions);
    float *h = c->queries + (uint64_t)q * dim;
    memset(h, 0, dim * sizeof *h);
    bool featured = add_features(t, c, target, q, h);
    uint64_t kept = keep_inputs(t, inputs, featured, rng);
    for (uint32_t j = 0; j < inputs; j++) {
        if (!(kept >> j & 1u)) continue;
        const float *x = c->rows + (uint64_t)(target - 1 - j) * dim;
        const float *a = t->positions + (uint64_t)j * dim;
        float weight = c->weight[target - 1 - j];
        for (uint32_t d = 0; d < dim; d++) h[d] += weight * a[d] * x[d];
    }
    float norm = rk_norm_f32(h, dim);
    if (!(norm > 1e-6f)) {
        c->feature_count = features;
        return false;
    }
    for (uint32_t d = 0; d < dim; d++) h[d] /= norm;
    c->kept[q] = kept;
    c->norm[q] = norm;
    c->target[q] = target;
    return true;
}

/* Softmax over the target and the negatives; logits become gradients with respect to cosines. */
static void softmax_row(const training *t, chunk *c, uint32_t q) {
    float per_cosine = 1.0f / t->params->temperature;
    float *logits = c->logits + (uint64_t)q * NEGATIVES;
    uint32_t item = c->item[c->target[q]], dim = t->params->dim;
    float cosine =
        rk_dot_f32(c->queries + (uint64_t)q * dim, c->rows + (uint64_t)c->target[q] * dim, dim);
    float positive = cosine * per_cosine, most = positive;
    for (uint32_t n = 0; n < NEGATIVES; n++) {
        logits[n] = logits[n] * per_cosine - c->correction[n];
        if (c->negative[n] == item) logits[n] = -1e30f;
        most = RK_MAX(most, logits[n]);
    }
    float sum = rk_expf(positive - most);
    for (uint32_t n = 0; n < NEGATIVES; n++) {
        logits[n] = rk_expf(logits[n] - most);
        sum += logits[n];
    }
    float share = rk_expf(positive - most) / sum;
    for (uint32_t n = 0; n < NEGATIVES; n++) logits[n] = logits[n] / sum * per_cosine;
    c->best[q] = (share - 1.0f) * per_cosine;
    c->loss -= (double)rk_logf(RK_MAX(share, 1e-30f));
}

/* From the gradient of a query to those of its inputs and of the position weights. */
static void spread(const training *t, chunk *c, uint32_t q) {
    uint32_t dim = t->params->dim, target = c->target[q];
    const float *h = c->queries + (uint64_t)q * dim;
    float *dh = c->query_gradient + (uint64_t)q * dim;
    const float *x_target = c->rows + (uint64_t)target * dim;
    rk_axpy_f32(c->best[q], x_target, dh, dim);
    rk_axpy_f32(c->best[q], h, c->gradient + (uint64_t)target * dim, dim);
    float along = rk_dot_f32(dh, h, dim);
    for (uint32_t d = 0; d < dim; d++) dh[d] = (dh[d] - along * h[d]) / c->norm[q];
    uint32_t inputs = RK_MIN(target - c->run_begin[target], t->params->positions);
    for (uint32_t j = 0; j < inputs; j++) {
        if (!(c->kept[q] >> j & 1u)) continue;
        uint64_t event = target - 1 - j;
        const float *x = c->rows + event * dim, *a = t->positions + (uint64_t)j * dim;
        float *dx = c->gradient + event * dim, *da = c->position_gradient + (uint64_t)j * dim;
        float weight = c->weight[event];
        for (uint32_t d = 0; d < dim; d++) {
            float g = weight * dh[d];
            dx[d] += a[d] * g;
            da[d] += x[d] * g;
        }
    }
}

static void learn_chunk(void *context, uint32_t shard) {
    training *t = context;
    chunk *c = &t->chunks[shard];
    c->count = c->targets = c->feature_count = 0;
    if (!c->run_count) return;
    rk_rng rng = rk_rng_at(t->seed, rk_mix64(STREAM_CHUNK + t->epoch, t->step * RK_SHARDS + shard));
    fill_chunk(t, c, &rng);
    uint32_t dim = t->params->dim;
    for (uint32_t i = 0; i < c->count; i++) {
        bool first = i == c->run_begin[i], featured = t->sides && t->sides->features;
        if ((!first || featured) && encode(t, c, i, c->targets, &rng)) c->targets++;
    }
    memset(c->gradient, 0, (size_t)c->count * dim * sizeof(float));
    memset(c->position_gradient, 0, (size_t)t->params->positions * dim * sizeof(float));
    rk_gemm_f32(c->queries, dim, 1, c->negative_columns, c->logits, c->targets, dim, NEGATIVES);
    for (uint32_t q = 0; q < c->targets; q++) softmax_row(t, c, q);
    rk_gemm_f32(c->logits, NEGATIVES, 1, c->negative_rows, c->query_gradient, c->targets, NEGATIVES,
                dim);
    rk_gemm_f32(c->logits, 1, NEGATIVES, c->queries, c->negative_gradient, NEGATIVES, c->targets,
                dim);
    for (uint32_t q = 0; q < c->targets; q++) spread(t, c, q);
}

/* The gradient with the pull towards the origin, of items that it knows; others are free. */
static void anchor(const training *t, uint32_t item, const float *row, float *gradient) {
    uint32_t dim = t->params->dim;
    if (!t->origin || !(t->params->evidence[item] > 0.0f)) return;
    const float *origin = t->origin + (uint64_t)item * dim;
    for (uint32_t d = 0; d < dim; d++) gradient[d] += t->params->anchor * (row[d] - origin[d]);
}

/* An Adagrad step, then back onto the unit sphere. */
static void step_row(const training *t, uint32_t item, const float *gradient) {
    uint32_t dim = t->params->dim;
    float *row = t->vectors + (uint64_t)item * dim;
    float pulled[RK_MAX_DIM] = {0};
    memcpy(pulled, gradient, dim * sizeof *pulled);
    anchor(t, item, row, pulled);
    rk_adagrad(row, t->squares + (uint64_t)item * dim, pulled, dim, t->rate);
    float norm = rk_norm_f32(row, dim);
    if (!(norm > 0.0f)) return;
    for (uint32_t d = 0; d < dim; d++) row[d] /= norm;
}

/* Gradient of a row that content stood for: to the vectors of the item's features. */
static void step_content(const training *t, uint32_t shard, uint32_t item, const float *gradient) {
    const rk_content *items = t->sides->items;
    uint32_t dim = t->params->dim;
    float scaled[RK_MAX_DIM];
    for (uint64_t i = items->row_begin[item]; i < items->row_begin[item + 1]; i++) {
        if (items->feature[i] % RK_SHARDS != shard) continue;
        uint64_t at = (uint64_t)items->feature[i] * dim;
        for (uint32_t d = 0; d < dim; d++) scaled[d] = items->value[i] * gradient[d];
        rk_adagrad(t->sides->content_weights + at, t->content_squares + at, scaled, dim,
                   t->sides->content_rate);
    }
}

static void apply_rows(const training *t, uint32_t shard, const uint32_t *items,
                       const bool *dropped, uint32_t count, const float *gradients) {
    for (uint32_t i = 0; i < count; i++) {
        const float *gradient = gradients + (uint64_t)i * t->params->dim;
        if (!t->sides) {
            if (items[i] % RK_SHARDS == shard) step_row(t, items[i], gradient);
        } else if (dropped[i]) {
            step_content(t, shard, items[i], gradient);
        }
    }
}

static void apply_features(const training *t, uint32_t shard, const chunk *c) {
    uint32_t dim = t->params->dim;
    for (uint32_t i = 0; i < c->feature_count; i++) {
        if (c->feature[i] % RK_SHARDS != shard) continue;
        uint64_t at = (uint64_t)c->feature[i] * dim;
        rk_adagrad(t->sides->features + at, t->feature_squares + at,
                   c->query_gradient + (uint64_t)c->feature_query[i] * dim, dim, t->rate);
    }
}

static void apply_chunks(void *context, uint32_t shard) {
    training *t = context;
    for (uint32_t s = 0; s < RK_SHARDS; s++) {
        const chunk *c = &t->chunks[s];
        if (!c->targets) continue;
        apply_rows(t, shard, c->item, c->dropped, c->count, c->gradient);
        apply_rows(t, shard, c->negative, c->negative_dropped, NEGATIVES, c->negative_gradient);
        apply_features(t, shard, c);
    }
}

static void apply_positions(training *t) {
    size_t n = (size_t)t->params->positions * t->params->dim;
    float *sum = t->chunks[0].position_gradient;
    for (uint32_t s = 1; s < RK_SHARDS; s++) {
        if (t->chunks[s].targets) rk_axpy_f32(1.0f, t->chunks[s].position_gradient, sum, n);
    }
    if (t->chunks[0].targets)
        rk_adagrad(t->positions, t->position_squares, sum, n, t->position_rate);
}

static bool take_sampling(training *t, rk_memory *scratch) {
    const rk_log *log = t->log;
    float *counts = RK_NEW(scratch, float, log->items);
    t->known = RK_NEW(scratch, uint32_t, log->items);
    if (!counts || !t->known) return false;
    for (uint32_t item = 0; item < log->items; item++) {
        counts[item] = (float)log->item_events[item];
        bool before = t->params->evidence && t->params->evidence[item] > 0.0f;
        if (log->item_events[item] || before) t->known[t->known_count++] = item;
    }
    return rk_sampler_take(counts, log->items, scratch, &t->popular);
}

static void prepare_positions(training *t) {
    float weight = 1.0f;
    if (t->params->start) {
        memcpy(t->positions, t->params->start,
               (size_t)t->params->positions * t->params->dim * sizeof *t->positions);
        return;
    }
    for (uint32_t j = 0; j < t->params->positions; j++) {
        for (uint32_t d = 0; d < t->params->dim; d++) t->positions[j * t->params->dim + d] = weight;
        weight *= t->params->decay;
    }
}

/* Remembers where the rows come from, and what they have learnt from. */
static void prepare_origin(training *t) {
    uint32_t dim = t->params->dim;
    memcpy(t->origin, t->vectors, (size_t)t->log->items * dim * sizeof *t->origin);
    for (uint32_t item = 0; item < t->log->items; item++) {
        for (uint32_t d = 0; d < dim; d++)
            t->squares[(uint64_t)item * dim + d] = SQUARES_OF_EVENT * t->params->evidence[item];
    }
}

static bool take_chunk(const training *t, chunk *c, rk_memory *scratch) {
    uint64_t dim = t->params->dim;
    c->rows = RK_NEW(scratch, float, CHUNK_MOST *dim);
    c->negative_rows = RK_NEW(scratch, float, NEGATIVES *dim);
    c->negative_columns = RK_NEW(scratch, float, NEGATIVES *dim);
    c->queries = RK_NEW(scratch, float, CHUNK_MOST *dim);
    c->query_gradient = RK_NEW(scratch, float, CHUNK_MOST *dim);
    c->logits = RK_NEW(scratch, float, (uint64_t)CHUNK_MOST *NEGATIVES);
    c->gradient = RK_NEW(scratch, float, CHUNK_MOST *dim);
    c->negative_gradient = RK_NEW(scratch, float, NEGATIVES *dim);
    c->position_gradient = RK_NEW(scratch, float, t->params->positions *dim);
    uint64_t uses = t->sides ? (uint64_t)CHUNK_MOST * t->sides->columns : 0;
    c->feature = RK_NEW(scratch, uint32_t, uses);
    c->feature_query = RK_NEW(scratch, uint32_t, uses);
    return c->rows && c->negative_rows && c->negative_columns && c->queries && c->query_gradient &&
           c->logits && c->gradient && c->negative_gradient && c->position_gradient && c->feature &&
           c->feature_query;
}

static bool take_memory(training *t, rk_memory *memory, rk_memory *scratch) {
    const rk_log *log = t->log;
    uint64_t items = log->items, dim = t->params->dim, positions = t->params->positions;
    t->positions = RK_NEW(memory, float, positions *dim);
    t->position_squares = RK_NEW(scratch, float, positions *dim);
    t->squares = RK_NEW(scratch, float, t->sides ? 0 : items *dim);
    t->content_squares = RK_NEW(scratch, float, t->sides ? t->sides->items->features *dim : 0);
    t->feature_squares = RK_NEW(scratch, float, t->sides ? t->sides->feature_rows *dim : 0);
    bool ok = t->positions && t->position_squares && t->squares && t->content_squares &&
              t->feature_squares && take_sampling(t, scratch) &&
              rk_runs_take(log, CHUNK_LEAST, t->params->hold_out, scratch, &t->runs);
    for (uint32_t s = 0; s < RK_SHARDS; s++) ok = take_chunk(t, &t->chunks[s], scratch) && ok;
    if (!t->params->evidence || t->sides) return ok;
    t->origin = RK_NEW(scratch, float, items *dim);
    return ok && t->origin;
}

static void tell(const training *t, const rk_learn_options *options) {
    if (!options->progress) return;
    uint64_t done = t->epoch * t->runs.count + t->runs.next;
    options->progress(options->context, t->sides ? "towers" : "encoder", done,
                      (uint64_t)t->epochs * t->runs.count, "sessions");
}

/* One pass over the runs in order; returns the mean loss of a target. */
static double pass(training *t, bool learn, const rk_learn_options *options) {
    double loss = 0.0;
    uint64_t targets = 0;
    uint32_t first[RK_SHARDS], number[RK_SHARDS];
    for (t->step = 0; rk_runs_deal(&t->runs, first, number); t->step++) {
        for (uint32_t s = 0; s < RK_SHARDS; s++) {
            t->chunks[s].first_run = first[s];
            t->chunks[s].run_count = number[s];
            t->chunks[s].loss = 0.0;
        }
        rk_parallel(options->threads, learn_chunk, t);
        if (learn) {
            rk_parallel(options->threads, apply_chunks, t);
            apply_positions(t);
            if (t->step % REPORT_STEPS == 0) tell(t, options);
        }
        for (uint32_t s = 0; s < RK_SHARDS; s++) {
            loss += t->chunks[s].loss;
            targets += t->chunks[s].targets;
        }
    }
    return targets ? loss / (double)targets : 0.0;
}

/* The held-out loss with the same negatives and dropouts whenever it is measured. */
static double measure_held_out(training *t, const rk_learn_options *options) {
    uint64_t epoch = t->epoch;
    rk_runs_measure(&t->runs);
    t->epoch = STREAM_MEASURE;
    double loss = pass(t, false, options);
    t->epoch = epoch;
    return loss;
}

bool rk_train_encoder(const rk_log *log, const rk_encoder_params *params,
                      const rk_learn_options *options, float *vectors, const rk_tower_sides *sides,
                      rk_memory *memory, rk_encoder_result *result) {
    assert(params->positions >= 1 && params->positions <= RK_MAX_POSITIONS);
    rk_memory scratch = {0};
    training *t = RK_NEW(&scratch, training, 1);
    if (!t) return false;
    *t = (training){
        .log = log, .params = params, .sides = sides, .seed = options->seed, .vectors = vectors};
    if (!take_memory(t, memory, &scratch)) {
        rk_memory_free(&scratch);
        return false;
    }
    prepare_positions(t);
    if (t->origin) prepare_origin(t);
    uint64_t affordable = RK_MAX(1, params->event_budget / RK_MAX(1, log->events));
    t->epochs = (uint32_t)RK_MIN(affordable, params->epochs);
    *result =
        (rk_encoder_result){.vectors = vectors, .positions = t->positions, .epochs = t->epochs};
    for (t->epoch = 0; t->epoch < t->epochs; t->epoch++) {
        /* Linear decay on top of Adagrad's own, to a tenth. */
        float fade = 1.0f - 0.9f * (float)t->epoch / (float)t->epochs;
        t->rate = params->rate * fade;
        t->position_rate = params->position_rate * fade;
        if (params->start) t->position_rate *= LEARNT_POSITION_RATE;
        rk_runs_shuffle(&t->runs, t->seed, rk_mix64(STREAM_ORDER, t->epoch));
        double loss = pass(t, true, options);
        result->steps += t->step;
        double held_out = measure_held_out(t, options);
        if (t->epoch == 0) result->first = (rk_losses){.train = loss, .validation = held_out};
        result->last = (rk_losses){.train = loss, .validation = held_out};
    }
    rk_memory_free(&scratch);
    return true;
}
