/* What a region's snapshot is worth with a part of its events, alone and with another region's.
 *
 *   bench_transfer EVENTS.rkev ARM... [--points 0,1,5,20,100] [--resamples 20] [--first 0]
 *                  [--prefixes 8] [--seed 0]
 *
 * ARM is `target`, `source=OTHER.rk` or `transfer=OTHER.rk`. Of the sessions the newest 3 in 10
 * (without times 3 in 10 by hash) are asked about and never learnt from: with times about up to
 * --prefixes beginnings each, evenly spread, whose next item is to be found; without, about one
 * item by hash, the rest being known. Point P of resample R learns from P % of the others, at least
 * one, drawn by hash of R: so the parts of a resample nest. A point that leaves nothing to draw (0
 * and 100) is measured once. The answer is that of the whole snapshot, as a request without options
 * gets it. One thread: run several at a time.
 *
 * stdout: "cases,N N ..." of each session asked about, then a line an arm, point and resample:
 *   ARM,POINT,RESAMPLE,EVENTS,TRUST,NDCG@10,SUM SUM ...    sums of NDCG@10 over each one's cases */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "learn/transfer.h"

#define STREAM_TEST 0x74657374u
#define STREAM_DRAW 0x64726177u
#define TEST_SHARE  0.3
#define MOST_ARMS   8u
#define MOST_POINTS 16u

static const uint32_t cutoff = 10;

typedef enum kind { TARGET, SOURCE, TRANSFER } kind;

typedef struct arm {
    const char *name;
    kind kind;
    rk_snapshot_content source;
} arm;

typedef struct bench {
    rk_memory memory;
    rk_events_content events;
    rk_rows rows;
    arm arms[MOST_ARMS];
    uint32_t arm_count;
    double points[MOST_POINTS];
    uint32_t point_count, resamples, first, prefixes;
    uint64_t seed;
    bool *tested;  /* (users) */
    rk_split test; /* its train: all rows that may be drawn */
} bench;

static void stop(const char *why) {
    fprintf(stderr, "bench_transfer: %s\n", why);
    exit(1);
}

static void *take(rk_memory *memory, uint64_t count, uint64_t element_bytes) {
    void *block = rk_memory_take(memory, count, element_bytes);
    if (!block) stop("out of memory");
    return block;
}

/* ---- inputs ---------------------------------------------------------------------------------- */

static unsigned char *read_file(bench *b, const char *path, size_t *bytes) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) stop("a file cannot be opened");
    *bytes = (size_t)ftell(file);
    rewind(file);
    unsigned char *data = take(&b->memory, *bytes, 1);
    if (fread(data, 1, *bytes, file) != *bytes) stop("a file cannot be read");
    fclose(file);
    return data;
}

static void read_arm(bench *b, const char *text) {
    arm *a = &b->arms[b->arm_count++];
    const char *equals = strchr(text, '=');
    *a = (arm){.name = text, .kind = TARGET};
    if (!equals) return;
    a->kind = strncmp(text, "source", 6) == 0 ? SOURCE : TRANSFER;
    size_t bytes;
    rk_snapshot_view view;
    rk_error error;
    const unsigned char *data = read_file(b, equals + 1, &bytes);
    if (rk_snapshot_open(data, bytes, &view, &error) != RK_OK ||
        rk_snapshot_verify(&view, &error) != RK_OK)
        stop("not a snapshot");
    a->source = view.content;
}

static void read_options(bench *b, int count, char **words) {
    size_t bytes;
    rk_events_view view;
    rk_error error;
    if (count < 3) stop("usage: see the head of bench_transfer.c");
    const unsigned char *data = read_file(b, words[1], &bytes);
    if (rk_events_read(data, bytes, &view, &error) != RK_OK) stop("not an events file");
    b->events = view.content;
    for (int i = 2; i < count; i++) {
        if (words[i][0] != '-') {
            if (b->arm_count == MOST_ARMS) stop("too many arms");
            read_arm(b, words[i]);
            continue;
        }
        if (i + 1 == count) stop("an option without its value");
        const char *name = words[i], *value = words[++i];
        if (strcmp(name, "--points") == 0) {
            char *end = (char *)(uintptr_t)value;
            for (b->point_count = 0; *value && b->point_count < MOST_POINTS;
                 value = end + (*end == ','))
                b->points[b->point_count++] = strtod(value, &end);
        } else if (strcmp(name, "--resamples") == 0) {
            b->resamples = (uint32_t)strtoul(value, NULL, 10);
        } else if (strcmp(name, "--first") == 0) {
            b->first = (uint32_t)strtoul(value, NULL, 10);
        } else if (strcmp(name, "--prefixes") == 0) {
            b->prefixes = (uint32_t)strtoul(value, NULL, 10);
        } else if (strcmp(name, "--seed") == 0) {
            b->seed = strtoull(value, NULL, 10);
        } else {
            stop("an unknown option");
        }
    }
}

/* ---- the test -------------------------------------------------------------------------------- */

typedef struct dated {
    double key;
    uint32_t user;
} dated;

static int by_key(const void *a, const void *b) {
    const dated *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return x->user < y->user ? -1 : x->user > y->user;
}

static double chance(const bench *b, uint32_t user, uint64_t stream) {
    const uint64_t hash = rk_split_hash(&b->events.users, user, rk_mix64(b->seed, stream));
    return (double)(hash >> 11) * 0x1p-53;
}

static uint64_t end_of_user(const bench *b, uint64_t begin) {
    uint64_t end = begin;
    while (end < b->rows.count &&
           b->events.user[b->rows.row[end]] == b->events.user[b->rows.row[begin]])
        end++;
    return end;
}

static void choose_test(bench *b) {
    const uint32_t users = b->events.meta.users;
    dated *sessions = take(&b->memory, users, sizeof *sessions);
    uint32_t count = 0;
    b->tested = take(&b->memory, users, sizeof *b->tested);
    for (uint64_t begin = 0; begin < b->rows.count; begin = end_of_user(b, begin)) {
        const uint32_t user = b->events.user[b->rows.row[begin]];
        const double key = b->events.time ? (double)b->events.time[b->rows.row[begin]]
                                          : chance(b, user, STREAM_TEST);
        sessions[count++] = (dated){.key = key, .user = user};
    }
    qsort(sessions, count, sizeof *sessions, by_key);
    for (uint32_t i = (uint32_t)((1.0 - TEST_SHARE) * count); i < count; i++)
        b->tested[sessions[i].user] = true;
}

static void add_case(bench *b, uint64_t begin, uint64_t history, uint64_t relevant) {
    b->test.cases[b->test.case_count++] = (rk_case){.user = b->events.user[b->rows.row[begin]],
                                                    .history_begin = begin,
                                                    .history_count = (uint32_t)history,
                                                    .relevant_begin = relevant,
                                                    .relevant_count = 1};
}

/* The item of least hash goes last; the others are known. */
static void hide_one(bench *b, uint64_t begin, uint64_t end) {
    uint64_t hidden = begin, least = UINT64_MAX;
    if (end - begin < 3) return;
    for (uint64_t i = begin; i < end; i++) {
        const uint64_t hash =
            rk_mix64(b->seed ^ STREAM_TEST,
                     rk_split_hash(&b->events.items, b->events.item[b->test.row[i]], b->seed));
        if (hash >= least) continue;
        least = hash;
        hidden = i;
    }
    const uint64_t row = b->test.row[hidden];
    b->test.row[hidden] = b->test.row[end - 1];
    b->test.row[end - 1] = row;
    add_case(b, begin, end - begin - 1, end - 1);
}

static void make_test(bench *b) {
    const uint64_t rows = b->rows.count;
    choose_test(b);
    b->test.keep_seen = b->events.time != NULL;
    b->test.row = take(&b->memory, rows, sizeof *b->test.row);
    b->test.cases = take(&b->memory, rows, sizeof *b->test.cases);
    b->test.train.row = take(&b->memory, rows, sizeof *b->test.train.row);
    memcpy(b->test.row, b->rows.row, (size_t)rows * sizeof *b->test.row);
    for (uint64_t begin = 0, end; begin < rows; begin = end) {
        end = end_of_user(b, begin);
        const uint64_t asked = end - begin - 1;
        if (!b->tested[b->events.user[b->rows.row[begin]]]) {
            for (uint64_t i = begin; i < end; i++)
                b->test.train.row[b->test.train.count++] = b->rows.row[i];
        } else if (!b->events.time) {
            hide_one(b, begin, end);
        } else {
            const uint64_t kept = RK_MIN(asked, b->prefixes);
            for (uint64_t i = 0; i < kept; i++) {
                const uint64_t history = 1 + i * asked / kept;
                add_case(b, begin, history, begin + history);
            }
        }
    }
}

/* ---- one training ---------------------------------------------------------------------------- */

/* The rows of the sessions drawn, in order. */
static rk_rows draw(const bench *b, double point, uint32_t resample, rk_memory *memory) {
    const uint64_t count = b->test.train.count;
    dated *sessions = take(memory, b->events.meta.users, sizeof *sessions);
    bool *drawn = take(memory, b->events.meta.users, sizeof *drawn);
    uint32_t all = 0;
    for (uint64_t i = 0; i < count; i++) {
        const uint32_t user = b->events.user[b->test.train.row[i]];
        if (i && user == b->events.user[b->test.train.row[i - 1]]) continue;
        sessions[all++] = (dated){chance(b, user, rk_mix64(STREAM_DRAW, resample)), user};
    }
    qsort(sessions, all, sizeof *sessions, by_key);
    uint32_t wanted = (uint32_t)(point / 100.0 * all + 0.5);
    if (point > 0.0 && wanted == 0) wanted = 1;
    for (uint32_t i = 0; i < RK_MIN(wanted, all); i++) drawn[sessions[i].user] = true;
    rk_rows rows = {.row = take(memory, count, sizeof *rows.row)};
    for (uint64_t i = 0; i < count; i++) {
        if (drawn[b->events.user[b->test.train.row[i]]])
            rows.row[rows.count++] = b->test.train.row[i];
    }
    return rows;
}

/* As many sums as sessions are asked about; zeros if nothing could be learnt. */
static void measure(const bench *b, const arm *a, double point, uint32_t resample) {
    rk_memory memory = {0};
    const rk_rows rows = draw(b, a->kind == SOURCE ? 0.0 : point, resample, &memory);
    rk_learn_options options = rk_learn_defaults();
    rk_trained *trained = take(&memory, 1, sizeof *trained);
    rk_transfer *transfer = take(&memory, 1, sizeof *transfer);
    rk_error error;
    transfer->guard.trust = RK_TRUST_NONE;
    rk_status status =
        a->kind == TARGET ? rk_pipeline_train(&b->events, &rows, &options, &memory, trained, &error)
                          : rk_transfer_train(&a->source, &b->events, &rows, &options, &memory,
                                              transfer, trained, &error);
    if (status != RK_OK && status != RK_NO_EVENTS) stop(error.detail);
    float *values = take(&memory, (uint64_t)b->test.case_count * RK_VALUE_COUNT, sizeof *values);
    if (status == RK_OK) {
        const rk_trial trial = {.events = &b->events,
                                .log = &trained->log,
                                .snapshot = &trained->content,
                                .split = &b->test,
                                .cutoffs = &cutoff,
                                .cutoff_count = 1,
                                .threads = 1};
        const rk_method funnel = rk_method_funnel();
        rk_metrics metrics;
        if (!rk_evaluate_keeping(&trial, &funnel, &metrics, (rk_kept){.values = values}))
            stop("out of memory");
    }
    double all = 0.0;
    for (uint32_t i = 0; i < b->test.case_count; i++)
        all += (double)RK_MAX(0.0f, values[i * RK_VALUE_COUNT + RK_VALUE_NDCG]);
    printf("%s,%g,%" PRIu32 ",%" PRIu64 ",%s%s%s,%.6f,", a->name, point, resample, rows.count,
           rk_trust_name(transfer->guard.trust), transfer->searched ? " searched" : "",
           transfer->rankers         ? " rankers"
           : trained->ranked.shipped ? " own rankers"
                                     : "",
           all / b->test.case_count);
    for (uint32_t i = 0; i < b->test.case_count;) {
        const uint32_t user = b->test.cases[i].user;
        double sum = 0.0;
        for (; i < b->test.case_count && b->test.cases[i].user == user; i++)
            sum += (double)RK_MAX(0.0f, values[i * RK_VALUE_COUNT + RK_VALUE_NDCG]);
        printf("%.5g%s", sum, i < b->test.case_count ? " " : "\n");
    }
    fflush(stdout);
    rk_memory_free(&memory);
}

int main(int count, char **words) {
    static bench b = {
        .points = {0, 1, 5, 20, 100}, .point_count = 5, .resamples = 20, .prefixes = 8};
    read_options(&b, count, words);
    if (!rk_rows_order(&b.events, &b.memory, &b.rows)) stop("out of memory");
    make_test(&b);
    if (!b.test.case_count || !b.test.train.count) stop("too few sessions");
    printf("cases,");
    for (uint32_t i = 0; i < b.test.case_count;) {
        const uint32_t user = b.test.cases[i].user, begin = i;
        while (i < b.test.case_count && b.test.cases[i].user == user) i++;
        printf("%" PRIu32 "%s", i - begin, i < b.test.case_count ? " " : "\n");
    }
    for (uint32_t r = b.first; r < b.first + b.resamples; r++) {
        for (uint32_t p = 0; p < b.point_count; p++) {
            const bool fixed = b.points[p] <= 0.0 || b.points[p] >= 100.0;
            for (uint32_t a = 0; a < b.arm_count; a++) {
                if (r && (fixed || b.arms[a].kind == SOURCE)) continue;
                measure(&b, &b.arms[a], b.points[p], r);
            }
        }
    }
    rk_memory_free(&b.memory);
    return 0;
}
