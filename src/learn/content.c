#include "learn/content.h"

#include "base/fmath.h"
#include "learn/vocabulary.h"
#include "model/content_features.h"
#include "simd/kernels.h"

#define EMPTY UINT32_MAX

/* All features of a catalogue item, as hashes; at most RK_ITEM_FEATURES_MOST. */
static uint32_t hash_item(const rk_events_content *events, uint32_t file_item, uint64_t *hashes) {
    uint32_t attributes = events->meta.attributes, count = 0;
    for (uint32_t a = 0; a < attributes; a++) {
        const char *name, *value;
        uint32_t name_bytes = rk_strings_get(&events->attributes, a, &name);
        uint32_t value_bytes =
            rk_strings_get(&events->attribute_values, file_item * attributes + a, &value);
        count += rk_content_features(name, name_bytes, events->attribute_kind[a], value,
                                     value_bytes, hashes + count, RK_ITEM_FEATURES_MOST - count);
    }
    return count;
}

/* Rows of numbers in order of appearance, each once a row. */
static bool read_rows(const rk_events_content *events, const rk_log *log, rk_memory *scratch,
                      rk_content *content, uint32_t *words) {
    uint64_t hashes[RK_ITEM_FEATURES_MOST], most = 0;
    for (uint32_t item = 0; item < log->items; item++)
        most += hash_item(events, log->file_item[item], hashes);
    rk_vocabulary known;
    content->row_begin = RK_NEW(scratch, uint64_t, (uint64_t)log->items + 1);
    content->feature = RK_NEW(scratch, uint32_t, most);
    uint32_t *last_item = RK_NEW(scratch, uint32_t, most);
    if (!content->row_begin || !content->feature || !last_item ||
        !rk_vocabulary_take(&known, most, scratch)) {
        return false;
    }
    for (uint32_t item = 0; item < log->items; item++) {
        uint32_t count = hash_item(events, log->file_item[item], hashes);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t word = rk_vocabulary_number(&known, hashes[i]);
            if (last_item[word] == item + 1) continue;
            last_item[word] = item + 1;
            content->feature[content->entries++] = word;
        }
        content->row_begin[item + 1] = content->entries;
    }
    *words = known.count;
    return true;
}

/* Keeps words that two items share, as columns; weighs them; scales rows to unit length. */
static bool weigh(const rk_content *raw, uint32_t words, rk_memory *scratch, rk_memory *memory,
                  rk_content *out) {
    uint32_t *df = RK_NEW(scratch, uint32_t, words), *column = RK_NEW(scratch, uint32_t, words);
    if (!df || !column) return false;
    for (uint64_t i = 0; i < raw->entries; i++) df[raw->feature[i]]++;
    for (uint32_t w = 0; w < words; w++) {
        column[w] = df[w] >= 2 ? out->features++ : EMPTY;
        if (df[w] >= 2) out->entries += df[w];
    }
    out->row_begin = RK_NEW(memory, uint64_t, (uint64_t)out->items + 1);
    out->feature = RK_NEW(memory, uint32_t, out->entries);
    out->value = RK_NEW(memory, float, out->entries);
    if (!out->row_begin || !out->feature || !out->value) return false;
    uint64_t at = 0;
    for (uint32_t item = 0; item < out->items; item++) {
        uint64_t begin = at;
        for (uint64_t i = raw->row_begin[item]; i < raw->row_begin[item + 1]; i++) {
            uint32_t word = raw->feature[i];
            if (column[word] == EMPTY) continue;
            out->feature[at] = column[word];
            out->value[at++] = rk_logf(1.0f + (float)out->items / (float)df[word]);
        }
        float norm = rk_norm_f32(out->value + begin, (size_t)(at - begin));
        for (uint64_t i = begin; i < at; i++) out->value[i] /= norm;
        out->row_begin[item + 1] = at;
    }
    return true;
}

static bool transpose(rk_memory *memory, rk_content *content) {
    content->column_begin = RK_NEW(memory, uint64_t, (uint64_t)content->features + 2);
    content->column_item = RK_NEW(memory, uint32_t, content->entries);
    content->column_value = RK_NEW(memory, float, content->entries);
    if (!content->column_begin || !content->column_item || !content->column_value) return false;
    uint64_t *begin = content->column_begin;
    for (uint64_t i = 0; i < content->entries; i++) begin[content->feature[i] + 2]++;
    for (uint64_t f = 2; f <= content->features; f++) begin[f] += begin[f - 1];
    for (uint32_t item = 0; item < content->items; item++) {
        for (uint64_t i = content->row_begin[item]; i < content->row_begin[item + 1]; i++) {
            uint64_t to = begin[content->feature[i] + 1]++;
            content->column_item[to] = item;
            content->column_value[to] = content->value[i];
        }
    }
    return true;
}

bool rk_content_build(const rk_events_content *events, const rk_log *log, rk_memory *memory,
                      rk_content *content) {
    *content = (rk_content){.items = log->items};
    if (events->meta.attributes == 0) return true;
    rk_memory scratch = {0};
    rk_content raw = {0};
    uint32_t words = 0;
    bool ok = read_rows(events, log, &scratch, &raw, &words) &&
              weigh(&raw, words, &scratch, memory, content) && transpose(memory, content);
    rk_memory_free(&scratch);
    return ok;
}

void rk_content_project(const rk_content *content, uint32_t item, const float *weights,
                        uint32_t dim, float *out) {
    memset(out, 0, dim * sizeof *out);
    for (uint64_t i = content->row_begin[item]; i < content->row_begin[item + 1]; i++)
        rk_axpy_f32(content->value[i], weights + (uint64_t)content->feature[i] * dim, out, dim);
}
