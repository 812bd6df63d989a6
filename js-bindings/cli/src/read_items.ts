// The items file: ids, titles, places, attributes. Items without events are items too.
import { abi } from 'reckon/abi';
import { finiteSql, guessKinds } from './attribute_guess.js';
import type { AttributeKind, ColumnMap } from './column_map.js';
import { type Duck } from './duck.js';
import { MOST_ID_BYTES, type Stage } from './event_stage.js';
import { Refusal, quote } from './failures.js';
import { type Column, type Source, columnSql, textSql } from './input_source.js';
import {
  type AttributeColumn,
  type ItemColumns,
  attributesOfIds,
  itemColumns,
} from './item_columns.js';
import type { AttributeValues, ItemFacts } from './item_facts.js';
import { count } from './terminal.js';

const { RK_MAX_ATTRIBUTES } = abi.CONSTANTS;
const MOST_BOOST = 2 ** 20;

interface ItemsPart extends ItemColumns {
  readonly source: Source;
}

/** An attribute over all items files: each may have its column elsewhere, or not at all. */
interface Attribute extends AttributeColumn {
  readonly name: string;
  /** The column of tables `listing` and `catalog`. */
  readonly sql: string;
}

/**
 * Creates table `catalog` (i, title, lat, lon, a0, a1, …): one row an item; where the file repeats one,
 * the first of its values counts.
 */
export async function readItems(
  duck: Duck,
  sources: readonly Source[],
  map: ColumnMap,
  note: (text: string) => void,
): Promise<ItemFacts> {
  const parts = sources.map((source) => ({ source, ...itemColumns(source, map) }));
  const attributes = commonAttributes(parts);
  const columns = attributes.filter(({ from }) => from !== 'id');
  const texts = columns.map(({ sql }) => `, ${sql} VARCHAR`).join('');
  await duck.run(
    `CREATE TABLE listing (i VARCHAR, title VARCHAR, lat DOUBLE, lon DOUBLE, related VARCHAR,
       boost VARCHAR${texts})`,
  );
  for (const part of parts) {
    note(partSummary(part));
    await appendItems(duck, part, columns);
  }
  const values = ['title', 'lat', 'lon', 'related', 'boost', ...columns.map(({ sql }) => sql)];
  await duck.run(
    `CREATE TABLE catalog AS
     SELECT i, ${values.map((sql) => `arg_min(${sql}, rowid) AS ${sql}`).join(', ')}
     FROM listing GROUP BY i`,
  );
  const [repeated, all, placed] = await duck.numbers(
    `SELECT (SELECT count(*) FROM listing) - (SELECT count(*) FROM catalog), count(*), count(lat)
     FROM catalog`,
  );
  if (repeated) note(`${count(repeated)} rows of the items file repeat an item; the first counts`);
  await duck.run('DROP TABLE listing');
  const hasPlaces = parts.some(({ place }) => place !== undefined);
  if (hasPlaces) notePlaces(all ?? 0, placed ?? 0, note);
  return {
    isListed: true,
    hasTitles: parts.some(({ title }) => title !== undefined),
    hasPlaces: hasPlaces && (placed ?? 0) > 0,
    hasRelated: parts.some(({ related }) => related !== undefined),
    hasBoosts: parts.some(({ boost }) => boost !== undefined),
    attributes: await decideKinds(duck, parts, attributes, note),
  };
}

/** What ids alone say of items, without an items file; undefined: nothing. */
export function factsOfIds(
  stage: Stage,
  map: ColumnMap,
  note: (text: string) => void,
): ItemFacts | undefined {
  const attributes = [...attributesOfIds(map, stage.name, stage.itemColumn)].map(
    ([name, { kind = 'text' }]) => ({ name, kind, sql: 'items.i' }),
  );
  if (attributes.length === 0) return undefined;
  refuseMany(stage.name, attributes.length);
  note(`attributes: ${attributes.map(({ name, kind }) => `${name}=${kind}`).join(', ')}`);
  const nothing = { hasTitles: false, hasPlaces: false, hasRelated: false, hasBoosts: false };
  return { isListed: false, ...nothing, attributes };
}

function partSummary({ source, item, title, place, related, boost }: ItemsPart): string {
  const titles = title ? `, title=${title.name}` : ', no titles';
  const places = place ? `, lat=${place.lat.name}, lon=${place.lon.name}` : '';
  const experts = Object.entries({ related, boost })
    .flatMap(([role, column]) => (column ? [`, ${role}=${column.name}`] : []))
    .join('');
  return `${source.name}: item=${item.name}${titles}${places}${experts}`;
}

function notePlaces(all: number, placed: number, note: (text: string) => void): void {
  if (placed < all) {
    const without = `${count(all - placed)} of ${count(all)} items have no place`;
    note(`${without} (a coordinate is missing, or outside ±90 and ±180)`);
  }
}

// ---- loading -------------------------------------------------------------------------------------

function commonAttributes(parts: readonly ItemsPart[]): Attribute[] {
  const attributes = new Map<string, Attribute>();
  for (const part of parts) {
    for (const [name, column] of part.attributes) {
      if (attributes.has(name)) continue;
      attributes.set(name, { ...column, name, sql: `a${attributes.size}` });
    }
  }
  return [...attributes.values()];
}

async function appendItems(
  duck: Duck,
  part: ItemsPart,
  attributes: readonly Attribute[],
): Promise<void> {
  const { source, item, title } = part;
  const [before] = await duck.numbers('SELECT count(*) FROM listing');
  const texts = attributes.map(({ name }) => attributeSql(part.attributes.get(name)));
  const values = [
    textSql(item),
    title ? textSql(title) : 'NULL',
    ...placeSql(part),
    part.related ? listSql(part.related) : 'NULL',
    part.boost ? textSql(part.boost) : 'NULL',
    ...texts,
  ];
  try {
    await duck.run(`INSERT INTO listing SELECT ${values.join(', ')} FROM ${source.relation}`);
  } catch (cause) {
    throw await source.refusal(cause);
  }
  await checkItems(duck, part, before ?? 0);
  await checkBoosts(duck, part, before ?? 0);
  for (const { name, sql } of attributes) {
    const column = part.attributes.get(name);
    if (!column || column.from === 'id' || !column.isMapped || column.kind !== 'number') continue;
    const [bad] = await duck.numbers(
      `SELECT min(rowid) FROM listing
       WHERE rowid >= ${before} AND ${sql} <> '' AND ${finiteSql(sql)} IS NULL`,
    );
    if (typeof bad !== 'number') continue;
    const [[text] = []] = await duck.rows(`SELECT ${sql}[:80] FROM listing WHERE rowid = ${bad}`);
    const place = await source.place(bad - (before ?? 0) + 1);
    throw new Refusal({ ...place, column: column.from.name }, `${quote(text)} is not a number`);
  }
}

function attributeSql(attribute: AttributeColumn | undefined): string {
  if (!attribute || attribute.from === 'id') return 'NULL';
  return listSql(attribute.from);
}

/** A list as text with `|` between its values; all else as it is. */
const listSql = (column: Column): string =>
  column.type.endsWith('[]')
    ? `array_to_string(CAST(${columnSql(column)} AS VARCHAR[]), '|')`
    : textSql(column);

async function checkBoosts(
  duck: Duck,
  { source, boost }: ItemsPart,
  before: number,
): Promise<void> {
  if (!boost) return;
  await duck.run(`UPDATE listing SET boost = NULL WHERE rowid >= ${before} AND trim(boost) = ''`);
  const [bad] = await duck.numbers(
    `SELECT min(rowid) FROM listing WHERE rowid >= ${before} AND boost IS NOT NULL
       AND NOT coalesce(${finiteSql('boost')} BETWEEN 0 AND ${MOST_BOOST}, false)`,
  );
  if (typeof bad !== 'number') return;
  const [[text] = []] = await duck.rows(`SELECT boost[:80] FROM listing WHERE rowid = ${bad}`);
  throw new Refusal(
    { ...(await source.place(bad - before + 1)), column: boost.name },
    `${quote(text)} is no boost: a number from 0 to ${MOST_BOOST}`,
  );
}

/** Latitude and longitude, both NULL unless both are possible. */
function placeSql({ place }: ItemsPart): string[] {
  if (!place) return ['NULL', 'NULL'];
  const [lat, lon] = [place.lat, place.lon].map((column) => finiteSql(textSql(column)));
  const isPossible = `${lat} BETWEEN -90 AND 90 AND ${lon} BETWEEN -180 AND 180`;
  return [lat, lon].map((value) => `CASE WHEN ${isPossible} THEN ${value} END`);
}

async function checkItems(duck: Duck, { source, item }: ItemsPart, before: number): Promise<void> {
  const [bad, isLong] = await duck.numbers(
    `SELECT rowid, strlen(i) > 0 FROM listing
     WHERE rowid >= ${before} AND (i IS NULL OR strlen(i) NOT BETWEEN 1 AND ${MOST_ID_BYTES})
     ORDER BY rowid LIMIT 1`,
  );
  if (bad === undefined || bad === null) return;
  const place = { ...(await source.place(bad - before + 1)), column: item.name };
  const [[id] = []] = await duck.rows(`SELECT i[:80] FROM listing WHERE rowid = ${bad}`);
  throw new Refusal(
    place,
    isLong ? `${quote(id)} has more than ${MOST_ID_BYTES} bytes` : 'the item is missing',
  );
}

// ---- kinds ---------------------------------------------------------------------------------------

/** Says what was decided, and what is not used. */
async function decideKinds(
  duck: Duck,
  parts: readonly ItemsPart[],
  attributes: readonly Attribute[],
  note: (text: string) => void,
): Promise<AttributeValues[]> {
  const open = attributes.filter(({ kind }) => kind === undefined);
  const guesses = await guessKinds(duck, 'catalog', open);
  const decided: { attribute: Attribute; kind: AttributeKind }[] = [];
  const unused = parts.flatMap((part) => part.unused);
  for (const attribute of attributes) {
    // Whoever maps a column wants it, whatever its values look like.
    const guess = attribute.kind ?? guesses[open.indexOf(attribute)];
    const kind = guess ?? (attribute.isMapped ? 'category' : undefined);
    if (kind === undefined) unused.push(attribute.name);
    else decided.push({ attribute, kind });
  }
  const [first] = parts;
  refuseMany(first?.source.name ?? '', decided.length);
  const said = decided.map(({ attribute: { name }, kind }) => `${name}=${kind}`);
  const isGuess = decided.some(({ attribute }) => !attribute.isMapped);
  const attributesText = said.length > 0 ? said.join(', ') : 'none';
  const rest = unused.length > 0 ? `; not used: ${unused.join(', ')}` : '';
  if (said.length + unused.length > 0) {
    note(`attributes of items: ${attributesText}${isGuess ? ' (guessed)' : ''}${rest}`);
  }
  return decided.map(({ attribute: { name, sql, from }, kind }) => ({
    name,
    kind,
    sql: from === 'id' ? 'items.i' : `catalog.${sql}`,
  }));
}

function refuseMany(file: string, attributes: number): void {
  if (attributes <= RK_MAX_ATTRIBUTES) return;
  throw new Refusal(
    { file },
    `${attributes} attributes; at most ${RK_MAX_ATTRIBUTES} (--map attr.NAME= leaves one out, and so ` +
      'does an SQL query instead of the file)',
  );
}
