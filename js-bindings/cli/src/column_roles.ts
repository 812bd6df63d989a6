// The columns of a source by role: those named in `--map`, the others guessed; and one line that says
// what was decided, for a person to see before minutes are spent on it.
import { guessColumn, isSessionName } from './column_guess.js';
import { type ColumnMap, ITEM_ROLES, type Role } from './column_map.js';
import type { UserKind } from './event_log.js';
import { Refusal, quote } from './failures.js';
import { type Column, type Source, findColumn, requireColumn } from './input_source.js';

/** A label or a user feature. */
export interface MappedExpression {
  readonly name: string;
  /** SQL over the columns. */
  readonly expression: string;
  /** The columns it may mention. */
  readonly columns: readonly Column[];
}

export interface EventColumns {
  readonly user: Column;
  readonly userKind: UserKind;
  readonly item: Column;
  readonly event?: Column;
  readonly time?: Column;
  readonly region?: Column;
  readonly propensity?: Column;
  readonly labels: readonly MappedExpression[];
  readonly features: readonly MappedExpression[];
  /** "session=session_id item=item_id (guessed); not used: price" */
  readonly summary: string;
}

class Chooser {
  readonly #source: Source;
  readonly #map: ColumnMap;
  readonly #taken = new Set<Column>();
  readonly #chosen: { role: Role; column: Column; guessed: boolean }[] = [];

  constructor(source: Source, map: ColumnMap) {
    this.#source = source;
    this.#map = map;
    for (const [role, name] of map.columns) {
      const column = name === '' ? undefined : findColumn(source, name);
      if (column && !ITEM_ROLES.includes(role)) this.#taken.add(column);
    }
  }

  /** The mapped column, which must exist, else a guess. */
  choose(role: Role): Column | undefined {
    const name = this.#map.columns.get(role);
    if (name === '') return undefined;
    const guess =
      name === undefined ? guessColumn(this.#source, role, this.#taken)?.name : undefined;
    // Looked up again by its name: two columns of one name leave nothing to guess.
    const column =
      name !== undefined
        ? requireColumn(this.#source, name, `--map ${role}=`)
        : guess !== undefined
          ? findColumn(this.#source, guess)
          : undefined;
    if (!column) return undefined;
    this.#taken.add(column);
    this.#chosen.push({ role, column, guessed: name === undefined });
    return column;
  }

  require(role: Role, what: string): Column {
    const column = this.choose(role);
    if (column) return column;
    const names = this.#source.columns.map(({ name }) => quote(name)).join(', ');
    throw new Refusal(
      { file: this.#source.name },
      `no column looks like ${what} (name it: --map ${role}=COLUMN); the columns are ${names}`,
    );
  }

  summary(labels: readonly MappedExpression[], features: readonly MappedExpression[]): string {
    const parts = this.#chosen.map(({ role, column }) => `${role}=${column.name}`);
    parts.push(...labels.map(({ name, expression }) => `label.${name}=${expression}`));
    parts.push(...features.map(({ name, expression }) => `feature.${name}=${expression}`));
    const guessed = this.#chosen.filter((choice) => choice.guessed);
    const how =
      guessed.length === this.#chosen.length
        ? ' (guessed from the names)'
        : guessed.length > 0
          ? ` (guessed: ${guessed.map(({ role }) => role).join(', ')})`
          : '';
    const mentioned = [...labels, ...features].flatMap(({ columns }) => columns);
    const used = new Set([...this.#taken, ...mentioned]);
    const unused = this.#source.columns.filter((column) => !used.has(column));
    const rest =
      unused.length > 0 ? `; not used: ${unused.map(({ name }) => name).join(', ')}` : '';
    return `${this.#source.name}: ${parts.join(', ')}${how}${rest}`;
  }
}

export function eventColumns(source: Source, map: ColumnMap): EventColumns {
  const chooser = new Chooser(source, map);
  const { user, userKind } = chooseUser(chooser, map);
  const item = chooser.require('item', 'an item');
  const event = chooser.choose('event');
  const time = chooser.choose('time');
  const region = chooser.choose('region');
  const propensity = chooser.choose('propensity');
  const expressions = (mapped: ColumnMap['labels']): MappedExpression[] =>
    [...mapped].map(([name, expression]) => ({
      name,
      expression,
      columns: mentionedColumns(source, expression),
    }));
  const [labels, features] = [expressions(map.labels), expressions(map.features)];
  return {
    user,
    userKind,
    item,
    ...(event && { event }),
    ...(time && { time }),
    ...(region && { region }),
    ...(propensity && { propensity }),
    labels,
    features,
    summary: chooser.summary(labels, features),
  };
}

/** A session or basket column is preferred: sessions are what is learnt from. */
function chooseUser(chooser: Chooser, map: ColumnMap): { user: Column; userKind: UserKind } {
  const prefersUser = map.columns.has('user') && !map.columns.has('session');
  const session = prefersUser ? undefined : chooser.choose('session');
  if (session) return { user: session, userKind: 'sessions' };
  const user = chooser.require('user', 'a user or a session');
  return { user, userKind: isSessionName(user.name) ? 'sessions' : 'users' };
}

/** Every column whose name is the expression, or occurs in it as a word or quoted; more than needed is harmless. */
function mentionedColumns(source: Source, expression: string): Column[] {
  const itself = findColumn(source, expression);
  if (itself) return [itself];
  const outsideText = expression.replace(/'[^']*'/g, ' ').toLowerCase();
  return source.columns.filter(({ name }) => {
    const lower = name.toLowerCase();
    if (outsideText.includes(`"${lower}"`)) return true;
    return [...outsideText.matchAll(/[\p{L}_][\p{L}\p{N}_]*/gu)].some(([word]) => word === lower);
  });
}
