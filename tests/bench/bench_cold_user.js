// What asking a new user is worth, by the public command: NDCG@10 after 0 to 8 questions, asked adaptively, by
// popularity and at random among popular items; and after one click. Targets: after 5 questions the adaptive way
// is 10 % above both others (with the interval of the difference above 0), and one click beats popularity.
//
//   node tests/bench/bench_cold_user.js [--seeds 1,2] [--only npm|ml_latest_small]   -> cold_user.csv, cold_user.svg
//
// The method was settled on seed 0; a seed draws other users to hold out. Of the npm graph a sample of them is
// asked, of ml_latest_small (610 users, a third held out) all; there a second seed says how far luck goes.
import { writeFileSync } from 'node:fs';
import { coldUserPlot } from './cold_user_plot.js';
import { npmGraph, option, reckon, report, sharedData } from './bench_tools.js';

const QUESTIONS = 5;
const seeds = option('seeds', '1,2').split(',');
const only = option('only');

const FILMS = sharedData('ml_latest_small/interactions.csv.gz');
const SETS = [
  {
    set: 'npm',
    seeds: seeds.slice(0, 1),
    args: async () => [await npmGraph('depend'), '--map', 'session=package', '--sample', '0.2'],
  },
  {
    set: 'ml_latest_small',
    seeds,
    args:
      FILMS &&
      (() => [
        ...[FILMS, '--items', sharedData('ml_latest_small/items.csv.gz')],
        ...['--map', 'label.like=rating >= 4,label.see_less=rating <= 2'],
      ]),
  },
];

const digits = (value) => value.toFixed(4);
const rows = [];
const verdicts = [];
const runs = [];

function judge(name, { asking, click }) {
  const after = (way) => asking[way].find((point) => point.questions === QUESTIONS);
  for (const way of ['popular', 'random']) {
    const { ndcg, adaptive_lead: lead } = after(way);
    const reached = lead.mean >= 0.1 * ndcg.mean && lead.low > 0;
    verdicts.push(
      `${name}: adaptive after ${QUESTIONS} questions ${((100 * lead.mean) / ndcg.mean).toFixed(1)} % above ${way}, ` +
        `lead ${digits(lead.mean)} [${digits(lead.low)}, ${digits(lead.high)}]: ${reached ? 'reached' : 'missed'}`,
    );
  }
  verdicts.push(
    `${name}: one click ${digits(click.ndcg.mean)}, popular ${digits(click.popular.mean)}, ` +
      `lead [${digits(click.lead.low)}, ${digits(click.lead.high)}]: ${click.lead.low > 0 ? 'reached' : 'missed'}`,
  );
}

for (const { set, seeds: drawn, args } of SETS) {
  if (only !== undefined && only !== set) continue;
  if (!args) {
    console.log(`${set}: skipped, the shared data are not there`);
    continue;
  }
  for (const seed of drawn) {
    const options = ['--protocol', 'cold-user', '--k', '10', '--seed', seed, '--json'];
    const document = JSON.parse(reckon('evaluate', ...(await args()), ...options));
    const head = [set, seed, document.cases];
    for (const [way, points] of Object.entries(document.asking)) {
      for (const { questions, ndcg, adaptive_lead: lead, picks, skips } of points) {
        const beside = lead ? [lead.mean, lead.low, lead.high].map(digits) : ['', '', ''];
        const counts = [picks, skips].map((count) => count.toFixed(2));
        rows.push([...head, way, questions, ...[ndcg.mean, ndcg.low, ndcg.high].map(digits)]);
        rows.at(-1).push(...beside, ...counts);
      }
    }
    const { ndcg, popular, lead } = document.click;
    rows.push([...head, 'click', 1, ...[ndcg.mean, ndcg.low, ndcg.high].map(digits)]);
    rows.at(-1).push('', '', '', '1.00', '0.00');
    rows.push([...head, 'source popular', 0]);
    rows.at(-1).push(...[popular.mean, popular.low, popular.high].map(digits));
    rows.at(-1).push(...[lead.mean, lead.low, lead.high].map(digits), '0.00', '0.00');
    judge(`${set}, seed ${seed}`, document);
    runs.push({ set, seed, asking: document.asking });
  }
}
report(
  'cold_user.csv',
  [
    ...['set', 'seed', 'users', 'asked', 'questions', 'NDCG@10', 'low', 'high'],
    ...['lead of adaptive (of the click)', 'lead low', 'lead high', 'picks', 'skips'],
  ],
  rows,
  '95 % intervals, 1,000 draws of users',
);
writeFileSync(new URL('cold_user.svg', import.meta.url), coldUserPlot(runs));
console.log(verdicts.join('\n'));
