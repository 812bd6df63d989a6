/* A case of a split as the request it stands for: the same for figures, for the ranker's examples
 * and for what the first stage learns from, so that all of them ask as evaluations do.
 *
 * The history becomes the session (its last RK_MAX_SESSION events), what it leaves out is excluded
 * where seen items are, and what is known when asking is that of the first hidden event: its time,
 * the features of the user, and in a located trial about where it is. Of the hidden rows nothing
 * else reaches the request: not their labels, and of their items only the place. */
#ifndef RK_LEARN_CASE_REQUEST_H
#define RK_LEARN_CASE_REQUEST_H

#include "learn/evaluate.h"

/* What one request at a time points to. */
typedef struct rk_case_room {
    rk_event *session; /* (RK_MAX_SESSION) */
    uint32_t *exclude; /* not ranked, then seen long ago, then seen later */
    uint32_t features[RK_MAX_FEATURES];
} rk_case_room;

/* False if out of memory. */
bool rk_case_room_take(const rk_trial *trial, rk_memory *memory, rk_case_room *room);

/* The request of case `index`, count and stages left for the caller. Points into `room`, which the
 * next call overwrites. */
rk_request rk_case_request(const rk_trial *trial, uint32_t index, rk_case_room *room);

/* Whether the request of this case has a location: that of its first hidden event. */
bool rk_case_tells_location(const rk_trial *trial, const rk_case *test);

#endif
