/* A snapshot of a region from that of another and what few events there are.
 *
 * One axis from the target's events alone to the source as it is: the ordinary training with a
 * prior (prior.h), whose strength the guard (transfer_guard.h) chooses on the target's own events.
 *
 *   match items (match_items.h) --> no events? the source's answers for the target's items
 *     --> guard --> nothing to trust? the ordinary training
 *               --> else the same training from the source's vectors, encoder, towers, settings and
 *                   counts; searched where there is enough to search on
 *     --> rankers: the target's own where they could be learnt, else the source's
 * (transfer_carry.h)
 *
 * Deterministic as all training is; the source is read, never changed. Cost: that of the training,
 * and of up to five fits at the guard's five levels. */
#ifndef RK_LEARN_TRANSFER_H
#define RK_LEARN_TRANSFER_H

#include "learn/pipeline.h"
#include "learn/transfer_guard.h"

/* Cases of the target below which its settings are the source's: a search would fit chance. */
#define RK_TRANSFER_SEARCH_CASES 2000u

/* Standard errors by which the source's rankers must help the target's own events. */
#define RK_CARRY_SURE 2.0

typedef struct rk_transfer {
    rk_prior prior; /* matched items; of the level chosen */
    rk_guard_result guard;
    bool guarded;              /* there were events to ask about */
    bool searched;             /* settings are the target's own, else the source's */
    bool rankers;              /* carried */
    const char *ranker_reason; /* why not, or NULL */
    float popular_events;      /* pseudo-events of the popularity prior */
    double moved;              /* mean 1 - cosine of a known item's vector here and in the source */
} rk_transfer;

/* Learns from `rows`, none of them if that is all there is, with the help of `source`, which is
 * verified and must outlive `out`; so must `transfer`. Errors: NOTHING_SHARED, UNKNOWN_EVENT,
 * BAD_ARGUMENT (another dim), OUT_OF_MEMORY, NO_EVENTS. */
rk_status rk_transfer_train(const rk_snapshot_content *source, const rk_events_content *events,
                            const rk_rows *rows, const rk_learn_options *options, rk_memory *memory,
                            rk_transfer *transfer, rk_trained *out, rk_error *error);

#endif
