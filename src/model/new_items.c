#include "model/new_items.h"

#include "format/places.h"

#define MOST_TEXT 65535u /* of an id or a title, as in a file */

static rk_status bad(rk_error *error, const char *array, uint32_t item, const char *why) {
    return rk_fail(error, RK_BAD_ARGUMENT, array, item, why);
}

/* Offsets from 0 on that ascend by at most `most`. */
static rk_status check_offsets(const uint32_t *begin, uint32_t count, uint32_t most,
                               const char *array, rk_error *error) {
    if (begin[0] != 0) return bad(error, array, 0, "offsets begin at 0");
    for (uint32_t i = 0; i < count; i++)
        if (begin[i + 1] < begin[i] || begin[i + 1] - begin[i] > most)
            return bad(error, array, i, "it is too long");
    return RK_OK;
}

static rk_status check_ids(const rk_snapshot_content *snapshot, const rk_strings *ids,
                           rk_error *error) {
    const char *before = NULL, *id;
    uint32_t before_bytes = 0;
    for (uint32_t i = 0; i < ids->count; i++) {
        const uint32_t bytes = rk_strings_get(ids, i, &id);
        if (bytes == 0 || !rk_utf8_valid(id, bytes)) return bad(error, "ids", i, "it is no id");
        if (i > 0 && rk_bytes_compare(before, before_bytes, id, bytes) >= 0)
            return bad(error, "ids", i, "ids do not ascend");
        if (rk_strings_find(&snapshot->items, id, bytes) != RK_NONE)
            return bad(error, "ids", i, "the snapshot has it");
        before = id, before_bytes = bytes;
    }
    return RK_OK;
}

static uint32_t attribute_of(const rk_snapshot_content *snapshot, uint32_t value) {
    uint32_t attribute = 0;
    while (value >= snapshot->attribute_first[attribute + 1]) attribute++;
    return attribute;
}

static rk_status check_values(const rk_snapshot_content *snapshot, const rk_new_items *items,
                              rk_error *error) {
    const rk_snapshot_meta *meta = &snapshot->meta;
    for (uint32_t i = 0; i < items->count; i++) {
        uint32_t category = RK_NONE;
        for (uint32_t at = items->value_begin[i]; at < items->value_begin[i + 1]; at++) {
            const uint32_t value = items->values[at];
            if (value >= meta->attribute_values ||
                (at > items->value_begin[i] && value <= items->values[at - 1]))
                return bad(error, "values", i, "values do not ascend");
            const uint32_t attribute = attribute_of(snapshot, value);
            if (snapshot->attribute_kind[attribute] != RK_ATTRIBUTE_CATEGORY) continue;
            if (attribute == category) return bad(error, "values", i, "two of one category");
            category = attribute;
        }
        for (uint32_t k = 0; k < meta->numbers; k++) {
            const float number = items->numbers[i * meta->numbers + k];
            if (number != RK_NO_NUMBER && !(number >= -RK_MAX_NUMBER && number <= RK_MAX_NUMBER))
                return bad(error, "numbers", i, "it is out of range");
        }
    }
    return RK_OK;
}

static rk_status check_rest(const rk_snapshot_content *snapshot, const rk_new_items *items,
                            rk_error *error) {
    for (uint32_t i = 0; i < items->count; i++) {
        for (uint32_t at = items->related_begin[i]; at < items->related_begin[i + 1]; at++) {
            if (items->related[at] >= snapshot->meta.items)
                return bad(error, "related", i, "no item of the snapshot");
            for (uint32_t k = items->related_begin[i]; k < at; k++)
                if (items->related[k] == items->related[at])
                    return bad(error, "related", i, "it is there twice");
        }
        if (!(items->boost[i] >= 0.0f && items->boost[i] <= RK_MAX_NUMBER))
            return bad(error, "boost", i, "it is out of range");
        const rk_place place = items->places[i];
        const bool none = place.latitude == RK_NO_PLACE && place.longitude == RK_NO_PLACE;
        if (!none && !(place.latitude >= -90.0f && place.latitude <= 90.0f &&
                       place.longitude >= -180.0f && place.longitude <= 180.0f))
            return bad(error, "places", i, "it is out of range");
    }
    return RK_OK;
}

rk_status rk_new_items_check(const rk_snapshot_content *snapshot, const rk_new_items *items,
                             rk_error *error) {
    const uint32_t count = items->count;
    if (count == 0 || count > RK_MAX_NEW_ITEMS)
        return rk_fail_value(error, RK_TOO_LARGE, "items", 0, "new items", count, RK_MAX_NEW_ITEMS);
    if (snapshot->meta.items > RK_MAX_ITEMS - count)
        return rk_fail_value(error, RK_TOO_LARGE, "items", 0, "items", snapshot->meta.items + count,
                             RK_MAX_ITEMS);
    RK_TRY(check_offsets(items->id_begin, count, MOST_TEXT, "ids", error));
    RK_TRY(check_offsets(items->title_begin, count, MOST_TEXT, "titles", error));
    RK_TRY(check_offsets(items->value_begin, count, RK_MAX_ATTRIBUTE_VALUES, "values", error));
    RK_TRY(check_offsets(items->related_begin, count, RK_MAX_RELATED, "related", error));
    const rk_strings ids = rk_new_ids(items), titles = rk_new_titles(items);
    RK_TRY(check_ids(snapshot, &ids, error));
    for (uint32_t i = 0; i < count; i++) {
        const char *title;
        const uint32_t bytes = rk_strings_get(&titles, i, &title);
        if (!rk_utf8_valid(title, bytes)) return bad(error, "titles", i, "it is not UTF-8");
    }
    RK_TRY(check_values(snapshot, items, error));
    return check_rest(snapshot, items, error);
}
