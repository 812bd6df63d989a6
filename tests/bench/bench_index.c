/* How much a snapshot's coded index loses against exact search over the f32 vectors it was coded
 * from.
 *
 *   bench_index EVENTS.rkev SNAPSHOT.rk [--min-item-events N] [--exponent F] [--subsample F]
 *               [--gap-minutes N] [--threads N] [--seed N] [--queries N] [--save F | --load F]
 *
 * A snapshot holds no f32 vectors, so they are trained once more by the trainer's own code with the
 * settings of the snapshot's report, and their codes must be the snapshot's, byte for byte: build
 * it with `encoder_epochs` 0 and without attributes, so that skip-gram's are what it stores. Exact
 * search scans their unit form, centred and rotated the same way. Three kinds of query, each
 * without its own items in the answer: item      one known item's f32 vector session   f32 vectors
 * of a logged session's items, pooled with the snapshot's decay served    the same session as it is
 * served: pooled from codes. The exact answer stays the f32 one, so this row counts the error of
 * the query too Each is asked with several widths of the hand-over from the 2-bit scan to all bits
 * (coarse): up to that of the `session` source, then all items, where only the codes lose. --save
 * writes the trained vectors, rotated, f32 (items, dim); --load takes them instead of training, so
 * that a slow host can repeat the searches.
 *
 * stdout, CSV:  items,ITEMS        vectors,same|other
 *               search,QUERIES,COARSE,RECALL,LOW,HIGH,EXACT_TIME/CODED_TIME */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/topk.h"
#include "bench_clock.h"
#include "learn/build_vectors.h"
#include "learn/fit.h"
#include "model/ann.h"
#include "model/session_encoder.h"
#include "serve/source.h"
#include "simd/kernels.h"

#define TOP          10u
#define SESSION_MOST 5u /* of a session, its last items */
#define STREAM_DRAW  0x62656E6368u
#define Z_95         1.96

typedef struct bench {
    rk_memory memory;
    rk_learn_options options;
    rk_sgns_params sgns;
    int64_t gap_ms;
    uint32_t queries;
    const char *load, *save;
    rk_log log;
    rk_snapshot_content content; /* of the snapshot */
    float *exact;                /* (items, dim) r, centred and rotated like what was encoded */
    float *scores;               /* (items) */
    uint32_t *blocked;           /* (blocks) */
    rk_scored *scratch;          /* (2 * items) */
} bench;

/* One query: its own items are blocked. */
typedef struct query {
    uint32_t items[SESSION_MOST]; /* most recent first */
    uint32_t count;
    float vector[RK_MAX_DIM];
} query;

typedef enum query_kind { QUERY_ITEM, QUERY_SESSION, QUERY_SERVED, QUERY_KINDS } query_kind;
static const char *const kind_names[QUERY_KINDS] = {"item", "session", "served"};

static void stop(const char *why) {
    fprintf(stderr, "bench_index: %s\n", why);
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
    rk_rows rows;
    rk_error error;
    const unsigned char *data = read_file(b, snapshot_path, &bytes);
    if (rk_snapshot_open(data, bytes, &snapshot, &error) != RK_OK ||
        rk_snapshot_verify(&snapshot, &error) != RK_OK) {
        stop("not a snapshot");
    }
    b->content = snapshot.content;
    data = read_file(b, events_path, &bytes);
    if (rk_events_read(data, bytes, &events, &error) != RK_OK) stop("not an events file");
    if (!rk_rows_order(&events.content, &b->memory, &rows) ||
        rk_log_build(&events.content, &rows, b->options.min_item_events, &b->memory, &b->log,
                     &error) != RK_OK) {
        stop("nothing can be learnt from the events");
    }
    if (b->log.items != b->content.meta.items) stop("the snapshot has other items than the events");
    rk_log_cut(&b->log, b->gap_ms);
}

/* (items, dim) unit rows, rotated: trained or loaded. */
static const float *trained_vectors(bench *b) {
    size_t bytes, count = (size_t)b->log.items * b->content.meta.dim;
    if (b->load) {
        const float *vectors = (const float *)(const void *)read_file(b, b->load, &bytes);
        if (bytes != count * sizeof *vectors) stop("the file of vectors is of another snapshot");
        return vectors;
    }
    rk_sgns_result result;
    b->options.seed = b->content.meta.seed;
    if (!rk_train_sgns(&b->log, &b->sgns, &b->options, &b->memory, &result)) stop("out of memory");
    rk_rotate_vectors(result.vectors, b->log.item_events, b->log.items, b->content.meta.dim,
                      b->content.meta.seed);
    if (b->save) {
        FILE *file = fopen(b->save, "wb");
        if (!file || fwrite(result.vectors, sizeof *result.vectors, count, file) != count ||
            fclose(file) != 0) {
            stop("the file of vectors cannot be written");
        }
    }
    return result.vectors;
}

/* Whether the codes of `vectors` are those of the snapshot. */
static bool is_coded_from(bench *b, const float *vectors) {
    const rk_snapshot_content *c = &b->content;
    uint32_t items = c->meta.items, dim = c->meta.dim;
    rk_vector_table table;
    if (!rk_build_vectors(vectors, items, dim, &b->memory, &table)) stop("out of memory");
    size_t cells_bytes = (size_t)(rk_block_count(items) * rk_block_bytes(dim));
    size_t low_bytes = (size_t)(items * rk_low_bytes(dim));
    return memcmp(table.cells, c->vector_cells, cells_bytes) == 0 &&
           memcmp(table.low, c->vector_low, low_bytes) == 0 &&
           memcmp(table.mean, c->vector_mean, dim * sizeof(float)) == 0;
}

/* Row `item` as it was encoded: less the mean; zero if nothing was learnt. */
static void centre_row(bench *b, const float *vectors, uint32_t item) {
    uint32_t dim = b->content.meta.dim;
    const float *x = vectors + (uint64_t)item * dim;
    float *r = b->exact + (uint64_t)item * dim;
    if (!(rk_norm_f32(x, dim) > 0.0f)) return;
    for (uint32_t i = 0; i < dim; i++) r[i] = x[i] - b->content.vector_mean[i];
}

/* ---- queries --------------------------------------------------------------------------------- */

/* The session encoder over f32 vectors. */
static void pool_exact(const bench *b, query *q) {
    uint32_t dim = b->content.meta.dim;
    float recency = 1.0f;
    memset(q->vector, 0, sizeof q->vector);
    for (uint32_t j = 0; j < q->count; j++) {
        rk_axpy_f32(recency, b->exact + (uint64_t)q->items[j] * dim, q->vector, dim);
        rk_axpy_f32(recency, b->content.vector_mean, q->vector, dim);
        recency *= b->content.meta.session_decay;
    }
    float norm = rk_norm_f32(q->vector, dim);
    for (uint32_t i = 0; i < dim && norm > 0.0f; i++) q->vector[i] /= norm;
}

static void draw_query(const bench *b, query_kind kind, rk_rng *rng, query *q) {
    const rk_log *log = &b->log;
    q->count = 0;
    while (kind == QUERY_ITEM && q->count == 0) {
        uint32_t item = rk_rng_below(rng, log->items);
        if (log->item_events[item] > 0) q->items[q->count++] = item;
    }
    while (kind != QUERY_ITEM && q->count < 2) {
        uint32_t session = rk_rng_below(rng, log->sessions);
        uint64_t begin = log->session_begin[session], end = log->session_begin[session + 1];
        q->count = 0;
        for (; end > begin && q->count < SESSION_MOST; end--) {
            q->items[q->count++] = log->item[end - 1];
        }
    }
    pool_exact(b, q);
}

static void block_items(bench *b, const query *q, bool on) {
    for (uint32_t j = 0; j < q->count; j++) {
        uint32_t bit = 1u << (q->items[j] % RK_BLOCK_ROWS);
        uint32_t *word = &b->blocked[q->items[j] / RK_BLOCK_ROWS];
        *word = on ? *word | bit : *word & ~bit;
    }
}

/* <q, mean> is the same for all rows, so it is left out. */
static uint32_t search_exact(bench *b, const query *q, rk_scored *out) {
    rk_topk best = rk_topk_over(out, TOP);
    rk_gemv_f32(b->exact, q->vector, b->scores, b->content.meta.items, b->content.meta.dim);
    for (uint32_t item = 0; item < b->content.meta.items; item++) {
        if (b->scores[item] < rk_topk_threshold(&best) || rk_is_blocked(b->blocked, item)) continue;
        rk_topk_push(&best, b->scores[item], item);
    }
    return rk_topk_finish(&best);
}

static uint32_t search_coded(bench *b, const query *q, query_kind kind, uint32_t coarse,
                             rk_scored *out) {
    static const float weights[SESSION_MOST] = {1.0f, 1.0f, 1.0f, 1.0f, 1.0f};
    rk_ann_query prepared;
    float served[RK_MAX_DIM];
    const float *vector = q->vector;
    if (kind == QUERY_SERVED) {
        rk_session_encode(&b->content, q->items, weights, q->count, served);
        vector = served;
    }
    rk_ann_prepare(&b->content, vector, &prepared);
    return rk_ann_search(&b->content, &prepared, b->blocked, b->scratch, coarse, out, TOP);
}

/* ---- what is measured ------------------------------------------------------------------------ */

/* Share of the exact answer that the coded one has. */
static double recall(const rk_scored *exact, uint32_t exact_count, const rk_scored *coded,
                     uint32_t coded_count) {
    uint32_t hits = 0;
    for (uint32_t i = 0; i < exact_count; i++) {
        for (uint32_t j = 0; j < coded_count; j++) hits += exact[i].item == coded[j].item;
    }
    return exact_count ? (double)hits / exact_count : 1.0;
}

/* Mean recall over the queries, its 95 % interval, and how many coded searches take the time of an
 * exact one; the two take turns, medians are compared. */
static void measure(bench *b, query_kind kind, uint32_t coarse, uint64_t seed) {
    rk_rng rng = rk_rng_at(seed, STREAM_DRAW + (kind == QUERY_ITEM));
    double *exact_ns = take(b, b->queries, sizeof(double));
    double *coded_ns = take(b, b->queries, sizeof(double));
    double sum = 0.0, squares = 0.0, n = b->queries;
    for (uint32_t i = 0; i < b->queries; i++) {
        query q;
        rk_scored exact[TOP], coded[TOP];
        draw_query(b, kind, &rng, &q);
        block_items(b, &q, true);
        double begin = bench_now_ns();
        uint32_t exact_count = search_exact(b, &q, exact);
        double middle = bench_now_ns();
        uint32_t coded_count = search_coded(b, &q, kind, coarse, coded);
        double end = bench_now_ns();
        block_items(b, &q, false);
        exact_ns[i] = middle - begin;
        coded_ns[i] = end - middle;
        double share = recall(exact, exact_count, coded, coded_count);
        sum += share;
        squares += share * share;
    }
    double mean = sum / n, spread = Z_95 * sqrt(fmax(0.0, squares / n - mean * mean) / n);
    double ratio = bench_median(exact_ns, b->queries) / bench_median(coded_ns, b->queries);
    printf("search,%s,%" PRIu32 ",%.4f,%.4f,%.4f,%.3f\n", kind_names[kind], coarse, mean,
           mean - spread, fmin(1.0, mean + spread), ratio);
}

static void read_options(bench *b, int count, char **values, uint64_t *seed) {
    for (int i = 3; i + 1 < count; i += 2) {
        const char *name = values[i], *value = values[i + 1];
        uint64_t number = strtoull(value, NULL, 10);
        if (strcmp(name, "--min-item-events") == 0) b->options.min_item_events = (uint32_t)number;
        if (strcmp(name, "--exponent") == 0) b->sgns.negative_exponent = strtof(value, NULL);
        if (strcmp(name, "--subsample") == 0) b->sgns.subsample = strtof(value, NULL);
        if (strcmp(name, "--gap-minutes") == 0) b->gap_ms = (int64_t)number * 60000;
        if (strcmp(name, "--threads") == 0) b->options.threads = (uint32_t)number;
        if (strcmp(name, "--seed") == 0) *seed = number;
        if (strcmp(name, "--queries") == 0) b->queries = (uint32_t)number;
        if (strcmp(name, "--save") == 0) b->save = value;
        if (strcmp(name, "--load") == 0) b->load = value;
    }
    if (b->queries < 1 || b->options.threads < 1 || b->options.threads > 64) {
        stop("--queries is at least 1, --threads 1 to 64");
    }
}

int main(int count, char **values) {
    bench *b = calloc(1, sizeof *b);
    if (!b || count < 3) stop("usage: bench_index EVENTS.rkev SNAPSHOT.rk [--option value]...");
    uint64_t seed = 0;
    b->options = rk_learn_defaults();
    b->sgns = rk_tuned_defaults(&b->options).sgns;
    b->queries = 1000;
    read_options(b, count, values, &seed);
    read_inputs(b, values[1], values[2]);
    uint32_t items = b->log.items, dim = b->content.meta.dim;
    const float *vectors = trained_vectors(b);
    printf("items,%" PRIu32 "\nvectors,%s\n", items, is_coded_from(b, vectors) ? "same" : "other");
    b->exact = take(b, (uint64_t)items * dim, sizeof(float));
    b->scores = take(b, items, sizeof(float));
    b->blocked = take(b, rk_block_count(items), sizeof(uint32_t));
    b->scratch = take(b, 2 * (uint64_t)items, sizeof(rk_scored));
    for (uint32_t item = 0; item < items; item++) centre_row(b, vectors, item);

    uint32_t quota = b->content.sources[RK_SOURCE_SESSION].quota;
    uint32_t served = RK_MAX(quota * RK_COARSE_FACTOR, RK_COARSE_LEAST);
    const uint32_t widths[] = {2 * TOP, 5 * TOP, 10 * TOP, 20 * TOP, served, items};
    for (int kind = 0; kind < QUERY_KINDS; kind++) {
        for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
            measure(b, (query_kind)kind, RK_MIN(widths[w], items), seed);
        }
    }
    rk_memory_free(&b->memory);
    free(b);
    return 0;
}
