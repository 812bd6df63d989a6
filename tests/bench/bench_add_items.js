// New items by engine.addItems beside the trainer's: what is a content vector worth that a device makes without a log?
//
//   node tests/bench/bench_add_items.js [--only ml_latest_small] [--cases 1500] [--rebuild]     -> add_items.csv
//
// A tenth of a set's items (4,000 at most), by hash, lose their events. One snapshot is built with them in its items file: the
// trainer gives them vectors by ridge regression of content. Another is built without them, and they come by addItems, with
// the same title and attributes. Users with liked events of both kinds ask with the others, and the hidden items alone are
// ranked, by the blend. Recall@20 of the hidden ones, with the 95 % interval of the difference (1,000 draws of users). Of the
// npm graph a quarter of the baskets is learnt from; its packages have no attributes but the words of their names.
// Snapshots are built once, in minutes, and kept.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { createEngine } from 'reckon';
import {
  WORK,
  make,
  median,
  npmGraph,
  option,
  quantile,
  reckon,
  report,
  sharedData,
} from './bench_tools.js';

const CASES = Number(option('cases', '1500'));
const MOST_NEW = 4000;
const K = 20;
const DRAWS = 1000;

const SETS = [
  {
    set: 'ml_latest_small',
    map: 'label.like=rating >= 4,label.see_less=rating <= 2',
    event: 'like',
    time: 'timestamp',
    isLiked: ({ rating }) => Number(rating) >= 4,
    attributes: ({ genres }) => ({ genres: genres.split('|') }),
  },
  {
    set: 's3rec_beauty',
    map: 'time=pos',
    event: 'click',
    time: 'pos',
    isLiked: () => true,
    attributes: ({ attributes }) => ({ attributes: attributes.split('|') }),
  },
  {
    set: 'npm depend',
    map: 'session=package,attr.name=item:text',
    event: 'depend',
    user: 'package',
    isLiked: () => true,
    attributes: () => ({}),
    keep: ({ package: basket }) => digest('basket', basket) < 0.25,
  },
];

const digest = (salt, text) =>
  createHash('md5').update(`${salt} ${text}`).digest().readUInt32BE() / 2 ** 32;

/** A quoted field may have commas, and no line break. */
function rowsOf(text) {
  const fields = (line) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
      ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain,
    );
  const [header, ...lines] = text.trim().split('\n');
  const names = fields(header);
  return lines.map((line) => ({
    line,
    ...Object.fromEntries(fields(line).map((value, c) => [names[c], value])),
  }));
}
const headerOf = (text) => text.slice(0, text.indexOf('\n'));
const unzipped = (file) => gunzipSync(readFileSync(file)).toString();

async function textsOf({ set, keep }) {
  if (set !== 'npm depend') {
    const files = ['interactions', 'items'].map((name) => sharedData(`${set}/${name}.csv.gz`));
    return files.every(Boolean) ? files.map(unzipped) : undefined;
  }
  const log = unzipped(await npmGraph('depend'));
  const rows = rowsOf(log).filter(keep);
  const ids = [...new Set(rows.map(({ item }) => item))].sort();
  const csv = (text) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [
    `${headerOf(log)}\n${rows.map(({ line }) => line).join('\n')}\n`,
    `item\n${ids.map(csv).join('\n')}\n`,
  ];
}

/** Files of a set: events without the hidden items' own, and all items or those with events. */
async function prepare(set) {
  const texts = await textsOf(set);
  if (texts === undefined) return undefined;
  const [log, listing] = texts;
  const [events, items] = texts.map(rowsOf);
  const share = Math.min(0.1, MOST_NEW / items.length);
  const isHidden = ({ item }) => digest('hide', item) < share;
  const base = `${WORK}/add-${set.set.replace(' ', '-')}`;
  const write = (name, header, rows) =>
    writeFileSync(`${base}-${name}.csv`, [header, ...rows.map(({ line }) => line)].join('\n'));
  write(
    'log',
    headerOf(log),
    events.filter((row) => !isHidden(row)),
  );
  write('all', headerOf(listing), items);
  write(
    'warm',
    headerOf(listing),
    items.filter((row) => !isHidden(row)),
  );
  writeFileSync(`${base}.json`, JSON.stringify({ train: { rankerCases: 0 } }));
  return { base, events, hidden: items.filter(isHidden), isHidden };
}

function build({ map }, base, listing) {
  const out = `${base}-${listing}.rk`;
  if (existsSync(out) && !process.argv.includes('--rebuild')) return readFileSync(out);
  const items = ['--items', `${base}-${listing}.csv`, '--config', `${base}.json`];
  reckon('build', `${base}-log.csv`, ...items, '--map', map, '--out', out);
  return readFileSync(out);
}

/** Users who liked hidden items and others: the others in their order, and the hidden ones. */
function casesOf({ isLiked, time, user = 'user' }, { events, isHidden }) {
  const users = new Map();
  for (const row of events.filter(isLiked)) {
    const own = users.get(row[user]) ?? { session: [], hidden: new Set() };
    users.set(row[user], own);
    if (isHidden(row)) own.hidden.add(row.item);
    else own.session.push([Number(row[time] ?? 0), row.item]);
  }
  return [...users]
    .filter(([, { session, hidden }]) => session.length > 0 && hidden.size > 0)
    .sort(([a], [b]) => digest('case', a) - digest('case', b))
    .slice(0, CASES)
    .map(([, { session, hidden }]) => ({
      session: session.sort(([a], [b]) => a - b).map(([, item]) => item),
      hidden,
    }));
}

function recalls(engine, cases, hidden, event) {
  const filter = { items: hidden.map(({ item }) => item).filter((item) => engine.has(item)) };
  const options = {
    count: K,
    stages: 'retrieval',
    filter,
    sourceWeights: { explore: 0, popular: 0 },
  };
  return cases.map((one) => {
    const session = engine.session();
    for (const item of one.session.slice(-1000)) session.record({ item, event, at: 0 });
    const found = session.recommend(options).items.filter(({ item }) => one.hidden.has(item));
    return found.length / one.hidden.size;
  });
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** 95 % of the means of differences of users drawn with replacement. */
function interval(differences) {
  let state = 1;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const means = Array.from({ length: DRAWS }, () =>
    mean(differences.map(() => differences[Math.floor(next() * differences.length)])),
  );
  return [quantile(means, 0.025), quantile(means, 0.975)];
}

make('build');
const table = [];
for (const set of SETS.filter(({ set }) => option('only', set) === set)) {
  const files = await prepare(set);
  if (files === undefined) {
    console.log(`${set.set} is not there`);
    continue;
  }
  const cases = casesOf(set, files);
  const trained = await createEngine({ snapshot: build(set, files.base, 'all') });
  const added = await createEngine({ snapshot: build(set, files.base, 'warm') });
  const rows = files.hidden.map((row) => ({
    item: row.item,
    ...(row.title && { title: row.title }),
    attributes: set.attributes(row),
  }));
  const begin = performance.now();
  const { ignored } = added.addItems(rows);
  const all = performance.now() - begin;
  const one = await createEngine({ snapshot: readFileSync(`${files.base}-warm.rk`) });
  const times = rows.slice(0, 7).map((row) => {
    const begin = performance.now();
    one.addItems([row]);
    return performance.now() - begin;
  });
  one.dispose();
  const [ridge, device] = [trained, added].map((engine) =>
    recalls(engine, cases, files.hidden, set.event),
  );
  const [low, high] = interval(device.map((recall, i) => recall - ridge[i]));
  const known = files.hidden.filter(({ item }) => trained.has(item)).length;
  const figure = (value) => value.toFixed(4);
  table.push([
    ...[set.set, cases.length, files.hidden.length, figure(K / known), figure(mean(ridge))],
    ...[figure(mean(device)), figure(mean(device) - mean(ridge)), figure(low), figure(high)],
    ...[ignored.length, added.info.items, all.toFixed(0), median(times).toFixed(0)],
  ]);
  for (const engine of [trained, added]) engine.dispose();
}
report(
  'add_items.csv',
  [
    ...['set', 'cases', 'new items', 'chance', 'ridge', 'addItems', 'difference', 'low', 'high'],
    ...['values ignored', 'items', 'ms for all', 'ms for one'],
  ],
  table,
  `Recall@${K} among the new items`,
);
