// From staged rows to numbers: users and items become indices, labels a bit mask, times doubles.
//
// DuckDB builds the dictionaries and joins them; joins lose the row order, so every row carries its
// number and is put in its place here. 2.3 million rows take a few seconds and little memory.
import { abi } from 'reckon/abi';
import { type Config, DEFAULT_BASE } from './config.js';
import { type Duck, sqlText } from './duck.js';
import {
  type Contexts,
  type EventLog,
  type EventType,
  type RegionalLog,
  keepRows,
  rowsWhere,
} from './event_log.js';
import { PROPENSITY_SQL, type Stage } from './event_stage.js';
import type { Times } from './event_times.js';
import { Refusal } from './failures.js';
import { type ItemFacts, readFacts, readTexts } from './item_facts.js';
import { StringTableBuilder } from './string_table.js';
import { count } from './terminal.js';

const { RK_MAX_EVENT_TYPES, RK_MAX_ITEMS } = abi.CONSTANTS;
const NO_REGION = 0xffffffff;

/** Event names that say the person did not like what they saw. */
const DISLIKES =
  /^(is_?)?(dis_?like[sd]?|hate[sd]?|see_?less|not_?interested|hide|hidden|block(ed)?|report(ed)?|thumbs?_?down|down_?vote[sd]?|unlike[sd]?|unfollow(ed)?)$/i;

export interface CodesRequest {
  config: Config;
  times: Times;
  items?: ItemFacts;
  contexts?: Contexts;
  note(text: string): void;
}

/** A log of the items file alone: table `catalog`, and no row of anybody. */
export async function codeItems(
  duck: Duck,
  facts: ItemFacts,
  { config, note, file }: { config: Config; note(text: string): void; file: string },
): Promise<EventLog> {
  await createItems(duck, 'SELECT i FROM catalog', file);
  const names = new Set([...(config.base === null ? [] : [config.base]), ...config.weights.keys()]);
  if (names.size === 0) names.add(DEFAULT_BASE);
  const none = new Uint32Array(0);
  const log: EventLog = {
    events: 0,
    userKind: 'users',
    timeKind: 'none',
    types: weighed(names, config),
    ...{ user: none, item: none, label: none },
    users: new StringTableBuilder().build(),
    items: await readTexts(duck, 'SELECT i FROM items ORDER BY k'),
    ...(await readFacts(duck, facts, note)),
  };
  await duck.run('DROP TABLE items');
  return log;
}

export async function codeEvents(
  duck: Duck,
  stage: Stage,
  request: CodesRequest,
): Promise<EventLog | RegionalLog> {
  const types = await eventTypes(duck, stage, request.config);
  noteUnusedWeights(types, request);
  await createDictionaries(duck, stage, request.items?.isListed === true);
  const dropped = await createCodes(duck, stage, types, request.times);
  if (dropped > 0) {
    request.note(
      `${count(dropped)} duplicate rows left out (equal in every mapped column, the time included)`,
    );
  }
  const columns = await readCodes(duck, stage, request.times);
  const log: EventLog & Partial<RegionalLog> = {
    events: stage.rows,
    userKind: stage.userKind,
    timeKind: request.times.kind,
    types,
    ...columns.log,
    users: await readTexts(duck, 'SELECT u FROM users ORDER BY k'),
    items: await readTexts(duck, 'SELECT i FROM items ORDER BY k'),
    ...(request.items && (await readFacts(duck, request.items, request.note))),
    ...(request.contexts && { contexts: request.contexts }),
    ...(stage.hasRegion && { regions: await readRegions(duck) }),
  };
  await duck.run('DROP TABLE stage; DROP TABLE codes; DROP TABLE users; DROP TABLE items');
  return withoutEmptyRows(log, columns.kept, dropped, request);
}

function withoutEmptyRows(
  log: EventLog,
  kept: Uint8Array,
  dropped: number,
  { note }: CodesRequest,
): EventLog {
  const rows = rowsWhere(log.events, (row) => kept[row] === 1 && log.label[row] !== 0);
  if (rows.length === log.events) return log;
  const unlabelled = log.events - dropped - rows.length;
  if (unlabelled > 0) note(`${count(unlabelled)} rows without any label left out`);
  if (rows.length === 0) throw new Refusal('', 'no row has a label');
  return keepRows(log, rows);
}

// ---- event types ---------------------------------------------------------------------------------

/** Of the event column in order of first appearance, or the base type; then the labels. */
async function eventTypes(duck: Duck, stage: Stage, config: Config): Promise<EventType[]> {
  const names = new Set<string>();
  if (stage.hasEvent) {
    const rows = await duck.rows(
      `SELECT e FROM stage GROUP BY e ORDER BY min(rowid) LIMIT ${RK_MAX_EVENT_TYPES + 1}`,
    );
    rows.forEach(([name]) => names.add(String(name)));
  } else if (config.base !== null || stage.labels.length === 0) {
    names.add(config.base ?? 'click');
  }
  stage.labels.forEach(({ name }) => names.add(name));
  if (names.size > RK_MAX_EVENT_TYPES) {
    const { row: _, line: __, ...place } = await stage.place(0, 'event');
    throw new Refusal(
      stage.hasEvent ? place : { file: stage.name },
      `more than ${RK_MAX_EVENT_TYPES} event types (--map event= leaves the column out)`,
    );
  }
  return weighed(names, config);
}

const weighed = (names: Iterable<string>, config: Config): EventType[] =>
  [...names].map((name) => ({
    name,
    weight: config.weights.get(name) ?? (DISLIKES.test(name) ? -1 : 1),
  }));

function noteUnusedWeights(types: readonly EventType[], { config, note }: CodesRequest): void {
  const unused = [...config.weights.keys()].filter(
    (name) => !types.some((type) => type.name === name),
  );
  if (unused.length === 0) return;
  const known = types.map(({ name }) => name).join(', ');
  note(
    `the configuration weighs events that do not occur: ${unused.join(', ')} (there are ${known})`,
  );
}

// ---- codes ---------------------------------------------------------------------------------------

async function createDictionaries(duck: Duck, stage: Stage, hasCatalog: boolean): Promise<void> {
  // Sessions of a test file are others than those of the events file, whatever their ids.
  await duck.run(
    `CREATE TABLE users AS SELECT u, s, CAST(row_number() OVER (ORDER BY f) - 1 AS UINTEGER) AS k
     FROM (SELECT u, s, min(rowid) AS f FROM stage GROUP BY u, s)`,
  );
  const ids = hasCatalog
    ? 'SELECT i FROM stage UNION SELECT i FROM catalog'
    : 'SELECT DISTINCT i FROM stage';
  await createItems(duck, ids, stage.name);
  if (stage.hasRegion) {
    await duck.run(
      `CREATE TABLE regions AS SELECT g, CAST(row_number() OVER (ORDER BY f) - 1 AS UINTEGER) AS k
       FROM (SELECT g, min(rowid) AS f FROM stage WHERE g <> '' GROUP BY g)`,
    );
  }
}

/** Table `items` (i, k). */
async function createItems(duck: Duck, ids: string, file: string): Promise<void> {
  await duck.run(
    `CREATE TABLE items AS SELECT i, CAST(row_number() OVER (ORDER BY i) - 1 AS UINTEGER) AS k
     FROM (${ids})`,
  );
  const [items] = await duck.numbers('SELECT count(*) FROM items');
  if ((items ?? 0) < RK_MAX_ITEMS) return;
  throw new Refusal({ file }, `${count(items ?? 0)} items; at most ${count(RK_MAX_ITEMS - 1)}`);
}

/** Table `codes`: r, s, u, i, m (labels), t, g, p, and `again` for rows that repeat an earlier one. */
async function createCodes(
  duck: Duck,
  stage: Stage,
  types: readonly EventType[],
  times: Times,
): Promise<number> {
  const joins = [
    'JOIN users ON users.u = stage.u AND users.s = stage.s JOIN items ON items.i = stage.i',
  ];
  if (stage.labels.length > 0) joins.push('JOIN marks ON marks.r = stage.rowid');
  if (stage.hasRegion) joins.push('LEFT JOIN regions ON regions.g = stage.g');
  const raw = stage.expressionColumns.map(({ sql }) => sql);
  await duck.run(
    `CREATE TABLE codes AS SELECT CAST(stage.rowid AS UINTEGER) AS r, stage.s AS s, users.k AS u,
       items.k AS i, CAST(${maskSql(stage, types)} AS UINTEGER) AS m, ${times.sql} AS t,
       ${stage.hasRegion ? `coalesce(regions.k, ${NO_REGION})` : '0'} AS g,
       ${stage.hasPropensity ? PROPENSITY_SQL : '0'} AS p
       ${raw.map((sql) => `, stage.${sql}`).join('')}, false AS again
     FROM stage ${joins.join(' ')}`,
  );
  if (times.kind === 'none') return 0;
  // Grouping first keeps the join small: few rows are duplicates.
  const key = ['s', 'u', 'i', 'm', 't', 'g', 'p', ...raw];
  await duck.run(
    `CREATE TABLE groups AS SELECT ${key.join(', ')}, min(r) AS first
     FROM codes GROUP BY ALL HAVING count(*) > 1;
     UPDATE codes SET again = true FROM groups
     WHERE codes.r > groups.first AND
       ${key.map((name) => `codes.${name} IS NOT DISTINCT FROM groups.${name}`).join(' AND ')};
     DROP TABLE groups`,
  );
  const [dropped] = await duck.numbers('SELECT count(*) FROM codes WHERE again');
  return dropped ?? 0;
}

function maskSql(stage: Stage, types: readonly EventType[]): string {
  const bit = (name: string): number => 2 ** types.findIndex((type) => type.name === name);
  const names = types.map(({ name }) => `WHEN ${sqlText(name)} THEN ${bit(name)}`);
  // The base type is there unless the configuration took it away; then it has no bit.
  const base = types[0] && !stage.labels.some(({ name }) => name === types[0]?.name) ? 1 : 0;
  const own = stage.hasEvent ? `(CASE stage.e ${names.join(' ')} ELSE 0 END)` : String(base);
  const labels = stage.labels.map(
    ({ name }, l) => `(CASE WHEN marks.b${l} THEN ${bit(name)} ELSE 0 END)`,
  );
  return [own, ...labels].map((value) => `CAST(${value} AS BIGINT)`).join(' | ');
}

// ---- reading back --------------------------------------------------------------------------------

type CodeColumns = Pick<EventLog, 'user' | 'item' | 'label' | 'time' | 'split' | 'propensity'> &
  Partial<Pick<RegionalLog, 'region'>>;

async function readCodes(
  duck: Duck,
  stage: Stage,
  times: Times,
): Promise<{ log: CodeColumns; kept: Uint8Array }> {
  const { rows } = stage;
  const [user, item, label] = [new Uint32Array(rows), new Uint32Array(rows), new Uint32Array(rows)];
  const region = new Uint32Array(stage.hasRegion ? rows : 0);
  const time = new Float64Array(times.kind === 'none' ? 0 : rows);
  const split = new Uint8Array(stage.hasTest ? rows : 0);
  const propensity = new Float32Array(stage.hasPropensity ? rows : 0);
  const kept = new Uint8Array(rows);
  await duck.forEachNumbers(
    'SELECT r, u, i, m, coalesce(t, 0), g, s, again, p FROM codes',
    (row) => {
      const r = row[0] ?? 0;
      user[r] = row[1] ?? 0;
      item[r] = row[2] ?? 0;
      label[r] = row[3] ?? 0;
      // Writing past the end of an array that is not wanted does nothing.
      time[r] = row[4] ?? 0;
      region[r] = row[5] ?? 0;
      split[r] = row[6] ?? 0;
      kept[r] = row[7] === 0 ? 1 : 0;
      propensity[r] = row[8] ?? 0;
    },
  );
  const log: CodeColumns = {
    user,
    item,
    label,
    ...(time.length > 0 && { time }),
    ...(split.length > 0 && { split }),
    ...(region.length > 0 && { region }),
    ...(propensity.length > 0 && { propensity }),
  };
  return { log, kept };
}

async function readRegions(duck: Duck): Promise<string[]> {
  return (await duck.rows('SELECT g FROM regions ORDER BY k')).map(([name]) => String(name));
}
