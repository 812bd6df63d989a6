// Region transfer: what a snapshot is worth with 0, 1, 5, 20 and 100 % of a region's events, learnt alone, taken
// from another region, and with that region's help; and with help from a source whose ids were shuffled.
//
//   node tests/bench/bench_transfer.js [--resamples 20] [--only retail|npm] [--countries Germany,France]
//                                                       -> transfer.csv, transfer.svg
//
// online_retail: the United Kingdom helps the eight countries that have most events after it. npm: every
// tenth basket of `depend` helps every fiftieth of `dev`. bench_transfer.c says what is asked and what a resample
// draws: baskets that are asked about are fixed before. NDCG@10 of a point is the mean over resamples; intervals (95 %) are of the
// difference with transfer, over 1,000 draws of resamples and of baskets asked about, the same for both.
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  NPM_CONFIG,
  THREADS,
  WORK,
  eventsFile,
  inRepository,
  make,
  npmGraph,
  option,
  reckon,
  report,
  sharedData,
} from './bench_tools.js';
import { drawTransferPlot } from './transfer_plot.js';

const RESAMPLES = Number(option('resamples', '20'));
const ONLY = option('only');
const COUNTRIES = [
  'Germany',
  'France',
  'EIRE',
  'Spain',
  'Netherlands',
  'Belgium',
  'Switzerland',
  'Portugal',
];
const POINTS = [0, 1, 5, 20, 100];
const DRAWS = 1000;
const PROGRAM = inRepository('build/native/bench/bench_transfer');

// ---- inputs --------------------------------------------------------------------------------------

function build(query, name, ...options) {
  const file = `${WORK}/${name}.rk`;
  if (!existsSync(file)) reckon('build', query, ...options, '--out', file);
  return file;
}

/** The rows of a query (aliased f, in order r) with every item in another's place. */
const shuffled = (rows, columns) =>
  `WITH f AS (SELECT *, row_number() OVER () AS r FROM (${rows})), ids AS (SELECT DISTINCT item FROM f),
   a AS (SELECT item, row_number() OVER (ORDER BY item) AS n FROM ids),
   b AS (SELECT item AS other, row_number() OVER (ORDER BY md5(CAST(item AS VARCHAR) || 'shuffled'), item) AS n
         FROM ids)
   SELECT ${columns}, other AS item FROM f JOIN a USING (item) JOIN b USING (n) ORDER BY r`;

function retailTargets() {
  const log = sharedData('online_retail/interactions.csv.gz');
  const items = sharedData('online_retail/items.csv.gz');
  if (!log || !items) {
    console.log('online_retail is not there: only npm');
    return [];
  }
  const rowsOf = (country) =>
    `SELECT basket, item, timestamp FROM '${log}' WHERE country = '${country}'`;
  const options = ['--items', items, '--map', 'session=basket'];
  const uk = rowsOf('United Kingdom');
  const source = build(uk, 'transfer-uk', ...options);
  const torn = build(shuffled(uk, 'basket, timestamp'), 'transfer-uk-shuffled', ...options);
  return option('countries', COUNTRIES.join(','))
    .split(',')
    .map((country) => ({
      name: country,
      events: eventsFile(rowsOf(country), `transfer-${country}`, ...options),
      source,
      torn,
    }));
}

async function npmTargets() {
  const sampled = (log, share) =>
    `SELECT package, item, event FROM '${log}'
     WHERE CAST('0x' || md5(package)[:6] AS INTEGER) % ${share} = 0`;
  const depend = sampled(await npmGraph('depend'), 10);
  // The same event in both regions: what differs is what for.
  const dev = sampled(await npmGraph('dev'), 50).replace('event', "'depend' AS event");
  const options = ['--config', NPM_CONFIG];
  return [
    {
      name: 'npm dev',
      events: eventsFile(dev, 'transfer-npm-dev', ...options),
      source: build(depend, 'transfer-npm', ...options),
      torn: build(shuffled(depend, 'package, event'), 'transfer-npm-shuffled', ...options),
    },
  ];
}

// ---- trainings -----------------------------------------------------------------------------------

function runProgram(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (piece) => (text += piece));
    child.on('error', reject);
    child.on('close', (status) =>
      status === 0 ? resolve(text) : reject(new Error(`${args.join(' ')}: status ${status}`)),
    );
  });
}

/** As many at a time as there are threads. */
async function runAll(jobs) {
  let next = 0;
  const outputs = [];
  const worker = async () => {
    while (next < jobs.length) {
      const job = next++;
      outputs[job] = await runProgram(jobs[job]);
      process.stderr.write(`\r${outputs.filter(Boolean).length} of ${jobs.length} `);
    }
  };
  await Promise.all(Array.from({ length: THREADS }, worker));
  process.stderr.write('\n');
  return outputs;
}

const ARMS = ['target', 'source', 'transfer', 'shuffled'];
const armsOf = ({ source, torn }) => [
  'target',
  `source=${source}`,
  `transfer=${source}`,
  `transfer=${torn}`,
];

/** Of a target: cases of each basket asked about, and runs[arm][point]: sums by basket, one a resample. */
function gather(target, texts) {
  const names = armsOf(target);
  const runs = ARMS.map(() => new Map());
  const trusts = new Map();
  let cases = [];
  for (const line of texts.join('').trim().split('\n')) {
    const fields = line.split(',');
    if (fields[0] === 'cases') {
      cases = fields[1].split(' ').map(Number);
      continue;
    }
    const [name, point, , , trust, , sums] = fields;
    const arm = names.indexOf(name);
    const list = runs[arm].get(Number(point)) ?? [];
    list.push(sums.split(' ').map(Number));
    runs[arm].set(Number(point), list);
    if (ARMS[arm] === 'transfer') {
      const key = `${point} ${trust.split(' ')[0]}`;
      trusts.set(key, (trusts.get(key) ?? 0) + 1);
    }
  }
  return { ...target, cases, runs, trusts };
}

async function train(targets) {
  const jobs = targets.flatMap((target) =>
    Array.from({ length: RESAMPLES }, (_, r) => ({
      target,
      args: [target.events, ...armsOf(target), '--first', String(r), '--resamples', '1'],
    })),
  );
  const outputs = await runAll(jobs.map(({ args }) => args));
  return targets.map((target) =>
    gather(
      target,
      outputs.filter((_, j) => jobs[j].target === target),
    ),
  );
}

// ---- figures -------------------------------------------------------------------------------------

const sum = (values) => values.reduce((total, value) => total + value, 0);
/** What is measured once (0 and 100 %, the source) stands for every resample. */
const runOf = (result, arm, point, resample) => {
  const list = result.runs[ARMS.indexOf(arm)].get(arm === 'source' ? 0 : point);
  return list[resample % list.length];
};
function meanOf(result, arm, point) {
  const of = (r) => sum(runOf(result, arm, point, r)) / sum(result.cases);
  return sum(Array.from({ length: RESAMPLES }, (_, r) => of(r))) / RESAMPLES;
}

/** Uniform in [0, 1): the same draws for every comparison. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** 95 % of transfer (or `what`) less share times another arm, over draws of resamples and baskets. */
function intervalOf(result, what, other, point, share = 1) {
  const random = randomFrom(1);
  const baskets = result.cases.length;
  const means = Array.from({ length: DRAWS }, () => {
    const run = Math.floor(random() * RESAMPLES);
    const [a, b] = [what, other].map((arm) => runOf(result, arm, point, run));
    let [gain, cases] = [0, 0];
    for (let i = 0; i < baskets; i++) {
      const at = Math.floor(random() * baskets);
      gain += a[at] - share * b[at];
      cases += result.cases[at];
    }
    return gain / cases;
  }).sort((a, b) => a - b);
  return [means[24], means[974]];
}

const shown = ([low, high]) => `[${low.toFixed(4)}, ${high.toFixed(4)}]`;

function tableOf(results) {
  return results.flatMap((result) =>
    POINTS.map((point) => {
      const means = ARMS.map((arm) => meanOf(result, arm, point));
      const trust = [...result.trusts]
        .filter(([key]) => key.startsWith(`${point} `))
        .map(([key, count]) => `${key.split(' ')[1]} ${count}`)
        .join(' ');
      return [
        ...[result.name, point, ...means.map((mean) => mean.toFixed(4))],
        ...['target', 'source'].map((other) => shown(intervalOf(result, 'transfer', other, point))),
        trust,
      ];
    }),
  );
}

function verdicts(results) {
  const cells = results.flatMap((result) => POINTS.map((point) => ({ result, point })));
  const named = ({ result, point }) => `${result.name} at ${point} %`;
  const below = cells.filter(({ result, point }) =>
    ['target', 'source'].some((other) => intervalOf(result, 'transfer', other, point)[1] < 0),
  );
  const early = cells.filter(({ point }) => point > 0 && point <= 5);
  const small = early.filter(
    ({ result, point }) =>
      meanOf(result, 'transfer', point) < 1.2 * meanOf(result, 'target', point),
  );
  const misled = cells.filter(
    ({ result, point }) =>
      point > 0 && intervalOf(result, 'shuffled', 'target', point, 0.95)[1] < 0,
  );
  const far = cells.filter(
    ({ result, point }) =>
      point > 0 && meanOf(result, 'shuffled', point) < 0.95 * meanOf(result, 'target', point),
  );
  const judge = (what, missed) =>
    `${what}: ${missed.length === 0 ? 'reached' : `missed: ${missed.map(named).join(', ')}`}`;
  return [
    judge('transfer is best or not significantly below the best', below),
    judge('at 1 and 5 % it beats the target alone by a fifth', small),
    judge('with shuffled ids, at least .95 of the target alone (means)', far),
    judge('... not significantly below that', misled),
  ];
}

make('build', 'bench-programs');
const targets = [
  ...(ONLY === 'npm' ? [] : retailTargets()),
  ...(ONLY === 'retail' ? [] : await npmTargets()),
];
const results = await train(targets);
report(
  'transfer.csv',
  ['target', '% of events', ...ARMS, 'less target', 'less source', 'trust'],
  tableOf(results),
  `NDCG@10, ${RESAMPLES} resamples; differences are of transfer`,
);
console.log(verdicts(results).join('\n'));
writeFileSync(
  fileURLToPath(new URL('transfer.svg', import.meta.url)),
  drawTransferPlot(
    results.map((result) => ({
      name: result.name,
      lines: ARMS.map((arm) => ({
        arm,
        points: POINTS.map((point) => ({ point, ndcg: meanOf(result, arm, point) })),
      })),
    })),
  ),
);
