/* The matrix of items by features of their content, against one made by comparing every hash with
 * every other. */
#include "log_builder.h"

#include "learn/content.h"
#include "model/content_features.h"

#include <math.h>

static const char *const names[] = {"genre", "title", "price", "maker"};
static const uint8_t kinds[] = {RK_ATTRIBUTE_TAGS, RK_ATTRIBUTE_TEXT, RK_ATTRIBUTE_NUMBER,
                                RK_ATTRIBUTE_CATEGORY};
enum { ATTRIBUTES = 4, MOST_ITEMS = 40 };

/* Items with values of a few words, some with none at all, each twice in the log. */
static log_builder described_log(rk_rng *rng, uint32_t items) {
    static const char *const tags[] = {"a|b", "b|c|b", "d", "|", NULL};
    static const char *const titles[] = {"red shoe red", "redShoe size 4", "the shoe", NULL, "x"};
    static const char *const prices[] = {"1", "1.5", "20", "0", NULL};
    static const char *const makers[] = {"north", "south", NULL, "only", "a|b"};
    const char *const *const choices[ATTRIBUTES] = {tags, titles, prices, makers};
    log_builder b = log_of(2 * (uint64_t)items, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    const char **values = TAKE(&b.memory, const char *, (uint64_t)items *ATTRIBUTES);
    for (uint32_t item = 0; item < items; item++) {
        for (uint32_t a = 0; a < ATTRIBUTES; a++)
            values[item * ATTRIBUTES + a] = choices[a][rk_rng_below(rng, 5)];
        add_event(&b, item / 4, item, VIEW, 0);
        add_event(&b, item / 4, item, LIKE, 0);
    }
    b.attributes = ATTRIBUTES;
    b.attribute_names = names;
    b.attribute_kinds = kinds;
    b.attribute_values = values;
    return b;
}

/* Distinct hashes of every item. */
typedef struct hashes {
    uint64_t hash[MOST_ITEMS][RK_ITEM_FEATURES_MOST];
    uint32_t count[MOST_ITEMS];
} hashes;

static void hash_items(const log_builder *b, const rk_log *log, hashes *out) {
    for (uint32_t item = 0; item < log->items; item++) {
        uint64_t all[RK_ITEM_FEATURES_MOST];
        uint32_t found = 0;
        out->count[item] = 0;
        for (uint32_t a = 0; a < ATTRIBUTES; a++) {
            const char *value = b->attribute_values[log->file_item[item] * ATTRIBUTES + a];
            if (!value) continue;
            found += rk_content_features(names[a], (uint32_t)strlen(names[a]), kinds[a], value,
                                         (uint32_t)strlen(value), all + found,
                                         RK_ITEM_FEATURES_MOST - found);
        }
        for (uint32_t i = 0; i < found; i++) {
            uint32_t at = 0;
            while (at < out->count[item] && out->hash[item][at] != all[i]) at++;
            if (at == out->count[item]) out->hash[item][out->count[item]++] = all[i];
        }
    }
}

static uint32_t items_with(const hashes *all, uint32_t items, uint64_t hash) {
    uint32_t df = 0;
    for (uint32_t item = 0; item < items; item++) {
        for (uint32_t i = 0; i < all->count[item]; i++) df += all->hash[item][i] == hash;
    }
    return df;
}

/* Rows keep the order of the features, so each entry must be that of the next shared hash; a column
 * is one hash and a hash one column. */
static void check_rows(const rk_content *content, const hashes *all) {
    uint64_t hash_of_column[MOST_ITEMS * 16] = {0}, entries = 0;
    uint32_t columns = 0;
    for (uint32_t item = 0; item < content->items; item++) {
        double squares = 0.0;
        assert_int_equal(content->row_begin[item], entries);
        for (uint32_t i = 0; i < all->count[item]; i++) {
            const uint64_t hash = all->hash[item][i];
            const uint32_t df = items_with(all, content->items, hash);
            if (df < 2) continue;
            const double idf = log1p((double)content->items / df);
            const uint32_t column = content->feature[entries++];
            assert_in_range(column, 0, columns);
            if (column == columns) hash_of_column[columns++] = hash;
            assert_true(hash_of_column[column] == hash);
            squares += idf * idf;
        }
        uint64_t at = content->row_begin[item];
        for (uint32_t i = 0; i < all->count[item]; i++) {
            const uint32_t df = items_with(all, content->items, all->hash[item][i]);
            if (df < 2) continue;
            const double want = log1p((double)content->items / df) / sqrt(squares);
            assert_true(fabs((double)content->value[at++] - want) < 1e-6);
        }
        assert_int_equal(content->row_begin[item + 1], entries);
    }
    assert_int_equal(content->entries, entries);
    assert_int_equal(content->features, columns);
    for (uint32_t c = 0; c < columns; c++) {
        for (uint32_t other = 0; other < c; other++)
            assert_true(hash_of_column[c] != hash_of_column[other]);
    }
}

static void check_columns(const rk_content *content) {
    uint64_t at = 0;
    for (uint32_t feature = 0; feature < content->features; feature++) {
        assert_int_equal(content->column_begin[feature], at);
        for (uint32_t item = 0; item < content->items; item++) {
            for (uint64_t i = content->row_begin[item]; i < content->row_begin[item + 1]; i++) {
                if (content->feature[i] != feature) continue;
                assert_int_equal(content->column_item[at], item);
                assert_true(content->column_value[at++] == content->value[i]);
            }
        }
        assert_true(at >= content->column_begin[feature] + 2); // shared by two items or more
    }
    if (content->features) assert_int_equal(content->column_begin[content->features], at);
    assert_int_equal(content->entries, at);
}

static void the_matrix_is_the_naive_one(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 300);
    uint32_t most_features = 0;
    for (uint32_t round = 0; round < 40; round++) {
        log_builder b = described_log(&rng, 1 + rk_rng_below(&rng, MOST_ITEMS));
        const rk_events_content events = log_content(&b);
        const rk_rows rows = rows_in_order(&events, &b.memory);
        rk_log log;
        /* Every third log leaves out items, so that its numbers are not the file's. */
        if (round % 3 == 0 && b.items > 2) {
            for (uint64_t i = 0; i < b.events / 2; i++) b.item[i] = (b.item[i] * 3) % b.items;
        }
        const uint32_t least = round % 3 == 0 ? 3 : 0;
        if (rk_log_build(&events, &rows, least, &b.memory, &log, NULL) == RK_OK) {
            static hashes all;
            rk_content content;
            hash_items(&b, &log, &all);
            assert_true(rk_content_build(&events, &log, &b.memory, &content));
            assert_int_equal(content.items, log.items);
            check_rows(&content, &all);
            check_columns(&content);
            most_features = RK_MAX(most_features, content.features);
        }
        rk_memory_free(&b.memory);
    }
    assert_true(most_features > 15);
}

static void without_attributes_nothing_is_known(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 301);
    log_builder b = random_log(&rng, 50, 5, 10, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    const rk_events_content events = log_content(&b);
    const rk_log log = log_of_content(&events, &b.memory);
    rk_content content;
    assert_true(rk_content_build(&events, &log, &b.memory, &content));
    assert_int_equal(content.features, 0);
    assert_int_equal(content.entries, 0);
    rk_memory_free(&b.memory);
}

/* A title of a thousand words is cut, not overrun. */
static void an_item_of_many_words(void **state) {
    (void)state;
    static const char *const title[] = {"title"};
    static const uint8_t text[] = {RK_ATTRIBUTE_TEXT};
    static char words[8000];
    for (uint32_t i = 0; i < 1000; i++) snprintf(words + 5 * i, 6, "w%03u ", i);
    const char *const values[] = {words, words, "w000"};
    log_builder b = log_of(3, RK_TIME_NONE, RK_USERS_ARE_SESSIONS);
    for (uint32_t item = 0; item < 3; item++) add_event(&b, 0, item, VIEW, 0);
    b.attributes = 1;
    b.attribute_names = title;
    b.attribute_kinds = text;
    b.attribute_values = values;
    const rk_events_content events = log_content(&b);
    const rk_log log = log_of_content(&events, &b.memory);
    rk_content content;
    assert_true(rk_content_build(&events, &log, &b.memory, &content));
    assert_int_equal(content.row_begin[1], RK_ITEM_FEATURES_MOST);
    assert_int_equal(content.features, RK_ITEM_FEATURES_MOST);
    assert_int_equal(content.entries, 2 * RK_ITEM_FEATURES_MOST + 1);
    rk_memory_free(&b.memory);
}

static void a_projection_is_a_row_times_weights(void **state) {
    (void)state;
    enum { DIM = 12 };
    rk_rng rng = rk_rng_at(test_seed(), 302);
    log_builder b = described_log(&rng, MOST_ITEMS);
    const rk_events_content events = log_content(&b);
    const rk_log log = log_of_content(&events, &b.memory);
    rk_content content;
    assert_true(rk_content_build(&events, &log, &b.memory, &content));
    float *weights = TAKE(&b.memory, float, (uint64_t)content.features *DIM);
    for (uint32_t i = 0; i < content.features * DIM; i++) weights[i] = rk_rng_normal(&rng);
    for (uint32_t item = 0; item < log.items; item++) {
        float got[DIM];
        double want[DIM] = {0};
        rk_content_project(&content, item, weights, DIM, got);
        for (uint64_t i = content.row_begin[item]; i < content.row_begin[item + 1]; i++) {
            for (uint32_t d = 0; d < DIM; d++)
                want[d] += (double)content.value[i] *
                           (double)weights[(uint64_t)content.feature[i] * DIM + d];
        }
        for (uint32_t d = 0; d < DIM; d++) assert_true(fabs((double)got[d] - want[d]) < 1e-5);
    }
    rk_memory_free(&b.memory);
}

static void every_failing_take_is_survived(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 303);
    log_builder b = described_log(&rng, MOST_ITEMS);
    const rk_events_content events = log_content(&b);
    const rk_log log = log_of_content(&events, &b.memory);
    uint64_t take = 0;
    for (bool built = false; !built; take++) {
        rk_memory memory = {0};
        rk_content content;
        rk_memory_fail_after(take);
        built = rk_content_build(&events, &log, &memory, &content);
        rk_memory_fail_after(UINT64_MAX);
        rk_memory_free(&memory);
    }
    assert_int_equal(take - 1, 13);
    rk_memory_free(&b.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_matrix_is_the_naive_one),
        cmocka_unit_test(without_attributes_nothing_is_known),
        cmocka_unit_test(an_item_of_many_words),
        cmocka_unit_test(a_projection_is_a_row_times_weights),
        cmocka_unit_test(every_failing_take_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
