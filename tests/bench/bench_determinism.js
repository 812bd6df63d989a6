// The same bytes from every host: snapshots trained natively and under WASI at 1, 2 and 3 threads, and
// answers of the native command, of the same command under WASI, and of the engine package.
//
//   node tests/bench/bench_determinism.js [--sessions 1000] [--seed N] [--log generated|npm]
//                                                                             -> determinism.csv
//
// Snapshots go through the public command. An answer is 20 items with the bits of their scores, for a
// session of up to 12 events. A difference ends with exit status 1.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createEngine } from 'reckon';
import { generatedLog } from '../data/generated_log.js';
import {
  NPM_CONFIG,
  benchSeed,
  WORK,
  eventsFile,
  npmGraph,
  option,
  reckon,
  report,
  runC,
} from './bench_tools.js';
import { drawSessions } from './drawn_sessions.js';

const COUNT = 20;
const HOSTS = { native: 'native/reckon-cli', wasi: 'wasi/reckon-cli.wasm' };
const LOGS = {
  generated: { write: writeGeneratedLog, options: [] },
  npm: { write: npmGraph, options: ['--config', NPM_CONFIG] },
};
const sessionCount = Number(option('sessions', 1000));
const wanted = option('log');
const seed = benchSeed();
const sha256 = (data) => createHash('sha256').update(data).digest('hex');

/** Large enough that every shard has work in every step. */
function writeGeneratedLog() {
  const file = `${WORK}/generated.csv`;
  writeFileSync(file, generatedLog({ seed, sessions: 10_000, items: 2_000, clusters: 40 }));
  return file;
}

const rows = [];
let differences = 0;
function compare(log, what, hosts) {
  const [first] = hosts;
  for (const [host, threads, digest] of hosts) {
    const same = digest === first[2];
    differences += same ? 0 : 1;
    rows.push([log, what, host, threads, digest, same ? 'same' : 'DIFFERENT']);
    console.log(`${log}: ${what}, ${host}${threads && `, threads ${threads}`}: ${digest}`);
  }
}

function compareSnapshots(name, log, options) {
  const hosts = [];
  let snapshot;
  for (const host of Object.keys(HOSTS)) {
    for (const threads of ['1', '2', '3']) {
      snapshot = `${WORK}/${name}-${host}-${threads}.rk`;
      reckon('build', log, ...options, '--out', snapshot, '--trainer', host, '--threads', threads);
      hosts.push([host, threads, sha256(readFileSync(snapshot))]);
    }
  }
  compare(name, 'snapshot', hosts);
  return snapshot;
}

const csvField = (text) => `"${text.replaceAll('"', '""')}"`;

/** The sessions as the C command reads them. */
function sessionsFile(name, sessions) {
  const file = `${WORK}/${name}-sessions.csv`;
  const lines = sessions.flatMap((events, s) =>
    events.map(({ item, event }) => `s${s},${csvField(item)},${csvField(event)}\n`),
  );
  writeFileSync(file, `session,item,event\n${lines.join('')}`);
  return eventsFile(file, `${name}-sessions`);
}

const scoreBits = (score) => {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, score);
  return view.getUint32(0).toString(16).padStart(8, '0');
};

async function engineAnswers(snapshot, sessions) {
  const engine = await createEngine({ snapshot });
  const lines = sessions.flatMap((events, s) => {
    const session = engine.session();
    for (const event of events) session.record({ ...event, at: 0 });
    const { items } = session.recommend({ count: COUNT });
    return items.map(({ item, rank, score }) => [`s${s}`, rank, item, scoreBits(score)].join('\t'));
  });
  engine.dispose();
  return lines;
}

/** Its lines also have the score in decimal, which nothing else prints. */
function commandAnswers(host, snapshot, sessions) {
  const args = ['recommend', snapshot, '--sessions', sessions, '--count', String(COUNT)];
  const lines = runC(HOSTS[host], ...args)
    .trimEnd()
    .split('\n');
  return lines.map((line) => line.replace(/\t[^\t]*(?=\t[^\t]*$)/, ''));
}

async function compareAnswers(name, snapshot) {
  const drawn = drawSessions(readFileSync(snapshot), { seed, least: 1, most: 12 });
  const sessions = Array.from({ length: sessionCount }, () => drawn.next().value);
  const file = sessionsFile(name, sessions);
  const answers = [
    ['native', commandAnswers('native', snapshot, file)],
    ['wasi', commandAnswers('wasi', snapshot, file)],
    ['engine', await engineAnswers(snapshot, sessions)],
  ];
  const what = `top-${COUNT} of ${sessionCount} sessions`;
  for (const [host, lines] of answers) {
    if (lines.length !== COUNT * sessionCount) throw new Error(`${host}: ${lines.length} answers`);
  }
  compare(
    name,
    what,
    answers.map(([host, lines]) => [host, '', sha256(lines.join('\n'))]),
  );
}

for (const [name, { write, options }] of Object.entries(LOGS)) {
  if (wanted !== undefined && name !== wanted) continue;
  await compareAnswers(name, compareSnapshots(name, await write(), options));
}
const columns = ['log', 'what', 'host', 'threads', 'sha256', 'verdict'];
report('determinism.csv', columns, rows, `seed ${seed}`);
console.log(differences ? `${differences} DIFFERENT` : 'everything is the same, bit for bit');
process.exitCode = differences ? 1 : 0;
