/* A request comes from outside: every index and number of it is checked here, once, then trusted.
 */
#ifndef RK_SERVE_REQUEST_CHECK_H
#define RK_SERVE_REQUEST_CHECK_H

#include "reckon.h"

/* All of a request but its count. Errors: BAD_ARGUMENT (offset: which element of its list). */
rk_status rk_request_check(const rk_snapshot_meta *meta, const rk_request *request,
                           rk_error *error);

#endif
