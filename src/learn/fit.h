/* From a log and parameters to the arrays of a snapshot: one function a learner, all filling the
 * same content, so that the search, the evaluation and the final snapshot are built by the same
 * code. */
#ifndef RK_LEARN_FIT_H
#define RK_LEARN_FIT_H

#include "learn/build_neighbors.h"
#include "learn/content.h"
#include "learn/prior.h"
#include "learn/train_encoder.h"
#include "learn/train_ridge.h"
#include "learn/train_sgns.h"

/* Events of all epochs of a training of vectors; a quarter of it for a trial of the search. More
 * epochs raise the session source a little and the blend not at all (src/README.md). */
#define RK_SGNS_BUDGET    2500000u
#define RK_ENCODER_BUDGET 6000000u
#define RK_TOWER_BUDGET   750000u

typedef struct rk_vectors_result {
    rk_sgns_result sgns;
    rk_encoder_result encoder;
    rk_encoder_result towers;
    rk_ridge_result ridge;
} rk_vectors_result;

#define RK_DAY_MS INT64_C(86400000)

/* Everything the search chooses. */
typedef struct rk_tuned {
    int64_t half_life_ms; /* of popularity; 0: none */
    int64_t gap_ms;       /* that cuts sessions; 0: none */
    rk_neighbor_params neighbors;
    float boost; /* events of popularity that a unit of an item's boost counts as */
    float similar_decay;
    float outlier_weight;
    float short_popular; /* of the blend: what `popular` weighs more, divided by the liked events */
    int64_t trending_window_ms;
    float nearby_km;
    rk_sgns_params sgns;
    rk_encoder_params encoder;
    rk_encoder_params towers; /* of the user; what the item side adds follows */
    float id_dropout, content_rate;
    rk_ridge_params ridge;
    float session_decay;
    float repeat[RK_REPEAT_LAGS];
    rk_source_config sources[RK_SOURCE_SLOTS];
    const rk_prior *prior; /* another region, or NULL; as in `neighbors` */
} rk_tuned;

/* Where the search starts, and what stands when there is nothing to validate on: of a prior what
 * its source's search found. */
rk_tuned rk_tuned_defaults(const rk_learn_options *options);
/* What a person fixed of the sources, over what was tuned. */
void rk_tuned_fix(const rk_learn_options *options, rk_tuned *tuned);

/* A content with its meta, weights and sources set and no learner's arrays yet. */
void rk_fit_begin(const rk_events_content *events, const rk_log *log, const rk_tuned *tuned,
                  uint64_t seed, rk_snapshot_content *content);

/* Each fills its part of `content` from `memory`; false if out of memory. */
bool rk_fit_popularity(const rk_log *log, const rk_tuned *tuned, rk_memory *memory,
                       rk_snapshot_content *content);
bool rk_fit_trending(const rk_log *log, const rk_tuned *tuned, rk_memory *memory,
                     rk_snapshot_content *content);
bool rk_fit_places(const rk_events_content *events, const rk_log *log, rk_memory *memory,
                   rk_snapshot_content *content);
bool rk_fit_attributes(const rk_events_content *events, const rk_log *log, rk_memory *memory,
                       rk_snapshot_content *content);
/* When items were first seen, of a log with times. */
bool rk_fit_born(const rk_log *log, rk_memory *memory, rk_snapshot_content *content);
bool rk_fit_explore(const rk_log *log, rk_memory *memory, rk_snapshot_content *content);
/* Of items that are alike, by the vectors that `content` has. */
bool rk_fit_clusters(const rk_learn_options *options, rk_memory *memory,
                     rk_snapshot_content *content);
bool rk_fit_neighbors(const rk_log *log, const rk_neighbor_params *params, float decay,
                      uint32_t threads, rk_memory *memory, rk_snapshot_content *content);
bool rk_fit_vectors(const rk_events_content *events, const rk_log *log, const rk_content *items,
                    const rk_tuned *tuned, const rk_learn_options *options, rk_memory *memory,
                    rk_snapshot_content *content, rk_vectors_result *result);

/* All of the above: a content whose retrieval is learnt from `log`, which is cut as tuned. `items`
 * receives what they say of themselves. Errors: OUT_OF_MEMORY. */
rk_status rk_fit_retrieval(const rk_events_content *events, rk_log *log, rk_content *items,
                           const rk_tuned *tuned, const rk_learn_options *options,
                           rk_memory *memory, rk_snapshot_content *content,
                           rk_vectors_result *vectors, rk_error *error);

/* Plain co-occurrence, the yardstick: every pair of a session counts one (to a distance of 256, the
 * 256 best an item), nothing is normalised. */
bool rk_fit_cooccurrence(const rk_log *log, uint32_t threads, rk_memory *memory,
                         rk_snapshot_content *content);

/* Copies ids and titles of the kept items out of the events file. */
bool rk_fit_strings(const rk_events_content *events, const rk_log *log, rk_memory *memory,
                    rk_snapshot_content *content);

#endif
