// One answer in every host: kernels against their definition in WebAssembly, the same snapshot bytes from the
// native and the WASI trainer with any number of threads, the same recommendations from native and WebAssembly.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createEngine } from 'reckon';
import { StringTableBuilder } from '../../js-bindings/cli/dist/string_table.js';
import { writeEventsFile } from '../../js-bindings/cli/dist/events_file.js';
import { EVENT_TYPES, generatedRows, randomFrom } from '../data/generated_log.js';
import { runSeed } from '../data/generated_snapshot.js';
import { tasteCategory, tasteLog } from '../data/taste_log.js';

const run = promisify(execFile);
const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const NATIVE = path('build/native/reckon-cli');
const WASI = path('build/wasi/reckon-cli.wasm');
const SESSIONS = 1000;

mkdirSync(path('build/test'), { recursive: true });
const folder = mkdtempSync(path('build/test/hosts-'));
after(() => rmSync(folder, { recursive: true }));

const wasi = (module, ...args) =>
  run(process.execPath, [
    '--no-warnings',
    path('tests/js/helpers/wasi_command.js'),
    module,
    ...args,
  ]);

const table = (texts) => {
  const builder = new StringTableBuilder();
  for (const text of texts) builder.add(text);
  return builder.build();
};

/** Rows [session, item, event, time] as an events file; `factsOf(items)`: what else it says. */
async function writeLog(file, rows, types = EVENT_TYPES, factsOf = () => ({})) {
  const items = [...new Set(rows.map((row) => row[1]))].sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  const sessions = [...new Set(rows.map((row) => row[0]))];
  const indexes = (texts) => new Map(texts.map((text, index) => [text, index]));
  const [itemIndex, sessionIndex] = [indexes(items), indexes(sessions)];
  await writeEventsFile(
    file,
    {
      events: rows.length,
      userKind: 'sessions',
      timeKind: 'unix-ms',
      types: types.map((name) => ({ name, weight: name === 'see_less' ? -1 : 1 })),
      user: Uint32Array.from(rows, (row) => sessionIndex.get(row[0])),
      item: Uint32Array.from(rows, (row) => itemIndex.get(row[1])),
      label: Uint32Array.from(rows, (row) => 1 << types.indexOf(row[2])),
      time: Float64Array.from(rows, (row) => row[3]),
      users: table(sessions),
      items: table(items),
      ...factsOf(items),
    },
    'hosts',
  );
}

const log = join(folder, 'log.rkev');
const snapshot = join(folder, 'native.rk');
const rows = [...generatedRows({ seed: 5, sessions: 1500, items: 700, clusters: 10 })];

// Rankers cost more than all else, and where clusters are all there is to learn they do not beat the blend: they are
// compared on a log where they do.
const PLAIN = ['--set', 'ranker_cases=0'];
const RANKED = [
  ...['dim=16', 'sgns_epochs=1', 'encoder_epochs=0', 'validation_cases=100'],
  ...['ranker_cases=500', 'ranker_epochs=20'],
].flatMap((setting) => ['--set', setting]);
const tasteRows = tasteLog()
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => line.split(','))
  .map(([user, item, event, seconds]) => [user, item, event, 1000 * Number(seconds)]);
const TASTE_TYPES = ['click', 'like', 'see_less'];
const tasteEvents = join(folder, 'taste.rkev');
const taste = join(folder, 'taste.rk');

before(async () => {
  await writeLog(log, rows);
  await run(NATIVE, ['train', log, '--out', snapshot, '--seed', '9', ...PLAIN, '--threads', '1']);
  await writeLog(tasteEvents, tasteRows, TASTE_TYPES, (items) => ({
    userKind: 'users',
    attributes: {
      list: [{ name: 'kind', kind: 'category' }],
      values: table(items.map(tasteCategory)),
    },
  }));
  await run(NATIVE, [
    'train',
    tasteEvents,
    '--out',
    taste,
    '--seed',
    '1',
    ...RANKED,
    '--threads',
    '1',
  ]);
});

test('kernels: WebAssembly SIMD computes what the definition says, digests as on every host', async () => {
  const { stdout, stderr } = await wasi(path('build/wasi/kernels_check.wasm'));
  assert.match(stderr, /kernels: simd128/);
  assert.match(stdout, /^kernels [0-9a-f]{16}$/m);
});

const digest = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** `first`, native with one thread, against every other host and number of threads. */
async function sameBytes(first, events, ...options) {
  const expected = digest(first);
  const file = `${first}.other`;
  for (const threads of [2, 3]) {
    await run(NATIVE, ['train', events, '--out', file, ...options, '--threads', `${threads}`]);
    assert.equal(digest(file), expected, `native, ${threads} threads`);
  }
  for (const threads of [1, 2, 3]) {
    await wasi(WASI, 'train', events, '--out', file, ...options, '--threads', `${threads}`);
    assert.equal(digest(file), expected, `WASI, ${threads} threads`);
  }
}

test('the snapshot has the same bytes from native and WASI at 1, 2 and 3 threads', async () => {
  await sameBytes(snapshot, log, '--seed', '9', ...PLAIN);
  const other = join(folder, 'other.rk');
  await run(NATIVE, ['train', log, '--out', other, '--seed', '10', ...PLAIN]);
  assert.notEqual(digest(other), digest(snapshot), 'another seed gives another snapshot');
});

test('so it has with rankers, which ship', async () => {
  const engine = await createEngine({ snapshot: readFileSync(taste) });
  assert.deepEqual(engine.info.tasks.map(({ name }) => name).sort(), TASTE_TYPES);
  engine.dispose();
  await sameBytes(taste, tasteEvents, '--seed', '1', ...RANKED);
});

test('so it has where items have places and attributes, and users features', async () => {
  const shape = { sessions: 300, items: 150, clusters: 5 };
  const some = [...generatedRows({ seed: 6, ...shape })];
  const clusterOf = (item) => Number(item.slice(1, 3));
  const countries = ['DE', 'FR', ''];
  const factsOf = (items) => ({
    places: Float32Array.from(
      // A town a cluster; an item in seven is nowhere.
      items.flatMap((item, i) => (i % 7 ? [40 + clusterOf(item) + i / 999, i / 99] : [999, 999])),
    ),
    attributes: {
      list: [
        { name: 'title', kind: 'text' },
        { name: 'price', kind: 'number' },
        { name: 'genres', kind: 'tags' },
      ],
      values: table(
        items.flatMap((item, i) => [`Thing of cluster ${clusterOf(item)}`, `${i / 4}`, 'a|b']),
      ),
    },
    contexts: {
      names: ['country'],
      values: table(countries),
      ofEvent: Uint32Array.from(some, ([, item]) => clusterOf(item) % countries.length),
    },
  });
  const events = join(folder, 'facts.rkev');
  const first = join(folder, 'facts.rk');
  const options = ['--seed', '9', '--set', 'located=1', '--set', 'dim=16', ...PLAIN];
  await writeLog(events, some, EVENT_TYPES, factsOf);
  await run(NATIVE, ['train', events, '--out', first, ...options, '--threads', '1']);
  const engine = await createEngine({ snapshot: readFileSync(first) });
  assert.ok(engine.info.places > 100);
  assert.deepEqual(engine.info.userFeatures, ['country']);
  engine.dispose();
  await sameBytes(first, events, ...options);
});

const COUNT = 20;

/** Sessions of 1 to 8 random events. */
function randomSessions(items, types) {
  const random = randomFrom(runSeed());
  const one = (list) => list[Math.floor(list.length * random())];
  return Array.from({ length: SESSIONS }, (_, s) =>
    Array.from({ length: 1 + Math.floor(8 * random()) }, (_unused, n) => [
      `s${s}`,
      one(items),
      one(types),
      1_700_000_000_000 + n * 1000,
    ]),
  );
}

/** Lines "session, rank, item, bits of the score" of the native command. */
async function nativeAnswers(file, sessions, types, ...options) {
  const asked = join(folder, `sessions-${types.join('-')}.rkev`);
  await writeLog(asked, sessions.flat(), types);
  const args = ['recommend', file, '--sessions', asked, '--count', `${COUNT}`, ...options];
  const { stdout } = await run(NATIVE, args, { maxBuffer: 1 << 26 });
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t').toSpliced(3, 1).join('\t'));
}

/** The same from WebAssembly, the names of the sources that brought anything, and how many
 * items the second stage ranked. */
async function wasmAnswers(file, sessions, options) {
  const engine = await createEngine({ snapshot: readFileSync(file) });
  const bits = new DataView(new ArrayBuffer(4));
  const used = new Set();
  let ranked = 0;
  const lines = sessions.flatMap((events) => {
    const session = engine.session(options);
    for (const [, item, event, at] of events) session.record({ item, event, at });
    return session.recommend({ count: COUNT }).items.map((shown) => {
      const { item, rank, score, sources, probabilities } = shown;
      ranked += probabilities === undefined ? 0 : 1;
      for (const { name } of sources) used.add(name);
      bits.setFloat32(0, score);
      return [events[0][0], rank, item, bits.getUint32(0).toString(16).padStart(8, '0')].join('\t');
    });
  });
  engine.dispose();
  return { lines, used, ranked };
}

test(`${SESSIONS} sessions: the same top 20, ids and score bits, from native and WebAssembly`, async () => {
  const sessions = randomSessions([...new Set(rows.map((row) => row[1]))], EVENT_TYPES);
  const native = await nativeAnswers(snapshot, sessions, EVENT_TYPES);
  assert.equal(native.length, SESSIONS * COUNT);
  assert.deepEqual((await wasmAnswers(snapshot, sessions, {})).lines, native);
});

test(`${SESSIONS} sessions: the same from the whole funnel, where the second stage ranks`, async () => {
  const sessions = randomSessions([...new Set(tasteRows.map((row) => row[1]))], TASTE_TYPES);
  const native = await nativeAnswers(taste, sessions, TASTE_TYPES);
  const { lines, ranked } = await wasmAnswers(taste, sessions, {});
  assert.deepEqual(lines, native);
  assert.equal(ranked, native.length, 'every item has its probabilities');
});

// The golden snapshot has every part; what is at hand is trained without places and features.
test(`${SESSIONS} sessions: the same with every source on`, async () => {
  const file = path('tests/golden/good_v1.rk');
  const items = Array.from({ length: 39 }, (_, i) => `item-${String(i).padStart(2, '0')}`);
  const sessions = randomSessions(items, ['view', 'like', 'hide']);
  const native = await nativeAnswers(
    file,
    sessions,
    ['view', 'like', 'hide'],
    ...['--location', '48.137,11.575', '--user', 'country=DE,device=mobile'],
  );
  const { lines, used } = await wasmAnswers(file, sessions, {
    location: { latitude: 48.137, longitude: 11.575 },
    user: { country: 'DE', device: 'mobile' },
  });
  assert.deepEqual(lines, native);
  assert.deepEqual([...used].sort(), [
    ...['explore', 'nearby', 'popular', 'session', 'similar', 'trending', 'user'],
  ]);
});
