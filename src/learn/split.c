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

/* A uniform number in [0, 1) that depends on the user's id, not on its place in the file. */
static double user_fraction(const rk_events_content *content, uint32_t user, uint64_t stream,
                            uint64_t seed) {
    const char *id;
    uint32_t bytes = rk_strings_get(&content->users, user, &id);
    uint64_t hash = rk_mix64(seed, stream);
    for (uint32_t i = 0; i < bytes; i++) hash = rk_mix64(hash, (unsigned char)id[i]);
    return (double)(hash >> 11) * 0x1p-53;
}

static bool appears_elsewhere(const rk_events_content *content, user_rows rows, uint32_t at) {
    for (uint32_t i = 0; i < rows.count; i++) {
        if (i != at && content->item[rows.row[i]] == content->item[rows.row[at]]) return true;
    }
    return false;
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
static uint32_t choose_hidden(const rk_events_content *content, user_rows rows, bool random,
                              uint64_t seed) {
    uint32_t chosen = RK_NONE;
    uint64_t least = UINT64_MAX;
    for (uint32_t i = rows.count; i-- > 0;) {
        uint32_t item = content->item[rows.row[i]];
        uint64_t hash = rk_mix64(rk_mix64(seed, STREAM_HIDE), (uint64_t)rows.user << 32 | item);
        if (random ? hash >= least : chosen != RK_NONE) continue;
        if (!(rk_event_weight(content, content->label[rows.row[i]]) > 0.0f)) continue;
        if (appears_elsewhere(content, rows, i)) continue;
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
static void leave_one_out(const rk_events_content *content, user_rows rows, uint64_t seed,
                          rk_split *split) {
    if (!has_enough_items(content, rows)) return;
    uint32_t hidden = choose_hidden(content, rows, split->hides_random, seed);
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
    if (content->split) return content->split[rows.row[0]] == 1;
    return user_fraction(content, rows.user, STREAM_SAMPLE, ~seed) < SESSIONS_SHARE;
}

static void drop_hidden(rk_rows *rows) {
    uint64_t kept = 0;
    for (uint64_t i = 0; i < rows->count; i++) {
        if (rows->row[i] != HIDDEN) rows->row[kept++] = rows->row[i];
    }
    rows->count = kept;
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
    if (!split->train.row || !split->row || !split->cases) {
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
        if (protocol == RK_PROTOCOL_LEAVE_ONE_OUT) leave_one_out(content, own, seed, split);
    }
    drop_hidden(&split->train);
    return RK_OK;
}
