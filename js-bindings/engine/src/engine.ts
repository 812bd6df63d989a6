import { abi } from './abi.js';
import { DisposedError, RequestError } from './errors.js';
import {
  NONE,
  type NativeEngine,
  type NativeRecommendation,
  type NativeRequest,
} from './native.js';
import { reasonFor } from './reason.js';
import {
  EngineSession,
  type SessionHost,
  badArgument,
  checkedCount,
  quote,
  stageName,
} from './session.js';
import type {
  AttributeKind,
  Engine,
  EngineInfo,
  FunnelCounts,
  ItemAttributes,
  Recommendation,
  Recommendations,
  Session,
  SessionOptions,
  SourceName,
} from './types.js';

const { CONSTANTS } = abi;

/** Hosts without the symbol (older browsers) get one of the same name, so that the class can exist. */
const disposeSymbol: typeof Symbol.dispose =
  Symbol.dispose ?? (Symbol.for('Symbol.dispose') as typeof Symbol.dispose);

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

export class SnapshotEngine implements Engine {
  readonly info: EngineInfo;
  #native: NativeEngine | undefined;
  readonly #sourceNames: readonly SourceName[];
  readonly #sourceConfigs: readonly { quota: number; weight: number }[];

  constructor(native: NativeEngine) {
    this.#native = native;
    this.#sourceNames = Array.from(
      { length: CONSTANTS.RK_SOURCE_COUNT },
      (_, s) => native.sourceName(s) as SourceName,
    );
    this.#sourceConfigs = native.sourceConfigs();
    this.info = this.#readInfo(native);
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
    const count = checkedCount(options.count);
    if (typeof item !== 'string') throw badArgument('item', item, 'a string');
    const index = native.findItem(item);
    if (index === NONE) throw new RequestError('UNKNOWN_ITEM', `no item has the id ${quote(item)}`);
    return native.similar(index, count).map((row, i) => this.#present(native, row, i));
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

  dispose(): void {
    this.#native?.close();
    this.#native = undefined;
  }

  [disposeSymbol](): void {
    this.dispose();
  }

  #open(): NativeEngine {
    if (this.#native === undefined) throw new DisposedError();
    return this.#native;
  }

  #sessionHost(): SessionHost {
    return {
      snapshotId: this.info.id,
      eventNames: this.info.eventTypes.map(({ name }) => name),
      defaultEvent: likedMost(this.info.eventTypes),
      userFeatures: this.info.userFeatures,
      findItem: (item) => this.#open().findItem(item),
      userFeature: (name, value) => this.#open().userFeature(name, value),
      sourceValues: (what, values) => this.#sourceValues(what, values),
      taskWeights: (values) => this.#taskWeights(values),
      answer: (request, explain) => this.#answer(request, explain),
    };
  }

  #answer(request: NativeRequest, explain: boolean): Omit<Recommendations, 'id' | 'timing'> {
    const native = this.#open();
    const rows = native.recommend(request);
    const items = rows.map((row, i) => this.#present(native, row, i));
    if (!explain) return { items };
    const funnel = this.#funnel(native);
    const weights = request.weights ?? this.info.tasks.map(({ weight }) => weight);
    rows.forEach((row, i) => Object.assign(items[i] ?? {}, this.#explain(native, row, weights)));
    const unavailable = native
      .unavailable(request)
      .map((reason, s) => ({ name: this.#sourceName(s), reason }))
      .filter(({ reason }) => reason !== '');
    return { items, unavailable, funnel };
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
    if (row.probabilities.length > 0) {
      answer.probabilities = {};
      for (const [t, { name }] of this.info.tasks.entries()) {
        answer.probabilities[name] = row.probabilities[t] ?? 0;
      }
    }
    return answer;
  }

  #explain(
    native: NativeEngine,
    row: NativeRecommendation,
    weights: readonly number[],
  ): Pick<Recommendation, 'because' | 'reason' | 'value' | 'stages'> {
    const named = [row.because, row.also].filter((item) => item !== NONE);
    const ranked = row.stages !== CONSTANTS.RK_STAGES_RETRIEVAL;
    return {
      ...(row.because !== NONE && { because: native.itemId(row.because) }),
      reason: reasonFor({
        because: named.map((item) => native.itemTitle(item) || native.itemId(item)),
        sources: row.evidence.map(({ source, rank }) => ({ name: this.#sourceName(source), rank })),
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
    for (const [name, value] of Object.entries(values)) {
      const task = tasks.findIndex((known) => known.name === name);
      if (task === -1) {
        const names = tasks.map((known) => known.name).join(', ') || 'none, it has no ranker';
        throw badArgument('weights', name, `keyed by tasks of the snapshot: ${names}`);
      }
      if (value === undefined) continue;
      if (!Number.isFinite(value) || Math.abs(value) > 1e6) {
        throw badArgument(`weight of ${name}`, value, 'a number within ±1,000,000');
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
    const merged = this.#sourceConfigs.map((config) => config[what]);
    for (const [name, value] of Object.entries(values)) {
      const slot = this.#sourceNames.findIndex((known) => known === name);
      if (slot === -1) {
        const option = what === 'weight' ? 'sourceWeights' : 'quotas';
        throw badArgument(option, name, `keyed by sources: ${this.#sourceNames.join(', ')}`);
      }
      if (value === undefined) continue;
      const valid = what === 'weight' ? Number.isFinite(value) : Number.isInteger(value);
      if (!valid || value < 0 || value >= 2 ** 32) {
        const expected = what === 'weight' ? 'a number ≥ 0' : 'an integer ≥ 0';
        throw badArgument(`${what} of ${name}`, value, expected);
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
    count: 1,
    keepSeen: false,
    location: { latitude: 0, longitude: 0 },
    features: featured ? [0] : [],
    seed: [0, 0],
    at: 0,
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
