#include "learn/replay_log.h"

/* The snapshot's number of every type of the file, and what each is worth. Types that the file does
 * not have keep the snapshot's weight: no row carries them. */
static rk_status map_types(const rk_events_content *events, const rk_snapshot_content *snapshot,
                           uint32_t *type_of_file, float *weight, rk_error *error) {
    memcpy(weight, snapshot->type_weight, snapshot->meta.types * sizeof *weight);
    for (uint32_t type = 0; type < events->meta.types; type++) {
        const char *name;
        uint32_t bytes = rk_strings_get(&events->types, type, &name);
        uint32_t known = rk_strings_scan(&snapshot->types, name, bytes);
        if (known == RK_NONE) {
            return rk_fail(error, RK_UNKNOWN_EVENT, "type.txt", type,
                           "an event the snapshot does not have");
        }
        type_of_file[type] = known;
        weight[known] = events->type_weight[type];
    }
    return RK_OK;
}

static void map_labels(const rk_events_content *events, const uint32_t *type_of_file,
                       uint32_t *label) {
    for (uint64_t row = 0; row < events->meta.events; row++) {
        for (uint32_t rest = events->label[row]; rest; rest &= rest - 1)
            label[row] |= 1u << type_of_file[__builtin_ctz(rest)];
    }
}

static void map_items(const rk_events_content *events, const rk_snapshot_content *snapshot,
                      rk_replay_log *out) {
    for (uint32_t item = 0; item < events->meta.items; item++) {
        const char *id;
        uint32_t bytes = rk_strings_get(&events->items, item, &id);
        out->log.item_of_file[item] = rk_strings_find(&snapshot->items, id, bytes);
        out->known_items += out->log.item_of_file[item] != RK_NONE;
    }
}

static void count_likes(rk_replay_log *out) {
    const rk_events_content *events = &out->events;
    for (uint64_t row = 0; row < events->meta.events; row++) {
        uint32_t item = out->log.item_of_file[events->item[row]];
        if (item == RK_NONE || !(rk_event_weight(events, events->label[row]) > 0.0f)) continue;
        out->log.item_events[item]++;
        out->log.events++;
    }
    out->log.events = RK_MAX(1, out->log.events); /* shares are of it */
}

rk_status rk_replay_log_map(const rk_events_content *events, const rk_snapshot_content *snapshot,
                            int64_t created_at_ms, rk_memory *memory, rk_replay_log *out,
                            rk_error *error) {
    uint32_t type_of_file[RK_MAX_EVENT_TYPES];
    *out = (rk_replay_log){.events = *events};
    float *weight = RK_NEW(memory, float, snapshot->meta.types);
    uint32_t *label = RK_NEW(memory, uint32_t, events->meta.events);
    out->log = (rk_log){.items = snapshot->meta.items,
                        .users = events->meta.users,
                        .time_kind = events->meta.time_kind,
                        .item_of_file = RK_NEW(memory, uint32_t, events->meta.items),
                        .item_events = RK_NEW(memory, uint32_t, snapshot->meta.items)};
    if (!weight || !label || !out->log.item_of_file || !out->log.item_events)
        return rk_fail(error, RK_OUT_OF_MEMORY, NULL, 0, "events to replay");
    RK_TRY(map_types(events, snapshot, type_of_file, weight, error));
    map_labels(events, type_of_file, label);
    map_items(events, snapshot, out);
    out->events.label = label;
    out->events.type_weight = weight;
    out->events.types = snapshot->types;
    out->events.meta.types = snapshot->meta.types;
    count_likes(out);
    bool timed = events->meta.time_kind == RK_TIME_UNIX_MS;
    for (uint64_t row = 0; timed && row < events->meta.events; row++)
        out->not_newer += events->time[row] <= created_at_ms;
    return RK_OK;
}
