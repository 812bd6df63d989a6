// `reckon off-policy` on the Open Bandit logs, beside a plain script of the same formulas (below: it shares no
// code, and does everything by the book in one expression each). Target: equal to 1e-9, and a warning exactly
// where the log cannot answer.
//
//   node tests/bench/bench_off_policy.js                                   -> off_policy.csv
//
// A log of the bandit (BTS) is asked about uniform choice; a uniform log about showing every item as often as
// the bandit did. The model of DM and DR is an item's mean reward over the other four of five folds, shrunk to
// the mean of all by 100 rows. The generated log has weights whose effective size is known: 300 of 4,000.
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { WORK, make, reckon, report, sharedData } from './bench_tools.js';

const FOLDS = 5;
const PRIOR = 100;
const Z = 1.959963984540054;

function readLog(name) {
  const [header, ...lines] = gunzipSync(readFileSync(sharedData(`open_bandit/${name}.csv.gz`)))
    .toString()
    .trim()
    .split('\n');
  const columns = header.split(',');
  const [arm, p, click] = ['item', 'propensity', 'click'].map((column) => columns.indexOf(column));
  return lines
    .map((line) => line.split(','))
    .map((cells) => ({
      arm: Number(cells[arm]),
      propensity: Number(cells[p]),
      reward: Number(cells[click]),
    }));
}

// ---- the plain script ----------------------------------------------------------------------------

const sum = (values) => values.reduce((total, value) => total + value, 0);
const mean = (values) => sum(values) / values.length;
function around(values) {
  const value = mean(values);
  const variance = sum(values.map((v) => (v - value) ** 2)) / (values.length - 1);
  const half = Z * Math.sqrt(variance / values.length);
  return [value, value - half, value + half];
}

function byTheBook(rows, policy) {
  const rewardOf = (fold, arm) => {
    const others = rows.filter((_, i) => i % FOLDS !== fold);
    const own = others.filter((row) => row.arm === arm);
    const all = mean(others.map(({ reward }) => reward));
    return (sum(own.map(({ reward }) => reward)) + PRIOR * all) / (own.length + PRIOR);
  };
  const model = Array.from({ length: FOLDS }, (_, fold) =>
    policy.map((_, arm) => rewardOf(fold, arm)),
  );
  const values = model.map((q) => sum(policy.map((p, arm) => p * q[arm])));
  const w = rows.map(({ arm, propensity }) => policy[arm] / propensity);
  const snips = sum(rows.map(({ reward }, i) => w[i] * reward)) / sum(w);
  const half =
    (Z * Math.sqrt(sum(rows.map(({ reward }, i) => (w[i] * (reward - snips)) ** 2)))) / sum(w);
  return {
    ips: around(rows.map(({ reward }, i) => w[i] * reward)),
    snips: [snips, snips - half, snips + half],
    dm: around(rows.map((_, i) => values[i % FOLDS])),
    dr: around(
      rows.map(({ arm, reward }, i) => values[i % FOLDS] + w[i] * (reward - model[i % FOLDS][arm])),
    ),
    effective: [sum(w) ** 2 / sum(w.map((x) => x * x))],
    mean_weight: [mean(w)],
    largest_share: [Math.max(...w) / sum(w)],
  };
}

// ---- Reckon --------------------------------------------------------------------------------------

/** By the command, of a log and a policy as files. */
function byReckon(name, rows, policy) {
  const [log, policyFile] = ['log', 'policy'].map(
    (what) => `${WORK}/off-policy-${name}-${what}.csv`,
  );
  const lines = rows.map(({ arm, propensity, reward }) => `${arm},${propensity},${reward}`);
  writeFileSync(log, ['action,propensity,reward', ...lines].join('\n'));
  const shares = policy.map((probability, arm) => `${arm},${probability}`);
  writeFileSync(policyFile, ['action,probability', ...shares].join('\n'));
  const answer = JSON.parse(reckon('off-policy', log, '--policy', policyFile, '--json'));
  const { estimates, effective, mean_weight, largest_share, warnings } = answer;
  const figures = Object.entries(estimates).map(([what, { value, low, high }]) => [
    what,
    [value, low, high],
  ]);
  return {
    ...Object.fromEntries(figures),
    ...{ effective: [effective], mean_weight: [mean_weight], largest_share: [largest_share] },
    warning: warnings,
  };
}

/** The largest difference of the two, of numbers of the order of 1 or less. */
function difference(book, reckon) {
  const pairs = Object.entries(book).flatMap(([what, values]) =>
    values.map((value, i) => Math.abs(value - Number(reckon[what][i])) / Math.max(1, value)),
  );
  return Math.max(...pairs);
}

// ---- logs ----------------------------------------------------------------------------------------

const shares = (rows, arms) =>
  Array.from({ length: arms }, (_, arm) => rows.filter((row) => row.arm === arm).length).map(
    (count) => count / rows.length,
  );

function openBanditCases() {
  if (!sharedData('open_bandit/men_bts.csv.gz')) {
    console.log('open_bandit is not there: only the generated log');
    return [];
  }
  return [
    ['men', 34],
    ['women', 46],
  ].flatMap(([who, arms]) => {
    const [bts, random] = [readLog(`${who}_bts`), readLog(`${who}_random`)];
    const uniform = Array(arms).fill(1 / arms);
    return [
      { log: `${who}, BTS`, policy: 'uniform', rows: bts, target: uniform, warn: who === 'women' },
      { log: `${who}, uniform`, policy: 'as BTS', rows: random, target: shares(bts, arms) },
    ];
  });
}

/** 300 rows of weight 1 / .075, the rest of weight 0. */
function generatedCase(shown, warn) {
  const rows = Array.from({ length: 4000 }, (_, i) => ({
    arm: i < shown ? 0 : 1,
    propensity: i < shown ? shown / 4000 : 1 - shown / 4000,
    reward: Number(i % 7 === 0),
  }));
  return {
    log: `generated, ${shown}`,
    policy: 'one arm',
    rows,
    target: [1, 0],
    known: shown,
    warn,
  };
}

make('build');
const cases = [...openBanditCases(), generatedCase(300, false), generatedCase(60, true)];
const table = [];
const verdicts = [];
for (const [number, { log, policy, rows, target, warn, known }] of cases.entries()) {
  const found = byReckon(number, rows, target);
  const off = difference(byTheBook(rows, target), found);
  const shown = (what) => found[what].map((value) => Number(value).toFixed(5)).join(' ');
  const warned = found.warning.length > 0;
  const effective = Number(found.effective[0]);
  table.push([
    ...[log, policy, rows.length, effective.toFixed(1), ...['ips', 'snips', 'dm', 'dr'].map(shown)],
    ...[off.toExponential(1), found.warning.join(',')],
  ]);
  const right =
    off <= 1e-9 &&
    (warn === undefined || warned === warn) &&
    (known === undefined || Math.abs(effective - known) < 1e-6);
  verdicts.push(
    `${log} asked about ${policy}: off by ${off.toExponential(1)}, ` +
      `${warned ? `warns: ${found.warning.join(',')}` : 'no warning'}: ${right ? 'reached' : 'missed'}`,
  );
}
report(
  'off_policy.csv',
  ['log', 'policy', 'rows', 'effective', 'IPS', 'SNIPS', 'DM', 'DR', 'off by', 'warning'],
  table,
  'value, low and high of a click rate',
);
console.log(verdicts.join('\n'));
