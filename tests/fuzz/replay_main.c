/* Runs a fuzz target over every file of the given folders, without libFuzzer: how `make test`
 * replays the corpora. Link with one target:
 *
 *   gcc -std=c11 -g -fno-math-errno -Isrc -fsanitize=address,undefined tests/fuzz/replay_main.c \
 *       tests/fuzz/fuzz_snapshot.c build/asan-gcc/libreckon.a -o build/replay_snapshot
 *   build/replay_snapshot tests/fuzz/corpus_snapshot tests/golden
 *
 * Files that are not made for the target (golden ones) are inputs like any other. */
#define _DEFAULT_SOURCE 1 /* scandir */
#include "fuzz_input.h"

#include <dirent.h>

static int is_input(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static bool replay_file(const char *folder, const char *name) {
    char path[512];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) return false;
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    static uint8_t buffer[1 << 20];
    const size_t size = fread(buffer, 1, sizeof buffer, file);
    fclose(file);
    uint8_t *exact = malloc(size + 1); /* a heap copy, so that a read past it is seen */
    if (exact == NULL) return false;
    memcpy(exact, buffer, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return true;
}

/* Number of files replayed, -1 if the folder or one of them cannot be read. */
static int replay_folder(const char *folder) {
    struct dirent **entries = NULL;
    const int count = scandir(folder, &entries, is_input, alphasort);
    int replayed = 0;
    for (int i = 0; i < count; i++) {
        if (replayed >= 0) replayed = replay_file(folder, entries[i]->d_name) ? replayed + 1 : -1;
        free(entries[i]);
    }
    free(entries);
    return count < 0 ? -1 : replayed;
}

int main(int count, char **arguments) {
    for (int i = 1; i < count; i++) {
        const int replayed = replay_folder(arguments[i]);
        if (replayed <= 0) {
            fprintf(stderr, "%s: nothing replayed\n", arguments[i]);
            return 1;
        }
        printf("%s: %d inputs replayed\n", arguments[i], replayed);
    }
    return count > 1 ? 0 : 2;
}
