// Metrics as a table: one row a method, one column a metric at a cutoff.
import { entriesAt, numberAt } from './json_path.js';
import { table } from './terminal.js';

/** `metrics`: { method: { "hr@10": value } }. Methods without numbers are left out. */
export function metricsTable(metrics: unknown): string {
  const methods = entriesAt(metrics).filter(([, values]) => entriesAt(values).length > 0);
  const names = [
    ...new Set(methods.flatMap(([, values]) => entriesAt(values).map(([name]) => name))),
  ];
  const rows = methods.map(([method, values]) => [
    method,
    ...names.map((name) => metricText(numberAt(values, name))),
  ]);
  return table(['method', ...names.map(metricName)], rows);
}

export const metricText = (value: number | undefined): string =>
  value === undefined ? '' : value.toFixed(4);

/** "hr@10" → "HR@10". */
export function metricName(name: string): string {
  const upper = new Set(['hr', 'ndcg', 'mrr']);
  const [kind = '', k = ''] = name.split('@');
  return `${upper.has(kind) ? kind.toUpperCase() : kind.charAt(0).toUpperCase() + kind.slice(1)}@${k}`;
}
