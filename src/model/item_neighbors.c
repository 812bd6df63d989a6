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

static float row_weight(const rk_neighbor_rows *rows, const float *weights, uint32_t from,
                        uint32_t to) {
    for (uint32_t at = rows->offsets[from]; at < rows->offsets[from + 1]; at++) {
        uint32_t entry = rows->entries[at];
        if (rk_neighbor_item(entry) == to) return weights[rk_neighbor_weight_code(entry)];
    }
    return 0.0f;
}

float rk_neighbor_weight(const rk_snapshot_content *snapshot,
                         const float weights[RK_NEIGHBOR_CODES], uint32_t from, uint32_t to) {
    float weight = row_weight(&snapshot->neighbors, weights, from, to);
    return weight > 0.0f ? weight : row_weight(&snapshot->neighbors_more, weights, from, to);
}
