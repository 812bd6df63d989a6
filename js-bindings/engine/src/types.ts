/// <reference lib="esnext.disposable" preserve="true" />
import type { abi } from './abi.js';

type Constants = keyof typeof abi.CONSTANTS;
type LowercaseName<Name> = Name extends `RK_SOURCE_${infer Source}`
  ? Source extends 'COUNT' | 'SLOTS'
    ? never
    : Lowercase<Source>
  : never;

/** A candidate source: 'popular', 'similar', 'session', … (the list is generated from C). */
export type SourceName = LowercaseName<Constants>;

/** Bytes of a file: a buffer or a view of one. */
export type Bytes = ArrayBuffer | ArrayBufferView;

export interface EngineOptions {
  /**
   * The snapshot: a URL, a Response, or its bytes. In Node a string without a scheme is a path;
   * in a browser it is relative to the page (or worker).
   */
  snapshot: string | URL | Response | Bytes;
  /** reckon.wasm, where the package's own copy cannot be found or must come from elsewhere. */
  wasm?: string | URL | Response | Bytes | WebAssembly.Module;
  /** Aborts loading; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Explore new and uncertain items by a bandit. Given (`{}` will do), every list has explore slots as long as the
   * log is too short to know better (a share of 1,000 / (1,000 + events) of the positions); without it only lists
   * whose rules reserve slots.
   */
  explore?: ExploreOptions;
}

/** How the bandit of the explore slots goes about it. */
export interface ExploreOptions {
  /** Rewards an impression to expect of an item that nothing is known of. Default 0.03. */
  rate?: number;
  /** Impressions that this expectation counts against an item's own. Default 20. */
  trials?: number;
  /** Days after which an impression counts half; 0: none is forgotten. Default 30. */
  halfLifeDays?: number;
  /** Share of the draws that is uniform over the 128 items of the pool, once none lacks impressions; 0 to 1. Default 0.01. */
  uniform?: number;
  /** Impressions that every item nobody has met is to get first: half of the draws go to those below. Default 50; 0: none. */
  impressions?: number;
  /** Impressions after which an item is explored no more; 0: no limit. Default 500. */
  most?: number;
  /** Days since its first event after which an item is explored no more; 0: no limit. Default 0. */
  mostDays?: number;
  /** (item or cluster, day) rows that statistics may have, of the region's as of the device's own. Default 4,096. */
  rows?: number;
}

/** What is known of an item that explore slots may show, by the region and this device. */
export interface ArmEvidence {
  /** Weighed by age. */
  impressions: number;
  rewards: number;
  /** Of the chance to be rewarded: a Beta distribution. */
  posterior: { alpha: number; beta: number };
  /** Explore slots choose among it and others now. */
  exploring: boolean;
}

/** Statistics of the explore slots: counts of impressions and rewards by item, cluster and day, of nobody's history. */
export interface Statistics {
  /** An unknown item: RequestError UNKNOWN_ITEM. */
  of(item: string): ArmEvidence;
  /**
   * What was counted since the last time becomes a batch, a delta file to be sent until the region has it; undefined
   * if nothing was, or the batch before is not acknowledged. It goes on counting in every decision here.
   */
  freeze(options?: { seq?: number; epoch?: number }): Uint8Array | undefined;
  /** The region has the batch, and what `replace` is given next contains it. */
  acknowledge(): void;
  /** The region's statistics become these (a delta file); what is frozen or open here counts beside them. */
  replace(delta: Bytes): void;
}

export interface Engine {
  /** What the snapshot is. Plain data: readable after `dispose()` too. */
  readonly info: EngineInfo;
  /** Size of the WebAssembly memory this engine shares with the others of its module, in bytes. */
  readonly memoryBytes: number;
  /** Starts a session, or continues an exported one. It lives on this device only. */
  session(options?: SessionOptions): Session;
  /** The items most like one item. An unknown item: RequestError UNKNOWN_ITEM. */
  similar(item: string, options?: { count?: number }): Recommendation[];
  /** Whether the snapshot knows this item. */
  has(item: string): boolean;
  /** What a person sees of an item; undefined if it has no title or is not known. */
  title(item: string): string | undefined;
  /** What the snapshot knows of an item, by the names of `info.attributes`; empty if it is not known. */
  attributes(item: string): ItemAttributes;
  /**
   * Brings items into the running engine that its snapshot does not have; sessions, rules and `info` go on. From the
   * first second a new item can be found, shown, ruled over and recommended. Calls add up; until the engine is
   * disposed of, 4,096 items at most (TOO_LARGE). One that the engine has, or that is no item: RequestError
   * BAD_ARGUMENT, and none of the call is added.
   */
  addItems(items: Iterable<NewItem>): AddedItems;
  /**
   * Compiles business rules (RULES.md), to be given to `recommend` as often as needed. A document that is not
   * valid: RulesError BAD_RULES, whose `path` says where.
   */
  rules(document: RuleDocument): Rules;
  /** What explore slots have learnt, and what of it is to be exchanged with others. */
  readonly statistics: Statistics;
  /** Gives the memory back. Twice is harmless; any other use afterwards is a DisposedError. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** What is known of a new item; all but its id may be missing. */
export interface NewItem {
  readonly item: string;
  readonly title?: string;
  /** By the names of `info.attributes`; values that no item of the snapshot has are ignored. */
  readonly attributes?: Readonly<Record<string, string | readonly string[] | number>>;
  /** Items of the snapshot whose readers will like it: expert knowledge, at most 64. */
  readonly related?: Iterable<string>;
  /** How many liked events it is worth before it has any; counts up to the most popular item's. Default 0. */
  readonly boost?: number;
  /** Where it is, if items of the snapshot have places. */
  readonly location?: Location;
  /** When it was published, for rules about age: Unix ms or a Date. Default: unknown. */
  readonly born?: number | Date;
}

export interface AddedItems {
  /** How many items the engine has that its snapshot does not, those of earlier calls among them. */
  readonly added: number;
  /** What was left out of items that were added: the snapshot has nothing to compare it with. */
  readonly ignored: readonly {
    readonly item: string;
    /** 'attributes.brand', 'related', 'location', 'born'. */
    readonly argument: string;
    readonly value: string;
    readonly reason: string;
  }[];
}

/** A category is a string, tags are several, sorted; numbers are rounded to 32-bit floats. */
export type ItemAttributes = Record<string, string | string[] | number>;

export type AttributeKind = 'category' | 'tags' | 'text' | 'number';

export interface EngineInfo {
  /** Content id (SHA-256, hex): equal ids answer equally. */
  readonly id: string;
  readonly region: string;
  /** Unix ms of the newest event; 0 without times. */
  readonly createdAt: number;
  readonly statsThrough: number;
  readonly timeKind: 'none' | 'order' | 'unix-ms';
  readonly bytes: number;
  readonly parts: { readonly core: number; readonly vectors: number; readonly text: number };
  readonly items: number;
  readonly events: number;
  readonly sessions: number;
  readonly dim: number;
  /** Decimal, since it has 64 bits. */
  readonly seed: string;
  readonly eventTypes: readonly { readonly name: string; readonly weight: number }[];
  readonly sources: readonly {
    readonly name: SourceName;
    readonly quota: number;
    readonly weight: number;
    /** Why no request can use it: the snapshot lacks what it works from. Absent if one can. */
    readonly unavailable?: string;
  }[];
  /** What the second stage predicts; empty: the funnel ends with the blend. */
  readonly tasks: readonly {
    /** Name of the event. */
    readonly name: string;
    /** Of its probability in the value, unless a request says otherwise. */
    readonly weight: number;
    /** Share of the log's rows that have it. */
    readonly baseRate: number;
  }[];
  /** Items that have a place. */
  readonly places: number;
  /** What is known of items, and in what form. */
  readonly attributes: readonly { readonly name: string; readonly kind: AttributeKind }[];
  /** Names that `user` may have: what training knew of users besides their events. */
  readonly userFeatures: readonly string[];
  /** What training measured, as the trainer wrote it; null if it wrote nothing. */
  readonly report: unknown;
}

/** A point on earth, in degrees. */
export interface Location {
  /** −90 to 90. */
  latitude: number;
  /** −180 to 180. */
  longitude: number;
}

/** What is known of a user besides the session: a value for some of `info.userFeatures`. */
export type UserFeatures = Readonly<Record<string, string>>;

export interface SessionOptions {
  /** Where the user is. Without it, what is near is near the places of the items visited last. */
  location?: Location;
  /** For example `{ country: 'DE', device: 'mobile' }`. An unknown name: RequestError BAD_ARGUMENT. */
  user?: UserFeatures;
  /** What `session.export()` returned, from this or an earlier snapshot. */
  restore?: SessionState;
  /**
   * Seed of whatever is drawn at random, an integer from 0 to 2³² − 1. Default 0, for everybody: where explore
   * slots are shown to people, give each a seed of their own. Each list of a session draws anew; the same seed and
   * place in the session draw the same, also after a restore.
   */
  seed?: number;
}

export interface SessionEvent {
  item: string;
  /** Name of an event type. Default: the one of highest weight. */
  event?: string;
  /** When it happened: Unix ms or a Date; 0 if unknown. Default: now. */
  at?: number | Date;
}

export interface SessionState {
  version: 1;
  seed: number;
  /** Lists served so far: keeps their ids unique, and what they explore apart. */
  served: number;
  events: { item: string; event: string; at: number }[];
  /** Items seen before the most recent 1,024 events: still seen (as `keepSeen` and rules have it), not asked with. */
  older?: string[];
  /** Those of them with an event of negative weight: never recommended. */
  disliked?: string[];
  /** Lists whose explored items may still get feedback: `left` are those that have had none. */
  explored?: { id: string; at: number; left: string[] }[];
  /** Items that were asked about and skipped, or not known. */
  skipped?: string[];
  unknown?: string[];
}

export interface RecommendOptions {
  /** How many, 1 to 1000. Default 20. */
  count?: number;
  /** Items never to return; unknown ones are ignored. */
  exclude?: Iterable<string>;
  /** Items of the session may be recommended again. */
  keepSeen?: boolean;
  /** Where the user is now, instead of the session's location. */
  location?: Location;
  /** What is known of the user now, instead of the session's features. */
  user?: UserFeatures;
  /** Business rules for this list: compiled by `engine.rules`, or a document, which stays compiled for a while. */
  rules?: Rules | RuleDocument;
  /** Only items that meet this condition: short for a document of one filter, and the last rule of `rules`. */
  filter?: Condition;
  /**
   * When it is asked: Unix ms or a Date. Default, for the rankers: the time of the session's last event, of one
   * without times that of the newest event of the log; for the ages that rules ask for: now.
   */
  at?: number | Date;
  /**
   * Who orders the list, before the rules: 'retrieval' (the blend of the sources), 'first', 'second' (the value).
   * Default 'all', as far as there is something to go by: a snapshot without tasks and a session without events end
   * with 'retrieval'.
   */
  stages?: Stage;
  /**
   * Weight of each task's probability in the value that orders the answer, by event name, within ±1,000,000; tasks
   * left out keep the snapshot's. Negative weights push down what is likely to be disliked.
   */
  weights?: Readonly<Record<string, number>>;
  /** Weight of each source in the blend, ≥ 0; sources left out keep the snapshot's. */
  sourceWeights?: Partial<Record<SourceName, number>>;
  /** Most candidates of each source, an integer ≥ 0; sources left out keep the snapshot's. */
  quotas?: Partial<Record<SourceName, number>>;
  /**
   * Also say why: a sentence, because of which items, the terms of the value, what each stage did, and which
   * source could not help.
   */
  explain?: boolean;
  /** The list is not shown to anyone (yet): its explored items count as no impressions. */
  preview?: boolean;
}

export interface SourceEvidence {
  name: SourceName;
  /** 1-based place among this source's candidates. */
  rank: number;
  /** The source's own score. */
  score: number;
}

/** A stage of the funnel: how far an answer goes. */
export type Stage = 'all' | 'retrieval' | 'first' | 'second';

/** One term of the value: score = the sum of all. */
export interface ValueTerm {
  /** Name of the event. */
  task: string;
  /** How likely it is, if the item is shown. */
  probability: number;
  weight: number;
  /** weight × probability. */
  term: number;
}

export interface Recommendation {
  item: string;
  title?: string;
  /** Of the last stage that ran: the value of the item, or the score of an earlier stage. */
  score: number;
  /** 1-based. */
  rank: number;
  /** The sources that brought the item. */
  sources: SourceEvidence[];
  /** How likely each event is if the item is shown, by event name; absent if the second stage did not run. */
  probabilities?: Record<string, number>;
  /**
   * Nobody has met the item, so the rankers know nothing of it: the blend gave it its place, and its score and
   * probabilities are drawn between those of its neighbours.
   */
  estimated?: true;
  /** With `explain`: the item of the session that contributed most, if one did. */
  because?: string;
  /** With `explain`: one sentence for a person. */
  reason?: string;
  /** With `explain`: what the score is made of. */
  value?: ValueTerm[];
  /** With `explain`: the scores of the stages before. */
  stages?: { retrieval: number; first?: number };
  /** With which an explore slot drew this item: to be logged with the impression. Absent: it was not drawn. */
  propensity?: number;
  /** With `explain` and rules: the place before the rules. */
  ranked?: number;
  /** With `explain` and rules: those that moved it up, held it back or put it here. */
  rules?: string[];
  /** With `explain` and rules: those that this place breaks, because nothing else was left. */
  gaveWay?: string[];
}

export interface Recommendations {
  items: Recommendation[];
  /** Names this list within its session. */
  id: string;
  timing: { totalMs: number };
  /** With `explain`: the sources that could not answer, and why. */
  unavailable?: { name: SourceName; reason: string }[];
  /** With `explain`: how many candidates each stage handed on. */
  funnel?: FunnelCounts;
  /** With `explain` and rules: ranked items that rules kept out. What filters remove was never ranked. */
  removed?: RuledList['removed'];
}

/** What an item must have. One field says how, `attribute` two. */
export type Condition =
  | { attribute: string; equals: string | number }
  | { attribute: string; in: readonly (string | number)[] }
  | { attribute: string; range: Range }
  | { attribute: string; any: readonly string[] }
  | { attribute: string; all: readonly string[] }
  | { attribute: string; known: boolean }
  | { items: readonly string[] }
  | { ageDays: Range }
  | { popularity: Range }
  | { and: readonly Condition[] }
  | { or: readonly Condition[] }
  | { not: Condition };

/** Both ends belong to it; at least one is given. */
export interface Range {
  min?: number;
  max?: number;
}

/** One wish; RULES.md tells of each with an example. `name` is what answers call it. */
export type Rule = { name?: string } & (
  | { type: 'filter'; where: Condition }
  | { type: 'exclude'; items: readonly string[] }
  | { type: 'exclude'; where: Condition }
  | { type: 'seen'; where?: Condition }
  | { type: 'boost' | 'bury'; where: Condition; places: number }
  | { type: 'cap'; attribute: string; most: number; window?: number }
  | { type: 'cap'; where: Condition; most: number; window?: number }
  | { type: 'pin'; item: string; position: number }
  | { type: 'fresh'; days: number; share: number }
  | { type: 'share'; where: Condition; share: number }
  | { type: 'diversify'; strength: number }
  | { type: 'explore'; every: number; first?: number }
);

/** rules.schema.json. */
export interface RuleDocument {
  $schema?: string;
  rules: readonly Rule[];
}

/** Compiled rules. They belong to one engine and go with it. */
export interface Rules {
  /** Of each rule, as answers call it: its name, or its type and number. */
  readonly names: readonly string[];
  /** The list these rules make of any items, best first: what `recommend` does last. Unknown items are left out. */
  apply(items: Iterable<string>, options?: RulesApplyOptions): RuledList;
  /** The filters and exclusions that never let an item into a list: "why is it not there?" */
  refusing(item: string, options?: RulesRefusingOptions): string[];
  /** Gives the memory back. Twice is harmless; any other use afterwards is a DisposedError. */
  dispose(): void;
  [Symbol.dispose](): void;
}

export interface RulesApplyOptions {
  /** How many, 1 to 1000. Default 20. */
  count?: number;
  /** What explore slots may take; of more than 256 the first. */
  explore?: Iterable<string>;
  /** What `seen` rules are about. */
  seen?: Iterable<string>;
  /** Of the explore draws, as a session's. */
  seed?: number;
  /** When: Unix ms or a Date. Default: now. */
  at?: number | Date;
}

export interface RulesRefusingOptions {
  /** Once it was seen: `seen` rules count as well. Default false. */
  seen?: boolean;
  /** When, for conditions on age: Unix ms or a Date. Default: now. */
  at?: number | Date;
}

export interface Ruled {
  item: string;
  /** 1-based before the rules; absent if it was not among the items. */
  place?: number;
  /** The rules that moved it up, held it back or put it here. */
  rules: string[];
  /** The rules that its place breaks, because nothing else was left. */
  gaveWay?: string[];
  /** With which an explore slot drew it. */
  propensity?: number;
}

export interface RuledList {
  items: Ruled[];
  /** What would have been in the list, or was pinned, and the rules that kept it out. */
  removed: { item: string; place?: number; rules: string[] }[];
}

export interface FunnelCounts {
  /** The last stage that ran. */
  stages: Stage;
  /** Candidates of each source that brought any; one candidate may have several. */
  brought: Partial<Record<SourceName, number>>;
  /** Different candidates. */
  retrieved: number;
  /** Handed on by the first stage. */
  first: number;
  /** Ranked by the second stage. */
  second: number;
  /** That rules kept out of the list: as many as `removed` has. */
  removed: number;
  answered: number;
}

export interface OnboardingOptions extends Pick<RecommendOptions, 'exclude' | 'rules' | 'filter'> {
  /** How many, 1 to 64. Default 8. */
  count?: number;
}

export interface OnboardingItem {
  item: string;
  title?: string;
  /** One sentence for a person. */
  reason: string;
  /** The picked item that it is most like, if picks have made it likelier. */
  because?: string;
  /** How likely the user picks it, given the answers so far. */
  pick: number;
  /** How likely the user knows it. */
  known: number;
  /** How many more of ten recommended items would be wanted, once it is picked. */
  gain: number;
}

export interface OnboardingAnswer {
  item: string;
  /** 'skip': known, and not wanted; 'unknown': "I don't know it". */
  answer: 'pick' | 'skip' | 'unknown';
  /** Of a pick: the name of the event. Default: the event of highest weight. */
  event?: string;
  /** Of a pick: when; Unix ms or a Date. Default: now. */
  at?: number | Date;
}

export interface Session {
  /**
   * Adds one event. False if the snapshot does not know the item: it is kept (a later snapshot may
   * know it) but has no influence. An unknown event name is a RequestError UNKNOWN_EVENT.
   */
  record(event: SessionEvent): boolean;
  recommend(options?: RecommendOptions): Recommendations;
  /**
   * What came of list `id`: records the event, as `record` does, and if an explore slot of that list had drawn the
   * item, and the event has a positive weight, counts a reward for it, once. True if it did. Of the last 64 lists
   * that explored.
   */
  feedback(id: string, event: SessionEvent): boolean;
  /**
   * What to ask a new user next, best first: items that many know and whose pick would change most. Every answer
   * changes what comes next. Never an item of the session, one that was answered, or one that is excluded.
   */
  onboarding(options?: OnboardingOptions): OnboardingItem[];
  /**
   * Takes the answer to a question: a pick is recorded as an event; a skipped item is not recommended either. The
   * last answer counts. False if the snapshot does not know the item.
   */
  answer(answer: OnboardingAnswer): boolean;
  /**
   * Plain data for JSON: `engine.session({ restore })` continues where this one is. Location and user
   * features are not in it: pass them again.
   */
  export(): SessionState;
  /** Forgets every event and every answer. */
  forget(): void;
  /** Number of events kept (the most recent 1024). */
  readonly size: number;
}

export interface FileInfo {
  readonly kind: 'events' | 'snapshot' | 'delta' | 'unknown';
  readonly readVersion: number;
  readonly writeVersion: number;
  readonly bytes: number;
  readonly id: string;
  readonly region: string;
  readonly createdAt: number;
  readonly sections: readonly {
    readonly type: string;
    readonly version: number;
    readonly part: 'core' | 'vectors' | 'text' | 'unknown';
    readonly required: boolean;
    readonly elementBytes: number;
    readonly offset: number;
    readonly bytes: number;
    readonly count: number;
    readonly sha256: string;
  }[];
}

export interface InspectOptions {
  file: EngineOptions['snapshot'];
  wasm?: NonNullable<EngineOptions['wasm']>;
  signal?: AbortSignal;
}

/** Opens a snapshot: loads, validates every byte, answers from then on without waiting. */
export type CreateEngine = (options: EngineOptions) => Promise<Engine>;
/** Header and section table of any Reckon file, after checking every checksum in it. */
export type InspectFile = (options: InspectOptions) => Promise<FileInfo>;
