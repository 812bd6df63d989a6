/* Nearest item vectors to a query, exhaustively: a 2-bit scan of everything, then all bits of the
 * best.
 *
 * Problem: the top k of <q, x> over up to a few 100,000 items, in a browser, in well under a
 * millisecond, with any filter. Idea: stream 16 bytes an item through byte-shuffle look-up tables
 * (the "fast scan" of F. Andre, A.-M. Kermarrec and N. Le Scouarnec, "Cache locality is not enough:
 * High-Performance Nearest Neighbor Search with Product Quantization Fast Scan", 2015), keep the
 * best few hundred by that estimate, decode and re-score only those. The scan streams memory, so a
 * filter is a bitmap tested on rows that would enter, and stays exact at any selectivity: there is
 * no graph to lose.
 *
 *   512 rows' codes -> sums (u16) -> can the estimate reach the threshold? a bit a row
 *   -> rows not blocked to a shortlist, whose threshold rises -> all bits of the `coarse` best
 *   -> the k best, sorted
 *
 * Two queries can share the pass. Two searches of 100,000 rows of 64 dimensions, each for 100 out
 * of 200, spend about 60 % in the scan, 30 % in comparing and listing and 10 % in re-scoring
 * (WebAssembly, a profile of tests/bench/bench_funnel.js).
 *
 * A query is prepared once:
 *   lut (dim/2, 16) u7   the contribution of each pair of cells, offset and scaled to 0..127
 *   q16 (dim) i16        the query for exact integer re-scoring
 * Scores are <q, x> (cosine for a unit q), from exact integer dot products: the same bits in every
 * host.
 *
 * Measured on the npm vectors: tests/bench/index_recall.csv, recall by number re-ranked. */
#ifndef RK_MODEL_ANN_H
#define RK_MODEL_ANN_H

#include "base/shortlist.h"
#include "format/snapshot_read.h"

/* A query for scoring by all bits: an eighth of the work and a quarter of the memory of one that is
 * also for searching. */
typedef struct rk_ann_vector {
    int16_t q16[RK_MAX_DIM];
    float q16_step;   /* q[i] ~ q16_step * q16[i] */
    float mean_score; /* <q, mean>, the same for every item */
} rk_ann_vector;

typedef struct rk_ann_query {
    uint8_t lut[RK_MAX_DIM / 2 * 16];
    float lut_step;   /* value of one lut count */
    float lut_offset; /* value of an all-zero sum */
    rk_ann_vector vector;
} rk_ann_query;

/* q (dim) in rotated coordinates, finite. */
void rk_ann_prepare(const rk_snapshot_content *snapshot, const float *q, rk_ann_query *query);
void rk_ann_prepare_vector(const rk_snapshot_content *snapshot, const float *q,
                           rk_ann_vector *vector);
/* q = x_item - mean, which the codes hold as integers: no rounding, and no loop over floats. mean:
 * vec.mean prepared. <x_item, x> is the score by `mean` and the score by this. */
void rk_ann_prepare_item(const rk_snapshot_content *snapshot, const rk_ann_vector *mean,
                         uint32_t item, rk_ann_vector *vector);

/* <q, x> of one item by all its bits. */
float rk_ann_score(const rk_snapshot_content *snapshot, const rk_ann_query *query, uint32_t item);

/* rk_ann_score of `count` items, to out (count): quicker than one by one, since the rows lie all
 * over memory. */
void rk_ann_score_items(const rk_snapshot_content *snapshot, const rk_ann_query *query,
                        const uint32_t *items, uint32_t count, float *out);

/* The same by any number of queries, query v to out[v] (count): a row is fetched and decoded once.
 */
void rk_ann_score_items_by(const rk_snapshot_content *snapshot,
                           const rk_ann_vector *const vectors[], uint32_t vector_count,
                           const uint32_t *items, uint32_t count, float *const out[]);

/* The same, scores of an item side by side: out (count, vector_count). */
void rk_ann_score_items_all(const rk_snapshot_content *snapshot, const rk_ann_vector *vectors,
                            uint32_t vector_count, const uint32_t *items, uint32_t count,
                            float *out);

/* The k best items by rk_ann_score among the `coarse` best by the 2-bit estimate, best first; ties
 * by item. blocked: bitmap of items never returned, one u32 a block of 32 rows (bit = row), or
 * NULL. scratch: (2 * coarse) entries; out: (k); k <= coarse. Returns how many were found. */
uint32_t rk_ann_search(const rk_snapshot_content *snapshot, const rk_ann_query *query,
                       const uint32_t *blocked, rk_scored *scratch, uint32_t coarse, rk_scored *out,
                       uint32_t k);

/* What the rows need to reach a threshold, for comparing sums as they come out of the scan.
 *
 * An estimate is factor * (offset + step * sum), so a row reaches a threshold t > 0 if its sum is
 * at least t / step * (1 / factor) - offset / step: one product and one addition, in 16 bits.
 * Rounded so that no row is lost; those that pass are estimated and compared as floats. */
typedef struct rk_ann_needs {
    int16_t *row; /* (items) unit / factor in 1 / 2^15, at most 2^15 - 1 */
    float unit;   /* half the largest factor */
} rk_ann_needs;

/* needs->row is of the caller. O(items). */
void rk_ann_needs_fill(const rk_snapshot_content *snapshot, rk_ann_needs *needs);

/* One search of several that share a pass over the codes. */
typedef struct rk_ann_job {
    const rk_ann_query *query;
    rk_scored *scratch; /* (2 * coarse) */
    uint32_t coarse;
    rk_scored *out;            /* (k) */
    uint32_t k;                /* <= coarse */
    uint32_t found;            /* written by the search: how many `out` has */
    const rk_ann_needs *needs; /* or NULL: computed as it goes, which costs more than the scan */
    /* Or NULL: a second query that every row which is decoded is scored by, at a tenth of the cost
     * of decoding it again, to also_by_item (items). Rows of `out` are among them. */
    const rk_ann_vector *also;
    float *also_by_item;
} rk_ann_job;

#define RK_ANN_MOST_JOBS 2u

/* rk_ann_search of every job, the same answers. Two jobs load and split the codes once, and scan
 * them 1.1 (WebAssembly) to 1.3 times (AVX2) as quickly as one after the other. Jobs may share a
 * query, nothing else; count <= RK_ANN_MOST_JOBS. */
void rk_ann_search_jobs(const rk_snapshot_content *snapshot, const uint32_t *blocked,
                        rk_ann_job *jobs, uint32_t count);

#endif
