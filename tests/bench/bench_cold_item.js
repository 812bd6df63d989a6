// Items without a single training event: a tenth of the items is hidden, by hash, and they alone are ranked for the
// users who chose some of them (`reckon evaluate --protocol cold-item`, the command's defaults, but without rankers:
// they take most of the time, and what an item without events is worth is for retrieval to say).
//
// Target: Recall@20 at least twice that of popularity by category, and ten times chance. Chance is counted, the
// category is what shares a category, a tag or a word (src/learn/yardsticks.h). Intervals: 1,000 draws of users; of
// the difference to a yardstick the same draws.
//
//   node tests/bench/bench_cold_item.js [--only SET]
import { writeFileSync } from 'node:fs';
import { WORK, npmGraph, option, reckon, report, sharedData } from './bench_tools.js';

const METRIC = 'recall@20';
const TARGETS = { category: 2, random: 10 };

/** Tags are what people wrote of a film, whoever they are: content, as its genres are. */
const filmsWithTags = (items, tags) =>
  `SELECT i.item, i.title, i.genres, t.tags FROM read_csv('${items}') i LEFT JOIN
   (SELECT item, string_agg(DISTINCT lower(tag), '|' ORDER BY lower(tag)) AS tags
    FROM read_csv('${tags}') GROUP BY item) t USING (item)`;

async function inputsOf(set) {
  if (set === 'npm depend') {
    return [
      await npmGraph('depend'),
      '--map',
      'session=package,attr.name=item:text',
      '--sample',
      '0.1',
    ];
  }
  const [log, items] = ['interactions', 'items'].map((name) => sharedData(`${set}/${name}.csv.gz`));
  if (!log || !items) return undefined;
  if (set === 's3rec_beauty') return [log, '--items', items, '--map', 'time=pos'];
  const labels = 'label.like=rating >= 4,label.see_less=rating <= 2';
  const tags = sharedData(`${set}/tags.csv.gz`);
  return [log, '--items', filmsWithTags(items, tags), '--map', labels];
}

const HOW = ['--protocol', 'cold-item', '--k', '20', '--json', '--config'];
const CONFIG = `${WORK}/cold-item.config.json`;
writeFileSync(CONFIG, JSON.stringify({ train: { rankerCases: 0 } }));
HOW.push(CONFIG);

const rows = [];
for (const set of ['s3rec_beauty', 'ml_latest_small', 'npm depend']) {
  if (![set, undefined].includes(option('only'))) continue;
  const inputs = await inputsOf(set);
  if (!inputs) {
    console.log(`${set}: not there, left out`);
    continue;
  }
  const { cases, metrics, intervals, differences } = JSON.parse(
    reckon('evaluate', ...inputs, ...HOW),
  );
  // The first row is the answer, by whichever name; popularity and chance follow.
  const [answer] = Object.keys(metrics);
  const own = metrics[answer][METRIC];
  const add = (method, verdict) =>
    rows.push([
      ...[set, cases, method, metrics[method][METRIC].toFixed(4)],
      ...intervals[method][METRIC].map((end) => end.toFixed(4)),
      ...['low', 'high'].map((end) => differences[method]?.[METRIC][end].toFixed(4) ?? ''),
      ...verdict,
    ]);
  add(answer, ['', '', '']);
  for (const [method, factor] of Object.entries(TARGETS)) {
    const ratio = own / metrics[method][METRIC];
    add(method, [ratio.toFixed(2), factor, ratio >= factor ? 'reached' : 'missed']);
  }
}
const COLUMNS = ['set', 'cases', 'method', METRIC, 'low', 'high', 'lead_low', 'lead_high'];
report('cold_item.csv', [...COLUMNS, 'answer_is_times', 'target', 'verdict'], rows);
