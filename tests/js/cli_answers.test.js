// reckon recommend, similar, inspect, verify and evaluate, on one snapshot of a generated log.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createEngine } from 'reckon';
import { floatText } from '../../js-bindings/cli/dist/terminal.js';
import { generatedItems, generatedLog, generatedSessions } from '../data/generated_log.js';
import { namesIn, reckon, write } from './helpers/command_line.js';

const SHAPE = { items: 120, clusters: 6 };
const PLAIN = ['--config', 'plain.json'];
let folder;
let engine;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'reckon-test-'));
  write(folder, {
    'log.csv': generatedLog({ seed: 8, sessions: 400, ...SHAPE }),
    'items.csv': generatedItems(SHAPE),
    // What rankers add is asked in cli_funnel.test.js.
    'plain.json': JSON.stringify({ train: { rankerCases: 0 } }),
  });
  run('build', 'log.csv', '--items', 'items.csv', ...PLAIN, '--out', 'a.rk');
  engine = await createEngine({ snapshot: path.join(folder, 'a.rk') });
});
after(() => {
  engine?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function run(...args) {
  const answer = reckon(folder, args);
  assert.equal(answer.status, 0, answer.stderr);
  return answer;
}
const json = (...args) => JSON.parse(run(...args, '--json').stdout);

const A = 'c00-item000';
const B = 'c00-item001';

test('--json: one document, keys in order, as the engine answers', () => {
  const answer = json('recommend', 'a.rk', '--session', `view:${A} buy:${B} nope ${A}`, '-n', '7');
  assert.deepEqual(Object.keys(answer), ['items', 'unknown']);
  assert.deepEqual(answer.unknown, ['nope']);
  assert.equal(answer.items.length, 7);
  const session = engine.session();
  for (const [event, item] of [
    ['view', A],
    ['buy', B],
    ['view', A],
  ])
    session.record({ item, event, at: 0 });
  const expected = session.recommend({ count: 7 }).items;
  assert.deepEqual(answer.items, JSON.parse(JSON.stringify(expected)));
  answer.items.forEach((item, i) => {
    assert.deepEqual(Object.keys(item).slice(0, 4), ['item', 'rank', 'score', 'sources']);
    assert.equal(item.rank, i + 1);
    assert.ok(item.item !== A && item.item !== B, 'seen items are not recommended');
  });
  const repeated = json('recommend', 'a.rk', '--session', `view:${A}`, '--keep-seen', '-n', '100');
  assert.ok(repeated.items.length > 0 && Array.isArray(repeated.unknown));
});

test('an unknown event lists the known ones; a known event may be left out', () => {
  const { status, stdout, stderr } = reckon(folder, [
    'recommend',
    'a.rk',
    '--session',
    `like:${A}`,
    '--json',
  ]);
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.equal(
    stderr,
    'reckon: error: --session: "like" is no event of this snapshot; known are view, buy\n',
  );
  assert.deepEqual(
    json('recommend', 'a.rk', '--session', A),
    json('recommend', 'a.rk', '--session', `view:${A}`),
  );
  assert.deepEqual(json('recommend', 'a.rk', '--session', 'http://x/y 1:2').unknown, [
    'http://x/y',
    '1:2',
  ]);
});

test('an empty session and one of unknown items are answered with what is popular', () => {
  for (const session of ['', '   ', 'nope view:nothing']) {
    const { items } = json('recommend', 'a.rk', '--session', session, '-n', '5');
    assert.equal(items.length, 5);
    for (const { sources } of items)
      assert.ok(sources.every(({ name }) => ['popular', 'trending', 'explore'].includes(name)));
  }
});

test('--explain and --stages; the table names sources and reasons', () => {
  const explained = json(
    'recommend',
    'a.rk',
    '--session',
    '',
    '--explain',
    '--stages',
    'retrieval',
  );
  const off = explained.unavailable.map(({ name }) => name);
  assert.ok(['similar', 'session'].every((name) => off.includes(name)));
  const { stdout } = run(
    'recommend',
    'a.rk',
    '--session',
    `${A} nope`,
    '--explain',
    '--stages',
    'all',
    '-n',
    '3',
  );
  assert.match(stdout, /^# +item +title +score +sources +why\n/);
  assert.match(stdout, /\n1 .*(similar|session) #\d+.* because you picked /);
  assert.match(stdout, /\n\d+ candidates \(.*similar \d+.*\) → 3\n/);
  assert.match(
    reckon(folder, ['recommend', 'a.rk', '--session', 'nope']).stderr,
    /unknown items skipped: nope/,
  );
});

test("similar: the engine's answer; an unknown item is refused", () => {
  const expected = JSON.parse(JSON.stringify(engine.similar(A, { count: 4 })));
  assert.deepEqual(json('similar', 'a.rk', A, '-n', '4'), { items: expected, unknown: [] });
  const { status, stderr } = reckon(folder, ['similar', 'a.rk', 'nope']);
  assert.equal(status, 1);
  assert.equal(stderr, 'reckon: error: a.rk: no item has the id "nope"\n');
});

const GOLDEN = fileURLToPath(new URL('../golden/good_v1.rk', import.meta.url));
const BARE = fileURLToPath(new URL('../golden/good_v1_bare.rk', import.meta.url));

test('--location and --user: as the engine answers, for one session and for a file', async () => {
  const visitor = ['--location=-16,-74.5', '--user', 'country=DE, device=mobile'];
  const asked = ['recommend', GOLDEN, ...visitor, '-n', '9'];
  const golden = await createEngine({ snapshot: GOLDEN });
  const session = golden.session({
    location: { latitude: -16, longitude: -74.5 },
    user: { country: 'DE', device: 'mobile' },
  });
  // The command explores nothing.
  const quotas = { explore: 0 };
  const { items, unavailable, funnel } = session.recommend({ count: 9, explain: true, quotas });
  golden.dispose();
  const expected = JSON.parse(JSON.stringify({ items, unknown: [], unavailable, funnel }));
  assert.deepEqual(json(...asked, '--session', '', '--explain'), expected);
  write(folder, { 'in.csv': 'session,item\nx,\n' });
  const lines = run(...asked, '--sessions', 'in.csv')
    .stdout.trim()
    .split('\n')
    .slice(1);
  assert.deepEqual(
    lines.map((line) => line.split(',')[2]),
    items.map(({ item }) => item),
  );
});

test('--location and --user: what they are not', () => {
  const refused = [
    [['--location', '91,0'], 2, /--location is "91,0"; it must be LAT,LON/],
    [['--location', '1'], 2, /LAT,LON/],
    [['--location', '1,2,3'], 2, /LAT,LON/],
    [['--location', 'here,there'], 2, /LAT,LON/],
    [['--user', 'country'], 2, /--user is "country"; it must be NAME=VALUE/],
    [['--user', 'planet=earth'], 1, /"planet".*"country", "device"/],
  ];
  for (const [options, expected, pattern] of refused) {
    const answer = reckon(folder, ['recommend', GOLDEN, '--session', '', ...options]);
    assert.equal(answer.status, expected, options.join(' '));
    assert.match(answer.stderr, pattern);
  }
});

test('inspect: the sources, and why one is off', () => {
  const { stdout } = run('inspect', GOLDEN);
  assert.match(stdout, /explore \(quota 700, weight 0\.015625\)/);
  assert.match(stdout, /places {2}30 items have one/);
  assert.match(stdout, /user features {2}country, device/);
  const bare = run('inspect', BARE).stdout;
  assert.match(bare, /trending \(off: nothing in the log is rising\)/);
  assert.match(bare, /nearby \(off: the items have no places\)/);
  assert.doesNotMatch(bare, /user features/);
});

// ---- many sessions -------------------------------------------------------------------------------

const field = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

test('--sessions: as many single sessions, ids verbatim, in order of appearance', () => {
  const seed = Number(process.env.RECKON_TEST_SEED ?? Date.now() % 100_000);
  const sessions = generatedSessions({ seed, count: 30, ...SHAPE });
  const name = (s) => `s,${s} "x"`;
  const rows = sessions.flatMap((events, s) =>
    events.length === 0
      ? [`${field(name(s))},,`]
      : events.map(({ item, event }) => `${field(name(s))},${field(item)},${event}`),
  );
  write(folder, { 'in.csv': `session,item,event\n${rows.join('\n')}\n` });
  run('recommend', 'a.rk', '--sessions', 'in.csv', '-n', '6', '--out', 'recs.csv');
  const expected = sessions.flatMap((events, s) => {
    const session = engine.session();
    for (const { item, event } of events) session.record({ item, event, at: 0 });
    return session
      .recommend({ count: 6 })
      .items.map(
        ({ item, rank, score }) => `${field(name(s))},${rank},${field(item)},${floatText(score)}`,
      );
  });
  const written = readFileSync(path.join(folder, 'recs.csv'), 'utf8');
  assert.equal(
    written,
    ['session,rank,item,score', ...expected, ''].join('\n'),
    `RECKON_TEST_SEED=${seed}`,
  );
  assert.ok(namesIn(folder).every((file) => !file.endsWith('.tmp')));
  assert.equal(run('recommend', 'a.rk', '--sessions', 'in.csv', '-n', '6').stdout, written);
});

test('--sessions: by time where there are times, by file order else; scores are exact', () => {
  write(folder, {
    'order.csv': `session,item\nx,${A}\ny,nope\nx,${B}\n`,
    'times.csv': `session,item,time\nx,${B},1700000060\ny,nope,1700000000\nx,${A},1700000000\n`,
  });
  const answer = (file) =>
    run('recommend', 'a.rk', '--sessions', file, '--keep-seen', '-n', '9').stdout;
  assert.equal(answer('order.csv'), answer('times.csv'));
  const session = engine.session();
  session.record({ item: A, at: 0 });
  session.record({ item: B, at: 0 });
  const { items } = session.recommend({ count: 9, keepSeen: true });
  const scores = answer('order.csv').split('\n').slice(1, 10);
  scores.forEach((line, i) => assert.equal(Math.fround(line.split(',').at(-1)), items[i].score));
});

test('--sessions: n rows each if the items suffice', () => {
  write(folder, { 'in.csv': `session,item\nx,${A}\ny,\nz,nope\n` });
  const lines = (n) =>
    run('recommend', 'a.rk', '--sessions', 'in.csv', '-n', n).stdout.trim().split('\n');
  assert.equal(lines('100').length, 1 + 3 * 100);
  assert.equal(lines('1000').length, 1 + 119 + 120 + 120, 'all items but the seen one');
});

test('--sessions: refusals name file, row and column', () => {
  write(folder, { 'in.csv': `session,item,event\nx,${A},view\nx,${B},like\n` });
  const { status, stderr } = reckon(folder, [
    'recommend',
    'a.rk',
    '--sessions',
    'in.csv',
    '--out',
    'no.csv',
  ]);
  assert.equal(status, 1);
  assert.equal(
    stderr,
    'reckon: error: in.csv, row 2 (line 3), column event: "like" is no event of this snapshot; known are view, buy\n',
  );
  assert.ok(!namesIn(folder).includes('no.csv'));
});

// ---- inspect, verify, evaluate -------------------------------------------------------------------

test('inspect: facts for a person and for a program', () => {
  const facts = json('inspect', 'a.rk');
  assert.equal(facts.kind, 'snapshot');
  assert.equal(facts.items, 120);
  assert.equal(facts.id, engine.info.id);
  assert.equal(facts.bytes, readFileSync(path.join(folder, 'a.rk')).length);
  assert.ok(facts.bytesPerItem.core > 0 && facts.report.validation.cases > 0);
  assert.ok(facts.sections.some(({ type, part }) => type === 'vec.low' && part === 'vectors'));
  const { stdout } = run('inspect', 'a.rk');
  assert.match(stdout, /120 items, [\d,]+ events, 400 sessions, times: unix-ms, seed 0/);
  assert.match(stdout, /\nvec\.low +vectors/);
  assert.match(stdout, /\nvalidation, \d+ cases\n/);
});

test('verify: valid', () => {
  assert.match(
    run('verify', 'a.rk').stdout,
    /^a\.rk: valid snapshot, [\d,]+ bytes, content id [\da-f]{64}\n$/,
  );
  assert.equal(json('verify', 'a.rk').valid, true);
});

test('evaluate: a table or one document, and predictions that give the same metrics', () => {
  const asked = ['--protocol', 'sessions', '--k', '20,5', '--sample', '0.8'];
  const args = ['evaluate', 'log.csv', ...asked, ...PLAIN];
  const { stdout, stderr } = run(...args);
  assert.match(stdout, /^sessions, \d+ cases/);
  assert.match(stdout, /^sessions, [\d,]+ cases, all items ranked\n/);
  assert.match(stdout, /\nmethod +Recall@5 +HR@5 +MRR@5 +NDCG@5 .*HR@20 .*blend's lead, NDCG@20\n/);
  assert.match(stdout, /\nblend [^\n]*\n {2}95 % from [^\n]*\n {2}95 % to /);
  assert.match(stdout, /\npopular .* [+-]0\.\d{4} \[[+-]0\.\d{4}, [+-]0\.\d{4}\]\n/);
  assert.match(stdout, /\nwithout similar /);
  assert.match(stderr, /reckon: evaluate: \d+\.\d s/);
  const document = json(...args, '--predictions', 'p.csv');
  assert.equal(document.protocol, 'sessions');
  assert.deepEqual(document.k, [5, 20]);
  for (const method of ['blend', 'popular', 'similar', 'session', 'cooccurrence']) {
    const metrics = document.metrics[method];
    assert.ok(metrics['hr@20'] >= metrics['hr@5'], method);
    for (const [name, [low, high]] of Object.entries(document.intervals[method]))
      assert.ok(low <= metrics[name] && metrics[name] <= high, `${method} ${name}`);
    for (const name of ['precision@5', 'novelty@5', 'diversity@5', 'popularity_bias@5'])
      assert.equal(typeof metrics[name], 'number', `${method} ${name}`);
  }
  // The log has no places and says nothing of its users.
  for (const silent of ['nearby', 'user'])
    for (const part of ['metrics', 'intervals', 'differences'])
      assert.equal(document[part][silent], null, `${part} ${silent}`);
  for (const [method, difference] of Object.entries(document.differences)) {
    if (difference === null) continue;
    const ndcg = difference['ndcg@20'];
    const mean = document.metrics.blend['ndcg@20'] - document.metrics[method]['ndcg@20'];
    assert.ok(Math.abs(ndcg.mean - mean) < 2e-6 && ndcg.low <= ndcg.high, method);
  }
  const counted = document.breakdowns.history_events.reduce((sum, { count }) => sum + count, 0);
  assert.equal(counted, document.cases);
  const [header, ...rows] = readFileSync(path.join(folder, 'p.csv'), 'utf8').trim().split('\n');
  assert.equal(header, 'case,rank,item,score');
  assert.equal(new Set(rows.map((row) => row.split(',')[0])).size, document.cases);
});

test('evaluate: an official test file', () => {
  const [header, ...rows] = readFileSync(path.join(folder, 'log.csv'), 'utf8').trim().split('\n');
  const isTest = (row) => Number(/^s(\d+)/.exec(row)[1]) % 10 === 0;
  write(folder, {
    'train.csv': [header, ...rows.filter((row) => !isTest(row))].join('\n'),
    'test.csv': [header, ...rows.filter(isTest)].join('\n'),
  });
  const asked = ['--test', 'test.csv', '--protocol', 'sessions'];
  const { cases } = json('evaluate', 'train.csv', ...asked, ...PLAIN);
  const lengths = new Map();
  for (const row of rows.filter(isTest)) {
    const id = row.split(',')[0];
    lengths.set(id, (lengths.get(id) ?? 0) + 1);
  }
  const prefixes = [...lengths.values()].reduce((sum, length) => sum + length - 1, 0);
  assert.equal(cases, prefixes, 'every prefix of every test session');
});

test('evaluate: cold items among themselves, beside chance and popularity by category', () => {
  const document = json('evaluate', 'log.csv', '--protocol', 'cold-item', '--k', '5', ...PLAIN);
  assert.equal(document.ranked, 'the hidden items');
  const { random, category, blend } = document.metrics;
  assert.ok(random['recall@5'] > 0 && random['recall@5'] < 1);
  assert.equal(random['novelty@5'], null);
  assert.equal(typeof category['ndcg@5'], 'number');
  assert.equal(typeof blend['ndcg@5'], 'number');
});

test('evaluate: new users are asked in three ways', () => {
  const asked = ['evaluate', 'log.csv', '--protocol', 'cold-user', '--k', '5,10', ...PLAIN];
  const document = json(...asked);
  assert.deepEqual(document.k, [5]);
  assert.deepEqual(Object.keys(document.asking), ['adaptive', 'popular', 'random']);
  for (const points of Object.values(document.asking)) {
    assert.deepEqual(
      points.map(({ questions }) => questions),
      [0, 1, 2, 3, 5, 8],
    );
    assert.ok(points.every(({ ndcg }) => ndcg.low <= ndcg.mean && ndcg.mean <= ndcg.high));
  }
  assert.equal(typeof document.click.lead.mean, 'number');
  const { status, stdout } = reckon(folder, asked);
  assert.equal(status, 0);
  assert.match(stdout, /NDCG@5 after +0 questions +1 question +2 questions/);
  assert.match(stdout, /adaptive's lead/);
  assert.match(stdout, /one click 0\.\d+, popular 0\.\d+, lead/);
  const refused = reckon(folder, [...asked, '--predictions', 'out.csv']);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /--predictions does not go with --protocol cold-user/);
});

test('evaluate: one cut for everybody needs times that compare', () => {
  const lines = ['user,item,time'];
  for (let i = 0; i < 60; i++) lines.push(`u${i % 6},i${(i * 7) % 11},${i}`);
  write(folder, { 'positions.csv': `${lines.join('\n')}\n` });
  const args = ['evaluate', 'positions.csv', '--protocol', 'temporal-global'];
  const { status, stderr } = reckon(folder, args);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /temporal-global needs times; an order index does not compare between users/,
  );
});

test('evaluate: too little to hide is refused', () => {
  write(folder, { 'tiny.csv': 'user,item\nu,a\nv,b\n' });
  const { status, stderr } = reckon(folder, [
    'evaluate',
    'tiny.csv',
    '--protocol',
    'leave-one-out',
    '--predictions',
    'q.csv',
  ]);
  assert.equal(status, 1);
  assert.match(
    stderr.trimEnd().split('\n').at(-1),
    /^reckon: error: tiny.csv: the protocol leaves no test case/,
  );
  assert.ok(!namesIn(folder).some((name) => name.includes('q.csv')));
});
