// reckon transfer on two generated regions: what is matched and trusted, no events at all, a source that
// misleads, ids that differ, refusals; and the same bytes from both trainers.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { reckon, write } from './helpers/command_line.js';
import { randomFrom } from '../data/generated_log.js';

const CLUSTERS = 6;
const SIZE = 10;
const ITEMS = CLUSTERS * SIZE;
let folder;

const same = (item) => item;
/** Another item's place: neighbours are neighbours no more. */
const torn = (item) => (item * 23) % ITEMS;
const idOf = (prefix) => (item) => `${prefix}${String(item).padStart(2, '0')}`;

/** CSV session,item,time: a session stays in a cluster and goes on to the next item of it. */
function regionLog({ seed, sessions, place = same, id = idOf('i'), region }) {
  const random = randomFrom(seed);
  const below = (n) => Math.floor(n * random());
  const rows = [`session,item,time${region ? ',region' : ''}`];
  for (let s = 0; s < sessions; s++) {
    const cluster = below(CLUSTERS);
    let at = below(SIZE);
    for (let i = 0; i < 6; i++) {
      const time = 1_700_000_000 + 600 * s + i;
      const item = id(place(cluster * SIZE + at));
      rows.push(`s${s},${item},${time}${region ? `,${region}` : ''}`);
      at = (at + 1 + Number(below(4) === 0)) % SIZE;
    }
  }
  return `${rows.join('\n')}\n`;
}

const itemsFile = (id, title = (item) => `the thing number ${item}`) =>
  ['item,title', ...Array.from({ length: ITEMS }, (_, i) => `${id(i)},${title(i)}`), ''].join('\n');

function run(...args) {
  const answer = reckon(folder, args);
  assert.equal(answer.status, 0, answer.stderr);
  return answer;
}
const transfer = (out, ...args) =>
  JSON.parse(
    run(
      'transfer',
      '--from',
      'us.rk',
      '--region',
      'ca',
      '--out',
      out,
      '--config',
      'quick.json',
      '--json',
      ...args,
    ).stdout,
  ).report.transfer;
const refusal = (status, pattern, ...args) => {
  const answer = reckon(folder, ['transfer', ...args]);
  assert.equal(answer.status, status, answer.stderr);
  assert.match(answer.stderr, pattern);
};
const answers = (snapshot, session) =>
  JSON.parse(run('recommend', snapshot, '--session', session, '-n', '8', '--json').stdout).items;
const bytesOf = (name) => readFileSync(path.join(folder, name));

before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reckon-test-'));
  write(folder, {
    'us.csv': regionLog({ seed: 1, sessions: 400 }),
    'torn.csv': regionLog({ seed: 1, sessions: 400, place: torn }),
    'few.csv': regionLog({ seed: 2, sessions: 8 }),
    'more.csv': regionLog({ seed: 3, sessions: 40 }),
    'renamed.csv': regionLog({ seed: 4, sessions: 8, id: idOf('ware-') }),
    'strange.csv': regionLog({ seed: 4, sessions: 8, id: idOf('x') }),
    'regions.csv': regionLog({ seed: 5, sessions: 8, region: 'ca' }),
    'items.csv': itemsFile(idOf('i')),
    'half.csv': itemsFile(idOf('i')).split('\n').slice(0, 31).join('\n'),
    'renamed_items.csv': itemsFile(idOf('ware-')),
    'quick.json': JSON.stringify({
      train: { dim: 16, sgnsEpochs: 3, encoderEpochs: 3, rankerCases: 0 },
    }),
    'wide.json': JSON.stringify({ train: { dim: 32 } }),
  });
  const build = (log, out) =>
    run(
      'build',
      log,
      '--items',
      'items.csv',
      '--config',
      'quick.json',
      '--region',
      'us',
      '--out',
      out,
    );
  build('us.csv', 'us.rk');
  build('torn.csv', 'torn.rk');
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('a few events and the items of a region that tastes alike', () => {
  const did = transfer('few.rk', '--events', 'few.csv', '--items', 'items.csv');
  assert.equal(did.from, 'us');
  assert.deepEqual(did.matched, { items: ITEMS, by_id: ITEMS, by_content: 0 });
  assert.notEqual(did.guard.trust, 'target');
  assert.ok(did.guard.gain > 2 * did.guard.gain_error);
  assert.ok(did.carried.includes('vectors') && did.carried.includes('settings'));
  // An item that the few events do not have is answered with: the cluster is the source's.
  const [first] = answers('few.rk', 'i30');
  assert.match(first.item, /^i3/);
  // The terminal says the same.
  const said = run('inspect', 'few.rk').stdout;
  assert.match(said, /from region us: 60 items by id/);
});

test('the same bytes from both trainers, whatever the threads', () => {
  for (const more of [
    ['--trainer', 'wasi'],
    ['--threads', '1'],
  ]) {
    transfer('again.rk', '--events', 'few.csv', '--items', 'items.csv', ...more);
    assert.ok(bytesOf('again.rk').equals(bytesOf('few.rk')), more.join(' '));
  }
});

test('without events the answers are the source’s, for the items there are', () => {
  const did = transfer('none.rk', '--items', 'items.csv');
  assert.equal(did.guard.cases, 0);
  assert.equal(did.guard.trust, 'source');
  const ids = (snapshot, session) => answers(snapshot, session).map(({ item }) => item);
  for (const session of ['i00', 'i31 i32', 'i59'])
    assert.deepEqual(ids('none.rk', session), ids('us.rk', session));
  const half = transfer('half.rk', '--items', 'half.csv');
  assert.deepEqual(half.matched, { items: 30, by_id: 30, by_content: 0 });
  const kept = ids('us.rk', 'i10 i11').filter((item) => item < 'i30');
  assert.deepEqual(ids('half.rk', 'i10 i11').slice(0, kept.length), kept);
});

test('a source that misleads is left alone', () => {
  const did = transfer(
    'fallen.rk',
    '--from',
    'torn.rk',
    '--events',
    'more.csv',
    '--items',
    'items.csv',
  );
  assert.equal(did.guard.trust, 'target');
  assert.deepEqual(did.carried, []);
  run(
    'build',
    'more.csv',
    '--items',
    'items.csv',
    '--config',
    'quick.json',
    '--region',
    'ca',
    '--out',
    'alone.rk',
  );
  for (const session of ['i00', 'i31 i32', 'i59'])
    assert.deepEqual(answers('fallen.rk', session), answers('alone.rk', session));
});

test('other ids are matched by their titles, rows of other regions are left out', () => {
  const did = transfer('renamed.rk', '--events', 'renamed.csv', '--items', 'renamed_items.csv');
  assert.deepEqual(did.matched, { items: ITEMS, by_id: 0, by_content: ITEMS });
  assert.notEqual(did.guard.trust, 'target');
  transfer('regions.rk', '--events', 'regions.csv', '--map', 'region=region');
  refusal(
    1,
    /no row of region "mx"/,
    '--from',
    'us.rk',
    '--region',
    'mx',
    '--events',
    'regions.csv',
    '--map',
    'region=region',
    '--out',
    'no.rk',
  );
});

test('refusals', () => {
  const whole = ['--from', 'us.rk', '--region', 'ca', '--events', 'few.csv', '--out', 'no.rk'];
  const without = (option) => {
    const at = whole.indexOf(option);
    return whole.filter((_, i) => i !== at && i !== at + 1);
  };
  for (const option of ['--from', '--region', '--out'])
    refusal(2, new RegExp(`${option} is missing`), ...without(option));
  refusal(2, /--items is missing/, ...without('--events'));
  refusal(1, /the two regions share no item/, ...without('--events'), '--events', 'strange.csv');
  refusal(1, /dim is not the source's/, ...whole, '--config', 'wide.json');
  refusal(1, /few.csv/, ...without('--from'), '--from', 'few.csv');
  const other = JSON.stringify({ base: 'sell' });
  write(folder, { 'other.json': other });
  refusal(1, /no event has this name.*sell/, ...whole, '--config', 'other.json');
});
