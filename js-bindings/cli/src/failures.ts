// The two ways a command fails. A refusal: the input cannot be used (exit status 1), and the message
// says where: file, row, column, reason. A usage error: the command line itself is wrong (exit status 2).

/** Where in the input: as much as is known. */
export interface Place {
  file?: string;
  /** Counted from 1, the header of a CSV file not counted. */
  row?: number;
  /** The line of a text file an editor shows, counted from 1. */
  line?: number;
  column?: string;
}

export class Refusal extends Error {
  constructor(place: Place | string, reason: string) {
    const where = typeof place === 'string' ? place : placeText(place);
    super(oneLine(where === '' ? reason : `${where}: ${reason}`));
    this.name = 'Refusal';
  }
}

export class UsageError extends Error {
  constructor(problem: string) {
    super(oneLine(problem));
    this.name = 'UsageError';
  }
}

export function placeText({ file, row, line, column }: Place): string {
  const parts = [];
  if (file !== undefined) parts.push(file);
  if (row !== undefined)
    parts.push(line === undefined ? `row ${row}` : `row ${row} (line ${line})`);
  else if (line !== undefined) parts.push(`line ${line}`);
  if (column !== undefined) parts.push(`column ${column}`);
  return parts.join(', ');
}

/** A value as messages show it: quoted, and not longer than a person wants to read. */
export function quote(value: unknown): string {
  const text = JSON.stringify(typeof value === 'string' ? value : String(value));
  return text.length > 80 ? `${[...text].slice(0, 76).join('')}…"` : text;
}

/** Keeps a message on its line whatever the input put into it. */
export function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f\u0085\u2028\u2029]+/g, ' ').trim();
}

export function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause ? cause.code : undefined;
  return SYSTEM_REASONS.get(code) ?? cause.message;
}

const SYSTEM_REASONS = new Map<unknown, string>([
  ['ENOENT', 'no such file or folder'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['EISDIR', 'it is a folder'],
  ['ENOTDIR', 'a part of the path is not a folder'],
  ['ENOSPC', 'the disk is full'],
  ['EROFS', 'the disk is read-only'],
]);
