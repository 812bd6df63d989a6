/* Memory whose end is the end of what may be touched: one byte further is a fault. Native: a
 * PROT_NONE page follows. WebAssembly: the end of the linear memory, where loads and stores trap;
 * there is only one such end at a time.
 *
 * Include it before any other header: with -std=c11, MAP_ANONYMOUS needs the feature macro. */
#ifndef RK_TESTS_GUARD_PAGE_H
#define RK_TESTS_GUARD_PAGE_H

#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#endif

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define GUARDED_BYTES ((size_t)65536)

/* The first byte that may not be touched; GUARDED_BYTES before it are there. NULL on failure. */
static inline unsigned char *guarded_end(void);

#ifdef __wasm__

static inline unsigned char *guarded_end(void) {
    const size_t pages = __builtin_wasm_memory_grow(0, 1);
    if (pages == SIZE_MAX) return NULL;
    return (unsigned char *)((pages + 1) * GUARDED_BYTES);
}

#else

#include <sys/mman.h>

static inline unsigned char *guarded_end(void) {
    const size_t guard = 65536; // a multiple of every page size met
    unsigned char *memory = mmap(NULL, GUARDED_BYTES + guard, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    if (mprotect(memory + GUARDED_BYTES, guard, PROT_NONE) != 0) return NULL;
    return memory + GUARDED_BYTES;
}

#endif
#endif
