import { abi } from './abi.js';
import { DisposedError, RequestError } from './errors.js';
import {
  NONE,
  type NativeEngine,
  type NativeRecommendation,
  type NativeRequest,
} from './native.js';
import { EngineSession, type SessionHost, badArgument, checkedCount, quote } from './session.js';
import type {
  AttributeKind,
  Engine,
  EngineInfo,
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
    return this.#present(native, native.similar(index, count), false);
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
      answer: (request, explain) => this.#answer(request, explain),
    };
  }

  #answer(request: NativeRequest, explain: boolean): Omit<Recommendations, 'id' | 'timing'> {
    const native = this.#open();
    const items = this.#present(native, native.recommend(request), explain);
    if (!explain) return { items };
    const unavailable = native
      .unavailable(request)
      .map((reason, s) => ({ name: this.#sourceName(s), reason }))
      .filter(({ reason }) => reason !== '');
    return { items, unavailable };
  }

  #present(
    native: NativeEngine,
    rows: readonly NativeRecommendation[],
    explain: boolean,
  ): Recommendation[] {
    return rows.map((row, i) => {
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
      if (explain && row.because !== NONE) answer.because = native.itemId(row.because);
      return answer;
    });
  }

  #sourceName(source: number): SourceName {
    const name = this.#sourceNames[source];
    if (name === undefined) throw new RangeError(`no source has the number ${source}`);
    return name;
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
        throw badArgument(`${what}s`, name, `keyed by sources: ${this.#sourceNames.join(', ')}`);
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
