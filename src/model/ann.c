#include "model/ann.h"

#include "base/fmath.h"
#include "model/vectors.h"
#include "simd/kernels.h"

/* |v| <= 253 over <= 256 dimensions keeps the i32 sum below 2^31 with a margin of two. */
#define Q16_LARGEST 16383.0f

static const float cell_levels[4] = {-RK_CELL_OUTER, -RK_CELL_INNER, RK_CELL_INNER, RK_CELL_OUTER};

static void prepare_lut(const float *q, uint32_t dim, rk_ann_query *query) {
    float lowest[RK_MAX_DIM / 2], widest = 0.0f, offset = 0.0f;
    for (uint32_t t = 0; t < dim / 2; t++) {
        float a = q[2 * t] < 0.0f ? -q[2 * t] : q[2 * t];
        float b = q[2 * t + 1] < 0.0f ? -q[2 * t + 1] : q[2 * t + 1];
        lowest[t] = -RK_CELL_OUTER * (a + b);
        widest = RK_MAX(widest, -2.0f * lowest[t]);
        offset += lowest[t];
    }
    float per_step = widest > 0.0f ? 127.0f / widest : 0.0f;
    for (uint32_t t = 0; t < dim / 2; t++) {
        for (uint32_t nibble = 0; nibble < 16; nibble++) {
            float value =
                q[2 * t] * cell_levels[nibble & 3] + q[2 * t + 1] * cell_levels[nibble >> 2];
            int32_t steps = rk_round_i32((value - lowest[t]) * per_step);
            query->lut[t * 16 + nibble] = (uint8_t)RK_MAX(0, RK_MIN(127, steps));
        }
    }
    query->lut_step = widest / 127.0f;
    query->lut_offset = offset;
}

void rk_ann_prepare(const rk_snapshot_content *snapshot, const float *q, rk_ann_query *query) {
    uint32_t dim = snapshot->meta.dim;
    prepare_lut(q, dim, query);
    float largest = 0.0f;
    for (uint32_t i = 0; i < dim; i++) largest = RK_MAX(largest, q[i] < 0.0f ? -q[i] : q[i]);
    float per_step = largest > 0.0f ? Q16_LARGEST / largest : 0.0f;
    for (uint32_t i = 0; i < dim; i++) query->q16[i] = rk_round_i16(q[i] * per_step);
    query->q16_step = largest / Q16_LARGEST;
    query->mean_score = rk_dot_f32(q, snapshot->vector_mean, dim);
}

float rk_ann_score(const rk_snapshot_content *snapshot, const rk_ann_query *query, uint32_t item) {
    int16_t magnitudes[RK_MAX_DIM];
    rk_vector_decode_i16(snapshot, item, magnitudes);
    int32_t sum = rk_dot_i16(magnitudes, query->q16, snapshot->meta.dim);
    float scale = query->q16_step * snapshot->vector_factors[item].decode;
    return query->mean_score + scale * (float)sum;
}

/* Lists the rows of one scanned block whose estimate reaches the threshold, of those open. */
static void list_block(const rk_ann_query *query, const rk_vector_factor *factors,
                       const uint16_t sums[RK_BLOCK_ROWS], uint32_t first, uint32_t rows,
                       uint32_t open, rk_shortlist *list) {
    const rk_vector_factor *factor = factors + first;
    uint32_t reaching = rk_rows_reaching(sums, &factor->scan, rows, query->lut_offset,
                                         query->lut_step, list->threshold);
    for (reaching &= open; reaching; reaching &= reaching - 1) {
        uint32_t row = (uint32_t)__builtin_ctz(reaching);
        float level = query->lut_offset + query->lut_step * (float)sums[row];
        rk_shortlist_add(list, factor[row].scan * level, first + row);
    }
}

/* The `coarse` best by estimate at the front of `scratch`, in no order; returns how many. */
static uint32_t scan(const rk_snapshot_content *snapshot, const rk_ann_query *query,
                     const uint32_t *blocked, rk_scored *scratch, uint32_t coarse) {
    uint32_t items = snapshot->meta.items, dim = snapshot->meta.dim;
    rk_shortlist list = rk_shortlist_over(scratch, coarse);
    for (uint32_t block = 0; block * RK_BLOCK_ROWS < items; block++) {
        uint16_t sums[RK_BLOCK_ROWS];
        uint32_t first = block * RK_BLOCK_ROWS, open = blocked ? ~blocked[block] : UINT32_MAX;
        if (open == 0) continue;
        rk_scan_block(snapshot->vector_cells + block * rk_block_bytes(dim), query->lut, dim / 2,
                      sums);
        list_block(query, snapshot->vector_factors, sums, first,
                   RK_MIN(RK_BLOCK_ROWS, items - first), open, &list);
    }
    return rk_shortlist_finish(&list);
}

uint32_t rk_ann_search(const rk_snapshot_content *snapshot, const rk_ann_query *query,
                       const uint32_t *blocked, rk_scored *scratch, uint32_t coarse, rk_scored *out,
                       uint32_t k) {
    assert(k <= coarse);
    if (k == 0) return 0;
    uint32_t near = scan(snapshot, query, blocked, scratch, coarse), found = RK_MIN(k, near);
    if (found == 0) return 0;
    for (uint32_t i = 0; i < near; i++)
        scratch[i].score = rk_ann_score(snapshot, query, scratch[i].item);
    rk_select_scored(scratch, near, found);
    memcpy(out, scratch, found * sizeof *out);
    rk_sort_scored(out, found);
    return found;
}
