// Time of `session.recommend`, 20 of all items for a session of 5, in WebAssembly under Node, and the
// share of it that is C; size of the module.
//
//   node tests/bench/bench_recommend.js [--sessions 10000] [--seed N]        -> recommend.csv
//
// A session is 5 different items, drawn by popularity. Each is asked once, after a tenth as many that
// warm the compiler up; recording the events is not timed. The C part is timed at the one export that
// computes the answer: the engine is given an instance with a stopwatch on it.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { createEngine } from 'reckon';
import { benchSeed, inRepository, npmSnapshot, option, quantile, report } from './bench_tools.js';
import { drawSessions } from './drawn_sessions.js';

const SESSIONS = Number(option('sessions', 10_000));
const SESSION_ITEMS = 5;
const COUNT = 20;

let cMicroseconds = 0;
const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = async (module, imports) => {
  const { exports } = await instantiate(module, imports);
  const rk_wasm_recommend = (...args) => {
    const begin = performance.now();
    const status = exports.rk_wasm_recommend(...args);
    cMicroseconds = 1000 * (performance.now() - begin);
    return status;
  };
  return { exports: { ...exports, rk_wasm_recommend } };
};

function ask(engine, events) {
  const session = engine.session();
  for (const event of events) session.record({ ...event, at: 0 });
  const begin = performance.now();
  const answer = session.recommend({ count: COUNT });
  const wholeMicroseconds = 1000 * (performance.now() - begin);
  if (answer.items.length !== COUNT) throw new Error(`${answer.items.length} items`);
  return { whole: wholeMicroseconds, c: cMicroseconds };
}

const file = npmSnapshot();
const seed = benchSeed();
const snapshot = readFileSync(file);
const engine = await createEngine({ snapshot });
const sessions = drawSessions(snapshot, { seed, least: SESSION_ITEMS, most: SESSION_ITEMS });
for (let i = 0; i < SESSIONS / 10; i++) ask(engine, sessions.next().value);
const times = Array.from({ length: SESSIONS }, () => ask(engine, sessions.next().value));

const whole = times.map((time) => time.whole);
const c = times.map((time) => time.c);
const share = times.map((time) => time.c / time.whole);
const microseconds = (values) => [0.5, 0.99].map((q) => quantile(values, q).toFixed(0));
const module = readFileSync(inRepository('build/wasm/reckon.wasm'));
report(
  'recommend.csv',
  ['what', 'unit', 'p50', 'p99'],
  [
    ['session.recommend', 'µs', ...microseconds(whole)],
    ['of it rk_recommend in WebAssembly', 'µs', ...microseconds(c)],
    [
      'of it rk_recommend in WebAssembly',
      'share',
      ...[0.5, 0.99].map((q) => quantile(share, q).toFixed(3)),
    ],
    ['module', 'bytes', module.length, ''],
    ['module, gzip -9', 'bytes', gzipSync(module, { level: 9 }).length, ''],
    ['WebAssembly memory', 'bytes', engine.memoryBytes, ''],
  ],
  `${SESSIONS} sessions of ${SESSION_ITEMS}, ${COUNT} of ${engine.info.items} items, seed ${seed}`,
);
engine.dispose();
