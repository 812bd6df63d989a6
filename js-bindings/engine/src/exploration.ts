import { abi } from './abi.js';
import { RequestError } from './errors.js';
import type { NativeBandit, NativeBanditOptions } from './native_bandit.js';
import { badArgument, checkedNumbers } from './session.js';
import type { ArmEvidence, Bytes, ExploreOptions, Statistics } from './types.js';

const MOST_ROWS = abi.CONSTANTS.RK_BANDIT_MOST_ROWS;

/** A prior of three rewards in a hundred, worth twenty impressions: src/README.md has the figures. */
const DEFAULTS = {
  rate: 0.03,
  trials: 20,
  halfLifeDays: 30,
  uniform: 0.01,
  impressions: 50,
  most: 500,
  mostDays: 0,
  rows: 4096,
} as const satisfies Required<ExploreOptions>;

/** Each option's range; integers where `whole`. */
const RANGES: Record<keyof ExploreOptions, { low: number; high: number; whole?: true }> = {
  rate: { low: 1e-6, high: 0.99 },
  trials: { low: 1, high: 1e6 },
  halfLifeDays: { low: 0, high: 1e6 },
  uniform: { low: 0, high: 1 },
  impressions: { low: 0, high: 1e6, whole: true },
  most: { low: 0, high: 1e9, whole: true },
  mostDays: { low: 0, high: 36500, whole: true },
  rows: { low: 16, high: MOST_ROWS, whole: true },
};

/** What `createEngine({ explore })` says, checked, over the defaults. */
export function banditOptions(given: unknown): NativeBanditOptions {
  const options: Required<ExploreOptions> = { ...DEFAULTS };
  for (const [name, value] of checkedNumbers('explore', given)) {
    const range = RANGES[name as keyof ExploreOptions] as (typeof RANGES)['rows'] | undefined;
    if (!Object.hasOwn(RANGES, name) || range === undefined) {
      const known = Object.keys(RANGES).join(', ');
      throw new RequestError(
        'BAD_ARGUMENT',
        `explore has no option ${JSON.stringify(name)}; known: ${known}`,
        `explore.${name}`,
      );
    }
    if (value === undefined) continue;
    const isWhole = range.whole !== true || Number.isInteger(value);
    if (typeof value !== 'number' || !isWhole || !(value >= range.low && value <= range.high)) {
      const kind = range.whole === true ? 'an integer' : 'a number';
      throw badArgument(`explore.${name}`, value, `${kind} from ${range.low} to ${range.high}`);
    }
    options[name as keyof ExploreOptions] = value;
  }
  return {
    priorRate: options.rate,
    priorTrials: options.trials,
    halfLifeDays: options.halfLifeDays,
    uniform: options.uniform,
    impressions: options.impressions,
    mostImpressions: options.most,
    mostDays: options.mostDays,
    rows: options.rows,
  };
}

/** What `Statistics` needs of the engine that has them. */
export interface StatisticsHost {
  bandit(): NativeBandit;
  /** The index of an item; an unknown one is refused. */
  requireItem(item: string): number;
}

/** The public face of the bandit's tables. */
export class EngineStatistics implements Statistics {
  readonly #host: StatisticsHost;

  constructor(host: StatisticsHost) {
    this.#host = host;
  }

  of(item: string): ArmEvidence {
    if (typeof item !== 'string') throw badArgument('item', item, 'a string');
    const index = this.#host.requireItem(item);
    const { trials, rewards, alpha, beta, pooled } = this.#host.bandit().known(index);
    return { impressions: trials, rewards, posterior: { alpha, beta }, exploring: pooled };
  }

  freeze({ seq = 1, epoch = 0 }: { seq?: number; epoch?: number } = {}): Uint8Array | undefined {
    for (const [name, value, high] of [
      ['seq', seq, Number.MAX_SAFE_INTEGER],
      ['epoch', epoch, 2 ** 32 - 1],
    ] as const) {
      if (!Number.isInteger(value) || value < 0 || value > high) {
        throw badArgument(name, value, `an integer from 0 to ${high}`);
      }
    }
    const bandit = this.#host.bandit();
    return bandit.freeze() ? bandit.batch(seq, epoch) : undefined;
  }

  acknowledge(): void {
    this.#host.bandit().acknowledge();
  }

  replace(delta: Bytes): void {
    const bytes = ArrayBuffer.isView(delta)
      ? new Uint8Array(delta.buffer, delta.byteOffset, delta.byteLength)
      : new Uint8Array(delta);
    this.#host.bandit().replace(bytes);
  }
}
