/* Measurements as JSON: what a snapshot's report and an evaluation's document share, and what only
 * the document has. Keys are "<metric>@<cutoff>"; an interval is [low, high]. */
#ifndef RK_LEARN_REPORT_H
#define RK_LEARN_REPORT_H

#include "learn/json.h"
#include "learn/measure.h"
#include "learn/search.h"

/* Name of row `method` of rk_validation. */
const char *rk_validated_name(uint32_t method);

/* An object { "recall@10": ..., ... }. */
void rk_report_metrics(rk_json *json, const char *name, const rk_metrics *metrics,
                       const uint32_t *cutoffs, uint32_t cutoff_count);

/* The same with what the lists are like; null where the method could answer no case. */
void rk_report_measured(rk_json *json, const rk_measured *measured, const rk_trial *trial);

/* { "recall@10": [low, high], ... } of every metric that has an interval. */
void rk_report_intervals(rk_json *json, const rk_measured *measured, const rk_trial *trial);

/* { "recall@10": { "mean", "low", "high" }, "ndcg@10": ... }: the answer's less the method's. */
void rk_report_differences(rk_json *json, const rk_measured *measured, const rk_trial *trial);

/* [ { "bucket": "1", "count": ..., "recall@10": ... }, ... ] */
void rk_report_buckets(rk_json *json, const char *name, const rk_bucket buckets[RK_BUCKETS],
                       const rk_trial *trial);

/* { "ndcg@20": ..., "difference": { ... } } at the last cutoff, under the method's name. */
void rk_report_ablation(rk_json *json, const rk_measured *measured, const rk_trial *trial);

#endif
