/* An events file in a snapshot's numbers, so that what it says can be asked of that snapshot.
 *
 * Items and event types are the same where ids and names are. What an event is worth stays the
 * file's word, not the snapshot's: a snapshot may have been built with weights that are the very
 * mistake to be found. An item that the snapshot does not have is a miss; an event it does not have
 * could not be part of a session, and is refused. */
#ifndef RK_LEARN_REPLAY_LOG_H
#define RK_LEARN_REPLAY_LOG_H

#include "format/snapshot_read.h"
#include "learn/log.h"

typedef struct rk_replay_log {
    rk_events_content events; /* labels and weights by the snapshot's types */
    rk_log log;               /* item_of_file, and how often each item is liked in the file */
    uint32_t known_items;     /* of the file that the snapshot has */
    uint64_t not_newer;       /* rows not after the snapshot's newest event; of rows with times */
} rk_replay_log;

/* `created_at_ms`: of the snapshot. Errors: UNKNOWN_EVENT, OUT_OF_MEMORY. O(rows). */
rk_status rk_replay_log_map(const rk_events_content *events, const rk_snapshot_content *snapshot,
                            int64_t created_at_ms, rk_memory *memory, rk_replay_log *out,
                            rk_error *error);

#endif
