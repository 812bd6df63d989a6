// What an evaluation says of itself against tests/rescore, which knows only the log and the predictions.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { eventsOfCsv, eventsOfFile, listsOf, rescore } from '../rescore/rescore.js';
import { tasteItems, tasteLog } from '../data/taste_log.js';
import { folderFor, read, reckon, root, write } from './helpers/command_line.js';

const CUTOFFS = [1, 5, 20];

/** Evaluates a log; the document, and the predictions as lists. */
function evaluate(folder, log, protocol, ...args) {
  const predictions = path.join(folder, 'predictions.csv');
  const { status, stdout, stderr } = reckon(folder, [
    'evaluate',
    log,
    '--protocol',
    protocol,
    '--k',
    CUTOFFS.join(),
    '--predictions',
    predictions,
    '--json',
    ...args,
  ]);
  assert.equal(status, 0, stderr);
  return { document: JSON.parse(stdout), predictions, lists: listsOf(predictions) };
}

function assertSame({ cases, metrics }, document) {
  assert.equal(cases, document.cases);
  assert.equal(Object.keys(metrics).length, 4 * CUTOFFS.length);
  const [answer] = Object.values(document.metrics); // what the predictions are of
  for (const [name, value] of Object.entries(metrics)) {
    const said = answer[name];
    assert.ok(Math.abs(value - said) <= 1e-6, `${name}: ${said}, recomputed ${value}`);
  }
}

// Learning is made short: what is checked is the arithmetic, at whatever quality; and of the blend, since rankers cost more
// than all else. One log below has them, and its answers are the funnel's.
const QUICK = {
  train: { sgnsEpochs: 1, encoderEpochs: 1, validationCases: 200, dim: 16, rankerCases: 0 },
};

// ---- generated logs ------------------------------------------------------------------------------

/** Rows of users who stay in one of eight groups of items, some disliked, some at one time. */
function generatedLog(header) {
  let state = 7;
  const draw = (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
  const rows = [header];
  for (let user = 0; user < 250; user++) {
    const start = Date.UTC(2024, 0, 1) + draw(300) * 86_400_000;
    const group = draw(8);
    for (let i = 0, length = 1 + draw(14); i < length; i++) {
      const item = (draw(8) === 0 ? draw(8) : group) * 12 + Math.min(draw(12), draw(12));
      const event = ['view', 'view', 'like', 'dislike'][draw(4)];
      const at = new Date(start + draw(12) * 3_600_000).toISOString();
      rows.push(`u${user},"item, ""${item}""",${event},${at}`);
    }
  }
  return `${rows.join('\n')}\n`;
}

for (const who of ['user', 'session']) {
  test(`generated events with dislikes, a ${who} a log`, async (t) => {
    const folder = folderFor(t);
    write(folder, {
      'log.csv': generatedLog(`${who},item,event,time`),
      'quick.json': JSON.stringify(QUICK),
    });
    await read(folder, 'log.csv');
    const events = eventsOfFile(path.join(folder, 'log.rkev'));
    assert.ok(events.some(({ liked }) => !liked));
    for (const protocol of ['leave-one-out', 'temporal', 'temporal-global']) {
      const { document, lists } = evaluate(folder, 'log.csv', protocol, '--config', 'quick.json');
      const areSessions = who === 'session';
      const answer = rescore({ events, lists, protocol, cutoffs: CUTOFFS, areSessions });
      assert.ok(answer.cases > 20 && answer.metrics['hr@20'] > 0.2, protocol);
      assertSame(answer, document);
    }
  });
}

test('a log whose rankers ship: the predictions are of the funnel', async (t) => {
  const folder = folderFor(t);
  const train = {
    ...QUICK.train,
    ...{ encoderEpochs: 0, validationCases: 100, rankerCases: 500, rankerEpochs: 20 },
  };
  write(folder, {
    'log.csv': tasteLog(),
    'items.csv': tasteItems(),
    'config.json': JSON.stringify({ train }),
  });
  await read(folder, 'log.csv');
  const events = eventsOfFile(path.join(folder, 'log.rkev'));
  const options = ['--items', 'items.csv', '--config', 'config.json', '--seed', '1'];
  const { document, lists } = evaluate(folder, 'log.csv', 'temporal', ...options);
  assert.equal(Object.keys(document.metrics)[0], 'funnel');
  assert.notDeepEqual(document.metrics.funnel, document.metrics.blend);
  assertSame(rescore({ events, lists, protocol: 'temporal', cutoffs: CUTOFFS }), document);
});

test('generated sessions with a test file, by the command of the re-scorer', (t) => {
  const folder = folderFor(t);
  const [header, ...rows] = generatedLog('session,item,event,time')
    .replaceAll(/,(view|like|dislike),/g, ',')
    .replace(',event', '')
    .trim()
    .split('\n');
  const isTest = (row) => /^u\d*[37],/.test(row);
  write(folder, {
    'train.csv.gz': [header, ...rows.filter((row) => !isTest(row))].join('\n'),
    'test.csv': [header, ...rows.filter(isTest)].join('\r\n'),
    'quick.json': JSON.stringify(QUICK),
  });
  const { document, predictions } = evaluate(
    folder,
    'train.csv.gz',
    'sessions',
    ...['--test', 'test.csv', '--config', 'quick.json'],
  );
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      path.join(root, 'tests/rescore/rescore.js'),
      path.join(folder, 'train.csv.gz'),
      ...['--test', path.join(folder, 'test.csv'), '--protocol', 'sessions'],
      ...['--predictions', predictions, '--user', 'session', '--k', CUTOFFS.join()],
    ],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  assertSame(JSON.parse(stdout), document);
});

test('what cannot be an answer is refused', (t) => {
  const folder = folderFor(t);
  const events = ['a', 'b', 'c'].map((item, time) => ({ user: 'u', item, time, liked: true }));
  const scored = (lines) => {
    const file = path.join(folder, 'p.csv');
    writeFileSync(file, `case,rank,item,score\n${lines.join('\n')}\n`);
    const lists = listsOf(file);
    return rescore({ events, lists, protocol: 'leave-one-out', cutoffs: [1, 2] });
  };
  const { cases, metrics } = scored(['u,1,d,2', 'u,2,c,1']);
  assert.equal(cases, 1);
  assert.deepEqual([metrics['hr@1'], metrics['hr@2'], metrics['mrr@2']], [0, 1, 0.5]);
  assert.ok(Math.abs(metrics['ndcg@2'] - 1 / Math.log2(3)) < 1e-12);
  assert.throws(() => scored(['u,1,a,2']), /a was seen before/);
  assert.throws(() => scored(['u,1,c,2', 'u,3,d,1']), /rank 3/);
  assert.throws(() => scored(['u,1,c,1', 'u,2,d,2']), /ascend/);
  assert.throws(() => scored(['u,1,c,1', 'u,2,c,1']), /twice/);
  assert.throws(() => scored(['v,1,c,1']), /no case/);
});

// ---- real logs, where they are -------------------------------------------------------------------

const shared = process.env.RECKON_SHARED_DATA ?? path.join(root, '../shared/data');
const sharedFile = (name) => path.join(shared, name);
const skipWithout = (set) =>
  existsSync(sharedFile(set)) ? false : `the data set ${set} is not beside the project`;

test('rsc15_100k: sessions with the test file', { skip: skipWithout('rsc15_100k') }, (t) => {
  const folder = folderFor(t);
  write(folder, { 'quick.json': JSON.stringify(QUICK) });
  const [train, testFile] = ['train_full', 'test'].map((name) =>
    sharedFile(`rsc15_100k/${name}.csv.gz`),
  );
  const { document, lists } = evaluate(
    folder,
    train,
    'sessions',
    ...['--test', testFile, '--config', 'quick.json'],
  );
  const columns = { user: 'session', item: 'item', time: 'timestamp' };
  const events = eventsOfCsv(train, columns).concat(
    eventsOfCsv(testFile, { ...columns, isTest: true }),
  );
  assertSame(rescore({ events, lists, protocol: 'sessions', cutoffs: CUTOFFS }), document);
});

test('ml_latest_small: three protocols', { skip: skipWithout('ml_latest_small') }, (t) => {
  const folder = folderFor(t);
  write(folder, { 'quick.json': JSON.stringify(QUICK) });
  const log = sharedFile('ml_latest_small/interactions.csv.gz');
  const events = eventsOfCsv(log, { user: 'user', item: 'item', time: 'timestamp' });
  for (const protocol of ['leave-one-out', 'temporal', 'temporal-global']) {
    const { document, lists } = evaluate(folder, log, protocol, '--config', 'quick.json');
    assertSame(rescore({ events, lists, protocol, cutoffs: CUTOFFS }), document);
  }
});
