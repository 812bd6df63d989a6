// Retrieval at the size of a shop: 1,000 candidates from all seven sources over 100,000 items of 64 dimensions,
// in WebAssembly under Node. Target: p50 of at most 0.5 ms, without an allocation (that no query allocates is
// tests/unit/test_no_allocation.c).
//
//   node tests/bench/bench_retrieval.js [--sessions 5000] [--seed N]        -> retrieval.csv
//
// The snapshot is shop_snapshot.js's. A request is five events, the place of one of them, a country and a
// device.
//
// Times are those of rk_recommend, everything between request and answer: sources, merge, scores of every
// candidate by every source (each has a weight), blend, the best 20. To say where the time goes, each session
// is asked with one source after the other added, in turn within one run; a source that is not yet added takes
// no part. How many candidates there were is what each source brings when it is asked alone, without doubles.
import { readFileSync } from 'node:fs';
import { createEngine } from 'reckon';
import { benchSeed, median, option, quantile, report } from './bench_tools.js';
import { drawSessions } from './drawn_sessions.js';
import { LIKED, QUOTAS, buildShop, visitorsOf } from './shop_snapshot.js';
import { timeRecommend } from './stopwatch.js';

const SESSIONS = Number(option('sessions', 5000));
const SESSION_ITEMS = 5;
const COUNT = 20;
const MOST_ITEMS = 1000;
const COUNTED = 200; // sessions whose candidates are counted
const TARGET_MS = 0.5;
/** [name, quotas, weights], each with one source more. */
function stages(none) {
  const [quotas, weights, rows] = [{ ...none }, { ...none }, []];
  for (const [name, quota] of Object.entries(QUOTAS)) {
    quotas[name] = quota;
    weights[name] = 1;
    rows.push([name, { ...quotas }, { ...weights }]);
  }
  return rows;
}

/** Adds the items that `name` alone brings. `popular` fills an answer beyond its quota, hence the rank. */
function addItems(found, engine, events, visitor, name, none) {
  const quotas = { ...none, [name]: QUOTAS[name] };
  const options = { ...visitor, count: MOST_ITEMS, quotas, stages: 'retrieval' };
  for (const { item, sources } of timeRecommend(engine, events, options).items) {
    const own = sources.find((source) => source.name === name);
    if (own?.rank <= QUOTAS[name]) found.add(item);
  }
}

const file = buildShop();
const seed = benchSeed();
const snapshot = readFileSync(file);
const engine = await createEngine({ snapshot });
const off = engine.info.sources.filter(({ unavailable }) => unavailable);
if (off.length > 0) throw new Error(`off: ${off.map(({ name }) => name).join(', ')}`);
const none = Object.fromEntries(engine.info.sources.map(({ name }) => [name, 0]));
const rows = stages(none);
const sessions = drawSessions(snapshot, {
  seed,
  least: SESSION_ITEMS,
  most: SESSION_ITEMS,
  among: LIKED,
});
const visitorOf = visitorsOf(seed);
const times = rows.map(() => []);
const candidates = rows.map(() => []);
for (let round = -SESSIONS / 10; round < SESSIONS; round++) {
  const events = sessions.next().value;
  const visitor = visitorOf(events);
  const found = new Set();
  rows.forEach(([name, quotas, weights], row) => {
    const options = {
      ...visitor,
      count: COUNT,
      quotas,
      sourceWeights: weights,
      stages: 'retrieval',
    };
    const { c, items } = timeRecommend(engine, events, options);
    if (items.length !== COUNT) throw new Error(`${items.length} items`);
    if (round >= 0) times[row].push(c);
    if (round < 0 || round >= COUNTED) return;
    addItems(found, engine, events, visitor, name, none);
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
const merged = median(candidates.at(-1));
console.log(
  `all sources: ${merged} candidates, p50 ${p50.toFixed(2)} ms; ${TARGET_MS} ms ${p50 <= TARGET_MS ? 'reached' : 'missed'}`,
);
if (merged < MOST_ITEMS) throw new Error(`${merged} candidates are not ${MOST_ITEMS}`);
engine.dispose();
