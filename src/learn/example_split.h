/* Which rows of the log become examples of the rankers.
 *
 * Nothing that scores an example may have learnt from it, so its row must be hidden before the
 * retrieval is trained; but whatever is hidden is missed there. Three ways, the first that gives
 * enough:
 *
 *   sessions    the hidden sessions that the search does not ask about (RK_PROTOCOL_SESSIONS hides
 *               all of them anyway): nothing more is hidden. If there are few, the search's too.
 *   apart       users that the search does not ask about, as many as give the wanted cases. Of each
 *               the window is hidden: the newest rows back to `likes` liked ones, at most 3 rows in
 *               20, at least one. The search's retrieval is trained without them as well.
 *   everybody   a log of few users: the window of every user is hidden, and the retrieval trained
 *               once more without it, because the search needs these users as well.
 *
 * `likes` is what gives the wanted number of positives. Without times "newest" is "of least hash".
 * In a window are disliked rows too, as many as there are: they are what a task like see_less
 * learns from. With times a window is the end of a user's rows, so the history is all before it.
 *
 * Examples and their cases are a function of seed, ids and rows, as every split is. O(rows). */
#ifndef RK_LEARN_EXAMPLE_SPLIT_H
#define RK_LEARN_EXAMPLE_SPLIT_H

#include "learn/split.h"

/* Cases of users that the search does not ask about, below which all are taken. */
#define RK_EXAMPLE_CASES_LEAST 4000u
/* Part of a user's rows that may be hidden for examples. */
#define RK_WINDOW_NUMERATOR   3u
#define RK_WINDOW_DENOMINATOR 20u

typedef struct rk_example_split {
    rk_split split;  /* its train: what the retrieval may learn from */
    bool refit;      /* the search has learnt from the windows: its retrieval will not do */
    bool shared;     /* users of the search's cases are among those of the examples */
    uint32_t wanted; /* likes a window */
} rk_example_split;

/* Hides windows of `rows`. `search`: the split already made of the same rows and seed, its train
 * being what may be hidden from. `most`: cases wanted. No case is no error. `impressions`: rows are
 * what was shown, so a window is 3 rows in 20 of every user, however many are liked. `slice`: 0, or
 * which window further back, where windows are of everybody: rows newer than it are learnt from and
 * no history. */
rk_status rk_example_split_make(const rk_events_content *content, const rk_rows *rows,
                                const rk_split *search, bool impressions, uint32_t most,
                                uint32_t slice, uint64_t seed, rk_memory *memory,
                                rk_example_split *out, rk_error *error);

#endif
