// The example in the engine's README runs as it stands, but for the names of the file and of the storage.
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { generatedSnapshot } from '../data/generated_snapshot.js';

const file = (relative) => new URL(`../../${relative}`, import.meta.url);

test('README.md of the package', async (context) => {
  const readme = await readFile(file('js-bindings/engine/README.md'), 'utf8');
  const [, code] = /```js\n([\s\S]*?)```/.exec(readme);
  const snapshot = await generatedSnapshot();
  const stored = new Map();
  globalThis.localStorage = { setItem: (key, value) => stored.set(key, value) };
  const lines = [];
  context.mock.method(console, 'log', (...values) => lines.push(values.join(' ')));

  const script = file(`build/test/readme-${process.pid}.mjs`);
  await writeFile(script, code.replace("'./eu.rk'", JSON.stringify(snapshot)));
  try {
    await import(script.href);
  } finally {
    await rm(fileURLToPath(script));
    delete globalThis.localStorage;
  }
  assert.equal(lines.length, 6);
  assert.match(lines[0], /^1 c\d\d-item\d+.* (popular|similar|session)/);
  assert.equal(JSON.parse(stored.get('session')).events[0].item, 'c03-item000');
});
