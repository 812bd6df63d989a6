#include "learn/case_request.h"

#include "base/fmath.h"
#include "format/user_features.h"

#define LOCATION_GRID 0.005f

bool rk_case_room_take(const rk_trial *trial, rk_memory *memory, rk_case_room *room) {
    uint64_t most = 0;
    for (uint32_t i = 0; i < trial->split->case_count; i++) {
        const rk_case *test = &trial->split->cases[i];
        most = RK_MAX(most, (uint64_t)test->history_count + test->later_count);
    }
    room->session = RK_NEW(memory, rk_event, RK_MAX_SESSION);
    room->exclude = RK_NEW(memory, uint32_t, trial->excluded_count + most);
    if (!room->session || !room->exclude) return false;
    for (uint32_t i = 0; i < trial->excluded_count; i++) room->exclude[i] = trial->excluded[i];
    return true;
}

/* The events of a history that the request holds: from `first` up to `end`. */
typedef struct window {
    uint32_t first, end;
} window;

static window window_of(const rk_trial *trial, const rk_case *test) {
    uint32_t count = test->history_count;
    if (!trial->one_event)
        return (window){count > RK_MAX_SESSION ? count - RK_MAX_SESSION : 0, count};
    uint64_t hash = rk_split_hash(&trial->events->users, test->user, count);
    uint32_t chosen = trial->split->keep_seen ? count - 1 : (uint32_t)(hash % count);
    return (window){chosen, chosen + 1};
}

static uint32_t read_history(const rk_trial *trial, const rk_case *test, rk_event *session) {
    const uint64_t *rows = trial->split->row + test->history_begin;
    window held = window_of(trial, test);
    uint32_t count = 0;
    for (uint32_t i = held.first; i < held.end; i++) {
        uint32_t item = trial->log->item_of_file[trial->events->item[rows[i]]];
        if (item == RK_NONE) continue;
        session[count++] = (rk_event){
            .time_ms = trial->events->time ? trial->events->time[rows[i]] : 0,
            .item = item,
            .type = rk_event_type(trial->events, trial->events->label[rows[i]]),
        };
    }
    return count;
}

/* Items of a long history that the session's events leave out: seen all the same. */
static uint32_t read_others(const rk_trial *trial, const rk_case *test, uint32_t *others) {
    const uint64_t *rows = trial->split->row + test->history_begin;
    window held = window_of(trial, test);
    uint32_t count = 0;
    for (uint32_t i = 0; i < test->history_count; i++) {
        uint32_t item = trial->log->item_of_file[trial->events->item[rows[i]]];
        bool is_held = i >= held.first && i < held.end;
        if (!is_held && item != RK_NONE) others[count++] = item;
    }
    return count;
}

/* Items of rows that came after the window: the retrieval has learnt that this user takes them, so
 * as candidates that were not chosen they would teach not to trust it. */
static uint32_t read_later(const rk_trial *trial, const rk_case *test, uint32_t *later) {
    const uint64_t *rows = trial->split->row + test->relevant_begin + test->relevant_count;
    uint32_t count = 0;
    for (uint32_t i = 0; i < test->later_count; i++) {
        uint32_t item = trial->log->item_of_file[trial->events->item[rows[i]]];
        if (item != RK_NONE) later[count++] = item;
    }
    return count;
}

/* What is known of the user when asking: the context of the first hidden event. */
static uint32_t read_features(const rk_trial *trial, const rk_case *test, uint32_t *features) {
    const rk_events_content *events = trial->events;
    const rk_snapshot_content *snapshot = trial->snapshot;
    uint32_t count = 0, columns = events->meta.features;
    if (!columns || !snapshot->meta.user_features) return 0;
    uint64_t context = events->context[trial->split->row[test->relevant_begin]];
    for (uint32_t f = 0; f < columns; f++) {
        const char *name, *value;
        uint32_t name_bytes = rk_strings_get(&events->features, f, &name);
        uint32_t value_bytes =
            rk_strings_get(&events->contexts, (uint32_t)(context * columns + f), &value);
        if (value_bytes == 0) continue;
        features[count++] =
            rk_feature_row(name, name_bytes, value, value_bytes, snapshot->meta.feature_rows);
    }
    return count;
}

bool rk_case_tells_location(const rk_trial *trial, const rk_case *test) {
    if (!trial->located || !trial->events->place) return false;
    uint32_t item = trial->events->item[trial->split->row[test->relevant_begin]];
    return trial->events->place[2 * (uint64_t)item] != RK_NO_PLACE;
}

/* Where the user stands when asking: the place of the first hidden event, to half a kilometre. With
 * told_is_no_answer what tells the place is not asked for. */
static void locate(const rk_trial *trial, const rk_case *test, rk_request *request) {
    if (!rk_case_tells_location(trial, test)) return;
    uint32_t item = trial->events->item[trial->split->row[test->relevant_begin]];
    const float *place = trial->events->place + 2 * (uint64_t)item;
    request->flags |= RK_REQUEST_LOCATION;
    request->latitude = (float)rk_round_i32(place[0] / LOCATION_GRID) * LOCATION_GRID;
    request->longitude = (float)rk_round_i32(place[1] / LOCATION_GRID) * LOCATION_GRID;
}

rk_request rk_case_request(const rk_trial *trial, uint32_t index, rk_case_room *room) {
    const rk_case *test = &trial->split->cases[index];
    rk_request request = {.session = room->session,
                          .exclude = room->exclude,
                          .exclude_count = trial->excluded_count,
                          .seed = index,
                          .features = room->features};
    if (trial->events->meta.time_kind == RK_TIME_UNIX_MS)
        request.time_ms = trial->events->time[trial->split->row[test->relevant_begin]];
    request.feature_count = read_features(trial, test, room->features);
    locate(trial, test, &request);
    request.session_count = read_history(trial, test, room->session);
    if (trial->split->keep_seen) {
        request.flags |= RK_REQUEST_KEEP_SEEN;
    } else {
        request.exclude_count += read_others(trial, test, room->exclude + trial->excluded_count);
    }
    request.exclude_count += read_later(trial, test, room->exclude + request.exclude_count);
    return request;
}
