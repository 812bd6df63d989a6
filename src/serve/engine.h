/* The engine behind reckon.h: scratch laid out once, the funnel run over it.
 *
 * Split from reckon.h because learn also opens engines: over content it has just built in memory,
 * which needs no validation. The funnel exists once; training and serving cannot drift apart. */
#ifndef RK_SERVE_ENGINE_H
#define RK_SERVE_ENGINE_H

#include "base/arena.h"
#include "format/snapshot_read.h"
#include "reckon.h"

/* Bytes of scratch for a snapshot: about 210 KB, 10.5 an item, and if there are places 4 more and
 * 16 a place. */
uint64_t rk_engine_scratch_bytes(const rk_snapshot_meta *meta);

/* An engine over trusted content (validated, or built by learn), which must outlive it. `memory` is
 * 64-byte aligned and of rk_engine_scratch_bytes. */
rk_engine *rk_engine_over(const rk_snapshot_content *content, void *memory, uint64_t memory_bytes);

#endif
