// Reading data: formats, columns, ids, order, duplicates. Everything goes through an events file and the
// independent reader, which checks the whole of FORMAT.md on the way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Duck } from '../../js-bindings/cli/dist/duck.js';
import { randomFrom } from '../data/generated_log.js';
import { folderFor, read, rowsOf, write } from './helpers/command_line.js';

const LOG = 'user,item,event\nu2,b,view\nu1,a,buy\nu2,a,view\n';
const ROWS = [
  ['u2', 'b', 'view'],
  ['u1', 'a', 'buy'],
  ['u2', 'a', 'view'],
];

test('users in order of appearance, items sorted, rows in file order', async (t) => {
  const folder = folderFor(t);
  write(folder, { 'log.csv': LOG });
  const events = await read(folder, 'log.csv', { region: 'eu' });
  assert.deepEqual(rowsOf(events), ROWS);
  assert.deepEqual(events.users, ['u2', 'u1']);
  assert.deepEqual(events.items, ['a', 'b']);
  assert.deepEqual(events.types, ['view', 'buy']);
  assert.deepEqual(events.typeWeights, [1, 1]);
  assert.equal(events.meta.timeKind, 0);
  assert.equal(events.meta.userKind, 1);
  assert.equal(events.header.region, 'eu');
  assert.equal(events.header.createdAtMs, 0n);
});

test('gzip, tabs, semicolons, CRLF, byte order mark, quotes: the same log', async (t) => {
  const folder = folderFor(t);
  const quoted = LOG.replace(/[^,\n]+/g, '"$&"');
  write(folder, {
    'a.csv.gz': LOG,
    'b.tsv': LOG.replaceAll(',', '\t'),
    'c.csv': LOG.replaceAll(',', ';'),
    'd.csv': LOG.replaceAll('\n', '\r\n'),
    'e.csv': `\ufeff${LOG}`,
    'f.csv': quoted,
    'g.csv': LOG.trimEnd(),
    'h.dat': LOG.replaceAll('\n', '\n\n'),
  });
  for (const name of ['a.csv.gz', 'b.tsv', 'c.csv', 'd.csv', 'e.csv', 'f.csv', 'g.csv', 'h.dat']) {
    assert.deepEqual(rowsOf(await read(folder, name)), ROWS, name);
  }
});

test('JSON, Parquet, SQL and globs', async (t) => {
  const folder = folderFor(t);
  const objects = ROWS.map(([user, item, event]) => ({ user, item, event }));
  write(folder, {
    'log.csv': LOG,
    'log.json': JSON.stringify(objects),
    'log.ndjson.gz': objects.map((row) => JSON.stringify(row)).join('\n'),
    'part-1.csv': LOG.split('\n').slice(0, 2).join('\n'),
    'part-2.csv': 'event,item,user\nbuy,a,u1\nview,a,u2\n',
  });
  const duck = await Duck.open(folder);
  await duck.run(`COPY (FROM '${folder}/log.csv') TO '${folder}/log.parquet'`);
  duck.close();
  for (const name of ['log.json', 'log.ndjson.gz', 'log.parquet', 'part-*.csv']) {
    assert.deepEqual(rowsOf(await read(folder, name)), ROWS, name);
  }
  const query = `SELECT user, item, event FROM '${folder}/log.csv' WHERE event = 'view'`;
  assert.deepEqual(rowsOf(await read(folder, query)), [ROWS[0], ROWS[2]]);
});

test('ids are verbatim, whatever they look like', async (t) => {
  const folder = folderFor(t);
  const ids = [
    ...['007', '1.50', '1e3', '12345678901234567890123', 'NULL', 'nan', 'true', '2020-01-01'],
    ...['a,b', 'say "hi"', "it's", '🦊 fox', ' padded ', 'two\nlines', 'ünï/code', '#x', '|'],
    ...['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'x'.repeat(10_240), '🦊'.repeat(16_383) + 'abc'],
  ];
  const field = (text) => `"${text.replaceAll('"', '""')}"`;
  write(folder, {
    'log.csv': `user,item\n${ids.map((id) => `${field(id)},${field(id)}\n`).join('')}`,
    'log.json': JSON.stringify(ids.map((id) => ({ user: id, item: id }))),
  });
  const sorted = [...ids].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const name of ['log.csv', 'log.json']) {
    const events = await read(folder, name);
    assert.deepEqual(events.users, ids, name);
    assert.deepEqual(events.items, sorted, name);
  }
  // Numbers in JSON and in Parquet are ids too.
  write(folder, { 'numbers.json': '[{"user": 7, "item": 12345678901234567890}]' });
  assert.deepEqual(rowsOf(await read(folder, 'numbers.json')), [
    ['7', '12345678901234567890', 'click'],
  ]);
});

test('columns are guessed from their names, and the guess is said', async (t) => {
  const folder = folderFor(t);
  const cases = [
    ['userId,movieId,rating,timestamp', 1, 'user=userId, item=movieId, time=timestamp', 'rating'],
    ['session_id,item_id,ts', 0, 'session=session_id, item=item_id, time=ts', ''],
    ['basket,user,item,country', 0, 'session=basket, item=item', 'user, country'],
    ['visitorid,itemid,event,timestamp', 1, 'user=visitorid, item=itemid, event=event', ''],
    ['InvoiceNo,StockCode,InvoiceDate', 0, 'session=InvoiceNo, item=StockCode', ''],
    ['customer_id,product_id,type,pos', 1, 'user=customer_id, item=product_id, event=type', ''],
    ['user,item,timestamp_ms,pos', 1, 'user=user, item=item, time=timestamp_ms', 'pos'],
  ];
  for (const [header, userKind, said, unused] of cases) {
    const row = header.split(',').map((name) => (/^(t|pos|InvoiceDate)/.test(name) ? '5' : 'x'));
    write(folder, { 'log.csv': `${header}\n${row.join(',')}\n` });
    const { notes, meta } = await read(folder, 'log.csv');
    assert.equal(meta.userKind, userKind, header);
    assert.ok(notes.includes(said), notes);
    assert.ok(notes.includes('(guessed from the names)'), notes);
    assert.equal(/not used: (.*)/.exec(notes)?.[1] ?? '', unused, header);
  }
});

test('--map names columns, splits at commas outside quotes, and switches roles off', async (t) => {
  const folder = folderFor(t);
  write(folder, { 'log.csv': 'who,what,when,user\nann,tea,5,zed\nbob,"milk, cold",6,zed\n' });
  const named = await read(folder, 'log.csv', { map: 'user=who,item=WHAT,time=when' });
  assert.deepEqual(rowsOf(named), [
    ['ann', 'tea', 'click', 5],
    ['bob', 'milk, cold', 'click', 6],
  ]);
  assert.match(named.notes, /not used: user/);
  const session = await read(folder, 'log.csv', { map: ['session=who', 'item=what,time='] });
  assert.equal(session.meta.userKind, 0);
  assert.equal(session.meta.timeKind, 0);
});

test('duplicates: equal in every mapped column with a time; without times none', async (t) => {
  const folder = folderFor(t);
  const rows = ['u,a,5,1', 'u,a,5,1', 'u,a,6,1', 'u,b,5,1', 'u,a,5,2', 'v,a,5,1', 'u,a,5,1'];
  write(folder, { 'log.csv': `user,item,time,rating\n${rows.join('\n')}\n` });
  const timed = await read(folder, 'log.csv');
  assert.deepEqual(rowsOf(timed), [
    ['u', 'a', 'click', 5],
    ['u', 'a', 'click', 6],
    ['u', 'b', 'click', 5],
    ['v', 'a', 'click', 5],
  ]);
  assert.match(timed.notes, /3 duplicate rows left out/);
  const rated = await read(folder, 'log.csv', { map: 'label.like=rating >= 1' });
  assert.equal(rated.meta.events, 5, 'the rating is mapped, so another rating is another row');
  const untimed = await read(folder, 'log.csv', { map: 'time=' });
  assert.equal(untimed.meta.events, 7);
});

test('--items: titles, items without events; the first of repeated ids counts', async (t) => {
  const folder = folderFor(t);
  write(folder, {
    'log.csv': 'user,item\nu,b\nu,d\n',
    'items.csv': 'id,title\nc,Sea\nb,Bee\na,\nb,Again\n',
    'plain.csv': 'item\nz\n',
  });
  const events = await read(folder, 'log.csv', { items: 'items.csv' });
  assert.deepEqual(events.items, ['a', 'b', 'c', 'd']);
  assert.deepEqual(events.titles, ['', 'Bee', 'Sea', '']);
  assert.match(events.notes, /1 rows of the items file repeat an item/);
  const plain = await read(folder, 'log.csv', { items: 'plain.csv' });
  assert.deepEqual(plain.items, ['b', 'd', 'z']);
  assert.equal(plain.titles, undefined);
});

test('--test: its rows are marked, its sessions are others than those of the log', async (t) => {
  const folder = folderFor(t);
  write(folder, {
    'train.csv': 'session,item\n1,a\n1,b\n2,a\n',
    'test.csv': 'session,item\n1,b\n1,c\n',
  });
  const events = await read(folder, 'train.csv', { test: 'test.csv' });
  assert.deepEqual(events.split, [0, 0, 0, 1, 1]);
  assert.deepEqual(events.users, ['1', '2', '1']);
  assert.deepEqual(events.user, [0, 0, 1, 2, 2]);
  assert.deepEqual(events.items, ['a', 'b', 'c']);
});

test('a user with one event is a user', async (t) => {
  const folder = folderFor(t);
  write(folder, { 'log.csv': 'user,item\nu,a\nv,b\n' });
  assert.equal((await read(folder, 'log.csv')).meta.users, 2);
});

// ---- against a dumb model ------------------------------------------------------------------------

/** What the specification says, without thought for size. */
function model(rows) {
  const keys = new Set();
  const kept = rows.filter((row) => {
    const key = JSON.stringify(row);
    if (keys.has(key)) return false;
    keys.add(key);
    return true;
  });
  const bytewise = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
  const users = [...new Set(kept.map(([user]) => user))];
  const items = [...new Set(kept.map(([, item]) => item))].sort(bytewise);
  return { kept, users, items };
}

test('random logs against a dumb model', async (t) => {
  const seed = Number(process.env.RECKON_TEST_SEED ?? Date.now() % 100_000);
  t.diagnostic(`RECKON_TEST_SEED=${seed}`);
  const random = randomFrom(seed);
  const folder = folderFor(t);
  const pick = (list) => list[Math.floor(list.length * random())];
  const ids = ['a', 'B', 'é', '🦊', '｡', 'a,b', '"', ' ', '0', '00', 'x\ny', "'", '\\', '%s', 'ａ'];
  for (let round = 0; round < 8; round++) {
    const rows = Array.from({ length: 1 + Math.floor(400 * random()) }, () => [
      pick(ids) + pick(ids),
      pick(ids) + pick(ids),
      pick(['view', 'buy', 'hate']),
      1_600_000_000_000 + Math.floor(5 * random()) * 1000,
    ]);
    const field = (value) => `"${String(value).replaceAll('"', '""')}"`;
    const csv = rows.map((row) => `${row.map(field).join(',')}\n`).join('');
    write(folder, { 'log.csv': `user,item,event,time\n${csv}` });
    const events = await read(folder, 'log.csv');
    const expected = model(rows);
    assert.deepEqual(rowsOf(events), expected.kept, `seed ${seed}, round ${round}`);
    assert.deepEqual(events.users, expected.users, `seed ${seed}, round ${round}`);
    assert.deepEqual(events.items, expected.items, `seed ${seed}, round ${round}`);
  }
});
