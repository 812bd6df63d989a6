/* Rules: programs refused, conditions and lists against the naive reading of naive_rules.h. */
#include "naive_rules.h"

static const snapshot_shape shape = {.items = 300,
                                     .dim = 20,
                                     .neighbors = 4,
                                     .popular_rows = 40,
                                     .attributes = 7,
                                     .born = true,
                                     .seed = 9};

typedef struct world {
    rk_memory memory;
    rk_snapshot_content content;
    rk_rng rng;
    rule_set set;
} world;

static void begin(world *w, uint64_t stream) {
    *w = (world){.rng = rk_rng_at(test_seed(), stream)};
    w->content = make_random_snapshot(shape, &w->memory);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void refused_at(const world *w, const rule_set *set, uint32_t at, const char *detail) {
    uint64_t bytes;
    rk_error error;
    assert_int_equal(
        rk_rules_measure_over(&w->content, set->words, set->word_count, &bytes, &error),
        RK_BAD_RULES);
    assert_int_equal(error.offset, at);
    assert_string_equal(error.section, "rules");
    if (strncmp(error.detail, detail, strlen(detail)) != 0)
        fail_msg("'%s' instead of '%s'", error.detail, detail);
}

/* One rule with these words behind its head. */
static rule_set one_rule(uint32_t type, const uint32_t *words, uint32_t count) {
    rule_set set = {.word_count = 5 + count};
    const uint32_t head[] = {RK_RULES_MAGIC, RK_RULES_VERSION, 1, 5 + count,
                             type | (1 + count) << 8};
    memcpy(set.words, head, sizeof head);
    if (count > 0) memcpy(set.words + 5, words, count * sizeof *words);
    return set;
}

#define W(...)                                                                                     \
    (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)

static void every_corruption_is_refused(void **state) {
    (void)state;
    static world w;
    begin(&w, 30);
    const uint32_t values = w.content.meta.attribute_values, nan = bits_of(NAN);
    const uint32_t everything = RK_MATCH_TRUE;
    const uint32_t category = 0, tags = 1, number = 2; /* kinds in turn */
    const struct {
        const char *detail;
        uint32_t at, type;
        const uint32_t *words;
        uint32_t count;
    } cases[] = {
        {"type of rule", 4, 0, W(everything)},
        {"type of rule", 4, RK_RULE_TYPES, W(everything)},
        {"words of a rule", 4, RK_RULE_CAP, W(1, 2)},
        {"words behind a rule", 7, RK_RULE_PIN, W(1, 2, everything)},
        {"results of a condition", 4, RK_RULE_FILTER, NULL, 0},
        {"operator", 5, RK_RULE_FILTER, W(0)},
        {"operator", 5, RK_RULE_FILTER, W(RK_MATCH_OPERATORS)},
        {"operands", 5, RK_RULE_FILTER, W(RK_MATCH_TRUE | 1 << 8, 0)},
        {"operands", 5, RK_RULE_FILTER, W(RK_MATCH_ANY | 2 << 8, 0)},
        {"operands", 5, RK_RULE_FILTER, W(RK_MATCH_ANY | 0xFFFFFFu << 8, 0)},
        {"operands", 5, RK_RULE_FILTER, W(RK_MATCH_AGE | 1 << 8, 0)},
        {"results to take", 6, RK_RULE_FILTER, W(everything, RK_MATCH_AND)},
        {"results to take", 5, RK_RULE_FILTER, W(RK_MATCH_NOT)},
        {"results of a condition", 6, RK_RULE_FILTER, W(everything, everything)},
        {"value", 6, RK_RULE_FILTER, W(RK_MATCH_ANY | 1 << 8, values)},
        {"not ascending", 7, RK_RULE_FILTER, W(RK_MATCH_ALL | 2 << 8, 3, 3)},
        {"not ascending", 7, RK_RULE_FILTER, W(RK_MATCH_ITEMS | 2 << 8, 3, 2)},
        {"item", 6, RK_RULE_EXCLUDE, W(RK_MATCH_ITEMS | 1 << 8, 300)},
        {"attribute", 6, RK_RULE_FILTER, W(RK_MATCH_KNOWN | 1 << 8, 7)},
        {"attribute", 6, RK_RULE_FILTER, W(RK_MATCH_NUMBER | 3 << 8, RK_NONE, 0, 0)},
        {"kind of attribute", 6, RK_RULE_FILTER, W(RK_MATCH_NUMBER | 3 << 8, category, 0, 0)},
        {"not a finite number", 7, RK_RULE_SEEN, W(RK_MATCH_NUMBER | 3 << 8, number, nan, nan)},
        {"not a finite number", 8, RK_RULE_SEEN,
         W(RK_MATCH_NUMBER | 3 << 8, number, 0, 0x7F800000)},
        {"low above high", 7, RK_RULE_SEEN,
         W(RK_MATCH_NUMBER | 3 << 8, number, bits_of(2), bits_of(1))},
        {"low above high", 6, RK_RULE_SEEN,
         W(RK_MATCH_POPULARITY | 2 << 8, bits_of(2), bits_of(1))},
        {"hours", 6, RK_RULE_SEEN, W(RK_MATCH_AGE | 2 << 8, RK_RULES_MAX_HOURS + 1, RK_NONE)},
        {"hours", 7, RK_RULE_SEEN, W(RK_MATCH_AGE | 2 << 8, 5, 4)},
        {"places", 5, RK_RULE_BOOST, W(0, everything)},
        {"places", 5, RK_RULE_BURY, W(RK_RULES_MAX_PLACES + 1, everything)},
        {"most", 5, RK_RULE_CAP, W(0, 0, category)},
        {"most", 5, RK_RULE_CAP, W(RK_MAX_COUNT + 1, 0, category)},
        {"window", 6, RK_RULE_CAP, W(3, 3, category)},
        {"window", 6, RK_RULE_CAP, W(3, RK_MAX_COUNT + 1, category)},
        {"attribute", 7, RK_RULE_CAP, W(3, 4, 7)},
        {"kind of attribute", 7, RK_RULE_CAP, W(3, 4, number)},
        {"words behind a rule", 8, RK_RULE_CAP, W(3, 4, tags, everything)},
        {"results of a condition", 7, RK_RULE_CAP, W(3, 4, RK_NONE)},
        {"item", 5, RK_RULE_PIN, W(300, 1)},
        {"position", 6, RK_RULE_PIN, W(1, 0)},
        {"position", 6, RK_RULE_PIN, W(1, RK_MAX_COUNT + 1)},
        {"parts", 5, RK_RULE_SHARE, W(0, everything)},
        {"parts", 5, RK_RULE_SHARE, W(RK_RULES_PARTS + 1, everything)},
        {"parts", 5, RK_RULE_DIVERSIFY, W(0)},
        {"every", 5, RK_RULE_EXPLORE, W(0, 1)},
        {"first", 6, RK_RULE_EXPLORE, W(5, 0)},
    };
    for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const rule_set set = one_rule(cases[i].type, cases[i].words, cases[i].count);
        refused_at(&w, &set, cases[i].at, cases[i].detail);
    }
    rk_memory_free(&w.memory);
}

static void the_frame_is_checked(void **state) {
    (void)state;
    static world w;
    begin(&w, 31);
    const rule_set good = one_rule(RK_RULE_FILTER, W(RK_MATCH_TRUE));
    assert_non_null(open_rules(&w.content, &good, &w.memory));
    static const char *const names[] = {"magic", "version", "rules", "words", "words of a rule"};
    for (uint32_t at = 0; at < 5; at++) {
        rule_set bad = good;
        bad.words[at] += at == 2 ? RK_RULES_MAX + 1 : at == 4 ? 1 << 8 : 1;
        refused_at(&w, &bad, at, names[at]);
    }
    rule_set bad = good;
    bad.words[2] = 2; /* a rule that is not there */
    refused_at(&w, &bad, 2, "rules");
    bad.words[2] = 0;
    refused_at(&w, &bad, 4, "words behind the rules");
    bad = good;
    bad.words[4] = RK_RULE_FILTER; /* no words at all: would never end */
    refused_at(&w, &bad, 4, "words of a rule");
    bad.word_count = 3;
    refused_at(&w, &bad, 0, "words");
    rk_memory_free(&w.memory);
}

/* `count` rules like this one. */
static void repeat_rule(rule_set *set, tree_rule rule, uint32_t count) {
    memset(set, 0, sizeof *set);
    set->count = 1;
    set->rules[0] = rule;
    assemble(set);
    const uint32_t words = set->word_count - RK_RULES_HEADER_WORDS;
    for (uint32_t i = 1; i < count; i++)
        for (uint32_t j = 0; j < words; j++) put_word(set, set->words[RK_RULES_HEADER_WORDS + j]);
    set->words[2] = count;
    set->words[3] = set->word_count;
}

static void limits_hold(void **state) {
    (void)state;
    static world w;
    begin(&w, 32);
    const condition all = {.op = RK_MATCH_TRUE};
    const struct {
        tree_rule rule;
        uint32_t most;
        const char *detail;
    } cases[] = {
        {{RK_RULE_FILTER, {0}, 0, &all}, RK_RULES_MAX, "rules"},
        {{RK_RULE_CAP, {1, 2, 0}, 3, NULL}, RK_RULES_MAX_CAPS, "caps"},
        {{RK_RULE_SHARE, {5}, 1, &all}, RK_RULES_MAX_SHARES, "shares"},
        {{RK_RULE_PIN, {5, 1}, 2, NULL}, RK_RULES_MAX, "rules"},
        {{RK_RULE_DIVERSIFY, {5}, 1, NULL}, 1, "diversify rules"},
        {{RK_RULE_EXPLORE, {5, 5}, 2, NULL}, 1, "explore rules"},
    };
    for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t bytes;
        rk_error error;
        repeat_rule(&w.set, cases[i].rule, cases[i].most);
        assert_non_null(open_rules(&w.content, &w.set, &w.memory));
        repeat_rule(&w.set, cases[i].rule, cases[i].most + 1);
        assert_int_equal(
            rk_rules_measure_over(&w.content, w.set.words, w.set.word_count, &bytes, &error),
            RK_BAD_RULES);
        assert_true(strncmp(error.detail, cases[i].detail, strlen(cases[i].detail)) == 0);
    }
    /* Depth: results waiting, and operators in all. */
    uint32_t words[RK_RULES_MAX_NODES + 1];
    for (uint32_t i = 0; i <= RK_RULES_MAX_DEPTH; i++) words[i] = RK_MATCH_TRUE;
    for (uint32_t i = 0; i < RK_RULES_MAX_DEPTH; i++)
        words[RK_RULES_MAX_DEPTH + 1 + i] = RK_MATCH_OR;
    rule_set deep = one_rule(RK_RULE_FILTER, words, 2 * RK_RULES_MAX_DEPTH + 1);
    refused_at(&w, &deep, 5 + RK_RULES_MAX_DEPTH, "results waiting");
    deep = one_rule(RK_RULE_FILTER, words + 1, 2 * RK_RULES_MAX_DEPTH - 1);
    assert_non_null(open_rules(&w.content, &deep, &w.memory));
    /* Operators beside an age, where it removes; elsewhere they do not count. */
    const uint32_t age[] = {RK_MATCH_AGE | 2 << 8, 0, 5};
    memcpy(words, age, sizeof age);
    for (uint32_t i = 0; i < RK_RULES_MAX_AGED; i++) words[3 + i] = RK_MATCH_NOT;
    rule_set aged = one_rule(RK_RULE_FILTER, words, 3 + RK_RULES_MAX_AGED);
    refused_at(&w, &aged, 4, "operators of filters on age");
    aged = one_rule(RK_RULE_EXCLUDE, words, 2 + RK_RULES_MAX_AGED);
    assert_non_null(open_rules(&w.content, &aged, &w.memory));
    aged = one_rule(RK_RULE_SEEN, words, 3 + RK_RULES_MAX_AGED);
    assert_non_null(open_rules(&w.content, &aged, &w.memory));
    words[0] = RK_MATCH_TRUE;
    for (uint32_t i = 1; i <= RK_RULES_MAX_NODES; i++) words[i] = RK_MATCH_NOT;
    rule_set wide = one_rule(RK_RULE_FILTER, words, RK_RULES_MAX_NODES + 1);
    refused_at(&w, &wide, 5 + RK_RULES_MAX_NODES, "operators");
    wide = one_rule(RK_RULE_FILTER, words, RK_RULES_MAX_NODES);
    assert_non_null(open_rules(&w.content, &wide, &w.memory));
    rk_memory_free(&w.memory);
}

static void memory_is_checked(void **state) {
    (void)state;
    static world w;
    begin(&w, 33);
    const rule_set set = one_rule(RK_RULE_FILTER, W(RK_MATCH_TRUE));
    uint64_t bytes;
    rk_rules *rules;
    rk_error error;
    assert_int_equal(rk_rules_measure_over(&w.content, set.words, set.word_count, &bytes, &error),
                     RK_OK);
    unsigned char *room = take_or_abort(&w.memory, bytes + 128, 1);
    room += 64 - (uintptr_t)room % 64;
    assert_int_equal(
        rk_rules_open_over(&w.content, set.words, set.word_count, room + 4, bytes, &rules, &error),
        RK_MISALIGNED);
    assert_int_equal(
        rk_rules_open_over(&w.content, set.words, set.word_count, room, bytes - 1, &rules, &error),
        RK_OUT_OF_MEMORY);
    assert_int_equal(
        rk_rules_open_over(&w.content, set.words, set.word_count, room, bytes, &rules, &error),
        RK_OK);
    assert_true(rk_rules_fit(rules, &w.content));
    const rk_snapshot_content other = make_random_snapshot(shape, &w.memory);
    assert_false(rk_rules_fit(rules, &other));
    rk_memory_free(&w.memory);
}

/* ---- matching -------------------------------------------------------------------------------- */

static void the_bitmap_is_what_conditions_say(void **state) {
    (void)state;
    static world w;
    begin(&w, 34);
    uint64_t blocked_in_all = 0, items_in_all = 0;
    for (uint32_t round = 0; round < 400; round++) {
        rk_memory memory = {0};
        w.set.count = 1 + rk_rng_below(&w.rng, 3);
        for (uint32_t r = 0; r < w.set.count; r++)
            w.set.rules[r] =
                random_rule(&w.rng, &w.content, RK_RULE_FILTER + rk_rng_below(&w.rng, 2), &memory);
        assemble(&w.set);
        rk_rules *rules = open_rules(&w.content, &w.set, &memory);
        assert_non_null(rules);
        for (uint32_t clock = 0; clock < 3; clock++) {
            const int64_t now = clock == 0 ? 0 : RANDOM_NOW_MS + (clock - 1) * INT64_C(4000000000);
            const rk_rules_input input = {.time_ms = now};
            const naive_list list = {.content = &w.content, .set = &w.set, .input = &input};
            const uint32_t *blocked = rk_rules_blocked(rules, now);
            for (uint32_t item = 0; item < shape.items; item++) {
                uint32_t blamed;
                const bool removed = naive_removed(&list, item, &blamed);
                assert_int_equal(rk_is_blocked(blocked, item), removed);
                assert_int_equal(rk_rules_refusing(rules, item, false, now), blamed);
                blocked_in_all += removed;
                items_in_all++;
            }
            assert_int_equal(blocked[shape.items / 32] >> shape.items % 32, 0);
        }
        rk_memory_free(&memory);
    }
    /* Neither everything nor nothing: the comparison says something. */
    assert_true(blocked_in_all > items_in_all / 10 && blocked_in_all < items_in_all / 10 * 9);
    rk_memory_free(&w.memory);
}

/* ---- applying -------------------------------------------------------------------------------- */

static uint32_t random_items(rk_rng *rng, uint32_t most, uint32_t *items) {
    uint32_t all[300], count = rk_rng_below(rng, most + 1);
    for (uint32_t i = 0; i < 300; i++) all[i] = i;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t j = i + rk_rng_below(rng, 300 - i), item = all[j];
        all[j] = all[i];
        all[i] = items[i] = item;
    }
    return count;
}

typedef struct random_input {
    rk_rules_input input;
    rk_scored candidates[300];
    uint32_t explore[300], blocked[10], seen[10];
} random_input;

static void draw_input(rk_rng *rng, random_input *to) {
    uint32_t items[300];
    memset(to, 0, sizeof *to);
    const uint32_t count = random_items(rng, rk_rng_below(rng, 2) ? 12 : 90, items);
    for (uint32_t i = 0; i < count; i++)
        to->candidates[i] = (rk_scored){.score = -(float)i, .item = items[i]};
    for (uint32_t i = 0; i < 10; i++) {
        to->blocked[i] = rk_rng_u32(rng) & rk_rng_u32(rng) & rk_rng_u32(rng) & rk_rng_u32(rng);
        to->seen[i] = rk_rng_u32(rng) & rk_rng_u32(rng);
    }
    to->input = (rk_rules_input){
        .candidates = to->candidates,
        .candidate_count = count,
        .explore = to->explore,
        .explore_count = random_items(rng, 20, to->explore),
        .blocked = rk_rng_below(rng, 2) ? to->blocked : NULL,
        .seen = rk_rng_below(rng, 2) ? to->seen : NULL,
        .count = 1 + rk_rng_below(rng, 30),
        .seed = rk_rng_u64(rng),
        .time_ms = rk_rng_below(rng, 4) ? RANDOM_NOW_MS : 0,
    };
}

static void lists_follow_the_rules(void **state) {
    (void)state;
    static world w;
    static random_input in;
    begin(&w, 35);
    for (uint32_t round = 0; round < 3000; round++) {
        rk_memory memory = {0};
        random_rules(&w.rng, &w.content, round % 3 == 0, &memory, &w.set);
        rk_rules *rules = open_rules(&w.content, &w.set, &memory);
        assert_non_null(rules);
        for (uint32_t lists = 0; lists < 2; lists++) {
            rk_ruled out[30], again[30];
            uint32_t removed_count;
            draw_input(&w.rng, &in);
            const uint32_t count = rk_rules_apply(rules, &in.input, out);
            const rk_ruled *removed = rk_rules_removed(rules, &removed_count);
            check_ruled(&w.content, &w.set, &in.input, out, count, removed, removed_count);
            assert_int_equal(rk_rules_apply(rules, &in.input, again), count);
            assert_memory_equal(out, again, count * sizeof *out);
        }
        rk_memory_free(&memory);
    }
    rk_memory_free(&w.memory);
}

/* The largest lists and documents there can be: nothing overflows its scratch. */
static void limits_of_a_list(void **state) {
    (void)state;
    rk_memory memory = {0};
    snapshot_shape large = shape;
    large.items = NAIVE_ITEMS;
    const rk_snapshot_content content = make_random_snapshot(large, &memory);
    static rk_scored candidates[RK_MAX_CANDIDATES];
    static uint32_t explore[RK_RULES_MAX_EXPLORE + 50];
    static rk_ruled out[RK_MAX_COUNT];
    static rule_set set;
    set.count = 0;
    for (uint32_t i = 0; i < RK_MAX_CANDIDATES; i++) candidates[i].item = i;
    for (uint32_t i = 0; i < RK_RULES_MAX_EXPLORE + 50; i++)
        explore[i] = RK_MAX_CANDIDATES + 64 + i;
    const condition all = {.op = RK_MATCH_TRUE};
    for (uint32_t i = 0; i < RK_RULES_MAX_CAPS; i++)
        set.rules[set.count++] =
            (tree_rule){RK_RULE_CAP, {1 + i % 2, i % 3 ? 4 + i : 0, i % 2}, 3, NULL};
    set.rules[set.count++] = (tree_rule){RK_RULE_EXPLORE, {2, 2}, 2, NULL};
    set.rules[set.count++] = (tree_rule){RK_RULE_DIVERSIFY, {3000}, 1, NULL};
    set.rules[set.count++] = (tree_rule){RK_RULE_SHARE, {3000}, 1, &all};
    for (uint32_t i = 0; set.count < MOST_RULES; i++)
        set.rules[set.count++] =
            (tree_rule){RK_RULE_PIN, {RK_MAX_CANDIDATES + i, 1 + 7 * i}, 2, NULL};
    assemble(&set);
    rk_rules *rules = open_rules(&content, &set, &memory);
    assert_non_null(rules);
    const rk_rules_input input = {.candidates = candidates,
                                  .candidate_count = RK_MAX_CANDIDATES,
                                  .explore = explore,
                                  .explore_count = RK_RULES_MAX_EXPLORE + 50,
                                  .count = RK_MAX_COUNT,
                                  .time_ms = RANDOM_NOW_MS};
    assert_int_equal(rk_rules_apply(rules, &input, out), RK_MAX_COUNT);
    static bool there[NAIVE_ITEMS];
    for (uint32_t i = 0; i < RK_MAX_COUNT; i++) {
        assert_false(there[out[i].item]);
        there[out[i].item] = true;
    }
    rk_memory_free(&memory);
}

/* Draws are uniform: each of 8 items at the one slot some 1,000 of 8,000 times. */
static void exploration_is_fair(void **state) {
    (void)state;
    static world w;
    begin(&w, 36);
    w.set.rules[0] = (tree_rule){RK_RULE_EXPLORE, {5, 2}, 2, NULL};
    w.set.count = 1;
    assemble(&w.set);
    rk_rules *rules = open_rules(&w.content, &w.set, &w.memory);
    const rk_scored candidates[] = {{4, 10}, {3, 11}, {2, 12}};
    uint32_t explore[8], drawn[8] = {0};
    for (uint32_t i = 0; i < 8; i++) explore[i] = 20 + i;
    for (uint32_t draw = 0; draw < 8000; draw++) {
        rk_ruled out[3];
        const rk_rules_input input = {.candidates = candidates,
                                      .candidate_count = 3,
                                      .explore = explore,
                                      .explore_count = 8,
                                      .count = 3,
                                      .seed = draw};
        assert_int_equal(rk_rules_apply(rules, &input, out), 3);
        assert_true(out[1].propensity == 0.125f && out[0].propensity == 0.0f);
        assert_int_equal(out[2].item, 11);
        drawn[out[1].item - 20]++;
    }
    /* Five standard deviations. */
    for (uint32_t i = 0; i < 8; i++) assert_true(drawn[i] > 850 && drawn[i] < 1150);
    rk_memory_free(&w.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_corruption_is_refused),
        cmocka_unit_test(the_frame_is_checked),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(memory_is_checked),
        cmocka_unit_test(the_bitmap_is_what_conditions_say),
        cmocka_unit_test(lists_follow_the_rules),
        cmocka_unit_test(limits_of_a_list),
        cmocka_unit_test(exploration_is_fair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
