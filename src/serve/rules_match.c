/* Conditions of rules: does an item meet them?
 *
 * A condition is a postfix program without branches, run on a stack of bits in one register: bit 0
 * is the last result, and the deepest condition has RK_RULES_MAX_DEPTH of them (checked when it was
 * read). Values of an item are a sorted row of a few numbers, so "has one of these" looks up the
 * shorter of the two lists in the longer one. Items removed by filters and exclusions are a bitmap
 * made once for all items, in the blocks of the index; conditions on age make it depend on the
 * clock, which they see in whole hours.
 *
 * Invariants: the program was validated, so nothing is checked here; what an item lacks is no
 * match, and NOT of that is. */
#include "serve/rules_inner.h"

#define MINUTES_AN_HOUR 60
#define MS_AN_HOUR      3600000

int64_t rk_rules_hour(int64_t time_ms) {
    if (time_ms == 0) return RK_RULES_NO_HOUR;
    int64_t hour = time_ms / MS_AN_HOUR;
    return time_ms % MS_AN_HOUR < 0 ? hour - 1 : hour;
}

static bool list_has(const uint32_t *list, uint32_t count, uint32_t wanted) {
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (list[middle] == wanted) return true;
        if (list[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

void rk_rules_fetch(const rk_rules *rules, const rk_scored *items, uint32_t count) {
    const rk_snapshot_content *snapshot = rules->snapshot;
    bool ages = rules->shape.ages && snapshot->born, rows = snapshot->meta.attributes > 0;
    for (uint32_t i = 0; i < count && ages; i++) {
        const volatile uint32_t *born = &snapshot->born[items[i].item];
        (void)*born;
    }
    for (uint32_t i = 0; i < count && rows; i++) {
        const volatile uint32_t *begin = &snapshot->item_value_begin[items[i].item];
        (void)*begin;
    }
    for (uint32_t i = 0; i < count && rows; i++) {
        uint32_t begin = snapshot->item_value_begin[items[i].item];
        if (begin == snapshot->item_value_begin[items[i].item + 1]) continue;
        const volatile uint32_t *value = &snapshot->item_value[begin];
        (void)*value;
    }
}

static const uint32_t *values_of(const rk_snapshot_content *snapshot, uint32_t item,
                                 uint32_t *count) {
    *count = 0;
    if (snapshot->meta.attribute_values == 0) return NULL;
    uint32_t begin = snapshot->item_value_begin[item];
    *count = snapshot->item_value_begin[item + 1] - begin;
    return *count ? snapshot->item_value + begin : NULL;
}

static bool has_any(const rk_snapshot_content *snapshot, uint32_t item, const uint32_t *wanted,
                    uint32_t count) {
    uint32_t row_count;
    const uint32_t *row = values_of(snapshot, item, &row_count);
    bool row_is_shorter = row_count < count;
    const uint32_t *few = row_is_shorter ? row : wanted, *many = row_is_shorter ? wanted : row;
    uint32_t few_count = RK_MIN(row_count, count), many_count = RK_MAX(row_count, count);
    for (uint32_t i = 0; i < few_count; i++) {
        if (list_has(many, many_count, few[i])) return true;
    }
    return false;
}

static bool has_all(const rk_snapshot_content *snapshot, uint32_t item, const uint32_t *wanted,
                    uint32_t count) {
    uint32_t row_count;
    const uint32_t *row = values_of(snapshot, item, &row_count);
    for (uint32_t i = 0; i < count; i++) {
        if (!list_has(row, row_count, wanted[i])) return false;
    }
    return true;
}

/* RK_NO_NUMBER, which is no number, if it has none. */
static float number_of(const rk_rules *rules, uint32_t item, uint32_t attribute) {
    const rk_snapshot_content *snapshot = rules->snapshot;
    return snapshot
        ->item_number[(uint64_t)item * snapshot->meta.numbers + rules->columns[attribute]];
}

static bool is_known(const rk_rules *rules, uint32_t item, uint32_t attribute) {
    const rk_snapshot_content *snapshot = rules->snapshot;
    if (snapshot->attribute_kind[attribute] == RK_ATTRIBUTE_NUMBER)
        return number_of(rules, item, attribute) != RK_NO_NUMBER;
    uint32_t count, begin = snapshot->attribute_first[attribute],
                    end = snapshot->attribute_first[attribute + 1];
    const uint32_t *row = values_of(snapshot, item, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (row[i] >= begin && row[i] < end) return true;
    }
    return false;
}

static bool float_within(float value, const uint32_t *bounds) {
    float low, high;
    memcpy(&low, &bounds[0], sizeof low);
    memcpy(&high, &bounds[1], sizeof high);
    return value >= low && value <= high;
}

static bool is_aged(const rk_snapshot_content *snapshot, uint32_t item, const uint32_t *bounds,
                    int64_t hour) {
    if (hour == RK_RULES_NO_HOUR || !snapshot->born || snapshot->born[item] == 0) return false;
    int64_t age = hour - (int64_t)(snapshot->born[item] / MINUTES_AN_HOUR);
    if (age < 0) age = 0; /* of an item whose first event is still to come, by the caller's clock */
    return age >= (int64_t)bounds[0] && age <= (int64_t)bounds[1];
}

static bool is_popular(const rk_snapshot_content *snapshot, uint32_t item, const uint32_t *bounds) {
    return snapshot->meta.popular_count > 0 &&
           float_within(rk_popularity_share(snapshot, item), bounds);
}

static bool leaf_matches(const rk_rules *rules, uint32_t op, const uint32_t *operands,
                         uint32_t count, uint32_t item, int64_t hour) {
    const rk_snapshot_content *snapshot = rules->snapshot;
    switch (op) {
    case RK_MATCH_ANY: return has_any(snapshot, item, operands, count);
    case RK_MATCH_ALL: return has_all(snapshot, item, operands, count);
    case RK_MATCH_KNOWN: return is_known(rules, item, operands[0]);
    case RK_MATCH_NUMBER: {
        float number = number_of(rules, item, operands[0]);
        return number != RK_NO_NUMBER && float_within(number, operands + 1);
    }
    case RK_MATCH_ITEMS: return list_has(operands, count, item);
    case RK_MATCH_AGE: return is_aged(snapshot, item, operands, hour);
    case RK_MATCH_POPULARITY: return is_popular(snapshot, item, operands);
    default: assert(op == RK_MATCH_TRUE); return true;
    }
}

bool rk_rules_match(const rk_rules *rules, const rk_rule *rule, uint32_t item, int64_t hour) {
    uint32_t stack = 0; /* bit 0: the last result */
    for (const uint32_t *at = rule->condition; at < rule->condition_end;) {
        uint32_t op = *at & 255u, operands = *at >> 8;
        switch (op) {
        case RK_MATCH_AND: stack = stack >> 1 & (~1u | stack); break;
        case RK_MATCH_OR: stack = stack >> 1 | (stack & 1u); break;
        case RK_MATCH_NOT: stack ^= 1u; break;
        default:
            stack = stack << 1 | (uint32_t)leaf_matches(rules, op, at + 1, operands, item, hour);
        }
        at += 1 + operands;
    }
    return stack & 1u;
}

/* True if this rule, a filter or an exclusion, removes the item. */
static bool removes(const rk_rules *rules, const rk_rule *rule, uint32_t item, int64_t hour) {
    return rk_rules_match(rules, rule, item, hour) == (rule->type == RK_RULE_EXCLUDE);
}

/* Adds to the bitmap what filters and exclusions remove: those that look at ages, or the others. */
static void block_by(const rk_rules *rules, bool ages, uint32_t *bitmap) {
    uint32_t items = rules->snapshot->meta.items;
    for (uint32_t r = 0; r < rules->shape.rules; r++) {
        const rk_rule *rule = &rules->rules[r];
        if (rule->type != RK_RULE_FILTER && rule->type != RK_RULE_EXCLUDE) continue;
        if (rule->ages != ages) continue;
        for (uint32_t item = 0; item < items; item++) {
            uint32_t *block = &bitmap[item / RK_BLOCK_ROWS], row = item % RK_BLOCK_ROWS;
            if (!(*block >> row & 1u) && removes(rules, rule, item, rules->state->hour))
                *block |= 1u << row;
        }
    }
}

/* Another hour: only what looks at ages is asked again. */
static void block_by_age(const rk_rules *rules) {
    uint64_t blocks = rk_block_count(rules->snapshot->meta.items);
    memcpy(rules->blocked, rules->fixed, (size_t)blocks * sizeof *rules->blocked);
    block_by(rules, true, rules->blocked);
}

void rk_rules_open_blocked(const rk_rules *rules) {
    uint32_t *fixed = rules->shape.ages_filter ? rules->fixed : rules->blocked;
    memset(fixed, 0, (size_t)rk_block_count(rules->snapshot->meta.items) * sizeof *fixed);
    block_by(rules, false, fixed);
    if (rules->shape.ages_filter) block_by_age(rules);
}

const uint32_t *rk_rules_blocked(const rk_rules *rules, int64_t time_ms) {
    int64_t hour = rk_rules_hour(time_ms);
    if (hour != rules->state->hour) {
        rules->state->hour = hour;
        if (rules->shape.ages_filter) block_by_age(rules);
    }
    return rules->blocked;
}

bool rk_rules_blocks_seen(const rk_rules *rules, uint32_t item) {
    /* By the clock of the bitmap: the engine asks for that first. */
    for (uint32_t r = 0; r < rules->shape.rules; r++) {
        const rk_rule *rule = &rules->rules[r];
        if (rule->type == RK_RULE_SEEN && rk_rules_match(rules, rule, item, rules->state->hour))
            return true;
    }
    return false;
}

uint32_t rk_rules_blame(const rk_rules *rules, uint32_t item, bool seen, int64_t hour) {
    uint32_t blamed = 0;
    for (uint32_t r = 0; r < rules->shape.rules; r++) {
        const rk_rule *rule = &rules->rules[r];
        if (rule->type == RK_RULE_FILTER || rule->type == RK_RULE_EXCLUDE) {
            if (removes(rules, rule, item, hour)) blamed |= rule->bit;
        } else if (rule->type == RK_RULE_SEEN) {
            if (seen && rk_rules_match(rules, rule, item, hour)) blamed |= rule->bit;
        }
    }
    return blamed;
}

uint32_t rk_rules_refusing(const rk_rules *rules, uint32_t item, bool seen, int64_t time_ms) {
    return rk_rules_blame(rules, item, seen, rk_rules_hour(time_ms));
}
