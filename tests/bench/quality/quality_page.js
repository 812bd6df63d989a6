// The generated part of README.md: what must be reached, then a table a set with the command of it. The text
// around the two marks is written by hand and stays.
import { readFileSync, writeFileSync } from 'node:fs';
import { answerOf, methodsByRank, metricName, protocolName } from './figure_rows.js';
import { digits, rowOf } from './quality_targets.js';

const BEGIN = '<!-- written by quality.js from quality.csv, to the end -->';

const range = (low, high) => `${digits(low)} … ${digits(high)}`;
const tableRow = (fields) => `| ${fields.join(' | ')} |`;
const table = (columns, rows) =>
  [columns, columns.map(() => '---'), ...rows].map(tableRow).join('\n');

// ---- what must be reached ------------------------------------------------------------------------

function verdictFields({ entry, verdicts }) {
  return verdicts.map(({ metric, of, beside, value, bound, wanted, reached, detail }) => [
    `${entry.set}, ${protocolName(entry)}`,
    of === 'blend' || of === 'funnel' ? metricName(metric) : `${metricName(metric)} of \`${of}\``,
    value === undefined ? '—' : digits(value),
    wanted === undefined ? `above ${beside}` : `${bound} ${digits(wanted)} (${beside})`,
    (reached ? 'reached' : '**missed**') + (detail ? `; ${detail}` : ''),
  ]);
}

function verdictTable(figures) {
  const rows = figures.flatMap(verdictFields);
  const reached = figures.flatMap(({ verdicts }) => verdicts).filter((v) => v.reached).length;
  return [
    `${reached} of ${rows.length} reached.`,
    table(['set, protocol', 'figure', 'here', 'to be', ''], rows),
  ].join('\n\n');
}

// ---- a set ---------------------------------------------------------------------------------------

const quoted = (text) => (/[\s<>&|*()]/.test(text) ? `'${text}'` : text);
const written = (file) =>
  file.npm ? `build/bench/npm-${file.npm}.csv.gz` : `$DATA/${file.shared}`;

function command(entry) {
  const parts = [`npx reckon evaluate ${written(entry.log)}`];
  if (entry.test) parts.push(`--test ${written(entry.test)}`);
  if (entry.items) parts.push(`--items ${written(entry.items)}`);
  if (entry.map) parts.push(`--map ${quoted(entry.map)}`);
  parts.push(`--protocol ${entry.protocol}`);
  if (entry.sample) parts.push(`--sample ${entry.sample}`);
  if (entry.train) parts.push(`--config <(echo '${JSON.stringify({ train: entry.train })}')`);
  if (entry.measure) parts.push('--predictions lists.csv');
  return parts.join(' ');
}

function figureField(row) {
  if (!row) return '';
  return row.low === undefined
    ? digits(row.value)
    : `${digits(row.value)} (${range(row.low, row.high)})`;
}

const leadField = (row) =>
  row?.lead === undefined ? '' : `${digits(row.lead)} (${range(row.leadLow, row.leadHigh)})`;

const STYLES = { answer: (name) => `**${name}**`, published: (name) => `*${name}*` };
const styled = (kind, name) => (STYLES[kind] ?? ((plain) => `\`${plain}\``))(name);

/** The last of an entry's metrics that has leads. */
const ledMetric = (entry, rows) =>
  entry.metrics.findLast((metric) =>
    rows.some((row) => row.metric === metric && row.lead !== undefined),
  ) ?? entry.metrics.at(-1);

function figureTable(entry, rows) {
  const main = ledMetric(entry, rows);
  const columns = [
    '',
    ...entry.metrics.map(metricName),
    `lead of the ${answerOf(rows)}, ${metricName(main)}`,
  ];
  const lines = methodsByRank(entry, rows).map(({ method, kind }) => [
    styled(kind, method),
    ...entry.metrics.map((metric) => figureField(rowOf(rows, metric, method))),
    leadField(rowOf(rows, main, method)),
  ]);
  return table(columns, lines);
}

/** How well each event is foretold, if there are rankers. */
function taskTable(rows) {
  const tasks = rows
    .filter(({ kind, metric }) => kind === 'answer' && metric.startsWith('auc '))
    .map(({ metric }) => metric.slice('auc '.length));
  if (tasks.length === 0) return [];
  const lines = tasks.map((task) => [
    task,
    figureField(rowOf(rows, `auc ${task}`, 'funnel')),
    ...['user_rate', 'item_rate'].map((rate) => {
      const row = rowOf(rows, `auc ${task}`, rate);
      return `${figureField(row)}; ${leadField(row)}`;
    }),
    figureField(rowOf(rows, `calibration error ${task}`, 'funnel')),
  ]);
  const columns = ['task', 'AUC', "user's rate; lead", "item's rate; lead", 'calibration error'];
  return [table(columns, lines)];
}

function section({ entry, rows }) {
  const { cases } = rows.find((row) => row.kind === 'answer');
  return [
    `### ${entry.set}, ${protocolName(entry)}`,
    `${cases.toLocaleString('en')} cases. ${entry.about ?? ''}`.trim(),
    ['```sh', command(entry), '```'].join('\n'),
    figureTable(entry, rows),
    ...taskTable(rows),
  ].join('\n\n');
}

// ---- the page ------------------------------------------------------------------------------------

/** Writes the generated part anew. `first`: the first line of the CSV. */
export function writePage(file, first, figures) {
  const [byHand] = readFileSync(file, 'utf8').split(BEGIN);
  const parts = [
    BEGIN,
    `Measured with ${first.replace(/^# /, '')}.`,
    '## What must be reached',
    verdictTable(figures),
    '## Figures',
    ...figures.map(section),
  ];
  writeFileSync(file, `${byHand}${parts.join('\n\n')}\n`);
}
