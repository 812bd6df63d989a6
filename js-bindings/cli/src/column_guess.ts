// Which role a column plays, guessed from its name. Names are compared in lower case without
// separators, so that `user_id`, `userId` and `UserID` are one. Within a role earlier names win: a
// log with a basket and a user is a log of baskets, and a timestamp beats a position.
import type { Role } from './column_map.js';
import { type Column, type Source } from './input_source.js';

export const NAMES: Record<Role, readonly string[]> = {
  session: [
    ...withIds('session', 'basket', 'cart', 'visit', 'order', 'invoice', 'transaction', 'playlist'),
    ...['basketno', 'orderno', 'invoiceno', 'transactionno', 'sessionkey', 'receipt', 'receiptid'],
  ].filter((name) => name !== 'order'), // `order` by itself is as often a position
  user: [
    ...withIds('user', 'visitor', 'customer', 'member', 'client', 'account', 'person', 'reviewer'),
    ...withIds('buyer', 'device', 'reader', 'listener'),
    'uid',
  ],
  item: [
    ...withIds('item', 'product', 'movie', 'film', 'article', 'track', 'song', 'book', 'video'),
    ...withIds(
      'venue',
      'poi',
      'business',
      'content',
      'artist',
      'game',
      'recipe',
      'news',
      'listing',
    ),
    ...['sku', 'asin', 'isbn', 'iid', 'stockcode', 'parentasin'],
  ],
  event: [
    ...['event', 'eventtype', 'eventname', 'type', 'action', 'actiontype', 'behavior', 'behaviour'],
    ...['behaviortype', 'behaviourtype', 'interaction', 'interactiontype'],
  ],
  time: [
    ...['timestamp', 'timestampms', 'timestamps', 'time', 'timems', 'ts', 'tsms', 'eventtime'],
    ...['eventtimestamp', 'unixtime', 'datetime', 'createdat', 'date', 'eventdate', 'reviewtime'],
    ...['unixreviewtime', 'invoicedate', 'orderdate', 'pos', 'position', 'seq', 'sequence', 'step'],
  ],
  region: ['region'],
  // Never guessed: it changes what a row means, an impression and not an event.
  propensity: [],
  title: ['title', 'name', 'itemtitle', 'itemname', 'productname', 'movietitle'],
  lat: ['lat', 'latitude'],
  lon: ['lon', 'lng', 'long', 'longitude'],
  related: ['related', 'relateditems', 'relateditem', 'relatedids', 'goeswith'],
  boost: ['boost', 'itemboost'],
};

function withIds(...words: string[]): string[] {
  return words.flatMap((word) => [word, `${word}id`]);
}

export const normalized = (name: string): string =>
  name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

export function guessColumn(
  source: Source,
  role: Role,
  taken: ReadonlySet<Column>,
  moreNames: readonly string[] = [],
): Column | undefined {
  for (const wanted of [...NAMES[role], ...moreNames]) {
    const column = source.columns.find(
      (column) => !taken.has(column) && normalized(column.name) === wanted,
    );
    if (column) return column;
  }
  return undefined;
}

/** Whether a column so named holds sessions (baskets, orders), not people. */
export const isSessionName = (name: string): boolean => NAMES.session.includes(normalized(name));
