/* Force-included in base, simd, format, model and serve: the query path never allocates, so these
 * names do not compile there (src/README.md, invariant 1). The headers that declare them come
 * first: once poisoned, a name may not even be declared. */
#include <stdlib.h>
#include <string.h>
#pragma GCC poison malloc calloc realloc free aligned_alloc posix_memalign strdup
