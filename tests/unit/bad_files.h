/* The list of damaged files: each a valid small file (file_builder.h) with the least edit that
 * breaks one promise of FORMAT.md, and the error a reader must answer with. Unit tests replay the
 * whole list in memory; the rows marked golden are also committed in tests/golden. */
#ifndef RK_TESTS_BAD_FILES_H
#define RK_TESTS_BAD_FILES_H

#include "delta_builder.h"

typedef enum place_kind {
    NOWHERE,    /* ends a list of edits */
    IN_FILE,    /* `byte` from the file's start */
    AT_END,     /* `byte` from the good file's end, may be negative */
    IN_ENTRY,   /* `byte` of the table entry of `section` */
    IN_SECTION, /* `byte` of the content of `section` (its gap lies just behind) */
} place_kind;

typedef struct place {
    place_kind kind;
    const char *section;
    int64_t byte;
} place;

typedef struct edit {
    place at;
    uint32_t bytes; /* of `value`, or of `text` if that is there */
    uint64_t value; /* little-endian */
    const char *text;
} edit;

typedef struct bad_file {
    const char *name;
    uint32_t kind;
    bool golden;
    rk_status status;
    const char *section; /* the error's */
    place at;            /* the error's offset */
    uint32_t reseal;
    int64_t size_change;
    edit edits[4];
} bad_file;

#define FILE_AT(byte)                                                                              \
    { IN_FILE, NULL, (byte) }
#define END_AT(byte)                                                                               \
    { AT_END, NULL, (byte) }
#define ENTRY_AT(section, byte)                                                                    \
    { IN_ENTRY, section, (byte) }
#define SECTION_AT(section, byte)                                                                  \
    { IN_SECTION, section, (byte) }

/* Fields of a table entry. */
enum {
    E_TYPE = 0,
    E_VERSION = 8,
    E_FLAGS = 10,
    E_ELEM = 12,
    E_OFFSET = 16,
    E_BYTES = 24,
    E_COUNT = 32
};
/* Bit patterns of floats. */
enum { F32_NAN = 0x7FC00000, F32_INF = 0x7F800000, F32_2P21 = 0x4A000000, F32_2P65 = 0x60000000 };
enum { F32_91 = 0x42B60000, F32_181 = 0x43350000, F32_999 = 0x4479C000 };
#define F32_MINUS_1 0xBF800000u

/* Rows of one value in a section, resealed. S: snapshot, E: events file. */
#define SECTION_VALUE(file_kind, row, is_golden, error, type, position, size, new_value)           \
    {                                                                                              \
        .name = row, .kind = file_kind, .golden = is_golden, .status = error, .section = type,     \
        .at = SECTION_AT(type, position), .reseal = RESEAL_ALL, .edits = {                         \
            {SECTION_AT(type, position), size, new_value, NULL}                                    \
        }                                                                                          \
    }
#define S(...) SECTION_VALUE(RK_KIND_SNAPSHOT, __VA_ARGS__)
#define E(...) SECTION_VALUE(RK_KIND_EVENTS, __VA_ARGS__)
/* A byte of a delta whose error is at the row that begins at `row_at`. */
#define D_ROW(row, error, type, row_at, position, new_value)                                       \
    {                                                                                              \
        .name = row, .kind = RK_KIND_DELTA, .golden = true, .status = error, .section = type,      \
        .at = SECTION_AT(type, row_at), .reseal = RESEAL_ALL, .edits = {                           \
            {SECTION_AT(type, position), 1, new_value, NULL}                                       \
        }                                                                                          \
    }
#define D_META(row, position, size, new_value)                                                     \
    {                                                                                              \
        .name = row, .kind = RK_KIND_DELTA, .golden = true, .status = RK_VALUE_RANGE,              \
        .section = "dl.meta", .at = SECTION_AT("dl.meta", position), .reseal = RESEAL_ALL,         \
        .edits = {                                                                                 \
            {SECTION_AT("dl.meta", position), size, new_value, NULL}                               \
        }                                                                                          \
    }
/* Another count in the meta, found wrong at a byte of a packed section. */
#define D_COUNT(row, position, new_value, type, byte)                                              \
    {                                                                                              \
        .name = row, .kind = RK_KIND_DELTA, .golden = true, .status = RK_SECTION_SHAPE,            \
        .section = type, .at = SECTION_AT(type, byte), .reseal = RESEAL_ALL, .edits = {            \
            {SECTION_AT("dl.meta", position), 4, new_value, NULL}                                  \
        }                                                                                          \
    }

/* Rows of one value in the header. */
#define HEADER_VALUE(row, is_golden, error, position, size, new_value)                             \
    {                                                                                              \
        .name = row, .kind = RK_KIND_SNAPSHOT, .golden = is_golden, .status = error,               \
        .section = "", .at = FILE_AT(position), .reseal = RESEAL_ALL, .edits = {                   \
            {FILE_AT(position), size, new_value, NULL}                                             \
        }                                                                                          \
    }

/* Rows of one value in a table entry of a snapshot. */
#define ENTRY_VALUE(row, is_golden, error, type, position, size, new_value)                        \
    {                                                                                              \
        .name = row, .kind = RK_KIND_SNAPSHOT, .golden = is_golden, .status = error,               \
        .section = type, .at = ENTRY_AT(type, position), .reseal = RESEAL_ALL, .edits = {          \
            {ENTRY_AT(type, position), size, new_value, NULL}                                      \
        }                                                                                          \
    }

/* Events files without a conditional section, or with one of an element less. */
#define MISSING(is_golden, type)                                                                   \
    {                                                                                              \
        .name = "missing_" type, .kind = RK_KIND_EVENTS, .golden = is_golden,                      \
        .status = RK_SECTION_MISSING, .section = type, .at = FILE_AT(128), .reseal = RESEAL_ALL,   \
        .edits = {                                                                                 \
            {ENTRY_AT(type, E_TYPE), 1, 'x', NULL},                                                \
            {ENTRY_AT(type, E_FLAGS), 2, 0, NULL}                                                  \
        }                                                                                          \
    }
#define SHORT(type, new_bytes, new_count)                                                          \
    {                                                                                              \
        .name = "short_" type, .kind = RK_KIND_EVENTS, .status = RK_SECTION_SHAPE,                 \
        .section = type, .at = ENTRY_AT(type, E_COUNT), .reseal = RESEAL_ALL, .edits = {           \
            {ENTRY_AT(type, E_BYTES), 8, new_bytes, NULL},                                         \
            {ENTRY_AT(type, E_COUNT), 8, new_count, NULL},                                         \
            {SECTION_AT(type, new_bytes), 8, 0, NULL}                                              \
        }                                                                                          \
    }

#define ZEROS "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

/* Snapshots without an optional section that the meta counts, with one that it does not count, or
 * with another count (whose first section has `type`). */
#define MISSING_S(type)                                                                            \
    {                                                                                              \
        .name = "missing_" type, .kind = RK_KIND_SNAPSHOT, .golden = true,                         \
        .status = RK_SECTION_MISSING, .section = type, .at = FILE_AT(128), .reseal = RESEAL_ALL,   \
        .edits = {                                                                                 \
            {ENTRY_AT(type, E_TYPE), 1, 'x', NULL}                                                 \
        }                                                                                          \
    }
#define UNASKED(field, position, size)                                                             \
    {                                                                                              \
        .name = "unasked_" field, .kind = RK_KIND_SNAPSHOT, .golden = true,                        \
        .status = RK_VALUE_RANGE, .section = "meta", .at = SECTION_AT("meta", position),           \
        .reseal = RESEAL_ALL, .edits = {                                                           \
            {SECTION_AT("meta", position), size, 0, ZEROS}                                         \
        }                                                                                          \
    }
#define COUNTED(field, type, position, count)                                                      \
    {                                                                                              \
        .name = "counted_" field, .kind = RK_KIND_SNAPSHOT, .golden = true,                        \
        .status = RK_SECTION_SHAPE, .section = type, .at = ENTRY_AT(type, E_COUNT),                \
        .reseal = RESEAL_ALL, .edits = {                                                           \
            {SECTION_AT("meta", position), 4, count, NULL}                                         \
        }                                                                                          \
    }

/* clang-format off */
static const bad_file bad_files[] = {
    /* ---- the container ---- */
    {.name = "truncated", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_TRUNCATED,
     .section = "", .at = END_AT(-64), .size_change = -64},
    {.name = "trailing_bytes", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_TRAILING_BYTES,
     .section = "", .at = END_AT(0), .size_change = 64},
    {.name = "bad_magic", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_BAD_MAGIC,
     .section = "", .at = FILE_AT(0), .edits = {{FILE_AT(4), 1, '\n', NULL}}},
    {.name = "header_checksum", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_HEADER_CHECKSUM,
     .section = "", .at = FILE_AT(124), .edits = {{FILE_AT(96), 1, 0, NULL}}},
    {.name = "table_checksum", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_TABLE_CHECKSUM,
     .section = "", .at = FILE_AT(108), .edits = {{ENTRY_AT("pop", 40), 1, 0, NULL}}},
    {.name = "content_id", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_CONTENT_ID,
     .section = "", .at = FILE_AT(32), .reseal = RESEAL_HEADER, .edits = {{FILE_AT(40), 1, 0, NULL}}},
    {.name = "section_checksum", .kind = RK_KIND_SNAPSHOT, .golden = true,
     .status = RK_SECTION_CHECKSUM, .section = "pop", .at = SECTION_AT("pop", 0),
     .edits = {{SECTION_AT("pop", 9), 1, 1, NULL}}},
    {.name = "section_checksum_meta", .kind = RK_KIND_SNAPSHOT, .status = RK_SECTION_CHECKSUM,
     .section = "meta", .at = SECTION_AT("meta", 0), .edits = {{SECTION_AT("meta", 0), 1, 1, NULL}}},
    {.name = "section_checksum_entry", .kind = RK_KIND_SNAPSHOT, .status = RK_SECTION_CHECKSUM,
     .section = "pop", .at = SECTION_AT("pop", 0), .reseal = RESEAL_ALL & ~RESEAL_SECTIONS,
     .edits = {{ENTRY_AT("pop", 71), 1, 1, NULL}}},
    {.name = "gap_not_zero", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_GAP_NOT_ZERO,
     .section = "", .at = SECTION_AT("type.wgt", 15), .edits = {{SECTION_AT("type.wgt", 15), 1, 7, NULL}}},
    /* Of a delta: three sections always leave a gap behind the table. */
    {.name = "gap_after_table", .kind = RK_KIND_DELTA, .status = RK_GAP_NOT_ZERO,
     .section = "", .at = ENTRY_AT("dl.lin", 72), .edits = {{ENTRY_AT("dl.lin", 72), 1, 7, NULL}}},
    {.name = "gap_at_end", .kind = RK_KIND_SNAPSHOT, .status = RK_GAP_NOT_ZERO,
     .section = "", .at = END_AT(-1), .edits = {{END_AT(-1), 1, 7, NULL}}},

    HEADER_VALUE("wrong_kind", true, RK_WRONG_KIND, 8, 4, RK_KIND_EVENTS),
    HEADER_VALUE("kind_unknown", false, RK_WRONG_KIND, 8, 4, 4),
    HEADER_VALUE("future_version", true, RK_FUTURE_VERSION, 12, 4, 0x00020002),
    HEADER_VALUE("read_version_zero", false, RK_VALUE_RANGE, 12, 2, 0),
    HEADER_VALUE("write_version_low", false, RK_VALUE_RANGE, 14, 2, 0),
    HEADER_VALUE("unknown_flag", true, RK_UNKNOWN_FLAG, 20, 4, 0x80000000),
    HEADER_VALUE("reserved_not_zero", true, RK_RESERVED_NOT_ZERO, 115, 1, 1),
    HEADER_VALUE("region_utf8", false, RK_BAD_UTF8, 64, 1, 0xFF),
    HEADER_VALUE("region_tail", false, RK_RESERVED_NOT_ZERO, 90, 1, 'x'),
    HEADER_VALUE("no_sections", false, RK_VALUE_RANGE, 104, 4, 0),
    HEADER_VALUE("too_many_sections", false, RK_VALUE_RANGE, 104, 4, 65),
    {.name = "region_full", .kind = RK_KIND_SNAPSHOT, .status = RK_RESERVED_NOT_ZERO, .section = "",
     .at = FILE_AT(95), .reseal = RESEAL_ALL,
     .edits = {{FILE_AT(64), 32, 0, "abcdefghabcdefghabcdefghabcdefgh"}}},
    {.name = "table_outside", .kind = RK_KIND_EVENTS, .status = RK_SECTION_BOUNDS, .section = "",
     .at = FILE_AT(128), .reseal = RESEAL_ALL, .edits = {{FILE_AT(104), 4, 64, NULL}}},

    {.name = "section_name", .kind = RK_KIND_SNAPSHOT, .status = RK_VALUE_RANGE, .section = "",
     .at = ENTRY_AT("pop", E_TYPE), .reseal = RESEAL_ALL, .edits = {{ENTRY_AT("pop", 0), 1, 'P', NULL}}},
    {.name = "section_name_empty", .kind = RK_KIND_SNAPSHOT, .status = RK_VALUE_RANGE, .section = "",
     .at = ENTRY_AT("pop", E_TYPE), .reseal = RESEAL_ALL, .edits = {{ENTRY_AT("pop", 0), 8, 0, NULL}}},
    {.name = "section_name_tail", .kind = RK_KIND_SNAPSHOT, .status = RK_VALUE_RANGE, .section = "",
     .at = ENTRY_AT("pop", E_TYPE), .reseal = RESEAL_ALL, .edits = {{ENTRY_AT("pop", 7), 1, 'p', NULL}}},
    {.name = "section_duplicate", .kind = RK_KIND_SNAPSHOT, .golden = true,
     .status = RK_SECTION_DUPLICATE, .section = "pop", .at = ENTRY_AT("pop.top", E_TYPE),
     .reseal = RESEAL_ALL, .edits = {{ENTRY_AT("pop.top", 0), 8, 0, "pop\0\0\0\0"}}},
    {.name = "section_missing", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_SECTION_MISSING,
     .section = "pop", .at = FILE_AT(128), .reseal = RESEAL_ALL,
     .edits = {{ENTRY_AT("pop", 2), 1, 'x', NULL}, {ENTRY_AT("pop", E_FLAGS), 2, 0, NULL}}},
    {.name = "section_missing_pair", .kind = RK_KIND_SNAPSHOT, .status = RK_SECTION_MISSING,
     .section = "name.off", .at = FILE_AT(128), .reseal = RESEAL_ALL,
     .edits = {{ENTRY_AT("name.off", 0), 1, 'x', NULL}}},
    {.name = "section_missing_later", .kind = RK_KIND_SNAPSHOT, .status = RK_SECTION_MISSING,
     .section = "name.txt", .at = FILE_AT(128), .reseal = RESEAL_ALL,
     .edits = {{ENTRY_AT("name.txt", E_VERSION), 2, 2, NULL}}},
    {.name = "section_unknown", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_SECTION_UNKNOWN,
     .section = "xeport", .at = ENTRY_AT("report", E_TYPE), .reseal = RESEAL_ALL,
     .edits = {{ENTRY_AT("report", 0), 1, 'x', NULL}, {ENTRY_AT("report", E_FLAGS), 2, 5, NULL}}},
    ENTRY_VALUE("section_version", true, RK_SECTION_VERSION, "pop", E_VERSION, 2, 2),
    {.name = "section_version_optional_flag", .kind = RK_KIND_SNAPSHOT, .status = RK_SECTION_VERSION,
     .section = "pop", .at = ENTRY_AT("pop", E_VERSION), .reseal = RESEAL_ALL,
     .edits = {{ENTRY_AT("pop", E_VERSION), 2, 2, NULL}, {ENTRY_AT("pop", E_FLAGS), 2, 0, NULL}}},
    ENTRY_VALUE("section_version_zero", false, RK_VALUE_RANGE, "pop", E_VERSION, 2, 0),
    ENTRY_VALUE("section_flag_unknown", false, RK_UNKNOWN_FLAG, "pop", E_FLAGS, 2, 9),
    ENTRY_VALUE("section_part_unknown", false, RK_VALUE_RANGE, "report", E_FLAGS, 2, 6),
    ENTRY_VALUE("section_not_flagged", false, RK_VALUE_RANGE, "pop", E_FLAGS, 2, 0),
    ENTRY_VALUE("section_order", true, RK_SECTION_ORDER, "pop", E_OFFSET, 8, 64),
    ENTRY_VALUE("section_unaligned", false, RK_SECTION_ORDER, "pop", E_OFFSET, 1, 1),
    ENTRY_VALUE("section_far", false, RK_SECTION_ORDER, "pop", E_OFFSET, 8, UINT64_MAX),
    ENTRY_VALUE("section_part_descends", false, RK_SECTION_ORDER, "nbr2", E_FLAGS, 2, 1),
    ENTRY_VALUE("section_part_other", false, RK_SECTION_ORDER, "vec.cell", E_FLAGS, 2, 3),
    ENTRY_VALUE("section_elem_zero", false, RK_SECTION_SHAPE, "pop", E_ELEM, 4, 0),
    ENTRY_VALUE("section_elem_large", false, RK_SECTION_SHAPE, "pop", E_ELEM, 4, 4097),
    ENTRY_VALUE("section_bytes", false, RK_SECTION_SHAPE, "pop", E_BYTES, 8, 159),
    ENTRY_VALUE("section_count_overflow", false, RK_SECTION_SHAPE, "pop", E_COUNT, 8, (uint64_t)1 << 62),
    {.name = "section_shape", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_SECTION_SHAPE,
     .section = "pop", .at = ENTRY_AT("pop", E_ELEM), .reseal = RESEAL_ALL,
     .edits = {{ENTRY_AT("pop", E_ELEM), 4, 2, NULL}, {ENTRY_AT("pop", E_COUNT), 8, 80, NULL}}},
    {.name = "section_short", .kind = RK_KIND_SNAPSHOT, .status = RK_SECTION_SHAPE, .section = "pop",
     .at = ENTRY_AT("pop", E_COUNT), .reseal = RESEAL_ALL,
     .edits = {{ENTRY_AT("pop", E_BYTES), 8, 156, NULL}, {ENTRY_AT("pop", E_COUNT), 8, 39, NULL}}},
    {.name = "section_low_elem", .kind = RK_KIND_SNAPSHOT, .status = RK_SECTION_SHAPE,
     .section = "vec.low", .at = ENTRY_AT("vec.low", E_ELEM), .reseal = RESEAL_ALL,
     .edits = {{ENTRY_AT("vec.low", E_ELEM), 4, 3, NULL}, {ENTRY_AT("vec.low", E_COUNT), 8, 80, NULL}}},
    {.name = "section_bounds", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_SECTION_BOUNDS,
     .section = "report", .at = ENTRY_AT("report", E_BYTES), .reseal = RESEAL_ALL,
     .edits = {{ENTRY_AT("report", E_BYTES), 8, (uint64_t)1 << 40, NULL},
               {ENTRY_AT("report", E_COUNT), 8, (uint64_t)1 << 40, NULL}}},
    {.name = "section_ends_early", .kind = RK_KIND_SNAPSHOT, .status = RK_SECTION_BOUNDS,
     .section = "", .at = FILE_AT(24), .reseal = RESEAL_ALL,
     .edits = {{ENTRY_AT("report", E_BYTES), 8, 0, NULL}, {ENTRY_AT("report", E_COUNT), 8, 0, NULL}}},
    {.name = "section_count_of_meta", .kind = RK_KIND_SNAPSHOT, .status = RK_SECTION_SHAPE,
     .section = "pop.top", .at = ENTRY_AT("pop.top", E_COUNT), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("meta", 60), 4, 24, NULL}}},

    /* ---- snapshots: meta ---- */
    S("meta_items_zero", false, RK_VALUE_RANGE, "meta", 0, 4, 0),
    S("meta_items_large", false, RK_VALUE_RANGE, "meta", 0, 4, (uint64_t)1 << 24),
    S("meta_types_zero", false, RK_VALUE_RANGE, "meta", 4, 4, 0),
    S("meta_types_large", false, RK_VALUE_RANGE, "meta", 4, 4, 33),
    S("meta_dim_zero", false, RK_VALUE_RANGE, "meta", 8, 4, 0),
    S("meta_dim_odd", false, RK_VALUE_RANGE, "meta", 8, 4, 6),
    S("meta_dim_large", false, RK_VALUE_RANGE, "meta", 8, 4, 260),
    S("meta_time_kind", false, RK_VALUE_RANGE, "meta", 12, 4, 3),
    S("meta_scale_nan", false, RK_NOT_FINITE, "meta", 48, 4, F32_NAN),
    S("meta_scale_negative", false, RK_VALUE_RANGE, "meta", 48, 4, F32_MINUS_1),
    S("meta_scale_large", false, RK_VALUE_RANGE, "meta", 48, 4, F32_2P65),
    S("meta_similar_decay_zero", false, RK_VALUE_RANGE, "meta", 52, 4, 0),
    S("meta_similar_decay_large", false, RK_VALUE_RANGE, "meta", 52, 4, 0x3F800001),
    S("meta_session_decay_zero", false, RK_VALUE_RANGE, "meta", 56, 4, 0x80000000),
    S("meta_session_decay_nan", false, RK_NOT_FINITE, "meta", 56, 4, 0xFFFFFFFF),
    S("meta_popular_count", false, RK_VALUE_RANGE, "meta", 60, 4, 41),
    S("meta_reserved", false, RK_RESERVED_NOT_ZERO, "meta", 255, 1, 1),
    S("meta_reserved_first", false, RK_RESERVED_NOT_ZERO, "meta", 168, 1, 1),
    S("meta_encoder_positions", true, RK_VALUE_RANGE, "meta", 64, 4, 65),
    S("meta_repeat_nan", true, RK_NOT_FINITE, "meta", 68, 4, F32_NAN),
    S("meta_repeat_large", true, RK_VALUE_RANGE, "meta", 80, 4, 0x40800001),
    S("meta_trending_count", true, RK_VALUE_RANGE, "meta", 84, 4, 41),
    S("meta_place_count", true, RK_VALUE_RANGE, "meta", 88, 4, 41),
    S("meta_explore_count", true, RK_VALUE_RANGE, "meta", 92, 4, 41),
    S("meta_user_positions", true, RK_VALUE_RANGE, "meta", 96, 4, 65),
    S("meta_user_features", true, RK_VALUE_RANGE, "meta", 100, 4, 17),
    S("meta_feature_rows_none", true, RK_VALUE_RANGE, "meta", 104, 4, 0),
    S("meta_feature_rows_odd", true, RK_VALUE_RANGE, "meta", 104, 4, 6),
    S("meta_feature_rows_large", false, RK_VALUE_RANGE, "meta", 104, 4, 131072),
    {.name = "meta_feature_rows_unasked", .kind = RK_KIND_SNAPSHOT, .status = RK_VALUE_RANGE,
     .section = "meta", .at = SECTION_AT("meta", 104), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("meta", 100), 4, 0, NULL}}},
    S("meta_outlier_weight", true, RK_VALUE_RANGE, "meta", 108, 4, 0x3F800001),
    S("meta_outlier_weight_nan", false, RK_NOT_FINITE, "meta", 108, 4, F32_NAN),
    S("meta_short_popular", true, RK_VALUE_RANGE, "meta", 164, 4, 0x447A0001),
    S("meta_short_popular_nan", false, RK_NOT_FINITE, "meta", 164, 4, F32_NAN),
    S("meta_nearby_km_zero", true, RK_VALUE_RANGE, "meta", 112, 4, 0),
    S("meta_nearby_km_large", false, RK_VALUE_RANGE, "meta", 112, 4, 0x469C4001),
    S("meta_tasks", true, RK_VALUE_RANGE, "meta", 116, 4, 4),
    S("meta_rank_inputs_none", true, RK_VALUE_RANGE, "meta", 120, 4, 0),
    S("meta_rank_inputs", true, RK_VALUE_RANGE, "meta", 120, 4, 65),
    S("meta_rank_experts_none", false, RK_VALUE_RANGE, "meta", 124, 4, 0),
    S("meta_rank_experts", true, RK_VALUE_RANGE, "meta", 124, 4, 9),
    S("meta_rank_units_none", false, RK_VALUE_RANGE, "meta", 128, 4, 0),
    S("meta_rank_units", true, RK_VALUE_RANGE, "meta", 128, 4, 65),
    S("meta_rank_item_step", true, RK_VALUE_RANGE, "meta", 132, 4, F32_MINUS_1),
    S("meta_rank_item_step_large", false, RK_VALUE_RANGE, "meta", 132, 4, F32_2P21),
    S("meta_rank_item_step_nan", false, RK_NOT_FINITE, "meta", 132, 4, F32_NAN),
    {.name = "meta_rank_inputs_unasked", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_VALUE_RANGE,
     .section = "meta", .at = SECTION_AT("meta", 120), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("meta", 116), 4, 0, NULL}}},
    {.name = "meta_rank_item_step_unasked", .kind = RK_KIND_SNAPSHOT, .status = RK_VALUE_RANGE,
     .section = "meta", .at = SECTION_AT("meta", 132), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("meta", 116), 16, 0, ZEROS}}},
    S("meta_timed_items", true, RK_VALUE_RANGE, "meta", 136, 4, 41),
    S("meta_attributes", true, RK_VALUE_RANGE, "meta", 140, 4, 33),
    S("meta_attribute_values", true, RK_VALUE_RANGE, "meta", 144, 4, 16777217),
    {.name = "meta_attribute_values_unasked", .kind = RK_KIND_SNAPSHOT, .status = RK_VALUE_RANGE,
     .section = "meta", .at = SECTION_AT("meta", 144), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("meta", 140), 4, 0, NULL}}},
    S("meta_numbers", true, RK_VALUE_RANGE, "meta", 148, 4, 5),
    {.name = "meta_numbers_unasked", .kind = RK_KIND_SNAPSHOT, .status = RK_VALUE_RANGE,
     .section = "meta", .at = SECTION_AT("meta", 148), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("meta", 140), 8, 0, NULL}}},

    S("meta_clusters", true, RK_VALUE_RANGE, "meta", 160, 4, 41),
    {.name = "meta_cluster_model_unasked", .kind = RK_KIND_SNAPSHOT, .golden = true,
     .status = RK_VALUE_RANGE, .section = "meta", .at = SECTION_AT("meta", 152), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("meta", 160), 4, 0, NULL}}},
    {.name = "unasked_clusters", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_VALUE_RANGE,
     .section = "meta", .at = SECTION_AT("meta", 160), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("meta", 152), 12, 0, ZEROS}}},
    S("clusters_empty", true, RK_VALUE_RANGE, "meta", 160, 4, 6),
    S("cluster_item", true, RK_VALUE_RANGE, "cluster", 39, 1, 5),

    /* ---- snapshots: optional sections ---- */
    MISSING_S("enc.pos"), MISSING_S("rise"), MISSING_S("rise.top"), MISSING_S("geo"),
    MISSING_S("geo.code"), MISSING_S("geo.item"), MISSING_S("explore"), MISSING_S("user.pos"),
    MISSING_S("feat.off"), MISSING_S("feat.txt"), MISSING_S("feat.vec"),
    MISSING_S("born"), MISSING_S("at.off"), MISSING_S("at.txt"), MISSING_S("at.kind"),
    MISSING_S("at.first"), MISSING_S("av.off"), MISSING_S("av.txt"), MISSING_S("ia.off"),
    MISSING_S("ia.val"), MISSING_S("ia.num"), MISSING_S("cluster"), MISSING_S("task"), MISSING_S("rate"),
    MISSING_S("rank.in"), MISSING_S("rank.2"), MISSING_S("rank.1"), MISSING_S("rank.1i"),
    UNASKED("tasks", 116, 20), UNASKED("timed_items", 136, 4), UNASKED("attributes", 140, 12),
    UNASKED("numbers", 148, 4),
    COUNTED("tasks", "task", 116, 1), COUNTED("rank_inputs", "rank.in", 120, 4),
    COUNTED("rank_experts", "rank.2", 124, 3), COUNTED("rank_units", "rank.2", 128, 5),
    COUNTED("attributes", "at.off", 140, 3), COUNTED("attribute_values", "av.off", 144, 6),
    COUNTED("numbers", "ia.num", 148, 1),
    UNASKED("encoder_positions", 64, 4), UNASKED("trending_count", 84, 4),
    UNASKED("place_count", 88, 4), UNASKED("explore_count", 92, 4),
    UNASKED("user_positions", 96, 4), UNASKED("user_features", 100, 8),
    COUNTED("encoder_positions", "enc.pos", 64, 3), COUNTED("trending_count", "rise.top", 84, 11),
    COUNTED("place_count", "geo.code", 88, 29), COUNTED("explore_count", "explore", 92, 12),
    COUNTED("user_positions", "user.pos", 96, 2), COUNTED("user_features", "feat.off", 100, 3),
    COUNTED("feature_rows", "feat.vec", 104, 8),
    {.name = "trend_elem", .kind = RK_KIND_SNAPSHOT, .status = RK_SECTION_SHAPE, .section = "rise",
     .at = ENTRY_AT("rise", E_ELEM), .reseal = RESEAL_ALL,
     .edits = {{ENTRY_AT("rise", E_ELEM), 4, 2, NULL}, {ENTRY_AT("rise", E_COUNT), 8, 80, NULL}}},
    S("encoder_nan", true, RK_NOT_FINITE, "enc.pos", 60, 4, F32_NAN),
    S("encoder_large", false, RK_VALUE_RANGE, "enc.pos", 0, 4, F32_2P21),
    S("trend_nan", false, RK_NOT_FINITE, "rise", 4, 4, F32_NAN),
    S("trend_large", true, RK_VALUE_RANGE, "rise", 156, 4, 0x3F800001),
    S("trend_negative", false, RK_VALUE_RANGE, "rise", 0, 4, F32_MINUS_1),
    S("trending_item", true, RK_VALUE_RANGE, "rise.top", 44, 4, 40),
    S("trending_twice", true, RK_NOT_SORTED, "rise.top", 4, 4, 7),
    S("trending_ascends", false, RK_NOT_SORTED, "rise.top", 20, 4, 39),
    S("geo_latitude", true, RK_VALUE_RANGE, "geo", 16, 4, F32_91),
    S("geo_longitude", false, RK_VALUE_RANGE, "geo", 20, 4, F32_181),
    S("geo_nan", false, RK_NOT_FINITE, "geo", 16, 4, F32_NAN),
    S("geo_half_a_place", false, RK_VALUE_RANGE, "geo", 16, 4, F32_999),
    /* One place more or less than place_count says. */
    {.name = "geo_uncounted", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_VALUE_RANGE,
     .section = "meta", .at = SECTION_AT("meta", 88), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("geo", 24), 8, 0, NULL}}},
    {.name = "geo_overcounted", .kind = RK_KIND_SNAPSHOT, .status = RK_VALUE_RANGE,
     .section = "meta", .at = SECTION_AT("meta", 88), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("geo", 0), 4, F32_999, NULL}, {SECTION_AT("geo", 4), 4, F32_999, NULL}}},
    S("geo_item", false, RK_VALUE_RANGE, "geo.item", 8, 4, 40),
    /* The first code is that of item 1, the south-west corner: 0. */
    S("geo_item_other", true, RK_VALUE_RANGE, "geo.item", 0, 4, 2),
    S("geo_item_nowhere", false, RK_VALUE_RANGE, "geo.item", 0, 4, 3),
    {.name = "geo_code_other", .kind = RK_KIND_SNAPSHOT, .status = RK_VALUE_RANGE,
     .section = "geo.item", .at = SECTION_AT("geo.item", 0), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("geo.code", 0), 4, 1, NULL}}},
    {.name = "geo_code_descends", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_NOT_SORTED,
     .section = "geo.code", .at = SECTION_AT("geo.code", 8), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("geo.code", 4), 4, UINT32_MAX, NULL}}},
    /* Items 4 and 5 share a code. */
    S("geo_item_twice", false, RK_NOT_SORTED, "geo.item", 100, 4, 4),
    {.name = "geo_item_descends", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_NOT_SORTED,
     .section = "geo.item", .at = SECTION_AT("geo.item", 100), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("geo.item", 96), 8, (uint64_t)4 << 32 | 5, NULL}}},
    S("explore_item", true, RK_VALUE_RANGE, "explore", 48, 4, 40),
    S("explore_twice", true, RK_NOT_SORTED, "explore", 4, 4, 1),
    S("explore_descends", false, RK_NOT_SORTED, "explore", 8, 4, 2),
    S("tower_inf", true, RK_NOT_FINITE, "user.pos", 4, 4, F32_INF),
    S("tower_large", false, RK_VALUE_RANGE, "user.pos", 4, 4, F32_2P21),
    S("feature_nan", true, RK_NOT_FINITE, "feat.vec", 124, 4, F32_NAN),
    S("feature_large", false, RK_VALUE_RANGE, "feat.vec", 124, 4, F32_2P21),
    S("user_feature_off", false, RK_NOT_MONOTONE, "feat.off", 8, 4, 14),
    {.name = "user_feature_empty", .kind = RK_KIND_SNAPSHOT, .status = RK_VALUE_RANGE,
     .section = "feat.txt", .at = SECTION_AT("feat.txt", 0), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("feat.off", 4), 4, 0, NULL}}},
    S("user_feature_utf8", false, RK_BAD_UTF8, "feat.txt", 0, 1, 0xFF),

    /* ---- snapshots: attributes (values "acme" 0, "ümlaut" 4, "x" 11, "y" 12, "z" 13; items have
     * {0}, {1 2}, {3}, {0 2 3}, ...) ---- */
    {.name = "born_uncounted", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_VALUE_RANGE,
     .section = "meta", .at = SECTION_AT("meta", 136), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("born", 0), 4, 0, NULL}}},
    S("attribute_off", false, RK_NOT_MONOTONE, "at.off", 16, 4, 20),
    {.name = "attribute_empty", .kind = RK_KIND_SNAPSHOT, .status = RK_VALUE_RANGE, .section = "at.txt",
     .at = SECTION_AT("at.txt", 0), .reseal = RESEAL_ALL, .edits = {{SECTION_AT("at.off", 4), 4, 0, NULL}}},
    S("attribute_utf8", false, RK_BAD_UTF8, "at.txt", 5, 1, 0xFF),
    S("attributes_equal", true, RK_NOT_SORTED, "at.txt", 5, 5, 0x646E617262 /* "brand" */),
    S("attribute_kind", true, RK_VALUE_RANGE, "at.kind", 1, 1, 4),
    {.name = "numbers_uncounted", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_VALUE_RANGE,
     .section = "meta", .at = SECTION_AT("meta", 148), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("at.kind", 2), 1, RK_ATTRIBUTE_TEXT, NULL}}},
    S("attribute_first", true, RK_NOT_MONOTONE, "at.first", 0, 4, 1),
    S("attribute_first_descends", false, RK_NOT_MONOTONE, "at.first", 8, 4, 1),
    S("attribute_first_last", false, RK_NOT_MONOTONE, "at.first", 16, 4, 6),
    {.name = "number_values", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_VALUE_RANGE,
     .section = "at.first", .at = SECTION_AT("at.first", 12), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("at.first", 8), 4, 4, NULL}}},
    S("value_off", false, RK_NOT_MONOTONE, "av.off", 0, 4, 1),
    {.name = "value_empty", .kind = RK_KIND_SNAPSHOT, .golden = true, .status = RK_VALUE_RANGE,
     .section = "av.txt", .at = SECTION_AT("av.txt", 0), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("av.off", 4), 4, 0, NULL}}},
    S("value_utf8", false, RK_BAD_UTF8, "av.txt", 11, 1, 0x80),
    S("values_equal", true, RK_NOT_SORTED, "av.txt", 12, 1, 'x'),
    S("values_descend", true, RK_NOT_SORTED, "av.txt", 13, 1, 'a'),
    S("item_value_off", true, RK_NOT_MONOTONE, "ia.off", 160, 4, 86),
    S("item_value", true, RK_VALUE_RANGE, "ia.val", 0, 4, 5),
    S("item_value_twice", true, RK_NOT_SORTED, "ia.val", 20, 4, 0),
    S("item_value_descends", false, RK_NOT_SORTED, "ia.val", 24, 4, 1),
    S("item_values_of_category", true, RK_VALUE_RANGE, "ia.val", 20, 4, 1),
    S("item_number_nan", true, RK_NOT_FINITE, "ia.num", 8, 4, F32_NAN),
    S("item_number_large", true, RK_VALUE_RANGE, "ia.num", 12, 4, F32_2P65),
    S("item_number_small", false, RK_VALUE_RANGE, "ia.num", 8, 4, F32_2P65 | 0x80000000),

    /* ---- snapshots: rankers ---- */
    S("task_type", true, RK_VALUE_RANGE, "task", 32, 4, 3),
    S("task_type_twice", true, RK_NOT_SORTED, "task", 32, 4, 0),
    S("task_weight_nan", true, RK_NOT_FINITE, "task", 4, 4, F32_NAN),
    S("task_weight_large", false, RK_VALUE_RANGE, "task", 36, 4, F32_2P21),
    S("task_scale_large", true, RK_VALUE_RANGE, "task", 40, 4, F32_2P21),
    S("task_scale_nan", false, RK_NOT_FINITE, "task", 8, 4, F32_NAN),
    S("task_offset_inf", true, RK_NOT_FINITE, "task", 44, 4, F32_INF),
    S("task_offset_large", false, RK_VALUE_RANGE, "task", 12, 4, F32_2P21 | 0x80000000),
    S("task_base_rate", true, RK_VALUE_RANGE, "task", 48, 4, 0x3F800001),
    S("task_base_rate_negative", false, RK_VALUE_RANGE, "task", 16, 4, F32_MINUS_1),
    S("task_reserved", true, RK_RESERVED_NOT_ZERO, "task", 63, 1, 1),
    S("task_reserved_first", false, RK_RESERVED_NOT_ZERO, "task", 20, 1, 1),
    S("rate_missing_for_one", true, RK_VALUE_RANGE, "rate", 7, 1, 255),
    S("rate_known_for_one", false, RK_VALUE_RANGE, "rate", 19, 1, 254),
    S("rank_feature", true, RK_VALUE_RANGE, "rank.in", 8, 4, 64),
    S("rank_feature_twice", true, RK_NOT_SORTED, "rank.in", 8, 4, 17),
    S("rank_second_nan", true, RK_NOT_FINITE, "rank.2", 252, 4, F32_NAN),
    S("rank_second_large", false, RK_VALUE_RANGE, "rank.2", 0, 4, F32_2P21),
    S("rank_first_inf", true, RK_NOT_FINITE, "rank.1", 124, 4, F32_INF),
    S("rank_first_large", false, RK_VALUE_RANGE, "rank.1", 0, 4, F32_2P21 | 0x80000000),

    /* ---- snapshots: text ---- */
    S("item_off_first", true, RK_NOT_MONOTONE, "item.off", 0, 4, 1),
    S("item_off_descends", false, RK_NOT_MONOTONE, "item.off", 12, 4, 13),
    S("item_off_last", false, RK_NOT_MONOTONE, "item.off", 160, 4, 280),
    {.name = "item_id_empty", .kind = RK_KIND_SNAPSHOT, .status = RK_VALUE_RANGE,
     .section = "item.txt", .at = SECTION_AT("item.txt", 0), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("item.off", 4), 4, 0, NULL}}},
    {.name = "item_ids_equal", .kind = RK_KIND_SNAPSHOT, .status = RK_NOT_SORTED,
     .section = "item.txt", .at = SECTION_AT("item.txt", 7), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("item.txt", 13), 1, '0', NULL}}},
    {.name = "item_ids_unsorted", .kind = RK_KIND_SNAPSHOT, .status = RK_NOT_SORTED,
     .section = "item.txt", .at = SECTION_AT("item.txt", 14), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("item.txt", 13), 1, '3', NULL}}},
    S("item_id_utf8", true, RK_BAD_UTF8, "item.txt", 0, 1, 0xFF),
    S("type_off_first", false, RK_NOT_MONOTONE, "type.off", 0, 4, 2),
    S("type_utf8", false, RK_BAD_UTF8, "type.txt", 8, 1, 0x80),
    S("types_equal", false, RK_NOT_SORTED, "type.txt", 8, 4, 0x77656976 /* "view" */),
    {.name = "type_empty", .kind = RK_KIND_SNAPSHOT, .status = RK_VALUE_RANGE, .section = "type.txt",
     .at = SECTION_AT("type.txt", 0), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("type.off", 4), 4, 0, NULL}}},
    S("title_off_first", false, RK_NOT_MONOTONE, "name.off", 0, 4, 1),
    S("title_utf8", false, RK_BAD_UTF8, "name.txt", 0, 2, 0x80C0),
    {.name = "title_cut", .kind = RK_KIND_SNAPSHOT, .status = RK_BAD_UTF8, .section = "name.txt",
     .at = SECTION_AT("name.txt", 147), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("name.off", 156), 4, 156, NULL}}},
    {.name = "report_utf8", .kind = RK_KIND_SNAPSHOT, .status = RK_BAD_UTF8, .section = "report",
     .at = SECTION_AT("report", 0), .reseal = RESEAL_ALL, .edits = {{SECTION_AT("report", 9), 1, 0xF8, NULL}}},

    /* ---- snapshots: values ---- */
    S("type_weight_inf", true, RK_NOT_FINITE, "type.wgt", 4, 4, F32_INF),
    S("type_weight_large", false, RK_VALUE_RANGE, "type.wgt", 8, 4, F32_2P21 | 0x80000000),
    S("source_quota", false, RK_VALUE_RANGE, "source", 32, 4, 65536),
    S("source_weight_nan", false, RK_NOT_FINITE, "source", 20, 4, F32_NAN),
    S("source_weight_large", false, RK_VALUE_RANGE, "source", 20, 4, F32_2P21),
    S("source_reserved", false, RK_RESERVED_NOT_ZERO, "source", 127, 1, 1),
    S("popularity_nan", false, RK_NOT_FINITE, "pop", 12, 4, F32_NAN),
    S("popularity_inf", false, RK_NOT_FINITE, "pop", 12, 4, 0xFF800000),
    S("popularity_negative", true, RK_VALUE_RANGE, "pop", 156, 4, F32_MINUS_1),
    S("popularity_large", false, RK_VALUE_RANGE, "pop", 156, 4, F32_2P65),
    S("popular_item", false, RK_VALUE_RANGE, "pop.top", 96, 4, 40),
    S("popular_twice", true, RK_NOT_SORTED, "pop.top", 4, 4, 9),
    S("popular_order", false, RK_NOT_SORTED, "pop.top", 8, 4, 9),
    {.name = "popular_ascends", .kind = RK_KIND_SNAPSHOT, .status = RK_NOT_SORTED, .section = "pop.top",
     .at = SECTION_AT("pop.top", 4), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("pop.top", 0), 4, 0, NULL}}},
    S("mean_nan", false, RK_NOT_FINITE, "vec.mean", 28, 4, F32_NAN),
    S("mean_large", false, RK_VALUE_RANGE, "vec.mean", 28, 4, F32_2P21),
    S("factor_nan", false, RK_NOT_FINITE, "vec.fac", 316, 4, F32_NAN),
    S("factor_negative", false, RK_VALUE_RANGE, "vec.fac", 0, 4, F32_MINUS_1),
    S("cell_padding_low", false, RK_RESERVED_NOT_ZERO, "vec.cell", 72, 1, 0x01),
    S("cell_padding_high", false, RK_RESERVED_NOT_ZERO, "vec.cell", 64, 1, 0x10),

    /* ---- snapshots: neighbours (row 0 has 8 + 4 entries, row 1 has 5) ---- */
    S("nbr_off_first", false, RK_NOT_MONOTONE, "nbr.off", 0, 4, 1),
    S("nbr_off_descends", false, RK_NOT_MONOTONE, "nbr.off", 8, 4, 7),
    S("nbr_off_last", false, RK_NOT_MONOTONE, "nbr.off", 160, 4, 141),
    S("nbr_row_long", false, RK_VALUE_RANGE, "nbr.off", 4, 4, 9),
    S("nbr2_off_last", false, RK_NOT_MONOTONE, "nbr2.off", 160, 4, 41),
    S("nbr_item", false, RK_VALUE_RANGE, "nbr", 0, 4, 0xFF000028),
    S("nbr_self", false, RK_VALUE_RANGE, "nbr", 0, 4, 0xFF000000),
    {.name = "nbr_code_ascends", .kind = RK_KIND_SNAPSHOT, .status = RK_NOT_SORTED, .section = "nbr",
     .at = SECTION_AT("nbr", 8), .reseal = RESEAL_ALL, .edits = {{SECTION_AT("nbr", 7), 1, 0xF0, NULL}}},
    {.name = "nbr_item_descends", .kind = RK_KIND_SNAPSHOT, .status = RK_NOT_SORTED, .section = "nbr",
     .at = SECTION_AT("nbr", 4), .reseal = RESEAL_ALL, .edits = {{SECTION_AT("nbr", 0), 1, 20, NULL}}},
    S("nbr_twice", false, RK_NOT_SORTED, "nbr", 8, 1, 1),
    S("nbr2_stronger", false, RK_NOT_SORTED, "nbr2", 0, 4, 0xFF000009),
    S("nbr2_twice", false, RK_NOT_SORTED, "nbr2", 0, 1, 1),
    S("nbr2_item", false, RK_VALUE_RANGE, "nbr2", 4, 3, 0xFFFFFF),

    /* ---- events files ---- */
    {.name = "wrong_kind", .kind = RK_KIND_EVENTS, .golden = true, .status = RK_WRONG_KIND,
     .section = "", .at = FILE_AT(8), .reseal = RESEAL_ALL, .edits = {{FILE_AT(8), 4, RK_KIND_SNAPSHOT, NULL}}},
    {.name = "section_checksum", .kind = RK_KIND_EVENTS, .golden = true, .status = RK_SECTION_CHECKSUM,
     .section = "user.txt", .at = SECTION_AT("user.txt", 0), .edits = {{SECTION_AT("user.txt", 2), 1, '2', NULL}}},
    {.name = "section_missing", .kind = RK_KIND_EVENTS, .golden = true, .status = RK_SECTION_MISSING,
     .section = "ev.time", .at = FILE_AT(128), .reseal = RESEAL_ALL,
     .edits = {{ENTRY_AT("ev.time", 3), 1, 'x', NULL}, {ENTRY_AT("ev.time", E_FLAGS), 2, 0, NULL}}},
    {.name = "section_missing_meta", .kind = RK_KIND_EVENTS, .status = RK_SECTION_MISSING,
     .section = "ev.meta", .at = FILE_AT(128), .reseal = RESEAL_ALL,
     .edits = {{ENTRY_AT("ev.meta", 3), 1, 'x', NULL}, {ENTRY_AT("ev.meta", E_FLAGS), 2, 0, NULL}}},
    {.name = "section_missing_pair", .kind = RK_KIND_EVENTS, .status = RK_SECTION_MISSING,
     .section = "name.txt", .at = FILE_AT(128), .reseal = RESEAL_ALL,
     .edits = {{ENTRY_AT("name.txt", 0), 1, 'x', NULL}, {ENTRY_AT("name.txt", E_FLAGS), 2, 0, NULL}}},
    {.name = "section_not_flagged", .kind = RK_KIND_EVENTS, .status = RK_VALUE_RANGE,
     .section = "ev.split", .at = ENTRY_AT("ev.split", E_FLAGS), .reseal = RESEAL_ALL,
     .edits = {{ENTRY_AT("ev.split", E_FLAGS), 2, 0, NULL}}},
    {.name = "section_shape", .kind = RK_KIND_EVENTS, .golden = true, .status = RK_SECTION_SHAPE,
     .section = "ev.user", .at = ENTRY_AT("ev.user", E_COUNT), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("ev.meta", 0), 8, 11, NULL}}},
    E("meta_users", false, RK_VALUE_RANGE, "ev.meta", 8, 4, UINT32_MAX),
    E("meta_items", false, RK_VALUE_RANGE, "ev.meta", 12, 4, (uint64_t)1 << 24),
    E("meta_types_zero", false, RK_VALUE_RANGE, "ev.meta", 16, 4, 0),
    E("meta_types_large", false, RK_VALUE_RANGE, "ev.meta", 16, 4, 33),
    E("meta_time_kind", false, RK_VALUE_RANGE, "ev.meta", 20, 4, 3),
    E("meta_time_unasked", false, RK_VALUE_RANGE, "ev.meta", 20, 4, 0),
    E("meta_user_kind", false, RK_VALUE_RANGE, "ev.meta", 24, 4, 2),
    E("reserved_not_zero", true, RK_RESERVED_NOT_ZERO, "ev.meta", 63, 1, 1),
    E("event_user", true, RK_VALUE_RANGE, "ev.user", 44, 4, 4),
    E("event_item", false, RK_VALUE_RANGE, "ev.item", 0, 4, 5),
    E("event_label_zero", false, RK_VALUE_RANGE, "ev.label", 8, 4, 0),
    E("event_label_large", false, RK_VALUE_RANGE, "ev.label", 8, 4, 8),
    E("event_time_large", false, RK_VALUE_RANGE, "ev.time", 88, 8, ((uint64_t)1 << 53) + 1),
    E("event_time_small", false, RK_VALUE_RANGE, "ev.time", 88, 8, (uint64_t)1 << 63),
    E("event_split", false, RK_VALUE_RANGE, "ev.split", 11, 1, 2),
    E("user_off", false, RK_NOT_MONOTONE, "user.off", 8, 4, 2),
    {.name = "user_empty", .kind = RK_KIND_EVENTS, .status = RK_VALUE_RANGE, .section = "user.txt",
     .at = SECTION_AT("user.txt", 0), .reseal = RESEAL_ALL, .edits = {{SECTION_AT("user.off", 4), 4, 0, NULL}}},
    E("user_utf8", true, RK_BAD_UTF8, "user.txt", 3, 1, 0xC3),
    E("not_monotone", true, RK_NOT_MONOTONE, "item.off", 20, 4, 6),
    {.name = "not_sorted", .kind = RK_KIND_EVENTS, .golden = true, .status = RK_NOT_SORTED,
     .section = "item.txt", .at = SECTION_AT("item.txt", 3), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("item.txt", 1), 1, 'b', NULL}}},
    E("types_equal", false, RK_NOT_SORTED, "type.txt", 4, 4, 0x77656976 /* "view" */),
    E("type_weight_nan", true, RK_NOT_FINITE, "type.wgt", 8, 4, F32_NAN),
    E("title_utf8", false, RK_BAD_UTF8, "name.txt", 0, 1, 0xFE),

    /* ---- events files: places, attributes, features ---- */
    E("meta_attributes", true, RK_VALUE_RANGE, "ev.meta", 28, 4, 33),
    E("meta_attributes_unasked", true, RK_VALUE_RANGE, "ev.meta", 28, 4, 0),
    E("meta_features", true, RK_VALUE_RANGE, "ev.meta", 32, 4, 17),
    E("meta_contexts", true, RK_VALUE_RANGE, "ev.meta", 36, 4, (uint64_t)1 << 24),
    {.name = "meta_features_unasked", .kind = RK_KIND_EVENTS, .golden = true, .status = RK_VALUE_RANGE,
     .section = "ev.meta", .at = SECTION_AT("ev.meta", 32), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("ev.meta", 32), 8, 0, NULL}}},
    {.name = "meta_contexts_unasked", .kind = RK_KIND_EVENTS, .golden = true, .status = RK_VALUE_RANGE,
     .section = "ev.meta", .at = SECTION_AT("ev.meta", 36), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("ev.meta", 32), 4, 0, NULL}}},
    MISSING(false, "attr.off"), MISSING(false, "attr.txt"), MISSING(true, "attr.knd"),
    MISSING(false, "aval.off"), MISSING(false, "aval.txt"), MISSING(false, "feat.off"),
    MISSING(false, "feat.txt"), MISSING(false, "ctx.off"), MISSING(false, "ctx.txt"),
    MISSING(true, "ev.ctx"),
    SHORT("item.geo", 32, 4), SHORT("attr.knd", 3, 3), SHORT("ev.ctx", 44, 11),
    {.name = "shape_attributes", .kind = RK_KIND_EVENTS, .golden = true, .status = RK_SECTION_SHAPE,
     .section = "attr.off", .at = ENTRY_AT("attr.off", E_COUNT), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("ev.meta", 28), 4, 5, NULL}}},
    {.name = "shape_features", .kind = RK_KIND_EVENTS, .status = RK_SECTION_SHAPE,
     .section = "feat.off", .at = ENTRY_AT("feat.off", E_COUNT), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("ev.meta", 32), 4, 3, NULL}}},
    {.name = "shape_contexts", .kind = RK_KIND_EVENTS, .status = RK_SECTION_SHAPE,
     .section = "ctx.off", .at = ENTRY_AT("ctx.off", E_COUNT), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("ev.meta", 36), 4, 2, NULL}}},
    E("place_latitude", true, RK_VALUE_RANGE, "item.geo", 16, 4, F32_91),
    E("place_longitude", true, RK_VALUE_RANGE, "item.geo", 28, 4, F32_181 | 0x80000000),
    E("place_nan", true, RK_NOT_FINITE, "item.geo", 4, 4, F32_NAN),
    E("place_no_latitude", true, RK_VALUE_RANGE, "item.geo", 0, 4, F32_999),
    E("place_no_longitude", true, RK_VALUE_RANGE, "item.geo", 4, 4, F32_999),
    /* Attribute values in rows of 4: "acme" 0, "x|y" 4, "Apple pie" 7, "1.5" 16, "" 19, "z" 19, ... */
    E("attribute_off", false, RK_NOT_MONOTONE, "attr.off", 16, 4, 21),
    {.name = "attribute_empty", .kind = RK_KIND_EVENTS, .status = RK_VALUE_RANGE, .section = "attr.txt",
     .at = SECTION_AT("attr.txt", 0), .reseal = RESEAL_ALL, .edits = {{SECTION_AT("attr.off", 4), 4, 0, NULL}}},
    E("attribute_utf8", false, RK_BAD_UTF8, "attr.txt", 5, 1, 0xFF),
    E("attributes_equal", true, RK_NOT_SORTED, "attr.txt", 15, 5, 0x656C746974 /* "title" */),
    E("attribute_kind", true, RK_VALUE_RANGE, "attr.knd", 2, 1, 4),
    E("value_off", true, RK_NOT_MONOTONE, "aval.off", 8, 4, 3),
    E("value_utf8", true, RK_BAD_UTF8, "aval.txt", 4, 1, 0x80),
    E("number_text", true, RK_VALUE_RANGE, "aval.txt", 16, 1, 'x'),
    {.name = "number_words", .kind = RK_KIND_EVENTS, .status = RK_VALUE_RANGE, .section = "aval.txt",
     .at = SECTION_AT("aval.txt", 7), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("attr.knd", 2), 1, RK_ATTRIBUTE_NUMBER, NULL}}},
    E("feature_off", false, RK_NOT_MONOTONE, "feat.off", 0, 4, 1),
    {.name = "feature_empty", .kind = RK_KIND_EVENTS, .status = RK_VALUE_RANGE, .section = "feat.txt",
     .at = SECTION_AT("feat.txt", 0), .reseal = RESEAL_ALL, .edits = {{SECTION_AT("feat.off", 4), 4, 0, NULL}}},
    {.name = "features_equal", .kind = RK_KIND_EVENTS, .golden = true, .status = RK_NOT_SORTED, .section = "feat.txt",
     .at = SECTION_AT("feat.txt", 7), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("feat.txt", 7), 7, 0, "country"}}},
    E("context_off", false, RK_NOT_MONOTONE, "ctx.off", 24, 4, 12),
    E("context_utf8", false, RK_BAD_UTF8, "ctx.txt", 2, 1, 0xC3),
    E("event_context", true, RK_VALUE_RANGE, "ev.ctx", 44, 4, 3),
    SHORT("item.bst", 16, 4), SHORT("rel.off", 20, 5),
    E("boost_negative", true, RK_VALUE_RANGE, "item.bst", 0, 4, F32_MINUS_1),
    E("boost_nan", true, RK_NOT_FINITE, "item.bst", 4, 4, F32_NAN),
    E("boost_large", false, RK_VALUE_RANGE, "item.bst", 4, 4, F32_2P21),
    MISSING(true, "rel.off"), MISSING(true, "rel.item"),
    /* Of item 0: items 1 and 3; of 2: 0; of 4: 0 and 2. */
    E("related_off", true, RK_NOT_MONOTONE, "rel.off", 8, 4, 1),
    E("related_item", true, RK_VALUE_RANGE, "rel.item", 4, 4, 5),
    E("related_to_itself", true, RK_VALUE_RANGE, "rel.item", 8, 4, 2),
    E("related_twice", true, RK_NOT_SORTED, "rel.item", 4, 4, 1),
    SHORT("ev.prop", 44, 11),
    E("propensity_zero", true, RK_VALUE_RANGE, "ev.prop", 0, 4, 0),
    E("propensity_large", true, RK_VALUE_RANGE, "ev.prop", 44, 4, 0x3F800001),
    E("propensity_nan", true, RK_NOT_FINITE, "ev.prop", 4, 4, F32_NAN),

    /* ---- deltas: the rows of dl.arm begin at 0, 9, 12, 17, 31, the blocks of dl.lin at 0, 17 ---- */
    {.name = "delta_kind", .kind = RK_KIND_DELTA, .golden = true, .status = RK_WRONG_KIND, .section = "",
     .at = FILE_AT(8), .reseal = RESEAL_ALL, .edits = {{FILE_AT(8), 4, RK_KIND_EVENTS, NULL}}},
    {.name = "delta_checksum", .kind = RK_KIND_DELTA, .golden = true, .status = RK_SECTION_CHECKSUM,
     .section = "dl.arm", .at = SECTION_AT("dl.arm", 0), .edits = {{SECTION_AT("dl.arm", 3), 1, 0x55, NULL}}},
    {.name = "delta_created_at", .kind = RK_KIND_DELTA, .golden = true, .status = RK_VALUE_RANGE,
     .section = "", .at = FILE_AT(96), .reseal = RESEAL_ALL, .edits = {{FILE_AT(96), 1, 1, NULL}}},
    {.name = "delta_without_model", .kind = RK_KIND_DELTA, .golden = true, .status = RK_SECTION_MISSING,
     .section = "dl.lin", .at = FILE_AT(128), .reseal = RESEAL_ALL,
     .edits = {{ENTRY_AT("dl.lin", E_TYPE), 1, 'x', NULL}, {ENTRY_AT("dl.lin", E_FLAGS), 2, 0, NULL}}},
    {.name = "delta_model_unasked", .kind = RK_KIND_DELTA, .golden = true, .status = RK_VALUE_RANGE,
     .section = "dl.meta", .at = SECTION_AT("dl.meta", 8), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("dl.meta", 8), 16, 0, ZEROS}}},
    {.name = "delta_reserved", .kind = RK_KIND_DELTA, .golden = true, .status = RK_RESERVED_NOT_ZERO,
     .section = "dl.meta", .at = SECTION_AT("dl.meta", 63), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("dl.meta", 63), 1, 1, NULL}}},
    D_META("delta_rows", 0, 4, (1u << 24) + 1),
    D_META("delta_day", 4, 4, 65536),
    D_META("delta_dim", 8, 4, 65),
    D_META("delta_days", 12, 4, 65),
    D_META("delta_no_days", 12, 4, 0),
    {.name = "delta_model_without_dim", .kind = RK_KIND_DELTA, .golden = true, .status = RK_VALUE_RANGE,
     .section = "dl.meta", .at = SECTION_AT("dl.meta", 16), .reseal = RESEAL_ALL,
     .edits = {{SECTION_AT("dl.meta", 8), 8, 0, NULL}}},
    D_COUNT("delta_more_rows", 0, 6, "dl.arm", 40),
    D_COUNT("delta_fewer_rows", 0, 4, "dl.arm", 31),
    D_COUNT("delta_more_blocks", 12, 3, "dl.lin", 41),
    D_COUNT("delta_fewer_blocks", 12, 1, "dl.lin", 17),
    D_ROW("arm_of_no_kind", RK_VALUE_RANGE, "dl.arm", 0, 6, 0x01),
    D_ROW("arm_key_large", RK_VALUE_RANGE, "dl.arm", 17, 23, 0x7F),
    D_ROW("arm_number_padded", RK_SECTION_SHAPE, "dl.arm", 0, 6, 0x00),
    D_ROW("arm_number_cut", RK_SECTION_SHAPE, "dl.arm", 31, 39, 0x80),
    D_ROW("arm_devices_form", RK_VALUE_RANGE, "dl.arm", 0, 7, 0x77),
    D_ROW("arm_days_zero", RK_VALUE_RANGE, "dl.arm", 9, 11, 0x00),
    D_ROW("arm_rewards_one", RK_VALUE_RANGE, "dl.arm", 12, 16, 0x01),
    D_ROW("arm_devices_one", RK_VALUE_RANGE, "dl.arm", 17, 30, 0x01),
    D_ROW("arm_of_nothing", RK_VALUE_RANGE, "dl.arm", 9, 10, 0x10),
    D_ROW("arm_days_descend", RK_NOT_SORTED, "dl.arm", 9, 11, 0x02),
    D_ROW("linear_diagonal", RK_VALUE_RANGE, "dl.lin", 0, 3, 0x81),
    D_ROW("linear_product_large", RK_VALUE_RANGE, "dl.lin", 0, 6, 0x7F),
    D_ROW("linear_without_decisions", RK_VALUE_RANGE, "dl.lin", 0, 1, 0x00),
    D_ROW("linear_reward_without", RK_VALUE_RANGE, "dl.lin", 0, 15, 0x02),
    D_ROW("linear_days_equal", RK_NOT_SORTED, "dl.lin", 17, 0, 0x00),
};
/* clang-format on */
enum { BAD_FILES = (int)(sizeof bad_files / sizeof *bad_files) };

#undef S
#undef MISSING
#undef SHORT
#undef MISSING_S
#undef UNASKED
#undef COUNTED
#undef E
#undef D_ROW
#undef D_META
#undef D_COUNT

static inline uint64_t resolve_place(const built_file *good, const place *at) {
    switch (at->kind) {
    case IN_FILE: return (uint64_t)at->byte;
    case AT_END: return good->size + (uint64_t)at->byte;
    case IN_ENTRY: return entry_offset(good, at->section) + (uint64_t)at->byte;
    case IN_SECTION: return section_offset(good, at->section) + (uint64_t)at->byte;
    case NOWHERE: break;
    }
    abort();
}

/* The damaged copy of `good`; free its bytes. */
static inline built_file make_bad_file(const built_file *good, const bad_file *bad) {
    const uint64_t size = good->size + (uint64_t)bad->size_change;
    built_file file = file_of_size(size);
    memcpy(file.bytes, good->bytes, (size_t)RK_MIN(size, good->size));
    for (size_t i = 0; i < 4 && bad->edits[i].at.kind != NOWHERE; i++) {
        const edit *change = &bad->edits[i];
        const void *from = change->text != NULL ? (const void *)change->text : &change->value;
        memcpy(file.bytes + resolve_place(good, &change->at), from, change->bytes);
    }
    reseal(&file, bad->reseal);
    return file;
}

/* What a reader of the kind answers. */
static inline rk_status read_file_of(uint32_t kind, const built_file *file, rk_error *error) {
    if (kind == RK_KIND_EVENTS) {
        rk_events_view view;
        return rk_events_read(file->bytes, file->size, &view, error);
    }
    if (kind == RK_KIND_DELTA) {
        rk_delta_view view;
        return rk_delta_read(file->bytes, file->size, &view, error);
    }
    rk_snapshot_view view;
    RK_TRY(rk_snapshot_open(file->bytes, file->size, &view, error));
    return rk_snapshot_verify(&view, error);
}

#endif
