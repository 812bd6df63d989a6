#include "learn/split.h"

#include "base/rng.h"

#define LEAST_ITEMS    3u
#define TEMPORAL_PART  5u
#define SESSIONS_SHARE 0.1
#define STREAM_SAMPLE  0x73616D706C65u /* "sample" */
#define STREAM_HIDE    0x68696465u     /* "hide" */

#define HIDDEN UINT64_MAX

/* One user's rows, by time, and where they lie in the split. */
typedef struct user_rows {
    const uint64_t *row;
    uint64_t begin;
    uint32_t count;
    uint32_t user;
} user_rows;

/* What leave-one-out looks up. */
typedef struct item_facts {
    uint32_t *own_rows; /* (items) rows of the user at hand, zero between users */
    uint64_t *hash;     /* (items) of the ids, where they decide what is hidden */
} item_facts;

/* Hashes are of ids, not of places in the file: another order of the rows, more users or more items
 * change nothing for those who were there. */
static uint64_t id_hash(const rk_strings *ids, uint32_t row, uint64_t hash) {
    const char *id;
    uint32_t bytes = rk_strings_get(ids, row, &id);
    for (uint32_t i = 0; i < bytes; i++) hash = rk_mix64(hash, (unsigned char)id[i]);
    return hash;
}

/* A uniform number in [0, 1). */
static double user_fraction(const rk_events_content *content, uint32_t user, uint64_t stream,
                            uint64_t seed) {
    uint64_t hash = id_hash(&content->users, user, rk_mix64(seed, stream));
    return (double)(hash >> 11) * 0x1p-53;
}

static bool has_enough_items(const rk_events_content *content, user_rows rows) {
    uint32_t seen[LEAST_ITEMS], count = 0;
    for (uint32_t i = 0; i < rows.count && count < LEAST_ITEMS; i++) {
        uint32_t item = content->item[rows.row[i]];
        bool known = false;
        for (uint32_t j = 0; j < count; j++) known |= seen[j] == item;
        if (!known) seen[count++] = item;
    }
    return count == LEAST_ITEMS;
}

/* Which of the user's rows leave-one-out hides, or RK_NONE. Only likes are worth finding again. */
static uint32_t choose_hidden(const rk_events_content *content, const item_facts *facts,
                              user_rows rows, uint64_t seed) {
    uint32_t chosen = RK_NONE;
    uint64_t least = UINT64_MAX;
    uint64_t user =
        facts->hash ? id_hash(&content->users, rows.user, rk_mix64(seed, STREAM_HIDE)) : 0;
    for (uint32_t i = rows.count; i-- > 0;) {
        uint32_t item = content->item[rows.row[i]];
        uint64_t hash = facts->hash ? rk_mix64(user, facts->hash[item]) : 0;
        if (facts->hash ? hash >= least : chosen != RK_NONE) continue;
        if (!(rk_event_weight(content, content->label[rows.row[i]]) > 0.0f)) continue;
        if (facts->own_rows[item] > 1) continue;
        least = hash;
        chosen = i;
    }
    return chosen;
}

static void add_case(rk_split *split, uint32_t user, uint64_t history, uint32_t history_count,
                     uint32_t relevant_count) {
    split->cases[split->case_count++] = (rk_case){.user = user,
                                                  .history_begin = history,
                                                  .history_count = history_count,
                                                  .relevant_begin = history + history_count,
                                                  .relevant_count = relevant_count};
}

/* The hidden row moves to the end of the user's run, so that the rest is the history. */
static void leave_one_out(const rk_events_content *content, const item_facts *facts, user_rows rows,
                          uint64_t seed, rk_split *split) {
    if (!has_enough_items(content, rows)) return;
    for (uint32_t i = 0; i < rows.count; i++) facts->own_rows[content->item[rows.row[i]]]++;
    uint32_t hidden = choose_hidden(content, facts, rows, seed);
    for (uint32_t i = 0; i < rows.count; i++) facts->own_rows[content->item[rows.row[i]]] = 0;
    if (hidden == RK_NONE) return;
    uint64_t *own = split->row + rows.begin;
    memmove(own + hidden, own + hidden + 1, (rows.count - 1 - hidden) * sizeof *own);
    own[rows.count - 1] = rows.row[hidden];
    split->train.row[rows.begin + hidden] = HIDDEN;
    add_case(split, rows.user, rows.begin, rows.count - 1, 1);
}

static void hide(rk_split *split, user_rows rows, uint32_t first) {
    for (uint32_t i = first; i < rows.count; i++) split->train.row[rows.begin + i] = HIDDEN;
}

static void cut_by_time(user_rows rows, rk_split *split) {
    if (rows.count < LEAST_ITEMS) return;
    uint32_t hidden = RK_MAX(1, rows.count / TEMPORAL_PART);
    hide(split, rows, rows.count - hidden);
    add_case(split, rows.user, rows.begin, rows.count - hidden, hidden);
}

static void every_prefix(user_rows rows, rk_split *split) {
    for (uint32_t i = 1; i < rows.count; i++) add_case(split, rows.user, rows.begin, i, 1);
}

static bool is_test_session(const rk_events_content *content, user_rows rows, uint64_t seed) {
    if (!content->split) {
        return user_fraction(content, rows.user, STREAM_SAMPLE, ~seed) < SESSIONS_SHARE;
    }
    bool any = false;
    for (uint32_t i = 0; i < rows.count; i++) any |= content->split[rows.row[i]] == 1;
    return any;
}

static void drop_hidden(rk_rows *rows) {
    uint64_t kept = 0;
    for (uint64_t i = 0; i < rows->count; i++) {
        if (rows->row[i] != HIDDEN) rows->row[kept++] = rows->row[i];
    }
    rows->count = kept;
}

static bool take_facts(const rk_events_content *content, bool hashes, rk_memory *memory,
                       item_facts *facts) {
    uint32_t items = content->meta.items;
    *facts = (item_facts){.own_rows = RK_NEW(memory, uint32_t, items)};
    if (!facts->own_rows || !hashes) return facts->own_rows != NULL;
    facts->hash = RK_NEW(memory, uint64_t, items);
    if (!facts->hash) return false;
    for (uint32_t item = 0; item < items; item++)
        facts->hash[item] = id_hash(&content->items, item, 0);
    return true;
}

rk_status rk_split_events(const rk_events_content *content, const rk_rows *rows,
                          rk_protocol protocol, double sample, uint64_t seed, rk_memory *memory,
                          rk_split *split, rk_error *error) {
    uint64_t events = rows->count;
    bool sessions = protocol == RK_PROTOCOL_SESSIONS;
    *split =
        (rk_split){.keep_seen = sessions, .hides_random = content->meta.time_kind == RK_TIME_NONE};
    split->train = (rk_rows){.row = RK_NEW(memory, uint64_t, events), .count = events};
    split->row = RK_NEW(memory, uint64_t, events);
    split->cases = RK_NEW(memory, rk_case, sessions ? events : content->meta.users);
    item_facts facts;
    rk_memory scratch = {0};
    if (!split->train.row || !split->row || !split->cases ||
        !take_facts(content, split->hides_random, &scratch, &facts)) {
        rk_memory_free(&scratch);
        return rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "split");
    }
    memcpy(split->train.row, rows->row, (size_t)events * sizeof *rows->row);
    memcpy(split->row, rows->row, (size_t)events * sizeof *rows->row);
    for (uint64_t begin = 0, end = 0; begin < events; begin = end) {
        uint32_t user = content->user[rows->row[begin]];
        while (end < events && content->user[rows->row[end]] == user) end++;
        user_rows own = {.row = rows->row + begin,
                         .begin = begin,
                         .count = (uint32_t)(end - begin),
                         .user = user};
        bool sampled = sample >= 1.0 || user_fraction(content, user, STREAM_SAMPLE, seed) < sample;
        bool test_session = sessions && is_test_session(content, own, seed);
        /* A test session teaches nothing even if it is not sampled. */
        if (test_session) hide(split, own, 0);
        if (!sampled) continue;
        if (test_session) every_prefix(own, split);
        if (protocol == RK_PROTOCOL_TEMPORAL) cut_by_time(own, split);
        if (protocol == RK_PROTOCOL_LEAVE_ONE_OUT) leave_one_out(content, &facts, own, seed, split);
    }
    rk_memory_free(&scratch);
    drop_hidden(&split->train);
    return RK_OK;
}
