// The metrics of an evaluation again, from first principles: the original log and predictions.csv in, HR,
// Recall, MRR and NDCG out. It shares no code with the C evaluation and is slow on purpose: where the two
// disagree, one of them or the protocol's definition (js-bindings/cli/README.md) is wrong.
//
//   node tests/rescore/rescore.js LOG.csv[.gz]|LOG.rkev --predictions P.csv --protocol P
//        [--test TEST.csv] [--k 10,20] [--user COLUMN] [--item COLUMN] [--time COLUMN] [--sessions]
//
// Protocols: leave-one-out, temporal, temporal-global, and sessions with --test. What is hidden by a hash of
// ids (logs without times, samples, cold items) is left to the C tests: here nothing is known of hashes.
// A CSV's rows are one kind of event, all liked; of an events file the types' weights decide.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { readEvents } from '../reader/reader.js';

// ---- reading -------------------------------------------------------------------------------------

/** Records of RFC 4180 text as arrays of fields. */
function csvRecords(text) {
  const records = [];
  let record = [];
  const field = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/gy;
  while (field.lastIndex < text.length) {
    const [, quoted, plain, end] = field.exec(text);
    record.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',' && field.lastIndex < text.length) continue;
    if (end === ',') record.push('');
    records.push(record);
    record = [];
  }
  return records;
}

function csvObjects(file) {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  const [header, ...records] = csvRecords(text);
  return records.map((record) => Object.fromEntries(header.map((name, i) => [name, record[i]])));
}

/** A CSV log as events in file order: { user, item, time, liked, isTest }. Times stay as they are. */
export function eventsOfCsv(file, { user, item, time, isTest = false }) {
  const seen = new Set();
  const events = [];
  for (const row of csvObjects(file)) {
    const key = JSON.stringify([row[user], row[item], row[time]]);
    if (seen.has(key)) continue; // equal in every column that is read: counted once
    seen.add(key);
    const number = Number(row[time]);
    const at = Number.isNaN(number) ? Date.parse(row[time]) : number;
    events.push({ user: row[user], item: row[item], time: at, liked: true, isTest });
  }
  return events;
}

/** An events file (src/FORMAT.md), likewise. A dislike outweighs every other label of its row. */
export function eventsOfFile(file) {
  const log = readEvents(readFileSync(file));
  return Array.from(log.user, (user, row) => {
    const weights = [...log.typeWeights].filter((_, type) => (log.label[row] >> type) & 1);
    return {
      user: log.users[user],
      item: log.items[log.item[row]],
      time: log.time && Number(log.time[row]),
      liked: Math.min(...weights) >= 0 && Math.max(...weights) > 0,
      isTest: log.split?.[row] === 1,
    };
  });
}

/** predictions.csv: case → items, best first. */
export function listsOf(file) {
  const lists = new Map();
  let before = Infinity;
  for (const { case: name, rank, item, score } of csvObjects(file)) {
    const list = lists.get(name) ?? [];
    lists.set(name, list);
    list.push(item);
    if (Number(rank) !== list.length)
      throw new Error(`${name}: rank ${rank} is in place ${list.length}`);
    if (list.length > 1 && Number(score) > before) throw new Error(`${name}: the scores ascend`);
    before = Number(score);
  }
  for (const [name, list] of lists) {
    if (new Set(list).size !== list.length) throw new Error(`${name}: an item comes twice`);
  }
  return lists;
}

// ---- cases ---------------------------------------------------------------------------------------

/** Each user's events by time; of one time in the order of the file. */
function byUser(events) {
  const users = new Map();
  for (const event of events) {
    if (!users.has(event.user)) users.set(event.user, []);
    users.get(event.user).push(event);
  }
  for (const own of users.values()) own.sort((a, b) => a.time - b.time);
  return users;
}

/** The last liked event whose item the user has nowhere else, of users with three items. */
function leaveOneOut(user, events) {
  if (new Set(events.map(({ item }) => item)).size < 3) return [];
  const times = (item) => events.filter((event) => event.item === item).length;
  const hidden = events.findLast(({ item, liked }) => liked && times(item) === 1);
  if (hidden === undefined) return [];
  return [{ name: user, history: events.filter((event) => event !== hidden), asked: [hidden] }];
}

/** The last fifth of the events, at least one, of users with three events. */
function temporal(user, events) {
  if (events.length < 3) return [];
  const first = events.length - Math.max(1, Math.floor(events.length / 5));
  return [{ name: user, history: events.slice(0, first), asked: events.slice(first) }];
}

const everyPrefix = (user, events) =>
  events.slice(1).map((next, i) => ({
    name: `${user}#${i + 1}`,
    history: events.slice(0, i + 1),
    asked: [next],
  }));

const sessions = (user, events) =>
  events.some(({ isTest }) => isTest) ? everyPrefix(user, events) : [];

/** The newest tenth of all events from `cut` on. */
function temporalGlobal(user, events, { cut, areSessions }) {
  let before = events.filter(({ time }) => time < cut).length;
  if (before === events.length) return [];
  if (before === 0 && areSessions) return everyPrefix(user, events);
  if (before === 0) before = Math.ceil(events.length / 2);
  if (before === events.length) return [];
  const name = areSessions ? `${user}#${before}` : user;
  return [{ name, history: events.slice(0, before), asked: events.slice(before) }];
}

const PROTOCOLS = {
  'leave-one-out': leaveOneOut,
  temporal,
  'temporal-global': temporalGlobal,
  sessions,
};

function casesOf(events, protocol, areSessions) {
  const times = events.map(({ time }) => time).sort((a, b) => a - b);
  const cut = times[times.length - Math.max(1, Math.floor(times.length / 10))];
  return [...byUser(events)].flatMap(([user, own]) =>
    PROTOCOLS[protocol](user, own, { cut, areSessions }),
  );
}

// ---- metrics -------------------------------------------------------------------------------------

const sum = (values) => values.reduce((total, value) => total + value, 0);
const gain = (place) => 1 / Math.log2(place + 2);

function metricsOfCase(relevant, list, k) {
  const places = list.slice(0, k).flatMap((item, place) => (relevant.has(item) ? [place] : []));
  const best = Array.from({ length: Math.min(k, relevant.size) }, (_, place) => gain(place));
  return {
    [`recall@${k}`]: places.length / relevant.size,
    [`hr@${k}`]: places.length > 0 ? 1 : 0,
    [`mrr@${k}`]: places.length > 0 ? 1 / (places[0] + 1) : 0,
    [`ndcg@${k}`]: sum(places.map(gain)) / sum(best),
  };
}

/**
 * { cases, metrics } of the lists (listsOf) for a log's events (eventsOf…). `areSessions`: a user is a
 * session, whose items may come again where time is cut for everybody.
 */
export function rescore({ events, lists, protocol, cutoffs, areSessions = false }) {
  const keepsSeen = protocol === 'sessions' || (protocol === 'temporal-global' && areSessions);
  const measured = [];
  const named = new Set();
  for (const { name, history, asked } of casesOf(events, protocol, areSessions)) {
    const seen = new Set(keepsSeen ? [] : history.map(({ item }) => item));
    const liked = asked.filter((event) => event.liked && !seen.has(event.item));
    const relevant = new Set(liked.map(({ item }) => item));
    if (relevant.size === 0) continue;
    const list = lists.get(name) ?? [];
    const again = list.find((item) => seen.has(item));
    if (again !== undefined) throw new Error(`${name}: ${again} was seen before`);
    named.add(name);
    measured.push(Object.assign({}, ...cutoffs.map((k) => metricsOfCase(relevant, list, k))));
  }
  const stray = [...lists.keys()].find((name) => !named.has(name));
  if (stray !== undefined) throw new Error(`${stray} is predicted and is no case`);
  const names = Object.keys(measured[0] ?? {});
  const mean = (name) => sum(measured.map((values) => values[name])) / measured.length;
  return {
    cases: measured.length,
    metrics: Object.fromEntries(names.map((name) => [name, mean(name)])),
  };
}

// ---- the command ---------------------------------------------------------------------------------

function main() {
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      predictions: text,
      protocol: text,
      test: text,
      k: { ...text, default: '10,20' },
      user: { ...text, default: 'user' },
      item: { ...text, default: 'item' },
      time: { ...text, default: 'time' },
      sessions: { type: 'boolean', default: false },
    },
  });
  const [log] = positionals;
  if (!log || !values.predictions || !Object.hasOwn(PROTOCOLS, values.protocol ?? ''))
    throw new Error(
      `needs a log, --predictions and --protocol ${Object.keys(PROTOCOLS).join('|')}`,
    );
  const events = path.extname(log) === '.rkev' ? eventsOfFile(log) : eventsOfCsv(log, values);
  if (values.test) {
    for (const event of eventsOfCsv(values.test, { ...values, isTest: true })) events.push(event);
  }
  const answer = rescore({
    events,
    lists: listsOf(values.predictions),
    protocol: values.protocol,
    cutoffs: values.k.split(',').map(Number),
    areSessions: values.sessions,
  });
  console.log(JSON.stringify(answer));
}

if (process.argv[1] && fileURLToPath(import.meta.url) === path.resolve(process.argv[1])) main();
