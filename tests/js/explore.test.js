// Explore slots through the public package: what they draw, what feedback makes of it, and how statistics travel.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createEngine } from 'reckon';
import { generatedSnapshot, runSeed } from '../data/generated_snapshot.js';

const RULES = { rules: [{ type: 'explore', every: 3 }] };
const NOW = Date.UTC(2025, 5, 1);
const seed = runSeed();

let snapshot;
let engine;
before(async () => {
  snapshot = await generatedSnapshot();
  engine = await createEngine({ snapshot });
});
const opened = [];
after(() => [engine, ...opened].forEach((each) => each?.dispose()));

const drawn = ({ items }) => items.filter(({ propensity }) => propensity !== undefined);
/** An engine that has learnt nothing yet. */
async function fresh(options = {}) {
  const made = await createEngine({ snapshot, ...options });
  opened.push(made);
  return made;
}

test('slots draw items with known propensities, and impressions count once', async () => {
  const own = await fresh();
  const session = own.session({ seed: seed % 1000 });
  const list = session.recommend({ count: 12, rules: RULES, at: NOW });
  const slots = drawn(list);
  assert.deepEqual(
    slots.map(({ rank }) => rank),
    [3, 6, 9, 12],
  );
  for (const { item, propensity } of slots) {
    assert.ok(propensity > 0 && propensity <= 1);
    assert.equal(own.statistics.of(item).impressions, 1);
    assert.equal(own.statistics.of(item).rewards, 0);
  }
  const [other] = list.items.filter(({ propensity }) => propensity === undefined);
  assert.equal(own.statistics.of(other.item).impressions, 0);
});

test('a preview counts nothing', async () => {
  const own = await fresh();
  const list = own.session().recommend({ count: 6, rules: RULES, preview: true });
  assert.ok(drawn(list).length > 0);
  for (const { item } of drawn(list)) assert.equal(own.statistics.of(item).impressions, 0);
  assert.equal(own.statistics.freeze(), undefined);
});

test('feedback is an event of the session, and a reward of what a slot drew, once', async () => {
  const own = await fresh();
  const session = own.session({ seed: 3 });
  const list = session.recommend({ count: 6, rules: RULES, at: NOW });
  const [first, second] = drawn(list);
  const plain = list.items.find(({ propensity }) => propensity === undefined);
  assert.equal(session.feedback(list.id, { item: first.item }), true);
  assert.equal(session.feedback(list.id, { item: first.item }), false);
  assert.equal(session.feedback(list.id, { item: plain.item }), false);
  assert.equal(session.feedback('another list', { item: second.item }), false);
  assert.equal(session.size, 4);
  assert.equal(own.statistics.of(first.item).rewards, 1);
  assert.equal(own.statistics.of(second.item).rewards, 0);
  const { posterior } = own.statistics.of(first.item);
  const before = own.statistics.of(second.item).posterior;
  assert.ok(
    posterior.alpha / (posterior.alpha + posterior.beta) >
      before.alpha / (before.alpha + before.beta),
  );
});

test('feedback may come after a reload, from the exported session', async () => {
  const own = await fresh();
  const session = own.session({ seed: 4 });
  const list = session.recommend({ count: 6, rules: RULES, at: NOW });
  const [first] = drawn(list);
  const restored = own.session({ restore: JSON.parse(JSON.stringify(session.export())) });
  assert.equal(restored.feedback(list.id, { item: first.item }), true);
  session.forget();
  assert.equal(session.feedback(list.id, { item: first.item }), false);
});

test('rewarded items are drawn more often, ignored ones less', async () => {
  const own = await fresh({ explore: { impressions: 0, most: 0 } });
  const count = (item, from) => {
    let times = 0;
    for (let n = from; n < from + 200; n++) {
      const list = own.session({ seed: n }).recommend({ count: 3, rules: RULES, preview: true });
      times += drawn(list).some((row) => row.item === item);
    }
    return times;
  };
  const session = own.session({ seed });
  const list = session.recommend({ count: 6, rules: RULES });
  const [good, bad] = drawn(list).map(({ item }) => item);
  const before = count(good, 0);
  for (let n = 0; n < 400; n++) {
    const visitor = own.session({ seed: 1000 + n });
    const shown = visitor.recommend({ count: 6, rules: RULES });
    for (const { item } of drawn(shown)) if (item === good) visitor.feedback(shown.id, { item });
  }
  const { impressions, rewards } = own.statistics.of(good);
  assert.ok(rewards > 10 && rewards >= impressions - 1, `${rewards} of ${impressions}`);
  assert.ok(count(good, 5000) > before + 50);
  assert.ok(own.statistics.of(good).exploring);
  assert.ok(count(bad, 5000) < 50);
});

test('a batch is sent until it is acknowledged; the region counts each once', async () => {
  const device = await fresh();
  const other = await fresh();
  const session = device.session({ seed: 5 });
  const list = session.recommend({ count: 6, rules: RULES, at: NOW });
  const [{ item }] = drawn(list);
  session.feedback(list.id, { item });
  const batch = device.statistics.freeze({ seq: 7, epoch: 2900 });
  assert.ok(batch instanceof Uint8Array && batch.length < 1200, `${batch.length} bytes`);
  assert.equal(device.statistics.freeze(), undefined); // one is in flight
  other.statistics.replace(batch);
  const counts = ({ statistics }) => {
    const { impressions, rewards } = statistics.of(item);
    return { impressions, rewards };
  };
  assert.deepEqual(counts(other), counts(device));
  device.statistics.acknowledge();
  assert.equal(device.statistics.of(item).impressions, 0);
  device.statistics.replace(batch);
  assert.equal(device.statistics.of(item).impressions, 1);
  assert.equal(device.statistics.of(item).rewards, 1);
});

test('what leaves holds no names', async () => {
  const device = await fresh();
  const session = device.session({ seed: 6 });
  const list = session.recommend({ count: 12, rules: RULES });
  for (const { item } of drawn(list)) session.feedback(list.id, { item });
  const text = Buffer.from(device.statistics.freeze()).toString('latin1');
  for (const { item } of list.items) assert.ok(!text.includes(item), item);
});

test('a log that says enough explores only where rules say so', async () => {
  const own = await fresh({ explore: {} });
  const { events } = own.info;
  const share = 1000 / (1000 + events);
  const list = own.session().recommend({ count: 20 });
  assert.equal(drawn(list).length, share < 0.02 ? 0 : Math.floor(20 * share));
  assert.equal(drawn(engine.session().recommend({ count: 20 })).length, 0);
});

test('the same seed draws the same', async () => {
  const lists = [];
  for (let n = 0; n < 2; n++) {
    const own = await fresh({ explore: {} });
    const session = own.session({ seed });
    lists.push(
      Array.from({ length: 5 }, () => session.recommend({ count: 9, rules: RULES, at: NOW }).items),
    );
  }
  assert.deepEqual(lists[0], lists[1]);
});

test('bad options and arguments are refused by name', async () => {
  const cases = [
    [{ rate: 0 }, /explore\.rate/],
    [{ rate: NaN }, /explore\.rate/],
    [{ impressions: 1.5 }, /explore\.impressions/],
    [{ rows: 0 }, /explore\.rows/],
    [{ speed: 3 }, /no option "speed"/],
    ['yes', /explore/],
    [null, /explore/],
  ];
  for (const [explore, message] of cases) {
    await assert.rejects(fresh({ explore }), (error) => {
      assert.equal(error.code, 'BAD_ARGUMENT');
      assert.match(error.message, message);
      return true;
    });
  }
  const own = await fresh();
  assert.throws(() => own.statistics.of('no such item'), { code: 'UNKNOWN_ITEM' });
  assert.throws(() => own.statistics.of(3), { code: 'BAD_ARGUMENT' });
  assert.throws(() => own.statistics.freeze({ seq: -1 }), { code: 'BAD_ARGUMENT' });
  assert.throws(() => own.statistics.replace(new Uint8Array(100)), /statistics/);
  assert.throws(() => own.session().feedback(3, { item: 'a' }), { code: 'BAD_ARGUMENT' });
  assert.throws(() => own.session().recommend({ preview: 1 }), { code: 'BAD_ARGUMENT' });
  const state = { ...own.session().export(), explored: [{ id: 'x', at: 0, left: [1] }] };
  assert.throws(() => own.session({ restore: state }), { code: 'BAD_ARGUMENT' });
});
