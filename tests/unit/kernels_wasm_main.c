/* A command without a test framework, for hosts where there is none (WASI under Node): compares
 * every kernel with its definition, then prints the digests of kernels, fmath, rng and
 * bandits, one "name hex" a line. Exit status 0 if everything agreed. It also builds natively, so
 * that the lines of two hosts can be compared. */
#include "kernels_digest.h"

int main(void) {
    // Floats lie in it: the alignment must be theirs.
    static _Alignas(64) unsigned char memory[REGION_COUNT + 1][GUARDED_BYTES];
    unsigned wrong = 0;
    // Only one operand can lie at the end of memory at a time: each takes its turn.
    for (int guarded = 0; guarded < REGION_COUNT; guarded++) {
        regions where;
        for (int region = 0; region < REGION_COUNT; region++) {
            where.end[region] = memory[region + 1];
        }
        where.end[guarded] = guarded_end();
        if (!where.end[guarded]) return 2;
        wrong += compare_kernels(&where, 1 + (uint64_t)guarded);
    }
    fprintf(stderr, "kernels: %s\n", rk_kernels_name());
    wrong += print_digests();
    if (wrong > 0) fprintf(stderr, "%u differences\n", wrong);
    return wrong > 0;
}
