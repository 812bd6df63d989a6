// Runs a WASI command as if it were native: node --no-warnings wasi_main.js MODULE ARGUMENT...
// It sees the whole file system, so absolute paths mean the same.
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';

const [file, ...args] = process.argv.slice(2);
const wasi = new WASI({
  version: 'preview1',
  args: [file, ...args],
  preopens: { '/': '/' },
  returnOnExit: true,
});
// Called by way of JavaScript, because Node's own entry points may collect garbage while WebAssembly
// does not expect it, and crash (nodejs/node issues 46777 and 53087).
const imports = Object.fromEntries(
  Object.entries(wasi.wasiImport).map(([name, call]) => [name, (...values) => call(...values)]),
);
const module = await WebAssembly.compile(readFileSync(file));
const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: imports });
process.exitCode = wasi.start(instance);
