// Memory: what is opened and disposed of leaves nothing, and answering needs nothing. The allocator is also
// run against a plain model of what it promises.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, test } from 'node:test';
import { createEngine } from 'reckon';
import { Memory } from '../../js-bindings/engine/dist/memory.js';
import { Runtime } from '../../js-bindings/engine/dist/native.js';
import { generatedSessions, randomFrom } from '../data/generated_log.js';
import { SHAPE, generatedSnapshot, runSeed } from '../data/generated_snapshot.js';

const SEED = runSeed();
let snapshot;

before(async () => {
  snapshot = await readFile(await generatedSnapshot());
});

test('1,000 recommendations do not grow the memory', async () => {
  const engine = await createEngine({ snapshot });
  const sessions = generatedSessions({ ...SHAPE, seed: SEED, count: 100 });
  const before = engine.memoryBytes;
  for (let n = 0; n < 1000; n++) {
    const session = engine.session();
    for (const event of sessions[n % sessions.length]) session.record(event);
    const { items } = session.recommend({ count: 1 + (n % 100), explain: n % 2 === 0 });
    engine.similar(items[0].item, { count: 5 });
    assert.equal(engine.memoryBytes, before);
  }
  engine.dispose();
});

test('20 snapshots opened and closed in turn need the memory of one', async () => {
  const first = await createEngine({ snapshot });
  const before = first.memoryBytes;
  first.dispose();
  for (let n = 0; n < 20; n++) {
    const engine = await createEngine({ snapshot });
    engine.session().recommend();
    assert.equal(engine.memoryBytes, before);
    engine.dispose();
  }
});

test('20 snapshots swapped under traffic need the memory of two', async () => {
  let current = await createEngine({ snapshot });
  let next = await createEngine({ snapshot });
  const before = next.memoryBytes;
  for (let n = 0; n < 20; n++) {
    current.dispose();
    current = next;
    next = await createEngine({ snapshot });
    assert.equal(next.memoryBytes, before);
    assert.equal(current.session().recommend({ count: 3 }).items.length, 3);
  }
  current.dispose();
  next.dispose();
});

test('regions are aligned, disjoint, reused and merged', () => {
  const random = randomFrom(SEED);
  const memory = new Memory(new WebAssembly.Memory({ initial: 1, maximum: 400 }), 1000);
  const live = new Map();
  for (let n = 0; n < 5000; n++) {
    if (random() < 0.5 && live.size > 0) {
      const [pointer] = [...live.keys()].slice(Math.floor(random() * live.size));
      const { bytes, mark } = live.get(pointer);
      assert.ok(
        memory.bytes(pointer, bytes).every((byte) => byte === mark),
        'was overwritten',
      );
      memory.release(pointer);
      live.delete(pointer);
    } else if (live.size < 40) {
      const bytes = Math.floor(random() ** 3 * 100_000);
      const pointer = memory.allocate(bytes, 'a test');
      assert.equal(pointer % 64, 0);
      assert.ok(pointer >= 1000 && pointer + bytes <= memory.totalBytes);
      const mark = n % 256;
      memory.bytes(pointer, bytes).fill(mark);
      live.set(pointer, { bytes, mark });
    }
  }
  for (const pointer of live.keys()) memory.release(pointer);
  assert.equal(memory.usedBytes, 0);
  const before = memory.totalBytes;
  const whole = memory.allocate(before - 1024, 'everything');
  assert.equal(memory.totalBytes, before, 'all regions merged into one');
  memory.release(whole);
  assert.throws(() => memory.release(whole), /not in use/);
});

test('memory that cannot grow is a named error, and what is there stays usable', () => {
  const memory = new Memory(new WebAssembly.Memory({ initial: 1, maximum: 2 }), 0);
  const refused = { name: 'MemoryError', code: 'OUT_OF_MEMORY', message: /bytes for a test/ };
  assert.throws(() => memory.allocate(200_000, 'a test'), refused);
  assert.throws(() => memory.allocate(2 ** 33, 'a test'), refused);
  const pointer = memory.allocate(100_000, 'a test');
  assert.equal(memory.totalBytes, 131_072);
  assert.throws(() => memory.allocate(100_000, 'a test'), refused);
  memory.release(pointer);
  memory.allocate(131_072, 'a test');
});

test('a trap is a named error, and the instance is not used again', () => {
  const trap = () => {
    throw new WebAssembly.RuntimeError('unreachable');
  };
  const fakes = { memory: new WebAssembly.Memory({ initial: 1 }), rk_wasm_heap_base: () => 1024 };
  const exports = new Proxy(fakes, {
    get: (target, name) => target[name] ?? trap,
  });
  const runtime = new Runtime({ exports });
  const before = runtime.memory.usedBytes;
  const fault = { name: 'ReckonError', code: 'ENGINE_FAULT' };
  assert.equal(runtime.faulted, false);
  assert.throws(() => runtime.openEngine(snapshot, 'eu.rk'), { ...fault, message: /unreachable/ });
  assert.equal(runtime.faulted, true);
  assert.throws(() => runtime.sourceName(0), { ...fault, message: /trapped earlier/ });
  assert.equal(runtime.memory.usedBytes, before);
});
