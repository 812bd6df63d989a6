#include "format/user_features.h"

/* FNV-1a (G. Fowler, L. C. Noll and K.-P. Vo, 1991), 64 bits. */
#define FNV_BASIS UINT64_C(0xCBF29CE484222325)
#define FNV_PRIME UINT64_C(0x00000100000001B3)

static uint64_t hash_bytes(uint64_t hash, const char *bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) hash = (hash ^ (unsigned char)bytes[i]) * FNV_PRIME;
    return hash;
}

uint32_t rk_feature_row(const char *name, uint32_t name_bytes, const char *value,
                        uint32_t value_bytes, uint32_t feature_rows) {
    assert(feature_rows && (feature_rows & (feature_rows - 1)) == 0);
    uint64_t hash = hash_bytes(FNV_BASIS, name, name_bytes);
    hash = hash_bytes(hash, "", 1); /* so that (ab, c) and (a, bc) differ */
    return (uint32_t)(hash_bytes(hash, value, value_bytes) & (feature_rows - 1));
}
