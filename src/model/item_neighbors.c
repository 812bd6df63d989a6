#include "model/item_neighbors.h"

#include "base/fmath.h"

void rk_neighbor_weights(float scale, float weights[RK_NEIGHBOR_CODES]) {
    for (uint32_t code = 0; code < RK_NEIGHBOR_CODES; code++) {
        weights[code] = scale * rk_exp2f((float)((int32_t)code - 255) / 16.0f);
    }
}

int32_t rk_neighbor_code(float weight, float scale) {
    if (!(weight > 0.0f) || !(scale > 0.0f)) return -1;
    int32_t code = 255 + rk_round_i32(16.0f * rk_log2f(weight / scale));
    return code < 0 ? -1 : RK_MIN(code, 255);
}

static uint32_t row_strength(const rk_neighbor_rows *rows, uint32_t from, uint32_t to) {
    for (uint32_t at = rows->offsets[from]; at < rows->offsets[from + 1]; at++)
        if (rk_neighbor_item(rows->entries[at]) == to)
            return 1 + rk_neighbor_weight_code(rows->entries[at]);
    return 0;
}

uint32_t rk_neighbor_strength(const rk_snapshot_content *snapshot, uint32_t from, uint32_t to) {
    uint32_t strength = row_strength(&snapshot->neighbors, from, to);
    return strength ? strength : row_strength(&snapshot->neighbors_more, from, to);
}

float rk_neighbor_weight(const rk_snapshot_content *snapshot,
                         const float weights[RK_NEIGHBOR_CODES], uint32_t from, uint32_t to) {
    uint32_t strength = rk_neighbor_strength(snapshot, from, to);
    return strength ? weights[strength - 1] : 0.0f;
}
