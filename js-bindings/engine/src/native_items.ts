import { abi } from './abi.js';
import type { Pointer } from './memory.js';
import type { Runtime } from './native.js';

const { LAYOUTS, CONSTANTS } = abi;
const { size: SIZE, fields: FIELDS } = LAYOUTS.rk_new_items;

/** An item that a snapshot does not have, in the snapshot's own numbers. */
export interface NativeNewItem {
  /** UTF-8. */
  readonly id: Uint8Array;
  readonly title: Uint8Array;
  /** Ascending. */
  readonly values: readonly number[];
  /** One a number attribute of the snapshot; RK_NO_NUMBER: none. */
  readonly numbers: readonly number[];
  readonly related: readonly number[];
  readonly boost: number;
  /** Degrees; RK_NO_PLACE twice: none. */
  readonly place: readonly [latitude: number, longitude: number];
  /** Minutes since 1970, 0: unknown. */
  readonly born: number;
}

/** Lays rk_new_items out in a region of its own, which the caller releases. Rows are in the order of their ids. */
export function writeNewItems({ memory }: Runtime, items: readonly NativeNewItem[]): Pointer {
  const ids = items.map(({ id }) => id);
  const titles = items.map(({ title }) => title);
  const values = items.map((item) => item.values);
  const related = items.map((item) => item.related);
  const arrays = {
    id_begin: offsetsOf(ids),
    id_text: joined(ids),
    title_begin: offsetsOf(titles),
    title_text: joined(titles),
    value_begin: offsetsOf(values),
    values: Uint32Array.from(values.flat()),
    numbers: Float32Array.from(items.flatMap(({ numbers }) => numbers)),
    related_begin: offsetsOf(related),
    related: Uint32Array.from(related.flat()),
    boost: Float32Array.from(items, ({ boost }) => boost),
    places: Float32Array.from(items.flatMap(({ place }) => place)),
    born: Uint32Array.from(items, ({ born }) => born),
  };
  const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8;
  const bytes = Object.values(arrays).reduce((sum, array) => sum + aligned(array.byteLength), 0);
  const region = memory.allocate(aligned(SIZE) + bytes, 'new items');
  let to = region + aligned(SIZE);
  for (const [name, array] of Object.entries(arrays)) {
    memory.write(to as Pointer, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    memory.view().setUint32(region + FIELDS[name as keyof typeof arrays].offset, to, true);
    to += aligned(array.byteLength);
  }
  memory.view().setUint32(region + FIELDS.count.offset, items.length, true);
  return region;
}

function offsetsOf(rows: readonly { readonly length: number }[]): Uint32Array {
  const offsets = new Uint32Array(rows.length + 1);
  rows.forEach(({ length }, i) => (offsets[i + 1] = (offsets[i] ?? 0) + length));
  return offsets;
}

function joined(rows: readonly Uint8Array[]): Uint8Array {
  const offsets = offsetsOf(rows);
  const bytes = new Uint8Array(offsets.at(-1) ?? 0);
  rows.forEach((row, i) => bytes.set(row, offsets[i]));
  return bytes;
}

export const { RK_NO_NUMBER, RK_NO_PLACE, RK_MAX_NEW_ITEMS, RK_MAX_RELATED, RK_MAX_NUMBER } =
  CONSTANTS;
