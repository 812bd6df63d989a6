/* What rules mean, spelled out with linear searches: follows a list position by position and says
 * whether each choice was a right one. Where chance or rounding has a say (explore draws, MMR), the
 * list's own choice is checked and followed; everywhere else there is one right item. */
#ifndef RK_TESTS_NAIVE_RULES_H
#define RK_TESTS_NAIVE_RULES_H

#include "random_rules.h"

#include "model/vectors.h"

#include <math.h>

enum { NAIVE_ITEMS = 1400 };

static inline float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline bool naive_has(const rk_snapshot_content *content, uint32_t item, uint32_t value) {
    for (uint32_t i = content->item_value_begin[item]; i < content->item_value_begin[item + 1]; i++)
        if (content->item_value[i] == value) return true;
    return false;
}

static inline float naive_number(const rk_snapshot_content *content, uint32_t item,
                                 uint32_t attribute) {
    uint32_t column = 0;
    for (uint32_t a = 0; a < attribute; a++)
        column += content->attribute_kind[a] == RK_ATTRIBUTE_NUMBER;
    return content->item_number[item * content->meta.numbers + column];
}

static inline int64_t hours(int64_t ms) {
    return (int64_t)floor((double)ms / 3.6e6);
}

static inline bool naive_match(const rk_snapshot_content *content, const condition *where,
                               uint32_t item, int64_t now) {
    const uint32_t *operands = where->operands;
    bool any = false, all = true;
    switch (where->op) {
    case RK_MATCH_TRUE: return true;
    case RK_MATCH_ANY:
    case RK_MATCH_ALL:
        for (uint32_t i = 0; i < where->count; i++) {
            any |= naive_has(content, item, operands[i]);
            all &= naive_has(content, item, operands[i]);
        }
        return where->op == RK_MATCH_ANY ? any : all;
    case RK_MATCH_KNOWN:
        if (content->attribute_kind[operands[0]] == RK_ATTRIBUTE_NUMBER)
            return naive_number(content, item, operands[0]) != RK_NO_NUMBER;
        for (uint32_t v = content->attribute_first[operands[0]];
             v < content->attribute_first[operands[0] + 1]; v++)
            any |= naive_has(content, item, v);
        return any;
    case RK_MATCH_NUMBER: {
        const float number = naive_number(content, item, operands[0]);
        return number != RK_NO_NUMBER && number >= float_of(operands[1]) &&
               number <= float_of(operands[2]);
    }
    case RK_MATCH_ITEMS:
        for (uint32_t i = 0; i < where->count; i++) any |= operands[i] == item;
        return any;
    case RK_MATCH_AGE: {
        if (now == 0 || content->born == NULL || content->born[item] == 0) return false;
        const int64_t age = hours(now) - hours((int64_t)content->born[item] * 60000);
        return RK_MAX(age, 0) >= operands[0] && RK_MAX(age, 0) <= operands[1];
    }
    case RK_MATCH_POPULARITY: {
        if (content->meta.popular_count == 0) return false;
        const float top = content->popularity[content->popular[0]];
        const float share = top > 0 ? fminf(1.0f, content->popularity[item] / top) : 0.0f;
        return share >= float_of(operands[0]) && share <= float_of(operands[1]);
    }
    case RK_MATCH_AND:
        return naive_match(content, where->left, item, now) &&
               naive_match(content, where->right, item, now);
    case RK_MATCH_OR:
        return naive_match(content, where->left, item, now) ||
               naive_match(content, where->right, item, now);
    case RK_MATCH_NOT: return !naive_match(content, where->left, item, now);
    default: abort();
    }
}

typedef struct naive_list {
    const rk_snapshot_content *content;
    const rule_set *set;
    const rk_rules_input *input;
    uint32_t order[RK_MAX_CANDIDATES], ordered; /* items still to be placed, best first */
    uint32_t arranged;                          /* how many there were */
    float relevance[NAIVE_ITEMS];
    uint32_t touched[NAIVE_ITEMS], place[NAIVE_ITEMS];
    bool pinned_at[RK_MAX_COUNT + 1];
    uint32_t at[RK_MAX_COUNT + 1]; /* the item there, RK_NONE: none yet */
    uint32_t length;
} naive_list;

static inline bool rule_match(const naive_list *list, uint32_t r, uint32_t item) {
    const condition *where = list->set->rules[r].where;
    return where && naive_match(list->content, where, item, list->input->time_ms);
}

static inline bool naive_removed(const naive_list *list, uint32_t item, uint32_t *blamed) {
    const rk_rules_input *input = list->input;
    *blamed = 0;
    for (uint32_t r = 0; r < list->set->count; r++) {
        const uint32_t type = list->set->rules[r].type;
        const bool seen = input->seen && rk_is_blocked(input->seen, item);
        if ((type == RK_RULE_FILTER && !rule_match(list, r, item)) ||
            (type == RK_RULE_EXCLUDE && rule_match(list, r, item)) ||
            (type == RK_RULE_SEEN && seen && rule_match(list, r, item)))
            *blamed |= 1u << r;
    }
    return *blamed || (input->blocked && rk_is_blocked(input->blocked, item));
}

static inline bool is_placed(const naive_list *list, uint32_t item) {
    for (uint32_t p = 1; p <= list->length; p++)
        if (list->at[p] == item) return true;
    return false;
}

/* Values of a capped item: those of the attribute, or one that stands for the condition. */
static inline uint32_t cap_values(const naive_list *list, uint32_t r, uint32_t item,
                                  uint32_t values[RK_RULES_CAP_VALUES]) {
    const tree_rule *rule = &list->set->rules[r];
    uint32_t count = 0;
    if (rule->where) {
        values[0] = RK_NONE;
        return rule_match(list, r, item);
    }
    for (uint32_t v = list->content->attribute_first[rule->numbers[2]];
         v < list->content->attribute_first[rule->numbers[2] + 1]; v++)
        if (count < RK_RULES_CAP_VALUES && naive_has(list->content, item, v)) values[count++] = v;
    return count;
}

/* Would `item` at `position` make some window hold too many? Counts every window. */
static inline bool cap_broken(const naive_list *list, uint32_t r, uint32_t item,
                              uint32_t position) {
    const tree_rule *rule = &list->set->rules[r];
    const uint32_t window = rule->numbers[1] ? rule->numbers[1] : RK_MAX_COUNT;
    uint32_t mine[RK_RULES_CAP_VALUES], theirs[RK_RULES_CAP_VALUES];
    const uint32_t count = cap_values(list, r, item, mine);
    for (uint32_t m = 0; m < count; m++) {
        bool holds[RK_MAX_COUNT + 1] = {false};
        for (uint32_t p = 1; p <= list->length; p++) {
            if (list->at[p] == RK_NONE) continue;
            const uint32_t others = cap_values(list, r, list->at[p], theirs);
            for (uint32_t o = 0; o < others; o++) holds[p] |= theirs[o] == mine[m];
        }
        holds[position] = true;
        for (uint32_t from = position > window ? position - window + 1 : 1; from <= position;
             from++) {
            uint32_t inside = 0;
            for (uint32_t p = from; p < from + window && p <= list->length; p++) inside += holds[p];
            if (inside > rule->numbers[0]) return true;
        }
    }
    return false;
}

static inline bool naive_reserved(const naive_list *list, uint32_t position, uint32_t *rule) {
    for (uint32_t r = 0; r < list->set->count; r++) {
        const tree_rule *explore = &list->set->rules[r];
        if (explore->type != RK_RULE_EXPLORE) continue;
        *rule = r;
        return position >= explore->numbers[1] &&
               (position - explore->numbers[1]) % explore->numbers[0] == 0;
    }
    return false;
}

/* Whether a share must be met at `position` (everything before it is placed). */
static inline bool share_due(const naive_list *list, uint32_t r, uint32_t position) {
    const uint32_t parts = list->set->rules[r].numbers[0];
    uint32_t have = 0, coming = 0, explore;
    for (uint32_t p = 1; p < position; p++) have += rule_match(list, r, list->at[p]);
    for (uint32_t p = position + 1; p <= list->length; p++) {
        if (list->pinned_at[p])
            coming += rule_match(list, r, list->at[p]);
        else
            coming += !naive_reserved(list, p, &explore);
    }
    return have < parts * position / RK_RULES_PARTS ||
           have + coming < (uint32_t)ceil((double)parts * list->length / RK_RULES_PARTS);
}

/* Rules broken at a position, the most important first: a string of '0' and '1' to compare. */
static inline void breaks(const naive_list *list, uint32_t item, uint32_t position,
                          char text[MOST_RULES + 1]) {
    uint32_t at = 0;
    for (uint32_t r = 0; r < list->set->count; r++)
        if (list->set->rules[r].type == RK_RULE_CAP)
            text[at++] = cap_broken(list, r, item, position) ? '1' : '0';
    for (uint32_t r = 0; r < list->set->count; r++)
        if (list->set->rules[r].type == RK_RULE_SHARE)
            text[at++] = share_due(list, r, position) && !rule_match(list, r, item) ? '1' : '0';
    text[at] = '\0';
}

/* Rules that `worse` breaks and `better` does not, as bits; `shares`: only those of shares. */
static inline uint32_t more_broken(const naive_list *list, const char *worse, const char *better,
                                   bool shares) {
    uint32_t bits = 0, at = 0;
    for (uint32_t pass = 0; pass < 2; pass++) {
        const uint32_t type = pass == 0 ? RK_RULE_CAP : RK_RULE_SHARE;
        for (uint32_t r = 0; r < list->set->count; r++) {
            if (list->set->rules[r].type != type) continue;
            if (worse[at] == '1' && better[at] == '0' && (!shares || pass == 1)) bits |= 1u << r;
            at++;
        }
    }
    return bits;
}

static inline double naive_cosine(const rk_snapshot_content *content, uint32_t a, uint32_t b) {
    int16_t x[RK_MAX_DIM], y[RK_MAX_DIM];
    double dot = 0, xx = 0, yy = 0;
    rk_vector_decode_i16(content, a, x);
    rk_vector_decode_i16(content, b, y);
    for (uint32_t i = 0; i < content->meta.dim; i++) {
        dot += (double)x[i] * (double)y[i];
        xx += (double)x[i] * (double)x[i];
        yy += (double)y[i] * (double)y[i];
    }
    return xx > 0 && yy > 0 ? dot / sqrt(xx * yy) : 0.0;
}

static inline uint32_t diversify_rule(const naive_list *list) {
    for (uint32_t r = 0; r < list->set->count; r++)
        if (list->set->rules[r].type == RK_RULE_DIVERSIFY) return r;
    return RK_NONE;
}

static inline double naive_value(const naive_list *list, uint32_t item) {
    const uint32_t rule = diversify_rule(list);
    if (rule == RK_NONE) return 0.0;
    const double spread = list->set->rules[rule].numbers[0] / (double)RK_RULES_PARTS;
    double similar = -1.0;
    for (uint32_t p = 1; p <= list->length; p++)
        if (list->at[p] != RK_NONE)
            similar = fmax(similar, naive_cosine(list->content, item, list->at[p]));
    return (1.0 - spread) * (double)list->relevance[item] - spread * similar;
}

static inline void naive_take(naive_list *list, uint32_t item) {
    for (uint32_t i = 0; i < list->ordered; i++) {
        if (list->order[i] != item) continue;
        list->ordered--;
        memmove(list->order + i, list->order + i + 1, (list->ordered - i) * sizeof *list->order);
        return;
    }
}

/* Candidates by half places moved: a stable insertion. */
static inline void naive_arrange(naive_list *list) {
    int64_t key[RK_MAX_CANDIDATES];
    for (uint32_t i = 0; i < list->input->candidate_count; i++) {
        const uint32_t item = list->input->candidates[i].item;
        uint32_t blamed;
        list->place[item] = i + 1;
        if (naive_removed(list, item, &blamed)) continue;
        int64_t mine = 2 * (int64_t)list->ordered;
        for (uint32_t r = 0; r < list->set->count; r++) {
            const tree_rule *rule = &list->set->rules[r];
            if (rule->type != RK_RULE_BOOST && rule->type != RK_RULE_BURY) continue;
            if (!rule_match(list, r, item)) continue;
            mine += 2 * (rule->type == RK_RULE_BOOST ? -(int64_t)rule->numbers[0]
                                                     : (int64_t)rule->numbers[0]);
            list->touched[item] |= 1u << r;
        }
        const int64_t moved = mine - 2 * (int64_t)list->ordered;
        mine += moved < 0 ? -1 : moved > 0; /* past what stays */
        list->order[list->ordered] = item;
        key[list->ordered++] = mine;
    }
    list->arranged = list->ordered;
    for (uint32_t i = 1; i < list->ordered; i++) {
        for (uint32_t at = i; at > 0 && key[at - 1] > key[at]; at--) {
            const int64_t k = key[at];
            const uint32_t item = list->order[at];
            key[at] = key[at - 1], key[at - 1] = k;
            list->order[at] = list->order[at - 1], list->order[at - 1] = item;
        }
    }
    for (uint32_t i = 0; i < list->ordered; i++)
        list->relevance[list->order[i]] = 1.0f - (float)i / (float)list->ordered;
}

static inline void naive_pins(naive_list *list, uint32_t *gave_way) {
    uint32_t rules[MOST_RULES], count = 0, blamed, others = 0;
    for (uint32_t r = 0; r < list->set->count; r++) {
        const tree_rule *rule = &list->set->rules[r];
        if (rule->type != RK_RULE_PIN || rule->numbers[0] == RK_NONE) continue;
        if (rule->numbers[1] > list->input->count) continue;
        if (naive_removed(list, rule->numbers[0], &blamed)) continue;
        bool again = false;
        for (uint32_t i = 0; i < count; i++)
            again |= list->set->rules[rules[i]].numbers[0] == rule->numbers[0];
        if (again) continue;
        rules[count++] = r;
        others += list->place[rule->numbers[0]] == 0;
    }
    list->length = RK_MIN(list->input->count, list->arranged + others);
    for (uint32_t p = 0; p <= RK_MAX_COUNT; p++) list->at[p] = RK_NONE;
    for (uint32_t i = 0; i < count; i++) {
        const tree_rule *rule = &list->set->rules[rules[i]];
        const uint32_t wanted = RK_MIN(rule->numbers[1], list->length);
        uint32_t position = wanted;
        while (position <= list->length && list->at[position] != RK_NONE) position++;
        if (position > list->length)
            for (position = wanted; list->at[position] != RK_NONE;) position--;
        list->at[position] = rule->numbers[0];
        list->pinned_at[position] = true;
        list->touched[rule->numbers[0]] |= 1u << rules[i];
        if (position != rule->numbers[1]) gave_way[position] |= 1u << rules[i];
        naive_take(list, rule->numbers[0]);
    }
}

static inline void naive_explore(naive_list *list, uint32_t p, uint32_t rule, const rk_ruled *got,
                                 bool *explored) {
    uint32_t eligible = 0, blamed;
    bool chosen = false;
    for (uint32_t i = 0; i < list->input->explore_count; i++) {
        const uint32_t item = list->input->explore[i];
        if (naive_removed(list, item, &blamed) || is_placed(list, item)) continue;
        char broken[MOST_RULES + 1];
        breaks(list, item, p, broken);
        uint32_t caps = 0;
        for (uint32_t r = 0; r < list->set->count; r++)
            caps += list->set->rules[r].type == RK_RULE_CAP;
        if (memchr(broken, '1', caps)) continue;
        eligible++;
        chosen |= item == got->item;
    }
    *explored = eligible > 0;
    if (!*explored) return;
    assert_true(chosen);
    assert_true(got->propensity == 1.0f / (float)eligible);
    list->touched[got->item] |= 1u << rule;
}

static inline void naive_choose(naive_list *list, uint32_t p, const rk_ruled *got,
                                uint32_t *gave_way) {
    const uint32_t spread = diversify_rule(list);
    static char broken[RK_MAX_CANDIDATES][MOST_RULES + 1];
    uint32_t best = 0, chosen = RK_NONE;
    double best_value = 0.0;
    for (uint32_t i = 0; i < list->ordered; i++) {
        breaks(list, list->order[i], p, broken[i]);
        const int order = strcmp(broken[i], broken[best]);
        const double value = naive_value(list, list->order[i]);
        if (i == 0 || order < 0 || (order == 0 && value > best_value)) best = i, best_value = value;
        if (list->order[i] == got->item) chosen = i;
    }
    assert_true(chosen != RK_NONE);
    assert_string_equal(broken[chosen], broken[best]);
    if (spread == RK_NONE)
        assert_int_equal(chosen, best);
    else
        assert_true(naive_value(list, got->item) > best_value - 1e-5);
    for (uint32_t i = 0; i < chosen; i++) {
        const uint32_t passed = more_broken(list, broken[i], broken[chosen], false);
        list->touched[list->order[i]] |= passed ? passed : 1u << spread;
        list->touched[got->item] |=
            passed ? more_broken(list, broken[i], broken[chosen], true) : 1u << spread;
    }
    char none[MOST_RULES + 1];
    memset(none, '0', sizeof none);
    gave_way[p] |= more_broken(list, broken[chosen], none, false);
    assert_true(got->propensity == 0.0f);
}

/* What the answer says of those that are not in it: each must be expected, and none missing. */
static inline void check_removed(const naive_list *list, const rk_ruled *removed, uint32_t count,
                                 uint32_t pushing) {
    static uint32_t expected[NAIVE_ITEMS];
    static bool listed[NAIVE_ITEMS];
    memset(expected, 0, sizeof expected);
    memset(listed, 0, sizeof listed);
    for (uint32_t i = 0; i < list->input->candidate_count; i++) {
        const uint32_t item = list->input->candidates[i].item;
        uint32_t blamed;
        if (naive_removed(list, item, &blamed)) {
            listed[item] = true, expected[item] = blamed;
        } else if (i < list->length && !is_placed(list, item)) {
            listed[item] = true;
            expected[item] = list->touched[item] ? list->touched[item] : pushing;
        }
    }
    for (uint32_t r = 0; r < list->set->count; r++) {
        const tree_rule *rule = &list->set->rules[r];
        uint32_t blamed;
        if (rule->type != RK_RULE_PIN || rule->numbers[0] == RK_NONE) continue;
        if (rule->numbers[1] > list->input->count) continue;
        if (!naive_removed(list, rule->numbers[0], &blamed)) continue;
        listed[rule->numbers[0]] = true;
        expected[rule->numbers[0]] |= 1u << r | blamed;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t item = removed[i].item;
        assert_true(listed[item]);
        assert_int_equal(removed[i].rules, expected[item]);
        assert_int_equal(removed[i].place, list->place[item]);
        listed[item] = false;
    }
    for (uint32_t item = 0; item < list->content->meta.items; item++) assert_false(listed[item]);
}

/* Follows `got` (count), the answer to `input`. */
static inline void check_ruled(const rk_snapshot_content *content, const rule_set *set,
                               const rk_rules_input *input, const rk_ruled *got, uint32_t count,
                               const rk_ruled *removed, uint32_t removed_count) {
    static naive_list list;
    static uint32_t gave_way[RK_MAX_COUNT + 1];
    memset(&list, 0, sizeof list);
    memset(gave_way, 0, sizeof gave_way);
    list.content = content;
    list.set = set;
    list.input = input;
    naive_arrange(&list);
    naive_pins(&list, gave_way);
    assert_int_equal(count, list.length);
    for (uint32_t p = 1; p <= list.length; p++) {
        uint32_t rule = 0;
        bool explored = false;
        if (list.pinned_at[p]) {
            assert_int_equal(got[p - 1].item, list.at[p]);
            continue;
        }
        if (naive_reserved(&list, p, &rule)) {
            naive_explore(&list, p, rule, &got[p - 1], &explored);
            if (!explored) gave_way[p] |= 1u << rule;
        }
        if (!explored) naive_choose(&list, p, &got[p - 1], gave_way);
        list.at[p] = got[p - 1].item;
        naive_take(&list, got[p - 1].item);
    }
    uint32_t pushing = 0;
    for (uint32_t p = 1; p <= list.length; p++) {
        const uint32_t item = got[p - 1].item;
        assert_int_equal(got[p - 1].place, list.place[item]);
        assert_int_equal(got[p - 1].rules, list.touched[item]);
        assert_int_equal(got[p - 1].gave_way, gave_way[p]);
        if (list.place[item] == 0 || list.place[item] > list.length) pushing |= got[p - 1].rules;
    }
    check_removed(&list, removed, removed_count, pushing);
}

#endif
