// engine.addItems: a new item is known, shown, ruled over and recommended from the first second; sessions, rules and
// info go on; what is no item is refused, and then nothing has changed.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { DisposedError, RequestError, createEngine } from 'reckon';
import { reckon, write } from './helpers/command_line.js';

let folder;
let bytes;

// Two tastes: users of even number take red things in the north, of odd number blue ones in the south.
const TASTES = [
  { brand: 'acme', word: 'crimson', lat: 50 },
  { brand: 'bolt', word: 'azure', lat: 10 },
];
const ITEMS = 60;
const id = (n) => `i${String(n).padStart(2, '0')}`;

before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reckon-test-'));
  const items = Array.from({ length: ITEMS }, (_, n) => {
    const { brand, word, lat } = TASTES[n % 2];
    return [id(n), `The ${word} thing`, brand, `t${n % 5}|x`, n / 2, lat + n / 100, 8].join();
  });
  const events = [];
  for (let user = 0; user < 120; user++)
    for (let k = 0; k < 6; k++) {
      const item = ((user * 7 + k * k * 3 + k) % (ITEMS / 2)) * 2 + (user % 2);
      events.push(`u${user},${id(item)},${1700000000 + 3600 * (user + k)}`);
    }
  write(folder, {
    'items.csv': ['item,title,brand,tag,price,lat,lon', ...items].join('\n'),
    'log.csv': ['user,item,time', ...events].join('\n'),
    'fast.json': JSON.stringify({
      train: { sgnsEpochs: 4, encoderEpochs: 2, rankerCases: 400, rankerEpochs: 3 },
    }),
  });
  const map = ['--map', 'attr.brand=brand:category,attr.tag=tag:tags,attr.price=price:number'];
  const built = reckon(folder, [
    'build',
    'log.csv',
    '--items',
    'items.csv',
    '--config',
    'fast.json',
    ...map,
    '--out',
    'shop.rk',
  ]);
  assert.equal(built.status, 0, built.stderr);
  bytes = readFileSync(path.join(folder, 'shop.rk'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function open(t) {
  const engine = await createEngine({ snapshot: bytes });
  t.after(() => engine.dispose());
  return engine;
}
const NEW = {
  item: 'new-red',
  title: 'A crimson lamp',
  attributes: { brand: 'acme', tag: ['x', 't1'], price: 9.5 },
};
const idsOf = (items) => items.map(({ item }) => item);
function sessionOf(engine, ...items) {
  const session = engine.session();
  for (const item of items) session.record({ item, at: 1700500000000 });
  return session;
}

test('a new item from the first second', async (t) => {
  const engine = await open(t);
  const session = sessionOf(engine, id(0), id(2), id(4));
  assert.equal(session.record({ item: 'new-red', at: 1700500001000 }), false);
  const answer = engine.addItems([
    {
      ...NEW,
      related: [id(6), id(8)],
      boost: 3,
      location: { latitude: 51, longitude: 8 },
      born: 1700500000000,
    },
    { item: 'new-blue', attributes: { brand: 'bolt' } },
  ]);
  assert.deepEqual(answer, { added: 2, ignored: [] });
  assert.equal(engine.info.items, ITEMS + 2);
  assert.equal(engine.info.places, ITEMS + 1);
  assert.ok(engine.has('new-red') && engine.has('new-blue') && engine.has(id(59)));
  assert.equal(engine.title('new-red'), 'A crimson lamp');
  assert.equal(engine.title('new-blue'), undefined);
  assert.deepEqual(engine.attributes('new-red'), { brand: 'acme', tag: ['t1', 'x'], price: 9.5 });
  // As a seed and as a neighbour; content finds its like.
  for (const [item, taste] of [
    ['new-red', 0],
    ['new-blue', 1],
  ]) {
    const brands = engine
      .similar(item, { count: 6 })
      .map((like) => engine.attributes(like.item).brand);
    const own = brands.filter((brand) => brand === TASTES[taste].brand);
    assert.ok(own.length >= 4, brands.join());
  }
  assert.ok(idsOf(engine.similar(id(6), { count: 20 })).includes('new-red'));
  // The session recorded it before it was known; it is a seed now, and does not come back.
  const { items } = session.recommend({ count: ITEMS, explain: true });
  assert.ok(!idsOf(items).includes('new-red'));
  assert.ok(items.some(({ because }) => because === 'new-red'));
  for (const source of ['popular', 'similar', 'session', 'nearby', 'explore']) {
    const none = Object.fromEntries(engine.info.sources.map(({ name }) => [name, 0]));
    const list = sessionOf(engine, id(6)).recommend({
      count: ITEMS,
      quotas: { ...none, [source]: 100 },
      sourceWeights: { ...none, [source]: 1 },
      location: { latitude: 51, longitude: 8 },
      explain: true,
    });
    const found = list.items.find(({ item }) => item === 'new-red');
    assert.ok(
      found?.sources.some(({ name }) => name === source),
      source,
    );
    assert.equal(found.title, 'A crimson lamp');
    assert.ok(found.reason.length > 0);
    assert.equal(found.estimated, engine.info.tasks.length > 0 ? true : undefined);
  }
});

test('it is found by taste', async (t) => {
  const engine = await open(t);
  engine.addItems([
    NEW,
    { item: 'new-blue', title: 'Something azure', attributes: { brand: 'bolt' } },
  ]);
  // By its vector alone: what else there is knows nothing of it.
  const none = Object.fromEntries(engine.info.sources.map(({ name }) => [name, 0]));
  const onlySession = { ...none, session: 1 };
  for (const [taste, [own, other]] of [
    ['new-red', 'new-blue'],
    ['new-blue', 'new-red'],
  ].entries()) {
    const session = sessionOf(engine, ...[0, 10, 20, 30].map((n) => id(n + taste)));
    const ids = idsOf(
      session.recommend({
        count: ITEMS,
        stages: 'retrieval',
        quotas: { session: 100 },
        sourceWeights: onlySession,
      }).items,
    );
    assert.ok(
      ids.indexOf(own) !== -1 && ids.indexOf(own) < ITEMS / 2,
      `${own} at ${ids.indexOf(own)}`,
    );
    assert.ok(ids.indexOf(other) === -1 || ids.indexOf(own) < ids.indexOf(other));
  }
});

test('old answers stay where no new item can be', async (t) => {
  const [plain, extended] = [await open(t), await open(t)];
  extended.addItems([NEW, { item: 'a-first', attributes: { brand: 'bolt' }, related: [id(1)] }]);
  const options = {
    count: 30,
    quotas: { explore: 0 },
    sourceWeights: { explore: 0 },
    at: 1700500000000,
  };
  for (const seeds of [[], [id(0)], [id(1), id(3), id(0), id(5)], [id(59), id(58)]]) {
    const [a, b] = [plain, extended].map((engine) =>
      sessionOf(engine, ...seeds).recommend({ ...options, exclude: ['new-red', 'a-first'] }),
    );
    assert.deepEqual(b.items, a.items);
  }
});

test('calls add up, rules and sessions go on', async (t) => {
  const engine = await open(t);
  const pin = engine.rules({
    rules: [
      { type: 'pin', item: 'zz-new', position: 1 },
      { type: 'filter', where: { attribute: 'brand', equals: 'bolt' } },
    ],
  });
  const session = sessionOf(engine, id(1), id(3));
  const kept = { filter: { attribute: 'brand', equals: 'acme' }, count: 2 * ITEMS, keepSeen: true };
  assert.equal(session.recommend(kept).items.length, ITEMS / 2);
  assert.notEqual(session.recommend({ rules: pin }).items[0].item, 'zz-new');
  assert.equal(engine.addItems([{ item: 'zz-new', attributes: { brand: 'bolt' } }]).added, 1);
  session.record({ item: 'zz-new', at: 1700500002000 });
  // Its number changes with every item that sorts before it.
  const more = Array.from({ length: 40 }, (_, n) => ({
    item: `m${n}`,
    attributes: { brand: 'acme' },
  }));
  assert.equal(engine.addItems(more).added, 41);
  assert.equal(engine.info.items, ITEMS + 41);
  assert.equal(session.recommend({ rules: pin, keepSeen: true }).items[0].item, 'zz-new');
  const list = session.recommend({ count: 10, explain: true });
  assert.ok(list.items.some(({ because }) => because === 'zz-new'));
  assert.ok(!idsOf(list.items).includes('zz-new'));
  assert.equal(session.recommend(kept).items.length, ITEMS / 2 + 40);
  assert.deepEqual(pin.refusing('m3'), ['filter #2']);
  assert.equal(engine.addItems([]).added, 41);
  // A session that is carried to another engine takes its names along.
  const other = await open(t);
  const restored = other.session({ restore: JSON.parse(JSON.stringify(session.export())) });
  other.addItems([{ item: 'zz-new', attributes: { brand: 'bolt' } }]);
  assert.ok(
    restored.recommend({ explain: true }).items.some(({ because }) => because === 'zz-new'),
  );
});

test('what the snapshot cannot compare is left out and reported', async (t) => {
  const engine = await open(t);
  const { ignored } = engine.addItems([
    { item: 'n', attributes: { brand: 'nobody', tag: ['x', 'y'] }, related: [id(0), 'ghost'] },
  ]);
  assert.deepEqual(
    ignored.map(({ item, argument, value }) => [item, argument, value]),
    [
      ['n', 'attributes.brand', 'nobody'],
      ['n', 'attributes.tag', 'y'],
      ['n', 'related', 'ghost'],
    ],
  );
  assert.deepEqual(engine.attributes('n'), { tag: ['x'] });
});

test('what is no item is refused, and nothing is added', async (t) => {
  const engine = await open(t);
  const bad = (items, argument, code = 'BAD_ARGUMENT') => {
    const fails = (error) =>
      error instanceof RequestError && error.code === code && error.argument === argument;
    assert.throws(() => engine.addItems(items), fails, argument);
    assert.equal(engine.info.items, ITEMS + 1);
    assert.ok(!engine.has('fine'));
  };
  engine.addItems([{ item: 'there' }]);
  const fine = { item: 'fine' };
  bad('x', 'items');
  bad([fine, null], 'items[1]');
  bad([fine, { item: 7 }], 'items[1].item');
  bad([fine, { item: '' }], 'items[1].item');
  bad([fine, { item: '\ud800' }], 'items[1].item');
  bad([fine, { item: 'x'.repeat(65536) }], 'items[1].item');
  bad([fine, fine], 'items[1].item');
  bad([fine, { item: id(5) }], 'items[1].item');
  bad([fine, { item: 'there' }], 'items[1].item');
  bad([fine, { item: 'n', title: 5 }], 'items[1].title');
  bad([fine, { item: 'n', attributes: { color: 'red' } }], 'items[1].attributes.color');
  bad([fine, { item: 'n', attributes: { brand: ['acme'] } }], 'items[1].attributes.brand');
  bad([fine, { item: 'n', attributes: { tag: 'x' } }], 'items[1].attributes.tag');
  bad([fine, { item: 'n', attributes: { price: '3' } }], 'items[1].attributes.price');
  bad([fine, { item: 'n', attributes: { price: NaN } }], 'items[1].attributes.price');
  bad([fine, { item: 'n', related: id(1) }], 'items[1].related');
  bad([fine, { item: 'n', boost: -1 }], 'items[1].boost');
  bad(
    [fine, { item: 'n', location: { latitude: 91, longitude: 0 } }],
    'items[1].location.latitude',
  );
  bad([fine, { item: 'n', born: 'today' }], 'items[1].born');
  bad(
    Array.from({ length: 4096 }, (_, n) => ({ item: `n${n}` })),
    'items',
    'TOO_LARGE',
  );
  engine.addItems([fine]);
  assert.ok(engine.has('fine'));
  engine.dispose();
  assert.throws(() => engine.addItems([{ item: 'late' }]), DisposedError);
});

test('memory of former engines is reused', async (t) => {
  const engine = await open(t);
  for (let n = 0; n < 5; n++) engine.addItems([{ item: `warm${n}` }]);
  const size = engine.memoryBytes;
  for (let n = 0; n < 60; n++) engine.addItems([{ item: `n${n}` }]);
  assert.ok(engine.memoryBytes < size + 2 ** 20, `${size} to ${engine.memoryBytes}`);
});
