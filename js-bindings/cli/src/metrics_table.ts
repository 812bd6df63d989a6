// Metrics as a table: one row a method, one column a metric at a cutoff.
import { entriesAt, jsonAt, numberAt } from './json_path.js';
import { table } from './terminal.js';

/** What a person compares methods by; a document holds more. */
const MAIN_METRICS = ['recall', 'hr', 'mrr', 'ndcg', 'coverage'];

/** `metrics`: { method: { "hr@10": value } }. Methods without numbers are left out. */
export function metricsTable(metrics: unknown): string {
  const methods = entriesAt(metrics).filter(([, values]) => entriesAt(values).length > 0);
  const names = mainNames(metrics);
  const rows = methods.map(([method, values]) => metricsRow(method, values, names));
  return table(['method', ...names.map(metricName)], rows);
}

/**
 * An evaluation's document: the answer (the funnel, or the blend where there are no rankers) with its 95 %
 * interval under it, the other methods, the answer without each of its sources, and how far the answer is
 * ahead of each in NDCG at the last cutoff, with the interval of that difference. A method that could answer
 * no case has dashes.
 */
export function evaluationTable(document: unknown): string {
  const names = mainNames(jsonAt(document, 'metrics'));
  const ndcg = names.filter((name) => name.startsWith('ndcg@')).at(-1) ?? '';
  const answer = entriesAt(document, 'metrics')[0]?.[0] ?? '';
  const rows: string[][] = [];
  for (const [method, values] of entriesAt(document, 'metrics')) {
    const row =
      values === null ? [method, ...names.map(() => '–')] : metricsRow(method, values, names);
    rows.push([...row, differenceText(jsonAt(document, 'differences', method, ndcg))]);
    if (method === answer) rows.push(...intervalRows(jsonAt(document, 'intervals', method), names));
  }
  for (const [source, values] of entriesAt(document, 'ablations')) {
    const row = metricsRow(`without ${source}`, values, names);
    rows.push([...row, differenceText(jsonAt(values, 'difference'))]);
  }
  return table(['method', ...names.map(metricName), `${answer}'s lead, ${metricName(ndcg)}`], rows);
}

function mainNames(metrics: unknown): string[] {
  const names = entriesAt(metrics).flatMap(([, values]) => entriesAt(values).map(([name]) => name));
  return [...new Set(names)].filter((name) => MAIN_METRICS.includes(name.split('@')[0] ?? ''));
}

const metricsRow = (method: string, values: unknown, names: readonly string[]): string[] => [
  method,
  ...names.map((name) => metricText(numberAt(values, name))),
];

function intervalRows(intervals: unknown, names: readonly string[]): string[][] {
  return ['from', 'to'].map((word, bound) => [
    `  95 % ${word}`,
    ...names.map((name) => metricText(numberAt(intervals, name, String(bound)))),
    '',
  ]);
}

/** "+0.0094 [-0.0001, +0.0191]" of { mean, low, high }. */
export function differenceText(difference: unknown): string {
  const [mean, low, high] = ['mean', 'low', 'high'].map((key) => numberAt(difference, key));
  if (mean === undefined) return '';
  return `${signed(mean)} [${signed(low)}, ${signed(high)}]`;
}

const signed = (value = 0): string => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(4)}`;

export const metricText = (value: number | undefined): string =>
  value === undefined ? '' : value.toFixed(4);

/** "hr@10" → "HR@10". */
export function metricName(name: string): string {
  const upper = new Set(['hr', 'ndcg', 'mrr']);
  const [kind = '', k = ''] = name.split('@');
  return `${upper.has(kind) ? kind.toUpperCase() : kind.charAt(0).toUpperCase() + kind.slice(1)}@${k}`;
}
