/* The document of a tuning: what was tried, what is proposed, what it changes. */
#include "learn/tune.h"
#include "learn/tune_guards.h"

static const char *verdict_text(rk_tune_verdict verdict) {
    switch (verdict) {
    case RK_TUNE_CHANGE: return "the gain is no luck of these users";
    case RK_TUNE_KEEP_BEST: return "nothing tried was better than what you have";
    case RK_TUNE_KEEP_CHANCE: return "the gain may be luck: its interval does not lie above 0";
    case RK_TUNE_KEEP_GUARD: return "the best setting breaks a guard rail";
    case RK_TUNE_KEEP_EVIDENCE: return "too few logged rows are shown to judge by";
    }
    return "";
}

/* A key that is not zero-terminated in the snapshot. */
static void put_named(rk_json *json, const rk_strings *names, uint32_t row, double value) {
    char key[256] = {0};
    const char *text;
    uint32_t bytes = rk_strings_get(names, row, &text);
    memcpy(key, text, RK_MIN(bytes, sizeof key - 1));
    rk_json_number(json, key, value);
}

static void put_setting(rk_json *json, const char *name, const rk_snapshot_content *snapshot,
                        const rk_setting *setting) {
    uint32_t sources = rk_setting_sources(snapshot);
    rk_json_open(json, name, '{');
    rk_json_open(json, "values", '{');
    for (uint32_t t = 0; t < snapshot->meta.tasks; t++)
        put_named(json, &snapshot->types, snapshot->tasks[t].type, (double)setting->values[t]);
    rk_json_close(json, '}');
    rk_json_open(json, "quotas", '{');
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        if (sources >> s & 1u) rk_json_u64(json, rk_source_name(s), setting->quotas[s]);
    }
    rk_json_close(json, '}');
    rk_json_close(json, '}');
}

static void put_interval(rk_json *json, const char *name, rk_interval interval) {
    rk_json_open(json, name, '[');
    rk_json_number(json, NULL, interval.low);
    rk_json_number(json, NULL, interval.high);
    rk_json_close(json, ']');
}

static void put_rungs(rk_json *json, const rk_tune_result *result) {
    rk_json_open(json, "rungs", '[');
    for (uint32_t r = 0; r < result->rungs; r++) {
        rk_json_open(json, NULL, '{');
        rk_json_u64(json, "cases", result->rung_cases[r]);
        rk_json_u64(json, "settings", result->rung[r].entered);
        rk_json_u64(json, "broken", result->rung[r].broken);
        rk_json_close(json, '}');
    }
    rk_json_close(json, ']');
}

static void put_reward(rk_json *json, const rk_tune_result *result) {
    const double *before = result->figure_before, *after = result->figure_after;
    rk_json_open(json, "reward", '{');
    rk_json_string(json, "estimator", result->by_propensity ? "snips" : "replay");
    rk_json_number(json, "before", before[RK_FIGURE_REWARD]);
    put_interval(json, "beforeInterval", result->interval_before);
    rk_json_number(json, "after", after[RK_FIGURE_REWARD]);
    put_interval(json, "afterInterval", result->interval_after);
    rk_json_number(json, "gain", after[RK_FIGURE_REWARD] - before[RK_FIGURE_REWARD]);
    put_interval(json, "gainInterval", result->gain_interval);
    rk_json_close(json, '}');
    if (!result->by_propensity) return;
    rk_json_open(json, "propensities", '{');
    rk_json_u64(json, "rows", result->logged_rows);
    rk_json_number(json, "effectiveBefore", result->effective_before);
    rk_json_number(json, "effectiveAfter", result->effective_after);
    rk_json_close(json, '}');
}

static void put_guards(rk_json *json, const rk_tune_options *options,
                       const rk_tune_result *result) {
    rk_json_open(json, "figures", '[');
    for (uint32_t f = RK_FIGURE_REWARD + 1; f < RK_FIGURES; f++) {
        rk_json_open(json, NULL, '{');
        rk_json_string(json, "name", rk_figure_name((rk_figure)f));
        rk_json_number(json, "before", result->figure_before[f]);
        rk_json_number(json, "after", result->figure_after[f]);
        if (f == RK_FIGURE_NDCG) put_interval(json, "gainInterval", result->ndcg_gain_interval);
        if (options->guards[f].on) {
            double tolerance = options->guards[f].tolerance;
            bool upper = rk_guard_is_upper((rk_figure)f);
            rk_json_number(json, "allowed", upper ? tolerance : -tolerance);
            rk_json_string(json, "guard", result->broken[f] ? "broken" : "kept");
        }
        rk_json_close(json, '}');
    }
    rk_json_close(json, ']');
}

void rk_tune_report(rk_json *json, const rk_snapshot_content *snapshot,
                    const rk_tune_options *options, const rk_tune_result *result) {
    bool change = result->verdict == RK_TUNE_CHANGE;
    rk_json_open(json, NULL, '{');
    rk_json_string(json, "decision", change ? "change" : "keep");
    rk_json_string(json, "reason", verdict_text(result->verdict));
    rk_json_string(json, "protocol", rk_protocol_name(result->protocol));
    rk_json_u64(json, "k", options->k);
    rk_json_u64(json, "events", result->events);
    rk_json_u64(json, "eventsNotNewer", result->not_newer);
    rk_json_u64(json, "items", result->items);
    rk_json_u64(json, "itemsKnown", result->items_known);
    rk_json_u64(json, "settings", options->configurations);
    rk_json_u64(json, "best", result->winner);
    rk_json_u64(json, "tuningCases", result->tuning_cases);
    rk_json_u64(json, "reportingCases", result->reporting_cases);
    rk_json_u64(json, "reportingUsers", result->reporting_users);
    put_rungs(json, result);
    put_setting(json, "before", snapshot, &result->before);
    put_setting(json, "after", snapshot, &result->after);
    put_reward(json, result);
    put_guards(json, options, result);
    rk_json_open(json, "notes", '[');
    for (uint32_t n = 0; n < result->note_count; n++) rk_json_string(json, NULL, result->notes[n]);
    rk_json_close(json, ']');
    rk_json_close(json, '}');
}
