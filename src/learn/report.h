/* Measurements as JSON: what a snapshot's report and an evaluation's document share. */
#ifndef RK_LEARN_REPORT_H
#define RK_LEARN_REPORT_H

#include "learn/json.h"
#include "learn/search.h"

/* Name of row `method` of rk_validation. */
const char *rk_validated_name(uint32_t method);

/* An object { "recall@10": ..., ... }. */
void rk_report_metrics(rk_json *json, const char *name, const rk_metrics *metrics,
                       const uint32_t *cutoffs, uint32_t cutoff_count);

#endif
