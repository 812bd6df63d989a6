/* Errors: one table of codes (status.def), one struct that says where and why.
 *
 * Three kinds of failure, never mixed: untrusted input returns a status; a caller's mistake is an
 * assert; what validation has made impossible is an assert that names the invariant. */
#ifndef RK_BASE_STATUS_H
#define RK_BASE_STATUS_H

#include "base/types.h"

typedef enum rk_status {
#define RK_STATUS(number, name, message) RK_##name = (number),
#include "base/status.def"
#undef RK_STATUS
} rk_status;

/* Where and why. `section` is "" for the header and for requests. `offset` is in bytes from the
 * start of the file (for a request, an element index). `detail` holds the offending value. */
typedef struct rk_error {
    uint32_t status;
    char section[12];
    uint64_t offset;
    char detail[104];
} rk_error;
RK_STATIC_ASSERT(sizeof(rk_error) == 128, rk_error_is_128_bytes);

/* "SECTION_CHECKSUM" and its sentence; for an unknown number "UNKNOWN_STATUS". Static storage. */
const char *rk_status_name(uint32_t status);
const char *rk_status_message(uint32_t status);

/* Fill *error (which may be NULL) and return `status`, so that a check is one line:
 *     return rk_fail(error, RK_VALUE_RANGE, "nbr.ent", offset, "item 70000 of 512");
 * `section` and `detail` may be NULL and are cut to fit. */
rk_status rk_fail(rk_error *error, rk_status status, const char *section, uint64_t offset,
                  const char *detail);

/* As rk_fail, with a detail of the form "<what> <value>, limit <limit>". */
rk_status rk_fail_value(rk_error *error, rk_status status, const char *section, uint64_t offset,
                        const char *what, uint64_t value, uint64_t limit);

#define RK_TRY(expression)                                                                         \
    do {                                                                                           \
        rk_status rk_try_status_ = (expression);                                                   \
        if (rk_try_status_ != RK_OK) return rk_try_status_;                                        \
    } while (0)

#endif
