// Expressions over the events' columns, as a person writes them: `rating >= 4`.
//
// Text columns get a type first: numbers where most values are numbers, else booleans likewise, else
// text. So `rating >= 4` compares numbers, and one broken value is an error with its row rather than a
// reason to compare text.
import type { MappedExpression } from './column_roles.js';
import { type Duck, duckReason, sqlName } from './duck.js';
import { type Stage } from './event_stage.js';
import { Refusal, quote } from './failures.js';

/** The stage with the columns of some expressions, typed, under their own names. */
export interface TypedRows {
  /** For FROM; "reckon row" is the row's number. */
  readonly relation: string;
  readonly names: readonly string[];
}

/** `more`: further values of the stage, each with a name no column of a person has. */
export async function typedRows(
  duck: Duck,
  stage: Stage,
  expressions: readonly MappedExpression[],
  more: readonly string[] = [],
): Promise<TypedRows> {
  const mentioned = new Set(expressions.flatMap(({ columns }) => columns.map(({ name }) => name)));
  const columns = stage.expressionColumns.filter(({ name }) => mentioned.has(name));
  const values = ['rowid AS "reckon row"', ...more];
  for (const column of columns) {
    values.push(`${await typedValue(duck, stage, column)} AS ${sqlName(column.name)}`);
  }
  return {
    relation: `(SELECT ${values.join(', ')} FROM stage)`,
    names: columns.map(({ name }) => sqlName(name)),
  };
}

async function typedValue(
  duck: Duck,
  stage: Stage,
  { sql, name, type }: Stage['expressionColumns'][number],
): Promise<string> {
  if (type !== 'VARCHAR') return sql;
  const number = `TRY_CAST(${sql} AS DOUBLE)`;
  const [all, numbers, whole, booleans] = await duck.numbers(
    `SELECT count(*) FILTER (${sql} <> ''), count(${number}),
            count(*) FILTER (${number} = floor(${number}) AND abs(${number}) < 1e15),
            count(TRY_CAST(${sql} AS BOOLEAN)) FROM stage`,
  );
  const most = (some: number | null | undefined): boolean => 2 * (some ?? 0) > (all ?? 0);
  if (!most(numbers) && !most(booleans)) return sql;
  const [wanted, what] = most(numbers)
    ? [whole === all ? 'BIGINT' : 'DOUBLE', 'a number']
    : ['BOOLEAN', 'true or false'];
  const value = `TRY_CAST(${sql} AS ${wanted})`;
  const [bad] = await duck.numbers(
    `SELECT min(rowid) FROM stage WHERE ${sql} <> '' AND ${value} IS NULL`,
  );
  if (typeof bad !== 'number') return value;
  const [[text] = []] = await duck.rows(`SELECT ${sql} FROM stage WHERE rowid = ${bad}`);
  throw new Refusal(await stage.place(bad, { name }), `${quote(text)} is not ${what}`);
}

/** Refuses an expression that cannot be understood, or not be computed for some row. */
export async function checkExpression(
  duck: Duck,
  stage: Stage,
  { relation, names }: TypedRows,
  { key, sql }: { key: string; sql: string },
): Promise<void> {
  try {
    await duck.rows(`SELECT count(${sql}) FROM ${relation}`);
    return;
  } catch (cause) {
    const reason = duckReason(cause);
    if (reason.startsWith('Referenced column')) {
      const known = stage.columnNames.map(quote).join(', ');
      const unknown = /"(.*?)"/.exec(reason)?.[1];
      throw new Refusal(
        { file: stage.name },
        `there is no column ${quote(unknown)} (--map ${key}); the columns are ${known}`,
      );
    }
    const complete = names.map((name) => `${name} IS NOT NULL`).join(' AND ') || 'true';
    const [bad] = await duck
      .numbers(
        `SELECT min("reckon row") FROM ${relation} WHERE ${complete} AND TRY(${sql}) IS NULL`,
      )
      .catch(() => []);
    const place = typeof bad === 'number' ? await stage.place(bad, { name: names.join(', ') }) : {};
    throw new Refusal({ file: stage.name, ...place }, `--map ${key}: ${reason}`);
  }
}
