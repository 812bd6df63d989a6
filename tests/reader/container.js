// FORMAT.md section 1: header, section table, sections. See reader.js.
import { createHash } from 'node:crypto';

const ALIGNMENT = 64;
export const HEADER_BYTES = 128;
const ENTRY_BYTES = 72;
const MAX_SECTIONS = 64;
const VERSION = 1;
const MAGIC = [0x89, 0x52, 0x4b, 0x4e, 0x0d, 0x0a, 0x1a, 0x0a];
export const KINDS = { events: 1, snapshot: 2, delta: 3 };
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

export const fail = (status, section, offset, detail) => {
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
export function decodeUtf8(bytes) {
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

export function openContainer(input, kind) {
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

export function verifySection({ bytes }, entry) {
  const content = bytes.subarray(entry.offset, entry.offset + entry.bytes);
  if (!sha256(content).equals(entry.sha256))
    fail('SECTION_CHECKSUM', entry.type, entry.offset, 'SHA-256');
}

export function verifyContainer(file) {
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
export function resolve(file, spec) {
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
  expectBoth(found, 'name.off', 'name.txt');
  expectBoth(found, 'rel.off', 'rel.item');
  return found;
}

/** An optional table is two sections: both or neither. */
function expectBoth(found, off, content) {
  if (!found[off] !== !found[content])
    fail('SECTION_MISSING', found[off] ? content : off, HEADER_BYTES, 'half a table');
}
