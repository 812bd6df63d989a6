// Runs a WASI command that only prints: node run_wasi.js MODULE OUTPUT
// The output file is written whole or not at all.
import { closeSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { WASI } from 'node:wasi';

const [modulePath, outputPath] = process.argv.slice(2);
const temporary = `${outputPath}.part`;
const stdout = openSync(temporary, 'w');
const wasi = new WASI({ version: 'preview1', args: [modulePath], stdout, returnOnExit: true });
const module = new WebAssembly.Module(readFileSync(modulePath));
const instance = new WebAssembly.Instance(module, wasi.getImportObject());
const status = wasi.start(instance);
closeSync(stdout);
if (status === 0) renameSync(temporary, outputPath);
else rmSync(temporary);
process.exitCode = status;
