/* Reading events files: FORMAT.md section 2. After RK_OK every index is inside its table, so the
 * learner indexes without checks. O(bytes); the SHA-256 of the sections is nearly all of it. */
#include "format/events_read.h"

#include "format/checks.h"
#include "format/decimal.h"
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
    RK_TRY(rk_check_range(entry, offsetof(rk_events_meta, attributes), "attributes",
                          meta->attributes, 0, RK_MAX_ATTRIBUTES, error));
    RK_TRY(rk_check_range(entry, offsetof(rk_events_meta, features), "features", meta->features, 0,
                          RK_MAX_FEATURES, error));
    RK_TRY(rk_check_range(entry, offsetof(rk_events_meta, contexts), "contexts", meta->contexts, 0,
                          meta->features == 0 ? 0 : RK_MAX_CONTEXTS - 1, error));
    return rk_check_zero(file->container, entry, offsetof(rk_events_meta, reserved), sizeof *meta,
                         error);
}

/* Sections that are there exactly if a field of the meta is not zero. */
static const struct {
    uint32_t section;
    uint32_t field;
    const char *missing, *unasked;
} conditional[] = {
    {EV_TIME, offsetof(rk_events_meta, time_kind), "missing for time_kind",
     "ev.time is there, time_kind"},
#define ATTRIBUTES(name)                                                                           \
    offsetof(rk_events_meta, attributes), "missing for attributes", name " is there, attributes"
    {EV_ATTR_OFF, ATTRIBUTES("attr.off")},
    {EV_ATTR_TXT, ATTRIBUTES("attr.txt")},
    {EV_ATTR_KND, ATTRIBUTES("attr.knd")},
    {EV_AVAL_OFF, ATTRIBUTES("aval.off")},
    {EV_AVAL_TXT, ATTRIBUTES("aval.txt")},
#undef ATTRIBUTES
#define FEATURES(name)                                                                             \
    offsetof(rk_events_meta, features), "missing for features", name " is there, features"
    {EV_FEAT_OFF, FEATURES("feat.off")},
    {EV_FEAT_TXT, FEATURES("feat.txt")},
    {EV_CTX_OFF, FEATURES("ctx.off")},
    {EV_CTX_TXT, FEATURES("ctx.txt")},
    {EV_CONTEXT, FEATURES("ev.ctx")},
#undef FEATURES
};

static rk_status check_conditional(const events_file *file, rk_error *error) {
    for (size_t i = 0; i < sizeof conditional / sizeof *conditional; i++) {
        uint32_t value;
        memcpy(&value, (const char *)&file->meta + conditional[i].field, sizeof value);
        const bool there = file->found[conditional[i].section] != NULL, wanted = value != 0;
        if (wanted && !there)
            return rk_fail_value(error, RK_SECTION_MISSING,
                                 events_specs[conditional[i].section].type, sizeof(rk_file_header),
                                 conditional[i].missing, value, 0);
        if (there && !wanted)
            return rk_fail_value_in(error, RK_VALUE_RANGE, file->found[EV_META],
                                    conditional[i].field, conditional[i].unasked, 0, 1);
    }
    return RK_OK;
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
    RK_TRY(check_conditional(file, error));
    RK_TRY(rk_check_pair(found[EV_REL_OFF], "rel.off", found[EV_REL_ITEM], "rel.item", error));
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
        {EV_ITEM_GEO, meta->items},
        {EV_ITEM_BOOST, meta->items},
        {EV_REL_OFF, (uint64_t)meta->items + 1},
        {EV_ATTR_OFF, (uint64_t)meta->attributes + 1},
        {EV_ATTR_KND, meta->attributes},
        {EV_AVAL_OFF, (uint64_t)meta->items * meta->attributes + 1},
        {EV_FEAT_OFF, (uint64_t)meta->features + 1},
        {EV_CTX_OFF, (uint64_t)meta->contexts * meta->features + 1},
        {EV_CONTEXT, meta->events},
        {EV_PROPENSITY, meta->events},
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

static rk_status fail_number(const rk_section_entry *entry, const rk_strings *values, uint32_t row,
                             uint32_t attribute, rk_error *error) {
    const char *text;
    const uint32_t size = rk_strings_get(values, row, &text);
    char shown[RK_MAX_NUMBER_BYTES + 1] = {0};
    memcpy(shown, text, RK_MIN(size, RK_MAX_NUMBER_BYTES));
    rk_detail detail = rk_detail_of("attribute ");
    rk_detail_add_u64(&detail, attribute);
    rk_detail_add(&detail, " is a number, not \"");
    rk_detail_add(&detail, shown);
    rk_detail_add(&detail, size > RK_MAX_NUMBER_BYTES ? "...\"" : "\"");
    return rk_fail_in(error, RK_VALUE_RANGE, entry, values->offsets[row], detail.text);
}

static rk_status check_numbers(const events_file *file, uint32_t attribute, rk_error *error) {
    const rk_strings values =
        rk_strings_of(file->container, file->found[EV_AVAL_OFF], file->found[EV_AVAL_TXT]);
    for (uint32_t row = attribute; row < values.count; row += file->meta.attributes) {
        const char *text;
        const uint32_t size = rk_strings_get(&values, row, &text);
        double unused;
        if (size > 0 && (size > RK_MAX_NUMBER_BYTES || !rk_decimal_parse(text, size, &unused)))
            return fail_number(file->found[EV_AVAL_TXT], &values, row, attribute, error);
    }
    return RK_OK;
}

static rk_status check_attributes(const events_file *file, rk_error *error) {
    const rk_section_entry *const *found = file->found;
    if (found[EV_ATTR_KND] == NULL) return RK_OK;
    RK_TRY(rk_check_strings(file->container, found[EV_ATTR_OFF], found[EV_ATTR_TXT],
                            RK_STRINGS_IDS | RK_STRINGS_UNIQUE, error));
    const uint8_t *kinds = rk_section_data_of(file->container, found[EV_ATTR_KND]);
    for (uint32_t a = 0; a < file->meta.attributes; a++)
        RK_TRY(rk_check_range(found[EV_ATTR_KND], a, "attribute kind", kinds[a],
                              RK_ATTRIBUTE_CATEGORY, RK_ATTRIBUTE_KINDS - 1, error));
    RK_TRY(rk_check_strings(file->container, found[EV_AVAL_OFF], found[EV_AVAL_TXT], RK_STRINGS_ANY,
                            error));
    for (uint32_t a = 0; a < file->meta.attributes; a++)
        if (kinds[a] == RK_ATTRIBUTE_NUMBER) RK_TRY(check_numbers(file, a, error));
    return RK_OK;
}

/* Lists ascend and do not name their own item. */
static rk_status check_related(const events_file *file, rk_error *error) {
    const rk_section_entry *off = file->found[EV_REL_OFF], *entry = file->found[EV_REL_ITEM];
    if (off == NULL) return RK_OK;
    const uint32_t *begin = rk_section_data_of(file->container, off);
    const uint32_t *related = rk_section_data_of(file->container, entry);
    RK_TRY(rk_check_offsets(file->container, off, entry->count, error));
    RK_TRY(rk_check_below(file->container, entry, "item", file->meta.items, error));
    for (uint32_t item = 0; item < file->meta.items; item++)
        for (uint32_t i = begin[item]; i < begin[item + 1]; i++) {
            const uint64_t at = i * (uint64_t)sizeof *related;
            if (related[i] == item)
                return rk_fail_value_in(error, RK_VALUE_RANGE, entry, at, "related to itself: item",
                                        item, file->meta.items);
            if (i > begin[item] && related[i] <= related[i - 1])
                return rk_fail_value_in(error, RK_NOT_SORTED, entry, at, "descending item",
                                        related[i], related[i - 1]);
        }
    return RK_OK;
}

static rk_status check_contexts(const events_file *file, rk_error *error) {
    const rk_section_entry *const *found = file->found;
    if (found[EV_CONTEXT] == NULL) return RK_OK;
    RK_TRY(rk_check_strings(file->container, found[EV_FEAT_OFF], found[EV_FEAT_TXT],
                            RK_STRINGS_IDS | RK_STRINGS_UNIQUE, error));
    RK_TRY(rk_check_strings(file->container, found[EV_CTX_OFF], found[EV_CTX_TXT], RK_STRINGS_ANY,
                            error));
    return rk_check_below(file->container, found[EV_CONTEXT], "context", file->meta.contexts,
                          error);
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
    RK_TRY(
        rk_check_strings(container, found[EV_NAME_OFF], found[EV_NAME_TXT], RK_STRINGS_ANY, error));
    RK_TRY(rk_check_places(file->container, file->found[EV_ITEM_GEO], error));
    if (found[EV_ITEM_BOOST] != NULL)
        RK_TRY(rk_check_floats(container, found[EV_ITEM_BOOST], 0, RK_FLOAT_LIMIT, error));
    RK_TRY(check_related(file, error));
    RK_TRY(check_attributes(file, error));
    RK_TRY(check_contexts(file, error));
    if (found[EV_PROPENSITY] == NULL) return RK_OK;
    return rk_check_floats(container, found[EV_PROPENSITY], RK_LEAST_PROPENSITY, 1.0f, error);
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
        .place = rk_section_data_of(container, found[EV_ITEM_GEO]),
        .boost = rk_section_data_of(container, found[EV_ITEM_BOOST]),
        .related_begin = rk_section_data_of(container, found[EV_REL_OFF]),
        .related = rk_section_data_of(container, found[EV_REL_ITEM]),
        .attributes = rk_strings_of(container, found[EV_ATTR_OFF], found[EV_ATTR_TXT]),
        .attribute_kind = rk_section_data_of(container, found[EV_ATTR_KND]),
        .attribute_values = rk_strings_of(container, found[EV_AVAL_OFF], found[EV_AVAL_TXT]),
        .features = rk_strings_of(container, found[EV_FEAT_OFF], found[EV_FEAT_TXT]),
        .contexts = rk_strings_of(container, found[EV_CTX_OFF], found[EV_CTX_TXT]),
        .context = rk_section_data_of(container, found[EV_CONTEXT]),
        .propensity = rk_section_data_of(container, found[EV_PROPENSITY]),
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
