/* Deltas: validate whole, then trust; and write (FORMAT.md section 4).
 *
 * What leaves a device must be small (1,000 arms in 8 KB) and say nothing but counts, so rows are
 * packed into variable-length numbers in the order in which tables hold them, and every number has
 * one form only: equal statistics are equal bytes. Reading walks the packed rows once with all
 * checks; unpacking walks them again without. O(bytes), no memory of its own. */
#ifndef RK_FORMAT_DELTA_READ_H
#define RK_FORMAT_DELTA_READ_H

#include "format/container.h"
#include "format/delta_layout.h"

typedef struct rk_delta_view {
    rk_container container;
    rk_delta_meta meta;
    const unsigned char *arms, *linear; /* packed; linear NULL without a model */
    uint64_t arm_bytes, linear_bytes;
} rk_delta_view;

/* Opens, verifies and proves every bound. `bytes` aligned to 64, must outlive the view. */
rk_status rk_delta_read(const void *bytes, uint64_t size, rk_delta_view *out, rk_error *error);

/* What a region takes from one device. */
typedef struct rk_delta_limits {
    uint32_t first_day, last_day; /* of any row */
    uint32_t arm_rows;
    int64_t trials, rewards, devices; /* of a row */
    int64_t least_decisions;          /* of the linear statistics as a whole, if there are any */
    int64_t most_decisions;
} rk_delta_limits;

/* TOO_LARGE, or VALUE_RANGE for a day or too few decisions, with section and offset. O(bytes). */
rk_status rk_delta_check(const rk_delta_view *view, const rk_delta_limits *limits, rk_error *error);

/* out (meta.arm_rows), in ascending order: ready for rk_arms_merge. */
void rk_delta_arms(const rk_delta_view *view, rk_arm_row *out);
/* out (meta.linear_days, rk_linear_words(meta.linear_dim)), days ascending. */
void rk_delta_linear(const rk_delta_view *view, int64_t *out);

typedef struct rk_delta_content {
    rk_delta_meta meta;
    const rk_arm_row *arms;
    const int64_t *linear;
} rk_delta_content;

/* Size of the file, and of the packed sections alone. The content keeps the rules of the reader:
 * rows in order and in range, meta.day the newest day of a row. */
uint64_t rk_delta_bytes(const rk_delta_content *content);
uint64_t rk_delta_packed_bytes(const rk_delta_content *content);
/* Writes the file; `scratch` has rk_delta_packed_bytes. Its created-at is the beginning of
 * meta.day: no finer time leaves a device. */
void rk_delta_write(const rk_delta_content *content, const char *region, unsigned char *scratch,
                    unsigned char *out);

#endif
