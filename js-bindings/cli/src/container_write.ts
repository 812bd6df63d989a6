// Writes a container file (src/FORMAT.md, section 1). Struct sizes and offsets come from the C headers
// through the engine package; the layout rules (64-byte alignment, checksums) are stated there.
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { abi } from 'reckon/abi';
import { crc32 } from './crc32.js';

const { CONSTANTS, LAYOUTS } = abi;
const HEADER = LAYOUTS.rk_file_header;
const ENTRY = LAYOUTS.rk_section_entry;
const MAGIC = [0x89, 0x52, 0x4b, 0x4e, 0x0d, 0x0a, 0x1a, 0x0a];

export interface Section {
  type: string;
  elementBytes: number;
  data: Uint8Array;
}

export interface Container {
  kind: number;
  region: string;
  createdAtMs: number;
  /** All of part `core` and required: the only sections JavaScript writes. */
  sections: readonly Section[];
}

type Field = { readonly offset: number; readonly size: number };

/** One struct being filled, little-endian. */
class Struct {
  readonly bytes: Buffer;
  constructor(size: number) {
    this.bytes = Buffer.alloc(size);
  }
  u16(field: Field, value: number): void {
    this.bytes.writeUInt16LE(value, field.offset);
  }
  u32(field: Field, value: number): void {
    this.bytes.writeUInt32LE(value, field.offset);
  }
  u64(field: Field, value: number): void {
    this.bytes.writeBigUInt64LE(BigInt(value), field.offset);
  }
  i64(field: Field, value: number): void {
    this.bytes.writeBigInt64LE(BigInt(value), field.offset);
  }
  raw(field: Field, value: Uint8Array): void {
    if (value.length > field.size) throw new RangeError('longer than its field');
    this.bytes.set(value, field.offset);
  }
}

const sha256 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const aligned = (offset: number): number =>
  Math.ceil(offset / CONSTANTS.RK_SECTION_ALIGNMENT) * CONSTANTS.RK_SECTION_ALIGNMENT;

function sectionEntry(section: Section, offset: number): Buffer {
  const { type, elementBytes, data } = section;
  const entry = new Struct(ENTRY.size);
  entry.raw(ENTRY.fields.type, Buffer.from(type, 'ascii'));
  entry.u16(ENTRY.fields.version, 1);
  entry.u16(
    ENTRY.fields.flags,
    CONSTANTS.RK_SECTION_REQUIRED | (CONSTANTS.RK_PART_CORE << CONSTANTS.RK_SECTION_PART_SHIFT),
  );
  entry.u32(ENTRY.fields.elem_bytes, elementBytes);
  entry.u64(ENTRY.fields.offset, offset);
  entry.u64(ENTRY.fields.bytes, data.length);
  entry.u64(ENTRY.fields.count, data.length / elementBytes);
  entry.raw(ENTRY.fields.sha256, sha256(data));
  return entry.bytes;
}

/** The header; the content id and the checksums cover what is written before them. */
function fileHeader(container: Container, sectionTable: Buffer, fileBytes: number): Buffer {
  const { fields } = HEADER;
  const header = new Struct(HEADER.size);
  header.raw(fields.magic, Uint8Array.from(MAGIC));
  header.u32(fields.kind, container.kind);
  header.u16(fields.read_version, CONSTANTS.RK_FORMAT_VERSION);
  header.u16(fields.write_version, CONSTANTS.RK_FORMAT_VERSION);
  header.u64(fields.file_bytes, fileBytes);
  header.raw(fields.region, Buffer.from(container.region));
  header.i64(fields.created_at_ms, container.createdAtMs);
  header.u32(fields.section_count, container.sections.length);
  header.raw(fields.content_id, sha256(header.bytes, sectionTable));
  header.u32(fields.table_crc32, crc32(sectionTable));
  header.u32(fields.header_crc32, crc32(header.bytes.subarray(0, fields.header_crc32.offset)));
  return header.bytes;
}

/** Writes the whole file at the handle's position (its start). Returns its size. */
export async function writeContainer(file: FileHandle, container: Container): Promise<number> {
  let offset = aligned(HEADER.size + ENTRY.size * container.sections.length);
  const entries: Buffer[] = [];
  const body: Uint8Array[] = [];
  for (const section of container.sections) {
    entries.push(sectionEntry(section, offset));
    const end = aligned(offset + section.data.length);
    body.push(section.data, Buffer.alloc(end - offset - section.data.length));
    offset = end;
  }
  const sectionTable = Buffer.concat(entries);
  const header = fileHeader(container, sectionTable, offset);
  const gap = aligned(header.length + sectionTable.length) - header.length - sectionTable.length;
  for (const bytes of [header, sectionTable, Buffer.alloc(gap), ...body]) {
    // writeFile on a handle writes everything from the current position on; write may write less.
    if (bytes.length > 0) await file.writeFile(bytes);
  }
  return offset;
}
