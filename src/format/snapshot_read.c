/* Reading snapshots: FORMAT.md section 3.
 *
 * Open learns the shapes (from `meta`, whose checksum it therefore checks itself) and points into
 * the file; verify proves every value once, so that no query checks again (src/README.md, invariant
 * 2). O(bytes), plus the square of a neighbour row's length for uniqueness, which is bounded: rows
 * have at most RK_MAX_NEIGHBORS entries. */
#include "format/snapshot_read.h"

#include "format/checks.h"
#include "format/snapshot_sections.h"

#include <float.h>

typedef struct snapshot_file {
    const rk_container *container;
    const rk_section_entry *found[SN_SECTIONS];
    rk_snapshot_meta meta;
} snapshot_file;

/* ---- open ---- */

static rk_status check_meta(const snapshot_file *file, rk_error *error) {
    const rk_section_entry *entry = file->found[SN_META];
    const rk_snapshot_meta *meta = &file->meta;
    RK_TRY(rk_check_range(entry, offsetof(rk_snapshot_meta, items), "items", meta->items, 1,
                          RK_MAX_ITEMS - 1, error));
    RK_TRY(rk_check_range(entry, offsetof(rk_snapshot_meta, types), "types", meta->types, 1,
                          RK_MAX_EVENT_TYPES, error));
    const size_t dim_at = offsetof(rk_snapshot_meta, dim);
    RK_TRY(rk_check_range(entry, dim_at, "dim", meta->dim, 4, RK_MAX_DIM, error));
    if (meta->dim % 4 != 0)
        return rk_fail_value_in(error, RK_VALUE_RANGE, entry, dim_at, "not a multiple of 4: dim",
                                meta->dim, RK_MAX_DIM);
    RK_TRY(rk_check_range(entry, offsetof(rk_snapshot_meta, time_kind), "time_kind",
                          meta->time_kind, 0, 2, error));
    RK_TRY(rk_check_float(entry, offsetof(rk_snapshot_meta, neighbor_scale), "neighbor_scale",
                          meta->neighbor_scale, 0, 0x1p40f, error));
    RK_TRY(rk_check_float(entry, offsetof(rk_snapshot_meta, similar_decay), "similar_decay",
                          meta->similar_decay, FLT_TRUE_MIN, 1, error));
    RK_TRY(rk_check_float(entry, offsetof(rk_snapshot_meta, session_decay), "session_decay",
                          meta->session_decay, FLT_TRUE_MIN, 1, error));
    RK_TRY(rk_check_range(entry, offsetof(rk_snapshot_meta, popular_count), "popular_count",
                          meta->popular_count, 0, meta->items, error));
    return rk_check_zero(file->container, entry, offsetof(rk_snapshot_meta, reserved), sizeof *meta,
                         error);
}

static rk_status check_shapes(const snapshot_file *file, rk_error *error) {
    const rk_snapshot_meta *meta = &file->meta;
    const uint64_t offsets = (uint64_t)meta->items + 1;
    const struct {
        uint32_t section;
        uint64_t count;
    } shapes[] = {
        {SN_ITEM_OFF, offsets},
        {SN_TYPE_OFF, (uint64_t)meta->types + 1},
        {SN_TYPE_WGT, meta->types},
        {SN_SOURCE, RK_SOURCE_SLOTS},
        {SN_POP, meta->items},
        {SN_POP_TOP, meta->popular_count},
        {SN_NBR_OFF, offsets},
        {SN_VEC_MEAN, meta->dim},
        {SN_VEC_FAC, meta->items},
        {SN_VEC_CELL, rk_block_count(meta->items) * rk_block_bytes(meta->dim)},
        {SN_NBR2_OFF, offsets},
        {SN_VEC_LOW, meta->items},
        {SN_NAME_OFF, offsets},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const uint32_t section = shapes[i].section;
        const rk_section_entry *entry = file->found[section];
        if (entry == NULL) continue;
        const uint64_t elem_bytes =
            section == SN_VEC_LOW ? rk_low_bytes(meta->dim) : snapshot_specs[section].elem_bytes;
        RK_TRY(rk_check_shape(file->container, entry, elem_bytes, shapes[i].count, error));
    }
    return RK_OK;
}

static rk_snapshot_content content_of(const snapshot_file *file) {
    const rk_container *container = file->container;
    const rk_section_entry *const *found = file->found;
    return (rk_snapshot_content){
        .meta = file->meta,
        .items = rk_strings_of(container, found[SN_ITEM_OFF], found[SN_ITEM_TXT]),
        .types = rk_strings_of(container, found[SN_TYPE_OFF], found[SN_TYPE_TXT]),
        .titles = rk_strings_of(container, found[SN_NAME_OFF], found[SN_NAME_TXT]),
        .type_weight = rk_section_data_of(container, found[SN_TYPE_WGT]),
        .sources = rk_section_data_of(container, found[SN_SOURCE]),
        .popularity = rk_section_data_of(container, found[SN_POP]),
        .popular = rk_section_data_of(container, found[SN_POP_TOP]),
        .neighbors = {rk_section_data_of(container, found[SN_NBR_OFF]),
                      rk_section_data_of(container, found[SN_NBR])},
        .neighbors_more = {rk_section_data_of(container, found[SN_NBR2_OFF]),
                           rk_section_data_of(container, found[SN_NBR2])},
        .vector_mean = rk_section_data_of(container, found[SN_VEC_MEAN]),
        .vector_factors = rk_section_data_of(container, found[SN_VEC_FAC]),
        .vector_cells = rk_section_data_of(container, found[SN_VEC_CELL]),
        .vector_low = rk_section_data_of(container, found[SN_VEC_LOW]),
        .report = rk_section_data_of(container, found[SN_REPORT]),
        .report_bytes = found[SN_REPORT] == NULL ? 0 : found[SN_REPORT]->bytes,
    };
}

rk_status rk_snapshot_open(const void *bytes, uint64_t size, rk_snapshot_view *out,
                           rk_error *error) {
    rk_container container;
    RK_TRY(rk_container_open(bytes, size, RK_KIND_SNAPSHOT, &container, error));
    snapshot_file file = {.container = &container};
    RK_TRY(rk_container_resolve(&container, snapshot_specs, SN_SECTIONS, file.found, error));
    RK_TRY(rk_check_pair(file.found[SN_NAME_OFF], "name.off", file.found[SN_NAME_TXT], "name.txt",
                         error));
    RK_TRY(rk_check_shape(&container, file.found[SN_META], sizeof file.meta, 1, error));
    RK_TRY(rk_container_verify_section(&container, file.found[SN_META], error));
    memcpy(&file.meta, rk_section_data_of(&container, file.found[SN_META]), sizeof file.meta);
    RK_TRY(check_meta(&file, error));
    RK_TRY(check_shapes(&file, error));
    *out = (rk_snapshot_view){.container = container, .content = content_of(&file)};
    return RK_OK;
}

/* ---- verify ---- */

static rk_status check_sources(const snapshot_file *file, rk_error *error) {
    const rk_section_entry *entry = file->found[SN_SOURCE];
    const rk_source_config *sources = rk_section_data_of(file->container, entry);
    for (uint64_t s = 0; s < RK_SOURCE_SLOTS; s++) {
        const uint64_t at = s * sizeof *sources;
        RK_TRY(rk_check_range(entry, at, "quota", sources[s].quota, 0, 65535, error));
        RK_TRY(rk_check_float(entry, at + offsetof(rk_source_config, weight), "weight",
                              sources[s].weight, -RK_FLOAT_LIMIT, RK_FLOAT_LIMIT, error));
        RK_TRY(rk_check_zero(file->container, entry, at + offsetof(rk_source_config, reserved),
                             at + sizeof *sources, error));
    }
    return RK_OK;
}

/* Indexes are in range already. The order is strict, so it proves uniqueness too. */
static rk_status check_popular_order(const snapshot_file *file, const rk_snapshot_content *content,
                                     rk_error *error) {
    const rk_section_entry *entry = file->found[SN_POP_TOP];
    for (uint64_t i = 1; i < entry->count; i++) {
        const uint32_t before = content->popular[i - 1], item = content->popular[i];
        const float high = content->popularity[before], low = content->popularity[item];
        if (high > low || (high == low && before < item)) continue;
        rk_detail detail = rk_detail_of("item ");
        rk_detail_add_u64(&detail, item);
        rk_detail_add(&detail, " of popularity ");
        rk_detail_add_f32(&detail, low);
        rk_detail_add(&detail, " after item ");
        rk_detail_add_u64(&detail, before);
        rk_detail_add(&detail, " of ");
        rk_detail_add_f32(&detail, high);
        return rk_fail_in(error, RK_NOT_SORTED, entry, i * sizeof item, detail.text);
    }
    return RK_OK;
}

/* One item's row: its entries in `nbr`, then those in `nbr2`. */
typedef struct neighbor_row {
    const rk_snapshot_content *content;
    uint32_t item;
    uint32_t core_begin, core_count;
    uint32_t more_begin, count; /* core_count + those in nbr2 */
    uint64_t marks[4];          /* one bit of 256 for each item so far, by its low byte */
} neighbor_row;

static uint32_t row_entry(const neighbor_row *row, uint32_t k) {
    return k < row->core_count
               ? row->content->neighbors.entries[row->core_begin + k]
               : row->content->neighbors_more.entries[row->more_begin + k - row->core_count];
}

/* Comparing all pairs of a row would be most of the value checks (200,000 items with 24 neighbours
 * each: 150 ms, with the marks 35, beside 355 for the SHA-256). Rows rarely hold two items of one
 * low byte, so the marks answer nearly every question. */
static bool seen_before(neighbor_row *row, uint32_t k, uint32_t item) {
    uint64_t *marks = &row->marks[item % 256 / 64];
    const uint64_t mark = (uint64_t)1 << item % 64;
    const bool maybe = (*marks & mark) != 0;
    *marks |= mark;
    for (uint32_t before = 0; maybe && before < k; before++)
        if ((row_entry(row, before) & RK_NEIGHBOR_ITEM_MASK) == item) return true;
    return false;
}

/* Entry k of a row is in range, not the item itself, and after all the entries before it. */
static rk_status check_neighbor(const snapshot_file *file, neighbor_row *row, uint32_t k,
                                rk_error *error) {
    const bool in_core = k < row->core_count;
    const rk_section_entry *entry = file->found[in_core ? SN_NBR : SN_NBR2];
    const uint64_t index =
        in_core ? (uint64_t)row->core_begin + k : (uint64_t)row->more_begin + k - row->core_count;
    const uint64_t at = index * sizeof(uint32_t);
    const uint32_t packed = row_entry(row, k), item = packed & RK_NEIGHBOR_ITEM_MASK;
    if (item >= file->meta.items)
        return rk_fail_value_in(error, RK_VALUE_RANGE, entry, at, "item", item, file->meta.items);
    if (item == row->item)
        return rk_fail_value_in(error, RK_VALUE_RANGE, entry, at, "its own neighbour: item", item,
                                file->meta.items);
    if (seen_before(row, k, item))
        return rk_fail_value_in(error, RK_NOT_SORTED, entry, at, "twice in one row: item", item,
                                file->meta.items);
    if (k == 0) return RK_OK;
    const uint32_t last = row_entry(row, k - 1);
    const uint32_t last_code = last >> RK_NEIGHBOR_CODE_SHIFT,
                   code = packed >> RK_NEIGHBOR_CODE_SHIFT;
    if (code > last_code)
        return rk_fail_value_in(error, RK_NOT_SORTED, entry, at, "ascending weight code", code,
                                last_code);
    if (code == last_code && item < (last & RK_NEIGHBOR_ITEM_MASK))
        return rk_fail_value_in(error, RK_NOT_SORTED, entry, at, "descending item", item,
                                last & RK_NEIGHBOR_ITEM_MASK);
    return RK_OK;
}

static rk_status check_neighbors(const snapshot_file *file, const rk_snapshot_content *content,
                                 rk_error *error) {
    const rk_section_entry *core_off = file->found[SN_NBR_OFF],
                           *more_off = file->found[SN_NBR2_OFF];
    const uint32_t *core = content->neighbors.offsets, *more = content->neighbors_more.offsets;
    RK_TRY(rk_check_offsets(file->container, core_off, file->found[SN_NBR]->count, error));
    RK_TRY(rk_check_offsets(file->container, more_off, file->found[SN_NBR2]->count, error));
    for (uint32_t item = 0; item < file->meta.items; item++) {
        const uint32_t core_count = core[item + 1] - core[item];
        const uint32_t more_count = more[item + 1] - more[item];
        const uint64_t end_at = ((uint64_t)item + 1) * sizeof *core;
        RK_TRY(rk_check_range(core_off, end_at, "entries of a row", core_count, 0,
                              RK_CORE_NEIGHBORS, error));
        RK_TRY(rk_check_range(more_off, end_at, "entries of a row", more_count, 0,
                              RK_MAX_NEIGHBORS - core_count, error));
        neighbor_row row = {.content = content,
                            .item = item,
                            .core_begin = core[item],
                            .core_count = core_count,
                            .more_begin = more[item],
                            .count = core_count + more_count};
        for (uint32_t k = 0; k < row.count; k++) RK_TRY(check_neighbor(file, &row, k, error));
    }
    return RK_OK;
}

/* Rows past the last item, in the last block: byte j of a table holds row j in its low nibble and
 * row 16 + j in its high one. */
static rk_status check_cell_padding(const snapshot_file *file, rk_error *error) {
    const uint32_t used = file->meta.items % RK_BLOCK_ROWS;
    if (used == 0) return RK_OK;
    const rk_section_entry *entry = file->found[SN_VEC_CELL];
    const uint8_t *cells = rk_section_data_of(file->container, entry);
    const uint64_t block_bytes = rk_block_bytes(file->meta.dim);
    for (uint64_t at = entry->bytes - block_bytes; at < entry->bytes; at++) {
        const uint32_t j = (uint32_t)(at % 16);
        const uint32_t padding = (j < used ? 0u : 0x0Fu) | (j + 16 < used ? 0u : 0xF0u);
        if ((cells[at] & padding) != 0)
            return rk_fail_value_in(error, RK_RESERVED_NOT_ZERO, entry, at, "byte of padding rows",
                                    cells[at] & padding, 0);
    }
    return RK_OK;
}

static rk_status check_text(const snapshot_file *file, const rk_snapshot_content *content,
                            rk_error *error) {
    const rk_section_entry *const *found = file->found;
    RK_TRY(rk_check_strings(file->container, found[SN_ITEM_OFF], found[SN_ITEM_TXT],
                            RK_STRINGS_IDS | RK_STRINGS_SORTED, error));
    RK_TRY(rk_check_strings(file->container, found[SN_TYPE_OFF], found[SN_TYPE_TXT],
                            RK_STRINGS_IDS | RK_STRINGS_UNIQUE, error));
    RK_TRY(rk_check_strings(file->container, found[SN_NAME_OFF], found[SN_NAME_TXT], RK_STRINGS_ANY,
                            error));
    if (content->report != NULL && !rk_utf8_valid(content->report, content->report_bytes))
        return rk_fail_value_in(error, RK_BAD_UTF8, found[SN_REPORT], 0, "report bytes",
                                content->report_bytes, content->report_bytes);
    return RK_OK;
}

rk_status rk_snapshot_verify(const rk_snapshot_view *view, rk_error *error) {
    const rk_container *container = &view->container;
    const rk_snapshot_content *content = &view->content;
    snapshot_file file = {.container = container, .meta = content->meta};
    const rk_section_entry **found = file.found;
    RK_TRY(rk_container_resolve(container, snapshot_specs, SN_SECTIONS, found, error));
    RK_TRY(rk_container_verify(container, error));
    RK_TRY(check_text(&file, content, error));
    RK_TRY(rk_check_floats(container, found[SN_TYPE_WGT], -RK_FLOAT_LIMIT, RK_FLOAT_LIMIT, error));
    RK_TRY(check_sources(&file, error));
    RK_TRY(rk_check_floats(container, found[SN_POP], 0, 0x1p64f, error));
    RK_TRY(rk_check_below(container, found[SN_POP_TOP], "item", content->meta.items, error));
    RK_TRY(check_popular_order(&file, content, error));
    RK_TRY(check_neighbors(&file, content, error));
    RK_TRY(rk_check_floats(container, found[SN_VEC_MEAN], -RK_FLOAT_LIMIT, RK_FLOAT_LIMIT, error));
    RK_TRY(rk_check_floats(container, found[SN_VEC_FAC], 0, RK_FLOAT_LIMIT, error));
    return check_cell_padding(&file, error);
}
