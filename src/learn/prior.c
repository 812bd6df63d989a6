#include "learn/prior.h"

#include "base/fmath.h"
#include "format/decimal.h"
#include "model/item_neighbors.h"
#include "model/session_encoder.h"
#include "model/vectors.h"
#include "simd/kernels.h"

/* As in build_neighbors: the prior count of an item's norm. */
#define NORM_COUNT   5.0f
#define DEFAULT_NORM 0.3

/* ---- the source's report --------------------------------------------------------------------- */

/* Behind `"name":`, or NULL. */
static const char *find_value(const rk_snapshot_content *source, const char *name) {
    const uint64_t bytes = strlen(name);
    if (!source->report) return NULL;
    const char *end = source->report + source->report_bytes;
    for (const char *at = source->report; (uint64_t)(end - at) > bytes + 3; at++) {
        if (*at != '"' || memcmp(at + 1, name, (size_t)bytes) != 0) continue;
        if (at[bytes + 1] == '"' && at[bytes + 2] == ':') return at + bytes + 3;
    }
    return NULL;
}

double rk_prior_setting(const rk_snapshot_content *source, const char *name, double least,
                        double most, double fallback) {
    const char *at = find_value(source, name);
    uint32_t bytes = 0;
    double value;
    if (!at) return fallback;
    const char *end = source->report + source->report_bytes;
    while (at + bytes < end && at[bytes] != ',' && at[bytes] != '}') bytes++;
    const bool read = rk_decimal_parse(at, bytes, &value);
    return read && value >= least && value <= most ? value : fallback;
}

/* ---- the prior ------------------------------------------------------------------------------- */

/* An item's share of the popularity times the events: exact where nothing decays and every event
 * weighs one. */
static void count_events(const rk_snapshot_content *source, float *events) {
    double sum = 0.0;
    for (uint32_t item = 0; item < source->meta.items; item++)
        sum += (double)source->popularity[item];
    const double each = sum > 0.0 ? (double)source->meta.events / sum : 0.0;
    for (uint32_t item = 0; item < source->meta.items; item++)
        events[item] = (float)((double)source->popularity[item] * each);
}

bool rk_prior_take(const rk_snapshot_content *source, const rk_events_content *events,
                   rk_memory *memory, rk_prior *out) {
    *out = (rk_prior){
        .source = source, .cap = RK_PRIOR_ALL, .events = RK_NEW(memory, float, source->meta.items)};
    if (!out->events || !rk_match_items(source, events, memory, &out->matches)) return false;
    count_events(source, out->events);
    out->neighbor_norm = (float)rk_prior_setting(source, "neighbor_norm", 0.0, 1.0, DEFAULT_NORM);
    return true;
}

uint32_t rk_prior_item(const rk_prior *prior, const rk_log *log, uint32_t item) {
    return prior->matches.source_item[log->file_item[item]];
}

float rk_prior_events(const rk_prior *prior, const rk_log *log, uint32_t item) {
    const uint32_t from = rk_prior_item(prior, log, item);
    return from == RK_NONE ? 0.0f : RK_MIN(prior->events[from], prior->cap);
}

/* ---- popularity ------------------------------------------------------------------------------ */

/* The concentration m of a Dirichlet prior around the shares p, by moments of the counts k of n
 * events: sum (k - n p)^2 = sum n p (1 - p) (1 + (n - 1) / (m + 1)). Regions that differ no more
 * than chance have no bound. */
static double concentration(const rk_log *log, const float *share) {
    double off = 0.0, chance = 0.0, n = (double)log->events;
    for (uint32_t item = 0; item < log->items; item++) {
        const double p = (double)share[item], expected = n * p;
        const double difference = (double)log->item_events[item] - expected;
        off += difference * difference;
        chance += expected * (1.0 - p);
    }
    if (!(chance > 0.0) || off <= chance) return 1e30;
    return RK_MAX(0.0, (n - 1.0) / (off / chance - 1.0) - 1.0);
}

float rk_prior_popularity(const rk_prior *prior, const rk_log *log, float *start) {
    double all = 0.0;
    for (uint32_t item = 0; item < log->items; item++) {
        const uint32_t from = rk_prior_item(prior, log, item);
        start[item] = from == RK_NONE ? 0.0f : prior->source->popularity[from];
        all += (double)start[item];
    }
    if (!(all > 0.0)) return 0.0f;
    for (uint32_t item = 0; item < log->items; item++)
        start[item] = (float)((double)start[item] / all);
    double most = RK_MIN((double)RK_PRIOR_POPULARITY_MOST, (double)prior->cap * (double)log->items);
    /* Without a log the scale means nothing: the source's own keeps its values. */
    double m = log->events ? RK_MIN(concentration(log, start), most) : all;
    for (uint32_t item = 0; item < log->items; item++) start[item] *= (float)m;
    return (float)m;
}

/* ---- item-item ------------------------------------------------------------------------------- */

/* Log item of every source item, RK_NONE; of several the one matched by the lowest number. */
static uint32_t *targets_of(const rk_prior *prior, const rk_log *log, rk_memory *memory) {
    const uint32_t items = prior->source->meta.items;
    uint32_t *target = RK_NEW(memory, uint32_t, items);
    if (!target) return NULL;
    memset(target, 0xFF, items * sizeof *target);
    for (uint32_t item = log->items; item-- > 0;) {
        const uint32_t from = rk_prior_item(prior, log, item);
        if (from != RK_NONE) target[from] = item;
    }
    return target;
}

/* Everything a source row is turned into counts with. */
typedef struct unpacking {
    const rk_prior *prior;
    const uint32_t *target; /* (source items) */
    float *norm;            /* (source items) (N + 5)^norm */
    float weight[RK_NEIGHBOR_CODES];
    rk_prior_rows *out;
} unpacking;

static void put_row(const unpacking *u, const rk_neighbor_rows *rows, uint32_t from, float scale,
                    uint64_t *at) {
    for (uint32_t i = rows->offsets[from]; i < rows->offsets[from + 1]; i++) {
        const uint32_t entry = rows->entries[i], other = rk_neighbor_item(entry);
        if (u->target[other] == RK_NONE) continue;
        u->out->item[*at] = u->target[other];
        u->out->count[(*at)++] = u->weight[rk_neighbor_weight_code(entry)] * u->norm[other] * scale;
    }
}

static uint64_t row_entries(const rk_snapshot_content *source, uint32_t from) {
    return source->neighbors.offsets[from + 1] - source->neighbors.offsets[from] +
           source->neighbors_more.offsets[from + 1] - source->neighbors_more.offsets[from];
}

bool rk_prior_neighbors(const rk_prior *prior, const rk_log *log, rk_memory *memory,
                        rk_prior_rows *out) {
    rk_memory scratch = {0};
    const rk_snapshot_content *source = prior->source;
    unpacking u = {.prior = prior, .target = targets_of(prior, log, &scratch), .out = out};
    uint64_t entries = 0, at = 0;
    for (uint32_t item = 0; item < log->items; item++) {
        const uint32_t from = rk_prior_item(prior, log, item);
        if (from != RK_NONE) entries += row_entries(source, from);
    }
    u.norm = RK_NEW(&scratch, float, source->meta.items);
    *out = (rk_prior_rows){.begin = RK_NEW(memory, uint64_t, (uint64_t)log->items + 1),
                           .item = RK_NEW(memory, uint32_t, entries),
                           .count = RK_NEW(memory, float, entries),
                           .events = RK_NEW(memory, float, log->items)};
    bool ok = u.target && u.norm && out->begin && out->item && out->count && out->events;
    /* Without a log nothing is normalised anew: the weights are the source's. */
    const bool counts = log->events > 0;
    for (uint32_t from = 0; ok && from < source->meta.items; from++)
        u.norm[from] =
            counts ? rk_powf(prior->events[from] + NORM_COUNT, prior->neighbor_norm) : 1.0f;
    rk_neighbor_weights(source->meta.neighbor_scale, u.weight);
    for (uint32_t item = 0; ok && item < log->items; item++) {
        const uint32_t from = rk_prior_item(prior, log, item);
        if (from != RK_NONE) {
            const float n = prior->events[from];
            const float share = n > prior->cap ? prior->cap / n : 1.0f;
            const float scale = counts ? u.norm[from] * share : 1.0f;
            out->events[item] = counts ? n * share : 0.0f;
            put_row(&u, &source->neighbors, from, scale, &at);
            put_row(&u, &source->neighbors_more, from, scale, &at);
        }
        out->begin[item + 1] = at;
    }
    rk_memory_free(&scratch);
    return ok;
}

/* ---- vectors --------------------------------------------------------------------------------- */

void rk_prior_vectors(const rk_prior *prior, const rk_log *log, bool unit, float *vectors) {
    const uint32_t dim = prior->source->meta.dim;
    for (uint32_t item = 0; item < log->items; item++) {
        const uint32_t from = rk_prior_item(prior, log, item);
        float *row = vectors + (uint64_t)item * dim;
        if (from == RK_NONE || (unit && !(prior->events[from] > 0.0f))) continue;
        memset(row, 0, dim * sizeof *row);
        rk_vector_accumulate(prior->source, from, 1.0f, row);
        if (unit) rk_vector_to_unit(row, dim);
    }
}

static bool is_known(const rk_prior *prior, const rk_log *log, uint32_t item) {
    return rk_prior_events(prior, log, item) > 0.0f;
}

/* Only what the source knows is summed, so the order of the items changes nothing. */
void rk_prior_join(const rk_prior *prior, const rk_log *log, float *vectors) {
    const uint32_t dim = prior->source->meta.dim;
    for (uint32_t session = 0; session < log->sessions; session++) {
        const uint64_t begin = log->session_begin[session], end = log->session_begin[session + 1];
        for (uint64_t i = begin; i < end; i++) {
            if (is_known(prior, log, log->item[i])) continue;
            float *row = vectors + (uint64_t)log->item[i] * dim;
            const uint64_t from = i - begin > RK_PRIOR_WINDOW ? i - RK_PRIOR_WINDOW : begin;
            for (uint64_t j = from; j < end && j <= i + RK_PRIOR_WINDOW; j++) {
                if (is_known(prior, log, log->item[j]))
                    rk_axpy_f32(1.0f, vectors + (uint64_t)log->item[j] * dim, row, dim);
            }
        }
    }
    for (uint32_t item = 0; item < log->items; item++) {
        if (!is_known(prior, log, item)) rk_vector_to_unit(vectors + (uint64_t)item * dim, dim);
    }
}
