// Ranking quality by the public command, beside published figures and against what must be reached.
//
//   node tests/bench/quality/quality.js [--only SET] [--seed 0]    -> quality.csv, quality.svg, README.md
//   node tests/bench/quality/quality.js --redraw                   page and plot of quality.csv as it is
//
// The npm graph comes with the project; the others need RECKON_SHARED_DATA (default ../shared/data) and are left
// out, by name, where it is absent. Full ranking over all items. With --only, rows of the other sets stay if they
// are of the same machine and seed.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WORK, machineLine, npmGraph, option, reckon, report, sharedData } from '../bench_tools.js';
import {
  COLUMNS,
  csvFields,
  documentRows,
  isOf,
  protocolName,
  publishedRows,
  readRows,
} from './figure_rows.js';
import { writePage } from './quality_page.js';
import { drawPlot } from './quality_plot.js';
import { SETS } from './quality_sets.js';
import { verdictLine } from './quality_targets.js';

const beside = (name) => fileURLToPath(new URL(name, import.meta.url));
const CSV = beside('quality.csv');
const SEED = option('seed', '0');
const ABOUT = `seed ${SEED}`;

/** Where a file is, or undefined if it is not there. */
const locate = (file) => (file.npm ? npmGraph(file.npm) : sharedData(file.shared));

/** The files of an entry, and which are absent. */
async function filesOf(entry) {
  const files = {};
  for (const key of ['log', 'test', 'items']) {
    if (entry[key]) files[key] = await locate(entry[key]);
  }
  return { files, complete: Object.values(files).every((file) => file !== undefined) };
}

/** Runs the command. `train`: settings of the trainer, as a configuration has them. */
function evaluate(entry, files, { train = entry.train, predictions } = {}) {
  const { protocol, map, sample } = entry;
  const cutoffs = [...new Set(entry.metrics.map((metric) => Number(metric.split('@')[1])))];
  cutoffs.sort((a, b) => a - b);
  const args = ['--protocol', protocol, '--k', cutoffs.join(), '--seed', SEED, '--json'];
  if (files.test) args.push('--test', files.test);
  if (files.items) args.push('--items', files.items);
  if (map) args.push('--map', map);
  if (sample) args.push('--sample', sample);
  if (predictions) args.push('--predictions', predictions);
  if (train) {
    const config = `${WORK}/quality.config.json`;
    writeFileSync(config, JSON.stringify({ train }));
    args.push('--config', config);
  }
  return JSON.parse(reckon('evaluate', files.log, ...args));
}

/** A source of a second run with other settings of the trainer, as a method beside the first run's. */
function secondRows(entry, files) {
  const { method, source, train } = entry.second;
  return documentRows(entry, evaluate(entry, files, { train }))
    .filter((row) => row.method === source)
    .map((row) => ({ ...row, method, lead: undefined, leadLow: undefined, leadHigh: undefined }));
}

function measure(entry, files) {
  if (entry.measure) {
    const predictions = `${WORK}/predictions.csv`;
    const [answer] = Object.keys(evaluate(entry, files, { predictions }).metrics);
    return entry.measure(entry, predictions, SEED, answer);
  }
  const rows = documentRows(entry, evaluate(entry, files));
  if (entry.second) rows.push(...secondRows(entry, files));
  return [...rows, ...publishedRows(entry)];
}

/** Rows of an earlier run, if one and the same machine and seed would be named. */
function earlierRows() {
  if (!existsSync(CSV)) return [];
  const { first, rows } = readRows(readFileSync(CSV, 'utf8'));
  return first === `# ${machineLine()}; ${ABOUT}` ? rows : [];
}

/** The rows of an entry, or undefined if it is skipped or refused: said, and the others go on. */
async function measuredRows(entry) {
  const { files, complete } = await filesOf(entry);
  if (!complete) {
    console.log(`${entry.set}: skipped, RECKON_SHARED_DATA or ../shared/data does not have it`);
    return undefined;
  }
  console.log(`== ${entry.set}, ${protocolName(entry)}`);
  try {
    return measure(entry, files);
  } catch (cause) {
    console.error(cause.message);
    process.exitCode = 1;
    return undefined;
  }
}

async function measureSets(only) {
  const earlier = earlierRows();
  const rows = [];
  for (const entry of SETS) {
    const wanted = only === undefined || entry.set === only;
    const measured = wanted ? await measuredRows(entry) : undefined;
    rows.push(...(measured ?? earlier.filter(isOf(entry))));
  }
  if (rows.length > 0) report('quality/quality.csv', COLUMNS, rows.map(csvFields), ABOUT);
}

const only = option('only');
if (only !== undefined && !SETS.some(({ set }) => set === only)) {
  throw new Error(
    `no set ${only}; there are ${[...new Set(SETS.map(({ set }) => set))].join(', ')}`,
  );
}
if (!process.argv.includes('--redraw')) await measureSets(only);

// From here on everything is made of the CSV.
const { first, rows } = readRows(readFileSync(CSV, 'utf8'));
const figures = SETS.map((entry) => ({ entry, rows: rows.filter(isOf(entry)) }))
  .filter((figure) => figure.rows.length > 0)
  .map((figure) => ({
    ...figure,
    verdicts: (figure.entry.targets ?? []).map((target) => target(figure.rows)),
  }));
writeFileSync(beside('quality.svg'), drawPlot(figures));
writePage(beside('README.md'), first, figures);
for (const { entry, verdicts } of figures) {
  for (const verdict of verdicts) {
    console.log(`${entry.set}, ${protocolName(entry)}: ${verdictLine(verdict)}`);
  }
}
