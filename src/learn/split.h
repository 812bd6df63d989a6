/* Test cases and what may be learnt from: one split for protocols and for the build's own
 * validation.
 *
 * A case is a history and the items that came after it. Splits are made before any training. What
 * is hidden is a function of the seed and of the user's id and rows, so that anyone can repeat it:
 *
 *   leave-one-out  the last liked event whose item the user has nowhere else; without times (a
 *                  basket has no order) the one of least hash. Users with fewer than 3 different
 *                  items have no case.
 *   temporal       the last fifth (at least one) of each user's events, by time. Users with fewer
 *                  than 3 events have no case.
 *   temporal-global  one cut in time for everybody: the newest tenth of the events is hidden;
 *                  events of one time stay together. A user with rows on both sides is one case.
 *                  Of one wholly after the cut nothing is learnt: a session asks for its next
 *                  item after every prefix, a person with the first half for the second. Needs
 *                  times that are times: order indices do not compare between users.
 *   sessions       the users with test rows in the file, else the newest tenth by their first
 *                  event (where times are times; of one time, by hash), else a tenth by hash;
 *                  every prefix is a case whose one relevant item is the next. Nothing of a test
 *                  session is learnt.
 *   cold-item      a tenth of the items by hash: none of their rows is learnt from. A user with
 *                  such rows and others is a case: from the others, whenever they were, to these.
 *                  Only the hidden items are to be ranked.
 *   cold-user      a tenth of the users by hash (of small logs more: 300, at most a third): none of
 *                  their rows is learnt from. For each of them every item lies on one of two sides,
 *                  by hash of user and item: what lies on the one may be answered (the history of
 *                  the case), what lies on the other is to be predicted.
 *
 * Which of the hidden items count is the evaluation's rule (evaluate.h). O(rows). */
#ifndef RK_LEARN_SPLIT_H
#define RK_LEARN_SPLIT_H

#include "learn/log.h"
#include "reckon_learn.h"

typedef struct rk_case {
    uint32_t user;           /* of the events file */
    uint32_t history_count;  /* > 0 */
    uint32_t relevant_count; /* > 0 */
    uint32_t later_count;    /* rows after the relevant ones that are neither known nor asked for:
                                of windows further back (example_split.h) */
    uint64_t history_begin;  /* in rk_split.row, oldest first */
    uint64_t relevant_begin;
} rk_case;

typedef struct rk_split {
    rk_rows train; /* rows that may be learnt from */
    rk_case *cases;
    uint32_t case_count;
    uint64_t *row;     /* rows of the events file; histories and relevant events are runs of it */
    bool keep_seen;    /* seen items may be recommended: sessions come back to them */
    bool hides_random; /* leave-one-out hid by hash, for want of an order */
    bool *cold;        /* (items of the file) hidden by cold-item; else NULL */
} rk_split;

/* Splits `rows`. `sample`: fraction of users that get cases, by hash. No case is no error here. */
rk_status rk_split_events(const rk_events_content *content, const rk_rows *rows,
                          rk_protocol protocol, double sample, uint64_t seed, rk_memory *memory,
                          rk_split *split, rk_error *error);

/* What decides whether a user is sampled: those below `sample` are. In [0, 1), of the id. */
double rk_split_fraction(const rk_events_content *content, uint32_t user, uint64_t seed);
/* Hash of an id, whatever its place in the file. */
uint64_t rk_split_hash(const rk_strings *ids, uint32_t row, uint64_t seed);
/* cold-user: what decides for a user on which side an item lies, and whether one of that hash
 * (rk_split_hash with seed 0) is to be predicted. */
uint64_t rk_split_user_side(const rk_events_content *content, uint32_t user, uint64_t seed);
bool rk_split_is_predicted(uint64_t user_side, uint64_t item_hash);
/* Marks rows that a split hides, until rk_split_drop. */
#define RK_ROW_HIDDEN UINT64_MAX
void rk_split_drop(rk_rows *rows);

#endif
