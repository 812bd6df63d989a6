/* The promises of FORMAT.md that sections of every kind share, each proved by one function.
 *
 * All take a section of an opened container (so its bytes lie inside the file and are aligned). A
 * failure names the section, the absolute offset of the offending element, and its value. */
#ifndef RK_FORMAT_CHECKS_H
#define RK_FORMAT_CHECKS_H

#include "format/container.h"
#include "format/detail.h"
#include "format/strings.h"

/* First byte of a section; NULL for NULL (an absent one). */
const void *rk_section_data_of(const rk_container *container, const rk_section_entry *entry);

/* Fail at byte `byte` of a section's content. */
rk_status rk_fail_in(rk_error *error, rk_status status, const rk_section_entry *entry,
                     uint64_t byte, const char *detail);
rk_status rk_fail_value_in(rk_error *error, rk_status status, const rk_section_entry *entry,
                           uint64_t byte, const char *what, uint64_t value, uint64_t limit);

/* SECTION_SHAPE unless the section has this many elements of this size. */
rk_status rk_check_shape(const rk_container *container, const rk_section_entry *entry,
                         uint64_t elem_bytes, uint64_t count, rk_error *error);
/* SECTION_MISSING unless the two sections of an optional string table are both there or neither. */
rk_status rk_check_pair(const rk_section_entry *off, const char *off_type,
                        const rk_section_entry *text, const char *text_type, rk_error *error);

/* `value`, the field at `byte` of the section, lies in [low, high]. */
rk_status rk_check_range(const rk_section_entry *entry, uint64_t byte, const char *what,
                         uint64_t value, uint64_t low, uint64_t high, rk_error *error);
/* Bytes first..end - 1 of the section are zero. */
rk_status rk_check_zero(const rk_container *container, const rk_section_entry *entry,
                        uint64_t first, uint64_t end, rk_error *error);
/* The f32 at `byte` of the section is finite and in [low, high]. */
rk_status rk_check_float(const rk_section_entry *entry, uint64_t byte, const char *what,
                         float value, float low, float high, rk_error *error);
/* As above for every f32 of a section that holds nothing else. */
rk_status rk_check_floats(const rk_container *container, const rk_section_entry *entry, float low,
                          float high, rk_error *error);
/* The range of an f32 where FORMAT.md says nothing else: -RK_FLOAT_LIMIT to RK_FLOAT_LIMIT. */
#define RK_FLOAT_LIMIT 0x1p20f
/* Every u32 of the section is < limit. */
rk_status rk_check_below(const rk_container *container, const rk_section_entry *entry,
                         const char *what, uint64_t limit, rk_error *error);
/* rk_place: degrees, or no place in both coordinates, never in one. NULL: nothing to check. */
rk_status rk_check_places(const rk_container *container, const rk_section_entry *entry,
                          rk_error *error);
/* u32 offsets: first 0, never descending, last = end. The section is not empty. */
rk_status rk_check_offsets(const rk_container *container, const rk_section_entry *entry,
                           uint64_t end, rk_error *error);

enum {
    RK_STRINGS_ANY = 0,
    RK_STRINGS_IDS = 1,    /* 1 to 65,535 bytes */
    RK_STRINGS_SORTED = 2, /* strictly ascending, bytewise */
    RK_STRINGS_UNIQUE = 4  /* by comparing all pairs: for short tables */
};
#define RK_MAX_ID_BYTES 65535u
/* Offsets and UTF-8 of a string table, and the rules asked for. NULL entries: nothing to check. */
rk_status rk_check_strings(const rk_container *container, const rk_section_entry *off,
                           const rk_section_entry *text, uint32_t rules, rk_error *error);

/* The table as strings; both entries NULL: an absent one. */
rk_strings rk_strings_of(const rk_container *container, const rk_section_entry *off,
                         const rk_section_entry *text);

#endif
