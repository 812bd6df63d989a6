/* Second stage: probabilities of several events from one small network, many candidates at once.
 *
 * Multi-gate mixture of experts: J. Ma et al., "Modeling Task Relationships in Multi-task Learning
 * with Multi-gate Mixture-of-Experts" (2018), with a linear path beside it (H.-T. Cheng et al.,
 * "Wide & Deep Learning", 2016), so that a log too small for hidden units still has its logistic
 * regression.
 *
 *   x (inputs) --> one product with [ experts * units | tasks * experts | tasks ] columns
 *     hidden_e = relu(x W_e + b_e)          (experts, units)
 *     gate_t   = softmax_e(x G_t + g_t)     (tasks, experts)
 *     wide_t   = x S_t + s_t                (tasks)
 *     logit_t  = wide_t + sum_e gate_te <hidden_e, head_t>
 *     p_t      = sigmoid(scale_t * logit_t + offset_t)
 *
 * Weights, FORMAT.md "Rankers": rank.2 = matrix (inputs, columns), biases (columns), heads (tasks,
 * units). Training folds the standardisation of the inputs into matrix and biases. Shared-bottom is
 * one expert. */
#ifndef RK_MODEL_RANK_MTML_H
#define RK_MODEL_RANK_MTML_H

#include "format/snapshot_read.h"

/* Shape and weights, borrowed: of a snapshot, or of a model in training. */
typedef struct rk_mtml {
    uint32_t inputs, experts, units, tasks;
    const float *matrix; /* (inputs, columns) */
    const float *bias;   /* (columns) */
    const float *head;   /* (tasks, units) */
} rk_mtml;

static inline uint32_t rk_mtml_columns(const rk_mtml *model) {
    return model->experts * model->units + model->tasks * model->experts + model->tasks;
}

/* f32 of all weights. */
static inline uint64_t rk_mtml_floats(const rk_mtml *model) {
    return (model->inputs + UINT64_C(1)) * rk_mtml_columns(model) +
           (uint64_t)model->tasks * model->units;
}

/* A model of this shape over rk_mtml_floats weights in the order of the format. */
rk_mtml rk_mtml_over(uint32_t inputs, uint32_t experts, uint32_t units, uint32_t tasks,
                     const float *weights);
/* The second stage of a snapshot that has tasks. */
rk_mtml rk_mtml_of(const rk_snapshot_content *snapshot);

/* The inputs that the snapshot's network takes, out (rows, meta.rank_inputs), of all features
 * (rows, feature_count). A feature of a later version reads as missing. */
static inline void rk_mtml_inputs(const rk_snapshot_content *snapshot, const float *features,
                                  uint32_t feature_count, uint32_t rows, float *out) {
    uint32_t inputs = snapshot->meta.rank_inputs;
    for (uint32_t r = 0; r < rows; r++) {
        for (uint32_t i = 0; i < inputs; i++) {
            uint32_t feature = snapshot->rank_feature[i];
            *out++ = feature < feature_count ? features[(size_t)r * feature_count + feature] : 0.0f;
        }
    }
}

/* Logits before calibration, logits (rows, tasks), of x (rows, inputs). scratch: (rows, columns):
 * afterwards the activations, hidden after relu, gates after softmax. */
void rk_mtml_logits(const rk_mtml *model, const float *x, uint32_t rows, float *scratch,
                    float *logits);

/* p (rows, tasks) from logits, calibrated. May be the same array. */
void rk_mtml_probabilities(const rk_task *tasks, uint32_t task_count, const float *logits,
                           uint32_t rows, float *p);

/* Value of a candidate: sum_t weight_t p_t. */
static inline float rk_value_of(const float *weights, const float *p, uint32_t tasks) {
    float value = 0.0f;
    for (uint32_t t = 0; t < tasks; t++) value += weights[t] * p[t];
    return value;
}

#endif
