/* Proofs of the sections that rules and rankers read (FORMAT.md "Attributes", "Rankers"). After
 * them a value's row tells its attribute by position alone, an item's values are a set, and no
 * weight of a network can make a score infinite. */
#include "format/ranking_checks.h"

#include "format/snapshot_sections.h"

/* ---- attributes ---- */

static bool has_values(uint8_t kind) {
    return kind == RK_ATTRIBUTE_CATEGORY || kind == RK_ATTRIBUTE_TAGS;
}

/* Kinds, and the cut of the values into those of each attribute. */
static rk_status check_kinds(const rk_container *container, const rk_section_entry *const *found,
                             const rk_snapshot_content *content, rk_error *error) {
    const rk_snapshot_meta *meta = &content->meta;
    const uint32_t *first = content->attribute_first;
    uint32_t numbers = 0;
    RK_TRY(rk_check_offsets(container, found[SN_AT_FIRST], meta->attribute_values, error));
    for (uint32_t a = 0; a < meta->attributes; a++) {
        const uint8_t kind = content->attribute_kind[a];
        RK_TRY(
            rk_check_range(found[SN_AT_KIND], a, "kind", kind, 0, RK_ATTRIBUTE_KINDS - 1, error));
        numbers += kind == RK_ATTRIBUTE_NUMBER;
        if (has_values(kind) || first[a + 1] == first[a]) continue;
        return rk_fail_value_in(error, RK_VALUE_RANGE, found[SN_AT_FIRST],
                                (a + UINT64_C(1)) * sizeof *first,
                                "values of a text or number: end", first[a + 1], first[a]);
    }
    return rk_check_range(found[SN_META], offsetof(rk_snapshot_meta, numbers), "numbers",
                          meta->numbers, numbers, numbers, error);
}

/* The values of each attribute ascend; offsets and text are proved already. */
static rk_status check_value_order(const rk_section_entry *const *found,
                                   const rk_snapshot_content *content, rk_error *error) {
    const rk_strings *values = &content->attribute_values;
    for (uint32_t a = 0; a < content->meta.attributes; a++) {
        const uint32_t begin = content->attribute_first[a], end = content->attribute_first[a + 1];
        for (uint32_t row = begin; row < end; row++) {
            if (row == begin) continue;
            const char *text, *before;
            const uint32_t bytes = rk_strings_get(values, row, &text);
            const uint32_t before_bytes = rk_strings_get(values, row - 1, &before);
            if (rk_bytes_compare(before, before_bytes, text, bytes) < 0) continue;
            return rk_fail_value_in(error, RK_NOT_SORTED, found[SN_AV_TXT], values->offsets[row],
                                    "not after the one before: value", row, end);
        }
    }
    return RK_OK;
}

/* The values of one item: a strictly ascending list, with at most one of each category. Walks the
 * attributes beside it, so that both are read once. */
static rk_status check_item_values(const rk_section_entry *entry,
                                   const rk_snapshot_content *content, uint32_t item,
                                   rk_error *error) {
    const uint32_t *value = content->item_value, *first = content->attribute_first;
    const uint32_t begin = content->item_value_begin[item];
    const uint32_t end = content->item_value_begin[item + 1];
    uint32_t attribute = 0;
    for (uint32_t at = begin; at < end; at++) {
        const uint64_t byte = at * (uint64_t)sizeof *value;
        if (at > begin && value[at] <= value[at - 1])
            return rk_fail_value_in(error, RK_NOT_SORTED, entry, byte, "descending value",
                                    value[at], value[at - 1]);
        while (first[attribute + 1] <= value[at]) attribute++;
        if (at > begin && value[at - 1] >= first[attribute] &&
            content->attribute_kind[attribute] == RK_ATTRIBUTE_CATEGORY)
            return rk_fail_value_in(error, RK_VALUE_RANGE, entry, byte,
                                    "second of one category: value", value[at], value[at - 1]);
    }
    return RK_OK;
}

static rk_status check_numbers(const rk_section_entry *entry, const rk_snapshot_content *content,
                               rk_error *error) {
    if (entry == NULL) return RK_OK;
    for (uint64_t i = 0; i < entry->count; i++) {
        const float number = content->item_number[i];
        if (number == RK_NO_NUMBER) continue;
        RK_TRY(rk_check_float(entry, i * sizeof number, "number", number, -RK_MAX_NUMBER,
                              RK_MAX_NUMBER, error));
    }
    return RK_OK;
}

/* As many items are born as the meta says: 0 in all would be a section for nothing. */
static rk_status check_born(const rk_section_entry *const *found,
                            const rk_snapshot_content *content, rk_error *error) {
    if (content->born == NULL) return RK_OK;
    uint32_t timed = 0;
    for (uint32_t item = 0; item < content->meta.items; item++) timed += content->born[item] != 0;
    return rk_check_range(found[SN_META], offsetof(rk_snapshot_meta, timed_items), "timed_items",
                          content->meta.timed_items, timed, timed, error);
}

rk_status rk_check_attributes(const rk_container *container, const rk_section_entry *const *found,
                              const rk_snapshot_content *content, rk_error *error) {
    RK_TRY(check_born(found, content, error));
    if (found[SN_AT_OFF] == NULL) return RK_OK;
    RK_TRY(rk_check_strings(container, found[SN_AT_OFF], found[SN_AT_TXT],
                            RK_STRINGS_IDS | RK_STRINGS_UNIQUE, error));
    RK_TRY(check_kinds(container, found, content, error));
    RK_TRY(rk_check_strings(container, found[SN_AV_OFF], found[SN_AV_TXT], RK_STRINGS_IDS, error));
    RK_TRY(check_value_order(found, content, error));
    RK_TRY(rk_check_offsets(container, found[SN_IA_OFF], found[SN_IA_VAL]->count, error));
    RK_TRY(rk_check_below(container, found[SN_IA_VAL], "value", content->meta.attribute_values,
                          error));
    for (uint32_t item = 0; item < content->meta.items; item++)
        RK_TRY(check_item_values(found[SN_IA_VAL], content, item, error));
    return check_numbers(found[SN_IA_NUM], content, error);
}

/* ---- rankers ---- */

static rk_status check_tasks(const rk_container *container, const rk_section_entry *entry,
                             const rk_snapshot_content *content, rk_error *error) {
    for (uint32_t t = 0; t < content->meta.tasks; t++) {
        const rk_task *task = &content->tasks[t];
        const uint64_t at = t * (uint64_t)sizeof *task;
        RK_TRY(rk_check_range(entry, at, "type", task->type, 0, content->meta.types - 1, error));
        if (t > 0 && task->type <= task[-1].type)
            return rk_fail_value_in(error, RK_NOT_SORTED, entry, at, "descending type", task->type,
                                    task[-1].type);
        RK_TRY(rk_check_float(entry, at + offsetof(rk_task, weight), "weight", task->weight,
                              -RK_FLOAT_LIMIT, RK_FLOAT_LIMIT, error));
        RK_TRY(rk_check_float(entry, at + offsetof(rk_task, scale), "scale", task->scale,
                              -RK_FLOAT_LIMIT, RK_FLOAT_LIMIT, error));
        RK_TRY(rk_check_float(entry, at + offsetof(rk_task, offset), "offset", task->offset,
                              -RK_FLOAT_LIMIT, RK_FLOAT_LIMIT, error));
        RK_TRY(rk_check_float(entry, at + offsetof(rk_task, base_rate), "base_rate",
                              task->base_rate, 0, 1, error));
        RK_TRY(rk_check_zero(container, entry, at + offsetof(rk_task, reserved), at + sizeof *task,
                             error));
    }
    return RK_OK;
}

/* An item has rows or it has none, whichever task is asked about. */
static rk_status check_rates(const rk_section_entry *entry, const rk_snapshot_content *content,
                             rk_error *error) {
    const uint32_t tasks = content->meta.tasks;
    for (uint64_t at = 0; at < entry->count; at++) {
        const uint32_t rate = content->task_rate[at];
        const bool none = content->task_rate[at - at % tasks] == RK_NO_RATE;
        RK_TRY(rk_check_range(entry, at, "rate", rate, none ? RK_NO_RATE : 0,
                              none ? RK_NO_RATE : RK_NO_RATE - 1, error));
    }
    return RK_OK;
}

rk_status rk_check_rankers(const rk_container *container, const rk_section_entry *const *found,
                           const rk_snapshot_content *content, rk_error *error) {
    if (found[SN_TASK] == NULL) return RK_OK;
    const rk_section_entry *inputs = found[SN_RANK_IN];
    const uint32_t *feature = content->rank_feature;
    RK_TRY(check_tasks(container, found[SN_TASK], content, error));
    RK_TRY(check_rates(found[SN_RATE], content, error));
    RK_TRY(rk_check_below(container, inputs, "feature", RK_MAX_RANK_INPUTS, error));
    for (uint64_t i = 1; i < inputs->count; i++)
        if (feature[i] <= feature[i - 1])
            return rk_fail_value_in(error, RK_NOT_SORTED, inputs, i * sizeof *feature,
                                    "descending feature", feature[i], feature[i - 1]);
    RK_TRY(rk_check_floats(container, found[SN_RANK_2], -RK_FLOAT_LIMIT, RK_FLOAT_LIMIT, error));
    return rk_check_floats(container, found[SN_RANK_1], -RK_FLOAT_LIMIT, RK_FLOAT_LIMIT, error);
}
