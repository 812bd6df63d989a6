// The module itself and what is generated from C: exports, imports, and constants against their sources.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { abi } from 'reckon/abi';

const read = (path) => readFile(new URL(`../../${path}`, import.meta.url));
const module = await WebAssembly.compile(
  await readFile(new URL(import.meta.resolve('reckon/reckon.wasm'))),
);

test('the exports are those of exports.txt', async () => {
  const listed = String(await read('wasm/exports.txt'))
    .trim()
    .split('\n');
  const real = WebAssembly.Module.exports(module).map(({ kind, name }) => `${kind} ${name}`);
  assert.deepEqual(real.sort(), listed);
});

test('nothing is imported', () => {
  assert.deepEqual(WebAssembly.Module.imports(module), []);
});

test('the stack lies below the data, so that overflowing it traps', async () => {
  const { exports } = await WebAssembly.instantiate(module, {});
  const top = exports.stackSave();
  assert.ok(top > 0 && top <= exports.rk_wasm_heap_base());
  const STACK_BYTES = 131_072; // wasm/wasm.mk
  assert.ok(top <= STACK_BYTES);
});

test('every status of status.def is there, once, with its message', async () => {
  const source = String(await read('src/base/status.def'));
  const rows = [...source.matchAll(/^RK_STATUS\((\d+), (\w+), "(.*)"\)$/gm)];
  assert.ok(rows.length > 20);
  assert.equal(Object.keys(abi.STATUS).length, rows.length);
  for (const [, number, name, message] of rows) {
    assert.equal(abi.STATUS[name], Number(number));
    assert.equal(abi.STATUS_NAMES[number], name);
    assert.equal(abi.STATUS_MESSAGES[number], message);
  }
});

test('every struct is covered by its fields without a gap', () => {
  for (const [name, { size, fields }] of Object.entries(abi.LAYOUTS)) {
    let end = 0;
    for (const field of Object.values(fields)) {
      assert.equal(field.offset, end, name);
      end += field.size;
    }
    assert.equal(end, size, name);
  }
});

test('constants agree with the headers', async () => {
  const headers = ['src/format/container.h', 'src/reckon.h', 'src/format/snapshot_layout.h'];
  for (const header of headers) {
    const source = String(await read(header));
    for (const [, name, value] of source.matchAll(/^#define (RK_\w+)\s+(\d+)u?(?![\w.])/gm)) {
      assert.equal(abi.CONSTANTS[name], Number(value), name);
    }
  }
});
