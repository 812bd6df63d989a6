// Brings the mapped columns of all sources into one DuckDB table, in row order, and remembers which
// row came from where, so that every later complaint can name file, row and column.
//
// Columns of the table: s (1: a row of the test file), u, i, and where mapped e, t, g, p (user, item,
// event, time, region, propensity), x0, x1, … (columns that labels and features mention). The row number is rowid.
import { type ColumnMap } from './column_map.js';
import { type EventColumns, type MappedExpression, eventColumns } from './column_roles.js';
import { type Duck } from './duck.js';
import { type UserKind } from './event_log.js';
import { type Place, Refusal, quote } from './failures.js';
import { type Column, type Source, columnSql, requireColumn, textSql } from './input_source.js';

export const MOST_ID_BYTES = 65535;
/** 2^-126: a smaller number has no inverse that the format holds. */
const LEAST_PROPENSITY = '1.1754943508222875e-38';
/** Of the stage; NULL where it is no number. */
export const PROPENSITY_SQL = 'TRY_CAST(stage.p AS DOUBLE)';

export type StageColumn = 'user' | 'item' | 'event' | 'time' | 'region' | 'propensity';

export interface Stage {
  readonly name: string;
  readonly rows: number;
  readonly userKind: UserKind;
  readonly hasTest: boolean;
  readonly hasEvent: boolean;
  readonly hasRegion: boolean;
  readonly hasPropensity: boolean;
  /** DuckDB type of t. */
  readonly timeType?: string;
  readonly labels: readonly MappedExpression[];
  readonly features: readonly MappedExpression[];
  readonly expressionColumns: readonly {
    readonly name: string;
    sql: string;
    readonly type: string;
  }[];
  readonly itemColumn: string;
  /** All column names, for messages. */
  readonly columnNames: readonly string[];
  place(rowid: number, column: StageColumn | { name: string }): Promise<Place>;
}

interface Part {
  readonly source: Source;
  readonly columns: EventColumns;
  readonly isTest: boolean;
}

export interface StageRequest {
  events: readonly Source[];
  test: readonly Source[];
  map: ColumnMap;
  note(text: string): void;
}

export async function stageEvents(duck: Duck, request: StageRequest): Promise<Stage> {
  const parts = describeParts(request);
  const [first] = parts;
  if (!first) throw new RangeError('no source');
  const types = columnTypes(parts);
  await duck.run(
    `CREATE TABLE stage (s UTINYINT, ${types.map(({ sql, type }) => `${sql} ${type}`).join(', ')})`,
  );
  const starts: number[] = [];
  let rows = 0;
  for (const part of parts) {
    starts.push(rows);
    rows += await appendPart(duck, part, types);
  }
  const time = types.find(({ sql }) => sql === 't');
  return {
    name: first.source.name,
    rows,
    userKind: first.columns.userKind,
    hasTest: parts.some(({ isTest }) => isTest),
    hasEvent: first.columns.event !== undefined,
    hasRegion: first.columns.region !== undefined,
    hasPropensity: first.columns.propensity !== undefined,
    ...(time && { timeType: time.type }),
    labels: first.columns.labels,
    features: first.columns.features,
    expressionColumns: types.filter(({ sql }) => sql.startsWith('x')),
    itemColumn: first.columns.item.name,
    columnNames: first.source.columns.map(({ name }) => name),
    async place(rowid, column) {
      const at = starts.filter((start) => start <= rowid).length - 1;
      const part = parts[at];
      if (!part) throw new RangeError(`no row ${rowid}`);
      const name = typeof column === 'string' ? part.columns[column]?.name : column.name;
      const place = await part.source.place(rowid - (starts[at] ?? 0) + 1);
      return name === undefined ? place : { ...place, column: name };
    },
  };
}

function describeParts({ events, test, map, note }: StageRequest): Part[] {
  const parts = [...events, ...test].map((source, s) => ({
    source,
    columns: eventColumns(source, map),
    isTest: s >= events.length,
  }));
  let said = '';
  for (const { source, columns } of parts) {
    // Files of one glob mostly say the same: it is said once.
    const summary = columns.summary.slice(source.name.length);
    if (summary !== said) note(columns.summary);
    said = summary;
    requireSameRoles(parts[0], source, columns);
  }
  return parts;
}

function requireSameRoles(first: Part | undefined, source: Source, columns: EventColumns): void {
  for (const role of ['event', 'time', 'region', 'propensity'] as const) {
    if (!first || (first.columns[role] === undefined) === (columns[role] === undefined)) continue;
    const [without, having] =
      columns[role] === undefined ? [source, first.source] : [first.source, source];
    throw new Refusal(
      { file: without.name },
      `no column for ${role}, though ${having.name} has one (--map ${role}= leaves it out)`,
    );
  }
}

interface TypedColumn {
  readonly sql: string;
  readonly name: string;
  readonly type: string;
  in(part: Part): Column;
}

/** Text for ids; times and columns of expressions keep their type where all sources agree on it. */
function columnTypes(parts: readonly Part[]): TypedColumn[] {
  const [first] = parts;
  if (!first) return [];
  const columns: TypedColumn[] = [];
  const roles = {
    u: 'user',
    i: 'item',
    e: 'event',
    t: 'time',
    g: 'region',
    p: 'propensity',
  } as const;
  for (const [sql, role] of Object.entries(roles)) {
    const own = first.columns[role];
    if (!own) continue;
    const inPart = (part: Part): Column => part.columns[role] ?? own;
    const type = role === 'time' ? commonType(parts.map(inPart)) : 'VARCHAR';
    columns.push({ sql, name: own.name, type, in: inPart });
  }
  const { labels, features } = first.columns;
  const mentioned = new Set([...labels, ...features].flatMap(({ columns }) => columns));
  for (const own of mentioned) {
    const inPart = ({ source }: Part): Column => requireColumn(source, own.name, 'named in --map');
    const type = commonType(parts.map(inPart));
    columns.push({ sql: `x${columns.length}`, name: own.name, type, in: inPart });
  }
  return columns;
}

function commonType(columns: readonly Column[]): string {
  const types = new Set(columns.map(({ type }) => type));
  const [type = 'VARCHAR'] = types;
  return types.size === 1 && type !== 'JSON' && type !== 'BLOB' ? type : 'VARCHAR';
}

/** Returns the number of rows added. */
async function appendPart(
  duck: Duck,
  part: Part,
  columns: readonly TypedColumn[],
): Promise<number> {
  const { source, isTest } = part;
  const values = columns.map((column) => {
    const own = column.in(part);
    return column.type === 'VARCHAR' ? textSql(own) : columnSql(own);
  });
  let added;
  try {
    [[added]] = (await duck.rows(
      `INSERT INTO stage SELECT ${isTest ? 1 : 0}, ${values.join(', ')} FROM ${source.relation}`,
    )) as [[unknown]];
  } catch (cause) {
    throw await source.refusal(cause);
  }
  if (Number(added) === 0) throw new Refusal({ file: source.name }, 'there are no rows');
  return Number(added);
}

/** Refuses ids that are missing or longer than the format holds. */
export async function checkIds(
  duck: Duck,
  stage: Stage,
  { itemsMayBeMissing = false } = {},
): Promise<void> {
  const roles = [
    ['u', 'user'],
    ['i', 'item'],
    ...(stage.hasEvent ? [['e', 'event'] as const] : []),
  ] as const;
  for (const [sql, role] of roles) {
    const [missing, long] = await duck.numbers(
      `SELECT min(rowid) FILTER (${sql} IS NULL OR ${sql} = ''),
              min(rowid) FILTER (strlen(${sql}) > ${MOST_ID_BYTES}) FROM stage`,
    );
    const mayBeMissing = itemsMayBeMissing && role !== 'user';
    if (typeof missing === 'number' && !mayBeMissing) {
      throw new Refusal(await stage.place(missing, role), `the ${role} is missing`);
    }
    if (typeof long !== 'number') continue;
    const [[value, bytes] = []] = await duck.rows(
      `SELECT ${sql}[:80], strlen(${sql}) FROM stage WHERE rowid = ${long}`,
    );
    throw new Refusal(
      await stage.place(long, role),
      `${quote(value)} has ${bytes} bytes; at most ${MOST_ID_BYTES} are allowed`,
    );
  }
}

/** Refuses propensities that are none: numbers above 0 and at most 1. */
export async function checkPropensities(duck: Duck, stage: Stage): Promise<void> {
  if (!stage.hasPropensity) return;
  const [bad] = await duck.numbers(
    `SELECT min(rowid) FILTER (NOT coalesce(${PROPENSITY_SQL} BETWEEN ${LEAST_PROPENSITY} AND 1, false))
     FROM stage`,
  );
  if (typeof bad !== 'number') return;
  const [[value] = []] = await duck.rows(`SELECT p[:80] FROM stage WHERE rowid = ${bad}`);
  throw new Refusal(
    await stage.place(bad, 'propensity'),
    `${quote(value ?? '')} is no propensity: a number above 0 and at most 1`,
  );
}
