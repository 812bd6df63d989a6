// Contexts: `feature.country=country` is known of the user at the time of an event. One context is one
// combination of all features; a log has few of them, so an event carries one number.
import { abi } from 'reckon/abi';
import type { MappedExpression } from './column_roles.js';
import { type Duck } from './duck.js';
import { checkExpression, typedRows } from './event_expressions.js';
import type { Contexts } from './event_log.js';
import { type Stage } from './event_stage.js';
import { Refusal } from './failures.js';
import { StringTableBuilder } from './string_table.js';
import { count } from './terminal.js';

const { RK_MAX_FEATURES, RK_MAX_CONTEXTS } = abi.CONSTANTS;

/** The features of every row of the stage; undefined if none is mapped. */
export async function readContexts(duck: Duck, stage: Stage): Promise<Contexts | undefined> {
  const { features } = stage;
  if (features.length === 0) return undefined;
  if (features.length > RK_MAX_FEATURES) {
    const problem = `${features.length} user features (--map feature.NAME=); at most ${RK_MAX_FEATURES}`;
    throw new Refusal({ file: stage.name }, problem);
  }
  const names = features.map((_, f) => `f${f}`);
  await duck.run(await featureTable(duck, stage));
  await duck.run(
    `CREATE TABLE contexts AS SELECT *, CAST(row_number() OVER (ORDER BY first) - 1 AS UINTEGER) AS k
     FROM (SELECT ${names.join(', ')}, min(r) AS first FROM features GROUP BY ALL)`,
  );
  const [contexts = 0] = await duck.numbers('SELECT count(*) FROM contexts');
  if ((contexts ?? 0) >= RK_MAX_CONTEXTS) {
    const most = count(RK_MAX_CONTEXTS - 1);
    const problem = `${count(contexts ?? 0)} combinations of user features; at most ${most}`;
    throw new Refusal({ file: stage.name }, problem);
  }
  const values = new StringTableBuilder();
  await duck.forEach(`SELECT ${names.join(', ')} FROM contexts ORDER BY k`, (row) => {
    for (const value of row) values.add(String(value));
  });
  const ofEvent = new Uint32Array(stage.rows);
  const join = `SELECT r, k FROM features JOIN contexts USING (${names.join(', ')})`;
  await duck.forEachNumbers(join, ([row = 0, context = 0]) => {
    ofEvent[row] = context;
  });
  await duck.run('DROP TABLE features; DROP TABLE contexts');
  return { names: features.map(({ name }) => name), values: values.build(), ofEvent };
}

/** SQL that creates table `features`: r (row), f0, f1, … (text, empty where there is none). */
async function featureTable(duck: Duck, stage: Stage): Promise<string> {
  const plain = stage.features.flatMap((feature, f) => {
    const column = plainColumn(stage, feature);
    return column ? [`CAST(${column.sql} AS VARCHAR) AS "reckon f${f}"`] : [];
  });
  const computed = stage.features.filter((feature) => !plainColumn(stage, feature));
  const rows = await typedRows(duck, stage, computed, plain);
  for (const { name, expression } of computed) {
    await checkExpression(duck, stage, rows, { key: `feature.${name}`, sql: textOf(expression) });
  }
  const values = stage.features.map((feature, f) => {
    const isPlain = plainColumn(stage, feature) !== undefined;
    const text = isPlain ? `"reckon f${f}"` : textOf(feature.expression);
    return `coalesce(${text}, '') AS f${f}`;
  });
  return `CREATE TABLE features AS SELECT "reckon row" AS r, ${values.join(', ')}
    FROM ${rows.relation}`;
}

const textOf = (expression: string): string => `CAST((${expression}\n) AS VARCHAR)`;

/** The column a feature is, taken as it stands: "01" stays "01". */
function plainColumn(
  stage: Stage,
  { expression, columns }: MappedExpression,
): Stage['expressionColumns'][number] | undefined {
  const [only] = columns;
  if (only?.name.toLowerCase() !== expression.toLowerCase()) return undefined;
  return stage.expressionColumns.find(({ name }) => name === only.name);
}
