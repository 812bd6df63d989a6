/* What an item says of itself, as hashed features.
 *
 * Problem: attributes are words, numbers and lists of unknown vocabularies, and a new item must be
 * read in a browser as the trainer read the old ones. Idea: the hashing trick (K. Weinberger et
 * al., "Feature Hashing for Large Scale Multitask Learning", 2009): a feature is the 64-bit hash of
 * (attribute name, value), with no dictionary to ship and nothing learnt from the data.
 *
 *   category  the value
 *   tags      each of the values between '|'
 *   text      each token, and each two neighbours; a token is a run of ASCII letters (in lower
 *             case), digits or bytes of other letters (>= 0x80), cut where a lower-case letter
 *             meets an upper-case one
 *   number    its half-octave: sign and floor(2 log2 |x|), and the one above, so that numbers close
 *             to an edge still share a feature; zero by itself
 *
 * Values are taken as they are otherwise: trimming is the reader's. O(bytes), no memory. */
#ifndef RK_MODEL_CONTENT_FEATURES_H
#define RK_MODEL_CONTENT_FEATURES_H

#include "base/types.h"

/* Features of one attribute of one item into out, at most `capacity` (later ones are dropped);
 * returns how many. kind: RK_ATTRIBUTE_...; a malformed number has no features. */
uint32_t rk_content_features(const char *name, uint32_t name_bytes, uint32_t kind,
                             const char *value, uint32_t value_bytes, uint64_t *out,
                             uint32_t capacity);

/* The words of a text that belongs to no attribute, as `text` has them. By itself, so that a
 * runtime which reads titles does not bring what reads numbers. */
uint32_t rk_text_features(const char *text, uint32_t bytes, uint64_t *out, uint32_t capacity);

#endif
