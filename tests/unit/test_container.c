/* The container: writing, opening, verifying, finding and resolving sections. */
#include "damage.h"

#include "base/bytes.h"

static const uint32_t numbers[3] = {1, 2, 3};
static const rk_section_data two_sections[2] = {
    {"alpha", RK_PART_CORE, true, 4, 3, numbers},
    {"beta.txt", RK_PART_TEXT, false, 1, 0, NULL},
};

static built_file write_two(uint32_t kind) {
    const built_file file = file_of_size(rk_container_bytes(two_sections, 2));
    rk_container_write(kind, "r", -5, two_sections, 2, file.bytes);
    return file;
}

static void written_file_opens(void **state) {
    (void)state;
    const built_file file = write_two(RK_KIND_DELTA);
    assert_int_equal(file.size, 384); /* 128 + 144, gap, 12 bytes, gap; beta.txt is empty */
    rk_container container;
    rk_error error;
    for (uint32_t kind = 0; kind <= 3; kind += 3) {
        assert_int_equal(rk_container_open(file.bytes, file.size, kind, &container, &error), RK_OK);
        assert_int_equal(rk_container_verify(&container, &error), RK_OK);
    }
    assert_int_equal(container.header->created_at_ms, -5);
    assert_string_equal(container.header->region, "r");
    assert_int_equal(container.header->section_count, 2);
    const rk_section_entry *alpha = rk_container_find(&container, "alpha");
    assert_int_equal(alpha->offset, 320);
    assert_int_equal(alpha->count, 3);
    assert_memory_equal(file.bytes + alpha->offset, numbers, sizeof numbers);
    const rk_section_entry *beta = rk_container_find(&container, "beta.txt");
    assert_int_equal(beta->flags, RK_PART_TEXT << RK_SECTION_PART_SHIFT);
    assert_int_equal(beta->bytes, 0);
    assert_null(rk_container_find(&container, "alph"));
    assert_null(rk_container_find(&container, "alpha."));
    assert_null(rk_container_find(&container, "beta.txt."));
    free(file.bytes);
}

static void writing_is_a_pure_function(void **state) {
    (void)state;
    const built_file file = write_two(RK_KIND_DELTA);
    unsigned char *other = malloc((size_t)file.size + 1);
    assert_non_null(other);
    memset(other, 0xEE, (size_t)file.size + 1);
    rk_container_write(RK_KIND_DELTA, "r", -5, two_sections, 2, other + 1); /* any alignment */
    assert_memory_equal(file.bytes, other + 1, (size_t)file.size);
    free(other);
    free(file.bytes);
}

static void content_id_follows_the_content(void **state) {
    (void)state;
    const built_file one = write_two(RK_KIND_DELTA), two = write_two(RK_KIND_EVENTS);
    assert_memory_not_equal(one.bytes + 32, two.bytes + 32, 32);
    free(one.bytes);
    free(two.bytes);
}

static void a_region_may_have_31_bytes(void **state) {
    (void)state;
    const built_file file = file_of_size(rk_container_bytes(two_sections, 2));
    const char region[] = "0123456789012345678901234567890";
    rk_container_write(RK_KIND_DELTA, region, 0, two_sections, 2, file.bytes);
    rk_container container;
    assert_int_equal(rk_container_open(file.bytes, file.size, 0, &container, NULL), RK_OK);
    assert_string_equal(container.header->region, region);
    free(file.bytes);
}

static void sixty_four_sections_fit(void **state) {
    (void)state;
    rk_section_data sections[RK_MAX_SECTIONS];
    char names[RK_MAX_SECTIONS][4];
    for (uint32_t i = 0; i < RK_MAX_SECTIONS; i++) {
        snprintf(names[i], sizeof names[i], "s%u", i);
        sections[i] = (rk_section_data){names[i], RK_PART_CORE, false, 1, i, names};
    }
    const built_file file = file_of_size(rk_container_bytes(sections, RK_MAX_SECTIONS));
    rk_container_write(RK_KIND_DELTA, "", 0, sections, RK_MAX_SECTIONS, file.bytes);
    rk_container container;
    assert_int_equal(rk_container_open(file.bytes, file.size, 0, &container, NULL), RK_OK);
    assert_int_equal(rk_container_verify(&container, NULL), RK_OK);
    assert_int_equal(rk_container_find(&container, "s63")->bytes, 63);
    free(file.bytes);
}

static void unknown_optional_sections_are_skipped(void **state) {
    (void)state;
    static const rk_section_spec specs[] = {{"alpha", 4, RK_PART_CORE, true},
                                            {"gamma", 1, RK_PART_CORE, false}};
    const built_file file = write_two(RK_KIND_DELTA);
    rk_container container;
    assert_int_equal(rk_container_open(file.bytes, file.size, 0, &container, NULL), RK_OK);
    const rk_section_entry *found[2];
    assert_int_equal(rk_container_resolve(&container, specs, 2, found, NULL), RK_OK);
    assert_ptr_equal(found[0], rk_container_find(&container, "alpha"));
    assert_null(found[1]);
    free(file.bytes);
}

static void file_bytes_must_be_the_last_end(void **state) {
    (void)state;
    const built_file good = write_two(RK_KIND_DELTA);
    for (int64_t change = 1; change <= 128; change += 63) {
        built_file file = file_of_size(good.size + (uint64_t)change);
        memcpy(file.bytes, good.bytes, (size_t)good.size);
        memcpy(file.bytes + 24, &file.size, 8);
        reseal(&file, RESEAL_ALL);
        rk_container container;
        rk_error error;
        assert_int_equal(rk_container_open(file.bytes, file.size, 0, &container, &error),
                         RK_SECTION_BOUNDS);
        assert_error("file_bytes", &error, RK_SECTION_BOUNDS, "", 24);
        free(file.bytes);
    }
    free(good.bytes);
}

static void a_section_may_not_pass_the_end(void **state) {
    (void)state;
    built_file file = write_two(RK_KIND_DELTA);
    /* beta.txt, last and empty, starts at the end of the file: one byte is one too many. */
    const uint64_t one = 1, at = entry_offset(&file, "beta.txt") + E_BYTES;
    memcpy(file.bytes + at, &one, 8);
    memcpy(file.bytes + at + 8, &one, 8);
    reseal(&file, RESEAL_ALL);
    rk_container container;
    rk_error error;
    assert_int_equal(rk_container_open(file.bytes, file.size, 0, &container, &error),
                     RK_SECTION_BOUNDS);
    assert_error("beta.txt", &error, RK_SECTION_BOUNDS, "beta.txt", at);
    free(file.bytes);
}

static void details_say_the_value(void **state) {
    (void)state;
    const built_file good = build_snapshot();
    const struct {
        const char *name, *words;
    } expected[] = {
        {"nbr_item", "item 40"},
        {"popularity_negative", "-1"},
        {"popularity_nan", "nan"},
        {"popularity_inf", "-inf"},
        {"source_quota", "65536"},
        {"meta_similar_decay_large", "1"},
        {"future_version", "2"},
        {"popular_ascends", "item 19 of 4.5"},
        {
            "popularity_large",
            "3.6893",
        },
    };
    for (size_t e = 0; e < sizeof expected / sizeof *expected; e++)
        for (size_t i = 0; i < BAD_FILES; i++) {
            if (strcmp(bad_files[i].name, expected[e].name) != 0) continue;
            const built_file file = make_bad_file(&good, &bad_files[i]);
            rk_error error = {0};
            read_file_of(RK_KIND_SNAPSHOT, &file, &error);
            if (strstr(error.detail, expected[e].words) == NULL)
                fail_msg("%s: \"%s\" lacks \"%s\"", expected[e].name, error.detail,
                         expected[e].words);
            free(file.bytes);
        }
    free(good.bytes);
}

/* MISALIGNED is tested beside the list; every other code a file can earn has a row in it. */
static void every_rejection_has_a_row(void **state) {
    (void)state;
    for (uint32_t status = RK_TRUNCATED; status < RK_MISALIGNED; status++) {
        size_t i = 0;
        while (i < BAD_FILES && bad_files[i].status != status) i++;
        if (i == BAD_FILES) fail_msg("no bad file for %s", rk_status_name(status));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_file_opens),
        cmocka_unit_test(writing_is_a_pure_function),
        cmocka_unit_test(content_id_follows_the_content),
        cmocka_unit_test(a_region_may_have_31_bytes),
        cmocka_unit_test(sixty_four_sections_fit),
        cmocka_unit_test(unknown_optional_sections_are_skipped),
        cmocka_unit_test(file_bytes_must_be_the_last_end),
        cmocka_unit_test(a_section_may_not_pass_the_end),
        cmocka_unit_test(details_say_the_value),
        cmocka_unit_test(every_rejection_has_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
