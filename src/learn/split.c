#include "learn/split.h"

#include "base/rng.h"

#define LEAST_ITEMS    3u
#define TEMPORAL_PART  5u
#define GLOBAL_PART    10u
#define SESSIONS_PART  10u
#define SESSIONS_SHARE 0.1
#define COLD_SHARE     0.1
#define NEW_SHARE      0.1
#define NEW_USERS      300u /* held out of a small log, unless that is too many */
#define NEW_MOST       (1.0 / 3.0)
#define STREAM_SAMPLE  0x73616D706C65u /* "sample" */
#define STREAM_HIDE    0x68696465u     /* "hide" */
#define STREAM_COLD    0x636F6C64u     /* "cold" */
#define STREAM_NEW     0x6E6577u       /* "new" */
#define STREAM_SIDE    0x73696465u     /* "side" */

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
uint64_t rk_split_hash(const rk_strings *ids, uint32_t row, uint64_t seed) {
    const char *id;
    uint32_t bytes = rk_strings_get(ids, row, &id);
    uint64_t hash = seed;
    for (uint32_t i = 0; i < bytes; i++) hash = rk_mix64(hash, (unsigned char)id[i]);
    return hash;
}

/* A uniform number in [0, 1). */
static double fraction(uint64_t hash) {
    return (double)(hash >> 11) * 0x1p-53;
}

static uint64_t sample_hash(const rk_events_content *content, uint32_t user, uint64_t seed) {
    return rk_split_hash(&content->users, user, rk_mix64(seed, STREAM_SAMPLE));
}

double rk_split_fraction(const rk_events_content *content, uint32_t user, uint64_t seed) {
    return fraction(sample_hash(content, user, seed));
}

/* The `rank`-th largest of `count` keys, 1 <= rank <= count, found bit by bit: it is the largest
 * value that `rank` keys reach. 64 passes and no copy, where sorting would need one. */
static uint64_t nth_largest(const uint64_t *keys, uint64_t count, uint64_t rank) {
    uint64_t value = 0;
    for (uint64_t bit = UINT64_C(1) << 63; bit; bit >>= 1) {
        uint64_t reach = 0;
        for (uint64_t i = 0; i < count; i++) reach += keys[i] >= (value | bit);
        if (reach >= rank) value |= bit;
    }
    return value;
}

/* Orders as the times do. */
static uint64_t time_key(int64_t time) {
    return (uint64_t)time ^ UINT64_C(1) << 63;
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
        facts->hash ? rk_split_hash(&content->users, rows.user, rk_mix64(seed, STREAM_HIDE)) : 0;
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
    split->train.row[rows.begin + hidden] = RK_ROW_HIDDEN;
    add_case(split, rows.user, rows.begin, rows.count - 1, 1);
}

static void hide(rk_split *split, user_rows rows, uint32_t first) {
    for (uint32_t i = first; i < rows.count; i++) split->train.row[rows.begin + i] = RK_ROW_HIDDEN;
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

/* Where the newest events or sessions begin: a time, and among sessions of that time a hash. */
typedef struct newest {
    uint64_t key, hash;
} newest;

/* Everything the protocols look at. */
typedef struct splitting {
    const rk_events_content *content;
    rk_protocol protocol;
    uint64_t seed;
    item_facts facts; /* leave-one-out, cold-user */
    newest from;      /* temporal-global, sessions by time */
    double new_share; /* cold-user */
    rk_split *split;
} splitting;

static bool splits_sessions_by_time(const rk_events_content *content) {
    return !content->split && content->meta.time_kind == RK_TIME_UNIX_MS;
}

static bool is_test_session(const splitting *s, user_rows rows) {
    const rk_events_content *content = s->content;
    if (splits_sessions_by_time(content)) {
        uint64_t key = time_key(content->time[rows.row[0]]);
        if (key != s->from.key) return key > s->from.key;
        return sample_hash(content, rows.user, ~s->seed) >= s->from.hash;
    }
    if (!content->split) {
        return fraction(sample_hash(content, rows.user, ~s->seed)) < SESSIONS_SHARE;
    }
    bool any = false;
    for (uint32_t i = 0; i < rows.count; i++) any |= content->split[rows.row[i]] == 1;
    return any;
}

/* A test session teaches nothing even if it is not sampled. */
static void hide_session(const splitting *s, user_rows rows, bool sampled) {
    if (!is_test_session(s, rows)) return;
    hide(s->split, rows, 0);
    if (sampled) every_prefix(rows, s->split);
}

static void hide_newest(const splitting *s, user_rows rows, bool sampled) {
    uint32_t before = 0;
    while (before < rows.count && time_key(s->content->time[rows.row[before]]) < s->from.key)
        before++;
    hide(s->split, rows, before);
    if (!sampled || before == rows.count) return;
    if (before > 0) {
        add_case(s->split, rows.user, rows.begin, before, rows.count - before);
    } else if (s->split->keep_seen) {
        every_prefix(rows, s->split);
    } else if (rows.count > 1) {
        uint32_t asked = rows.count / 2;
        add_case(s->split, rows.user, rows.begin, rows.count - asked, asked);
    }
}

/* Rows on hidden items move to the end of the user's run. */
static void hide_cold_items(const splitting *s, user_rows rows, bool sampled) {
    uint64_t *own = s->split->row + rows.begin;
    uint32_t warm = 0, cold = 0;
    for (uint32_t i = 0; i < rows.count; i++) {
        bool hidden = s->split->cold[s->content->item[rows.row[i]]];
        if (hidden) s->split->train.row[rows.begin + i] = RK_ROW_HIDDEN;
        warm += !hidden;
    }
    for (uint32_t i = 0, next = 0; i < rows.count; i++) {
        bool hidden = s->split->cold[s->content->item[rows.row[i]]];
        own[hidden ? warm + cold++ : next++] = rows.row[i];
    }
    if (sampled && warm && cold) add_case(s->split, rows.user, rows.begin, warm, cold);
}

/* Rows on the side that is to be predicted move to the end of the user's run. A user who likes
 * nothing on one of the sides is held out all the same, and is no case. */
static void hide_user(const splitting *s, user_rows rows, bool sampled) {
    if (!(rk_split_fraction(s->content, rows.user, rk_mix64(s->seed, STREAM_NEW)) < s->new_share))
        return;
    hide(s->split, rows, 0);
    uint64_t *own = s->split->row + rows.begin;
    uint64_t user = rk_split_user_side(s->content, rows.user, s->seed);
    uint32_t asked = 0, predicted = 0, likes[2] = {0};
    for (uint32_t i = 0; i < rows.count; i++)
        asked += !rk_split_is_predicted(user, s->facts.hash[s->content->item[rows.row[i]]]);
    for (uint32_t i = 0, next = 0; i < rows.count; i++) {
        uint64_t row = rows.row[i];
        bool is_predicted = rk_split_is_predicted(user, s->facts.hash[s->content->item[row]]);
        own[is_predicted ? asked + predicted++ : next++] = row;
        likes[is_predicted] += rk_event_weight(s->content, s->content->label[row]) > 0.0f;
    }
    if (sampled && likes[0] && likes[1])
        add_case(s->split, rows.user, rows.begin, asked, predicted);
}

static void split_user(const splitting *s, user_rows rows, bool sampled) {
    switch (s->protocol) {
    case RK_PROTOCOL_LEAVE_ONE_OUT:
        if (sampled) leave_one_out(s->content, &s->facts, rows, s->seed, s->split);
        break;
    case RK_PROTOCOL_TEMPORAL:
        if (sampled) cut_by_time(rows, s->split);
        break;
    case RK_PROTOCOL_SESSIONS: hide_session(s, rows, sampled); break;
    case RK_PROTOCOL_TEMPORAL_GLOBAL: hide_newest(s, rows, sampled); break;
    case RK_PROTOCOL_COLD_ITEM: hide_cold_items(s, rows, sampled); break;
    case RK_PROTOCOL_COLD_USER: hide_user(s, rows, sampled); break;
    }
}

/* ---- what is looked up, made before the first user ------------------------------------------- */

static user_rows rows_of_user(const rk_events_content *content, const rk_rows *rows,
                              uint64_t begin) {
    uint32_t user = content->user[rows->row[begin]];
    uint64_t end = begin;
    while (end < rows->count && content->user[rows->row[end]] == user) end++;
    return (user_rows){
        .row = rows->row + begin, .begin = begin, .count = (uint32_t)(end - begin), .user = user};
}

/* The newest tenth of the events, at least one. */
static bool find_newest_events(splitting *s, const rk_rows *rows, rk_memory *memory) {
    uint64_t *keys = RK_NEW(memory, uint64_t, rows->count);
    if (!keys || rows->count == 0) return keys != NULL;
    for (uint64_t i = 0; i < rows->count; i++) keys[i] = time_key(s->content->time[rows->row[i]]);
    s->from.key = nth_largest(keys, rows->count, RK_MAX(1, rows->count / GLOBAL_PART));
    return true;
}

/* The newest tenth of the sessions, at least one. Many may begin at one time (days without hours):
 * of those the last by hash, so that the tenth is one. */
static bool find_newest_sessions(splitting *s, const rk_rows *rows, rk_memory *memory) {
    uint64_t *keys = RK_NEW(memory, uint64_t, s->content->meta.users);
    uint64_t *hashes = RK_NEW(memory, uint64_t, s->content->meta.users);
    if (!keys || !hashes || rows->count == 0) return keys && hashes;
    uint64_t sessions = 0, later = 0, same = 0;
    for (uint64_t begin = 0; begin < rows->count; sessions++) {
        user_rows own = rows_of_user(s->content, rows, begin);
        keys[sessions] = time_key(s->content->time[own.row[0]]);
        hashes[sessions] = sample_hash(s->content, own.user, ~s->seed);
        begin += own.count;
    }
    uint64_t wanted = RK_MAX(1, sessions / SESSIONS_PART);
    s->from.key = nth_largest(keys, sessions, wanted);
    for (uint64_t i = 0; i < sessions; i++) {
        later += keys[i] > s->from.key;
        if (keys[i] == s->from.key) hashes[same++] = hashes[i];
    }
    s->from.hash = nth_largest(hashes, same, wanted - later);
    return true;
}

static bool choose_cold_items(splitting *s, rk_memory *memory) {
    uint32_t items = s->content->meta.items;
    uint64_t start = rk_mix64(s->seed, STREAM_COLD);
    s->split->cold = RK_NEW(memory, bool, items);
    if (!s->split->cold) return false;
    for (uint32_t item = 0; item < items; item++)
        s->split->cold[item] =
            fraction(rk_split_hash(&s->content->items, item, start)) < COLD_SHARE;
    return true;
}

static double new_user_share(const rk_events_content *content, const rk_rows *rows) {
    uint64_t users = 0;
    for (uint64_t begin = 0; begin < rows->count; users++)
        begin += rows_of_user(content, rows, begin).count;
    double least = users ? (double)NEW_USERS / (double)users : 0.0;
    return RK_MAX(NEW_SHARE, RK_MIN(least, NEW_MOST));
}

uint64_t rk_split_user_side(const rk_events_content *content, uint32_t user, uint64_t seed) {
    return rk_split_hash(&content->users, user, rk_mix64(seed, STREAM_SIDE));
}

bool rk_split_is_predicted(uint64_t user_side, uint64_t item_hash) {
    return rk_mix64(user_side, item_hash) >> 63;
}

void rk_split_drop(rk_rows *rows) {
    uint64_t kept = 0;
    for (uint64_t i = 0; i < rows->count; i++) {
        if (rows->row[i] != RK_ROW_HIDDEN) rows->row[kept++] = rows->row[i];
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
        facts->hash[item] = rk_split_hash(&content->items, item, 0);
    return true;
}

/* Facts go to `scratch`, what the split keeps to `memory`. */
static bool prepare(splitting *s, const rk_rows *rows, rk_memory *memory, rk_memory *scratch) {
    switch (s->protocol) {
    case RK_PROTOCOL_LEAVE_ONE_OUT:
        return take_facts(s->content, s->split->hides_random, scratch, &s->facts);
    case RK_PROTOCOL_TEMPORAL: return true;
    case RK_PROTOCOL_SESSIONS:
        return !splits_sessions_by_time(s->content) || find_newest_sessions(s, rows, scratch);
    case RK_PROTOCOL_TEMPORAL_GLOBAL: return find_newest_events(s, rows, scratch);
    case RK_PROTOCOL_COLD_ITEM: return choose_cold_items(s, memory);
    case RK_PROTOCOL_COLD_USER:
        s->new_share = new_user_share(s->content, rows);
        return take_facts(s->content, true, scratch, &s->facts);
    }
    return true;
}

rk_status rk_split_events(const rk_events_content *content, const rk_rows *rows,
                          rk_protocol protocol, double sample, uint64_t seed, rk_memory *memory,
                          rk_split *split, rk_error *error) {
    uint64_t events = rows->count;
    bool sessions = content->meta.user_kind == RK_USERS_ARE_SESSIONS;
    bool next_items =
        protocol == RK_PROTOCOL_SESSIONS || (protocol == RK_PROTOCOL_TEMPORAL_GLOBAL && sessions);
    *split = (rk_split){.keep_seen = next_items,
                        .hides_random = content->meta.time_kind == RK_TIME_NONE};
    split->train = (rk_rows){.row = RK_NEW(memory, uint64_t, events), .count = events};
    split->row = RK_NEW(memory, uint64_t, events);
    split->cases = RK_NEW(memory, rk_case, next_items ? events : content->meta.users);
    splitting s = {.content = content, .protocol = protocol, .seed = seed, .split = split};
    rk_memory scratch = {0};
    if (!split->train.row || !split->row || !split->cases || !prepare(&s, rows, memory, &scratch)) {
        rk_memory_free(&scratch);
        return rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "split");
    }
    memcpy(split->train.row, rows->row, (size_t)events * sizeof *rows->row);
    memcpy(split->row, rows->row, (size_t)events * sizeof *rows->row);
    for (uint64_t begin = 0; begin < events;) {
        user_rows own = rows_of_user(content, rows, begin);
        bool sampled = sample >= 1.0 || rk_split_fraction(content, own.user, seed) < sample;
        split_user(&s, own, sampled);
        begin += own.count;
    }
    rk_memory_free(&scratch);
    rk_split_drop(&split->train);
    return RK_OK;
}
