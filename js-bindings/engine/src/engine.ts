import { abi } from './abi.js';
import { disposeSymbol } from './dispose_symbol.js';
import { DisposedError, RequestError, quote } from './errors.js';
import { NONE, type NativeEngine } from './native.js';
import type { NativeAnswers, NativeRecommendation, NativeRequest } from './native_types.js';
import { EngineStatistics, banditOptions } from './exploration.js';
import type { NativeBandit, NativeBanditOptions } from './native_bandit.js';
import type { NativeNewItem } from './native_items.js';
import type { NativeRules } from './native_rules.js';
import { resolveItems } from './new_items.js';
import { OpenRules } from './open_rules.js';
import { questionReason, reasonFor } from './reason.js';
import { type CompiledRules, compileRules } from './rules.js';
import {
  EngineSession,
  type SessionHost,
  badArgument,
  checkedCount,
  checkedNumbers,
  checkedObject,
  stageName,
} from './session.js';
import type {
  AddedItems,
  AttributeKind,
  Engine,
  EngineInfo,
  FunnelCounts,
  ItemAttributes,
  NewItem,
  OnboardingItem,
  RecommendOptions,
  Recommendation,
  Recommendations,
  RuleDocument,
  Rules,
  Session,
  SessionOptions,
  SourceName,
  Statistics,
} from './types.js';

const { CONSTANTS } = abi;

const TIME_KINDS = new Map<number, EngineInfo['timeKind']>([
  [CONSTANTS.RK_TIME_NONE, 'none'],
  [CONSTANTS.RK_TIME_ORDER, 'order'],
  [CONSTANTS.RK_TIME_UNIX_MS, 'unix-ms'],
]);

const ATTRIBUTE_KINDS = new Map<number, AttributeKind>([
  [CONSTANTS.RK_ATTRIBUTE_CATEGORY, 'category'],
  [CONSTANTS.RK_ATTRIBUTE_TAGS, 'tags'],
  [CONSTANTS.RK_ATTRIBUTE_TEXT, 'text'],
  [CONSTANTS.RK_ATTRIBUTE_NUMBER, 'number'],
]);

/** What rules were compiled of. */
interface RulesSource {
  readonly document: unknown;
  readonly filter: unknown;
}

/** Documents and filters of recommend() that stay compiled: the ones used last. */
const KEPT_RULES = 8;

export class SnapshotEngine implements Engine {
  #info: EngineInfo;
  readonly statistics: Statistics;
  /** Over the snapshot alone; owns its memory. */
  readonly #base: NativeEngine;
  /** What answers: the same, until items are added. */
  #native: NativeEngine | undefined;
  /** Opened by the first list that explores, or by whoever asks for its statistics. */
  #bandit: NativeBandit | undefined;
  readonly #explore: NativeBanditOptions | undefined;
  #added: readonly NativeNewItem[] = [];
  #itemsVersion = 0;
  /** With what each was compiled of. */
  readonly #openRules = new Map<OpenRules, RulesSource>();
  /** By their JSON, so that a document written out in each call is compiled once. */
  readonly #keptRules = new Map<string | symbol, OpenRules>();
  readonly #sourceNames: readonly SourceName[];
  readonly #sourceConfigs: readonly { quota: number; weight: number }[];

  /** With `explore` every list of a young system explores, else only those whose rules say so. */
  constructor(native: NativeEngine, explore?: NativeBanditOptions) {
    this.#base = native;
    this.#native = native;
    this.#explore = explore;
    this.statistics = new EngineStatistics({
      bandit: () => this.#openBandit(),
      requireItem: (item) => this.#requireItem(item),
    });
    this.#sourceNames = Array.from(
      { length: CONSTANTS.RK_SOURCE_COUNT },
      (_, s) => native.sourceName(s) as SourceName,
    );
    this.#sourceConfigs = native.sourceConfigs();
    this.#info = this.#readInfo(native);
  }

  get info(): EngineInfo {
    return this.#info;
  }

  get memoryBytes(): number {
    return this.#open().memoryBytes;
  }

  session(options: SessionOptions = {}): Session {
    this.#open();
    return new EngineSession(this.#sessionHost(), options);
  }

  similar(item: string, options: { count?: number } = {}): Recommendation[] {
    const native = this.#open();
    const count = checkedCount(checkedObject('options', options).count);
    if (typeof item !== 'string') throw badArgument('item', item, 'a string');
    return native
      .similar(this.#requireItem(item), count)
      .map((row, i) => this.#present(native, row, i));
  }

  has(item: string): boolean {
    return this.#open().findItem(item) !== NONE;
  }

  title(item: string): string | undefined {
    const native = this.#open();
    const index = native.findItem(item);
    return index === NONE ? undefined : native.itemTitle(index) || undefined;
  }

  attributes(item: string): ItemAttributes {
    const native = this.#open();
    const index = native.findItem(item);
    if (index === NONE) return {};
    const known = this.info.attributes.flatMap(({ name, kind }, attribute) => {
      const value = attributeOf(native, index, attribute, kind);
      return value === undefined ? [] : [[name, value] as const];
    });
    return Object.fromEntries(known);
  }

  addItems(items: Iterable<NewItem>): AddedItems {
    this.#open();
    const { all, ignored } = resolveItems(items, this.#added, {
      info: this.info,
      findItem: (item) => this.#base.findItem(item),
      findValue: (attribute, value) => this.#base.findValue(attribute, value),
    });
    if (all.length > this.#added.length) this.#replaceNative(this.#base.addItems(all));
    this.#added = all;
    return { added: all.length, ignored };
  }

  rules(document: RuleDocument): Rules {
    return this.#compile(document, undefined);
  }

  dispose(): void {
    if (this.#native === undefined) return;
    for (const rules of [...this.#openRules.keys()]) rules.dispose();
    this.#bandit?.close();
    this.#bandit = undefined;
    if (this.#native !== this.#base) this.#native.close();
    this.#base.close();
    this.#native = undefined;
  }

  [disposeSymbol](): void {
    this.dispose();
  }

  #open(): NativeEngine {
    if (this.#native === undefined) throw new DisposedError();
    return this.#native;
  }

  #requireItem(item: string): number {
    const index = this.#open().findItem(item);
    if (index !== NONE) return index;
    throw new RequestError('UNKNOWN_ITEM', `no item has the id ${quote(item)}`, 'item');
  }

  #banditOver(native: NativeEngine): NativeBandit {
    return native.openBandit(this.#explore ?? banditOptions({}));
  }

  #openBandit(): NativeBandit {
    this.#bandit ??= this.#banditOver(this.#open());
    return this.#bandit;
  }

  /** Sessions, rules, statistics and info go on with another engine; a failure leaves everything as it was. */
  #replaceNative(native: NativeEngine): void {
    const former = this.#open();
    const reopened: [OpenRules, NativeRules][] = [];
    let bandit: NativeBandit | undefined;
    try {
      for (const [rules, source] of this.#openRules)
        reopened.push([rules, native.openRules(this.#words(native, source).words)]);
      if (this.#bandit) {
        bandit = this.#banditOver(native);
        bandit.adopt(this.#bandit);
      }
    } catch (failure) {
      for (const [, rules] of reopened) rules.close();
      bandit?.close();
      native.close();
      throw failure;
    }
    for (const [rules, reopenedRules] of reopened) rules.replace(reopenedRules);
    this.#bandit?.close();
    this.#bandit = bandit;
    if (former !== this.#base) former.close();
    this.#native = native;
    this.#itemsVersion++;
    this.#info = this.#readInfo(native);
  }

  #words(native: NativeEngine, source: RulesSource): CompiledRules {
    return compileRules(source, {
      attributes: this.info.attributes,
      findItem: (item) => native.findItem(item),
      findValue: (attribute, value) => native.findValue(attribute, value),
    });
  }

  #compile(document: unknown, filter: unknown): OpenRules {
    const native = this.#open();
    const compiled = this.#words(native, { document, filter });
    const items = {
      findItem: (item: string) => this.#open().findItem(item),
      itemId: (item: number) => this.#open().itemId(item),
    };
    const rules = new OpenRules(native.openRules(compiled.words), compiled, items, (closed) =>
      this.#openRules.delete(closed),
    );
    // A copy: the document is the caller's, who may change it. What compiles is JSON.
    this.#openRules.set(rules, JSON.parse(JSON.stringify({ document, filter })) as RulesSource);
    return rules;
  }

  /** What `rules` and `filter` of a request say, opened. */
  #rulesOf({ rules, filter }: Pick<RecommendOptions, 'rules' | 'filter'>): OpenRules | undefined {
    if (rules instanceof OpenRules) {
      if (rules.native && !this.#openRules.has(rules)) {
        throw badArgument('rules', 'those of another engine', "this engine's");
      }
      if (filter === undefined) return rules;
      throw badArgument('filter', 'given beside compiled rules', 'one of their rules');
    }
    if (rules === undefined && filter === undefined) return undefined;
    // What JSON would change is no key: compiled each time, and kept like the others until there are newer ones.
    const key = exactJson({ rules, filter }) ?? Symbol('not JSON');
    const found = this.#keptRules.get(key) ?? this.#compile(rules, filter);
    this.#keptRules.delete(key);
    this.#keptRules.set(key, found);
    const [oldest] = this.#keptRules;
    if (oldest !== undefined && this.#keptRules.size > KEPT_RULES) {
      this.#keptRules.delete(oldest[0]);
      oldest[1].dispose();
    }
    return found;
  }

  #sessionHost(): SessionHost {
    return {
      snapshotId: this.info.id,
      eventNames: this.info.eventTypes.map(({ name }) => name),
      defaultEvent: likedMost(this.info.eventTypes),
      isNegative: (type) => (this.info.eventTypes[type]?.weight ?? 0) < 0,
      userFeatures: this.info.userFeatures,
      newestEvent: this.info.timeKind === 'unix-ms' ? this.info.createdAt : 0,
      findItem: (item) => this.#open().findItem(item),
      itemsVersion: () => this.#itemsVersion,
      userFeature: (name, value) => this.#open().userFeature(name, value),
      sourceValues: (what, values) => this.#sourceValues(what, values),
      taskWeights: (values) => this.#taskWeights(values),
      rules: (options) => this.#rulesOf(options),
      bandit: (rules) =>
        this.#explore !== undefined || rules?.explores === true ? this.#openBandit() : undefined,
      recordArm: (item, rewarded, at) => {
        const index = this.#open().findItem(item);
        return index !== NONE && this.#openBandit().record(index, rewarded, at);
      },
      isPositive: (type) => (this.info.eventTypes[type]?.weight ?? 0) > 0,
      answer: (request, rules, explain) => this.#answer(request, rules, explain),
      ask: (request, answers) => this.#ask(request, answers),
    };
  }

  #answer(
    request: NativeRequest,
    rules: OpenRules | undefined,
    explain: boolean,
  ): Omit<Recommendations, 'id' | 'timing'> {
    const native = this.#open();
    const rows = native.recommend(request);
    const items = rows.map((row, i) => this.#present(native, row, i));
    if (!explain) return { items };
    const removed = rules?.removed();
    const funnel = this.#funnel(native);
    const weights = request.weights ?? this.info.tasks.map(({ weight }) => weight);
    rows.forEach((row, i) => {
      const effects = rules && ruled(rules, row);
      const why = this.#explain(native, row, weights, effects?.rules ?? []);
      Object.assign(items[i] ?? {}, why, effects);
    });
    const unavailable = native
      .unavailable(request)
      .map((reason, s) => ({ name: this.#sourceName(s), reason }))
      .filter(({ reason }) => reason !== '');
    return { items, unavailable, funnel, ...(removed && { removed }) };
  }

  #ask(request: NativeRequest, answers: NativeAnswers): OnboardingItem[] {
    const native = this.#open();
    const name = (item: number): string => native.itemTitle(item) || native.itemId(item);
    return native.onboarding(request, answers).map(({ item, because, pick, known, gain }) => {
      const title = native.itemTitle(item);
      const isPicked = because !== NONE;
      return {
        item: native.itemId(item),
        ...(title !== '' && { title }),
        reason: questionReason(isPicked ? name(because) : undefined),
        ...(isPicked && { because: native.itemId(because) }),
        pick,
        known,
        gain,
      };
    });
  }

  #present(native: NativeEngine, row: NativeRecommendation, i: number): Recommendation {
    const answer: Recommendation = {
      item: native.itemId(row.item),
      score: row.score,
      rank: i + 1,
      sources: row.evidence.map(({ source, rank, score }) => ({
        name: this.#sourceName(source),
        rank,
        score,
      })),
    };
    const title = native.itemTitle(row.item);
    if (title !== '') answer.title = title;
    if (row.propensity > 0) answer.propensity = row.propensity;
    if (row.estimated) answer.estimated = true;
    if (row.probabilities.length > 0) {
      answer.probabilities = {};
      for (const [t, { name }] of this.info.tasks.entries()) {
        answer.probabilities[name] = row.probabilities[t] ?? 0;
      }
    }
    return answer;
  }

  #weighs(source: SourceName): boolean {
    return this.info.sources.some(({ name, weight }) => name === source && weight !== 0);
  }

  #explain(
    native: NativeEngine,
    row: NativeRecommendation,
    weights: readonly number[],
    rules: readonly string[],
  ): Pick<Recommendation, 'because' | 'reason' | 'value' | 'stages'> {
    const named = [row.because, row.also].filter((item) => item !== NONE);
    const ranked = row.stages !== CONSTANTS.RK_STAGES_RETRIEVAL;
    return {
      ...(row.because !== NONE && { because: native.itemId(row.because) }),
      reason: reasonFor({
        isDraw: row.propensity > 0,
        because: named.map((item) => native.itemTitle(item) || native.itemId(item)),
        sources: row.evidence.map(({ source, rank }) => {
          const name = this.#sourceName(source);
          return { name, rank, counts: this.#weighs(name) };
        }),
        rules,
      }),
      ...(row.probabilities.length > 0 && {
        value: this.info.tasks.map(({ name }, t) => {
          const [probability = 0, weight = 0] = [row.probabilities[t], weights[t]];
          return { task: name, probability, weight, term: probability * weight };
        }),
      }),
      stages: { retrieval: row.blend, ...(ranked && { first: row.first }) },
    };
  }

  #funnel(native: NativeEngine): FunnelCounts {
    const { stages, brought, ...counts } = native.funnel();
    const named = this.#sourceNames.map((name, s) => [name, brought[s] ?? 0] as const);
    return {
      stages: stageName(stages),
      brought: Object.fromEntries(named.filter(([, count]) => count > 0)),
      ...counts,
    };
  }

  #sourceName(source: number): SourceName {
    const name = this.#sourceNames[source];
    if (name === undefined) throw new RangeError(`no source has the number ${source}`);
    return name;
  }

  /** One weight a task: the caller's where given, else the snapshot's. */
  #taskWeights(values: Partial<Record<string, number>> | undefined): number[] | undefined {
    if (values === undefined) return undefined;
    const { tasks } = this.info;
    const merged = tasks.map(({ weight }) => weight);
    for (const [name, value] of checkedNumbers('weights', values)) {
      const task = tasks.findIndex((known) => known.name === name);
      if (task === -1) {
        const names = tasks.map((known) => quote(known.name)).join(', ');
        throw unknownName('weights', name, names || 'none, the snapshot has no ranker');
      }
      if (value === undefined) continue;
      if (!isNumber(value) || Math.abs(value) > 1e6) {
        throw badArgument(`weights.${name}`, value, 'a number within ±1,000,000');
      }
      merged[task] = value;
    }
    return merged;
  }

  /** One value a slot: the caller's where given, else the snapshot's. */
  #sourceValues(
    what: 'weight' | 'quota',
    values: Partial<Record<string, number>> | undefined,
  ): number[] | undefined {
    if (values === undefined) return undefined;
    const option = what === 'weight' ? 'sourceWeights' : 'quotas';
    const merged = this.#sourceConfigs.map((config) => config[what]);
    for (const [name, value] of checkedNumbers(option, values)) {
      const slot = this.#sourceNames.findIndex((known) => known === name);
      if (slot === -1) {
        throw unknownName(option, name, this.#sourceNames.map(quote).join(', '));
      }
      if (value === undefined) continue;
      const isWhole = what === 'weight' || Number.isInteger(value);
      const most = what === 'weight' ? 1e6 : CONSTANTS.RK_MAX_QUOTA;
      if (!isNumber(value) || !isWhole || value < 0 || value > most) {
        const kind = what === 'weight' ? 'a number' : 'an integer';
        const expected = `${kind} from 0 to ${most.toLocaleString('en')}`;
        throw badArgument(`${option}.${name}`, value, expected);
      }
      merged[slot] = value;
    }
    return merged;
  }

  #readInfo(native: NativeEngine): EngineInfo {
    const description = native.describe();
    const [core = 0, vectors = 0, text = 0] = description.partBytes;
    const weights = native.eventWeights(description.types);
    const eventTypes = Array.from({ length: description.types }, (_, type) => ({
      name: native.eventName(type),
      weight: weights[type] ?? 0,
    }));
    const lacking = native.unavailable(fullestRequest(eventTypes, description.userFeatures > 0));
    return Object.freeze({
      id: description.contentId,
      region: description.region,
      createdAt: description.createdAt,
      statsThrough: description.statsThrough,
      timeKind: TIME_KINDS.get(description.timeKind) ?? 'none',
      bytes: description.fileBytes,
      parts: { core, vectors, text },
      items: description.items,
      events: description.events,
      sessions: description.sessions,
      dim: description.dim,
      seed: String(description.seed),
      eventTypes,
      sources: this.#sourceNames.map((name, s) => ({
        name,
        quota: this.#sourceConfigs[s]?.quota ?? 0,
        weight: this.#sourceConfigs[s]?.weight ?? 0,
        ...(lacking[s] && { unavailable: lacking[s] }),
      })),
      tasks: native.tasks().map(({ type, weight, baseRate }) => ({
        name: eventTypes[type]?.name ?? '',
        weight,
        baseRate,
      })),
      places: description.places,
      attributes: Array.from({ length: description.attributes }, (_, attribute) => ({
        name: native.attributeName(attribute),
        kind: ATTRIBUTE_KINDS.get(native.attributeKind(attribute)) ?? 'text',
      })),
      userFeatures: Array.from({ length: description.userFeatures }, (_, feature) =>
        native.featureName(feature),
      ),
      report: parsedOrNull(native.report()),
    });
  }
}

/** What the rules of a request did to one item of its answer. */
function ruled(
  rules: OpenRules,
  { ranked, rules: bits, gaveWay, propensity }: NativeRecommendation,
): Pick<Recommendation, 'rules' | 'gaveWay' | 'ranked'> {
  const { place, ...effects } = rules.effects(ranked, bits, gaveWay, propensity);
  return { ...effects, ...(place !== undefined && { ranked: place }) };
}

const isNumber = (value: unknown): value is number => Number.isFinite(value);

function unknownName(option: string, name: string, known: string): RequestError {
  return new RequestError(
    'BAD_ARGUMENT',
    `${option} has ${quote(name)}, which the snapshot does not know; known: ${known}`,
    `${option}.${name}`,
  );
}

/** Undefined for what JSON cannot hold or would hold as something else (NaN as null): only equal values have equal texts. */
function exactJson(value: unknown): string | undefined {
  let isExact = true;
  const look = function (this: unknown, key: string, inner: unknown): unknown {
    const own = (this as Record<string, unknown>)[key];
    isExact &&= inner === own && isJson(own) && !(own === undefined && Array.isArray(this));
    return inner;
  };
  try {
    const text = JSON.stringify(value, look);
    return isExact ? text : undefined;
  } catch {
    return undefined;
  }
}

function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) || Object.prototype.toString.call(value) === '[object Object]';
  }
  return value === null || ['string', 'boolean', 'undefined'].includes(typeof value);
}

/** What an item has of one attribute; undefined if it has nothing. */
function attributeOf(
  native: NativeEngine,
  item: number,
  attribute: number,
  kind: AttributeKind,
): string | string[] | number | undefined {
  if (kind === 'number') return native.itemNumber(item, attribute);
  const values = native.itemValues(item, attribute);
  if (kind === 'tags') return values.length === 0 ? undefined : values;
  return values[0];
}

/** A request with every signal there is: what cannot answer it can answer none. */
function fullestRequest(types: EngineInfo['eventTypes'], featured: boolean): NativeRequest {
  const liked = types.findIndex(({ name }) => name === likedMost(types));
  return {
    session: [{ item: 0, type: liked, at: 0 }],
    exclude: [],
    seen: [],
    count: 1,
    keepSeen: false,
    location: { latitude: 0, longitude: 0 },
    features: featured ? [0] : [],
    seed: [0, 0],
    at: 0,
    rulesAt: 0,
    stages: CONSTANTS.RK_STAGES_RETRIEVAL,
  };
}

function parsedOrNull(json: string): unknown {
  try {
    return json === '' ? null : JSON.parse(json);
  } catch {
    return null;
  }
}

/** The event of highest weight, the first of equals: what `record` means when it is told no event. */
function likedMost(types: Engine['info']['eventTypes']): string {
  return types.reduce((best, type) => (type.weight > best.weight ? type : best)).name;
}
