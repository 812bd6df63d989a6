#include "serve/request_check.h"

#include "serve/source.h"

static rk_status check_session(const rk_snapshot_meta *meta, const rk_request *request,
                               rk_error *error) {
    if (request->session_count > RK_MAX_SESSION) {
        return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, 0, "session events",
                             request->session_count, RK_MAX_SESSION);
    }
    for (uint32_t i = 0; i < request->session_count; i++) {
        const rk_event *event = &request->session[i];
        if (event->item >= meta->items) {
            return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, i, "item", event->item,
                                 meta->items - 1);
        }
        if (event->type >= meta->types) {
            return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, i, "event", event->type,
                                 meta->types - 1);
        }
    }
    for (uint32_t i = 0; i < request->exclude_count; i++) {
        if (request->exclude[i] >= meta->items) {
            return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, i, "excluded item",
                                 request->exclude[i], meta->items - 1);
        }
    }
    for (uint32_t i = 0; i < request->seen_count; i++) {
        if (request->seen[i] >= meta->items) {
            return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, i, "seen item", request->seen[i],
                                 meta->items - 1);
        }
    }
    return RK_OK;
}

/* Where and who the user is. */
static rk_status check_user(const rk_snapshot_meta *meta, const rk_request *request,
                            rk_error *error) {
    if (request->flags & RK_REQUEST_LOCATION) {
        float latitude = request->latitude, longitude = request->longitude;
        if (!(latitude >= -90.0f && latitude <= 90.0f))
            return rk_fail(error, RK_BAD_ARGUMENT, NULL, 0, "the latitude is not within +-90");
        if (!(longitude >= -180.0f && longitude <= 180.0f))
            return rk_fail(error, RK_BAD_ARGUMENT, NULL, 0, "the longitude is not within +-180");
    }
    if (request->feature_count > RK_MAX_USER_FEATURES) {
        return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, 0, "user features",
                             request->feature_count, RK_MAX_USER_FEATURES);
    }
    for (uint32_t i = 0; i < request->feature_count; i++) {
        if (request->features[i] >= meta->feature_rows) {
            return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, i, "user feature",
                                 request->features[i], meta->feature_rows);
        }
    }
    return RK_OK;
}

static rk_status check_sources(const rk_request *request, rk_error *error) {
    for (uint32_t s = 0; s < RK_SOURCE_COUNT; s++) {
        float weight = request->source_weights[s];
        if ((request->flags & RK_REQUEST_SOURCE_WEIGHTS) && !(weight >= -1e6f && weight <= 1e6f)) {
            return rk_fail(error, RK_BAD_ARGUMENT, NULL, s, "a source weight is not within +-1e6");
        }
        uint32_t quota = request->source_quotas[s];
        if ((request->flags & RK_REQUEST_SOURCE_QUOTAS) && quota > RK_MAX_QUOTA) {
            return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, s, "source quota", quota,
                                 RK_MAX_QUOTA);
        }
    }
    return RK_OK;
}

static rk_status check_stages(const rk_snapshot_meta *meta, const rk_request *request,
                              rk_error *error) {
    if (request->stages >= RK_STAGES_COUNT) {
        return rk_fail_value(error, RK_BAD_ARGUMENT, NULL, 0, "stages", request->stages,
                             RK_STAGES_COUNT - 1);
    }
    for (uint32_t t = 0; t < meta->tasks; t++) {
        float weight = request->task_weights[t];
        if ((request->flags & RK_REQUEST_TASK_WEIGHTS) && !(weight >= -1e6f && weight <= 1e6f))
            return rk_fail(error, RK_BAD_ARGUMENT, NULL, t, "a task weight is not within +-1e6");
    }
    return RK_OK;
}

rk_status rk_request_check(const rk_snapshot_meta *meta, const rk_request *request,
                           rk_error *error) {
    RK_TRY(check_session(meta, request, error));
    RK_TRY(check_user(meta, request, error));
    RK_TRY(check_sources(request, error));
    return check_stages(meta, request, error);
}
