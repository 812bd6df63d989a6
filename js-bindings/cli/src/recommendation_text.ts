// Recommendations as JSON and as a table.
import type { Engine, Recommendation, Recommendations } from 'reckon';
import { floatText, shorten, table } from './terminal.js';

const MOST_TEXT = 48;

export interface RecommendationJson {
  items: Recommendation[];
  unknown: string[];
  /** With --explain: the sources that could not answer. */
  unavailable?: NonNullable<Recommendations['unavailable']>;
}

/** The order of keys is part of the document. */
export function itemJson({ item, rank, score, sources, ...rest }: Recommendation): Recommendation {
  return { item, rank, score, sources, ...rest };
}

export function recommendationTable(items: readonly Recommendation[], engine: Engine): string {
  const hasTitles = items.some(({ title }) => title !== undefined);
  const hasReasons = items.some(({ because }) => because !== undefined);
  const header = ['#', 'item'];
  if (hasTitles) header.push('title');
  header.push('score', 'sources');
  if (hasReasons) header.push('because of');
  const rows = items.map(({ rank, item, title, score, sources, because }) => {
    const row = [String(rank), shorten(item, MOST_TEXT)];
    if (hasTitles) row.push(shorten(title ?? '', MOST_TEXT));
    row.push(floatText(score), sources.map(({ name, rank }) => `${name} #${rank}`).join(', '));
    if (hasReasons) row.push(shorten(itemName(engine, because), MOST_TEXT));
    return row;
  });
  return table(header, rows);
}

const itemName = (engine: Engine, item: string | undefined): string =>
  item === undefined ? '' : (engine.title(item) ?? item);
