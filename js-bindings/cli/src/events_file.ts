// An event log as an events file (.rkev; src/FORMAT.md, section 2): the seam between the command,
// which reads data, and the trainer, which learns from it.
import { open } from 'node:fs/promises';
import { abi } from 'reckon/abi';
import type { AttributeKind } from './column_map.js';
import { type Container, type Section, writeContainer } from './container_write.js';
import { type EventLog, type TimeKind, newestTime } from './event_log.js';
import { type StringTable, StringTableBuilder, rowCount } from './string_table.js';

const { CONSTANTS, LAYOUTS } = abi;
const TIME_KINDS: Record<TimeKind, number> = {
  none: CONSTANTS.RK_TIME_NONE,
  order: CONSTANTS.RK_TIME_ORDER,
  'unix-ms': CONSTANTS.RK_TIME_UNIX_MS,
};
const KINDS: Record<AttributeKind, number> = {
  category: CONSTANTS.RK_ATTRIBUTE_CATEGORY,
  tags: CONSTANTS.RK_ATTRIBUTE_TAGS,
  text: CONSTANTS.RK_ATTRIBUTE_TEXT,
  number: CONSTANTS.RK_ATTRIBUTE_NUMBER,
};

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function bytesOf(array: Uint32Array | Float32Array | BigInt64Array): Buffer {
  const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  if (HOST_IS_LITTLE_ENDIAN) return bytes;
  const swapped = Buffer.from(bytes);
  return array.BYTES_PER_ELEMENT === 8 ? swapped.swap64() : swapped.swap32();
}

function column(type: string, array: Uint32Array | Float32Array | BigInt64Array): Section {
  return { type, elementBytes: array.BYTES_PER_ELEMENT, data: bytesOf(array) };
}

function strings(prefix: string, table: StringTable): Section[] {
  return [
    column(`${prefix}.off`, table.offsets),
    { type: `${prefix}.txt`, elementBytes: 1, data: table.text },
  ];
}

function metaSection(log: EventLog): Section {
  const { size, fields } = LAYOUTS.rk_events_meta;
  const data = Buffer.alloc(size);
  data.writeBigUInt64LE(BigInt(log.events), fields.events.offset);
  data.writeUInt32LE(rowCount(log.users), fields.users.offset);
  data.writeUInt32LE(rowCount(log.items), fields.items.offset);
  data.writeUInt32LE(log.types.length, fields.types.offset);
  data.writeUInt32LE(TIME_KINDS[log.timeKind], fields.time_kind.offset);
  const userKind =
    log.userKind === 'sessions' ? CONSTANTS.RK_USERS_ARE_SESSIONS : CONSTANTS.RK_USERS_ARE_USERS;
  data.writeUInt32LE(userKind, fields.user_kind.offset);
  const { attributes, contexts } = log;
  data.writeUInt32LE(attributes?.list.length ?? 0, fields.attributes.offset);
  data.writeUInt32LE(contexts?.names.length ?? 0, fields.features.offset);
  const combinations = contexts ? rowCount(contexts.values) / contexts.names.length : 0;
  data.writeUInt32LE(combinations, fields.contexts.offset);
  return { type: 'ev.meta', elementBytes: size, data };
}

function namesSections(prefix: string, names: readonly string[]): Section[] {
  const table = new StringTableBuilder();
  for (const name of names) table.add(name);
  return strings(prefix, table.build());
}

/** What is known of items and users, if anything is. */
function factSections({ places, boosts, related, attributes, contexts }: EventLog): Section[] {
  const sections: Section[] = [];
  if (places) sections.push({ type: 'item.geo', elementBytes: 8, data: bytesOf(places) });
  if (boosts) sections.push(column('item.bst', boosts));
  if (related) sections.push(column('rel.off', related.begin), column('rel.item', related.item));
  if (attributes) {
    const { list, values } = attributes;
    const names = list.map(({ name }) => name);
    const kinds = Uint8Array.from(list, ({ kind }) => KINDS[kind]);
    sections.push(
      ...namesSections('attr', names),
      { type: 'attr.knd', elementBytes: 1, data: kinds },
      ...strings('aval', values),
    );
  }
  if (contexts) {
    sections.push(
      ...namesSections('feat', contexts.names),
      ...strings('ctx', contexts.values),
      column('ev.ctx', contexts.ofEvent),
    );
  }
  return sections;
}

export function eventsContainer(log: EventLog, region: string): Container {
  const sections = [
    metaSection(log),
    column('ev.user', log.user),
    column('ev.item', log.item),
    column('ev.label', log.label),
  ];
  if (log.time) sections.push(column('ev.time', BigInt64Array.from(log.time, BigInt)));
  if (log.split) sections.push({ type: 'ev.split', elementBytes: 1, data: log.split });
  sections.push(
    ...strings('user', log.users),
    ...strings('item', log.items),
    ...namesSections(
      'type',
      log.types.map(({ name }) => name),
    ),
    column(
      'type.wgt',
      Float32Array.from(log.types, ({ weight }) => weight),
    ),
  );
  if (log.titles) sections.push(...strings('name', log.titles));
  sections.push(...factSections(log));
  if (log.propensity) sections.push(column('ev.prop', log.propensity));
  return { kind: CONSTANTS.RK_KIND_EVENTS, region, createdAtMs: newestTime(log), sections };
}

/** Returns the size of the file. */
export async function writeEventsFile(
  path: string,
  log: EventLog,
  region: string,
): Promise<number> {
  const file = await open(path, 'wx');
  try {
    return await writeContainer(file, eventsContainer(log, region));
  } finally {
    await file.close();
  }
}
