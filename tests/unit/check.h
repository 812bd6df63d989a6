/* cmocka with what it needs before it, and the seed of randomised tests. */
#ifndef RK_TESTS_CHECK_H
#define RK_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* RK_SEED from the environment, or 1; printed, so that a failure can be run again. */
static inline uint64_t test_seed(void) {
    const char *text = getenv("RK_SEED");
    const uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
    print_message("seed %llu (RK_SEED)\n", (unsigned long long)seed);
    return seed;
}

#endif
