#include "learn/report.h"

const char *rk_validated_name(uint32_t method) {
    if (method == RK_VALIDATED_BLEND) return "blend";
    return method == RK_VALIDATED_COOCCURRENCE ? "cooccurrence" : rk_source_name(method);
}

/* "hr@10", in `key`. */
typedef struct metric_key {
    char text[40];
} metric_key;

static metric_key key_of(const char *metric, uint32_t cutoff) {
    metric_key key;
    rk_json text = rk_json_over(key.text, sizeof key.text - 1);
    rk_json_key(&text, metric, cutoff);
    key.text[text.size] = 0;
    return key;
}

static const char *const value_names[RK_VALUE_COUNT] = {[RK_VALUE_RECALL] = "recall@",
                                                        [RK_VALUE_HIT_RATE] = "hr@",
                                                        [RK_VALUE_MRR] = "mrr@",
                                                        [RK_VALUE_NDCG] = "ndcg@"};

/* One metric, an array over cutoffs. */
typedef struct metric_row {
    const char *name;
    const double *value;
} metric_row;

static void put_rows(rk_json *json, const metric_row *rows, size_t row_count,
                     const uint32_t *cutoffs, uint32_t cutoff_count) {
    for (uint32_t c = 0; c < cutoff_count; c++) {
        for (size_t i = 0; i < row_count; i++)
            rk_json_number(json, key_of(rows[i].name, cutoffs[c]).text, rows[i].value[c]);
    }
}

static void put_metrics(rk_json *json, const rk_metrics *metrics, const uint32_t *cutoffs,
                        uint32_t cutoff_count) {
    const metric_row rows[] = {
        {"recall@", metrics->recall},     {"hr@", metrics->hit_rate},
        {"mrr@", metrics->mrr},           {"ndcg@", metrics->ndcg},
        {"coverage@", metrics->coverage}, {"precision@", metrics->precision}};
    put_rows(json, rows, sizeof rows / sizeof rows[0], cutoffs, cutoff_count);
}

void rk_report_metrics(rk_json *json, const char *name, const rk_metrics *metrics,
                       const uint32_t *cutoffs, uint32_t cutoff_count) {
    rk_json_open(json, name, '{');
    put_metrics(json, metrics, cutoffs, cutoff_count);
    rk_json_close(json, '}');
}

static bool is_silent(rk_json *json, const rk_measured *measured) {
    if (measured->metrics.answerable) return false;
    rk_json_null(json, measured->name);
    return true;
}

void rk_report_measured(rk_json *json, const rk_measured *measured, const rk_trial *trial) {
    const rk_list_quality *quality = &measured->quality;
    const metric_row rows[] = {{"novelty@", quality->novelty},
                               {"diversity@", quality->diversity},
                               {"popularity_bias@", quality->popularity_bias}};
    if (is_silent(json, measured)) return;
    rk_json_open(json, measured->name, '{');
    put_metrics(json, &measured->metrics, trial->cutoffs, trial->cutoff_count);
    put_rows(json, rows, sizeof rows / sizeof rows[0], trial->cutoffs, trial->cutoff_count);
    rk_json_close(json, '}');
}

void rk_report_intervals(rk_json *json, const rk_measured *measured, const rk_trial *trial) {
    if (is_silent(json, measured)) return;
    rk_json_open(json, measured->name, '{');
    for (uint32_t c = 0; c < trial->cutoff_count; c++) {
        for (uint32_t v = 0; v < RK_VALUE_COUNT; v++) {
            rk_json_open(json, key_of(value_names[v], trial->cutoffs[c]).text, '[');
            rk_json_number(json, NULL, measured->interval[v][c].low);
            rk_json_number(json, NULL, measured->interval[v][c].high);
            rk_json_close(json, ']');
        }
    }
    rk_json_close(json, '}');
}

static void put_difference(rk_json *json, const char *key, const rk_measured *measured,
                           rk_value value, uint32_t cutoff) {
    rk_json_open(json, key, '{');
    rk_json_number(json, "mean", measured->difference[value][cutoff]);
    rk_json_number(json, "low", measured->difference_interval[value][cutoff].low);
    rk_json_number(json, "high", measured->difference_interval[value][cutoff].high);
    rk_json_close(json, '}');
}

void rk_report_differences(rk_json *json, const rk_measured *measured, const rk_trial *trial) {
    static const rk_value compared[] = {RK_VALUE_RECALL, RK_VALUE_NDCG};
    if (is_silent(json, measured)) return;
    rk_json_open(json, measured->name, '{');
    for (uint32_t c = 0; c < trial->cutoff_count; c++) {
        for (size_t i = 0; i < sizeof compared / sizeof compared[0]; i++) {
            const char *name = value_names[compared[i]];
            put_difference(json, key_of(name, trial->cutoffs[c]).text, measured, compared[i], c);
        }
    }
    rk_json_close(json, '}');
}

void rk_report_buckets(rk_json *json, const char *name, const rk_bucket buckets[RK_BUCKETS],
                       const rk_trial *trial) {
    rk_json_open(json, name, '[');
    for (uint32_t b = 0; b < RK_BUCKETS; b++) {
        metric_row rows[RK_VALUE_COUNT];
        for (uint32_t v = 0; v < RK_VALUE_COUNT; v++)
            rows[v] = (metric_row){value_names[v], buckets[b].value[v]};
        rk_json_open(json, NULL, '{');
        rk_json_string(json, "bucket", buckets[b].name);
        rk_json_u64(json, "count", buckets[b].count);
        if (buckets[b].count) {
            put_rows(json, rows, RK_VALUE_COUNT, trial->cutoffs, trial->cutoff_count);
        }
        rk_json_close(json, '}');
    }
    rk_json_close(json, ']');
}

void rk_report_ablation(rk_json *json, const rk_measured *measured, const rk_trial *trial) {
    uint32_t last = trial->cutoff_count - 1;
    rk_json_open(json, measured->name, '{');
    rk_json_number(json, key_of(value_names[RK_VALUE_NDCG], trial->cutoffs[last]).text,
                   measured->metrics.ndcg[last]);
    put_difference(json, "difference", measured, RK_VALUE_NDCG, last);
    rk_json_close(json, '}');
}
