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

void rk_ann_prepare_vector(const rk_snapshot_content *snapshot, const float *q,
                           rk_ann_vector *vector) {
    uint32_t dim = snapshot->meta.dim;
    float largest = 0.0f;
    for (uint32_t i = 0; i < dim; i++) largest = RK_MAX(largest, q[i] < 0.0f ? -q[i] : q[i]);
    float per_step = largest > 0.0f ? Q16_LARGEST / largest : 0.0f;
    for (uint32_t i = 0; i < dim; i++) vector->q16[i] = rk_round_i16(q[i] * per_step);
    vector->q16_step = largest / Q16_LARGEST;
    vector->mean_score = rk_dot_f32(q, snapshot->vector_mean, dim);
}

void rk_ann_prepare_item(const rk_snapshot_content *snapshot, const rk_ann_vector *mean,
                         uint32_t item, rk_ann_vector *vector) {
    rk_vector_decode_i16(snapshot, item, vector->q16);
    int32_t sum = rk_dot_i16(vector->q16, mean->q16, snapshot->meta.dim);
    vector->q16_step = snapshot->vector_factors[item].decode;
    vector->mean_score = mean->q16_step * vector->q16_step * (float)sum;
}

void rk_ann_prepare(const rk_snapshot_content *snapshot, const float *q, rk_ann_query *query) {
    prepare_lut(q, snapshot->meta.dim, query);
    rk_ann_prepare_vector(snapshot, q, &query->vector);
}

/* <q, x> of a decoded item. */
static float score_decoded(const rk_snapshot_content *snapshot, const rk_ann_vector *vector,
                           const int16_t *magnitudes, uint32_t item) {
    int32_t sum = rk_dot_i16(magnitudes, vector->q16, snapshot->meta.dim);
    float scale = vector->q16_step * snapshot->vector_factors[item].decode;
    return vector->mean_score + scale * (float)sum;
}

float rk_ann_score(const rk_snapshot_content *snapshot, const rk_ann_query *query, uint32_t item) {
    int16_t magnitudes[RK_MAX_DIM];
    rk_vector_decode_i16(snapshot, item, magnitudes);
    return score_decoded(snapshot, &query->vector, magnitudes, item);
}

/* Rows that are fetched before they are scored. */
#define AHEAD 16u

/* Reads a byte of most cache lines that scoring the items will read, for nothing but to have them:
 * the rows lie all over memory, and scoring one takes too long for the processor to see the loads
 * of the next. One kind of line after the other, so that the loop is short and many are on their
 * way at once. */
static void fetch_rows(const rk_snapshot_content *snapshot, const uint32_t *items, uint32_t count) {
    enum { LINE = 64 };
    uint64_t block_bytes = rk_block_bytes(snapshot->meta.dim);
    uint64_t low_bytes = rk_low_bytes(snapshot->meta.dim);
    for (uint32_t i = 0; i < count; i++) {
        const volatile uint8_t *low = snapshot->vector_low + items[i] * low_bytes;
        const volatile float *factor = &snapshot->vector_factors[items[i]].decode;
        (void)*factor;
        (void)low[0];
        (void)low[low_bytes - 1];
    }
    for (uint32_t i = 0; i < count; i++) {
        const volatile uint8_t *cells =
            snapshot->vector_cells + items[i] / RK_BLOCK_ROWS * block_bytes;
        for (uint64_t at = 0; at < block_bytes; at += LINE) (void)cells[at];
    }
}

void rk_ann_score_items_by(const rk_snapshot_content *snapshot,
                           const rk_ann_vector *const vectors[], uint32_t vector_count,
                           const uint32_t *items, uint32_t count, float *const out[]) {
    int16_t magnitudes[RK_MAX_DIM];
    for (uint32_t begin = 0; begin < count; begin += AHEAD) {
        uint32_t end = RK_MIN(count, begin + AHEAD);
        fetch_rows(snapshot, items + begin, end - begin);
        for (uint32_t i = begin; i < end; i++) {
            rk_vector_decode_i16(snapshot, items[i], magnitudes);
            for (uint32_t v = 0; v < vector_count; v++)
                out[v][i] = score_decoded(snapshot, vectors[v], magnitudes, items[i]);
        }
    }
}

void rk_ann_score_items_all(const rk_snapshot_content *snapshot, const rk_ann_vector *vectors,
                            uint32_t vector_count, const uint32_t *items, uint32_t count,
                            float *out) {
    int16_t magnitudes[RK_MAX_DIM];
    for (uint32_t begin = 0; begin < count; begin += AHEAD) {
        uint32_t end = RK_MIN(count, begin + AHEAD);
        fetch_rows(snapshot, items + begin, end - begin);
        for (uint32_t i = begin; i < end; i++) {
            rk_vector_decode_i16(snapshot, items[i], magnitudes);
            for (uint32_t v = 0; v < vector_count; v++)
                *out++ = score_decoded(snapshot, &vectors[v], magnitudes, items[i]);
        }
    }
}

void rk_ann_score_items(const rk_snapshot_content *snapshot, const rk_ann_query *query,
                        const uint32_t *items, uint32_t count, float *out) {
    const rk_ann_vector *vector = &query->vector;
    rk_ann_score_items_by(snapshot, &vector, 1, items, count, &out);
}

/* Scores by all bits, in place of what the entries had; and by the job's other query. */
static void score_exactly(const rk_snapshot_content *snapshot, const rk_ann_job *job,
                          rk_scored *entries, uint32_t count) {
    const rk_ann_vector *const vectors[] = {&job->query->vector, job->also};
    for (uint32_t begin = 0; begin < count; begin += AHEAD) {
        uint32_t items[AHEAD], some = RK_MIN(count - begin, AHEAD);
        float scores[AHEAD], also[AHEAD];
        for (uint32_t i = 0; i < some; i++) items[i] = entries[begin + i].item;
        rk_ann_score_items_by(snapshot, vectors, job->also ? 2 : 1, items, some,
                              (float *const[]){scores, also});
        for (uint32_t i = 0; i < some; i++) entries[begin + i].score = scores[i];
        for (uint32_t i = 0; i < some && job->also; i++) job->also_by_item[items[i]] = also[i];
    }
}

/* Blocks that are scanned before their rows are listed: enough to share what each step costs to
 * begin, few enough to stay in the first cache. */
#define BATCH      16u
#define BATCH_ROWS (BATCH * RK_BLOCK_ROWS)

/* What `count` rows need, 1 / 2^15 of a unit. */
static void fill_needs(const rk_vector_factor *factors, uint32_t count, float unit, int16_t *row) {
    for (uint32_t i = 0; i < count; i++) {
        /* A row that needs more than it can be said to need only passes too often. */
        float need = factors[i].scan > unit ? unit / factors[i].scan * 0x1p15f : 0x1p15f;
        row[i] = (int16_t)RK_MIN((int32_t)need, INT16_MAX);
    }
}

static float unit_of(const rk_vector_factor *factors, uint32_t count) {
    float largest = 0.0f;
    for (uint32_t i = 0; i < count; i++) largest = RK_MAX(largest, factors[i].scan);
    return largest / 2.0f;
}

void rk_ann_needs_fill(const rk_snapshot_content *snapshot, rk_ann_needs *needs) {
    const uint32_t items = snapshot->meta.items;
    needs->unit = unit_of(snapshot->vector_factors, items);
    fill_needs(snapshot->vector_factors, items, needs->unit, needs->row);
}

/* Which rows of a batch can reach the threshold. Sums are whole and below 2^15, where rounding the
 * needs, the product, the line and the estimates of floats is together less than 2. */
static void mark_rows(const rk_ann_query *query, const int16_t *needs, float unit,
                      const uint16_t *sums, uint32_t rows, float threshold, uint32_t *masks) {
    int16_t scale = 0, base = INT16_MIN; /* all of them */
    const float least = 0x1p-100f;       /* below, a float has fewer digits */
    if (threshold > least && unit > least && query->lut_step > least) {
        float need = threshold / unit / query->lut_step;
        scale = (int16_t)RK_MIN(need, (float)INT16_MAX);
        base = (int16_t)(-query->lut_offset / query->lut_step - 3.0f);
    }
    rk_rows_above(sums, needs, rows, scale, base, masks);
}

/* Lists those of the rows whose bits are set that reach the threshold, word w of masks for row 32 w
 * on. One loop over all bits, the next word taken without a branch: how many bits a word has is as
 * good as random. */
static void list_rows(const rk_ann_query *query, const rk_vector_factor *factors,
                      const uint16_t sums[BATCH_ROWS], uint32_t masks[BATCH + 1], uint32_t blocks,
                      uint32_t first, rk_shortlist *list) {
    const float threshold = list->threshold; /* of the whole batch, though the list's may rise */
    uint32_t begins[BATCH + 1], words = 0, bits = 0;
    for (uint32_t block = 0; block < blocks; block++) {
        const uint32_t mask = masks[block];
        masks[words] = mask;
        begins[words] = block * RK_BLOCK_ROWS;
        words += mask != 0;
        bits += (uint32_t)__builtin_popcount(mask);
    }
    uint32_t word = 0, mask = masks[0];
    while (bits > 0) {
        uint32_t room;
        rk_scored *to = rk_shortlist_next(list, &room);
        const uint32_t some = RK_MIN(bits, room);
        uint32_t added = 0;
        for (uint32_t i = 0; i < some; i++) {
            uint32_t row = begins[word] + (uint32_t)__builtin_ctz(mask);
            float level = query->lut_offset + query->lut_step * (float)sums[row];
            const float estimate = factors[row].scan * level;
            to[added] = (rk_scored){.score = estimate, .item = first + row};
            added += estimate >= threshold;
            mask &= mask - 1;
            word += mask == 0;
            mask = mask == 0 ? masks[word] : mask;
        }
        bits -= some;
        rk_shortlist_added(list, added);
    }
}

/* Of a scanned batch lists the rows that reach the threshold and are not blocked. */
static void list_batch(const rk_snapshot_content *snapshot, const rk_ann_job *job,
                       const uint32_t *blocked, const uint16_t sums[BATCH_ROWS], uint32_t first,
                       uint32_t rows, rk_shortlist *list) {
    const rk_vector_factor *factors = snapshot->vector_factors + first;
    uint32_t masks[BATCH + 1] = {0}, blocks = (rows + RK_BLOCK_ROWS - 1) / RK_BLOCK_ROWS;
    if (job->needs) {
        mark_rows(job->query, job->needs->row + first, job->needs->unit, sums, rows,
                  list->threshold, masks);
    } else {
        int16_t needs[BATCH_ROWS];
        float unit = unit_of(factors, rows);
        fill_needs(factors, rows, unit, needs);
        mark_rows(job->query, needs, unit, sums, rows, list->threshold, masks);
    }
    for (uint32_t block = 0; blocked && block < blocks; block++)
        masks[block] &= ~blocked[first / RK_BLOCK_ROWS + block];
    list_rows(job->query, factors, sums, masks, blocks, first, list);
}

/* One pass over the codes: lists[j] gets what reaches the threshold of jobs[j]. */
static void scan(const rk_snapshot_content *snapshot, const uint32_t *blocked,
                 rk_ann_job *const jobs[RK_ANN_MOST_JOBS], uint32_t count,
                 rk_shortlist lists[RK_ANN_MOST_JOBS]) {
    uint32_t items = snapshot->meta.items, tables = snapshot->meta.dim / 2;
    uint64_t block_bytes = rk_block_bytes(snapshot->meta.dim);
    const uint8_t *lut = jobs[0]->query->lut, *other_lut = jobs[count - 1]->query->lut;
    uint16_t sums[RK_ANN_MOST_JOBS][BATCH_ROWS] = {{0}};
    for (uint32_t first = 0; first < items; first += BATCH_ROWS) {
        uint32_t rows = RK_MIN(BATCH_ROWS, items - first);
        for (uint32_t row = 0; row < rows; row += RK_BLOCK_ROWS) {
            uint32_t block = (first + row) / RK_BLOCK_ROWS;
            const uint8_t *codes = snapshot->vector_cells + block * block_bytes;
            if (blocked && blocked[block] == UINT32_MAX) continue;
            if (count == 1)
                rk_scan_block(codes, lut, tables, sums[0] + row);
            else
                rk_scan_block_pair(codes, lut, other_lut, tables, sums[0] + row, sums[1] + row);
        }
        for (uint32_t j = 0; j < count; j++)
            list_batch(snapshot, jobs[j], blocked, sums[j], first, rows, &lists[j]);
    }
}

/* The k best by all bits of those listed. */
static void finish(const rk_snapshot_content *snapshot, rk_shortlist *list, rk_ann_job *job) {
    uint32_t near = rk_shortlist_finish(list);
    job->found = RK_MIN(job->k, near);
    if (job->found == 0) return;
    score_exactly(snapshot, job, list->entries, near);
    rk_select_scored(list->entries, near, job->found);
    memcpy(job->out, list->entries, job->found * sizeof *job->out);
    rk_sort_scored(job->out, job->found);
}

void rk_ann_search_jobs(const rk_snapshot_content *snapshot, const uint32_t *blocked,
                        rk_ann_job *jobs, uint32_t count) {
    rk_ann_job *open[RK_ANN_MOST_JOBS];
    rk_shortlist lists[RK_ANN_MOST_JOBS];
    uint32_t open_count = 0;
    assert(count <= RK_ANN_MOST_JOBS);
    for (uint32_t j = 0; j < count; j++) {
        assert(jobs[j].k <= jobs[j].coarse);
        jobs[j].found = 0;
        if (jobs[j].k == 0) continue;
        lists[open_count] = rk_shortlist_over(jobs[j].scratch, jobs[j].coarse);
        open[open_count++] = &jobs[j];
    }
    if (open_count == 0) return;
    scan(snapshot, blocked, open, open_count, lists);
    for (uint32_t j = 0; j < open_count; j++) finish(snapshot, &lists[j], open[j]);
}

uint32_t rk_ann_search(const rk_snapshot_content *snapshot, const rk_ann_query *query,
                       const uint32_t *blocked, rk_scored *scratch, uint32_t coarse, rk_scored *out,
                       uint32_t k) {
    rk_ann_job job = {.query = query, .scratch = scratch, .coarse = coarse, .out = out, .k = k};
    rk_ann_search_jobs(snapshot, blocked, &job, 1);
    return job.found;
}
