// The coded index of the npm snapshot: recall@10 against exact search over the f32 vectors it was coded
// from, how much quicker it is, and what it weighs.
//
//   node tests/bench/bench_index.js [--queries 1000] [--seed 0]   -> index_recall.csv, index_bytes.csv
//
// Vectors are trained once more, natively, because a snapshot does not hold them; bench_index.c proves
// that they are the same. Recall is the same in every host; times are those of the host.
import { readFileSync } from 'node:fs';
import { createEngine, inspectFile } from 'reckon';
import {
  NPM_CONFIG,
  THREADS,
  WORK,
  csvRows,
  eventsFile,
  make,
  npmGraph,
  npmSnapshot,
  option,
  report,
  runC,
} from './bench_tools.js';

const QUERIES = option('queries', '1000');
const SEED = option('seed', '0');
const TARGET = { recall: 0.95, bytes: 80 };

make('bench-programs');
const snapshot = npmSnapshot();
const events = eventsFile(await npmGraph(), 'npm', '--config', NPM_CONFIG);
const { train } = JSON.parse(readFileSync(NPM_CONFIG, 'utf8'));
const engine = await createEngine({ snapshot });
const { info } = engine;
engine.dispose();
const { parameters, learners } = info.report;
const sgns = learners.find(({ name }) => name === 'sgns');

function search(program, ...args) {
  const settings = {
    'min-item-events': train?.minItemEvents ?? 0,
    exponent: sgns.negative_exponent,
    subsample: sgns.subsample,
    'gap-minutes': parameters.session_gap_minutes,
    seed: SEED,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const rows = csvRows(runC(program, events, snapshot, ...options, ...args));
  const [, vectors] = rows.find(([what]) => what === 'vectors');
  if (vectors !== 'same') throw new Error('the vectors trained here are not those of the snapshot');
  return rows.filter(([what]) => what === 'search').map((row) => row.slice(1));
}

const vectors = `${WORK}/npm.f32`;
const whole = ['--queries', QUERIES, '--threads', String(THREADS), '--save', vectors];
const native = search('native/bench/bench_index', ...whole);
const wasm = search('wasi/bench/bench_index.wasm', '--queries', '200', '--load', vectors);
report(
  'index_recall.csv',
  ['queries', 'coarse', 'recall@10', 'low', 'high', 'exact/coded time, native', 'in wasm'],
  native.map((row, i) => [...row, wasm[i].at(-1)]),
  `${QUERIES} queries each, ${info.items} items, dim ${info.dim}, seed ${SEED}`,
);

const { sections, bytes } = await inspectFile({ file: snapshot });
const perItem = (size) => (size / info.items).toFixed(2);
const isIndex = ({ type }) => type.startsWith('vec.');
const indexBytes = sections.filter(isIndex).reduce((sum, section) => sum + section.bytes, 0);
report(
  'index_bytes.csv',
  ['section', 'part', 'bytes', 'bytes an item'],
  [
    ...sections.map((section) => [
      section.type,
      section.part,
      section.bytes,
      perItem(section.bytes),
    ]),
    ['vec.* (the index)', '', indexBytes, perItem(indexBytes)],
    ['the whole snapshot', '', bytes, perItem(bytes)],
  ],
  `${info.items} items, dim ${info.dim}`,
);
// The row before the last of each kind is as wide as the engine asks.
const asServed = native.filter((_, i) => native[i + 1]?.[1] === String(info.items));
for (const [queries, coarse, recall] of asServed) {
  const verdict = recall >= TARGET.recall ? 'reached' : 'missed';
  console.log(
    `recall@10, ${queries} queries, coarse ${coarse}: ${recall}; ${TARGET.recall} ${verdict}`,
  );
}
const verdict = indexBytes / info.items <= TARGET.bytes ? 'reached' : 'missed';
console.log(`index: ${perItem(indexBytes)} bytes an item; ${TARGET.bytes} ${verdict}`);
