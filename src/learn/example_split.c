#include "learn/example_split.h"

#include "base/rng.h"

#define LEAST_ROWS    3u
#define STREAM_WINDOW 0x77696E646Fu /* "windo" */
#define STREAM_TAKE   0x74616B65u   /* "take" */

/* What a case makes of a row of its user. */
enum { HISTORY, HIDDEN, LATER, PARTS };

/* One user's rows and where they lie. */
typedef struct user_run {
    uint64_t begin;
    uint32_t user, count;
} user_run;

typedef struct windows {
    const rk_events_content *content;
    const rk_rows *rows;
    uint64_t seed;
    bool by_hash, impressions;
    uint32_t slice;
    uint32_t *own_rows;  /* (items of the file) of the user at hand, zero between users */
    uint64_t *order_key; /* (longest run) by_hash */
    uint32_t *order;     /* (longest run) newest first */
    uint8_t *part;       /* (longest run) HISTORY, HIDDEN or LATER */
    rk_example_split *out;
} windows;

static user_run run_at(const rk_events_content *content, const rk_rows *rows, uint64_t begin) {
    uint32_t user = content->user[rows->row[begin]];
    uint64_t end = begin;
    while (end < rows->count && content->user[rows->row[end]] == user) end++;
    return (user_run){.begin = begin, .user = user, .count = (uint32_t)(end - begin)};
}

/* ---- windows --------------------------------------------------------------------------------- */

/* Orders by key, then by place: the keys of a user's items differ but for chance. */
static void sort_by_key(uint32_t *order, const uint64_t *key, uint32_t count) {
    for (uint32_t gap = count / 2; gap > 0; gap /= 2) {
        for (uint32_t i = gap; i < count; i++) {
            uint32_t moved = order[i], at = i;
            for (; at >= gap; at -= gap) {
                uint32_t other = order[at - gap];
                if (key[other] < key[moved] || (key[other] == key[moved] && other < moved)) break;
                order[at] = other;
            }
            order[at] = moved;
        }
    }
}

/* Places of the run's rows, newest first. */
static void order_run(const windows *w, user_run run) {
    const rk_events_content *content = w->content;
    for (uint32_t i = 0; i < run.count; i++) w->order[i] = run.count - 1 - i;
    if (!w->by_hash) return;
    uint64_t user = rk_split_hash(&content->users, run.user, rk_mix64(w->seed, STREAM_WINDOW));
    for (uint32_t i = 0; i < run.count; i++) {
        uint32_t item = content->item[w->rows->row[run.begin + i]];
        w->order_key[i] = rk_split_hash(&content->items, item, user);
    }
    sort_by_key(w->order, w->order_key, run.count);
}

/* Most rows of a window. */
static uint32_t window_rows(user_run run) {
    uint64_t part = (uint64_t)run.count * RK_WINDOW_NUMERATOR / RK_WINDOW_DENOMINATOR;
    return RK_MAX(1, (uint32_t)part);
}

/* Parts of the run's rows. A like counts if the user has its item nowhere else: others cannot be
 * asked for. */
static void choose_window(const windows *w, user_run run) {
    const rk_events_content *content = w->content;
    const uint64_t *row = w->rows->row + run.begin;
    uint32_t begin = w->slice * window_rows(run), end = begin + window_rows(run), likes = 0;
    for (uint32_t i = 0; i < run.count; i++) w->own_rows[content->item[row[i]]]++;
    for (uint32_t i = 0; i < run.count; i++) {
        uint32_t at = w->order[i];
        bool liked = rk_event_weight(content, content->label[row[at]]) > 0.0f;
        bool full = i >= end || (!w->impressions && likes >= w->out->wanted);
        w->part[at] = HISTORY;
        if (i < begin && !w->by_hash) w->part[at] = LATER;
        if (i < begin || full) continue;
        likes += liked && w->own_rows[content->item[row[at]]] == 1;
        w->part[at] = HIDDEN;
    }
    for (uint32_t i = 0; i < run.count; i++) w->own_rows[content->item[row[i]]] = 0;
}

/* The user's run, reordered: history, window, what was later; each in order. */
static void hide_window(windows *w, user_run run) {
    rk_split *split = &w->out->split;
    uint32_t counts[PARTS] = {0};
    if (run.count < LEAST_ROWS || (w->slice + 1) * window_rows(run) + 2 > run.count) return;
    order_run(w, run);
    choose_window(w, run);
    for (uint32_t i = 0; i < run.count; i++) counts[w->part[i]]++;
    uint64_t history = run.begin, window = history + counts[HISTORY];
    uint64_t to[PARTS] = {history, window, window + counts[HIDDEN]};
    for (uint32_t i = 0; i < run.count; i++) {
        split->row[to[w->part[i]]++] = w->rows->row[run.begin + i];
        if (w->part[i] == HIDDEN) split->train.row[run.begin + i] = RK_ROW_HIDDEN;
    }
    split->cases[split->case_count++] = (rk_case){.user = run.user,
                                                  .history_begin = history,
                                                  .history_count = counts[HISTORY],
                                                  .relevant_begin = window,
                                                  .relevant_count = counts[HIDDEN],
                                                  .later_count = counts[LATER]};
}

/* ---- who ------------------------------------------------------------------------------------- */

static bool mark_users(const rk_split *search, uint32_t users, rk_memory *memory, bool **asked) {
    *asked = RK_NEW(memory, bool, users);
    for (uint32_t i = 0; *asked && i < search->case_count; i++)
        (*asked)[search->cases[i].user] = true;
    return *asked != NULL;
}

static uint64_t take_seed(uint64_t seed) {
    return rk_mix64(seed, STREAM_TAKE);
}

/* Users with rows enough, and how many of them the search does not ask about. */
static uint32_t count_users(const windows *w, const bool *asked, uint32_t *others,
                            uint32_t *longest) {
    uint32_t users = 0;
    *others = *longest = 0;
    for (uint64_t begin = 0; begin < w->rows->count;) {
        user_run run = run_at(w->content, w->rows, begin);
        begin += run.count;
        *longest = RK_MAX(*longest, run.count);
        if (run.count < LEAST_ROWS) continue;
        users++;
        *others += !asked[run.user];
    }
    return users;
}

static double share_of(uint32_t most, uint64_t all) {
    return all > most ? (double)most / (double)all : 1.0;
}

static bool make_windows(windows *w, const rk_split *search, uint32_t most, rk_memory *memory,
                         rk_memory *scratch) {
    rk_example_split *out = w->out;
    bool *asked;
    uint32_t others, longest, items = w->content->meta.items;
    if (!mark_users(search, w->content->meta.users, scratch, &asked)) return false;
    uint32_t users = count_users(w, asked, &others, &longest);
    out->refit = out->shared = others < RK_MIN(most, RK_EXAMPLE_CASES_LEAST);
    if (!out->shared) w->rows = &search->train;
    uint32_t from = out->shared ? users : others;
    double share = share_of(most, from);
    out->wanted = RK_MAX(1, (most + from - 1) / RK_MAX(1, from));
    w->own_rows = RK_NEW(scratch, uint32_t, items);
    w->order_key = RK_NEW(scratch, uint64_t, w->by_hash ? longest : 0);
    w->order = RK_NEW(scratch, uint32_t, longest);
    w->part = RK_NEW(scratch, uint8_t, longest);
    rk_split *split = &out->split;
    split->train =
        (rk_rows){.row = RK_NEW(memory, uint64_t, w->rows->count), .count = w->rows->count};
    split->row = RK_NEW(memory, uint64_t, w->rows->count);
    split->cases = RK_NEW(memory, rk_case, from);
    if (!w->own_rows || !w->order_key || !w->order || !w->part || !split->train.row ||
        !split->row || !split->cases) {
        return false;
    }
    memcpy(split->train.row, w->rows->row, (size_t)w->rows->count * sizeof *w->rows->row);
    memcpy(split->row, w->rows->row, (size_t)w->rows->count * sizeof *w->rows->row);
    for (uint64_t begin = 0; begin < w->rows->count;) {
        user_run run = run_at(w->content, w->rows, begin);
        begin += run.count;
        if (!out->shared && asked[run.user]) continue;
        if (rk_split_fraction(w->content, run.user, take_seed(w->seed)) >= share) continue;
        hide_window(w, run);
    }
    rk_split_drop(&split->train);
    return true;
}

/* Cases of sessions hidden already: those of others than the search's, if they are enough. */
static bool filter_sessions(const rk_events_content *content, const rk_split *search, uint32_t most,
                            uint64_t seed, rk_memory *scratch, rk_example_split *out) {
    rk_split *split = &out->split;
    bool *asked;
    uint32_t others = 0, kept = 0;
    if (!mark_users(search, content->meta.users, scratch, &asked)) return false;
    for (uint32_t i = 0; i < split->case_count; i++) others += !asked[split->cases[i].user];
    out->shared = others < RK_MIN(most, RK_EXAMPLE_CASES_LEAST);
    double share = share_of(most, out->shared ? split->case_count : others);
    for (uint32_t i = 0; i < split->case_count; i++) {
        uint32_t user = split->cases[i].user;
        if (!out->shared && asked[user]) continue;
        if (rk_split_fraction(content, user, take_seed(seed)) >= share) continue;
        split->cases[kept++] = split->cases[i];
    }
    split->case_count = kept;
    return true;
}

rk_status rk_example_split_make(const rk_events_content *content, const rk_rows *rows,
                                const rk_split *search, bool impressions, uint32_t most,
                                uint32_t slice, uint64_t seed, rk_memory *memory,
                                rk_example_split *out, rk_error *error) {
    rk_memory scratch = {0};
    bool ok;
    *out = (rk_example_split){.wanted = 1};
    if (search->keep_seen) {
        RK_TRY(rk_split_events(content, rows, RK_PROTOCOL_SESSIONS, 1.0, seed, memory, &out->split,
                               error));
        ok = filter_sessions(content, search, most, seed, &scratch, out);
    } else {
        windows w = {.content = content,
                     .rows = rows,
                     .seed = seed,
                     .by_hash = content->meta.time_kind == RK_TIME_NONE,
                     .impressions = impressions,
                     .slice = slice,
                     .out = out};
        out->split.hides_random = w.by_hash;
        ok = make_windows(&w, search, most, memory, &scratch);
    }
    rk_memory_free(&scratch);
    return ok ? RK_OK : rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "examples");
}
