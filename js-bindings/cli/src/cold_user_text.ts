// The figures of `evaluate --protocol cold-user`: a row a way of asking, a column a number of questions.
import { entriesAt, jsonAt, numberAt } from './json_path.js';
import { differenceText, metricText } from './metrics_table.js';
import { table } from './terminal.js';

export function coldUserText(document: unknown): string {
  const k = numberAt(document, 'k', '0') ?? 0;
  const ways = entriesAt(document, 'asking');
  const points = entriesAt(ways[0]?.[1]).map(([, point]) => numberAt(point, 'questions') ?? 0);
  const header = [`NDCG@${k} after`, ...points.map((n) => `${n} question${n === 1 ? '' : 's'}`)];
  const rows = ways.flatMap(([way, figures]) => {
    const values = entriesAt(figures).map(([, point]) => point);
    const ndcg = [way, ...values.map((point) => metricText(numberAt(point, 'ndcg', 'mean')))];
    const picks = [
      '  picked',
      ...values.map((point) => (numberAt(point, 'picks') ?? 0).toFixed(2)),
    ];
    const leads = values.map((point) => differenceText(jsonAt(point, 'adaptive_lead')));
    return [ndcg, picks, ...(leads.some(Boolean) ? [["  adaptive's lead", ...leads]] : [])];
  });
  const click = metricText(numberAt(document, 'click', 'ndcg', 'mean'));
  const popular = metricText(numberAt(document, 'click', 'popular', 'mean'));
  const lead = differenceText(jsonAt(document, 'click', 'lead'));
  return [table(header, rows), `one click ${click}, popular ${popular}, lead ${lead}`].join('\n');
}
