// Every bench in turn; each prints its figures and leaves its CSV beside it. Shut down what else runs on
// the machine first: the figures are of this machine and this hour.
//
//   node tests/bench/run_all.js [--quick]        --quick: without what takes long: the million
//                                              events, the quality page, the npm trainings, the fresh clone
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { machineLine, make } from './bench_tools.js';

const quick = process.argv.includes('--quick');
const BENCHES = [
  ['bench_kernels.js'],
  ['bench_index.js'],
  ['bench_recommend.js'],
  ['bench_retrieval.js'],
  ['bench_first_stage.js', ...(quick ? ['--only', 'npm'] : [])],
  ['bench_rules.js'],
  ['bench_funnel.js'],
  ['bench_bandit.js', ...(quick ? ['--seeds', '10', '--decisions', '100000'] : [])],
  ['bench_off_policy.js'],
  ['bench_cold_user.js', ...(quick ? ['--only', 'ml_latest_small', '--seeds', '1'] : [])],
  ['bench_add_items.js', ...(quick ? ['--only', 'ml_latest_small'] : [])],
  ...(quick
    ? []
    : [
        ['bench_training.js'],
        ['quality/quality.js'],
        ['bench_transfer.js'],
        ['bench_cold_item.js'],
        ['bench_cold_system.js'],
        ['bench_new_items.js'],
      ]),
  ['bench_determinism.js', ...(quick ? ['--log', 'generated'] : [])],
  ...(quick ? [] : [['bench_demo.js']]),
];

console.log(machineLine());
make('build', 'bench-programs');
const failed = [];
for (const [script, ...args] of BENCHES) {
  console.log(`\n== ${[script, ...args].join(' ')}`);
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { status } = spawnSync(process.execPath, [file, ...args], { stdio: 'inherit' });
  if (status !== 0) failed.push(script);
}
console.log(failed.length ? `\nfailed: ${failed.join(', ')}` : '\nall benches ran');
process.exitCode = failed.length ? 1 : 0;
