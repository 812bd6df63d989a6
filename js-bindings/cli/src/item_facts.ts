// From the items that occur and the table `catalog` to columns by item: titles, places, attributes.
import { abi } from 'reckon/abi';
import { finiteSql } from './attribute_guess.js';
import type { AttributeKind } from './column_map.js';
import { type Duck } from './duck.js';
import type { EventLog, RelatedItems } from './event_log.js';
import { quote } from './failures.js';
import { type StringTable, StringTableBuilder } from './string_table.js';
import { count } from './terminal.js';

const { RK_NO_PLACE, RK_MAX_NUMBER_BYTES } = abi.CONSTANTS;

export interface AttributeValues {
  readonly name: string;
  readonly kind: AttributeKind;
  /** Over tables `items` (i) and, if it exists, `catalog`: text or NULL. */
  readonly sql: string;
}

/** What is known of items beside their events. */
export interface ItemFacts {
  /** Table `catalog` exists. */
  readonly isListed: boolean;
  readonly hasTitles: boolean;
  readonly hasPlaces: boolean;
  /** Column `related` of the catalog is filled: ids with `|` between them. */
  readonly hasRelated: boolean;
  /** Column `boost` of the catalog is filled: numbers that were checked, as text. */
  readonly hasBoosts: boolean;
  readonly attributes: readonly AttributeValues[];
}

/** Table `items` (i, k) numbers all items. */
export async function readFacts(
  duck: Duck,
  facts: ItemFacts,
  note: (text: string) => void,
): Promise<Pick<EventLog, 'titles' | 'listed' | 'places' | 'related' | 'boosts' | 'attributes'>> {
  const { isListed, hasTitles, hasPlaces, hasRelated, hasBoosts, attributes } = facts;
  const from = `FROM items ${isListed ? 'LEFT JOIN catalog USING (i)' : ''} ORDER BY k`;
  const list = attributes.map(({ name, kind }) => ({ name, kind }));
  const values = attributes.map(({ kind, sql }) => (kind === 'number' ? numberSql(sql) : sql));
  return {
    ...(isListed && { listed: await readListed(duck, from) }),
    ...(hasTitles && { titles: await readTexts(duck, `SELECT title ${from}`) }),
    ...(hasPlaces && { places: await readPlaces(duck, from) }),
    ...(hasRelated && { related: await readRelated(duck, note) }),
    ...(hasBoosts && { boosts: await readBoosts(duck, from) }),
    ...(values.length > 0 && {
      attributes: { list, values: await readTexts(duck, `SELECT ${values.join(', ')} ${from}`) },
    }),
  };
}

/** All values of all rows, one after the other; NULL is empty. */
export async function readTexts(duck: Duck, query: string): Promise<StringTable> {
  const builder = new StringTableBuilder();
  await duck.forEach(query, (row) => {
    for (const text of row) builder.add(text === null ? '' : String(text));
  });
  return builder.build();
}

async function readListed(duck: Duck, from: string): Promise<Uint8Array> {
  const listed: number[] = [];
  await duck.forEachNumbers(`SELECT catalog.i IS NOT NULL ${from}`, ([isListed]) => {
    listed.push(isListed ?? 0);
  });
  return Uint8Array.from(listed);
}

async function readPlaces(duck: Duck, from: string): Promise<Float32Array> {
  const places: number[] = [];
  const query = `SELECT coalesce(lat, ${RK_NO_PLACE}), coalesce(lon, ${RK_NO_PLACE}) ${from}`;
  await duck.forEachNumbers(query, ([lat, lon]) => {
    places.push(lat ?? RK_NO_PLACE, lon ?? RK_NO_PLACE);
  });
  return Float32Array.from(places);
}

async function readBoosts(duck: Duck, from: string): Promise<Float32Array> {
  const boosts: number[] = [];
  await duck.forEachNumbers(`SELECT coalesce(CAST(boost AS DOUBLE), 0) ${from}`, ([boost]) => {
    boosts.push(boost ?? 0);
  });
  return Float32Array.from(boosts);
}

/** Ids that are no items are left out and counted: a list often outlives an item. */
async function readRelated(duck: Duck, note: (text: string) => void): Promise<RelatedItems> {
  await duck.run(
    `CREATE TABLE related AS
     SELECT DISTINCT named.k AS k, id, items.k AS other FROM (
       SELECT items.k AS k, trim(unnest(string_split(related, '|'))) AS id
       FROM catalog JOIN items USING (i)
     ) AS named LEFT JOIN items ON items.i = named.id WHERE id <> ''`,
  );
  const [unknown] = await duck.numbers('SELECT count(*) FROM related WHERE other IS NULL');
  if (unknown) {
    const [[id] = []] = await duck.rows(
      'SELECT id[:80] FROM related WHERE other IS NULL ORDER BY k, id LIMIT 1',
    );
    note(`${count(unknown)} related ids are no items and left out, the first is ${quote(id)}`);
  }
  const [items] = await duck.numbers('SELECT count(*) FROM items');
  const begin = new Uint32Array((items ?? 0) + 1);
  const item: number[] = [];
  await duck.forEachNumbers(
    'SELECT k, other FROM related WHERE other <> k ORDER BY k, other',
    ([k, other]) => {
      begin[(k ?? 0) + 1] = item.push(other ?? 0);
    },
  );
  for (let k = 1; k < begin.length; k++) begin[k] = Math.max(begin[k] ?? 0, begin[k - 1] ?? 0);
  await duck.run('DROP TABLE related');
  return { begin, item: Uint32Array.from(item) };
}

/** A number as the format spells it; as the file has it, where that is the same. */
function numberSql(text: string): string {
  const asItIs = `regexp_full_match(${text}, '-?[0-9]+(\\.[0-9]+)?(e-?[0-9]+)?')`;
  const number = finiteSql(text);
  return `CASE WHEN ${number} IS NULL THEN NULL
    WHEN strlen(${text}) <= ${RK_MAX_NUMBER_BYTES} AND ${asItIs} THEN ${text}
    ELSE replace(CAST(${number} AS VARCHAR), 'e+', 'e') END`;
}
