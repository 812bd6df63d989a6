/* All values of all items become one list, which is sorted by attribute, value and item. Walking it
 * numbers the values in order, and a stable counting sort by item then leaves each item's row
 * ascending: no hash table, and nothing depends on the order of the file. */
#include "learn/build_attributes.h"

#include "format/checks.h"
#include "format/decimal.h"
#include "format/snapshot_layout.h"

#include <stdlib.h>

#define MINUTE_MS 60000

/* An item has a value. */
typedef struct mention {
    const char *text;
    uint32_t bytes;
    uint32_t attribute; /* of the table */
    uint32_t item;
} mention;

typedef struct building {
    const rk_events_content *events;
    const rk_log *log;
    rk_attribute_table *table;
    mention *mentions; /* NULL while they are counted */
    uint64_t count;
} building;

static int compare_values(const mention *a, const mention *b) {
    if (a->attribute != b->attribute) return a->attribute < b->attribute ? -1 : 1;
    return rk_bytes_compare(a->text, a->bytes, b->text, b->bytes);
}

static int compare_mentions(const void *left, const void *right) {
    const mention *a = left, *b = right;
    int order = compare_values(a, b);
    return order ? order : (a->item > b->item) - (a->item < b->item);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void add_mention(building *b, uint32_t attribute, uint32_t item, const char *text,
                        uint32_t bytes) {
    if (bytes == 0 || bytes > RK_MAX_ID_BYTES) return;
    if (b->mentions) b->mentions[b->count] = (mention){text, bytes, attribute, item};
    b->count++;
}

static void add_tags(building *b, uint32_t attribute, uint32_t item, const char *text,
                     uint32_t bytes) {
    uint32_t begin = 0;
    for (uint32_t at = 0; at <= bytes; at++) {
        if (at < bytes && text[at] != '|') continue;
        add_mention(b, attribute, item, text + begin, at - begin);
        begin = at + 1;
    }
}

static float number_of(const char *text, uint32_t bytes) {
    double value;
    if (!rk_decimal_parse(text, bytes, &value)) return RK_NO_NUMBER;
    return (float)RK_MAX(-(double)RK_MAX_NUMBER, RK_MIN((double)RK_MAX_NUMBER, value));
}

/* Every value of every item: lists it, or counts it while there is no list. */
static void read_items(building *b) {
    const uint32_t columns = b->events->meta.attributes;
    b->count = 0;
    for (uint32_t item = 0; item < b->log->items; item++) {
        uint32_t attribute = 0, number = 0;
        for (uint32_t a = 0; a < columns; a++) {
            const char *text;
            const uint8_t kind = b->events->attribute_kind[a];
            const uint32_t row = b->log->file_item[item] * columns + a;
            const uint32_t bytes = rk_strings_get(&b->events->attribute_values, row, &text);
            if (kind == RK_ATTRIBUTE_TEXT) continue;
            if (kind == RK_ATTRIBUTE_CATEGORY) add_mention(b, attribute, item, text, bytes);
            if (kind == RK_ATTRIBUTE_TAGS) add_tags(b, attribute, item, text, bytes);
            if (kind == RK_ATTRIBUTE_NUMBER)
                b->table->number[(uint64_t)item * b->table->numbers + number++] =
                    number_of(text, bytes);
            attribute++;
        }
    }
}

/* Names and kinds of what is no text. */
static bool read_names(building *b, rk_memory *memory) {
    const rk_events_content *events = b->events;
    rk_attribute_table *table = b->table;
    const uint32_t columns = events->meta.attributes;
    const uint32_t text_bytes = events->attributes.offsets[columns];
    uint32_t *offsets = RK_NEW(memory, uint32_t, (uint64_t)columns + 1), count = 0;
    char *copy = RK_NEW(memory, char, text_bytes);
    table->kind = RK_NEW(memory, uint8_t, columns);
    table->first = RK_NEW(memory, uint32_t, (uint64_t)columns + 1);
    if (!offsets || !copy || !table->kind || !table->first) return false;
    for (uint32_t a = 0; a < columns; a++) {
        const char *name;
        const uint32_t bytes = rk_strings_get(&events->attributes, a, &name);
        if (events->attribute_kind[a] == RK_ATTRIBUTE_TEXT) continue;
        memcpy(copy + offsets[count], name, bytes);
        offsets[count + 1] = offsets[count] + bytes;
        table->kind[count++] = events->attribute_kind[a];
        table->numbers += events->attribute_kind[a] == RK_ATTRIBUTE_NUMBER;
    }
    table->names = (rk_strings){.offsets = offsets, .text = copy, .count = count};
    return true;
}

/* ---- numbering ------------------------------------------------------------------------------- */

/* Of the sorted list, keeps the first mention of each value by an item; returns how many, and how
 * many values there are and what their texts take. */
static uint64_t drop_repeats(mention *mentions, uint64_t count, uint32_t *values, uint64_t *bytes) {
    uint64_t kept = 0;
    *values = 0;
    *bytes = 0;
    for (uint64_t i = 0; i < count; i++) {
        const bool is_new = kept == 0 || compare_values(&mentions[kept - 1], &mentions[i]) != 0;
        if (is_new && *values == RK_MAX_ATTRIBUTE_VALUES) break;
        if (!is_new && mentions[kept - 1].item == mentions[i].item) continue;
        *values += is_new;
        *bytes += is_new ? mentions[i].bytes : 0;
        mentions[kept++] = mentions[i];
    }
    return kept;
}

/* Texts of the values, the first of each attribute, and the items' rows. */
static bool number_values(building *b, rk_memory *memory) {
    rk_attribute_table *table = b->table;
    const uint32_t items = b->log->items;
    uint32_t values;
    uint64_t bytes;
    b->count = drop_repeats(b->mentions, b->count, &values, &bytes);
    uint32_t *offsets = RK_NEW(memory, uint32_t, (uint64_t)values + 1);
    char *text = RK_NEW(memory, char, bytes);
    table->value_begin = RK_NEW(memory, uint32_t, (uint64_t)items + 2);
    table->value = RK_NEW(memory, uint32_t, b->count);
    if (!offsets || !text || !table->value_begin || !table->value) return false;
    uint32_t *next = table->value_begin + 1, value = 0; /* shifts down as rows fill */
    for (uint64_t i = 0; i < b->count; i++) next[b->mentions[i].item + 1]++;
    for (uint32_t item = 0; item < items; item++) next[item + 1] += next[item];
    for (uint64_t i = 0; i < b->count; i++) {
        const mention *m = &b->mentions[i];
        if (i == 0 || compare_values(m - 1, m) != 0) {
            memcpy(text + offsets[value], m->text, m->bytes);
            offsets[value + 1] = offsets[value] + m->bytes;
            value++;
            table->first[m->attribute + 1]++;
        }
        table->value[next[m->item]++] = value - 1;
    }
    for (uint32_t a = 0; a < table->names.count; a++) table->first[a + 1] += table->first[a];
    table->values = (rk_strings){.offsets = offsets, .text = text, .count = values};
    return true;
}

bool rk_build_attributes(const rk_events_content *events, const rk_log *log, rk_memory *memory,
                         rk_attribute_table *table) {
    *table = (rk_attribute_table){0};
    building b = {.events = events, .log = log, .table = table};
    if (events->meta.attributes == 0) return true;
    if (!read_names(&b, memory)) return false;
    if (table->names.count == 0) return true;
    table->number = RK_NEW(memory, float, (uint64_t)log->items * table->numbers);
    if (!table->number) return false;
    rk_memory scratch = {0};
    read_items(&b);
    b.mentions = RK_NEW(&scratch, mention, b.count);
    bool ok = b.mentions != NULL;
    if (ok) {
        read_items(&b);
        if (b.count) qsort(b.mentions, (size_t)b.count, sizeof *b.mentions, compare_mentions);
        ok = number_values(&b, memory);
    }
    rk_memory_free(&scratch);
    return ok;
}

uint32_t rk_build_born(const rk_log *log, uint32_t *born) {
    uint32_t known = 0;
    for (uint32_t item = 0; item < log->items; item++) born[item] = 0;
    for (uint64_t i = 0; i < log->events; i++) {
        const int64_t minutes = log->time[i] / MINUTE_MS;
        const uint32_t clipped = (uint32_t)RK_MAX(0, RK_MIN(minutes, (int64_t)UINT32_MAX));
        uint32_t *first = &born[log->item[i]];
        /* An event of before 1970 leaves its item's age unknown: no later one was its first. */
        if (clipped == 0 || *first == UINT32_MAX)
            *first = UINT32_MAX;
        else if (*first == 0 || clipped < *first)
            *first = clipped;
    }
    for (uint32_t item = 0; item < log->items; item++) {
        if (born[item] == UINT32_MAX) born[item] = 0;
        known += born[item] != 0;
    }
    return known;
}
