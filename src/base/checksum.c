/* CRC-32 and SHA-256.
 *
 * CRC-32 (IEEE 802.3, reflected polynomial EDB88320) guards the header and the section table, at
 * most a few kilobytes: a table of 16 entries, two steps a byte, is enough. The usual 1 KB table
 * or slicing by eight would only add bytes to the browser module.
 *
 * SHA-256 (NIST FIPS 180-4, 2015) guards sections, a snapshot's megabytes. Straight from the
 * standard, with the message schedule kept in a ring of 16 words; a load verifies once.
 *
 * Invariant: between calls `block` holds total_bytes mod 64 bytes that are not yet hashed. */
#include "base/checksum.h"

uint32_t rk_crc32(const void *bytes, uint64_t size) {
    // Entry i: the remainder of i after four steps.
    static const uint32_t nibble[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    const unsigned char *at = bytes;
    uint32_t crc = 0xFFFFFFFF;
    for (uint64_t i = 0; i < size; i++) {
        crc ^= at[i];
        crc = (crc >> 4) ^ nibble[crc & 15];
        crc = (crc >> 4) ^ nibble[crc & 15];
    }
    return ~crc;
}

static uint32_t rotate_right(uint32_t x, unsigned bits) {
    return (x >> bits) | (x << (32 - bits));
}

static uint32_t load_big_endian(const unsigned char *p) {
    return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static void compress(uint32_t state[8], const unsigned char block[64]) {
    uint32_t w[16]; // w[t % 16] is the schedule's word t
    for (unsigned t = 0; t < 16; t++) w[t] = load_big_endian(block + 4 * t);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (unsigned t = 0; t < 64; t++) {
        if (t >= 16) {
            const uint32_t w2 = w[(t - 2) & 15], w15 = w[(t - 15) & 15];
            const uint32_t s0 = rotate_right(w15, 7) ^ rotate_right(w15, 18) ^ (w15 >> 3);
            const uint32_t s1 = rotate_right(w2, 17) ^ rotate_right(w2, 19) ^ (w2 >> 10);
            w[t & 15] += s0 + w[(t - 7) & 15] + s1;
        }
        const uint32_t e_mix = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        const uint32_t choice = (e & f) ^ (~e & g);
        const uint32_t t1 = h + e_mix + choice + round_constants[t] + w[t & 15];
        const uint32_t a_mix = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        const uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + a_mix + majority;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

void rk_sha256_init(rk_sha256 *hash) {
    // Fractional parts of the square roots of the first eight primes.
    *hash = (rk_sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                  0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void rk_sha256_update(rk_sha256 *hash, const void *bytes, uint64_t size) {
    const unsigned char *at = bytes;
    const uint64_t pending = hash->total_bytes % 64;
    hash->total_bytes += size;
    if (pending > 0) {
        const uint64_t taken = RK_MIN(64 - pending, size);
        if (taken > 0) memcpy(hash->block + pending, at, (size_t)taken);
        if (pending + taken < 64) return;
        compress(hash->state, hash->block);
        at += taken;
        size -= taken;
    }
    for (; size >= 64; at += 64, size -= 64) compress(hash->state, at);
    if (size > 0) memcpy(hash->block, at, (size_t)size);
}

void rk_sha256_final(rk_sha256 *hash, unsigned char out[RK_SHA256_BYTES]) {
    static const unsigned char padding[64] = {0x80};
    const uint64_t bits = hash->total_bytes * 8;
    const uint64_t pending = hash->total_bytes % 64;
    // 0x80, zeros up to 8 bytes before a block's end, then the length in bits, big-endian.
    rk_sha256_update(hash, padding, pending < 56 ? 56 - pending : 120 - pending);
    unsigned char length[8];
    for (unsigned i = 0; i < 8; i++) length[i] = (unsigned char)(bits >> (56 - 8 * i));
    rk_sha256_update(hash, length, sizeof length);
    for (unsigned i = 0; i < RK_SHA256_BYTES; i++) {
        out[i] = (unsigned char)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
    }
}

void rk_sha256_of(const void *bytes, uint64_t size, unsigned char out[RK_SHA256_BYTES]) {
    rk_sha256 hash;
    rk_sha256_init(&hash);
    rk_sha256_update(&hash, bytes, size);
    rk_sha256_final(&hash, out);
}

uint64_t rk_fnv1a(uint64_t hash, const void *bytes, uint64_t size) {
    const unsigned char *at = bytes;
    for (uint64_t i = 0; i < size; i++) hash = (hash ^ at[i]) * UINT64_C(0x100000001B3);
    return hash;
}
