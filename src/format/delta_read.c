/* Reading deltas: FORMAT.md section 4. */
#include "format/delta_read.h"

#include "base/bytes.h"
#include "format/checks.h"
#include "format/delta_sections.h"

/* A walk over the packed rows of one section. `fault` names what is wrong with the one just read.
 */
typedef struct walk {
    rk_cursor cursor;
    const rk_delta_meta *meta;
    const char *fault;
    rk_status status;
    bool met_day; /* a row of meta->day was met */
} walk;

static walk walk_over(const unsigned char *bytes, uint64_t size, const rk_delta_meta *meta) {
    return (walk){.cursor = rk_cursor_over(bytes, size), .meta = meta, .status = RK_OK};
}

static bool refuse(walk *w, rk_status status, const char *fault) {
    w->status = status;
    w->fault = fault;
    return false;
}

/* ---- arms ---- */

/* Numbers that follow the first two of a row, in file order. */
static bool read_numbers(walk *w, uint64_t code, rk_arm_row *row, uint64_t *days) {
    const uint32_t devices = code & ROW_DEVICES, rewards = code >> ROW_REWARDS_SHIFT & 3;
    const bool dated = (code & ROW_DAYS_FOLLOW) != 0;
    *days = dated ? rk_cursor_varint(&w->cursor) : 0;
    const uint64_t followed =
        rewards >= ROW_REWARDS_FOLLOW ? rk_cursor_varint(&w->cursor) : rewards;
    const uint64_t counted = devices == ROW_DEVICES_FOLLOW ? rk_cursor_varint(&w->cursor) : devices;
    if (w->cursor.failed)
        return refuse(w, RK_SECTION_SHAPE, "a number of a row is cut or too long");
    const uint64_t trials = code >> ROW_TRIALS_SHIFT;
    const uint64_t unit = rewards == ROW_FRACTIONS ? 1 : RK_ARM_ONE, most = RK_ARM_MOST / unit;
    if (devices == ROW_DEVICES) return refuse(w, RK_VALUE_RANGE, "devices of a row: form 3");
    if (trials > most || followed > most || counted > RK_ARM_MOST)
        return refuse(w, RK_VALUE_RANGE, "a count of a row is beyond 2^58");
    if ((dated && *days == 0) || (devices == ROW_DEVICES_FOLLOW && counted < 2) ||
        (rewards == ROW_REWARDS_FOLLOW && followed < 2) ||
        (rewards == ROW_FRACTIONS && trials % RK_ARM_ONE == 0 && followed % RK_ARM_ONE == 0))
        return refuse(w, RK_VALUE_RANGE, "a row has a shorter form");
    row->trials = (int64_t)(trials * unit);
    row->rewards = (int64_t)(followed * unit);
    row->devices = (int64_t)counted;
    return true;
}

/* The next row after `*row`, which is all zero before the first. */
static bool next_row(walk *w, rk_arm_row *row) {
    const uint64_t before = row->arm_day, key_before = before >> RK_DAY_BITS;
    const uint64_t gap = rk_cursor_varint(&w->cursor), code = rk_cursor_varint(&w->cursor);
    uint64_t days;
    if (w->cursor.failed)
        return refuse(w, RK_SECTION_SHAPE, "a number of a row is cut or too long");
    if (!read_numbers(w, code, row, &days)) return false;
    const uint64_t most_key = ((uint64_t)1 << RK_ARM_KEY_BITS) - 1;
    if (gap > most_key - key_before) return refuse(w, RK_VALUE_RANGE, "a key is beyond 48 bits");
    const uint64_t key = key_before + gap;
    if (key >> RK_ARM_HASH_BITS == 0) return refuse(w, RK_VALUE_RANGE, "a key is of no kind");
    if (days > w->meta->day) return refuse(w, RK_VALUE_RANGE, "a row is of a day before 1970");
    if (row->trials == 0 && row->rewards == 0 && row->devices == 0)
        return refuse(w, RK_VALUE_RANGE, "a row counts nothing");
    row->arm_day = rk_arm_day(key, w->meta->day - (uint32_t)days);
    if (row->arm_day <= before) return refuse(w, RK_NOT_SORTED, "days of an arm do not ascend");
    w->met_day = w->met_day || days == 0;
    return true;
}

/* ---- the linear model ---- */

/* Bit 0 is the sign: 0, -1, 1, -2, 2 ... */
static int64_t signed_of(uint64_t packed) {
    return (int64_t)(packed >> 1) ^ -(int64_t)(packed & 1);
}

static bool next_sums(walk *w, uint32_t count, int64_t most, bool products, int64_t *out) {
    for (uint32_t k = 0, i = 0, j = 0; k < count; k++) {
        const int64_t value = signed_of(rk_cursor_varint(&w->cursor));
        const bool diagonal = products && j == i;
        if (value > most || value < (diagonal ? 0 : -most))
            return refuse(w, RK_VALUE_RANGE, "a sum is larger than its decisions allow");
        out[k] = value;
        j = j == i ? 0 : j + 1;
        i += j == 0;
    }
    return true;
}

/* The block after the one of day `before` (-1: none). */
static bool next_block(walk *w, int64_t before, int64_t *block) {
    const uint32_t dim = w->meta->linear_dim;
    const uint64_t days = rk_cursor_varint(&w->cursor), trials = rk_cursor_varint(&w->cursor);
    const uint64_t rewards = rk_cursor_varint(&w->cursor);
    if (w->cursor.failed) return refuse(w, RK_SECTION_SHAPE, "a number is cut or too long");
    if (days > w->meta->day) return refuse(w, RK_VALUE_RANGE, "a day before 1970");
    if (trials > RK_LINEAR_MOST_TRIALS || rewards > RK_LINEAR_MOST_REWARDS)
        return refuse(w, RK_VALUE_RANGE, "decisions or rewards of a day are beyond 2^38");
    if (trials == 0 && rewards == 0) return refuse(w, RK_VALUE_RANGE, "a day counts nothing");
    block[RK_LINEAR_DAY] = w->meta->day - (int64_t)days;
    if (block[RK_LINEAR_DAY] <= before) return refuse(w, RK_NOT_SORTED, "days do not ascend");
    block[RK_LINEAR_TRIALS] = (int64_t)trials;
    block[RK_LINEAR_REWARDS] = (int64_t)rewards;
    int64_t *sums = block + RK_LINEAR_PRODUCTS;
    const int64_t most = block[RK_LINEAR_TRIALS] * RK_LINEAR_ONE * RK_LINEAR_ONE;
    if (!next_sums(w, rk_linear_products(dim), most, true, sums) ||
        !next_sums(w, dim, block[RK_LINEAR_REWARDS] * RK_LINEAR_ONE, false,
                   sums + rk_linear_products(dim)))
        return false;
    if (w->cursor.failed) return refuse(w, RK_SECTION_SHAPE, "a number is cut or too long");
    w->met_day = w->met_day || days == 0;
    return true;
}

/* ---- validation ---- */

static rk_status fail_at(const walk *w, const rk_section_entry *entry, uint64_t at,
                         rk_error *error) {
    return rk_fail_in(error, w->status, entry, at, w->fault);
}

/* Nothing may follow the last row. */
static rk_status check_end(const walk *w, const rk_section_entry *entry, rk_error *error) {
    const uint64_t at = rk_cursor_offset(&w->cursor);
    if (at == entry->bytes) return RK_OK;
    return rk_fail_value_in(error, RK_SECTION_SHAPE, entry, at, "bytes", entry->bytes, at);
}

static rk_status check_arms(const rk_delta_view *view, const rk_section_entry *entry, bool *met_day,
                            rk_error *error) {
    walk w = walk_over(view->arms, view->arm_bytes, &view->meta);
    rk_arm_row row = {0};
    for (uint32_t i = 0; i < view->meta.arm_rows; i++) {
        const uint64_t at = rk_cursor_offset(&w.cursor);
        if (!next_row(&w, &row)) return fail_at(&w, entry, at, error);
    }
    *met_day = *met_day || w.met_day;
    return check_end(&w, entry, error);
}

static rk_status check_linear(const rk_delta_view *view, const rk_section_entry *entry,
                              bool *met_day, rk_error *error) {
    walk w = walk_over(view->linear, view->linear_bytes, &view->meta);
    int64_t block[RK_LINEAR_PRODUCTS + RK_LINEAR_MOST_DIM * (RK_LINEAR_MOST_DIM + 3) / 2];
    int64_t before = -1;
    for (uint32_t i = 0; i < view->meta.linear_days; i++) {
        const uint64_t at = rk_cursor_offset(&w.cursor);
        if (!next_block(&w, before, block)) return fail_at(&w, entry, at, error);
        before = block[RK_LINEAR_DAY];
    }
    *met_day = *met_day || w.met_day;
    return check_end(&w, entry, error);
}

static rk_status check_meta(const rk_container *container, const rk_section_entry *entry,
                            const rk_delta_meta *meta, rk_error *error) {
    RK_TRY(rk_check_range(entry, offsetof(rk_delta_meta, arm_rows), "arm_rows", meta->arm_rows, 0,
                          RK_DELTA_MOST_ROWS, error));
    RK_TRY(rk_check_range(entry, offsetof(rk_delta_meta, day), "day", meta->day, 0,
                          (1u << RK_DAY_BITS) - 1, error));
    RK_TRY(rk_check_range(entry, offsetof(rk_delta_meta, linear_dim), "linear_dim",
                          meta->linear_dim, 0, RK_LINEAR_MOST_DIM, error));
    RK_TRY(rk_check_range(entry, offsetof(rk_delta_meta, linear_days), "linear_days",
                          meta->linear_days, meta->linear_dim != 0,
                          meta->linear_dim != 0 ? RK_LINEAR_MOST_DAYS : 0, error));
    RK_TRY(rk_check_range(entry, offsetof(rk_delta_meta, linear_model), "linear_model",
                          meta->linear_model, 0, meta->linear_dim != 0 ? UINT64_MAX : 0, error));
    RK_TRY(rk_check_zero(container, entry, offsetof(rk_delta_meta, reserved), sizeof *meta, error));
    const int64_t created = container->header->created_at_ms;
    if (created != meta->day * RK_MS_PER_DAY)
        return rk_fail_value(error, RK_VALUE_RANGE, "", offsetof(rk_file_header, created_at_ms),
                             "created_at_ms", (uint64_t)created,
                             (uint64_t)meta->day * (uint64_t)RK_MS_PER_DAY);
    return RK_OK;
}

static rk_status check_presence(const rk_delta_meta *meta, const rk_section_entry *meta_entry,
                                const rk_section_entry *linear, rk_error *error) {
    if (linear == NULL && meta->linear_dim != 0)
        return rk_fail_value(error, RK_SECTION_MISSING, delta_specs[DL_LIN].type,
                             sizeof(rk_file_header), "missing for linear_dim", meta->linear_dim, 0);
    if (linear != NULL && meta->linear_dim == 0)
        return rk_fail_in(error, RK_VALUE_RANGE, meta_entry, offsetof(rk_delta_meta, linear_dim),
                          "dl.lin is there, linear_dim 0");
    return RK_OK;
}

rk_status rk_delta_read(const void *bytes, uint64_t size, rk_delta_view *out, rk_error *error) {
    rk_delta_view view = {.linear = NULL};
    const rk_section_entry *found[DL_SECTIONS];
    const rk_container *container = &view.container;
    RK_TRY(rk_container_open(bytes, size, RK_KIND_DELTA, &view.container, error));
    RK_TRY(rk_container_resolve(container, delta_specs, DL_SECTIONS, found, error));
    RK_TRY(rk_check_shape(container, found[DL_META], sizeof view.meta, 1, error));
    RK_TRY(rk_container_verify(container, error));
    memcpy(&view.meta, rk_section_data_of(container, found[DL_META]), sizeof view.meta);
    RK_TRY(check_meta(container, found[DL_META], &view.meta, error));
    RK_TRY(check_presence(&view.meta, found[DL_META], found[DL_LIN], error));
    view.arms = rk_section_data_of(container, found[DL_ARM]);
    view.arm_bytes = found[DL_ARM]->bytes;
    bool met_day = false;
    RK_TRY(check_arms(&view, found[DL_ARM], &met_day, error));
    if (found[DL_LIN] != NULL) {
        view.linear = rk_section_data_of(container, found[DL_LIN]);
        view.linear_bytes = found[DL_LIN]->bytes;
        RK_TRY(check_linear(&view, found[DL_LIN], &met_day, error));
    }
    if (!met_day)
        return rk_fail_value_in(error, RK_VALUE_RANGE, found[DL_META], offsetof(rk_delta_meta, day),
                                "no row is of day", view.meta.day, 0);
    *out = view;
    return RK_OK;
}

/* ---- what a region takes ---- */

static rk_status too_much(const rk_section_spec *spec, uint64_t at, const char *what,
                          uint64_t value, uint64_t limit, rk_error *error) {
    return rk_fail_value(error, RK_TOO_LARGE, spec->type, at, what, value, limit);
}

static rk_status check_day(const rk_section_spec *spec, uint64_t at, uint32_t day,
                           const rk_delta_limits *limits, rk_error *error) {
    if (day >= limits->first_day && day <= limits->last_day) return RK_OK;
    return rk_fail_value(error, RK_VALUE_RANGE, spec->type, at, "day", day,
                         day < limits->first_day ? limits->first_day : limits->last_day);
}

static rk_status check_linear_limits(const rk_delta_view *view, const rk_delta_limits *limits,
                                     rk_error *error) {
    const rk_section_spec *spec = &delta_specs[DL_LIN];
    const uint64_t base = (uint64_t)(view->linear - view->container.bytes);
    walk w = walk_over(view->linear, view->linear_bytes, &view->meta);
    int64_t block[RK_LINEAR_PRODUCTS + RK_LINEAR_MOST_DIM * (RK_LINEAR_MOST_DIM + 3) / 2];
    int64_t decisions = 0, before = -1;
    for (uint32_t i = 0; i < view->meta.linear_days; i++) {
        const uint64_t at = base + rk_cursor_offset(&w.cursor);
        if (!next_block(&w, before, block)) return w.status; /* not after validation */
        before = block[RK_LINEAR_DAY];
        RK_TRY(check_day(spec, at, (uint32_t)before, limits, error));
        decisions += block[RK_LINEAR_TRIALS];
        if (decisions > limits->most_decisions ||
            block[RK_LINEAR_REWARDS] / RK_LINEAR_ONE > limits->most_decisions)
            return too_much(spec, at, "decisions", (uint64_t)decisions,
                            (uint64_t)limits->most_decisions, error);
    }
    if (decisions < limits->least_decisions)
        return rk_fail_value(error, RK_VALUE_RANGE, spec->type, base, "decisions",
                             (uint64_t)decisions, (uint64_t)limits->least_decisions);
    return RK_OK;
}

rk_status rk_delta_check(const rk_delta_view *view, const rk_delta_limits *limits,
                         rk_error *error) {
    const rk_section_spec *spec = &delta_specs[DL_ARM];
    const uint64_t base = (uint64_t)(view->arms - view->container.bytes);
    if (view->meta.arm_rows > limits->arm_rows)
        return too_much(spec, base, "rows", view->meta.arm_rows, limits->arm_rows, error);
    walk w = walk_over(view->arms, view->arm_bytes, &view->meta);
    rk_arm_row row = {0};
    for (uint32_t i = 0; i < view->meta.arm_rows; i++) {
        const uint64_t at = base + rk_cursor_offset(&w.cursor);
        if (!next_row(&w, &row)) return w.status; /* not after validation */
        RK_TRY(check_day(spec, at, rk_row_day(&row), limits, error));
        if (row.trials > limits->trials)
            return too_much(spec, at, "trials", (uint64_t)row.trials, (uint64_t)limits->trials,
                            error);
        if (row.rewards > limits->rewards)
            return too_much(spec, at, "rewards", (uint64_t)row.rewards, (uint64_t)limits->rewards,
                            error);
        if (row.devices > limits->devices)
            return too_much(spec, at, "devices", (uint64_t)row.devices, (uint64_t)limits->devices,
                            error);
    }
    return view->linear == NULL ? RK_OK : check_linear_limits(view, limits, error);
}

/* ---- unpacking ---- */

void rk_delta_arms(const rk_delta_view *view, rk_arm_row *out) {
    walk w = walk_over(view->arms, view->arm_bytes, &view->meta);
    rk_arm_row row = {0};
    for (uint32_t i = 0; i < view->meta.arm_rows; i++) {
        next_row(&w, &row);
        assert(w.status == RK_OK); /* invariant 2 */
        out[i] = row;
    }
}

void rk_delta_linear(const rk_delta_view *view, int64_t *out) {
    walk w = walk_over(view->linear, view->linear_bytes, &view->meta);
    for (uint32_t i = 0; i < view->meta.linear_days; i++) {
        int64_t *block = out + (size_t)i * rk_linear_words(view->meta.linear_dim);
        next_block(&w, -1, block);
        assert(w.status == RK_OK); /* invariant 2 */
    }
}
