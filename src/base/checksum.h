/* CRC-32 (IEEE 802.3, reflected) for the header and the section table; SHA-256 (FIPS 180-4) for
 * sections and the content id; FNV-1a (G. Fowler, L. C. Noll and K.-P. Vo, 1991; 64 bits) for
 * features, which are hashed by the million and need no more than to spread. */
#ifndef RK_BASE_CHECKSUM_H
#define RK_BASE_CHECKSUM_H

#include "base/types.h"

uint32_t rk_crc32(const void *bytes, uint64_t size);

#define RK_FNV1A_START UINT64_C(0xCBF29CE484222325)

/* The hash of what was hashed to `hash`, then `bytes`; of nothing: RK_FNV1A_START. */
uint64_t rk_fnv1a(uint64_t hash, const void *bytes, uint64_t size);

#define RK_SHA256_BYTES 32

typedef struct rk_sha256 {
    uint32_t state[8];
    uint64_t total_bytes;
    unsigned char block[64];
} rk_sha256;

void rk_sha256_init(rk_sha256 *hash);
void rk_sha256_update(rk_sha256 *hash, const void *bytes, uint64_t size);
void rk_sha256_final(rk_sha256 *hash, unsigned char out[RK_SHA256_BYTES]);
void rk_sha256_of(const void *bytes, uint64_t size, unsigned char out[RK_SHA256_BYTES]);

#endif
