/* What the first stage keeps of the second stage's choice, and what each of them costs a candidate.
 *
 *   bench_first_stage EVENTS.rkev SNAPSHOT.rk [--requests 300] [--candidates N] [--threads N]
 *                     [--seed N]
 *
 * Requests are beginnings of users' logs, drawn by event; the items come from the snapshot's own
 * retrieval with its quotas, or with quotas in the same proportion that bring about N candidates.
 * The second stage is run over all of them, by the code and with the weights that serve: what it
 * would have chosen, had it the time. Requests that bring no more than the first stage keeps are
 * left out, since nothing is chosen there.
 *
 * Costs are nanoseconds a candidate, medians over the requests, everything in turn within one run:
 *
 *   dot, of the first stage by itself, each vector decoded for it alone;
 *   dot in the funnel, what it adds there: to the searches, which score what they decode by it too,
 *   and to scoring by `session` and `user`, which score the others;
 *   scores, rk_first_scores;
 *   inputs, the 16 features of retrieval, which the second stage needs as well;
 *   features and network, the second stage: all features, probabilities and value.
 *
 * In passes over one request's candidates every part finds the same warm memory.
 *
 * stdout, CSV:  candidates,MEAN   requests,N
 *               overlap,WHO,TOP20,LOW,HIGH,TOP100      for `first stage` and `blend`
 *               cost,PART,NS                            macs,STAGE,N */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "bench_clock.h"
#include "learn/gather_first.h"
#include "learn/log.h"
#include "model/rank_mtml.h"
#include "serve/retrieval.h"
#include "serve/stages.h"
#include "serve/vector_search.h"

#define STREAM_DRAW 0x66697273u
#define ROUNDS      5u /* of timing a request; the least counts */
#define Z_95        1.96

typedef struct bench {
    rk_memory memory;
    rk_events_content events;
    rk_snapshot_content content;
    rk_rows rows;
    uint32_t *item_of_file, *type_of_file; /* RK_NONE: the snapshot has none */
    uint32_t requests, candidates, threads;
    uint64_t seed;
    rk_request *request; /* (requests) */
} bench;

static void stop(const char *why) {
    fprintf(stderr, "bench_first_stage: %s\n", why);
    exit(1);
}

static void *take(bench *b, uint64_t count, uint64_t element_bytes) {
    void *memory = rk_memory_take(&b->memory, count, element_bytes);
    if (!memory) stop("out of memory");
    return memory;
}

/* ---- inputs ---------------------------------------------------------------------------------- */

static unsigned char *read_file(bench *b, const char *path, size_t *bytes) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) stop("a file cannot be opened");
    *bytes = (size_t)ftell(file);
    rewind(file);
    unsigned char *data = take(b, *bytes, 1);
    if (fread(data, 1, *bytes, file) != *bytes) stop("a file cannot be read");
    fclose(file);
    return data;
}

static void read_inputs(bench *b, const char *events_path, const char *snapshot_path) {
    size_t bytes;
    rk_events_view events;
    rk_snapshot_view snapshot;
    rk_error error;
    const unsigned char *data = read_file(b, snapshot_path, &bytes);
    if (rk_snapshot_open(data, bytes, &snapshot, &error) != RK_OK ||
        rk_snapshot_verify(&snapshot, &error) != RK_OK) {
        stop("not a snapshot");
    }
    b->content = snapshot.content;
    if (b->content.meta.tasks == 0) stop("the snapshot has no rankers");
    data = read_file(b, events_path, &bytes);
    if (rk_events_read(data, bytes, &events, &error) != RK_OK) stop("not an events file");
    b->events = events.content;
    if (!rk_rows_order(&b->events, &b->memory, &b->rows)) stop("out of memory");
}

/* The snapshot's numbers of what the log names. */
static void match_names(bench *b) {
    const rk_events_meta *meta = &b->events.meta;
    const char *text;
    b->item_of_file = take(b, meta->items, sizeof(uint32_t));
    b->type_of_file = take(b, meta->types, sizeof(uint32_t));
    for (uint32_t i = 0; i < meta->items; i++) {
        uint32_t text_bytes = rk_strings_get(&b->events.items, i, &text);
        b->item_of_file[i] = rk_strings_find(&b->content.items, text, text_bytes);
    }
    for (uint32_t t = 0; t < meta->types; t++) {
        uint32_t text_bytes = rk_strings_get(&b->events.types, t, &text);
        b->type_of_file[t] = rk_strings_scan(&b->content.types, text, text_bytes);
        if (b->type_of_file[t] == RK_NONE) stop("the snapshot has other event types");
    }
}

/* The events of one user up to a place among the ordered rows. */
static void begin_of_log(bench *b, uint64_t place, rk_request *request) {
    const rk_events_content *events = &b->events;
    uint32_t user = events->user[b->rows.row[place]], count = 0;
    uint64_t first = place;
    while (first > 0 && place - first + 1 < RK_MAX_SESSION &&
           events->user[b->rows.row[first - 1]] == user)
        first--;
    rk_event *session = take(b, place - first + 1, sizeof *session);
    for (uint64_t i = first; i <= place; i++) {
        uint64_t row = b->rows.row[i];
        uint32_t item = b->item_of_file[events->item[row]];
        uint32_t type = b->type_of_file[rk_event_type(events, events->label[row])];
        int64_t time = events->time ? events->time[row] : 0;
        if (item != RK_NONE)
            session[count++] = (rk_event){.time_ms = time, .item = item, .type = type};
    }
    request->session = session;
    request->session_count = count;
}

/* Quotas of the snapshot, times `factor` if it is not 0. */
static void ask_for_candidates(const bench *b, double factor, rk_request *request) {
    request->count = RK_SECOND_STAGE_ITEMS;
    if (factor == 0.0) return;
    request->flags |= RK_REQUEST_SOURCE_QUOTAS;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        double quota = b->content.sources[s].quota * factor;
        request->source_quotas[s] = (uint32_t)fmin(quota, RK_MAX_COUNT);
    }
}

static void draw_requests(bench *b) {
    rk_rng rng = rk_rng_at(b->seed, STREAM_DRAW);
    b->request = take(b, b->requests, sizeof *b->request);
    for (uint32_t r = 0; r < b->requests; r++) {
        rk_request *request = &b->request[r];
        *request = (rk_request){.seed = rk_rng_u64(&rng)};
        ask_for_candidates(b, 0.0, request);
        while (request->session_count == 0)
            begin_of_log(b, rk_rng_u64(&rng) % b->rows.count, request);
    }
}

static rk_request request_of(void *context, uint32_t shard, uint32_t index) {
    const bench *b = context;
    (void)shard;
    return b->request[index];
}

static rk_first_data gather(bench *b) {
    rk_first_data data;
    if (!rk_first_gather(&b->content, request_of, b, b->requests, 0, b->seed, b->threads,
                         &b->memory, &data))
        stop("out of memory");
    return data;
}

/* Quotas are raised until as many different candidates come as were asked for. Sources have some
 * in common, so how much that takes is found by asking. */
static void raise_quotas(bench *b) {
    double quotas = 0.0, came = 0.0, most = 0.0;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        quotas += b->content.sources[s].quota;
        most = fmax(most, b->content.sources[s].quota);
    }
    double factor = b->candidates / quotas;
    while (b->candidates && came < b->candidates && most * factor < 4.0 * RK_MAX_COUNT) {
        for (uint32_t r = 0; r < b->requests; r++) ask_for_candidates(b, factor, &b->request[r]);
        rk_first_data data = gather(b);
        came = (double)data.begin[b->requests] / b->requests;
        factor *= 1.1;
    }
}

/* ---- overlap --------------------------------------------------------------------------------- */

typedef struct tally {
    double sum, squares, selected;
} tally;

static void count_overlap(tally *t, const rk_first_overlap *overlap) {
    t->sum += overlap->top;
    t->squares += overlap->top * overlap->top;
    t->selected += overlap->selected;
}

static void print_overlap(const char *who, const tally *t, double n) {
    double mean = t->sum / n, spread = Z_95 * sqrt(fmax(0.0, t->squares / n - mean * mean) / n);
    printf("overlap,%s,%.4f,%.4f,%.4f,%.4f\n", who, mean, mean - spread, fmin(1.0, mean + spread),
           t->selected / n);
}

static void measure_overlap(bench *b) {
    rk_first_stage stage = rk_first_stage_of(&b->content);
    rk_first_data data = gather(b);
    tally student = {0}, blend = {0};
    double requests = 0.0, candidates = 0.0;
    uint32_t dim = b->content.meta.dim;
    for (uint32_t r = 0; r < b->requests; r++) {
        rk_first_data one = data;
        rk_first_overlap of_student, of_blend;
        one.requests = 1;
        one.begin += r;
        one.session += (uint64_t)r * dim;
        one.user += (uint64_t)r * dim;
        if (data.begin[r + 1] - data.begin[r] <= RK_FIRST_KEEPS) continue;
        if (!rk_first_measure(&b->content, &stage, &one, 1, &of_student, &of_blend))
            stop("out of memory");
        count_overlap(&student, &of_student);
        count_overlap(&blend, &of_blend);
        requests += 1.0;
        candidates += (double)(data.begin[r + 1] - data.begin[r]);
    }
    if (requests == 0.0) stop("no request brings more candidates than the first stage keeps");
    printf("candidates,%.0f\nrequests,%.0f\n", candidates / requests, requests);
    print_overlap("first stage", &student, requests);
    print_overlap("blend", &blend, requests);
}

/* ---- cost ------------------------------------------------------------------------------------ */

enum {
    PART_SEARCH, /* without the first stage ... */
    PART_SCORING,
    PART_SEARCH_TOO, /* ... and with it */
    PART_SCORING_TOO,
    PART_DOT,
    PART_SCORES,
    PART_INPUTS,
    PART_FEATURES,
    PART_NETWORK,
    PARTS
};
#define SEARCHING (1u << RK_SOURCE_SESSION | 1u << RK_SOURCE_USER)

typedef struct timing {
    rk_engine *engine;
    rk_query query;
    const uint32_t *items;
    uint32_t count;
    uint32_t quotas[RK_SEARCH_COUNT];
    float *values; /* (RK_MAX_CANDIDATES) */
    float session[RK_MAX_DIM], user[RK_MAX_DIM];
} timing;

static void second_stage(rk_engine *engine, uint32_t count, float *out) {
    const rk_snapshot_content *content = &engine->content;
    rk_mtml model = rk_mtml_of(content);
    uint32_t tasks = content->meta.tasks;
    float logits[RK_SECOND_BLOCK * RK_MAX_TASKS], weights[RK_MAX_TASKS];
    for (uint32_t t = 0; t < tasks; t++) weights[t] = content->tasks[t].weight;
    for (uint32_t begin = 0; begin < count; begin += RK_SECOND_BLOCK) {
        uint32_t rows = RK_MIN(RK_SECOND_BLOCK, count - begin);
        rk_mtml_inputs(content, engine->inputs + begin * RK_FEATURE_COUNT, RK_FEATURE_COUNT, rows,
                       engine->block);
        rk_mtml_logits(&model, engine->block, rows, engine->activations, logits);
        rk_mtml_probabilities(content->tasks, tasks, logits, rows, logits);
        for (uint32_t r = 0; r < rows; r++)
            out[begin + r] = rk_value_of(weights, logits + r * tasks, tasks);
    }
}

/* Preparing the query belongs to it. */
static void first_dots(timing *t) {
    const rk_snapshot_content *content = &t->engine->content;
    rk_first_stage stage = rk_first_stage_of(content);
    rk_ann_vector vector;
    const rk_ann_vector *asked = &vector;
    float *to = t->engine->first_dots, query[RK_MAX_DIM];
    rk_first_query(&stage, t->session, t->user, query);
    rk_ann_prepare_vector(content, query, &vector);
    rk_ann_score_items_by(content, &asked, 1, t->items, t->count, &to);
}

static void run_part(timing *t, uint32_t part) {
    rk_engine *engine = t->engine;
    rk_first_stage stage = rk_first_stage_of(&engine->content);
    t->query.scored = 0;
    switch (part) {
    case PART_SEARCH:
    case PART_SEARCH_TOO:
        t->query.first = NULL;
        if (part == PART_SEARCH_TOO)
            rk_stage_first_begin(engine, &t->query, engine->funnel.available);
        rk_vector_search_all(&t->query, t->quotas);
        break;
    case PART_SCORING:
        rk_score_places(engine, &t->query, engine->funnel.available & SEARCHING, t->count);
        break;
    case PART_SCORING_TOO: rk_score_vectors(engine, &t->query); break;
    case PART_DOT: first_dots(t); break;
    case PART_SCORES:
        rk_first_scores(&stage, t->items, engine->first_dots, engine->first_inputs, t->count,
                        engine->first_scores);
        break;
    case PART_INPUTS:
        rk_features_retrieval(engine->features, &t->query, &engine->candidates, engine->blends,
                              engine->first_inputs);
        break;
    case PART_FEATURES:
        rk_features_all(engine->features, &t->query, &engine->candidates, engine->blends,
                        engine->places, t->count, engine->inputs);
        break;
    default: second_stage(engine, t->count, t->values); break;
    }
}

/* Up to where the first stage begins, as the funnel does it. */
static void begin_request(timing *t, rk_engine *engine, const rk_request *request) {
    t->engine = engine;
    t->query = rk_query_begin(engine, request);
    memset(&engine->funnel, 0, sizeof engine->funnel);
    uint32_t available = engine->funnel.available = rk_retrieve(engine, &t->query);
    uint32_t unscored = available & ~rk_blend(engine, &t->query, available);
    t->items = engine->candidates.item;
    t->count = engine->candidates.count;
    for (uint32_t i = 0; i < t->count; i++) engine->places[i] = i;
    rk_score_places(engine, &t->query, unscored, t->count);
    for (uint32_t which = 0; which < RK_SEARCH_COUNT; which++)
        t->quotas[which] = t->query.searches[which].quota;
    rk_features_begin(engine->features, &t->query, available);
}

/* Least nanoseconds a candidate of every part. */
static void time_request(timing *t, double ns[PARTS]) {
    rk_engine_query_vectors(t->engine, t->session, t->user);
    for (uint32_t part = 0; part < PARTS; part++) ns[part] = 1e30;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t part = 0; part < PARTS; part++) {
            double begin = bench_now_ns();
            run_part(t, part);
            ns[part] = fmin(ns[part], (bench_now_ns() - begin) / t->count);
        }
    }
}

static void measure_cost(bench *b) {
    static const char *const names[] = {"dot", "scores", "inputs", "features", "network"};
    uint64_t engine_bytes = rk_engine_scratch_bytes(&b->content.meta);
    rk_engine *engine = rk_engine_over(&b->content, take(b, engine_bytes, 1), engine_bytes);
    double *ns[PARTS], *in_funnel = take(b, b->requests, sizeof(double));
    uint32_t asked = 0;
    for (uint32_t part = 0; part < PARTS; part++) ns[part] = take(b, b->requests, sizeof(double));
    timing *t = take(b, 1, sizeof *t);
    t->values = take(b, RK_MAX_CANDIDATES, sizeof(float));
    for (uint32_t r = 0; r < b->requests; r++) {
        double of_request[PARTS];
        begin_request(t, engine, &b->request[r]);
        if (t->count > RK_FIRST_KEEPS) {
            time_request(t, of_request);
            for (uint32_t part = 0; part < PARTS; part++) ns[part][asked] = of_request[part];
            in_funnel[asked++] = of_request[PART_SEARCH_TOO] + of_request[PART_SCORING_TOO] -
                                 of_request[PART_SEARCH] - of_request[PART_SCORING];
        }
        rk_features_end(engine->features);
        rk_query_end(engine, &b->request[r], &t->query);
    }
    for (uint32_t part = PART_DOT; part < PARTS; part++)
        printf("cost,%s,%.2f\n", names[part - PART_DOT], bench_median(ns[part], asked));
    printf("cost,dot in the funnel,%.2f\n", bench_median(in_funnel, asked));
}

/* Multiply-adds a candidate: of the first stage, and of the second stage's network alone. */
static void print_macs(const bench *b) {
    rk_mtml model = rk_mtml_of(&b->content);
    uint32_t columns = rk_mtml_columns(&model);
    uint32_t heads = model.tasks * model.experts * (model.units + 1);
    printf("macs,first stage,%" PRIu32 "\n", b->content.meta.dim + RK_FIRST_INPUTS + 1);
    printf("macs,network,%" PRIu32 "\n", model.inputs * columns + heads + model.tasks);
}

static void read_options(bench *b, int count, char **values) {
    for (int i = 3; i + 1 < count; i += 2) {
        uint64_t number = strtoull(values[i + 1], NULL, 10);
        if (strcmp(values[i], "--requests") == 0) b->requests = (uint32_t)number;
        if (strcmp(values[i], "--candidates") == 0) b->candidates = (uint32_t)number;
        if (strcmp(values[i], "--threads") == 0) b->threads = (uint32_t)number;
        if (strcmp(values[i], "--seed") == 0) b->seed = number;
    }
    if (b->requests < 1 || b->threads < 1 || b->threads > 64)
        stop("--requests is at least 1, --threads 1 to 64");
}

int main(int count, char **values) {
    bench *b = calloc(1, sizeof *b);
    if (!b || count < 3) stop("usage: bench_first_stage EVENTS.rkev SNAPSHOT.rk [--option N]...");
    b->requests = 300;
    b->threads = 1;
    read_options(b, count, values);
    read_inputs(b, values[1], values[2]);
    match_names(b);
    draw_requests(b);
    raise_quotas(b);
    measure_overlap(b);
    measure_cost(b);
    print_macs(b);
    rk_memory_free(&b->memory);
    free(b);
    return 0;
}
