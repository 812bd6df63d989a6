/* Proofs shared by the readers of events files and snapshots. */
#include "format/checks.h"

#include "base/fmath.h"
#include "format/places.h"

const void *rk_section_data_of(const rk_container *container, const rk_section_entry *entry) {
    return entry == NULL ? NULL : container->bytes + (size_t)entry->offset;
}

/* ---- failing at a place ---- */

rk_status rk_fail_in(rk_error *error, rk_status status, const rk_section_entry *entry,
                     uint64_t byte, const char *detail) {
    char type[sizeof entry->type + 1] = {0};
    memcpy(type, entry->type, sizeof entry->type);
    return rk_fail(error, status, type, entry->offset + byte, detail);
}

rk_status rk_fail_value_in(rk_error *error, rk_status status, const rk_section_entry *entry,
                           uint64_t byte, const char *what, uint64_t value, uint64_t limit) {
    char type[sizeof entry->type + 1] = {0};
    memcpy(type, entry->type, sizeof entry->type);
    return rk_fail_value(error, status, type, entry->offset + byte, what, value, limit);
}

/* ---- shapes ---- */

/* Fails at a field of the section's table entry. */
static rk_status fail_shape(const rk_container *container, const rk_section_entry *entry,
                            size_t field, const char *what, uint64_t value, uint64_t limit,
                            rk_error *error) {
    char type[sizeof entry->type + 1] = {0};
    memcpy(type, entry->type, sizeof entry->type);
    uint64_t at = (uint64_t)((const unsigned char *)entry - container->bytes) + field;
    return rk_fail_value(error, RK_SECTION_SHAPE, type, at, what, value, limit);
}

rk_status rk_check_shape(const rk_container *container, const rk_section_entry *entry,
                         uint64_t elem_bytes, uint64_t count, rk_error *error) {
    if (entry->elem_bytes != elem_bytes)
        return fail_shape(container, entry, offsetof(rk_section_entry, elem_bytes), "elem_bytes",
                          entry->elem_bytes, elem_bytes, error);
    if (entry->count != count)
        return fail_shape(container, entry, offsetof(rk_section_entry, count), "count",
                          entry->count, count, error);
    return RK_OK;
}

rk_status rk_check_pair(const rk_section_entry *off, const char *off_type,
                        const rk_section_entry *text, const char *text_type, rk_error *error) {
    if ((off == NULL) == (text == NULL)) return RK_OK;
    return rk_fail(error, RK_SECTION_MISSING, off == NULL ? off_type : text_type,
                   sizeof(rk_file_header), "a string table needs both of its sections");
}

/* ---- values ---- */

rk_status rk_check_range(const rk_section_entry *entry, uint64_t byte, const char *what,
                         uint64_t value, uint64_t low, uint64_t high, rk_error *error) {
    if (value >= low && value <= high) return RK_OK;
    return rk_fail_value_in(error, RK_VALUE_RANGE, entry, byte, what, value,
                            value < low ? low : high);
}

rk_status rk_check_zero(const rk_container *container, const rk_section_entry *entry,
                        uint64_t first, uint64_t end, rk_error *error) {
    const unsigned char *data = rk_section_data_of(container, entry);
    if (rk_bytes_are_zero(data + first, end - first)) return RK_OK;
    while (data[first] == 0) first++;
    return rk_fail_value_in(error, RK_RESERVED_NOT_ZERO, entry, first, "byte", data[first], 0);
}

rk_status rk_check_float(const rk_section_entry *entry, uint64_t byte, const char *what,
                         float value, float low, float high, rk_error *error) {
    const bool finite = rk_is_finite_f32(value);
    if (finite && value >= low && value <= high) return RK_OK;
    rk_detail detail = rk_detail_of(what);
    rk_detail_add(&detail, " ");
    rk_detail_add_f32(&detail, value);
    if (finite) {
        rk_detail_add(&detail, ", limit ");
        rk_detail_add_f32(&detail, value < low ? low : high);
    }
    return rk_fail_in(error, finite ? RK_VALUE_RANGE : RK_NOT_FINITE, entry, byte, detail.text);
}

rk_status rk_check_floats(const rk_container *container, const rk_section_entry *entry, float low,
                          float high, rk_error *error) {
    const float *values = rk_section_data_of(container, entry);
    const uint64_t count = entry->bytes / sizeof(float);
    for (uint64_t i = 0; i < count; i++)
        RK_TRY(rk_check_float(entry, i * sizeof(float), "value", values[i], low, high, error));
    return RK_OK;
}

rk_status rk_check_below(const rk_container *container, const rk_section_entry *entry,
                         const char *what, uint64_t limit, rk_error *error) {
    const uint32_t *values = rk_section_data_of(container, entry);
    for (uint64_t i = 0; i < entry->count; i++)
        if (values[i] >= limit)
            return rk_fail_value_in(error, RK_VALUE_RANGE, entry, i * sizeof(uint32_t), what,
                                    values[i], limit);
    return RK_OK;
}

rk_status rk_check_places(const rk_container *container, const rk_section_entry *entry,
                          rk_error *error) {
    if (entry == NULL) return RK_OK;
    const rk_place *places = rk_section_data_of(container, entry);
    for (uint64_t i = 0; i < entry->count; i++) {
        const rk_place place = places[i];
        if (place.latitude == RK_NO_PLACE && place.longitude == RK_NO_PLACE) continue;
        const uint64_t at = i * sizeof place;
        RK_TRY(rk_check_float(entry, at, "latitude", place.latitude, -90, 90, error));
        RK_TRY(rk_check_float(entry, at + offsetof(rk_place, longitude), "longitude",
                              place.longitude, -180, 180, error));
    }
    return RK_OK;
}

rk_status rk_check_offsets(const rk_container *container, const rk_section_entry *entry,
                           uint64_t end, rk_error *error) {
    const uint32_t *offsets = rk_section_data_of(container, entry);
    const uint64_t last = entry->count - 1;
    if (offsets[0] != 0)
        return rk_fail_value_in(error, RK_NOT_MONOTONE, entry, 0, "first offset", offsets[0], 0);
    for (uint64_t i = 1; i <= last; i++)
        if (offsets[i] < offsets[i - 1])
            return rk_fail_value_in(error, RK_NOT_MONOTONE, entry, i * sizeof(uint32_t),
                                    "descending offset", offsets[i], offsets[i - 1]);
    if (offsets[last] != end)
        return rk_fail_value_in(error, RK_NOT_MONOTONE, entry, last * sizeof(uint32_t),
                                "last offset", offsets[last], end);
    return RK_OK;
}

/* ---- string tables ---- */

static rk_status fail_rows(const rk_section_entry *text, uint32_t byte, uint32_t row,
                           const char *relation, uint32_t other, rk_error *error) {
    rk_detail detail = rk_detail_of("row ");
    rk_detail_add_u64(&detail, row);
    rk_detail_add(&detail, relation);
    rk_detail_add_u64(&detail, other);
    return rk_fail_in(error, RK_NOT_SORTED, text, byte, detail.text);
}

/* Row `row` against the rows before it; offsets and text are known to be valid. */
static rk_status check_row(const rk_strings *strings, uint32_t row, const rk_section_entry *text,
                           uint32_t rules, rk_error *error) {
    const char *bytes, *other;
    const uint32_t size = rk_strings_get(strings, row, &bytes), at = strings->offsets[row];
    if (!rk_utf8_valid(bytes, size))
        return rk_fail_value_in(error, RK_BAD_UTF8, text, at, "row", row, strings->count);
    if ((rules & RK_STRINGS_IDS) != 0)
        RK_TRY(rk_check_range(text, at, "id bytes", size, 1, RK_MAX_ID_BYTES, error));
    if ((rules & RK_STRINGS_SORTED) != 0 && row > 0) {
        const uint32_t other_size = rk_strings_get(strings, row - 1, &other);
        if (rk_bytes_compare(other, other_size, bytes, size) >= 0)
            return fail_rows(text, at, row, " is not after row ", row - 1, error);
    }
    if ((rules & RK_STRINGS_UNIQUE) != 0)
        for (uint32_t before = 0; before < row; before++) {
            const uint32_t other_size = rk_strings_get(strings, before, &other);
            if (rk_bytes_compare(other, other_size, bytes, size) == 0)
                return fail_rows(text, at, row, " equals row ", before, error);
        }
    return RK_OK;
}

rk_status rk_check_strings(const rk_container *container, const rk_section_entry *off,
                           const rk_section_entry *text, uint32_t rules, rk_error *error) {
    if (off == NULL) return RK_OK;
    RK_TRY(rk_check_offsets(container, off, text->bytes, error));
    const rk_strings strings = rk_strings_of(container, off, text);
    for (uint32_t row = 0; row < strings.count; row++)
        RK_TRY(check_row(&strings, row, text, rules, error));
    return RK_OK;
}

rk_strings rk_strings_of(const rk_container *container, const rk_section_entry *off,
                         const rk_section_entry *text) {
    rk_strings strings = {.offsets = NULL, .text = NULL, .count = 0};
    if (off == NULL) return strings;
    strings.offsets = rk_section_data_of(container, off);
    strings.text = rk_section_data_of(container, text);
    strings.count = (uint32_t)(off->count - 1);
    return strings;
}
