// cold_system.svg: quality over the number of events, one panel a set; what sessions get and what an empty session
// gets, with their 95 % intervals. Drawn by Observable Plot into a document of linkedom, as bandit.svg is.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

const { document } = parseHTML('<html><body></body></html>');
const WIDTH = 1000;
const PANEL = { width: 310, height: 300 };
const LINES = {
  session: ['var(--session)', 'sessions of 1, 3 and 10 items'],
  empty: ['var(--empty)', 'an empty session: popular'],
};
const STYLE = `
  svg.page { --paper: #ffffff; --ink: #1d2430; --faint: #5d6675; --line: #dfe3e8; --session: #c2410c; --empty: #2563a8; }
  @media (prefers-color-scheme: dark) {
    svg.page { --paper: #0f1319; --ink: #e8ecf2; --faint: #9aa5b5; --line: #2c3542; --session: #ff8a4c; --empty: #6db1f2; }
  }
  text { font-family: system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; fill: var(--ink); }
`;

const words = (events) => events.toLocaleString('en');

function panel(rows) {
  const marks = [Plot.gridY({ stroke: 'var(--line)', strokeOpacity: 1 }), Plot.ruleY([0])];
  for (const [kind, [colour]] of Object.entries(LINES)) {
    const points = rows
      .filter((row) => row['asked with'] === kind)
      .map(({ events, low, high, ...row }) => ({
        ...{ events: words(events), low: Number(low), high: Number(high) },
        mean: Number(row['ndcg@10']),
      }));
    marks.push(
      Plot.areaY(points, { x: 'events', y1: 'low', y2: 'high', fill: colour, fillOpacity: 0.15 }),
      Plot.lineY(points, { x: 'events', y: 'mean', stroke: colour, strokeWidth: 2 }),
      Plot.dot(points, { x: 'events', y: 'mean', fill: colour, r: 3 }),
    );
  }
  const plot = Plot.plot({
    document,
    ...PANEL,
    marginLeft: 44,
    marginBottom: 40,
    x: {
      type: 'point',
      label: 'events',
      domain: [...new Set(rows.map(({ events }) => words(events)))],
    },
    y: { label: 'NDCG@10', ticks: 5, zero: true },
    style: { background: 'none', color: 'var(--faint)' },
    marks,
  });
  return plot.innerHTML;
}

/** `rows`: those of cold_system.csv, by column. */
export function drawColdSystem(rows) {
  const legend = Object.values(LINES).map(([colour, text], i) => {
    const x = 24 + i * 260;
    return (
      `<line x1="${x}" x2="${x + 20}" y1="54" y2="54" stroke-width="3" style="stroke: ${colour}"/>` +
      `<text x="${x + 28}" y="58" font-size="12">${text}</text>`
    );
  });
  const panels = [...new Set(rows.map(({ set }) => set))].map(
    (set, i) =>
      `<g transform="translate(${20 + i * (PANEL.width + 16)}, 84)"><text font-size="13" font-weight="600" y="0">${set}</text>` +
      `<g font-size="11" transform="translate(0, 10)">${panel(rows.filter((row) => row.set === set))}</g></g>`,
  );
  const height = 84 + PANEL.height + 24;
  return [
    `<svg class="page" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">`,
    '<title>From an items file to a hundred thousand events</title>',
    `<style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${height}" style="fill: var(--paper)"/>`,
    '<text x="24" y="32" font-size="17" font-weight="600">From an items file to a hundred thousand events</text>',
    ...legend,
    ...panels,
    '</svg>\n',
  ].join('\n');
}
