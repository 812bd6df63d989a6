// Bad input: damaged files, wrong files, wrong modules, broken connections. Each is one ReckonError with a code
// and a message that names the file; nothing else ever comes out.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { LoadError, ReckonError, SnapshotError, createEngine, inspectFile } from 'reckon';
import { abi } from 'reckon/abi';
import { randomFrom } from '../data/generated_log.js';
import { generatedSnapshot, runSeed } from '../data/generated_snapshot.js';

const SEED = runSeed();
const CODES = new Set(Object.values(abi.STATUS_NAMES));
let path;
let bytes;

before(async () => {
  path = await generatedSnapshot();
  bytes = new Uint8Array(await readFile(path));
});

async function refusal(options) {
  try {
    const engine = await createEngine(options);
    engine.dispose();
  } catch (error) {
    assert.ok(error instanceof ReckonError, String(error?.stack));
    assert.ok(!error.message.includes('\n'));
    return error;
  }
  return assert.fail('it was accepted');
}

describe('a snapshot that cannot be trusted', () => {
  const damaged = {
    'an empty file': [() => new Uint8Array(0), 'TRUNCATED'],
    'half a header': [() => bytes.slice(0, 64), 'TRUNCATED'],
    'the header only': [() => bytes.slice(0, 128), 'TRUNCATED'],
    'all but the last byte': [() => bytes.slice(0, -1), 'TRUNCATED'],
    'one byte more': [() => new Uint8Array([...bytes, 0]), 'TRAILING_BYTES'],
    'text in place of a snapshot': [
      () => new TextEncoder().encode('session,item\n1,2\n'.repeat(20)),
      'BAD_MAGIC',
    ],
    'a damaged header': [() => flipped(10 * 8), 'HEADER_CHECKSUM'],
    'a damaged table': [() => flipped(140 * 8), 'TABLE_CHECKSUM'],
    'a damaged section': [() => flipped((bytes.length - 3000) * 8), 'SECTION_CHECKSUM'],
  };
  for (const [what, [make, code]] of Object.entries(damaged)) {
    test(`${what}: ${code}`, async () => {
      const error = await refusal({ snapshot: make() });
      assert.equal(error.code, code);
      assert.ok(error instanceof SnapshotError);
      assert.match(error.message, /^the given bytes: .*offset \d+: /);
      assert.ok(Number.isSafeInteger(error.offset));
      if (code === 'SECTION_CHECKSUM') assert.notEqual(error.section, '');
    });
  }

  function flipped(bit) {
    const copy = bytes.slice();
    copy[bit >> 3] ^= 1 << (bit & 7);
    return copy;
  }

  test('any flipped bit is noticed', async () => {
    const random = randomFrom(SEED);
    for (let n = 0; n < 150; n++) {
      const range = n % 3 === 0 ? 2048 : bytes.length;
      const error = await refusal({ snapshot: flipped(Math.floor(random() * range * 8)) });
      assert.ok(error instanceof SnapshotError && CODES.has(error.code));
    }
  });

  test('any truncation, splice or noise is noticed', async () => {
    const random = randomFrom(SEED + 1);
    const place = () => Math.floor(random() * bytes.length);
    for (let n = 0; n < 100; n++) {
      const copy = bytes.slice();
      const cut = place();
      let bad = copy.subarray(0, cut);
      if (n % 3 === 1) {
        bad = copy;
        for (let i = cut; i < Math.min(cut + 40, bad.length); i++) bad[i] = 255 * random();
        if (bad.every((byte, i) => byte === bytes[i])) continue;
      } else if (n % 3 === 2) {
        bad = copy;
        bad.copyWithin(cut, place());
        if (bad.every((byte, i) => byte === bytes[i])) continue;
      }
      const error = await refusal({ snapshot: bad });
      assert.ok(error instanceof SnapshotError && CODES.has(error.code));
    }
  });

  test('a refused file leaves no memory behind, and other engines work on', async () => {
    const engine = await createEngine({ snapshot: bytes });
    const expected = engine.session().recommend().items;
    await refusal({ snapshot: flipped(bytes.length * 8 - 700) });
    const before = engine.memoryBytes;
    for (let n = 0; n < 20; n++) await refusal({ snapshot: flipped(bytes.length * 8 - 700) });
    assert.equal(engine.memoryBytes, before);
    assert.deepEqual(engine.session().recommend().items, expected);
    engine.dispose();
  });

  test('headers that lie, with a valid checksum', async () => {
    const { fields } = abi.LAYOUTS.rk_file_header;
    const lies = {
      WRONG_KIND: (view) => view.setUint32(fields.kind.offset, abi.CONSTANTS.RK_KIND_EVENTS, true),
      FUTURE_VERSION: (view) => view.setUint16(fields.read_version.offset, 2, true),
      UNKNOWN_FLAG: (view) => view.setUint32(fields.incompat_flags.offset, 8, true),
      TRUNCATED: (view) => view.setBigUint64(fields.file_bytes.offset, 2n ** 60n, true),
      VALUE_RANGE: (view) => view.setUint32(fields.section_count.offset, 65_535, true),
      CONTENT_ID: (view) => view.setBigInt64(fields.created_at_ms.offset, -5n, true),
    };
    for (const [code, lie] of Object.entries(lies)) {
      const copy = bytes.slice();
      const view = new DataView(copy.buffer);
      lie(view);
      const { offset } = fields.header_crc32;
      view.setUint32(offset, crc32(copy.subarray(0, offset)), true);
      assert.equal((await refusal({ snapshot: copy })).code, code);
    }
  });
});

function crc32(data) {
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

describe('golden files', async () => {
  const folder = new URL('../golden/', import.meta.url);
  const table = await readFile(new URL('golden.tsv', folder), 'utf8');
  const rows = table
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'));
  const snapshots = rows.filter(([file]) => file.endsWith('.rk'));
  for (const [file, code, section, offset] of snapshots.filter(([, code]) => code !== 'OK')) {
    test(`${file}: ${code}, section and offset`, async () => {
      const error = await refusal({ snapshot: new URL(file, folder) });
      assert.deepEqual([error.code, error.section, error.offset], [code, section, Number(offset)]);
      assert.ok(error.message.includes(`${file}: `), error.message);
    });
  }

  test('released versions open beside another snapshot, and both answer as alone', async () => {
    const good = snapshots.filter(([, code]) => code === 'OK');
    assert.ok(good.length > 0);
    const own = await createEngine({ snapshot: bytes });
    const expected = own.session().recommend().items;
    for (const [file] of good) {
      const engine = await createEngine({ snapshot: new URL(file, folder) });
      assert.notEqual(engine.info.id, own.info.id);
      const { items } = engine.session().recommend({ count: 1000 });
      assert.ok(items.length > 0 && items.every(({ item }) => engine.has(item)));
      assert.deepEqual(own.session().recommend().items, expected);
      assert.deepEqual(engine.session().recommend({ count: 1000 }).items, items);
      engine.dispose();
    }
    own.dispose();
  });
});

describe('a file that is not there', () => {
  test('a path', async () => {
    const error = await refusal({ snapshot: '/nowhere/eu.rk' });
    assert.ok(error instanceof LoadError);
    assert.equal(error.code, 'IO');
    assert.match(error.message, /^\/nowhere\/eu\.rk could not be read: ENOENT/);
  });

  test('neither a URL nor a Response nor bytes', async () => {
    for (const snapshot of [undefined, null, 5, {}, [1, 2]]) {
      assert.equal((await refusal({ snapshot })).code, 'BAD_ARGUMENT');
    }
  });
});

describe('over HTTP', () => {
  let server;
  let base;
  before(async () => {
    server = createServer((request, response) => {
      const pages = {
        '/good.rk': () => response.end(bytes),
        '/app.html.rk': () =>
          response.setHeader('content-type', 'text/html; charset=utf-8').end('<!doctype html>'),
        '/broken.rk': () => {
          response.writeHead(200, { 'content-length': bytes.length });
          response.write(bytes.subarray(0, 1000), () => response.destroy());
        },
        '/slow.rk': () => response.write(bytes.subarray(0, 1000)),
      };
      const page = pages[request.url];
      if (page) page();
      else response.writeHead(404).end('not here');
    });
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    base = `http://127.0.0.1:${server.address().port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  test('a snapshot by string, URL, Response, path, file URL, buffer and view is the same one', async () => {
    const padded = new Uint8Array(bytes.length + 3);
    padded.set(bytes, 3);
    const sources = [
      `${base}/good.rk`,
      new URL('/good.rk', base),
      await fetch(`${base}/good.rk`),
      new Response(bytes),
      path,
      pathToFileURL(path),
      pathToFileURL(path).href,
      bytes.slice().buffer,
      padded.subarray(3),
      new DataView(padded.buffer, 3),
    ];
    const seen = new Set();
    for (const snapshot of sources) {
      const engine = await createEngine({ snapshot });
      seen.add(engine.info.id);
      engine.dispose();
    }
    assert.equal(seen.size, 1);
  });

  test('an error status', async () => {
    const error = await refusal({ snapshot: `${base}/missing.rk` });
    assert.equal(error.code, 'BAD_RESPONSE');
    assert.match(error.message, /missing\.rk: HTTP status 404/);
  });

  test('a page in place of the file', async () => {
    const error = await refusal({ snapshot: `${base}/app.html.rk` });
    assert.equal(error.code, 'BAD_RESPONSE');
    assert.match(error.message, /is an HTML page, not a Reckon file/);
  });

  test('a connection that breaks, and one that is refused', async () => {
    const broken = await refusal({ snapshot: `${base}/broken.rk` });
    assert.equal(broken.code, 'NOT_LOADED');
    assert.match(broken.message, /broken\.rk broke off/);
    const refused = await refusal({ snapshot: 'http://127.0.0.1:9/eu.rk' });
    assert.equal(refused.code, 'NOT_LOADED');
  });

  test('aborting rejects with the reason of the signal, early and late', async () => {
    const reason = new Error('changed my mind');
    for (const snapshot of [`${base}/good.rk`, path, bytes]) {
      const signal = AbortSignal.abort(reason);
      await assert.rejects(createEngine({ snapshot, signal }), (error) => error === reason);
    }
    const controller = new AbortController();
    const loading = createEngine({ snapshot: `${base}/slow.rk`, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 50);
    await assert.rejects(loading, (error) => error === reason);
    (await createEngine({ snapshot: bytes, signal: new AbortController().signal })).dispose();
  });
});

describe('the WebAssembly module', () => {
  const wasmUrl = new URL(import.meta.resolve('reckon/reckon.wasm'));

  test('may be given as URL, path, bytes, Response or compiled module', async () => {
    const wasmBytes = await readFile(wasmUrl);
    const forms = [
      wasmUrl,
      wasmUrl.href,
      wasmBytes,
      new Response(wasmBytes, { headers: { 'content-type': 'application/wasm' } }),
      await WebAssembly.compile(wasmBytes),
    ];
    for (const wasm of forms) {
      const engine = await createEngine({ snapshot: bytes, wasm });
      assert.equal(engine.session().recommend({ count: 1 }).items.length, 1);
      engine.dispose();
    }
  });

  test('the browser build needs no window, only to be told where the module is', async () => {
    assert.equal(globalThis.window, undefined);
    const browser = await import('../../js-bindings/engine/dist/browser.js');
    const engine = await browser.createEngine({ snapshot: bytes, wasm: await readFile(wasmUrl) });
    assert.equal(engine.session().recommend({ count: 1 }).items.length, 1);
    engine.dispose();
  });

  test('of another kind, or no module at all, is refused', async () => {
    const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    const refused = [
      [empty, /not the reckon\.wasm of this version/],
      [Uint8Array.of(1, 2, 3), /is not a WebAssembly module/],
      [new Uint8Array([...empty, 9, 9]), /cannot be compiled here/],
    ];
    for (const [wasm, pattern] of refused) {
      const error = await refusal({ snapshot: bytes, wasm });
      assert.equal(error.code, 'BAD_WASM');
      assert.match(error.message, pattern);
    }
  });
});

describe('inspectFile', () => {
  test('lists the sections of a file after checking them', async () => {
    const info = await inspectFile({ file: path });
    assert.equal(info.kind, 'snapshot');
    assert.equal(info.bytes, bytes.length);
    assert.equal(info.region, 'test');
    const meta = info.sections.find(({ type }) => type === 'meta');
    assert.deepEqual(
      { part: meta.part, required: meta.required, bytes: meta.bytes, count: meta.count },
      { part: 'core', required: true, bytes: abi.LAYOUTS.rk_snapshot_meta.size, count: 1 },
    );
    assert.ok(info.sections.every(({ sha256 }) => /^[\da-f]{64}$/.test(sha256)));
  });

  test('refuses a damaged one', async () => {
    const copy = bytes.slice();
    copy[copy.length - 1000] ^= 1;
    await assert.rejects(inspectFile({ file: copy }), { code: 'SECTION_CHECKSUM' });
  });
});
