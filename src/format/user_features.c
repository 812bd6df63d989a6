#include "format/user_features.h"

#include "base/checksum.h"

uint64_t rk_feature_hash(const char *name, uint32_t name_bytes, const char *value,
                         uint32_t value_bytes) {
    uint64_t hash = rk_fnv1a(RK_FNV1A_START, name, name_bytes);
    hash = rk_fnv1a(hash, "", 1); /* so that (ab, c) and (a, bc) differ */
    return rk_fnv1a(hash, value, value_bytes);
}

uint32_t rk_feature_row(const char *name, uint32_t name_bytes, const char *value,
                        uint32_t value_bytes, uint32_t feature_rows) {
    assert(feature_rows && (feature_rows & (feature_rows - 1)) == 0);
    return (uint32_t)(rk_feature_hash(name, name_bytes, value, value_bytes) & (feature_rows - 1));
}
