/* The module's exports: thin wrappers over reckon.h and container.h, no logic.
 *
 * Pointers and sizes are 32 bits wide and no 64-bit integer crosses the boundary; where the C side
 * returns one, it goes to memory. The module owns no allocator and imports nothing: everything from
 * rk_wasm_heap_base() up belongs to JavaScript, which lays snapshots and scratch out there and
 * grows the exported memory itself. Any number of engines share one instance. The stack lies below
 * the static data (--stack-first), so that overflowing it traps. */
#include "format/container.h"
#include "reckon.h"
#include "serve/rules.h"

#define RK_WASM_EXPORT(name) __attribute__((export_name(#name))) name

/* Set by the linker: the first byte after the static data. */
extern unsigned char __heap_base;

const void *RK_WASM_EXPORT(rk_wasm_heap_base)(void) {
    return &__heap_base;
}

/* ---- engines ---- */

uint32_t RK_WASM_EXPORT(rk_wasm_engine_measure)(const void *snapshot, uint32_t snapshot_bytes,
                                                uint64_t *engine_bytes, rk_error *error) {
    return rk_engine_measure(snapshot, snapshot_bytes, engine_bytes, error);
}

uint32_t RK_WASM_EXPORT(rk_wasm_engine_open)(const void *snapshot, uint32_t snapshot_bytes,
                                             void *memory, uint32_t memory_bytes, rk_engine **out,
                                             rk_error *error) {
    return rk_engine_open(snapshot, snapshot_bytes, memory, memory_bytes, out, error);
}

uint32_t RK_WASM_EXPORT(rk_wasm_items_measure)(const rk_engine *engine, const rk_new_items *items,
                                               uint64_t *bytes, rk_error *error) {
    return rk_items_measure(engine, items, bytes, error);
}

uint32_t RK_WASM_EXPORT(rk_wasm_items_add)(const rk_engine *engine, const rk_new_items *items,
                                           void *memory, uint32_t memory_bytes, rk_engine **out,
                                           rk_error *error) {
    return rk_items_add(engine, items, memory, memory_bytes, out, error);
}

void RK_WASM_EXPORT(rk_wasm_engine_describe)(const rk_engine *engine, rk_description *out) {
    rk_engine_describe(engine, out);
}

void RK_WASM_EXPORT(rk_wasm_engine_funnel)(const rk_engine *engine, rk_funnel *out) {
    rk_engine_funnel(engine, out);
}

/* ---- look-ups ---- */

uint32_t RK_WASM_EXPORT(rk_wasm_item_find)(const rk_engine *engine, const char *id,
                                           uint32_t id_bytes) {
    return rk_item_find(engine, id, id_bytes);
}

uint32_t RK_WASM_EXPORT(rk_wasm_item_id)(const rk_engine *engine, uint32_t item,
                                         const char **text) {
    return rk_item_id(engine, item, text);
}

uint32_t RK_WASM_EXPORT(rk_wasm_item_title)(const rk_engine *engine, uint32_t item,
                                            const char **text) {
    return rk_item_title(engine, item, text);
}

uint32_t RK_WASM_EXPORT(rk_wasm_event_find)(const rk_engine *engine, const char *name,
                                            uint32_t name_bytes) {
    return rk_event_find(engine, name, name_bytes);
}

uint32_t RK_WASM_EXPORT(rk_wasm_event_name)(const rk_engine *engine, uint32_t type,
                                            const char **text) {
    return rk_event_name(engine, type, text);
}

uint32_t RK_WASM_EXPORT(rk_wasm_feature_name)(const rk_engine *engine, uint32_t feature,
                                              const char **text) {
    return rk_feature_name(engine, feature, text);
}

uint32_t RK_WASM_EXPORT(rk_wasm_user_feature)(const rk_engine *engine, const char *name,
                                              uint32_t name_bytes, const char *value,
                                              uint32_t value_bytes) {
    return rk_user_feature(engine, name, name_bytes, value, value_bytes);
}

uint32_t RK_WASM_EXPORT(rk_wasm_attribute_name)(const rk_engine *engine, uint32_t attribute,
                                                const char **text) {
    return rk_attribute_name(engine, attribute, text);
}

uint32_t RK_WASM_EXPORT(rk_wasm_attribute_kind)(const rk_engine *engine, uint32_t attribute) {
    return rk_attribute_kind(engine, attribute);
}

uint32_t RK_WASM_EXPORT(rk_wasm_attribute_value)(const rk_engine *engine, uint32_t value,
                                                 const char **text) {
    return rk_attribute_value(engine, value, text);
}

uint32_t RK_WASM_EXPORT(rk_wasm_item_values)(const rk_engine *engine, uint32_t item,
                                             uint32_t attribute, const uint32_t **values) {
    return rk_item_values(engine, item, attribute, values);
}

uint32_t RK_WASM_EXPORT(rk_wasm_item_number)(const rk_engine *engine, uint32_t item,
                                             uint32_t attribute, float *number) {
    return rk_item_number(engine, item, attribute, number);
}

/* Lies in the snapshot, so its size fits 32 bits here. */
uint32_t RK_WASM_EXPORT(rk_wasm_report)(const rk_engine *engine, const char **text) {
    return (uint32_t)rk_report(engine, text);
}

const char *RK_WASM_EXPORT(rk_wasm_source_name)(uint32_t source) {
    return rk_source_name(source);
}

const char *RK_WASM_EXPORT(rk_wasm_source_unavailable)(rk_engine *engine, const rk_request *request,
                                                       uint32_t source) {
    return rk_source_unavailable(engine, request, source);
}

uint32_t RK_WASM_EXPORT(rk_wasm_attribute_value_find)(const rk_engine *engine, uint32_t attribute,
                                                      const char *text, uint32_t bytes) {
    return rk_attribute_value_find(engine, attribute, text, bytes);
}

/* ---- rules ---- */

uint32_t RK_WASM_EXPORT(rk_wasm_rules_measure)(const rk_engine *engine, const uint32_t *words,
                                               uint32_t count, uint64_t *bytes, rk_error *error) {
    return rk_rules_measure(engine, words, count, bytes, error);
}

uint32_t RK_WASM_EXPORT(rk_wasm_rules_open)(const rk_engine *engine, const uint32_t *words,
                                            uint32_t count, void *memory, uint32_t memory_bytes,
                                            rk_rules **out, rk_error *error) {
    return rk_rules_open(engine, words, count, memory, memory_bytes, out, error);
}

uint32_t RK_WASM_EXPORT(rk_wasm_rules_apply)(const rk_rules *rules, const rk_rules_input *input,
                                             rk_ruled *out) {
    return rk_rules_apply(rules, input, out);
}

const rk_ruled *RK_WASM_EXPORT(rk_wasm_rules_removed)(const rk_rules *rules, uint32_t *count) {
    return rk_rules_removed(rules, count);
}

uint32_t RK_WASM_EXPORT(rk_wasm_rules_refusing)(const rk_rules *rules, uint32_t item, uint32_t seen,
                                                const int64_t *time_ms) {
    return rk_rules_refusing(rules, item, seen, *time_ms);
}

/* ---- the bandit ---- */

uint32_t RK_WASM_EXPORT(rk_wasm_bandit_measure)(const rk_engine *engine,
                                                const rk_bandit_options *options, uint64_t *bytes,
                                                rk_error *error) {
    return rk_bandit_measure(engine, options, bytes, error);
}

uint32_t RK_WASM_EXPORT(rk_wasm_bandit_open)(const rk_engine *engine,
                                             const rk_bandit_options *options, void *memory,
                                             uint32_t memory_bytes, rk_bandit **out,
                                             rk_error *error) {
    return rk_bandit_open(engine, options, memory, memory_bytes, out, error);
}

uint32_t RK_WASM_EXPORT(rk_wasm_bandit_record)(rk_bandit *bandit, uint32_t item, uint32_t rewarded,
                                               const int64_t *shown_ms, rk_error *error) {
    return rk_bandit_record(bandit, item, rewarded, *shown_ms, error);
}

void RK_WASM_EXPORT(rk_wasm_bandit_known)(rk_bandit *bandit, uint32_t item,
                                          rk_bandit_evidence *out) {
    rk_bandit_known(bandit, item, out);
}

uint32_t RK_WASM_EXPORT(rk_wasm_bandit_freeze)(rk_bandit *bandit) {
    return rk_bandit_freeze(bandit);
}

uint32_t RK_WASM_EXPORT(rk_wasm_bandit_batch_bytes)(const rk_bandit *bandit) {
    return (uint32_t)rk_bandit_batch_bytes(bandit);
}

void RK_WASM_EXPORT(rk_wasm_bandit_batch_write)(const rk_bandit *bandit, const uint64_t *seq,
                                                uint32_t epoch, unsigned char *scratch,
                                                unsigned char *out) {
    rk_bandit_batch_write(bandit, *seq, epoch, scratch, out);
}

void RK_WASM_EXPORT(rk_wasm_bandit_acknowledge)(rk_bandit *bandit) {
    rk_bandit_acknowledge(bandit);
}

uint32_t RK_WASM_EXPORT(rk_wasm_bandit_replace)(rk_bandit *bandit, const void *delta,
                                                uint32_t bytes, rk_error *error) {
    return rk_bandit_replace(bandit, delta, bytes, error);
}

uint32_t RK_WASM_EXPORT(rk_wasm_bandit_adopt)(rk_bandit *bandit, const rk_bandit *from,
                                              rk_error *error) {
    return rk_bandit_adopt(bandit, from, error);
}

/* ---- the funnel ---- */

uint32_t RK_WASM_EXPORT(rk_wasm_recommend)(rk_engine *engine, const rk_request *request,
                                           rk_recommendation *out, uint32_t *found,
                                           rk_error *error) {
    return rk_recommend(engine, request, out, found, error);
}

uint32_t RK_WASM_EXPORT(rk_wasm_similar)(rk_engine *engine, uint32_t item, uint32_t count,
                                         rk_recommendation *out, uint32_t *found, rk_error *error) {
    return rk_similar(engine, item, count, out, found, error);
}

uint32_t RK_WASM_EXPORT(rk_wasm_onboarding)(rk_engine *engine, const rk_request *request,
                                            const rk_answers *answers, rk_question *out,
                                            uint32_t *found, rk_error *error) {
    return rk_onboarding(engine, request, answers, out, found, error);
}

/* ---- any container file: what `inspect` and `verify` need ---- */

uint32_t RK_WASM_EXPORT(rk_wasm_container_open)(const void *bytes, uint32_t size, uint32_t kind,
                                                rk_container *out, rk_error *error) {
    return rk_container_open(bytes, size, kind, out, error);
}

uint32_t RK_WASM_EXPORT(rk_wasm_container_verify)(const rk_container *container, rk_error *error) {
    return rk_container_verify(container, error);
}
