/* The committed files of every released version: good ones open, bad ones meet the listed error,
 * and the writer still makes the same bytes. The folder is $RECKON_GOLDEN, or tests/golden. */
#include "damage.h"

static const char *golden_path(const char *name) {
    static char path[512];
    const char *folder = getenv("RECKON_GOLDEN");
    snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : "tests/golden", name);
    return path;
}

static built_file load(const char *name) {
    FILE *file = fopen(golden_path(name), "rb");
    if (file == NULL) fail_msg("cannot open %s", golden_path(name));
    static unsigned char buffer[1 << 20];
    const size_t size = fread(buffer, 1, sizeof buffer, file);
    fclose(file);
    return file_copy(buffer, size);
}

static void check_line(const char *name, const char *status, const char *section,
                       unsigned long long offset) {
    const built_file file = load(name);
    const uint32_t kind = strstr(name, ".rkev") != NULL  ? RK_KIND_EVENTS
                          : strstr(name, ".rkd") != NULL ? RK_KIND_DELTA
                                                         : RK_KIND_SNAPSHOT;
    rk_error error = {.status = RK_OK};
    const rk_status answer = read_file_of(kind, &file, &error);
    if (strcmp(rk_status_name((uint32_t)answer), status) != 0 ||
        strcmp(error.section, section) != 0 || error.offset != offset)
        fail_msg("%s: %s in \"%s\" at %llu (%s), expected %s in \"%s\" at %llu", name,
                 rk_status_name((uint32_t)answer), error.section, (unsigned long long)error.offset,
                 error.detail, status, section, offset);
    free(file.bytes);
}

/* Cuts the field that ends at `end` off a line: fields are separated by one tab and may be empty.
 */
static char *next_field(char **line, char end) {
    char *field = *line, *stop = strchr(field, end);
    if (stop == NULL) fail_msg("golden.tsv: no field in \"%s\"", field);
    *stop = '\0';
    *line = stop + 1;
    return field;
}

static void listed_files_meet_their_error(void **state) {
    (void)state;
    FILE *list = fopen(golden_path("golden.tsv"), "r");
    if (list == NULL) fail_msg("cannot open %s", golden_path("golden.tsv"));
    char line[256];
    uint32_t lines = 0;
    for (; fgets(line, sizeof line, list) != NULL; lines++) {
        char *rest = line;
        const char *name = next_field(&rest, '\t'), *status = next_field(&rest, '\t');
        const char *section = next_field(&rest, '\t'), *offset = next_field(&rest, '\n');
        if (lines == 0)
            assert_string_equal(name, "file");
        else
            check_line(name, status, section, strtoull(offset, NULL, 10));
    }
    fclose(list);
    assert_true(lines > 30);
}

static void check_bytes(built_file file, const char *name) {
    const built_file committed = load(name);
    assert_int_equal(file.size, committed.size);
    assert_memory_equal(file.bytes, committed.bytes, (size_t)file.size);
    free(file.bytes);
    free(committed.bytes);
}

static void writers_make_the_same_bytes(void **state) {
    (void)state;
    check_bytes(build_snapshot(), "good_v1.rk");
    check_bytes(build_bare_snapshot(), "good_v1_bare.rk");
    check_bytes(build_events(), "good_v1.rkev");
    check_bytes(build_delta(), "good_v1.rkd");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listed_files_meet_their_error),
        cmocka_unit_test(writers_make_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
