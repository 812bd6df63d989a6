// The independent reader (tests/reader) against the committed golden files: the good ones hold what
// tests/unit/file_builder.h put there, the bad ones meet the error that golden.tsv lists.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { readDelta } from '../reader/delta.js';
import { FormatError, readEvents, readSnapshot } from '../reader/reader.js';

const folder = new URL('../golden/', import.meta.url);
const load = (name) => readFileSync(new URL(name, folder));
const readers = { rk: readSnapshot, rkev: readEvents, rkd: readDelta };
const readerOf = (name) => readers[name.split('.')[1]];
const range = (count, fn) => Array.from({ length: count }, (_, i) => fn(i));

const ITEMS = 40;
const DIM = 8;

test('good_v1.rk: header, meta and text', () => {
  const snapshot = readSnapshot(load('good_v1.rk'));
  assert.equal(snapshot.header.region, 'eu-north');
  assert.equal(snapshot.header.createdAtMs, 1700000000456n);
  assert.deepEqual(snapshot.meta, {
    items: ITEMS,
    types: 3,
    dim: DIM,
    timeKind: 2,
    events: 1000n,
    sessions: 77n,
    statsThroughMs: 1700000000123n,
    seed: 0x0123456789abcdefn,
    neighborScale: 2,
    similarDecay: 0.75,
    sessionDecay: 1,
    shortPopular: 1.5,
    popularCount: 25,
    encoderPositions: 2,
    repeat: [-0.5, 0.25, 0.125, 0],
    trendingCount: 12,
    placeCount: 30,
    exploreCount: 13,
    userPositions: 3,
    userFeatures: 2,
    featureRows: 4,
    outlierWeight: 0.25,
    nearbyKm: 2.5,
    tasks: 2,
    rankInputs: 3,
    rankExperts: 2,
    rankUnits: 4,
    rankItemStep: 0.125,
    timedItems: 30,
    attributes: 4,
    attributeValues: 5,
    numbers: 2,
    clusterModel: 0x0123456789abcdefn,
    clusters: 5,
  });
  const last = ITEMS - 1;
  assert.deepEqual(
    snapshot.items,
    range(ITEMS, (i) => (i === last ? '日本' : `item-${String(i).padStart(2, '0')}`)),
  );
  assert.deepEqual(
    snapshot.titles,
    range(ITEMS, (i) => (i === last ? '日本!' : i % 2 === 0 ? `Title ${i}` : '')),
  );
  assert.deepEqual(snapshot.types, ['view', 'like', 'hide']);
  assert.deepEqual(JSON.parse(snapshot.report), { rows: 40, note: 'ü' });
});

test('good_v1.rk: weights, sources and popularity', () => {
  const snapshot = readSnapshot(load('good_v1.rk'));
  assert.deepEqual(snapshot.typeWeights, [1, 3, -1.5]);
  assert.deepEqual(
    snapshot.sources,
    range(8, (s) =>
      s < 7 ? { quota: 100 * (s + 1), weight: 1 / 2 ** s } : { quota: 0, weight: 0 },
    ),
  );
  assert.deepEqual(
    snapshot.popularity,
    range(ITEMS, (i) => (i % 10) * 0.5),
  );
  const best = range(ITEMS, (i) => i).sort((a, b) => (b % 10) - (a % 10) || a - b);
  assert.deepEqual(snapshot.popular, best.slice(0, 25));
});

test('good_v1.rk: what is rising, to explore, and the towers', () => {
  const snapshot = readSnapshot(load('good_v1.rk'));
  const all = range(ITEMS, (i) => i);
  assert.deepEqual(
    snapshot.trending,
    all.map((i) => (i % 8) / 8),
  );
  const rising = all.toSorted((a, b) => (b % 8) - (a % 8) || a - b);
  assert.deepEqual(snapshot.trendingTop, rising.slice(0, 12));
  assert.deepEqual(
    snapshot.explore,
    range(13, (i) => 1 + 3 * i),
  );
  const rows = (count, fn) => range(count, (j) => range(DIM, (d) => fn(j, d)));
  assert.deepEqual(
    snapshot.encoderPositions,
    rows(2, (j, d) => 1 - (j + d) / 16),
  );
  assert.deepEqual(
    snapshot.userPositions,
    rows(3, (j, d) => (j + d) / 8 - 0.5),
  );
  assert.deepEqual(snapshot.features, ['country', 'device']);
  assert.deepEqual(
    snapshot.featureVectors,
    rows(4, (r, d) => (r * DIM + d) / 32 - 0.5),
  );
});

test('good_v1.rk: places', () => {
  const { geo } = readSnapshot(load('good_v1.rk'));
  const places = range(ITEMS, (i) => {
    const spot = i === 5 ? 4 : i;
    return i % 4 === 3 ? null : [((spot * 37) % 181) - 90, ((spot * 53) % 361) - 180];
  });
  places[0] = [90, 180];
  places[1] = [-90, -180];
  assert.deepEqual(geo.places, places);
  assert.equal(geo.byCode.length, 30);
  assert.equal(geo.byCode[0], 1);
  assert.deepEqual([geo.byCode.at(-1), geo.codes.at(-1)], [0, 2 ** 32 - 1]);
});

test('good_v1.rk: attributes and ages', () => {
  const { attributes, born } = readSnapshot(load('good_v1.rk'));
  assert.deepEqual(attributes.names, ['brand', 'genre', 'price', 'size']);
  assert.deepEqual(attributes.kinds, ['category', 'tags', 'number', 'number']);
  assert.deepEqual(attributes.values, ['acme', 'ümlaut', 'x', 'y', 'z']);
  assert.deepEqual(
    attributes.ofItems,
    range(ITEMS, (i) => ({
      ...(i % 3 < 2 && { brand: ['acme', 'ümlaut'][i % 3] }),
      ...(i % 8 !== 0 && { genre: ['x', 'y', 'z'].filter((_, v) => (i >> v) & 1) }),
      ...(i % 5 !== 4 && { price: i / 2 }),
      ...(i % 2 === 0 && { size: i === 0 ? 2 ** 64 : -i }),
    })),
  );
  assert.deepEqual(
    born,
    range(ITEMS, (i) => (i % 4 === 3 ? null : 28000000 + 60 * i)),
  );
});

test('good_v1.rk: clusters', () => {
  const { cluster } = readSnapshot(load('good_v1.rk'));
  assert.deepEqual(
    cluster,
    range(ITEMS, (i) => (i * 7) % 5),
  );
});

test('good_v1.rk: tasks and both networks', () => {
  const { rankers } = readSnapshot(load('good_v1.rk'));
  assert.deepEqual(rankers.tasks, [
    { type: 0, weight: 1, scale: 1, offset: 0, baseRate: 0.25 },
    { type: 2, weight: -2, scale: 0.5, offset: -1, baseRate: 0.125 },
  ]);
  assert.deepEqual(rankers.features, [0, 17, 63]);
  const second = (i) => (i % 16) / 16 - 0.5;
  const rows = (begin, count, width) =>
    range(count, (r) => range(width, (c) => second(begin + r * width + c)));
  assert.deepEqual(rankers.matrix, rows(0, 3, 14));
  assert.deepEqual(rankers.biases, rows(42, 1, 14)[0]);
  assert.deepEqual(rankers.heads, rows(56, 2, 4));
  assert.deepEqual(rankers.first, {
    a: range(DIM, (d) => d / 32),
    b: range(DIM, (d) => (DIM + d) / 32),
    w: range(16, (k) => (2 * DIM + k) / 32),
  });
  assert.deepEqual(
    rankers.itemSteps,
    range(ITEMS, (i) => i - 20),
  );
  assert.deepEqual(
    rankers.rates,
    range(ITEMS, (i) => (i === 9 ? [255, 255] : [(i * 14) % 255, (i * 14 + 7) % 255])),
  );
});

test('good_v1_bare.rk: no optional section', () => {
  const snapshot = readSnapshot(load('good_v1_bare.rk'));
  for (const part of [
    'trending',
    'geo',
    'explore',
    'encoderPositions',
    'features',
    'born',
    'attributes',
    'rankers',
  ])
    assert.equal(snapshot[part], undefined, part);
  assert.equal(snapshot.meta.outlierWeight, 0);
  assert.equal(snapshot.items.length, ITEMS);
});

test('good_v1.rk: neighbours with their weights', () => {
  const { neighbors } = readSnapshot(load('good_v1.rk'));
  neighbors.forEach((row, i) => {
    const expected = range([12, 5, 1, 0][i % 4], (k) => ({
      item: (i + 1 + k) % ITEMS,
      code: 255 - 10 * Math.floor(k / 2),
    })).sort((a, b) => b.code - a.code || a.item - b.item);
    assert.deepEqual(
      row.map(({ item, code }) => ({ item, code })),
      expected,
      `row ${i}`,
    );
    row.forEach(({ weight, code, more }, k) => {
      assert.equal(more, k >= 8);
      assert.ok(Math.abs(weight / (2 * 0.5 ** ((255 - code) / 16)) - 1) < 1e-12);
    });
  });
});

test('good_v1.rk: vectors', () => {
  const { vectors } = readSnapshot(load('good_v1.rk'));
  assert.deepEqual(
    [...vectors.mean],
    range(DIM, (d) => (d - 4) * 0.0625),
  );
  assert.equal(vectors.rows.length, ITEMS);
  vectors.rows.forEach((row, i) => {
    const scale = i % 5 === 4 ? 0 : (1 + i) / 4096;
    assert.equal(vectors.decodeScales[i], scale);
    assert.equal(vectors.scanFactors[i], i % 5 === 4 ? 0 : 1 + i / 32);
    const expected = range(DIM, (d) => {
      const cell = (i * 3 + d * 5 + i * d) & 3;
      const low = (i * 7 + d * 11) & 63;
      assert.equal(vectors.cells[i][d], cell);
      assert.equal(vectors.low[i][d], low);
      const signed = [-(64 + 3 * low), -low, low, 64 + 3 * low][cell];
      return Math.fround((d - 4) * 0.0625 + scale * signed);
    });
    assert.deepEqual([...row], expected, `row ${i}`);
  });
});

test('good_v1.rkev: everything', () => {
  const { header, ...content } = readEvents(load('good_v1.rkev'));
  assert.equal(header.region, 'eu-north');
  assert.equal(header.createdAtMs, 1700000011000n);
  assert.deepEqual(content, {
    meta: {
      ...{ events: 12, users: 4, items: 5, types: 3, timeKind: 2, userKind: 1 },
      ...{ attributes: 4, features: 2, contexts: 3 },
    },
    user: [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2],
    item: range(12, (e) => (e * 3) % 5),
    label: range(12, (e) => 1 + (e % 3)),
    time: range(12, (e) => (e === 0 ? -1 : 1700000000000 + e * 1000)),
    split: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1],
    users: ['s-1', 's-9', 'séance', 'unused'],
    items: ['a', 'ab', 'b', 'c', 'é'],
    types: ['view', 'like', 'hide'],
    typeWeights: [1, 3, -1.5],
    titles: ['Apple', '', 'Bee', 'Sea', 'Été'],
    places: [[52.5, 13.25], [-90, 180], [0, -0.5], [90, -180], null],
    boosts: [0, 2.5, 0, 1, 0],
    related: [[1, 3], [], [0], [], [0, 2]],
    attributes: {
      names: ['brand', 'genre', 'title', 'price'],
      kinds: ['category', 'tags', 'text', 'number'],
      values: [
        ['acme', 'x|y', 'Apple pie', '1.5'],
        ['', 'z', '', '-2e-3'],
        ['acme', '', 'Bee line', ''],
        ['ümlaut', 'x', 'Sea', '0'],
        ['', '', '', ''],
      ],
    },
    contexts: {
      names: ['country', 'channel'],
      values: [
        ['fr', 'phone'],
        ['de', ''],
        ['fr', ''],
      ],
      ofEvent: [0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2],
    },
    propensities: range(12, (e) => (e === 11 ? 16 : e + 1) / 16),
  });
});

test('good_v1.rkd: everything', () => {
  const { header, ...content } = readDelta(load('good_v1.rkd'));
  const day = 19676;
  assert.equal(header.region, 'eu-north');
  assert.equal(header.createdAtMs, BigInt(day) * 86_400_000n);
  const [item, cluster, source] = [1n << 46n, 2n << 46n, 3n << 46n];
  assert.deepEqual(content, {
    meta: {
      ...{ armRows: 5, day, linearDim: 2, linearDays: 2 },
      ...{ linearModel: 0x0123456789abcdefn, seq: 7n, epoch: 2810 },
    },
    arms: [
      { key: item + 5n, kind: 'item', day: day - 2, trials: 3, rewards: 1, devices: 1 },
      { key: item + 5n, kind: 'item', day: day - 1, trials: 1, rewards: 0, devices: 0 },
      { key: item + 305n, kind: 'item', day, trials: 40, rewards: 2, devices: 0 },
      { key: cluster + 9n, kind: 'cluster', day, trials: 0.5, rewards: 0.25, devices: 12 },
      { key: source, kind: 'source', day: day - 1, trials: 0, rewards: 1, devices: 0 },
    ],
    linear: [
      {
        ...{ day: day - 1, trials: 1n, rewards: 0n },
        products: [4096n * 4096n, -2048n * 4096n, 2048n * 2048n],
        sums: [0n, 0n],
      },
      {
        ...{ day, trials: 2n, rewards: 5120n },
        products: [2n * 4096n * 4096n, 1024n * 4096n, 1024n * 1024n],
        sums: [3072n * 4096n, 1024n * 4096n],
      },
    ],
  });
});

const listed = readFileSync(new URL('golden.tsv', folder), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t'));

test('golden.tsv lists every golden file', () => {
  const files = readdirSync(folder).filter((name) => /\.(rk|rkev|rkd)$/.test(name));
  assert.deepEqual(listed.map(([name]) => name).sort(), files.sort());
});

for (const [name, status, section, offset] of listed.filter(([, code]) => code !== 'OK')) {
  test(`${name} is refused`, () => {
    assert.throws(
      () => readerOf(name)(load(name)),
      (error) => {
        assert.ok(error instanceof FormatError, String(error));
        assert.deepEqual(
          [error.status, error.section, error.offset],
          [status, section, Number(offset)],
        );
        return true;
      },
    );
  });
}

for (const name of ['good_v1.rk', 'good_v1.rkev', 'good_v1.rkd']) {
  test(`${name}: cut short or with a flipped bit, it is refused`, () => {
    const good = load(name);
    for (let size = 0; size < good.length; size += 61) {
      assert.throws(() => readerOf(name)(good.subarray(0, size)), { status: 'TRUNCATED' });
    }
    for (let bit = 0; bit < good.length * 8; bit += 37) {
      good[bit >> 3] ^= 1 << (bit & 7);
      assert.throws(() => readerOf(name)(good), FormatError, `bit ${bit}`);
      good[bit >> 3] ^= 1 << (bit & 7);
    }
    readerOf(name)(good);
  });
}
