// What a person or a program reads: answers on stdout, everything else on stderr, each line of it
// beginning with the command's name.
import { oneLine } from './failures.js';

export function printOut(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

export function printJson(value: unknown): void {
  printOut(JSON.stringify(value, null, process.stdout.isTTY ? 2 : undefined));
}

export function printNote(text: string): void {
  process.stderr.write(`reckon: ${oneLine(text)}\n`);
}

/** A reader that went away (`reckon … | head`) is no failure. */
export function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
      throw error;
    });
  }
}

/** Columns of text, as wide as their widest cell; numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, c) => Math.max(...all.map((row) => width(row[c] ?? ''))));
  const numeric = header.map((_, c) =>
    rows.every((row) => /^[-–]?[\d.,]*(?:e-?\d+)?%?$/.test(row[c] ?? '')),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, c) => {
        const space = ' '.repeat((widths[c] ?? 0) - width(cell));
        return numeric[c] ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  return all.map(line).join('\n');
}

/** Terminal cells of a text, nearly: code points, wide for East Asian text and emoji. */
function width(text: string): number {
  let cells = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    cells += code >= 0x1100 && WIDE.test(character) ? 2 : 1;
  }
  return cells;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

export function shorten(text: string, most: number): string {
  const clean = oneLine(text);
  return clean.length <= most ? clean : `${[...clean].slice(0, most - 1).join('')}…`;
}

const thousands = new Intl.NumberFormat('en-US');
export const count = (value: number): string => thousands.format(value);

export function bytesText(bytes: number): string {
  if (bytes < 10_000) return `${count(bytes)} B`;
  return bytes < 1_000_000
    ? `${(bytes / 1000).toFixed(bytes < 100_000 ? 1 : 0)} kB`
    : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The shortest decimal that reads back as the same 32-bit float. */
export function floatText(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(Number(value.toPrecision(9)));
}
