// A second reader of Reckon files, written from src/FORMAT.md alone. It shares no code with the C reader and
// is slow on purpose: where the two disagree about a file, one of them or FORMAT.md is wrong.
//
//     readEvents(bytes)    an events file as plain objects and arrays
//     readSnapshot(bytes)  a snapshot, its vectors decoded and its neighbours weighted
//
// A file that breaks the format throws a FormatError with the status, section and offset FORMAT.md asks for.
import { createHash } from 'node:crypto';

const ALIGNMENT = 64;
const HEADER_BYTES = 128;
const ENTRY_BYTES = 72;
const MAX_SECTIONS = 64;
const VERSION = 1;
const FLOAT_LIMIT = 2 ** 20;
const MAGIC = [0x89, 0x52, 0x4b, 0x4e, 0x0d, 0x0a, 0x1a, 0x0a];
const KINDS = { events: 1, snapshot: 2, delta: 3 };
const PARTS = { core: 0, vectors: 1, text: 2 };

export class FormatError extends Error {
  constructor(status, section, offset, detail) {
    super(`${status} in "${section}" at ${offset}: ${detail}`);
    this.name = 'FormatError';
    this.status = status;
    this.section = section;
    this.offset = Number(offset);
  }
}

const fail = (status, section, offset, detail) => {
  throw new FormatError(status, section, offset, detail);
};

// ---- bytes ------------------------------------------------------------------------------------------------

const roundUp = (at) => Math.ceil(at / ALIGNMENT) * ALIGNMENT;
const sha256 = (...pieces) => {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
};
const isZero = (bytes) => bytes.every((byte) => byte === 0);

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});
function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 0xff];
  return (crc ^ 0xffffffff) >>> 0;
}

/** The text, or null if it is not valid UTF-8. */
function decodeUtf8(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

// ---- section 1: the container -----------------------------------------------------------------------------

function readHeader(bytes, view, kind) {
  if (bytes.length < HEADER_BYTES) fail('TRUNCATED', '', bytes.length, `${bytes.length} bytes`);
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) fail('BAD_MAGIC', '', 0, 'another file');
  const headerCrc = crc32(bytes.subarray(0, 124));
  if (headerCrc !== view.getUint32(124, true)) fail('HEADER_CHECKSUM', '', 124, `${headerCrc}`);
  const header = {
    kind: view.getUint32(8, true),
    readVersion: view.getUint16(12, true),
    writeVersion: view.getUint16(14, true),
    compatFlags: view.getUint32(16, true),
    incompatFlags: view.getUint32(20, true),
    fileBytes: view.getBigUint64(24, true),
    contentId: Buffer.from(bytes.subarray(32, 64)).toString('hex'),
    region: '',
    createdAtMs: view.getBigInt64(96, true),
    sectionCount: view.getUint32(104, true),
    tableCrc32: view.getUint32(108, true),
  };
  if (header.kind !== kind) fail('WRONG_KIND', '', 8, `kind ${header.kind}`);
  if (header.readVersion > VERSION) fail('FUTURE_VERSION', '', 12, `version ${header.readVersion}`);
  if (header.readVersion === 0) fail('VALUE_RANGE', '', 12, 'version 0');
  if (header.incompatFlags !== 0) fail('UNKNOWN_FLAG', '', 20, `flags ${header.incompatFlags}`);
  for (let at = 112; at < 124; at++)
    if (bytes[at] !== 0) fail('RESERVED_NOT_ZERO', '', at, `byte ${bytes[at]}`);
  if (header.writeVersion < header.readVersion)
    fail('VALUE_RANGE', '', 14, `version ${header.writeVersion}`);
  header.region = readRegion(bytes.subarray(64, 96));
  if (header.sectionCount < 1 || header.sectionCount > MAX_SECTIONS) {
    fail('VALUE_RANGE', '', 104, `${header.sectionCount} sections`);
  }
  return header;
}

function readRegion(field) {
  const zero = field.indexOf(0);
  const used = zero < 0 ? field.length : zero;
  const region = decodeUtf8(field.subarray(0, used));
  if (region === null) fail('BAD_UTF8', '', 64, 'region');
  if (zero < 0) fail('RESERVED_NOT_ZERO', '', 95, 'region of 32 bytes');
  for (let i = used; i < field.length; i++)
    if (field[i] !== 0) fail('RESERVED_NOT_ZERO', '', 64 + i, 'region');
  return region;
}

function readEntry(bytes, view, at) {
  const name = bytes.subarray(at, at + 8);
  const zero = name.indexOf(0);
  const used = zero < 0 ? 8 : zero;
  const type = String.fromCharCode(...name.subarray(0, used));
  if (!/^[a-z0-9.]{1,8}$/.test(type) || !isZero(name.subarray(used)))
    fail('VALUE_RANGE', '', at, 'section name');
  const flags = view.getUint16(at + 10, true);
  return {
    at,
    type,
    version: view.getUint16(at + 8, true),
    flags,
    required: (flags & 1) !== 0,
    part: (flags >> 1) & 3,
    elemBytes: view.getUint32(at + 12, true),
    offset: view.getBigUint64(at + 16, true),
    bytes: view.getBigUint64(at + 24, true),
    count: view.getBigUint64(at + 32, true),
    sha256: bytes.subarray(at + 40, at + 72),
  };
}

/** The entries, their places and sizes as numbers once they are known to lie in the file. */
function readTable(bytes, view, header) {
  const entries = [];
  let expected = roundUp(HEADER_BYTES + ENTRY_BYTES * header.sectionCount);
  let part = 0;
  for (let i = 0; i < header.sectionCount; i++) {
    const at = HEADER_BYTES + ENTRY_BYTES * i;
    const entry = readEntry(bytes, view, at);
    const { type } = entry;
    if (entries.some((before) => before.type === type)) fail('SECTION_DUPLICATE', type, at, type);
    if (entry.version === 0) fail('VALUE_RANGE', type, at + 8, 'version 0');
    if (entry.flags > 7) fail('UNKNOWN_FLAG', type, at + 10, `flags ${entry.flags}`);
    if (entry.part > 2) fail('VALUE_RANGE', type, at + 10, 'part 3');
    if (entry.elemBytes < 1 || entry.elemBytes > 4096)
      fail('SECTION_SHAPE', type, at + 12, `${entry.elemBytes}`);
    const bytesOfCount = entry.count * BigInt(entry.elemBytes);
    if (bytesOfCount >= 1n << 64n) fail('SECTION_SHAPE', type, at + 32, `count ${entry.count}`);
    if (bytesOfCount !== entry.bytes) fail('SECTION_SHAPE', type, at + 24, `${entry.bytes} bytes`);
    if (entry.part < part) fail('SECTION_ORDER', type, at + 10, `part ${entry.part} after ${part}`);
    if (entry.offset !== BigInt(expected))
      fail('SECTION_ORDER', type, at + 16, `offset ${entry.offset}`);
    if (entry.offset + entry.bytes > BigInt(bytes.length))
      fail('SECTION_BOUNDS', type, at + 24, `${entry.bytes} bytes`);
    part = entry.part;
    entry.offset = Number(entry.offset);
    entry.bytes = Number(entry.bytes);
    entry.count = Number(entry.count);
    expected = roundUp(entry.offset + entry.bytes);
    entries.push(entry);
  }
  if (BigInt(expected) !== header.fileBytes)
    fail('SECTION_BOUNDS', '', 24, `${header.fileBytes} bytes`);
  return entries;
}

function openContainer(input, kind) {
  // A copy, so that the file starts at an aligned address whatever the caller's view does.
  const bytes = Uint8Array.from(input);
  const view = new DataView(bytes.buffer);
  const header = readHeader(bytes, view, kind);
  const size = BigInt(bytes.length);
  if (header.fileBytes > size)
    fail('TRUNCATED', '', bytes.length, `${bytes.length} bytes of ${header.fileBytes}`);
  if (header.fileBytes < size)
    fail('TRAILING_BYTES', '', header.fileBytes, `${bytes.length} bytes`);
  const tableEnd = HEADER_BYTES + ENTRY_BYTES * header.sectionCount;
  if (tableEnd > bytes.length)
    fail('SECTION_BOUNDS', '', HEADER_BYTES, `table ends at ${tableEnd}`);
  const table = bytes.subarray(HEADER_BYTES, tableEnd);
  if (crc32(table) !== header.tableCrc32) fail('TABLE_CHECKSUM', '', 108, `${header.tableCrc32}`);
  const blank = bytes.slice(0, HEADER_BYTES);
  blank.fill(0, 32, 64).fill(0, 108, 112).fill(0, 124, 128);
  if (sha256(blank, table).toString('hex') !== header.contentId)
    fail('CONTENT_ID', '', 32, header.contentId);
  return { bytes, view, header, entries: readTable(bytes, view, header) };
}

function verifySection({ bytes }, entry) {
  const content = bytes.subarray(entry.offset, entry.offset + entry.bytes);
  if (!sha256(content).equals(entry.sha256))
    fail('SECTION_CHECKSUM', entry.type, entry.offset, 'SHA-256');
}

function verifyContainer(file) {
  let at = HEADER_BYTES + ENTRY_BYTES * file.entries.length;
  const verifyGap = (end) => {
    for (; at < end; at++)
      if (file.bytes[at] !== 0) fail('GAP_NOT_ZERO', '', at, `byte ${file.bytes[at]}`);
  };
  for (const entry of file.entries) {
    verifyGap(entry.offset);
    verifySection(file, entry);
    at = entry.offset + entry.bytes;
  }
  verifyGap(file.bytes.length);
}

/** The known sections by type. `spec`: type → [part, elemBytes (0: any), optional]. */
function resolve(file, spec) {
  const found = {};
  for (const entry of file.entries) {
    const row = spec[entry.type];
    if (row === undefined) {
      if (entry.required) fail('SECTION_UNKNOWN', entry.type, entry.at, entry.type);
      continue;
    }
    const [part, elemBytes, optional] = row;
    if (entry.version > VERSION) {
      if (entry.required || !optional)
        fail('SECTION_VERSION', entry.type, entry.at + 8, `version ${entry.version}`);
      continue;
    }
    if (elemBytes !== 0 && entry.elemBytes !== elemBytes)
      fail('SECTION_SHAPE', entry.type, entry.at + 12, 'elem_bytes');
    if (entry.part !== PARTS[part])
      fail('SECTION_ORDER', entry.type, entry.at + 10, `part ${entry.part}`);
    if (!optional && !entry.required)
      fail('VALUE_RANGE', entry.type, entry.at + 10, 'not flagged required');
    found[entry.type] = entry;
  }
  for (const [type, [, , optional]] of Object.entries(spec)) {
    if (!optional && found[type] === undefined)
      fail('SECTION_MISSING', type, HEADER_BYTES, 'absent');
  }
  const [off, txt] = [found['name.off'], found['name.txt']];
  if (!off !== !txt)
    fail('SECTION_MISSING', off ? 'name.txt' : 'name.off', HEADER_BYTES, 'half a table');
  return found;
}

// ---- values -----------------------------------------------------------------------------------------------

const ARRAYS = { u8: Uint8Array, u32: Uint32Array, i64: BigInt64Array, f32: Float32Array };

/** A section's content as a typed array of its own; undefined for an absent section. */
function arrayOf(file, entry, type) {
  if (entry === undefined) return undefined;
  const content = file.bytes.slice(entry.offset, entry.offset + entry.bytes);
  return new ARRAYS[type](content.buffer);
}

function expectCount(entry, count, elemBytes = entry?.elemBytes) {
  if (entry === undefined) return;
  if (entry.elemBytes !== elemBytes)
    fail('SECTION_SHAPE', entry.type, entry.at + 12, `${entry.elemBytes}`);
  if (entry.count !== count)
    fail('SECTION_SHAPE', entry.type, entry.at + 32, `${entry.count}, not ${count}`);
}

function expectRange(entry, byte, value, low, high) {
  if (value < low || value > high) fail('VALUE_RANGE', entry.type, entry.offset + byte, `${value}`);
}

function expectFloat(entry, byte, value, low, high) {
  if (!Number.isFinite(value)) fail('NOT_FINITE', entry.type, entry.offset + byte, `${value}`);
  expectRange(entry, byte, value, low, high);
}

function expectZero(file, entry, from, to) {
  for (let byte = from; byte < to; byte++) {
    const value = file.bytes[entry.offset + byte];
    if (value !== 0) fail('RESERVED_NOT_ZERO', entry.type, entry.offset + byte, `byte ${value}`);
  }
}

function floatsOf(file, entry, low = -FLOAT_LIMIT, high = FLOAT_LIMIT) {
  const values = arrayOf(file, entry, 'f32');
  values.forEach((value, i) => expectFloat(entry, 4 * i, value, low, high));
  return values;
}

function indexesOf(file, entry, limit) {
  const values = arrayOf(file, entry, 'u32');
  values.forEach((value, i) => expectRange(entry, 4 * i, value, 0, limit - 1));
  return values;
}

function offsetsOf(file, entry, end) {
  const offsets = arrayOf(file, entry, 'u32');
  offsets.forEach((offset, i) => {
    if (offset < (i === 0 ? 0 : offsets[i - 1]) || (i === 0 && offset !== 0)) {
      fail('NOT_MONOTONE', entry.type, entry.offset + 4 * i, `${offset}`);
    }
  });
  const last = offsets.length - 1;
  if (offsets[last] !== end)
    fail('NOT_MONOTONE', entry.type, entry.offset + 4 * last, `${offsets[last]}, not ${end}`);
  return offsets;
}

/** Rows of a string table. Rules: ids (1 to 65,535 bytes), sorted, unique. */
function stringsOf(file, off, txt, { ids = false, sorted = false, unique = false } = {}) {
  if (off === undefined) return undefined;
  const offsets = offsetsOf(file, off, txt.bytes);
  const rows = [];
  const raw = [];
  for (let row = 0; row + 1 < offsets.length; row++) {
    const at = txt.offset + offsets[row];
    const bytes = Buffer.from(file.bytes.subarray(at, txt.offset + offsets[row + 1]));
    const text = decodeUtf8(bytes);
    if (text === null) fail('BAD_UTF8', txt.type, at, `row ${row}`);
    if (ids && (bytes.length < 1 || bytes.length > 65535))
      fail('VALUE_RANGE', txt.type, at, `${bytes.length} bytes`);
    if (sorted && row > 0 && Buffer.compare(raw[row - 1], bytes) >= 0)
      fail('NOT_SORTED', txt.type, at, `row ${row}`);
    if (unique && raw.some((before) => before.equals(bytes)))
      fail('NOT_SORTED', txt.type, at, `row ${row} again`);
    raw.push(bytes);
    rows.push(text);
  }
  return rows;
}

// ---- section 2: events files ------------------------------------------------------------------------------

const EVENTS_SPEC = {
  'ev.meta': ['core', 64],
  'ev.user': ['core', 4],
  'ev.item': ['core', 4],
  'ev.label': ['core', 4],
  'ev.time': ['core', 8, true],
  'ev.split': ['core', 1, true],
  'user.off': ['core', 4],
  'user.txt': ['core', 1],
  'item.off': ['core', 4],
  'item.txt': ['core', 1],
  'type.off': ['core', 4],
  'type.txt': ['core', 1],
  'type.wgt': ['core', 4],
  'name.off': ['core', 4, true],
  'name.txt': ['core', 1, true],
};

function readEventsMeta(file, entry) {
  expectCount(entry, 1);
  const { view } = file;
  const at = entry.offset;
  const meta = {
    events: Number(view.getBigUint64(at, true)),
    users: view.getUint32(at + 8, true),
    items: view.getUint32(at + 12, true),
    types: view.getUint32(at + 16, true),
    timeKind: view.getUint32(at + 20, true),
    userKind: view.getUint32(at + 24, true),
  };
  expectRange(entry, 8, meta.users, 0, 2 ** 32 - 2);
  expectRange(entry, 12, meta.items, 0, 2 ** 24 - 1);
  expectRange(entry, 16, meta.types, 1, 32);
  expectRange(entry, 20, meta.timeKind, 0, 2);
  expectRange(entry, 24, meta.userKind, 0, 1);
  expectZero(file, entry, 28, 64);
  return meta;
}

export function readEvents(input) {
  const file = openContainer(input, KINDS.events);
  const found = resolve(file, EVENTS_SPEC);
  verifyContainer(file);
  const meta = readEventsMeta(file, found['ev.meta']);
  for (const entry of Object.values(found)) {
    if (!entry.required) fail('VALUE_RANGE', entry.type, entry.at + 10, 'not flagged required');
  }
  const timed = meta.timeKind !== 0;
  if (timed && !found['ev.time'])
    fail('SECTION_MISSING', 'ev.time', HEADER_BYTES, `time_kind ${meta.timeKind}`);
  if (!timed && found['ev.time'])
    fail('VALUE_RANGE', 'ev.meta', found['ev.meta'].offset + 20, 'time_kind 0');
  for (const type of ['ev.user', 'ev.item', 'ev.label', 'ev.time', 'ev.split'])
    expectCount(found[type], meta.events);
  expectCount(found['user.off'], meta.users + 1);
  expectCount(found['item.off'], meta.items + 1);
  expectCount(found['type.off'], meta.types + 1);
  expectCount(found['type.wgt'], meta.types);
  expectCount(found['name.off'], meta.items + 1);

  const user = indexesOf(file, found['ev.user'], meta.users);
  const item = indexesOf(file, found['ev.item'], meta.items);
  const label = arrayOf(file, found['ev.label'], 'u32');
  label.forEach((mask, i) => expectRange(found['ev.label'], 4 * i, mask, 1, 2 ** meta.types - 1));
  const time = arrayOf(file, found['ev.time'], 'i64');
  time?.forEach((value, i) => expectRange(found['ev.time'], 8 * i, value, -(2n ** 53n), 2n ** 53n));
  const split = arrayOf(file, found['ev.split'], 'u8');
  split?.forEach((value, i) => expectRange(found['ev.split'], i, value, 0, 1));
  return {
    header: file.header,
    meta,
    user: [...user],
    item: [...item],
    label: [...label],
    time: time && [...time].map(Number),
    split: split && [...split],
    users: stringsOf(file, found['user.off'], found['user.txt'], { ids: true }),
    items: stringsOf(file, found['item.off'], found['item.txt'], { ids: true, sorted: true }),
    types: stringsOf(file, found['type.off'], found['type.txt'], { ids: true, unique: true }),
    typeWeights: [...floatsOf(file, found['type.wgt'])],
    titles: stringsOf(file, found['name.off'], found['name.txt']),
  };
}

// ---- section 3: snapshots ---------------------------------------------------------------------------------

const SNAPSHOT_SPEC = {
  meta: ['core', 256],
  'item.off': ['core', 4],
  'item.txt': ['core', 1],
  'type.off': ['core', 4],
  'type.txt': ['core', 1],
  'type.wgt': ['core', 4],
  source: ['core', 16],
  pop: ['core', 4],
  'pop.top': ['core', 4],
  'nbr.off': ['core', 4],
  nbr: ['core', 4],
  'nbr2.off': ['vectors', 4],
  nbr2: ['vectors', 4],
  'vec.mean': ['core', 4],
  'vec.fac': ['core', 8],
  'vec.cell': ['core', 1],
  'vec.low': ['vectors', 0],
  'name.off': ['text', 4, true],
  'name.txt': ['text', 1, true],
  report: ['text', 1, true],
};

function readSnapshotMeta(file, entry) {
  expectCount(entry, 1);
  verifySection(file, entry);
  const { view } = file;
  const at = entry.offset;
  const meta = {
    items: view.getUint32(at, true),
    types: view.getUint32(at + 4, true),
    dim: view.getUint32(at + 8, true),
    timeKind: view.getUint32(at + 12, true),
    events: view.getBigUint64(at + 16, true),
    sessions: view.getBigUint64(at + 24, true),
    statsThroughMs: view.getBigInt64(at + 32, true),
    seed: view.getBigUint64(at + 40, true),
    neighborScale: view.getFloat32(at + 48, true),
    similarDecay: view.getFloat32(at + 52, true),
    sessionDecay: view.getFloat32(at + 56, true),
    popularCount: view.getUint32(at + 60, true),
  };
  expectRange(entry, 0, meta.items, 1, 2 ** 24 - 1);
  expectRange(entry, 4, meta.types, 1, 32);
  expectRange(entry, 8, meta.dim, 4, 256);
  if (meta.dim % 4 !== 0) fail('VALUE_RANGE', entry.type, at + 8, `dim ${meta.dim}`);
  expectRange(entry, 12, meta.timeKind, 0, 2);
  expectFloat(entry, 48, meta.neighborScale, 0, 2 ** 40);
  for (const [byte, decay] of [
    [52, meta.similarDecay],
    [56, meta.sessionDecay],
  ]) {
    expectFloat(entry, byte, decay, Number.MIN_VALUE, 1);
  }
  expectRange(entry, 60, meta.popularCount, 0, meta.items);
  expectZero(file, entry, 64, 256);
  return meta;
}

function sourcesOf(file, entry) {
  return Array.from({ length: 8 }, (_, row) => {
    const byte = 16 * row;
    const quota = file.view.getUint32(entry.offset + byte, true);
    const weight = file.view.getFloat32(entry.offset + byte + 4, true);
    expectRange(entry, byte, quota, 0, 65535);
    expectFloat(entry, byte + 4, weight, -FLOAT_LIMIT, FLOAT_LIMIT);
    expectZero(file, entry, byte + 8, byte + 16);
    return { quota, weight };
  });
}

function popularOf(file, entry, popularity) {
  const popular = indexesOf(file, entry, popularity.length);
  for (let i = 1; i < popular.length; i++) {
    const [before, here] = [popular[i - 1], popular[i]];
    const descends = popularity[before] > popularity[here];
    const tied = popularity[before] === popularity[here] && before < here;
    if (!descends && !tied) fail('NOT_SORTED', entry.type, entry.offset + 4 * i, `item ${here}`);
  }
  return [...popular];
}

/** Rows of { item, weight, more }: `more` tells entries of `nbr2` from those of `nbr`. */
function neighborsOf(file, found, meta) {
  const tables = [
    { off: found['nbr.off'], entry: found.nbr, more: false },
    { off: found['nbr2.off'], entry: found.nbr2, more: true },
  ];
  for (const table of tables) {
    table.offsets = offsetsOf(file, table.off, table.entry.count);
    table.values = arrayOf(file, table.entry, 'u32');
  }
  const rows = [];
  for (let item = 0; item < meta.items; item++) {
    const row = [];
    for (const { off, offsets, values, entry, more } of tables) {
      const length = offsets[item + 1] - offsets[item];
      expectRange(off, 4 * (item + 1), length, 0, more ? 256 - row.length : 8);
      for (let k = offsets[item]; k < offsets[item + 1]; k++) {
        const neighbor = { item: values[k] % 2 ** 24, code: values[k] >>> 24, more };
        const last = row.at(-1);
        expectRange(entry, 4 * k, neighbor.item, 0, meta.items - 1);
        if (neighbor.item === item)
          fail('VALUE_RANGE', entry.type, entry.offset + 4 * k, 'its own neighbour');
        const ordered =
          !last ||
          last.code > neighbor.code ||
          (last.code === neighbor.code && last.item < neighbor.item);
        const again = row.some((before) => before.item === neighbor.item);
        if (!ordered || again)
          fail('NOT_SORTED', entry.type, entry.offset + 4 * k, `item ${neighbor.item}`);
        row.push(neighbor);
      }
    }
    rows.push(row);
  }
  const weightOf = (code) => meta.neighborScale * 2 ** (-(255 - code) / 16);
  return rows.map((row) =>
    row.map(({ item, code, more }) => ({ item, code, weight: weightOf(code), more })),
  );
}

/** The cell of each (row, dimension), from the transposed blocks; padding rows must be zero. */
function cellsOf(file, entry, { items, dim }) {
  const bytes = arrayOf(file, entry, 'u8');
  const rows = Array.from({ length: items }, () => new Uint8Array(dim));
  bytes.forEach((byte, at) => {
    const j = at % 16;
    const table = Math.floor(at / 16);
    const block = Math.floor(table / (dim / 2));
    const d = 2 * (table % (dim / 2));
    for (const [row, nibble] of [
      [32 * block + j, byte & 15],
      [32 * block + 16 + j, byte >> 4],
    ]) {
      if (row < items) {
        rows[row][d] = nibble & 3;
        rows[row][d + 1] = nibble >> 2;
      } else if (nibble !== 0) {
        fail('RESERVED_NOT_ZERO', entry.type, entry.offset + at, `padding row ${row}`);
      }
    }
  });
  return rows;
}

/** The six low bits of each (row, dimension). */
function lowBitsOf(file, entry, { items, dim }) {
  const bytes = arrayOf(file, entry, 'u8');
  return Array.from({ length: items }, (_, row) => {
    const at = row * ((3 * dim) / 4);
    return Uint8Array.from({ length: dim }, (_unused, d) => {
      const nibble = (bytes[at + Math.floor(d / 2)] >> (4 * (d % 2))) & 15;
      const upper = (bytes[at + dim / 2 + Math.floor(d / 4)] >> (2 * (d % 4))) & 3;
      return nibble + 16 * upper;
    });
  });
}

/** Signed magnitude of a coordinate, in units of u. */
function magnitudeOf(cell, low) {
  const magnitude = cell === 1 || cell === 2 ? low : 64 + 3 * low;
  return cell < 2 ? -magnitude : magnitude;
}

function vectorsOf(file, found, meta) {
  const mean = floatsOf(file, found['vec.mean']);
  const factors = floatsOf(file, found['vec.fac'], 0);
  const cells = cellsOf(file, found['vec.cell'], meta);
  const low = lowBitsOf(file, found['vec.low'], meta);
  return {
    mean,
    scanFactors: factors.filter((_, i) => i % 2 === 0),
    decodeScales: factors.filter((_, i) => i % 2 === 1),
    cells,
    low,
    rows: cells.map((row, item) =>
      Float32Array.from(
        row,
        (cell, d) => mean[d] + factors[2 * item + 1] * magnitudeOf(cell, low[item][d]),
      ),
    ),
  };
}

function reportOf(file, entry) {
  if (entry === undefined) return undefined;
  const text = decodeUtf8(file.bytes.subarray(entry.offset, entry.offset + entry.bytes));
  if (text === null) fail('BAD_UTF8', entry.type, entry.offset, 'report');
  return text;
}

export function readSnapshot(input) {
  const file = openContainer(input, KINDS.snapshot);
  const found = resolve(file, SNAPSHOT_SPEC);
  const meta = readSnapshotMeta(file, found.meta);
  const { items, types, dim } = meta;
  expectCount(found['item.off'], items + 1);
  expectCount(found['type.off'], types + 1);
  expectCount(found['type.wgt'], types);
  expectCount(found.source, 8);
  expectCount(found.pop, items);
  expectCount(found['pop.top'], meta.popularCount);
  expectCount(found['nbr.off'], items + 1);
  expectCount(found['nbr2.off'], items + 1);
  expectCount(found['vec.mean'], dim);
  expectCount(found['vec.fac'], items);
  expectCount(found['vec.cell'], Math.ceil(items / 32) * 8 * dim);
  expectCount(found['vec.low'], items, (3 * dim) / 4);
  expectCount(found['name.off'], items + 1);
  verifyContainer(file);

  const popularity = floatsOf(file, found.pop, 0, 2 ** 64);
  return {
    header: file.header,
    meta,
    items: stringsOf(file, found['item.off'], found['item.txt'], { ids: true, sorted: true }),
    types: stringsOf(file, found['type.off'], found['type.txt'], { ids: true, unique: true }),
    titles: stringsOf(file, found['name.off'], found['name.txt']),
    typeWeights: [...floatsOf(file, found['type.wgt'])],
    sources: sourcesOf(file, found.source),
    popularity: [...popularity],
    popular: popularOf(file, found['pop.top'], popularity),
    neighbors: neighborsOf(file, found, meta),
    vectors: vectorsOf(file, found, meta),
    report: reportOf(file, found.report),
  };
}
