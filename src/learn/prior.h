/* A region that was learnt before, as the prior of another region's learners.
 *
 * Problem: a new region has few events or none, and an older one has a snapshot (its raw events are
 * elsewhere). Idea: every learner has a place where evidence of another kind goes in, so the source
 * enters as evidence of bounded weight, and one number, `cap`, says how many events of an item the
 * source may speak for: 0 is learning from the target alone, RK_PRIOR_ALL the source as it is.
 *
 *   popularity   m pseudo-events in the source's shares; m from the variance between the regions
 *   item-item    a row's weights turned back into counts, as of an item with at most `cap` events
 *   vectors      start from the decoded codes and are held by an L2 anchor (train_encoder.h);
 *                min(N, cap) events count as evidence where content is weighed against it
 *   settings     of the source's search: weights, decays, windows
 *
 * Counts that are carried over without a bound are worse than none where regions differ: K. Weiss,
 * T. Khoshgoftaar and D. Wang, "A Survey of Transfer Learning" (2016), section on negative
 * transfer. Pseudo-counts of a Dirichlet prior with the concentration found by matching moments:
 * J. Mosimann, "On the Compound Multinomial Distribution" (1962).
 *
 * A snapshot has no counts but popularities, so N is an item's share of them times the events. All
 * numbers are of the source's coordinates: its vectors are rotated already, and whatever is learnt
 * beside them lives there too. */
#ifndef RK_LEARN_PRIOR_H
#define RK_LEARN_PRIOR_H

#include "learn/match_items.h"

#define RK_PRIOR_ALL 0x1p30f
/* Most pseudo-events of the popularity prior, all items together. */
#define RK_PRIOR_POPULARITY_MOST 2000.0f
#define RK_PRIOR_WINDOW          5u
#define RK_PRIOR_ANCHOR          3.0f /* of vectors, in train_encoder.h's units */

typedef struct rk_prior {
    const rk_snapshot_content *source;
    rk_matches matches;
    float *events;       /* (source items) about how many each had */
    float cap;           /* > 0 */
    bool frozen;         /* vectors are not trained: the source as it is */
    float neighbor_norm; /* that the source's rows were divided by */
} rk_prior;

/* Rows of pseudo-counts in the log's numbers, for build_neighbors. */
typedef struct rk_prior_rows {
    uint64_t *begin; /* (items + 1) */
    uint32_t *item;  /* (entries) */
    float *count;    /* (entries) */
    float *events;   /* (items) pseudo-events of each */
} rk_prior_rows;

/* Everything but cap and frozen, which are RK_PRIOR_ALL and false. `source` is verified and must
 * outlive the prior. False if out of memory. */
bool rk_prior_take(const rk_snapshot_content *source, const rk_events_content *events,
                   rk_memory *memory, rk_prior *out);

/* Source item of an item of the log, or RK_NONE. */
uint32_t rk_prior_item(const rk_prior *prior, const rk_log *log, uint32_t item);
/* How many events the source speaks for: min(N, cap), 0 if the item is not matched. */
float rk_prior_events(const rk_prior *prior, const rk_log *log, uint32_t item);

/* start (items of the log): pseudo-events of each item. The concentration is that which explains
 * how far the log's counts lie from the source's shares, at most RK_PRIOR_POPULARITY_MOST and at
 * most cap an item on average; returned. O(items). */
float rk_prior_popularity(const rk_prior *prior, const rk_log *log, float *start);

/* False if out of memory. O(entries). */
bool rk_prior_neighbors(const rk_prior *prior, const rk_log *log, rk_memory *memory,
                        rk_prior_rows *out);

/* vectors (items, dim): rows of matched items, to `unit` length or as long as the source has them;
 * others stay. */
void rk_prior_vectors(const rk_prior *prior, const rk_log *log, bool unit, float *vectors);

/* Gives items that the source does not know but the log has the mean of the known vectors within
 * RK_PRIOR_WINDOW events of theirs, as unit rows. vectors as rk_prior_vectors leaves them. O(events
 * * dim). */
void rk_prior_join(const rk_prior *prior, const rk_log *log, float *vectors);

/* A number of the source's report, `fallback` if it is not there or not in [least, most]. */
double rk_prior_setting(const rk_snapshot_content *source, const char *name, double least,
                        double most, double fallback);

#endif
