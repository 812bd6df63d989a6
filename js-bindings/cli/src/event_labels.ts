// Labels: `label.like=rating>=4` sets the event type `like` on the rows where the expression holds.
import { type Duck } from './duck.js';
import { checkExpression, typedRows } from './event_expressions.js';
import { type Stage } from './event_stage.js';

/** Creates table `marks`: r (row), b0, b1, … (one BOOLEAN a label), if there are labels. */
export async function markLabels(duck: Duck, stage: Stage): Promise<void> {
  if (stage.labels.length === 0) return;
  const rows = await typedRows(duck, stage, stage.labels);
  const booleans = stage.labels.map(({ expression }) => `CAST((${expression}\n) AS BOOLEAN)`);
  for (const [l, { name }] of stage.labels.entries()) {
    await checkExpression(duck, stage, rows, { key: `label.${name}`, sql: booleans[l] ?? '' });
  }
  const marks = booleans.map((sql, l) => `${sql} AS b${l}`);
  await duck.run(
    `CREATE TABLE marks AS SELECT "reckon row" AS r, ${marks.join(', ')} FROM ${rows.relation}`,
  );
}
