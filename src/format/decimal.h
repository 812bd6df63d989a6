/* Numbers written in decimal, as attributes of items hold them: -?digits[.digits][e[-]digits]. */
#ifndef RK_FORMAT_DECIMAL_H
#define RK_FORMAT_DECIMAL_H

#include "base/types.h"

/* False if the whole text is not such a number. Digits are summed in double and scaled one power of
 * ten at a time: the same on every host and of any locale, and within a few units of the last place
 * of a double for numbers that one can hold; others end at 0 or infinity. O(bytes). */
bool rk_decimal_parse(const char *text, uint32_t bytes, double *out);

#endif
