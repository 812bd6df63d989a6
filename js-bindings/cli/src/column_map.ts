// `--map user=userId,item=movieId,label.like=rating>=4`: which column plays which role.
import { UsageError, quote } from './failures.js';

/** Roles a column can play. `session` and `user` exclude each other. */
export const ROLES = ['session', 'user', 'item', 'event', 'time', 'region', 'title'] as const;
export type Role = (typeof ROLES)[number];

export interface ColumnMap {
  /** Column names; an empty one means: this role is not there, do not guess it. */
  readonly columns: ReadonlyMap<Role, string>;
  /** Event type → SQL expression over the columns. */
  readonly labels: ReadonlyMap<string, string>;
}

export const EMPTY_MAP: ColumnMap = { columns: new Map(), labels: new Map() };

const isRole = (name: string): name is Role => ROLES.some((role) => role === name);

/** One assignment: `key` as it stands before the first `=`. `origin` names where it was written. */
function assign(
  columns: Map<Role, string>,
  labels: Map<string, string>,
  key: string,
  value: string,
  refuse: (problem: string) => Error,
): void {
  if (key.startsWith('label.')) {
    const label = key.slice('label.'.length);
    if (label === '' || value === '')
      throw refuse(`${quote(`${key}=${value}`)} needs a name and a column`);
    labels.set(label, value);
  } else if (isRole(key)) columns.set(key, value);
  else {
    throw refuse(`${quote(key)} is no role; there are ${ROLES.join(', ')} and label.NAME`);
  }
}

/** All `--map` options together, later ones winning. */
export function parseMapOptions(options: readonly string[]): ColumnMap {
  const columns = new Map<Role, string>();
  const labels = new Map<string, string>();
  const refuse = (problem: string): Error => new UsageError(`--map: ${problem}`);
  for (const assignment of options.flatMap(splitAssignments)) {
    const at = assignment.indexOf('=');
    if (at < 1) throw refuse(`${quote(assignment)} is not role=column`);
    assign(
      columns,
      labels,
      assignment.slice(0, at).trim(),
      unquoted(assignment.slice(at + 1)),
      refuse,
    );
  }
  return { columns, labels };
}

export function mapFromConfig(
  entries: Iterable<[string, string]>,
  refuse: (problem: string) => Error,
): ColumnMap {
  const columns = new Map<Role, string>();
  const labels = new Map<string, string>();
  for (const [key, value] of entries) assign(columns, labels, key, value, refuse);
  return { columns, labels };
}

/** `over` wins where both say something; a user named there unnames a session named here. */
export function mergeMaps(under: ColumnMap, over: ColumnMap): ColumnMap {
  const columns = new Map(under.columns);
  if (over.columns.has('user')) columns.delete('session');
  if (over.columns.has('session')) columns.delete('user');
  for (const [role, name] of over.columns) columns.set(role, name);
  return { columns, labels: new Map([...under.labels, ...over.labels]) };
}

/** Splits at commas outside quotes and parentheses: `label.x=rating in (4, 5),user=u`. */
function splitAssignments(text: string): string[] {
  const parts = [''];
  let depth = 0;
  let quoted = '';
  for (const character of text) {
    if (quoted !== '') quoted = character === quoted ? '' : quoted;
    else if (character === '"' || character === "'") quoted = character;
    else if (character === '(') depth++;
    else if (character === ')') depth--;
    if (character === ',' && quoted === '' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

/** `"rating>=4"`, where the shell left the quotes in place. */
function unquoted(text: string): string {
  const trimmed = text.trim();
  const inner = /^"([^"]*)"$/.exec(trimmed)?.[1];
  return inner ?? trimmed;
}
