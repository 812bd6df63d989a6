// A worker thread that runs a WASI command, so that the main thread stays free to show its progress.
// WASI writes are synchronous and this thread runs nothing else until the command ends; what it writes
// to stdout and stderr is therefore posted, which needs no turn of this thread's event loop.
import { readFile } from 'node:fs/promises';
import { WASI } from 'node:wasi';
import { parentPort, workerData } from 'node:worker_threads';

export interface WasiTask {
  module: string;
  args: string[];
  /** Guest folder → host folder. */
  preopens: Record<string, string>;
}

export type WasiMessage = { descriptor: number; bytes: Uint8Array } | { status: number };

type FdWrite = (fd: number, vectors: number, count: number, written: number) => number;

const task = workerData as WasiTask;
const post = (message: WasiMessage): void => parentPort?.postMessage(message);

const wasi = new WASI({
  version: 'preview1',
  args: task.args,
  preopens: task.preopens,
  returnOnExit: true,
});
const imports = wasi.wasiImport as WebAssembly.ModuleImports & { fd_write: FdWrite };
const writeToFile = imports.fd_write.bind(imports);
let memory: WebAssembly.Memory | undefined;

imports.fd_write = (fd, vectors, count, written) => {
  if ((fd !== 1 && fd !== 2) || !memory) return writeToFile(fd, vectors, count, written);
  const view = new DataView(memory.buffer);
  let size = 0;
  for (let v = 0; v < count; v++) {
    const start = view.getUint32(vectors + 8 * v, true);
    const bytes = view.getUint32(vectors + 8 * v + 4, true);
    size += bytes;
    if (bytes > 0) {
      post({ descriptor: fd, bytes: new Uint8Array(memory.buffer, start, bytes).slice() });
    }
  }
  view.setUint32(written, size, true);
  return 0;
};

const module = await WebAssembly.compile(await readFile(task.module));
const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: imports });
memory = instance.exports['memory'] as WebAssembly.Memory;
post({ status: wasi.start(instance) ?? 0 });
