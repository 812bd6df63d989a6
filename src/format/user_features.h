/* Hashed features of users and items: FORMAT.md section 3, "User features". */
#ifndef RK_FORMAT_USER_FEATURES_H
#define RK_FORMAT_USER_FEATURES_H

#include "base/types.h"

/* 64-bit FNV-1a over the name, one zero byte, the value. A longer value is hashed on from it by
 * rk_fnv1a. O(bytes). */
uint64_t rk_feature_hash(const char *name, uint32_t name_bytes, const char *value,
                         uint32_t value_bytes);

/* The row of `feat.vec` for one value of one feature. feature_rows: a power of two. O(bytes). */
uint32_t rk_feature_row(const char *name, uint32_t name_bytes, const char *value,
                        uint32_t value_bytes, uint32_t feature_rows);

#endif
