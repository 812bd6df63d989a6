#include "learn/transfer_carry.h"

#include "base/topk.h"
#include "learn/build_trending.h"
#include "learn/tasks.h"

#define COMPARED_ATTRIBUTES 4u /* features attribute_0 to attribute_3 */

static bool has_values(uint8_t kind) {
    return kind == RK_ATTRIBUTE_CATEGORY || kind == RK_ATTRIBUTE_TAGS;
}

static bool same_string(const rk_strings *a, uint32_t i, const rk_strings *b, uint32_t j) {
    const char *x, *y;
    const uint32_t x_bytes = rk_strings_get(a, i, &x), y_bytes = rk_strings_get(b, j, &y);
    return x_bytes == y_bytes && memcmp(x, y, x_bytes) == 0;
}

/* Whether the first attributes that a snapshot has values of, in order, are the file's: those that
 * are categories or tags. (One without any value in the file moves the others up; then it is one
 * that is compared by nothing.) */
static bool compares_same_attributes(const rk_snapshot_content *source,
                                     const rk_events_content *events) {
    uint32_t own = 0, compared = 0;
    for (uint32_t a = 0; a < source->meta.attributes && compared < COMPARED_ATTRIBUTES; a++) {
        if (source->attribute_first[a] == source->attribute_first[a + 1]) continue;
        while (own < events->meta.attributes && !has_values(events->attribute_kind[own])) own++;
        if (own == events->meta.attributes) return false;
        if (!same_string(&source->attributes, a, &events->attributes, own)) return false;
        own++;
        compared++;
    }
    return true;
}

static uint32_t type_of(const rk_snapshot_content *source, uint32_t type, const rk_strings *types) {
    const char *name;
    const uint32_t bytes = rk_strings_get(&source->types, type, &name);
    return rk_strings_scan(types, name, bytes);
}

const char *rk_carry_obstacle(const rk_snapshot_content *source, const rk_events_content *events) {
    if (!source->meta.tasks) return "the source has none";
    if (!compares_same_attributes(source, events)) return "the items have other attributes";
    if (!events->meta.events) return NULL;
    for (uint32_t t = 0, before = 0; t < source->meta.tasks; t++) {
        const uint32_t type = type_of(source, source->tasks[t].type, &events->types);
        if (type == RK_NONE) return "an event that they predict is not known here";
        if (t && type <= before) return "the events are known here in another order";
        before = type;
    }
    return NULL;
}

static void put_network(const rk_snapshot_content *source, rk_snapshot_content *content) {
    content->meta.tasks = source->meta.tasks;
    content->meta.rank_inputs = source->meta.rank_inputs;
    content->meta.rank_experts = source->meta.rank_experts;
    content->meta.rank_units = source->meta.rank_units;
    content->meta.rank_item_step = source->meta.rank_item_step;
    content->rank_feature = source->rank_feature;
    content->rank_second = source->rank_second;
    content->rank_first = source->rank_first;
}

bool rk_carry_rankers(const rk_prior *prior, const rk_events_content *events, const rk_rows *rows,
                      const rk_log *log, rk_memory *memory, rk_snapshot_content *content) {
    const rk_snapshot_content *source = prior->source;
    const uint32_t count = source->meta.tasks;
    rk_task *tasks = RK_NEW(memory, rk_task, count);
    int8_t *bias = RK_NEW(memory, int8_t, log->items);
    if (!tasks || !bias) return false;
    memcpy(tasks, source->tasks, count * sizeof *tasks);
    for (uint32_t t = 0; events->meta.events && t < count; t++)
        tasks[t].type = type_of(source, source->tasks[t].type, &events->types);
    uint8_t *rates = rk_tasks_rates(events, rows, log, tasks, count, memory);
    if (!rates) return false;
    for (uint32_t item = 0; item < log->items; item++) {
        const uint32_t from = rk_prior_item(prior, log, item);
        if (from == RK_NONE) continue;
        bias[item] = source->rank_item[from];
        uint8_t *rate = rates + (uint64_t)item * count;
        for (uint32_t t = 0; t < count; t++) {
            if (rate[t] == RK_NO_RATE) rate[t] = source->task_rate[(uint64_t)from * count + t];
        }
    }
    put_network(source, content);
    content->tasks = tasks;
    content->task_rate = rates;
    content->rank_item = bias;
    return true;
}

/* ---- without a log --------------------------------------------------------------------------- */

static bool carry_trending(const rk_prior *prior, const rk_log *log, rk_memory *memory,
                           rk_snapshot_content *content) {
    if (!prior->source->meta.trending_count) return true;
    float *trending = RK_NEW(memory, float, log->items);
    uint32_t *top = RK_NEW(memory, uint32_t, RK_TRENDING_ROWS);
    rk_scored *list = RK_NEW(memory, rk_scored, RK_TRENDING_ROWS);
    if (!trending || !top || !list) return false;
    rk_topk best = rk_topk_over(list, RK_TRENDING_ROWS);
    for (uint32_t item = 0; item < log->items; item++) {
        const uint32_t from = rk_prior_item(prior, log, item);
        trending[item] = from == RK_NONE ? 0.0f : prior->source->trending[from];
        if (trending[item] > 0.0f) rk_topk_push(&best, trending[item], item);
    }
    content->meta.trending_count = rk_topk_finish(&best);
    for (uint32_t i = 0; i < content->meta.trending_count; i++) top[i] = list[i].item;
    content->trending = trending;
    content->trending_top = top;
    return true;
}

static bool carry_born(const rk_prior *prior, const rk_log *log, rk_memory *memory,
                       rk_snapshot_content *content) {
    if (!prior->source->meta.timed_items) return true;
    uint32_t *born = RK_NEW(memory, uint32_t, log->items);
    if (!born) return false;
    content->meta.timed_items = 0;
    for (uint32_t item = 0; item < log->items; item++) {
        const uint32_t from = rk_prior_item(prior, log, item);
        born[item] = from == RK_NONE ? 0 : prior->source->born[from];
        content->meta.timed_items += born[item] != 0;
    }
    content->born = born;
    return true;
}

bool rk_carry_signals(const rk_prior *prior, const rk_log *log, rk_memory *memory,
                      rk_snapshot_content *content) {
    const rk_snapshot_content *source = prior->source;
    content->meta.types = source->meta.types;
    content->types = source->types;
    content->type_weight = source->type_weight;
    content->meta.time_kind = source->meta.time_kind;
    return carry_trending(prior, log, memory, content) && carry_born(prior, log, memory, content);
}
