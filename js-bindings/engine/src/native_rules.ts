import { abi } from './abi.js';
import type { Memory, Pointer } from './memory.js';
import type { Runtime } from './native.js';

const { LAYOUTS, CONSTANTS } = abi;
const { size: RULED_BYTES, fields: RULED } = LAYOUTS.rk_ruled;
const BLOCK = CONSTANTS.RK_BLOCK_ROWS;

/** One place of a list, or one item that is not in it; bit r is rule r. */
export interface NativeRuled {
  readonly item: number;
  /** 1-based before the rules, 0: it was not among the candidates. */
  readonly place: number;
  readonly rules: number;
  readonly gaveWay: number;
  readonly propensity: number;
}

/** Distinct items, the candidates best first. */
export interface NativeRulesInput {
  readonly candidates: readonly number[];
  readonly explore: readonly number[];
  readonly seen: readonly number[];
  readonly count: number;
  readonly seed: readonly [high: number, low: number];
  readonly at: number;
}

/** Opened rules: one region of the runtime's memory, over an engine that outlives them. */
export class NativeRules {
  readonly pointer: Pointer;
  readonly #runtime: Runtime;
  readonly #region: Pointer;
  readonly #items: number;

  constructor(runtime: Runtime, pointer: Pointer, region: Pointer, items: number) {
    this.#runtime = runtime;
    this.pointer = pointer;
    this.#region = region;
    this.#items = items;
  }

  /** Gives the memory back. The owner calls it once and nothing after it. */
  close(): void {
    this.#runtime.memory.release(this.#region);
  }

  /** The list that the rules make of these candidates. */
  apply(input: NativeRulesInput): NativeRuled[] {
    const { memory } = this.#runtime;
    const { candidates, explore, seen, count } = input;
    const blocks = Math.ceil(this.#items / BLOCK);
    const sizes = [
      LAYOUTS.rk_rules_input.size,
      candidates.length * LAYOUTS.rk_scored.size,
      explore.length * 4,
      blocks * 4,
      count * RULED_BYTES,
    ].map((bytes) => Math.ceil(bytes / 8) * 8);
    const region = memory.allocate(
      sizes.reduce((sum, bytes) => sum + bytes, 0),
      'a list',
    );
    try {
      let next = region as number;
      const [head, scored, explored, map, out] = sizes.map((bytes) => {
        next += bytes;
        return (next - bytes) as Pointer;
      }) as [Pointer, Pointer, Pointer, Pointer, Pointer];
      writeCandidates(memory, scored, candidates);
      memory.words(explored, explore.length).set(explore);
      writeBitmap(memory, map, blocks, seen);
      this.#writeInput(input, head, { scored, explored, map });
      const found = this.#runtime.call((wasm) => wasm.rk_wasm_rules_apply(this.pointer, head, out));
      return readRuled(memory, out, found);
    } finally {
      memory.release(region);
    }
  }

  #writeInput(
    { candidates, explore, count, seed, at }: NativeRulesInput,
    head: Pointer,
    where: { scored: Pointer; explored: Pointer; map: Pointer },
  ): void {
    const { fields } = LAYOUTS.rk_rules_input;
    const view = this.#runtime.memory.view();
    const set = ({ offset }: { offset: number }, value: number): void =>
      view.setUint32(head + offset, value, true);
    set(fields.candidates, where.scored);
    set(fields.explore, where.explored);
    set(fields.blocked, 0);
    set(fields.seen, where.map);
    set(fields.candidate_count, candidates.length);
    set(fields.explore_count, explore.length);
    set(fields.count, count);
    set(fields.arms, 0);
    set(fields.policy, 0);
    set(fields.seed, seed[1]);
    set({ offset: fields.seed.offset + 4 }, seed[0]);
    this.#runtime.writeTime((head + fields.time_ms.offset) as Pointer, at);
  }

  /** Of the last list: what would have been in it without the rules. */
  removed(): NativeRuled[] {
    const { memory, scratch } = this.#runtime;
    const rows = this.#runtime.call((wasm) =>
      wasm.rk_wasm_rules_removed(this.pointer, scratch.words),
    );
    return readRuled(memory, (rows >>> 0) as Pointer, memory.view().getUint32(scratch.words, true));
  }

  /** The rules that never let an item into a list at this time, a bit each. */
  refusing(item: number, seen: boolean, at: number): number {
    const { words } = this.#runtime.scratch;
    this.#runtime.writeTime(words, at);
    return (
      this.#runtime.call((wasm) =>
        wasm.rk_wasm_rules_refusing(this.pointer, item, seen ? 1 : 0, words),
      ) >>> 0
    );
  }
}

function writeCandidates(memory: Memory, at: Pointer, items: readonly number[]): void {
  const { size, fields } = LAYOUTS.rk_scored;
  const view = memory.view();
  items.forEach((item, i) => {
    view.setFloat32(at + i * size + fields.score.offset, 0, true);
    view.setUint32(at + i * size + fields.item.offset, item, true);
  });
}

function writeBitmap(memory: Memory, at: Pointer, blocks: number, items: readonly number[]): void {
  const map = memory.words(at, blocks).fill(0);
  for (const item of items) {
    const block = Math.floor(item / BLOCK);
    map[block] = (map[block] ?? 0) | (1 << (item % BLOCK));
  }
}

function readRuled(memory: Memory, begin: Pointer, count: number): NativeRuled[] {
  const view = memory.view();
  return Array.from({ length: count }, (_, i) => {
    const row = begin + i * RULED_BYTES;
    return {
      item: view.getUint32(row + RULED.item.offset, true),
      place: view.getUint32(row + RULED.place.offset, true),
      rules: view.getUint32(row + RULED.rules.offset, true),
      gaveWay: view.getUint32(row + RULED.gave_way.offset, true),
      propensity: view.getFloat32(row + RULED.propensity.offset, true),
    };
  });
}
