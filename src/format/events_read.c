/* Reading events files: FORMAT.md section 2. After RK_OK every index is inside its table, so the
 * learner indexes without checks. O(bytes); the SHA-256 of the sections is nearly all of it. */
#include "format/events_read.h"

#include "format/checks.h"
#include "format/events_sections.h"

static const int64_t max_time = (int64_t)1 << 53; /* JavaScript numbers hold times exactly */

typedef struct events_file {
    const rk_container *container;
    const rk_section_entry *found[EV_SECTIONS];
    rk_events_meta meta;
} events_file;

static rk_status check_meta(const events_file *file, rk_error *error) {
    const rk_section_entry *entry = file->found[EV_META];
    const rk_events_meta *meta = &file->meta;
    RK_TRY(rk_check_range(entry, offsetof(rk_events_meta, users), "users", meta->users, 0,
                          RK_NONE - 1, error));
    RK_TRY(rk_check_range(entry, offsetof(rk_events_meta, items), "items", meta->items, 0,
                          RK_MAX_ITEMS - 1, error));
    RK_TRY(rk_check_range(entry, offsetof(rk_events_meta, types), "types", meta->types, 1,
                          RK_MAX_EVENT_TYPES, error));
    RK_TRY(rk_check_range(entry, offsetof(rk_events_meta, time_kind), "time_kind", meta->time_kind,
                          RK_TIME_NONE, RK_TIME_UNIX_MS, error));
    RK_TRY(rk_check_range(entry, offsetof(rk_events_meta, user_kind), "user_kind", meta->user_kind,
                          RK_USERS_ARE_SESSIONS, RK_USERS_ARE_USERS, error));
    return rk_check_zero(file->container, entry, offsetof(rk_events_meta, reserved), sizeof *meta,
                         error);
}

/* Which optional sections are there, and that all are flagged required. */
static rk_status check_presence(const events_file *file, rk_error *error) {
    const rk_section_entry *const *found = file->found;
    for (size_t s = 0; s < EV_SECTIONS; s++)
        if (found[s] != NULL && (found[s]->flags & RK_SECTION_REQUIRED) == 0)
            return rk_fail_value(
                error, RK_VALUE_RANGE, events_specs[s].type,
                (uint64_t)((const unsigned char *)&found[s]->flags - file->container->bytes),
                "flags", found[s]->flags, RK_SECTION_REQUIRED);
    const bool has_time = found[EV_TIME] != NULL, wants_time = file->meta.time_kind != RK_TIME_NONE;
    if (wants_time && !has_time)
        return rk_fail_value(error, RK_SECTION_MISSING, "ev.time", sizeof(rk_file_header),
                             "missing for time_kind", file->meta.time_kind, RK_TIME_NONE);
    if (has_time && !wants_time)
        return rk_fail_value_in(error, RK_VALUE_RANGE, found[EV_META],
                                offsetof(rk_events_meta, time_kind), "ev.time is there, time_kind",
                                RK_TIME_NONE, RK_TIME_UNIX_MS);
    return rk_check_pair(found[EV_NAME_OFF], "name.off", found[EV_NAME_TXT], "name.txt", error);
}

static rk_status check_shapes(const events_file *file, rk_error *error) {
    const rk_events_meta *meta = &file->meta;
    const struct {
        uint32_t section;
        uint64_t count;
    } shapes[] = {
        {EV_META, 1},
        {EV_USER, meta->events},
        {EV_ITEM, meta->events},
        {EV_LABEL, meta->events},
        {EV_TIME, meta->events},
        {EV_SPLIT, meta->events},
        {EV_USER_OFF, (uint64_t)meta->users + 1},
        {EV_ITEM_OFF, (uint64_t)meta->items + 1},
        {EV_TYPE_OFF, (uint64_t)meta->types + 1},
        {EV_TYPE_WGT, meta->types},
        {EV_NAME_OFF, (uint64_t)meta->items + 1},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const rk_section_entry *entry = file->found[shapes[i].section];
        if (entry == NULL) continue;
        RK_TRY(rk_check_shape(file->container, entry, events_specs[shapes[i].section].elem_bytes,
                              shapes[i].count, error));
    }
    return RK_OK;
}

static rk_status check_labels(const events_file *file, rk_error *error) {
    const rk_section_entry *entry = file->found[EV_LABEL];
    const uint32_t *labels = rk_section_data_of(file->container, entry);
    const uint64_t highest = ((uint64_t)1 << file->meta.types) - 1;
    for (uint64_t i = 0; i < entry->count; i++)
        RK_TRY(
            rk_check_range(entry, i * sizeof *labels, "label mask", labels[i], 1, highest, error));
    return RK_OK;
}

static rk_status check_times(const events_file *file, rk_error *error) {
    const rk_section_entry *entry = file->found[EV_TIME];
    if (entry == NULL) return RK_OK;
    const int64_t *times = rk_section_data_of(file->container, entry);
    for (uint64_t i = 0; i < entry->count; i++) {
        if (times[i] >= -max_time && times[i] <= max_time) continue;
        rk_detail detail = rk_detail_of("time ");
        rk_detail_add_i64(&detail, times[i]);
        rk_detail_add(&detail, ", limit ");
        rk_detail_add_i64(&detail, times[i] < 0 ? -max_time : max_time);
        return rk_fail_in(error, RK_VALUE_RANGE, entry, i * sizeof *times, detail.text);
    }
    return RK_OK;
}

static rk_status check_split(const events_file *file, rk_error *error) {
    const rk_section_entry *entry = file->found[EV_SPLIT];
    if (entry == NULL) return RK_OK;
    const uint8_t *split = rk_section_data_of(file->container, entry);
    for (uint64_t i = 0; i < entry->count; i++)
        RK_TRY(rk_check_range(entry, i, "split", split[i], 0, 1, error));
    return RK_OK;
}

static rk_status check_values(const events_file *file, rk_error *error) {
    const rk_container *container = file->container;
    const rk_section_entry *const *found = file->found;
    RK_TRY(rk_check_below(container, found[EV_USER], "user", file->meta.users, error));
    RK_TRY(rk_check_below(container, found[EV_ITEM], "item", file->meta.items, error));
    RK_TRY(check_labels(file, error));
    RK_TRY(check_times(file, error));
    RK_TRY(check_split(file, error));
    RK_TRY(
        rk_check_strings(container, found[EV_USER_OFF], found[EV_USER_TXT], RK_STRINGS_IDS, error));
    RK_TRY(rk_check_strings(container, found[EV_ITEM_OFF], found[EV_ITEM_TXT],
                            RK_STRINGS_IDS | RK_STRINGS_SORTED, error));
    RK_TRY(rk_check_strings(container, found[EV_TYPE_OFF], found[EV_TYPE_TXT],
                            RK_STRINGS_IDS | RK_STRINGS_UNIQUE, error));
    RK_TRY(rk_check_floats(container, found[EV_TYPE_WGT], -RK_FLOAT_LIMIT, RK_FLOAT_LIMIT, error));
    return rk_check_strings(container, found[EV_NAME_OFF], found[EV_NAME_TXT], RK_STRINGS_ANY,
                            error);
}

static rk_events_content content_of(const events_file *file) {
    const rk_container *container = file->container;
    const rk_section_entry *const *found = file->found;
    return (rk_events_content){
        .meta = file->meta,
        .user = rk_section_data_of(container, found[EV_USER]),
        .item = rk_section_data_of(container, found[EV_ITEM]),
        .label = rk_section_data_of(container, found[EV_LABEL]),
        .time = rk_section_data_of(container, found[EV_TIME]),
        .split = rk_section_data_of(container, found[EV_SPLIT]),
        .users = rk_strings_of(container, found[EV_USER_OFF], found[EV_USER_TXT]),
        .items = rk_strings_of(container, found[EV_ITEM_OFF], found[EV_ITEM_TXT]),
        .types = rk_strings_of(container, found[EV_TYPE_OFF], found[EV_TYPE_TXT]),
        .titles = rk_strings_of(container, found[EV_NAME_OFF], found[EV_NAME_TXT]),
        .type_weight = rk_section_data_of(container, found[EV_TYPE_WGT]),
    };
}

rk_status rk_events_read(const void *bytes, uint64_t size, rk_events_view *out, rk_error *error) {
    rk_container container;
    RK_TRY(rk_container_open(bytes, size, RK_KIND_EVENTS, &container, error));
    events_file file = {.container = &container};
    RK_TRY(rk_container_resolve(&container, events_specs, EV_SECTIONS, file.found, error));
    RK_TRY(rk_check_shape(&container, file.found[EV_META], sizeof file.meta, 1, error));
    RK_TRY(rk_container_verify(&container, error));
    memcpy(&file.meta, rk_section_data_of(&container, file.found[EV_META]), sizeof file.meta);
    RK_TRY(check_meta(&file, error));
    RK_TRY(check_presence(&file, error));
    RK_TRY(check_shapes(&file, error));
    RK_TRY(check_values(&file, error));
    *out = (rk_events_view){.container = container, .content = content_of(&file)};
    return RK_OK;
}
