#include "learn/expert.h"

static bool read_boosts(const rk_events_content *content, rk_memory *memory, rk_log *log) {
    if (!content->boost) return true;
    float *boost = RK_NEW(memory, float, log->items);
    if (!boost) return false;
    for (uint32_t item = 0; item < log->items; item++)
        boost[item] = content->boost[log->file_item[item]];
    log->expert.boost = boost;
    return true;
}

/* The lists turned round: which items of the file list an item, ascending. */
typedef struct reverse_lists {
    uint32_t *begin; /* (file items + 2), one place further on while filling */
    uint32_t *item;
} reverse_lists;

static bool turn_round(const rk_events_content *content, rk_memory *scratch, reverse_lists *out) {
    const uint32_t items = content->meta.items, pairs = content->related_begin[items];
    out->begin = RK_NEW(scratch, uint32_t, (uint64_t)items + 2);
    out->item = RK_NEW(scratch, uint32_t, pairs);
    if (!out->begin || !out->item) return false;
    for (uint32_t i = 0; i < pairs; i++) out->begin[content->related[i] + 2]++;
    for (uint64_t item = 2; item <= items; item++) out->begin[item] += out->begin[item - 1];
    for (uint32_t item = 0; item < items; item++)
        for (uint32_t i = content->related_begin[item]; i < content->related_begin[item + 1]; i++)
            out->item[out->begin[content->related[i] + 1]++] = item;
    return true;
}

/* Merges two ascending lists of file items into catalogue items at `out`, each once, without those
 * that are left out; returns their number. */
static uint32_t merge(const rk_log *log, const uint32_t *a, uint32_t a_count, const uint32_t *b,
                      uint32_t b_count, uint32_t *out) {
    uint32_t count = 0;
    for (uint32_t i = 0, j = 0; i < a_count || j < b_count;) {
        const uint32_t left = i < a_count ? a[i] : RK_NONE, right = j < b_count ? b[j] : RK_NONE;
        const uint32_t item = log->item_of_file[RK_MIN(left, right)];
        i += left <= right;
        j += right <= left;
        if (item != RK_NONE) out[count++] = item;
    }
    return count;
}

static bool read_related(const rk_events_content *content, rk_memory *memory, rk_log *log) {
    if (!content->related_begin) return true;
    rk_memory scratch = {0};
    reverse_lists reverse;
    const uint32_t *begin = content->related_begin;
    uint64_t *row = RK_NEW(memory, uint64_t, (uint64_t)log->items + 1);
    uint32_t *related = RK_NEW(memory, uint32_t, 2 * (uint64_t)begin[content->meta.items]);
    const bool ok = row && related && turn_round(content, &scratch, &reverse);
    for (uint32_t item = 0; ok && item < log->items; item++) {
        const uint32_t file = log->file_item[item];
        row[item + 1] =
            row[item] + merge(log, content->related + begin[file], begin[file + 1] - begin[file],
                              reverse.item + reverse.begin[file],
                              reverse.begin[file + 1] - reverse.begin[file], related + row[item]);
    }
    if (ok) log->expert.related_begin = row, log->expert.related = related;
    rk_memory_free(&scratch);
    return ok;
}

bool rk_expert_read(const rk_events_content *content, rk_memory *memory, rk_log *log) {
    return read_boosts(content, memory, log) && read_related(content, memory, log);
}
