// quality.svg: every figure as a dot with its interval, beside the published ones. One card a set and protocol,
// in it one panel a metric over the same methods, best first; a dashed line is what must be passed.
//
// Observable Plot draws the panels into a document of linkedom; the cards are put together here, because panels
// of a set share their methods but each has a scale of its own. Colours are CSS variables with a light and a dark
// value: the picture follows its reader's browser.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { methodsByRank, metricName, protocolName } from './figure_rows.js';
import { digits } from './quality_targets.js';

const { document } = parseHTML('<html><body></body></html>');

const WIDTH = 1000;
const MARGIN = 20;
const HEADER = 84;
const GAP = 16;
const COLUMNS = 2;
const CARD = { width: (WIDTH - 2 * MARGIN - GAP) / COLUMNS, labels: 196, top: 46, bottom: 10 };
const PANEL = { row: 17, axis: 20, gap: 14 };
const TICKS = 4;
const PANEL_WIDTH = (CARD.width - CARD.labels - 2 * PANEL.gap) / 2;

const KINDS = {
  answer: { colour: 'var(--answer)', ink: 'var(--answer)', word: 'Reckon, as it answers' },
  blend: { colour: 'var(--source)', ink: 'var(--answer)', word: 'its blend, before the rankers' },
  source: { colour: 'var(--source)', ink: 'var(--ink)', word: 'one of its sources alone' },
  yardstick: { colour: 'var(--yardstick)', ink: 'var(--faint)', word: 'yardstick' },
  published: {
    colour: 'var(--published)',
    ink: 'var(--published)',
    word: 'published, or a script of the method',
  },
};

const STYLE = `
  svg.page { --paper: #ffffff; --card: #f6f7f9; --ink: #1d2430; --faint: #5d6675; --line: #dfe3e8;
    --answer: #c2410c; --source: #e8963f; --yardstick: #8a94a3; --published: #2563a8; }
  @media (prefers-color-scheme: dark) {
    svg.page { --paper: #0f1319; --card: #181e27; --ink: #e8ecf2; --faint: #9aa5b5; --line: #2c3542;
      --answer: #ff8a4c; --source: #c9843b; --yardstick: #7d8898; --published: #6db1f2; }
  }
  text { font-family: system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; fill: var(--ink); }
  .faint, .faint text { fill: var(--faint); }
`;

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function text(
  x,
  y,
  words,
  { size = 11, weight = 400, anchor = 'start', faint = false, fill } = {},
) {
  const style = fill ? ` style="fill: ${fill}"` : '';
  return (
    `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}"` +
    `${faint ? ' class="faint"' : ''}${style}>${escaped(words)}</text>`
  );
}

// ---- one panel -----------------------------------------------------------------------------------

/** What a verdict of this metric asks of the answer: the highest of them. */
function wantedLine(verdicts, metric) {
  const asked = verdicts.filter(
    (v) => v.metric === metric && (v.of === 'funnel' || v.of === 'blend') && v.wanted,
  );
  return asked.length > 0 ? Math.max(...asked.map(({ wanted }) => wanted)) : undefined;
}

function panelMarks(rows, wanted) {
  const marks = [Plot.gridX({ ticks: TICKS, stroke: 'var(--line)', strokeOpacity: 1 })];
  if (wanted !== undefined) {
    marks.push(Plot.ruleX([wanted], { stroke: 'var(--faint)', strokeDasharray: '3 3' }));
  }
  for (const [kind, { colour }] of Object.entries(KINDS)) {
    const own = rows.filter((row) => row.kind === kind);
    const sure = own.filter((row) => row.low !== undefined);
    const [y, size] = ['method', kind === 'answer' ? 5 : 3.5];
    marks.push(
      Plot.ruleY(sure, { x1: 'low', x2: 'high', y, stroke: colour, strokeWidth: 2, opacity: 0.55 }),
      Plot.dot(own, { x: 'value', y, r: size, fill: colour }),
    );
  }
  return marks;
}

function panel(rows, methods, wanted) {
  const most = Math.max(...rows.map(({ value, high }) => high ?? value), wanted ?? 0);
  const svg = Plot.plot({
    document,
    width: PANEL_WIDTH,
    height: methods.length * PANEL.row + PANEL.axis,
    marginTop: 0,
    marginBottom: PANEL.axis,
    marginLeft: 4,
    marginRight: 8,
    style: { background: 'none', color: 'var(--faint)', overflow: 'visible' },
    x: { domain: [0, 1.04 * most], ticks: TICKS, label: null, tickSize: 0, tickFormat: tickText },
    y: { domain: methods.map(({ method }) => method), axis: null },
    marks: panelMarks(rows, wanted),
  });
  return svg;
}

const tickText = (value) => (value === 0 ? '0' : String(value).replace(/^0\./, '.'));

/** A panel's markup at a place: Plot's own style sheet is not needed, ours holds for all. */
function placed(svg, x, y) {
  for (const style of svg.querySelectorAll('style')) style.remove();
  svg.setAttribute('x', x);
  svg.setAttribute('y', y);
  return svg.outerHTML;
}

// ---- one card ------------------------------------------------------------------------------------

const cardHeight = ({ entry, rows }) =>
  CARD.top + methodsByRank(entry, rows).length * PANEL.row + PANEL.axis + CARD.bottom;

function card({ entry, rows, verdicts }, x, y, height) {
  const methods = methodsByRank(entry, rows);
  const parts = [
    `<rect x="${x}" y="${y}" width="${CARD.width}" height="${height}" rx="8" style="fill: var(--card)"/>`,
    text(x + PANEL.gap, y + 21, entry.set, { size: 14, weight: 650 }),
    text(x + PANEL.gap, y + 37, protocolName(entry), { faint: true }),
  ];
  methods.forEach(({ method, kind }, i) => {
    const baseline = y + CARD.top + (i + 0.5) * PANEL.row + 4;
    const look = { anchor: 'end', weight: kind === 'answer' ? 700 : 400, fill: KINDS[kind].ink };
    parts.push(text(x + CARD.labels - 8, baseline, method, look));
  });
  entry.metrics.forEach((metric, m) => {
    const left = x + CARD.labels + m * (PANEL_WIDTH + PANEL.gap);
    const own = rows.filter((row) => row.metric === metric);
    const reached = own.find((row) => row.kind === 'answer')?.value;
    const title = `${metricName(metric)}  ${reached === undefined ? '' : digits(reached)}`;
    parts.push(text(left + 4, y + 37, title, { weight: 600 }));
    parts.push(placed(panel(own, methods, wantedLine(verdicts, metric)), left, y + CARD.top));
  });
  return parts.join('\n');
}

// ---- the page ------------------------------------------------------------------------------------

function header() {
  const parts = [
    text(MARGIN, 36, 'Ranking quality, one set of defaults', { size: 20, weight: 700 }),
  ];
  let x = MARGIN;
  for (const { colour, word } of Object.values(KINDS)) {
    parts.push(`<circle cx="${x + 5}" cy="60" r="5" style="fill: ${colour}"/>`);
    parts.push(text(x + 15, 64, word, { size: 12 }));
    x += 40 + 6.4 * word.length;
  }
  const [from, to] = [x, x + 18];
  parts.push(
    `<line x1="${from}" x2="${to}" y1="60" y2="60" stroke-dasharray="3 3" style="stroke: var(--faint)"/>`,
    text(to + 6, 64, 'to be passed', { size: 12 }),
    text(WIDTH - MARGIN, 36, 'bars: 95 % intervals', { size: 12, anchor: 'end', faint: true }),
  );
  return parts.join('\n');
}

/** The cards, each into the column that is shorter so far, as { figure, x, y, height }. */
function placeCards(figures) {
  const bottoms = Array(COLUMNS).fill(HEADER);
  const cards = figures.map((figure) => {
    const column = bottoms.indexOf(Math.min(...bottoms));
    const height = cardHeight(figure);
    const place = { figure, x: MARGIN + column * (CARD.width + GAP), y: bottoms[column], height };
    bottoms[column] += height + GAP;
    return place;
  });
  return { cards, height: Math.max(...bottoms) + MARGIN - GAP };
}

/** The text of quality.svg. `figures`: { entry, rows, verdicts } in order. */
export function drawPlot(figures) {
  const { cards, height } = placeCards(figures);
  return [
    `<svg class="page" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">`,
    '<title>Ranking quality of Reckon beside published figures</title>',
    `<style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${height}" style="fill: var(--paper)"/>`,
    header(),
    ...cards.map(({ figure, x, y, height }) => card(figure, x, y, height)),
    '</svg>\n',
  ].join('\n');
}
