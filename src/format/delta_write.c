/* Writing deltas: FORMAT.md section 4. */
#include "format/delta_read.h"
#include "format/delta_sections.h"

/* Counts bytes, and keeps them where there is memory. */
typedef struct sink {
    unsigned char *at; /* or NULL */
    uint64_t bytes;
} sink;

static void put(sink *out, uint64_t value) {
    do {
        const unsigned char byte = (unsigned char)(value & 0x7F);
        value >>= 7;
        if (out->at) *out->at++ = value != 0 ? byte | 0x80 : byte;
        out->bytes++;
    } while (value != 0);
}

static void put_signed(sink *out, int64_t value) {
    put(out, (uint64_t)value << 1 ^ (uint64_t)(value < 0 ? -1 : 0));
}

static void put_row(sink *out, const rk_arm_row *row, uint64_t key_before, uint32_t newest) {
    const uint64_t days = newest - rk_row_day(row), devices = (uint64_t)row->devices;
    uint64_t trials = (uint64_t)row->trials, rewards = (uint64_t)row->rewards;
    const bool fractions = trials % RK_ARM_ONE != 0 || rewards % RK_ARM_ONE != 0;
    if (!fractions) trials /= RK_ARM_ONE, rewards /= RK_ARM_ONE;
    const uint64_t form = fractions ? ROW_FRACTIONS : RK_MIN(rewards, ROW_REWARDS_FOLLOW);
    put(out, rk_row_key(row) - key_before);
    put(out, trials << ROW_TRIALS_SHIFT | (days != 0 ? ROW_DAYS_FOLLOW : 0) |
                 form << ROW_REWARDS_SHIFT | RK_MIN(devices, ROW_DEVICES_FOLLOW));
    if (days != 0) put(out, days);
    if (form >= ROW_REWARDS_FOLLOW) put(out, rewards);
    if (devices >= ROW_DEVICES_FOLLOW) put(out, devices);
}

static void put_arms(sink *out, const rk_delta_content *content) {
    uint64_t key = 0;
    for (uint32_t i = 0; i < content->meta.arm_rows; i++) {
        put_row(out, &content->arms[i], key, content->meta.day);
        key = rk_row_key(&content->arms[i]);
    }
}

static void put_linear(sink *out, const rk_delta_content *content) {
    const uint32_t words = rk_linear_words(content->meta.linear_dim);
    for (uint32_t i = 0; i < content->meta.linear_days; i++) {
        const int64_t *block = content->linear + (size_t)i * words;
        put(out, (uint64_t)(content->meta.day - block[RK_LINEAR_DAY]));
        put(out, (uint64_t)block[RK_LINEAR_TRIALS]);
        put(out, (uint64_t)block[RK_LINEAR_REWARDS]);
        for (uint32_t w = RK_LINEAR_PRODUCTS; w < words; w++) put_signed(out, block[w]);
    }
}

/* The sections, their data packed into `scratch` if there is one; returns how many. */
static uint32_t list_sections(const rk_delta_content *content, unsigned char *scratch,
                              rk_section_data *sections) {
    const bool modelled = content->meta.linear_dim != 0;
    sink arms = {scratch, 0}, linear = {NULL, 0};
    put_arms(&arms, content);
    if (scratch) linear.at = scratch + arms.bytes;
    unsigned char *linear_data = linear.at;
    if (modelled) put_linear(&linear, content);
    const void *const data[DL_SECTIONS] = {&content->meta, scratch, linear_data};
    const uint64_t counts[DL_SECTIONS] = {1, arms.bytes, linear.bytes};
    uint32_t used = 0;
    for (uint32_t s = 0; s < DL_SECTIONS; s++)
        if (s != DL_LIN || modelled)
            sections[used++] = (rk_section_data){.type = delta_specs[s].type,
                                                 .part = delta_specs[s].part,
                                                 .required = true,
                                                 .elem_bytes = delta_specs[s].elem_bytes,
                                                 .count = counts[s],
                                                 .data = data[s]};
    return used;
}

uint64_t rk_delta_packed_bytes(const rk_delta_content *content) {
    rk_section_data sections[DL_SECTIONS];
    const uint32_t count = list_sections(content, NULL, sections);
    return sections[DL_ARM].count + (count == DL_SECTIONS ? sections[DL_LIN].count : 0);
}

uint64_t rk_delta_bytes(const rk_delta_content *content) {
    rk_section_data sections[DL_SECTIONS];
    const uint32_t count = list_sections(content, NULL, sections);
    return rk_container_bytes(sections, count);
}

void rk_delta_write(const rk_delta_content *content, const char *region, unsigned char *scratch,
                    unsigned char *out) {
    rk_section_data sections[DL_SECTIONS];
    const uint32_t count = list_sections(content, scratch, sections);
    rk_container_write(RK_KIND_DELTA, region, content->meta.day * RK_MS_PER_DAY, sections, count,
                       out);
}
