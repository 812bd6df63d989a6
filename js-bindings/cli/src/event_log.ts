// The events of a log as numbers: what reading makes of any input, and what an events file holds.
import type { AttributeKind } from './column_map.js';
import { Refusal, quote } from './failures.js';
import { type StringTable, pickRows, rowCount } from './string_table.js';

export type TimeKind = 'none' | 'order' | 'unix-ms';
export type UserKind = 'sessions' | 'users';

export interface EventType {
  readonly name: string;
  readonly weight: number;
}

/** What the items file says of items, by name. */
export interface Attributes {
  readonly list: readonly { readonly name: string; readonly kind: AttributeKind }[];
  /** Row item · attributes + attribute; empty where there is none. */
  readonly values: StringTable;
}

/** What is known of the user at each event: combinations of features, in order of appearance. */
export interface Contexts {
  readonly names: readonly string[];
  /** Row context · features + feature; empty where there is none. */
  readonly values: StringTable;
  /** (events) */
  readonly ofEvent: Uint32Array;
}

/** Of each item the items that the items file states to go with it, ascending, never itself. */
export interface RelatedItems {
  /** (items + 1) */
  readonly begin: Uint32Array;
  readonly item: Uint32Array;
}

export interface EventLog {
  readonly events: number;
  readonly userKind: UserKind;
  readonly timeKind: TimeKind;
  readonly types: readonly EventType[];
  /** (events) each. */
  readonly user: Uint32Array;
  readonly item: Uint32Array;
  readonly label: Uint32Array;
  /** Unix ms or an order index; absent without times. Doubles: both lie within ±2⁵³. */
  readonly time?: Float64Array;
  /** (events) probability with which the row's item was shown. */
  readonly propensity?: Float32Array;
  /** 1 = a row of the test file. */
  readonly split?: Uint8Array;
  /** In order of first appearance. */
  readonly users: StringTable;
  /** Sorted bytewise. */
  readonly items: StringTable;
  /** Of each item, empty rows where there is none. */
  readonly titles?: StringTable;
  /** (items · 2) latitude and longitude in degrees; both NO_PLACE where there is none. */
  readonly places?: Float32Array;
  readonly related?: RelatedItems;
  /** (items) how popular experts expect an item to be, in events; 0: nothing is said. */
  readonly boosts?: Float32Array;
  readonly attributes?: Attributes;
  readonly contexts?: Contexts;
  /** Of each item: it is in the items file, so that it is kept without events. */
  readonly listed?: Uint8Array;
}

/** A log whose rows lie in regions (markets), each to be learnt by itself. */
export interface RegionalLog extends EventLog {
  /** (events) the number of a region, or of none: at or above regions.length. */
  readonly region: Uint32Array;
  readonly regions: readonly string[];
}

export const isRegional = (log: EventLog): log is RegionalLog => 'region' in log;

/** The rows of one region, users and items renumbered; items of the items file stay. */
export function regionOf(log: RegionalLog, name: string, file: string): EventLog {
  const wanted = log.regions.indexOf(name);
  if (wanted === -1) {
    const known = log.regions.slice(0, 20).map(quote).join(', ');
    throw new Refusal({ file }, `no row of region ${quote(name)}; there are ${known}`);
  }
  const { region, regions, ...rest } = log;
  return keepRows(
    rest,
    rowsWhere(log.events, (row) => region[row] === wanted),
  );
}

export function rowsWhere(events: number, holds: (row: number) => boolean): Uint32Array {
  const rows = new Uint32Array(events);
  let count = 0;
  for (let row = 0; row < events; row++) if (holds(row)) rows[count++] = row;
  return rows.subarray(0, count);
}

/** Only these rows, in this order, and only the users and items they name or the items file lists. */
export function keepRows<Log extends EventLog>(log: Log, rows: Uint32Array): Log {
  const users = inOrderOfAppearance(log.user, rows, rowCount(log.users));
  const items = inOldOrder(log, rows);
  const { listed, region, time, split, propensity, titles, places, attributes, contexts } =
    log as EventLog & Partial<RegionalLog>;
  const { related, boosts } = log;
  return {
    ...log,
    events: rows.length,
    user: rows.map((row) => users.numberOf[log.user[row] ?? 0] ?? 0),
    item: rows.map((row) => items.numberOf[log.item[row] ?? 0] ?? 0),
    label: rows.map((row) => log.label[row] ?? 0),
    ...(time && { time: Float64Array.from(rows, (row) => time[row] ?? 0) }),
    ...(split && { split: Uint8Array.from(rows, (row) => split[row] ?? 0) }),
    ...(propensity && { propensity: Float32Array.from(rows, (row) => propensity[row] ?? 1) }),
    ...(region && { region: rows.map((row) => region[row] ?? 0) }),
    users: pickRows(log.users, users.kept),
    items: pickRows(log.items, items.kept),
    ...(titles && { titles: pickRows(titles, items.kept) }),
    ...(places && { places: Float32Array.from(inGroups(items.kept, 2), (at) => places[at] ?? 0) }),
    ...(related && { related: keepRelated(related, items) }),
    ...(boosts && { boosts: Float32Array.from(items.kept, (item) => boosts[item] ?? 0) }),
    ...(attributes && { attributes: keepAttributes(attributes, items.kept) }),
    ...(contexts && { contexts: keepContexts(contexts, rows) }),
    ...(listed && { listed: Uint8Array.from(items.kept, (item) => listed[item] ?? 0) }),
  };
}

/** The rows of a table that has `width` of them for each number. */
const inGroups = (kept: Uint32Array, width: number): Uint32Array =>
  Uint32Array.from(
    { length: kept.length * width },
    (_, row) => (kept[Math.floor(row / width)] ?? 0) * width + (row % width),
  );

function keepAttributes({ list, values }: Attributes, items: Uint32Array): Attributes {
  return { list, values: pickRows(values, inGroups(items, list.length)) };
}

function keepRelated({ begin, item }: RelatedItems, { kept, numberOf }: Numbering): RelatedItems {
  const isKept = new Set(kept);
  const rows = Array.from(kept, (old) =>
    item.subarray(begin[old], begin[old + 1]).filter((other) => isKept.has(other)),
  );
  const newBegin = new Uint32Array(kept.length + 1);
  rows.forEach((row, k) => (newBegin[k + 1] = (newBegin[k] ?? 0) + row.length));
  const all = rows.flatMap((row) => Array.from(row, (other) => numberOf[other] ?? 0));
  return { begin: newBegin, item: Uint32Array.from(all) };
}

function keepContexts({ names, values, ofEvent }: Contexts, rows: Uint32Array): Contexts {
  const contexts = inOrderOfAppearance(ofEvent, rows, rowCount(values) / names.length);
  return {
    names,
    values: pickRows(values, inGroups(contexts.kept, names.length)),
    ofEvent: rows.map((row) => contexts.numberOf[ofEvent[row] ?? 0] ?? 0),
  };
}

interface Numbering {
  /** Old numbers, by new ones. */
  kept: Uint32Array;
  /** New numbers, by old ones. */
  numberOf: Uint32Array;
}

function inOrderOfAppearance(column: Uint32Array, rows: Uint32Array, size: number): Numbering {
  const none = 0xffffffff;
  const numberOf = new Uint32Array(size).fill(none);
  const kept: number[] = [];
  for (const row of rows) {
    const old = column[row] ?? 0;
    if (numberOf[old] === none) numberOf[old] = kept.push(old) - 1;
  }
  return { kept: Uint32Array.from(kept), numberOf };
}

/** In the old order, so that items stay sorted. */
function inOldOrder(log: EventLog, rows: Uint32Array): Numbering {
  const used = log.listed ? Uint8Array.from(log.listed) : new Uint8Array(rowCount(log.items));
  for (const row of rows) used[log.item[row] ?? 0] = 1;
  const numberOf = new Uint32Array(used.length);
  const kept: number[] = [];
  used.forEach((isUsed, item) => {
    if (isUsed) numberOf[item] = kept.push(item) - 1;
  });
  return { kept: Uint32Array.from(kept), numberOf };
}

/** Time of the newest event; 0 if times are not clock times. */
export function newestTime(log: EventLog): number {
  if (log.timeKind !== 'unix-ms' || !log.time) return 0;
  let newest = 0;
  for (const time of log.time) if (time > newest) newest = time;
  return newest;
}
