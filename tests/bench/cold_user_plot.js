// cold_user.svg: NDCG@10 over questions, one panel a set, a line a way of asking with its 95 % interval; of several
// seeds the first. Drawn by Observable Plot into a document of linkedom, as the bandits' plot.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

const { document } = parseHTML('<html><body></body></html>');
const PANEL = { width: 470, height: 360 };
const HEAD = 92;

const LINES = {
  adaptive: ['var(--reckon)', 'adaptive'],
  popular: ['var(--textbook)', 'by popularity'],
  random: ['var(--greedy)', 'at random among the 100 most popular'],
};

const STYLE = `
  svg.page { --paper: #ffffff; --ink: #1d2430; --faint: #5d6675; --line: #dfe3e8; --reckon: #c2410c;
    --textbook: #2563a8; --greedy: #4d8b57; }
  @media (prefers-color-scheme: dark) {
    svg.page { --paper: #0f1319; --ink: #e8ecf2; --faint: #9aa5b5; --line: #2c3542; --reckon: #ff8a4c;
      --textbook: #6db1f2; --greedy: #83c78f; }
  }
  text { font-family: system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; fill: var(--ink); }
`;

function panel({ asking }) {
  const marks = [Plot.gridY({ stroke: 'var(--line)', strokeOpacity: 1 })];
  for (const [way, [colour]] of Object.entries(LINES)) {
    const points = asking[way].map(({ questions, ndcg }) => ({ questions, ...ndcg }));
    marks.push(
      Plot.areaY(points, { x: 'questions', y1: 'low', y2: 'high', fill: colour, fillOpacity: 0.1 }),
      Plot.lineY(points, { x: 'questions', y: 'mean', stroke: colour, strokeWidth: 2 }),
      Plot.dot(points, { x: 'questions', y: 'mean', fill: colour, r: 3 }),
    );
  }
  const options = { marginLeft: 52, marginRight: 24, marginBottom: 40, marks };
  return Plot.plot({
    document,
    ...PANEL,
    ...options,
    x: { label: 'questions', ticks: [0, 1, 2, 3, 5, 8] },
    y: { label: 'NDCG@10', ticks: 6 },
    style: { background: 'none', color: 'var(--faint)' },
  }).innerHTML;
}

export function coldUserPlot(runs) {
  const shown = runs.filter(({ set }, i) => runs.findIndex((run) => run.set === set) === i);
  const width = Math.max(1, shown.length) * (PANEL.width + 20) + 40;
  const legend = Object.values(LINES).map(([colour, words], i) => {
    const x = 24 + i * 140;
    return (
      `<line x1="${x}" x2="${x + 20}" y1="52" y2="52" stroke-width="3" style="stroke: ${colour}"/>` +
      `<text x="${x + 28}" y="56" font-size="12">${words}</text>`
    );
  });
  const panels = shown.map((run, i) => {
    const x = 20 + i * (PANEL.width + 20);
    return (
      `<text x="${x + 10}" y="84" font-size="13" font-weight="600">${run.set}, seed ${run.seed}</text>` +
      `<g font-size="11" transform="translate(${x}, ${HEAD})">${panel(run)}</g>`
    );
  });
  const height = HEAD + PANEL.height + 16;
  return [
    `<svg class="page" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    '<title>What asking a new user is worth</title>',
    `<style>${STYLE}</style>`,
    `<rect width="${width}" height="${height}" style="fill: var(--paper)"/>`,
    '<text x="24" y="32" font-size="17" font-weight="600">Lists for a new user, after questions</text>',
    ...legend,
    ...panels,
    '</svg>\n',
  ].join('\n');
}
