// The small parts of the command by themselves.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { parseMapOptions, mergeMaps } from '../../js-bindings/cli/dist/column_map.js';
import { parseConfig } from '../../js-bindings/cli/dist/config.js';
import { crc32 } from '../../js-bindings/cli/dist/crc32.js';
import { locateRecord, readCsvHeader } from '../../js-bindings/cli/dist/csv_text.js';
import { oneLine, quote } from '../../js-bindings/cli/dist/failures.js';
import { evaluationTable } from '../../js-bindings/cli/dist/metrics_table.js';
import { Progress } from '../../js-bindings/cli/dist/progress.js';
import { bytesText, floatText, shorten, table } from '../../js-bindings/cli/dist/terminal.js';
import { folderFor, write } from './helpers/command_line.js';

test('CRC-32: the check value of the standard', () => {
  assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
  assert.equal(crc32(new Uint8Array(0)), 0);
});

test('floats: the shortest decimal that reads back the same', () => {
  for (const value of [0, 1, -1.5, 0.1, 1 / 3, 1e-30, 3.4e38, 16777217]) {
    const single = Math.fround(value);
    const text = floatText(single);
    assert.equal(Math.fround(Number(text)), single, text);
  }
  assert.equal(floatText(Math.fround(0.1)), '0.1');
  assert.equal(floatText(Math.fround(1.452)), '1.452');
});

test('text for people', () => {
  assert.equal(bytesText(9_999), '9,999 B');
  assert.equal(bytesText(12_345), '12.3 kB');
  assert.equal(bytesText(6_739_520), '6.7 MB');
  assert.equal(shorten('ab\ncd', 4), 'ab …');
  assert.equal(oneLine('a\n\tb\u2028c'), 'a b c');
  assert.equal(quote('x'.repeat(200)).length, 78);
  assert.equal(
    table(
      ['n', 'name'],
      [
        ['1', 'é'],
        ['10', '日本'],
      ],
    ),
    ' n  name\n 1  é\n10  日本',
  );
});

test('--map', () => {
  const map = parseMapOptions([
    'user=u, item=i',
    'label.x=f(a, "b,c")',
    `label.y="a >= 'x,y'"`,
    'time=',
  ]);
  assert.deepEqual(
    [...map.columns],
    [
      ['user', 'u'],
      ['item', 'i'],
      ['time', ''],
    ],
  );
  assert.deepEqual(
    [...map.labels],
    [
      ['x', 'f(a, "b,c")'],
      ['y', `a >= 'x,y'`],
    ],
  );
  assert.deepEqual(
    [
      ...parseMapOptions([
        'attr.a=genres:tags,attr.b="my: col":text,attr.c=x:tag',
        'attr.d=,attr.e="q, r:number"',
      ]).attributes,
    ],
    [
      ['a', { column: 'genres', kind: 'tags' }],
      ['b', { column: 'my: col', kind: 'text' }],
      ['c', { column: 'x:tag' }],
      ['d', null],
      ['e', { column: 'q, r', kind: 'number' }],
    ],
  );
  const features = parseMapOptions(['feature.country=c', 'feature.country=upper(c)']).features;
  assert.deepEqual([...features], [['country', 'upper(c)']]);
  const merged = mergeMaps(parseMapOptions(['session=s,item=i']), parseMapOptions(['user=u']));
  assert.deepEqual(
    [...merged.columns],
    [
      ['item', 'i'],
      ['user', 'u'],
    ],
  );
});

test('the configuration', () => {
  const config = parseConfig('{"train": {"minItemEvents": 3, "dim": 32}, "base": null}', 'c.json');
  assert.deepEqual(
    config.settings.map(({ name, value }) => `${name}=${value}`),
    ['min_item_events=3', 'dim=32'],
  );
  assert.equal(config.base, null);
  for (const [text, expected] of [
    ['[]', 'c.json: the configuration must be an object'],
    ['{"map": {"item": 1}}', 'c.json: map.item must be a string: a column'],
    ['{"map": {"price": "p"}}', /c.json: map: "price" is no role/],
    ['{"map": {"feature.x": ""}}', 'c.json: map: "feature.x=" needs a name and a column'],
    ['{"events": {"buy": 2}}', 'c.json: events.buy must be an object'],
    [
      '{"events": {"buy": {"wait": 2}}}',
      'c.json: events.buy.wait is not known; known are weight, value',
    ],
    ['{"events": {"buy": {}}}', 'c.json: events.buy says nothing; known are weight, value'],
    ['{"events": {"buy": {"value": "1"}}}', /events.buy.value must be a number from -1048576/],
    ['{"events": {"buy": {"weight": 2e9}}}', /events.buy.weight must be a number from -1048576/],
    ['{"events": {"buy": {"value": 1e-7}}}', /events.buy.value is too small/],
    ['{"base": 3}', 'c.json: base must be the name of an event type, or null'],
    ['{"train": {"dim": "64"}}', 'c.json: train.dim must be a number; it is "64"'],
    ['{"train": {"a b": 64}}', "c.json: train.a b is no setting's name"],
  ]) {
    assert.throws(() => parseConfig(text, 'c.json'), { message: expected }, text);
  }
});

test('the header of a CSV file, and the line of a row', async (t) => {
  const folder = folderFor(t);
  const file = (name) => path.join(folder, name);
  write(folder, {
    'a.csv': '\ufeff"a|b", c ,"d,""e"\r\n1,2,3\r\n',
    'b.csv': 'x\ty\n1\t2\n',
    'c.csv.gz': 'a,b\n\n1,"x\ny"\n\n"2\n\n",z\n3,w',
  });
  assert.deepEqual(await readCsvHeader(file('a.csv'), false), {
    columns: ['a|b', 'c', 'd,"e'],
    delimiter: ',',
  });
  assert.equal((await readCsvHeader(file('b.csv'), false)).delimiter, '\t');
  const lineOf = async (row) => (await locateRecord(file('c.csv.gz'), true, { row }))?.line;
  assert.deepEqual(
    [await lineOf(0), await lineOf(1), await lineOf(2), await lineOf(3)],
    [1, 3, 6, 9],
  );
  assert.equal(await lineOf(4), undefined);
});

// ---- progress ------------------------------------------------------------------------------------

function fakeTerminal(isTTY) {
  const written = [];
  return { isTTY, columns: 60, written, write: (text) => written.push(text) };
}

test('progress on a terminal: one line with stage, rate and time left', () => {
  const terminal = fakeTerminal(true);
  let now = 0;
  const progress = new Progress(terminal, () => now);
  progress.update('vectors', 0, 1000, 'sessions');
  now = 2000;
  progress.update('vectors', 250, 1000, 'sessions');
  now = 2050;
  progress.update('vectors', 260, 1000, 'sessions');
  assert.equal(
    terminal.written.at(-1),
    '\r\x1b[Kreckon: vectors 250/1,000 sessions  125/s  6 s left',
  );
  progress.note('something');
  assert.deepEqual(terminal.written.slice(-2), ['\r\x1b[K', 'reckon: something\n']);
  now = 4000;
  progress.finish();
  assert.equal(terminal.written.at(-1), 'reckon: vectors: 4.0 s, 1,000 sessions\n');
});

test('progress in a pipe: a line a stage; stages that come again add up', () => {
  const pipe = fakeTerminal(false);
  let now = 0;
  const progress = new Progress(pipe, () => now);
  for (const [stage, ms] of [
    ['search', 1000],
    ['vectors', 2000],
    ['search', 50],
    ['vectors', 500],
  ]) {
    progress.update(stage, 0, 0, 'things');
    now += ms;
  }
  progress.finish();
  assert.deepEqual(pipe.written, [
    'reckon: search: 1.0 s\n',
    'reckon: vectors: 2.0 s\n',
    'reckon: vectors: 0.5 s\n',
  ]);
  assert.deepEqual(progress.stages, [
    { stage: 'search', seconds: 1.05 },
    { stage: 'vectors', seconds: 2.5 },
  ]);
});

test('the table of an evaluation: main metrics, the interval, leads, dashes for a mute source', () => {
  const lead = { mean: -0.25, low: -0.5, high: 0.00004 };
  const text = evaluationTable({
    metrics: {
      blend: { 'hr@5': 0.5, 'ndcg@5': 0.25, 'novelty@5': 9 },
      nearby: null,
      popular: { 'hr@5': 0.75, 'ndcg@5': 0.5, 'novelty@5': 9 },
    },
    intervals: { blend: { 'hr@5': [0.4, 0.6], 'ndcg@5': [0.2, 0.3] }, nearby: null },
    differences: { nearby: null, popular: { 'ndcg@5': lead } },
    ablations: { popular: { 'ndcg@5': 0.125, difference: { mean: 0.125, low: 0, high: 0.2 } } },
  });
  assert.deepEqual(text.split('\n'), [
    "method             HR@5  NDCG@5  blend's lead, NDCG@5",
    'blend            0.5000  0.2500',
    '  95 % from      0.4000  0.2000',
    '  95 % to        0.6000  0.3000',
    'nearby                –       –',
    'popular          0.7500  0.5000  -0.2500 [-0.5000, +0.0000]',
    'without popular          0.1250  +0.1250 [+0.0000, +0.2000]',
  ]);
});
