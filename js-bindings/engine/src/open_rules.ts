import { abi } from './abi.js';
import { disposeSymbol } from './dispose_symbol.js';
import { DisposedError } from './errors.js';
import { NONE } from './native.js';
import type { NativeRuled, NativeRules } from './native_rules.js';
import type { CompiledRules } from './rules.js';
import {
  badArgument,
  checkedCount,
  checkedObject,
  checkedSeed,
  checkedTime,
  checkedTruth,
  isList,
} from './session.js';
import type { Ruled, RuledList, Rules, RulesApplyOptions, RulesRefusingOptions } from './types.js';

const { RK_MAX_CANDIDATES, RK_RULES_MAX_EXPLORE } = abi.CONSTANTS;

/** What rules ask of their engine; both refuse when it was disposed of. */
export interface ItemNames {
  findItem(item: string): number;
  itemId(item: number): string;
}

/** A compiled document in the module's memory. */
export class OpenRules implements Rules {
  readonly names: readonly string[];
  readonly explores: boolean;
  #native: NativeRules | undefined;
  readonly #items: ItemNames;
  readonly #forget: (rules: OpenRules) => void;

  constructor(
    native: NativeRules,
    { names, explores }: CompiledRules,
    items: ItemNames,
    forget: (rules: OpenRules) => void,
  ) {
    this.#native = native;
    this.names = Object.freeze([...names]);
    this.explores = explores;
    this.#items = items;
    this.#forget = forget;
  }

  get native(): NativeRules {
    if (this.#native === undefined) throw new DisposedError('the set of rules');
    return this.#native;
  }

  /** Over another engine, compiled of the same document. */
  replace(native: NativeRules): void {
    this.native.close();
    this.#native = native;
  }

  apply(items: Iterable<string>, options: RulesApplyOptions = {}): RuledList {
    const { native } = this;
    checkedObject('options', options);
    const candidates = this.#indexes('items', items);
    if (candidates.length > RK_MAX_CANDIDATES) {
      throw badArgument('items', candidates.length, `at most ${RK_MAX_CANDIDATES} items`);
    }
    const list = native.apply({
      candidates,
      explore: this.#indexes('explore', options.explore === undefined ? [] : options.explore).slice(
        0,
        RK_RULES_MAX_EXPLORE,
      ),
      seen: this.#indexes('seen', options.seen === undefined ? [] : options.seen),
      count: checkedCount(options.count),
      seed: [0, checkedSeed(options.seed)],
      at: checkedTime(options.at),
    });
    return { items: list.map((row) => this.ruled(row)), removed: this.removed() };
  }

  refusing(item: string, options: RulesRefusingOptions = {}): string[] {
    const { native } = this;
    const { seen, at } = checkedObject('options', options);
    const [had, time] = [checkedTruth('seen', seen), checkedTime(at)];
    if (typeof item !== 'string') throw badArgument('item', item, 'a string');
    const index = this.#items.findItem(item);
    return index === NONE ? [] : this.#named(native.refusing(index, had, time));
  }

  /** What the last list left out. */
  removed(): RuledList['removed'] {
    return this.native.removed().map(({ item, place, rules }) => ({
      item: this.#items.itemId(item),
      ...(place > 0 && { place }),
      rules: this.#named(rules),
    }));
  }

  ruled({ item, place, rules, gaveWay, propensity }: NativeRuled): Ruled {
    return { item: this.#items.itemId(item), ...this.effects(place, rules, gaveWay, propensity) };
  }

  effects(place: number, rules: number, gaveWay: number, propensity: number): Omit<Ruled, 'item'> {
    return {
      ...(place > 0 && { place }),
      rules: this.#named(rules),
      ...(gaveWay !== 0 && { gaveWay: this.#named(gaveWay) }),
      ...(propensity > 0 && { propensity }),
    };
  }

  dispose(): void {
    if (this.#native === undefined) return;
    this.#native.close();
    this.#native = undefined;
    this.#forget(this);
  }

  [disposeSymbol](): void {
    this.dispose();
  }

  #named(bits: number): string[] {
    return this.names.filter((_, r) => ((bits >>> r) & 1) === 1);
  }

  /** Known items, each once. */
  #indexes(what: string, items: Iterable<string>): number[] {
    if (!isList(items)) throw badArgument(what, items, 'a list of items');
    const indexes = new Set<number>();
    for (const item of items) {
      if (typeof item !== 'string') throw badArgument(what, item, 'a list of strings');
      const index = this.#items.findItem(item);
      if (index !== NONE) indexes.add(index);
    }
    return [...indexes];
  }
}
