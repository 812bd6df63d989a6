// Recommendations as JSON and as a table.
import type { Engine, FunnelCounts, Recommendation, Recommendations } from 'reckon';
import { oneLine } from './failures.js';
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
  /** With --explain and --rules: what rules kept out. */
  removed?: NonNullable<Recommendations['removed']>;
}

/** The order of keys is part of the document. */
export function itemJson({ item, rank, score, sources, ...rest }: Recommendation): Recommendation {
  return { item, rank, score, sources, ...rest };
}

export function recommendationTable(items: readonly Recommendation[], engine: Engine): string {
  const hasTitles = items.some(({ title }) => title !== undefined);
  const tasks = items.some(({ value }) => value) ? engine.info.tasks : [];
  const hasReasons = items.some(({ reason }) => reason !== undefined);
  const hasRules = items.some((item) => rulesText(item) !== '');
  const header = ['#', 'item'];
  if (hasTitles) header.push('title');
  header.push('score', 'sources', ...tasks.map(({ name }) => `P(${name})`));
  if (hasReasons) header.push('why');
  if (hasRules) header.push('rules');
  const rows = items.map((shown) => {
    const { rank, item, title, score, sources, probabilities, reason } = shown;
    const row = [String(rank), shorten(item, MOST_TEXT)];
    if (hasTitles) row.push(shorten(title ?? '', MOST_TEXT));
    row.push(floatText(score), sources.map(({ name, rank }) => `${name} #${rank}`).join(', '));
    row.push(...tasks.map(({ name }) => (probabilities?.[name] ?? 0).toFixed(3)));
    if (hasReasons) row.push(shorten(reason ?? '', MOST_REASON));
    if (hasRules) row.push(shorten(rulesText(shown), MOST_REASON));
    return row;
  });
  return table(header, rows);
}

/** "from #12: season, launch; breaks mixed": what the rules did to it, '' if nothing. */
function rulesText({ rank, ranked, rules = [], gaveWay = [], propensity }: Recommendation): string {
  const parts = [];
  // An item that others made way for moves, too, but no rule is about it.
  if (rules.length > 0) {
    const from = ranked !== undefined && ranked !== rank ? `from #${count(ranked)}: ` : '';
    parts.push(`${from}${rules.join(', ')}`);
  }
  if (propensity !== undefined) parts.push(`drawn, one of ${count(Math.round(1 / propensity))}`);
  if (gaveWay.length > 0) parts.push(`breaks ${gaveWay.join(', ')}`);
  return parts.join('; ');
}

/** "score = 1 × P(like) − 2 × P(see_less)"; undefined where the second stage did not run. */
export function valueText(items: readonly Recommendation[]): string | undefined {
  const value = items.find(({ value }) => value)?.value;
  if (value === undefined) return undefined;
  const terms = value
    .filter(({ weight }) => weight !== 0)
    .map(({ task, weight }, t) => {
      const sign = weight < 0 ? (t === 0 ? '−' : ' − ') : t === 0 ? '' : ' + ';
      return `${sign}${floatText(Math.abs(Math.fround(weight)))} × P(${task})`;
    });
  return `score = ${terms.join('') || '0'}`;
}

/** "removed jam (#3) by: in stock, not twice in a row" */
export function removedText({
  item,
  place,
  rules,
}: NonNullable<Recommendations['removed']>[number]): string {
  const where = place === undefined ? '' : ` (#${count(place)})`;
  const by = rules.map(oneLine).join(', ');
  return `removed ${shorten(item, MOST_TEXT)}${where} by: ${by}`;
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
