// What an input argument means: a file, a glob of files or an SQL query; and each as something DuckDB
// can select from, its columns called c0, c1, … whatever their names are.
//
// CSV and JSON are read as text, so that ids stay verbatim ("007", "1.50"); Parquet and SQL keep their
// types.
import { stat } from 'node:fs/promises';
import { type CsvHeader, firstBytes, locateRecord, readCsvHeader } from './csv_text.js';
import { locateMalformed } from './json_text.js';
import { type Duck, duckReason, sqlName, sqlText } from './duck.js';
import { type Place, Refusal, quote, reasonOf } from './failures.js';

export interface Column {
  readonly index: number;
  readonly name: string;
  /** DuckDB's type; VARCHAR throughout in a text source. */
  readonly type: string;
}

export interface Source {
  /** How messages call it. */
  readonly name: string;
  readonly columns: readonly Column[];
  /** Values are text as the file has it; else they have types. */
  readonly isText: boolean;
  /** For FROM; columns are c0, c1, … */
  readonly relation: string;
  /** The place of a row (from 1), with its line where the source has lines. */
  place(row: number): Promise<Place>;
  /** What DuckDB says when the relation cannot be read. */
  refusal(cause: unknown): Promise<Refusal>;
}

export const columnSql = (column: Column): string => `c${column.index}`;

export async function openSources(duck: Duck, argument: string): Promise<Source[]> {
  if (!(await exists(argument))) {
    if (SELECT.test(argument)) return [await openQuery(duck, argument)];
    if (!/[*?[]/.test(argument)) throw new Refusal({ file: argument }, 'no such file');
  }
  const files = (await exists(argument)) ? [argument] : await expandGlob(duck, argument);
  const sources = [];
  for (const file of files) sources.push(await openFile(duck, file));
  return sources;
}

const SELECT = /^[\s(]*(select|with|from|values|table)\s/i;

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENAMETOOLONG' || code === 'ENOTDIR') return false;
    throw new Refusal({ file: path }, reasonOf(cause));
  }
}

async function expandGlob(duck: Duck, pattern: string): Promise<string[]> {
  const rows = await duck.rows(`SELECT file FROM glob(${sqlText(pattern)}) ORDER BY file`);
  if (rows.length === 0) throw new Refusal({ file: pattern }, 'no file matches');
  return rows.map(([file]) => String(file));
}

async function openFile(duck: Duck, file: string): Promise<Source> {
  let info;
  try {
    info = await stat(file);
  } catch (cause) {
    throw new Refusal({ file }, reasonOf(cause));
  }
  if (info.isDirectory()) throw new Refusal({ file }, 'it is a folder, not a file');
  if (!info.isFile()) throw new Refusal({ file }, 'it is not a regular file');
  if (info.size === 0) throw new Refusal({ file }, 'the file is empty');
  const start = await firstBytes(file, false, 4);
  if (start.toString('latin1', 0, 4) === 'PAR1') return openParquet(duck, file);
  if (start.length >= 4 && start.readUInt32LE(0) === ZSTD_MAGIC) {
    throw new Refusal({ file }, 'compressed with zstd; use gzip, or decompress it');
  }
  const isGzip = start[0] === 0x1f && start[1] === 0x8b;
  const head = (await firstBytes(file, isGzip, 64)).toString('latin1').trimStart();
  return /\.(json|jsonl|ndjson)(\.gz)?$/i.test(file) || /^(\{|\[\s*[{\]])/.test(head)
    ? openJson(duck, file, isGzip)
    : openCsv(file, isGzip);
}

const ZSTD_MAGIC = 0xfd2fb528;

// ---- CSV -----------------------------------------------------------------------------------------

async function openCsv(file: string, isGzip: boolean): Promise<Source> {
  const header = await readCsvHeader(file, isGzip);
  return {
    name: file,
    columns: header.columns.map((name, index) => ({ index, name, type: 'VARCHAR' })),
    isText: true,
    relation: csvRelation(file, header, isGzip),
    async place(row) {
      const line = (await locateRecord(file, isGzip, { row }))?.line;
      return { file, row, ...(line !== undefined && { line }) };
    },
    refusal: (cause) => csvRefusal(file, isGzip, cause),
  };
}

function csvRelation(file: string, { columns, delimiter }: CsvHeader, isGzip: boolean): string {
  const types = columns.map((_, c) => `'c${c}': 'VARCHAR'`).join(', ');
  const compression = isGzip ? 'gzip' : 'none';
  return (
    `read_csv(${sqlText(file)}, auto_detect = false, header = true, delim = ${sqlText(delimiter)}, ` +
    `quote = '"', escape = '"', compression = '${compression}', columns = {${types}})`
  );
}

/** DuckDB's CSV errors are a page long; the second line or so says what is wrong. */
async function csvRefusal(file: string, isGzip: boolean, cause: unknown): Promise<Refusal> {
  const message = cause instanceof Error ? cause.message : String(cause);
  const record = Number(/CSV Error on Line: (\d+)/.exec(message)?.[1]);
  const place = Number.isNaN(record) ? undefined : await locateRecord(file, isGzip, { record });
  return new Refusal({ file, ...place }, csvReason(message) ?? duckReason(cause));
}

function csvReason(message: string): string | undefined {
  const columns = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message);
  if (columns) return `${columns[2]} columns where the header has ${columns[1]}`;
  if (message.includes('unterminated quote'))
    return 'a quoted value does not end, or not at a comma';
  if (message.includes('Invalid unicode')) return 'it is not UTF-8';
  if (/Maximum line size/i.test(message)) return 'the line is longer than 2,000,000 bytes';
  if (message.includes('invalid state')) {
    return 'it is not regular CSV: quotes inside a value, or line ends of two kinds';
  }
  return undefined;
}

// ---- JSON, Parquet, SQL --------------------------------------------------------------------------

/** Inferred types would rewrite ids (dates, UUIDs), so only the names are taken from the inference. */
async function openJson(duck: Duck, file: string, isGzip: boolean): Promise<Source> {
  const refusal = async (cause: unknown): Promise<Refusal> => {
    const reason = duckReason(cause);
    const found = /malformed json/i.test(reason) ? await locateMalformed(file, isGzip) : undefined;
    if (!found) return new Refusal({ file }, reason);
    return new Refusal({ file, line: found.line }, `malformed JSON: ${found.reason}`);
  };
  const compression = isGzip ? `, compression = 'gzip'` : '';
  const read = `read_json(${sqlText(file)}${compression}`;
  const names = await guarded(refusal, () => duck.describe(`SELECT * FROM ${read})`));
  const types = names.map(({ name }) => `${sqlText(name)}: 'VARCHAR'`).join(', ');
  return {
    name: file,
    columns: names.map(({ name }, index) => ({ index, name, type: 'VARCHAR' })),
    isText: true,
    relation: renamed(`SELECT * FROM ${read}, columns = {${types}})`, names.length),
    place: async (row) => ({ file, row }),
    refusal,
  };
}

async function openParquet(duck: Duck, file: string): Promise<Source> {
  return openTyped(
    duck,
    file,
    `SELECT * FROM read_parquet(${sqlText(file)}, binary_as_string = true)`,
  );
}

async function openQuery(duck: Duck, query: string): Promise<Source> {
  return openTyped(duck, 'the SQL query', query.trim().replace(/[;\s]+$/, ''));
}

async function openTyped(duck: Duck, name: string, query: string): Promise<Source> {
  const refusal = async (cause: unknown): Promise<Refusal> =>
    new Refusal({ file: name }, duckReason(cause));
  const columns = await guarded(refusal, () => duck.describe(`SELECT * FROM (${query})`));
  return {
    name,
    columns: columns.map((column, index) => ({ index, ...column })),
    isText: false,
    relation: renamed(query, columns.length),
    place: async (row) => ({ file: name, row }),
    refusal,
  };
}

function renamed(query: string, columns: number): string {
  const names = Array.from({ length: columns }, (_, c) => `c${c}`);
  return `(${query}) AS source(${names.join(', ')})`;
}

async function guarded<T>(
  refusal: (cause: unknown) => Promise<Refusal>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw await refusal(cause);
  }
}

// ---- columns -------------------------------------------------------------------------------------

/** A column by its name, else by its name in other letter case. */
export function findColumn(source: Source, name: string): Column | undefined {
  const exact = source.columns.filter((column) => column.name === name);
  if (exact.length > 1) {
    throw new Refusal({ file: source.name, column: name }, 'two columns have this name');
  }
  if (exact[0]) return exact[0];
  const lower = name.toLowerCase();
  const similar = source.columns.filter((column) => column.name.toLowerCase() === lower);
  return similar.length === 1 ? similar[0] : undefined;
}

export function requireColumn(source: Source, name: string, wantedBy: string): Column {
  const column = findColumn(source, name);
  if (column) return column;
  const names = source.columns.map(({ name }) => quote(name)).join(', ');
  throw new Refusal(
    { file: source.name },
    `there is no column ${quote(name)} (${wantedBy}); the columns are ${names}`,
  );
}

/** An id or a name, as text. */
export function textSql(column: Column): string {
  const value = columnSql(column);
  if (column.type === 'VARCHAR') return value;
  if (column.type === 'JSON') return `(${value} ->> '$')`;
  if (column.type === 'BLOB') return `decode(${value})`;
  return `CAST(${value} AS VARCHAR)`;
}

/** A column under its own name, for expressions a person wrote. */
export const namedSql = (column: Column, value: string): string =>
  `${value} AS ${sqlName(column.name)}`;
