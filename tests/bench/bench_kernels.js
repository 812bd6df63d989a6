// Every kernel of kernels.def in WebAssembly against native code: nanoseconds a row, medians of runs
// that take turns, and the ratio of each pair of runs, with its quartiles. Quote the ratios; the times
// belong to the machine and the minute. Rows of 64 are short: whether the processor foresees the end of
// their loops depends on where code happens to lie, and costs half as much again.
//
//   node tests/bench/bench_kernels.js [--rounds 11]        -> kernels.csv
import { csvRows, make, median, option, quantile, report, runC } from './bench_tools.js';

const ROUNDS = Number(option('rounds', 11));
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

const ratio = (above, below) => above.map((value, round) => value / below[round]);
const rows = [...samples].map(([key, cell]) => {
  const against = ratio(cell.wasmsimd, cell.nativesimd);
  const columns = [
    median(cell.nativesimd),
    median(cell.wasmsimd),
    median(against),
    quantile(against, 0.25),
    quantile(against, 0.75),
    median(ratio(cell.nativescalar, cell.nativesimd)),
    median(ratio(cell.wasmscalar, cell.wasmsimd)),
  ];
  return [...key.split(','), ...columns.map((value) => value.toFixed(2))];
});
report(
  'kernels.csv',
  [
    ...['kernel', 'dim', 'native ns', 'wasm ns', 'wasm/native', 'low', 'high'],
    ...['native scalar/simd', 'wasm scalar/simd'],
  ],
  rows,
  `native is ${builds.native}, wasm is ${builds.wasm}, medians of ${ROUNDS} runs`,
);
