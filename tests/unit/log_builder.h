/* Event logs made row by row, as content for the learners or as a file for the public API. Users
 * and items are numbers; ids, types and files are made from them. */
#ifndef RK_TESTS_LOG_BUILDER_H
#define RK_TESTS_LOG_BUILDER_H

#include "take.h"

#include "base/rng.h"
#include "learn/log.h"
#include "reckon_learn.h"

enum { VIEW = 1, LIKE = 2, HIDE = 4, SKIP = 8, LABEL_TYPES = 4 }; // bits of a label

typedef struct log_builder {
    rk_memory memory;
    uint32_t *user, *item, *label;
    int64_t *time;
    uint8_t *split;
    uint64_t events, capacity;
    uint32_t users, items; /* grow with the rows; may be set higher */
    uint32_t time_kind, user_kind;
    bool has_split;
    /* What is known of items and users; all zero in a plain log. */
    const float *place;                      /* (items, 2) */
    const float *boost;                      /* (items) */
    const uint32_t *related_begin, *related; /* (items + 1), ascending rows */
    uint32_t attributes, features, contexts;
    const char *const *attribute_names;  /* (attributes) */
    const uint8_t *attribute_kinds;      /* (attributes) */
    const char *const *attribute_values; /* (items, attributes) NULL: none */
    const char *const *feature_names;    /* (features) */
    const char *const *context_values;   /* (contexts, features) NULL: none */
    const uint32_t *context;             /* (events) */
} log_builder;

/* Room for `capacity` rows. */
static inline log_builder log_of(uint64_t capacity, uint32_t time_kind, uint32_t user_kind) {
    log_builder b = {.capacity = capacity, .time_kind = time_kind, .user_kind = user_kind};
    b.user = TAKE(&b.memory, uint32_t, capacity);
    b.item = TAKE(&b.memory, uint32_t, capacity);
    b.label = TAKE(&b.memory, uint32_t, capacity);
    b.time = TAKE(&b.memory, int64_t, capacity);
    b.split = TAKE(&b.memory, uint8_t, capacity);
    return b;
}

static inline void add_event(log_builder *b, uint32_t user, uint32_t item, uint32_t label,
                             int64_t time) {
    if (b->events == b->capacity) abort();
    b->user[b->events] = user;
    b->item[b->events] = item;
    b->label[b->events] = label;
    b->time[b->events++] = time;
    b->users = RK_MAX(b->users, user + 1);
    b->items = RK_MAX(b->items, item + 1);
}

static inline rk_events_content log_content(log_builder *b) {
    static const uint32_t type_offsets[LABEL_TYPES + 1] = {0, 4, 8, 12, 16};
    static const float type_weight[LABEL_TYPES] = {1.0f, 3.0f, -2.0f, 0.0f};
    rk_events_content content = {
        .meta = {.events = b->events,
                 .users = b->users,
                 .items = b->items,
                 .types = LABEL_TYPES,
                 .time_kind = b->time_kind,
                 .user_kind = b->user_kind,
                 .attributes = b->attributes,
                 .features = b->features,
                 .contexts = b->contexts},
        .user = b->user,
        .item = b->item,
        .label = b->label,
        .time = b->time_kind == RK_TIME_NONE ? NULL : b->time,
        .split = b->has_split ? b->split : NULL,
        .users = numbered_strings("u", b->users, &b->memory),
        .items = numbered_strings("i", b->items, &b->memory),
        .types = {type_offsets, "viewlikehideskip", LABEL_TYPES},
        .type_weight = type_weight,
        .place = b->place,
        .boost = b->boost,
        .related_begin = b->related_begin,
        .related = b->related,
    };
    if (b->attributes) {
        content.attributes = strings_of(b->attribute_names, b->attributes, &b->memory);
        content.attribute_kind = b->attribute_kinds;
        content.attribute_values =
            strings_of(b->attribute_values, b->items * b->attributes, &b->memory);
    }
    if (b->features) {
        content.features = strings_of(b->feature_names, b->features, &b->memory);
        content.contexts = strings_of(b->context_values, b->contexts * b->features, &b->memory);
        content.context = b->context;
    }
    return content;
}

/* The same as a validated file. */
static inline rk_events_view log_view(log_builder *b) {
    const rk_events_content content = log_content(b);
    rk_events_view view;
    rk_error error;
    const uint64_t bytes = rk_events_bytes(&content);
    unsigned char *file = take_or_abort(&b->memory, bytes, 1);
    rk_events_write(&content, "test", 1700000000000, file);
    if (rk_events_read(file, bytes, &view, &error) != RK_OK)
        fail_msg("%s: %s", error.section, error.detail);
    return view;
}

static inline rk_rows rows_in_order(const rk_events_content *content, rk_memory *memory) {
    rk_rows rows;
    assert_true(rk_rows_order(content, memory, &rows));
    return rows;
}

/* The learners' view of everything. */
static inline rk_log log_of_content(const rk_events_content *content, rk_memory *memory) {
    const rk_rows rows = rows_in_order(content, memory);
    rk_log log;
    rk_error error;
    assert_int_equal(rk_log_build(content, &rows, 0, memory, &log, &error), RK_OK);
    return log;
}

/* Rows with no structure: every label, tied times, empty users, items nobody touched. */
static inline log_builder random_log(rk_rng *rng, uint64_t events, uint32_t users, uint32_t items,
                                     uint32_t time_kind, uint32_t user_kind) {
    log_builder b = log_of(events, time_kind, user_kind);
    static const uint32_t labels[] = {VIEW, VIEW, VIEW, LIKE, VIEW | LIKE, HIDE, VIEW | HIDE, SKIP};
    for (uint64_t i = 0; i < events; i++) {
        const uint32_t popular = rk_rng_below(rng, items), any = rk_rng_below(rng, items);
        add_event(&b, rk_rng_below(rng, users), RK_MIN(popular, any), labels[rk_rng_below(rng, 8)],
                  1700000000000 + 600000 * (int64_t)rk_rng_below(rng, 200));
    }
    b.users = users + 2;
    b.items = items + 3;
    return b;
}

/* Users who stay in one of `clusters` groups of items, but for one event in ten: what a recommender
 * should find. Every item is about as popular as any other. */
static inline log_builder clustered_log(rk_rng *rng, uint32_t users, uint32_t items,
                                        uint32_t clusters, uint32_t length) {
    log_builder b = log_of((uint64_t)users * length, RK_TIME_UNIX_MS, RK_USERS_ARE_SESSIONS);
    const uint32_t size = items / clusters;
    for (uint32_t user = 0; user < users; user++) {
        const uint32_t own = rk_rng_below(rng, clusters);
        for (uint32_t i = 0; i < length; i++) {
            const bool stray = rk_rng_below(rng, 10) == 0;
            const uint32_t cluster = stray ? rk_rng_below(rng, clusters) : own;
            add_event(&b, user, cluster * size + rk_rng_below(rng, size), VIEW,
                      1700000000000 + 60000 * (int64_t)(user * length + i));
        }
    }
    b.items = items;
    return b;
}

#endif
