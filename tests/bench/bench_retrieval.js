// Retrieval at the size of a shop: 1,000 candidates from every source over 100,000 items of 64
// dimensions, in WebAssembly under Node. Target: p50 of at most 0.5 ms, without an allocation (that no
// query allocates is tests/unit/test_no_allocation.c).
//
//   node tests/bench/bench_retrieval.js [--sessions 5000] [--seed N]        -> retrieval.csv
//
// The snapshot is built once by the public command from a generated log and kept under build/bench (a few
// minutes). Times are those of rk_recommend, everything between request and answer: sources, merge,
// scores of every candidate by every source, blend, the best 20. To say where the time goes, each session
// is asked with the quotas of one source after the other added, in turn within one run; a source
// without a quota still scores what the others brought. How many candidates there were is what each
// source brings when it is asked alone, without doubles.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createEngine } from 'reckon';
import { generatedItems, generatedLog } from '../data/generated_log.js';
import { WORK, benchSeed, median, option, quantile, reckon, report } from './bench_tools.js';
import { drawSessions } from './drawn_sessions.js';
import { timeRecommend } from './stopwatch.js';

const SHAPE = { seed: 1, items: 100_000, clusters: 1000, sessions: 250_000 };
const SESSIONS = Number(option('sessions', 5000));
const SESSION_ITEMS = 5;
const COUNT = 20;
const MOST_ITEMS = 1000;
const COUNTED = 200; // sessions whose candidates are counted
const TARGET_MS = 0.5;
/** Quotas by source, in the order they are added. Together about 1,000 different items. */
const QUOTAS = { popular: 450, similar: 200, session: 450 };

function buildSnapshot() {
  const [file, log, items] = ['rk', 'csv', 'items.csv'].map((end) => `${WORK}/retrieval.${end}`);
  if (existsSync(file)) return file;
  writeFileSync(log, generatedLog(SHAPE));
  writeFileSync(items, generatedItems(SHAPE));
  reckon('build', log, '--items', items, '--out', file, '--region', 'bench', '--seed', '1');
  return file;
}

/** [name, quotas], each with one source more. */
function stages(none) {
  const [quotas, rows] = [{ ...none }, []];
  for (const [name, quota] of Object.entries(QUOTAS)) {
    quotas[name] = quota;
    rows.push([name, { ...quotas }]);
  }
  return rows;
}

/** Adds the items that `name` alone brings. `popular` fills an answer beyond its quota, hence the rank. */
function addItems(found, engine, events, name, none) {
  const quotas = { ...none, [name]: QUOTAS[name] };
  for (const { item, sources } of timeRecommend(engine, events, { count: MOST_ITEMS, quotas })
    .items) {
    const own = sources.find((source) => source.name === name);
    if (own?.rank <= QUOTAS[name]) found.add(item);
  }
}

const file = buildSnapshot();
const seed = benchSeed();
const snapshot = readFileSync(file);
const engine = await createEngine({ snapshot });
const none = Object.fromEntries(engine.info.sources.map(({ name }) => [name, 0]));
const rows = stages(none);
const sessions = drawSessions(snapshot, { seed, least: SESSION_ITEMS, most: SESSION_ITEMS });
const times = rows.map(() => []);
const candidates = rows.map(() => []);
for (let round = -SESSIONS / 10; round < SESSIONS; round++) {
  const events = sessions.next().value;
  const found = new Set();
  rows.forEach(([name, quotas], row) => {
    const { c } = timeRecommend(engine, events, { count: COUNT, quotas });
    if (round >= 0) times[row].push(c);
    if (round < 0 || round >= COUNTED) return;
    addItems(found, engine, events, name, none);
    candidates[row].push(found.size);
  });
}

report(
  'retrieval.csv',
  ['sources', 'quota', 'candidates', 'p50 µs', 'p99 µs'],
  rows.map(([name, quotas], row) => [
    row === 0 ? name : `+ ${name}`,
    Object.values(quotas).reduce((sum, quota) => sum + quota, 0),
    median(candidates[row]),
    quantile(times[row], 0.5).toFixed(0),
    quantile(times[row], 0.99).toFixed(0),
  ]),
  `${SESSIONS} sessions of ${SESSION_ITEMS}, ${engine.info.items} items, dim ${engine.info.dim}, seed ${seed}`,
);
const p50 = quantile(times.at(-1), 0.5) / 1000;
console.log(
  `all sources: p50 ${p50.toFixed(2)} ms; ${TARGET_MS} ms ${p50 <= TARGET_MS ? 'reached' : 'missed'}`,
);
engine.dispose();
