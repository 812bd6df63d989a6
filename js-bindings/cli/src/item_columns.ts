// The columns of an items file: the item and, where they are, title, latitude and longitude, and what experts say
// (related items, a boost); every other column may be an attribute. What it is (category, tags, …) the values say: attribute_guess.ts.
import { guessColumn } from './column_guess.js';
import type { AttributeKind, ColumnMap, MappedAttribute, Role } from './column_map.js';
import { Refusal, quote } from './failures.js';
import { type Column, type Source, findColumn, requireColumn } from './input_source.js';

export interface ItemColumns {
  readonly item: Column;
  readonly title?: Column;
  readonly place?: { readonly lat: Column; readonly lon: Column };
  readonly related?: Column;
  readonly boost?: Column;
  /** Attributes by name, mapped ones last. */
  readonly attributes: ReadonlyMap<string, AttributeColumn>;
  /** Names of columns that cannot be attributes: two have the name, it is empty, half a place. */
  readonly unused: readonly string[];
}

export interface AttributeColumn {
  /** 'id': the item's id, also of items the file does not list. */
  readonly from: Column | 'id';
  readonly isMapped: boolean;
  /** As mapped, or what the column's role or type says; absent: the values decide. */
  readonly kind?: AttributeKind;
}

export function itemColumns(source: Source, map: ColumnMap): ItemColumns {
  const item = itemColumn(source, map);
  const title = titleColumn(source, map, item);
  const taken = new Set([item, ...(title ? [title] : [])]);
  const place = placeColumns(source, map, taken);
  if (place) taken.add(place.lat).add(place.lon);
  // By itself, or switched off, a coordinate is still none of an item's attributes.
  const coordinates = place
    ? []
    : [guessColumn(source, 'lat', taken), guessColumn(source, 'lon', taken)];
  const region = regionColumn(source, map, taken);
  const [related, boost] = (['related', 'boost'] as const).map((role) =>
    expertColumn(source, role, map, taken),
  );
  const mapped = mappedAttributes(source, map, item);
  const attributes = new Map<string, AttributeColumn>();
  const unused: string[] = [];
  const settled = new Set([...map.attributes.keys()].map((name) => name.toLowerCase()));
  const isUsed = (column: Column): boolean =>
    [item, place?.lat, place?.lon, region, related, boost].includes(column) ||
    [...mapped.values()].some(({ from }) => from === column) ||
    settled.has(column.name.toLowerCase());
  for (const column of source.columns) {
    if (isUsed(column)) continue;
    const isAmbiguous = source.columns.some(
      (other) => other !== column && other.name === column.name,
    );
    if (isAmbiguous || column.name === '' || coordinates.includes(column)) unused.push(column.name);
    else attributes.set(column.name, { from: column, isMapped: false, ...kindOf(column, title) });
  }
  for (const [name, attribute] of mapped) attributes.set(name, attribute);
  return {
    item,
    ...(title && { title }),
    ...(place && { place }),
    ...(related && { related }),
    ...(boost && { boost }),
    attributes,
    unused,
  };
}

/** An empty name in the map makes it a column like any other. */
function expertColumn(
  source: Source,
  role: 'related' | 'boost',
  map: ColumnMap,
  taken: ReadonlySet<Column>,
): Column | undefined {
  const mapped = map.columns.get(role);
  if (mapped === undefined) return guessColumn(source, role, taken);
  return mapped === '' ? undefined : requireColumn(source, mapped, `--map ${role}=`);
}

function kindOf(column: Column, title: Column | undefined): { kind?: AttributeKind } {
  if (column === title) return { kind: 'text' };
  return column.type.endsWith('[]') ? { kind: 'tags' } : {};
}

/** The name mapped for the events file serves here too, if the items file has it. */
function itemColumn(source: Source, map: ColumnMap): Column {
  const mapped = map.columns.get('item');
  const column =
    (mapped ? findColumn(source, mapped) : undefined) ??
    guessColumn(source, 'item', new Set(), ['id']);
  return column ?? requireColumn(source, mapped ?? 'item', '--map item=');
}

function titleColumn(source: Source, map: ColumnMap, item: Column): Column | undefined {
  const mapped = map.columns.get('title');
  if (mapped === undefined) return guessColumn(source, 'title', new Set([item]));
  return mapped === '' ? undefined : requireColumn(source, mapped, '--map title=');
}

/** Both or neither: one of them by itself is a column like any other, or a mistake if it is mapped. */
function placeColumns(
  source: Source,
  map: ColumnMap,
  taken: ReadonlySet<Column>,
): ItemColumns['place'] {
  const find = (role: Role): Column | undefined => {
    const name = map.columns.get(role);
    if (name === undefined) return guessColumn(source, role, taken);
    return name === '' ? undefined : requireColumn(source, name, `--map ${role}=`);
  };
  const [lat, lon] = [find('lat'), find('lon')];
  if (lat && lon) return { lat, lon };
  for (const [role, other] of [
    ['lat', 'lon'],
    ['lon', 'lat'],
  ] as const) {
    const isHalf = (map.columns.get(role) ?? '') !== '';
    if (isHalf) {
      const problem = `--map ${role}= needs ${other} too (--map ${other}=COLUMN)`;
      throw new Refusal({ file: source.name }, problem);
    }
  }
  return undefined;
}

/** A region is no attribute of an item: it says where rows are learnt from. */
function regionColumn(
  source: Source,
  map: ColumnMap,
  taken: ReadonlySet<Column>,
): Column | undefined {
  const mapped = map.columns.get('region');
  if (mapped === undefined) return guessColumn(source, 'region', taken);
  return mapped === '' ? undefined : findColumn(source, mapped);
}

// ---- mapped attributes ---------------------------------------------------------------------------

function mappedAttributes(
  source: Source,
  map: ColumnMap,
  item: Column,
): Map<string, AttributeColumn> {
  const attributes = new Map<string, AttributeColumn>();
  for (const [name, mapped] of map.attributes) {
    if (!mapped) continue;
    const column = findColumn(source, mapped.column);
    const isId = column === item || (!column && isItemName(mapped, map, undefined));
    const hint = `--map attr.${name}=COLUMN:category|tags|text|number`;
    attributes.set(
      name,
      isId ? ofId(mapped) : ofColumn(requireColumn(source, mapped.column, hint), mapped),
    );
  }
  return attributes;
}

/** Without an items file, the ids are all that is known of items. `itemName`: their column. */
export function attributesOfIds(
  map: ColumnMap,
  events: string,
  itemName: string,
): Map<string, AttributeColumn> {
  const attributes = new Map<string, AttributeColumn>();
  for (const [name, mapped] of map.attributes) {
    if (!mapped) continue;
    if (!isItemName(mapped, map, itemName)) {
      throw new Refusal(
        { file: events },
        `--map attr.${name}=: ${quote(mapped.column)} is to be a column of the items file ` +
          `(--items FILE); without one only the item column, ${quote(itemName)}, can be an attribute`,
      );
    }
    attributes.set(name, ofId(mapped));
  }
  return attributes;
}

const ofColumn = (from: Column, { kind }: MappedAttribute): AttributeColumn => ({
  from,
  isMapped: true,
  ...(kind && { kind }),
});

const ofId = ({ kind }: MappedAttribute): AttributeColumn => ({
  from: 'id',
  isMapped: true,
  kind: kind ?? 'text',
});

/** What an items file or the events call the item serves, and so does the role's own name. */
function isItemName(
  { column }: MappedAttribute,
  map: ColumnMap,
  itemName: string | undefined,
): boolean {
  const names = [itemName, map.columns.get('item'), 'item'];
  return names.some((name) => name?.toLowerCase() === column.toLowerCase());
}
