// `--map user=userId,item=movieId,label.like=rating>=4`: which column plays which role, which are
// attributes of items (attr.genre=genres:tags) and which features of users (feature.country=country).
import { UsageError, quote } from './failures.js';

/** Roles a column can play. `session` and `user` exclude each other. */
export const ROLES = [
  'session',
  'user',
  'item',
  'event',
  'time',
  'region',
  'propensity',
  'title',
  'lat',
  'lon',
  'related',
  'boost',
] as const;
export type Role = (typeof ROLES)[number];
/** Roles of the items file, of which the events say nothing. */
export const ITEM_ROLES: readonly Role[] = ['title', 'lat', 'lon', 'related', 'boost'];

/** What an attribute's values are, in the order of the format's numbers. */
export const ATTRIBUTE_KINDS = ['category', 'tags', 'text', 'number'] as const;
export type AttributeKind = (typeof ATTRIBUTE_KINDS)[number];

export interface MappedAttribute {
  readonly column: string;
  /** Absent: to be guessed from the values. */
  readonly kind?: AttributeKind;
}

export interface ColumnMap {
  /** Column names; an empty one means: this role is not there, do not guess it. */
  readonly columns: ReadonlyMap<Role, string>;
  /** Event type → SQL expression over the columns. */
  readonly labels: ReadonlyMap<string, string>;
  /** Attribute → column of the items file; null: it is left out. */
  readonly attributes: ReadonlyMap<string, MappedAttribute | null>;
  /** User feature → SQL expression over the columns. */
  readonly features: ReadonlyMap<string, string>;
}

/** A map to be filled. */
class Draft implements ColumnMap {
  readonly columns = new Map<Role, string>();
  readonly labels = new Map<string, string>();
  readonly attributes = new Map<string, MappedAttribute | null>();
  readonly features = new Map<string, string>();
}

export const EMPTY_MAP: ColumnMap = new Draft();

const isRole = (name: string): name is Role => ROLES.some((role) => role === name);

/** One assignment: `key` as it stands before the first `=`. */
function assign(
  draft: Draft,
  key: string,
  value: string,
  refuse: (problem: string) => Error,
): void {
  const [, kind = '', name = ''] = /^(label|attr|feature)\.(.*)$/s.exec(key) ?? [];
  if (kind !== '' && (name === '' || (value === '' && kind !== 'attr'))) {
    throw refuse(`${quote(`${key}=${value}`)} needs a name and a column`);
  }
  if (kind === 'label') draft.labels.set(name, value);
  else if (kind === 'feature') draft.features.set(name, value);
  else if (kind === 'attr') draft.attributes.set(name, mappedAttribute(value));
  else if (isRole(key)) draft.columns.set(key, value);
  else {
    throw refuse(
      `${quote(key)} is no role; there are ${ROLES.join(', ')}, label.NAME, attr.NAME and feature.NAME`,
    );
  }
}

/** `genres:tags`; what stands behind the last colon but is no kind belongs to the column's name. */
function mappedAttribute(value: string): MappedAttribute | null {
  if (value === '') return null;
  const kind = ATTRIBUTE_KINDS.find((kind) => value.endsWith(`:${kind}`));
  return kind === undefined
    ? { column: value }
    : { column: unquoted(value.slice(0, -kind.length - 1)), kind };
}

/** All `--map` options together, later ones winning. */
export function parseMapOptions(options: readonly string[]): ColumnMap {
  const draft = new Draft();
  const refuse = (problem: string): Error => new UsageError(`--map: ${problem}`);
  for (const assignment of options.flatMap(splitAssignments)) {
    const at = assignment.indexOf('=');
    if (at < 1) throw refuse(`${quote(assignment)} is not role=column`);
    assign(draft, assignment.slice(0, at).trim(), unquoted(assignment.slice(at + 1)), refuse);
  }
  return draft;
}

export function mapFromConfig(
  entries: Iterable<[string, string]>,
  refuse: (problem: string) => Error,
): ColumnMap {
  const draft = new Draft();
  for (const [key, value] of entries) assign(draft, key, value, refuse);
  return draft;
}

/** `over` wins where both say something; a user named there unnames a session named here. */
export function mergeMaps(under: ColumnMap, over: ColumnMap): ColumnMap {
  const columns = new Map(under.columns);
  if (over.columns.has('user')) columns.delete('session');
  if (over.columns.has('session')) columns.delete('user');
  for (const [role, name] of over.columns) columns.set(role, name);
  return {
    columns,
    labels: new Map([...under.labels, ...over.labels]),
    attributes: new Map([...under.attributes, ...over.attributes]),
    features: new Map([...under.features, ...over.features]),
  };
}

/** Splits at commas outside quotes and parentheses: `label.x=rating in (4, 5),user=u`. */
export function splitAssignments(text: string): string[] {
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
export function unquoted(text: string): string {
  const trimmed = text.trim();
  const inner = /^"([^"]*)"$/.exec(trimmed)?.[1];
  return inner ?? trimmed;
}
