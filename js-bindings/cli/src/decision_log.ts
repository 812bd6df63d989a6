// A log of decisions: what was shown, with which probability it was chosen, what came of it. Brought into one DuckDB
// table in row order, every value checked, so that a refusal names file, row and column.
//
// Columns of the table: a (action), p (propensity), r (reward), and where asked for k (position), t (probability of
// the same action under the other policy). The row number is rowid.
import { NAMES, normalized } from './column_guess.js';
import { splitAssignments, unquoted } from './column_map.js';
import { type Duck } from './duck.js';
import { Refusal, UsageError, quote } from './failures.js';
import { type Column, type Source, findColumn, requireColumn, textSql } from './input_source.js';

const LOG_ROLES = ['action', 'reward', 'propensity', 'position'] as const;
export type LogRole = (typeof LOG_ROLES)[number];
export type LogMap = ReadonlyMap<LogRole, string>;

/** In the order of preference; compared in lower case without separators. */
const GUESSES: Record<LogRole, readonly string[]> = {
  action: ['action', 'actionid', 'arm', 'armid', ...NAMES.item],
  reward: ['reward', 'click', 'clicked', 'clicks', 'isclick', 'isclicked', 'conversion', 'outcome'],
  propensity: ['propensity', 'propensityscore', 'pscore', 'loggingprobability', 'actionprob'],
  position: ['position', 'slot'],
};
const WHAT: Record<LogRole, string> = {
  action: 'actions',
  reward: 'rewards',
  propensity: 'propensities',
  position: 'positions',
};

/** 2^-126: a smaller number has no inverse in single precision. */
const LEAST_PROPENSITY = '1.1754943508222875e-38';

export function parseLogMap(options: readonly string[]): LogMap {
  const map = new Map<LogRole, string>();
  for (const assignment of options.flatMap(splitAssignments)) {
    const at = assignment.indexOf('=');
    const role = LOG_ROLES.find((role) => role === assignment.slice(0, at).trim());
    const column = unquoted(assignment.slice(at + 1));
    if (at < 1 || role === undefined || column === '') {
      throw new UsageError(
        `--map: ${quote(assignment)} is not ROLE=COLUMN, of the roles ${LOG_ROLES.join(', ')}`,
      );
    }
    map.set(role, column);
  }
  return map;
}

export interface DecisionLog {
  readonly name: string;
  readonly rows: number;
  /** Different ones, in the order of their bytes. */
  readonly actions: readonly string[];
  /** (rows) of `actions`. */
  readonly action: Uint32Array;
  readonly propensity: Float64Array;
  readonly reward: Float64Array;
  /** The other policy's probability of what was shown, where a column was named that holds it. */
  readonly target?: Float64Array;
}

export interface LogRequest {
  readonly map: LogMap;
  /** A column with the other policy's probabilities. */
  readonly target?: string;
  /** Only rows of this position. */
  readonly position?: string;
  note(text: string): void;
}

interface Part {
  readonly source: Source;
  /** Of the table, by name. */
  readonly columns: ReadonlyMap<TableColumn, Column>;
  readonly start: number;
}
type TableColumn = 'a' | 'p' | 'r' | 'k' | 't';

export async function readDecisions(
  duck: Duck,
  sources: readonly Source[],
  request: LogRequest,
): Promise<DecisionLog> {
  const parts: Part[] = [];
  let rows = 0;
  let said = '';
  for (const source of sources) {
    const { columns, summary } = columnsOf(source, request);
    if (summary !== said) request.note(`${source.name}: ${summary}`);
    said = summary;
    parts.push({ source, columns, start: rows });
    rows += await append(duck, source, columns, parts.length === 1);
  }
  const table = new Staged(duck, parts);
  await table.check('a', `a <> ''`, 'the action is missing');
  await table.check(
    'p',
    `TRY_CAST(p AS DOUBLE) BETWEEN ${LEAST_PROPENSITY} AND 1`,
    'is no propensity: a number above 0 and at most 1',
  );
  await table.check('r', `isfinite(${REWARD})`, 'is no reward: a finite number, or true or false');
  if (request.target !== undefined)
    await table.check('t', `TRY_CAST(t AS DOUBLE) BETWEEN 0 AND 1`, PROBABILITY);
  return await table.read(request);
}

/** What is wrong with a value that should be one. */
export const PROBABILITY = 'is no probability: a number from 0 to 1';

const REWARD = 'coalesce(TRY_CAST(r AS DOUBLE), CAST(TRY_CAST(r AS BOOLEAN) AS DOUBLE))';

function columnsOf(
  source: Source,
  { map, target, position }: LogRequest,
): { columns: Map<TableColumn, Column>; summary: string } {
  const columns = new Map<TableColumn, Column>();
  const taken = new Set<Column>();
  const parts: string[] = [];
  const roles: [TableColumn, LogRole][] = [
    ['p', 'propensity'],
    ['r', 'reward'],
    ['a', 'action'],
  ];
  if (position !== undefined) roles.push(['k', 'position']);
  for (const [, role] of roles) {
    const named = map.get(role);
    if (named !== undefined) taken.add(requireColumn(source, named, `--map ${role}=`));
  }
  for (const [name, role] of roles) {
    const named = map.get(role);
    const column =
      named === undefined ? guessed(source, role, taken) : requireColumn(source, named, '');
    columns.set(name, column);
    taken.add(column);
    parts.push(`${role}=${column.name}${named === undefined ? ' (guessed)' : ''}`);
  }
  // May be one of the others: the propensities themselves ask about the policy that made the log.
  if (target !== undefined)
    columns.set('t', requireColumn(source, target, `--policy column:${target}`));
  return { columns, summary: parts.join(' ') };
}

function guessed(source: Source, role: LogRole, taken: ReadonlySet<Column>): Column {
  for (const name of GUESSES[role]) {
    const column = source.columns.find(
      (column) => !taken.has(column) && normalized(column.name) === name,
    );
    // Looked up again by its name: two columns of one name leave nothing to guess.
    if (column) return findColumn(source, column.name) ?? column;
  }
  const names = source.columns.map(({ name }) => quote(name)).join(', ');
  throw new Refusal(
    { file: source.name },
    `no column looks like ${WHAT[role]} (name it: --map ${role}=COLUMN); the columns are ${names}`,
  );
}

async function append(
  duck: Duck,
  source: Source,
  columns: ReadonlyMap<TableColumn, Column>,
  isFirst: boolean,
): Promise<number> {
  const values = [...columns].map(([name, column]) => `${textSql(column)} AS ${name}`);
  const select = `SELECT ${values.join(', ')} FROM ${source.relation}`;
  try {
    await duck.run(
      isFirst ? `CREATE TABLE decided AS ${select}` : `INSERT INTO decided BY NAME ${select}`,
    );
  } catch (cause) {
    throw await source.refusal(cause);
  }
  const [all = 0] = await duck.numbers('SELECT count(*) FROM decided');
  return all ?? 0;
}

class Staged {
  readonly #duck: Duck;
  readonly #parts: readonly Part[];

  constructor(duck: Duck, parts: readonly Part[]) {
    this.#duck = duck;
    this.#parts = parts;
  }

  /** Refuses the first row for which `condition` is not true. */
  async check(name: TableColumn, condition: string, problem: string): Promise<void> {
    const [bad] = await this.#duck.numbers(
      `SELECT min(rowid) FROM decided WHERE NOT coalesce(${condition}, false)`,
    );
    if (typeof bad !== 'number') return;
    const [[value] = []] = await this.#duck.rows(
      `SELECT ${name}[:80] FROM decided WHERE rowid = ${bad}`,
    );
    const part = this.#parts.filter(({ start }) => start <= bad).at(-1);
    if (!part) throw new RangeError(`no row ${bad}`);
    const place = await part.source.place(bad - part.start + 1);
    throw new Refusal(
      { ...place, column: part.columns.get(name)?.name ?? name },
      problem.startsWith('is ') ? `${quote(value ?? '')} ${problem}` : problem,
    );
  }

  async read({ target, position }: LogRequest): Promise<DecisionLog> {
    const where = position === undefined ? '' : `WHERE k = '${position.replaceAll("'", "''")}'`;
    const name = this.#parts[0]?.source.name ?? '';
    const [rows = 0] = await this.#duck.numbers(`SELECT count(*) FROM decided ${where}`);
    if (!rows) {
      throw new Refusal(
        { file: name },
        position === undefined ? 'there are no rows' : `no row has the position ${quote(position)}`,
      );
    }
    await this.#duck.run(
      `CREATE TABLE actions AS SELECT a AS name, row_number() OVER (ORDER BY encode(a)) - 1 AS number
       FROM (SELECT DISTINCT a FROM decided ${where})`,
    );
    const actions = await this.#duck.rows('SELECT name FROM actions ORDER BY number');
    const log = {
      name,
      rows,
      actions: actions.map(([action]) => String(action)),
      action: new Uint32Array(rows),
      propensity: new Float64Array(rows),
      reward: new Float64Array(rows),
      ...(target !== undefined && { target: new Float64Array(rows) }),
    };
    let at = 0;
    await this.#duck.forEachNumbers(
      `SELECT number, CAST(p AS DOUBLE), ${REWARD}${target === undefined ? '' : ', CAST(t AS DOUBLE)'}
       FROM decided JOIN actions ON a = name ${where} ORDER BY decided.rowid`,
      ([action = 0, propensity = 0, reward = 0, chance = 0]) => {
        log.action[at] = action;
        log.propensity[at] = propensity;
        log.reward[at] = reward;
        if (log.target) log.target[at] = chance;
        at++;
      },
    );
    return log;
  }
}
