/* Second stage and value model: the few that are left get all their features, the network says how
 * likely each event is (model/rank_mtml.h), and the value, sum of weight * P(task), orders them.
 *
 * Candidates go through the network in blocks, so that its activations stay in the cache. */
#include "model/rank_mtml.h"

#include "serve/stages.h"

void rk_value_weights(const rk_engine *engine, const rk_request *request,
                      float weights[RK_MAX_TASKS]) {
    for (uint32_t t = 0; t < engine->content.meta.tasks; t++) {
        weights[t] = request->flags & RK_REQUEST_TASK_WEIGHTS ? request->task_weights[t]
                                                              : engine->content.tasks[t].weight;
    }
}

uint32_t rk_stage_second(rk_engine *engine, const rk_query *query, uint32_t count) {
    const rk_snapshot_content *content = &engine->content;
    uint32_t tasks = content->meta.tasks;
    float weights[RK_MAX_TASKS], logits[RK_SECOND_BLOCK * RK_MAX_TASKS];
    rk_mtml model = rk_mtml_of(content);
    rk_value_weights(engine, query->request, weights);
    rk_features_all(engine->features, query, &engine->candidates, engine->blends, engine->places,
                    count, engine->inputs);
    /* An item that rules take from further down has none. */
    memset(engine->probabilities, 0,
           (size_t)engine->candidates.count * tasks * sizeof *engine->probabilities);
    for (uint32_t begin = 0; begin < count; begin += RK_SECOND_BLOCK) {
        uint32_t rows = RK_MIN(RK_SECOND_BLOCK, count - begin);
        rk_mtml_inputs(content, engine->inputs + begin * RK_FEATURE_COUNT, RK_FEATURE_COUNT, rows,
                       engine->block);
        rk_mtml_logits(&model, engine->block, rows, engine->activations, logits);
        rk_mtml_probabilities(content->tasks, tasks, logits, rows, logits);
        for (uint32_t r = 0; r < rows; r++) {
            const float *p = logits + r * tasks;
            uint32_t place = engine->places[begin + r];
            memcpy(engine->probabilities + place * tasks, p, tasks * sizeof *p);
            engine->values[place] = rk_value_of(weights, p, tasks);
        }
    }
    rk_stage_order_new(engine, engine->places, count, engine->values, engine->probabilities,
                       weights, tasks);
    for (uint32_t i = 0; i < count; i++) {
        const float *p = engine->probabilities + engine->places[i] * tasks;
        engine->final[i].score = rk_value_of(weights, p, tasks);
    }
    rk_sort_scored(engine->final, count);
    for (uint32_t i = 0; i < count; i++)
        engine->places[i] = engine->candidates.slot[engine->final[i].item] - 1u;
    return count;
}
