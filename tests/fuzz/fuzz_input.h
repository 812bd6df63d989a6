/* How both fuzz targets turn their input into a file. The first byte chooses a way, the rest feeds
 * it: 0 raw       the rest is the file: magic, checksums and geometry meet what they meet in the
 * wild 1 resealed  the rest is the file, its checksums made right: mutations reach the value checks
 *   2 edits     a valid small file, changed by the rest: each 4 bytes are a u24 position (modulo
 * the file's size) and a new byte, then resealed: the shortest way into every check The file lies
 * in 64-byte aligned heap memory that ends within 63 bytes of it. */
#ifndef RK_TESTS_FUZZ_INPUT_H
#define RK_TESTS_FUZZ_INPUT_H

#include "../unit/file_builder.h"

static inline built_file edited_file(built_file file, const uint8_t *edits, size_t size) {
    for (size_t at = 0; at + 4 <= size; at += 4) {
        const uint32_t position =
            edits[at] | (uint32_t)edits[at + 1] << 8 | (uint32_t)edits[at + 2] << 16;
        file.bytes[position % file.size] = edits[at + 3];
    }
    return file;
}

/* free() its bytes. `build` makes the valid file of way 2. */
static inline built_file file_of_input(const uint8_t *input, size_t size,
                                       built_file (*build)(void)) {
    const uint32_t way = size == 0 ? 0 : input[0] % 3u;
    const uint8_t *rest = size == 0 ? input : input + 1;
    const size_t rest_size = size == 0 ? 0 : size - 1;
    built_file file = way == 2 ? edited_file(build(), rest, rest_size) : file_copy(rest, rest_size);
    if (way != 0) reseal(&file, RESEAL_ALL);
    return file;
}

/* Where walked bytes end up, so that no read is optimised away. */
static volatile uint64_t walked;

static inline void walk_bytes(const void *bytes, uint64_t size) {
    const unsigned char *at = bytes;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < size; i++) sum += at[i];
    walked += sum;
}

static inline void walk_strings(const rk_strings *strings, bool sorted) {
    for (uint32_t row = 0; row < strings->count; row++) {
        const char *text;
        const uint32_t size = rk_strings_get(strings, row, &text);
        walk_bytes(text, size);
        if (sorted && rk_strings_find(strings, text, size) != row) abort();
    }
}

/* libFuzzer's entry; replay_main.c calls it too. */
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

#endif
