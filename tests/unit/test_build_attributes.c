/* Attributes and ages of a log against a dumb model: each item's values are split and sorted by
 * hand, each item's first event is looked for from the start. */
#include "log_builder.h"

#include "format/snapshot_layout.h"
#include "learn/build_attributes.h"

enum { ITEMS = 60, COLUMNS = 5, MOST_PARTS = 8 };
static const char *const names[COLUMNS] = {"brand", "genre", "blurb", "price", "Brand"};
static const uint8_t kinds[COLUMNS] = {RK_ATTRIBUTE_CATEGORY, RK_ATTRIBUTE_TAGS, RK_ATTRIBUTE_TEXT,
                                       RK_ATTRIBUTE_NUMBER, RK_ATTRIBUTE_CATEGORY};
static const char *const categories[] = {NULL, "acme", "b", "b|c", " b", "\xc3\xa9t\xc3\xa9"};
static const char *const tag_lists[] = {NULL,   "a",    "b|a",  "a|b|a", "|",
                                        "||z|", "b| a", "zz|z", "a"};
static const char *const numbers[] = {NULL, "0", "-12.5", "3e2", "1e30", "-9e99", "7.25e-3"};
static const float floats[] = {RK_NO_NUMBER, 0.0f, -12.5f, 300.0f, 0x1p64f, -0x1p64f, 0.00725f};

static rk_memory memory;
static uint32_t number_drawn[ITEMS];
static const char *values[ITEMS * COLUMNS];

static int free_memory(void **state) {
    (void)state;
    rk_memory_free(&memory);
    return 0;
}

#define PICK(rng, list) ((list)[rk_rng_below((rng), sizeof(list) / sizeof *(list))])

static log_builder described_log(rk_rng *rng, uint32_t events) {
    log_builder b = log_of(events, RK_TIME_UNIX_MS, RK_USERS_ARE_USERS);
    for (uint32_t i = 0; i < events; i++)
        add_event(&b, rk_rng_below(rng, 9), rk_rng_below(rng, ITEMS),
                  rk_rng_below(rng, 4) ? VIEW : HIDE,
                  1700000000000 + 1000 * (int64_t)rk_rng_below(rng, 100000));
    b.items = ITEMS;
    for (uint32_t i = 0; i < ITEMS; i++) {
        const char **row = values + i * COLUMNS;
        number_drawn[i] = rk_rng_below(rng, 7);
        row[0] = PICK(rng, categories);
        row[1] = PICK(rng, tag_lists);
        row[2] = "a long text|with bars";
        row[3] = numbers[number_drawn[i]];
        row[4] = PICK(rng, categories);
    }
    b.attributes = COLUMNS;
    b.attribute_names = names;
    b.attribute_kinds = kinds;
    b.attribute_values = values;
    return b;
}

static int compare_text(const void *a, const void *b) {
    return strcmp((const char *)a, (const char *)b);
}

/* Non-empty different parts of a value, sorted. */
static uint32_t naive_parts(const char *value, bool split, char parts[MOST_PARTS][32]) {
    uint32_t count = 0, length = 0;
    char part[32];
    if (value == NULL) return 0;
    for (const char *at = value;; at++) {
        if (*at != '\0' && !(split && *at == '|')) {
            part[length++] = *at;
            continue;
        }
        part[length] = '\0';
        bool known = length == 0;
        for (uint32_t p = 0; p < count; p++) known |= strcmp(parts[p], part) == 0;
        if (!known) memcpy(parts[count++], part, length + 1);
        length = 0;
        if (*at == '\0') break;
    }
    qsort(parts, count, sizeof *parts, compare_text);
    return count;
}

/* The item's values of one attribute of the table, in the order of its row, are these texts. */
static void check_row(const rk_attribute_table *table, uint32_t item, uint32_t attribute,
                      char parts[MOST_PARTS][32], uint32_t count) {
    uint32_t found = 0;
    for (uint32_t at = table->value_begin[item]; at < table->value_begin[item + 1]; at++) {
        const uint32_t value = table->value[at];
        const char *text;
        if (at > table->value_begin[item]) assert_true(value > table->value[at - 1]);
        if (value < table->first[attribute] || value >= table->first[attribute + 1]) continue;
        const uint32_t bytes = rk_strings_get(&table->values, value, &text);
        assert_true(found < count);
        assert_int_equal(bytes, strlen(parts[found]));
        assert_memory_equal(text, parts[found++], bytes);
    }
    assert_int_equal(found, count);
}

static void check_table(const rk_attribute_table *table, const rk_log *log) {
    static const uint32_t column_of[] = {0, 1, 3, 4};
    assert_int_equal(table->names.count, 4);
    assert_int_equal(table->numbers, 1);
    for (uint32_t a = 0; a < 4; a++) {
        const char *name;
        const uint32_t bytes = rk_strings_get(&table->names, a, &name);
        assert_int_equal(bytes, strlen(names[column_of[a]]));
        assert_memory_equal(name, names[column_of[a]], bytes);
        assert_int_equal(table->kind[a], kinds[column_of[a]]);
    }
    assert_int_equal(table->first[0], 0);
    assert_int_equal(table->first[2], table->first[3]);
    assert_int_equal(table->first[4], table->values.count);
    for (uint32_t item = 0; item < log->items; item++) {
        const uint32_t file_item = log->file_item[item];
        for (uint32_t a = 0; a < 4; a++) {
            char parts[MOST_PARTS][32];
            const uint8_t kind = kinds[column_of[a]];
            const char *value = values[file_item * COLUMNS + column_of[a]];
            const bool has_parts = kind != RK_ATTRIBUTE_NUMBER;
            check_row(table, item, a, parts,
                      has_parts ? naive_parts(value, kind == RK_ATTRIBUTE_TAGS, parts) : 0);
        }
        const float expected = floats[number_drawn[file_item]];
        assert_true(table->number[item] == expected);
    }
}

static void values_are_split_sorted_and_numbered(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 40);
    for (uint32_t round = 0; round < 40; round++) {
        log_builder b = described_log(&rng, 30 + 10 * round);
        const rk_events_content content = log_content(&b);
        const rk_rows rows = rows_in_order(&content, &memory);
        rk_log log;
        rk_attribute_table table;
        /* Leaves out rare items, so that catalogue and file count differently. */
        assert_int_equal(rk_log_build(&content, &rows, round % 3, &memory, &log, NULL), RK_OK);
        assert_true(rk_build_attributes(&content, &log, &memory, &table));
        check_table(&table, &log);
        rk_memory_free(&b.memory);
    }
}

/* Texts alone, or nothing. */
static void a_file_may_have_none(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 41);
    log_builder b = described_log(&rng, 100);
    for (uint32_t attributes = 0; attributes < 2; attributes++) {
        static const uint8_t text = RK_ATTRIBUTE_TEXT;
        b.attributes = attributes;
        b.attribute_kinds = &text;
        const rk_events_content content = log_content(&b);
        const rk_log log = log_of_content(&content, &memory);
        rk_attribute_table table;
        assert_true(rk_build_attributes(&content, &log, &memory, &table));
        assert_int_equal(table.names.count, 0);
    }
    rk_memory_free(&b.memory);
}

/* What no id may be as long as is left out. */
static void long_values_are_left_out(void **state) {
    (void)state;
    enum { LONG = 65536 };
    rk_rng rng = rk_rng_at(test_seed(), 42);
    log_builder b = described_log(&rng, 100);
    char *text = TAKE(&memory, char, 2 * LONG);
    memset(text, 'x', 2 * LONG - 1);
    text[LONG] = '|'; /* 65,536 and 65,534 bytes */
    for (uint32_t i = 0; i < ITEMS; i++) values[i * COLUMNS + 1] = text;
    const rk_events_content content = log_content(&b);
    const rk_log log = log_of_content(&content, &memory);
    rk_attribute_table table;
    assert_true(rk_build_attributes(&content, &log, &memory, &table));
    const char *value;
    assert_int_equal(table.first[2] - table.first[1], 1);
    assert_int_equal(rk_strings_get(&table.values, table.first[1], &value), LONG - 2);
    rk_memory_free(&b.memory);
}

static void items_are_born_with_their_first_event(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 43);
    for (uint32_t round = 0; round < 20; round++) {
        log_builder b = described_log(&rng, 20 + 10 * round);
        if (round % 2) b.time[0] = -1;
        const rk_events_content content = log_content(&b);
        const rk_log log = log_of_content(&content, &memory);
        uint32_t *born = TAKE(&memory, uint32_t, log.items), known = 0;
        const uint32_t count = rk_build_born(&log, born);
        for (uint32_t item = 0; item < log.items; item++) {
            int64_t first = INT64_MAX;
            for (uint64_t i = 0; i < log.events; i++)
                if (log.item[i] == item) first = RK_MIN(first, log.time[i]);
            const bool has = first != INT64_MAX && first >= 60000;
            assert_int_equal(born[item], has ? first / 60000 : 0);
            known += has;
        }
        assert_int_equal(count, known);
        rk_memory_free(&b.memory);
    }
}

static void every_failing_allocation_is_survived(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 44);
    log_builder b = described_log(&rng, 200);
    const rk_events_content content = log_content(&b);
    const rk_log log = log_of_content(&content, &memory);
    rk_attribute_table table;
    uint32_t refused = 0;
    for (bool done = false; !done; refused++) {
        rk_memory some = {0};
        rk_memory_fail_after(refused);
        done = rk_build_attributes(&content, &log, &some, &table);
        rk_memory_fail_after(UINT64_MAX);
        if (done) check_table(&table, &log);
        rk_memory_free(&some);
    }
    assert_true(refused > 6);
    rk_memory_free(&b.memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(values_are_split_sorted_and_numbered, free_memory),
        cmocka_unit_test_teardown(a_file_may_have_none, free_memory),
        cmocka_unit_test_teardown(long_values_are_left_out, free_memory),
        cmocka_unit_test_teardown(items_are_born_with_their_first_event, free_memory),
        cmocka_unit_test_teardown(every_failing_allocation_is_survived, free_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
