/* Small valid files, made in memory through the writers, and the tools to damage them: an edit
 * changes bytes, reseal makes the checksums right again so that the damage reaches the deep checks.
 *
 * The contents follow simple formulas, which tests/js/reader.test.js repeats: the files are
 * committed as tests/golden/good_v1.rk and good_v1.rkev. Header only, so that unit tests, fuzz
 * targets and the golden generator share it. */
#ifndef RK_TESTS_FILE_BUILDER_H
#define RK_TESTS_FILE_BUILDER_H

#include "base/checksum.h"
#include "format/events_read.h"
#include "format/places.h"
#include "format/snapshot_read.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct built_file {
    unsigned char *bytes; /* aligned to 64; free() it */
    uint64_t size;
} built_file;

/* At least one byte more than `size`, so that a file of size 0 has memory too. */
static inline built_file file_of_size(uint64_t size) {
    const size_t capacity = (size_t)(size / 64 + 1) * 64;
    const built_file file = {aligned_alloc(64, capacity), size};
    if (file.bytes == NULL) abort();
    memset(file.bytes, 0, capacity);
    return file;
}

static inline built_file file_copy(const void *bytes, uint64_t size) {
    const built_file file = file_of_size(size);
    if (size > 0) memcpy(file.bytes, bytes, (size_t)size);
    return file;
}

/* ---- string tables ---- */

enum { BUILDER_ROWS = 40, BUILDER_TEXT = 1024 };

typedef struct string_builder {
    uint32_t offsets[BUILDER_ROWS + 1];
    char text[BUILDER_TEXT];
    uint32_t count;
} string_builder;

static inline void add_string(string_builder *builder, const char *text) {
    const size_t bytes = strlen(text), at = builder->offsets[builder->count];
    if (builder->count == BUILDER_ROWS || at + bytes > BUILDER_TEXT) abort();
    memcpy(builder->text + at, text, bytes);
    builder->offsets[++builder->count] = (uint32_t)(at + bytes);
}

static inline rk_strings strings_view(const string_builder *builder) {
    return (rk_strings){builder->offsets, builder->text, builder->count};
}

/* ---- a small snapshot: 40 items, so a full block of vector codes and a padded one ---- */

enum {
    SMALL_ITEMS = 40,
    SMALL_TYPES = 3,
    SMALL_DIM = 8,
    SMALL_POPULAR = 25,
    SMALL_BLOCKS = 2,
    SMALL_CELL_BYTES = SMALL_BLOCKS * SMALL_DIM / 2 * 16,
    SMALL_LOW_BYTES = SMALL_DIM / 4 * 3,
    SMALL_ENTRIES = SMALL_ITEMS * 12,
    SMALL_ENCODER = 2, /* positions */
    SMALL_TRENDING = 12,
    SMALL_PLACES = 30,
    SMALL_EXPLORE = 13,
    SMALL_CLUSTERS = 5,
    SMALL_TOWER = 3, /* positions */
    SMALL_FEATURES = 2,
    SMALL_FEATURE_ROWS = 4,
    SMALL_TIMED = 30,
    SMALL_ATTRIBUTES = 4,
    SMALL_VALUES = 5,
    SMALL_NUMBERS = 2,
    SMALL_TASKS = 2,
    SMALL_INPUTS = 3,
    SMALL_EXPERTS = 2,
    SMALL_UNITS = 4,
    SMALL_SECOND = 64, /* f32 of the second stage */
    SMALL_FIRST = 32
};

/* Everything a snapshot's content points at. */
typedef struct small_snapshot {
    string_builder items, types, titles;
    float type_weight[SMALL_TYPES];
    rk_source_config sources[RK_SOURCE_SLOTS];
    float popularity[SMALL_ITEMS];
    uint32_t popular[SMALL_POPULAR];
    uint32_t core_offsets[SMALL_ITEMS + 1], core[SMALL_ENTRIES];
    uint32_t more_offsets[SMALL_ITEMS + 1], more[SMALL_ENTRIES];
    float mean[SMALL_DIM];
    rk_vector_factor factors[SMALL_ITEMS];
    uint8_t cells[SMALL_CELL_BYTES];
    uint8_t low[SMALL_ITEMS * SMALL_LOW_BYTES];
    float encoder[SMALL_ENCODER * SMALL_DIM];
    float trending[SMALL_ITEMS];
    uint32_t trending_top[SMALL_TRENDING];
    rk_place place[SMALL_ITEMS];
    uint32_t place_code[SMALL_PLACES], place_item[SMALL_PLACES];
    uint32_t explore[SMALL_EXPLORE];
    float tower[SMALL_TOWER * SMALL_DIM];
    string_builder features;
    float feature_vectors[SMALL_FEATURE_ROWS * SMALL_DIM];
    uint32_t born[SMALL_ITEMS];
    string_builder attributes, values;
    uint8_t attribute_kind[SMALL_ATTRIBUTES];
    uint32_t attribute_first[SMALL_ATTRIBUTES + 1];
    uint32_t item_value_begin[SMALL_ITEMS + 1], item_value[SMALL_ITEMS * 4];
    float item_number[SMALL_ITEMS * SMALL_NUMBERS];
    uint8_t cluster[SMALL_ITEMS];
    rk_task tasks[SMALL_TASKS];
    uint8_t task_rate[SMALL_ITEMS * SMALL_TASKS];
    uint32_t rank_feature[SMALL_INPUTS];
    float rank_second[SMALL_SECOND], rank_first[SMALL_FIRST];
    int8_t rank_item[SMALL_ITEMS];
    rk_snapshot_content content;
} small_snapshot;

static const char small_report[] = "{\"rows\":40,\"note\":\"ü\"}";

static inline void fill_small_text(small_snapshot *small) {
    char text[32];
    for (uint32_t i = 0; i < SMALL_ITEMS; i++) {
        const bool last = i == SMALL_ITEMS - 1;
        snprintf(text, sizeof text, "item-%02u", i);
        add_string(&small->items, last ? "日本" : text);
        snprintf(text, sizeof text, "Title %u", i);
        add_string(&small->titles, last ? "日本!" : i % 2 == 0 ? text : "");
    }
    add_string(&small->types, "view");
    add_string(&small->types, "like");
    add_string(&small->types, "hide");
}

/* Rows of 12, 5, 1 and 0 neighbours; pairs of equal weight codes, ordered by item. */
static inline void fill_small_neighbors(small_snapshot *small) {
    static const uint32_t lengths[4] = {12, 5, 1, 0};
    uint32_t core = 0, more = 0;
    for (uint32_t i = 0; i < SMALL_ITEMS; i++) {
        const uint32_t length = lengths[i % 4];
        for (uint32_t k = 0; k < length; k++) {
            const uint32_t here = (i + 1 + k) % SMALL_ITEMS;
            const bool paired = (k ^ 1u) < length;
            const uint32_t partner = (i + 1 + (k ^ 1u)) % SMALL_ITEMS;
            const bool wants_low = k % 2 == 0;
            const uint32_t item = !paired     ? here
                                  : wants_low ? RK_MIN(here, partner)
                                              : RK_MAX(here, partner);
            const uint32_t entry = (255 - 10 * (k / 2)) << RK_NEIGHBOR_CODE_SHIFT | item;
            if (k < RK_CORE_NEIGHBORS)
                small->core[core++] = entry;
            else
                small->more[more++] = entry;
        }
        small->core_offsets[i + 1] = core;
        small->more_offsets[i + 1] = more;
    }
}

static inline void fill_small_vectors(small_snapshot *small) {
    for (uint32_t d = 0; d < SMALL_DIM; d++) small->mean[d] = ((float)d - 4) * 0.0625f;
    for (uint32_t i = 0; i < SMALL_ITEMS; i++) {
        if (i % 5 != 4) {
            small->factors[i].scan = 1 + (float)i / 32;
            small->factors[i].decode = (1 + (float)i) / 4096;
        }
        uint8_t *low = small->low + i * SMALL_LOW_BYTES;
        for (uint32_t d = 0; d < SMALL_DIM; d++) {
            const uint32_t cell = (i * 3 + d * 5 + i * d) & 3, bits = (i * 7 + d * 11) & 63;
            const uint32_t row = i % 32, table = i / 32 * (SMALL_DIM / 2) + d / 2;
            const uint32_t nibble = d % 2 == 0 ? cell : cell * 4;
            small->cells[table * 16 + row % 16] |= (uint8_t)(nibble << (row < 16 ? 0 : 4));
            low[d / 2] |= (uint8_t)((bits & 15) << (d % 2 * 4));
            low[SMALL_DIM / 2 + d / 4] |= (uint8_t)((bits >> 4) << (d % 4 * 2));
        }
    }
}

/* Every fourth item has no place; items 4 and 5 share one; 0 and 1 lie at corners of the grid. */
static inline void fill_small_places(small_snapshot *small) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < SMALL_ITEMS; i++) {
        const uint32_t spot = i == 5 ? 4 : i;
        small->place[i] = (rk_place){(float)(spot * 37 % 181) - 90, (float)(spot * 53 % 361) - 180};
        if (i == 0) small->place[i] = (rk_place){90, 180};
        if (i == 1) small->place[i] = (rk_place){-90, -180};
        if (i % 4 == 3) small->place[i] = (rk_place){RK_NO_PLACE, RK_NO_PLACE};
        if (i % 4 == 3) continue;
        const uint32_t code = rk_place_code(small->place[i]);
        uint32_t at = count++;
        for (; at > 0 && small->place_code[at - 1] > code; at--) {
            small->place_code[at] = small->place_code[at - 1];
            small->place_item[at] = small->place_item[at - 1];
        }
        small->place_code[at] = code;
        small->place_item[at] = i;
    }
    if (count != SMALL_PLACES) abort();
}

static inline void fill_small_towers(small_snapshot *small) {
    for (uint32_t d = 0; d < SMALL_DIM; d++) {
        for (uint32_t j = 0; j < SMALL_ENCODER; j++)
            small->encoder[j * SMALL_DIM + d] = 1 - (float)(j + d) / 16;
        for (uint32_t j = 0; j < SMALL_TOWER; j++)
            small->tower[j * SMALL_DIM + d] = (float)(j + d) / 8 - 0.5f;
    }
    for (uint32_t i = 0; i < SMALL_FEATURE_ROWS * SMALL_DIM; i++)
        small->feature_vectors[i] = (float)i / 32 - 0.5f;
    add_string(&small->features, "country");
    add_string(&small->features, "device");
}

/* A category, tags and two numbers; of the values, "x" comes before the one before it, which is
 * another attribute's. Every fourth item was never seen. */
static inline void fill_small_values(small_snapshot *small) {
    static const char *const names[SMALL_ATTRIBUTES] = {"brand", "genre", "price", "size"};
    static const uint8_t kinds[SMALL_ATTRIBUTES] = {RK_ATTRIBUTE_CATEGORY, RK_ATTRIBUTE_TAGS,
                                                    RK_ATTRIBUTE_NUMBER, RK_ATTRIBUTE_NUMBER};
    static const char *const values[SMALL_VALUES] = {"acme", "ümlaut", "x", "y", "z"};
    static const uint32_t first[SMALL_ATTRIBUTES + 1] = {0, 2, 5, 5, 5};
    uint32_t used = 0;
    for (uint32_t a = 0; a < SMALL_ATTRIBUTES; a++) add_string(&small->attributes, names[a]);
    for (uint32_t v = 0; v < SMALL_VALUES; v++) add_string(&small->values, values[v]);
    memcpy(small->attribute_kind, kinds, sizeof kinds);
    memcpy(small->attribute_first, first, sizeof first);
    for (uint32_t i = 0; i < SMALL_ITEMS; i++) {
        if (i % 4 != 3) small->born[i] = 28000000 + 60 * i;
        if (i % 3 < 2) small->item_value[used++] = i % 3;
        for (uint32_t v = 0; v < 3; v++)
            if (i >> v & 1u) small->item_value[used++] = 2 + v;
        small->item_value_begin[i + 1] = used;
        float *numbers = small->item_number + i * SMALL_NUMBERS;
        numbers[0] = i % 5 == 4 ? RK_NO_NUMBER : (float)i * 0.5f;
        numbers[1] = i == 0 ? RK_MAX_NUMBER : i % 2 == 1 ? RK_NO_NUMBER : -(float)i;
    }
}

/* Two tasks of the three types; the last input is a feature that nobody knows. */
static inline void fill_small_rankers(small_snapshot *small) {
    static const rk_task tasks[SMALL_TASKS] = {
        {.type = 0, .weight = 1, .scale = 1, .offset = 0, .base_rate = 0.25f},
        {.type = 2, .weight = -2, .scale = 0.5f, .offset = -1, .base_rate = 0.125f}};
    static const uint32_t features[SMALL_INPUTS] = {0, 17, 63};
    memcpy(small->tasks, tasks, sizeof tasks);
    memcpy(small->rank_feature, features, sizeof features);
    for (uint32_t i = 0; i < SMALL_ITEMS * SMALL_TASKS; i++)
        small->task_rate[i] = i / SMALL_TASKS == 9 ? RK_NO_RATE : (uint8_t)(i * 7 % 255);
    for (uint32_t i = 0; i < SMALL_SECOND; i++) small->rank_second[i] = (float)(i % 16) / 16 - 0.5f;
    for (uint32_t i = 0; i < SMALL_FIRST; i++) small->rank_first[i] = (float)i / 32;
    for (uint32_t i = 0; i < SMALL_ITEMS; i++) small->rank_item[i] = (int8_t)((int32_t)i - 20);
}

static inline void point_at_ranking(small_snapshot *small) {
    rk_snapshot_content *content = &small->content;
    rk_snapshot_meta *meta = &content->meta;
    meta->tasks = SMALL_TASKS;
    meta->rank_inputs = SMALL_INPUTS;
    meta->rank_experts = SMALL_EXPERTS;
    meta->rank_units = SMALL_UNITS;
    meta->rank_item_step = 0.125f;
    meta->timed_items = SMALL_TIMED;
    meta->attributes = SMALL_ATTRIBUTES;
    meta->attribute_values = SMALL_VALUES;
    meta->numbers = SMALL_NUMBERS;
    if (rk_second_floats(meta) != SMALL_SECOND || rk_first_floats(meta) != SMALL_FIRST) abort();
    content->born = small->born;
    content->attributes = strings_view(&small->attributes);
    content->attribute_kind = small->attribute_kind;
    content->attribute_first = small->attribute_first;
    content->attribute_values = strings_view(&small->values);
    content->item_value_begin = small->item_value_begin;
    content->item_value = small->item_value;
    content->item_number = small->item_number;
    content->tasks = small->tasks;
    content->task_rate = small->task_rate;
    content->rank_feature = small->rank_feature;
    content->rank_second = small->rank_second;
    content->rank_first = small->rank_first;
    content->rank_item = small->rank_item;
}

/* Every optional section of the core. */
static inline void fill_small_options(small_snapshot *small) {
    static const float repeat[RK_REPEAT_LAGS] = {-0.5f, 0.25f, 0.125f, 0};
    rk_snapshot_content *content = &small->content;
    rk_snapshot_meta *meta = &content->meta;
    fill_small_places(small);
    fill_small_towers(small);
    for (uint32_t i = 0; i < SMALL_ITEMS; i++) small->trending[i] = (float)(i % 8) / 8;
    for (uint32_t i = 0; i < SMALL_TRENDING; i++) small->trending_top[i] = 7 - i / 5 + i % 5 * 8;
    for (uint32_t i = 0; i < SMALL_EXPLORE; i++) small->explore[i] = 1 + 3 * i;
    for (uint32_t i = 0; i < SMALL_ITEMS; i++)
        small->cluster[i] = (uint8_t)(i * 7 % SMALL_CLUSTERS);
    for (uint32_t s = 3; s < 7; s++)
        small->sources[s] =
            (rk_source_config){.quota = 100 * (s + 1), .weight = 1 / (float)(1u << s)};
    meta->encoder_positions = SMALL_ENCODER;
    memcpy(meta->repeat, repeat, sizeof repeat);
    meta->trending_count = SMALL_TRENDING;
    meta->place_count = SMALL_PLACES;
    meta->explore_count = SMALL_EXPLORE;
    meta->clusters = SMALL_CLUSTERS;
    meta->cluster_model = UINT64_C(0x0123456789ABCDEF);
    meta->user_positions = SMALL_TOWER;
    meta->user_features = SMALL_FEATURES;
    meta->feature_rows = SMALL_FEATURE_ROWS;
    meta->outlier_weight = 0.25f;
    meta->nearby_km = 2.5f;
    meta->short_popular = 1.5f;
    content->encoder_positions = small->encoder;
    content->trending = small->trending;
    content->trending_top = small->trending_top;
    content->place = small->place;
    content->place_code = small->place_code;
    content->place_item = small->place_item;
    content->explore = small->explore;
    content->cluster = small->cluster;
    content->user_positions = small->tower;
    content->features = strings_view(&small->features);
    content->feature_vectors = small->feature_vectors;
    fill_small_values(small);
    fill_small_rankers(small);
    point_at_ranking(small);
}

/* Without any optional section of the core, as snapshots were before there were any. */
static inline small_snapshot *make_bare_snapshot(void) {
    small_snapshot *small = calloc(1, sizeof *small);
    if (small == NULL) abort();
    fill_small_text(small);
    fill_small_neighbors(small);
    fill_small_vectors(small);
    static const float weights[SMALL_TYPES] = {1, 3, -1.5f};
    memcpy(small->type_weight, weights, sizeof weights);
    for (uint32_t s = 0; s < 3; s++)
        small->sources[s] =
            (rk_source_config){.quota = 100 * (s + 1), .weight = 1 / (float)(1u << s)};
    for (uint32_t i = 0; i < SMALL_ITEMS; i++) small->popularity[i] = (float)(i % 10) * 0.5f;
    for (uint32_t i = 0; i < SMALL_POPULAR; i++) small->popular[i] = 9 - i / 4 + i % 4 * 10;
    small->content = (rk_snapshot_content){
        .meta = {.items = SMALL_ITEMS,
                 .types = SMALL_TYPES,
                 .dim = SMALL_DIM,
                 .time_kind = 2,
                 .events = 1000,
                 .sessions = 77,
                 .stats_through_ms = 1700000000123,
                 .seed = 0x0123456789ABCDEF,
                 .neighbor_scale = 2,
                 .similar_decay = 0.75f,
                 .session_decay = 1,
                 .popular_count = SMALL_POPULAR},
        .items = strings_view(&small->items),
        .types = strings_view(&small->types),
        .titles = strings_view(&small->titles),
        .type_weight = small->type_weight,
        .sources = small->sources,
        .popularity = small->popularity,
        .popular = small->popular,
        .neighbors = {small->core_offsets, small->core},
        .neighbors_more = {small->more_offsets, small->more},
        .vector_mean = small->mean,
        .vector_factors = small->factors,
        .vector_cells = small->cells,
        .vector_low = small->low,
        .report = small_report,
        .report_bytes = sizeof small_report - 1,
    };
    return small;
}

static inline small_snapshot *make_small_snapshot(void) {
    small_snapshot *small = make_bare_snapshot();
    fill_small_options(small);
    return small;
}

static inline built_file write_snapshot(const rk_snapshot_content *content) {
    const built_file file = file_of_size(rk_snapshot_bytes(content));
    rk_snapshot_write(content, "eu-north", 1700000000456, file.bytes);
    return file;
}

static inline built_file build_bare_snapshot(void) {
    small_snapshot *small = make_bare_snapshot();
    const built_file file = write_snapshot(&small->content);
    free(small);
    return file;
}

static inline built_file build_snapshot(void) {
    small_snapshot *small = make_small_snapshot();
    const built_file file = write_snapshot(&small->content);
    free(small);
    return file;
}

/* ---- a small events file: 12 events, a user and a type that no event uses; every optional part
 * is there ---- */

enum { SMALL_EVENTS = 12, SMALL_USERS = 4, SMALL_EVENT_ITEMS = 5, SMALL_CONTEXTS = 3 };
enum { SMALL_RELATED = 5 };

typedef struct small_events {
    uint32_t user[SMALL_EVENTS], item[SMALL_EVENTS], label[SMALL_EVENTS];
    int64_t time[SMALL_EVENTS];
    uint8_t split[SMALL_EVENTS];
    string_builder users, items, types, titles;
    float type_weight[SMALL_TYPES];
    float place[SMALL_EVENT_ITEMS * 2], boost[SMALL_EVENT_ITEMS];
    uint32_t related_begin[SMALL_EVENT_ITEMS + 1], related[SMALL_RELATED];
    uint8_t attribute_kind[SMALL_ATTRIBUTES];
    string_builder attributes, attribute_values, features, contexts;
    uint32_t context[SMALL_EVENTS];
    float propensity[SMALL_EVENTS];
    rk_events_content content;
} small_events;

/* One attribute of each kind; the last item is bare: no place, no value. */
static inline void fill_small_attributes(small_events *small) {
    static const char *const names[SMALL_ATTRIBUTES] = {"brand", "genre", "title", "price"};
    static const char *const values[SMALL_EVENT_ITEMS][SMALL_ATTRIBUTES] = {
        {"acme", "x|y", "Apple pie", "1.5"}, {"", "z", "", "-2e-3"}, {"acme", "", "Bee line", ""},
        {"ümlaut", "x", "Sea", "0"},         {"", "", "", ""},
    };
    static const float places[SMALL_EVENT_ITEMS * 2] = {
        52.5f, 13.25f, -90, 180, 0, -0.5f, 90, -180, RK_NO_PLACE, RK_NO_PLACE};
    for (uint32_t a = 0; a < SMALL_ATTRIBUTES; a++) {
        add_string(&small->attributes, names[a]);
        small->attribute_kind[a] = (uint8_t)a;
    }
    for (uint32_t i = 0; i < SMALL_EVENT_ITEMS; i++)
        for (uint32_t a = 0; a < SMALL_ATTRIBUTES; a++)
            add_string(&small->attribute_values, values[i][a]);
    memcpy(small->place, places, sizeof places);
}

static inline void fill_small_expert(small_events *small) {
    static const float boosts[SMALL_EVENT_ITEMS] = {0, 2.5f, 0, 1, 0};
    static const uint32_t begin[SMALL_EVENT_ITEMS + 1] = {0, 2, 2, 3, 3, SMALL_RELATED};
    static const uint32_t related[SMALL_RELATED] = {1, 3, 0, 0, 2};
    memcpy(small->boost, boosts, sizeof boosts);
    memcpy(small->related_begin, begin, sizeof begin);
    memcpy(small->related, related, sizeof related);
}

static inline void fill_small_contexts(small_events *small) {
    static const char *const names[SMALL_FEATURES] = {"country", "channel"};
    static const char *const values[SMALL_CONTEXTS][SMALL_FEATURES] = {
        {"fr", "phone"}, {"de", ""}, {"fr", ""}};
    for (uint32_t f = 0; f < SMALL_FEATURES; f++) add_string(&small->features, names[f]);
    for (uint32_t c = 0; c < SMALL_CONTEXTS; c++)
        for (uint32_t f = 0; f < SMALL_FEATURES; f++) add_string(&small->contexts, values[c][f]);
    for (uint32_t e = 0; e < SMALL_EVENTS; e++) small->context[e] = e / 2 % SMALL_CONTEXTS;
}

static inline small_events *make_small_events(void) {
    static const char *const users[SMALL_USERS] = {"s-1", "s-9", "séance", "unused"};
    static const char *const items[SMALL_EVENT_ITEMS] = {"a", "ab", "b", "c", "é"};
    static const char *const types[SMALL_TYPES] = {"view", "like", "hide"};
    static const char *const titles[SMALL_EVENT_ITEMS] = {"Apple", "", "Bee", "Sea", "Été"};
    static const float weights[SMALL_TYPES] = {1, 3, -1.5f};
    small_events *small = calloc(1, sizeof *small);
    if (small == NULL) abort();
    for (uint32_t e = 0; e < SMALL_EVENTS; e++) {
        small->user[e] = e / 4;
        small->item[e] = e * 3 % SMALL_EVENT_ITEMS;
        small->label[e] = 1 + e % 3;
        small->time[e] = e == 0 ? -1 : 1700000000000 + (int64_t)e * 1000;
        small->split[e] = e >= 10;
        small->propensity[e] = (float)(e == 11 ? 16 : e + 1) / 16.0f;
    }
    for (uint32_t i = 0; i < SMALL_USERS; i++) add_string(&small->users, users[i]);
    for (uint32_t i = 0; i < SMALL_EVENT_ITEMS; i++) add_string(&small->items, items[i]);
    for (uint32_t i = 0; i < SMALL_TYPES; i++) add_string(&small->types, types[i]);
    for (uint32_t i = 0; i < SMALL_EVENT_ITEMS; i++) add_string(&small->titles, titles[i]);
    memcpy(small->type_weight, weights, sizeof weights);
    fill_small_attributes(small);
    fill_small_expert(small);
    fill_small_contexts(small);
    small->content = (rk_events_content){
        .meta = {.events = SMALL_EVENTS,
                 .users = SMALL_USERS,
                 .items = SMALL_EVENT_ITEMS,
                 .types = SMALL_TYPES,
                 .time_kind = RK_TIME_UNIX_MS,
                 .user_kind = RK_USERS_ARE_USERS,
                 .attributes = SMALL_ATTRIBUTES,
                 .features = SMALL_FEATURES,
                 .contexts = SMALL_CONTEXTS},
        .user = small->user,
        .item = small->item,
        .label = small->label,
        .time = small->time,
        .split = small->split,
        .users = strings_view(&small->users),
        .items = strings_view(&small->items),
        .types = strings_view(&small->types),
        .titles = strings_view(&small->titles),
        .type_weight = small->type_weight,
        .place = small->place,
        .boost = small->boost,
        .related_begin = small->related_begin,
        .related = small->related,
        .attributes = strings_view(&small->attributes),
        .attribute_kind = small->attribute_kind,
        .attribute_values = strings_view(&small->attribute_values),
        .features = strings_view(&small->features),
        .contexts = strings_view(&small->contexts),
        .context = small->context,
        .propensity = small->propensity,
    };
    return small;
}

static inline built_file write_events(const rk_events_content *content) {
    const built_file file = file_of_size(rk_events_bytes(content));
    rk_events_write(content, "eu-north", 1700000011000, file.bytes);
    return file;
}

static inline built_file build_events(void) {
    small_events *small = make_small_events();
    const built_file file = write_events(&small->content);
    free(small);
    return file;
}

/* ---- resealing ---- */

enum {
    RESEAL_NOTHING = 0,
    RESEAL_SECTIONS = 1, /* SHA-256 of every section that lies in the file */
    RESEAL_TABLE = 2,    /* table_crc32 */
    RESEAL_ID = 4,       /* content_id */
    RESEAL_HEADER = 8,   /* header_crc32 */
    RESEAL_ALL = 15
};

/* The table's entries that lie in the file; trusts nothing else, so that it can reseal hostile
 * bytes. */
static inline uint32_t reseal_sections(const built_file *file, const rk_file_header *header) {
    uint32_t count = RK_MIN(header->section_count, RK_MAX_SECTIONS);
    count = RK_MIN(count, (uint32_t)((file->size - sizeof *header) / sizeof(rk_section_entry)));
    return count;
}

static inline void reseal(built_file *file, uint32_t what) {
    if (file->size < sizeof(rk_file_header)) return;
    rk_file_header *header = (rk_file_header *)(void *)file->bytes;
    rk_section_entry *entries = (rk_section_entry *)(void *)(header + 1);
    const uint32_t count = reseal_sections(file, header);
    const uint64_t table_bytes = count * sizeof *entries;
    for (uint32_t i = 0; i < count && (what & RESEAL_SECTIONS) != 0; i++) {
        const uint64_t offset = entries[i].offset, bytes = entries[i].bytes;
        if (offset <= file->size && bytes <= file->size - offset)
            rk_sha256_of(file->bytes + offset, bytes, entries[i].sha256);
    }
    if ((what & RESEAL_TABLE) != 0) header->table_crc32 = rk_crc32(entries, table_bytes);
    if ((what & RESEAL_ID) != 0) {
        rk_file_header blank = *header;
        memset(blank.content_id, 0, sizeof blank.content_id);
        blank.table_crc32 = 0;
        blank.header_crc32 = 0;
        rk_sha256 hash;
        rk_sha256_init(&hash);
        rk_sha256_update(&hash, &blank, sizeof blank);
        rk_sha256_update(&hash, entries, table_bytes);
        rk_sha256_final(&hash, header->content_id);
    }
    if ((what & RESEAL_HEADER) != 0)
        header->header_crc32 = rk_crc32(header, offsetof(rk_file_header, header_crc32));
}

/* ---- places ---- */

/* Offset of a section's table entry in a valid file; aborts if there is none. */
static inline uint64_t entry_offset(const built_file *file, const char *type) {
    const rk_file_header *header = (const void *)file->bytes;
    const rk_container container = {file->bytes, header, (const void *)(header + 1)};
    const rk_section_entry *entry = rk_container_find(&container, type);
    if (entry == NULL) abort();
    return (uint64_t)((const unsigned char *)entry - file->bytes);
}

static inline uint64_t section_offset(const built_file *file, const char *type) {
    const rk_section_entry *entry = (const void *)(file->bytes + entry_offset(file, type));
    return entry->offset;
}

#endif
