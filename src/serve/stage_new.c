/* Items that nobody has met: the rankers have learnt from items with events and say nothing of the
 * others, whose popularity, neighbours and rates are all missing; the order they would give them is
 * noise (src/README.md has the numbers). The blend knows how to compare such items, by content, so
 * among themselves it orders them: the scores that a ranker gave to the new items of a list are
 * dealt out again, the best to the one that the blend has first, and so on. How they stand to the
 * others is the ranker's to say. O(new items * log). */
#include "serve/stages.h"

static bool is_new(const rk_engine *engine, uint32_t place) {
    return !(engine->content.popularity[engine->candidates.item[place]] > 0.0f);
}

/* The new items at `places` (count; NULL: at places 0..count-1): by the
 * blend into `by_blend`, by `scores` (by place) into `by_score`. Returns how many. */
static uint32_t list_new(const rk_engine *engine, const uint32_t *places, uint32_t count,
                         const float *scores, rk_scored *by_blend, rk_scored *by_score) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = places ? places[i] : i, item = engine->candidates.item[place];
        if (!is_new(engine, place)) continue;
        by_blend[found] = (rk_scored){.score = engine->blends[place], .item = item};
        by_score[found++] = (rk_scored){.score = scores[place], .item = item};
    }
    rk_sort_scored(by_blend, found);
    rk_sort_scored(by_score, found);
    return found;
}

static uint32_t place_of(const rk_engine *engine, uint32_t item) {
    return engine->candidates.slot[item] - 1u;
}

void rk_stage_order_new(rk_engine *engine, const uint32_t *places, uint32_t count, float *scores,
                        float *rows, uint32_t width) {
    rk_scored *by_blend = engine->fresh, *by_score = engine->fresh + RK_MAX_CANDIDATES;
    uint32_t found = list_new(engine, places, count, scores, by_blend, by_score);
    if (found < 2) return;
    for (uint32_t k = 0; k < found; k++)
        scores[place_of(engine, by_blend[k].item)] = by_score[k].score;
    for (uint32_t k = 0; k < found && width; k++)
        memcpy(engine->fresh_rows + k * width, rows + place_of(engine, by_score[k].item) * width,
               width * sizeof *rows);
    for (uint32_t k = 0; k < found && width; k++)
        memcpy(rows + place_of(engine, by_blend[k].item) * width, engine->fresh_rows + k * width,
               width * sizeof *rows);
}
