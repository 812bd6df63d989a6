/* CRC-32 and SHA-256 against published vectors, and in pieces. */
#include "check.h"

#include "base/checksum.h"

static void crc_vectors(void **state) {
    (void)state;
    assert_int_equal(rk_crc32("", 0), 0);
    assert_int_equal(rk_crc32(NULL, 0), 0);
    assert_int_equal(rk_crc32("123456789", 9), 0xCBF43926); // the catalogue's check value
    assert_int_equal(rk_crc32("a", 1), 0xE8B7BE43);
    assert_int_equal(rk_crc32("The quick brown fox jumps over the lazy dog", 43), 0x414FA339);
    static const unsigned char zeros[32];
    assert_int_equal(rk_crc32(zeros, 32), 0x190A55AD);
}

/* The definition: polynomial division, one bit at a time. */
static uint32_t crc32_by_bits(const unsigned char *bytes, size_t size) {
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < 8 * size; i++) {
        const uint32_t bit = (uint32_t)bytes[i / 8] >> (i % 8) & 1u;
        const uint32_t carry = (crc ^ bit) & 1u;
        crc = (crc >> 1) ^ (carry ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static void crc_against_division(void **state) {
    (void)state;
    unsigned char bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * i + 7 * i);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        assert_int_equal(rk_crc32(bytes, size), crc32_by_bits(bytes, size));
    }
}

static void assert_sha256(const unsigned char got[RK_SHA256_BYTES], const char *expected) {
    char hex[2 * RK_SHA256_BYTES + 1] = {0};
    for (int i = 0; i < RK_SHA256_BYTES; i++) {
        hex[2 * i] = "0123456789abcdef"[got[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[got[i] & 15];
    }
    assert_string_equal(hex, expected);
}

static void sha256_vectors(void **state) {
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrl"
         "mnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    unsigned char out[RK_SHA256_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rk_sha256_of(cases[i].text, strlen(cases[i].text), out);
        assert_sha256(out, cases[i].expected);
    }
}

static void sha256_of_a_million_letters(void **state) {
    (void)state;
    char block[1000];
    memset(block, 'a', sizeof block);
    rk_sha256 hash;
    rk_sha256_init(&hash);
    for (int i = 0; i < 1000; i++) rk_sha256_update(&hash, block, sizeof block);
    unsigned char out[RK_SHA256_BYTES];
    rk_sha256_final(&hash, out);
    assert_sha256(out, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Every length around the padding's boundaries, hashed in three pieces cut everywhere. */
static void sha256_in_pieces(void **state) {
    (void)state;
    unsigned char bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(31 * i + 5);
    for (size_t size = 0; size <= sizeof bytes; size += size < 130 ? 1 : 35) {
        unsigned char whole[RK_SHA256_BYTES];
        rk_sha256_of(bytes, size, whole);
        for (size_t first = 0; first <= size; first += 3) {
            for (size_t second = first; second <= size; second += 7) {
                rk_sha256 hash;
                unsigned char pieces[RK_SHA256_BYTES];
                rk_sha256_init(&hash);
                rk_sha256_update(&hash, bytes, first);
                rk_sha256_update(&hash, NULL, 0);
                rk_sha256_update(&hash, bytes + first, second - first);
                rk_sha256_update(&hash, bytes + second, size - second);
                rk_sha256_final(&hash, pieces);
                assert_memory_equal(pieces, whole, sizeof whole);
            }
        }
    }
}

/* Lengths 0 to 299 of zeros, hashed together: computed with Python's hashlib. */
static void sha256_of_every_length(void **state) {
    (void)state;
    static const unsigned char zeros[300];
    rk_sha256 all;
    rk_sha256_init(&all);
    unsigned char out[RK_SHA256_BYTES];
    for (size_t size = 0; size < sizeof zeros; size++) {
        rk_sha256_of(zeros, size, out);
        rk_sha256_update(&all, out, sizeof out);
    }
    rk_sha256_final(&all, out);
    assert_sha256(out, "a623c720bdf879ab1ab1d3f3b1af698237802d9f4af8be0b0b8cd87f36e9fca4");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_vectors),      cmocka_unit_test(crc_against_division),
        cmocka_unit_test(sha256_vectors),   cmocka_unit_test(sha256_of_a_million_letters),
        cmocka_unit_test(sha256_in_pieces), cmocka_unit_test(sha256_of_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
