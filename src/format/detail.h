/* Text of an error's detail, built without stdio: the offending value in words. */
#ifndef RK_FORMAT_DETAIL_H
#define RK_FORMAT_DETAIL_H

#include "base/types.h"

typedef struct rk_detail {
    char text[104]; /* as long as rk_error.detail; zero-terminated; what does not fit is cut */
    uint32_t used;
} rk_detail;

rk_detail rk_detail_of(const char *text);
void rk_detail_add(rk_detail *detail, const char *text);
void rk_detail_add_u64(rk_detail *detail, uint64_t value);
void rk_detail_add_i64(rk_detail *detail, int64_t value);
/* Seven significant digits: "-1.5", "3.25e-7", "nan", "-inf". */
void rk_detail_add_f32(rk_detail *detail, float value);

#endif
