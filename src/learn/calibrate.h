/* Calibration of a head: p = sigmoid(scale * logit + offset), by Newton's method.
 *
 * J. Platt, "Probabilistic Outputs for Support Vector Machines and Comparisons to Regularized
 * Likelihood Methods" (1999); steps halved until the loss falls, as H.-T. Lin, C.-J. Lin and R. C.
 * Weng, "A Note on Platt's Probabilistic Outputs for Support Vector Machines" (2007). Instead of
 * Platt's softened targets a prior of the weight of one row holds scale at 1 and offset at 0, which
 * is what the network means to be: finite where the rows separate or are few. The loss is convex,
 * so there is one answer; a scale outside [0.05, 20] is set to the bound and the offset fitted
 * alone: a head never turns round. O(rows) a step, at most 50 steps. */
#ifndef RK_LEARN_CALIBRATE_H
#define RK_LEARN_CALIBRATE_H

#include "base/types.h"

typedef struct rk_calibration {
    float scale, offset;
} rk_calibration;

/* logit, label (0 or 1), weight: (count). No rows: scale 1, offset 0. */
rk_calibration rk_calibrate(const float *logit, const uint8_t *label, const float *weight,
                            uint32_t count);

#endif
