#include "learn/report.h"

const char *rk_validated_name(uint32_t method) {
    if (method == RK_VALIDATED_BLEND) return "blend";
    return method == RK_VALIDATED_COOCCURRENCE ? "cooccurrence" : rk_source_name(method);
}

void rk_report_metrics(rk_json *json, const char *name, const rk_metrics *metrics,
                       const uint32_t *cutoffs, uint32_t cutoff_count) {
    rk_json_open(json, name, '{');
    for (uint32_t c = 0; c < cutoff_count; c++) {
        const struct {
            const char *name;
            double value;
        } rows[] = {{"recall@", metrics->recall[c]},
                    {"hr@", metrics->hit_rate[c]},
                    {"mrr@", metrics->mrr[c]},
                    {"ndcg@", metrics->ndcg[c]},
                    {"coverage@", metrics->coverage[c]}};
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            char key[32];
            rk_json text = rk_json_over(key, sizeof key - 1);
            rk_json_key(&text, rows[i].name, cutoffs[c]);
            key[text.size] = 0;
            rk_json_number(json, key, rows[i].value);
        }
    }
    rk_json_close(json, '}');
}
