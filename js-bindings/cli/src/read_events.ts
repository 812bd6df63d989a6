// From what a person names on the command line to an event log: sources, roles, checks, numbers.
import { mergeMaps, type ColumnMap } from './column_map.js';
import type { Config } from './config.js';
import { type Duck } from './duck.js';
import { codeEvents, codeItems } from './event_codes.js';
import { readContexts } from './event_contexts.js';
import { markLabels } from './event_labels.js';
import { type EventLog, type RegionalLog } from './event_log.js';
import { checkIds, checkPropensities, stageEvents } from './event_stage.js';
import { readTimes } from './event_times.js';
import { type Source, openSources } from './input_source.js';
import { factsOfIds, readItems } from './read_items.js';

export interface ReadRequest {
  /** A file, a glob or an SQL query; absent: there are items only. */
  events?: string;
  /** Rows of an official test split. */
  test?: string;
  items?: string;
  /** Of the command line; wins over the configuration's. */
  map: ColumnMap;
  config: Config;
  note(text: string): void;
}

/** The whole log; a RegionalLog if a region column is mapped. */
export async function readEvents(
  duck: Duck,
  request: ReadRequest,
): Promise<EventLog | RegionalLog> {
  const { config, note } = request;
  const map = mergeMaps(config.map, request.map);
  const events = request.events === undefined ? [] : await openSources(duck, request.events);
  const test = request.test === undefined ? [] : await openSources(duck, request.test);
  const listing = request.items === undefined ? [] : await openSources(duck, request.items);
  const [first] = listing;
  if (first && !(await haveRows(duck, events))) {
    if (events.length > 0) note(`${events.map(({ name }) => name).join(', ')}: no rows`);
    const items = await readItems(duck, listing, map, note);
    return codeItems(duck, items, { config, note, file: first.name });
  }
  const stage = await stageEvents(duck, { events, test, map, note });
  await checkIds(duck, stage);
  await checkPropensities(duck, stage);
  const times = await readTimes(duck, stage);
  if (times.kind !== 'none') note(times.summary);
  await markLabels(duck, stage);
  const contexts = await readContexts(duck, stage);
  const items =
    listing.length > 0 ? await readItems(duck, listing, map, note) : factsOfIds(stage, map, note);
  return codeEvents(duck, stage, {
    config,
    times,
    note,
    ...(contexts && { contexts }),
    ...(items && { items }),
  });
}

/** A region that has just opened has an empty log. What cannot be read is refused where it is read. */
async function haveRows(duck: Duck, sources: readonly Source[]): Promise<boolean> {
  for (const { relation } of sources) {
    try {
      if ((await duck.rows(`SELECT 1 FROM ${relation} LIMIT 1`)).length > 0) return true;
    } catch {
      return true;
    }
  }
  return false;
}
