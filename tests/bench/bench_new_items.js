// New items: how many impressions it takes until a good one stands where it belongs, by the bandit's slots and by
// uniform exploration of the same share of slots.
//
//   node tests/bench/bench_new_items.js [--seeds 101,102,103]         -> new_items.csv
//
// tests/simulator says who the people are: hidden tastes over real npm packages and the words of their names. A
// snapshot is learnt from simulated baskets; then a new package comes every 200 impressions by engine.addItems, one
// in ten of them good, and visitors with two clicks get lists of ten, one slot of which explores, and click what they
// like. Every 100 impressions the new items so far are ranked by their posterior means. A good item has its fair rank
// when it is at most a twentieth of them (and 2 places) below the one that its true chance deserves, at this check and
// the two after, and has had 20 impressions, so that it is not the prior that put it there. What counts is the impressions of all slots from its arrival until then, and the same with
// uniform draws over all new items; items of the first and the last tenth of the arrivals are not counted, since neither
// policy is then in its course. Both policies meet the same people. Defaults of the engine but that nothing is forgotten.
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { CONFIG, World, wordsOf } from '../simulator/world.js';
import { WORK, make, npmGraph, option, reckon, report } from './bench_tools.js';

const SEEDS = option('seeds', '101,102,103').split(',').map(Number);
const CHECK_EVERY = 100;
const LEAST_IMPRESSIONS = 20;
const POLICIES = {
  bandit: {},
  uniform: { uniform: 1, impressions: 0, most: 0 },
};
const MOST_RATIO = 1 / 3;

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Names of the npm graph, most depended on first. */
async function popularNames(count) {
  const text = gunzipSync(readFileSync(await npmGraph('depend'))).toString();
  const baskets = new Map();
  for (const line of text.split('\n').slice(1)) {
    const item = line.split(',')[1];
    if (item) baskets.set(item, (baskets.get(item) ?? 0) + 1);
  }
  const byBaskets = ([a, m], [b, n]) => n - m || (a < b ? -1 : 1);
  return [...baskets]
    .sort(byBaskets)
    .slice(0, count)
    .map(([name]) => name);
}

/** What was known before any of the new items came. */
function snapshotOf(world, seed) {
  const [log, items, out] = ['log.csv', 'items.csv', 'world.rk'].map(
    (name) => `${WORK}/new-items-${seed}-${name}`,
  );
  writeFileSync(log, world.log());
  writeFileSync(items, world.catalogue());
  const map = 'user=user,item=item,time=time,attr.words=words:tags';
  reckon('build', log, '--items', items, '--map', map, '--out', out, '--json');
  return out;
}

/** 1-based places by value, the largest first. */
function places(values) {
  const order = values.map((value, i) => [value, i]).sort(([a, i], [b, j]) => b - a || i - j);
  const place = [];
  order.forEach(([, i], at) => (place[i] = at + 1));
  return place;
}

/** Of each new item whether it stood right, at every check since it came. */
function standings(engine, world, deserved, arrived, checks) {
  const names = world.fresh.slice(0, arrived).map(({ name }) => name);
  const fair = places(deserved.slice(0, arrived));
  const known = names.map((name) => engine.statistics.of(name));
  const now = places(known.map(({ posterior: { alpha, beta } }) => alpha / (alpha + beta)));
  const tolerance = 2 + arrived / 20;
  known.forEach(({ impressions }, i) => {
    const isRight = impressions >= LEAST_IMPRESSIONS && now[i] <= fair[i] + tolerance;
    (checks[i] ??= []).push(isRight);
  });
}

async function simulate(createEngine, { world, snapshot, deserved, policy, seed }) {
  const { clicksOfVisitor, listLength, exploreEvery, arrivalEvery, newItems } = world.config;
  // Without forgetting, or impressions would be of the device's clock.
  const engine = await createEngine({
    snapshot,
    explore: { ...POLICIES[policy], halfLifeDays: 0 },
  });
  const rules = { rules: [{ type: 'explore', every: exploreEvery }] };
  const checks = [];
  let [impressions, clicks, arrived] = [0, 0, 0];
  for (let visitor = 0; impressions < newItems * arrivalEvery; visitor++) {
    while (arrived * arrivalEvery <= impressions && arrived < newItems) {
      const { name } = world.fresh[arrived++];
      engine.addItems([{ item: name, attributes: { words: wordsOf(name) } }]);
    }
    const person = world.person();
    const session = engine.session({ seed: (seed * 1_000_003 + visitor) % 2 ** 32 });
    for (const { name } of world.taken(person, clicksOfVisitor)) session.record({ item: name });
    const { items, id } = session.recommend({ count: listLength, rules });
    for (const { item, propensity } of items) {
      if (propensity === undefined) continue;
      const isClicked = world.clicks(person, world.byName.get(item));
      if (isClicked) session.feedback(id, { item });
      clicks += isClicked;
      if (++impressions % CHECK_EVERY === 0) standings(engine, world, deserved, arrived, checks);
    }
  }
  engine.dispose();
  return { checks, clicks: clicks / impressions };
}

/** Impressions from arrival until three checks running were right; all there were if they never are. */
function untilRight(rights) {
  const first = rights.findIndex((_, at) => rights[at + 2] && rights[at + 1] && rights[at]);
  return {
    impressions: (first === -1 ? rights.length : first + 1) * CHECK_EVERY,
    never: first === -1,
  };
}

make('build');
const { createEngine } = await import('reckon');
const names = await popularNames(CONFIG.packages);
const rows = [];
let isReached = true;
for (const seed of SEEDS) {
  const ready = new World(names, seed);
  const snapshot = snapshotOf(ready, seed);
  const deserved = ready.deserts();
  const count = deserved.length;
  const overall = places(deserved);
  const good = deserved.flatMap((_, i) => {
    const isCounted = i >= count / 10 && i < (9 * count) / 10;
    return isCounted && overall[i] <= CONFIG.goodShare * count ? [i] : [];
  });
  const means = {};
  for (const policy of Object.keys(POLICIES)) {
    // The same world from the same draws, so that both policies meet the same people.
    const world = new World(names, seed);
    world.log();
    world.deserts();
    const { checks, clicks } = await simulate(createEngine, {
      world,
      snapshot,
      deserved,
      policy,
      seed,
    });
    const until = good.map((i) => untilRight(checks[i]));
    means[policy] = mean(until.map(({ impressions }) => impressions));
    const never = until.filter((one) => one.never).length;
    const share = `${(100 * clicks).toFixed(2)} %`;
    rows.push([seed, policy, good.length, Math.round(means[policy]), never, share]);
  }
  const ratio = means.bandit / means.uniform;
  isReached &&= ratio <= MOST_RATIO;
  console.log(`seed ${seed}: ${ratio.toFixed(3)} of the impressions of uniform exploration`);
}
report(
  'new_items.csv',
  ['seed', 'policy', 'good items', 'impressions until fair rank', 'never', 'slots clicked'],
  rows,
);
console.log(`at most a third, every seed: ${isReached ? 'reached' : 'missed'}`);
