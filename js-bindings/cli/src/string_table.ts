// A string table as the container has it (FORMAT.md, section 1): offsets of n + 1 rows into one run of
// UTF-8 bytes.

export interface StringTable {
  /** (rows + 1) */
  readonly offsets: Uint32Array;
  readonly text: Uint8Array;
}

const MOST_BYTES = 2 ** 32 - 1;

export class StringTableBuilder {
  #offsets = new Uint32Array(1024);
  #text = Buffer.alloc(16384);
  #rows = 0;
  #size = 0;

  /** A string must be what UTF-8 can hold: no lone surrogates. Bytes must be UTF-8. */
  add(row: string | Uint8Array): void {
    // No string has more bytes than three a code unit; writing in place saves a buffer a row.
    const most = typeof row === 'string' ? row.length * 3 : row.length;
    if (this.#size + most > MOST_BYTES) throw new RangeError('more than 4 GB of text');
    if (this.#rows + 2 > this.#offsets.length) {
      const grown = new Uint32Array(this.#offsets.length * 2);
      grown.set(this.#offsets);
      this.#offsets = grown;
    }
    if (this.#size + most > this.#text.length) {
      const grown = Buffer.alloc(Math.max(this.#text.length * 2, this.#size + most));
      grown.set(this.#text.subarray(0, this.#size));
      this.#text = grown;
    }
    if (typeof row === 'string') this.#size += this.#text.write(row, this.#size);
    else {
      this.#text.set(row, this.#size);
      this.#size += row.length;
    }
    this.#offsets[++this.#rows] = this.#size;
  }

  build(): StringTable {
    return {
      offsets: this.#offsets.slice(0, this.#rows + 1),
      text: this.#text.subarray(0, this.#size),
    };
  }
}

export const rowCount = (table: StringTable): number => table.offsets.length - 1;

export function rowBytes(table: StringTable, row: number): Uint8Array {
  return table.text.subarray(table.offsets[row], table.offsets[row + 1]);
}

/** The rows of `kept`, in its order. */
export function pickRows(table: StringTable, kept: Uint32Array): StringTable {
  const builder = new StringTableBuilder();
  for (const row of kept) builder.add(rowBytes(table, row));
  return builder.build();
}
