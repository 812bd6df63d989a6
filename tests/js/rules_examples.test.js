// Every example of RULES.md does what the text beside it says, over a shop that has what the examples speak of. An
// example that is new there needs its expectation here.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { createEngine } from 'reckon';
import { naiveCatalogue } from '../data/rules_catalogue.js';
import { folderFor, reckon, write } from './helpers/command_line.js';
import { naiveRules } from './helpers/naive_rules.js';

const NOW = Date.UTC(2026, 0, 31, 12, 30);
const DAY = 86400e3;
const text = readFileSync(new URL('../../js-bindings/engine/RULES.md', import.meta.url), 'utf8');

// ---- the shop

const BRANDS = ['acme', 'zeta', 'own label', 'other'];
const TAGS = [['new'], ['sale', 'winter'], ['new', 'sale'], ['adult'], []];
const NAMED = ['a1', 'a2', 'recalled-1', 'recalled-2', 'launch-2026'];
const shop = [
  ...Array.from({ length: 75 }, (_, n) => `i${String(n).padStart(2, '0')}`),
  ...NAMED,
].map((item, n) => ({
  item,
  brand: BRANDS[(n * 7) % 4],
  price: n % 9 === 8 ? undefined : (n * 13) % 70,
  tags: TAGS[(n * 3) % 5],
  stock: n % 3,
  author: `writer ${(n >> 1) % 9}`,
  kind: n % 4 === 1 ? 'film' : 'book',
  category: n % 6 === 2 ? 'local' : 'far',
  days: (n * 11) % 60,
  events: 1 + ((n * 5) % 17),
}));
const facts = new Map(shop.map((row) => [row.item, row]));
const everything = shop.map(({ item }) => item);

function shopSnapshot() {
  const folder = folderFor({ after });
  const columns = ['item', 'brand', 'price', 'tags', 'stock', 'author', 'kind', 'category'];
  const line = (row) => columns.map((name) => [row[name] ?? ''].flat().join('|')).join();
  const events = shop.flatMap(({ item, days, events }, n) =>
    Array.from({ length: events }, (_, e) => {
      const time = e === 0 ? NOW - days * DAY - 60e3 : NOW - (e * 80 + n) * 1e3;
      return [`u${(n + 3 * e) % 13},${item},${Math.round(time / 1000)}`, time];
    }),
  );
  write(folder, {
    'items.csv': [columns.join(), ...shop.map(line)].join('\n'),
    'log.csv': ['user,item,time', ...events.sort((a, b) => a[1] - b[1]).map(([row]) => row)].join(
      '\n',
    ),
    'config.json': JSON.stringify({
      map: {
        ...Object.fromEntries(
          ['brand', 'author', 'kind', 'category'].map((name) => [
            `attr.${name}`,
            `${name}:category`,
          ]),
        ),
        'attr.tags': 'tags:tags',
        'attr.price': 'price:number',
        'attr.stock': 'stock:number',
      },
      train: { encoderEpochs: 0, sgnsEpochs: 1, validationCases: 0, rankerCases: 0 },
    }),
  });
  const options = ['--items', 'items.csv', '--config', 'config.json', '--out', 'shop.rk'];
  const { status, stderr } = reckon(folder, ['build', 'log.csv', ...options]);
  if (status !== 0) throw new Error(stderr);
  return readFileSync(path.join(folder, 'shop.rk'));
}

const bytes = shopSnapshot();
const catalogue = naiveCatalogue(bytes);
const engine = await createEngine({ snapshot: bytes });
after(() => engine.dispose());

function applied(rules, { items = everything, ...options } = {}) {
  const world = { items, count: 20, explore: [], seen: [], at: NOW, ...options };
  const compiled = engine.rules({ rules });
  const list = compiled.apply(world.items, world);
  compiled.dispose();
  const chosen = (position) => list.items[position - 1]?.item;
  assert.deepEqual(list, naiveRules({ rules }, { ...world, now: NOW, catalogue }, chosen));
  return list.items;
}
const idsOf = (items) => items.map(({ item }) => item);

// ---- conditions

const top = Math.max(...shop.map(({ events }) => events));
const popular = [...catalogue]
  .filter(([, { popularity }]) => popularity >= Math.fround(0.1))
  .map(([id]) => id);
const MEANT = {
  '{ "attribute": "brand", "equals": "acme" }': ({ brand }) => brand === 'acme',
  '{ "attribute": "brand", "in": ["acme", "zeta"] }': ({ brand }) => /^(acme|zeta)$/.test(brand),
  '{ "attribute": "price", "range": { "min": 10, "max": 50 } }': ({ price }) => price >= 10 && price <= 50,
  '{ "attribute": "tags", "any": ["new", "sale"] }': ({ tags }) => tags.includes('new') || tags.includes('sale'),
  '{ "attribute": "tags", "all": ["new", "sale"] }': ({ tags }) => tags.includes('new') && tags.includes('sale'),
  '{ "attribute": "price", "known": true }': ({ price }) => price !== undefined,
  '{ "items": ["a1", "a2"] }': ({ item }) => item === 'a1' || item === 'a2',
  '{ "ageDays": { "max": 7 } }': ({ days }) => days <= 7,
  '{ "popularity": { "min": 0.1 } }': ({ item }) => popular.includes(item),
}; // prettier-ignore

const matching = (where) =>
  idsOf(applied([{ type: 'filter', where }], { count: everything.length }));
const having = (holds) => shop.filter(holds).map(({ item }) => item);

const documented = [...text.matchAll(/^\| `(\{ "[^`]*\})`/gm)].map(([, example]) => example);

test('every condition of the table has its meaning here, and the other way round', () => {
  const simple = documented.filter((example) => !example.includes('…'));
  assert.deepEqual(simple.toSorted(), Object.keys(MEANT).toSorted());
  const joined = documented.filter((example) => example.includes('…'));
  assert.deepEqual(joined, ['{ "and": [ … ] }']); // `or` and `not` follow in the same row
  assert.ok(top > 1 && popular.length > 1 && popular.length < shop.length);
});

for (const [example, holds] of Object.entries(MEANT)) {
  test(`condition ${example}`, () => {
    const where = JSON.parse(example);
    const expected = having(holds);
    assert.ok(expected.length > 0 && expected.length < shop.length);
    assert.deepEqual(matching(where), expected);
    assert.deepEqual(
      matching({ not: where }),
      having((row) => !holds(row)),
    );
  });
}

test('and, or, not; false of known; what nobody knows is no match', () => {
  const [acme, cheap] = [
    { attribute: 'brand', equals: 'acme' },
    { attribute: 'price', range: { max: 20 } },
  ];
  const [isAcme, isCheap] = [({ brand }) => brand === 'acme', ({ price }) => price <= 20];
  assert.deepEqual(
    matching({ and: [acme, cheap] }),
    having((row) => isAcme(row) && isCheap(row)),
  );
  assert.deepEqual(
    matching({ or: [acme, cheap] }),
    having((row) => isAcme(row) || isCheap(row)),
  );
  assert.deepEqual(matching({ attribute: 'price', known: false }), having(({ price }) => price === undefined)); // prettier-ignore
  assert.deepEqual(matching({ attribute: 'brand', equals: 'nobody’s' }), []);
  assert.throws(() => engine.rules({ rules: [{ type: 'filter', where: { attribute: 'colour', equals: 'red' } }] }), { path: '$.rules[0].where.attribute' }); // prettier-ignore
});

// ---- rules

const firstOf = (holds, from = everything) =>
  from.filter((item) => holds(facts.get(item))).slice(0, 20);

/** Of the first p at least ⌊share · p⌋, of all n at least ⌈share · n⌉. */
function isShared(items, share, holds) {
  let count = 0;
  idsOf(items).forEach((item, i) => {
    count += holds(facts.get(item)) ? 1 : 0;
    assert.ok(count >= Math.floor(share * (i + 1) + 1e-9), `${count} of the first ${i + 1}`);
  });
  assert.ok(count >= Math.ceil(share * items.length - 1e-9));
}

/** The worst case for a share: those it wants come last. */
const lastly = (holds) => [
  ...everything.filter((item) => !holds(facts.get(item))),
  ...everything.filter((item) => holds(facts.get(item))),
];

function similarity(items) {
  const vectors = idsOf(items).map((item) => catalogue.get(item).vector);
  const dot = (a, b) => a.reduce((sum, x, d) => sum + x * b[d], 0);
  const cosine = (a, b) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b) || 1);
  const pairs = vectors.flatMap((a, i) => vectors.slice(i + 1).map((b) => cosine(a, b)));
  return pairs.reduce((sum, x) => sum + x, 0) / pairs.length;
}

const RULES = {
  filter(rule) {
    const holds = ({ stock, tags }) => stock >= 1 && !tags.includes('adult');
    assert.deepEqual(idsOf(applied([rule])), firstOf(holds));
    // It reaches the index: whatever the session, the list is full.
    const session = engine.session();
    for (const item of everything.slice(0, 3)) session.record({ item, at: NOW });
    const { items } = session.recommend({ rules: { rules: [rule] }, at: NOW });
    assert.ok(items.length === 20 && idsOf(items).every((item) => holds(facts.get(item))));
  },
  exclude(rule) {
    const holds = ({ item }) => !item.startsWith('recalled');
    const items = [...everything].reverse();
    assert.deepEqual(idsOf(applied([rule], { items })), firstOf(holds, items));
  },
  seen(rule) {
    const seen = everything.slice(0, 12);
    const holds = ({ item, kind }) => kind !== 'film' || !seen.includes(item);
    assert.ok(seen.some((item) => !holds(facts.get(item))));
    assert.deepEqual(idsOf(applied([rule], { seen })), firstOf(holds));
  },
  boost(rule) {
    const others = having(({ brand }) => brand !== 'own label').slice(0, 19);
    const [own] = having(({ brand }) => brand === 'own label');
    for (const place of [3, 11, 12, 19]) {
      const items = others.toSpliced(place - 1, 0, own);
      const [, ...moved] = [0, ...applied([rule], { items })];
      const { item, place: before, rules } = moved[Math.max(1, place - 10) - 1];
      assert.deepEqual([item, before, rules], [own, place, ['boost #1']]);
      const down = applied([{ ...rule, type: 'bury' }], { items });
      assert.equal(idsOf(down).indexOf(own), Math.min(20, place + 10) - 1);
    }
  },
  cap(rule) {
    const authors = idsOf(applied([rule])).map((item) => facts.get(item).author);
    assert.equal(authors[1] === authors[0], false);
    assert.equal(facts.get(everything[1]).author, facts.get(everything[0]).author);
    for (let i = 1; i < authors.length; i++) assert.notEqual(authors[i], authors[i - 1]);
  },
  pin(rule) {
    const items = everything.filter((item) => item !== 'launch-2026');
    assert.equal(applied([rule], { items })[2].item, 'launch-2026');
    assert.equal(applied([rule])[2].item, 'launch-2026');
    assert.deepEqual(idsOf(applied([rule], { items: ['a1'] })), ['a1', 'launch-2026']);
    assert.ok(!idsOf(applied([rule], { items, count: 2 })).includes('launch-2026'));
  },
  fresh(rule) {
    const holds = ({ days }) => days <= 14;
    for (const count of [4, 5, 19, 20])
      isShared(applied([rule], { items: lastly(holds), count }), 0.2, holds);
  },
  share(rule) {
    const holds = ({ category }) => category === 'local';
    for (const count of [3, 4, 19, 20])
      isShared(applied([rule], { items: lastly(holds), count }), 0.25, holds);
  },
  diversify(rule) {
    const mixed = applied([rule]);
    assert.equal(mixed[0].item, everything[0]);
    assert.ok(similarity(mixed) < similarity(applied([])));
    const strict = applied([{ ...rule, strength: 0.9 }]);
    assert.ok(similarity(strict) < similarity(mixed));
  },
  explore(rule) {
    const explore = ['a1', 'a2', 'i70', 'i71', 'i72'];
    const items = everything.slice(0, 40);
    const list = applied([rule], { items, explore, seed: 3 });
    list.forEach(({ item, propensity }, i) => {
      const isSlot = (i + 1) % 5 === 0;
      assert.equal(explore.includes(item), isSlot);
      // Slot by slot: one of five, one of the four that are left, …
      const expected = isSlot ? Math.fround(1 / (5 - ((i + 1) / 5 - 1))) : undefined;
      assert.equal(propensity, expected);
    });
  },
};

const examples = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => JSON.parse(json));

test('every example of a rule has its meaning here, and the other way round', () => {
  const types = examples.map(({ type }) => type);
  assert.deepEqual(types.toSorted(), Object.keys(RULES).toSorted());
});

for (const rule of examples) test(`rule ${JSON.stringify(rule)}`, () => RULES[rule.type](rule));

// ---- the program at the top

test('the program: in stock, not twice in a row, the season, a fifth new', async (t) => {
  const [, code] = /```js\n([\s\S]*?)```/.exec(text);
  const lines = [];
  t.mock.method(console, 'log', (...row) => lines.push(row));
  t.mock.method(Date, 'now', () => NOW);
  const session = engine.session();
  for (const item of everything.slice(0, 2)) session.record({ item, at: NOW });
  const Program = Object.getPrototypeOf(async () => {}).constructor;
  await new Program('engine', 'session', code)(engine, session);
  assert.equal(lines.length, 20);
  const rows = lines.map(([, item]) => facts.get(item));
  assert.ok(rows.every(({ stock }) => stock >= 1));
  assert.ok(rows.every(({ brand }, i) => i === 0 || brand !== rows[i - 1].brand));
  assert.ok(rows.filter(({ days }) => days <= 14).length >= 4);
  assert.ok(lines.some(([rank, , ranked, rules]) => rules.includes('season') && ranked > rank));
});
