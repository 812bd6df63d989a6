/* Turns learnt vectors to where content says they are.
 *
 * Problem: training knows angles only; from another start it finds the same vectors turned some
 * other way. Content has vectors of its own (content_prior.h), and an item whose vector is a
 * mixture of both must not mix two languages. Idea: the rotation that brings the learnt vectors
 * closest to their items' prior ones,
 *
 *     R = argmin sum_i D_i |R e_i - p_i|^2 = polar factor of sum_i D_i p_i e_i',  D = log(1 + n)
 *
 * (P. H. Schonemann, "A Generalized Solution of the Orthogonal Procrustes Problem", 1966). Lengths
 * and angles between learnt vectors stay as they are. The polar factor by Newton and Schulz's
 * iteration, X <- X (3 I - X'X) / 2 (N. J. Higham, "Functions of Matrices", 2008), which needs
 * products only. Directions that no evidence speaks of keep their place: a small multiple of the
 * identity is added before.
 *
 * Cost: items * dim^2 + steps * dim^3 multiply-adds. */
#ifndef RK_LEARN_ALIGN_VECTORS_H
#define RK_LEARN_ALIGN_VECTORS_H

#include "learn/content.h"

/* vectors (items, dim) in place. prior (features, dim) as from rk_content_prior. False if out of
 * memory. */
bool rk_align_vectors(const rk_content *content, const float *prior, const uint32_t *item_events,
                      uint32_t dim, float *vectors);

#endif
