/* Assertions the file tests share: tables are equal, a damaged file is refused with the right
 * error. */
#ifndef RK_TESTS_DAMAGE_H
#define RK_TESTS_DAMAGE_H

#include "bad_files.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static inline void assert_strings_equal(const rk_strings *a, const rk_strings *b) {
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->offsets == NULL, b->offsets == NULL);
    if (a->offsets == NULL) return;
    assert_memory_equal(a->offsets, b->offsets, (a->count + 1) * sizeof *a->offsets);
    assert_memory_equal(a->text, b->text, a->offsets[a->count]);
}

static inline void assert_error(const char *name, const rk_error *error, rk_status status,
                                const char *section, uint64_t offset) {
    if (error->status == (uint32_t)status && strcmp(error->section, section) == 0 &&
        error->offset == offset && error->detail[0] != '\0')
        return;
    fail_msg("%s: %s in \"%s\" at %llu (%s), expected %s in \"%s\" at %llu", name,
             rk_status_name(error->status), error->section, (unsigned long long)error->offset,
             error->detail, rk_status_name((uint32_t)status), section, (unsigned long long)offset);
}

/* Every row of bad_files of one kind, read from memory of exactly the file's size. */
static inline void assert_bad_files_refused(uint32_t kind, const built_file *good) {
    uint32_t rows = 0;
    for (size_t i = 0; i < BAD_FILES; i++) {
        const bad_file *bad = &bad_files[i];
        if (bad->kind != kind) continue;
        const built_file file = make_bad_file(good, bad);
        rk_error error = {0};
        const rk_status status = read_file_of(kind, &file, &error);
        assert_int_equal(status, error.status);
        assert_error(bad->name, &error, bad->status, bad->section, resolve_place(good, &bad->at));
        assert_int_equal(read_file_of(kind, &file, NULL),
                         status); /* no error struct: same answer */
        free(file.bytes);
        rows++;
    }
    assert_true(rows > 20);
}

/* Any single flipped bit, checksums left as they were. */
static inline void assert_bit_flips_refused(uint32_t kind, const built_file *good) {
    const built_file file = file_copy(good->bytes, good->size);
    for (uint64_t bit = 0; bit < good->size * 8; bit++) {
        file.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        rk_error error = {0};
        if (read_file_of(kind, &file, &error) == RK_OK)
            fail_msg("bit %llu of byte %llu flipped and accepted", (unsigned long long)(bit % 8),
                     (unsigned long long)(bit / 8));
        file.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    assert_int_equal(read_file_of(kind, &file, NULL), RK_OK);
    free(file.bytes);
}

/* Every shorter length, in memory that ends within 64 bytes of it. */
static inline void assert_truncations_refused(uint32_t kind, const built_file *good) {
    for (uint64_t size = 0; size < good->size; size++) {
        const built_file file = file_copy(good->bytes, size);
        rk_error error = {0};
        assert_int_equal(read_file_of(kind, &file, &error), RK_TRUNCATED);
        assert_error("truncated", &error, RK_TRUNCATED, "", size);
        free(file.bytes);
    }
}

static inline void assert_misaligned_refused(uint32_t kind, const built_file *good) {
    unsigned char *memory = aligned_alloc(64, (size_t)(good->size + 64 + 63) / 64 * 64);
    assert_non_null(memory);
    for (uint32_t shift = 1; shift < 64; shift++) {
        memcpy(memory + shift, good->bytes, (size_t)good->size);
        const built_file file = {memory + shift, good->size};
        rk_error error = {0};
        assert_int_equal(read_file_of(kind, &file, &error), RK_MISALIGNED);
        assert_error("misaligned", &error, RK_MISALIGNED, "", 0);
    }
    free(memory);
}

#endif
