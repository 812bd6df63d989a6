#include "learn/log.h"

#include "learn/expert.h"

/* Stable merge sort of one user's row indices by time: users are short, rows are in order. */
static void sort_by_time(uint64_t *rows, uint64_t *spare, uint64_t count, const int64_t *time) {
    if (count < 2) return;
    uint64_t half = count / 2;
    sort_by_time(rows, spare, half, time);
    sort_by_time(rows + half, spare, count - half, time);
    if (time[rows[half - 1]] <= time[rows[half]]) return;
    memcpy(spare, rows, (size_t)half * sizeof *rows);
    uint64_t left = 0, right = half, out = 0;
    while (left < half) {
        bool take_right = right < count && time[rows[right]] < time[spare[left]];
        rows[out++] = take_right ? rows[right++] : spare[left++];
    }
}

bool rk_rows_order(const rk_events_content *content, rk_memory *memory, rk_rows *rows) {
    uint64_t events = content->meta.events;
    uint32_t users = content->meta.users;
    rk_memory scratch = {0};
    uint64_t *order = RK_NEW(memory, uint64_t, events);
    uint64_t *spare = RK_NEW(&scratch, uint64_t, events);
    uint64_t *begin = RK_NEW(&scratch, uint64_t, (uint64_t)users + 2);
    bool ok = order && spare && begin;
    if (ok) {
        for (uint64_t i = 0; i < events; i++) begin[content->user[i] + 2]++;
        for (uint64_t user = 2; user <= users; user++) begin[user] += begin[user - 1];
        /* begin[u + 1] is where user u's next row goes; afterwards, where user u + 1 begins. */
        for (uint64_t i = 0; i < events; i++) order[begin[content->user[i] + 1]++] = i;
    }
    for (uint32_t user = 0; ok && content->time && user < users; user++) {
        sort_by_time(order + begin[user], spare, begin[user + 1] - begin[user], content->time);
    }
    rk_memory_free(&scratch);
    *rows = (rk_rows){.row = order, .count = events};
    return ok;
}

uint32_t rk_event_type(const rk_events_content *content, uint32_t labels) {
    uint32_t lowest = RK_NONE, highest = RK_NONE;
    for (uint32_t type = 0; type < content->meta.types; type++) {
        if (!(labels >> type & 1u)) continue;
        float weight = content->type_weight[type];
        if (lowest == RK_NONE || weight < content->type_weight[lowest]) lowest = type;
        if (highest == RK_NONE || weight > content->type_weight[highest]) highest = type;
    }
    return content->type_weight[lowest] < 0.0f ? lowest : highest;
}

float rk_event_weight(const rk_events_content *content, uint32_t labels) {
    return content->type_weight[rk_event_type(content, labels)];
}

/* Counts liked events an item, and numbers the items that have enough. False if out of memory. */
static bool choose_items(const rk_events_content *content, const rk_rows *rows,
                         uint32_t min_item_events, rk_memory *memory, rk_log *log) {
    uint32_t file_items = content->meta.items;
    log->item_of_file = RK_NEW(memory, uint32_t, file_items);
    log->file_item = RK_NEW(memory, uint32_t, file_items);
    log->item_events = RK_NEW(memory, uint32_t, file_items);
    log->item_rows = RK_NEW(memory, uint8_t, file_items);
    if (!log->item_of_file || !log->file_item || !log->item_events || !log->item_rows) return false;
    uint32_t *counts = log->item_of_file; /* first the counts, then overwritten by the numbers */
    for (uint64_t i = 0; i < rows->count; i++) {
        uint64_t row = rows->row[i];
        uint32_t item = content->item[row];
        float weight = rk_event_weight(content, content->label[row]);
        counts[item] += weight > 0.0f;
        log->item_rows[item] |= weight > 0.0f   ? RK_ROW_LIKED
                                : weight < 0.0f ? RK_ROW_DISLIKED
                                                : RK_ROW_NEITHER;
    }
    for (uint32_t item = 0; item < file_items; item++) {
        uint32_t count = counts[item];
        log->item_of_file[item] = RK_NONE;
        if (count < min_item_events) continue;
        log->item_of_file[item] = log->items;
        log->file_item[log->items] = item;
        log->item_rows[log->items] = log->item_rows[item];
        log->item_events[log->items++] = count;
    }
    return true;
}

rk_status rk_log_build(const rk_events_content *content, const rk_rows *rows,
                       uint32_t min_item_events, rk_memory *memory, rk_log *log, rk_error *error) {
    uint64_t events = rows->count;
    uint32_t users = content->meta.users;
    *log = (rk_log){.users = users, .time_kind = content->meta.time_kind};
    log->cuttable =
        content->meta.time_kind == RK_TIME_UNIX_MS && content->meta.user_kind == RK_USERS_ARE_USERS;
    log->item = RK_NEW(memory, uint32_t, events);
    log->weight = RK_NEW(memory, float, events);
    log->time = RK_NEW(memory, int64_t, events);
    log->context = content->context ? RK_NEW(memory, uint32_t, events) : NULL;
    log->user_begin = RK_NEW(memory, uint64_t, (uint64_t)users + 1);
    log->session_begin = RK_NEW(memory, uint64_t, events + 1);
    if (!log->item || !log->weight || !log->time || (content->context && !log->context) ||
        !log->user_begin || !log->session_begin ||
        !choose_items(content, rows, min_item_events, memory, log) ||
        !rk_expert_read(content, memory, log)) {
        return rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "event log");
    }
    uint32_t user = 0;
    for (uint64_t i = 0; i < events; i++) {
        uint64_t row = rows->row[i];
        while (user < content->user[row]) log->user_begin[++user] = log->events;
        uint32_t item = log->item_of_file[content->item[row]];
        float weight = rk_event_weight(content, content->label[row]);
        if (item == RK_NONE || !(weight > 0.0f)) continue;
        log->item[log->events] = item;
        log->weight[log->events] = weight;
        if (log->context) log->context[log->events] = content->context[row];
        log->time[log->events++] = content->time ? content->time[row] : 0;
    }
    while (user < users) log->user_begin[++user] = log->events;
    rk_log_cut(log, 0);
    if (log->events == 0)
        return rk_fail(error, RK_NO_EVENTS, NULL, 0, "no liked event of a kept item");
    return RK_OK;
}

void rk_log_cut(rk_log *log, int64_t gap_ms) {
    log->sessions = 0;
    for (uint32_t user = 0; user < log->users; user++) {
        for (uint64_t i = log->user_begin[user]; i < log->user_begin[user + 1]; i++) {
            bool first = i == log->user_begin[user];
            if (first || (gap_ms > 0 && log->time[i] - log->time[i - 1] > gap_ms)) {
                log->session_begin[log->sessions++] = i;
            }
        }
    }
    log->session_begin[log->sessions] = log->events;
}
