// What a person says of new items -> the snapshot's own numbers. What the snapshot does not know it cannot compare, so
// it is left out and reported; what is no item at all is refused, and then nothing is added.
import { RequestError, quote } from './errors.js';
import { NONE } from './native.js';
import {
  type NativeNewItem,
  RK_MAX_NEW_ITEMS,
  RK_MAX_NUMBER,
  RK_MAX_RELATED,
  RK_NO_NUMBER,
  RK_NO_PLACE,
} from './native_items.js';
import { badArgument, checkedLocation, checkedObject, checkedTime, isList } from './session.js';
import type { AddedItems, EngineInfo, NewItem } from './types.js';

/** What new items are compared with: the snapshot, without those added before. */
export interface ItemsHost {
  readonly info: EngineInfo;
  findItem(item: string): number;
  findValue(attribute: number, value: string): number;
}

type Ignored = AddedItems['ignored'][number];

const MOST_TEXT = 65535; // bytes of an id or a title, as in a file
const MINUTE = 60_000;
const MOST_MINUTES = 2 ** 32 - 1;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Those added before and these, in the order of their ids. */
export function resolveItems(
  items: Iterable<NewItem>,
  before: readonly NativeNewItem[],
  host: ItemsHost,
): { all: NativeNewItem[]; ignored: Ignored[] } {
  if (!isList(items)) throw badArgument('items', items, 'a list of items');
  const resolver = new Resolver(host);
  const ids = new Set(before.map(({ id }) => decoder.decode(id)));
  const added: NativeNewItem[] = [];
  for (const item of items) {
    const at = `items[${added.length}]`;
    const { item: id } = checkedObject(at, item);
    const resolved = resolver.resolve(item, at);
    if (ids.has(id) || host.findItem(id) !== NONE) {
      throw badArgument(`${at}.item`, id, 'an item that the engine does not have');
    }
    ids.add(id);
    added.push(resolved);
    if (ids.size > RK_MAX_NEW_ITEMS) {
      const most = RK_MAX_NEW_ITEMS.toLocaleString('en');
      throw new RequestError('TOO_LARGE', `more than ${most} new items`, 'items');
    }
  }
  const all = [...before, ...added].sort((a, b) => compareBytes(a.id, b.id));
  return { all, ignored: resolver.ignored };
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

class Resolver {
  readonly ignored: Ignored[] = [];
  readonly #host: ItemsHost;

  constructor(host: ItemsHost) {
    this.#host = host;
  }

  resolve(given: NewItem, at: string): NativeNewItem {
    const { item, title, attributes, related, boost, location, born } = given;
    const id = textBytes(`${at}.item`, item);
    if (id.length === 0) throw badArgument(`${at}.item`, item, 'an id');
    const ignore = (argument: string, value: string, reason: string): void => {
      this.ignored.push({ item, argument, value, reason });
    };
    return {
      id,
      title: title === undefined ? new Uint8Array() : textBytes(`${at}.title`, title),
      ...this.#attributes(attributes, `${at}.attributes`, ignore),
      related: this.#related(related, `${at}.related`, ignore),
      boost: checkedBoost(`${at}.boost`, boost),
      place: this.#place(location, `${at}.location`, ignore),
      born: this.#born(born, `${at}.born`, ignore),
    };
  }

  #attributes(
    given: NewItem['attributes'],
    at: string,
    ignore: Ignore,
  ): Pick<NativeNewItem, 'values' | 'numbers'> {
    const { attributes } = this.#host.info;
    const known = attributes.filter(({ kind }) => kind === 'number');
    const numbers = known.map(() => RK_NO_NUMBER as number);
    const values = new Set<number>();
    for (const [name, value] of Object.entries(
      given === undefined ? {} : checkedObject(at, given),
    )) {
      const attribute = attributes.findIndex((attribute) => attribute.name === name);
      const kind = attributes[attribute]?.kind;
      const here = `${at}.${name}`;
      if (kind === undefined) {
        const names = attributes.map((attribute) => quote(attribute.name)).join(', ') || 'none';
        throw badArgument(here, value, `of an attribute that the snapshot has: ${names}`);
      }
      if (value === undefined) continue;
      if (kind === 'number') {
        numbers[known.findIndex((number) => number.name === name)] = checkedNumber(here, value);
        continue;
      }
      if (kind === 'text') {
        ignore(`attributes.${name}`, '', 'a snapshot does not keep texts');
        continue;
      }
      for (const text of checkedValues(here, value, kind)) {
        const found = this.#host.findValue(attribute, text);
        if (found !== NONE) values.add(found);
        else ignore(`attributes.${name}`, text, 'no item of the snapshot has this value');
      }
    }
    return { values: [...values].sort((a, b) => a - b), numbers };
  }

  #related(given: NewItem['related'], at: string, ignore: Ignore): number[] {
    if (given === undefined) return [];
    if (!isList(given)) throw badArgument(at, given, 'a list of items');
    const related = new Set<number>();
    for (const item of given) {
      if (typeof item !== 'string') throw badArgument(at, item, 'a list of strings');
      const found = this.#host.findItem(item);
      if (found === NONE) ignore('related', item, 'the snapshot has no such item');
      else related.add(found);
    }
    if (related.size > RK_MAX_RELATED) {
      throw badArgument(at, related.size, `at most ${RK_MAX_RELATED} items`);
    }
    return [...related];
  }

  #place(given: NewItem['location'], at: string, ignore: Ignore): [number, number] {
    const location = checkedLocation(given, at);
    if (location === undefined) return [RK_NO_PLACE, RK_NO_PLACE];
    if (this.#host.info.places > 0) return [location.latitude, location.longitude];
    ignore('location', '', 'the items of the snapshot have no places');
    return [RK_NO_PLACE, RK_NO_PLACE];
  }

  #born(given: NewItem['born'], at: string, ignore: Ignore): number {
    if (given === undefined) return 0;
    const minutes = Math.floor(checkedTime(given, at) / MINUTE);
    if (minutes < 1 || minutes > MOST_MINUTES) throw badArgument(at, given, 'a time after 1970');
    if (this.#host.info.timeKind === 'unix-ms') return minutes;
    ignore('born', '', 'the items of the snapshot have no ages');
    return 0;
  }
}

type Ignore = (argument: string, value: string, reason: string) => void;

function textBytes(what: string, text: unknown): Uint8Array {
  if (typeof text !== 'string') throw badArgument(what, text, 'a string');
  const bytes = encoder.encode(text);
  if (bytes.length > MOST_TEXT) throw badArgument(what, text, 'at most 65,535 bytes');
  // Half a surrogate pair has no UTF-8, and two of them would be one id.
  if (decoder.decode(bytes) !== text) throw badArgument(what, text, 'well-formed text');
  return bytes;
}

function checkedBoost(what: string, boost: unknown): number {
  if (boost === undefined) return 0;
  if (typeof boost === 'number' && boost >= 0 && boost <= 1e6) return boost;
  throw badArgument(what, boost, 'a number from 0 to 1,000,000');
}

function checkedNumber(what: string, value: unknown): number {
  if (typeof value === 'number' && Math.abs(value) <= RK_MAX_NUMBER) return value;
  throw badArgument(what, value, 'a number');
}

function checkedValues(what: string, value: unknown, kind: 'category' | 'tags'): string[] {
  if (kind === 'category') {
    if (typeof value === 'string') return value === '' ? [] : [value];
    throw badArgument(what, value, 'a string: it is a category');
  }
  if (Array.isArray(value) && value.every((tag) => typeof tag === 'string')) return value;
  throw badArgument(what, value, 'a list of strings: they are tags');
}
