// Options of the command line: declared once, parsed by Node, checked here.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError, quote } from './failures.js';

export const HELP = { help: { type: 'boolean', short: 'h' } } as const;
export const JSON_OUTPUT = { json: { type: 'boolean' } } as const;

/** How data is read and learnt from: build and evaluate. */
export const LEARNING = {
  items: { type: 'string' },
  config: { type: 'string' },
  map: { type: 'string', multiple: true },
  region: { type: 'string' },
  seed: { type: 'string' },
  threads: { type: 'string' },
  trainer: { type: 'string' },
} as const;

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: true; strict: true }>
>;

export function parseOptions<const O extends Options>(
  args: readonly string[],
  options: O,
): Parsed<O> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (cause) {
    // Node's advice about positionals after `--` is more than a line.
    const [problem = ''] = (cause instanceof Error ? cause.message : String(cause)).split(
      /\. |\n/,
      1,
    );
    throw new UsageError(problem);
  }
}

/** Exactly these positional arguments, by name. */
export function positionals(values: readonly string[], ...names: string[]): string[] {
  const missing = names[values.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  const extra = values[names.length];
  if (extra !== undefined) throw new UsageError(`unexpected argument ${quote(extra)}`);
  return [...values];
}

export function wholeNumber(
  option: string,
  text: string | undefined,
  { low, high, otherwise }: { low: number; high: number; otherwise: number },
): number {
  if (text === undefined) return otherwise;
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= low && value <= high) return value;
  throw new UsageError(
    `${option} is ${quote(text)}; it must be a whole number from ${low} to ${high}`,
  );
}

const MOST_SEED = 2n ** 64n - 1n;

/** A seed has 64 bits, more than a number holds. */
export function seedText(text: string | undefined): string {
  if (text === undefined) return '0';
  if (/^\d{1,20}$/.test(text) && BigInt(text) <= MOST_SEED) return BigInt(text).toString();
  throw new UsageError(`--seed is ${quote(text)}; it must be a whole number from 0 to 2^64 - 1`);
}

export function oneOf<const T extends string>(
  option: string,
  text: string | undefined,
  known: readonly T[],
): T | undefined {
  const found = known.find((value) => value === text);
  if (text === undefined || found !== undefined) return found;
  throw new UsageError(`${option} is ${quote(text)}; there are ${known.join(', ')}`);
}

/** "20,10" → [10, 20]. */
export function cutoffs(text: string | undefined): number[] {
  const values = (text ?? '10,20').split(',').map((value) => {
    return wholeNumber('--k', value.trim(), { low: 1, high: 1000, otherwise: 10 });
  });
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  if (distinct.length <= 8) return distinct;
  throw new UsageError('--k has more than 8 numbers');
}

export function fraction(option: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const value = /^\d*\.?\d+(e-?\d+)?$/i.test(text) ? Number(text) : NaN;
  if (value > 0 && value <= 1) return String(value);
  throw new UsageError(`${option} is ${quote(text)}; it must be above 0 and at most 1`);
}

const MOST_TIME = 8.64e15; // of a Date
const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[-+]\d\d:\d\d)?)?$/;

/** An ISO date, UTC unless it says otherwise (as in a log), or Unix ms → Unix ms. */
export function timeOf(option: string, text: string): number {
  const [, date, time = '00:00', zone = 'Z'] = ISO.exec(text) ?? [];
  const value = /^-?\d+$/.test(text) ? Number(text) : Date.parse(`${date}T${time}${zone}`);
  if (Math.abs(value) <= MOST_TIME) return value;
  throw new UsageError(`${option} is ${quote(text)}; it must be an ISO date or Unix ms`);
}
