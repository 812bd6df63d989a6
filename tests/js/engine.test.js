// The public API on one snapshot: sessions, answers, explanations, look-ups, disposal.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RequestError, createEngine } from 'reckon';
import { generatedClusters, generatedSessions } from '../data/generated_log.js';
import { SHAPE, generatedSnapshot, runSeed } from '../data/generated_snapshot.js';

const clusters = generatedClusters(SHAPE);
const SEED = runSeed();
let snapshot;
let engine;

before(async () => {
  snapshot = await generatedSnapshot();
  engine = await createEngine({ snapshot });
});
after(() => engine.dispose());

function sessionOf(events, options) {
  const session = engine.session(options);
  for (const event of events) session.record(event);
  return session;
}
const viewed = (items) => items.map((item) => ({ item, event: 'view', at: 0 }));
const ids = ({ items }) => items.map(({ item }) => item);
const refuses = (code, pattern) => (error) => {
  assert.ok(error instanceof RequestError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, pattern);
  return true;
};

describe('recommend', () => {
  test('answers stay in the cluster of the session, best first, each item once', () => {
    for (const cluster of clusters) {
      const seen = cluster.slice(0, 3);
      const answer = sessionOf(viewed(seen)).recommend({ count: 10 });
      assert.equal(answer.items.length, 10);
      assert.equal(new Set(ids(answer)).size, 10);
      assert.ok(ids(answer).every((item) => !seen.includes(item)));
      assert.deepEqual(
        answer.items.map(({ rank }) => rank),
        Array.from({ length: 10 }, (_, i) => i + 1),
      );
      const scores = answer.items.map(({ score }) => score);
      assert.ok(scores.every((score, i) => i === 0 || score <= scores[i - 1]));
      const inside = ids(answer).filter((item) => cluster.includes(item)).length;
      assert.ok(inside >= 6, `${inside} of 10 from the cluster of ${seen[0]}`);
    }
  });

  test('every recommendation names the sources that brought it', () => {
    for (const events of generatedSessions({ ...SHAPE, seed: SEED })) {
      for (const { sources, score } of sessionOf(events).recommend().items) {
        assert.ok(Number.isFinite(score));
        assert.ok(sources.length > 0);
        for (const { name, rank, score: sourceScore } of sources) {
          assert.ok(engine.info.sources.some((source) => source.name === name));
          assert.ok(Number.isInteger(rank) && rank >= 1);
          assert.ok(Number.isFinite(sourceScore));
        }
      }
    }
  });

  test('the same session gives the same list', () => {
    for (const events of generatedSessions({ ...SHAPE, seed: SEED })) {
      assert.deepEqual(
        sessionOf(events).recommend({ explain: true }).items,
        sessionOf(events).recommend({ explain: true }).items,
      );
    }
  });

  test('an empty session falls back to what needs none and says so', () => {
    const { items, unavailable } = engine.session().recommend({ explain: true });
    assert.equal(items.length, 20);
    for (const { sources } of items) {
      assert.ok(sources.every(({ name }) => ['popular', 'trending', 'explore'].includes(name)));
    }
    assert.ok(items.some(({ sources }) => sources.some(({ name }) => name === 'popular')));
    const off = unavailable.map(({ name }) => name);
    assert.ok(['similar', 'session'].every((name) => off.includes(name)));
    assert.ok(!off.includes('popular'));
    assert.ok(unavailable.every(({ reason }) => reason.length > 0));
    assert.equal(engine.session().recommend().unavailable, undefined);
  });

  test('a session of unknown items only falls back to popular items', () => {
    const session = engine.session();
    assert.equal(session.record({ item: 'nobody knows it', event: 'view' }), false);
    assert.deepEqual(session.recommend().items, engine.session().recommend().items);
  });

  test('explain names an item of the session', () => {
    const seen = clusters[2].slice(0, 2);
    const { items } = sessionOf(viewed(seen)).recommend({ count: 5, explain: true });
    assert.ok(items.some(({ because }) => because !== undefined));
    for (const { because } of items) assert.ok(because === undefined || seen.includes(because));
    const plain = sessionOf(viewed(seen)).recommend({ count: 5 });
    assert.ok(plain.items.every((item) => !('because' in item)));
  });

  test('titles come from the items file, and an item without one has none', () => {
    const { items } = engine.session().recommend({ count: 100 });
    for (const { item, title } of items) {
      assert.ok(title === undefined || title === `Title of ${item}`);
      assert.equal(engine.title(item), title);
    }
    assert.ok(items.some(({ title }) => title !== undefined));
    assert.ok(items.some((item) => !('title' in item)));
    assert.equal(engine.title('nobody knows it'), undefined);
  });

  test('keepSeen lets items of the session come back', () => {
    const seen = clusters[1].slice(0, 2);
    const session = sessionOf(viewed(seen));
    assert.ok(!ids(session.recommend({ count: 100 })).some((item) => seen.includes(item)));
    const kept = ids(session.recommend({ count: 100, keepSeen: true }));
    assert.ok(seen.some((item) => kept.includes(item)));
  });

  test('excluded items never come, whatever their number; unknown ones are ignored', () => {
    const session = sessionOf(viewed(clusters[0].slice(0, 1)));
    const answer = session.recommend({ count: 5, explain: true });
    const first = ids(answer);
    // Scores of `similar` are shares of its best candidate's: while that one stays, so do they.
    const isMeasure = ({ sources }) =>
      sources.some(({ name, rank }) => name === 'similar' && rank === 1);
    const gone = ids({ items: answer.items.filter((item) => !isMeasure(item)) }).slice(0, 2);
    const exclude = new Set([...gone, 'nobody knows it']);
    const rest = ids(session.recommend({ count: 3, exclude }));
    assert.deepEqual(
      rest,
      first.filter((item) => !exclude.has(item)),
    );

    const all = clusters.flat();
    const twice = [...all, ...all, ...Array.from({ length: 5000 }, (_, i) => `unknown-${i}`)];
    assert.deepEqual(session.recommend({ exclude: twice }).items, []);
    const allButOne = all.filter((item) => item !== first[3]);
    assert.deepEqual(ids(session.recommend({ exclude: allButOne })), [first[3]]);
  });

  test('count is the length of the list, if the items suffice', () => {
    const session = sessionOf(viewed(clusters[0].slice(0, 1)));
    const ten = ids(session.recommend({ count: 10 }));
    assert.deepEqual(ids(session.recommend({ count: 1 })), ten.slice(0, 1));
    assert.deepEqual(ids(session.recommend({ count: 20 })).slice(0, 10), ten);
    assert.ok(session.recommend({ count: 1000 }).items.length <= SHAPE.items - 1);
    for (const count of [0, -1, 1001, 1.5, NaN, Infinity, '5']) {
      assert.throws(() => session.recommend({ count }), refuses('BAD_ARGUMENT', /count is/));
    }
  });

  test('weights and quotas change the blend; sources left out keep theirs', () => {
    const session = sessionOf(viewed(clusters[5].slice(0, 2)));
    const plain = session.recommend({ count: 10 });
    const own = Object.fromEntries(engine.info.sources.map(({ name, weight }) => [name, weight]));
    assert.deepEqual(session.recommend({ count: 10, sourceWeights: own }).items, plain.items);
    assert.deepEqual(session.recommend({ count: 10, sourceWeights: {} }).items, plain.items);

    const popular = session.recommend({
      count: 10,
      sourceWeights: { popular: 1, similar: 0, session: 0 },
    });
    const popularity = popular.items.map(
      ({ sources }) => sources.find(({ name }) => name === 'popular')?.score,
    );
    assert.ok(popularity.every((score, i) => i === 0 || score <= popularity[i - 1]));

    const noSimilar = session.recommend({ count: 10, quotas: { similar: 0 } });
    assert.ok(
      noSimilar.items.every(({ sources }) => sources.every(({ name }) => name !== 'similar')),
    );
  });

  test('weights and quotas of unknown sources or wrong values are refused', () => {
    const session = engine.session();
    const refused = [
      [
        { sourceWeights: { nowhere: 1 } },
        /sourceWeights has "nowhere".*"popular", "similar", "session"/,
      ],
      [{ sourceWeights: { popular: NaN } }, /sourceWeights.popular is NaN/],
      [{ sourceWeights: { popular: -1 } }, /sourceWeights.popular is -1/],
      [{ quotas: { popular: 1.5 } }, /quotas.popular is 1.5/],
      [{ quotas: { popular: '9' } }, /quotas.popular is "9"/],
      [{ quotas: [3] }, /quotas is a list, it must be an object of numbers/],
      [{ quotas: null }, /quotas is null, it must be an object of numbers/],
      [{ sourceWeights: 5 }, /sourceWeights is 5, it must be an object/],
      [{ sourceWeights: new Map([['popular', 1]]) }, /sourceWeights is an object, it must be/],
    ];
    for (const [options, pattern] of refused) {
      assert.throws(() => session.recommend(options), refuses('BAD_ARGUMENT', pattern));
    }
    assert.throws(() => session.recommend({ exclude: 'abc' }), refuses('BAD_ARGUMENT', /exclude/));
    assert.throws(() => session.recommend({ exclude: [7] }), refuses('BAD_ARGUMENT', /exclude/));
  });

  test('ids are unique within a session, timing is a duration', () => {
    const session = engine.session();
    const answers = Array.from({ length: 50 }, () => session.recommend({ count: 1 }));
    assert.equal(new Set(answers.map(({ id }) => id)).size, 50);
    assert.ok(answers.every(({ timing }) => timing.totalMs >= 0));
  });
});

describe('session', () => {
  test('record knows items and events, and says which it does not know', () => {
    const session = engine.session();
    assert.equal(session.record({ item: clusters[0][0], event: 'buy' }), true);
    assert.equal(session.record({ item: clusters[0][1] }), true);
    assert.equal(session.record({ item: clusters[0][2], at: new Date() }), true);
    assert.equal(session.record({ item: '' }), false);
    assert.equal(session.record({ item: 'x'.repeat(100_000) }), false);
    assert.equal(session.size, 5);
    assert.throws(
      () => session.record({ item: clusters[0][0], event: 'like' }),
      refuses('UNKNOWN_EVENT', /"like"; known: "view", "buy"/),
    );
    assert.throws(() => session.record({ item: 5 }), refuses('BAD_ARGUMENT', /item is 5/));
    for (const at of ['yesterday', NaN, 1.5, 2 ** 60, new Date(NaN)]) {
      assert.throws(
        () => session.record({ item: clusters[0][0], at }),
        refuses('BAD_ARGUMENT', /^at is/),
      );
    }
    assert.equal(session.size, 5);
  });

  test('any time a number can hold is accepted', () => {
    const limit = Number.MAX_SAFE_INTEGER;
    for (const at of [0, -1, -(2 ** 40), limit, -limit]) {
      const session = sessionOf([{ item: clusters[0][0], event: 'view', at }]);
      assert.equal(session.recommend({ count: 3 }).items.length, 3);
      assert.equal(session.export().events[0].at, at);
    }
  });

  test('export and restore continue where the session was', () => {
    for (const events of generatedSessions({ ...SHAPE, seed: SEED })) {
      const session = sessionOf(events, { seed: 7 });
      session.recommend();
      const stored = JSON.parse(JSON.stringify(session.export()));
      const restored = engine.session({ restore: stored });
      assert.deepEqual(restored.export(), session.export());
      const [expected, actual] = [session.recommend(), restored.recommend()];
      assert.deepEqual(actual.items, expected.items);
      assert.equal(actual.id, expected.id);
    }
  });

  test('events of types this snapshot does not know survive a restore without influence', () => {
    const state = sessionOf(viewed([clusters[3][0]])).export();
    state.events.push({ item: clusters[4][0], event: 'rented', at: 5 });
    const restored = engine.session({ restore: state });
    assert.deepEqual(restored.export().events, state.events);
    const expected = sessionOf(viewed([clusters[3][0]])).recommend();
    assert.deepEqual(restored.recommend().items, expected.items);
  });

  test('restoring anything else is refused', () => {
    const good = sessionOf(viewed([clusters[0][0]])).export();
    const bad = [
      null,
      5,
      {},
      { ...good, version: 2 },
      { ...good, events: 'x' },
      { ...good, events: [null] },
      { ...good, events: [{ item: 'x' }] },
      { ...good, events: [{ item: 'x', event: 'view', at: 'now' }] },
      { ...good, seed: -1 },
      { ...good, served: 0.5 },
    ];
    for (const restore of bad) {
      assert.throws(() => engine.session({ restore }), refuses('BAD_ARGUMENT', /must be/));
    }
    for (const seed of [-1, 2 ** 32, 0.5, '1']) {
      assert.throws(() => engine.session({ seed }), refuses('BAD_ARGUMENT', /seed is/));
    }
  });

  test('forget leaves an empty session', () => {
    const session = sessionOf(viewed(clusters[7].slice(0, 4)));
    session.forget();
    assert.equal(session.size, 0);
    assert.deepEqual(session.export().events, []);
    assert.deepEqual(session.recommend().items, engine.session().recommend().items);
  });

  test('of a long session the most recent 1024 events count', () => {
    const all = clusters.flat();
    const long = viewed(Array.from({ length: 1500 }, (_, i) => all[(i * 7) % 100]));
    const session = sessionOf(long);
    assert.equal(session.size, 1024);
    assert.deepEqual(
      session.recommend({ keepSeen: true }).items,
      sessionOf(long.slice(-1024)).recommend({ keepSeen: true }).items,
    );
  });

  test('what fell out of a long session is still seen, also after a restore', () => {
    const old = clusters[0].slice(0, 5);
    const recent = Array.from({ length: 1024 }, (_, i) => clusters[1][i % 10]);
    const session = sessionOf(viewed([...old, ...recent]));
    const restored = engine.session({ restore: JSON.parse(JSON.stringify(session.export())) });
    for (const one of [session, restored]) {
      const answer = ids(one.recommend({ count: 300 }));
      assert.ok(answer.length > 100);
      assert.ok(old.every((item) => !answer.includes(item)));
      assert.ok(ids(one.recommend({ count: 300, keepSeen: true })).includes(old[0]));
    }
    session.forget();
    assert.ok(ids(session.recommend({ count: 300 })).includes(old[0]));
  });

  test('sessions of one engine do not see each other', () => {
    const first = sessionOf(viewed([clusters[0][0]]));
    const before = first.recommend().items;
    sessionOf(viewed(clusters[9])).recommend();
    assert.deepEqual(first.recommend().items, before);
  });
});

describe('engine', () => {
  test('similar items share the cluster and leave out the item itself', () => {
    for (const cluster of clusters) {
      const rows = engine.similar(cluster[1], { count: 8 });
      assert.equal(rows.length, 8);
      assert.ok(rows.every(({ item }) => item !== cluster[1]));
      assert.ok(rows.filter(({ item }) => cluster.includes(item)).length >= 5);
    }
    assert.throws(() => engine.similar('nope'), refuses('UNKNOWN_ITEM', /"nope"/));
    assert.throws(() => engine.similar(5), refuses('BAD_ARGUMENT', /item is 5/));
    assert.throws(
      () => engine.similar(clusters[0][0], { count: 0 }),
      refuses('BAD_ARGUMENT', /count/),
    );
  });

  test('every id is found again, and nothing else is', () => {
    const { items } = engine.session().recommend({ count: 1000 });
    for (const { item } of items) assert.ok(engine.has(item), item);
    for (const cluster of clusters) assert.ok(engine.has(cluster[0]));
    const awkward = clusters.map((cluster) => cluster[3]);
    assert.ok(awkward.every((item) => engine.has(item)));
    for (const item of [
      '',
      ' ',
      `${clusters[0][0]} `,
      clusters[0][0].slice(0, -1),
      '\u0000',
      '\ud800',
    ]) {
      assert.equal(engine.has(item), false);
    }
  });

  test('info says what the snapshot is', () => {
    const { info } = engine;
    assert.match(info.id, /^[\da-f]{64}$/);
    assert.equal(info.region, 'test');
    assert.equal(info.items, SHAPE.items);
    assert.equal(info.timeKind, 'unix-ms');
    assert.deepEqual(info.eventTypes.map(({ name }) => name).sort(), ['buy', 'view']);
    assert.deepEqual(
      info.sources.map(({ name }) => name),
      ['popular', 'similar', 'session', 'trending', 'nearby', 'user', 'explore'],
    );
    assert.ok(info.sources.slice(0, 3).every(({ unavailable }) => unavailable === undefined));
    assert.equal(info.parts.core + info.parts.vectors + info.parts.text, info.bytes);
    assert.equal(typeof info.report, 'object');
    assert.equal(JSON.parse(JSON.stringify(info)).seed, '1');
  });

  test('two engines at once answer as each alone', async () => {
    const events = viewed(clusters[6].slice(0, 3));
    const expected = sessionOf(events).recommend().items;
    const other = await createEngine({ snapshot });
    const session = other.session();
    for (const event of events) session.record(event);
    assert.deepEqual(session.recommend().items, expected);
    other.dispose();
    assert.deepEqual(sessionOf(events).recommend().items, expected);
  });

  test('after dispose everything but info is a named error; disposing twice is harmless', async () => {
    const other = await createEngine({ snapshot });
    const session = other.session();
    session.record({ item: clusters[0][0] });
    other[Symbol.dispose]();
    other.dispose();
    other[Symbol.dispose]();
    const uses = [
      () => other.session(),
      () => other.similar(clusters[0][0]),
      () => other.has('x'),
      () => other.title('x'),
      () => other.memoryBytes,
      () => session.record({ item: clusters[0][0] }),
      () => session.recommend(),
    ];
    for (const use of uses) {
      assert.throws(use, { name: 'DisposedError', code: 'DISPOSED', message: /disposed/ });
    }
    assert.equal(other.info.id, engine.info.id);
    assert.equal(session.export().events.length, 1);
    assert.ok(engine.has(clusters[0][0]), 'the other engine is unharmed');
  });
});
