/* Second stage and value model: the few that are left get all their features, the network says how
 * likely each event is (model/rank_mtml.h), and the value, sum of weight * P(task), orders them.
 *
 * Candidates go through the network in blocks, so that its activations stay in the cache. Where no
 * task counts all values are 0, and the order stays the one that was handed on. */
#include "model/rank_mtml.h"

#include "serve/stages.h"

void rk_value_weights(const rk_engine *engine, const rk_request *request,
                      float weights[RK_MAX_TASKS]) {
    for (uint32_t t = 0; t < engine->content.meta.tasks; t++) {
        weights[t] = request->flags & RK_REQUEST_TASK_WEIGHTS ? request->task_weights[t]
                                                              : engine->content.tasks[t].weight;
    }
}

static bool none_counts(const float *weights, uint32_t tasks) {
    bool none = true;
    for (uint32_t t = 0; t < tasks; t++) none &= weights[t] == 0.0f;
    return none;
}

/* Probabilities and values of the `count` items at engine->places + first. */
static void score(rk_engine *engine, const rk_query *query, const float *weights, uint32_t first,
                  uint32_t count) {
    const rk_snapshot_content *content = &engine->content;
    const uint32_t *places = engine->places + first;
    uint32_t tasks = content->meta.tasks;
    float logits[RK_SECOND_BLOCK * RK_MAX_TASKS];
    rk_mtml model = rk_mtml_of(content);
    rk_features_all(engine->features, query, &engine->candidates, engine->blends, places, count,
                    engine->inputs);
    for (uint32_t begin = 0; begin < count; begin += RK_SECOND_BLOCK) {
        uint32_t rows = RK_MIN(RK_SECOND_BLOCK, count - begin);
        rk_mtml_inputs(content, engine->inputs + begin * RK_FEATURE_COUNT, RK_FEATURE_COUNT, rows,
                       engine->block);
        rk_mtml_logits(&model, engine->block, rows, engine->activations, logits);
        rk_mtml_probabilities(content->tasks, tasks, logits, rows, logits);
        for (uint32_t r = 0; r < rows; r++) {
            const float *p = logits + r * tasks;
            uint32_t place = places[begin + r];
            memcpy(engine->probabilities + place * tasks, p, tasks * sizeof *p);
            engine->values[place] = rk_value_of(weights, p, tasks);
        }
    }
}

/* New items get their place, and `final` what the probabilities are worth, from `first` on. */
static void conclude(rk_engine *engine, const float *weights, uint32_t first, uint32_t count) {
    uint32_t tasks = engine->content.meta.tasks;
    rk_stage_order_new(engine, engine->places, first + count, first, engine->values,
                       engine->probabilities, weights, tasks);
    for (uint32_t i = first; i < first + count; i++) {
        uint32_t place = engine->places[i];
        float value = rk_value_of(weights, engine->probabilities + place * tasks, tasks);
        engine->values[place] = value;
        engine->final[i] = (rk_scored){.score = value, .item = engine->candidates.item[place]};
    }
}

uint32_t rk_stage_second(rk_engine *engine, const rk_query *query, uint32_t count) {
    float weights[RK_MAX_TASKS];
    rk_value_weights(engine, query->request, weights);
    const bool keep_order = none_counts(weights, engine->content.meta.tasks);
    score(engine, query, weights, 0, count);
    /* Neighbours of a new item are then those that it was handed on with. */
    for (uint32_t i = 0; keep_order && i < count; i++)
        engine->values[engine->places[i]] = (float)(count - i);
    conclude(engine, weights, 0, count);
    if (keep_order) return count;
    rk_sort_scored(engine->final, count);
    for (uint32_t i = 0; i < count; i++)
        engine->places[i] = engine->candidates.slot[engine->final[i].item] - 1u;
    return count;
}

void rk_stage_second_more(rk_engine *engine, const rk_query *query, uint32_t ranked,
                          uint32_t more) {
    float weights[RK_MAX_TASKS];
    rk_value_weights(engine, query->request, weights);
    score(engine, query, weights, ranked, more);
    conclude(engine, weights, ranked, more);
}
