// Every kernel of kernels.def in WebAssembly against native code: nanoseconds a row, medians of runs
// that take turns. Quote the ratios; the times belong to the machine and the minute.
//
//   node tests/bench/bench_kernels.js [--rounds 7]        -> kernels.csv
import { csvRows, make, median, option, report, runC } from './bench_tools.js';

const ROUNDS = Number(option('rounds', 7));
const PROGRAMS = { native: 'native/bench/bench_kernels', wasm: 'wasi/bench/bench_kernels.wasm' };

make('bench-programs');
const samples = new Map(); // 'dot_f32,64' -> { native simd, native scalar, … : [ns] }
let builds = {};
for (let round = 0; round < ROUNDS; round++) {
  for (const [host, program] of Object.entries(PROGRAMS)) {
    for (const [build, kernel, form, dim, ns] of csvRows(runC(program))) {
      builds = { ...builds, [host]: build };
      const key = `${kernel},${dim}`;
      const cell = samples.get(key) ?? {};
      samples.set(key, { ...cell, [host + form]: [...(cell[host + form] ?? []), Number(ns)] });
    }
  }
}

const rows = [...samples].map(([key, cell]) => {
  const [nativeScalar, native, wasmScalar, wasm] = [
    'nativescalar',
    'nativesimd',
    'wasmscalar',
    'wasmsimd',
  ].map((column) => median(cell[column]));
  return [
    ...key.split(','),
    native.toFixed(2),
    wasm.toFixed(2),
    (wasm / native).toFixed(2),
    (nativeScalar / native).toFixed(2),
    (wasmScalar / wasm).toFixed(2),
  ];
});
report(
  'kernels.csv',
  [
    'kernel',
    'dim',
    'native ns',
    'wasm ns',
    'wasm/native',
    'native scalar/simd',
    'wasm scalar/simd',
  ],
  rows,
  `native is ${builds.native}, wasm is ${builds.wasm}, medians of ${ROUNDS} runs`,
);
