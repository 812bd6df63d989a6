/* Writing a container: FORMAT.md section 1. A pure function of its arguments: no clock, no path. */
#include "format/container.h"

#include "base/bytes.h"
#include "base/checksum.h"

static uint64_t round_up(uint64_t at) {
    return (at + RK_SECTION_ALIGNMENT - 1) / RK_SECTION_ALIGNMENT * RK_SECTION_ALIGNMENT;
}

static uint64_t table_end(uint32_t count) {
    return sizeof(rk_file_header) + (uint64_t)count * sizeof(rk_section_entry);
}

uint64_t rk_container_bytes(const rk_section_data *sections, uint32_t count) {
    uint64_t at = round_up(table_end(count));
    for (uint32_t i = 0; i < count; i++)
        at = round_up(at + sections[i].count * sections[i].elem_bytes);
    return at;
}

/* Copies a section's content to `at`, zeroes the gap behind it and describes it. Returns the end.
 */
static uint64_t write_section(const rk_section_data *section, uint64_t at, unsigned char *out,
                              rk_section_entry *entry) {
    const uint64_t bytes = section->count * section->elem_bytes, end = round_up(at + bytes);
    const size_t type_bytes = strlen(section->type);
    assert(type_bytes >= 1 && type_bytes <= sizeof entry->type);
    assert(section->elem_bytes >= 1 && section->elem_bytes <= 4096);
    if (bytes > 0) memcpy(out + (size_t)at, section->data, (size_t)bytes);
    memset(out + (size_t)(at + bytes), 0, (size_t)(end - at - bytes));
    *entry = (rk_section_entry){
        .version = RK_FORMAT_VERSION,
        .flags = (uint16_t)((section->required ? RK_SECTION_REQUIRED : 0) |
                            section->part << RK_SECTION_PART_SHIFT),
        .elem_bytes = section->elem_bytes,
        .offset = at,
        .bytes = bytes,
        .count = section->count,
    };
    memcpy(entry->type, section->type, type_bytes);
    rk_sha256_of(out + (size_t)at, bytes, entry->sha256);
    return end;
}

/* Checksums of a header that is otherwise complete, in the order in which they cover each other. */
static void seal_header(rk_file_header *header, const unsigned char *table, uint64_t table_bytes) {
    rk_sha256 hash;
    rk_sha256_init(&hash);
    rk_sha256_update(&hash, header, sizeof *header);
    rk_sha256_update(&hash, table, table_bytes);
    rk_sha256_final(&hash, header->content_id);
    header->table_crc32 = rk_crc32(table, table_bytes);
    header->header_crc32 = rk_crc32(header, offsetof(rk_file_header, header_crc32));
}

void rk_container_write(uint32_t kind, const char *region, int64_t created_at_ms,
                        const rk_section_data *sections, uint32_t count, unsigned char *out) {
    rk_file_header header = {
        .kind = kind,
        .read_version = RK_FORMAT_VERSION,
        .write_version = RK_FORMAT_VERSION,
        .file_bytes = rk_container_bytes(sections, count),
        .created_at_ms = created_at_ms,
        .section_count = count,
    };
    const size_t region_bytes = strlen(region);
    assert(count >= 1 && count <= RK_MAX_SECTIONS);
    assert(region_bytes < sizeof header.region && rk_utf8_valid(region, region_bytes));
    memcpy(header.magic, RK_MAGIC, sizeof header.magic);
    memcpy(header.region, region, region_bytes);

    unsigned char *table = out + sizeof header;
    uint64_t at = round_up(table_end(count));
    memset(out + (size_t)table_end(count), 0, (size_t)(at - table_end(count)));
    for (uint32_t i = 0; i < count; i++) {
        assert(i == 0 || sections[i].part >= sections[i - 1].part);
        rk_section_entry entry; /* `out` may have any alignment, so entries are copied in */
        at = write_section(&sections[i], at, out, &entry);
        memcpy(table + i * sizeof entry, &entry, sizeof entry);
    }
    seal_header(&header, table, (uint64_t)count * sizeof(rk_section_entry));
    memcpy(out, &header, sizeof header);
}
