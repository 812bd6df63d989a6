#include "learn/match_items.h"

#include "base/fmath.h"
#include "format/snapshot_layout.h"
#include "learn/content.h"
#include "learn/vocabulary.h"
#include "model/content_features.h"

static const char title_name[] = "title";

/* Features of the items of one catalogue: rows of numbers of words. */
typedef struct catalogue {
    uint32_t items;
    uint64_t *begin; /* (items + 1) */
    uint32_t *word;
    float *length; /* (items) of the idf vector */
} catalogue;

typedef struct matching {
    const rk_snapshot_content *source;
    const rk_events_content *events;
    uint32_t attribute[RK_MAX_ATTRIBUTES]; /* the events file's number of each of the source's, or
                                              RK_NONE */
    bool titles;                           /* both have them */
    rk_vocabulary words;
    catalogue of_source, of_target;
    float *idf_squared;      /* (words) */
    uint64_t *posting_begin; /* (words + 1) */
    uint32_t *posting;       /* source items of each word */
} matching;

static uint32_t put_title(const rk_strings *titles, uint32_t item, uint64_t *out) {
    const char *text;
    const uint32_t bytes = rk_strings_get(titles, item, &text);
    return rk_content_features(title_name, sizeof title_name - 1, RK_ATTRIBUTE_TEXT, text, bytes,
                               out, RK_ITEM_FEATURES_MOST);
}

static uint32_t hash_target(const matching *m, uint32_t item, uint64_t *out) {
    const rk_events_content *events = m->events;
    uint32_t count = m->titles ? put_title(&events->titles, item, out) : 0;
    for (uint32_t a = 0; a < m->source->meta.attributes; a++) {
        const uint32_t own = m->attribute[a];
        const char *name, *value;
        if (own == RK_NONE) continue;
        const uint32_t name_bytes = rk_strings_get(&events->attributes, own, &name);
        const uint32_t value_bytes =
            rk_strings_get(&events->attribute_values, item * events->meta.attributes + own, &value);
        count += rk_content_features(name, name_bytes, events->attribute_kind[own], value,
                                     value_bytes, out + count, RK_ITEM_FEATURES_MOST - count);
    }
    return count;
}

/* A snapshot has the values of categories and tags one by one: each is hashed as a category. */
static uint32_t hash_source(const matching *m, uint32_t item, uint64_t *out) {
    const rk_snapshot_content *source = m->source;
    uint32_t count = m->titles ? put_title(&source->titles, item, out) : 0;
    if (!source->meta.attributes) return count;
    uint32_t a = 0;
    for (uint32_t i = source->item_value_begin[item]; i < source->item_value_begin[item + 1]; i++) {
        const uint32_t value_row = source->item_value[i];
        const char *name, *value;
        while (value_row >= source->attribute_first[a + 1]) a++; /* values ascend */
        if (m->attribute[a] == RK_NONE) continue;
        const uint32_t name_bytes = rk_strings_get(&source->attributes, a, &name);
        const uint32_t value_bytes = rk_strings_get(&source->attribute_values, value_row, &value);
        count += rk_content_features(name, name_bytes, RK_ATTRIBUTE_CATEGORY, value, value_bytes,
                                     out + count, RK_ITEM_FEATURES_MOST - count);
    }
    return count;
}

/* What both catalogues say of their items: titles, and categories and tags of the same name. */
static bool find_shared(matching *m) {
    bool any = m->titles = m->source->titles.count && m->events->titles.count;
    for (uint32_t a = 0; a < m->source->meta.attributes; a++) {
        const char *name;
        const uint32_t bytes = rk_strings_get(&m->source->attributes, a, &name);
        uint32_t own = m->events->meta.attributes
                           ? rk_strings_scan(&m->events->attributes, name, bytes)
                           : RK_NONE;
        if (own != RK_NONE && m->events->attribute_kind[own] != RK_ATTRIBUTE_CATEGORY &&
            m->events->attribute_kind[own] != RK_ATTRIBUTE_TAGS) {
            own = RK_NONE;
        }
        m->attribute[a] = own;
        any |= own != RK_NONE;
    }
    return any;
}

typedef uint32_t hash_fn(const matching *m, uint32_t item, uint64_t *out);

/* Words of an item's row each once: rows are short. */
static uint64_t put_words(matching *m, const uint64_t *hashes, uint32_t count, uint32_t *row) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t word = rk_vocabulary_number(&m->words, hashes[i]);
        uint32_t at = 0;
        while (at < kept && row[at] != word) at++;
        if (at == kept) row[kept++] = word;
    }
    return kept;
}

static bool read_catalogue(matching *m, hash_fn *hash, uint64_t entries, rk_memory *memory,
                           catalogue *out) {
    uint64_t hashes[RK_ITEM_FEATURES_MOST];
    out->begin = RK_NEW(memory, uint64_t, (uint64_t)out->items + 1);
    out->word = RK_NEW(memory, uint32_t, entries);
    out->length = RK_NEW(memory, float, out->items);
    if (!out->begin || !out->word || !out->length) return false;
    for (uint32_t item = 0; item < out->items; item++) {
        const uint32_t count = hash(m, item, hashes);
        const uint64_t at = out->begin[item];
        out->begin[item + 1] = at + put_words(m, hashes, count, out->word + at);
    }
    return true;
}

static uint64_t count_features(const matching *m, hash_fn *hash, uint32_t items) {
    uint64_t hashes[RK_ITEM_FEATURES_MOST], all = 0;
    for (uint32_t item = 0; item < items; item++) all += hash(m, item, hashes);
    return all;
}

static void measure_lengths(const matching *m, catalogue *c) {
    for (uint32_t item = 0; item < c->items; item++) {
        float sum = 0.0f;
        for (uint64_t i = c->begin[item]; i < c->begin[item + 1]; i++)
            sum += m->idf_squared[c->word[i]];
        c->length[item] = rk_sqrtf(sum);
    }
}

static bool index_source(matching *m, rk_memory *memory) {
    const uint32_t words = m->words.count;
    const catalogue *s = &m->of_source, *t = &m->of_target;
    uint32_t *df = RK_NEW(memory, uint32_t, words);
    m->idf_squared = RK_NEW(memory, float, words);
    m->posting_begin = RK_NEW(memory, uint64_t, (uint64_t)words + 2);
    m->posting = RK_NEW(memory, uint32_t, s->begin[s->items]);
    if (!df || !m->idf_squared || !m->posting_begin || !m->posting) return false;
    for (uint64_t i = 0; i < t->begin[t->items]; i++) df[t->word[i]]++;
    for (uint64_t i = 0; i < s->begin[s->items]; i++) {
        df[s->word[i]]++;
        m->posting_begin[s->word[i] + 2]++;
    }
    for (uint64_t w = 2; w <= words; w++) m->posting_begin[w] += m->posting_begin[w - 1];
    for (uint32_t item = 0; item < s->items; item++) {
        for (uint64_t i = s->begin[item]; i < s->begin[item + 1]; i++)
            m->posting[m->posting_begin[s->word[i] + 1]++] = item;
    }
    const float all = (float)s->items + (float)t->items;
    for (uint32_t w = 0; w < words; w++) {
        const float idf = rk_logf(1.0f + all / (float)df[w]);
        m->idf_squared[w] = idf * idf;
    }
    return true;
}

/* The source item most like target item `item`, ties to the lower one, or RK_NONE. `sum` (source
 * items) is zero before and after. */
static uint32_t most_like(const matching *m, uint32_t item, float *sum, uint32_t *touched) {
    const catalogue *t = &m->of_target;
    uint32_t count = 0, best = RK_NONE;
    float best_cosine = RK_MATCH_COSINE;
    for (uint64_t i = t->begin[item]; i < t->begin[item + 1]; i++) {
        const uint32_t word = t->word[i];
        const uint64_t begin = m->posting_begin[word], end = m->posting_begin[word + 1];
        if (end - begin > RK_MATCH_COMMON) continue;
        for (uint64_t p = begin; p < end; p++) {
            const uint32_t other = m->posting[p];
            if (sum[other] == 0.0f) touched[count++] = other;
            sum[other] += m->idf_squared[word];
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t other = touched[i];
        const float cosine = sum[other] / (t->length[item] * m->of_source.length[other]);
        sum[other] = 0.0f;
        if (cosine < best_cosine || (cosine == best_cosine && other >= best)) continue;
        best_cosine = cosine;
        best = other;
    }
    return best;
}

static bool match_by_content(matching *m, rk_memory *scratch, rk_matches *out) {
    m->of_source.items = m->source->meta.items;
    m->of_target.items = m->events->meta.items;
    const uint64_t of_source = count_features(m, hash_source, m->of_source.items);
    const uint64_t of_target = count_features(m, hash_target, m->of_target.items);
    float *sum = RK_NEW(scratch, float, m->of_source.items);
    uint32_t *touched = RK_NEW(scratch, uint32_t, m->of_source.items);
    if (!sum || !touched || !rk_vocabulary_take(&m->words, of_source + of_target, scratch) ||
        !read_catalogue(m, hash_source, of_source, scratch, &m->of_source) ||
        !read_catalogue(m, hash_target, of_target, scratch, &m->of_target) ||
        !index_source(m, scratch)) {
        return false;
    }
    measure_lengths(m, &m->of_source);
    measure_lengths(m, &m->of_target);
    for (uint32_t item = 0; item < m->of_target.items; item++) {
        if (out->source_item[item] != RK_NONE) continue;
        out->source_item[item] = most_like(m, item, sum, touched);
        out->by_content += out->source_item[item] != RK_NONE;
    }
    return true;
}

bool rk_match_items(const rk_snapshot_content *source, const rk_events_content *events,
                    rk_memory *memory, rk_matches *out) {
    const uint32_t items = events->meta.items;
    *out = (rk_matches){.source_item = RK_NEW(memory, uint32_t, items)};
    if (!out->source_item) return false;
    for (uint32_t item = 0; item < items; item++) {
        const char *id;
        const uint32_t bytes = rk_strings_get(&events->items, item, &id);
        out->source_item[item] = rk_strings_find(&source->items, id, bytes);
        out->by_id += out->source_item[item] != RK_NONE;
    }
    rk_memory scratch = {0};
    matching m = {.source = source, .events = events};
    const bool ok = out->by_id == items || !find_shared(&m) || match_by_content(&m, &scratch, out);
    rk_memory_free(&scratch);
    return ok;
}
