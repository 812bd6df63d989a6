/* Random rules, as trees for the naive reading and as the program that the engine reads. */
#ifndef RK_TESTS_RANDOM_RULES_H
#define RK_TESTS_RANDOM_RULES_H

#include "random_snapshot.h"

#include "serve/rules.h"

enum { MOST_OPERANDS = 8, MOST_RULES = RK_RULES_MAX, MOST_WORDS = 8192 };

typedef struct condition {
    uint32_t op, count, operands[MOST_OPERANDS];
    struct condition *left, *right;
} condition;

typedef struct tree_rule {
    uint32_t type, numbers[3], number_count;
    const condition *where; /* NULL: it has none */
} tree_rule;

typedef struct rule_set {
    tree_rule rules[MOST_RULES];
    uint32_t count;
    uint32_t words[MOST_WORDS], word_count;
} rule_set;

static inline uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Ascending, distinct, below `limit`. */
static inline void random_list(rk_rng *rng, uint32_t limit, condition *to) {
    const uint32_t wanted = rk_rng_below(rng, MOST_OPERANDS + 1);
    for (uint32_t i = 0; i < wanted; i++)
        put_value(to->operands, 0, &to->count, rk_rng_below(rng, limit));
}

static inline uint32_t random_attribute(rk_rng *rng, const rk_snapshot_content *content,
                                        uint32_t kinds) {
    for (;;) {
        const uint32_t attribute = rk_rng_below(rng, content->meta.attributes);
        if (kinds >> content->attribute_kind[attribute] & 1u) return attribute;
    }
}

static inline void two_floats(rk_rng *rng, float scale, uint32_t *to) {
    const float a = scale * rk_rng_normal(rng), b = scale * rk_rng_normal(rng);
    to[0] = bits_of(RK_MIN(a, b));
    to[1] = bits_of(RK_MAX(a, b));
}

static inline condition *random_condition(rk_rng *rng, const rk_snapshot_content *content,
                                          uint32_t depth, rk_memory *memory) {
    condition *to = TAKE(memory, condition, 1);
    if (depth > 0 && rk_rng_below(rng, 2)) {
        to->op = RK_MATCH_AND + rk_rng_below(rng, 3);
        to->left = random_condition(rng, content, depth - 1, memory);
        if (to->op != RK_MATCH_NOT) to->right = random_condition(rng, content, depth - 1, memory);
        return to;
    }
    to->op = RK_MATCH_TRUE + rk_rng_below(rng, RK_MATCH_POPULARITY);
    if (to->op == RK_MATCH_TRUE && rk_rng_below(rng, 4)) to->op = RK_MATCH_ANY;
    switch (to->op) {
    case RK_MATCH_ANY: random_list(rng, content->meta.attribute_values, to); break;
    case RK_MATCH_ALL:
        to->count = rk_rng_below(rng, 3) != 0;
        to->operands[0] = rk_rng_below(rng, content->meta.attribute_values);
        break;
    case RK_MATCH_KNOWN:
        to->operands[to->count++] = rk_rng_below(rng, content->meta.attributes);
        break;
    case RK_MATCH_NUMBER:
        to->operands[0] = random_attribute(rng, content, 1u << RK_ATTRIBUTE_NUMBER);
        two_floats(rng, 12.0f, to->operands + 1);
        to->count = 3;
        break;
    case RK_MATCH_ITEMS: random_list(rng, content->meta.items, to); break;
    case RK_MATCH_AGE:
        to->operands[0] = rk_rng_below(rng, 12000);
        to->operands[1] = to->operands[0] + rk_rng_below(rng, 12000);
        to->count = 2;
        break;
    case RK_MATCH_POPULARITY:
        two_floats(rng, 0.5f, to->operands);
        to->count = 2;
        break;
    default: break;
    }
    return to;
}

static inline void put_word(rule_set *set, uint32_t word) {
    if (set->word_count == MOST_WORDS) abort();
    set->words[set->word_count++] = word;
}

static inline void put_condition(rule_set *set, const condition *from) {
    if (from->left) put_condition(set, from->left);
    if (from->right) put_condition(set, from->right);
    put_word(set, from->op | from->count << 8);
    for (uint32_t i = 0; i < from->count; i++) put_word(set, from->operands[i]);
}

/* The program of set->rules. */
static inline void assemble(rule_set *set) {
    set->word_count = 0;
    put_word(set, RK_RULES_MAGIC);
    put_word(set, RK_RULES_VERSION);
    put_word(set, set->count);
    put_word(set, 0);
    for (uint32_t r = 0; r < set->count; r++) {
        const tree_rule *rule = &set->rules[r];
        const uint32_t begin = set->word_count;
        put_word(set, rule->type);
        for (uint32_t i = 0; i < rule->number_count; i++) put_word(set, rule->numbers[i]);
        if (rule->where) put_condition(set, rule->where);
        set->words[begin] |= (set->word_count - begin) << 8;
    }
    set->words[3] = set->word_count;
}

static inline tree_rule random_rule(rk_rng *rng, const rk_snapshot_content *content, uint32_t type,
                                    rk_memory *memory) {
    tree_rule rule = {.type = type};
    uint32_t *numbers = rule.numbers;
    bool where = true;
    switch (type) {
    case RK_RULE_BOOST:
    case RK_RULE_BURY:
        rule.number_count = 1;
        numbers[0] = 1 + rk_rng_below(rng, rk_rng_below(rng, 4) ? 12 : RK_RULES_MAX_PLACES);
        break;
    case RK_RULE_CAP:
        rule.number_count = 3;
        numbers[0] = 1 + rk_rng_below(rng, 3);
        numbers[1] = rk_rng_below(rng, 3) ? numbers[0] + 1 + rk_rng_below(rng, 6) : 0;
        where = rk_rng_below(rng, 4) == 0;
        numbers[2] = where
                         ? RK_NONE
                         : random_attribute(rng, content,
                                            1u << RK_ATTRIBUTE_CATEGORY | 1u << RK_ATTRIBUTE_TAGS);
        break;
    case RK_RULE_PIN:
        rule.number_count = 2;
        numbers[0] = rk_rng_below(rng, 8) ? rk_rng_below(rng, content->meta.items) : RK_NONE;
        numbers[1] = 1 + rk_rng_below(rng, rk_rng_below(rng, 4) ? 8 : RK_MAX_COUNT);
        where = false;
        break;
    case RK_RULE_SHARE:
        rule.number_count = 1;
        numbers[0] = 1 + rk_rng_below(rng, RK_RULES_PARTS);
        break;
    case RK_RULE_DIVERSIFY:
        rule.number_count = 1;
        numbers[0] = 1 + rk_rng_below(rng, RK_RULES_PARTS);
        where = false;
        break;
    case RK_RULE_EXPLORE:
        rule.number_count = 2;
        numbers[0] = 1 + rk_rng_below(rng, 6);
        numbers[1] = 1 + rk_rng_below(rng, 6);
        where = false;
        break;
    default: break;
    }
    if (where) rule.where = random_condition(rng, content, 4, memory);
    return rule;
}

/* A handful of rules of any type within the limits; what removes is rare, or nothing would be
 * left. */
static inline void random_rules(rk_rng *rng, const rk_snapshot_content *content, bool diversify,
                                rk_memory *memory, rule_set *set) {
    static const uint32_t most[RK_RULE_TYPES] = {
        [RK_RULE_FILTER] = 1,    [RK_RULE_EXCLUDE] = 1, [RK_RULE_SEEN] = 1, [RK_RULE_BOOST] = 8,
        [RK_RULE_BURY] = 8,      [RK_RULE_CAP] = 4,     [RK_RULE_PIN] = 5,  [RK_RULE_SHARE] = 4,
        [RK_RULE_DIVERSIFY] = 1, [RK_RULE_EXPLORE] = 1};
    uint32_t left[RK_RULE_TYPES];
    memcpy(left, most, sizeof left);
    if (!diversify) left[RK_RULE_DIVERSIFY] = 0;
    set->count = 0;
    const uint32_t wanted = rk_rng_below(rng, 14);
    for (uint32_t tries = 0; tries < 4 * wanted && set->count < wanted; tries++) {
        const uint32_t type = 1 + rk_rng_below(rng, RK_RULE_TYPES - 1);
        if (left[type] == 0) continue;
        left[type]--;
        set->rules[set->count++] = random_rule(rng, content, type, memory);
    }
    assemble(set);
}

static inline rk_rules *open_rules(const rk_snapshot_content *content, const rule_set *set,
                                   rk_memory *memory) {
    uint64_t bytes;
    rk_rules *rules = NULL;
    rk_error error;
    if (rk_rules_measure_over(content, set->words, set->word_count, &bytes, &error) != RK_OK ||
        bytes > UINT32_MAX)
        return NULL;
    unsigned char *room = take_or_abort(memory, bytes + RK_CACHE_LINE, 1);
    room += (RK_CACHE_LINE - (uintptr_t)room % RK_CACHE_LINE) % RK_CACHE_LINE;
    memset(room, 0xA5, (size_t)bytes); /* nothing may rely on zeroed memory */
    if (rk_rules_open_over(content, set->words, set->word_count, room, bytes, &rules, &error) !=
        RK_OK)
        return NULL;
    return rules;
}

#endif
