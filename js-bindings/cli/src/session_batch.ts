// reckon recommend --sessions in.csv: many sessions at once, answers as CSV.
//
// Rows of a session are in file order, or by time if there are times. A row without an item makes its
// session known without adding to it; so a session may be empty, and is answered with what is popular.
import type { Engine, RecommendOptions, SessionEvent } from 'reckon';
import { type ColumnMap, EMPTY_MAP } from './column_map.js';
import type { Duck } from './duck.js';
import { type Stage, checkIds, stageEvents } from './event_stage.js';
import { readTimes } from './event_times.js';
import { openSources } from './input_source.js';
import { unknownEvent } from './session_text.js';
import { floatText } from './terminal.js';
import { placeText } from './failures.js';
import type { Visitor } from './visitor.js';

const PIECE = 1 << 16;

export interface BatchRequest {
  sessions: string;
  map: ColumnMap;
  options: RecommendOptions;
  /** The same for every session. */
  visitor: Visitor;
  note(text: string): void;
}

interface NamedSession {
  id: string;
  events: SessionEvent[];
}

/** The answers, as pieces of CSV text. */
export async function* answerSessions(
  duck: Duck,
  engine: Engine,
  { sessions, map, options, visitor, note }: BatchRequest,
): AsyncIterable<string> {
  const notes: string[] = [];
  const read = await readSessions(duck, engine, sessions, map, (text) => notes.push(text));
  notes.forEach(note);
  const unknown = new Set<string>();
  let piece = 'session,rank,item,score\n';
  for (const { id, events } of read) {
    const session = engine.session({ seed: 0, ...visitor });
    for (const event of events) if (!session.record(event)) unknown.add(event.item);
    for (const { rank, item, score } of session.recommend(options).items) {
      piece += `${csvField(id)},${rank},${csvField(item)},${floatText(score)}\n`;
    }
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  yield piece;
  if (unknown.size > 0) note(`${unknown.size} unknown items skipped: ${sample(unknown)}`);
}

const sample = (items: ReadonlySet<string>): string =>
  [...items].slice(0, 5).join(', ') + (items.size > 5 ? ', …' : '');

export const csvField = (value: string): string =>
  /[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;

async function readSessions(
  duck: Duck,
  engine: Engine,
  input: string,
  map: ColumnMap,
  note: (text: string) => void,
): Promise<Iterable<NamedSession>> {
  // A session is a session, whatever its column is called; its region is the snapshot's.
  const columns = new Map(map.columns).set('region', '');
  const events = await openSources(duck, input);
  const stage = await stageEvents(duck, {
    events,
    test: [],
    map: { ...EMPTY_MAP, columns },
    note,
  });
  await checkIds(duck, stage, { itemsMayBeMissing: true });
  await checkEvents(duck, engine, stage);
  const times = await readTimes(duck, stage);
  const sessions = new Map<string, NamedSession>();
  const event = stage.hasEvent ? 'e' : 'NULL';
  await duck.forEach(
    `SELECT u, i, ${event}, coalesce(${times.sql}, 0) AS time FROM stage ORDER BY time, rowid`,
    ([user, item, event, time]) => {
      const id = String(user);
      const session = sessions.get(id) ?? { id, events: [] };
      sessions.set(id, session);
      if (item === null || item === '') return;
      session.events.push({
        item: String(item),
        ...(event !== null && event !== '' && { event: String(event) }),
        at: times.kind === 'unix-ms' ? Number(time) : 0,
      });
    },
  );
  const order = await duck.rows('SELECT u FROM stage GROUP BY u ORDER BY min(rowid)');
  return order.flatMap(([id]) => sessions.get(String(id)) ?? []);
}

async function checkEvents(duck: Duck, engine: Engine, stage: Stage): Promise<void> {
  if (!stage.hasEvent) return;
  const known = new Set(engine.info.eventTypes.map(({ name }) => name));
  const names = await duck.rows(
    `SELECT e, min(rowid) FROM stage WHERE e <> '' GROUP BY e ORDER BY 2`,
  );
  for (const [name, row] of names) {
    if (known.has(String(name))) continue;
    const place = await stage.place(Number(row), 'event');
    throw unknownEvent(engine, String(name), placeText(place));
  }
}
