/* A small delta with every form a row can have; tests/js/reader.test.js repeats what it holds. */
#ifndef RK_TESTS_DELTA_BUILDER_H
#define RK_TESTS_DELTA_BUILDER_H

#include "file_builder.h"
#include "format/delta_read.h"

enum { SMALL_DAY = 19676, SMALL_ROWS = 5, SMALL_LINEAR_DIM = 2, SMALL_LINEAR_DAYS = 2 };

typedef struct small_delta {
    rk_arm_row rows[SMALL_ROWS];
    int64_t linear[SMALL_LINEAR_DAYS][8]; /* day, n, sum r, 3 products, 2 sums */
    rk_delta_content content;
} small_delta;

static inline small_delta *make_small_delta(void) {
    small_delta *small = calloc(1, sizeof *small);
    if (small == NULL) abort();
    const uint64_t item = ((uint64_t)RK_ARM_ITEM << RK_ARM_HASH_BITS) + 5;
    const uint64_t cluster = ((uint64_t)RK_ARM_CLUSTER << RK_ARM_HASH_BITS) + 9;
    const uint64_t source = (uint64_t)RK_ARM_SOURCE << RK_ARM_HASH_BITS;
    const int64_t one = RK_ARM_ONE;
    const rk_arm_row rows[SMALL_ROWS] = {
        {rk_arm_day(item, SMALL_DAY - 2), 3 * one, one, 1},
        {rk_arm_day(item, SMALL_DAY - 1), one, 0, 0},
        {rk_arm_day(item + 300, SMALL_DAY), 40 * one, 2 * one, 0},
        {rk_arm_day(cluster, SMALL_DAY), one / 2, one / 4, 12},
        {rk_arm_day(source, SMALL_DAY - 1), 0, one, 0},
    };
    /* x = (1, -1/2) unrewarded; (1, 1/4) rewarded, (-1, 0) with a quarter. */
    const int64_t linear[SMALL_LINEAR_DAYS][8] = {
        {SMALL_DAY - 1, 1, 0, 4096 * 4096, -2048 * 4096, 2048 * 2048, 0, 0},
        {SMALL_DAY, 2, 5120, 2 * 4096 * 4096, 1024 * 4096, 1024 * 1024, 3072 * 4096, 1024 * 4096},
    };
    memcpy(small->rows, rows, sizeof rows);
    memcpy(small->linear, linear, sizeof linear);
    small->content = (rk_delta_content){
        .meta = {.arm_rows = SMALL_ROWS,
                 .day = SMALL_DAY,
                 .linear_dim = SMALL_LINEAR_DIM,
                 .linear_days = SMALL_LINEAR_DAYS,
                 .linear_model = UINT64_C(0x0123456789ABCDEF),
                 .seq = 7,
                 .epoch = 2810},
        .arms = small->rows,
        .linear = small->linear[0],
    };
    return small;
}

static inline built_file write_delta(const rk_delta_content *content) {
    const built_file file = file_of_size(rk_delta_bytes(content));
    unsigned char *scratch = malloc((size_t)rk_delta_packed_bytes(content) + 1);
    if (scratch == NULL) abort();
    rk_delta_write(content, "eu-north", scratch, file.bytes);
    free(scratch);
    return file;
}

static inline built_file build_delta(void) {
    small_delta *small = make_small_delta();
    const built_file file = write_delta(&small->content);
    free(small);
    return file;
}

#endif
