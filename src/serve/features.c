/* Features of candidates, by the definitions of features.def.
 *
 * Problem: 58 numbers for each of a hundred candidates in a few tens of microseconds, where each
 * asks something of the session: does its row hold this item, which of its items share a value. So
 * the question is turned round wherever it can be. Candidates go into a small hash table; the
 * session's events and the rows of its neighbours are walked once and look their candidates up. The
 * values of the session's items become bits of a dense array, bit j for its j-th item, so that what
 * a candidate shares with all of them is one OR over its own values. What remains is one decoding
 * of each candidate's vector, multiplied with up to 13 vectors in exact integers.
 *
 * What depends on an item alone (its popularity's logarithm) is computed when the context is laid
 * out. Rows of candidates lie all over memory and are touched ahead, as ann.c does.
 *
 * What they cost a candidate: tests/bench/first_stage_cost.csv. Invariant: value_users is zero
 * between rk_features_end and rk_features_begin. */
#include "serve/features.h"

#include "base/arena.h"
#include "base/fmath.h"
#include "model/vectors.h"

#define ATTRIBUTE_SLOTS 4u
#define RECENT_ITEMS    4u /* different liked items whose vectors are asked */
/* Liked events and disliked items that one word of bits has room for. */
#define LIKED_EVENTS   24u
#define DISLIKED_ITEMS 8u
/* Of a step back: the 24th liked event counts .09 of the last. */
#define RECENCY 0.9f
/* Events of the base rate that a user's own are mixed with. */
#define RATE_EVENTS  5.0f
#define MOST_VECTORS (1u + RECENT_ITEMS + DISLIKED_ITEMS + 1u)
#define TWO_PI       6.28318530717958647692f
#define MINUTE_MS    60000
#define DAY_MINUTES  1440

RK_STATIC_ASSERT(LIKED_EVENTS + DISLIKED_ITEMS <= 32, bits_fit_a_word);
#define LIKED_BITS ((1u << LIKED_EVENTS) - 1u)

struct rk_feature_context {
    const rk_snapshot_content *content;
    float *popularity;     /* (items) the feature of that name */
    uint32_t *value_users; /* (meta.attribute_values) bit j: liked event j has it, bit LIKED_EVENTS
                              + j: disliked item j has it */
    float place[RK_MAX_QUOTA + 1]; /* of a rank */
    float recency[LIKED_EVENTS];   /* of a liked event */
    struct {
        uint32_t begin, end; /* its values */
    } slots[ATTRIBUTE_SLOTS];
    uint32_t slot_count;

    /* Of the query. */
    uint32_t available;
    uint32_t liked[LIKED_EVENTS], liked_count;         /* last first, as the session has them */
    uint32_t recent[RECENT_ITEMS], recent_count;       /* last first, each once */
    uint32_t disliked[DISLIKED_ITEMS], disliked_count; /* last first, each once */
    float liked_weight;                                /* sum of the recency of liked */
    /* The mean; less the mean, recent and disliked; the user's features. */
    rk_ann_vector vectors[MOST_VECTORS];
    uint32_t vector_count;
    bool has_features;
    rk_anchors anchors;
    int64_t now_minutes; /* since 1970 */
    bool timed;
    float shared[RK_FEATURE_COUNT]; /* what is alike for all candidates */
};

static const char *const labels[RK_FEATURE_COUNT] = {
#define RK_FEATURE(name, meaning) [RK_FEATURE_##name] = #name,
#include "serve/features.def"
#undef RK_FEATURE
};

const char *rk_feature_label(uint32_t feature) {
    return feature < RK_FEATURE_COUNT ? labels[feature] : "";
}

/* ---- laying out ------------------------------------------------------------------------------ */

static rk_feature_context *lay_out(rk_arena *arena, const rk_snapshot_meta *meta) {
    rk_feature_context *context = RK_TAKE(arena, rk_feature_context, 1);
    float *popularity = RK_TAKE(arena, float, meta->items);
    uint32_t *value_users = RK_TAKE(arena, uint32_t, meta->attribute_values);
    if (context) context->popularity = popularity;
    if (context) context->value_users = value_users;
    return context;
}

uint64_t rk_feature_context_bytes(const rk_snapshot_meta *meta) {
    rk_arena arena = rk_arena_measuring();
    (void)lay_out(&arena, meta);
    return arena.used;
}

/* log(1 + popularity) over that of the first of the list; as the list may begin with another than
 * the top item, at most 1. */
static void fill_popularity(const rk_snapshot_content *content, float *out) {
    const uint32_t items = content->meta.items;
    float top = 0.0f;
    if (content->meta.popular_count) top = rk_logf(1.0f + content->popularity[content->popular[0]]);
    for (uint32_t item = 0; item < items; item++) {
        float value = top > 0.0f ? rk_logf(1.0f + content->popularity[item]) / top : 0.0f;
        out[item] = RK_MIN(1.0f, value);
    }
}

static void find_slots(rk_feature_context *context) {
    const rk_snapshot_content *content = context->content;
    context->slot_count = 0;
    for (uint32_t a = 0; a < content->meta.attributes; a++) {
        const uint32_t *first = content->attribute_first + a;
        if (context->slot_count == ATTRIBUTE_SLOTS || first[0] == first[1]) continue;
        context->slots[context->slot_count].begin = first[0];
        context->slots[context->slot_count++].end = first[1];
    }
}

rk_feature_context *rk_feature_context_over(const rk_snapshot_content *content, void *memory) {
    const rk_snapshot_meta *meta = &content->meta;
    rk_arena arena = rk_arena_over(memory, rk_feature_context_bytes(meta));
    rk_feature_context *context = lay_out(&arena, meta);
    assert(context && !arena.exhausted);
    context->content = content;
    fill_popularity(content, context->popularity);
    memset(context->value_users, 0, meta->attribute_values * sizeof *context->value_users);
    context->place[0] = 0.0f;
    for (uint32_t rank = 1; rank <= RK_MAX_QUOTA; rank++)
        context->place[rank] = 1.0f / rk_log2f(1.0f + (float)rank);
    float weight = 1.0f;
    for (uint32_t j = 0; j < LIKED_EVENTS; j++) {
        context->recency[j] = weight;
        weight *= RECENCY;
    }
    rk_ann_prepare_vector(content, content->vector_mean, &context->vectors[0]);
    find_slots(context);
    return context;
}

/* ---- items by number ------------------------------------------------------------------------- */

/* A hash table of at most half as many items as it has rooms: place of an item in `items`. */
#define ROOMS 2048u
RK_STATIC_ASSERT(2 * RK_MAX_CANDIDATES <= ROOMS && 2 * RK_MAX_SESSION <= ROOMS, half_full_at_most);

typedef struct item_index {
    uint16_t room[ROOMS]; /* 1 + place, 0: empty */
    const uint32_t *items;
} item_index;

static uint32_t room_of(const item_index *index, uint32_t item) {
    uint32_t room = item * 2654435769u >> 21; /* Fibonacci hashing: the upper 11 bits */
    while (index->room[room] && index->items[index->room[room] - 1u] != item)
        room = (room + 1) % ROOMS;
    return room;
}

/* Place of an item, RK_NONE if it is not there. */
static uint32_t find_item(const item_index *index, uint32_t item) {
    return index->room[room_of(index, item)] - 1u;
}

/* ---- a query's beginning --------------------------------------------------------------------- */

static bool holds(const uint32_t *items, uint32_t count, uint32_t item) {
    for (uint32_t i = 0; i < count; i++)
        if (items[i] == item) return true;
    return false;
}

static void list_items(rk_feature_context *context, const rk_query *query) {
    const rk_request *request = query->request;
    context->liked_count = RK_MIN(query->seed_count, LIKED_EVENTS);
    context->recent_count = context->disliked_count = 0;
    context->liked_weight = 0.0f;
    for (uint32_t j = 0; j < context->liked_count; j++) {
        context->liked[j] = query->seeds[j];
        context->liked_weight += context->recency[j];
    }
    for (uint32_t j = 0; j < query->seed_count && context->recent_count < RECENT_ITEMS; j++)
        if (!holds(context->recent, context->recent_count, query->seeds[j]))
            context->recent[context->recent_count++] = query->seeds[j];
    for (uint32_t i = request->session_count; i-- > 0;) {
        const rk_event *event = &request->session[i];
        if (context->disliked_count == DISLIKED_ITEMS) break;
        if (context->content->type_weight[event->type] < 0.0f &&
            !holds(context->disliked, context->disliked_count, event->item))
            context->disliked[context->disliked_count++] = event->item;
    }
}

static void add_item_vectors(rk_feature_context *context, const uint32_t *items, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        rk_ann_prepare_item(context->content, &context->vectors[0], items[i],
                            &context->vectors[context->vector_count++]);
}

/* Sum of the vectors of the user's features. */
static void add_user_vector(rk_feature_context *context, const rk_request *request) {
    const uint32_t dim = context->content->meta.dim;
    float vector[RK_MAX_DIM] = {0};
    context->has_features = request->feature_count > 0;
    if (!context->has_features) return;
    for (uint32_t f = 0; f < request->feature_count; f++) {
        const float *row = context->content->feature_vectors + (uint64_t)request->features[f] * dim;
        for (uint32_t i = 0; i < dim; i++) vector[i] += row[i];
    }
    rk_ann_prepare_vector(context->content, vector, &context->vectors[context->vector_count++]);
}

/* Sets or clears the bits of the session's items in the dense array. */
static void mark_values(rk_feature_context *context, const uint32_t *items, uint32_t count,
                        uint32_t first_bit, bool set) {
    const rk_snapshot_content *content = context->content;
    if (!content->meta.attributes) return;
    for (uint32_t j = 0; j < count; j++) {
        const uint32_t begin = content->item_value_begin[items[j]];
        const uint32_t end = content->item_value_begin[items[j] + 1];
        for (uint32_t at = begin; at < end; at++) {
            uint32_t *users = &context->value_users[content->item_value[at]];
            *users = set ? *users | 1u << (first_bit + j) : 0;
        }
    }
}

static void mark_session(rk_feature_context *context, bool set) {
    mark_values(context, context->liked, context->liked_count, 0, set);
    mark_values(context, context->disliked, context->disliked_count, LIKED_EVENTS, set);
}

/* Floored division of a time by a positive unit. */
static int64_t floor_div(int64_t value, int64_t unit) {
    return value / unit - (value % unit < 0);
}

/* The request's time, or the last event's; none where the log had none. */
static void read_clock(rk_feature_context *context, const rk_request *request) {
    int64_t now_ms = request->time_ms;
    if (now_ms == 0 && request->session_count)
        now_ms = request->session[request->session_count - 1].time_ms;
    context->timed = now_ms != 0 && context->content->meta.time_kind == RK_TIME_UNIX_MS;
    context->now_minutes = floor_div(now_ms, MINUTE_MS);
    if (!context->timed) return;
    const int64_t days = floor_div(context->now_minutes, DAY_MINUTES);
    const int64_t hour = (context->now_minutes - days * DAY_MINUTES) / 60;
    const int64_t weekday = days + 4 - 7 * floor_div(days + 4, 7); /* 1970 began on a Thursday */
    const float hour_angle = TWO_PI * (float)hour / 24.0f;
    const float weekday_angle = TWO_PI * (float)weekday / 7.0f;
    context->shared[RK_FEATURE_hour_sin] = rk_sinf(hour_angle);
    context->shared[RK_FEATURE_hour_cos] = rk_cosf(hour_angle);
    context->shared[RK_FEATURE_weekday_sin] = rk_sinf(weekday_angle);
    context->shared[RK_FEATURE_weekday_cos] = rk_cosf(weekday_angle);
}

/* `nearby` reads anchors if it takes part; distance is a feature whether it does or not. */
static void read_anchors(rk_feature_context *context, const rk_query *query) {
    context->anchors.count = 0;
    if (context->available >> RK_SOURCE_NEARBY & 1u) {
        context->anchors = query->anchors;
    } else if (!rk_source_nearby.unavailable(query)) {
        rk_query located = *query;
        rk_source_nearby.prepare(&located);
        context->anchors = located.anchors;
    }
}

static uint32_t count_different(const rk_request *request) {
    uint32_t items[RK_MAX_SESSION], count = 0;
    item_index index = {.items = items};
    for (uint32_t i = 0; i < request->session_count; i++) {
        const uint32_t room = room_of(&index, request->session[i].item);
        if (index.room[room]) continue;
        items[count] = request->session[i].item;
        index.room[room] = (uint16_t)++count;
    }
    return count;
}

static void read_counts(rk_feature_context *context, const rk_query *query) {
    const rk_snapshot_content *content = context->content;
    const rk_request *request = query->request;
    const float events = (float)request->session_count;
    uint32_t of_type[RK_MAX_EVENT_TYPES] = {0}, negative = 0;
    for (uint32_t i = 0; i < request->session_count; i++) {
        of_type[request->session[i].type]++;
        negative += content->type_weight[request->session[i].type] < 0.0f;
    }
    float *shared = context->shared;
    shared[RK_FEATURE_session_length] = rk_logf(1.0f + (float)query->seed_count);
    if (request->session_count) {
        shared[RK_FEATURE_session_variety] = (float)count_different(request) / events;
        shared[RK_FEATURE_dislike_share] = (float)negative / events;
    }
    for (uint32_t t = 0; t < content->meta.tasks; t++) {
        const rk_task *task = &content->tasks[t];
        shared[RK_FEATURE_user_rate_0 + t] =
            ((float)of_type[task->type] + RATE_EVENTS * task->base_rate) / (events + RATE_EVENTS);
    }
}

void rk_features_begin(rk_feature_context *context, const rk_query *query, uint32_t available) {
    context->available = available;
    context->vector_count = 1;
    memset(context->shared, 0, sizeof context->shared);
    list_items(context, query);
    add_item_vectors(context, context->recent, context->recent_count);
    add_item_vectors(context, context->disliked, context->disliked_count);
    add_user_vector(context, query->request);
    mark_session(context, true);
    read_clock(context, query->request);
    read_anchors(context, query);
    read_counts(context, query);
}

void rk_features_end(rk_feature_context *context) {
    mark_session(context, false);
}

/* ---- of retrieval ---------------------------------------------------------------------------- */

/* Finite sums can still be large where a file's vectors or weights are; a network's are bounded by
 * FORMAT.md as long as its inputs are. */
static void clip(float *values, uint32_t count) {
    const float limit = 0x1p20f;
    for (uint32_t i = 0; i < count; i++) values[i] = RK_MAX(-limit, RK_MIN(limit, values[i]));
}

static void retrieval_row(const rk_feature_context *context, const rk_candidates *candidates,
                          uint32_t place, float blend, float *row) {
    row[RK_FEATURE_blend] = blend;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        const bool took_part = context->available >> s & 1u;
        row[RK_FEATURE_score_popular + s] = took_part ? candidates->score[s][place] : 0.0f;
        row[RK_FEATURE_place_popular + s] = context->place[candidates->rank[s][place]];
    }
    row[RK_FEATURE_popularity] = context->popularity[candidates->item[place]];
}

void rk_features_retrieval(const rk_feature_context *context, const rk_query *query,
                           const rk_candidates *candidates, const float *blends, float *out) {
    (void)query;
    /* What lies all over memory is fetched before a row waits for it. */
    for (uint32_t place = 0; place < candidates->count; place++)
        out[place * RK_FIRST_INPUTS + RK_FEATURE_popularity] =
            context->popularity[candidates->item[place]];
    for (uint32_t place = 0; place < candidates->count; place++)
        retrieval_row(context, candidates, place, blends[place], out + place * RK_FIRST_INPUTS);
    clip(out, candidates->count * RK_FIRST_INPUTS);
}

/* ---- of the rest ----------------------------------------------------------------------------- */

/* The chosen candidates, and their rows of features. */
typedef struct chosen {
    uint32_t items[RK_MAX_CANDIDATES];
    uint32_t count;
    float *out; /* (count, RK_FEATURE_COUNT) */
    item_index index;
} chosen;

static float *row_of(const chosen *some, uint32_t i) {
    return some->out + (uint64_t)i * RK_FEATURE_COUNT;
}

/* Puts the strength of every chosen candidate in the row of `from` to `feature`, if it is more than
 * what is there. */
static void spread_row(const rk_neighbor_rows *rows, uint32_t from, uint32_t feature,
                       const chosen *some) {
    for (uint32_t at = rows->offsets[from]; at < rows->offsets[from + 1]; at++) {
        const uint32_t i = find_item(&some->index, rk_neighbor_item(rows->entries[at]));
        if (i == RK_NONE) continue;
        const float strength = (float)(1 + rk_neighbor_weight_code(rows->entries[at])) / 256.0f;
        float *to = row_of(some, i) + feature;
        *to = RK_MAX(*to, strength);
    }
}

static void spread_neighbors(const rk_snapshot_content *content, uint32_t from, uint32_t feature,
                             const chosen *some) {
    spread_row(&content->neighbors, from, feature, some);
    spread_row(&content->neighbors_more, from, feature, some);
}

/* What comes from walking the session: neighbours of its items, and repeats. */
static void walk_session(const rk_feature_context *context, const rk_request *request,
                         const chosen *some) {
    static const uint32_t follows[] = {RK_FEATURE_follows_last, RK_FEATURE_follows_before};
    uint16_t repeats[RK_MAX_CANDIDATES] = {0};
    for (uint32_t j = 0; j < RK_MIN(context->recent_count, 2); j++)
        spread_neighbors(context->content, context->recent[j], follows[j], some);
    for (uint32_t j = 0; j < context->disliked_count; j++)
        spread_neighbors(context->content, context->disliked[j], RK_FEATURE_dislike_follows, some);
    for (uint32_t lag = 0; lag < request->session_count; lag++) {
        const uint32_t item = request->session[request->session_count - 1 - lag].item;
        const uint32_t i = find_item(&some->index, item);
        if (i == RK_NONE) continue;
        if (repeats[i]++ == 0)
            row_of(some, i)[RK_FEATURE_repeat_recency] = 1.0f / (1.0f + (float)lag);
    }
    for (uint32_t i = 0; i < some->count; i++)
        if (repeats[i]) row_of(some, i)[RK_FEATURE_repeats] = rk_logf(1.0f + (float)repeats[i]);
}

static float largest(const float *values, uint32_t count) {
    float most = values[0];
    for (uint32_t i = 1; i < count; i++) most = RK_MAX(most, values[i]);
    return most;
}

/* scores (vector_count): of the item, by the vectors in their order. */
static void put_cosines(const rk_feature_context *context, const float *scores, float *row) {
    const float *recent = scores + 1, *disliked = recent + context->recent_count;
    if (context->recent_count) {
        row[RK_FEATURE_cosine_last] = scores[0] + recent[0];
        row[RK_FEATURE_cosine_best] = scores[0] + largest(recent, context->recent_count);
    }
    if (context->disliked_count)
        row[RK_FEATURE_dislike_cosine] = scores[0] + largest(disliked, context->disliked_count);
    if (context->has_features) row[RK_FEATURE_user_features] = disliked[context->disliked_count];
}

static void multiply_vectors(const rk_feature_context *context, const chosen *some) {
    enum { AT_ONCE = 16 };
    float scores[AT_ONCE * MOST_VECTORS];
    if (context->vector_count == 1) return;
    for (uint32_t begin = 0; begin < some->count; begin += AT_ONCE) {
        const uint32_t count = RK_MIN(AT_ONCE, some->count - begin);
        rk_ann_score_items_all(context->content, context->vectors, context->vector_count,
                               some->items + begin, count, scores);
        for (uint32_t i = 0; i < count; i++)
            put_cosines(context, scores + i * context->vector_count, row_of(some, begin + i));
    }
}

static float recency_of(const rk_feature_context *context, uint32_t liked) {
    float sum = 0.0f;
    for (; liked; liked &= liked - 1) sum += context->recency[__builtin_ctz(liked)];
    return sum;
}

/* Who of the session shares a value with the item, attribute by attribute. */
static void compare_attributes(const rk_feature_context *context, uint32_t item, float *row) {
    const rk_snapshot_content *content = context->content;
    if (!content->meta.attributes || !(context->liked_count + context->disliked_count)) return;
    const uint32_t begin = content->item_value_begin[item];
    const uint32_t end = content->item_value_begin[item + 1];
    uint32_t users[ATTRIBUTE_SLOTS + 1] = {0}, any = 0, slot = 0; /* the last: of no slot */
    for (uint32_t at = begin; at < end; at++) {
        const uint32_t value = content->item_value[at];
        while (slot < context->slot_count && value >= context->slots[slot].end) slot++;
        users[slot] |= context->value_users[value];
        any |= context->value_users[value];
    }
    for (slot = 0; slot < context->slot_count && context->liked_count; slot++)
        row[RK_FEATURE_attribute_0 + slot] =
            recency_of(context, users[slot] & LIKED_BITS) / context->liked_weight;
    if (context->disliked_count)
        row[RK_FEATURE_dislike_attribute] =
            (float)__builtin_popcount(any >> LIKED_EVENTS) / (float)context->disliked_count;
}

/* What the item is by itself, at this time and place. */
static void describe_item(const rk_feature_context *context, const rk_query *query, uint32_t item,
                          float *row) {
    const rk_snapshot_content *content = context->content;
    const uint32_t born = content->born && context->timed ? content->born[item] : 0;
    if (born && context->now_minutes > born)
        row[RK_FEATURE_age] =
            rk_logf(1.0f + (float)(context->now_minutes - born) / (float)DAY_MINUTES);
    if (context->anchors.count && query->spot_of[item] != RK_NONE)
        row[RK_FEATURE_nearness] =
            rk_nearness(&context->anchors, query->spots[query->spot_of[item]].point);
    if (context->recent_count)
        row[RK_FEATURE_leads_last] =
            (float)rk_neighbor_strength(content, item, context->recent[0]) / 256.0f;
    for (uint32_t t = 0; t < content->meta.tasks; t++) {
        uint8_t rate = content->task_rate[(uint64_t)item * content->meta.tasks + t];
        row[RK_FEATURE_item_rate_0 + t] =
            rate == RK_NO_RATE ? content->tasks[t].base_rate : (float)rate / RK_RATE_STEPS;
    }
}

/* Reads what describing the items will read, for nothing but to have it: first where their rows
 * begin, then the rows. */
static void fetch_items(const rk_feature_context *context, const uint32_t *items, uint32_t count) {
    const rk_snapshot_content *content = context->content;
    const rk_neighbor_rows *rows[] = {&content->neighbors, &content->neighbors_more};
    for (uint32_t i = 0; i < count; i++) {
        const volatile float *popularity = &context->popularity[items[i]];
        (void)*popularity;
        for (uint32_t r = 0; r < 2; r++) {
            const volatile uint32_t *offset = &rows[r]->offsets[items[i]];
            (void)*offset;
        }
        if (!content->meta.attributes) continue;
        const volatile uint32_t *begin = &content->item_value_begin[items[i]];
        (void)*begin;
    }
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t r = 0; r < 2; r++) {
            const uint32_t begin = rows[r]->offsets[items[i]];
            if (begin == rows[r]->offsets[items[i] + 1]) continue;
            const volatile uint32_t *entry = &rows[r]->entries[begin];
            (void)*entry;
        }
        if (!content->meta.attributes) continue;
        const uint32_t begin = content->item_value_begin[items[i]];
        if (begin == content->item_value_begin[items[i] + 1]) continue;
        const volatile uint32_t *value = &content->item_value[begin];
        (void)*value;
    }
}

static void choose(const rk_candidates *candidates, const uint32_t *places, uint32_t count,
                   float *out, chosen *some) {
    some->count = count;
    some->out = out;
    some->index.items = some->items;
    memset(some->index.room, 0, sizeof some->index.room);
    for (uint32_t i = 0; i < count; i++) {
        some->items[i] = candidates->item[places[i]];
        some->index.room[room_of(&some->index, some->items[i])] = (uint16_t)(i + 1);
    }
}

void rk_features_all(const rk_feature_context *context, const rk_query *query,
                     const rk_candidates *candidates, const float *blends, const uint32_t *places,
                     uint32_t count, float *out) {
    enum { AHEAD = 16 };
    chosen some;
    assert(count <= RK_MAX_CANDIDATES);
    choose(candidates, places, count, out, &some);
    for (uint32_t i = 0; i < count; i++) {
        if (i % AHEAD == 0) fetch_items(context, some.items + i, RK_MIN(AHEAD, count - i));
        float *row = row_of(&some, i);
        memcpy(row, context->shared, sizeof context->shared);
        retrieval_row(context, candidates, places[i], blends[places[i]], row);
        row[RK_FEATURE_sources] =
            (float)__builtin_popcount(candidates->sources[places[i]]) / (float)RK_SOURCE_COUNT;
        describe_item(context, query, some.items[i], row);
        compare_attributes(context, some.items[i], row);
    }
    walk_session(context, query->request, &some);
    multiply_vectors(context, &some);
    clip(out, count * RK_FEATURE_COUNT);
}
