/* Statistics that leave a bandit and arrive there: frozen batches and the region's sums, as deltas
 * (format/delta_read.h). What is checked of a delta is checked here, once, before anything of it is
 * used. */
#include "format/delta_read.h"
#include "serve/bandit.h"

bool rk_bandit_freeze(rk_bandit *bandit) {
    if (bandit->sent.count || !bandit->open.count) return false;
    const rk_arm_table empty = bandit->sent;
    bandit->sent = bandit->open;
    bandit->open = empty;
    return true;
}

static rk_delta_content batch_of(const rk_bandit *bandit, uint64_t seq, uint32_t epoch) {
    const rk_arm_table *sent = &bandit->sent;
    uint32_t newest = 0;
    for (uint32_t i = 0; i < sent->count; i++) newest = RK_MAX(newest, rk_row_day(&sent->rows[i]));
    return (rk_delta_content){
        .meta = {.arm_rows = sent->count, .day = newest, .seq = seq, .epoch = epoch},
        .arms = sent->rows};
}

uint64_t rk_bandit_batch_bytes(const rk_bandit *bandit) {
    const rk_delta_content batch = batch_of(bandit, 0, 0);
    return rk_delta_bytes(&batch);
}

void rk_bandit_batch_write(const rk_bandit *bandit, uint64_t seq, uint32_t epoch,
                           unsigned char *scratch, unsigned char *out) {
    const rk_delta_content batch = batch_of(bandit, seq, epoch);
    rk_delta_write(&batch, bandit->engine->description.region, scratch, out);
}

void rk_bandit_acknowledge(rk_bandit *bandit) {
    bandit->sent.count = 0;
    bandit->stale = true;
}

rk_status rk_bandit_replace(rk_bandit *bandit, const void *delta, uint64_t bytes, rk_error *error) {
    rk_delta_view view;
    RK_TRY(rk_delta_read(delta, bytes, &view, error));
    const char *region = bandit->engine->description.region;
    if (memcmp(view.container.header->region, region, sizeof bandit->engine->description.region))
        return rk_fail(error, RK_BAD_ARGUMENT, NULL, 0, "the statistics are of another region");
    if (view.meta.arm_rows > bandit->region.capacity)
        return rk_fail_value(error, RK_TOO_LARGE, NULL, 0, "rows", view.meta.arm_rows,
                             bandit->region.capacity);
    rk_delta_arms(&view, bandit->region.rows);
    bandit->region.count = view.meta.arm_rows;
    bandit->stale = true;
    return RK_OK;
}

static void copy(rk_arm_table *table, const rk_arm_table *from) {
    memcpy(table->rows, from->rows, from->count * sizeof *from->rows);
    table->count = from->count;
}

rk_status rk_bandit_adopt(rk_bandit *bandit, const rk_bandit *from, rk_error *error) {
    const uint32_t most = RK_MAX(RK_MAX(from->region.count, from->sent.count), from->open.count);
    if (most > bandit->options.rows)
        return rk_fail_value(error, RK_TOO_LARGE, NULL, 0, "rows", most, bandit->options.rows);
    copy(&bandit->region, &from->region);
    copy(&bandit->sent, &from->sent);
    copy(&bandit->open, &from->open);
    bandit->version = from->version;
    bandit->stale = true;
    return RK_OK;
}
