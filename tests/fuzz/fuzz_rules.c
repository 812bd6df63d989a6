/* Fuzz target: any words as compiled rules, over a small snapshot. Refused, or they can be matched
 * and applied. The first byte chooses a way: 0 the rest are the words as they are; 1 the header is
 * made right; 2 edits of a valid program, each 4 bytes a u16 position and a u16 that is added. */
#include "fuzz_input.h"

#include "base/arena.h"
#include "serve/rules.h"

#define NOW_MS INT64_C(1680150000000)

#define RULE(type, words)  ((type) | (words) << 8)
#define TEST(op, operands) (RK_MATCH_##op | (operands) << 8)

/* A program with every type of rule and operator. */
// clang-format off
static const uint32_t sample[] = {
    RK_RULES_MAGIC, RK_RULES_VERSION, 14, 67,
    RULE(RK_RULE_FILTER, 7), TEST(ANY, 2), 0, 3, TEST(KNOWN, 1), 1, TEST(OR, 0),
    RULE(RK_RULE_EXCLUDE, 6), TEST(ITEMS, 2), 5, 39, TEST(NOT, 0), TEST(NOT, 0),
    RULE(RK_RULE_SEEN, 4), TEST(AGE, 2), 0, 8000,
    RULE(RK_RULE_BOOST, 6), 7, TEST(NUMBER, 3), 2, 0x3F800000, 0x41200000,
    RULE(RK_RULE_BURY, 5), 3, TEST(POPULARITY, 2), 0, 0x3F000000,
    RULE(RK_RULE_CAP, 4), 1, 2, 0,
    RULE(RK_RULE_CAP, 4), 2, 0, 1,
    RULE(RK_RULE_CAP, 9), 1, 3, RK_NONE, TEST(ALL, 2), 2, 4, TEST(TRUE, 0), TEST(AND, 0),
    RULE(RK_RULE_PIN, 3), 17, 4,
    RULE(RK_RULE_SHARE, 5), 2500, TEST(AGE, 2), 0, 20,
    RULE(RK_RULE_DIVERSIFY, 2), 3000,
    RULE(RK_RULE_EXPLORE, 3), 5, 3,
    RULE(RK_RULE_PIN, 3), RK_NONE, 9,
    RULE(RK_RULE_FILTER, 2), TEST(TRUE, 0),
};
// clang-format on
enum { SAMPLE_WORDS = sizeof sample / sizeof sample[0] };

static uint32_t *words_of(const uint8_t *input, size_t size, uint32_t *count) {
    const uint32_t way = size ? input[0] % 3u : 0;
    const uint8_t *rest = size ? input + 1 : input;
    const size_t rest_size = size ? size - 1 : 0;
    *count = way == 2 ? SAMPLE_WORDS : (uint32_t)(rest_size / 4);
    uint32_t *words =
        malloc(*count * sizeof *words + 1); /* exact, so that a read past it is seen */
    if (!words) abort();
    if (way != 2) {
        if (*count > 0) memcpy(words, rest, *count * sizeof *words);
        if (way == 0 || *count < RK_RULES_HEADER_WORDS) return words;
        words[0] = RK_RULES_MAGIC;
        words[1] = RK_RULES_VERSION;
        words[3] = *count;
        return words;
    }
    memcpy(words, sample, *count * sizeof *words);
    for (size_t at = 0; at + 4 <= rest_size; at += 4) {
        const uint32_t position = rest[at] | (uint32_t)rest[at + 1] << 8;
        words[position % *count] += rest[at + 2] | (uint32_t)rest[at + 3] << 8;
    }
    return words;
}

/* Every item may be a candidate, to explore, seen. */
static void use(const rk_rules *rules) {
    static rk_scored candidates[SMALL_ITEMS];
    static uint32_t explore[SMALL_ITEMS], seen[SMALL_BLOCKS] = {0x0F0F0F0F, 0x15};
    rk_ruled out[40];
    uint32_t removed;
    for (uint32_t i = 0; i < SMALL_ITEMS; i++) candidates[i].item = explore[i] = i;
    const rk_rules_input given = {.candidates = candidates,
                                  .candidate_count = SMALL_ITEMS,
                                  .explore = explore,
                                  .explore_count = SMALL_ITEMS,
                                  .seen = seen,
                                  .count = 40,
                                  .time_ms = NOW_MS};
    const uint32_t count = rk_rules_apply(rules, &given, out);
    const rk_ruled *gone = rk_rules_removed(rules, &removed);
    if (count > 40 || removed > SMALL_ITEMS + RK_RULES_MAX_PINS) abort();
    uint32_t there[SMALL_BLOCKS] = {0};
    for (uint32_t i = 0; i < count; i++) {
        if (rk_is_blocked(there, out[i].item)) abort(); /* twice */
        const bool had = rk_is_blocked(seen, out[i].item);
        if (rk_rules_refusing(rules, out[i].item, had, NOW_MS) != 0) abort();
        there[out[i].item / 32] |= 1u << out[i].item % 32;
    }
    for (uint32_t i = 0; i < removed; i++)
        if (rk_is_blocked(there, gone[i].item)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    static small_snapshot *small;
    if (!small) small = make_small_snapshot();
    const rk_snapshot_content *content = &small->content;
    uint32_t count;
    uint32_t *words = words_of(input, size, &count);
    rk_error error = {.status = RK_OK};
    uint64_t bytes = 0;
    const rk_status status = rk_rules_measure_over(content, words, count, &bytes, &error);
    if (status == RK_OK) {
        rk_rules *rules = NULL;
        void *room = aligned_alloc(RK_CACHE_LINE, (size_t)(bytes + 63) / 64 * 64);
        if (!room) abort();
        if (rk_rules_open_over(content, words, count, room, bytes, &rules, &error) != RK_OK)
            abort();
        use(rules);
        free(room);
    } else if (status != RK_BAD_RULES || error.detail[0] == '\0' || error.offset > count) {
        abort();
    }
    free(words);
    return 0;
}
