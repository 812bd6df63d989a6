// rsc15_100k comes with the top-20 lists of VS-kNN and GRU4Rec at 387 positions of its test sessions. Our own
// lists at the same positions, from --predictions, are judged by the same few lines as theirs.
//
// Position p of a session asks after its first p + 1 events, in order of time, for event p + 2; our case of it
// is "session#events". Few positions and many of one session: intervals come from draws of whole sessions, the
// same draws for every method, so that differences are paired.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { randomFrom } from '../../data/generated_log.js';
import { csvRows, quantile, sharedData } from '../bench_tools.js';
import { protocolName } from './figure_rows.js';

const LENGTH = 20;
const DRAWS = 10_000;
const REFERENCES = [
  ['VS-kNN', 'rsc15_100k/reference_vsknn_top20.csv.gz'],
  ['GRU4Rec', 'rsc15_100k/reference_gru4rec_top20.csv.gz'],
];

const readCsv = (file) => {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  return csvRows(text).slice(1);
};

/** Session → its items, in order of time; events of one time as the file has them. */
function testSessions(file) {
  const sessions = new Map();
  for (const [session, item, time] of readCsv(file)) {
    if (!sessions.has(session)) sessions.set(session, []);
    sessions.get(session).push({ item, time: Number(time) });
  }
  for (const [session, events] of sessions) {
    const ordered = events.sort((a, b) => a.time - b.time);
    sessions.set(
      session,
      ordered.map(({ item }) => item),
    );
  }
  return sessions;
}

/** "session#events" → its list of items. */
function referenceLists(file) {
  return new Map(
    readCsv(file).map(([session, position, items]) => [
      `${session}#${Number(position) + 1}`,
      items.split(' '),
    ]),
  );
}

function predictedLists(file) {
  const lists = new Map();
  for (const [name, rank, item] of readCsv(file)) {
    if (!lists.has(name)) lists.set(name, []);
    lists.get(name)[Number(rank) - 1] = item;
  }
  return lists;
}

/** Of every position: whether the next item is in the list, and one over its rank. */
function judge(lists, positions) {
  return positions.map(({ name, next }) => {
    const at = (lists.get(name) ?? []).slice(0, LENGTH).indexOf(next);
    return { 'hr@20': at < 0 ? 0 : 1, 'mrr@20': at < 0 ? 0 : 1 / (at + 1) };
  });
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The numbers of the positions of each session. */
function sessionsOf(positions) {
  const sessions = new Map();
  positions.forEach(({ session }, p) => {
    if (!sessions.has(session)) sessions.set(session, []);
    sessions.get(session).push(p);
  });
  return [...sessions.values()];
}

/** Draws of sessions, each as the numbers of its positions. */
function drawSessions(positions, seed) {
  const random = randomFrom(seed);
  const bySession = sessionsOf(positions);
  return Array.from({ length: DRAWS }, () =>
    bySession.flatMap(() => bySession[Math.floor(bySession.length * random())]),
  );
}

const interval = (means) => [quantile(means, 0.025), quantile(means, 0.975)];

/** Rows of the answer, a method called `answer`, and of the reference lists. */
export function referenceRows(entry, predictions, seed, answer) {
  const sessions = testSessions(sharedData(entry.test.shared));
  const references = REFERENCES.map(([method, place]) => [
    method,
    referenceLists(sharedData(place)),
  ]);
  const positions = [...references[0][1].keys()].map((name) => {
    const [session, events] = name.split('#');
    return { name, session, next: sessions.get(session)[Number(events)] };
  });
  const draws = drawSessions(positions, Number(seed));
  const drawnMeans = (values) => draws.map((draw) => mean(draw.map((p) => values[p])));
  const judged = [[answer, predictedLists(predictions)], ...references].map(([method, lists]) => [
    method,
    judge(lists, positions),
  ]);
  return entry.metrics.flatMap((metric) => {
    const values = judged.map(([method, rows]) => [method, rows.map((row) => row[metric])]);
    const [, ours] = values[0];
    return values.map(([method, theirs]) => {
      const [low, high] = interval(drawnMeans(theirs));
      const about = { set: entry.set, protocol: protocolName(entry), cases: positions.length };
      const row = { ...about, method, metric, value: mean(theirs), low, high };
      if (method === answer) return { ...row, kind: 'answer' };
      const differences = ours.map((value, p) => value - theirs[p]);
      const [leadLow, leadHigh] = interval(drawnMeans(differences));
      return { ...row, kind: 'published', lead: mean(differences), leadLow, leadHigh };
    });
  });
}
