/* The only feature assembly: what the rankers learn from and what they are asked with.
 *
 * learn calls the engine, the engine calls this, for training as for answering; so a feature cannot
 * mean two things. Most candidates are ranked by what retrieval knows of them
 * (rk_features_retrieval, 16 numbers); what costs look-ups and decoding is computed for the few
 * that are left (rk_features_all). O(candidates * (sources + attributes + dim)). */
#ifndef RK_SERVE_FEATURES_H
#define RK_SERVE_FEATURES_H

#include "serve/merge.h"

enum {
#define RK_FEATURE(name, meaning) RK_FEATURE_##name,
#include "serve/features.def"
#undef RK_FEATURE
    RK_FEATURE_COUNT
};
RK_STATIC_ASSERT(RK_FEATURE_COUNT <= RK_MAX_RANK_INPUTS, features_fit_the_ranker);
RK_STATIC_ASSERT(RK_FEATURE_sources == RK_FIRST_INPUTS, the_first_stage_reads_retrieval);

/* "blend", ... */
const char *rk_feature_label(uint32_t feature);

/* What a query's features share, computed once a query: vectors of the last items, values of the
 * session's attributes, rates of the user. */
typedef struct rk_feature_context rk_feature_context;

/* Bytes of scratch that a context needs over this snapshot. */
uint64_t rk_feature_context_bytes(const rk_snapshot_meta *meta);
/* Lays a context out in `memory` (64-byte aligned). */
rk_feature_context *rk_feature_context_over(const rk_snapshot_content *content, void *memory);
/* Once a query, after its sources are prepared; `available`: sources that took part, a bit each. */
void rk_features_begin(rk_feature_context *context, const rk_query *query, uint32_t available);
/* Dense arrays are zero again. */
void rk_features_end(rk_feature_context *context);

/* The first RK_FIRST_INPUTS features of every candidate, out (count, RK_FIRST_INPUTS). blends
 * (count): scores of the blend. */
void rk_features_retrieval(const rk_query *query, const rk_candidates *candidates,
                           const float *blends, float *out);
/* All features of the candidates at `places` (count), out (count, RK_FEATURE_COUNT). */
void rk_features_all(const rk_feature_context *context, const rk_query *query,
                     const rk_candidates *candidates, const float *blends, const uint32_t *places,
                     uint32_t count, float *out);

#endif
