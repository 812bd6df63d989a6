// Labels: `label.like=rating>=4` sets the event type `like` on the rows where the expression holds.
//
// Text columns get a type first: numbers where most values are numbers, else booleans likewise, else
// text. So `rating >= 4` compares numbers, and one broken value is an error with its row rather than a
// reason to compare text.
import { type Duck, duckReason, sqlName } from './duck.js';
import { type Stage } from './event_stage.js';
import { Refusal, quote } from './failures.js';

/** Creates table `marks`: r (row), b0, b1, … (one BOOLEAN a label), if there are labels. */
export async function markLabels(duck: Duck, stage: Stage): Promise<void> {
  if (stage.labels.length === 0) return;
  const columns = [];
  for (const column of stage.labelColumns) {
    columns.push(`${await typedValue(duck, stage, column)} AS ${sqlName(column.name)}`);
  }
  const rows = `(SELECT ${['rowid AS "reckon row"', ...columns].join(', ')} FROM stage)`;
  for (const { name, expression } of stage.labels) {
    await checkExpression(duck, stage, name, booleanSql(expression), rows);
  }
  const marks = stage.labels.map(({ expression }, l) => `${booleanSql(expression)} AS b${l}`);
  await duck.run(
    `CREATE TABLE marks AS SELECT "reckon row" AS r, ${marks.join(', ')} FROM ${rows}`,
  );
}

const booleanSql = (expression: string): string => `CAST((${expression}\n) AS BOOLEAN)`;

async function typedValue(
  duck: Duck,
  stage: Stage,
  { sql, name, type }: Stage['labelColumns'][number],
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
  throw new Refusal(await stage.place(bad, { label: name }), `${quote(text)} is not ${what}`);
}

/** Refuses an expression that cannot be understood, or not be computed for some row. */
async function checkExpression(
  duck: Duck,
  stage: Stage,
  label: string,
  boolean: string,
  rows: string,
): Promise<void> {
  try {
    await duck.rows(`SELECT count(*) FILTER (${boolean}) FROM ${rows}`);
    return;
  } catch (cause) {
    const reason = duckReason(cause);
    if (reason.startsWith('Referenced column')) {
      const names = stage.columnNames.map(quote).join(', ');
      const unknown = /"(.*?)"/.exec(reason)?.[1];
      throw new Refusal(
        { file: stage.name },
        `there is no column ${quote(unknown)} (--map label.${label}); the columns are ${names}`,
      );
    }
    const columns = stage.labelColumns.map(({ name }) => sqlName(name));
    const complete = columns.map((name) => `${name} IS NOT NULL`).join(' AND ') || 'true';
    const [bad] = await duck
      .numbers(
        `SELECT min("reckon row") FROM ${rows} WHERE ${complete} AND TRY(${boolean}) IS NULL`,
      )
      .catch(() => []);
    const place =
      typeof bad === 'number' ? await stage.place(bad, { label: columns.join(', ') }) : {};
    throw new Refusal({ file: stage.name, ...place }, `--map label.${label}: ${reason}`);
  }
}
