/* The stages after retrieval: each takes the candidates handed on and hands on fewer, best first,
 * in engine->final, with their places among the candidates in engine->places. */
#ifndef RK_SERVE_STAGES_H
#define RK_SERVE_STAGES_H

#include "serve/engine_state.h"

/* The best `count` candidates by `scores` (by place); returns how many there are. */
uint32_t rk_stage_select(rk_engine *engine, const float *scores, uint32_t count);

/* The first stage's query, for the searches that are about to run: `available` sources are prepared
 * (stage_first.c). */
void rk_stage_first_begin(rk_engine *engine, rk_query *query, uint32_t available);

/* The best `keep` of all candidates by the distilled score. All available sources have scored all
 * candidates, and so has rk_score_vectors. */
uint32_t rk_stage_first(rk_engine *engine, const rk_query *query, uint32_t keep);

/* Those at `count` places, ordered by their value (stage_second.c). */
uint32_t rk_stage_second(rk_engine *engine, const rk_query *query, uint32_t count);

/* The same for what rules took from further down, at the `more` places after the `ranked` best, in
 * engine->places and engine->final alike; it is not sorted into them, and theirs stay. Before
 * rk_features_end. */
void rk_stage_second_more(rk_engine *engine, const rk_query *query, uint32_t ranked, uint32_t more);

/* Of the `ranked` best those that the answer shows, in the order of the request's rules
 * (stage_rules.c); `unscored`: sources that have not scored all candidates; what each has to do
 * with is in engine->ruled. */
uint32_t rk_stage_rules(rk_engine *engine, const rk_query *query, uint32_t unscored,
                        uint32_t ranked);

/* Nobody has met the item: no row that the rates were counted from has it. Of a snapshot with
 * tasks. */
static inline bool rk_stage_is_new(const rk_engine *engine, uint32_t item) {
    return engine->content.task_rate[(uint64_t)item * engine->content.meta.tasks] == RK_NO_RATE;
}

/* Gives the items at `places` (count; NULL: all first ones) that nobody has met the place that the
 * blend gives them among the others: their `scores` and `rows` (width <= RK_MAX_TASKS, weighed by
 * `weights` in a score), both by place, are replaced (stage_new.c). rows and weights: NULL if width
 * is 0. The first `fixed` have their place already and keep their numbers. */
void rk_stage_order_new(rk_engine *engine, const uint32_t *places, uint32_t count, uint32_t fixed,
                        float *scores, float *rows, const float *weights, uint32_t width);

/* Weight of each task in the value: the request's, or the snapshot's. */
void rk_value_weights(const rk_engine *engine, const rk_request *request,
                      float weights[RK_MAX_TASKS]);

#endif
