/* The promises of FORMAT.md about what rules and rankers read of a snapshot: attributes of the
 * items and when they were born, tasks, and the weights of both stages. A part of
 * rk_snapshot_verify. */
#ifndef RK_FORMAT_RANKING_CHECKS_H
#define RK_FORMAT_RANKING_CHECKS_H

#include "format/checks.h"
#include "format/snapshot_read.h"

/* found: the sections of the container by SN_..., whose shapes are those that the meta of `content`
 * asks for. Absent sections: nothing to check. O(bytes). */
rk_status rk_check_attributes(const rk_container *container, const rk_section_entry *const *found,
                              const rk_snapshot_content *content, rk_error *error);
rk_status rk_check_rankers(const rk_container *container, const rk_section_entry *const *found,
                           const rk_snapshot_content *content, rk_error *error);

#endif
