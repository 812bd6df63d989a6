// Time and memory of learning: the native trainer with 2 threads on a generated log of a million events and a
// hundred thousand items, with clock times, places, attributes and a feature of the user.
//
//   node tests/bench/bench_training.js [--events 1000000] [--items 100000] [--seed 1]     -> training.csv
//
// Timed is the trainer alone, from events file to snapshot; what the command adds is reading the log, which
// `make demo` shows. Stages are told by the trainer's progress lines and timed here, when they arrive: the trainer
// reads no clock. A learner's events a second are those of its last, whole training: passes × events ÷ seconds.
// Memory is the peak that Linux keeps of a process (VmHWM), processor time tells how far the machine was shared;
// elsewhere both are left out.
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { largeItems, largeLog } from '../data/large_log.js';
import { WORK, eventsFile, inRepository, option, reckon, report } from './bench_tools.js';

const LIMIT = { seconds: 120, bytes: 2e9 };
const THREADS = '2';
const SAMPLE_MS = 50;
const SHAPE = {
  seed: Number(option('seed', 1)),
  events: Number(option('events', 1_000_000)),
  items: Number(option('items', 100_000)),
};

/** Writes chunks of text, unless the file is newer than the generator. */
async function writeChunks(file, chunks) {
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (written > statSync(inRepository('tests/data/large_log.js')).mtimeMs) return;
  await pipeline(Readable.from(chunks), createWriteStream(file));
}

async function largeEvents() {
  const name = `large_${SHAPE.events}_${SHAPE.items}_${SHAPE.seed}`;
  const [log, items] = [`${WORK}/${name}.csv`, `${WORK}/${name}_items.csv`];
  await writeChunks(log, largeLog(SHAPE));
  await writeChunks(items, largeItems(SHAPE));
  return eventsFile(log, name, '--items', items, '--map', 'feature.country=country');
}

const TICKS_A_SECOND = 100; // USER_HZ, the same on every Linux

/** Peak resident bytes and processor seconds of a process so far; undefined where /proc does not tell. */
function costOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const [, after] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const [userTicks, systemTicks] = after.split(' ').slice(11, 13).map(Number);
    const peak = /^VmHWM:\s*(\d+)/m.exec(status);
    if (!peak) return undefined; // a zombie has no memory
    return {
      bytes: 1024 * Number(peak[1]),
      processorSeconds: (userTicks + systemTicks) / TICKS_A_SECOND,
    };
  } catch {
    return undefined; // it has ended
  }
}

/** Progress lines as runs of one stage: { stage, seconds }, in order. */
function stageClock() {
  const runs = [];
  let last;
  return {
    runs,
    line(line) {
      const stage = /^@progress (\S+) /.exec(line)?.[1];
      if (stage === undefined || stage === last?.stage) return;
      this.end();
      last = { stage, begin: performance.now() };
      runs.push(last);
    },
    end() {
      if (last) last.seconds = (performance.now() - last.begin) / 1000;
    },
  };
}

async function train(events, snapshot) {
  const args = ['train', events, '--out', snapshot, '--threads', THREADS, '--seed', '0'];
  const begin = performance.now();
  const child = spawn(inRepository('build/native/reckon-cli'), args, {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const clock = stageClock();
  createInterface({ input: child.stderr }).on('line', (line) => clock.line(line));
  let cost;
  const sampling = setInterval(() => (cost = costOf(child.pid) ?? cost), SAMPLE_MS);
  const status = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(sampling);
  clock.end();
  if (status !== 0) throw new Error(`the trainer ended with ${status}`);
  return { seconds: (performance.now() - begin) / 1000, cost, runs: clock.runs };
}

/** Stage → seconds of all its runs. */
function secondsByStage(runs) {
  const stages = new Map();
  for (const { stage, seconds } of runs) stages.set(stage, (stages.get(stage) ?? 0) + seconds);
  return stages;
}

/** Progress calls them after what they learn. */
const STAGE_OF_LEARNER = { sgns: 'vectors' };

/** Events a second of every learner that says how often it went over them. */
function learnerRows(learnt, runs) {
  const rates = {
    neighbors: 1,
    ...Object.fromEntries(learnt.learners.map((l) => [l.name, l.epochs])),
  };
  return Object.entries(rates).flatMap(([name, passes]) => {
    const run = runs.findLast(({ stage }) => stage === (STAGE_OF_LEARNER[name] ?? name));
    if (!run || !passes) return [];
    const rate = (passes * learnt.events) / run.seconds;
    return [
      [`${name}: ${passes} passes in ${run.seconds.toFixed(1)} s`, rate.toFixed(0), 'events/s', ''],
    ];
  });
}

/** What it learnt, so that fast is not empty: methods that find anything of the build's own validation. */
function validationRows({ validation }) {
  return Object.entries(validation)
    .filter(([, metrics]) => metrics?.['ndcg@10'] > 0)
    .map(([method, metrics]) => [
      `validation: ${method}`,
      metrics['ndcg@10'].toFixed(4),
      'NDCG@10',
      '',
    ]);
}

function costRows(cost) {
  if (!cost) return [];
  const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
  return [
    ['… processor time of both threads', cost.processorSeconds.toFixed(1), 's', ''],
    ['peak resident memory', megabytes(cost.bytes), 'MB', megabytes(LIMIT.bytes)],
  ];
}

const events = await largeEvents();
const snapshot = `${WORK}/large.rk`;
const { seconds, cost, runs } = await train(events, snapshot);
const { report: learnt } = JSON.parse(reckon('inspect', snapshot, '--json'));
const stages = [...secondsByStage(runs)];
report(
  'training.csv',
  ['what', 'value', 'unit', 'limit'],
  [
    ['trainer, native, 2 threads', seconds.toFixed(1), 's', LIMIT.seconds],
    ...costRows(cost),
    ...stages.map(([stage, spent]) => [`stage ${stage}, all runs`, spent.toFixed(1), 's', '']),
    ...learnerRows(learnt, runs),
    ...validationRows(learnt),
    ['snapshot', (statSync(snapshot).size / 1e6).toFixed(1), 'MB', ''],
  ],
  `${learnt.events} events, ${learnt.items} items, ${learnt.sessions} sessions, seed ${SHAPE.seed}`,
);
const judged = [['seconds', seconds, LIMIT.seconds]];
if (cost) judged.push(['bytes', cost.bytes, LIMIT.bytes]);
for (const [what, value, limit] of judged) {
  const word = value <= limit ? 'reached' : 'missed';
  console.log(`${what} ${value.toFixed(0)}, at most ${limit}: ${word}`);
}
