/* Declares every kernel of kernels.def twice: rk_NAME_scalar, the definition, and rk_NAME, the
 * fastest this build has. Both give the same bits for the same input (tests/unit/test_kernels.c).*/
#ifndef RK_SIMD_KERNELS_H
#define RK_SIMD_KERNELS_H

#include "base/types.h"

#define RK_KERNEL(result, name, parameters, arguments)                                             \
    result rk_##name##_scalar parameters;                                                          \
    result rk_##name parameters;
#include "simd/kernels.def"
#undef RK_KERNEL

/* "scalar", "simd128", ...: what rk_NAME was compiled to. */
const char *rk_kernels_name(void);

#endif
