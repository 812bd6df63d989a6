#include "learn/build_places.h"

/* One pass of a stable radix sort of `from` by a byte of the code. */
static void sort_by_byte(const uint64_t *from, uint64_t *to, uint32_t count, uint32_t shift) {
    uint32_t begin[257] = {0};
    for (uint32_t i = 0; i < count; i++) begin[(from[i] >> shift & 255u) + 1]++;
    for (uint32_t b = 1; b <= 256; b++) begin[b] += begin[b - 1];
    for (uint32_t i = 0; i < count; i++) to[begin[from[i] >> shift & 255u]++] = from[i];
}

bool rk_build_places(const rk_events_content *events, const rk_log *log, rk_memory *memory,
                     rk_place_table *table) {
    *table = (rk_place_table){0};
    if (!events->place) return true;
    rk_memory scratch = {0};
    table->place = RK_NEW(memory, rk_place, log->items);
    table->code = RK_NEW(memory, uint32_t, log->items);
    table->item = RK_NEW(memory, uint32_t, log->items);
    /* Code in the high half, item in the low one; items come in order, so sorting by code is
     * enough. */
    uint64_t *keys = RK_NEW(&scratch, uint64_t, log->items);
    uint64_t *spare = RK_NEW(&scratch, uint64_t, log->items);
    bool ok = table->place && table->code && table->item && keys && spare;
    for (uint32_t item = 0; ok && item < log->items; item++) {
        const float *place = events->place + 2 * (uint64_t)log->file_item[item];
        table->place[item] = (rk_place){.latitude = place[0], .longitude = place[1]};
        if (!rk_has_place(table->place[item])) continue;
        keys[table->count++] = (uint64_t)rk_place_code(table->place[item]) << 32 | item;
    }
    for (uint32_t byte = 0; ok && byte < 4; byte += 2) {
        sort_by_byte(keys, spare, table->count, 32 + 8 * byte);
        sort_by_byte(spare, keys, table->count, 40 + 8 * byte);
    }
    for (uint32_t i = 0; i < table->count; i++) {
        table->code[i] = (uint32_t)(keys[i] >> 32);
        table->item[i] = (uint32_t)keys[i];
    }
    rk_memory_free(&scratch);
    return ok;
}
