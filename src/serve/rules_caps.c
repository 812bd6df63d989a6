/* Caps: at most so many items of one author, or of one kind, in any window of the list.
 *
 * Problem: "may this candidate stand here?" is asked for every candidate at every position, and
 * counting the window each time makes long lists cubic.
 * Idea: before the list is filled each candidate's values are interned to small group numbers, one
 * entry a value. A group chains the entries that are in the list already, last position first, and
 * the pins that are still ahead, next one first:
 *
 *   group of author A:   last -> position 7 -> 4 -> 1        ahead -> pin at 9
 *
 * A candidate at position p breaks "most m in a window of w" iff some m + 1 of these and p lie
 * within w positions: a run of m + 1 neighbours in the merged chain that contains p. Groups with
 * fewer than m items cannot be broken, which is the usual answer, in O(1); else O(m).
 *
 * Tags beyond the RK_RULES_CAP_VALUES lowest of an item are not counted. */
#include "base/rng.h"
#include "serve/rules_inner.h"

/* Group of items that meet a cap's condition: no attribute has a value of this number. */
#define MET RK_MAX_ATTRIBUTE_VALUES

static uint32_t entry_at(const rk_rules_cap *cap, uint32_t slot, uint32_t value) {
    return cap->begin + slot * cap->values + value;
}

void rk_rules_caps_begin(const rk_rules *rules, uint32_t slots) {
    const rk_rules_scratch *scratch = &rules->scratch;
    uint32_t entries = 0, buckets = 1;
    for (uint32_t c = 0; c < rules->shape.caps; c++) entries += slots * rules->caps[c].values;
    while (buckets < 2 * entries) buckets *= 2;
    if (entries == 0) return;
    assert(buckets <= rules->group_buckets);
    memset(scratch->group_hash, 0, buckets * sizeof *scratch->group_hash);
    rules->state->group_mask = buckets - 1;
    rules->state->groups = 0;
}

/* The group of one value of cap c, a new one if there is none. */
static uint32_t intern(const rk_rules *rules, uint32_t c, uint32_t value) {
    const rk_rules_scratch *scratch = &rules->scratch;
    uint64_t key = (uint64_t)c << 32 | value;
    uint32_t mask = rules->state->group_mask, bucket = (uint32_t)rk_mix64(key, 0) & mask;
    for (; scratch->group_hash[bucket] != 0; bucket = (bucket + 1) & mask) {
        uint32_t group = scratch->group_hash[bucket] - 1;
        if (scratch->group_key[group] == key) return group;
    }
    uint32_t group = rules->state->groups++;
    scratch->group_hash[bucket] = group + 1;
    scratch->group_key[group] = key;
    scratch->groups[group] = (rk_rules_group){.last = RK_NONE, .ahead = RK_NONE};
    return group;
}

/* The item's values of an attribute: their place in the row is [*begin, *end). */
static void values_between(const rk_snapshot_content *snapshot, uint32_t item, uint32_t attribute,
                           uint32_t *begin, uint32_t *end) {
    *begin = *end = 0;
    if (snapshot->meta.attribute_values == 0) return;
    *begin = snapshot->item_value_begin[item];
    uint32_t row_end = snapshot->item_value_begin[item + 1];
    while (*begin < row_end && snapshot->item_value[*begin] < snapshot->attribute_first[attribute])
        ++*begin;
    *end = *begin;
    while (*end < row_end && snapshot->item_value[*end] < snapshot->attribute_first[attribute + 1])
        ++*end;
}

void rk_rules_caps_add(const rk_rules *rules, uint32_t slot, int64_t hour) {
    const rk_rules_scratch *scratch = &rules->scratch;
    uint32_t item = scratch->item[slot];
    for (uint32_t c = 0; c < rules->shape.caps; c++) {
        const rk_rules_cap *cap = &rules->caps[c];
        uint32_t attribute = cap->rule->numbers[2], begin, end;
        for (uint32_t v = 0; v < cap->values; v++)
            scratch->group_of[entry_at(cap, slot, v)] = RK_NONE;
        if (attribute == RK_NONE) {
            if (rk_rules_match(rules, cap->rule, item, hour))
                scratch->group_of[entry_at(cap, slot, 0)] = intern(rules, c, MET);
            continue;
        }
        values_between(rules->snapshot, item, attribute, &begin, &end);
        end = RK_MIN(end, begin + cap->values);
        for (uint32_t i = begin; i < end; i++)
            scratch->group_of[entry_at(cap, slot, i - begin)] =
                intern(rules, c, rules->snapshot->item_value[i]);
    }
}

/* Whether one more item at `position` makes more than `most` in some window: with `back` items
 * before it and most - back behind it, it is a run of most + 1. */
static bool is_broken(const rk_rules_scratch *scratch, const rk_rules_group *group, uint32_t most,
                      uint32_t window, uint32_t position) {
    if (group->count < most) return false;
    if (window == 0) return true;
    uint32_t ahead[RK_RULES_MAX_PINS + 1] = {position}, ahead_count = 0;
    for (uint32_t entry = group->ahead; entry != RK_NONE && ahead_count < most;
         entry = scratch->next[entry])
        ahead[++ahead_count] = scratch->entry_position[entry];
    uint32_t first = position, entry = group->last;
    for (uint32_t back = 0;; back++) {
        uint32_t behind = most - back;
        if (behind <= ahead_count && ahead[behind] - first < window) return true;
        if (back == most || entry == RK_NONE) return false;
        first = scratch->entry_position[entry];
        if (position - first >= window) return false;
        entry = scratch->next[entry];
    }
}

uint32_t rk_rules_caps_broken(const rk_rules *rules, uint32_t slot, uint32_t position) {
    const rk_rules_scratch *scratch = &rules->scratch;
    uint32_t broken = 0;
    for (uint32_t c = 0; c < rules->shape.caps; c++) {
        const rk_rules_cap *cap = &rules->caps[c];
        for (uint32_t v = 0; v < cap->values; v++) {
            uint32_t group = scratch->group_of[entry_at(cap, slot, v)];
            if (group == RK_NONE) break;
            if (is_broken(scratch, &scratch->groups[group], cap->rule->numbers[0],
                          cap->rule->numbers[1], position))
                broken |= 1u << 31 >> c;
        }
    }
    return broken;
}

void rk_rules_caps_expect(const rk_rules *rules, uint32_t slot, uint32_t position) {
    const rk_rules_scratch *scratch = &rules->scratch;
    for (uint32_t c = 0; c < rules->shape.caps; c++) {
        const rk_rules_cap *cap = &rules->caps[c];
        for (uint32_t v = 0; v < cap->values; v++) {
            uint32_t entry = entry_at(cap, slot, v), number = scratch->group_of[entry];
            if (number == RK_NONE) break;
            rk_rules_group *group = &scratch->groups[number];
            scratch->entry_position[entry] = (uint16_t)position;
            scratch->next[entry] = group->ahead;
            group->ahead = entry;
            group->count++;
        }
    }
}

void rk_rules_caps_place(const rk_rules *rules, uint32_t slot, uint32_t position, bool expected) {
    const rk_rules_scratch *scratch = &rules->scratch;
    for (uint32_t c = 0; c < rules->shape.caps; c++) {
        const rk_rules_cap *cap = &rules->caps[c];
        for (uint32_t v = 0; v < cap->values; v++) {
            uint32_t entry = entry_at(cap, slot, v), number = scratch->group_of[entry];
            if (number == RK_NONE) break;
            rk_rules_group *group = &scratch->groups[number];
            /* Positions ascend, so that a pin is the first of those ahead when it is reached. */
            assert(!expected || group->ahead == entry);
            if (expected)
                group->ahead = scratch->next[entry];
            else
                group->count++;
            scratch->entry_position[entry] = (uint16_t)position;
            scratch->next[entry] = group->last;
            group->last = entry;
        }
    }
}
