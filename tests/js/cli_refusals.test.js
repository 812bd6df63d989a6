// Bad input: one clear line on stderr, exit status 1, nothing half-written. And usage errors: exit
// status 2 and a short usage.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ReckonError } from 'reckon';
import { Refusal } from '../../js-bindings/cli/dist/failures.js';
import { verifyCommand } from '../../js-bindings/cli/dist/command_verify.js';
import { folderFor, goldenFolder, namesIn, reckon, write } from './helpers/command_line.js';

/** The one line, after its prefix. */
function refusal({ status, stdout, stderr }) {
  assert.equal(status, 1, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^reckon: error: [^\n]+\n$/);
  return stderr.slice('reckon: error: '.length).trimEnd();
}

const latin1 = (text) => Buffer.from(text, 'latin1');
const BAD_LOGS = [
  ['an empty file', '', 'bad.csv: the file is empty'],
  ['only white space', '\n \n', 'bad.csv: the file is empty'],
  ['a header only', 'user,item\n', 'bad.csv: there are no rows'],
  [
    'no item column',
    'user,thing\nu,a\n',
    'bad.csv: no column looks like an item (name it: --map item=COLUMN); the columns are "user", "thing"',
  ],
  [
    'no user column',
    'item\na\n',
    'bad.csv: no column looks like a user or a session (name it: --map user=COLUMN); the columns are "item"',
  ],
  [
    'two columns of one name',
    'user,item,item\nu,a,b\n',
    'bad.csv, column item: two columns have this name',
  ],
  [
    'an impossible time',
    'user,item,time\nu,a,2020-01-01\nu,b,2020-02-30\n',
    'bad.csv, row 2 (line 3), column time: "2020-02-30" is not a time',
  ],
  [
    'a missing item',
    'user,item\nu,a\nu,\n',
    'bad.csv, row 2 (line 3), column item: the item is missing',
  ],
  [
    'a missing user',
    'user,item\n,a\nu,b\n',
    'bad.csv, row 1 (line 2), column user: the user is missing',
  ],
  [
    'a missing event',
    'user,item,event\nu,a,x\nu,b,\n',
    'bad.csv, row 2 (line 3), column event: the event is missing',
  ],
  [
    'an id of 65,536 bytes',
    `user,item\nu,a\nu,${'🦊'.repeat(16_384)}\n`,
    /^bad.csv, row 2 \(line 3\), column item: "🦊+…" has 65536 bytes; at most 65535 are allowed$/u,
  ],
  [
    'one item only',
    'user,item\nu,a\nv,a\n',
    'bad.csv: only one item, "a": there is nothing to choose between',
  ],
  [
    'a short row',
    'user,item,event\nu,a,x\n"u\n2",b,x\n\nu,a\n',
    'bad.csv, row 3 (line 6): 2 columns where the header has 3',
  ],
  ['a long row', 'user,item\nu,a,b\n', 'bad.csv, row 1 (line 2): 3 columns where the header has 2'],
  [
    'a quote that does not end',
    'user,item\nu,a\nu,"b\nu,c\n',
    'bad.csv, row 2 (line 3): a quoted value does not end, or not at a comma',
  ],
  [
    'bytes that are not UTF-8',
    latin1('user,item\nu,a\nu,\xff\n'),
    'bad.csv, row 2 (line 3): it is not UTF-8',
  ],
  [
    'UTF-16',
    Buffer.from('\ufeffuser,item\nu,a\n', 'utf16le'),
    'bad.csv: the file is UTF-16; it must be UTF-8',
  ],
  [
    'dislikes only',
    'user,item,event\nu,a,dislike\nu,b,hate\n',
    /bad.csv: there are no events to learn from/,
  ],
];

for (const [what, content, expected] of BAD_LOGS) {
  test(`build refuses ${what}`, (t) => {
    const folder = folderFor(t);
    write(folder, { 'bad.csv': content });
    const answer = reckon(folder, ['build', 'bad.csv', '--out', 'out.rk']);
    // Of what the trainer refuses, reading has spoken before.
    if (what !== 'dislikes only') {
      const said = refusal(answer);
      if (typeof expected === 'string') assert.equal(said, expected);
      else assert.match(said, expected);
    } else {
      assert.equal(answer.status, 1);
      assert.match(answer.stderr.trimEnd().split('\n').at(-1), expected);
    }
    assert.deepEqual(namesIn(folder), ['bad.csv']);
  });
}

const GOOD = 'user,item,region\nu,a,eu\nu,b,us\nv,a,eu\n';

for (const [what, files, args, expected] of [
  ['a missing file', {}, ['nope.csv'], 'nope.csv: no such file'],
  ['a glob of nothing', {}, ['nope-*.csv'], 'nope-*.csv: no file matches'],
  ['a folder', {}, ['.'], '.: it is a folder, not a file'],
  ['broken gzip', { 'a.csv': latin1('\x1f\x8bxxxx') }, ['a.csv'], /^a.csv: not whole gzip: /],
  ['broken SQL', {}, ['SELECT nope FROM nowhere'], /^the SQL query: .*nowhere does not exist/],
  [
    'broken JSON',
    { 'a.json': '[{"user": 1, "item": 2},\n{"user": 1, "item"}]' },
    ['a.json'],
    /^a.json, line 2: malformed JSON: ./,
  ],
  [
    'broken JSON lines',
    { 'a.ndjson': '{"user": 1, "item": 2}\n\n{"user": 1, "item": }\n' },
    ['a.ndjson'],
    /^a.ndjson, line 3: malformed JSON: ./,
  ],
  [
    'an unknown column in --map',
    { 'a.csv': GOOD },
    ['a.csv', '--map', 'item=sku'],
    'a.csv: there is no column "sku" (--map item=); the columns are "user", "item", "region"',
  ],
  [
    'a region that is not there',
    { 'a.csv': GOOD },
    ['a.csv', '--region', 'asia'],
    'a.csv: no row of region "asia"; there are "eu", "us"',
  ],
  ['a missing items file', { 'a.csv': GOOD }, ['a.csv', '--items', 'i.csv'], 'i.csv: no such file'],
  [
    'an items file with a missing id',
    { 'a.csv': GOOD, 'i.csv': 'item,title\na,A\n,B\n' },
    ['a.csv', '--items', 'i.csv'],
    'i.csv, row 2 (line 3), column item: the item is missing',
  ],
  [
    'an attribute that is no number',
    { 'a.csv': GOOD, 'i.csv': 'item,size\na,1\nb,1kg\n' },
    ['a.csv', '--items', 'i.csv', '--map', 'attr.size=size:number'],
    'i.csv, row 2 (line 3), column size: "1kg" is not a number',
  ],
  [
    'an attribute without an items file',
    { 'a.csv': GOOD },
    ['a.csv', '--map', 'attr.size=size'],
    'a.csv: --map attr.size=: "size" is to be a column of the items file (--items FILE); without one ' +
      'only the item column, "item", can be an attribute',
  ],
  [
    'a missing configuration',
    { 'a.csv': GOOD },
    ['a.csv', '--config', 'c'],
    'c: no such file or folder',
  ],
  [
    'a configuration with an unknown key',
    { 'a.csv': GOOD, c: '{"maps": {}}' },
    ['a.csv', '--config', 'c'],
    'c: unknown key "maps"; known are map, events, base, train, expert',
  ],
  [
    'a configuration that is not JSON',
    { 'a.csv': GOOD, c: '{' },
    ['a.csv', '--config', 'c'],
    /^c: not JSON: /,
  ],
  [
    'a setting the trainer does not have',
    { 'a.csv': GOOD, c: '{"train": {"dimm": 64}}' },
    ['a.csv', '--config', 'c'],
    'c: train.dimm: the trainer has no such setting, or does not take 64 for it',
  ],
  [
    'a setting out of its range',
    { 'a.csv': GOOD, c: '{"train": {"dim": 5}}' },
    ['a.csv', '--config', 'c'],
    'c: train.dim: the trainer has no such setting, or does not take 5 for it',
  ],
  ...Object.entries({ located: 2, encoderEpochs: 1001, towerEpochs: -1 }).map(([name, value]) => [
    `${name} out of its range`,
    { 'a.csv': GOOD, c: JSON.stringify({ train: { [name]: value } }) },
    ['a.csv', '--config', 'c'],
    `c: train.${name}: the trainer has no such setting, or does not take ${value} for it`,
  ]),
]) {
  test(`build refuses ${what}`, (t) => {
    const folder = folderFor(t);
    write(folder, files);
    const said = refusal(reckon(folder, ['build', ...args, '--out', 'out.rk']));
    if (typeof expected === 'string') assert.equal(said, expected);
    else assert.match(said, expected);
    assert.deepEqual(namesIn(folder), Object.keys(files).sort());
  });
}

test('build refuses places it cannot write, before it reads', (t) => {
  const folder = folderFor(t);
  write(folder, { 'a.csv': GOOD });
  const out = (place) => refusal(reckon(folder, ['build', 'a.csv', '--out', place]));
  assert.equal(out('no/folder/x.rk'), 'no/folder: no such file or folder');
  assert.equal(out('.'), '.: it is a folder');
  assert.equal(out('a.csv'), 'a.csv: it is an input too');
  assert.equal(readFileSync(path.join(folder, 'a.csv'), 'utf8'), GOOD);
});

test('an old output stays when a build is refused', (t) => {
  const folder = folderFor(t);
  write(folder, { 'a.csv': 'user,item\nu,\n', 'out.rk': 'old' });
  refusal(reckon(folder, ['build', 'a.csv', '--out', 'out.rk']));
  assert.equal(readFileSync(path.join(folder, 'out.rk'), 'utf8'), 'old');
});

test('a trainer that is asked for must be there', (t) => {
  const folder = folderFor(t);
  write(folder, { 'a.csv': GOOD });
  const env = { RECKON_NATIVE_CLI: '/nowhere/reckon-cli' };
  const args = ['build', 'a.csv', '--out', 'out.rk', '--trainer', 'native'];
  const said = refusal(reckon(folder, args, { env }));
  assert.equal(said, 'the native trainer: not built; looked for /nowhere/reckon-cli');
});

// ---- files that are not what they should be ------------------------------------------------------

test('every bad golden file is refused with section or offset and reason', async (t) => {
  const folder = folderFor(t);
  const bad = readdirSync(goldenFolder).filter((name) => name.startsWith('bad_'));
  assert.ok(bad.length > 100);
  for (const [n, name] of bad.entries()) {
    const file = path.join(goldenFolder, name);
    // The command itself, without a process for each of them; of every tenth also the whole program.
    let said;
    await assert.rejects(verifyCommand.run([file]), (error) => {
      assert.ok(error instanceof ReckonError || error instanceof Refusal, `${name}: ${error}`);
      said = error.message;
      return /offset \d+.*: ./.test(said);
    });
    if (n % 10 === 0) assert.equal(refusal(reckon(folder, ['verify', file])), said, name);
  }
});

test('a truncated, a bit-flipped, a missing and a foreign snapshot', (t) => {
  const folder = folderFor(t);
  const good = readFileSync(path.join(goldenFolder, 'good_v1.rk'));
  const flipped = Buffer.from(good);
  flipped[good.length - 700] ^= 4;
  write(folder, {
    'short.rk': good.subarray(0, 3000),
    'flipped.rk': flipped,
    'text.rk': GOOD,
    'empty.rk': '',
  });
  const commands = [
    ['recommend', '--session', 'item-01'],
    ['similar', 'item-01'],
    ['inspect', '--json'],
    ['verify'],
  ];
  for (const [command, ...args] of commands) {
    const run = (file) => refusal(reckon(folder, [command, file, ...args]));
    assert.match(run('short.rk'), /^short.rk: offset 3000: the file is shorter/);
    assert.match(run('flipped.rk'), /^flipped.rk: section \S+, offset \d+: a section is damaged/);
    assert.match(run('text.rk'), /^text.rk: offset \d+: /);
    assert.match(run('empty.rk'), /^empty.rk: offset 0: the file is shorter/);
    assert.equal(run('nope.rk'), 'nope.rk: no such file or folder');
  }
});

// ---- usage ---------------------------------------------------------------------------------------

for (const [args, expected] of [
  [[], 'a command is missing'],
  [['migrate', '--from', 'us.rk'], '"migrate" is no command; there are build, recommend'],
  [['transfer', '--from', 'us.rk'], '--region is missing'],
  [['build'], '<events> is missing'],
  [['build', 'a.csv'], '--out is missing'],
  [['build', 'a.csv', 'b.csv', '--out', 'x'], 'unexpected argument "b.csv"'],
  [['build', 'a.csv', '--out', 'x', '--frob'], "Unknown option '--frob'"],
  [['build', 'a.csv', '--out', 'x', '--seed', '-1'], '--seed'],
  [['build', 'a.csv', '--out', 'x', '--seed', '18446744073709551616'], '--seed is'],
  [
    ['build', 'a.csv', '--out', 'x', '--threads', '0'],
    '--threads is "0"; it must be a whole number',
  ],
  [
    ['build', 'a.csv', '--out', 'x', '--trainer', 'gpu'],
    '--trainer is "gpu"; there are native, wasi',
  ],
  [['build', 'a.csv', '--out', 'x', '--region', 'r'.repeat(32)], 'must have 1 to 31 bytes'],
  [
    ['build', 'a.csv', '--out', 'x', '--map', 'price=p'],
    '--map: "price" is no role; there are session',
  ],
  [
    ['build', 'a.csv', '--out', 'x', '--map', 'attr.=size'],
    '--map: "attr.=size" needs a name and a column',
  ],
  [
    ['build', 'a.csv', '--out', 'x', '--map', 'feature.country='],
    '--map: "feature.country=" needs a name and a column',
  ],
  [['build', 'a.csv', '--out', 'x', '--map', 'item'], '--map: "item" is not role=column'],
  [
    ['evaluate', 'a.csv'],
    '--protocol is missing; there are leave-one-out, temporal, temporal-global, sessions, cold-item, cold-user',
  ],
  [
    ['evaluate', 'a.csv', '--protocol', 'cold-basket'],
    '--protocol is "cold-basket"; there are leave-one-out',
  ],
  [['evaluate', 'a.csv', '--protocol', 'temporal', '--k', '0'], '--k is "0"'],
  [
    ['evaluate', 'a.csv', '--protocol', 'temporal', '--sample', '2'],
    '--sample is "2"; it must be above 0',
  ],
  [
    ['evaluate', 'a.csv', '--protocol', 'temporal', '--test', 'b.csv'],
    '--test goes with --protocol sessions',
  ],
  [
    ['recommend', 'a.rk', '--session', 'x', '--sessions', 'y.csv'],
    '--session and --sessions exclude each other',
  ],
  [
    ['recommend', 'a.rk', '--session', 'x', '--stages', 'third'],
    '--stages is "third"; there are retrieval, first, second, all',
  ],
  [['recommend', 'a.rk', '--session', 'x', '-n', '1001'], '-n is "1001"'],
  [
    ['recommend', 'a.rk', '--sessions', 'x', '--json'],
    '--json and --explain do not go with --sessions',
  ],
  [['recommend', 'a.rk', '--session', 'x', '--out', 'y'], '--out goes with --sessions'],
  [['similar', 'a.rk'], '<item> is missing'],
  [['verify'], '<file> is missing'],
]) {
  test(`usage: reckon ${args.join(' ').slice(0, 60)}`, (t) => {
    const { status, stdout, stderr } = reckon(folderFor(t), args);
    const [line, usage] = stderr.split('\n');
    assert.equal(status, 2, stderr);
    assert.equal(stdout, '');
    assert.ok(line.startsWith('reckon: error: ') && line.includes(expected), line);
    assert.ok(
      usage.startsWith(`usage: reckon ${args[0] === 'migrate' ? '' : (args[0] ?? '')}`),
      usage,
    );
    assert.ok(stderr.split('\n').length <= 6, 'the usage is short');
  });
}

test('help and version', (t) => {
  const folder = folderFor(t);
  assert.match(reckon(folder, ['--version']).stdout, /^\d+\.\d+\.\d+\n$/);
  assert.match(reckon(folder, ['--help']).stdout, /build .*\n.*recommend /);
  for (const command of ['build', 'recommend', 'similar', 'evaluate', 'inspect', 'verify']) {
    const { status, stdout } = reckon(folder, [command, '--help']);
    assert.equal(status, 0);
    assert.ok(stdout.startsWith(`usage: reckon ${command} `), stdout);
  }
  assert.match(reckon(folder, ['build', '--help']).stdout, /every row also carries "click"/);
});
