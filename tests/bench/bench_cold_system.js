// A region from its first day on: a snapshot of the items file alone, then with 10, 1,000 and 100,000 events (or all
// there are), built with the command's defaults every time, but without rankers: they take most of a build and ship
// only where they raise quality. Users who are in none of them ask with the first 1, 3 and
// 10 items of theirs, and empty-handed; the rest of their items is what should have been shown. Users, cases and the
// order of the events are fixed before anything is built, so the steps are paired.
//
// Target: no step loses quality. The interval of the difference to the step before, over users, lies above -.0025
// NDCG@10. The curves are in cold_system.svg.
//
//   node tests/bench/bench_cold_system.js [--only SET] [--out FOLDER]
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { createEngine } from 'reckon';
import { randomFrom } from '../data/generated_log.js';
import { WORK, npmGraph, option, reckon, report, sharedData } from './bench_tools.js';
import { drawColdSystem } from './cold_system_plot.js';

const STEPS = [0, 10, 1000, 100_000];
const MARGIN = 0.0025;
const K = 10;
const HISTORIES = [1, 3, 10];
const MOST_USERS = 1000;
const RESAMPLES = 1000;

const FILMS = 'ml_latest_small';
const TAGS = (folder) =>
  `SELECT i.item, i.title, i.genres, t.tags FROM read_csv('${folder}/items.csv.gz') i LEFT JOIN
   (SELECT item, string_agg(DISTINCT lower(tag), '|' ORDER BY lower(tag)) AS tags
    FROM read_csv('${folder}/tags.csv.gz') GROUP BY item) t USING (item)`;

/** `timed`: events come in the order of their times; else users come one after the other, by hash. */
const SETS = [
  { set: FILMS, columns: ['user', 'item', 'timestamp'], timed: true },
  { set: 's3rec_beauty', columns: ['user', 'item', 'pos'] },
  { set: 'npm depend', columns: ['package', 'item'] },
];

/** 32 bits of a text: 0 to 2³² − 1, the same everywhere. */
function hashed(text) {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

// ---- data ----------------------------------------------------------------------------------------

async function filesOf({ set }) {
  if (set === 'npm depend') return { log: await npmGraph('depend') };
  const log = sharedData(`${set}/interactions.csv.gz`);
  const items = sharedData(`${set}/items.csv.gz`);
  if (!log || !items) return undefined;
  return { log, items: set === FILMS ? TAGS(items.replace('/items.csv.gz', '')) : items };
}

/** [user, item, time] of every row, in file order. */
async function readRows(file, columns) {
  const lines = createInterface({ input: createReadStream(file).pipe(createGunzip()) });
  let places;
  const rows = [];
  for await (const line of lines) {
    const fields = fieldsOf(line);
    if (!places) places = columns.map((name) => fields.indexOf(name));
    else rows.push(places.map((place) => fields[place]));
  }
  return rows;
}

function fieldsOf(line) {
  if (!line.includes('"')) return line.split(',');
  return [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(,|$)/g)]
    .map(([, field]) => (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field))
    .slice(0, -1);
}

/** Cases of a quarter of the users, and the rows of the others in the order in which they come. */
function split(rows, { timed, columns }) {
  const ofUser = new Map();
  for (const row of rows) {
    if (!ofUser.has(row[0])) ofUser.set(row[0], []);
    ofUser.get(row[0]).push(row);
  }
  const users = [...ofUser.keys()].sort((a, b) => hashed(a) - hashed(b));
  const asking = [];
  const stream = [];
  for (const [u, user] of users.entries()) {
    const own = ofUser.get(user);
    if (columns.length === 2) own.sort((a, b) => hashed(a[1] + user) - hashed(b[1] + user));
    else own.sort((a, b) => a[2] - b[2]);
    if (u % 4 === 0) asking.push([...new Set(own.map(([, item]) => item))]);
    else stream.push(own);
  }
  const events = stream.flat();
  if (timed) events.sort((a, b) => a[2] - b[2]);
  return { events, asking: asking.filter((items) => items.length >= 3).slice(0, MOST_USERS) };
}

// ---- one step ------------------------------------------------------------------------------------

const csvField = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function writeEvents(file, columns, events) {
  const lines = [columns, ...events].map((row) => row.map(csvField).join(','));
  writeFileSync(file, `${lines.join('\n')}\n`);
}

/** Builds with the first `count` events; returns the snapshot. */
function build(name, { columns }, files, events, folder) {
  const [log, out] = [`${folder}/${name}.csv`, `${folder}/${name}.rk`];
  const args = ['--items', files.items, '--out', out];
  const config = `${folder}/cold-system.config.json`;
  writeFileSync(config, JSON.stringify({ train: { rankerCases: 0 } }));
  args.push('--config', config);
  if (events.length > 0) {
    writeEvents(log, columns, events);
    args.unshift(log);
    if (columns.includes('pos')) args.push('--map', 'time=pos');
    if (columns.includes('package')) args.push('--map', 'session=package');
  }
  reckon('build', ...args, ...(files.map ? ['--map', files.map] : []), '--json');
  return readFileSync(out);
}

/** NDCG@10 of a list against the items that should be in it. */
function ndcg(list, relevant) {
  const gain = (rank) => 1 / Math.log2(rank + 2);
  let [sum, best] = [0, 0];
  list.forEach((item, rank) => (sum += relevant.has(item) ? gain(rank) : 0));
  for (let rank = 0; rank < Math.min(K, relevant.size); rank++) best += gain(rank);
  return sum / best;
}

/** Of each user: the mean over the histories, and what an empty session gets. */
async function measure(snapshot, asking) {
  const engine = await createEngine({ snapshot });
  const [type] = engine.info.eventTypes.map(({ name }) => name);
  const answer = (history) => {
    const session = engine.session({ seed: 0 });
    for (const item of history) session.record({ item, event: type });
    return session.recommend({ count: K, exclude: history }).items.map(({ item }) => item);
  };
  const popular = answer([]);
  const figures = asking.map((items) => {
    const cases = HISTORIES.filter((length) => length < items.length);
    const sum = cases.reduce(
      (sum, n) => sum + ndcg(answer(items.slice(0, n)), new Set(items.slice(n))),
      0,
    );
    return { session: sum / cases.length, empty: ndcg(popular, new Set(items)) };
  });
  engine.dispose();
  return figures;
}

// ---- intervals -----------------------------------------------------------------------------------

const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** 95 % of the means of resampled users; the same users for all that is compared. */
function interval(values) {
  const means = Array.from({ length: RESAMPLES }, (_, r) => {
    const random = randomFrom(r);
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[Math.floor(random() * values.length)];
    return sum / values.length;
  }).sort((a, b) => a - b);
  return [means[24], means[975]];
}

// ---- all sets ------------------------------------------------------------------------------------

/** npm has no items file: all names that occur, their words the attribute. */
function listNames(rows, folder) {
  const file = `${folder}/npm-names.csv`;
  const names = [...new Set(rows.map(([, item]) => item))].sort();
  writeFileSync(file, `${['item', ...names.map(csvField)].join('\n')}\n`);
  return { items: file, map: 'attr.name=item:text' };
}

const folder = option('out', WORK);
const rows = [];
for (const each of SETS) {
  if (![each.set, undefined].includes(option('only'))) continue;
  let files = await filesOf(each);
  if (!files) {
    console.log(`${each.set}: not there, left out`);
    continue;
  }
  const log = await readRows(files.log, each.columns);
  if (!files.items) files = { ...files, ...listNames(log, folder) };
  const { events, asking } = split(log, each);
  let before;
  for (const step of STEPS) {
    const used = Math.min(step, events.length);
    const name = `cold-${each.set.replace(' ', '-')}-${step}`;
    const snapshot = build(name, each, files, events.slice(0, used), folder);
    const figures = await measure(snapshot, asking);
    for (const kind of ['session', 'empty']) {
      const values = figures.map((figure) => figure[kind]);
      const [low, high] = interval(values);
      const gains = before?.map((figure, i) => figures[i][kind] - figure[kind]);
      const [least, most] = gains ? interval(gains) : ['', ''];
      const verdict = gains ? (least > -MARGIN ? 'kept' : 'lost') : '';
      const shown = [
        meanOf(values),
        low,
        high,
        ...(gains ? [meanOf(gains), least, most] : ['', '', '']),
      ];
      const numbers = shown.map((value) => (value === '' ? '' : value.toFixed(4)));
      rows.push([each.set, kind, used, asking.length, ...numbers, verdict]);
      console.log(rows.at(-1).join(' '));
    }
    before = figures;
  }
}

const COLUMNS = ['set', 'asked with', 'events', 'users', 'ndcg@10', 'low', 'high'];
COLUMNS.push('gain', 'gain_low', 'gain_high', 'non_inferior');
if (option('only') === undefined) {
  report('cold_system.csv', COLUMNS, rows, `non-inferior: gain_low > -${MARGIN}`);
  const picture = new URL('cold_system.svg', import.meta.url);
  writeFileSync(
    picture,
    drawColdSystem(rows.map((row) => Object.fromEntries(COLUMNS.map((name, c) => [name, row[c]])))),
  );
}
