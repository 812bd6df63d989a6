import { abi } from './abi.js';
import type { Pointer } from './memory.js';
import type { Runtime } from './native.js';

const { LAYOUTS } = abi;
const { fields: OPTIONS } = LAYOUTS.rk_bandit_options;
const { fields: EVIDENCE } = LAYOUTS.rk_bandit_evidence;

/** rk_bandit_options, by other names where JavaScript's words differ. */
export interface NativeBanditOptions {
  readonly priorRate: number;
  readonly priorTrials: number;
  readonly halfLifeDays: number;
  readonly uniform: number;
  readonly impressions: number;
  readonly mostImpressions: number;
  readonly mostDays: number;
  readonly rows: number;
}

export interface NativeArm {
  readonly trials: number;
  readonly rewards: number;
  readonly alpha: number;
  readonly beta: number;
  readonly pooled: boolean;
}

/** The statistics of explore slots over one engine: to be closed before it. */
export class NativeBandit {
  readonly pointer: Pointer;
  readonly #runtime: Runtime;
  readonly #region: Pointer;

  constructor(runtime: Runtime, engine: Pointer, options: NativeBanditOptions) {
    this.#runtime = runtime;
    const { memory, scratch } = runtime;
    const { words, error, request: given } = scratch;
    const view = memory.view();
    view.setFloat32(given + OPTIONS.prior_rate.offset, options.priorRate, true);
    view.setFloat32(given + OPTIONS.prior_trials.offset, options.priorTrials, true);
    view.setFloat32(given + OPTIONS.half_life_days.offset, options.halfLifeDays, true);
    view.setFloat32(given + OPTIONS.uniform.offset, options.uniform, true);
    view.setUint32(given + OPTIONS.impressions.offset, options.impressions, true);
    view.setUint32(given + OPTIONS.most_impressions.offset, options.mostImpressions, true);
    view.setUint32(given + OPTIONS.most_days.offset, options.mostDays, true);
    view.setUint32(given + OPTIONS.rows.offset, options.rows, true);
    this.#check((wasm) => wasm.rk_wasm_bandit_measure(engine, given, words, error));
    const bytes = Number(memory.view().getBigUint64(words, true));
    this.#region = memory.allocate(bytes, 'explore');
    try {
      this.#check((wasm) =>
        wasm.rk_wasm_bandit_open(engine, given, this.#region, bytes, words, error),
      );
    } catch (failure) {
      memory.release(this.#region);
      throw failure;
    }
    this.pointer = (memory.view().getUint32(words, true) >>> 0) as Pointer;
  }

  /** Gives the memory back. The owner calls it once and nothing after it. */
  close(): void {
    this.#runtime.memory.release(this.#region);
  }

  /** False if there is no room for another row. */
  record(item: number, rewarded: boolean, shownAt: number): boolean {
    const { words, error } = this.#runtime.scratch;
    this.#runtime.writeTime(words, shownAt);
    const status = this.#runtime.call((wasm) =>
      wasm.rk_wasm_bandit_record(this.pointer, item, rewarded ? 1 : 0, words, error),
    );
    if (status === abi.STATUS.TOO_LARGE) return false;
    this.#runtime.check(status, 'feedback');
    return true;
  }

  known(item: number): NativeArm {
    const { words } = this.#runtime.scratch;
    this.#runtime.call((wasm) => wasm.rk_wasm_bandit_known(this.pointer, item, words));
    const view = this.#runtime.memory.view();
    return {
      trials: view.getFloat64(words + EVIDENCE.trials.offset, true),
      rewards: view.getFloat64(words + EVIDENCE.rewards.offset, true),
      alpha: view.getFloat64(words + EVIDENCE.alpha.offset, true),
      beta: view.getFloat64(words + EVIDENCE.beta.offset, true),
      pooled: view.getUint32(words + EVIDENCE.pooled.offset, true) !== 0,
    };
  }

  /** What was counted since becomes the batch to be sent; false if there is one already, or nothing to send. */
  freeze(): boolean {
    return this.#runtime.call((wasm) => wasm.rk_wasm_bandit_freeze(this.pointer)) !== 0;
  }

  /** The frozen batch as a delta file. */
  batch(seq: number, epoch: number): Uint8Array {
    const { memory, scratch } = this.#runtime;
    const bytes = this.#runtime.call((wasm) => wasm.rk_wasm_bandit_batch_bytes(this.pointer));
    // The file, then as much again for its packed rows.
    const region = memory.allocate(2 * bytes, 'a delta');
    try {
      this.#runtime.writeTime(scratch.words, seq);
      this.#runtime.call((wasm) =>
        wasm.rk_wasm_bandit_batch_write(
          this.pointer,
          scratch.words,
          epoch,
          (region + bytes) as Pointer,
          region,
        ),
      );
      return memory.bytes(region, bytes).slice();
    } finally {
      memory.release(region);
    }
  }

  /** The region has the frozen batch. */
  acknowledge(): void {
    this.#runtime.call((wasm) => wasm.rk_wasm_bandit_acknowledge(this.pointer));
  }

  /** The region's statistics become those of a delta file. */
  replace(delta: Uint8Array): void {
    const { memory, scratch } = this.#runtime;
    const region = memory.allocate(delta.length, 'statistics');
    try {
      memory.write(region, delta);
      this.#check((wasm) =>
        wasm.rk_wasm_bandit_replace(this.pointer, region, delta.length, scratch.error),
      );
    } finally {
      memory.release(region);
    }
  }

  /** Statistics of a bandit over an engine with other items. */
  adopt(from: NativeBandit): void {
    const { error } = this.#runtime.scratch;
    this.#check((wasm) => wasm.rk_wasm_bandit_adopt(this.pointer, from.pointer, error));
  }

  #check(call: (wasm: Runtime['exports']) => number): void {
    this.#runtime.check(this.#runtime.call(call), 'statistics');
  }
}
