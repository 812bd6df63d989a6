// The funnel's options through the public package, on a snapshot with rankers (tests/data/taste_log.js): stages, weights,
// what an answer tells of itself, and what is refused.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { reasonFor } from '../../js-bindings/engine/dist/reason.js';
import { RequestError, RulesError, createEngine } from 'reckon';
import { tasteSnapshot } from '../data/generated_snapshot.js';
import { tasteItem } from '../data/taste_log.js';

const START = Date.UTC(2025, 1, 1);
let engine;
before(async () => (engine = await createEngine({ snapshot: await tasteSnapshot() })));
after(() => engine?.dispose());

function visit() {
  const session = engine.session();
  session.record({ item: tasteItem(1, 0), event: 'like', at: START });
  session.record({ item: tasteItem(2, 1), event: 'click', at: START + 60e3 });
  return session;
}
const ask = (options) => visit().recommend({ count: 30, ...options });
const idsOf = ({ items }) => items.map(({ item }) => item);

test('a stage hands on what it ranked, and its score orders the list', () => {
  const scores = { retrieval: 'retrieval', first: 'first' };
  for (const stages of ['retrieval', 'first', 'second', 'all']) {
    const { items, funnel } = ask({ stages, explain: true });
    assert.equal(items.length, 30);
    assert.equal(funnel.stages, stages === 'all' ? 'second' : stages);
    for (const [i, { score, stages: own, probabilities, value }] of items.entries()) {
      assert.ok(i === 0 || score <= items[i - 1].score);
      if (stages in scores) assert.equal(score, own[scores[stages]]);
      const predicts = stages === 'second' || stages === 'all';
      assert.equal(probabilities !== undefined, predicts);
      assert.equal(value !== undefined, predicts);
      assert.equal(own.first !== undefined, stages !== 'retrieval');
    }
  }
});

test('rules are obeyed whatever stage ranks', () => {
  const item = tasteItem(7, 12);
  const rules = { rules: [{ type: 'pin', item, position: 3 }] };
  const kind = { attribute: 'kind', equals: 'k2' };
  for (const stages of ['retrieval', 'first', 'second', 'all']) {
    assert.equal(idsOf(ask({ stages, rules }))[2], item, stages);
    assert.ok(
      idsOf(ask({ stages, filter: kind })).every((id) => id.startsWith('k2-')),
      stages,
    );
  }
});

test('somebody without an event is answered by the blend, whatever is asked', () => {
  const session = engine.session();
  const { items, funnel } = session.recommend({ explain: true, weights: { like: 3 } });
  assert.equal(funnel.stages, 'retrieval');
  assert.ok(items.length === 20 && items.every(({ probabilities }) => probabilities === undefined));
  assert.deepEqual(idsOf(session.recommend({ stages: 'retrieval' })), idsOf({ items }));
});

test('weights: value = Σ weight × probability; those left out are the snapshot’s', () => {
  const own = Object.fromEntries(engine.info.tasks.map(({ name, weight }) => [name, weight]));
  assert.deepEqual(idsOf(ask({ weights: {} })), idsOf(ask({})));
  assert.deepEqual(idsOf(ask({ weights: own })), idsOf(ask({})));
  assert.deepEqual(idsOf(ask({ weights: { like: undefined } })), idsOf(ask({})));
  const weights = { ...own, see_less: -7.5 };
  for (const { score, probabilities } of ask({ weights: { see_less: -7.5 } }).items) {
    const value = Object.entries(weights).reduce((sum, [t, w]) => sum + w * probabilities[t], 0);
    assert.ok(Math.abs(value - score) < 1e-5, `${value} ${score}`);
  }
  const nothing = ask({ weights: { like: 0, click: 0, see_less: 0 } });
  assert.ok(nothing.items.every(({ score }) => score === 0));
});

test('a rule that mentions an age changes no list by that', () => {
  const never = { and: [{ ageDays: { min: 1 } }, { items: [] }] };
  const rules = { rules: [{ type: 'boost', where: never, places: 100 }] };
  const untimed = engine.session();
  untimed.record({ item: tasteItem(1, 0), event: 'like', at: 0 });
  untimed.record({ item: tasteItem(2, 1), event: 'click', at: 0 });
  for (const session of [visit(), untimed, engine.session()]) {
    const { items } = session.recommend({ count: 30 });
    assert.deepEqual(session.recommend({ count: 30, rules }).items, items);
  }
});

test('without a time the features are of the last event that has one, else of the newest of the log', () => {
  const { createdAt } = engine.info;
  const answers = (times, at) => {
    const session = engine.session();
    times.forEach((time, i) => session.record({ item: tasteItem(1, i), event: 'like', at: time }));
    const list = (options) => session.recommend({ count: 30, ...options }).items;
    assert.deepEqual(list({}), list({ at }));
    return list({});
  };
  const late = createdAt + 5.5 * 3600e3;
  const of = [answers([0, 0], createdAt), answers([late, 0], late), answers([START, late], late)];
  assert.notDeepEqual(of[0], of[1]);
});

test('a reason is what brought the item, or the rule that put it there', () => {
  const item = tasteItem(7, 15);
  const rules = { rules: [{ name: 'launch', type: 'pin', item, position: 1 }] };
  const quotas = Object.fromEntries(engine.info.sources.map(({ name }) => [name, 1]));
  const [{ reason, sources }] = ask({ rules, quotas, count: 1, explain: true }).items;
  assert.deepEqual([sources, reason], [[], 'put here by the rule “launch”']);
});

test('a drawn item says that it is shown to learn', async () => {
  const golden = await createEngine({
    snapshot: fileURLToPath(new URL('../golden/good_v1.rk', import.meta.url)),
  });
  const rules = { rules: [{ type: 'explore', every: 2 }] };
  const { items } = golden.session().recommend({ count: 8, rules, explain: true });
  const drawn = items.filter(({ propensity }) => propensity !== undefined);
  assert.ok(drawn.length > 0);
  for (const { reason } of drawn) assert.equal(reason, 'new: shown to learn who likes it');
  golden.dispose();
});

test('what is refused names its argument', () => {
  const refused = [
    [{ count: 0 }, 'count'],
    [{ stages: 'third' }, 'stages'],
    [{ stages: 2 }, 'stages'],
    [{ at: NaN }, 'at'],
    [{ at: new Date('never') }, 'at'],
    [{ at: '2025-01-01' }, 'at'],
    [{ weights: { like: NaN } }, 'weights.like'],
    [{ weights: { like: Infinity } }, 'weights.like'],
    [{ weights: { like: 1e7 } }, 'weights.like'],
    [{ weights: { like: '1' } }, 'weights.like'],
    [{ weights: { love: 1 } }, 'weights.love'],
    [{ weights: [1, 1, 1] }, 'weights'],
    [{ weights: null }, 'weights'],
    [{ weights: 3 }, 'weights'],
    [{ weights: new Map([['like', 1]]) }, 'weights'],
    [{ sourceWeights: { popular: -1 } }, 'sourceWeights.popular'],
    [{ quotas: { popular: 0.5 } }, 'quotas.popular'],
    [{ quotas: { nowhere: 1 } }, 'quotas.nowhere'],
    [{ exclude: [5] }, 'exclude'],
    [{ exclude: null }, 'exclude'],
    [{ exclude: 5 }, 'exclude'],
    [{ quotas: { popular: 1001 } }, 'quotas.popular'],
    [{ sourceWeights: { popular: 1e7 } }, 'sourceWeights.popular'],
    [{ stages: null }, 'stages'],
    [{ count: null }, 'count'],
    [{ at: null }, 'at'],
    [{ explain: 'no' }, 'explain'],
    [{ explain: null }, 'explain'],
    [{ keepSeen: 1 }, 'keepSeen'],
    [{ location: { latitude: 91, longitude: 0 } }, 'location.latitude'],
    [{ user: { planet: 'earth' } }, 'user.planet'],
  ];
  for (const [options, argument] of refused) {
    assert.throws(
      () => ask(options),
      (error) => {
        assert.ok(error instanceof RequestError, String(error));
        assert.deepEqual([error.code, error.argument], ['BAD_ARGUMENT', argument]);
        assert.ok(error.message.startsWith(argument.split('.')[0]), error.message);
        return true;
      },
    );
  }
  const session = visit();
  const bare = Object.create(null);
  assert.throws(() => session.record({ item: bare }), { code: 'BAD_ARGUMENT', argument: 'item' });
  assert.throws(() => session.record({ item: 'x', event: 'buy' }), {
    code: 'UNKNOWN_EVENT',
    argument: 'event',
  });
  assert.throws(() => engine.similar('nobody'), { code: 'UNKNOWN_ITEM', argument: 'item' });
  assert.throws(
    () => ask({ rules: { rules: [{ type: 'pin' }] } }),
    (error) => error instanceof RulesError && error.path === '$.rules[0].item',
  );
});

test('what should be an object and is none is refused by name', () => {
  const rules = engine.rules({ rules: [] });
  const item = tasteItem(1, 0);
  const refused = [
    [() => visit().recommend(null), 'options'],
    [() => visit().recommend('x'), 'options'],
    [() => visit().record(null), 'event'],
    [() => visit().record(undefined), 'event'],
    [() => engine.session(null), 'options'],
    [() => engine.session({ seed: null }), 'seed'],
    [() => engine.similar(item, null), 'options'],
    [() => rules.apply(null), 'items'],
    [() => rules.apply(5), 'items'],
    [() => rules.apply([], null), 'options'],
    [() => rules.apply([], { seen: null }), 'seen'],
    [() => rules.refusing(item, null), 'options'],
    [() => rules.refusing(5), 'item'],
  ];
  for (const [call, argument] of refused) {
    assert.throws(call, { name: 'RequestError', code: 'BAD_ARGUMENT', argument }, String(call));
  }
  rules.dispose();
  const filter = { items: [item] };
  for (const options of [{ rules: null }, { rules: null, filter }, { filter: null }])
    assert.throws(() => ask(options), RulesError, JSON.stringify(options));
});

test('a document that JSON would change is not taken for another', () => {
  const explore = (first) => ({ rules: { rules: [{ type: 'explore', every: 2, first }] } });
  assert.throws(() => ask(explore(null)), RulesError);
  ask(explore(undefined));
  ask(explore(4));
  for (const first of [NaN, null, Infinity, new Number(4), '4', () => 4])
    assert.throws(() => ask(explore(first)), RulesError, String(first));
  const items = [tasteItem(1, 5)];
  assert.throws(() => ask({ filter: { items: [...items, undefined] } }), RulesError);
});

test('a reason is of a source that counts, though one without weight ranks the item higher', () => {
  const sources = [
    { name: 'popular', rank: 1, counts: false },
    { name: 'session', rank: 9, counts: true },
  ];
  const evidence = { because: [], isDraw: false, rules: [], sources };
  assert.equal(reasonFor(evidence), 'fits what you picked');
  assert.equal(reasonFor({ ...evidence, sources: sources.slice(0, 1) }), 'popular with everyone');
});
