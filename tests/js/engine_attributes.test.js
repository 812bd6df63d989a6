// What an engine says of items: over the golden snapshot by the formulas of tests/unit/file_builder.h, and
// over one built from an items file, compared with that file and with the independent reader.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { DisposedError, createEngine } from 'reckon';
import { readSnapshot } from '../reader/reader.js';
import { folderFor, reckon, write } from './helpers/command_line.js';

const golden = (name) => readFileSync(new URL(`../golden/${name}`, import.meta.url));

test('the golden snapshot: categories, tags, numbers, and nothing where there is nothing', async (t) => {
  const engine = await createEngine({ snapshot: golden('good_v1.rk') });
  t.after(() => engine.dispose());
  assert.deepEqual(engine.info.attributes, [
    { name: 'brand', kind: 'category' },
    { name: 'genre', kind: 'tags' },
    { name: 'price', kind: 'number' },
    { name: 'size', kind: 'number' },
  ]);
  const { items, attributes } = readSnapshot(golden('good_v1.rk'));
  items.forEach((item, i) => assert.deepEqual(engine.attributes(item), attributes.ofItems[i]));
  assert.deepEqual(engine.attributes('item-07'), {
    brand: 'ümlaut',
    genre: ['x', 'y', 'z'],
    price: 3.5,
  });
  assert.deepEqual(engine.attributes('item-99'), {});
  engine.dispose();
  assert.throws(() => engine.attributes('item-07'), DisposedError);
});

test('a snapshot without attributes', async (t) => {
  const engine = await createEngine({ snapshot: golden('good_v1_bare.rk') });
  t.after(() => engine.dispose());
  assert.deepEqual(engine.info.attributes, []);
  assert.deepEqual(engine.attributes('item-07'), {});
});

test('a built snapshot has what the items file said', async (t) => {
  const folder = folderFor(t);
  const ids = Array.from({ length: 30 }, (_, n) => `i${String(n).padStart(2, '0')}`);
  const genres = ['b|a', '', 'a||c', 'c|c', 'd e|é'];
  const rows = ids.map((id, n) =>
    [id, `A long name ${n}`, genres[n % 5], ['acme', 'bolt'][n % 2], n % 3 ? n / 4 : ''].join(),
  );
  const events = ids.map((id, n) => `u${n >> 2},${id},${1700000000 + 90 * n}`);
  write(folder, {
    'items.csv': ['item,blurb,genre,brand,price', ...rows].join('\n'),
    'log.csv': ['user,item,time', ...events].join('\n'),
    'fast.json': JSON.stringify({ train: { encoderEpochs: 0, sgnsEpochs: 1, validationCases: 0 } }),
  });
  const options = ['--items', 'items.csv', '--config', 'fast.json', '--out', 'shop.rk'];
  const built = reckon(folder, ['build', 'log.csv', ...options]);
  assert.equal(built.status, 0, built.stderr);
  const bytes = readFileSync(path.join(folder, 'shop.rk'));
  const engine = await createEngine({ snapshot: bytes });
  t.after(() => engine.dispose());
  assert.deepEqual(engine.info.attributes.map(({ name, kind }) => `${name}: ${kind}`).sort(), [
    'brand: category',
    'genre: tags',
    'price: number',
  ]);
  ids.forEach((id, n) => {
    const tags = [...new Set(genres[n % 5].split('|').filter((tag) => tag !== ''))].sort();
    assert.deepEqual(engine.attributes(id), {
      brand: ['acme', 'bolt'][n % 2],
      ...(tags.length > 0 && { genre: tags }),
      ...(n % 3 !== 0 && { price: n / 4 }),
    });
  });
  assert.deepEqual(
    readSnapshot(bytes).born,
    ids.map((_, n) => Math.floor((1700000000 + 90 * n) / 60)),
  );
});
