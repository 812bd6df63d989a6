/* Compiled rules: the u32 program that JavaScript makes of a rule document (RULES.md) and that
 * rk_rules_open reads. Untrusted: every word of it is checked (rules_read.c).
 *
 *   header   RK_RULES_MAGIC, RK_RULES_VERSION, rules, words of the whole program
 *   a rule   type | words of this rule << 8, then its numbers, then its condition
 *   condition, postfix: operators op | operands << 8, each followed by its operands
 *
 *   type       numbers                                  condition
 *   FILTER                                              what is kept
 *   EXCLUDE                                             what is removed
 *   SEEN                                                what is removed once it was seen
 *   BOOST      places 1..RK_RULES_MAX_PLACES            what moves up
 *   BURY       places                                   what moves down
 *   CAP        most, window, attribute                  iff attribute is RK_NONE: what is counted
 *   PIN        item or RK_NONE, position                none
 *   SHARE      parts of RK_RULES_PARTS                  what must be there
 *   DIVERSIFY  parts                                    none
 *   EXPLORE    every, first                             none
 *
 *   operator     operands
 *   TRUE         none
 *   ANY          any number of values of attributes, ascending: has one of them
 *   ALL          the same: has all of them
 *   KNOWN        attribute: has a value
 *   NUMBER       attribute, low, high (f32): low <= number <= high
 *   ITEMS        any number of items, ascending: is one of them
 *   AGE          low, high, in hours: low <= age <= high
 *   POPULARITY   low, high (f32): within, as a share of the most popular item's
 *   AND OR NOT   none: take two, two, one result, and leave one
 *
 * What an item does not have is no match. A value or item that the snapshot does not know is left
 * out of a list by the compiler, so lists may be empty. */
#ifndef RK_SERVE_RULES_PROGRAM_H
#define RK_SERVE_RULES_PROGRAM_H

#include "base/types.h"

#define RK_RULES_MAGIC        0x4C55524Bu /* "KRUL" */
#define RK_RULES_VERSION      1u
#define RK_RULES_HEADER_WORDS 4u

enum {
    RK_RULE_FILTER = 1,
    RK_RULE_EXCLUDE = 2,
    RK_RULE_SEEN = 3,
    RK_RULE_BOOST = 4,
    RK_RULE_BURY = 5,
    RK_RULE_CAP = 6,
    RK_RULE_PIN = 7,
    RK_RULE_SHARE = 8,
    RK_RULE_DIVERSIFY = 9,
    RK_RULE_EXPLORE = 10,
    RK_RULE_TYPES = 11
};

enum {
    RK_MATCH_TRUE = 1,
    RK_MATCH_ANY = 2,
    RK_MATCH_ALL = 3,
    RK_MATCH_KNOWN = 4,
    RK_MATCH_NUMBER = 5,
    RK_MATCH_ITEMS = 6,
    RK_MATCH_AGE = 7,
    RK_MATCH_POPULARITY = 8,
    RK_MATCH_AND = 9,
    RK_MATCH_OR = 10,
    RK_MATCH_NOT = 11,
    RK_MATCH_OPERATORS = 12
};

/* Limits. A handle's memory and a list's time are bounded by them. */
#define RK_RULES_MAX        32u /* a bit each: an answer names every rule */
#define RK_RULES_MAX_WORDS  (1u << 20)
#define RK_RULES_MAX_NODES  4096u /* operators of all conditions together */
#define RK_RULES_MAX_AGED   96u   /* those of filters and exclusions that look at ages */
#define RK_RULES_MAX_DEPTH  32u   /* results waiting at once */
#define RK_RULES_MAX_CAPS   8u
#define RK_RULES_MAX_SHARES 16u
#define RK_RULES_MAX_PINS   RK_RULES_MAX
#define RK_RULES_MAX_PLACES 1024u
#define RK_RULES_MAX_HOURS  960000u /* 40,000 days */
#define RK_RULES_PARTS      10000u  /* a share of 1 */
/* Values of one item that a cap counts, the lowest numbers: of tags; of a category it is one. */
#define RK_RULES_CAP_VALUES 8u

#endif
