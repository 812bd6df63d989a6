// Time of `session.recommend`, 20 of all items for a session of 5, in WebAssembly under Node, and the
// share of it that is C; size of the module.
//
//   node tests/bench/bench_recommend.js [--sessions 10000] [--seed N]        -> recommend.csv
//
// A session is 5 different items, drawn by popularity. Each is asked once, after a tenth as many that
// warm the compiler up; recording the events is not timed. The C part is timed by stopwatch.js.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { createEngine } from 'reckon';
import { benchSeed, inRepository, npmSnapshot, option, quantile, report } from './bench_tools.js';
import { drawSessions } from './drawn_sessions.js';
import { timeRecommend } from './stopwatch.js';

const SESSIONS = Number(option('sessions', 10_000));
const SESSION_ITEMS = 5;
const COUNT = 20;

function ask(engine, events) {
  const time = timeRecommend(engine, events, { count: COUNT });
  if (time.items.length !== COUNT) throw new Error(`${time.items.length} items`);
  return time;
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
