/* Item vectors as nested 2 + 6 bit codes.
 *
 * Problem: a browser has no room for f32 vectors, and a graph index costs more than the vectors.
 * Idea: rotate so that coordinates look Gaussian, then store each as one of four cells (2 bits:
 * enough to scan everything quickly) plus six low bits inside the cell (enough to rank). One code
 * serves the index, the ranker and the session encoder's input; there is no f32 table in a
 * snapshot. Papers: rotation and the unbiased estimate of an inner product from a coarse code
 * follow J. Gao and C. Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error
 * Bound for Approximate Nearest Neighbor Search" (2024); cell edges are the four-level quantiser of
 * J. Max, "Quantizing for Minimum Distortion" (1960). Unlike RaBitQ the coarse grid has 2 bits, for
 * byte-shuffle table look-ups, and a finer grid nests inside it.
 *
 * Layout (dim = 64: 16 + 48 + 8 bytes an item; FORMAT.md "Vector codes" is normative):
 *
 *   vec.cell  block of 32 rows, 32 tables x 16 bytes      vec.low   one row
 *     table t: | r0 r16 | r1 r17 | ... | r15 r31 |          | 32 B low nibbles | 16 B upper pairs |
 *     a nibble = cell(2t) + 4 cell(2t+1)                   vec.fac   { scan f, decode g } a row
 *
 * Coordinates: x (unit) = mean + r, everything rotated once at build time. A query lives in the
 * same rotated space, so serving never rotates. <q, x> = <q, mean> + g <q, v>, v the signed
 * magnitudes. Invariants: |v| <= 253; decoding is exact integer work, so every host sees the same
 * vector. */
#ifndef RK_MODEL_VECTORS_H
#define RK_MODEL_VECTORS_H

#include "format/snapshot_read.h"

/* Levels of the cells 0..3 in units of sigma: centroids of a Gaussian between the edges. */
#define RK_CELL_OUTER 1.510f
#define RK_CELL_INNER 0.4528f
#define RK_CELL_EDGE  0.98f

/* x (dim) -> R x in place: random signs of `seed`, then Walsh-Hadamard in blocks of the powers of
 * two that sum to dim, largest first. Orthogonal: inner products stay. O(dim log dim). dim % 4 ==
 * 0. */
void rk_vector_rotate(float *x, uint32_t dim, uint64_t seed);

/* Codes of one centred, rotated vector r (dim): cells one a byte, low bits packed as in vec.low. */
void rk_vector_encode(const float *r, uint32_t dim, uint8_t *cells, uint8_t *low,
                      rk_vector_factor *factor);

/* Put / get the cells of one row in the transposed blocks. `blocks` is zero where nothing was put.
 */
void rk_cells_put(uint8_t *blocks, uint32_t dim, uint32_t row, const uint8_t *cells);
void rk_cells_get(const uint8_t *blocks, uint32_t dim, uint32_t row, uint8_t *cells);

/* Signed magnitudes v of one item, out (dim). */
void rk_vector_decode_i16(const rk_snapshot_content *snapshot, uint32_t item, int16_t *out);

/* sum (dim) += weight * (mean + g v), the decoded item vector in rotated coordinates. */
void rk_vector_accumulate(const rk_snapshot_content *snapshot, uint32_t item, float weight,
                          float *sum);

#endif
