/* Writes the golden files into a folder: make_golden tests/golden
 *
 * good_v1.rk and good_v1.rkev are the small files of tests/unit/file_builder.h, good_v1.rkd that of
 * tests/unit/delta_builder.h, good_v1_bare.rk a
 * snapshot without the optional sections of the core; the rows of
 * tests/unit/bad_files.h marked golden are bad_<status>.rk, .rkev or .rkd, further rows of one
 * status bad_<row>; golden.tsv lists each file with the error it must meet. The committed files are
 * this program's output: it reproduces them byte for byte, until the format changes, and then a new
 * version's files are added and these stay. */
#include "../unit/bad_files.h"

static const char *extension_of(uint32_t kind) {
    return kind == RK_KIND_EVENTS ? "rkev" : kind == RK_KIND_DELTA ? "rkd" : "rk";
}

static FILE *create(const char *folder, const char *name) {
    char path[512];
    const int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = length < (int)sizeof path ? fopen(path, "wb") : NULL;
    if (file == NULL) {
        fprintf(stderr, "cannot create %s/%s\n", folder, name);
        exit(1);
    }
    return file;
}

static void save(const char *folder, const char *name, const built_file *file) {
    FILE *out = create(folder, name);
    if (fwrite(file->bytes, 1, (size_t)file->size, out) != file->size || fclose(out) != 0) {
        fprintf(stderr, "cannot write %s/%s\n", folder, name);
        exit(1);
    }
}

static bool is_first_of_its_status(const bad_file *bad) {
    for (const bad_file *before = bad_files; before < bad; before++)
        if (before->golden && before->kind == bad->kind && before->status == bad->status)
            return false;
    return true;
}

static void save_bad(const char *folder, FILE *list, const built_file *good, const bad_file *bad) {
    const char *status = rk_status_name((uint32_t)bad->status);
    char stem[48], name[64];
    const int length =
        snprintf(stem, sizeof stem, "bad_%s", is_first_of_its_status(bad) ? status : bad->name);
    for (int i = 0; i < length; i++) {
        if (stem[i] >= 'A' && stem[i] <= 'Z') stem[i] = (char)(stem[i] - 'A' + 'a');
        if (stem[i] == '.') stem[i] = '_'; /* rows named after a section */
    }
    snprintf(name, sizeof name, "%s.%s", stem, extension_of(bad->kind));
    const built_file file = make_bad_file(good, bad);
    save(folder, name, &file);
    free(file.bytes);
    fprintf(list, "%s\t%s\t%s\t%llu\n", name, status, bad->section,
            (unsigned long long)resolve_place(good, &bad->at));
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: make_golden FOLDER\n");
        return 2;
    }
    const char *folder = arguments[1];
    const built_file snapshot = build_snapshot(), events = build_events();
    const built_file bare = build_bare_snapshot(), delta = build_delta();
    FILE *list = create(folder, "golden.tsv");
    fprintf(list, "file\tstatus\tsection\toffset\n");
    save(folder, "good_v1.rk", &snapshot);
    fprintf(list, "good_v1.rk\tOK\t\t0\n");
    save(folder, "good_v1_bare.rk", &bare);
    fprintf(list, "good_v1_bare.rk\tOK\t\t0\n");
    save(folder, "good_v1.rkev", &events);
    fprintf(list, "good_v1.rkev\tOK\t\t0\n");
    save(folder, "good_v1.rkd", &delta);
    fprintf(list, "good_v1.rkd\tOK\t\t0\n");
    for (size_t i = 0; i < BAD_FILES; i++)
        if (bad_files[i].golden)
            save_bad(folder, list,
                     bad_files[i].kind == RK_KIND_EVENTS  ? &events
                     : bad_files[i].kind == RK_KIND_DELTA ? &delta
                                                          : &snapshot,
                     &bad_files[i]);
    free(snapshot.bytes);
    free(bare.bytes);
    free(events.bytes);
    free(delta.bytes);
    return fclose(list) == 0 ? 0 : 1;
}
