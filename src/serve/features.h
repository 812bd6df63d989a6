/* The only feature assembly: what the rankers learn from and what they are asked with.
 *
 * learn calls the engine, the engine calls this, for training as for answering; so a feature cannot
 * mean two things. Most candidates are ranked by what retrieval knows of them
 * (rk_features_retrieval, 16 numbers); what costs look-ups and decoding is computed for the few
 * that are left (rk_features_all).
 *
 * A context lives as long as its engine: it holds what depends on an item alone, and between
 * rk_features_begin and rk_features_end what one query's features share. */
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

/* "blend", ...; "" for a number that is no feature. */
const char *rk_feature_label(uint32_t feature);

/* Feature `number` < RK_MAX_RANK_INPUTS of a row of RK_FEATURE_COUNT. A snapshot may ask for a
 * feature that only later readers know: it is 0 (FORMAT.md "Rankers"). */
static inline float rk_feature_of(const float *row, uint32_t number) {
    return number < RK_FEATURE_COUNT ? row[number] : 0.0f;
}

typedef struct rk_feature_context rk_feature_context;

/* Bytes of scratch that a context needs over this snapshot: 16 KB, 4 an item and 4 a value of an
 * attribute. */
uint64_t rk_feature_context_bytes(const rk_snapshot_meta *meta);
/* Lays a context out in `memory` (64-byte aligned); `content` must outlive it. O(items). */
rk_feature_context *rk_feature_context_over(const rk_snapshot_content *content, void *memory);
/* Once a query, after its sources are prepared; `available`: sources that took part, a bit each.
 * O(session + dim). */
void rk_features_begin(rk_feature_context *context, const rk_query *query, uint32_t available);
/* Dense arrays are zero again. */
void rk_features_end(rk_feature_context *context);

/* The first RK_FIRST_INPUTS features of every candidate, out (candidates->count, RK_FIRST_INPUTS).
 * blends (candidates->count): scores of the blend. Every available source has scored every
 * candidate. */
void rk_features_retrieval(const rk_feature_context *context, const rk_query *query,
                           const rk_candidates *candidates, const float *blends, float *out);
/* All features of the candidates at `places` (count <= RK_MAX_CANDIDATES, no place twice), out
 * (count, RK_FEATURE_COUNT). O(count * (sources + values + row of neighbours + dim)). */
void rk_features_all(const rk_feature_context *context, const rk_query *query,
                     const rk_candidates *candidates, const float *blends, const uint32_t *places,
                     uint32_t count, float *out);

#endif
