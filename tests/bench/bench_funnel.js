// The whole funnel at the size of a shop: over 100,000 items, 1,000 candidates from seven sources, 100 ranked by
// the second stage with all features, rules with diversity, an answer of 20; in WebAssembly under Node. Target:
// p50 of at most 1 ms, p99 of at most 3 ms, without an allocation (tests/unit/test_no_allocation.c).
//
//   node tests/bench/bench_funnel.js [--sessions 5000] [--seed N]           -> funnel.csv
//
// The snapshot is shop_snapshot.js's, quotas and requests are bench_retrieval.js's, but that a session has also
// disliked an item, so that no feature of the ranker is idle. Times
// are those of rk_recommend; to say where the time goes, each session is asked one stage further each time, in turn
// within one run. Where other processes want the cores, what one query in a hundred takes is their doing: the last
// column leaves out when this process had none.
import { readFileSync } from 'node:fs';
import { createEngine } from 'reckon';
import { benchSeed, median, option, quantile, report } from './bench_tools.js';
import { drawSessions } from './drawn_sessions.js';
import { LIKED, QUOTAS, buildShop, visitorsOf } from './shop_snapshot.js';
import { timeRecommend } from './stopwatch.js';

const SESSIONS = Number(option('sessions', 5000));
const SESSION_ITEMS = 5;
const COUNT = 20;
const COUNTED = 200; // sessions whose candidates are counted
const TARGET_MS = { p50: 1, p99: 3 };
/** What a shop might ask for: nothing of one category twice in a row, and no monotony. */
const RULES = {
  rules: [
    { name: 'spread', type: 'cap', attribute: 'category', most: 1, window: 2 },
    { name: 'variety', type: 'diversify', strength: 0.3 },
  ],
};

const seed = benchSeed();
const snapshot = readFileSync(buildShop());
const engine = await createEngine({ snapshot });
if (engine.info.tasks.length === 0) throw new Error('the shop has no ranker');
const rules = engine.rules(RULES);
const ROWS = [
  ['retrieval', { stages: 'retrieval' }],
  ['+ first stage', { stages: 'first' }],
  ['+ second stage', { stages: 'second' }],
  ['+ rules', { stages: 'all', rules }],
];
const sessions = drawSessions(snapshot, {
  seed,
  least: SESSION_ITEMS + 1,
  most: SESSION_ITEMS + 1,
  among: LIKED,
});
const visitorOf = visitorsOf(seed);
const times = ROWS.map(() => []);
const cpuTimes = ROWS.map(() => []);
const handedOn = ROWS.map(() => []);
for (let round = -SESSIONS / 10; round < SESSIONS; round++) {
  const [disliked, ...liked] = sessions.next().value;
  const events = [{ ...disliked, event: 'see_less' }, ...liked];
  const visitor = visitorOf(events);
  ROWS.forEach(([, options], row) => {
    const { c, cpu, items, funnel } = timeRecommend(engine, events, {
      ...visitor,
      ...options,
      count: COUNT,
      quotas: QUOTAS,
      explain: round >= 0 && round < COUNTED,
    });
    if (items.length !== COUNT) throw new Error(`${items.length} items`);
    if (round < 0) return;
    times[row].push(c);
    cpuTimes[row].push(cpu);
    if (!funnel) return;
    handedOn[row].push([funnel.retrieved, funnel.first, funnel.second, funnel.answered][row]);
  });
}

report(
  'funnel.csv',
  ['stages', 'handed on', 'p10 µs', 'p50 µs', 'p99 µs', 'p99 CPU µs'],
  ROWS.map(([name], row) => [
    name,
    median(handedOn[row]),
    ...[0.1, 0.5, 0.99].map((share) => quantile(times[row], share).toFixed(0)),
    quantile(cpuTimes[row], 0.99).toFixed(0),
  ]),
  `${SESSIONS} sessions of ${SESSION_ITEMS} liked items, ${engine.info.items} items, dim ${engine.info.dim}, ` +
    `${engine.info.tasks.length} tasks, seed ${seed}`,
);
for (const [name, most] of Object.entries(TARGET_MS)) {
  const ms = quantile(times.at(-1), name === 'p50' ? 0.5 : 0.99) / 1000;
  console.log(
    `whole funnel: ${name} ${ms.toFixed(2)} ms; ${most} ms ${ms <= most ? 'reached' : 'missed'}`,
  );
}
rules.dispose();
engine.dispose();
