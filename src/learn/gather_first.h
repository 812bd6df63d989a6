/* What the first stage learns from: requests, asked of the engine and judged by the second stage.
 *
 *   request --> rk_engine_examples (all candidates, all features) --> a sample of them
 *           --> second stage --> calibrated P(task) --> value by the default weights
 *
 * The teacher sees what it would see when it serves: the same features by the same code. One engine
 * a shard. Cost of a request: one retrieval, and features and second stage of the sample. */
#ifndef RK_LEARN_GATHER_FIRST_H
#define RK_LEARN_GATHER_FIRST_H

#include "learn/train_first.h"
#include "reckon.h"

/* Candidates of a training request. */
#define RK_FIRST_SAMPLE 200u

/* Request number `index`, valid; its count, stages and rules are not looked at. Called by several
 * threads, each with a shard of its own; what the request points to may be overwritten by the next
 * call for that shard. */
typedef rk_request rk_first_ask(void *context, uint32_t shard, uint32_t index);

/* Asks for requests 0..count-1. content: has tasks and a second stage (rank_feature, rank_second);
 * its first stage is not looked at. `most` candidates of each are drawn (0: all are taken): half of
 * them the best by the blend, the others evenly from the rest. Arrays belong to `memory`: 72 bytes
 * a candidate, 8 * dim a request. False if out of memory. */
bool rk_first_gather(const rk_snapshot_content *content, rk_first_ask *ask, void *context,
                     uint32_t count, uint32_t most, uint64_t seed, uint32_t threads,
                     rk_memory *memory, rk_first_data *out);

#endif
