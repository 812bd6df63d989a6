/* The container of FORMAT.md section 1: header, section table, sections.
 *
 * Opening is O(sections) and copies nothing; verifying reads every byte once. After both, the
 * kind's own reader (events_read.h, snapshot_read.h) proves what the sections contain. */
#ifndef RK_FORMAT_CONTAINER_H
#define RK_FORMAT_CONTAINER_H

#include "base/status.h"

#define RK_MAGIC             "\x89RKN\r\n\x1a\n" /* non-ASCII, CRLF: text mode damage shows at once */
#define RK_FORMAT_VERSION    1u
#define RK_SECTION_ALIGNMENT 64u
#define RK_MAX_SECTIONS      64u

enum { RK_KIND_EVENTS = 1, RK_KIND_SNAPSHOT = 2, RK_KIND_DELTA = 3 };
enum { RK_PART_CORE = 0, RK_PART_VECTORS = 1, RK_PART_TEXT = 2, RK_PART_COUNT = 3 };
enum { RK_SECTION_REQUIRED = 1, RK_SECTION_PART_SHIFT = 1, RK_SECTION_PART_MASK = 6 };

typedef struct rk_file_header {
    unsigned char magic[8];
    uint32_t kind;
    uint16_t read_version;
    uint16_t write_version;
    uint32_t compat_flags;
    uint32_t incompat_flags;
    uint64_t file_bytes;
    unsigned char content_id[32];
    char region[32];
    int64_t created_at_ms;
    uint32_t section_count;
    uint32_t table_crc32;
    unsigned char reserved[12];
    uint32_t header_crc32;
} rk_file_header;
RK_STATIC_ASSERT(sizeof(rk_file_header) == 128, header_is_128_bytes);
RK_STATIC_ASSERT(offsetof(rk_file_header, created_at_ms) == 96, header_layout);

typedef struct rk_section_entry {
    char type[8];
    uint16_t version;
    uint16_t flags;
    uint32_t elem_bytes;
    uint64_t offset;
    uint64_t bytes;
    uint64_t count;
    unsigned char sha256[32];
} rk_section_entry;
RK_STATIC_ASSERT(sizeof(rk_section_entry) == 72, entry_is_72_bytes);

/* A view: valid as long as the bytes are. */
typedef struct rk_container {
    const unsigned char *bytes;
    const rk_file_header *header;
    const rk_section_entry *entries; /* (header->section_count) */
} rk_container;

/* Checks header, table and section geometry (O(sections), section bytes untouched). `bytes` must
 * be aligned to 64 (MISALIGNED). `kind` 0 accepts any. */
rk_status rk_container_open(const void *bytes, uint64_t size, uint32_t kind, rk_container *out,
                            rk_error *error);

/* Checks every section's SHA-256 and that gaps are zero. O(bytes). */
rk_status rk_container_verify(const rk_container *container, rk_error *error);

/* One section's SHA-256, for a reader that needs its values before the whole file is verified. */
rk_status rk_container_verify_section(const rk_container *container, const rk_section_entry *entry,
                                      rk_error *error);

/* NULL if there is none. `type` is a string of at most 8 characters. */
const rk_section_entry *rk_container_find(const rk_container *container, const char *type);

/* What a kind may contain: one row a section. A reader finds all of them by one table. */
typedef struct rk_section_spec {
    const char *type;
    uint32_t elem_bytes; /* 0: depends on the file, checked by the kind's reader */
    uint8_t part;
    bool required;
} rk_section_spec;

/* Finds the section of each spec: found[i] is NULL for an absent optional one (or one of a later
 * version). Refuses missing, mis-shaped, misplaced, later required and unknown required sections.
 */
rk_status rk_container_resolve(const rk_container *container, const rk_section_spec *specs,
                               size_t spec_count, const rk_section_entry **found, rk_error *error);

/* ---- writing ---- */

typedef struct rk_section_data {
    const char *type;
    uint8_t part;
    bool required;
    uint32_t elem_bytes;
    uint64_t count;
    const void *data;
} rk_section_data;

/* Size of the file these sections make. */
uint64_t rk_container_bytes(const rk_section_data *sections, uint32_t count);

/* Writes the whole file into `out` (of rk_container_bytes, any alignment): same arguments, same
 * bytes. Sections must be in part order. `region` is at most 31 bytes. */
void rk_container_write(uint32_t kind, const char *region, int64_t created_at_ms,
                        const rk_section_data *sections, uint32_t count, unsigned char *out);

#endif
