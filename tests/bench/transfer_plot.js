// transfer.svg: NDCG@10 over the share of a region's events, a panel a region, a line a way of learning. Drawn by
// Observable Plot into a document of linkedom; colours follow the reader's browser, as in quality.svg.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

const { document } = parseHTML('<html><body></body></html>');
const PANEL = { width: 310, height: 240 };
const ACROSS = 3;

const LINES = {
  target: ['var(--target)', 'the region alone'],
  source: ['var(--source)', 'the source alone'],
  transfer: ['var(--transfer)', 'transfer'],
  shuffled: ['var(--shuffled)', 'transfer, ids shuffled in the source'],
};

const STYLE = `
  svg.page { --paper: #ffffff; --ink: #1d2430; --faint: #5d6675; --line: #dfe3e8; --transfer: #c2410c;
    --source: #8a94a3; --target: #2563a8; --shuffled: #b28a00; }
  @media (prefers-color-scheme: dark) {
    svg.page { --paper: #0f1319; --ink: #e8ecf2; --faint: #9aa5b5; --line: #2c3542; --transfer: #ff8a4c;
      --source: #7d8898; --target: #6db1f2; --shuffled: #e6c84f; }
  }
  text { font-family: system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; fill: var(--ink); }
`;

/** Points are as far apart as they are many: 1 and 5 % would be one place otherwise. */
function panel({ lines }) {
  const marks = [Plot.gridY({ stroke: 'var(--line)', strokeOpacity: 1 }), Plot.ruleY([0])];
  for (const { arm, points } of lines) {
    const rows = points.map(({ point, ndcg }) => ({ point: `${point} %`, ndcg }));
    const dashed = arm === 'shuffled' ? { strokeDasharray: '4 3' } : {};
    marks.push(
      Plot.lineY(rows, {
        x: 'point',
        y: 'ndcg',
        stroke: LINES[arm][0],
        strokeWidth: 2,
        ...dashed,
      }),
    );
  }
  const plot = Plot.plot({
    document,
    ...PANEL,
    marginLeft: 40,
    marginBottom: 34,
    x: {
      type: 'point',
      label: 'of its events',
      domain: lines[0].points.map(({ point }) => `${point} %`),
    },
    y: { label: 'NDCG@10', ticks: 5 },
    style: { background: 'none', color: 'var(--faint)' },
    marks,
  });
  return plot.innerHTML;
}

export function drawTransferPlot(results) {
  const rows = Math.ceil(results.length / ACROSS);
  const [width, height] = [ACROSS * (PANEL.width + 16) + 32, 110 + rows * (PANEL.height + 34)];
  const legend = Object.values(LINES).map(([colour, words], i) => {
    const x = 24 + i * 220;
    return (
      `<line x1="${x}" x2="${x + 20}" y1="58" y2="58" stroke-width="3" style="stroke: ${colour}"/>` +
      `<text x="${x + 28}" y="62" font-size="12">${words}</text>`
    );
  });
  const panels = results.map((result, i) => {
    const [x, y] = [
      20 + (i % ACROSS) * (PANEL.width + 16),
      100 + Math.floor(i / ACROSS) * (PANEL.height + 34),
    ];
    return (
      `<g font-size="11" transform="translate(${x}, ${y})">` +
      `<text x="40" y="-6" font-size="13">${result.name}</text>${panel(result)}</g>`
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="page" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<style>${STYLE}</style>`,
    `<rect width="${width}" height="${height}" style="fill: var(--paper)"/>`,
    `<text x="24" y="32" font-size="17" font-weight="600">A new region with another region's help</text>`,
    ...legend,
    ...panels,
    '</svg>\n',
  ].join('\n');
}
