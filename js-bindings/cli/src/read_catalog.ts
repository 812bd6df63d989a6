// An items file without any event, as an event log of no rows: what a region has before anything happened.
import { abi } from 'reckon/abi';
import type { ColumnMap } from './column_map.js';
import type { Duck } from './duck.js';
import type { EventLog } from './event_log.js';
import { Refusal } from './failures.js';
import { openSources } from './input_source.js';
import { readFacts, readTexts } from './item_facts.js';
import { readItems } from './read_items.js';
import { StringTableBuilder, rowCount } from './string_table.js';
import { count } from './terminal.js';

const { RK_MAX_ITEMS } = abi.CONSTANTS;

export interface CatalogRequest {
  items: string;
  map: ColumnMap;
  note(text: string): void;
}

export async function readCatalog(
  duck: Duck,
  { items, map, note }: CatalogRequest,
): Promise<EventLog> {
  const facts = await readItems(duck, await openSources(duck, items), map, note);
  await duck.run(
    `CREATE TABLE items AS SELECT i, CAST(row_number() OVER (ORDER BY i) - 1 AS UINTEGER) AS k
     FROM catalog`,
  );
  const ids = await readTexts(duck, 'SELECT i FROM items ORDER BY k');
  if (rowCount(ids) >= RK_MAX_ITEMS) {
    const most = count(RK_MAX_ITEMS - 1);
    throw new Refusal({ file: items }, `${count(rowCount(ids))} items; at most ${most}`);
  }
  return {
    events: 0,
    userKind: 'sessions',
    timeKind: 'none',
    types: [{ name: 'click', weight: 1 }],
    user: new Uint32Array(0),
    item: new Uint32Array(0),
    label: new Uint32Array(0),
    users: new StringTableBuilder().build(),
    items: ids,
    ...(await readFacts(duck, facts)),
  };
}
