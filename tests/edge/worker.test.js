// The worker as wrangler bundles it, on workerd with a local R2 bucket: same answers as Node, and JSON errors.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createEngine } from 'reckon';
import { generatedSessions } from '../data/generated_log.js';
import { SHAPE, generatedSnapshot, runSeed, tasteSnapshot } from '../data/generated_snapshot.js';
import { tasteCategory, tasteItem } from '../data/taste_log.js';

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const OFFLINE = { CI: '1', WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' };
Object.assign(process.env, OFFLINE);
const { Miniflare } = await import('miniflare');

const SEED = runSeed();
let folder;
let worker;
let base;
let engine;
let taste;

async function bundle() {
  folder = await mkdtemp(path('build/edge-'));
  const wrangler = path('node_modules/wrangler/bin/wrangler.js');
  await promisify(execFile)(
    process.execPath,
    [wrangler, 'deploy', '--dry-run', '--outdir', folder],
    { cwd: path('edge-worker'), env: { ...process.env, ...OFFLINE } },
  );
  const wasm = (await readdir(folder)).filter((name) => name.endsWith('.wasm'));
  return [
    { type: 'ESModule', path: `${folder}/worker.js` },
    ...wasm.map((name) => ({ type: 'CompiledWasm', path: `${folder}/${name}` })),
  ];
}

before(async () => {
  const snapshot = new Uint8Array(await readFile(await generatedSnapshot()));
  engine = await createEngine({ snapshot });
  const config = await readFile(path('edge-worker/wrangler.jsonc'), 'utf8');
  const modules = await bundle();
  worker = new Miniflare({
    host: '127.0.0.1',
    port: 0,
    modulesRoot: folder,
    modules,
    compatibilityDate: /"compatibility_date": "([\d-]+)"/.exec(config)[1],
    r2Buckets: ['SNAPSHOTS'],
  });
  base = await worker.ready;
  const bucket = await worker.getR2Bucket('SNAPSHOTS');
  await bucket.put('test.rk', snapshot.buffer);
  await bucket.put('broken.rk', snapshot.slice(0, 5000).buffer);
  const ranked = new Uint8Array(await readFile(await tasteSnapshot()));
  taste = await createEngine({ snapshot: ranked });
  await bucket.put('taste.rk', ranked.buffer);
});
after(async () => {
  await worker?.dispose();
  engine?.dispose();
  taste?.dispose();
  if (folder) await rm(folder, { recursive: true });
});

const post = (region, body) =>
  fetch(new URL(`/v1/regions/${region}/recommendations`, base), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

test('answers equal those in Node, ids and scores', async () => {
  const sessions = generatedSessions({ ...SHAPE, seed: SEED, count: 40 });
  const snapshots = new Set();
  const ids = new Set();
  for (const [n, events] of sessions.entries()) {
    const options = {
      count: 1 + n,
      exclude: sessions[(n + 1) % 40].map(({ item }) => item),
      ...(n % 2 && { keepSeen: true, sourceWeights: { popular: n / 7 }, quotas: { similar: n } }),
    };
    const response = await post('test', { session: events, ...options });
    assert.equal(response.status, 200);
    const answer = await response.json();
    const session = engine.session({ seed: answer.seed });
    for (const event of events) session.record(event);
    assert.deepEqual(answer.items, session.recommend(options).items);
    snapshots.add(answer.snapshot);
    ids.add(answer.id);
  }
  assert.deepEqual([...snapshots], [engine.info.id]);
  assert.equal(ids.size, sessions.length);
});

test('requests at the same time, from an empty body up', async () => {
  const responses = await Promise.all(Array.from({ length: 20 }, () => post('test', {})));
  for (const response of responses) {
    const { items, seed } = await response.json();
    assert.deepEqual(items, engine.session({ seed }).recommend().items);
  }
});

test('what to ask next, as in Node; what is wrong with a body is named', async () => {
  const ask = (body) =>
    fetch(new URL('/v1/regions/test/onboarding', base), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const session = engine.session();
  const body = { session: [], skipped: [], unknown: [], count: 3 };
  for (const answer of ['pick', 'skip', 'unknown']) {
    const response = await ask(body);
    assert.equal(response.status, 200);
    const { items, snapshot } = await response.json();
    assert.deepEqual(items, session.onboarding({ count: 3 }));
    assert.equal(snapshot, engine.info.id);
    const [{ item }] = items;
    session.answer({ item, answer, at: 0 });
    if (answer === 'pick') body.session.push({ item, at: 0 });
    else body[answer === 'skip' ? 'skipped' : 'unknown'].push(item);
  }
  for (const [wrong, path] of [
    [{ count: 65 }, '$.count'],
    [{ skipped: [1] }, '$.skipped[0]'],
    [{ location: {} }, '$.location'],
    [{ session: [{ item: 'x', event: 'no' }] }, '$.session[0].event'],
  ]) {
    const response = await ask(wrong);
    assert.equal(response.status, 400);
    assert.equal((await response.json()).error.path, path);
  }
});

test('health', async () => {
  const response = await fetch(new URL('/healthz', base));
  assert.equal(response.status, 200);
  assert.equal((await response.json()).status, 'ok');
});

test('location, user features and seed reach the engine', async () => {
  const bytes = new Uint8Array(await readFile(path('tests/golden/good_v1.rk')));
  const bucket = await worker.getR2Bucket('SNAPSHOTS');
  await bucket.put('golden.rk', bytes.buffer);
  const golden = await createEngine({ snapshot: bytes });
  const visitor = {
    location: { latitude: 48.1, longitude: 11.6 },
    user: { country: 'DE' },
    seed: 77,
  };
  const response = await post('golden', { ...visitor, count: 30 });
  const { items } = await response.json();
  assert.deepEqual(items, golden.session(visitor).recommend({ count: 30 }).items);
  const brought = new Set(items.flatMap(({ sources }) => sources.map(({ name }) => name)));
  for (const name of ['nearby', 'user', 'explore']) assert.ok(brought.has(name), name);
  golden.dispose();
});

/** The answer of a request that must succeed. */
async function answerOf(region, body) {
  const response = await post(region, body);
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer;
}

const DAY = 86400e3;
const NOW = Date.UTC(2025, 1, 1);
const VISIT = [
  { item: tasteItem(1, 0), event: 'like', at: NOW - 3e5 },
  { item: tasteItem(2, 1), event: 'click', at: NOW - 2e5 },
  { item: tasteItem(4, 5), event: 'see_less', at: NOW - 1e5 },
];

test('every option of the funnel reaches the engine, and its answer the client', async () => {
  const kind = (name) => ({ attribute: 'kind', equals: name });
  const pin = { name: 'launch', type: 'pin', item: tasteItem(7, 12), position: 2 };
  const mixed = { name: 'mixed', type: 'cap', attribute: 'kind', most: 1, window: 3 };
  const asked = [
    { explain: true },
    { explain: false },
    { stages: 'retrieval', explain: true },
    { stages: 'first' },
    { stages: 'second' },
    { weights: { like: 0, see_less: -3 }, explain: true },
    { sourceWeights: { popular: 2 }, quotas: { session: 3 }, stages: 'retrieval' },
    { filter: { not: kind('k1') }, explain: true },
    { rules: { rules: [pin, mixed] }, explain: true },
    { rules: { rules: [pin, mixed] }, filter: kind('k1'), explain: true },
    { filter: { ageDays: { max: 30.5 } }, at: NOW },
    { filter: { ageDays: { max: 30.5 } }, at: NOW + 400 * DAY },
    { keepSeen: true, exclude: [tasteItem(1, 1)], at: NOW },
  ];
  const lists = new Set();
  for (const options of asked) {
    const body = { session: VISIT, count: 12, ...options };
    const { id, seed, snapshot, ...list } = await answerOf('taste', { ...body, seed: 7 });
    const session = taste.session({ seed: 7 });
    for (const event of VISIT) session.record(event);
    const { id: _, timing: __, ...expected } = session.recommend({ count: 12, ...options });
    assert.deepEqual(list, JSON.parse(JSON.stringify(expected)), JSON.stringify(options));
    assert.deepEqual([seed, snapshot, typeof id], [7, taste.info.id, 'string']);
    lists.add(JSON.stringify(list));
  }
  // They do something: only `explain` and 'second' (which is how far 'all' goes) share a list.
  assert.equal(lists.size, asked.length - 1);
});

test('an explained answer says why, item by item and stage by stage', async () => {
  const rules = {
    rules: [{ name: 'no k1', type: 'filter', where: { not: { attribute: 'kind', equals: 'k1' } } }],
  };
  const body = { session: VISIT, count: 5, rules, weights: { like: 2 }, explain: true, at: NOW };
  const { items, funnel, unavailable, removed } = await answerOf('taste', body);
  assert.equal(items.length, 5);
  for (const { item, score, value, probabilities, reason, stages, ranked, sources } of items) {
    assert.notEqual(tasteCategory(item), 'k1');
    const sum = value.reduce((total, { term }) => total + term, 0);
    assert.ok(Math.abs(sum - score) < 1e-6);
    const like = value.find(({ task }) => task === 'like');
    assert.deepEqual([like.weight, like.probability], [2, probabilities.like]);
    assert.ok(reason.length > 5 && stages.first !== undefined && ranked >= 1 && sources.length > 0);
  }
  assert.equal(funnel.stages, 'second');
  assert.ok(funnel.retrieved >= funnel.first && funnel.first >= funnel.second);
  assert.equal(funnel.answered, 5);
  assert.deepEqual(removed, []);
  assert.ok(unavailable.some(({ name }) => name === 'nearby'));
});

test('without a seed every request explores by its own, and says which', async () => {
  const rules = { rules: [{ type: 'explore', every: 2 }] };
  const bucket = await worker.getR2Bucket('SNAPSHOTS');
  const bytes = new Uint8Array(await readFile(path('tests/golden/good_v1.rk')));
  await bucket.put('golden.rk', bytes.buffer);
  const ask = (options) => answerOf('golden', { count: 6, rules, ...options });
  const idsOf = ({ items }) => items.map(({ item }) => item).join();
  const answers = await Promise.all(Array.from({ length: 16 }, () => ask({})));
  assert.equal(new Set(answers.map(({ seed }) => seed)).size, 16); // by chance fewer: 3 in 10⁸
  assert.ok(new Set(answers.map(idsOf)).size > 1, 'all were shown the same');
  assert.ok(answers[0].items.some(({ propensity }) => propensity < 1));
  for (const answer of answers.slice(0, 4)) {
    assert.ok(Number.isInteger(answer.seed) && answer.seed >= 0 && answer.seed < 2 ** 32);
    assert.deepEqual((await ask({ seed: answer.seed })).items, answer.items);
  }
});

test('a body that is not as it should be: 400, and the path of what is wrong', async () => {
  const book = { attribute: 'kind', equals: 'k1' };
  let deep = book;
  for (let i = 0; i < 3000; i++) deep = { not: deep };
  const refused = [
    [null, '$'],
    [[], '$'],
    [{ weigths: {} }, '$.weigths'],
    [{ 'a b': 1 }, '$["a b"]'],
    ['{"__proto__": {"count": 3}}', '$.__proto__'],
    [{ session: 'x' }, '$.session'],
    [{ session: [5] }, '$.session[0]'],
    [{ session: [VISIT[0], { event: 'like' }] }, '$.session[1].item'],
    [{ session: [VISIT[0], { item: 7 }] }, '$.session[1].item'],
    [{ session: [{ item: 'x', when: 0 }] }, '$.session[0].when'],
    [{ session: [{ item: 'x', at: 'now' }] }, '$.session[0].at'],
    [{ session: [{ item: 'x', at: 0.5 }] }, '$.session[0].at'],
    [{ session: [{ item: 'x', event: 'buy' }] }, '$.session[0].event', 'UNKNOWN_EVENT'],
    [{ count: 0 }, '$.count'],
    [{ count: null }, '$.count'],
    [{ count: 1001 }, '$.count'],
    [{ seed: 2 ** 32 }, '$.seed'],
    [{ seed: '1' }, '$.seed'],
    [{ at: '2025-01-01' }, '$.at'],
    [{ at: 1.5 }, '$.at'],
    ['{"at": 1e400}', '$.at'],
    [{ keepSeen: 1 }, '$.keepSeen'],
    [{ explain: 'yes' }, '$.explain'],
    [{ exclude: ['x', 5] }, '$.exclude[1]'],
    [{ location: [1, 2] }, '$.location'],
    [{ location: { latitude: 1 } }, '$.location.longitude'],
    [{ location: { latitude: 1, longitude: 181 } }, '$.location.longitude'],
    [{ user: { country: 49 } }, '$.user.country'],
    [{ user: { 'home planet': 'earth' } }, '$.user["home planet"]'],
    [{ stages: 'third' }, '$.stages'],
    [{ stages: 2 }, '$.stages'],
    [{ weights: [1] }, '$.weights'],
    [{ weights: { like: '1' } }, '$.weights.like'],
    [{ weights: { like: null } }, '$.weights.like'], // what JSON.stringify makes of NaN
    ['{"weights": {"like": 1e7}}', '$.weights.like'],
    [{ weights: { love: 1 } }, '$.weights.love'],
    [{ sourceWeights: { popular: -1 } }, '$.sourceWeights.popular'],
    [{ sourceWeights: { 'deep.thought': 1 } }, '$.sourceWeights["deep.thought"]'],
    [{ quotas: { popular: 0.5 } }, '$.quotas.popular'],
    [{ rules: 'none' }, '$.rules'],
    [{ rules: {} }, '$.rules.rules', 'BAD_RULES'],
    [{ rules: { rules: [{ type: 'pin' }] } }, '$.rules.rules[0].item', 'BAD_RULES'],
    [{ rules: { rules: [], filter: book } }, '$.rules.filter', 'BAD_RULES'],
    [{ rules: { rules: [], filter: book }, filter: book }, '$.rules.filter', 'BAD_RULES'],
    [
      { rules: { rules: [] }, filter: { and: [book, { attribute: 'colour', equals: 'red' }] } },
      '$.filter.and[1].attribute',
      'BAD_RULES',
    ],
    [{ filter: { attribute: 'kind' } }, '$.filter', 'BAD_RULES'],
    [{ filter: deep }, `$.filter${'.not'.repeat(16)}`, 'BAD_RULES'],
  ];
  for (const [body, place, code = 'BAD_ARGUMENT'] of refused) {
    const response = await post('taste', body);
    const { error } = await response.json();
    const what = JSON.stringify(body).slice(0, 80);
    assert.deepEqual([response.status, error.code, error.path], [400, code, place], what);
    assert.ok(error.message.startsWith(`${place}: `), error.message);
    assert.ok(error.message.length < 400, error.message);
  }
  // And the engine still answers.
  assert.equal((await answerOf('taste', { session: VISIT, count: 3 })).items.length, 3);
});

test('what cannot be answered is a JSON error with a code', async () => {
  const item = engine.similar(engine.session().recommend().items[0].item)[0].item;
  const missing = await fetch(new URL('/v2', base));
  assert.equal(missing.status, 404);
  assert.equal((await missing.json()).error.code, 'NOT_FOUND');

  // The oversized body comes last: workerd closes a connection whose body nobody read.
  const refused = [
    ['nowhere', {}, 404, 'UNKNOWN_REGION'],
    ['..%2Fsecret', {}, 404, 'UNKNOWN_REGION'],
    ['broken', {}, 500, 'TRUNCATED'],
    ['test', '{"session":', 400, 'BAD_JSON'],
    ['test', '', 400, 'BAD_JSON'],
    ['test', { session: 'x' }, 400, 'BAD_ARGUMENT'],
    ['test', { session: [5] }, 400, 'BAD_ARGUMENT'],
    ['test', { session: [{ event: 'view' }] }, 400, 'BAD_ARGUMENT'],
    ['test', { session: [{ item, event: 'like' }] }, 400, 'UNKNOWN_EVENT'],
    ['test', { session: [{ item, at: 'now' }] }, 400, 'BAD_ARGUMENT'],
    ['test', { count: 0 }, 400, 'BAD_ARGUMENT'],
    ['test', { count: '7' }, 400, 'BAD_ARGUMENT'],
    ['test', { exclude: 'x' }, 400, 'BAD_ARGUMENT'],
    ['test', { sourceWeights: null }, 400, 'BAD_ARGUMENT'],
    ['test', { sourceWeights: { magic: 1 } }, 400, 'BAD_ARGUMENT'],
    ['test', { quotas: { popular: 1.5 } }, 400, 'BAD_ARGUMENT'],
    ['test', { exclude: [1] }, 400, 'BAD_ARGUMENT'],
    ['test', { location: { latitude: 91, longitude: 0 } }, 400, 'BAD_ARGUMENT'],
    ['test', { user: { planet: 'earth' } }, 400, 'BAD_ARGUMENT'],
    ['test', { seed: -1 }, 400, 'BAD_ARGUMENT'],
    ['test', { exclude: ['x'.repeat(300_000)] }, 413, 'TOO_LARGE'],
  ];
  for (const [region, body, status, code] of refused) {
    const response = await post(region, body);
    const { error } = await response.json();
    assert.deepEqual(
      [response.status, error.code],
      [status, code],
      JSON.stringify(body).slice(0, 80),
    );
    assert.equal(typeof error.message, 'string');
  }
});
