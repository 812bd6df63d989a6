/* What an item says of itself as hashed features: each kind against its definition. */
#include "check.h"

#include <stdio.h>

#include "base/rng.h"
#include "format/events_layout.h"
#include "format/user_features.h"
#include "model/content_features.h"

enum { MOST = 64 };

typedef struct features {
    uint64_t hash[MOST];
    uint32_t count;
} features;

static features features_of(uint32_t kind, const char *value, uint32_t capacity) {
    features out;
    for (uint32_t i = 0; i < MOST; i++) out.hash[i] = 0xA5;
    out.count =
        rk_content_features("genre", 5, kind, value, (uint32_t)strlen(value), out.hash, capacity);
    assert_in_range(out.count, 0, capacity);
    for (uint32_t i = out.count; i < MOST; i++) assert_int_equal(out.hash[i], 0xA5);
    return out;
}

/* FNV-1a from its definition: FORMAT.md, "User features". */
static uint64_t hash_of(const char *name, const char *value) {
    uint64_t hash = UINT64_C(14695981039346656037);
    const size_t name_bytes = strlen(name) + 1; // and the zero byte
    for (size_t i = 0; i < name_bytes + strlen(value); i++) {
        hash ^= (unsigned char)(i < name_bytes ? name[i] : value[i - name_bytes]);
        hash *= UINT64_C(1099511628211);
    }
    return hash;
}

static bool has(const features *of, uint64_t hash) {
    for (uint32_t i = 0; i < of->count; i++) {
        if (of->hash[i] == hash) return true;
    }
    return false;
}

static uint32_t shared(const features *a, const features *b) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < a->count; i++) count += has(b, a->hash[i]);
    return count;
}

static void the_hash_is_what_the_format_says(void **state) {
    (void)state;
    static const char *const texts[] = {"", "a", "ab", "country", "DE", "\xC3\xA9t\xC3\xA9", "a b"};
    for (size_t n = 0; n < sizeof texts / sizeof *texts; n++) {
        for (size_t v = 0; v < sizeof texts / sizeof *texts; v++) {
            const uint32_t name_bytes = (uint32_t)strlen(texts[n]);
            const uint32_t value_bytes = (uint32_t)strlen(texts[v]);
            const uint64_t hash = rk_feature_hash(texts[n], name_bytes, texts[v], value_bytes);
            assert_true(hash == hash_of(texts[n], texts[v]));
            assert_int_equal(rk_feature_row(texts[n], name_bytes, texts[v], value_bytes, 64),
                             hash % 64);
            const features category = features_of(RK_ATTRIBUTE_CATEGORY, texts[v], MOST);
            assert_int_equal(category.count, value_bytes > 0);
            if (value_bytes) assert_true(category.hash[0] == hash_of("genre", texts[v]));
        }
    }
    assert_true(rk_feature_hash("ab", 2, "c", 1) != rk_feature_hash("a", 1, "bc", 2));
}

static void tags_are_what_lies_between_bars(void **state) {
    (void)state;
    const features tags = features_of(RK_ATTRIBUTE_TAGS, "|Drama||war film|Drama|", MOST);
    assert_int_equal(tags.count, 3);
    assert_true(tags.hash[0] == hash_of("genre", "Drama"));
    assert_true(tags.hash[1] == hash_of("genre", "war film"));
    assert_true(tags.hash[2] == hash_of("genre", "Drama"));
    assert_int_equal(features_of(RK_ATTRIBUTE_TAGS, "|||", MOST).count, 0);
    const features one = features_of(RK_ATTRIBUTE_TAGS, "Drama", MOST);
    assert_true(one.count == 1 && one.hash[0] == tags.hash[0]);
    /* A category is not taken apart. */
    const features category = features_of(RK_ATTRIBUTE_CATEGORY, "a|b", MOST);
    assert_true(category.count == 1 && category.hash[0] == hash_of("genre", "a|b"));
}

/* Tokens of `text` separated by spaces, and one pair fewer. */
static void check_tokens(const char *text, const char *tokens) {
    const features got = features_of(RK_ATTRIBUTE_TEXT, text, MOST);
    char copy[200];
    uint32_t count = 0;
    strcpy(copy, tokens);
    for (char *token = strtok(copy, " "); token; token = strtok(NULL, " "), count++) {
        /* token, token, pair, token, pair, ... */
        const uint32_t at = count ? 2 * count - 1 : 0;
        if (at >= got.count || got.hash[at] != hash_of("genre", token))
            fail_msg("\"%s\": token %u is not \"%s\"", text, count, token);
    }
    assert_int_equal(got.count, count ? 2 * count - 1 : 0);
}

static void text_is_cut_into_tokens(void **state) {
    (void)state;
    check_tokens("", "");
    check_tokens(" -- ,.!", "");
    check_tokens("word", "word");
    check_tokens("Fast, web-framework (2.0)", "fast web framework 2 0");
    check_tokens("camelCase", "camel case");
    check_tokens("createServerAt", "create server at");
    check_tokens("HTTPServer XMLHttp", "httpserver xmlhttp"); // only lower meets upper
    check_tokens("v8Engine", "v8engine");                     // a digit is no letter
    check_tokens("caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC", "caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC");
    check_tokens("a A a", "a a a");
}

static void pairs_know_their_order(void **state) {
    (void)state;
    const features ab = features_of(RK_ATTRIBUTE_TEXT, "red shoe", MOST);
    const features ba = features_of(RK_ATTRIBUTE_TEXT, "shoe red", MOST);
    const features abc = features_of(RK_ATTRIBUTE_TEXT, "the red shoe fits", MOST);
    assert_int_equal(shared(&ab, &ba), 2);
    assert_int_equal(shared(&ab, &abc), 3);
    assert_false(has(&ab, ba.hash[2]));
    assert_true(ab.hash[2] != hash_of("genre", "red shoe"));
}

/* ---- numbers ---- */

static bool same_bucket(const char *a, const char *b) {
    const features x = features_of(RK_ATTRIBUTE_NUMBER, a, MOST);
    const features y = features_of(RK_ATTRIBUTE_NUMBER, b, MOST);
    assert_true(x.count > 0 && y.count > 0);
    return x.count == y.count && shared(&x, &y) == x.count;
}

static uint32_t shared_buckets(const char *a, const char *b) {
    const features x = features_of(RK_ATTRIBUTE_NUMBER, a, MOST);
    const features y = features_of(RK_ATTRIBUTE_NUMBER, b, MOST);
    return shared(&x, &y);
}

static void numbers_of_a_half_octave_share_it(void **state) {
    (void)state;
    /* Edges at powers of the square root of 2: 1, 1.4142..., 2. */
    assert_true(same_bucket("1", "1.41"));
    assert_int_equal(shared_buckets("1", "1.415"), 1); // the next: one in common
    assert_int_equal(shared_buckets("0.9999", "1"), 1);
    assert_int_equal(shared_buckets("1", "2"), 0);
    assert_true(same_bucket("2", "2.8"));
    assert_int_equal(shared_buckets("2", "1.9999"), 1);
    assert_int_equal(shared_buckets("1000", "1100"), 1);
    assert_int_equal(shared_buckets("1000", "3000"), 0);
    assert_true(same_bucket("0.001", "0.00101"));
    /* Every octave has two. */
    uint32_t changes = 0;
    char before[16] = "1", now[16];
    for (uint32_t i = 101; i <= 800; i++) {
        snprintf(now, sizeof now, "%u.%02u", i / 100, i % 100);
        changes += !same_bucket(before, now);
        strcpy(before, now);
    }
    assert_int_equal(changes, 6);
}

static void numbers_have_a_sign_and_a_zero(void **state) {
    (void)state;
    assert_int_equal(shared_buckets("5", "-5"), 0);
    assert_true(same_bucket("-5", "-5.1"));
    assert_true(same_bucket("0", "-0") && same_bucket("0", "0.000") && same_bucket("0", "0e7"));
    assert_int_equal(features_of(RK_ATTRIBUTE_NUMBER, "0", MOST).count, 1);
    assert_int_equal(features_of(RK_ATTRIBUTE_NUMBER, "7", MOST).count, 2);
    assert_int_equal(shared_buckets("0", "0.001"), 0);
}

static void numbers_are_read_in_every_spelling(void **state) {
    (void)state;
    static const char *const same[][2] = {
        {"100", "1e2"},

        {"100", "100.00"},
        {"0.05", "5e-2"},
        {"12.5", "1.25e1"},
        {"12.5", "125e-1"},
        {"007", "7"},
        {"-3", "-30e-1"},
        {"1e30", "1e99"},
        {"1e30", "1e9999"},
        {"0", "1e-99"},
        {"0", "1e-9999"},
        {"1e20", "100000000000000000000"},
        {"0.1", "0.1000000000"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        if (!same_bucket(same[i][0], same[i][1])) fail_msg("%s, %s", same[i][0], same[i][1]);
    }
}

static void malformed_numbers_say_nothing(void **state) {
    (void)state;
    static const char *const bad[] = {"",     "-",   ".",   "x",    "1x",    "1 ", " 1",    "--1",
                                      "+1",   "1e",  "1e-", "1e+5", "1.2.3", "e5", "-e5",   "1e5x",
                                      "0x10", "nan", "inf", "1,5",  "1.",    ".5", "1e1.5", "1E2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (features_of(RK_ATTRIBUTE_NUMBER, bad[i], MOST).count) fail_msg("\"%s\"", bad[i]);
    }
}

/* Later features are left out, and nothing is written behind the last. */
static void capacity_cuts_the_end(void **state) {
    (void)state;
    static const struct {
        uint32_t kind;
        const char *value;
    } cases[] = {{RK_ATTRIBUTE_CATEGORY, "one"},
                 {RK_ATTRIBUTE_TAGS, "a|b|c|d"},
                 {RK_ATTRIBUTE_TEXT, "five words of some title"},
                 {RK_ATTRIBUTE_NUMBER, "12"}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const features all = features_of(cases[c].kind, cases[c].value, MOST);
        for (uint32_t capacity = 0; capacity <= all.count; capacity++) {
            const features cut = features_of(cases[c].kind, cases[c].value, capacity);
            assert_int_equal(cut.count, capacity);
            assert_memory_equal(cut.hash, all.hash, capacity * sizeof *cut.hash);
        }
    }
}

/* Any bytes at all: never more than bytes can give, the same twice; the sanitizers look on. */
static void any_bytes_are_accepted(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 0);
    for (uint32_t round = 0; round < 4000; round++) {
        const uint32_t bytes = rk_rng_below(&rng, 40), kind = round % RK_ATTRIBUTE_KINDS;
        char *value = malloc(bytes ? bytes : 1);
        for (uint32_t i = 0; i < bytes; i++)
            value[i] = round % 2 ? (char)rk_rng_u32(&rng) : "aB9|. -e"[rk_rng_below(&rng, 8)];
        uint64_t first[2 * MOST], second[2 * MOST];
        const uint32_t count = rk_content_features("n", 1, kind, value, bytes, first, 2 * MOST);
        assert_in_range(count, 0, 2 * bytes);
        assert_int_equal(rk_content_features("n", 1, kind, value, bytes, second, 2 * MOST), count);
        assert_memory_equal(first, second, count * sizeof *first);
        free(value);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_what_the_format_says),
        cmocka_unit_test(tags_are_what_lies_between_bars),
        cmocka_unit_test(text_is_cut_into_tokens),
        cmocka_unit_test(pairs_know_their_order),
        cmocka_unit_test(numbers_of_a_half_octave_share_it),
        cmocka_unit_test(numbers_have_a_sign_and_a_zero),
        cmocka_unit_test(numbers_are_read_in_every_spelling),
        cmocka_unit_test(malformed_numbers_say_nothing),
        cmocka_unit_test(capacity_cuts_the_end),
        cmocka_unit_test(any_bytes_are_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
