// Bandits: what they lose against knowing the best arm, beside a textbook Thompson sampling, and whether their
// propensities are what happens.
//
//   node tests/bench/bench_bandit.js [--seeds 100] [--first 1] [--decisions 1000000]
//                -> bandit_regret.csv, bandit_linear.csv, bandit_propensity.csv, bandit_cost.csv, bandit.svg
//
// bench_bandit.c says what is simulated. Every policy meets the same arms at the same seed, so regrets are
// compared in pairs: a ratio is that of two means, its interval (95 %) the delta method's on the pairs.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { drawBanditPlot } from './bandit_plot.js';
import { csvRows, inRepository, make, option, report, runC, THREADS } from './bench_tools.js';

const SEEDS = Number(option('seeds', '100'));
const FIRST = Number(option('first', '1'));
const DECISIONS = option('decisions', '1000000');
const PROGRAM = inRepository('build/native/bench/bench_bandit');
const HORIZONS = [20_000, 200_000];
const POLICIES = ['textbook', 'reckon', 'batched', 'informed', 'greedy', 'ucb'];
/** `device` draws 256 values a round: at the short horizon only. */
const RUNS = HORIZONS.flatMap((rounds) =>
  [...POLICIES, ...(rounds === HORIZONS[0] ? ['device'] : [])].map((policy) => ({
    policy,
    rounds,
  })),
);
const LINEAR_SEEDS = Math.min(SEEDS, 40);
const verdicts = [];
const judge = (what, reached) => verdicts.push(`${what}: ${reached ? 'reached' : 'missed'}`);

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean of a over mean of b, and half its interval. */
function ratioOf(a, b) {
  const ratio = mean(a) / mean(b);
  const rest = a.map((value, i) => (value - ratio * b[i]) / mean(b));
  const variance = mean(rest.map((value) => value * value)) / (rest.length - 1);
  return { ratio, half: 1.96 * Math.sqrt(variance) };
}
const shown = ({ ratio, half }) =>
  `${ratio.toFixed(3)} [${(ratio - half).toFixed(3)}, ${(ratio + half).toFixed(3)}]`;

/** Jobs of the program, as many at a time as there are threads; their rows in the order of the jobs. */
async function runJobs(jobs) {
  const outputs = [];
  let next = 0;
  const worker = async () => {
    while (next < jobs.length) {
      const job = next++;
      outputs[job] = await new Promise((resolve, reject) => {
        const child = spawn(PROGRAM, jobs[job], { stdio: ['ignore', 'pipe', 'inherit'] });
        let text = '';
        child.stdout.on('data', (piece) => (text += piece));
        child.on('error', reject);
        child.on('close', (status) =>
          status === 0 ? resolve(csvRows(text)) : reject(new Error(`${jobs[job]}: ${status}`)),
        );
      });
    }
  };
  await Promise.all(Array.from({ length: THREADS }, worker));
  return outputs;
}

/** Seeds in runs of ten. */
const seedArgs = (seeds) =>
  Array.from({ length: Math.ceil(seeds / 10) }, (_, i) => [
    ...['--first', String(FIRST + 10 * i)],
    ...['--seeds', String(Math.min(10, seeds - 10 * i))],
  ]);

// ---- regret --------------------------------------------------------------------------------------

async function regretCurves() {
  const jobs = RUNS.flatMap(({ policy, rounds }) =>
    seedArgs(SEEDS).map((seeds) => [
      ...['regret', '--policy', policy, '--rounds', String(rounds)],
      ...seeds,
    ]),
  );
  const outputs = await runJobs(jobs);
  const perRun = Math.ceil(SEEDS / 10);
  return RUNS.map((run, r) => {
    const rows = outputs.slice(r * perRun, (r + 1) * perRun).flat();
    const bySeed = new Map();
    for (const [, seed, round, regret] of rows) {
      if (!bySeed.has(seed)) bySeed.set(seed, []);
      bySeed.get(seed).push({ round: Number(round), regret: Number(regret) });
    }
    return { ...run, curves: [...bySeed.values()] };
  });
}

const lastOf = ({ curves }) => curves.map((curve) => curve.at(-1).regret);
/** Regret of the first and the last quarter. */
function quarters({ rounds, curves }) {
  const until = (curve, share) => {
    const [before, after] = [Math.floor, Math.ceil].map(
      (round) => curve[round(share * curve.length) - 1],
    );
    if (before === after) return before.regret;
    const part = (share * rounds - before.round) / (after.round - before.round);
    return before.regret + part * (after.regret - before.regret);
  };
  const first = mean(curves.map((curve) => until(curve, 0.25)));
  const last = mean(curves.map((curve) => curve.at(-1).regret - until(curve, 0.75)));
  return { first, last };
}

function reportRegret(runs) {
  const find = (policy, rounds) =>
    runs.find((run) => run.policy === policy && run.rounds === rounds);
  const rows = runs.map((run) => {
    const { first, last } = quarters(run);
    const textbook = ratioOf(lastOf(run), lastOf(find('textbook', run.rounds)));
    const cells = [mean(lastOf(run)), first, last].map((value) => value.toFixed(1));
    return [run.rounds, run.policy, SEEDS, ...cells, shown(textbook)];
  });
  report(
    'bandit_regret.csv',
    ['rounds', 'policy', 'seeds', 'regret', 'first quarter', 'last quarter', 'of the textbook'],
    rows,
    `50 arms, chances .01 to .05, seeds ${FIRST} to ${FIRST + SEEDS - 1}`,
  );
  for (const rounds of HORIZONS) {
    const [textbook, reckon, batched] = ['textbook', 'reckon', 'batched'].map((p) =>
      find(p, rounds),
    );
    for (const run of [reckon, batched]) {
      const against = ratioOf(lastOf(run), lastOf(textbook));
      judge(
        `${rounds} rounds, ${run.policy}: ${shown(against)} of the textbook's regret, at most 1.1`,
        against.ratio <= 1.1,
      );
    }
    const cost = ratioOf(lastOf(batched), lastOf(reckon));
    judge(
      `${rounds} rounds, batches of 1,000: ${shown(cost)} of the regret of feedback at once, at most 1.05`,
      cost.ratio <= 1.05,
    );
  }
  for (const policy of ['reckon', 'batched']) {
    const { first, last } = quarters(find(policy, 200_000));
    judge(
      `200000 rounds, ${policy}: last quarter ${(last / first).toFixed(3)} of the first, below .5`,
      last < first / 2,
    );
  }
}

// ---- the others ----------------------------------------------------------------------------------

async function reportLinear() {
  const outputs = await runJobs(seedArgs(LINEAR_SEEDS).map((seeds) => ['linear', ...seeds]));
  const rows = outputs.flat();
  const of = (policy, column) =>
    rows.filter((row) => row[2] === policy).map((row) => Number(row[column]));
  const free = of('context-free', 3);
  const policies = ['context-free', 'linear Thompson', 'LinUCB'];
  report(
    'bandit_linear.csv',
    ['policy', 'seeds', 'reward', 'regret', 'reward of the context-free'],
    policies.map((policy) => [
      policy,
      LINEAR_SEEDS,
      mean(of(policy, 3)).toFixed(1),
      mean(of(policy, 4)).toFixed(1),
      shown(ratioOf(of(policy, 3), free)),
    ]),
    '20 arms, 16 features, 20,000 rounds, feedback after 100',
  );
  for (const policy of policies.slice(1)) {
    const gain = ratioOf(of(policy, 3), free);
    judge(`${policy}: ${shown(gain)} of the context-free reward, at least 1.1`, gain.ratio >= 1.1);
  }
}

async function reportPropensities() {
  const [rows] = await runJobs([['propensity', '--decisions', DECISIONS, '--seed', String(FIRST)]]);
  const arms = rows.filter(([what]) => what === 'propensity');
  const off = arms.map(([, , chosen, expected, se]) => (chosen - expected) / se);
  report(
    'bandit_propensity.csv',
    ['arm', 'chosen', 'sum of propensities', 'standard error', 'errors off'],
    arms.map(([, ...cells], i) => [...cells, off[i].toFixed(2)]),
    `${DECISIONS} decisions of 3 slots, 50 arms`,
  );
  const replayed = rows.find(([what]) => what === 'replayed')[1];
  const worst = Math.max(...off.map(Math.abs));
  judge(
    `${replayed} decisions replayed from their log lines; the arm farthest from its propensities is ` +
      `${worst.toFixed(2)} standard errors off, at most 4`,
    replayed === DECISIONS && worst <= 4,
  );
}

function reportCost() {
  const hosts = ['native/bench/bench_bandit', 'wasi/bench/bench_bandit.wasm'];
  const digests = hosts.map((program) => runC(program, 'digest').trim());
  judge('decisions, draws and linear models: the same bits natively and in WebAssembly',
    digests[0] === digests[1]); // prettier-ignore
  const costs = hosts.map((program) => csvRows(runC(program, 'cost')));
  report(
    'bandit_cost.csv',
    ['what', 'native ns', 'WebAssembly ns'],
    costs[0].map(([, what, ns], i) => [what, ns, costs[1][i][2]]),
    'medians of 21',
  );
}

make('bench-programs');
reportCost();
await reportPropensities();
await reportLinear();
const runs = await regretCurves();
reportRegret(runs);
writeFileSync(
  fileURLToPath(new URL('bandit.svg', import.meta.url)),
  drawBanditPlot(runs, HORIZONS),
);
console.log(verdicts.join('\n'));
