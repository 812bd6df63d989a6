/* The one table of candidate sources. A row's place is its number in reckon.h. */
#include "serve/source.h"

static const rk_source *const source_table[RK_SOURCE_COUNT] = {
    [RK_SOURCE_POPULAR] = &rk_source_popular, [RK_SOURCE_SIMILAR] = &rk_source_similar,
    [RK_SOURCE_SESSION] = &rk_source_session, [RK_SOURCE_TRENDING] = &rk_source_trending,
    [RK_SOURCE_NEARBY] = &rk_source_nearby,   [RK_SOURCE_USER] = &rk_source_user,
    [RK_SOURCE_EXPLORE] = &rk_source_explore,
};

const rk_source *rk_source_at(uint32_t source) {
    assert(source < RK_SOURCE_COUNT);
    return source_table[source];
}

const char *rk_source_name(uint32_t source) {
    return source < RK_SOURCE_COUNT ? source_table[source]->name : "";
}
