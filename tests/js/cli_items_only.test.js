// Items before anybody met them: what experts say of them, and snapshots of an items file alone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { createEngine } from 'reckon';
import { regionOf } from '../../js-bindings/cli/dist/event_log.js';
import { readSnapshot } from '../reader/reader.js';
import { folderFor, read, reckon, trainersBuilt, write } from './helpers/command_line.js';

const ITEMS = `sku,title,kind,related,boost
apple,red apple,fruit|fresh,pear| bike |zz|apple|pear,3
bike,red bike,sport,,
ball,tennis ball,sport,,0.5
pear,green pear,fruit|fresh,,
plum,blue plum,fruit|fresh,apple,
tyre,bike tyre,sport,ball,1e1
`;
const LOG = 'user,item\nu,apple\nu,kiwi\n';

/** What experts say, by ids. */
const told = ({ items, related, boosts }) => ({
  related: Object.fromEntries(
    items.flatMap((id, i) => (related[i].length ? [[id, related[i].map((k) => items[k])]] : [])),
  ),
  boosts: Object.fromEntries(items.flatMap((id, i) => (boosts[i] ? [[id, boosts[i]]] : []))),
});

test('related ids and boosts go into the events file', async (t) => {
  const folder = folderFor(t);
  write(folder, { 'log.csv': LOG, 'items.csv': ITEMS });
  const events = await read(folder, 'log.csv', { items: 'items.csv' });
  assert.deepEqual(told(events), {
    related: { apple: ['bike', 'pear'], plum: ['apple'], tyre: ['ball'] },
    boosts: { apple: 3, ball: 0.5, tyre: 10 },
  });
  assert.match(events.notes, /1 related ids are no items and left out, the first is "zz"/);
  assert.match(events.notes, /related=related, boost=boost/);
  assert.deepEqual(events.attributes.names, ['title', 'kind']);
});

test('their columns are mapped like others, and can be left out', async (t) => {
  const folder = folderFor(t);
  const renamed = ITEMS.replace('related,boost', 'goes,push');
  write(folder, { 'log.csv': LOG, 'items.csv': ITEMS, 'renamed.csv': renamed });
  const mapped = await read(folder, 'log.csv', {
    items: 'renamed.csv',
    map: 'related=goes,boost=push',
  });
  assert.deepEqual(told(mapped).boosts, { apple: 3, ball: 0.5, tyre: 10 });
  assert.deepEqual(told(mapped).related.plum, ['apple']);
  const plain = await read(folder, 'log.csv', { items: 'items.csv', map: 'related=,boost=' });
  assert.equal(plain.related, undefined);
  assert.equal(plain.boosts, undefined);
  await assert.rejects(read(folder, 'log.csv', { items: 'items.csv', map: 'boost=push' }), {
    message: /push/,
  });
});

test('lists of a typed file are related items too', async (t) => {
  const folder = folderFor(t);
  write(folder, { 'log.csv': LOG });
  const items = `SELECT * FROM (VALUES ('apple', ['pear', 'kiwi'], 2), ('pear', [], NULL)) AS t(item, related, boost)`;
  const events = await read(folder, 'log.csv', { items });
  assert.deepEqual(told(events), { related: { apple: ['kiwi', 'pear'] }, boosts: { apple: 2 } });
});

test('a boost that is none is refused with its row and column', async (t) => {
  const folder = folderFor(t);
  for (const [boost, shown] of [
    ['-1', '-1'],
    ['much', 'much'],
    ['2e6', '2e6'],
    ['nan', 'nan'],
  ]) {
    write(folder, { 'log.csv': LOG, 'items.csv': `item,boost\na,1\nb,${boost}\n` });
    await assert.rejects(read(folder, 'log.csv', { items: 'items.csv' }), (refusal) => {
      const place = 'items\\.csv, row 2 \\(line 3\\), column boost';
      assert.match(refusal.message, new RegExp(`${place}: "${shown}" is no boost`));
      return true;
    });
  }
});

test('regions renumber what experts say', async (t) => {
  const folder = folderFor(t);
  write(folder, {
    'log.csv': 'user,item,region\nu,zebra,a\nu,apple,a\nv,aaa,b\nv,apple,b\n',
    'items.csv': 'item,related,boost\napple,aaa|zebra,1\nplum,apple,2\n',
  });
  const { log } = await read(folder, 'log.csv', { items: 'items.csv' });
  const ids = ({ items }) =>
    Array.from({ length: items.offsets.length - 1 }, (_, i) =>
      Buffer.from(items.text.subarray(items.offsets[i], items.offsets[i + 1])).toString(),
    );
  for (const [region, other] of [
    ['a', 'zebra'],
    ['b', 'aaa'],
  ]) {
    const own = regionOf(log, region, 'log');
    const { begin, item } = own.related;
    const names = ids(own);
    const related = names.map((_, i) => [...item.subarray(begin[i], begin[i + 1])]);
    assert.deepEqual(
      related[names.indexOf('apple')].map((k) => names[k]),
      [other],
    );
    assert.deepEqual(
      related[names.indexOf('plum')].map((k) => names[k]),
      ['apple'],
    );
    assert.equal(own.boosts[names.indexOf('plum')], 2);
    assert.equal(own.boosts[names.indexOf(other)], 0);
  }
});

test('an items file alone makes a snapshot that answers', async (t) => {
  const folder = folderFor(t);
  write(folder, { 'items.csv': ITEMS, 'none.csv': 'user,item,time\n' });
  const built = reckon(folder, ['build', '--items', 'items.csv', '--out', 'x.rk', '--json']);
  assert.equal(built.status, 0, built.stderr);
  assert.match(built.stderr, /no events: items are alike by their attributes alone/);
  const { items, events } = JSON.parse(built.stdout);
  assert.deepEqual({ items, events }, { items: 6, events: 0 });
  assert.equal(reckon(folder, ['verify', 'x.rk']).status, 0);
  assert.equal(reckon(folder, ['inspect', 'x.rk']).status, 0);

  const bytes = readFileSync(path.join(folder, 'x.rk'));
  const engine = await createEngine({ snapshot: bytes });
  const answer = (picked) => {
    const session = engine.session({ seed: 0 });
    for (const item of picked) session.record({ item, event: 'click' });
    return session.recommend({ count: 5, exclude: picked }).items.map(({ item }) => item);
  };
  assert.deepEqual(answer([]).slice(0, 3), ['tyre', 'apple', 'ball'], 'by boosts');
  assert.deepEqual(answer(['pear']).slice(0, 2).sort(), ['apple', 'plum'], 'by content');
  assert.equal(engine.similar('ball', { count: 1 })[0].item, 'tyre', 'as related');
  engine.dispose();
  const { meta, cluster } = readSnapshot(bytes);
  assert.equal(cluster.length, 6);
  assert.ok(meta.clusters >= 2 && meta.clusterModel !== 0n);

  const empty = reckon(folder, ['build', 'none.csv', '--items', 'items.csv', '--out', 'y.rk']);
  assert.equal(empty.status, 0, empty.stderr);
  assert.match(empty.stderr, /none\.csv: no rows/);
  assert.ok(bytes.equals(readFileSync(path.join(folder, 'y.rk'))));
  assert.deepEqual(trainersBuilt(), { native: true, wasi: true });
  const wasi = ['build', '--items', 'items.csv', '--out', 'z.rk', '--trainer', 'wasi'];
  assert.equal(reckon(folder, wasi).status, 0);
  assert.ok(bytes.equals(readFileSync(path.join(folder, 'z.rk'))), 'WASI gives the same bytes');
});

test('without attributes too, with a warning', async (t) => {
  const folder = folderFor(t);
  write(folder, { 'items.csv': 'item\nx\ny\nz\n', 'one.csv': 'user,item\nu,y\n' });
  const { status, stderr } = reckon(folder, ['build', '--items', 'items.csv', '--out', 'x.rk']);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /no events and no attributes: nothing tells items apart/);
  const list = (snapshot, session) =>
    JSON.parse(
      reckon(folder, ['recommend', snapshot, '--session', session, '--json']).stdout,
    ).items.map(({ item }) => item);
  assert.deepEqual(list('x.rk', ''), ['x', 'y', 'z']);
  assert.deepEqual(list('x.rk', 'click:y'), ['x', 'z']);
  const built = reckon(folder, ['build', 'one.csv', '--items', 'items.csv', '--out', 'o.rk']);
  assert.equal(built.status, 0, built.stderr);
  assert.deepEqual(list('o.rk', ''), ['y', 'x', 'z']);
});

test('event types of the configuration are known before the first event', (t) => {
  const folder = folderFor(t);
  const config = { events: { buy: { weight: 3 }, hide: { weight: -1 } }, expert: { boost: 2 } };
  write(folder, { 'items.csv': ITEMS, 'reckon.json': JSON.stringify(config) });
  const args = ['build', '--items', 'items.csv', '--config', 'reckon.json', '--out', 'x.rk'];
  assert.equal(reckon(folder, args).status, 0);
  const snapshot = readSnapshot(readFileSync(path.join(folder, 'x.rk')));
  assert.deepEqual(snapshot.types, ['click', 'buy', 'hide']);
  assert.deepEqual(snapshot.typeWeights, [1, 3, -1]);
  const apple = snapshot.items.indexOf('apple');
  assert.equal(snapshot.popularity[apple], 6, 'a boost of 3, each worth 2 events');
});

test('what experts count as is refused where it is nothing', (t) => {
  const folder = folderFor(t);
  for (const [expert, problem] of [
    [{ related: -1 }, /expert\.related must be a number from 0 to/],
    [{ boost: '1' }, /expert\.boost must be a number/],
    [{ tags: 1 }, /expert\.tags is not known; known are related, boost/],
    [[], /"expert" must be an object/],
  ]) {
    write(folder, { 'items.csv': ITEMS, 'reckon.json': JSON.stringify({ expert }) });
    const args = ['build', '--items', 'items.csv', '--config', 'reckon.json', '--out', 'x.rk'];
    const { status, stderr } = reckon(folder, args);
    assert.equal(status, 1);
    assert.match(stderr, problem);
  }
  const none = reckon(folder, ['build', '--out', 'x.rk']);
  assert.equal(none.status, 2);
  assert.match(none.stderr, /<events> is missing/);
});
