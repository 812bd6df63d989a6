// reckon tune on generated logs: a value weight and quotas that are plainly wrong are put right, what
// is right is left alone, the configuration is one that build takes, and no snapshot is ever written.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { namesIn, reckon, write } from './helpers/command_line.js';
import { baitLog, baitItems } from '../data/bait_log.js';

const WEIGHTS = { view: { weight: 1 }, like: { weight: 2 }, hide: { weight: -2 } };
const QUICK = { sgnsEpochs: 2, encoderEpochs: 2 };
let folder;

const asJson = (value) => JSON.stringify(value);
function run(...args) {
  const answer = reckon(folder, args);
  assert.equal(answer.status, 0, answer.stderr);
  return answer;
}
/** --config may be given again: the last one counts. */
const tune = (snapshot, ...args) =>
  JSON.parse(
    run('tune', snapshot, 'new.csv', '--config', 'weights.json', '--json', ...args).stdout,
  );
const bytesOf = (name) => readFileSync(path.join(folder, name));
const configOf = (name) => JSON.parse(bytesOf(name).toString());

before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reckon-test-'));
  write(folder, {
    'old.csv': baitLog({ seed: 1, users: 600, start: 1_700_000_000 }),
    'new.csv': baitLog({ seed: 2, users: 600, start: 1_710_000_000 }),
    'items.csv': baitItems(),
    'weights.json': asJson({ events: WEIGHTS }),
    'costly.json': asJson({ events: { ...WEIGHTS, hide: { weight: -6 } } }),
    'wrong.json': asJson({
      events: { ...WEIGHTS, hide: { weight: -2, value: 0.3 } },
      train: { ...QUICK, rankerCases: 1500, rankerEpochs: 15 },
    }),
    'silly.json': asJson({
      events: WEIGHTS,
      train: { ...QUICK, rankerCases: 0, similarQuota: 1, sessionQuota: 1, popularQuota: 10 },
    }),
    'plain.json': asJson({ events: WEIGHTS, train: { ...QUICK, rankerCases: 0 } }),
  });
  for (const name of ['wrong', 'silly', 'plain'])
    run(
      'build',
      'old.csv',
      '--items',
      'items.csv',
      '--config',
      `${name}.json`,
      '--out',
      `${name}.rk`,
    );
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('a dislike that counts for an item is found, and its weight written', () => {
  const snapshot = bytesOf('wrong.rk');
  const names = readdirSync(folder).sort();
  // Who is shown less bait is shown fewer different items, and fewer that are only opened.
  const asked = ['--config', 'costly.json', '--guard', 'coverage=off', '--guard', 'ndcg=off'];
  const found = tune('wrong.rk', ...asked, '--out', 'tuned.json');
  assert.equal(found.decision, 'change');
  assert.equal(found.before.values.hide, 0.3);
  assert.ok(found.after.values.hide / found.after.values.like < 0.15, asJson(found.after));
  assert.ok(found.reward.gainInterval[0] > 0);
  assert.ok(found.reward.after > found.reward.before);
  const dislikes = found.figures.find(({ name }) => name === 'dislikes');
  assert.ok(dislikes.after < dislikes.before);
  assert.equal(found.figures.find(({ name }) => name === 'coverage').guard, undefined);
  // Only the configuration is new, and it says what the document says.
  assert.ok(bytesOf('wrong.rk').equals(snapshot));
  assert.deepEqual(readdirSync(folder).sort(), [...names, 'tuned.json'].sort());
  const config = configOf('tuned.json');
  for (const [name, value] of Object.entries(found.after.values))
    assert.deepEqual(config.events[name], { value });
  for (const [name, quota] of Object.entries(found.after.quotas))
    assert.equal(config.train[`${name}Quota`], quota);
  // The same whatever the threads and the trainer.
  for (const more of [
    ['--threads', '1'],
    ['--threads', '3'],
    ['--trainer', 'wasi'],
  ])
    assert.deepEqual(tune('wrong.rk', ...asked, ...more), found);
});

test('quotas that starve the funnel are found; a guard rail on what they cost holds', () => {
  // More candidates are also more that is known, more alike and more bait; here only reward counts.
  const off = ['dislikes', 'novelty', 'diversity'].flatMap((name) => ['--guard', `${name}=off`]);
  const found = tune('silly.rk', ...off, '--guard', 'candidates=off');
  assert.equal(found.decision, 'change');
  assert.deepEqual(found.before.values, {});
  const total = ({ quotas }) => Object.values(quotas).reduce((sum, quota) => sum + quota, 0);
  assert.ok(total(found.after) >= 2 * total(found.before), asJson(found.after));
  assert.ok(found.reward.gainInterval[0] > 0);
  assert.match(found.notes.join(), /has no tasks/);
  const cheap = tune('silly.rk', ...off, '--guard', 'candidates=10%');
  const candidates = cheap.figures.find(({ name }) => name === 'candidates');
  assert.equal(candidates.allowed, 0.1);
  if (cheap.decision === 'change') assert.ok(candidates.after <= candidates.before * 1.1);
  assert.ok(cheap.rungs.some(({ broken }) => broken > 0));
  const { stdout, stderr } = run('tune', 'silly.rk', 'new.csv', '--config', 'weights.json');
  assert.match(stdout, /quota of similar +1 /);
  assert.match(stdout, /reward@10/);
  assert.match(stdout, /gain of the reward/);
  assert.match(stderr, /has no tasks/);
});

test('what is right is kept: the file holds the present setting, and all else it said', () => {
  const said = {
    map: { user: 'user' },
    events: { like: { weight: 7 }, other: { weight: 1 } },
    base: 'view',
    train: { dim: 32, popularQuota: 7 },
  };
  write(folder, { 'kept.json': asJson(said) });
  const answer = tune('plain.rk', '--out', 'kept.json');
  assert.equal(answer.decision, 'keep');
  const config = configOf('kept.json');
  assert.deepEqual({ ...config, train: undefined }, { ...said, train: undefined });
  assert.equal(config.train.dim, 32);
  for (const [name, quota] of Object.entries(answer.before.quotas))
    assert.equal(config.train[`${name}Quota`], quota);
  const text = run('tune', 'plain.rk', 'new.csv', '--config', 'weights.json').stdout;
  assert.match(text, /keep what you have: /);
});

test('replaying what was learnt from is said to flatter', () => {
  const { stderr } = run(
    'tune',
    'plain.rk',
    'old.csv',
    '--config',
    'weights.json',
    '--settings',
    '2',
  );
  assert.match(stderr, /some events are not newer than the snapshot's/);
  const fresh = tune('plain.rk', '--settings', '2');
  assert.equal(fresh.eventsNotNewer, 0);
  assert.deepEqual(
    fresh.notes.filter((note) => note.includes('newer')),
    [],
  );
});

test('the tuned configuration builds, and the next snapshot has what it says', () => {
  write(folder, { 'next.json': asJson({ events: WEIGHTS, train: { ...QUICK, rankerCases: 0 } }) });
  const { before } = tune('wrong.rk', '--settings', '1', '--out', 'next.json');
  const config = configOf('next.json');
  assert.deepEqual(config.events.hide, { weight: -2, value: 0.3 });
  assert.equal(config.train.rankerCases, 0);
  config.train.popularQuota = 33;
  write(folder, { 'next.json': asJson(config) });
  run('build', 'old.csv', '--config', 'next.json', '--out', 'next.rk');
  const next = tune('next.rk', '--settings', '1');
  assert.deepEqual(next.before.quotas, { ...before.quotas, popular: 33 });
});

test('logged propensities: self-normalised, with the rows that they are worth', () => {
  const [header, ...rows] = bytesOf('new.csv').toString().trimEnd().split('\n');
  const withPropensity = (at) =>
    [`${header},shown`, ...rows.map((row, r) => `${row},${at(r)}`)].join('\n');
  write(folder, {
    'even.csv': withPropensity(() => 0.5),
    'rare.csv': withPropensity((r) => (r % 500 === 0 ? 1e-9 : 1)),
    'none.csv': withPropensity((r) => (r === 7 ? '0' : 0.5)),
    'text.csv': withPropensity((r) => (r === 3 ? 'often' : 0.5)),
  });
  const ask = (file, ...more) =>
    run('tune', 'plain.rk', file, '--config', 'weights.json', '--settings', '4', ...more);
  const options = ['--map', 'propensity=shown', '--json'];
  const even = JSON.parse(ask('even.csv', ...options).stdout);
  assert.equal(even.reward.estimator, 'snips');
  assert.ok(even.propensities.effectiveBefore > 0);
  assert.ok(even.propensities.effectiveBefore <= even.propensities.rows);
  const rare = ask('rare.csv', '--map', 'propensity=shown');
  assert.match(rare.stdout, /logged rows are worth/);
  assert.match(rare.stdout, /keep what you have: too few logged rows are shown to judge by/);
  assert.match(rare.stderr, /the effective sample is small/);
  // Not mapped, it is a column like any other.
  assert.equal(JSON.parse(ask('even.csv', '--json').stdout).reward.estimator, 'replay');
  for (const [file, pattern] of [
    ['none.csv', /none.csv, row 8 \(line 9\), column shown: "0" is no propensity/],
    ['text.csv', /text.csv, row 4 \(line 5\), column shown: "often" is no propensity/],
  ]) {
    const { status, stderr } = reckon(folder, ['tune', 'plain.rk', file, ...options]);
    assert.equal(status, 1);
    assert.match(stderr, pattern);
  }
});

test('refusals and usage', () => {
  const names = namesIn(folder);
  const refused = (status, pattern, ...args) => {
    const answer = reckon(folder, ['tune', ...args]);
    assert.equal(answer.status, status, answer.stderr);
    assert.equal(answer.stdout, '');
    assert.match(answer.stderr, pattern);
  };
  write(folder, {
    'bad.json': '{"train": 1}',
    'liked.csv': 'user,item,event,time\nu,a,liked,1700000000\nu,b,liked,1700000001\n',
  });
  refused(2, /<events> is missing/, 'plain.rk');
  refused(2, /--guard is "clicks=5%"/, 'plain.rk', 'new.csv', '--guard', 'clicks=5%');
  refused(2, /--guard is "coverage=5"/, 'plain.rk', 'new.csv', '--guard', 'coverage=5');
  refused(2, /--protocol is "cold-item"/, 'plain.rk', 'new.csv', '--protocol', 'cold-item');
  refused(2, /--k is "101"/, 'plain.rk', 'new.csv', '--k', '101');
  refused(2, /--settings is "0"/, 'plain.rk', 'new.csv', '--settings', '0');
  refused(1, /new.csv: offset 0: this is not a Reckon file/, 'new.csv', 'new.csv');
  refused(
    1,
    /plain.rk: it is an input too|plain.rk: not JSON/,
    'plain.rk',
    'new.csv',
    '--out',
    'plain.rk',
  );
  refused(1, /bad.json: "train" must be an object/, 'plain.rk', 'new.csv', '--out', 'bad.json');
  refused(1, /an event the snapshot does not have/, 'plain.rk', 'liked.csv');
  refused(1, /liked.csv|no test/, 'plain.rk', 'liked.csv', '--config', 'weights.json');
  assert.deepEqual(namesIn(folder), [...names, 'bad.json', 'liked.csv'].sort());
});
