// The worker as wrangler bundles it, on workerd with a local R2 bucket: same answers as Node, and JSON errors.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createEngine } from 'reckon';
import { generatedSessions } from '../data/generated_log.js';
import { SHAPE, generatedSnapshot, runSeed } from '../data/generated_snapshot.js';

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const OFFLINE = { CI: '1', WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' };
Object.assign(process.env, OFFLINE);
const { Miniflare } = await import('miniflare');

const SEED = runSeed();
let folder;
let worker;
let base;
let engine;

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
});
after(async () => {
  await worker?.dispose();
  engine?.dispose();
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
    const session = engine.session();
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
  const expected = engine.session().recommend().items;
  for (const response of responses) assert.deepEqual((await response.json()).items, expected);
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
    ['test', '[]', 400, 'BAD_JSON'],
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
