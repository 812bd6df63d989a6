// Times of every unit to Unix milliseconds or an order index; labels and event types to bit masks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderFor, read, rowsOf, write } from './helpers/command_line.js';

const MS = Date.UTC(2021, 4, 6, 7, 8, 9, 250);

async function readTimes(t, times, { header = 'time', map = [] } = {}) {
  const folder = folderFor(t);
  const rows = times.map((time, n) => `u,i${n},${time}\n`).join('');
  write(folder, { 'log.csv': `user,item,${header}\n${rows}` });
  return read(folder, 'log.csv', { map });
}

test('the unit of a number is told by its size', async (t) => {
  const units = {
    seconds: [MS / 1000, 'Unix seconds'],
    milliseconds: [MS, 'Unix milliseconds'],
    microseconds: [`${MS}123`, 'Unix microseconds'],
    nanoseconds: [`${MS}123456`, 'Unix nanoseconds'],
  };
  for (const [unit, [time, said]] of Object.entries(units)) {
    const events = await readTimes(t, [time, time]);
    assert.equal(events.meta.timeKind, 2, unit);
    // Nanoseconds have more digits than a double; a millisecond is what is promised.
    assert.ok(Math.abs(events.time[0] - MS) <= 1, `${unit}: ${events.time[0]}`);
    assert.ok(events.notes.includes(`times are ${said}, 2021-05-06 to 2021-05-06`), events.notes);
  }
});

test('fractional seconds keep their milliseconds', async (t) => {
  const { time } = await readTimes(t, ['1396860669.277', '1396437466.94', '1592337718.0']);
  assert.deepEqual(time, [1396860669277, 1396437466940, 1592337718000]);
});

test('ISO 8601 with and without an offset; created-at is the newest', async (t) => {
  const events = await readTimes(t, [
    '2021-05-06T07:08:09.250Z',
    '2021-05-06 07:08:09.25',
    '2021-05-06 09:08:09.250+02:00',
    '2021-05-06',
  ]);
  assert.deepEqual(events.time, [MS, MS, MS, Date.UTC(2021, 4, 6)]);
  assert.equal(events.header.createdAtMs, BigInt(MS));
});

test('numbers below 10^8 are an order index', async (t) => {
  const events = await readTimes(t, [3, 99_999_999, 0, -2], { header: 'pos' });
  assert.equal(events.meta.timeKind, 1);
  assert.deepEqual(events.time, [3, 99_999_999, 0, -2]);
  assert.equal(events.header.createdAtMs, 0n);
  assert.match(events.notes, /an order index/);
  assert.equal((await readTimes(t, [3, 100_000_000])).meta.timeKind, 2);
});

test('typed times: SQL timestamps, dates and integers', async (t) => {
  const folder = folderFor(t);
  for (const [sql, expected] of [
    [`TIMESTAMP '2021-05-06 07:08:09.25'`, MS],
    [`TIMESTAMPTZ '2021-05-06 07:08:09.25+00'`, MS],
    [`DATE '2021-05-06'`, Date.UTC(2021, 4, 6)],
    [`${MS}::BIGINT`, MS],
    [`${MS / 1000}::DOUBLE`, MS],
  ]) {
    const events = await read(folder, `SELECT 'u' AS user, 'i' AS item, ${sql} AS time`);
    assert.deepEqual(events.time, [expected], sql);
  }
});

for (const [what, times, expected] of [
  [
    'no time at all',
    ['2020-01-01', 'yesterday'],
    /row 2 \(line 3\), column time: "yesterday" is not/,
  ],
  ['text among numbers', [1.6e9, 1.6e9, 'x'], /row 3 \(line 4\), column time: "x" is not a time/],
  ['a month 13', ['2020-01-01', '2020-13-01'], /row 2 .*"2020-13-01" is not a time/],
  ['a missing time', [1.6e9, ''], /row 2 .*the time is missing/],
  ['year 2200', [1.6e9, 7258118400], /row 2 .*is outside the years 1970 to 2199/],
  ['before 1970', [1.6e9, 1.6e9, -1], /row 3 .*is outside the years 1970 to 2199/],
  ['other unit in one row', [MS, MS, `${MS}000`], /row 3 .*\(times are Unix milliseconds\)/],
  ['half an order', [1, 2.5], /row 2 .*"2.5" is not a whole number/],
  ['infinite', [1.6e9, 'inf'], /row 2 .*"inf" is not a time/],
  ['not a number', [1.6e9, 1.6e9, 'nan'], /row 3 .*"nan" is not a time/],
]) {
  test(`impossible time: ${what}`, async (t) => {
    await assert.rejects(readTimes(t, times), expected);
  });
}

// ---- labels and event types ----------------------------------------------------------------------

test('labels: a column or an expression; every row also carries click', async (t) => {
  const folder = folderFor(t);
  write(folder, {
    'log.csv': 'user,item,rating,is_hate,note\nu,a,4.5,0,x\nu,b,2,1,y\nu,c,,0,like\n',
  });
  const map = `label.like=rating>=4,label.hate=is_hate,label.said="note in ('like', 'x')"`;
  const events = await read(folder, 'log.csv', { map });
  assert.deepEqual(rowsOf(events), [
    ['u', 'a', 'click+like+said'],
    ['u', 'b', 'click+hate'],
    ['u', 'c', 'click+said'],
  ]);
  assert.deepEqual(events.typeWeights, [1, 1, -1, 1], 'hate weighs -1 unless told otherwise');
});

test('labels compare numbers, not text', async (t) => {
  const folder = folderFor(t);
  write(folder, { 'log.csv': 'user,item,n,flag\nu,a,10,yes\nu,b,9,no\n' });
  const events = await read(folder, 'log.csv', {
    map: 'label.big=n>9,label.even=n%2=0,label.f=flag',
  });
  assert.deepEqual(
    rowsOf(events).map(([, , labels]) => labels),
    ['click+big+even+f', 'click'],
  );
});

test('labels beside an event column; on typed columns', async (t) => {
  const folder = folderFor(t);
  const query = `SELECT * FROM (VALUES ('u', 'a', 'view', 5, true), ('u', 'b', 'buy', 1, false))
    AS log(user, item, event, stars, gift)`;
  const events = await read(folder, query, { map: 'label.like=stars>3,label.gift=gift' });
  assert.deepEqual(
    rowsOf(events).map(([, , labels]) => labels),
    ['view+like+gift', 'buy'],
  );
});

test('the configuration: weights, another base type, or none', async (t) => {
  const folder = folderFor(t);
  write(folder, { 'log.csv': 'user,item,rating\nu,a,5\nv,b,1\nv,c,3\n' });
  const map = { 'label.like': 'rating >= 4', 'label.dislike': 'rating <= 1' };
  const weighted = await read(folder, 'log.csv', {
    config: { map, base: 'rate', events: { rate: { weight: 0.5 }, like: { weight: 2 } } },
  });
  assert.deepEqual(weighted.types, ['rate', 'like', 'dislike']);
  assert.deepEqual(weighted.typeWeights, [0.5, 2, -1]);
  const bare = await read(folder, 'log.csv', { config: { map, base: null } });
  assert.deepEqual(rowsOf(bare), [
    ['u', 'a', 'like'],
    ['v', 'b', 'dislike'],
  ]);
  assert.deepEqual(bare.items, ['a', 'b'], 'items only of rows left out are left out');
  assert.match(bare.notes, /1 rows without any label left out/);
  const unused = await read(folder, 'log.csv', { config: { events: { buy: { weight: 2 } } } });
  assert.match(unused.notes, /weighs events that do not occur: buy \(there are click\)/);
});

test('labels that cannot be computed name the row and the column', async (t) => {
  const folder = folderFor(t);
  write(folder, { 'log.csv': 'user,item,rating,ok\nu,a,5,true\nu,b,abc,false\nu,c,2,maybe\n' });
  for (const [map, expected] of [
    ['label.like=rating>=4', /row 2 \(line 3\), column rating: "abc" is not a number/],
    ['label.fine=ok', /row 3 \(line 4\), column ok: "maybe" is not true or false/],
    [
      'label.like=ratin>=4',
      /no column "ratin" \(--map label.like\); the columns are "user", "item"/,
    ],
    ['label.like=item>=', /--map label.like: syntax error/],
    ['label.like=item', /row 1 .*column "item": --map label.like: Could not convert string 'a'/],
  ]) {
    await assert.rejects(read(folder, 'log.csv', { map }), expected, map);
  }
});

test('more than 32 event types are refused', async (t) => {
  const folder = folderFor(t);
  const rows = Array.from({ length: 33 }, (_, n) => `u,i,e${n}\n`).join('');
  write(folder, { 'log.csv': `user,item,event\n${rows}` });
  await assert.rejects(read(folder, 'log.csv'), /column event: more than 32 event types/);
  assert.equal((await read(folder, 'log.csv', { map: 'event=' })).meta.events, 33);
});
