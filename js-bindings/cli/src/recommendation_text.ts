// Recommendations as JSON and as a table.
import type { Engine, FunnelCounts, Recommendation, Recommendations } from 'reckon';
import { count, floatText, shorten, table } from './terminal.js';

const MOST_TEXT = 48;
const MOST_REASON = 72;

export interface RecommendationJson {
  items: Recommendation[];
  unknown: string[];
  /** With --explain: the sources that could not answer. */
  unavailable?: NonNullable<Recommendations['unavailable']>;
  /** With --explain: what each stage handed on. */
  funnel?: FunnelCounts;
}

/** The order of keys is part of the document. */
export function itemJson({ item, rank, score, sources, ...rest }: Recommendation): Recommendation {
  return { item, rank, score, sources, ...rest };
}

export function recommendationTable(items: readonly Recommendation[], engine: Engine): string {
  const hasTitles = items.some(({ title }) => title !== undefined);
  const tasks = items.some(({ value }) => value) ? engine.info.tasks : [];
  const hasReasons = items.some(({ reason }) => reason !== undefined);
  const header = ['#', 'item'];
  if (hasTitles) header.push('title');
  header.push('score', 'sources', ...tasks.map(({ name }) => `P(${name})`));
  if (hasReasons) header.push('why');
  const rows = items.map(({ rank, item, title, score, sources, probabilities, reason }) => {
    const row = [String(rank), shorten(item, MOST_TEXT)];
    if (hasTitles) row.push(shorten(title ?? '', MOST_TEXT));
    row.push(floatText(score), sources.map(({ name, rank }) => `${name} #${rank}`).join(', '));
    row.push(...tasks.map(({ name }) => (probabilities?.[name] ?? 0).toFixed(3)));
    if (hasReasons) row.push(shorten(reason ?? '', MOST_REASON));
    return row;
  });
  return table(header, rows);
}

/** "1,024 candidates (similar 200, session 200) → first stage 100 → second stage 100 → 20" */
export function funnelText(funnel: FunnelCounts): string {
  const brought = Object.entries(funnel.brought).map(([name, n]) => `${name} ${count(n ?? 0)}`);
  const steps = [`${count(funnel.retrieved)} candidates (${brought.join(', ')})`];
  if (funnel.first > 0) steps.push(`first stage ${count(funnel.first)}`);
  if (funnel.second > 0) steps.push(`second stage ${count(funnel.second)}`);
  if (funnel.removed > 0) steps.push(`rules −${count(funnel.removed)}`);
  return [...steps, count(funnel.answered)].join(' → ');
}
