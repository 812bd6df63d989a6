#include "learn/tasks.h"

#include "base/fmath.h"

/* The value a person fixed of a type, or NULL. */
static const rk_value_setting *setting_of(const rk_events_content *events, uint32_t type,
                                          const rk_learn_options *options) {
    const char *name;
    uint32_t bytes = rk_strings_get(&events->types, type, &name);
    for (uint32_t i = 0; i < options->value_count; i++) {
        const rk_value_setting *setting = &options->values[i];
        if (strlen(setting->event) == bytes && memcmp(setting->event, name, bytes) == 0)
            return setting;
    }
    return NULL;
}

static rk_status check_settings(const rk_events_content *events, const rk_learn_options *options,
                                rk_error *error) {
    for (uint32_t i = 0; i < options->value_count; i++) {
        const char *name = options->values[i].event;
        if (rk_strings_scan(&events->types, name, (uint32_t)strlen(name)) == RK_NONE)
            return rk_fail(error, RK_UNKNOWN_EVENT, NULL, 0, name);
    }
    return RK_OK;
}

/* Share of `rows` with an event of this type. */
static float share_of(const rk_events_content *events, const rk_rows *rows, uint32_t type) {
    uint64_t with = 0;
    for (uint64_t i = 0; i < rows->count; i++) with += events->label[rows->row[i]] >> type & 1u;
    return rows->count ? (float)((double)with / (double)rows->count) : 0.0f;
}

static bool has_examples(const rk_events_content *events, const rk_split *split, uint32_t type,
                         bool impressions) {
    uint64_t with = 0, without = 0;
    for (uint32_t i = 0; i < split->case_count; i++) {
        const rk_case *test = &split->cases[i];
        for (uint32_t r = 0; r < test->relevant_count; r++) {
            bool has = events->label[split->row[test->relevant_begin + r]] >> type & 1u;
            with += has;
            without += !has;
        }
    }
    return with >= RK_TASK_ROWS && (!impressions || without >= RK_TASK_ROWS);
}

rk_status rk_tasks_choose(const rk_events_content *events, const rk_rows *rows,
                          const rk_split *split, const rk_learn_options *options, rk_task *tasks,
                          uint32_t *count, rk_error *error) {
    float largest = 0.0f;
    *count = 0;
    RK_TRY(check_settings(events, options, error));
    for (uint32_t type = 0; type < events->meta.types; type++) {
        float weight = events->type_weight[type];
        if (weight == 0.0f || *count == RK_MAX_TASKS) continue;
        if (!has_examples(events, split, type, options->impressions)) continue;
        largest = RK_MAX(largest, weight < 0.0f ? -weight : weight);
        tasks[(*count)++] = (rk_task){.type = type,
                                      .weight = weight,
                                      .scale = 1.0f,
                                      .base_rate = share_of(events, rows, type)};
    }
    for (uint32_t t = 0; t < *count; t++) {
        const rk_value_setting *setting = setting_of(events, tasks[t].type, options);
        tasks[t].weight = setting ? setting->value : tasks[t].weight / largest;
    }
    return RK_OK;
}

uint8_t rk_task_rate(const rk_task *task, uint32_t with, uint32_t all) {
    if (all == 0) return RK_NO_RATE;
    double prior = RK_RATE_PRIOR * (double)task->base_rate;
    double share = ((double)with + prior) / ((double)all + RK_RATE_PRIOR);
    return (uint8_t)rk_round_i32((float)share * RK_RATE_STEPS);
}

uint8_t *rk_tasks_rates(const rk_events_content *events, const rk_rows *rows, const rk_log *log,
                        const rk_task *tasks, uint32_t count, rk_memory *memory) {
    rk_memory scratch = {0};
    uint32_t *all = RK_NEW(&scratch, uint32_t, log->items);
    uint32_t *with = RK_NEW(&scratch, uint32_t, (uint64_t)log->items * count);
    uint8_t *rate = RK_NEW(memory, uint8_t, (uint64_t)log->items * count);
    if (!all || !with || !rate) rate = NULL;
    for (uint64_t i = 0; rate && i < rows->count; i++) {
        uint32_t item = log->item_of_file[events->item[rows->row[i]]];
        if (item == RK_NONE) continue;
        all[item]++;
        for (uint32_t t = 0; t < count; t++)
            with[(uint64_t)item * count + t] += events->label[rows->row[i]] >> tasks[t].type & 1u;
    }
    for (uint64_t i = 0; rate && i < (uint64_t)log->items * count; i++) {
        rate[i] = rk_task_rate(&tasks[i % count], with[i], all[i / count]);
    }
    rk_memory_free(&scratch);
    return rate;
}
