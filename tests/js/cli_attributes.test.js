// What is known of items and users: attributes and places from the items file, contexts from the events.
// Everything goes through an events file and the independent reader.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Duck } from '../../js-bindings/cli/dist/duck.js';
import { regionOf } from '../../js-bindings/cli/dist/event_log.js';
import { writeEventsFile } from '../../js-bindings/cli/dist/events_file.js';
import { readEvents } from '../reader/reader.js';
import { NATIVE, folderFor, read, write } from './helpers/command_line.js';

/** An events file's log of every item, in a random order of no meaning. */
const logOf = (items) => `user,item\n${items.map((item) => `u,${item}\n`).join('')}`;

/** { name: kind } of the attributes, and what was said not to be used. */
function kindsOf({ attributes, notes }) {
  const names = attributes?.names ?? [];
  return {
    kinds: Object.fromEntries(names.map((name, a) => [name, attributes.kinds[a]])),
    unused: /attributes of items: .*; not used: (.*)/.exec(notes)?.[1]?.split(', ') ?? [],
  };
}

test('attributes: what kind a column is, is guessed from its values', async (t) => {
  const folder = folderFor(t);
  const ids = Array.from({ length: 40 }, (_, n) => `i${String(n).padStart(2, '0')}`);
  const columns = {
    title: (n) => (n % 3 ? `Film number ${n}` : 'One'),
    genres: (n) => (n % 4 === 0 ? 'a|b' : 'a'),
    brand: (n) => ['acme', 'bolt', 'cog'][n % 3],
    department: (n) => ['Home & Garden', 'Toys and Games'][n % 2],
    description: (n) => `A thing of ${n} parts`,
    price: (n) => (n / 4).toFixed(2),
    year: (n) => 1990 + (n % 7),
    stock: (n) => 1000 - n * 3,
    supplier_id: (n) => 7000 + n,
    shelf_id: (n) => 7000 + (n % 5),
    imdb: (n) => `01${100 + n}`,
    url: (n) => `https://example.com/${n}`,
    cell: (n) => `${n % 5}_1`,
    nothing: () => '',
    mostly: (n) => (n === 7 ? 'unknown' : n % 9),
  };
  const rows = ids.map((id, n) => [id, ...Object.values(columns).map((value) => value(n))]);
  write(folder, {
    'log.csv': logOf(ids),
    'items.csv': `item,${Object.keys(columns)}\n${rows.join('\n')}\n`,
  });
  const events = await read(folder, 'log.csv', { items: 'items.csv' });
  assert.deepEqual(kindsOf(events), {
    kinds: {
      ...{ title: 'text', genres: 'tags', brand: 'category', department: 'category' },
      ...{ description: 'text', price: 'number', year: 'number', stock: 'number' },
      ...{ shelf_id: 'number', cell: 'category', mostly: 'number' },
    },
    unused: ['supplier_id', 'imdb', 'url', 'nothing'],
  });
  assert.match(events.notes, /attributes of items: title=text, genres=tags, .* \(guessed\)/);
  assert.deepEqual(
    events.attributes.values[7].map((value, a) => `${events.attributes.names[a]}=${value}`),
    [
      ...['title=Film number 7', 'genres=a', 'brand=bolt', 'department=Toys and Games'],
      ...['description=A thing of 7 parts', 'price=1.75', 'year=1990', 'stock=979'],
      ...['shelf_id=7002', 'cell=2_1', 'mostly='],
    ],
  );
  // Many whole numbers that never repeat are ids, whatever they are called.
  const many = Array.from({ length: 1000 }, (_, n) => `${n},${5000 + n * 7},${n % 50}\n`).join('');
  write(folder, { 'many.csv': `item,code,size\n${many}` });
  assert.deepEqual(kindsOf(await read(folder, 'log.csv', { items: 'many.csv' })), {
    kinds: { size: 'number' },
    unused: ['code'],
  });
});

test('attributes: --map names, kinds and leaves out', async (t) => {
  const folder = folderFor(t);
  write(folder, {
    'log.csv': logOf(['a', 'b', 'c', 'd', 'e-f']),
    'items.csv':
      'id,title,genres,code,size,region\na,Ant,x|y,k1,1,eu\nb,Bee,y,k2,2,eu\nc,,,k3,3,us\nd,Dodo,x,k4,,us\n',
  });
  const map = 'attr.size=,attr.kind=genres:category,attr.sku=CODE:category,attr.words=id:text';
  const config = { map: { 'attr.size': 'size:text', 'attr.title': 'title:category' } };
  const events = await read(folder, 'log.csv', { items: 'items.csv', map, config });
  assert.deepEqual(events.attributes, {
    names: ['title', 'kind', 'sku', 'words'],
    kinds: ['category', 'category', 'category', 'text'],
    values: [
      ['Ant', 'x|y', 'k1', 'a'],
      ['Bee', 'y', 'k2', 'b'],
      ['', '', 'k3', 'c'],
      ['Dodo', 'x', 'k4', 'd'],
      ['', '', '', 'e-f'],
    ],
  });
  assert.doesNotMatch(events.notes, /attributes of items.*guessed/);
  assert.deepEqual(events.titles, ['Ant', 'Bee', '', 'Dodo', '']);
  // Without a kind the values decide; whoever maps a column gets it.
  const open = await read(folder, 'log.csv', {
    items: 'items.csv',
    map: ['attr.sku=code,attr.n=size', 'attr.title=', 'attr.genres='],
  });
  assert.deepEqual(kindsOf(open).kinds, { sku: 'category', n: 'number' });
  const none = await read(folder, 'log.csv', {
    items: 'items.csv',
    map: 'attr.title=,attr.genres=,attr.code=,attr.size=',
  });
  assert.equal(none.attributes, undefined);
  assert.equal(none.meta.attributes, 0);
});

test('attributes without an items file: the ids are the text', async (t) => {
  const folder = folderFor(t);
  write(folder, { 'log.csv': 'user,package\nu,left-pad\nu,@a/b\n' });
  for (const map of ['item=package,attr.name=package:text', 'item=package,attr.name=item']) {
    const events = await read(folder, 'log.csv', { map });
    assert.deepEqual(events.attributes, {
      names: ['name'],
      kinds: ['text'],
      values: [['@a/b'], ['left-pad']],
    });
    assert.match(events.notes, /attributes: name=text/);
  }
});

test('numbers are spelt as the format wants, the others are as in the file', async (t) => {
  const folder = folderFor(t);
  const numbers = {
    ...{ '007': '007', '1.50': '1.50', '-2e-3': '-2e-3', '+5': '5.0', '.5': '0.5', ' 7 ': '7.0' },
    ...{ '1E5': '100000.0', '1e+30': '1e30', '': '', '5.': '5.0', '-0': '-0' },
    [`0.${'1'.repeat(60)}`]: '0.1111111111111111',
  };
  const ids = Object.keys(numbers).map((_, n) => `i${String(n).padStart(2, '0')}`);
  const rows = Object.keys(numbers).map((text, n) => `${ids[n]},"${text}"\n`);
  write(folder, { 'log.csv': logOf(ids), 'items.csv': `item,size\n${rows.join('')}` });
  const mapped = { items: 'items.csv', map: 'attr.size=size:number' };
  const events = await read(folder, 'log.csv', mapped);
  assert.deepEqual(events.attributes.values.flat(), Object.values(numbers));
});

test('typed items: lists are tags, numbers are numbers', async (t) => {
  const folder = folderFor(t);
  write(folder, { 'log.csv': logOf(['a', 'b']) });
  const duck = await Duck.open(folder);
  await duck.run(`COPY (SELECT * FROM (VALUES ('a', ['x', 'y'], 1.5::FLOAT, 52.5, 13.25),
    ('b', ['x'], 1e-7::FLOAT, NULL, 4)) AS items(item, kinds, size, latitude, lng))
    TO '${folder}/items.parquet'`);
  duck.close();
  const events = await read(folder, 'log.csv', { items: 'items.parquet' });
  assert.deepEqual(kindsOf(events).kinds, { kinds: 'tags', size: 'number' });
  assert.deepEqual(events.attributes.values, [
    ['x|y', '1.5'],
    ['x', '1e-07'],
  ]);
  assert.deepEqual(events.places, [[52.5, 13.25], null]);
});

test('items files of one glob: attributes by name, each file with its own columns', async (t) => {
  const folder = folderFor(t);
  write(folder, {
    'log.csv': logOf(['a', 'b', 'c', 'z']),
    'items-1.csv': 'item,brand,lat,lon\na,acme,1,2\nb,acme,3,4\n',
    'items-2.csv': 'color,item,brand\nred,c,acme\nred,a,other\n',
  });
  const events = await read(folder, 'log.csv', { items: 'items-*.csv' });
  assert.deepEqual(events.attributes, {
    names: ['brand', 'color'],
    kinds: ['category', 'category'],
    values: [
      ['acme', 'red'],
      ['acme', ''],
      ['acme', 'red'],
      ['', ''],
    ],
  });
  assert.deepEqual(events.places, [[1, 2], [3, 4], null, null]);
});

test('places: both coordinates in range, or none', async (t) => {
  const folder = folderFor(t);
  const places = { a: '90,-180', b: '90.01,0', c: '0,180.5', d: ',5', e: 'x,5', f: '-90,180' };
  const rows = Object.entries(places).map(([id, place]) => `${id},${place}\n`);
  write(folder, {
    'log.csv': logOf(['a', 'z']),
    'items.csv': `item,Latitude,LONG\n${rows.join('')}g,nan,inf\n`,
    'other.csv': 'item,north,east\na,1.5,2.5\n',
    'half.csv': 'item,lat,size\na,1,2\n',
    'none.csv': 'item,lat,lon\na,,\n',
  });
  const events = await read(folder, 'log.csv', { items: 'items.csv' });
  assert.deepEqual(events.items, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'z']);
  assert.deepEqual(events.places, [[90, -180], null, null, null, null, [-90, 180], null, null]);
  assert.match(events.notes, /item=item, no titles, lat=Latitude, lon=LONG/);
  assert.match(events.notes, /5 of 7 items have no place/);
  assert.equal(events.attributes, undefined, 'coordinates are no attributes');
  const named = await read(folder, 'log.csv', { items: 'other.csv', map: 'lat=north,lon=east' });
  assert.deepEqual(named.places, [[1.5, 2.5], null]);
  const half = await read(folder, 'log.csv', { items: 'half.csv' });
  assert.equal(half.places, undefined);
  assert.deepEqual(kindsOf(half), { kinds: { size: 'number' }, unused: ['lat'] });
  assert.equal((await read(folder, 'log.csv', { items: 'none.csv' })).places, undefined);
  const off = await read(folder, 'log.csv', { items: 'items.csv', map: 'lat=' });
  assert.equal(off.places, undefined);
  assert.equal(off.attributes, undefined);
});

test('contexts: combinations of features, numbered by first appearance', async (t) => {
  const folder = folderFor(t);
  write(folder, {
    'log.csv':
      'user,item,time,country,age,zip\nu,a,1,fr,30,01\nu,b,2,de,30,01\nv,a,3,fr,17,01\nv,a,3,fr,17,01\nw,b,4,,17,\nw,a,5,fr,40,01\n',
  });
  const map = 'feature.country=Country,feature.adult="age >= 18",feature.zip=zip';
  const events = await read(folder, 'log.csv', { map });
  assert.deepEqual(events.contexts, {
    names: ['country', 'adult', 'zip'],
    values: [
      ['fr', 'true', '01'],
      ['de', 'true', '01'],
      ['fr', 'false', '01'],
      ['', 'false', ''],
    ],
    ofEvent: [0, 1, 2, 3, 0],
  });
  assert.match(events.notes, /time=time, feature.country=Country, feature.adult=age >= 18/);
  assert.match(events.notes, /1 duplicate rows left out/);
  // Equal but for a feature: two rows. A feature of the configuration gives way to the command line's.
  write(folder, { 'two.csv': 'user,item,time,x,y\nu,a,1,p,r\nu,a,1,q,r\n' });
  const config = { map: { 'feature.f': 'y' } };
  const two = await read(folder, 'two.csv', { map: 'feature.f=x', config });
  assert.deepEqual(two.contexts.ofEvent, [0, 1]);
  assert.equal((await read(folder, 'two.csv')).contexts, undefined);
});

test('a region keeps its items, places, attributes and contexts, numbered anew', async (t) => {
  const folder = folderFor(t);
  write(folder, {
    'log.csv': 'user,item,region,country\nu,d,us,ca\nu,b,eu,fr\nv,c,us,us\nv,a,eu,de\nv,b,eu,fr\n',
    'items.csv': 'item,lat,lon,brand\nb,2,3,bolt\nc,4,5,bolt\n',
  });
  const { log } = await read(folder, 'log.csv', {
    items: 'items.csv',
    map: 'feature.country=country,attr.name=item:text',
  });
  const file = path.join(folder, 'eu.rkev');
  await writeEventsFile(file, regionOf(log, 'eu', 'log.csv'), 'eu');
  const events = readEvents(readFileSync(file));
  assert.deepEqual(events.items, ['a', 'b', 'c']);
  assert.deepEqual(events.places, [null, [2, 3], [4, 5]]);
  assert.deepEqual(events.attributes.values, [
    ['', 'a'],
    ['bolt', 'b'],
    ['bolt', 'c'],
  ]);
  assert.deepEqual(events.contexts, {
    names: ['country'],
    values: [['fr'], ['de']],
    ofEvent: [0, 1, 0],
  });
});

test('the test file has the features too', async (t) => {
  const folder = folderFor(t);
  write(folder, {
    'train.csv': 'session,item,country\n1,a,fr\n1,b,fr\n',
    'test.csv': 'country,session,item\nde,1,a\nfr,2,b\n',
    'bare.csv': 'session,item\n1,a\n',
  });
  const map = 'feature.country=country';
  const events = await read(folder, 'train.csv', { test: 'test.csv', map });
  assert.deepEqual(events.contexts.ofEvent, [0, 0, 1, 0]);
  await assert.rejects(
    read(folder, 'train.csv', { test: 'bare.csv', map }),
    /bare.csv: there is no column "country" \(named in --map\); the columns are "session", "item"/,
  );
});

test('attributes and features that cannot be had are refused', async (t) => {
  const folder = folderFor(t);
  const wide = Array.from({ length: 33 }, (_, n) => `w${n}`);
  write(folder, {
    'log.csv': 'user,item,age\nu,a,5\nu,b,old\nu,c,7\n',
    'items.csv': 'item,size,lat\na,1,2\nb,big,2\n',
    'wide.csv': `item,${wide}\na,${wide.map(() => 1)}\nb,${wide.map(() => 1)}\n`,
  });
  for (const [more, expected] of [
    ['attr.size=size:number', /items.csv, row 2 \(line 3\), column size: "big" is not a number/],
    ['attr.x=sizes:tag', /items.csv: there is no column "sizes:tag" \(--map attr.x=COLUMN:cat/],
    ['lat=lat,lon=', /items.csv: --map lat= needs lon too \(--map lon=COLUMN\)/],
    ['lon=east', /items.csv: there is no column "east" \(--map lon=\)/],
    ['feature.f="age > 6"', /log.csv, row 2 \(line 3\), column age: "old" is not a number/],
    ['feature.f=agee', /no column "agee" \(--map feature.f\); the columns are "user", "item"/],
    ['feature.f="item +"', /--map feature.f: syntax error/],
    [wide.slice(0, 17).map((name) => `feature.${name}=age`), /log.csv: 17 user features .*most 16/],
  ]) {
    const request = { items: 'items.csv', map: more };
    await assert.rejects(read(folder, 'log.csv', request), expected, String(more));
  }
  await assert.rejects(
    read(folder, 'log.csv', { items: 'wide.csv' }),
    /wide.csv: 33 attributes; at most 32 \(--map attr.NAME= leaves one out/,
  );
  const fewer = await read(folder, 'log.csv', { items: 'wide.csv', map: 'attr.w7=' });
  assert.equal(fewer.meta.attributes, 32);
  await assert.rejects(
    read(folder, 'log.csv', { map: 'attr.size=size:number' }),
    /log.csv: --map attr.size=: "size" is to be a column of the items file \(--items FILE\)/,
  );
});

test('what the command writes, the C reader takes', async (t) => {
  const folder = folderFor(t);
  write(folder, {
    'log.csv': 'user,item,country\nu,a,fr\nu,b,fr\nv,a,de\nv,b,de\nv,c,\n',
    'items.csv':
      'item,title,genre,size,lat,lon\na,Ant,x|y,1.5,1,2\nb,Bée,y,2,,\nd,Dodo,,-3e2,4,5\n',
  });
  const map = 'feature.country=country';
  await read(folder, 'log.csv', { items: 'items.csv', map });
  const file = path.join(folder, 'log.rkev');
  for (const [name, byte, expected] of [
    ['good', undefined, /^$/],
    ['bad', 'aval.txt', /aval.txt|section/],
  ]) {
    const bytes = readFileSync(file);
    if (byte) bytes[bytes.length - 70] ^= 1;
    write(folder, { [`${name}.rkev`]: bytes });
    const out = path.join(folder, `${name}.rk`);
    const args = ['train', path.join(folder, `${name}.rkev`), '--out', out];
    const { status, stderr } = spawnSync(NATIVE, args, { encoding: 'utf8' });
    assert.equal(status === 0, name === 'good', stderr);
    if (name === 'bad') assert.match(stderr, expected);
  }
});
