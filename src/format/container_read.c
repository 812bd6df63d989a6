/* Opening and verifying a container: FORMAT.md section 1, in its order of checks.
 *
 * The layout is canonical: where each section starts follows from the sizes before it, so geometry
 * is a walk with one expected offset, and "inside the file", "aligned", "ascending" and "no
 * overlap" are one comparison. Every size that is used to address memory has been compared with the
 * size in hand before; the arithmetic on sizes from the file is checked.
 *
 * Open is O(sections^2) (64 at most, for duplicates); verify reads each byte once. */
#include "format/container.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "format/detail.h"

enum {
    HEADER_BYTES = (int)sizeof(rk_file_header),
    ENTRY_BYTES = (int)sizeof(rk_section_entry),
    KNOWN_SECTION_FLAGS = RK_SECTION_REQUIRED | RK_SECTION_PART_MASK,
    MAX_ELEM_BYTES = 4096
};

/* ---- header ---- */

static rk_status check_region(const rk_file_header *header, rk_error *error) {
    const size_t at = offsetof(rk_file_header, region);
    size_t used = 0;
    while (used < sizeof header->region && header->region[used] != '\0') used++;
    if (!rk_utf8_valid(header->region, used))
        return rk_fail_value(error, RK_BAD_UTF8, "", at, "region bytes", used,
                             sizeof header->region - 1);
    if (used == sizeof header->region)
        return rk_fail_value(error, RK_RESERVED_NOT_ZERO, "", at + used - 1, "region bytes", used,
                             used - 1);
    for (size_t i = used; i < sizeof header->region; i++)
        if (header->region[i] != '\0')
            return rk_fail_value(error, RK_RESERVED_NOT_ZERO, "", at + i, "byte after the region",
                                 (unsigned char)header->region[i], 0);
    return RK_OK;
}

/* Which reader may read the file at all. */
static rk_status check_versions(const rk_file_header *header, uint32_t kind, rk_error *error) {
    const bool known = header->kind >= RK_KIND_EVENTS && header->kind <= RK_KIND_DELTA;
    if (!known || (kind != 0 && header->kind != kind))
        return rk_fail_value(error, RK_WRONG_KIND, "", offsetof(rk_file_header, kind), "kind",
                             header->kind, kind != 0 ? kind : RK_KIND_DELTA);
    const size_t version_at = offsetof(rk_file_header, read_version);
    if (header->read_version > RK_FORMAT_VERSION)
        return rk_fail_value(error, RK_FUTURE_VERSION, "", version_at, "version",
                             header->read_version, RK_FORMAT_VERSION);
    if (header->read_version == 0)
        return rk_fail_value(error, RK_VALUE_RANGE, "", version_at, "version", 0, 1);
    if (header->incompat_flags != 0)
        return rk_fail_value(error, RK_UNKNOWN_FLAG, "", offsetof(rk_file_header, incompat_flags),
                             "flags", header->incompat_flags, 0);
    return RK_OK;
}

static rk_status check_header(const rk_file_header *header, uint32_t kind, rk_error *error) {
    if (memcmp(header->magic, RK_MAGIC, sizeof header->magic) != 0)
        return rk_fail_value(error, RK_BAD_MAGIC, "", 0, "first byte", header->magic[0],
                             (unsigned char)RK_MAGIC[0]);
    const size_t crc_at = offsetof(rk_file_header, header_crc32);
    const uint32_t crc = rk_crc32(header, crc_at);
    if (crc != header->header_crc32)
        return rk_fail_value(error, RK_HEADER_CHECKSUM, "", crc_at, "CRC-32", header->header_crc32,
                             crc);
    RK_TRY(check_versions(header, kind, error));
    for (size_t i = 0; i < sizeof header->reserved; i++)
        if (header->reserved[i] != 0)
            return rk_fail_value(error, RK_RESERVED_NOT_ZERO, "",
                                 offsetof(rk_file_header, reserved) + i, "byte",
                                 header->reserved[i], 0);
    if (header->write_version < header->read_version)
        return rk_fail_value(error, RK_VALUE_RANGE, "", offsetof(rk_file_header, write_version),
                             "version", header->write_version, header->read_version);
    RK_TRY(check_region(header, error));
    if (header->section_count < 1 || header->section_count > RK_MAX_SECTIONS)
        return rk_fail_value(error, RK_VALUE_RANGE, "", offsetof(rk_file_header, section_count),
                             "sections", header->section_count, RK_MAX_SECTIONS);
    return RK_OK;
}

static rk_status check_size(const rk_file_header *header, uint64_t size, rk_error *error) {
    if (header->file_bytes > size)
        return rk_fail_value(error, RK_TRUNCATED, "", size, "bytes", size, header->file_bytes);
    if (header->file_bytes < size)
        return rk_fail_value(error, RK_TRAILING_BYTES, "", header->file_bytes, "bytes", size,
                             header->file_bytes);
    const uint64_t table_end = HEADER_BYTES + (uint64_t)header->section_count * ENTRY_BYTES;
    if (table_end > size)
        return rk_fail_value(error, RK_SECTION_BOUNDS, "", HEADER_BYTES, "end of the table",
                             table_end, size);
    return RK_OK;
}

/* ---- section table ---- */

static rk_status check_table_checksums(const rk_file_header *header,
                                       const rk_section_entry *entries, rk_error *error) {
    const uint64_t table_bytes = (uint64_t)header->section_count * ENTRY_BYTES;
    const uint32_t crc = rk_crc32(entries, table_bytes);
    if (crc != header->table_crc32)
        return rk_fail_value(error, RK_TABLE_CHECKSUM, "", offsetof(rk_file_header, table_crc32),
                             "CRC-32", header->table_crc32, crc);
    rk_file_header blank = *header;
    memset(blank.content_id, 0, sizeof blank.content_id);
    blank.table_crc32 = 0;
    blank.header_crc32 = 0;
    unsigned char id[RK_SHA256_BYTES];
    rk_sha256 hash;
    rk_sha256_init(&hash);
    rk_sha256_update(&hash, &blank, sizeof blank);
    rk_sha256_update(&hash, entries, table_bytes);
    rk_sha256_final(&hash, id);
    if (memcmp(id, header->content_id, sizeof id) != 0)
        return rk_fail_value(error, RK_CONTENT_ID, "", offsetof(rk_file_header, content_id),
                             "first byte", header->content_id[0], id[0]);
    return RK_OK;
}

/* Bytes of a section's name, 0 if it is not a valid one. */
static size_t type_length(const char type[8]) {
    size_t used = 0;
    while (used < 8 && type[used] != '\0') used++;
    for (size_t i = 0; i < used; i++) {
        const char c = type[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.')) return 0;
    }
    return rk_bytes_are_zero(type + used, 8 - used) ? used : 0;
}

/* An entry under scrutiny: its name as a string and where it lies in the file. */
typedef struct entry_place {
    const rk_section_entry *entry;
    char type[9];
    uint64_t at;
} entry_place;

static entry_place place_of(const rk_section_entry *entries, uint32_t index) {
    entry_place place = {.entry = &entries[index],
                         .at = HEADER_BYTES + (uint64_t)index * ENTRY_BYTES};
    memcpy(place.type, place.entry->type, 8);
    return place;
}

#define FAIL_FIELD(status, field, what, limit)                                                     \
    rk_fail_value(error, (status), place->type, place->at + offsetof(rk_section_entry, field),     \
                  (what), place->entry->field, (limit))

static uint32_t part_of(const rk_section_entry *entry) {
    return (entry->flags & RK_SECTION_PART_MASK) >> RK_SECTION_PART_SHIFT;
}

static rk_status check_entry(const entry_place *place, rk_error *error) {
    const rk_section_entry *entry = place->entry;
    if (entry->version == 0) return FAIL_FIELD(RK_VALUE_RANGE, version, "version", 1);
    if ((entry->flags & ~KNOWN_SECTION_FLAGS) != 0)
        return FAIL_FIELD(RK_UNKNOWN_FLAG, flags, "flags", KNOWN_SECTION_FLAGS);
    if (part_of(entry) >= RK_PART_COUNT) return FAIL_FIELD(RK_VALUE_RANGE, flags, "flags", 5);
    if (entry->elem_bytes < 1 || entry->elem_bytes > MAX_ELEM_BYTES)
        return FAIL_FIELD(RK_SECTION_SHAPE, elem_bytes, "elem_bytes", MAX_ELEM_BYTES);
    uint64_t bytes = 0;
    if (!rk_mul_u64(entry->count, entry->elem_bytes, &bytes))
        return FAIL_FIELD(RK_SECTION_SHAPE, count, "count", UINT64_MAX / entry->elem_bytes);
    if (bytes != entry->bytes) return FAIL_FIELD(RK_SECTION_SHAPE, bytes, "bytes", bytes);
    return RK_OK;
}

static uint64_t round_up(uint64_t at) {
    return (at + RK_SECTION_ALIGNMENT - 1) / RK_SECTION_ALIGNMENT * RK_SECTION_ALIGNMENT;
}

static rk_status check_table(const rk_file_header *header, const rk_section_entry *entries,
                             rk_error *error) {
    const uint32_t count = header->section_count;
    /* `expected` cannot overflow: it is at most file_bytes, the size of memory in hand, rounded up.
     */
    uint64_t expected = round_up(HEADER_BYTES + (uint64_t)count * ENTRY_BYTES);
    for (uint32_t i = 0; i < count; i++) {
        const entry_place here = place_of(entries, i), *place = &here;
        const rk_section_entry *entry = place->entry;
        if (type_length(entry->type) == 0)
            return rk_fail_value(error, RK_VALUE_RANGE, "", place->at, "name of section", i, count);
        for (uint32_t before = 0; before < i; before++)
            if (memcmp(entries[before].type, entry->type, 8) == 0)
                return rk_fail_value(error, RK_SECTION_DUPLICATE, place->type, place->at,
                                     "repeats section", before, i);
        RK_TRY(check_entry(place, error));
        if (i > 0 && part_of(entry) < part_of(entry - 1))
            return FAIL_FIELD(RK_SECTION_ORDER, flags, "flags", entries[i - 1].flags);
        if (entry->offset != expected)
            return FAIL_FIELD(RK_SECTION_ORDER, offset, "offset", expected);
        if (expected > header->file_bytes || entry->bytes > header->file_bytes - expected)
            return FAIL_FIELD(RK_SECTION_BOUNDS, bytes, "bytes",
                              expected > header->file_bytes ? 0 : header->file_bytes - expected);
        expected = round_up(expected + entry->bytes);
    }
    if (expected != header->file_bytes)
        return rk_fail_value(error, RK_SECTION_BOUNDS, "", offsetof(rk_file_header, file_bytes),
                             "bytes", header->file_bytes, expected);
    return RK_OK;
}

rk_status rk_container_open(const void *bytes, uint64_t size, uint32_t kind, rk_container *out,
                            rk_error *error) {
    const uintptr_t misaligned = (uintptr_t)bytes % RK_SECTION_ALIGNMENT;
    if (misaligned != 0)
        return rk_fail_value(error, RK_MISALIGNED, "", 0, "address modulo 64 is", misaligned, 0);
    if (size < HEADER_BYTES)
        return rk_fail_value(error, RK_TRUNCATED, "", size, "bytes", size, HEADER_BYTES);
    const rk_file_header *header = bytes;
    RK_TRY(check_header(header, kind, error));
    RK_TRY(check_size(header, size, error));
    const rk_section_entry *entries = (const void *)(header + 1);
    RK_TRY(check_table_checksums(header, entries, error));
    RK_TRY(check_table(header, entries, error));
    *out = (rk_container){.bytes = bytes, .header = header, .entries = entries};
    return RK_OK;
}

/* ---- verify ---- */

static rk_status check_gap(const rk_container *container, uint64_t from, uint64_t to,
                           rk_error *error) {
    for (uint64_t at = from; at < to; at++)
        if (container->bytes[(size_t)at] != 0)
            return rk_fail_value(error, RK_GAP_NOT_ZERO, "", at, "byte",
                                 container->bytes[(size_t)at], 0);
    return RK_OK;
}

rk_status rk_container_verify_section(const rk_container *container, const rk_section_entry *entry,
                                      rk_error *error) {
    unsigned char sha256[RK_SHA256_BYTES];
    rk_sha256_of(container->bytes + (size_t)entry->offset, entry->bytes, sha256);
    if (memcmp(sha256, entry->sha256, sizeof sha256) == 0) return RK_OK;
    const entry_place place = place_of(container->entries, (uint32_t)(entry - container->entries));
    return rk_fail_value(error, RK_SECTION_CHECKSUM, place.type, entry->offset,
                         "first byte of its SHA-256", entry->sha256[0], sha256[0]);
}

rk_status rk_container_verify(const rk_container *container, rk_error *error) {
    const uint32_t count = container->header->section_count;
    uint64_t at = HEADER_BYTES + (uint64_t)count * ENTRY_BYTES;
    for (uint32_t i = 0; i < count; i++) {
        const rk_section_entry *entry = &container->entries[i];
        RK_TRY(check_gap(container, at, entry->offset, error));
        RK_TRY(rk_container_verify_section(container, entry, error));
        at = entry->offset + entry->bytes;
    }
    return check_gap(container, at, container->header->file_bytes, error);
}

/* ---- sections by name ---- */

static bool has_type(const rk_section_entry *entry, const char *type) {
    const size_t length = strlen(type);
    return length <= 8 && memcmp(entry->type, type, length) == 0 &&
           (length == 8 || entry->type[length] == '\0');
}

const rk_section_entry *rk_container_find(const rk_container *container, const char *type) {
    for (uint32_t i = 0; i < container->header->section_count; i++)
        if (has_type(&container->entries[i], type)) return &container->entries[i];
    return NULL;
}

/* A known section of a version this reader knows. */
static rk_status check_against_spec(const entry_place *place, const rk_section_spec *spec,
                                    rk_error *error) {
    const rk_section_entry *entry = place->entry;
    if (spec->elem_bytes != 0 && entry->elem_bytes != spec->elem_bytes)
        return FAIL_FIELD(RK_SECTION_SHAPE, elem_bytes, "elem_bytes", spec->elem_bytes);
    if (part_of(entry) != spec->part)
        return FAIL_FIELD(RK_SECTION_ORDER, flags, "flags", spec->part);
    if (spec->required && (entry->flags & RK_SECTION_REQUIRED) == 0)
        return FAIL_FIELD(RK_VALUE_RANGE, flags, "flags", entry->flags | RK_SECTION_REQUIRED);
    return RK_OK;
}

rk_status rk_container_resolve(const rk_container *container, const rk_section_spec *specs,
                               size_t spec_count, const rk_section_entry **found, rk_error *error) {
    for (size_t s = 0; s < spec_count; s++) found[s] = NULL;
    for (uint32_t i = 0; i < container->header->section_count; i++) {
        const entry_place here = place_of(container->entries, i), *place = &here;
        const rk_section_entry *entry = place->entry;
        size_t s = 0;
        while (s < spec_count && !has_type(entry, specs[s].type)) s++;
        const bool required = (entry->flags & RK_SECTION_REQUIRED) != 0;
        if (s == spec_count) {
            if (required)
                return rk_fail_value(error, RK_SECTION_UNKNOWN, place->type, place->at, "section",
                                     i, container->header->section_count);
            continue;
        }
        if (entry->version > RK_FORMAT_VERSION) {
            if (required || specs[s].required)
                return FAIL_FIELD(RK_SECTION_VERSION, version, "version", RK_FORMAT_VERSION);
            continue;
        }
        RK_TRY(check_against_spec(place, &specs[s], error));
        found[s] = entry;
    }
    for (size_t s = 0; s < spec_count; s++)
        if (specs[s].required && found[s] == NULL)
            return rk_fail_value(error, RK_SECTION_MISSING, specs[s].type, HEADER_BYTES,
                                 "not among sections", container->header->section_count,
                                 RK_MAX_SECTIONS);
    return RK_OK;
}
