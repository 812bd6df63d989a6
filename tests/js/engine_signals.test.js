// Where and who the user is, and what is left to chance: over the golden snapshot, which has every part.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RequestError, createEngine } from 'reckon';

const golden = (name) => fileURLToPath(new URL(`../golden/${name}`, import.meta.url));
let engine;
let bare;

before(async () => {
  engine = await createEngine({ snapshot: golden('good_v1.rk') });
  bare = await createEngine({ snapshot: golden('good_v1_bare.rk') });
});
after(() => {
  engine.dispose();
  bare.dispose();
});

/** Items that `source` brought, in its own order. */
const broughtBy = (source, { items }) =>
  items
    .flatMap(({ item, sources }) =>
      sources.filter(({ name }) => name === source).map(({ rank }) => ({ item, rank })),
    )
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
const reasons = ({ unavailable }) =>
  Object.fromEntries(unavailable.map(({ name, reason }) => [name, reason]));
const refuses = (pattern) => (error) => {
  assert.ok(error instanceof RequestError, String(error));
  assert.equal(error.code, 'BAD_ARGUMENT');
  assert.match(error.message, pattern);
  return true;
};
const ALL = { count: 40, explain: true };

describe('info', () => {
  test('names the user features and the places', () => {
    assert.deepEqual(engine.info.userFeatures, ['country', 'device']);
    assert.equal(engine.info.places, 30);
    assert.deepEqual(bare.info.userFeatures, []);
    assert.equal(bare.info.places, 0);
  });

  test('says which sources no request can use', () => {
    assert.ok(engine.info.sources.every((source) => !('unavailable' in source)));
    const off = bare.info.sources.filter(({ unavailable }) => unavailable);
    assert.deepEqual(
      off.map(({ name, unavailable }) => [name, unavailable]),
      [
        ['trending', 'nothing in the log is rising'],
        ['nearby', 'the items have no places'],
        ['user', 'the snapshot has no user tower'],
        ['explore', 'no item is left to explore'],
      ],
    );
  });
});

describe('location', () => {
  test('turns nearby on, of the session or of one request', () => {
    const nowhere = engine.session().recommend(ALL);
    assert.match(reasons(nowhere).nearby, /no location/);
    assert.deepEqual(broughtBy('nearby', nowhere), []);
    const location = { latitude: -16, longitude: -74 }; // item 2's place
    const there = engine.session({ location }).recommend(ALL);
    assert.equal(reasons(there).nearby, undefined);
    assert.equal(broughtBy('nearby', there)[0], 'item-02');
    assert.deepEqual(engine.session().recommend({ ...ALL, location }).items, there.items);
    const elsewhere = { latitude: 90, longitude: 180 };
    const moved = engine.session({ location: elsewhere }).recommend({ ...ALL, location });
    assert.deepEqual(moved.items, there.items);
  });

  test('a visit says where someone is', () => {
    const session = engine.session();
    session.record({ item: 'item-05', at: 0 });
    assert.equal(broughtBy('nearby', session.recommend(ALL))[0], 'item-04'); // the same place
  });

  test('what is no place is refused', () => {
    const wrong = [
      [{ latitude: 90.5, longitude: 0 }, /location\.latitude is 90\.5/],
      [{ latitude: 0, longitude: -181 }, /location\.longitude is -181/],
      [{ latitude: NaN, longitude: 0 }, /latitude is NaN/],
      [{ latitude: 1 }, /longitude is undefined/],
      [{ latitude: '1', longitude: 2 }, /latitude is "1"/],
      [null, /location is null/],
      ['48,11', /location is "48,11"/],
    ];
    for (const [location, pattern] of wrong) {
      assert.throws(() => engine.session({ location }), refuses(pattern));
      assert.throws(() => engine.session().recommend({ location }), refuses(pattern));
    }
    const corner = { latitude: -90, longitude: 180 };
    assert.ok(engine.session({ location: corner }).recommend().items.length > 0);
  });
});

describe('user', () => {
  test('features answer an empty session, of the session or of one request', () => {
    const nobody = engine.session().recommend(ALL);
    assert.match(reasons(nobody).user, /no feature of the user is known/);
    const user = { country: 'DE', device: 'mobile' };
    const someone = engine.session({ user }).recommend(ALL);
    assert.equal(reasons(someone).user, undefined);
    assert.ok(broughtBy('user', someone).length > 10);
    assert.deepEqual(engine.session().recommend({ ...ALL, user }).items, someone.items);
    assert.deepEqual(engine.session({ user }).recommend({ ...ALL, user: {} }).items, nobody.items);
    const others = ['FR', 'US', 'JP', 'é', ''].map((country) =>
      broughtBy('user', engine.session({ user: { country } }).recommend(ALL)).join(),
    );
    assert.ok(new Set(others).size > 1, 'the value matters');
  });

  test('an unknown name lists the known ones', () => {
    const planet = { planet: 'earth' };
    assert.throws(() => engine.session({ user: planet }), refuses(/"planet".*"country", "device"/));
    assert.throws(() => engine.session().recommend({ user: planet }), refuses(/"planet"/));
    assert.throws(() => bare.session({ user: { country: 'DE' } }), refuses(/known: none/));
    assert.throws(() => engine.session({ user: { country: 5 } }), refuses(/user\.country is 5/));
    assert.throws(
      () => engine.session({ user: { country: 'x'.repeat(70_000) } }),
      refuses(/at most 65,535 bytes/),
    );
    for (const user of [null, 'DE', ['DE']]) {
      assert.throws(() => engine.session({ user }), refuses(/^user is/));
    }
  });
});

describe('seed', () => {
  const explored = (answer) => broughtBy('explore', answer).join();

  test('every list of a session explores anew, and each can be had again', () => {
    const session = engine.session({ seed: 3 });
    const states = [];
    const lists = Array.from({ length: 12 }, () => {
      states.push(JSON.parse(JSON.stringify(session.export())));
      return session.recommend({ count: 40 });
    });
    assert.ok(new Set(lists.map(explored)).size > 8);
    states.forEach((restore, i) => {
      const again = engine.session({ restore }).recommend({ count: 40 });
      assert.deepEqual(again.items, lists[i].items);
      assert.equal(again.id, lists[i].id);
    });
  });

  test('seeds differ, and one seed does not follow another', () => {
    const listsOf = (seed) => {
      const session = engine.session({ seed });
      return Array.from({ length: 6 }, () => explored(session.recommend({ count: 40 })));
    };
    const [first, second] = [listsOf(0), listsOf(1)];
    assert.notDeepEqual(first.slice(1), second.slice(0, -1));
    assert.notDeepEqual(first, second);
    assert.deepEqual(listsOf(0), first);
    assert.notDeepEqual(listsOf(2 ** 32 - 1), first);
  });
});
