/* Reading compiled rules: nothing of the program is trusted before all of it is checked.
 *
 * Problem: the program comes from outside (JavaScript made it, but anyone may call the module), and
 * a list must not pay for checking it again.
 * Idea: one walk over the words with a bound for every step: sizes of rules nest exactly in the
 * program, operands in their rule, every index is in its table, and the postfix condition is run
 * with depths instead of values, so that a stack of RK_RULES_MAX_DEPTH bits always suffices. The
 * walk is made twice, once to measure and once over the copy that the rules keep; only the second
 * writes anything down.
 *
 * A refusal is BAD_RULES with the word's index as its offset. O(words).
 *
 * Memory of a handle:  rk_rules | words | rules | pinned | bitmap | scratch of one list
 * Scratch is 48 KB, 20 B a value counted by a cap (44 KB for a category), and with diversity
 * 1,344 * (2 dim + 12) B. */
#include "base/fmath.h"
#include "serve/engine.h"
#include "serve/rules_inner.h"

typedef struct reader {
    const rk_snapshot_content *snapshot;
    const uint32_t *words;
    uint32_t count;
    uint32_t nodes;
    uint32_t aged; /* of these, in filters and exclusions that look at ages */
    bool ages;     /* the condition just read looks at the age */
    rk_rules_shape shape;
    rk_rule *rules; /* NULL: measuring */
    rk_error *error;
} reader;

static rk_status refuse(const reader *from, uint32_t at, const char *what, uint64_t value,
                        uint64_t limit) {
    return rk_fail_value(from->error, RK_BAD_RULES, "rules", at, what, value, limit);
}

static rk_status check_within(const reader *from, uint32_t at, const char *what, uint32_t low,
                              uint32_t high) {
    uint32_t value = from->words[at];
    if (value < low) return refuse(from, at, what, value, low);
    return value > high ? refuse(from, at, what, value, high) : RK_OK;
}

static float float_at(const reader *from, uint32_t at) {
    float value;
    memcpy(&value, &from->words[at], sizeof value);
    return value;
}

/* ---- conditions ------------------------------------------------------------------------------ */

/* Operands in [at, end), ascending strictly and below a limit. */
static rk_status check_list(const reader *from, uint32_t at, uint32_t end, const char *what,
                            uint32_t limit) {
    for (uint32_t i = at; i < end; i++) {
        if (from->words[i] >= limit) return refuse(from, i, what, from->words[i], limit);
        if (i > at && from->words[i] <= from->words[i - 1])
            return refuse(from, i, "not ascending", from->words[i], from->words[i - 1]);
    }
    return RK_OK;
}

/* Two floats that are finite and in order: not so for a NaN. */
static rk_status check_floats(const reader *from, uint32_t at) {
    for (uint32_t i = at; i < at + 2; i++) {
        if (!rk_is_finite_f32(float_at(from, i)))
            return refuse(from, i, "not a finite number: bits", from->words[i], 0);
    }
    if (float_at(from, at) > float_at(from, at + 1))
        return refuse(from, at, "low above high: bits", from->words[at], from->words[at + 1]);
    return RK_OK;
}

static rk_status check_attribute(const reader *from, uint32_t at, uint32_t kinds) {
    uint32_t attributes = from->snapshot->meta.attributes;
    if (from->words[at] >= attributes)
        return refuse(from, at, "attribute", from->words[at], attributes);
    uint32_t kind = from->snapshot->attribute_kind[from->words[at]];
    return kinds >> kind & 1u ? RK_OK : refuse(from, at, "kind of attribute", kind, kinds);
}

/* Operands of one operator, in [at, end). */
static rk_status check_operands(reader *from, uint32_t op, uint32_t at, uint32_t end) {
    static const uint8_t fixed[RK_MATCH_OPERATORS] = {
        [RK_MATCH_KNOWN] = 1, [RK_MATCH_NUMBER] = 3, [RK_MATCH_AGE] = 2, [RK_MATCH_POPULARITY] = 2};
    const rk_snapshot_meta *meta = &from->snapshot->meta;
    bool lists = op == RK_MATCH_ANY || op == RK_MATCH_ALL || op == RK_MATCH_ITEMS;
    if (!lists && end - at != fixed[op])
        return refuse(from, at - 1, "operands", end - at, fixed[op]);
    switch (op) {
    case RK_MATCH_ANY:
    case RK_MATCH_ALL: return check_list(from, at, end, "value", meta->attribute_values);
    case RK_MATCH_ITEMS: return check_list(from, at, end, "item", meta->items);
    case RK_MATCH_KNOWN:
        return check_attribute(from, at,
                               1u << RK_ATTRIBUTE_CATEGORY | 1u << RK_ATTRIBUTE_TAGS |
                                   1u << RK_ATTRIBUTE_NUMBER);
    case RK_MATCH_NUMBER:
        RK_TRY(check_attribute(from, at, 1u << RK_ATTRIBUTE_NUMBER));
        return check_floats(from, at + 1);
    case RK_MATCH_AGE:
        from->ages = true;
        RK_TRY(check_within(from, at, "hours", 0, RK_RULES_MAX_HOURS));
        return check_within(from, at + 1, "hours", from->words[at], RK_RULES_MAX_HOURS);
    case RK_MATCH_POPULARITY: return check_floats(from, at);
    default: return RK_OK;
    }
}

/* Runs the condition in [at, end) with depths for values. */
static rk_status check_condition(reader *from, uint32_t at, uint32_t end) {
    uint32_t depth = 0;
    while (at < end) {
        uint32_t op = from->words[at] & 255u, operands = from->words[at] >> 8;
        if (op == 0 || op >= RK_MATCH_OPERATORS)
            return refuse(from, at, "operator", op, RK_MATCH_OPERATORS - 1);
        if (operands > end - at - 1) return refuse(from, at, "operands", operands, end - at - 1);
        if (++from->nodes > RK_RULES_MAX_NODES)
            return refuse(from, at, "operators", from->nodes, RK_RULES_MAX_NODES);
        RK_TRY(check_operands(from, op, at + 1, at + 1 + operands));
        bool binary = op == RK_MATCH_AND || op == RK_MATCH_OR;
        uint32_t taken = binary ? 2 : op == RK_MATCH_NOT ? 1 : 0;
        if (depth < taken) return refuse(from, at, "results to take", taken, depth);
        depth += 1 - taken;
        if (depth > RK_RULES_MAX_DEPTH)
            return refuse(from, at, "results waiting", depth, RK_RULES_MAX_DEPTH);
        at += 1 + operands;
    }
    return depth == 1 ? RK_OK : refuse(from, end - 1, "results of a condition", depth, 1);
}

/* ---- rules ----------------------------------------------------------------------------------- */

static const uint8_t number_count[RK_RULE_TYPES] = {
    [RK_RULE_BOOST] = 1, [RK_RULE_BURY] = 1,      [RK_RULE_CAP] = 3,    [RK_RULE_PIN] = 2,
    [RK_RULE_SHARE] = 1, [RK_RULE_DIVERSIFY] = 1, [RK_RULE_EXPLORE] = 2};

static rk_status count_kind(const reader *from, uint32_t at, const char *what, uint32_t *counted,
                            uint32_t limit) {
    return ++*counted > limit ? refuse(from, at, what, *counted, limit) : RK_OK;
}

static rk_status check_cap(reader *from, uint32_t at) {
    RK_TRY(count_kind(from, at - 1, "caps", &from->shape.caps, RK_RULES_MAX_CAPS));
    RK_TRY(check_within(from, at, "most", 1, RK_MAX_COUNT));
    if (from->words[at + 1] != 0)
        RK_TRY(check_within(from, at + 1, "window", from->words[at] + 1, RK_MAX_COUNT));
    uint32_t values = 1;
    if (from->words[at + 2] != RK_NONE) {
        RK_TRY(
            check_attribute(from, at + 2, 1u << RK_ATTRIBUTE_CATEGORY | 1u << RK_ATTRIBUTE_TAGS));
        if (from->snapshot->attribute_kind[from->words[at + 2]] == RK_ATTRIBUTE_TAGS)
            values = RK_RULES_CAP_VALUES;
    }
    from->shape.cap_entries += values * RK_RULES_SLOTS;
    return RK_OK;
}

static rk_status check_pin(reader *from, uint32_t at) {
    from->shape.pins++;
    if (from->words[at] != RK_NONE && from->words[at] >= from->snapshot->meta.items)
        return refuse(from, at, "item", from->words[at], from->snapshot->meta.items);
    return check_within(from, at + 1, "position", 1, RK_MAX_COUNT);
}

/* The numbers of a rule, from word `at`. */
static rk_status check_numbers(reader *from, uint32_t type, uint32_t at) {
    uint32_t once;
    switch (type) {
    case RK_RULE_BOOST:
    case RK_RULE_BURY: return check_within(from, at, "places", 1, RK_RULES_MAX_PLACES);
    case RK_RULE_CAP: return check_cap(from, at);
    case RK_RULE_PIN: return check_pin(from, at);
    case RK_RULE_SHARE:
        RK_TRY(count_kind(from, at - 1, "shares", &from->shape.shares, RK_RULES_MAX_SHARES));
        return check_within(from, at, "parts", 1, RK_RULES_PARTS);
    case RK_RULE_DIVERSIFY:
        once = from->shape.diversify;
        RK_TRY(count_kind(from, at - 1, "diversify rules", &once, 1));
        from->shape.diversify = true;
        return check_within(from, at, "parts", 1, RK_RULES_PARTS);
    case RK_RULE_EXPLORE:
        once = from->shape.explore;
        RK_TRY(count_kind(from, at - 1, "explore rules", &once, 1));
        from->shape.explore = true;
        RK_TRY(check_within(from, at, "every", 1, RK_MAX_COUNT));
        return check_within(from, at + 1, "first", 1, RK_MAX_COUNT);
    default: return RK_OK;
    }
}

static bool has_condition(uint32_t type, const uint32_t *numbers) {
    if (type == RK_RULE_CAP) return numbers[2] == RK_NONE;
    return type != RK_RULE_PIN && type != RK_RULE_DIVERSIFY && type != RK_RULE_EXPLORE;
}

/* The rule in words [at, end): its head and what belongs to it. */
static rk_status read_rule(reader *from, uint32_t at, uint32_t end) {
    uint32_t type = from->words[at] & 255u;
    if (type == 0 || type >= RK_RULE_TYPES)
        return refuse(from, at, "type of rule", type, RK_RULE_TYPES - 1);
    uint32_t condition = at + 1 + number_count[type];
    if (condition > end) return refuse(from, at, "words of a rule", end - at, condition - at);
    RK_TRY(check_numbers(from, type, at + 1));
    bool expected = has_condition(type, from->words + at + 1);
    if (!expected && condition != end)
        return refuse(from, condition, "words behind a rule", end - condition, 0);
    uint32_t nodes = from->nodes;
    from->ages = false;
    if (expected) RK_TRY(check_condition(from, condition, end));
    from->shape.ages |= from->ages;
    if (from->ages && (type == RK_RULE_FILTER || type == RK_RULE_EXCLUDE)) {
        from->shape.ages_filter = true;
        from->aged += from->nodes - nodes;
        if (from->aged > RK_RULES_MAX_AGED)
            return refuse(from, at, "operators of filters on age", from->aged, RK_RULES_MAX_AGED);
    }
    if (from->rules) {
        uint32_t number = from->shape.rules;
        rk_rule *rule = &from->rules[number];
        *rule = (rk_rule){.type = type, .bit = 1u << number, .ages = from->ages};
        memcpy(rule->numbers, from->words + at + 1, number_count[type] * sizeof(uint32_t));
        rule->condition = from->words + condition;
        rule->condition_end = from->words + end;
    }
    from->shape.rules++;
    return RK_OK;
}

static rk_status read_program(reader *from) {
    if (from->count < RK_RULES_HEADER_WORDS || from->count > RK_RULES_MAX_WORDS)
        return refuse(from, 0, "words", from->count, RK_RULES_MAX_WORDS);
    RK_TRY(check_within(from, 0, "magic", RK_RULES_MAGIC, RK_RULES_MAGIC));
    RK_TRY(check_within(from, 1, "version", RK_RULES_VERSION, RK_RULES_VERSION));
    RK_TRY(check_within(from, 2, "rules", 0, RK_RULES_MAX));
    RK_TRY(check_within(from, 3, "words", from->count, from->count));
    uint32_t at = RK_RULES_HEADER_WORDS;
    for (uint32_t rule = 0; rule < from->words[2]; rule++) {
        if (at == from->count) return refuse(from, 2, "rules", from->words[2], rule);
        uint32_t words = from->words[at] >> 8;
        if (words == 0 || words > from->count - at)
            return refuse(from, at, "words of a rule", words, from->count - at);
        RK_TRY(read_rule(from, at, at + words));
        at += words;
    }
    return at == from->count ? RK_OK : refuse(from, at, "words behind the rules", from->count, at);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void lay_out_scratch(rk_arena *arena, uint32_t dim, rk_rules *rules) {
    const rk_rules_shape *shape = &rules->shape;
    rk_rules_scratch *scratch = &rules->scratch;
    uint32_t spread = shape->diversify ? RK_RULES_SLOTS : 0;
    scratch->item = RK_TAKE(arena, uint32_t, RK_RULES_SLOTS);
    scratch->place = RK_TAKE(arena, uint32_t, RK_RULES_SLOTS);
    scratch->touched = RK_TAKE(arena, uint32_t, RK_RULES_SLOTS);
    scratch->breaks = RK_TAKE(arena, uint32_t, RK_RULES_SLOTS);
    scratch->broken = RK_TAKE(arena, uint32_t, RK_RULES_SLOTS);
    scratch->position = RK_TAKE(arena, uint32_t, RK_RULES_SLOTS);
    scratch->relevance = RK_TAKE(arena, float, RK_RULES_SLOTS);
    scratch->buckets = RK_TAKE(arena, uint16_t, RK_RULES_BUCKETS);
    scratch->order = RK_TAKE(arena, uint16_t, RK_MAX_CANDIDATES);
    scratch->listed = RK_TAKE(arena, uint16_t, RK_MAX_COUNT + 1);
    scratch->explorable = RK_TAKE(arena, uint16_t, RK_RULES_MAX_EXPLORE);
    scratch->sorted = RK_TAKE(arena, rk_scored, RK_MAX_CANDIDATES);
    scratch->removed = RK_TAKE(arena, rk_ruled, RK_MAX_CANDIDATES + RK_RULES_MAX_PINS);
    scratch->group_of = RK_TAKE(arena, uint32_t, shape->cap_entries);
    scratch->next = RK_TAKE(arena, uint32_t, shape->cap_entries);
    scratch->entry_position = RK_TAKE(arena, uint16_t, shape->cap_entries);
    scratch->groups = RK_TAKE(arena, rk_rules_group, shape->cap_entries);
    scratch->group_hash = RK_TAKE(arena, uint32_t, rules->group_buckets);
    scratch->group_key = RK_TAKE(arena, uint64_t, shape->cap_entries);
    scratch->magnitudes = RK_TAKE(arena, int16_t, (uint64_t)spread * dim);
    scratch->inverse_length = RK_TAKE(arena, float, spread);
    scratch->similarity = RK_TAKE(arena, float, spread);
    scratch->compared = RK_TAKE(arena, uint32_t, spread);
    scratch->arrived = RK_TAKE(arena, uint16_t, spread ? RK_MAX_COUNT : 0);
}

/* One layout for measuring and for use; rules->shape and group_buckets are known. */
static void lay_out(rk_arena *arena, const rk_snapshot_meta *meta, uint32_t word_count,
                    rk_rules *rules, uint32_t **words, rk_rule **list) {
    *words = RK_TAKE(arena, uint32_t, word_count);
    *list = RK_TAKE(arena, rk_rule, rules->shape.rules);
    rules->pinned = RK_TAKE(arena, uint32_t, rules->shape.pins);
    rules->blocked = RK_TAKE(arena, uint32_t, rk_block_count(meta->items));
    rules->fixed =
        RK_TAKE(arena, uint32_t, rules->shape.ages_filter ? rk_block_count(meta->items) : 0);
    rules->state = RK_TAKE(arena, rk_rules_state, 1);
    lay_out_scratch(arena, meta->dim, rules);
}

static rk_status measure(const rk_snapshot_content *snapshot, const uint32_t *words, uint32_t count,
                         rk_rules *rules, uint64_t *bytes, rk_error *error) {
    reader from = {.snapshot = snapshot, .words = words, .count = count, .error = error};
    RK_TRY(read_program(&from));
    memset(rules, 0, sizeof *rules);
    rules->snapshot = snapshot;
    rules->shape = from.shape;
    rules->group_buckets = 1;
    while (rules->group_buckets < 2 * from.shape.cap_entries) rules->group_buckets *= 2;
    rk_arena arena = rk_arena_measuring();
    uint32_t *copy;
    rk_rule *list;
    rk_rules unused = *rules;
    (void)RK_TAKE(&arena, rk_rules, 1);
    lay_out(&arena, &snapshot->meta, count, &unused, &copy, &list);
    *bytes = arena.used;
    return RK_OK;
}

static void sort_out_caps(rk_rules *rules, const rk_rule *rule, uint32_t *caps, uint32_t *entries) {
    rk_rules_cap *cap = &rules->caps[(*caps)++];
    bool tags = rule->numbers[2] != RK_NONE &&
                rules->snapshot->attribute_kind[rule->numbers[2]] == RK_ATTRIBUTE_TAGS;
    *cap = (rk_rules_cap){rule, tags ? RK_RULES_CAP_VALUES : 1, *entries};
    *entries += cap->values * RK_RULES_SLOTS;
}

/* The rules by kind. */
static void sort_out(rk_rules *rules) {
    uint32_t caps = 0, entries = 0, shares = 0;
    for (uint32_t r = 0; r < rules->shape.rules; r++) {
        const rk_rule *rule = &rules->rules[r];
        switch (rule->type) {
        case RK_RULE_CAP: sort_out_caps(rules, rule, &caps, &entries); break;
        case RK_RULE_SHARE: rules->shares[shares++] = rule; break;
        case RK_RULE_DIVERSIFY: rules->diversify = rule; break;
        case RK_RULE_EXPLORE: rules->explore = rule; break;
        case RK_RULE_PIN:
            if (rule->numbers[0] != RK_NONE)
                rules->pinned[rules->pinned_count++] = rule->numbers[0];
            break;
        default: break;
        }
    }
}

static void prepare(rk_rules *rules) {
    const rk_snapshot_content *snapshot = rules->snapshot;
    for (uint32_t a = 0, column = 0; a < snapshot->meta.attributes; a++) {
        if (snapshot->attribute_kind[a] == RK_ATTRIBUTE_NUMBER)
            rules->columns[a] = (uint8_t)column++;
    }
    *rules->state = (rk_rules_state){.hour = RK_RULES_NO_HOUR};
    rk_rules_open_blocked(rules);
}

rk_status rk_rules_measure_over(const rk_snapshot_content *snapshot, const uint32_t *words,
                                uint32_t count, uint64_t *bytes, rk_error *error) {
    rk_rules unused;
    return measure(snapshot, words, count, &unused, bytes, error);
}

rk_status rk_rules_open_over(const rk_snapshot_content *snapshot, const uint32_t *words,
                             uint32_t count, void *memory, uint64_t memory_bytes, rk_rules **out,
                             rk_error *error) {
    rk_rules measured;
    uint64_t bytes;
    RK_TRY(measure(snapshot, words, count, &measured, &bytes, error));
    if ((uintptr_t)memory % RK_CACHE_LINE)
        return rk_fail(error, RK_MISALIGNED, "rules", 0, "rules memory");
    if (memory_bytes < bytes)
        return rk_fail_value(error, RK_OUT_OF_MEMORY, "rules", 0, "rules bytes", memory_bytes,
                             bytes);
    rk_arena arena = rk_arena_over(memory, memory_bytes);
    rk_rules *rules = RK_TAKE(&arena, rk_rules, 1);
    uint32_t *copy;
    rk_rule *list;
    assert(rules);
    *rules = measured;
    lay_out(&arena, &snapshot->meta, count, rules, &copy, &list);
    assert(!arena.exhausted);
    memcpy(copy, words, count * sizeof *copy);
    reader again = {.snapshot = snapshot, .words = copy, .count = count, .rules = list};
    RK_TRY(read_program(&again));
    rules->rules = list;
    sort_out(rules);
    prepare(rules);
    *out = rules;
    return RK_OK;
}

/* ---- of an engine ---------------------------------------------------------------------------- */

rk_status rk_rules_measure(const rk_engine *engine, const uint32_t *words, uint32_t count,
                           uint64_t *bytes, rk_error *error) {
    return rk_rules_measure_over(rk_engine_content(engine), words, count, bytes, error);
}

rk_status rk_rules_open(const rk_engine *engine, const uint32_t *words, uint32_t count,
                        void *memory, uint64_t memory_bytes, rk_rules **out, rk_error *error) {
    return rk_rules_open_over(rk_engine_content(engine), words, count, memory, memory_bytes, out,
                              error);
}

/* Tables of one snapshot are in one place; a copy of its content points to the same. */
bool rk_rules_fit(const rk_rules *rules, const rk_snapshot_content *snapshot) {
    return rules->snapshot->items.offsets == snapshot->items.offsets &&
           rules->snapshot->meta.items == snapshot->meta.items;
}

const uint32_t *rk_rules_pinned(const rk_rules *rules, uint32_t *count) {
    *count = rules->pinned_count;
    return rules->pinned;
}

bool rk_rules_explore(const rk_rules *rules) {
    return rules->explore != NULL;
}
