// reckon recommend down the funnel: --stages, --weights, --rules and --explain, new visitors, and what is refused. On a
// snapshot with rankers (tests/data/taste_log.js).
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createEngine } from 'reckon';
import { tasteSnapshot } from '../data/generated_snapshot.js';
import { tasteCategory, tasteItem } from '../data/taste_log.js';
import { reckon, write } from './helpers/command_line.js';

const GOLDEN = fileURLToPath(new URL('../golden/good_v1.rk', import.meta.url));
let folder;
let snapshot;
let engine;

before(async () => {
  snapshot = await tasteSnapshot();
  engine = await createEngine({ snapshot });
  folder = mkdtempSync(path.join(tmpdir(), 'reckon-test-'));
});
after(() => {
  engine?.dispose();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

function run(...args) {
  const answer = reckon(folder, args);
  assert.equal(answer.status, 0, answer.stderr);
  return answer.stdout;
}
const json = (...args) => JSON.parse(run('recommend', snapshot, ...args, '--json'));
const plain = (value) => JSON.parse(JSON.stringify(value));
const idsOf = (items) => items.map(({ item }) => item);

const EVENTS = [
  ['like', tasteItem(1, 0)],
  ['click', tasteItem(2, 1)],
  ['see_less', tasteItem(4, 5)],
];
const SESSION = EVENTS.map((event) => event.join(':')).join(' ');

/** What the engine answers to the same session; the command explores nothing. */
function expected(options) {
  const session = engine.session({ seed: 0 });
  for (const [event, item] of EVENTS) session.record({ item, event, at: 0 });
  return plain(session.recommend({ ...options, quotas: { explore: 0 } }));
}

describe('--stages', () => {
  test('as far as asked, as the engine answers', () => {
    const lists = ['retrieval', 'first', 'second', 'all'].map((stages) => {
      const { items } = json('--session', SESSION, '--stages', stages, '-n', '12');
      assert.deepEqual(items, expected({ count: 12, stages }).items, stages);
      assert.equal('probabilities' in items[0], stages === 'second' || stages === 'all', stages);
      return idsOf(items).join();
    });
    assert.equal(lists[2], lists[3]);
    assert.equal(new Set(lists).size, 3, 'each stage has an order of its own');
    assert.deepEqual(
      json('--session', SESSION, '-n', '12'),
      json('--session', SESSION, '-n', '12', '--stages', 'all'),
    );
  });

  test('of a snapshot without rankers all end with the blend', () => {
    const bare = fileURLToPath(new URL('../golden/good_v1_bare.rk', import.meta.url));
    const item = 'item-01';
    const [blend, ...rest] = ['retrieval', 'first', 'second', 'all'].map((stages) =>
      run('recommend', bare, '--session', item, '--stages', stages, '--json'),
    );
    for (const list of rest) assert.equal(list, blend);
  });
});

describe('--at', () => {
  const list = (...args) => json('--session', SESSION, '-n', '12', ...args).items;

  test('is the time of the request, as an ISO date or Unix ms', () => {
    const at = Date.UTC(2025, 2, 3, 4, 30);
    const { items } = expected({ count: 12, at });
    assert.notDeepEqual(items, list());
    for (const text of [String(at), '2025-03-03T04:30Z', '2025-03-03T05:30:00+01:00'])
      assert.deepEqual(list('--at', text), items, text);
    assert.deepEqual(list('--at', '2025-03-03'), list('--at', String(Date.UTC(2025, 2, 3))));
    write(folder, { 'at.csv': `session,item,event\n${EVENTS.map(([e, i]) => `s,${i},${e}`).join('\n')}\n` }); // prettier-ignore
    const csv = run('recommend', snapshot, '--sessions', 'at.csv', '-n', '12', '--at', String(at));
    const column = csv.trim().split('\n').slice(1).map((line) => line.split(',')[2]); // prettier-ignore
    assert.deepEqual(column, idsOf(items));
  });

  test('without it, of the newest event of the log', () => {
    assert.deepEqual(list(), list('--at', String(engine.info.createdAt)));
  });

  test('what is no time is refused', () => {
    for (const text of ['', 'soon', '2025-13-01', '1e400', '99999999999999999']) {
      const { status, stderr } = reckon(folder, ['recommend', snapshot, '--at', text]);
      assert.equal(status, 2, text);
      assert.match(stderr, /--at is .*; it must be an ISO date or Unix ms/);
    }
  });
});

describe('--weights', () => {
  test('those given, the snapshot has the others', () => {
    const args = ['--session', SESSION, '-n', '9', '--explain', '--weights'];
    const weights = { like: 0.5, see_less: -20 };
    const { items } = json(...args, ' like = .5, see_less=-20');
    assert.deepEqual(items, expected({ count: 9, weights, explain: true }).items);
    const own = engine.info.tasks.find(({ name }) => name === 'click').weight;
    for (const { score, value } of items) {
      assert.deepEqual(Object.fromEntries(value.map(({ task, weight }) => [task, weight])), {
        like: 0.5,
        click: own,
        see_less: -20,
      });
      const sum = value.reduce((total, { term }) => total + term, 0);
      assert.ok(Math.abs(sum - score) < 1e-5, `${sum} ${score}`);
    }
  });

  test('decide what comes first', () => {
    const best = (weights, task) => {
      const { items } = json('--session', SESSION, '-n', '100', '--weights', weights);
      const probabilities = items.map((item) => item.probabilities[task]);
      assert.deepEqual(
        probabilities,
        probabilities.toSorted((a, b) => b - a),
        weights,
      );
    };
    best('like=1,click=0,see_less=0', 'like');
    best('like=0,click=+2,see_less=0', 'click');
    best('like=0,click=2E+3,see_less=0e0', 'click');
  });

  test('reach --sessions as well', () => {
    write(folder, {
      'in.csv': `session,item,event\n${EVENTS.map(([e, i]) => `s,${i},${e}`).join('\n')}\n`,
    });
    const csv = run(
      'recommend',
      snapshot,
      '--sessions',
      'in.csv',
      '-n',
      '9',
      '--weights',
      'like=-1',
    );
    const ids = csv.trim().split('\n').slice(1).map((line) => line.split(',')[2]); // prettier-ignore
    assert.deepEqual(ids, idsOf(expected({ count: 9, weights: { like: -1 } }).items));
  });
});

const RULES = {
  rules: [
    { name: 'launch', type: 'pin', item: tasteItem(7, 12), position: 2 },
    { name: 'mixed', type: 'cap', attribute: 'kind', most: 1, window: 3 },
    { name: 'season', type: 'boost', where: { attribute: 'kind', equals: 'k3' }, places: 30 },
    { name: 'no k0', type: 'filter', where: { not: { attribute: 'kind', equals: 'k0' } } },
    { name: 'gone', type: 'exclude', items: [tasteItem(8, 0)] },
    { name: 'also gone', type: 'pin', item: tasteItem(8, 0), position: 1 },
  ],
};

describe('--rules', () => {
  test('as the engine answers, and as they are meant', () => {
    write(folder, { 'rules.json': `\ufeff${JSON.stringify(RULES, null, 2)}` });
    const args = ['--session', SESSION, '-n', '10', '--rules', 'rules.json'];
    const quiet = json(...args);
    assert.deepEqual(Object.keys(quiet), ['items', 'unknown']);
    assert.ok(quiet.items.every((item) => !('rules' in item)));
    const { items, removed } = json(...args, '--explain');
    const answer = expected({ count: 10, rules: RULES, explain: true });
    assert.deepEqual(items, answer.items);
    assert.deepEqual(removed, answer.removed);
    assert.deepEqual(idsOf(items), idsOf(quiet.items));
    assert.deepEqual([items[1].item, items[1].rules], [tasteItem(7, 12), ['launch']]);
    const kinds = idsOf(items).map(tasteCategory);
    assert.ok(!kinds.includes('k0'));
    for (let i = 2; i < kinds.length; i++) {
      const gave = items.slice(i - 2, i + 1).some(({ gaveWay }) => gaveWay?.includes('mixed'));
      assert.ok(new Set(kinds.slice(i - 2, i + 1)).size === 3 || gave, kinds.join());
    }
    assert.ok(items.some(({ rules, rank, ranked }) => rules.includes('season') && ranked > rank));
    const pinned = removed.find(({ item }) => item === tasteItem(8, 0));
    assert.deepEqual(pinned.rules.sort(), ['also gone', 'gone']);
  });

  test('for a file of sessions', () => {
    write(folder, {
      'rules.json': JSON.stringify(RULES),
      'in.csv': `session,item,event\n${EVENTS.map(([e, i]) => `s,${i},${e}`).join('\n')}\n`,
    });
    const csv = run(
      ...['recommend', snapshot, '--sessions', 'in.csv', '-n', '10', '--rules', 'rules.json'],
    );
    const ids = csv.trim().split('\n').slice(1).map((line) => line.split(',')[2]); // prettier-ignore
    assert.deepEqual(ids, idsOf(expected({ count: 10, rules: RULES }).items));
  });
});

describe('--explain', () => {
  test('as JSON: a sentence, probabilities, terms, stages, the funnel, silent sources', () => {
    const { items, funnel, unavailable } = json('--session', SESSION, '-n', '6', '--explain');
    for (const { reason, probabilities, value, stages, sources } of items) {
      assert.match(reason, /^[a-z].*[^.]$/);
      assert.deepEqual(Object.keys(probabilities).sort(), ['click', 'like', 'see_less']);
      for (const { task, probability, weight, term } of value) {
        assert.equal(probability, probabilities[task]);
        assert.ok(probability >= 0 && probability <= 1);
        assert.ok(Math.abs(term - weight * probability) < 1e-12);
      }
      assert.equal(typeof stages.retrieval, 'number');
      assert.equal(typeof stages.first, 'number');
      assert.ok(sources.length > 0);
    }
    assert.ok(items.some(({ because, reason }) => because && reason.includes(because)));
    const brought = Object.values(funnel.brought);
    assert.ok(Math.max(...brought) <= funnel.retrieved);
    assert.ok(funnel.retrieved <= brought.reduce((sum, n) => sum + n, 0));
    const { stages, first, second, removed, answered } = funnel;
    assert.deepEqual({ stages, removed, answered }, { stages: 'second', removed: 0, answered: 6 });
    assert.ok(first <= funnel.retrieved && second === first);
    assert.ok(unavailable.every(({ name, reason }) => name && reason.length > 5));
  });

  test('as a table: probabilities, the value, what rules did, the stages in a line', () => {
    write(folder, { 'rules.json': JSON.stringify(RULES) });
    const args = ['--session', SESSION, '-n', '6', '--explain', '--rules', 'rules.json'];
    const text = run('recommend', snapshot, ...args, '--weights', 'like=2,click=0,see_less=-1.5');
    const [header, ...lines] = text.trimEnd().split('\n');
    assert.match(
      header,
      /^# +item +score +sources +P\(click\) +P\(like\) +P\(see_less\) +why +rules$/,
    );
    assert.match(lines[0], /^1 .* 0\.\d{3} .*because you picked /);
    assert.match(lines[1], new RegExp(`^2 +${tasteItem(7, 12)} .* (from #\\d+: )?launch`));
    assert.equal(lines[6], 'score = 2 × P(like) − 1.5 × P(see_less)');
    assert.ok(lines.includes(`removed ${tasteItem(8, 0)} by: gone, also gone`), text);
    assert.match(
      text,
      /\n\d+ candidates \(.*popular \d+.*\) → first stage 100 → second stage 100 → rules −\d+ → 6\n/,
    );
    assert.match(text, /\nnearby did not help: the items have no places\n/);
  });

  test('a stage that did not run is not told of', () => {
    const text = run('recommend', snapshot, '--session', SESSION, '--explain', '--stages', 'first');
    assert.doesNotMatch(text, /P\(|score =|second stage|removed/);
    assert.match(text, /→ first stage 100 → 20\n/);
  });
});

describe('without --session', () => {
  test('a new visitor gets what is popular', () => {
    const answer = json('-n', '8');
    assert.deepEqual(answer, json('--session', '', '-n', '8'));
    assert.equal(answer.items.length, 8);
    const names = new Set(answer.items.flatMap(({ sources }) => sources.map(({ name }) => name)));
    assert.ok(names.has('popular') && !names.has('session') && !names.has('similar'));
    assert.ok(answer.items.every(({ sources }) => sources.some(({ name }) => name === 'popular')));
  });

  test('and what is near, where a location is given', () => {
    const near = (...place) =>
      JSON.parse(run('recommend', GOLDEN, ...place, '-n', '8', '--explain', '--json'));
    const nowhere = near();
    const there = near('--location=-16,-74.5');
    const silent = ({ unavailable }) => unavailable.map(({ name }) => name);
    assert.ok(silent(nowhere).includes('nearby') && !silent(there).includes('nearby'));
    assert.ok(there.items.some(({ sources }) => sources.some(({ name }) => name === 'nearby')));
    assert.ok(there.items.some(({ reason }) => reason === 'popular near you'));
  });

  test('rules, the user and a stage go with it; --out does not', () => {
    write(folder, {
      'rules.json': JSON.stringify({ rules: [{ type: 'pin', item: 'item-07', position: 1 }] }),
    });
    const args = ['--user', 'country=DE', '--rules', 'rules.json', '--stages', 'retrieval'];
    const { items } = JSON.parse(run('recommend', GOLDEN, ...args, '-n', '4', '--json'));
    assert.equal(items[0].item, 'item-07');
    const { status, stdout, stderr } = reckon(folder, ['recommend', GOLDEN, '--out', 'x.csv']);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, /^reckon: error: --out goes with --sessions\n/);
  });
});

describe('refused, with nothing on stdout', () => {
  const bad = (rules) => ({ 'bad.json': JSON.stringify(rules) });
  const rule = (fields) => bad({ rules: [{ type: 'seen' }, fields] });
  const cases = [
    ['an unknown task', ['--weights', 'love=1'], 1, /weights has "love".* "click", "like", "see_less"/],
    ['a weight beyond all bounds', ['--weights', 'like=1000001'], 1, /weights\.like is 1000001, it must be a number within ±1,000,000/],
    ['NaN', ['--weights', 'like=NaN'], 2, /--weights is "like=NaN"; it must be EVENT=NUMBER/],
    ['no number', ['--weights', 'like'], 2, /--weights is "like"; it must be EVENT=NUMBER/],
    ['no weight at all', ['--weights', ''], 2, /--weights is ""; it must be EVENT=NUMBER/],
    ['a task twice', ['--weights', 'like=1,like=2'], 2, /it names an event twice/],
    ['an unknown stage', ['--stages', 'third'], 2, /--stages is "third"; there are retrieval, first, second, all/],
    ['two kinds of session', ['--sessions', 'in.csv'], 2, /--session and --sessions exclude each other/],
    ['a missing file', ['--rules', 'nowhere.json'], 1, /nowhere\.json: no such file or folder/],
    ['a folder', ['--rules', '.'], 1, /\.: it is a folder/],
    ['a file that is not JSON', ['--rules', 'bad.json'], 1, /bad\.json: not JSON: /, { 'bad.json': '{"rules": [' }],
    ['JSON that is no document', ['--rules', 'bad.json'], 1, /bad\.json: \$: it is a list, it must be an object/, bad([])],
    ['an unknown rule', ['--rules', 'bad.json'], 1, /bad\.json: \$\.rules\[1\]\.type: it is "hide", it must be one of /, rule({ type: 'hide' })],
    ['a misspelt field', ['--rules', 'bad.json'], 1, /bad\.json: \$\.rules\[1\]\.postion: unknown field/, rule({ type: 'pin', item: 'x', postion: 1 })],
    ['an unknown attribute', ['--rules', 'bad.json'], 1, /bad\.json: \$\.rules\[1\]\.where\.not\.attribute: it is "colour", it must be an attribute of the snapshot: "kind"/, rule({ type: 'filter', where: { not: { attribute: 'colour', equals: 'red' } } })],
    ['an operator that does not fit', ['--rules', 'bad.json'], 1, /bad\.json: \$\.rules\[1\]\.where\.attribute: "kind" is a category, range takes a number/, rule({ type: 'filter', where: { attribute: 'kind', range: { min: 1 } } })],
    ['a number too large for JSON', ['--rules', 'bad.json'], 1, /bad\.json: \$\.rules\[0\]\.share: it is Infinity/, { 'bad.json': '{"rules": [{"type": "fresh", "days": 1, "share": 1e999}]}' }],
  ]; // prettier-ignore
  for (const [title, options, expectedStatus, pattern, files] of cases) {
    test(title, () => {
      write(folder, { 'in.csv': 'session,item\ns,x\n', ...files });
      for (const more of [[], ['--explain'], ['--json']]) {
        if (options[0] === '--sessions' && more.length > 0) continue;
        const args = ['recommend', snapshot, '--session', SESSION, ...options, ...more];
        const { status, stdout, stderr } = reckon(folder, args);
        assert.equal(status, expectedStatus, stderr);
        assert.equal(stdout, '');
        assert.match(stderr, pattern);
        const [first, ...rest] = stderr.trimEnd().split('\n');
        assert.match(first, /^reckon: error: /);
        // Of a wrong command line the usage follows; of wrong input nothing does.
        if (expectedStatus === 1) assert.deepEqual(rest, []);
        else assert.match(rest[0], /^usage: reckon recommend /);
      }
    });
  }

  test('weights where there is no ranker', () => {
    const bare = fileURLToPath(new URL('../golden/good_v1_bare.rk', import.meta.url));
    const { status, stdout, stderr } = reckon(folder, ['recommend', bare, '--weights', 'view=1']);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /weights has "view".*none, the snapshot has no ranker/);
  });

  test('rules of a file of sessions, before anything is written', () => {
    write(folder, { ...rule({ type: 'cap' }), 'in.csv': 'session,item\ns,x\n', 'out.csv': 'old' });
    const args = ['--sessions', 'in.csv', '--rules', 'bad.json', '--out', 'out.csv'];
    const { status, stdout, stderr } = reckon(folder, ['recommend', snapshot, ...args]);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /bad\.json: \$\.rules\[1\]: a cap rule has either attribute or where/);
    assert.equal(readFileSync(path.join(folder, 'out.csv'), 'utf8'), 'old');
  });
});
