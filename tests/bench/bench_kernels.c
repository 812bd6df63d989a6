/* Time of a row through every kernel of kernels.def, in whatever this program was compiled for.
 *
 *   bench_kernels        stdout, CSV:  KERNELS,KERNEL,FORM,DIM,NANOSECONDS_A_ROW
 *
 * FORM is simd (what rk_NAME is in this build) or scalar (the definition, as the compiler left it).
 * The list is expanded, so a kernel without a ROW_name below does not compile. Rows come from a
 * table that fits the second-level cache. One sample is a pass over the table; passes of both forms
 * take turns and the median of a form is printed, so that what else runs on the machine hits both.
 */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "bench_clock.h"
#include "simd/kernels.h"

#define ROWS       1024u
#define PASSES     201u
#define WARM_UP_NS 1e8
#define MOST       128u /* dim */
#define LUT        (MOST / 2 * 16)
#define BLOCK      32u /* rows of a scan */

static const uint32_t dims[] = {64, 128};

/* One table of rows, read as what a kernel takes. */
static _Alignas(64) union {
    float f32[ROWS * MOST];
    int8_t i8[ROWS * MOST];
    int16_t i16[ROWS * MOST];
    uint8_t u8[ROWS * MOST];
} table;
static _Alignas(64) float query_f32[MOST], out_f32[ROWS];
static _Alignas(64) float square_f32[MOST * MOST], product_f32[BLOCK * MOST];
static _Alignas(64) int8_t query_i8[MOST];
static _Alignas(64) int16_t query_i16[MOST], out_i16[MOST];
static _Alignas(64) uint8_t cells[ROWS * MOST], low[ROWS * MOST], lut[LUT], other_lut[LUT];
static _Alignas(64) uint16_t out_u16[2 * BLOCK];
static _Alignas(64) uint8_t out_u8[MOST];
static _Alignas(64) uint16_t sums[ROWS];
static _Alignas(64) uint32_t masks[ROWS / BLOCK];
static volatile float sink;

/* Row `row` of `dim` elements through `kernel`. */
#define ROW_dot_f32(kernel)    sink = kernel(table.f32 + row * dim, query_f32, dim)
#define ROW_norm_f32(kernel)   sink = kernel(table.f32 + row * dim, dim)
#define ROW_axpy_f32(kernel)   kernel(1e-9f, query_f32, table.f32 + row * dim, dim)
#define ROW_dot_i8(kernel)     sink = (float)kernel(table.i8 + row * dim, query_i8, dim)
#define ROW_dot_i16(kernel)    sink = (float)kernel(table.i16 + row * dim, query_i16, dim)
#define ROW_decode_row(kernel) kernel(cells + row * dim, low + row * (dim / 4 * 3), out_i16, dim)
/* These take many rows a call: all at the first row, a block at the first of each. */
#define ROW_gemv_f32(kernel)                                                                       \
    if (row == 0) kernel(table.f32, query_f32, out_f32, ROWS, dim)
/* A row is one of A, times a square matrix. */
#define ROW_gemm_f32(kernel)                                                                       \
    if (row % BLOCK == 0)                                                                          \
    kernel(table.f32 + row * dim, dim, 1, square_f32, product_f32, BLOCK, dim, dim)
#define ROW_scan_block(kernel)                                                                     \
    if (row % BLOCK == 0) kernel(table.u8 + row * (dim / 4), lut, dim / 2, out_u16)
#define ROW_scan_block_pair(kernel)                                                                \
    if (row % BLOCK == 0)                                                                          \
    kernel(table.u8 + row * (dim / 4), lut, other_lut, dim / 2, out_u16, out_u16 + BLOCK)
/* A line that no row is above, as nearly none is in a scan. */
#define ROW_rows_above(kernel)                                                                     \
    (void)dim;                                                                                     \
    if (row == 0) kernel(sums, table.i16, ROWS, 0, INT16_MAX, masks)
#define ROW_take_cells(kernel)                                                                     \
    kernel(table.u8 + row / BLOCK * BLOCK * (dim / 4) + row % 16, row % BLOCK / 16 * 4, out_u8,    \
           dim / 2)

#define RK_KERNEL(result, name, parameters, arguments)                                             \
    static void pass_##name(uint32_t dim) {                                                        \
        for (uint32_t row = 0; row < ROWS; row++) {                                                \
            ROW_##name(rk_##name);                                                                 \
        }                                                                                          \
    }                                                                                              \
    static void pass_##name##_scalar(uint32_t dim) {                                               \
        for (uint32_t row = 0; row < ROWS; row++) {                                                \
            ROW_##name(rk_##name##_scalar);                                                        \
        }                                                                                          \
    }
#include "simd/kernels.def"
#undef RK_KERNEL

static const struct {
    const char *name;
    void (*simd)(uint32_t dim), (*scalar)(uint32_t dim);
} kernels[] = {
#define RK_KERNEL(result, name, parameters, arguments) {#name, pass_##name, pass_##name##_scalar},
#include "simd/kernels.def"
#undef RK_KERNEL
};

/* Values every kernel accepts; floats in (-1, 1). */
static void fill(void) {
    rk_rng rng = rk_rng_at(1, 0x6B65726Eu);
    for (uint32_t i = 0; i < ROWS * MOST; i++) {
        table.f32[i] = rk_rng_f32(&rng) - 0.5f;
        cells[i] = (uint8_t)rk_rng_below(&rng, 4);
        low[i] = (uint8_t)rk_rng_below(&rng, 256);
    }
    for (uint32_t i = 0; i < MOST * MOST; i++) square_f32[i] = rk_rng_f32(&rng) - 0.5f;
    for (uint32_t i = 0; i < ROWS; i++) sums[i] = (uint16_t)rk_rng_below(&rng, 4096);
    for (uint32_t i = 0; i < LUT; i++) {
        lut[i] = (uint8_t)rk_rng_below(&rng, 128);
        other_lut[i] = (uint8_t)rk_rng_below(&rng, 128);
    }
    for (uint32_t i = 0; i < MOST; i++) {
        query_f32[i] = rk_rng_f32(&rng) - 0.5f;
        query_i8[i] = (int8_t)((int32_t)rk_rng_below(&rng, 255) - 127);
        query_i16[i] = (int16_t)((int32_t)rk_rng_below(&rng, 32767) - 16383);
    }
}

static double time_pass(void (*pass)(uint32_t), uint32_t dim) {
    double begin = bench_now_ns();
    pass(dim);
    return (bench_now_ns() - begin) / ROWS;
}

/* A host that compiles as it runs has made its best code by then; it does so in the background. */
static void warm_up(void (*simd)(uint32_t), void (*scalar)(uint32_t), uint32_t dim) {
    double begin = bench_now_ns();
    while (bench_now_ns() - begin < WARM_UP_NS) {
        simd(dim);
        scalar(dim);
    }
}

int main(void) {
    static double simd[PASSES], scalar[PASSES];
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++) {
        for (size_t d = 0; d < sizeof dims / sizeof dims[0]; d++) {
            fill();
            warm_up(kernels[k].simd, kernels[k].scalar, dims[d]);
            for (uint32_t i = 0; i < PASSES; i++) {
                simd[i] = time_pass(kernels[k].simd, dims[d]);
                scalar[i] = time_pass(kernels[k].scalar, dims[d]);
            }
            const char *build = rk_kernels_name(), *name = kernels[k].name;
            printf("%s,%s,simd,%u,%.3f\n", build, name, dims[d], bench_median(simd, PASSES));
            printf("%s,%s,scalar,%u,%.3f\n", build, name, dims[d], bench_median(scalar, PASSES));
        }
    }
    return 0;
}
