// New items: how many impressions it takes until a good one stands where it belongs, by the bandit's slots and by
// uniform exploration of the same share of slots.
//
//   node tests/bench/bench_new_items.js [--seeds 101,102,103] [--impressions 40000]
//                -> new_items.csv, new_items.svg
//
// tests/simulator says who the people are: hidden tastes over real npm packages and the words of their names.
// Packages without any event are added to a snapshot learnt from simulated baskets; visitors with a click or two
// get lists of ten, one slot of which explores, and click what they like. Every 500 impressions the new items are
// ranked by their posterior means. A good item has its fair rank when it is at most 5 places (of 100) below the one
// that its true chance deserves, at this check and the two after; what counts is the impressions of all
// slots until then. Both policies meet the same people. Defaults of the engine; the seeds are not those it was
// tuned on (1 to 3).
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { gunzipSync } from 'node:zlib';
import { CONFIG, World } from '../simulator/world.js';
import { WORK, make, npmGraph, option, reckon, report } from './bench_tools.js';

const SEEDS = option('seeds', '101,102,103').split(',').map(Number);
const IMPRESSIONS = Number(option('impressions', '40000'));
const EVERY = 500;
const TOLERANCE = 5;
const POLICIES = JSON.parse(process.env.POL ?? 'null') ?? {
  bandit: {},
  uniform: { uniform: 1, impressions: 0 },
};

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

function snapshotOf(world, seed) {
  const [log, items, out] = ['log.csv', 'items.csv', 'world.rk'].map(
    (name) => `${WORK}/new-items-${seed}-${name}`,
  );
  writeFileSync(log, world.log());
  writeFileSync(items, world.catalogue());
  const map = 'user=user,item=item,time=time,attr.words=words:tags';
  if (process.env.REUSE && existsSync(out)) return out;
  reckon('build', log, '--items', items, '--map', map, '--out', out, '--json');
  return out;
}

/** 1-based places by value, the largest first. */
function places(values) {
  const order = values.map((value, i) => [value, i]).sort(([a, i], [b, j]) => b - a || i - j);
  const place = new Array(values.length);
  order.forEach(([, i], at) => (place[i] = at + 1));
  return place;
}

async function simulate(createEngine, { world, snapshot, fair, good, policy, seed }) {
  const engine = await createEngine({ snapshot, explore: POLICIES[policy] });
  const { clicksOfVisitor, listLength, exploreEvery } = world.config;
  const rules = engine.rules({ rules: [{ type: 'explore', every: exploreEvery }] });
  const checks = [];
  let [impressions, clicks, visitor] = [0, 0, 0];
  while (impressions < IMPRESSIONS) {
    const person = world.person();
    const session = engine.session({ seed: (seed * 1_000_003 + visitor++) % 2 ** 32 });
    for (const { name } of world.taken(person, clicksOfVisitor)) session.record({ item: name });
    const { items, id } = session.recommend({ count: listLength, rules });
    for (const { item, propensity } of items) {
      if (propensity === undefined) continue;
      const isClicked = world.clicks(person, world.byName.get(item));
      if (isClicked) session.feedback(id, { item });
      clicks += isClicked;
      if (++impressions % EVERY === 0) {
        const means = world.fresh.map(({ name }) => {
          const { alpha, beta } = engine.statistics.of(name).posterior;
          return alpha / (alpha + beta);
        });
        const at = places(means);
        const right = good.map((i) => at[i] <= fair[i] + TOLERANCE);
        checks.push({ impressions, right, clicks });
      }
    }
  }
  if (process.env.SHOW) {
    const m = world.fresh.map(({ name }, i) => ({
      i,
      fair: fair[i],
      ...engine.statistics.of(name),
    }));
    m.sort((a, b) => a.fair - b.fair);
    for (const x of m.slice(0, 16))
      console.log(
        x.fair,
        x.impressions.toFixed(0),
        x.rewards.toFixed(0),
        (x.posterior.alpha / (x.posterior.alpha + x.posterior.beta)).toFixed(4),
      );
  }
  engine.dispose();
  return checks;
}

/** Impressions until each good item is right at three checks running; the horizon where it never is. */
const untilRight = (checks, good) =>
  good.map((_, g) => {
    const first = checks.findIndex((_, c) =>
      [c, c + 1, c + 2].every((at) => checks[Math.min(at, checks.length - 1)].right[g]),
    );
    return first === -1 ? IMPRESSIONS : checks[first].impressions;
  });

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

make('build');
const { createEngine } = await import('reckon');
const rows = [];
const curves = [];
let allReached = true;
for (const seed of SEEDS) {
  const names = await popularNames(CONFIG.packages);
  const ready = new World(names, seed);
  const snapshot = snapshotOf(ready, seed);
  const deserved = ready.deserts();
  console.log(
    [...deserved]
      .sort((a, b) => b - a)
      .filter((_, i) => i % 12 === 0 || i < 12)
      .map((x) => x.toFixed(4))
      .join(' '),
  );
  const fair = places(deserved);
  const good = deserved.flatMap((_, i) =>
    fair[i] <= ready.config.goodShare * fair.length ? [i] : [],
  );
  const means = {};
  for (const policy of Object.keys(POLICIES)) {
    // The same world from the same draws, so that both policies meet the same people.
    const world = new World(names, seed);
    world.log();
    world.deserts();
    const checks = await simulate(createEngine, { world, snapshot, fair, good, policy, seed });
    const until = untilRight(checks, good);
    means[policy] = mean(until);
    const clicks = checks.at(-1).clicks / checks.at(-1).impressions;
    const reached = until.filter((value) => value < IMPRESSIONS).length;
    console.log(
      `seed ${seed}, ${policy}: ${Math.round(means[policy])} impressions until a good item has its rank ` +
        `(${reached} of ${good.length} by ${IMPRESSIONS}); slots clicked ${(100 * clicks).toFixed(2)} %`,
    );
    rows.push({
      seed,
      policy,
      impressions: Math.round(means[policy]),
      reached,
      good: good.length,
      clicks,
    });
    for (const { impressions, right } of checks)
      curves.push({ seed, policy, impressions, right: mean(right.map(Number)) });
  }
  const ratio = means.bandit / means.uniform;
  const isReached = ratio <= 1 / 3;
  allReached &&= isReached;
  console.log(
    `seed ${seed}: ratio ${ratio.toFixed(3)}, at most 1/3: ${isReached ? 'reached' : 'missed'}`,
  );
}
report('new_items.csv', Object.keys(rows[0]), rows);
console.log(`all seeds: ${allReached ? 'reached' : 'missed'}`);
