#include "learn/halving.h"

/* Whether a is ahead of b. */
static bool ahead(const double *scores, uint32_t a, uint32_t b) {
    bool a_counts = scores[a] == scores[a], b_counts = scores[b] == scores[b];
    if (a_counts != b_counts) return a_counts;
    if (a_counts && scores[a] != scores[b]) return scores[a] > scores[b];
    return a < b;
}

/* Best first; contestants are few. */
static void rank(uint32_t *alive, uint32_t count, const double *scores) {
    for (uint32_t i = 1; i < count; i++) {
        uint32_t own = alive[i], at = i;
        for (; at > 0 && ahead(scores, own, alive[at - 1]); at--) alive[at] = alive[at - 1];
        alive[at] = own;
    }
}

/* The better half of the ranked, and contestant 0, which then comes first. */
static uint32_t pass(uint32_t *alive, uint32_t count) {
    uint32_t kept = (count + 1) / 2, zero = 0;
    while (alive[zero] != 0) zero++;
    if (zero >= kept) kept++;
    for (uint32_t i = RK_MIN(zero, kept - 1); i > 0; i--) alive[i] = alive[i - 1];
    alive[0] = 0;
    return kept;
}

bool rk_halve(const rk_contest *contest, uint32_t *alive, double *scores,
              rk_rung rungs[RK_MAX_RUNGS], uint32_t *winner) {
    uint32_t count = contest->contestants;
    assert(count > 0 && contest->rungs > 0 && contest->rungs <= RK_MAX_RUNGS);
    for (uint32_t i = 0; i < count; i++) alive[i] = i;
    for (uint32_t r = 0; r < contest->rungs; r++) {
        uint32_t whole = 0;
        rungs[r] = (rk_rung){.entered = count};
        for (uint32_t i = 0; i < count; i++) {
            uint32_t own = alive[i];
            bool broken = false;
            if (!contest->measure(contest->context, own, r, &scores[own], &broken)) return false;
            if (broken && own != 0) {
                rungs[r].broken++;
            } else {
                alive[whole++] = own;
            }
        }
        rank(alive, whole, scores);
        *winner = alive[0];
        rungs[r].passed = count = r + 1 < contest->rungs ? pass(alive, whole) : 1;
    }
    return true;
}
