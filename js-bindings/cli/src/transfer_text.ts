// What a transfer did, for a person, from the report of the snapshot that it made.
import { entriesAt, jsonAt, numberAt } from './json_path.js';
import { metricText } from './metrics_table.js';
import { count, table } from './terminal.js';

const TRUST: Record<string, string> = {
  target: 'nothing is taken from the source: the events alone find more',
  little: 'a little: the source speaks for up to 10 events of an item',
  some: 'some: the source speaks for up to 100 events of an item',
  much: 'much: the source speaks for up to 1,000 events of an item',
  source: 'all: the source as it is',
};

/** No lines for a snapshot that was not transferred. */
export function transferLines(report: unknown): string[] {
  const transfer = jsonAt(report, 'transfer');
  if (transfer === undefined) return [];
  const number = (...keys: string[]): number => numberAt(transfer, ...keys) ?? 0;
  const [byId, byContent] = [number('matched', 'by_id'), number('matched', 'by_content')];
  const rest = number('matched', 'items') - byId - byContent;
  const carried = entriesAt(transfer, 'carried').map(([, name]) => String(name));
  const reason = jsonAt(transfer, 'without_rankers');
  return [
    '',
    `from region ${String(jsonAt(transfer, 'from'))}: ${count(byId)} items by id, ` +
      `${count(byContent)} by content, ${count(rest)} of their own`,
    ...guardLines(transfer),
    `carried  ${carried.join(', ') || 'nothing'}`,
    ...(reason === undefined ? [] : [`without its rankers: ${String(reason)}`]),
    ...(carried.length === 0 ? [] : [changedLine(transfer)]),
  ];
}

function guardLines(transfer: unknown): string[] {
  const trust = String(jsonAt(transfer, 'guard', 'trust'));
  const cases = numberAt(transfer, 'guard', 'cases') ?? 0;
  const decision = `trust  ${TRUST[trust] ?? trust}`;
  if (cases === 0) return [`${decision} (no events to ask about)`];
  const rows = entriesAt(transfer, 'guard', 'scores').map(([level, score]) => [
    level,
    metricText(Number(score)),
  ]);
  const gain = numberAt(transfer, 'guard', 'gain') ?? 0;
  const error = numberAt(transfer, 'guard', 'gain_error') ?? 0;
  return [
    decision,
    `asked of ${count(cases)} of the region's own cases, hidden in turn; the best level is ` +
      `${gain.toFixed(4)} ± ${(1.96 * error).toFixed(4)} above the events alone:`,
    table(['trust', 'NDCG'], rows),
  ];
}

function changedLine(transfer: unknown): string {
  const vectors = numberAt(transfer, 'changed', 'vectors') ?? 0;
  const popular = numberAt(transfer, 'changed', 'popular_pseudo_events') ?? 0;
  return (
    `changed  vectors by ${vectors.toFixed(4)} (1 - cosine), settings: ` +
    `${String(jsonAt(transfer, 'changed', 'settings'))}; popularity counts ` +
    `${count(Math.round(popular))} events of the source`
  );
}
