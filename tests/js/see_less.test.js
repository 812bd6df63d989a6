// "See less of this": the item is gone from the next list, and what is like it falls. Over a log of people who hide
// whole categories (tests/data/taste_log.js), through the public package.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createEngine } from 'reckon';
import { randomFrom } from '../data/generated_log.js';
import { runSeed, tasteSnapshot } from '../data/generated_snapshot.js';
import { CATEGORIES, ITEMS, tasteCategory, tasteItem } from '../data/taste_log.js';

const COUNT = 100; // what the second stage ranks
const START = Date.UTC(2025, 1, 1);

let engine;
before(async () => (engine = await createEngine({ snapshot: await tasteSnapshot() })));
after(() => engine?.dispose());

/** A session of [item, event]s, a minute apart. */
function sessionOf(events) {
  const session = engine.session();
  events.forEach(([item, event], n) => session.record({ item, event, at: START + n * 60e3 }));
  return session;
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** How the items of a category fare in a list: who is not in it has the place behind its end. */
function faring(items, category) {
  const [own, others] = [true, false].map((is) =>
    items.filter(({ item }) => (tasteCategory(item) === category) === is),
  );
  const behind = Array.from({ length: ITEMS - own.length }, () => items.length + 1);
  return {
    rank: mean([...own.map(({ rank }) => rank), ...behind]),
    lead: mean(own.map(({ score }) => score)) - mean(others.map(({ score }) => score)),
    dislike: mean(own.map(({ probabilities }) => probabilities.see_less)),
    like: mean(own.map(({ probabilities }) => probabilities.like)),
    shown: items.slice(0, 10).filter((row) => own.includes(row)).length,
  };
}

/** Sessions of somebody who meets two categories in turn: [events, the category of the next dislike, an item of it]. */
function meetings(seed) {
  const random = randomFrom(seed);
  const below = (n) => Math.floor(n * random());
  return Array.from({ length: 30 }, (_, n) => {
    const category = n % CATEGORIES;
    const other = (category + 1 + below(CATEGORIES - 1)) % CATEGORIES;
    const first = below(ITEMS - 3);
    const events = [
      [tasteItem(other, below(ITEMS)), 'like'],
      [tasteItem(category, first), 'click'],
      [tasteItem(other, below(ITEMS)), 'like'],
      [tasteItem(category, first + 1), 'click'],
    ];
    return { events, category: `k${category}`, item: tasteItem(category, first + 2) };
  });
}

test('the snapshot has learnt from dislikes', () => {
  const weights = Object.fromEntries(engine.info.tasks.map(({ name, weight }) => [name, weight]));
  assert.deepEqual(Object.keys(weights).sort(), ['click', 'like', 'see_less']);
  assert.ok(weights.see_less < 0 && weights.like > 0);
});

test('see_less drops the item and visibly lowers its like in the next list', () => {
  const seed = runSeed();
  const falls = meetings(seed).map(({ events, category, item }) => {
    const session = sessionOf(events);
    const before = session.recommend({ count: COUNT }).items;
    session.record({ item, event: 'see_less', at: START + 300e3 });
    const after = session.recommend({ count: COUNT }).items;
    assert.ok(!after.some((row) => row.item === item), `seed ${seed}: ${item} is still there`);
    return [faring(before, category), faring(after, category)];
  });
  const [before, after] = [0, 1].map((which) => (name) => mean(falls.map((f) => f[which][name])));
  const every = (name, holds) => falls.every(([then, now]) => holds(then[name], now[name]));
  const told = `seed ${seed}: ${JSON.stringify(falls)}`;
  assert.ok(every('rank', (then, now) => now > then) && after('rank') > before('rank') + 20, told);
  assert.ok(
    every('lead', (then, now) => now < then),
    told,
  );
  assert.ok(after('dislike') > 3 * before('dislike') && after('like') < before('like') / 2, told);
  assert.ok(before('shown') >= 2 && after('shown') < 0.5, told);
});

test('it does so for a visitor whose only event it is', () => {
  for (let category = 0; category < CATEGORIES; category++) {
    const kind = `k${category}`;
    const others = Array.from({ length: CATEGORIES }, (_, c) => c).filter((c) => c !== category);
    const rankAfter = (c) => {
      const item = tasteItem(c, 5);
      const { items } = sessionOf([[item, 'see_less']]).recommend({ count: COUNT });
      assert.ok(!items.some((row) => row.item === item));
      return faring(items, kind).rank;
    };
    const elsewhere = mean(others.slice(0, 3).map(rankAfter));
    assert.ok(rankAfter(category) > elsewhere + 5, `${kind} ${rankAfter(category)} ${elsewhere}`);
  }
});

test('a disliked item stays away whatever else happens to it', () => {
  const item = tasteItem(3, 0);
  const events = [
    [item, 'like'],
    [item, 'see_less'],
    [item, 'like'],
  ];
  const { items } = sessionOf(events).recommend({ count: 240, keepSeen: true });
  assert.ok(!items.some((row) => row.item === item));
  const rules = { rules: [{ type: 'pin', item, position: 1 }] };
  const pinned = sessionOf(events).recommend({ count: 20, keepSeen: true, rules }).items;
  assert.ok(!pinned.some((row) => row.item === item), 'not even if it is pinned');
});

test('the weight of see_less decides: who values it gets what was held back', () => {
  const [{ events, category, item }] = meetings(5);
  const session = sessionOf([...events, [item, 'see_less']]);
  const rank = (weight) =>
    faring(
      session.recommend({ count: COUNT, weights: { like: 0, click: 0, see_less: weight } }).items,
      category,
    ).rank;
  assert.ok(rank(-1) > rank(1) + 20, `${rank(-1)} ${rank(1)}`);
});

test('a dislike and what was seen are remembered beyond the most recent 1,024 events', () => {
  const [disliked, liked] = [tasteItem(3, 2), tasteItem(3, 4)];
  const session = sessionOf([
    [disliked, 'see_less'],
    [liked, 'like'],
    ...Array.from({ length: 1030 }, (_, n) => [tasteItem(n % 3, n % ITEMS), 'click']),
  ]);
  const stored = JSON.parse(JSON.stringify(session.export()));
  const rules = { rules: [{ name: 'once', type: 'seen' }] };
  const filter = { items: [disliked, liked, tasteItem(3, 5)] };
  for (const asked of [session, engine.session({ restore: stored })]) {
    const list = (options) =>
      asked.recommend({ filter, ...options }).items.map(({ item }) => item).sort(); // prettier-ignore
    assert.equal(asked.size, 1024);
    assert.deepEqual(list({}), [tasteItem(3, 5)]);
    assert.deepEqual(list({ keepSeen: true }), [liked, tasteItem(3, 5)]);
    assert.deepEqual(list({ keepSeen: true, rules }), [tasteItem(3, 5)]);
    assert.deepEqual(list({ keepSeen: true }), [liked, tasteItem(3, 5)], 'nothing stays blocked');
    asked.forget();
    assert.deepEqual(list({}), [disliked, liked, tasteItem(3, 5)]);
  }
  assert.throws(() => engine.session({ restore: { ...stored, disliked: [5] } }), {
    argument: 'restore.disliked',
  });
});
