/* Force-included in base, simd, format, model and serve: the query path never allocates, so these
 * names do not compile there (src/README.md, invariant 1). */
#include <stdlib.h>
#pragma GCC poison malloc calloc realloc free aligned_alloc posix_memalign strdup
