/* Business rules: what may be in a list, and in which order (RULES.md says what they mean).
 *
 * Problem: a product team's wishes (nothing out of stock, no two of an author in a row, a fifth of
 * the list new) must hold for every list, be quick, and be told apart from the ranking itself.
 * Idea: compiled once into predicates over the snapshot's attributes. What removes items is one
 * bitmap, ORed into the query's before retrieval, so that a strict filter still fills the list;
 * what orders them is one greedy pass over the best candidates, position by position:
 *
 *   candidates, best first --> boost, bury: places moved --> pins take their positions
 *      --> each other position: the explore draw if it is reserved; else the candidate that breaks
 *          the least important rules, by MMR if the list is to be diverse, else the first
 *
 * Nothing but removal can shorten a list: where no candidate obeys every rule, the one is taken
 * whose broken rules are lexicographically least, caps before shares, each in the document's order.
 *
 * Order counts in places, not in scores: blends and values have any scale and sign, and "ten places
 * up" means the same for all of them. (J. Carbonell and J. Goldstein, "The Use of MMR,
 * Diversity-Based Reranking", 1998, is the diversification; relevance there is the place, from 1
 * for the first candidate to 0 behind the last.)
 *
 * Cost of a list of n out of m candidates: O(m (conditions + log m)) to prepare, O(n m caps most)
 * at worst to fill, with diversity O(m dim) to decode and O(n m dim) to compare. No allocation: the
 * scratch lies in the rules' own memory. Like an engine, rules are for one thread. */
#ifndef RK_SERVE_RULES_H
#define RK_SERVE_RULES_H

#include "model/bandit_policy.h"
#include "serve/merge.h"
#include "serve/rules_program.h"

/* Items of the explore source that one list looks at. */
#define RK_RULES_MAX_EXPLORE 256u

/* One list to be ordered. The items of each array are distinct and < items. */
typedef struct rk_rules_input {
    const rk_scored *candidates; /* (candidate_count) best first; the scores are not looked at */
    const uint32_t *explore; /* (explore_count) what an explore slot may take; may be NULL if 0 */
    const uint32_t
        *blocked;         /* bitmap of what must not appear beside what the rules remove, or NULL */
    const uint32_t *seen; /* bitmap of what `seen` rules are about, or NULL: nothing */
    uint32_t candidate_count; /* <= RK_MAX_CANDIDATES */
    uint32_t explore_count;   /* of more than RK_RULES_MAX_EXPLORE the first */
    uint32_t count;           /* how many are wanted, 1..RK_MAX_COUNT */
    const uint32_t *arms;     /* (explore_count) the policy's arm of each item, with a policy */
    uint64_t seed;            /* of the explore draws */
    int64_t time_ms;          /* now, Unix ms; 0: unknown, and no item has an age */
    rk_policy *policy;        /* by which explore slots draw; NULL: all alike */
    uint32_t reserved;
} rk_rules_input;

/* rk_rules_measure and rk_rules_open (reckon.h) over any content; it must outlive the rules. */
rk_status rk_rules_measure_over(const rk_snapshot_content *snapshot, const uint32_t *words,
                                uint32_t count, uint64_t *bytes, rk_error *error);
rk_status rk_rules_open_over(const rk_snapshot_content *snapshot, const uint32_t *words,
                             uint32_t count, void *memory, uint64_t memory_bytes, rk_rules **out,
                             rk_error *error);
/* True if they were opened over these items: other rules would name other things. */
bool rk_rules_fit(const rk_rules *rules, const rk_snapshot_content *snapshot);

/* Bitmap (blocks) of what filters and exclusions remove at this time, for the query's `blocked`.
 * Computed when the rules were opened; filters on the age of items see the clock in whole hours,
 * and when the hour has changed their part of the map is made again: O(items * operators of filters
 * that look at ages) then, of which there are at most RK_RULES_MAX_AGED, else O(1). */
const uint32_t *rk_rules_blocked(const rk_rules *rules, int64_t time_ms);
/* True if a `seen` rule removes this item once it was seen: to be blocked before retrieval. */
bool rk_rules_blocks_seen(const rk_rules *rules, uint32_t item);
/* Items that rules pin, *count of them, known to the snapshot but maybe removed by rules or twice:
 * candidates whether a source brings them or not. */
const uint32_t *rk_rules_pinned(const rk_rules *rules, uint32_t *count);
/* True if the document reserves positions for exploration. */
bool rk_rules_explore(const rk_rules *rules);

/* The list: out (input.count) in order; returns how many. As long as the candidates and pins
 * suffice. Deterministic. */
uint32_t rk_rules_apply(const rk_rules *rules, const rk_rules_input *input, rk_ruled *out);

#endif
