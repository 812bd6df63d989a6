#include "serve/merge.h"

static uint32_t place_of(rk_candidates *candidates, uint32_t item) {
    uint32_t place = candidates->slot[item];
    if (place) return place - 1;
    if (candidates->count == RK_MAX_CANDIDATES) return RK_NONE;
    place = candidates->count++;
    candidates->slot[item] = (uint16_t)(place + 1);
    candidates->item[place] = item;
    candidates->sources[place] = 0;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        candidates->rank[s][place] = 0;
        candidates->score[s][place] = 0.0f;
    }
    return place;
}

void rk_merge(const rk_scored *const lists[RK_SOURCE_COUNT], const uint32_t counts[RK_SOURCE_COUNT],
              rk_candidates *candidates) {
    uint32_t longest = 0;
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) longest = RK_MAX(longest, counts[s]);
    for (uint32_t i = 0; i < longest; i++) {
        for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
            if (i >= counts[s]) continue;
            uint32_t place = place_of(candidates, lists[s][i].item);
            if (place == RK_NONE) continue;
            candidates->sources[place] |= 1u << s;
            candidates->rank[s][place] = (uint16_t)(i + 1);
            candidates->score[s][place] = lists[s][i].score;
        }
    }
}

void rk_merge_item(uint32_t item, rk_candidates *candidates) {
    place_of(candidates, item);
}

void rk_merge_clear(rk_candidates *candidates) {
    for (uint32_t i = 0; i < candidates->count; i++) candidates->slot[candidates->item[i]] = 0;
    candidates->count = 0;
}
