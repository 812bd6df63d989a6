/* New items in a running engine: validated, laid out behind the snapshot's own, opened as an
 * engine.
 *
 *   memory | arrays with a tail | the engine's scratch           |
 *                               | first: what the tail is made of |
 *
 * Making the tail and answering never overlap in time, so they share their memory. */
#include "model/extended_content.h"
#include "serve/engine_state.h"

/* Bytes of the arrays, aligned, and of what lies behind them. */
typedef struct sizes {
    uint64_t arrays, behind;
} sizes;

static sizes measure(const rk_snapshot_content *content, const rk_new_items *items) {
    rk_arena arena = rk_arena_measuring();
    rk_snapshot_content unused;
    uint64_t scratch;
    rk_content_extend(content, items, &arena, &unused, &scratch);
    rk_snapshot_meta meta = content->meta;
    meta.items += items->count;
    meta.explore_count += items->count;
    if (meta.place_count) meta.place_count += items->count; /* at most */
    const uint64_t kept = arena.used - scratch;
    const uint64_t arrays = (kept + RK_CACHE_LINE - 1) / RK_CACHE_LINE * RK_CACHE_LINE;
    return (sizes){arrays, RK_MAX(scratch, rk_engine_scratch_bytes(&meta))};
}

rk_status rk_items_measure(const rk_engine *engine, const rk_new_items *items, uint64_t *bytes,
                           rk_error *error) {
    RK_TRY(rk_new_items_check(&engine->content, items, error));
    const sizes size = measure(&engine->content, items);
    *bytes = size.arrays + size.behind;
    return RK_OK;
}

rk_status rk_items_add(const rk_engine *engine, const rk_new_items *items, void *memory,
                       uint64_t memory_bytes, rk_engine **out, rk_error *error) {
    RK_TRY(rk_new_items_check(&engine->content, items, error));
    if ((uintptr_t)memory % RK_CACHE_LINE)
        return rk_fail(error, RK_MISALIGNED, NULL, 0, "engine memory");
    const sizes size = measure(&engine->content, items);
    if (memory_bytes < size.arrays + size.behind)
        return rk_fail_value(error, RK_OUT_OF_MEMORY, NULL, 0, "engine bytes", memory_bytes,
                             size.arrays + size.behind);
    rk_arena arena = rk_arena_over(memory, memory_bytes);
    rk_snapshot_content content;
    uint64_t scratch;
    rk_content_extend(&engine->content, items, &arena, &content, &scratch);
    rk_engine *extended =
        rk_engine_over(&content, (unsigned char *)memory + size.arrays, size.behind);
    extended->description = engine->description;
    extended->description.items = content.meta.items;
    extended->description.places = content.meta.place_count;
    extended->description.explore = content.meta.explore_count;
    *out = extended;
    return RK_OK;
}
