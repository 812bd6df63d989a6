import { MemoryError } from './errors.js';

/** An address in WebAssembly memory. Pointers never leave memory.ts and native*.ts. */
export type Pointer = number & { readonly pointer: unique symbol };
export const NULL = 0 as Pointer;

const PAGE_BYTES = 65536;
const ADDRESSABLE_BYTES = 2 ** 32;
/** Snapshots and engines want 64-byte alignment; every region gets it. */
const ALIGNMENT = 64;

const alignUp = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

interface Region {
  start: number;
  bytes: number;
}

/**
 * Regions above the module's own data: first fit over an ascending free list, neighbours merged on
 * release, so that swapping snapshots of one size never grows the memory. A page has a handful of regions
 * (two an engine), so the list is a plain array.
 *
 * Growing detaches every typed array over the memory; therefore views are made where they are used
 * and never kept.
 */
export class Memory {
  readonly #memory: WebAssembly.Memory;
  readonly #free: Region[] = [];
  readonly #used = new Map<Pointer, number>();
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #encoder = new TextEncoder();
  #end: number;

  constructor(memory: WebAssembly.Memory, heapBase: number) {
    this.#memory = memory;
    const start = alignUp(heapBase);
    this.#end = memory.buffer.byteLength;
    this.#free.push({ start, bytes: this.#end - start });
  }

  /** Size of the whole memory: what this module costs the host. */
  get totalBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Bytes in regions that were not released. */
  get usedBytes(): number {
    let sum = 0;
    for (const bytes of this.#used.values()) sum += bytes;
    return sum;
  }

  allocate(bytes: number, purpose: string): Pointer {
    const needed = alignUp(Math.max(bytes, 1));
    let region = this.#free.find((candidate) => candidate.bytes >= needed);
    if (region === undefined) {
      this.#grow(needed, purpose);
      region = this.#free.at(-1);
      if (region === undefined || region.bytes < needed) throw outOfMemory(bytes, purpose);
    }
    const pointer = region.start as Pointer;
    region.start += needed;
    region.bytes -= needed;
    if (region.bytes === 0) this.#free.splice(this.#free.indexOf(region), 1);
    this.#used.set(pointer, needed);
    return pointer;
  }

  release(pointer: Pointer): void {
    const bytes = this.#used.get(pointer);
    if (bytes === undefined) throw new Error('released a region that is not in use');
    this.#used.delete(pointer);
    this.#addFree({ start: pointer, bytes });
  }

  #grow(needed: number, purpose: string): void {
    const last = this.#free.at(-1);
    const tail = last !== undefined && last.start + last.bytes === this.#end ? last.bytes : 0;
    const pages = Math.ceil((needed - tail) / PAGE_BYTES);
    const begin = this.#end;
    if (begin + pages * PAGE_BYTES > ADDRESSABLE_BYTES) throw outOfMemory(needed, purpose);
    try {
      this.#memory.grow(pages);
    } catch {
      throw outOfMemory(needed, purpose);
    }
    this.#end = this.#memory.buffer.byteLength;
    this.#addFree({ start: begin, bytes: this.#end - begin });
  }

  #addFree(added: Region): void {
    const at = this.#free.findIndex((region) => region.start > added.start);
    const index = at === -1 ? this.#free.length : at;
    this.#free.splice(index, 0, added);
    this.#mergeWithNext(index);
    if (index > 0) this.#mergeWithNext(index - 1);
  }

  #mergeWithNext(index: number): void {
    const [region, next] = this.#free.slice(index, index + 2);
    if (region === undefined || next === undefined) return;
    if (region.start + region.bytes !== next.start) return;
    region.bytes += next.bytes;
    this.#free.splice(index + 1, 1);
  }

  // ---- access. Views are for the moment: make one, use it, drop it before the next call.

  view(): DataView {
    return new DataView(this.#memory.buffer);
  }

  bytes(pointer: Pointer, size: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, pointer, size);
  }

  words(pointer: Pointer, count: number): Uint32Array {
    return new Uint32Array(this.#memory.buffer, pointer, count);
  }

  floats(pointer: Pointer, count: number): Float32Array {
    return new Float32Array(this.#memory.buffer, pointer, count);
  }

  write(pointer: Pointer, bytes: Uint8Array): void {
    this.bytes(pointer, bytes.length).set(bytes);
  }

  text(pointer: Pointer, size: number): string {
    return this.#decoder.decode(this.bytes(pointer, size));
  }

  /** Text of a zero-padded or zero-terminated field of at most `capacity` bytes. */
  paddedText(pointer: Pointer, capacity: number): string {
    const field = this.bytes(pointer, Math.min(capacity, this.totalBytes - pointer));
    const end = field.indexOf(0);
    return this.#decoder.decode(end === -1 ? field : field.subarray(0, end));
  }

  /** Writes UTF-8; its size in bytes, or -1 if it does not fit `capacity`. */
  writeText(pointer: Pointer, capacity: number, text: string): number {
    const { read, written } = this.#encoder.encodeInto(text, this.bytes(pointer, capacity));
    return read === text.length ? written : -1;
  }

  hex(pointer: Pointer, size: number): string {
    return Array.from(this.bytes(pointer, size), (byte) => byte.toString(16).padStart(2, '0')).join(
      '',
    );
  }
}

function outOfMemory(bytes: number, purpose: string): MemoryError {
  return new MemoryError('OUT_OF_MEMORY', `not enough memory: ${bytes} bytes for ${purpose}`);
}
