#include "learn/measure.h"

#include <math.h>

#include "learn/yardsticks.h"

bool rk_measure_begin(const rk_trial *trial, uint64_t seed, bool scores, rk_memory *memory,
                      rk_measuring *out) {
    uint64_t cases = trial->split->case_count;
    uint64_t entries = cases * trial->cutoffs[trial->cutoff_count - 1];
    uint32_t width = RK_VALUE_COUNT * trial->cutoff_count;
    *out = (rk_measuring){.trial = *trial, .seed = seed};
    out->kept.lists = RK_NEW(memory, uint32_t, entries);
    out->kept.scores = scores ? RK_NEW(memory, float, entries) : NULL;
    out->kept.values = RK_NEW(memory, float, cases *width);
    out->means = RK_NEW(memory, double, (uint64_t)RK_RESAMPLES *width);
    out->answer_means = RK_NEW(memory, double, (uint64_t)RK_RESAMPLES *width);
    return out->kept.lists && (!scores || out->kept.scores) && out->kept.values && out->means &&
           out->answer_means;
}

static const double *metric(const rk_metrics *metrics, rk_value value) {
    switch (value) {
    case RK_VALUE_RECALL: return metrics->recall;
    case RK_VALUE_HIT_RATE: return metrics->hit_rate;
    case RK_VALUE_MRR: return metrics->mrr;
    case RK_VALUE_NDCG:
    case RK_VALUE_COUNT: break;
    }
    assert(value == RK_VALUE_NDCG);
    return metrics->ndcg;
}

/* Intervals from the values of m->kept; the resamples' means go to `means`. */
static bool resample(rk_measuring *m, double *means, rk_measured *out) {
    uint32_t cutoffs = m->trial.cutoff_count, width = RK_VALUE_COUNT * cutoffs;
    if (!rk_bootstrap_means(m->trial.split, m->kept.values, width, m->seed, m->trial.threads,
                            means)) {
        return false;
    }
    for (uint32_t v = 0; v < RK_VALUE_COUNT; v++) {
        for (uint32_t c = 0; c < cutoffs; c++) {
            uint32_t column = v * cutoffs + c;
            out->interval[v][c] = rk_bootstrap_interval(means, NULL, width, column);
            out->difference[v][c] =
                metric(&m->answer.metrics, (rk_value)v)[c] - metric(&out->metrics, (rk_value)v)[c];
            out->difference_interval[v][c] =
                rk_bootstrap_interval(m->answer_means, means, width, column);
        }
    }
    return true;
}

static bool measure(rk_measuring *m, const rk_snapshot_content *snapshot, const rk_method *method,
                    double *means, rk_measured *out) {
    rk_trial trial = m->trial;
    trial.snapshot = snapshot;
    return rk_evaluate_keeping(&trial, method, &out->metrics, m->kept) &&
           rk_list_quality_measure(&trial, m->kept.lists, &out->quality) && resample(m, means, out);
}

bool rk_measure_answer(rk_measuring *m) {
    bool ranked = m->trial.snapshot->meta.tasks > 0;
    rk_method method = ranked ? rk_method_funnel() : rk_method_blend();
    m->answer.name = method.name;
    return measure(m, m->trial.snapshot, &method, m->answer_means, &m->answer);
}

bool rk_measure_method(rk_measuring *m, const rk_snapshot_content *snapshot,
                       const rk_method *method, const char *name, rk_measured *out) {
    out->name = name;
    return measure(m, snapshot, method, m->means, out);
}

bool rk_measure_random(rk_measuring *m, rk_measured *out) {
    out->name = "random";
    for (uint32_t c = 0; c < m->trial.cutoff_count; c++) {
        out->quality.novelty[c] = out->quality.diversity[c] = out->quality.popularity_bias[c] =
            (double)NAN;
    }
    return rk_yardstick_random(&m->trial, &out->metrics, m->kept.values) &&
           resample(m, m->means, out);
}
