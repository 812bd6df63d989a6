// The first stage: how much of the second stage's choice it hands on, and at which part of its cost.
// Targets: of the second stage's 20 best of 1,000 candidates at least 95 % among the 100 that the first stage
// keeps; at most a twentieth of the time a candidate.
//
//   node tests/bench/bench_first_stage.js [--requests 300] [--seed 1] [--only SET,SET]
//                                                        -> first_stage.csv, first_stage_cost.csv
//
// The npm graph, and of the shared sets what is there; snapshots are built once by the public command and kept
// under build/bench. bench_first_stage.c says what is measured. What counts as the first stage's cost is what it
// adds to a query: its dot product, computed where vectors are decoded anyway, and rk_first_scores; beside it
// stands what it costs by itself, every vector decoded for it alone. The 16 features of retrieval are inputs of
// both stages, and are listed by themselves. Overlap is the same in every host; times are those of the host.
import { existsSync } from 'node:fs';
import {
  NPM_CONFIG,
  THREADS,
  WORK,
  csvRows,
  eventsFile,
  make,
  npmGraph,
  option,
  reckon,
  report,
  runC,
  sharedData,
} from './bench_tools.js';

const REQUESTS = option('requests', '300');
const SEED = option('seed', '1');
const ONLY = option('only', '').split(',');
const CANDIDATES = '1000';
const TARGET = { top: 0.95, cost: 1 / 20 };
const PROGRAMS = [
  ['native', 'native/bench/bench_first_stage', REQUESTS],
  ['wasm', 'wasi/bench/bench_first_stage.wasm', String(Math.min(100, Number(REQUESTS)))],
];

const itemsOf = (set) => ['--items', sharedData(`${set}/items.csv.gz`)];
const SETS = [
  { set: 'npm', log: await npmGraph(), options: ['--config', NPM_CONFIG] },
  {
    set: 'ml_latest_small',
    log: sharedData('ml_latest_small/interactions.csv.gz'),
    options: ['--map', 'label.like=rating >= 4,label.see_less=rating <= 2'],
    items: true,
  },
  { set: 'online_retail', log: sharedData('online_retail/interactions.csv.gz'), items: true },
  { set: 'diginetica', log: sharedData('diginetica/train.csv.gz') },
].filter(({ set, log }) => log && (ONLY[0] === '' || ONLY.includes(set)));

/** Builds what is not there; returns [events file, snapshot]. */
function inputsOf({ set, log, options = [], items }) {
  const all = [...options, ...(items ? itemsOf(set) : [])];
  const snapshot = `${WORK}/first-${set}.rk`;
  const events = eventsFile(log, `first-${set}`, ...all);
  if (!existsSync(snapshot))
    reckon('build', log, '--trainer', 'native', '--out', snapshot, '--seed', '1', ...all);
  return [events, snapshot];
}

/** The figures of one run of the program, numbers by name. */
function figuresOf(program, files, requests) {
  const args = { requests, candidates: CANDIDATES, threads: String(THREADS), seed: SEED };
  const options = Object.entries(args).flatMap(([name, value]) => [`--${name}`, value]);
  const rows = csvRows(runC(program, ...files, ...options));
  const named = (what) =>
    Object.fromEntries(rows.filter((row) => row[0] === what).map(([, name, ...v]) => [name, v]));
  const number = (what) => Number(rows.find((row) => row[0] === what)[1]);
  const costs = Object.fromEntries(
    Object.entries(named('cost')).map(([part, [ns]]) => [part, Number(ns)]),
  );
  return {
    candidates: number('candidates'),
    requests: number('requests'),
    overlap: named('overlap'),
    costs,
    macs: named('macs'),
  };
}

function costRow(set, host, { costs, macs }) {
  const second = costs.features + costs.network;
  const within = (costs['dot in the funnel'] + costs.scores) / second;
  const alone = (costs.dot + costs.scores) / second;
  const shown = ['dot in the funnel', 'dot', 'scores', 'inputs', 'features', 'network'];
  return {
    within,
    row: [
      set,
      host,
      ...shown.map((part) => costs[part].toFixed(1)),
      `1/${(1 / within).toFixed(1)}`,
      `1/${(1 / alone).toFixed(1)}`,
      macs['first stage'][0],
      macs.network[0],
    ],
  };
}

make('bench-programs');
const overlaps = [];
const costs = [];
for (const each of SETS) {
  const files = inputsOf(each);
  for (const [host, program, requests] of PROGRAMS) {
    const figures = figuresOf(program, files, requests);
    costs.push(costRow(each.set, host, figures));
    if (host !== 'native') continue;
    for (const [who, values] of Object.entries(figures.overlap))
      overlaps.push([each.set, who, figures.requests, figures.candidates, ...values]);
  }
}

report(
  'first_stage.csv',
  ['set', 'first 100 by', 'requests', 'candidates', 'top 20 kept', 'low', 'high', 'top 100 kept'],
  overlaps,
  `seed ${SEED}`,
);
report(
  'first_stage_cost.csv',
  [
    'set',
    'host',
    'dot in the funnel',
    'dot alone',
    'scores',
    'inputs of both',
    'features',
    'network',
    'first/second, in the funnel',
    'alone',
    'MACs first',
    'MACs network',
  ],
  costs.map(({ row }) => row),
  `ns a candidate, medians; seed ${SEED}`,
);
const said = (reached) => (reached ? 'reached' : 'missed');
for (const [set, who, , candidates, top] of overlaps.filter(([, who]) => who !== 'blend'))
  console.log(
    `${set}: the ${who} keeps ${top} of the second stage's 20 best of ${candidates}; ` +
      `${TARGET.top} ${said(Number(top) >= TARGET.top)}`,
  );
for (const { within, row } of costs)
  console.log(
    `${row[0]}, ${row[1]}: ${row[8]} of the second stage's cost; 1/20 ${said(within <= TARGET.cost)}`,
  );
