#include "learn/ranker_metrics.h"

#include "base/fmath.h"

#include <math.h>

static void sort_rows(const float *score, uint32_t count, rk_scored *order) {
    for (uint32_t i = 0; i < count; i++) order[i] = (rk_scored){score[i], i};
    rk_sort_scored(order, count);
}

/* End of the run of equal scores that begins at `begin`. */
static uint32_t end_of_ties(const rk_scored *order, uint32_t begin, uint32_t count) {
    uint32_t end = begin + 1;
    while (end < count && order[end].score == order[begin].score) end++;
    return end;
}

double rk_metric_auc_sorted(const rk_judged *rows) {
    double won = 0.0, positive = 0.0, negative = 0.0;
    for (uint32_t i = 0, end; i < rows->count; i = end) {
        double of_run[2] = {0.0, 0.0};
        end = end_of_ties(rows->order, i, rows->count);
        for (uint32_t k = i; k < end; k++) {
            const uint32_t row = rows->order[k].item;
            of_run[rows->label[row]] += (double)rows->weight[row];
        }
        won += of_run[0] * (positive + 0.5 * of_run[1]);
        positive += of_run[1];
        negative += of_run[0];
    }
    return positive > 0.0 && negative > 0.0 ? won / (positive * negative) : (double)NAN;
}

double rk_metric_auc(const rk_judged *rows) {
    sort_rows(rows->score, rows->count, rows->order);
    return rk_metric_auc_sorted(rows);
}

double rk_metric_log_loss(const rk_judged *rows) {
    double loss = 0.0, weight = 0.0;
    for (uint32_t i = 0; i < rows->count; i++) {
        const float p = rows->label[i] ? rows->score[i] : 1.0f - rows->score[i];
        loss -= (double)rows->weight[i] * (double)rk_logf(RK_MIN(RK_MAX(p, 1e-7f), 1.0f - 1e-7f));
        weight += (double)rows->weight[i];
    }
    return weight > 0.0 ? loss / weight : (double)NAN;
}

double rk_metric_calibration_error(const rk_judged *rows) {
    double total = 0.0, error = 0.0, seen = 0.0, gap = 0.0;
    uint32_t bin = 1;
    for (uint32_t i = 0; i < rows->count; i++) total += (double)rows->weight[i];
    sort_rows(rows->score, rows->count, rows->order);
    for (uint32_t i = 0, end; i < rows->count; i = end) {
        end = end_of_ties(rows->order, i, rows->count);
        for (uint32_t k = i; k < end; k++) {
            const uint32_t row = rows->order[k].item;
            const double weight = (double)rows->weight[row];
            gap += weight * ((double)rows->score[row] - (double)rows->label[row]);
            seen += weight;
        }
        if (end < rows->count && seen * RK_CALIBRATION_BINS < total * bin) continue;
        while (bin < RK_CALIBRATION_BINS && seen * RK_CALIBRATION_BINS >= total * bin) bin++;
        error += gap < 0.0 ? -gap : gap;
        gap = 0.0;
    }
    return total > 0.0 ? error / total : (double)NAN;
}

static double discounted(const rk_scored *order, const float *gain, uint32_t count) {
    double sum = 0.0;
    for (uint32_t i = 0; i < RK_MIN(count, RK_NDCG_CUTOFF); i++)
        sum += (double)gain[order[i].item] / (double)rk_log2f((float)i + 2.0f);
    return sum;
}

double rk_metric_ndcg(const float *score, const float *gain, uint32_t count, rk_scored *order) {
    sort_rows(gain, count, order);
    const double ideal = discounted(order, gain, count);
    if (!(ideal > 0.0)) return (double)NAN;
    sort_rows(score, count, order);
    return discounted(order, gain, count) / ideal;
}
