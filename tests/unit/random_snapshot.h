/* A valid snapshot of any size, made from a seed: clustered vectors, sparse neighbours, popularity
 * with many ties, event types of positive, zero and negative weight. Arrays belong to a rk_memory,
 * so that a test frees one thing. */
#ifndef RK_TESTS_RANDOM_SNAPSHOT_H
#define RK_TESTS_RANDOM_SNAPSHOT_H

#include "take.h"

#include "base/rng.h"
#include "format/places.h"
#include "learn/build_vectors.h"
#include "model/item_neighbors.h"
#include "serve/engine.h"

enum { TYPE_VIEW = 0, TYPE_LIKE = 1, TYPE_HIDE = 2, TYPE_SKIP = 3, TYPE_COUNT = 4 };

typedef struct snapshot_shape {
    uint32_t items, dim;
    uint32_t neighbors;    /* most entries of a row */
    uint32_t popular_rows; /* rows of the pre-generated list; cut to `items` */
    uint32_t rising;       /* rows of `rise.top`; cut to `items` */
    uint32_t places;       /* every places-th item has none, the others do; 0: none has */
    uint32_t explore;      /* every explore-th item is listed; 0: none */
    uint32_t positions;    /* of the user tower; 0: no tower, no features */
    uint32_t encoder;      /* positions of the session encoder */
    float outlier_weight;
    float short_popular;
    uint32_t attributes; /* of kinds in turn: category, tags, number; 0: none */
    uint32_t tasks;      /* with random small networks; 0: the funnel ends with the blend */
    uint32_t clusters;   /* dealt out in turn; 0: none */
    bool born;           /* most items have an age, and requests may have times */
    uint64_t seed;
} snapshot_shape;

/* What every part of a snapshot is for: the shape of `items` with all optional parts. */
static inline snapshot_shape with_all_parts(snapshot_shape shape) {
    shape.rising = 30;
    shape.places = 7;
    shape.explore = 3;
    shape.positions = 4;
    shape.encoder = 3;
    shape.outlier_weight = 0.25f;
    shape.short_popular = 0.5f;
    shape.attributes = 7;
    shape.tasks = 3;
    shape.clusters = 5;
    shape.born = true;
    return shape;
}

enum { RANDOM_FEATURES = 2, RANDOM_FEATURE_ROWS = 32 };
static inline rk_strings random_features(void) {
    static const uint32_t offsets[RANDOM_FEATURES + 1] = {0, 7, 13};
    return (rk_strings){offsets, "countrydevice", RANDOM_FEATURES};
}

/* Event types of every sign; `like` has the highest weight. */
static inline rk_strings small_types(const float **weights) {
    static const uint32_t offsets[TYPE_COUNT + 1] = {0, 4, 8, 12, 16};
    static const float values[TYPE_COUNT] = {1.0f, 3.0f, -1.5f, 0.0f};
    *weights = values;
    return (rk_strings){offsets, "viewlikehideskip", TYPE_COUNT};
}

/* Unit-ish vectors around items / 20 + 1 centres, (items, dim). */
static inline float *clustered_vectors(uint32_t items, uint32_t dim, uint64_t seed,
                                       rk_memory *memory) {
    rk_rng rng = rk_rng_at(seed, 1);
    const uint32_t centres = items / 20 + 1;
    float *centre = TAKE(memory, float, (uint64_t)centres *dim);
    float *vectors = TAKE(memory, float, (uint64_t)items *dim);
    for (uint64_t i = 0; i < (uint64_t)centres * dim; i++) centre[i] = rk_rng_normal(&rng);
    for (uint32_t item = 0; item < items; item++) {
        const float *near = centre + (uint64_t)rk_rng_below(&rng, centres) * dim;
        for (uint32_t d = 0; d < dim; d++)
            vectors[(uint64_t)item * dim + d] = near[d] + 0.7f * rk_rng_normal(&rng);
    }
    return vectors;
}

static inline void fill_vectors(const snapshot_shape *shape, rk_memory *memory,
                                rk_snapshot_content *content) {
    rk_vector_table table;
    float *vectors = clustered_vectors(shape->items, shape->dim, shape->seed, memory);
    uint32_t *known = TAKE(memory, uint32_t, shape->items);
    for (uint32_t item = 0; item < shape->items; item++) known[item] = item % 23 != 22;
    rk_rotate_vectors(vectors, known, shape->items, shape->dim, shape->seed);
    if (!rk_build_vectors(vectors, shape->items, shape->dim, memory, &table)) abort();
    content->vector_mean = table.mean;
    content->vector_factors = table.factors;
    content->vector_cells = table.cells;
    content->vector_low = table.low;
}

/* Popularity with many ties, and the list of the most popular by a plain selection. */
static inline void fill_popularity(const snapshot_shape *shape, rk_memory *memory,
                                   rk_snapshot_content *content) {
    rk_rng rng = rk_rng_at(shape->seed, 2);
    float *popularity = TAKE(memory, float, shape->items);
    uint32_t *popular = TAKE(memory, uint32_t, shape->items);
    for (uint32_t item = 0; item < shape->items; item++) {
        const float draw = rk_rng_f32(&rng);
        popularity[item] = (float)(uint32_t)(draw * draw * draw * 40.0f) * 0.5f;
        uint32_t at = item;
        for (; at > 0 && popularity[popular[at - 1]] < popularity[item]; at--)
            popular[at] = popular[at - 1];
        popular[at] = item;
    }
    content->popularity = popularity;
    content->meta.popular_count = RK_MIN(shape->popular_rows, shape->items);
    /* In a file an empty list points at what follows it: nobody may read it. */
    content->popular = content->meta.popular_count ? popular : NULL;
}

/* True if packed entry a comes before b in a stored row. */
static inline bool entry_before(uint32_t a, uint32_t b) {
    const uint32_t code_a = rk_neighbor_weight_code(a), code_b = rk_neighbor_weight_code(b);
    return code_a > code_b || (code_a == code_b && rk_neighbor_item(a) < rk_neighbor_item(b));
}

static inline void fill_neighbors(const snapshot_shape *shape, rk_memory *memory,
                                  rk_snapshot_content *content) {
    rk_rng rng = rk_rng_at(shape->seed, 3);
    const uint32_t items = shape->items;
    uint32_t *core_offsets = TAKE(memory, uint32_t, (uint64_t)items + 1);
    uint32_t *more_offsets = TAKE(memory, uint32_t, (uint64_t)items + 1);
    uint32_t *core = TAKE(memory, uint32_t, (uint64_t)items * RK_CORE_NEIGHBORS);
    uint32_t *more = TAKE(memory, uint32_t, (uint64_t)items * shape->neighbors);
    for (uint32_t item = 0, in_core = 0, in_more = 0; item < items; item++) {
        uint32_t row[RK_MAX_NEIGHBORS], count = 0;
        const uint32_t wanted = rk_rng_below(&rng, shape->neighbors + 1);
        for (uint32_t k = 0; k < wanted; k++) {
            const uint32_t other = rk_rng_below(&rng, items);
            const uint32_t entry = rk_neighbor_entry(other, 255 - rk_rng_below(&rng, 90));
            bool known = other == item;
            for (uint32_t i = 0; i < count; i++) known |= rk_neighbor_item(row[i]) == other;
            if (known) continue;
            uint32_t at = count++;
            for (; at > 0 && entry_before(entry, row[at - 1]); at--) row[at] = row[at - 1];
            row[at] = entry;
        }
        for (uint32_t i = 0; i < count; i++) {
            if (i < RK_CORE_NEIGHBORS)
                core[in_core++] = row[i];
            else
                more[in_more++] = row[i];
        }
        core_offsets[item + 1] = in_core;
        more_offsets[item + 1] = in_more;
    }
    content->neighbors = (rk_neighbor_rows){core_offsets, core};
    content->neighbors_more = (rk_neighbor_rows){more_offsets, more};
}

/* A third of the items rise, some alike; the list is cut short. */
static inline void fill_trending(const snapshot_shape *shape, rk_memory *memory,
                                 rk_snapshot_content *content) {
    rk_rng rng = rk_rng_at(shape->seed, 4);
    if (shape->rising == 0) return;
    float *trending = TAKE(memory, float, shape->items);
    uint32_t *top = TAKE(memory, uint32_t, shape->items);
    for (uint32_t item = 0; item < shape->items; item++) {
        const bool rises = rk_rng_below(&rng, 3) == 0;
        trending[item] = rises ? (float)rk_rng_below(&rng, 65) / 64.0f : 0.0f;
        uint32_t at = item;
        for (; at > 0 && trending[top[at - 1]] < trending[item]; at--) top[at] = top[at - 1];
        top[at] = item;
    }
    content->trending = trending;
    content->trending_top = top;
    content->meta.trending_count = RK_MIN(shape->rising, shape->items);
}

/* Half around one town, a quarter anywhere, some at the date line, the poles, and one shared spot.
 */
static inline rk_place random_place(rk_rng *rng) {
    const float a = rk_rng_f32(rng) * 2.0f - 1.0f, b = rk_rng_f32(rng) * 2.0f - 1.0f;
    switch (rk_rng_below(rng, 12)) {
    case 0: return (rk_place){a * 40.0f, b < 0.0f ? -180.0f + a * a : 180.0f - a * a};
    case 1: return (rk_place){b < 0.0f ? -90.0f + a * a : 90.0f - a * a, b * 180.0f};
    case 2: return (rk_place){48.137f, 11.575f};
    case 3:
    case 4:
    case 5: return (rk_place){a * 90.0f, b * 180.0f};
    default: return (rk_place){48.1f + a * 0.2f, 11.6f + b * 0.3f};
    }
}

static inline bool place_before(const uint32_t *codes, uint32_t a, uint32_t b) {
    return codes[a] < codes[b] || (codes[a] == codes[b] && a < b);
}

/* geo.code and geo.item of `place` (items), by insertion. */
static inline void set_places(const rk_place *place, rk_memory *memory,
                              rk_snapshot_content *content) {
    const uint32_t items = content->meta.items;
    uint32_t *codes = TAKE(memory, uint32_t, items), count = 0;
    uint32_t *sorted = TAKE(memory, uint32_t, items), *code = TAKE(memory, uint32_t, items);
    for (uint32_t item = 0; item < items; item++) {
        if (!rk_has_place(place[item])) continue;
        codes[item] = rk_place_code(place[item]);
        uint32_t at = count++;
        for (; at > 0 && place_before(codes, item, sorted[at - 1]); at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = item;
    }
    for (uint32_t i = 0; i < count; i++) code[i] = codes[sorted[i]];
    content->place = place;
    content->place_code = code;
    content->place_item = sorted;
    content->meta.place_count = count;
    content->meta.nearby_km = 3.0f;
}

static inline void fill_places(const snapshot_shape *shape, rk_memory *memory,
                               rk_snapshot_content *content) {
    rk_rng rng = rk_rng_at(shape->seed, 5);
    if (shape->places == 0) return;
    rk_place *place = TAKE(memory, rk_place, shape->items);
    for (uint32_t item = 0; item < shape->items; item++) {
        place[item] = random_place(&rng);
        if (item % shape->places == shape->places - 1)
            place[item] = (rk_place){RK_NO_PLACE, RK_NO_PLACE};
    }
    set_places(place, memory, content);
}

static inline void fill_explore(const snapshot_shape *shape, rk_memory *memory,
                                rk_snapshot_content *content) {
    if (shape->explore == 0) return;
    uint32_t *explore = TAKE(memory, uint32_t, shape->items), count = 0;
    for (uint32_t item = 0; item < shape->items; item += shape->explore) explore[count++] = item;
    content->explore = explore;
    content->meta.explore_count = count;
}

static inline float *random_floats(rk_rng *rng, uint64_t count, float mean, rk_memory *memory) {
    float *floats = TAKE(memory, float, count);
    for (uint64_t i = 0; i < count; i++) floats[i] = mean + 0.2f * rk_rng_normal(rng);
    return floats;
}

static inline void fill_towers(const snapshot_shape *shape, rk_memory *memory,
                               rk_snapshot_content *content) {
    rk_rng rng = rk_rng_at(shape->seed, 6);
    content->meta.encoder_positions = shape->encoder;
    if (shape->encoder > 0)
        content->encoder_positions =
            random_floats(&rng, (uint64_t)shape->encoder * shape->dim, 0.5f, memory);
    content->meta.user_positions = shape->positions;
    if (shape->positions == 0) return;
    content->user_positions =
        random_floats(&rng, (uint64_t)shape->positions * shape->dim, 0.5f, memory);
    content->features = random_features();
    content->meta.user_features = RANDOM_FEATURES;
    content->meta.feature_rows = RANDOM_FEATURE_ROWS;
    content->feature_vectors =
        random_floats(&rng, (uint64_t)RANDOM_FEATURE_ROWS * shape->dim, 0.0f, memory);
}

/* ---- what rules and rankers read ---- */

/* Minutes since 1970 up to RANDOM_NOW_MS; every ninth item was never seen. */
#define RANDOM_NOW_MS INT64_C(1700000000000)
static inline void fill_born(const snapshot_shape *shape, rk_memory *memory,
                             rk_snapshot_content *content) {
    rk_rng rng = rk_rng_at(shape->seed, 7);
    if (!shape->born) return;
    uint32_t *born = TAKE(memory, uint32_t, shape->items), timed = 0;
    for (uint32_t item = 0; item < shape->items; item++) {
        const uint32_t age = rk_rng_below(&rng, 1000u * 1440u);
        if (item % 9 != 8) born[item] = (uint32_t)(RANDOM_NOW_MS / 60000) - age;
        timed += item % 9 != 8;
    }
    content->meta.time_kind = RK_TIME_UNIX_MS;
    content->meta.timed_items = timed;
    content->born = born;
}

static inline uint8_t random_kind(uint32_t attribute) {
    static const uint8_t kinds[] = {RK_ATTRIBUTE_CATEGORY, RK_ATTRIBUTE_TAGS, RK_ATTRIBUTE_NUMBER};
    return kinds[attribute % 3];
}

enum { VALUES_A_CATEGORY = 6, VALUES_A_TAG = 25, MOST_TAGS = 5 };
static inline void fill_attribute_table(const snapshot_shape *shape, rk_memory *memory,
                                        rk_snapshot_content *content) {
    const uint32_t count = shape->attributes;
    uint8_t *kind = TAKE(memory, uint8_t, count);
    uint32_t *first = TAKE(memory, uint32_t, (uint64_t)count + 1);
    content->meta.attributes = count;
    for (uint32_t a = 0; a < count; a++) {
        kind[a] = random_kind(a);
        content->meta.numbers += kind[a] == RK_ATTRIBUTE_NUMBER;
        first[a + 1] = first[a] + (kind[a] == RK_ATTRIBUTE_CATEGORY ? VALUES_A_CATEGORY
                                   : kind[a] == RK_ATTRIBUTE_TAGS   ? VALUES_A_TAG
                                                                    : 0);
    }
    content->attributes = numbered_strings("attribute-", count, memory);
    content->attribute_values = numbered_strings("value-", first[count], memory);
    content->meta.attribute_values = first[count];
    content->attribute_kind = kind;
    content->attribute_first = first;
}

/* Puts `value` into the ascending row [begin, *end) unless it is there. */
static inline void put_value(uint32_t *values, uint32_t begin, uint32_t *end, uint32_t value) {
    uint32_t at = *end;
    while (at > begin && values[at - 1] > value) at--;
    if (at > begin && values[at - 1] == value) return;
    memmove(values + at + 1, values + at, (*end - at) * sizeof *values);
    values[at] = value;
    (*end)++;
}

static inline void fill_attributes(const snapshot_shape *shape, rk_memory *memory,
                                   rk_snapshot_content *content) {
    rk_rng rng = rk_rng_at(shape->seed, 8);
    if (shape->attributes == 0) return;
    fill_attribute_table(shape, memory, content);
    const uint32_t items = shape->items, *first = content->attribute_first;
    uint32_t *begin = TAKE(memory, uint32_t, (uint64_t)items + 1), used = 0;
    uint32_t *values = TAKE(memory, uint32_t, (uint64_t)items * shape->attributes * MOST_TAGS);
    float *numbers = TAKE(memory, float, (uint64_t)items * content->meta.numbers),
          *number = numbers;
    for (uint32_t item = 0; item < items; item++) {
        for (uint32_t a = 0; a < shape->attributes; a++) {
            const uint8_t kind = content->attribute_kind[a];
            const uint32_t most = kind == RK_ATTRIBUTE_CATEGORY ? 1 : MOST_TAGS;
            const bool bare = rk_rng_below(&rng, 5) == 0;
            if (kind == RK_ATTRIBUTE_NUMBER)
                *number++ = bare ? RK_NO_NUMBER : 10.0f * rk_rng_normal(&rng);
            else
                for (uint32_t k = bare ? 0 : 1 + rk_rng_below(&rng, most); k > 0; k--)
                    put_value(values, begin[item], &used,
                              first[a] + rk_rng_below(&rng, first[a + 1] - first[a]));
        }
        begin[item + 1] = used;
    }
    content->item_value_begin = begin;
    content->item_value = used ? values : NULL;
    content->item_number = numbers;
}

enum { RANDOM_EXPERTS = 3, RANDOM_UNITS = 5 };
/* Tasks of the first types, each with networks that mean nothing; of the features about half, and
 * one that no reader knows. */
static inline void fill_rankers(const snapshot_shape *shape, rk_memory *memory,
                                rk_snapshot_content *content) {
    rk_rng rng = rk_rng_at(shape->seed, 9);
    rk_snapshot_meta *meta = &content->meta;
    if (shape->tasks == 0) return;
    rk_task *tasks = TAKE(memory, rk_task, shape->tasks);
    uint32_t *features = TAKE(memory, uint32_t, RK_MAX_RANK_INPUTS);
    uint8_t *rate = TAKE(memory, uint8_t, (uint64_t)shape->items * shape->tasks);
    int8_t *item_count = TAKE(memory, int8_t, shape->items);
    for (uint32_t t = 0; t < shape->tasks; t++)
        tasks[t] = (rk_task){.type = t,
                             .weight = content->type_weight[t],
                             .scale = 0.5f + rk_rng_f32(&rng),
                             .offset = rk_rng_normal(&rng),
                             .base_rate = rk_rng_f32(&rng)};
    for (uint32_t f = 0; f < RK_MAX_RANK_INPUTS; f++)
        if (f == RK_MAX_RANK_INPUTS - 1 || rk_rng_below(&rng, 2) == 0)
            features[meta->rank_inputs++] = f;
    for (uint64_t i = 0; i < (uint64_t)shape->items * shape->tasks; i++)
        rate[i] = content->popularity[i / shape->tasks] > 0.0f ? (uint8_t)rk_rng_below(&rng, 255)
                                                               : RK_NO_RATE;
    for (uint32_t i = 0; i < shape->items; i++)
        item_count[i] = (int8_t)((int32_t)rk_rng_below(&rng, 256) - 128);
    meta->tasks = shape->tasks;
    meta->rank_experts = RANDOM_EXPERTS;
    meta->rank_units = RANDOM_UNITS;
    meta->rank_item_step = 1.0f / 128.0f;
    content->tasks = tasks;
    content->task_rate = rate;
    content->rank_feature = features;
    content->rank_second = random_floats(&rng, rk_second_floats(meta), 0.0f, memory);
    content->rank_first = random_floats(&rng, rk_first_floats(meta), 0.0f, memory);
    content->rank_item = item_count;
}

static inline void fill_clusters(const snapshot_shape *shape, rk_memory *memory,
                                 rk_snapshot_content *content) {
    const uint32_t clusters = RK_MIN(shape->clusters, shape->items);
    if (clusters == 0) return;
    uint8_t *cluster = TAKE(memory, uint8_t, shape->items);
    for (uint32_t i = 0; i < shape->items; i++) cluster[i] = (uint8_t)(i % clusters);
    content->meta.clusters = clusters;
    content->meta.cluster_model = rk_mix64(shape->seed, 1) | 1;
    content->cluster = cluster;
}

static inline rk_snapshot_content make_random_snapshot(snapshot_shape shape, rk_memory *memory) {
    rk_snapshot_content content = {
        .meta = {.items = shape.items,
                 .types = TYPE_COUNT,
                 .dim = shape.dim,
                 .events = 1000,
                 .sessions = 100,
                 .seed = shape.seed,
                 .neighbor_scale = 0.5f,
                 .similar_decay = 0.8f,
                 .session_decay = 0.7f,
                 .repeat = {-0.5f, 0.25f, 0.125f, 0.0f},
                 .outlier_weight = shape.outlier_weight,
                 .short_popular = shape.short_popular},
        .items = numbered_strings("item-", shape.items, memory),
    };
    rk_source_config *sources = TAKE(memory, rk_source_config, RK_SOURCE_SLOTS);
    sources[RK_SOURCE_POPULAR] = (rk_source_config){.quota = 40, .weight = 0.1f};
    sources[RK_SOURCE_SIMILAR] = (rk_source_config){.quota = 60, .weight = 1.0f};
    sources[RK_SOURCE_SESSION] = (rk_source_config){.quota = 50, .weight = 0.6f};
    sources[RK_SOURCE_TRENDING] = (rk_source_config){.quota = 20, .weight = 0.2f};
    sources[RK_SOURCE_NEARBY] = (rk_source_config){.quota = 30, .weight = 0.4f};
    sources[RK_SOURCE_USER] = (rk_source_config){.quota = 50, .weight = 0.3f};
    sources[RK_SOURCE_EXPLORE] = (rk_source_config){.quota = 10, .weight = 0.05f};
    content.sources = sources;
    content.types = small_types(&content.type_weight);
    fill_vectors(&shape, memory, &content);
    fill_popularity(&shape, memory, &content);
    fill_neighbors(&shape, memory, &content);
    fill_trending(&shape, memory, &content);
    fill_places(&shape, memory, &content);
    fill_explore(&shape, memory, &content);
    fill_towers(&shape, memory, &content);
    fill_born(&shape, memory, &content);
    fill_attributes(&shape, memory, &content);
    fill_rankers(&shape, memory, &content);
    fill_clusters(&shape, memory, &content);
    return content;
}

/* An engine whose scratch was full of rubbish before: nothing may rely on zeroed memory. */
static inline rk_engine *engine_over(const rk_snapshot_content *content, rk_memory *memory) {
    const uint64_t bytes = rk_engine_scratch_bytes(&content->meta);
    void *scratch = take_or_abort(memory, bytes, 1);
    memset(scratch, 0xA5, (size_t)bytes);
    return rk_engine_over(content, scratch, bytes);
}

#endif
