// reckon.config.json: how to read the data and how to train, kept beside the data.
//
//   { "map":    { "session": "basket", "item": "sku", "label.like": "rating >= 4" },
//     "events": { "buy": { "weight": 3, "value": 1.5 }, "see_less": { "weight": -1 } },
//     "base":   "click",
//     "train":  { "minItemEvents": 5, "dim": 64 },
//     "expert": { "related": 5, "boost": 1 } }
import { readFile } from 'node:fs/promises';
import { type ColumnMap, EMPTY_MAP, mapFromConfig } from './column_map.js';
import { Refusal, quote, reasonOf } from './failures.js';

export interface Config {
  readonly map: ColumnMap;
  readonly weights: ReadonlyMap<string, number>;
  /** The event type of rows without an event column; null: rows carry their labels only. */
  readonly base: string | null;
  /** For the trainer, its own names: min_item_events. */
  readonly settings: readonly TrainerSetting[];
}

export interface TrainerSetting {
  readonly name: string;
  readonly value: string;
  /** Where a person wrote it. */
  readonly origin: string;
}

export const DEFAULT_BASE = 'click';
export const DEFAULT_CONFIG: Config = {
  map: EMPTY_MAP,
  weights: new Map(),
  base: DEFAULT_BASE,
  settings: [],
};

const KEYS = ['map', 'events', 'base', 'train', 'expert'];
const MOST_WEIGHT = 2 ** 20;
const MOST_DECIMALS = 6;

type Entries = [string, unknown][];

export async function readConfig(path: string): Promise<Config> {
  let text;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new Refusal({ file: path }, reasonOf(cause));
  }
  return parseConfig(text, path);
}

export function parseConfig(text: string, path: string): Config {
  const refuse = (problem: string): Refusal => new Refusal({ file: path }, problem);
  let document: unknown;
  try {
    document = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw refuse(`not JSON: ${reasonOf(cause)}`);
  }
  const entriesOf = (value: unknown, what: string): Entries => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return Object.entries(value);
    }
    throw refuse(`${what} must be an object`);
  };
  const parts = new Map(entriesOf(document, 'the configuration'));
  for (const key of parts.keys()) {
    if (!KEYS.includes(key))
      throw refuse(`unknown key ${quote(key)}; known are ${KEYS.join(', ')}`);
  }
  const events = eventConfigs(entriesOf(parts.get('events') ?? {}, '"events"'), entriesOf, refuse);
  return {
    map: mapFromConfig(textEntries(entriesOf(parts.get('map') ?? {}, '"map"'), refuse), (problem) =>
      refuse(`map: ${problem}`),
    ),
    weights: new Map(
      events.flatMap(({ name, weight }) => (weight === undefined ? [] : [[name, weight]])),
    ),
    base: baseType(parts.get('base'), refuse),
    settings: [
      ...trainerSettings(entriesOf(parts.get('train') ?? {}, '"train"'), path, refuse),
      ...valueSettings(events, path),
      ...expertSettings(entriesOf(parts.get('expert') ?? {}, '"expert"'), path, refuse),
    ],
  };
}

function textEntries(entries: Entries, refuse: (problem: string) => Refusal): [string, string][] {
  return entries.map(([key, value]) => {
    if (typeof value !== 'string') throw refuse(`map.${key} must be a string: a column`);
    return [key, value];
  });
}

interface EventConfig {
  name: string;
  /** What one event counts in learning. */
  weight?: number;
  /** What the probability of the event counts in the value model. */
  value?: number;
}

const EVENT_KEYS = ['weight', 'value'] as const;

function eventConfigs(
  entries: Entries,
  entriesOf: (value: unknown, what: string) => Entries,
  refuse: (problem: string) => Refusal,
): EventConfig[] {
  return entries.map(([name, given]) => {
    const settings = entriesOf(given, `events.${name}`);
    const config: EventConfig = { name };
    for (const [key, number] of settings) {
      const known = EVENT_KEYS.find((known) => known === key);
      if (!known)
        throw refuse(`events.${name}.${key} is not known; known are ${EVENT_KEYS.join(', ')}`);
      if (typeof number !== 'number' || !(Math.abs(number) <= MOST_WEIGHT)) {
        throw refuse(
          `events.${name}.${key} must be a number from -${MOST_WEIGHT} to ${MOST_WEIGHT}`,
        );
      }
      if (number !== 0 && Number(number.toFixed(MOST_DECIMALS)) === 0)
        throw refuse(`events.${name}.${key} is too small: at most ${MOST_DECIMALS} decimals count`);
      config[known] = number;
    }
    if (settings.length > 0) return config;
    throw refuse(`events.${name} says nothing; known are ${EVENT_KEYS.join(', ')}`);
  });
}

/** The trainer's name of it: "see_less_value". It takes plain decimals. */
const valueSettings = (events: readonly EventConfig[], path: string): TrainerSetting[] =>
  events.flatMap(({ name, value }) =>
    value === undefined
      ? []
      : [
          {
            name: `${name}_value`,
            value: value.toFixed(MOST_DECIMALS),
            origin: `${path}: events.${name}.value`,
          },
        ],
  );

const EXPERT_KEYS = ['related', 'boost'];

/** How many events a related pair, and a unit of boost, of the items file count as. */
function expertSettings(
  entries: Entries,
  path: string,
  refuse: (problem: string) => Refusal,
): TrainerSetting[] {
  return entries.map(([key, value]) => {
    if (!EXPERT_KEYS.includes(key))
      throw refuse(`expert.${key} is not known; known are ${EXPERT_KEYS.join(', ')}`);
    if (typeof value !== 'number' || !(value >= 0 && value <= MOST_WEIGHT))
      throw refuse(`expert.${key} must be a number from 0 to ${MOST_WEIGHT}`);
    const name = `expert_${key}`;
    return { name, value: value.toFixed(MOST_DECIMALS), origin: `${path}: expert.${key}` };
  });
}

function baseType(base: unknown, refuse: (problem: string) => Refusal): string | null {
  if (base === undefined) return DEFAULT_BASE;
  if (base === null || (typeof base === 'string' && base !== '')) return base;
  throw refuse('base must be the name of an event type, or null');
}

/** Which settings there are is the trainer's to say; here they only get its spelling. */
function trainerSettings(
  entries: Entries,
  path: string,
  refuse: (problem: string) => Refusal,
): TrainerSetting[] {
  return entries.map(([key, value]) => {
    if (!/^[a-z][a-zA-Z\d]*$/.test(key)) throw refuse(`train.${key} is no setting's name`);
    if (typeof value !== 'number') {
      throw refuse(`train.${key} must be a number; it is ${quote(value)}`);
    }
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return { name, value: String(value), origin: `${path}: train.${key}` };
  });
}
