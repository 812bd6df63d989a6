// What must be known of a CSV file before DuckDB reads it (its header and delimiter), and after it was
// refused (which line of the file a row is).
//
// The header is read here rather than sniffed: a sniffer that looks at all-text columns cannot know
// whether the first line is a header, and takes `|` inside multi-values for a delimiter.
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Refusal, reasonOf } from './failures.js';

const MOST_HEADER_BYTES = 1 << 20;
const QUOTE = 0x22;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** The bytes of a file, gunzipped if it is gzip by content. */
export async function* plainBytes(path: string, isGzip: boolean): AsyncIterable<Uint8Array> {
  const raw = createReadStream(path, { highWaterMark: 1 << 18 });
  const stream: Readable = isGzip ? raw.pipe(createGunzip()) : raw;
  if (isGzip) raw.on('error', (error) => stream.destroy(error));
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (cause) {
    throw new Refusal(
      { file: path },
      isGzip ? `not whole gzip: ${reasonOf(cause)}` : reasonOf(cause),
    );
  } finally {
    raw.destroy();
  }
}

/** The first bytes of a file, at least `least` where it has them. */
export async function firstBytes(path: string, isGzip: boolean, least: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of plainBytes(path, isGzip)) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= least) break;
  }
  return Buffer.concat(chunks);
}

export interface CsvHeader {
  columns: string[];
  delimiter: string;
}

const BYTE_ORDER_MARK = '\ufeff';

export async function readCsvHeader(path: string, isGzip: boolean): Promise<CsvHeader> {
  const head = await firstBytes(path, isGzip, MOST_HEADER_BYTES);
  if (head[0] === 0xff && head[1] === 0xfe) {
    throw new Refusal({ file: path }, 'the file is UTF-16; it must be UTF-8');
  }
  let end = 0;
  for (let quoted = false; end < head.length; end++) {
    if (head[end] === QUOTE) quoted = !quoted;
    else if (!quoted && (head[end] === NEWLINE || head[end] === RETURN)) break;
  }
  const line = head.subarray(0, end).toString('utf8').replace(BYTE_ORDER_MARK, '');
  if (line.trim() === '') throw new Refusal({ file: path }, emptyReason(head));
  const delimiter = likelyDelimiter(line);
  return { columns: splitLine(line, delimiter), delimiter };
}

const emptyReason = (head: Buffer): string =>
  head.toString('utf8').replace(BYTE_ORDER_MARK, '').trim() === ''
    ? 'the file is empty'
    : 'the first line is empty; it must name the columns';

/** The candidate that splits the header into most columns; the earlier one if they tie. */
function likelyDelimiter(line: string): string {
  const counts = [',', '\t', ';', '|'].map((delimiter) => ({
    delimiter,
    columns: splitLine(line, delimiter).length,
  }));
  return counts.reduce((best, next) => (next.columns > best.columns ? next : best)).delimiter;
}

function splitLine(line: string, delimiter: string): string[] {
  const fields = [''];
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const character = line[i] ?? '';
    if (character === '"' && quoted && line[i + 1] === '"') {
      fields[fields.length - 1] += '"';
      i++;
    } else if (character === '"') quoted = !quoted;
    else if (character === delimiter && !quoted) fields.push('');
    else fields[fields.length - 1] += character;
  }
  return fields.map((field) => field.trim());
}

/**
 * Counts records in a file until one is found: by its number among the records with something in them
 * (`row`, the header being row 0), or among all (`record`, the header being record 1, as DuckDB counts
 * in its errors). Returns both the row and the line it starts on.
 */
export async function locateRecord(
  path: string,
  isGzip: boolean,
  wanted: { row: number } | { record: number },
): Promise<{ row: number; line: number } | undefined> {
  let [line, startLine, record, row] = [1, 1, 1, 0];
  let [isEmpty, quoted, afterReturn] = [true, false, false];
  const found = (): boolean =>
    'row' in wanted ? !isEmpty && row === wanted.row : record === wanted.record;
  for await (const chunk of plainBytes(path, isGzip)) {
    for (const byte of chunk) {
      const completesReturn = byte === NEWLINE && afterReturn;
      afterReturn = byte === RETURN;
      if (completesReturn) continue;
      const endsLine = byte === NEWLINE || byte === RETURN;
      if (endsLine) line++;
      if (endsLine && !quoted) {
        if (!isEmpty) row++;
        [startLine, isEmpty] = [line, true];
        record++;
        continue;
      }
      if (byte === QUOTE) quoted = !quoted;
      isEmpty = false;
      if (found()) return { row, line: startLine };
    }
  }
  return undefined;
}
