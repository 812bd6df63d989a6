/* Philox against published vectors; the mapping of (seed, stream, draw); what is drawn. */
#include "check.h"

#include "base/rng.h"

#include <math.h>

/* Random123's kat_vectors, philox4x32 with 10 rounds. */
static void known_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], expected[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t out[4];
        rk_philox4x32(cases[i].counter, cases[i].key, out);
        assert_memory_equal(out, cases[i].expected, sizeof out);
    }
}

/* rng.h: key = seed; counter = block low, high, stream low, high. */
static void draws_are_blocks_in_order(void **state) {
    (void)state;
    const uint64_t seed = UINT64_C(0x0123456789ABCDEF), stream = UINT64_C(0xFEDCBA9876543210);
    const uint32_t key[2] = {0x89ABCDEF, 0x01234567};
    rk_rng rng = rk_rng_at(seed, stream);
    for (uint32_t block = 0; block < 100; block++) {
        const uint32_t counter[4] = {block, 0, 0x76543210, 0xFEDCBA98};
        uint32_t expected[4];
        rk_philox4x32(counter, key, expected);
        for (int word = 0; word < 4; word++) {
            assert_int_equal(rk_rng_u32(&rng), expected[word]);
            assert_int_equal(rng.counter, 4 * block + (uint32_t)word + 1);
        }
    }
}

static void the_block_index_has_a_high_word(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(5, 6);
    rng.counter = (UINT64_C(3) << 34) + 4 * 9; // block 3 * 2^32 + 9
    const uint32_t counter[4] = {9, 3, 6, 0}, key[2] = {5, 0};
    uint32_t expected[4];
    rk_philox4x32(counter, key, expected);
    assert_int_equal(rk_rng_u32(&rng), expected[0]);
}

static void what_is_made_of_the_words(void **state) {
    (void)state;
    rk_rng words = rk_rng_at(7, 8), rng = words;
    for (int i = 0; i < 1000; i++) {
        const uint64_t low = rk_rng_u32(&words), high = rk_rng_u32(&words);
        assert_true(rk_rng_u64(&rng) == (high << 32 | low));
        assert_true(rk_rng_f32(&rng) == (float)(rk_rng_u32(&words) >> 8) / 16777216.0f);
        const uint64_t low2 = rk_rng_u32(&words), high2 = rk_rng_u32(&words);
        assert_true(rk_rng_f64(&rng) == (double)((high2 << 32 | low2) >> 11) / 9007199254740992.0);
        assert_true(words.counter == rng.counter);
    }
}

static void uniforms_stay_below_one(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 1);
    double sum32 = 0, sum64 = 0;
    for (int i = 0; i < 100000; i++) {
        const float single = rk_rng_f32(&rng);
        const double wide = rk_rng_f64(&rng);
        assert_true(single >= 0.0f && single < 1.0f && wide >= 0.0 && wide < 1.0);
        sum32 += (double)single;
        sum64 += wide;
    }
    assert_true(fabs(sum32 / 100000 - 0.5) < 0.005); // 5.5 standard errors
    assert_true(fabs(sum64 / 100000 - 0.5) < 0.005);
}

static void streams_and_seeds_differ(void **state) {
    (void)state;
    rk_rng same = rk_rng_at(1, 1), again = rk_rng_at(1, 1);
    rk_rng seed = rk_rng_at(2, 1), stream = rk_rng_at(1, 2),
           high = rk_rng_at(1, UINT64_C(1) << 32 | 1);
    unsigned equal = 0;
    for (int i = 0; i < 1000; i++) {
        const uint32_t draw = rk_rng_u32(&same);
        assert_int_equal(draw, rk_rng_u32(&again));
        equal += draw == rk_rng_u32(&seed);
        equal += draw == rk_rng_u32(&stream);
        equal += draw == rk_rng_u32(&high);
    }
    assert_true(equal <= 1);
}

/* Chi-squared over the residues of small bounds, and the bounds where rejection is frequent. */
static void below_is_uniform(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 2);
    for (uint32_t bound = 1; bound <= 40; bound++) {
        unsigned counts[40] = {0};
        const unsigned draws = 1000 * bound;
        for (unsigned i = 0; i < draws; i++) {
            const uint32_t draw = rk_rng_below(&rng, bound);
            assert_true(draw < bound);
            counts[draw]++;
        }
        double chi_squared = 0;
        for (uint32_t i = 0; i < bound; i++) {
            chi_squared += (counts[i] - 1000.0) * (counts[i] - 1000.0) / 1000.0;
        }
        const double freedom = bound - 1.0;
        assert_true(chi_squared <= freedom + 5.0 * sqrt(2.0 * freedom) + 10.0);
    }
    // Without rejection, multiplying by 3 * 2^30 gives a third of the numbers twice: those that
    // are 0 modulo 3. With it each residue has a third.
    unsigned residues[3] = {0};
    for (int i = 0; i < 30000; i++) residues[rk_rng_below(&rng, UINT32_C(3) << 30) % 3]++;
    for (int i = 0; i < 3; i++) assert_true(abs((int)residues[i] - 10000) < 500);
    assert_int_equal(rk_rng_below(&rng, 1), 0);
}

static void rejection_takes_another_draw(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(3, 3), words = rng;
    const uint32_t bound = (UINT32_C(1) << 31) + 1; // just under half of all words are rejected
    const uint32_t excess = (uint32_t)((UINT64_C(1) << 32) % bound);
    for (int i = 0; i < 1000; i++) {
        uint64_t product;
        do {
            product = (uint64_t)rk_rng_u32(&words) * bound;
        } while ((uint32_t)product < excess);
        assert_int_equal(rk_rng_below(&rng, bound), product >> 32);
        assert_true(rng.counter == words.counter);
    }
    assert_true(rng.counter > 1500);
}

static double normal_distribution(double x) {
    return 0.5 * erfc(-x * sqrt(0.5));
}

#define DRAWS 200000
#define BINS  120

/* Kolmogorov and Smirnov on a histogram, moments, and the formula itself in double. */
static void normals_are_normal(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 4), words = rng;
    static unsigned bins[BINS];
    double sum = 0, squares = 0, fourths = 0;
    for (int i = 0; i < DRAWS; i++) {
        const double x = (double)rk_rng_normal(&rng);
        const double u = (double)(float)(((double)rk_rng_u32(&words) + 1.0) / 4294967296.0);
        const double v = (double)rk_rng_f32(&words);
        assert_true(words.counter == rng.counter);
        // The angle, up to 2 pi, is rounded to a float: 2.4e-7, times a radius up to 6.7.
        assert_true(fabs(x - sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v)) < 4e-6);
        sum += x;
        squares += x * x;
        fourths += x * x * x * x;
        const double bin = (x + 6.0) * 10.0;
        if (bin >= 0 && bin < BINS) bins[(int)bin]++;
    }
    assert_true(fabs(sum / DRAWS) < 0.012);
    assert_true(fabs(squares / DRAWS - 1.0) < 0.017);
    assert_true(fabs(fourths / DRAWS - 3.0) < 0.12);
    double seen = 0, worst = 0;
    for (int i = 0; i < BINS; i++) {
        seen += (double)bins[i] / DRAWS;
        worst = fmax(worst, fabs(seen - normal_distribution((i + 1) / 10.0 - 6.0)));
    }
    assert_true(worst < 1.95 / sqrt(DRAWS)); // 0.1 %
}

/* splitmix64 from seed 0 begins with the finalised golden ratio, e220a8397b1dcdaf. */
static void mix_is_splitmix64_twice(void **state) {
    (void)state;
    const uint64_t golden = UINT64_C(0x9E3779B97F4A7C15), first = UINT64_C(0xE220A8397B1DCDAF);
    assert_true(rk_mix64(0, golden - first) == first);
    assert_true(rk_mix64(0, 0 - first) == 0); // the finaliser keeps zero
}

#define SAMPLES 4000

/* Every input bit flips every output bit about half of the time. */
static void mix_avalanches(void **state) {
    (void)state;
    rk_rng rng = rk_rng_at(test_seed(), 5);
    static unsigned flips[128][64];
    memset(flips, 0, sizeof flips);
    for (int sample = 0; sample < SAMPLES; sample++) {
        const uint64_t a = sample % 2 ? rk_rng_u64(&rng) : rk_rng_below(&rng, 1000);
        const uint64_t b = sample % 2 ? rk_rng_u64(&rng) : rk_rng_below(&rng, 1000);
        const uint64_t mixed = rk_mix64(a, b);
        for (unsigned bit = 0; bit < 64; bit++) {
            const uint64_t from_a = mixed ^ rk_mix64(a ^ UINT64_C(1) << bit, b);
            const uint64_t from_b = mixed ^ rk_mix64(a, b ^ UINT64_C(1) << bit);
            for (unsigned out = 0; out < 64; out++) {
                flips[bit][out] += (unsigned)(from_a >> out & 1);
                flips[64 + bit][out] += (unsigned)(from_b >> out & 1);
            }
        }
    }
    for (unsigned in = 0; in < 128; in++) {
        for (unsigned out = 0; out < 64; out++) {
            const double rate = (double)flips[in][out] / SAMPLES;
            assert_true(rate > 0.44 && rate < 0.56);
        }
    }
}

static int compare_u64(const void *a, const void *b) {
    uint64_t left, right;
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    return (left > right) - (left < right);
}

static void mix_does_not_collide(void **state) {
    (void)state;
    enum { SIDE = 256 };
    static uint64_t mixed[SIDE * SIDE];
    for (uint64_t a = 0; a < SIDE; a++) {
        for (uint64_t b = 0; b < SIDE; b++) mixed[a * SIDE + b] = rk_mix64(a, b);
    }
    qsort(mixed, SIDE * SIDE, sizeof mixed[0], compare_u64);
    for (size_t i = 1; i < SIDE * SIDE; i++) assert_true(mixed[i - 1] != mixed[i]);
    assert_true(rk_mix64(1, 2) != rk_mix64(2, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(draws_are_blocks_in_order),
        cmocka_unit_test(the_block_index_has_a_high_word),
        cmocka_unit_test(what_is_made_of_the_words),
        cmocka_unit_test(uniforms_stay_below_one),
        cmocka_unit_test(streams_and_seeds_differ),
        cmocka_unit_test(below_is_uniform),
        cmocka_unit_test(rejection_takes_another_draw),
        cmocka_unit_test(normals_are_normal),
        cmocka_unit_test(mix_is_splitmix64_twice),
        cmocka_unit_test(mix_avalanches),
        cmocka_unit_test(mix_does_not_collide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
