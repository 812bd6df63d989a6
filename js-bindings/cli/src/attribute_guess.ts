// What kind of attribute a column is, guessed from its values. A wrong guess costs quality, not
// correctness, and is printed; so the rules are few:
//
//   tags      a fifth of the values have a `|`
//   number    19 of 20 values are numbers, written without leading zeros, and they are no ids
//   category  values repeat and are short
//   text      else, if a third of the values have several words
//   (none)    else: names of one thing each (codes, links) say nothing of another item
import type { AttributeKind } from './column_map.js';
import { normalized } from './column_guess.js';
import { type Duck } from './duck.js';

interface Statistics {
  /** Rows that have a value, and how many values there are. */
  readonly filled: number;
  readonly distinct: number;
  /** Rows with … */
  readonly piped: number;
  readonly spaced: number;
  readonly numeric: number;
  readonly whole: number;
  readonly padded: number;
  readonly meanLength: number;
}

const MOST_LENGTH_OF_CATEGORY = 60;
/** From here on, whole numbers that hardly repeat are taken for ids whatever their name. */
const MANY_ROWS = 1000;

/** A finite number, or NULL. DuckDB reads `12_10` as 1210, as programmers write it; people mean a code. */
export const finiteSql = (text: string): string =>
  `CASE WHEN isfinite(TRY_CAST(${text} AS DOUBLE)) AND NOT contains(${text}, '_')
    THEN TRY_CAST(${text} AS DOUBLE) END`;

/** Kinds of text columns of a table, by their SQL; undefined: better left out. */
export async function guessKinds(
  duck: Duck,
  table: string,
  columns: readonly { readonly sql: string; readonly name: string }[],
): Promise<(AttributeKind | undefined)[]> {
  if (columns.length === 0) return [];
  const measures = columns.flatMap(({ sql }) => {
    const number = finiteSql(sql);
    return [
      `count(*) FILTER (${sql} <> '')`,
      `count(DISTINCT ${sql}) FILTER (${sql} <> '')`,
      `count(*) FILTER (contains(${sql}, '|'))`,
      `count(*) FILTER (contains(trim(${sql}), ' '))`,
      `count(${number})`,
      `count(*) FILTER (${number} = floor(${number}))`,
      `count(*) FILTER (regexp_matches(${sql}, '^-?0[0-9]'))`,
      `avg(length(${sql}))`,
    ];
  });
  const values = (await duck.numbers(`SELECT ${measures.join(', ')} FROM ${table}`)).map(
    (value) => value ?? 0,
  );
  const each = measures.length / columns.length;
  return columns.map(({ name }, c) => {
    const [filled = 0, distinct = 0, piped = 0, spaced = 0, numeric = 0, whole = 0, ...more] =
      values.slice(c * each, (c + 1) * each);
    const [padded = 0, meanLength = 0] = more;
    return kindOf(name, { filled, distinct, piped, spaced, numeric, whole, padded, meanLength });
  });
}

function kindOf(name: string, statistics: Statistics): AttributeKind | undefined {
  const { filled, distinct, piped, spaced, numeric, padded, meanLength } = statistics;
  if (filled === 0) return undefined;
  if (piped >= 0.2 * filled) return 'tags';
  if (numeric >= 0.95 * filled && padded <= 0.01 * filled) {
    return looksLikeIds(name, statistics) ? undefined : 'number';
  }
  const isShort = meanLength <= MOST_LENGTH_OF_CATEGORY;
  const isText = spaced * 3 >= filled;
  if (isShort && distinct <= (isText ? 0.5 : 0.8) * filled) return 'category';
  return isText ? 'text' : undefined;
}

function looksLikeIds(name: string, { filled, distinct, whole, numeric }: Statistics): boolean {
  if (whole < numeric) return false;
  if (normalized(name).endsWith('id')) return distinct >= 0.8 * filled;
  return filled >= MANY_ROWS && distinct >= 0.98 * filled;
}
