// Rules alone: a list of 20 from 100 ranked candidates, in WebAssembly under Node.
//
//   node tests/bench/bench_rules.js [--lists 5000] [--seed N]               -> rules.csv
//
// The snapshot is shop_snapshot.js's; candidates are drawn evenly from its 100,000 items, so that their rows lie all
// over memory. Times are those of rk_rules_apply. Each list is asked of every document in turn within one run.
import { readFileSync } from 'node:fs';
import { createEngine } from 'reckon';
import { randomFrom } from '../data/generated_log.js';
import { readSnapshot } from '../reader/reader.js';
import { benchSeed, option, quantile, report } from './bench_tools.js';
import { buildShop } from './shop_snapshot.js';
import { timeRules } from './stopwatch.js';

const LISTS = Number(option('lists', 5000));
const [CANDIDATES, COUNT] = [100, 20];

const seed = benchSeed();
const random = randomFrom(seed);
const snapshot = readFileSync(buildShop());
const engine = await createEngine({ snapshot });
const ids = readSnapshot(snapshot).items;
const drawItem = () => ids[Math.floor(ids.length * random())];

const brand = (...numbers) => ({ attribute: 'brand', in: numbers.map((b) => `brand ${b}`) });
const DIVERSE = { name: 'variety', type: 'diversify', strength: 0.3 };
const SPREAD = { name: 'spread', type: 'cap', attribute: 'category', most: 1, window: 2 };
/** One of each kind, but those that bring items from elsewhere only once. */
const NINE = [
  { type: 'filter', where: { not: brand(19) } },
  { type: 'exclude', items: [drawItem(), drawItem()] },
  SPREAD,
  { type: 'cap', attribute: 'brand', most: 3 },
  { type: 'boost', where: brand(0, 1), places: 10 },
  { type: 'bury', where: { popularity: { max: 0.0001 } }, places: 5 },
  { type: 'pin', item: drawItem(), position: 3 },
  { type: 'share', where: brand(2, 3, 4), share: 0.2 },
  { type: 'fresh', days: 60, share: 0.1 },
];
const DOCUMENTS = [
  ['no rule', []],
  ['diversity', [DIVERSE]],
  ['a spread and diversity (as bench_funnel.js)', [SPREAD, DIVERSE]],
  ['nine rules', NINE],
  ['nine rules and diversity', [...NINE, DIVERSE]],
].map(([name, rules]) => ({ name, rules: engine.rules({ rules }), times: [] }));

const at = engine.info.createdAt;
for (let list = -LISTS / 10; list < LISTS; list++) {
  const candidates = new Set();
  while (candidates.size < CANDIDATES) candidates.add(drawItem());
  for (const { rules, times } of DOCUMENTS) {
    const { c, items } = timeRules(rules, candidates, { count: COUNT, seed: 1, at });
    if (items.length !== COUNT) throw new Error(`${items.length} items`);
    if (list >= 0) times.push(c);
  }
}

report(
  'rules.csv',
  ['rules', 'p10 µs', 'p50 µs', 'p99 µs'],
  DOCUMENTS.map(({ name, times }) => [
    name,
    ...[0.1, 0.5, 0.99].map((share) => quantile(times, share).toFixed(1)),
  ]),
  `${LISTS} lists, ${COUNT} of ${CANDIDATES} candidates among ${engine.info.items} items, seed ${seed}`,
);
for (const { rules } of DOCUMENTS) rules.dispose();
engine.dispose();
