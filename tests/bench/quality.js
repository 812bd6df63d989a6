// Ranking quality by the public command, against what it must reach.
//
//   node tests/bench/quality.js [--seed 0] [--only NAME]         -> quality.csv
//
// The npm graph comes with the project; the others need RECKON_SHARED_DATA (default ../shared/data) and
// are left out, by name, where it is absent. Full ranking over all items, histories excluded.
import { npmGraph, option, reckon, report, sharedData } from './bench_tools.js';

const LEAVE_ONE_OUT = ['--protocol', 'leave-one-out', '--k', '10,20'];
const SEED = option('seed', '0');

const SETS = [
  {
    name: 'npm depend',
    what: 'leave-one-out, 2 % of baskets',
    log: () => npmGraph('depend'),
    args: [...LEAVE_ONE_OUT, '--map', 'session=package', '--sample', '0.02'],
    targets: [
      ['hr@10', '1.9 × popular', ({ popular }) => 1.9 * popular['hr@10']],
      ['hr@10', 'co-occurrence', ({ cooccurrence }) => cooccurrence['hr@10']],
    ],
  },
  {
    name: 's3rec_beauty',
    what: 'leave-one-out',
    log: () => sharedData('s3rec_beauty/interactions.csv.gz'),
    args: [...LEAVE_ONE_OUT, '--map', 'time=pos'],
    targets: [
      ['hr@10', 'fixed', () => 0.08],
      ['ndcg@10', 'fixed', () => 0.05],
    ],
  },
  // The last fifth of each user's events hidden: longer horizons beside the one item of leave-one-out.
  {
    name: 's3rec_beauty',
    what: 'temporal',
    log: () => sharedData('s3rec_beauty/interactions.csv.gz'),
    args: ['--protocol', 'temporal', '--k', '10,20', '--map', 'time=pos'],
    targets: [],
  },
];

const METHODS = ['popular', 'cooccurrence', 'similar', 'session', 'blend'];
const METRICS = ['hr@10', 'ndcg@10', 'mrr@10', 'recall@20', 'coverage@10'];
const only = option('only');
const rows = [];
const verdicts = [];
for (const set of SETS.filter(({ name }) => only === undefined || name === only)) {
  const log = await set.log();
  if (log === undefined) {
    console.log(`${set.name}: skipped, RECKON_SHARED_DATA or ../shared/data does not have it`);
    continue;
  }
  const { cases, metrics } = JSON.parse(
    reckon('evaluate', log, ...set.args, '--seed', SEED, '--json'),
  );
  for (const method of METHODS) {
    const values = METRICS.map((metric) => metrics[method][metric].toFixed(4));
    rows.push([set.name, set.what, cases, method, ...values]);
  }
  for (const [metric, name, target] of set.targets) {
    const [reached, wanted] = [metrics.blend[metric], target(metrics)];
    verdicts.push(
      `${set.name} ${metric}: ${reached.toFixed(4)}, at least ${wanted.toFixed(4)} (${name}): ` +
        (reached >= wanted ? 'reached' : 'missed'),
    );
  }
}
const columns = ['set', 'protocol', 'cases', 'method', ...METRICS];
if (rows.length > 0) report('quality.csv', columns, rows, `seed ${SEED}`);
for (const verdict of verdicts) console.log(verdict);
