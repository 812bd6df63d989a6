import { abi } from './abi.js';
import { RequestError, quote } from './errors.js';
import { NONE } from './native.js';
import type { NativeAnswers, NativeEvent, NativeRequest } from './native_types.js';
import type { NativeBandit } from './native_bandit.js';
import type { OpenRules } from './open_rules.js';
import type {
  Location,
  OnboardingAnswer,
  OnboardingItem,
  OnboardingOptions,
  RecommendOptions,
  Recommendations,
  Session,
  SessionEvent,
  SessionOptions,
  SessionState,
  Stage,
  UserFeatures,
} from './types.js';

const { RK_MAX_SESSION, RK_MAX_COUNT, RK_MAX_QUESTIONS } = abi.CONSTANTS;
const QUESTIONS = 8;

/** What a session asks of its engine. */
export interface SessionHost {
  readonly snapshotId: string;
  readonly eventNames: readonly string[];
  readonly defaultEvent: string;
  readonly userFeatures: readonly string[];
  /** Whether an event of this type, as record() numbers them, is a "no". */
  isNegative(type: number): boolean;
  /** Unix ms of the newest event of the log; 0 where it has no such times. */
  readonly newestEvent: number;
  findItem(item: string): number;
  /** Another number: items were added, and findItem may say something else of any name. */
  itemsVersion(): number;
  userFeature(name: string, value: string): number;
  sourceValues(
    what: 'weight' | 'quota',
    values: Partial<Record<string, number>> | undefined,
  ): number[] | undefined;
  taskWeights(values: Partial<Record<string, number>> | undefined): number[] | undefined;
  rules(options: Pick<RecommendOptions, 'rules' | 'filter'>): OpenRules | undefined;
  /** By which a list with these rules explores, if it does. */
  bandit(rules: OpenRules | undefined): NativeBandit | undefined;
  /** An impression of an item that a slot drew, or its reward. */
  recordArm(item: string, rewarded: boolean, at: number): boolean;
  isPositive(type: number): boolean;
  answer(
    request: NativeRequest,
    rules: OpenRules | undefined,
    explain: boolean,
  ): Omit<Recommendations, 'id' | 'timing'>;
  ask(request: NativeRequest, answers: NativeAnswers): OnboardingItem[];
}

/** Lists that feedback is kept for. */
const EXPLORED_LISTS = 64;

interface ExploredList {
  /** When it was shown, Unix ms. */
  readonly at: number;
  /** Explored items that have had no reward. */
  readonly left: Set<string>;
}

interface Recorded extends NativeEvent {
  readonly name: string;
  readonly event: string;
}

export class EngineSession implements Session {
  readonly #host: SessionHost;
  readonly #seed: number;
  readonly #location: Location | undefined;
  readonly #features: readonly number[];
  #served = 0;
  #itemsVersion: number;
  #events: Recorded[] = [];
  /** Items of events that fell out of the most recent RK_MAX_SESSION: still seen, no longer asked with. */
  readonly #older = new Set<string>();
  /** Those of them with a negative event: they never come back, whatever is kept. */
  readonly #disliked = new Set<string>();
  /** By the id of the list. */
  readonly #explored = new Map<string, ExploredList>();
  /** Items asked about and not picked. */
  readonly #skipped = new Set<string>();
  readonly #unknown = new Set<string>();

  constructor(host: SessionHost, options: SessionOptions) {
    checkedObject('options', options);
    this.#host = host;
    this.#itemsVersion = host.itemsVersion();
    const state = options.restore === undefined ? undefined : checkedState(options.restore);
    this.#seed = checkedSeed(options.seed === undefined ? state?.seed : options.seed);
    this.#location = checkedLocation(options.location);
    this.#features = this.#featuresOf(options.user);
    if (state === undefined) return;
    this.#served = state.served;
    for (const item of state.older ?? []) this.#older.add(item);
    for (const item of state.disliked ?? []) this.#disliked.add(item);
    for (const { id, at, left } of state.explored ?? []) {
      this.#explored.set(id, { at, left: new Set(left) });
    }
    for (const item of state.skipped ?? []) this.#skipped.add(item);
    for (const item of state.unknown ?? []) this.#unknown.add(item);
    // Events of an earlier snapshot's types have no influence here, but are not lost either.
    for (const { item, event, at } of state.events) {
      this.#push({ name: item, event, at, item: host.findItem(item), type: this.#type(event) });
    }
  }

  get size(): number {
    return this.#events.length;
  }

  record(recorded: SessionEvent): boolean {
    const { item, event, at } = checkedObject('event', recorded);
    if (typeof item !== 'string') throw badArgument('item', item, 'a string');
    const known = this.#host.eventNames;
    const name = event === undefined ? this.#host.defaultEvent : event;
    const type = this.#type(name);
    if (type === NONE) {
      throw new RequestError(
        'UNKNOWN_EVENT',
        `no event has the name ${quote(name)}; known: ${known.map(quote).join(', ')}`,
        'event',
      );
    }
    const index = this.#host.findItem(item);
    this.#push({ name: item, event: name, at: checkedTime(at), item: index, type });
    this.#skipped.delete(item);
    this.#unknown.delete(item);
    return index !== NONE;
  }

  recommend(options: RecommendOptions = {}): Recommendations {
    const begin = performance.now();
    checkedObject('options', options);
    const explain = checkedTruth('explain', options.explain);
    const isShown = !checkedTruth('preview', options.preview);
    const rules = this.#host.rules(options);
    // The rankers learnt from requests that had a time, and an answer should not depend on when it is asked again:
    // the device's clock is for the rules alone.
    const at = options.at === undefined ? undefined : checkedTime(options.at);
    const request: NativeRequest = {
      ...this.#request(options),
      count: checkedCount(options.count),
      keepSeen: checkedTruth('keepSeen', options.keepSeen),
      location: checkedLocation(options.location) ?? this.#location,
      features: options.user === undefined ? this.#features : this.#featuresOf(options.user),
      // Another list, another draw: no two places of any two seeds share one.
      seed: [this.#seed, this.#served % 2 ** 32],
      at: at ?? this.#lastTime(),
      rulesAt: at ?? Date.now(),
      stages: checkedStages(options.stages),
      weights: this.#host.taskWeights(options.weights),
      sourceWeights: this.#host.sourceValues('weight', options.sourceWeights),
      quotas: this.#host.sourceValues('quota', options.quotas),
      rules: rules?.native,
      bandit: this.#host.bandit(rules),
    };
    const answer = this.#host.answer(request, rules, explain);
    const id = `${this.#host.snapshotId.slice(0, 12)}-${this.#seed}-${this.#served++}`;
    if (request.bandit && isShown) {
      const drawn = answer.items.filter(({ propensity }) => propensity !== undefined);
      this.#shown(
        id,
        request.rulesAt,
        drawn.map(({ item }) => item),
      );
    }
    return { ...answer, id, timing: { totalMs: performance.now() - begin } };
  }

  feedback(id: string, event: SessionEvent): boolean {
    if (typeof id !== 'string') throw badArgument('id', id, "a list's id");
    this.record(event);
    const { item } = event;
    const list = this.#explored.get(id);
    const type = this.#type(event.event ?? this.#host.defaultEvent);
    if (list === undefined || !this.#host.isPositive(type) || !list.left.delete(item)) return false;
    return this.#host.recordArm(item, true, list.at);
  }

  onboarding(options: OnboardingOptions = {}): OnboardingItem[] {
    checkedObject('options', options);
    const { count = QUESTIONS, exclude } = options;
    const rules = this.#host.rules(options);
    const request: NativeRequest = {
      ...this.#request({ ...(exclude !== undefined && { exclude }) }),
      count: checkedInteger('count', count, 1, RK_MAX_QUESTIONS),
      keepSeen: false,
      location: undefined,
      features: [],
      seed: [0, 0],
      at: this.#lastTime(),
      rulesAt: Date.now(),
      stages: abi.CONSTANTS.RK_STAGES_ALL,
      rules: rules?.native,
    };
    return this.#host.ask(request, {
      skipped: this.#indexes(this.#skipped),
      unknown: this.#indexes(this.#unknown),
    });
  }

  answer(answered: OnboardingAnswer): boolean {
    const { item, answer, event, at } = checkedObject('answer', answered);
    if (answer === 'pick') {
      return this.record({
        item,
        ...(event !== undefined && { event }),
        ...(at !== undefined && { at }),
      });
    }
    if (typeof item !== 'string') throw badArgument('item', item, 'a string');
    if (answer !== 'skip' && answer !== 'unknown') {
      throw badArgument('answer', answer, "'pick', 'skip' or 'unknown'");
    }
    const [to, from] =
      answer === 'skip' ? [this.#skipped, this.#unknown] : [this.#unknown, this.#skipped];
    from.delete(item);
    to.add(item);
    return this.#host.findItem(item) !== NONE;
  }

  export(): SessionState {
    return {
      version: 1,
      seed: this.#seed,
      served: this.#served,
      events: this.#events.map(({ name, event, at }) => ({ item: name, event, at })),
      ...(this.#older.size > 0 && { older: [...this.#older] }),
      ...(this.#disliked.size > 0 && { disliked: [...this.#disliked] }),
      ...(this.#explored.size > 0 && {
        explored: [...this.#explored].map(([list, { at, left }]) => ({
          id: list,
          at,
          left: [...left],
        })),
      }),
      ...(this.#skipped.size > 0 && { skipped: [...this.#skipped] }),
      ...(this.#unknown.size > 0 && { unknown: [...this.#unknown] }),
    };
  }

  forget(): void {
    this.#events = [];
    this.#older.clear();
    this.#disliked.clear();
    this.#explored.clear();
    this.#skipped.clear();
    this.#unknown.clear();
  }

  /** The events, and what must not come back. */
  #request(options: RecommendOptions): Pick<NativeRequest, 'session' | 'exclude' | 'seen'> {
    this.#findAgain();
    return {
      session: this.#events.filter(({ item, type }) => item !== NONE && type !== NONE),
      exclude: this.#excluded(options),
      seen: this.#indexes(this.#older),
    };
  }

  /** Impressions of what explore slots drew. */
  #shown(id: string, at: number, items: readonly string[]): void {
    const left = items.filter((item) => this.#host.recordArm(item, false, at));
    if (left.length === 0) return;
    this.#explored.set(id, { at, left: new Set(left) });
    const [oldest] = this.#explored.keys();
    if (oldest !== undefined && this.#explored.size > EXPLORED_LISTS) this.#explored.delete(oldest);
  }

  /** Names stay, numbers may not. */
  #findAgain(): void {
    const version = this.#host.itemsVersion();
    if (version === this.#itemsVersion) return;
    this.#itemsVersion = version;
    this.#events = this.#events.map((event) => ({
      ...event,
      item: this.#host.findItem(event.name),
    }));
  }

  /** Of the last event that has a time; without any, of the newest event of the log. */
  #lastTime(): number {
    for (let i = this.#events.length - 1; i >= 0; i--) {
      const at = this.#events[i]?.at ?? 0;
      if (at !== 0) return at;
    }
    return this.#host.newestEvent;
  }

  #push(event: Recorded): void {
    this.#events.push(event);
    if (this.#events.length <= RK_MAX_SESSION) return;
    const oldest = this.#events.shift();
    if (oldest === undefined) return;
    this.#older.add(oldest.name);
    if (this.#host.isNegative(oldest.type)) this.#disliked.add(oldest.name);
  }

  #type(name: string): number {
    const index = this.#host.eventNames.indexOf(name);
    return index === -1 ? NONE : index;
  }

  #featuresOf(user: UserFeatures | undefined): number[] {
    if (user === undefined) return [];
    if (typeof user !== 'object' || user === null || Array.isArray(user)) {
      throw badArgument('user', user, 'an object of strings');
    }
    const known = this.#host.userFeatures;
    return Object.entries(user).map(([name, value]) => {
      if (!known.includes(name)) {
        const names = known.length > 0 ? known.map(quote).join(', ') : 'none';
        throw new RequestError(
          'BAD_ARGUMENT',
          `user has ${quote(name)}, which the snapshot does not know; known: ${names}`,
          `user.${name}`,
        );
      }
      if (typeof value !== 'string') throw badArgument(`user.${name}`, value, 'a string');
      const feature = this.#host.userFeature(name, value);
      if (feature === NONE) throw badArgument(`user.${name}`, value, 'at most 65,535 bytes');
      return feature;
    });
  }

  #excluded({ exclude }: RecommendOptions): number[] {
    const refused = [...this.#disliked, ...this.#skipped];
    return [...new Set([...this.#indexes(exclude), ...this.#indexes(refused)])];
  }

  #indexes(items: Iterable<string> | undefined): number[] {
    if (items === undefined) return [];
    if (!isList(items)) throw badArgument('exclude', items, 'a list of items');
    const indexes = new Set<number>();
    for (const item of items) {
      if (typeof item !== 'string') throw badArgument('exclude', item, 'a list of strings');
      const index = this.#host.findItem(item);
      if (index !== NONE) indexes.add(index);
    }
    return [...indexes];
  }
}

export function badArgument(what: string, value: unknown, expected: string): RequestError {
  return new RequestError(
    'BAD_ARGUMENT',
    `${what} is ${quote(value)}, it must be ${expected}`,
    what,
  );
}

/** What options are, and events. */
export function checkedObject<T>(what: string, value: T): T {
  if (typeof value === 'object' && value !== null) return value;
  throw badArgument(what, value, 'an object');
}

/** False if it is left out. */
export function checkedTruth(what: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true;
  throw badArgument(what, value, 'true or false');
}

/** Whether something can be gone through, but is no text. */
export const isList = (items: unknown): boolean =>
  typeof items === 'object' && items !== null && Symbol.iterator in items;

function checkedInteger(what: string, value: unknown, low: number, high: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) {
    return value;
  }
  throw badArgument(what, value, `an integer from ${low} to ${high}`);
}

export function checkedSeed(seed: number | undefined): number {
  return checkedInteger('seed', seed === undefined ? 0 : seed, 0, 2 ** 32 - 1);
}

export function checkedCount(count: number | undefined): number {
  return checkedInteger('count', count === undefined ? 20 : count, 1, RK_MAX_COUNT);
}

const STAGES = new Map<string, number>([
  ['all', abi.CONSTANTS.RK_STAGES_ALL],
  ['retrieval', abi.CONSTANTS.RK_STAGES_RETRIEVAL],
  ['first', abi.CONSTANTS.RK_STAGES_FIRST],
  ['second', abi.CONSTANTS.RK_STAGES_SECOND],
]);

/** The name of a stage as `stages` takes it. */
export const stageName = (stage: number): Stage =>
  [...STAGES].find(([, value]) => value === stage)?.[0] as Stage;

/** A request's numbers by name; none if it has none. */
export function checkedNumbers(what: string, values: unknown): [string, unknown][] {
  const isTable = Object.prototype.toString.call(values) === '[object Object]';
  if (isTable) return Object.entries(values as object);
  throw badArgument(what, values, 'an object of numbers');
}

function checkedStages(stages: string | undefined): number {
  const value = STAGES.get(stages === undefined ? 'all' : stages);
  if (value === undefined) throw badArgument('stages', stages, [...STAGES.keys()].join(', '));
  return value;
}

export function checkedLocation(
  location: Location | undefined,
  what = 'location',
): Location | undefined {
  if (location === undefined) return undefined;
  if (typeof location !== 'object' || location === null) {
    throw badArgument(what, location, '{ latitude, longitude }');
  }
  const { latitude, longitude } = location;
  return {
    latitude: checkedDegrees(`${what}.latitude`, latitude, 90),
    longitude: checkedDegrees(`${what}.longitude`, longitude, 180),
  };
}

function checkedDegrees(what: string, value: unknown, limit: number): number {
  if (typeof value === 'number' && value >= -limit && value <= limit) return value;
  throw badArgument(what, value, `a number from −${limit} to ${limit}`);
}

export function checkedTime(at: unknown, what = 'at'): number {
  const time = at === undefined ? Date.now() : at instanceof Date ? at.getTime() : at;
  const limit = Number.MAX_SAFE_INTEGER;
  return checkedInteger(what, time, -limit, limit);
}

/** Restored state comes from storage, which anyone may have written to. */
function checkedState(state: SessionState): SessionState {
  if (typeof state !== 'object' || state === null || state.version !== 1) {
    throw badArgument('restore', state, 'what session.export() returned');
  }
  if (!Array.isArray(state.events)) throw badArgument('restore.events', state.events, 'a list');
  for (const row of state.events) {
    if (typeof row?.item !== 'string' || typeof row.event !== 'string') {
      throw badArgument('restore.events', JSON.stringify(row), 'a list of {item, event, at}');
    }
    checkedTime(row.at);
  }
  for (const name of ['older', 'disliked', 'skipped', 'unknown'] as const) {
    const items: unknown = state[name] ?? [];
    if (!Array.isArray(items) || !items.every((item) => typeof item === 'string')) {
      throw badArgument(`restore.${name}`, items, 'a list of items');
    }
  }
  const explored: unknown = state.explored ?? [];
  if (!Array.isArray(explored)) throw badArgument('restore.explored', explored, 'a list');
  for (const list of explored) {
    const isList = typeof list?.id === 'string' && Array.isArray(list.left);
    if (!isList || !list.left.every((item: unknown) => typeof item === 'string')) {
      throw badArgument('restore.explored', JSON.stringify(list), 'a list of {id, at, left}');
    }
    checkedTime(list.at);
  }
  checkedInteger('restore.served', state.served, 0, Number.MAX_SAFE_INTEGER);
  return state;
}
