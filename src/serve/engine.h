/* The engine behind reckon.h: scratch laid out once, the funnel run over it.
 *
 * Split from reckon.h because learn also opens engines: over content it has just built in memory,
 * which needs no validation. The funnel exists once; training and serving cannot drift apart. */
#ifndef RK_SERVE_ENGINE_H
#define RK_SERVE_ENGINE_H

#include "base/arena.h"
#include "format/snapshot_read.h"
#include "reckon.h"

/* Bytes of scratch for a snapshot: about 210 KB, 12.5 an item, 4 more with rankers, 4 more with
 * places and 16 a place. */
uint64_t rk_engine_scratch_bytes(const rk_snapshot_meta *meta);

/* Candidates as the rankers see them: the best `most` of the request's retrieval by the blend, best
 * first, then the `asked` items (asked_count) that are not among them, brought by nobody. items
 * (most + asked_count) and features (most + asked_count, RK_FEATURE_COUNT) receive them; returns
 * how many. For training and for tests: answering computes the same numbers for the few that it
 * needs. The request is valid; its count, stages and rules are not looked at. */
uint32_t rk_engine_examples(rk_engine *engine, const rk_request *request, const uint32_t *asked,
                            uint32_t asked_count, uint32_t most, uint32_t *items, float *features);

/* The unit vectors by which the last request's `session` and `user` asked the index, session and
 * user (dim), zero where the source took no part: what the first stage's dot product starts from.
 */
void rk_engine_query_vectors(const rk_engine *engine, float *session, float *user);

/* An engine over trusted content (validated, or built by learn), which must outlive it. `memory` is
 * 64-byte aligned and of rk_engine_scratch_bytes. */
rk_engine *rk_engine_over(const rk_snapshot_content *content, void *memory, uint64_t memory_bytes);

/* What the engine answers from, for what is opened beside it. */
const rk_snapshot_content *rk_engine_content(const rk_engine *engine);

#endif
