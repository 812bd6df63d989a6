import type { Pointer } from './memory.js';

/** What reckon.wasm exports (wasm/rk_wasm.c). */
export interface Exports {
  memory: WebAssembly.Memory;
  rk_wasm_heap_base(): number;
  rk_wasm_engine_measure(snapshot: Pointer, bytes: number, out: Pointer, error: Pointer): number;
  rk_wasm_engine_open(
    snapshot: Pointer,
    bytes: number,
    memory: Pointer,
    memoryBytes: number,
    out: Pointer,
    error: Pointer,
  ): number;
  rk_wasm_items_measure(engine: Pointer, items: Pointer, bytes: Pointer, error: Pointer): number;
  rk_wasm_items_add(
    engine: Pointer,
    items: Pointer,
    memory: Pointer,
    memoryBytes: number,
    out: Pointer,
    error: Pointer,
  ): number;
  rk_wasm_engine_describe(engine: Pointer, out: Pointer): void;
  rk_wasm_engine_funnel(engine: Pointer, out: Pointer): void;
  rk_wasm_item_find(engine: Pointer, id: Pointer, bytes: number): number;
  rk_wasm_item_id(engine: Pointer, item: number, text: Pointer): number;
  rk_wasm_item_title(engine: Pointer, item: number, text: Pointer): number;
  rk_wasm_event_find(engine: Pointer, name: Pointer, bytes: number): number;
  rk_wasm_event_name(engine: Pointer, type: number, text: Pointer): number;
  rk_wasm_feature_name(engine: Pointer, feature: number, text: Pointer): number;
  rk_wasm_user_feature(
    engine: Pointer,
    name: Pointer,
    nameBytes: number,
    value: Pointer,
    valueBytes: number,
  ): number;
  rk_wasm_attribute_name(engine: Pointer, attribute: number, text: Pointer): number;
  rk_wasm_attribute_kind(engine: Pointer, attribute: number): number;
  rk_wasm_attribute_value(engine: Pointer, value: number, text: Pointer): number;
  rk_wasm_item_values(engine: Pointer, item: number, attribute: number, values: Pointer): number;
  rk_wasm_item_number(engine: Pointer, item: number, attribute: number, number: Pointer): number;
  rk_wasm_attribute_value_find(
    engine: Pointer,
    attribute: number,
    text: Pointer,
    bytes: number,
  ): number;
  rk_wasm_rules_measure(
    engine: Pointer,
    words: Pointer,
    count: number,
    bytes: Pointer,
    error: Pointer,
  ): number;
  rk_wasm_rules_open(
    engine: Pointer,
    words: Pointer,
    count: number,
    memory: Pointer,
    memoryBytes: number,
    out: Pointer,
    error: Pointer,
  ): number;
  rk_wasm_rules_apply(rules: Pointer, input: Pointer, out: Pointer): number;
  rk_wasm_rules_removed(rules: Pointer, count: Pointer): number;
  rk_wasm_rules_refusing(rules: Pointer, item: number, seen: number, time: Pointer): number;
  rk_wasm_bandit_measure(engine: Pointer, options: Pointer, bytes: Pointer, error: Pointer): number;
  rk_wasm_bandit_open(
    engine: Pointer,
    options: Pointer,
    memory: Pointer,
    memoryBytes: number,
    out: Pointer,
    error: Pointer,
  ): number;
  rk_wasm_bandit_record(
    bandit: Pointer,
    item: number,
    rewarded: number,
    shown: Pointer,
    error: Pointer,
  ): number;
  rk_wasm_bandit_known(bandit: Pointer, item: number, out: Pointer): void;
  rk_wasm_bandit_freeze(bandit: Pointer): number;
  rk_wasm_bandit_batch_bytes(bandit: Pointer): number;
  rk_wasm_bandit_batch_write(
    bandit: Pointer,
    seq: Pointer,
    epoch: number,
    scratch: Pointer,
    out: Pointer,
  ): void;
  rk_wasm_bandit_acknowledge(bandit: Pointer): void;
  rk_wasm_bandit_replace(bandit: Pointer, delta: Pointer, bytes: number, error: Pointer): number;
  rk_wasm_bandit_adopt(bandit: Pointer, from: Pointer, error: Pointer): number;
  rk_wasm_report(engine: Pointer, text: Pointer): number;
  rk_wasm_source_name(source: number): number;
  rk_wasm_source_unavailable(engine: Pointer, request: Pointer, source: number): number;
  rk_wasm_recommend(
    engine: Pointer,
    request: Pointer,
    out: Pointer,
    found: Pointer,
    error: Pointer,
  ): number;
  rk_wasm_onboarding(
    engine: Pointer,
    request: Pointer,
    answers: Pointer,
    out: Pointer,
    found: Pointer,
    error: Pointer,
  ): number;
  rk_wasm_similar(
    engine: Pointer,
    item: number,
    count: number,
    out: Pointer,
    found: Pointer,
    error: Pointer,
  ): number;
  rk_wasm_container_open(
    bytes: Pointer,
    size: number,
    kind: number,
    out: Pointer,
    error: Pointer,
  ): number;
  rk_wasm_container_verify(container: Pointer, error: Pointer): number;
}

const FUNCTIONS = [
  'rk_wasm_heap_base',
  'rk_wasm_engine_measure',
  'rk_wasm_engine_open',
  'rk_wasm_items_measure',
  'rk_wasm_items_add',
  'rk_wasm_engine_describe',
  'rk_wasm_engine_funnel',
  'rk_wasm_item_find',
  'rk_wasm_item_id',
  'rk_wasm_item_title',
  'rk_wasm_event_find',
  'rk_wasm_event_name',
  'rk_wasm_feature_name',
  'rk_wasm_user_feature',
  'rk_wasm_attribute_name',
  'rk_wasm_attribute_kind',
  'rk_wasm_attribute_value',
  'rk_wasm_item_values',
  'rk_wasm_item_number',
  'rk_wasm_attribute_value_find',
  'rk_wasm_rules_measure',
  'rk_wasm_rules_open',
  'rk_wasm_rules_apply',
  'rk_wasm_rules_removed',
  'rk_wasm_rules_refusing',
  'rk_wasm_bandit_measure',
  'rk_wasm_bandit_open',
  'rk_wasm_bandit_record',
  'rk_wasm_bandit_known',
  'rk_wasm_bandit_freeze',
  'rk_wasm_bandit_batch_bytes',
  'rk_wasm_bandit_batch_write',
  'rk_wasm_bandit_acknowledge',
  'rk_wasm_bandit_replace',
  'rk_wasm_bandit_adopt',
  'rk_wasm_report',
  'rk_wasm_source_name',
  'rk_wasm_source_unavailable',
  'rk_wasm_recommend',
  'rk_wasm_onboarding',
  'rk_wasm_similar',
  'rk_wasm_container_open',
  'rk_wasm_container_verify',
] as const satisfies readonly (keyof Exports)[];

export function isExports(exports: object): exports is Exports {
  if (!('memory' in exports) || !(exports.memory instanceof WebAssembly.Memory)) return false;
  return FUNCTIONS.every((name) => typeof Reflect.get(exports, name) === 'function');
}
