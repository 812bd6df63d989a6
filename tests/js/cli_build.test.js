// reckon build: both trainers, regions, progress in a pipe, the JSON summary, outputs that are whole or
// not there.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { generatedItems, generatedLog } from '../data/generated_log.js';
import { readSnapshot } from '../reader/reader.js';
import {
  folderFor,
  namesIn,
  reckon,
  startReckon,
  trainersBuilt,
  write,
} from './helpers/command_line.js';

const SMALL = { seed: 5, sessions: 300, items: 120, clusters: 6 };
const LOG = generatedLog(SMALL);

// Where rankers are not what is asked about: they take most of the time.
const PLAIN = { train: { rankerCases: 0 } };
const plain = { 'plain.json': JSON.stringify(PLAIN) };
const asPlain = ['--config', 'plain.json'];

const done = (answer) => {
  assert.equal(answer.status, 0, answer.stderr);
  return answer;
};
const bytes = (folder, name) => readFileSync(path.join(folder, name));

test('both trainers are built', () =>
  assert.deepEqual(trainersBuilt(), { native: true, wasi: true }));

test('native and WASI, any number of threads: the same bytes, and each says which it was', (t) => {
  const folder = folderFor(t);
  // A few examples and epochs of rankers: hosts.test.js compares them where they ship.
  const config = { train: { rankerCases: 100, rankerEpochs: 2 } };
  write(folder, { 'log.csv': LOG, 'few.json': JSON.stringify(config) });
  const asked = ['build', 'log.csv', '--config', 'few.json', '--out'];
  const build = (out, ...args) => done(reckon(folder, [...asked, out, ...args]));
  assert.match(build('1.rk', '--trainer', 'native', '--threads', '1').stderr, /trainer: native \(/);
  assert.match(build('2.rk', '--trainer', 'wasi').stderr, /trainer: wasi \(.*reckon-cli\.wasm\)/);
  assert.match(build('3.rk', '--threads', '3').stderr, /trainer: native/);
  build('4.rk', '--seed', '7');
  assert.ok(bytes(folder, '1.rk').equals(bytes(folder, '2.rk')));
  assert.ok(bytes(folder, '1.rk').equals(bytes(folder, '3.rk')));
  assert.ok(!bytes(folder, '1.rk').equals(bytes(folder, '4.rk')), 'the seed matters');
  assert.deepEqual(namesIn(folder), ['1.rk', '2.rk', '3.rk', '4.rk', 'few.json', 'log.csv']);
});

test('progress in a pipe: a line a stage with its seconds; --json: one document', (t) => {
  const folder = folderFor(t);
  write(folder, { 'log.csv': LOG, 'items.csv': generatedItems(SMALL) });
  const args = [
    'build',
    'log.csv',
    '--items',
    'items.csv',
    '--region',
    'eu',
    '--out',
    'a.rk',
    '--json',
  ];
  const { stdout, stderr } = done(reckon(folder, args));
  const lines = stderr.trimEnd().split('\n');
  assert.ok(
    lines.every((line) => /^reckon: [^\r\x1b]+$/.test(line)),
    stderr,
  );
  const stages = lines.flatMap(
    (line) => /^reckon: (\w+): \d+\.\d s(, [\d,]+ \w+)?$/.exec(line)?.[1] ?? [],
  );
  for (const stage of ['read', 'search', 'vectors', 'popularity', 'neighbors', 'write']) {
    assert.ok(stages.includes(stage), stderr);
  }
  const built = JSON.parse(stdout);
  const snapshot = readSnapshot(bytes(folder, 'a.rk'));
  assert.equal(built.snapshot, 'a.rk');
  assert.equal(built.region, 'eu');
  assert.equal(snapshot.header.region, 'eu');
  assert.equal(built.items, snapshot.items.length);
  assert.equal(built.events, LOG.trimEnd().split('\n').length - 1);
  assert.equal(built.bytes, bytes(folder, 'a.rk').length);
  assert.deepEqual(new Set(built.stages.map(({ stage }) => stage)), new Set(stages));
  assert.ok(built.stages.every(({ seconds }) => seconds >= 0));
  assert.ok(built.report.validation.cases > 0);
  assert.ok(snapshot.titles.some((title) => title.startsWith('Title of')));
});

test('build prints what was built, and its quality beside popularity', (t) => {
  const folder = folderFor(t);
  write(folder, { 'log.csv': LOG, ...plain });
  const { stdout } = done(reckon(folder, ['build', 'log.csv', ...asPlain, '--out', 'a.rk']));
  assert.match(stdout, /^a\.rk: region default, 120 items, [\d,]+ events, 300 sessions\n/);
  assert.match(stdout, /bytes an item \(core [\d.]+, vectors [\d.]+, text [\d.]+\)/);
  assert.match(stdout, /\npopular +\d\.\d{4}/);
  assert.match(stdout, /\nblend +\d\.\d{4}/);
});

test('the configuration reaches the trainer', (t) => {
  const folder = folderFor(t);
  const config = {
    train: { dim: 16, minItemEvents: 5, rankerCases: 0 },
    events: { buy: { weight: 3 } },
  };
  write(folder, { 'log.csv': LOG, 'c.json': JSON.stringify(config) });
  done(reckon(folder, ['build', 'log.csv', '--out', 'a.rk', '--config', 'c.json']));
  const snapshot = readSnapshot(bytes(folder, 'a.rk'));
  assert.equal(snapshot.meta.dim, 16);
  assert.ok(snapshot.items.length < 120);
  assert.deepEqual(snapshot.typeWeights, [1, 3]);
});

test('the configuration says what is trained, and that requests will have a location', (t) => {
  const folder = folderFor(t);
  const [header, ...rows] = LOG.trimEnd().split('\n');
  const withCountry = rows.map((row, n) => `${row},${['DE', 'FR'][n % 2]}`);
  const train = { ...PLAIN.train, encoderEpochs: 1, towerEpochs: 1, located: 1 };
  const build = (name, settings) => {
    write(folder, { 'c.json': JSON.stringify({ train: settings }) });
    const map = ['--map', 'feature.country=country'];
    const args = ['build', 'log.csv', ...map, '--config', 'c.json', '--out', name];
    done(reckon(folder, args));
    return readSnapshot(bytes(folder, name));
  };
  write(folder, { 'log.csv': [`${header},country`, ...withCountry].join('\n') });
  const both = build('both.rk', train);
  const epochs = JSON.parse(both.report).learners.map((learner) => [learner.name, learner.epochs]);
  assert.equal(Object.fromEntries(epochs).encoder, 1);
  assert.ok(both.meta.encoderPositions > 0 && both.meta.userPositions > 0);
  const neither = build('neither.rk', { ...train, encoderEpochs: 0, towerEpochs: 0 });
  assert.deepEqual([neither.meta.encoderPositions, neither.meta.userPositions], [0, 0]);
});

test('ids of every kind survive to the answers', (t) => {
  const folder = folderFor(t);
  const ids = ['a,b', 'say "hi"', '🦊', 'x'.repeat(10_240), 'é', "it's"];
  const field = (text) => `"${text.replaceAll('"', '""')}"`;
  const rows = ids.flatMap((id, n) => [0, 1, 2].map((m) => `u${m},${field(id)},${n}\n`));
  write(folder, { 'log.csv': `user,item,pos\n${rows.join('')}u9,other,0\n` });
  done(reckon(folder, ['build', 'log.csv', '--out', 'a.rk']));
  const { stdout } = done(reckon(folder, ['recommend', 'a.rk', '--session', '🦊', '--json']));
  const answered = JSON.parse(stdout).items.map(({ item }) => item);
  assert.deepEqual(new Set(answered), new Set([...ids.filter((id) => id !== '🦊'), 'other']));
});

// ---- regions -------------------------------------------------------------------------------------

const REGIONS = ['eu', 'us/west', '🦊 land', ''];

function regionalLog() {
  const [header, ...rows] = LOG.trimEnd().split('\n');
  const regionOf = (row) => REGIONS[Number(/^s(\d+)/.exec(row)[1]) % REGIONS.length];
  return [`${header},market`, ...rows.map((row) => `${row},${regionOf(row)}`)].join('\n');
}

test('--region all: one snapshot a region, each as --region R alone makes it', (t) => {
  const folder = folderFor(t);
  const rows = `${regionalLog()}\nlonely,one-item,view,1704067222478,tiny\n`;
  write(folder, { 'log.csv': rows, ...plain });
  const map = ['--map', 'region=market', ...asPlain];
  const all = ['build', 'log.csv', ...map, '--region', 'all', '--out', 'out', '--json'];
  const { stdout, stderr } = done(reckon(folder, all));
  assert.deepEqual(namesIn(path.join(folder, 'out')), ['eu.rk', 'us%2Fwest.rk', '🦊 land.rk']);
  assert.match(stderr, /\d+ rows have no region and are left out/);
  assert.match(stderr, /left out: region "tiny": only one item/);
  const { snapshots, stages } = JSON.parse(stdout);
  assert.deepEqual(
    snapshots.map(({ region }) => region),
    ['eu', 'us/west', '🦊 land'],
  );
  assert.ok(stages.length > 0);
  done(reckon(folder, ['build', 'log.csv', ...map, '--region', 'us/west', '--out', 'one.rk']));
  assert.ok(bytes(folder, 'one.rk').equals(bytes(folder, 'out/us%2Fwest.rk')));
});

test('--region all needs a region column, and leaves nothing when it fails', (t) => {
  const folder = folderFor(t);
  write(folder, { 'log.csv': LOG, 'bad.csv': `user,item,region\nu,a,${'r'.repeat(32)}\nu,b,eu\n` });
  const all = (file) => reckon(folder, ['build', file, '--region', 'all', '--out', 'out']);
  assert.match(all('log.csv').stderr, /^reckon: error: log.csv: no region column \(name it: --map/);
  assert.match(all('bad.csv').stderr, /its name has more than 31 bytes\n$/);
  assert.deepEqual(namesIn(path.join(folder, 'out')), []);
});

// ---- interruption --------------------------------------------------------------------------------

for (const trainer of ['native', 'wasi']) {
  test(`interrupted (${trainer}): nothing temporary stays`, async (t) => {
    const folder = folderFor(t);
    const temporary = path.join(folder, 'tmp');
    write(folder, { 'log.csv': generatedLog({ seed: 1, sessions: 30_000 }) });
    const { mkdirSync } = await import('node:fs');
    mkdirSync(temporary);
    const args = ['build', 'log.csv', '--out', 'a.rk', '--trainer', trainer];
    const child = startReckon(folder, args, { TMPDIR: temporary });
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.stdout.resume();
    while (!/read: /.test(stderr) && child.exitCode === null) await sleep(20);
    child.kill('SIGTERM');
    const [status] = await once(child, 'exit');
    assert.equal(status, 143, stderr);
    assert.deepEqual(namesIn(folder), ['log.csv', 'tmp']);
    assert.deepEqual(namesIn(temporary), []);
    assert.ok(!existsSync(path.join(folder, 'a.rk')));
  });
}
