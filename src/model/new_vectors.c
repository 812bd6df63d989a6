#include "model/new_vectors.h"

#include "base/fmath.h"
#include "base/rng.h"
#include "model/content_features.h"
#include "model/vectors.h"
#include "simd/kernels.h"

#define PRIOR       3.0f
#define MOST_WORDS  64u /* of one title, pairs included */
#define HALF        0.5f
#define FREE        UINT32_MAX
#define VALUE_SALT  UINT64_C(0x76616C7565) /* "value" */
#define LEAST_SLOTS 64u

/* The features of the new items: hash to number, open addressing, at most half full. */
typedef struct features {
    uint64_t *hash;        /* (slots) */
    uint32_t *number;      /* (slots) FREE, or < count */
    uint32_t slots, count; /* slots: a power of two */
    float *sums;           /* (most, dim) of the vectors of the snapshot's items that have it */
    uint32_t *items;       /* (most) how many those are */
    uint32_t *last;        /* (most) 1 + the item that was counted last */
} features;

static uint32_t slot_of(const features *f, uint64_t hash) {
    uint32_t slot = (uint32_t)rk_mix64(hash, 0) & (f->slots - 1);
    while (f->number[slot] != FREE && f->hash[slot] != hash) slot = (slot + 1) & (f->slots - 1);
    return slot;
}

/* The table of names that words come from. */
static const rk_strings *names_of(const rk_snapshot_content *snapshot) {
    return snapshot->titles.count ? &snapshot->titles : &snapshot->items;
}

/* Hashes of an item's values, then of its words; calls `use` with each. */
typedef void feature_fn(features *f, uint64_t hash, void *context);

static void each_feature(features *f, const uint32_t *values, uint32_t count,
                         const rk_strings *names, uint32_t row, feature_fn *use, void *context) {
    uint64_t words[MOST_WORDS];
    const char *name;
    for (uint32_t i = 0; i < count; i++) use(f, rk_mix64(values[i], VALUE_SALT), context);
    const uint32_t bytes = rk_strings_get(names, row, &name);
    const uint32_t found = rk_text_features(name, bytes, words, MOST_WORDS);
    for (uint32_t i = 0; i < found; i++) use(f, words[i], context);
}

static void each_feature_of_new(const rk_snapshot_content *snapshot, const rk_new_items *items,
                                features *f, uint32_t item, feature_fn *use, void *context) {
    const rk_strings ids = rk_new_ids(items), titles = rk_new_titles(items);
    const uint32_t begin = items->value_begin[item];
    each_feature(f, items->values + begin, items->value_begin[item + 1] - begin,
                 snapshot->titles.count ? &titles : &ids, item, use, context);
}

/* ---- learning the features ---- */

static void note(features *f, uint64_t hash, void *context) {
    (void)context;
    const uint32_t slot = slot_of(f, hash);
    if (f->number[slot] != FREE) return;
    f->hash[slot] = hash;
    f->number[slot] = f->count++;
}

/* A centred vector of the snapshot, decoded when the first feature asks for it. */
typedef struct source_item {
    const rk_snapshot_content *snapshot;
    uint32_t item;
    bool decoded;
    float r[RK_MAX_DIM];
} source_item;

static void decode(source_item *from) {
    int16_t magnitudes[RK_MAX_DIM];
    const float scale = from->snapshot->vector_factors[from->item].decode;
    rk_vector_decode_i16(from->snapshot, from->item, magnitudes);
    for (uint32_t d = 0; d < from->snapshot->meta.dim; d++)
        from->r[d] = scale * (float)magnitudes[d];
    from->decoded = true;
}

static void count_item(features *f, uint64_t hash, void *context) {
    source_item *from = context;
    const uint32_t dim = from->snapshot->meta.dim, number = f->number[slot_of(f, hash)];
    if (number == FREE || f->last[number] == from->item + 1) return;
    if (!from->decoded) decode(from);
    f->last[number] = from->item + 1;
    f->items[number]++;
    rk_axpy_f32(1.0f, from->r, f->sums + (size_t)number * dim, dim);
}

static void learn(const rk_snapshot_content *snapshot, features *f) {
    const rk_strings *names = names_of(snapshot);
    for (uint32_t item = 0; item < snapshot->meta.items; item++) {
        source_item from = {.snapshot = snapshot, .item = item};
        if (!(snapshot->vector_factors[item].decode > 0.0f)) continue;
        const uint32_t *values = NULL;
        uint32_t count = 0;
        if (snapshot->meta.attribute_values) {
            const uint32_t *begin = snapshot->item_value_begin + item;
            values = snapshot->item_value + begin[0];
            count = begin[1] - begin[0];
        }
        each_feature(f, values, count, names, item, count_item, &from);
    }
}

/* ---- new items ---- */

typedef struct content_sum {
    float *r; /* (dim) */
    uint32_t dim, item, features;
} content_sum;

static void say(features *f, uint64_t hash, void *context) {
    content_sum *sum = context;
    const uint32_t number = f->number[slot_of(f, hash)];
    /* Marked on from the snapshot's numbers, so that a word said twice counts once. */
    const uint32_t mark = UINT32_MAX - sum->item;
    if (f->items[number] == 0 || f->last[number] == mark) return;
    f->last[number] = mark;
    sum->features++;
    rk_axpy_f32(1.0f / ((float)f->items[number] + PRIOR), f->sums + (size_t)number * sum->dim,
                sum->r, sum->dim);
}

static void add_related(const rk_snapshot_content *snapshot, const rk_new_items *items,
                        uint32_t item, bool has_content, float *r) {
    const uint32_t dim = snapshot->meta.dim;
    const uint32_t begin = items->related_begin[item], end = items->related_begin[item + 1];
    uint32_t known = 0;
    for (uint32_t at = begin; at < end; at++)
        known += snapshot->vector_factors[items->related[at]].decode > 0.0f;
    if (known == 0) return;
    const float share = has_content ? HALF : 1.0f;
    for (uint32_t d = 0; d < dim; d++) r[d] *= 1.0f - share;
    for (uint32_t at = begin; at < end; at++) {
        source_item from = {.snapshot = snapshot, .item = items->related[at]};
        decode(&from);
        rk_axpy_f32(share / (float)known, from.r, r, dim);
    }
}

/* No vector is longer than the snapshot's own, which are of unit length at most. */
static void shorten(const rk_snapshot_content *snapshot, float *r) {
    const uint32_t dim = snapshot->meta.dim;
    const float mean = rk_dot_f32(snapshot->vector_mean, snapshot->vector_mean, dim);
    const float most = rk_sqrtf(RK_MAX(0.0f, 1.0f - mean)), length = rk_norm_f32(r, dim);
    if (!(length > most)) return;
    for (uint32_t d = 0; d < dim; d++) r[d] *= most / length;
}

static uint64_t most_features(const rk_snapshot_content *snapshot, const rk_new_items *items) {
    uint64_t words[MOST_WORDS], most = items->value_begin[items->count];
    const rk_strings ids = rk_new_ids(items), titles = rk_new_titles(items);
    for (uint32_t i = 0; i < items->count; i++) {
        const char *name;
        const uint32_t bytes = rk_strings_get(snapshot->titles.count ? &titles : &ids, i, &name);
        most += rk_text_features(name, bytes, words, MOST_WORDS);
    }
    return most;
}

void rk_new_vectors(const rk_snapshot_content *snapshot, const rk_new_items *items, rk_arena *arena,
                    float *out) {
    const uint32_t dim = snapshot->meta.dim;
    const uint64_t most = most_features(snapshot, items);
    features f = {.slots = LEAST_SLOTS};
    while (f.slots < 2 * most) f.slots *= 2;
    f.hash = RK_TAKE(arena, uint64_t, f.slots);
    f.number = RK_TAKE(arena, uint32_t, f.slots);
    f.sums = RK_TAKE(arena, float, most *dim);
    f.items = RK_TAKE(arena, uint32_t, most);
    f.last = RK_TAKE(arena, uint32_t, most);
    if (!arena->memory) return;
    memset(f.number, 0xFF, f.slots * sizeof *f.number);
    memset(f.sums, 0, (size_t)(most * dim) * sizeof *f.sums);
    memset(f.items, 0, (size_t)most * sizeof *f.items);
    memset(f.last, 0, (size_t)most * sizeof *f.last);
    for (uint32_t i = 0; i < items->count; i++)
        each_feature_of_new(snapshot, items, &f, i, note, NULL);
    learn(snapshot, &f);
    for (uint32_t i = 0; i < items->count; i++) {
        content_sum sum = {.r = out + (size_t)i * dim, .dim = dim, .item = i};
        memset(sum.r, 0, dim * sizeof *sum.r);
        each_feature_of_new(snapshot, items, &f, i, say, &sum);
        const float scale = sum.features ? 1.0f / rk_sqrtf((float)sum.features) : 0.0f;
        for (uint32_t d = 0; d < dim; d++) sum.r[d] *= scale;
        add_related(snapshot, items, i, sum.features > 0, sum.r);
        shorten(snapshot, sum.r);
    }
}
