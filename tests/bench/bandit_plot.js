// bandit.svg: mean regret over rounds, one panel a horizon, a line a policy with the band of its 95 % interval.
// Drawn by Observable Plot into a document of linkedom; colours follow the reader's browser, as in quality.svg.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

const { document } = parseHTML('<html><body></body></html>');
const WIDTH = 1000;
const PANEL = { width: 470, height: 380 };

const LINES = {
  textbook: ['var(--textbook)', 'textbook Thompson'],
  reckon: ['var(--reckon)', 'Reckon, feedback at once'],
  batched: ['var(--batched)', 'Reckon, batches of 1,000'],
  informed: ['var(--informed)', 'the same with a prior of 3 clicks in 100'],
  device: ['var(--device)', 'Reckon, only the chosen arm drawn again'],
  greedy: ['var(--greedy)', 'ε-greedy, a tenth uniform'],
  ucb: ['var(--ucb)', 'UCB1'],
};

const STYLE = `
  svg.page { --paper: #ffffff; --ink: #1d2430; --faint: #5d6675; --line: #dfe3e8; --reckon: #c2410c;
    --batched: #e8963f; --device: #9d3fbf; --textbook: #2563a8; --greedy: #4d8b57; --ucb: #8a94a3;
    --informed: #b28a00; }
  @media (prefers-color-scheme: dark) {
    svg.page { --paper: #0f1319; --ink: #e8ecf2; --faint: #9aa5b5; --line: #2c3542; --reckon: #ff8a4c;
      --batched: #e0b070; --device: #cf8af0; --textbook: #6db1f2; --greedy: #83c78f; --ucb: #7d8898;
      --informed: #e6c84f; }
  }
  text { font-family: system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; fill: var(--ink); }
`;

/** Mean and interval at every point of the curves of one run. */
function bandOf({ policy, curves }) {
  return curves[0].map(({ round }, point) => {
    const values = curves.map((curve) => curve[point].regret);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const half = 1.96 * Math.sqrt(square / (values.length - 1) / values.length);
    return { policy, round, mean, low: mean - half, high: mean + half };
  });
}

function panel(runs, rounds) {
  const marks = [Plot.gridY({ stroke: 'var(--line)', strokeOpacity: 1 }), Plot.ruleY([0])];
  for (const run of runs.filter((each) => each.rounds === rounds)) {
    const band = bandOf(run);
    const [colour] = LINES[run.policy];
    marks.push(
      Plot.areaY(band, { x: 'round', y1: 'low', y2: 'high', fill: colour, fillOpacity: 0.15 }),
      Plot.lineY(band, { x: 'round', y: 'mean', stroke: colour, strokeWidth: 2 }),
    );
  }
  const plot = Plot.plot({
    document,
    ...PANEL,
    marginLeft: 52,
    marginRight: 24,
    marginBottom: 40,
    x: { label: 'rounds', ticks: 5, tickFormat: (n) => n.toLocaleString('en') },
    y: { label: 'regret', ticks: 6 },
    style: { background: 'none', color: 'var(--faint)' },
    marks,
  });
  return plot.innerHTML;
}

export function drawBanditPlot(runs, horizons) {
  const shown = Object.entries(LINES).filter(([name]) => runs.some((run) => run.policy === name));
  const legend = shown.map(([, [colour, words]], i) => {
    const [x, y] = [24 + (i % 3) * 320, 58 + Math.floor(i / 3) * 20];
    return (
      `<line x1="${x}" x2="${x + 20}" y1="${y - 4}" y2="${y - 4}" stroke-width="3" style="stroke: ${colour}"/>` +
      `<text x="${x + 28}" y="${y}" font-size="12">${words}</text>`
    );
  });
  const panels = horizons.map(
    (rounds, i) =>
      `<g font-size="11" transform="translate(${20 + i * (PANEL.width + 20)}, 100)">${panel(runs, rounds)}</g>`,
  );
  const height = 100 + PANEL.height + 16;
  const seeds = runs[0].curves.length;
  return [
    `<svg class="page" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">`,
    '<title>Regret of bandits</title>',
    `<style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${height}" style="fill: var(--paper)"/>`,
    `<text x="24" y="32" font-size="17" font-weight="600">Regret: 50 arms, chances .01 to .05, means of ${seeds} seeds</text>`,
    ...legend,
    ...panels,
    '</svg>\n',
  ].join('\n');
}
